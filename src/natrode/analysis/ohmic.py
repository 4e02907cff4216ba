"""The ohmic drop: what a record's voltage says of it, and its resistance from current interrupts."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.halves import half_cycles
from natrode.analysis.reading import (
    Array,
    KnownResistance,
    Record,
    conditions_of,
    interfaces_of,
    of_kind,
    provenance,
)
from natrode.analysis.result import Result
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Correction = Literal["none", "instrument", "software", "unknown"]

CORRECTED_ALREADY = "the record's voltage is corrected for the ohmic drop already ({}): never twice"
LONGEST_DELAY = 10.0
"""[s] from an interrupt to the first sample after it; later nothing ohmic can be told from relaxation."""
CHANGE = 0.3
"""Fall of the current, relative to that before, that counts as an interrupt or a step."""


def correction_of(record: Measurement) -> Correction:
    """Who took the ohmic drop out of a record's voltage: nobody, the instrument, software, or nobody said.

    Args:
        record: any record.
    """
    said = record.metadata.ohmic_correction.strip().lower()
    if said.startswith("unknown") or not said:
        return "unknown"
    if said.startswith("none"):
        return "none"
    return "instrument" if "instrument" in said or "hardware" in said or "positive feedback" in said else "software"


def statement_of(record: Measurement, given: KnownResistance | None) -> str:
    """One clause for a result: none, instrument or software, with the value that was removed.

    Args:
        record: any record.
        given: resistance that this analysis removes, or None.

    Raises:
        RecordError: when the voltage was corrected before and a resistance is given again.
    """
    done = correction_of(record)
    if given is None:
        told = record.metadata.ohmic_correction
        return {"none": "none", "unknown": "none here; the record does not say whether the instrument did"}.get(
            done, f"{done}: {told}"
        )
    if done not in ("none", "unknown"):
        raise RecordError(CORRECTED_ALREADY.format(record.metadata.ohmic_correction))
    if isinstance(given, Result):
        shown = "no value" if given.value is None else f"{given.value:.4g}"
        unit = "Ohm m2" if given.dimension == "area-specific resistance" else "Ohm"
        return f"software: {shown} {unit}, {given.quantity}"
    value = given[0] if isinstance(given, tuple) else given
    return f"software: {value:.4g} Ohm, given"


def current_interrupt(record: Record) -> Result:
    """Return the resistance that the voltage loses at once when the current is interrupted.

    Args:
        record: a cycling record (or an experiment) with current; every fall of its current by 30 % or more from one
            sample to the next counts, most of all those to zero.

    Returns:
        Result [Ohm], whole cell: median over the interrupts, with the delay of the first sample after them in the
        settings. Everything faster than that delay is in it, not the electrolyte alone. Doubtful when the voltage
        relaxes by more than 5 % of the drop within one further delay. Refused without interrupts,
        or when the first sample comes more than 10 s later.

    Raises:
        RecordError: for another kind, or when the instrument has corrected the voltage already.

    Formula: R = (V- - V+)/(i- - i+), V- the last sample before, V+ the first after, both without extrapolation;
    `extrapolated` in the settings is V+ at zero delay from V = a + b sqrt(t) through the first four samples.
    Source: the interrupt method as usually applied, Bard & Faulkner, Electrochemical Methods, section 15.6.
    """
    cycling = of_kind(record, "cycling")
    question = Result(
        quantity="resistance by current interrupt",
        dimension="resistance",
        method="(V before - V after)/(i before - i after) at the first sample after the interrupt",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        area_normalised=False,
        settings=conditions_of(cycling),
        **provenance(cycling),
    )
    if correction_of(cycling) not in ("none", "unknown"):
        text = CORRECTED_ALREADY.format(cycling.metadata.ohmic_correction)
        return question.refused(text)
    if Column.CURRENT not in cycling:
        return question.refused("the record has no current")
    time, voltage, current = (cycling.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    time, voltage, current = time[valid], voltage[valid], current[valid]
    at = interrupts(cycling, current)
    if not at.size:
        return question.refused("no interrupt: the current never falls by 30 % from one sample to the next")
    waits = np.diff(time)[at]
    at = at[(waits > 0) & (waits <= LONGEST_DELAY)]
    if not at.size:
        text = f"the first sample comes {waits.max():.3g} s after the interrupt, over {LONGEST_DELAY:g} s"
        if waits.max() <= 0:
            text = "the samples before and after the interrupt have the same time"
        return question.refused(text)
    step = current[at] - current[at + 1]
    drop = (voltage[at] - voltage[at + 1]) / step
    delay = (time[at + 1] - time[at]).astype(float)
    extrapolated = _at_zero_delay(time, voltage, current, at)
    value = float(np.median(drop))
    if value <= 0:
        return question.refused("the voltage does not fall with the current: check the signs", delay=float(delay.max()))
    scatter = 1.4826 * float(np.median(np.abs(drop - value))) / np.sqrt(len(drop)) if len(drop) > 2 else 0.0
    noise = _noise_before(voltage, at) * np.sqrt(2.0) / float(np.median(np.abs(step)))
    doubts: list[str] = []
    typical = float(np.median(delay))
    if extrapolated is None:
        doubts.append("fewer than four samples after the interrupt: how much relaxed within the delay is not known")
    elif abs(extrapolated - value) > 0.05 * value:
        doubts.append(f"the voltage still relaxes: {extrapolated:.3g} Ohm at zero delay, {value:.3g} Ohm after it")
    return question.found(
        value,
        float(np.hypot(scatter, noise / np.sqrt(len(drop)))),
        doubts=doubts,
        delay=typical,
        longest_delay=float(delay.max()),
        interrupts=len(drop),
        extrapolated=extrapolated,
        contains=f"everything faster than {typical:.3g} s",
    )


def interrupts(record: Measurement, current: Array) -> npt.NDArray[np.intp]:
    """Last sample before each fall of the current (to zero, or by 30 %), among the valid samples given.

    Args:
        record: a cycling record.
        current: its valid samples [A].
    """
    level = half_cycles(record).threshold
    size = np.abs(current)
    same = np.sign(current[1:]) == np.sign(current[:-1])
    quiet = size[1:] <= level
    fell = (size[:-1] > level) & ((size[:-1] - size[1:]) > CHANGE * size[:-1]) & (same | quiet)
    at = np.flatnonzero(fell)
    if at.size:  # a current that was falling before is no step
        steady = np.abs(current[at] - current[np.maximum(at - 1, 0)]) < 0.1 * size[at]
        at = at[steady & (at > 0)]
    return at


def _noise_before(voltage: Array, at: npt.NDArray[np.intp]) -> float:
    """Noise of the voltage from second differences of the samples before the interrupts."""
    inside = at[at >= 2]
    if not inside.size:
        return 0.0
    second = voltage[inside] - 2.0 * voltage[inside - 1] + voltage[inside - 2]
    return float(np.median(np.abs(second)) * 1.4826 / np.sqrt(6.0))


def _at_zero_delay(time: Array, voltage: Array, current: Array, at: npt.NDArray[np.intp]) -> float | None:
    """Median resistance with V after extrapolated to the moment of the interrupt by V = a + b sqrt(t)."""
    found = []
    for k in at:
        rows = slice(k + 1, k + 5)
        after = current[rows]
        if len(after) < 4 or np.ptp(after) > 0.05 * abs(current[k] - current[k + 1]):
            continue
        if np.ptp(time[rows]) == 0:  # the clock stood still: nothing to extrapolate along
            continue
        offset = np.polyfit(np.sqrt(time[rows] - time[k]), voltage[rows], 1)[1]
        found.append((voltage[k] - offset) / (current[k] - current[k + 1]))
    return float(np.median(found)) if found else None
