"""Critical current densities from stepped tests and linear ramps, with bracket, failure mode and protocol."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from natrode.analysis.evidence import first_lasting
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.reading import (
    Array,
    KnownResistance,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    median,
    of_kind,
    provenance,
)
from natrode.analysis.result import Result, Scope, plain
from natrode.analysis.verdict import FailureKind, FailureVerdict, failure
from natrode.measurement import Column, Measurement

SHORTS: tuple[FailureKind, ...] = ("hard short", "soft short")
POLARISED: tuple[FailureKind, ...] = ("contact loss", "voltage limit")
STEP_TOLERANCE = 0.005
"""Half cycles whose currents differ by less than this fraction belong to one step."""
NON_OHMIC = 0.10
"""Rise of V/i over the first steps' that counts as non-ohmic."""
CONVENTIONS = (
    "'largest survived' is the definition of Adv. Energy Mater. 2022, 12, 2102579 (hNa), 'lowest that failed' "
    "that of Chem. Sci. 2022, d2sc05120f (PbC); they differ by one step"
)


@dataclass(frozen=True)
class CurrentSteps:
    """The steps of a stepped test as found in the record, arrays of shape (number of steps,)."""

    current: Array
    """Mean magnitude, [A/m2], or [A] where the area is unknown."""
    first: npt.NDArray[np.intp]
    """Index of the first half cycle."""
    half_cycles: npt.NDArray[np.intp]
    """Number of half cycles."""
    resistance: Array
    """Mean of V/i over its half cycles [Ohm]."""
    charge: Array
    """Mean magnitude per half cycle, [C/m2] or [C]."""
    duration: Array
    """Mean per half cycle [s]."""


@dataclass(frozen=True)
class CriticalCurrent:
    """The critical current density of one cell under one protocol."""

    bracket: tuple[float | None, float | None]
    """[last survived, first failed], [A/m2] or [A]; None where open: for interval-censored statistics."""
    failure_mode: FailureKind
    verdict: FailureVerdict
    protocol: dict[str, Any]
    """Step, capacity or time per half cycle, cycles per step, T, P, area, as found in the record (SI)."""
    steps: CurrentSteps
    half: HalfCycles = field(repr=False)
    question: Result = field(repr=False)
    """What all answers have in common; each is worked out when it is asked for."""
    refusal: str | None
    """Why the record is no stepped test; None where it is one."""
    failed_step: int | None
    """Index of the step in which the cell failed."""

    @property
    def largest_survived(self) -> Result:
        """Largest current whose half cycles were all completed (hNa's convention)."""
        return self._conventions[0]

    @property
    def lowest_failed(self) -> Result:
        """Current of the step in which the cell failed (PbC's convention)."""
        return self._conventions[1]

    @property
    def stripping(self) -> Result:
        """Critical current for stripping: the bracket where contact was lost, else a lower limit."""
        return self._sides[0]

    @property
    def plating(self) -> Result:
        """Critical current for plating: the bracket where the cell shorted, else a lower limit."""
        return self._sides[1]

    @cached_property
    def non_ohmic_onset(self) -> Result:
        """Current at which V/i first exceeds that of the first steps by 10 %, for good."""
        return self._refused or _non_ohmic(self.question, self.steps, self.failed_step)

    @cached_property
    def cumulative_charge(self) -> Result:
        """Charge passed in both directions until the failure, or the end."""
        return self._refused or _cumulative(self.question, self.half, self.verdict, self.failed_step is not None)

    @cached_property
    def _conventions(self) -> tuple[Result, Result]:
        if no := self._refused:
            return no, no
        return _both_conventions(self.question, *self.bracket, _doubts(self.verdict, self.half), self.verdict)

    @cached_property
    def _sides(self) -> tuple[Result, Result]:
        if no := self._refused:
            return no, no
        return _by_side(self.question, *self.bracket, _doubts(self.verdict, self.half), self.verdict)

    @property
    def _refused(self) -> Result | None:
        return None if self.refusal is None else self.question.refused(self.refusal)

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return (
            self.largest_survived,
            self.lowest_failed,
            self.stripping,
            self.plating,
            self.non_ohmic_onset,
            self.cumulative_charge,
        )

    @property
    def how_it_ended(self) -> str:
        """Hard short, soft short or a suspected one with its step, polarisation limit, or the operator's stop."""
        verdict = self.verdict
        if verdict.kind in SHORTS and verdict.half_cycle is not None:
            step = int(np.searchsorted(self.steps.first, verdict.half_cycle, side="right"))
            suspected = "" if verdict.failed else "suspected "
            return f"{suspected}{verdict.kind} from step {step} ({verdict.grade})"
        if verdict.kind in POLARISED:
            return f"polarisation limit: {verdict.kind} ({verdict.grade})"
        return "operator stop: no failure in the record" if verdict.kind == "none" else "not known"

    def to_json(self) -> dict[str, Any]:
        """Return everything but the steps' arrays as plain data."""
        names = (
            "largest_survived",
            "lowest_failed",
            "stripping",
            "plating",
            "non_ohmic_onset",
            "cumulative_charge",
        )
        return {
            **{name: getattr(self, name).to_json() for name in names},
            "bracket": plain(self.bracket),
            "failure_mode": self.failure_mode,
            "how_it_ended": self.how_it_ended,
            "verdict": self.verdict.to_json(),
            "protocol": plain(self.protocol),
        }


def critical_current_density(
    record: Record,
    electrolyte_resistance: KnownResistance | None = None,
    *,
    voltage_limit: float | None = None,
) -> CriticalCurrent:
    """Find the critical current of a stepped test from its record alone.

    Args:
        record: a cycling record or an experiment; the steps are found from the current.
        electrolyte_resistance: of the whole cell [Ohm]; see `failure`.
        voltage_limit: of the protocol [V]; see `failure`.

    Returns:
        CriticalCurrent, in A/m2, or A where the area is unknown. A test without failure gives lower limits,
        one that fails in its first step an upper limit. From a possible but not probable short
        on, no step counts as survived and none as failed.

    Raises:
        RecordError: for a record of another kind.

    Source: both published conventions, see CONVENTIONS; the protocol belongs to the number (natrode model notes C3).
    """
    cycling = of_kind(record, "cycling")
    half = half_cycles(cycling)
    verdict = failure(record, electrolyte_resistance, voltage_limit=voltage_limit)
    area = area_of(cycling)
    steps = _steps(half, area)
    protocol = _protocol(cycling, half, steps, area)
    question = Result(
        quantity="critical current density",
        dimension="current" if area is None else "current density",
        method=f"stepped current; {CONVENTIONS}; failure: {verdict.method}",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        area_normalised=area is not None,
        settings={"protocol": protocol, "verdict": verdict.kind, "grade": verdict.grade},
        **provenance(cycling),
    )
    reason = _why_not_steps(half, steps)
    if reason is not None:
        return CriticalCurrent((None, None), verdict.kind, verdict, protocol, steps, half, question, reason, None)
    survived, failed = _bracket(half, steps, verdict)
    low = None if survived is None else float(steps.current[survived])
    high = None if failed is None else float(steps.current[failed])
    mode = verdict.kind if failed is not None else "none"
    return CriticalCurrent((low, high), mode, verdict, protocol, steps, half, question, None, failed)


def is_stepped(half: HalfCycles) -> bool:
    """Whether the current of a test rises in four steps or more: a critical-current test."""
    steps = _steps(half, None)
    return len(steps.current) >= 4 and _why_not_steps(half, steps) is None


def _steps(half: HalfCycles, area: float | None) -> CurrentSteps:
    size = np.abs(half.current)
    if not len(half) or half.basis == "voltage":
        none, no_index = np.empty(0), np.empty(0, dtype=np.intp)
        return CurrentSteps(none, no_index, no_index, none, none, none)
    change = np.abs(np.diff(size)) > STEP_TOLERANCE * np.maximum(size[1:], size[:-1])
    first = np.concatenate([[0], np.flatnonzero(change) + 1])
    number = np.diff(np.append(first, len(half)))
    scale = 1.0 if area is None else 1.0 / area

    def mean(values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, first) / number)

    return CurrentSteps(
        current=mean(size) * scale,
        first=first.astype(np.intp),
        half_cycles=number.astype(np.intp),
        resistance=mean(half.voltage_mean / size),
        charge=mean(np.abs(half.charge)) * scale,
        duration=mean(half.duration),
    )


def _why_not_steps(half: HalfCycles, steps: CurrentSteps) -> str | None:
    if not len(half):
        return half.summary
    if half.basis == "voltage":
        return "the record has no current"
    rising = np.diff(steps.current) > 0
    if len(steps.current) > 1 and rising.mean() < 0.8:
        return f"not a stepped test: the current rises in only {int(rising.sum())} of {len(rising)} changes"
    if len(steps.current) == 1 and len(half) > 20:
        return "one current only: this is a life test, not a critical-current test"
    return None


def _protocol(cycling: Measurement, half: HalfCycles, steps: CurrentSteps, area: float | None) -> dict[str, Any]:
    """The protocol as the data show it; what the settings say stands beside it, never instead of it."""
    found: dict[str, Any] = {**conditions_of(cycling), "one_sided": half.one_sided}
    if len(steps.current):
        whole = steps.half_cycles[:-1] if len(steps.current) > 1 else steps.half_cycles
        per_step = median(whole)
        increments = np.diff(steps.current)
        full = slice(0, -1) if len(steps.current) > 1 else slice(None)
        charge, duration = steps.charge[full], steps.duration[full]
        found |= {
            "first_current": float(steps.current[0]),
            "step": median(increments) if increments.size else None,
            "step_is_regular": bool(np.ptp(increments) < 0.1 * median(increments)) if increments.size else None,
            "half_cycles_per_step": per_step,
            "cycles_per_step": per_step if half.one_sided else per_step / 2.0,
            "limited_by": _limited_by(charge, duration),
            "charge_per_half_cycle": median(charge),
            "time_per_half_cycle": median(duration),
            "current_is": "per area" if area is not None else "total",
        }
    if cycling.metadata.settings:
        found["settings_of_the_record"] = dict(cycling.metadata.settings)
    return found


def _limited_by(charge: Array, duration: Array) -> str:
    if len(charge) < 2:
        return "unknown"
    spread = [float(np.ptp(values) / median(values)) for values in (charge, duration)]
    if min(spread) > 0.05:
        return "neither a fixed charge nor a fixed time"
    return "charge" if spread[0] < spread[1] else "time"


def _bracket(half: HalfCycles, steps: CurrentSteps, verdict: FailureVerdict) -> tuple[int | None, int | None]:
    """Index of the last step survived and of the step that failed."""
    count = len(steps.current)
    if verdict.failed and verdict.half_cycle is not None:
        failed = int(np.searchsorted(steps.first, verdict.half_cycle, side="right")) - 1
        return (failed - 1 if failed > 0 else None), failed
    if verdict.kind in SHORTS and verdict.half_cycle is not None:  # suspected: sure up to the step before only
        suspect = int(np.searchsorted(steps.first, verdict.half_cycle, side="right")) - 1
        return (suspect - 1 if suspect > 0 else None), None
    usual = median(steps.half_cycles[:-1]) if count > 1 else 2.0 - half.one_sided
    charges = np.abs(half.charge)
    last_full = len(half) < 3 or charges[-1] >= 0.97 * charges[-3] or half.duration[-1] >= 0.97 * half.duration[-3]
    complete = steps.half_cycles[-1] >= usual and last_full
    survived = count - 1 if complete else count - 2
    return (survived if survived >= 0 else None), None


def _doubts(verdict: FailureVerdict, half: HalfCycles) -> list[str]:
    doubts = []
    if verdict.kind in POLARISED and verdict.grade == "possible":
        doubts.append("loss of contact is only possible: the record stops there")
    if half.one_sided:
        doubts.append("one-sided test: the sodium is moved in one direction from step to step")
    return doubts


def _both_conventions(
    question: Result, low: float | None, high: float | None, doubts: list[str], verdict: FailureVerdict
) -> tuple[Result, Result]:
    largest = question.changed(quantity="critical current density (largest survived)")
    lowest = question.changed(quantity="critical current density (lowest that failed)")
    if low is None and high is None:
        text = "no step was completed"
        return largest.refused(text), lowest.refused(text)
    if high is None:
        text = "no failure up to the last completed step"
        if verdict.kind in SHORTS:
            text = f"a short is suspected from the next step on, not proved: {verdict.summary}"
        assert low is not None
        return largest.at_least(low, text), lowest.at_least(low, text)
    if low is None:
        return largest.at_most(high, "failed in the first step"), lowest.found(
            high,
            interval=(0.0, high),
            doubts=[*doubts, "failed in the first step: any lower current may fail too"],
        )
    width = (high - low) / np.sqrt(12.0)
    return (
        largest.found(low, width, interval=(low, high), doubts=doubts),
        lowest.found(high, width, interval=(low, high), doubts=doubts),
    )


def _by_side(
    question: Result, low: float | None, high: float | None, doubts: list[str], verdict: FailureVerdict
) -> tuple[Result, Result]:
    sides = []
    pairs: tuple[tuple[Scope, tuple[FailureKind, ...]], ...] = (
        ("stripping side", POLARISED),
        ("plating side", SHORTS),
    )
    for scope, kinds in pairs:
        name = "stripping (contact loss)" if scope == "stripping side" else "plating (short)"
        asked = question.changed(quantity=f"critical current density for {name}", scope=scope)
        if high is not None and verdict.kind in kinds:
            if low is None:
                sides.append(asked.at_most(high, "failed in the first step"))
            else:
                middle, width = 0.5 * (low + high), (high - low) / np.sqrt(12.0)
                sides.append(asked.found(middle, width, interval=(low, high), doubts=doubts))
        elif low is None:
            sides.append(asked.refused("no step was survived" if high is not None else "no step was completed"))
        else:
            sides.append(
                asked.at_least(low, f"not reached in this test, which ended with: {verdict.kind} ({verdict.grade})")
            )
    return sides[0], sides[1]


def _non_ohmic(question: Result, steps: CurrentSteps, failed: int | None) -> Result:
    asked = question.changed(
        quantity="onset of non-ohmic polarisation",
        method=f"first step from which the mean V/i stays {NON_OHMIC:.0%} above the first three steps'",
    )
    count = len(steps.current) if failed is None else failed + 1
    if count < 4:
        return asked.refused("needs four steps at least")
    baseline = median(steps.resistance[:3])
    above = steps.resistance[:count] > (1.0 + NON_OHMIC) * baseline
    if failed is not None and count > 1 and not above[-1]:
        above = above[:-1]  # a shorted step says nothing about polarisation
    if not above.size or not above[-1]:
        return asked.at_least(float(steps.current[len(above) - 1]), "V/i stays within 10 % of that of the first steps")
    first = int(np.flatnonzero(~above)[-1]) + 1 if not above.all() else 0
    if first == 0:
        return asked.refused("V/i is not constant over the first three steps")
    low, high = float(steps.current[first - 1]), float(steps.current[first])
    return asked.found(high, (high - low) / np.sqrt(12.0), interval=(low, high), baseline_resistance=baseline)


def _cumulative(question: Result, half: HalfCycles, verdict: FailureVerdict, failed: bool) -> Result:
    area = question.settings["protocol"]["area"]
    asked = question.changed(
        quantity="cumulative areal capacity to failure" if area is not None else "cumulative capacity to failure",
        dimension="charge" if area is None else "areal charge",
        method="sum of |charge| of all half cycles, both directions; half of it was plated on each electrode",
    )
    scale = 1.0 if area is None else 1.0 / area
    charge = np.abs(half.charge) * scale
    if not failed or verdict.half_cycle is None or verdict.onset is None:
        return asked.at_least(float(charge.sum()), "no failure in the record")
    j = verdict.half_cycle
    before = float(charge[:j].sum())
    moments = (np.asarray(verdict.onset) - half.start_time[j]) / max(float(half.duration[j]), 1e-30)
    low, high = (before + float(charge[j]) * float(np.clip(m, 0.0, 1.0)) for m in moments)
    return asked.found(0.5 * (low + high), (high - low) / np.sqrt(12.0), interval=(low, high))


def critical_current_from_ramp(record: Record, tolerance: float = 0.05) -> Result:
    """Find the current at which V(i) of a linear current ramp leaves its straight line.

    Args:
        record: a cycling record (or an experiment) whose current rises steadily in one direction.
        tolerance: relative deviation from the line that counts.

    Returns:
        Result [A/m2], or [A] where the area is unknown. Value: where the deviation reaches `tolerance` (or
        three sigma of the noise, if larger) for good; interval: where it reaches half and twice that. Scope:
        stripping side for an upward deviation (contact loss), plating side for a downward one (short). A
        lower limit when V(i) is straight to the end; refused when the current is no ramp.

    Raises:
        RecordError: for a record of another kind.

    Formula: V = V0 + R i fitted by least squares to the lowest third of the straight part, which is found by
    growing it until the deviation passes the tolerance. Source: ramp signature "linear, then exponential
    above j_crit", Lowack et al. 2026, arXiv 2603.23340; the threshold method is natrode's.
    """
    cycling = of_kind(record, "cycling")
    area = area_of(cycling)
    question = Result(
        quantity="critical current density (linear ramp)",
        dimension="current" if area is None else "current density",
        method="linear current ramp, deviation from the straight V(i) of its beginning; Lowack et al. 2026",
        scope="cell",
        n_interfaces=interfaces_of(cycling),
        area_normalised=area is not None,
        settings={**conditions_of(cycling), "tolerance": tolerance},
        **provenance(cycling),
    )
    ramp = _ramp(cycling)
    if isinstance(ramp, str):
        return question.refused(ramp)
    time, current, voltage = ramp
    scale = 1.0 if area is None else 1.0 / area
    onset = {factor: _leaves_line(current, voltage, factor * tolerance) for factor in (0.5, 1.0, 2.0)}
    rate = float(np.polyfit(time, current, 1)[0]) * scale
    found = onset[1.0]
    if found is None:
        text = f"V(i) stays within {tolerance:.0%} of a straight line to the end"
        return question.at_least(float(current[-1]) * scale, text, ramp_rate=rate)
    at = found.at
    value = float(current[at]) * scale
    resolution = float(current[at] - current[at - 1]) * scale
    early, late = onset[0.5], onset[2.0]
    low = min(value - resolution, value if early is None else float(current[early.at]) * scale)
    high = max(value, float(current[-1 if late is None else late.at]) * scale)
    doubts = [] if found.fitted < 0.5 * at else ["V(i) hardly has a straight beginning: the onset depends on the fit"]
    answer = question.found(
        value,
        (high - low) / np.sqrt(12.0),
        interval=(low, high),
        doubts=doubts,
        ramp_rate=rate,
        points_of_the_line=found.fitted,
        deviation="upwards: contact loss" if found.upwards else "downwards: short",
    )
    return answer.changed(scope="stripping side" if found.upwards else "plating side")


def _ramp(cycling: Measurement) -> tuple[Array, Array, Array] | str:
    """Time, current and voltage along the one rising ramp of a record, or why there is none."""
    half = half_cycles(cycling)
    if not len(half) or half.basis == "voltage":
        return half.summary if not len(half) else "the record has no current"
    j = int(np.argmax(np.abs(half.charge)))
    rows = slice(int(half.start[j]), int(half.end[j]) + 1)
    time, sign = cycling.array(Column.TIME)[rows], float(half.sign[j])
    current, voltage = cycling.array(Column.CURRENT)[rows] * sign, cycling.array(Column.VOLTAGE)[rows] * sign
    valid = np.isfinite(time) & np.isfinite(current) & np.isfinite(voltage)
    time, current, voltage = time[valid], current[valid], voltage[valid]
    if len(time) < 20:
        return f"a ramp needs 20 samples at least; the longest part with current has {len(time)}"
    bend = _bend(time, current)
    if bend > 0.02 or np.polyfit(time, current, 1)[0] <= 0.0:
        return "the current is no linear ramp"
    if _bend(time, voltage) < 0.1 * bend:
        return "the voltage was driven, not the current: a sweep of potential is no current ramp"
    return time, current, voltage


def _bend(time: Array, values: Array) -> float:
    """Root mean square distance from the straight line in time, over the line's rise."""
    line = np.polyval(np.polyfit(time, values, 1), time)
    rise = float(np.ptp(line))
    return float(np.sqrt(np.mean((values - line) ** 2))) / rise if rise > 0.0 else np.inf


class _Departure(NamedTuple):
    """Where V(i) leaves the straight line of its beginning."""

    at: int
    """First sample off the line for good."""
    upwards: bool
    fitted: int
    """Samples that the line was fitted to."""


def _leaves_line(current: Array, voltage: Array, tolerance: float) -> _Departure | None:
    """First sample from which V stays off the line of the beginning; None when it never does."""
    n = len(current)
    end = max(6, n // 20)
    while True:
        slope, offset = np.polyfit(current[:end], voltage[:end], 1)
        line = offset + slope * current
        noise = float(np.std(voltage[:end] - line[:end], ddof=2))
        off = np.abs(voltage - line) > np.maximum(tolerance * np.abs(line), 3.0 * noise)
        off[:end] = False
        first = first_lasting(off, max(3, n // 100))
        grown = min(2 * end, int(0.9 * n) if first is None else first // 3)
        if grown <= end:
            break
        end = grown
    return None if first is None else _Departure(first, bool(voltage[first] > line[first]), end)
