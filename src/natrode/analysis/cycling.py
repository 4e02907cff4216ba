"""Voltages of galvanostatic tests: overpotential, hysteresis, growth, shape, and the way to a threshold."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.reading import (
    Array,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    median,
    of_kind,
    provenance,
)
from natrode.analysis.result import Result
from natrode.measurement import Column, Measurement

Which = Literal["mean", "end", "peak"]

OFFSET_NOTE = "both directions averaged, so that a constant offset of the voltmeter cancels"
SHAPE_LIMIT = 0.10
"""Relative change of the voltage within a half cycle under which it counts as flat."""
MAD_TO_SIGMA = 1.4826


def _question(
    record: Measurement,
    quantity: str,
    dimension: str,
    method: str,
    area_normalised: bool | None = None,
    **settings: Any,
) -> Result:
    return Result(
        quantity=quantity,
        dimension=dimension,
        method=method,
        scope="cell",
        area_normalised=area_normalised,
        n_interfaces=interfaces_of(record),
        settings={**conditions_of(record), **settings},
        **provenance(record),
    )


def voltages(half: HalfCycles, which: Which) -> Array:
    """Voltage of each half cycle [V], shape (number of half cycles,): its time mean, its end or its peak."""
    return {"mean": half.voltage_mean, "end": half.voltage_end, "peak": half.voltage_peak}[which]


def overpotential(record: Record, which: Which = "mean", cycle: int | None = None) -> Result:
    """Return the polarisation of a symmetric cell, its electrolyte included, in one cycle or over the record.

    Args:
        record: a cycling record, or an experiment that holds one.
        which: time mean of each half cycle, its last or its largest voltage.
        cycle: number of a cycle (negative: from the end, -1 the last); None: median over all half cycles.

    Returns:
        Result [V], scope cell. One cycle: mean of its half cycles, uncertainty half their difference over
        sqrt(3). Whole record: median, uncertainty the scatter (1.4826 median absolute deviation).

    Raises:
        RecordError: for a record of another kind.

    Formula: V sign(i), averaged over time and over both directions.
    Source: the field's usual definition; no correction for the ohmic drop.
    """
    record = of_kind(record, "cycling")
    half = half_cycles(record)
    text = f"{which} of V sign(i) per half cycle, {OFFSET_NOTE}; electrolyte and all interfaces included"
    question = _question(record, f"overpotential ({which})", "voltage", text, which=which, cycle=cycle)
    if not len(half):
        return question.refused(half.summary)
    values = voltages(half, which)
    if cycle is None:
        centre = median(values)
        scatter = MAD_TO_SIGMA * median(np.abs(values - centre)) if len(half) > 1 else None
        return question.found(centre, scatter, doubts=_voltage_doubts(half), half_cycles=len(half))
    number = _cycle_number(half, cycle)
    chosen = values[half.cycle == number]
    if not chosen.size:
        return question.refused(f"the record has no cycle {cycle}: it has {half.cycle[0]} to {half.cycle[-1]}")
    doubts = _voltage_doubts(half)
    if not half.one_sided and len(np.unique(half.sign[half.cycle == number])) < 2:
        doubts.append("only one direction of this cycle is in the record")
    spread = float(np.ptp(chosen)) / 2.0 / np.sqrt(3.0) if chosen.size > 1 else None
    return question.found(float(chosen.mean()), spread, doubts=doubts, half_cycles=int(chosen.size))


def _voltage_doubts(half: HalfCycles) -> list[str]:
    doubts = []
    if half.basis == "voltage":
        doubts.append("the record has no current; the signs are those of the voltage")
    if half.one_sided:
        doubts.append("one-sided test: an offset of the voltage cannot be told from polarisation")
    return doubts


def _cycle_number(half: HalfCycles, cycle: int) -> int:
    if cycle >= 0:
        return cycle
    numbers = np.unique(half.cycle)
    return int(numbers[cycle]) if -cycle <= len(numbers) else cycle


def hysteresis(record: Record, cycle: int | None = None) -> Result:
    """Return the gap between the mean voltages of the two directions of a symmetric cell.

    Args:
        record: a cycling record, or an experiment that holds one.
        cycle: number of a cycle (negative: from the end); None: median over all cycles with both directions.

    Returns:
        Result [V], scope cell; refused for one-sided tests.

    Raises:
        RecordError: for a record of another kind.

    Formula: mean V(i > 0) - mean V(i < 0). Source: the field's usual definition (twice the mean
    overpotential).
    """
    record = of_kind(record, "cycling")
    half = half_cycles(record)
    question = _question(
        record, "hysteresis", "voltage", "time mean of V at i > 0 minus that at i < 0, per cycle", cycle=cycle
    )
    if half.one_sided or not len(half):
        return question.refused(half.summary)
    numbers, index = np.unique(half.cycle, return_inverse=True)
    positive = half.sign > 0
    sums = [np.bincount(index, half.voltage_mean * mask, len(numbers)) for mask in (positive, ~positive)]
    counts = [np.bincount(index, mask, len(numbers)) for mask in (positive, ~positive)]
    both = (counts[0] > 0) & (counts[1] > 0)
    if cycle is not None:
        both &= numbers == _cycle_number(half, cycle)
    if not both.any():
        return question.refused("no cycle with both directions" + ("" if cycle is None else f" numbered {cycle}"))
    gaps = sums[0][both] / counts[0][both] + sums[1][both] / counts[1][both]
    centre = median(gaps)
    scatter = MAD_TO_SIGMA * median(np.abs(gaps - centre)) if gaps.size > 1 else None
    return question.found(centre, scatter, doubts=_voltage_doubts(half), cycles=int(both.sum()))


def polarisation_growth(record: Record, which: Which = "mean") -> Result:
    """Return the rate at which the overpotential of a cell grows over its half cycles of the same current.

    Args:
        record: a cycling record, or an experiment that holds one.
        which: voltage of a half cycle that is followed.

    Returns:
        Result [V/s]; settings hold the initial and final level [V] on the fitted line.
        Refused when the current changes between half cycles or there are fewer than four.

    Raises:
        RecordError: for a record of another kind.

    Formula: Theil-Sen slope (median of pairwise slopes) with Sen's rank interval as uncertainty.
    Source: Sen, J. Am. Stat. Assoc. 63 (1968) 1379.
    """
    record = of_kind(record, "cycling")
    half = half_cycles(record)
    text = "Theil-Sen slope of the overpotential against time, Sen 1968; uncertainty from rank variance"
    question = _question(record, f"growth of the overpotential ({which})", "voltage rate", text, which=which)
    if len(half) < 4:
        return question.refused(f"needs at least four half cycles; {half.summary}")
    size = np.abs(half.current)
    if half.basis == "current" and np.ptp(size) > 0.05 * np.median(size):
        return question.refused("the current changes between half cycles: growth and current cannot be told apart")
    pick = np.unique(np.linspace(0, len(half) - 1, min(len(half), 300)).astype(int))
    time = 0.5 * (half.start_time + half.end_time)[pick]
    value = voltages(half, which)[pick]
    left, right = np.triu_indices(len(pick), 1)
    slopes = np.sort((value[right] - value[left]) / (time[right] - time[left]))
    n = len(pick)
    sigma = np.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    low, high = ((len(slopes) + side * sigma) / 2.0 for side in (-1.0, 1.0))
    edges = slopes[np.clip([int(low), int(high)], 0, len(slopes) - 1)]
    slope = float(np.median(slopes))
    offset = float(np.median(value - slope * time))
    return question.found(
        slope,
        float(edges[1] - edges[0]) / 2.0,
        doubts=_voltage_doubts(half),
        initial=offset + slope * float(time[0]),
        final=offset + slope * float(time[-1]),
        half_cycles=len(half),
    )


@dataclass(frozen=True)
class PolarisationShape:
    """Shape of the voltage in each half cycle, arrays of shape (number of half cycles,)."""

    shape: npt.NDArray[np.str_]
    """flat, arcing (rises to the end), peaking (falls from the beginning), unknown (under four samples)."""
    rise: Array
    """(V at the end - smallest V) / mean V."""
    fall: Array
    """(V at the beginning - smallest V) / mean V."""
    method: str

    @property
    def index(self) -> Array:
        """Rise minus fall: above zero arcing, below zero peaking, near zero flat."""
        return self.rise - self.fall

    def to_json(self) -> dict[str, Any]:
        """Return plain data: how many half cycles have which shape, and the index of each."""
        names, numbers = np.unique(self.shape, return_counts=True)
        return {
            "shapes": {str(name): int(number) for name, number in zip(names, numbers, strict=True)},
            "index": [float(value) for value in self.index],
            "method": self.method,
        }


def polarisation_shape(record: Record) -> PolarisationShape:
    """Tell flat, arcing and peaking voltage traces apart, half cycle by half cycle.

    Args:
        record: a cycling record, or an experiment that holds one.

    Returns:
        PolarisationShape. The beginning is the voltage after 3 % of the half cycle, so that a single
        switching transient does not count; a rise or a fall under 10 % of the mean is flat; of both, the
        larger names it.

    Raises:
        RecordError: for a record of another kind.

    Source: peaking and arcing traces of lithium, Wood et al., ACS Cent. Sci. 2 (2016) 790; the
    thresholds are natrode's.
    """
    record = of_kind(record, "cycling")
    half = half_cycles(record)
    text = f"V at 3, 10, 20 ... 100 % of each half cycle's duration; flat under {SHAPE_LIMIT:.0%} of the mean"
    count = len(half)
    if not count:
        return PolarisationShape(np.empty(0, dtype=np.str_), np.empty(0), np.empty(0), text)
    phases = np.array([0.03, *np.arange(0.1, 1.01, 0.1)])
    time = half.start_time[:, None] + phases * half.duration[:, None]
    # one interpolation for all: each half cycle sits at its number on a stretched axis
    rows = _rows_of(half)
    owner = np.repeat(np.arange(count), half.end - half.start + 1)
    span = np.where(half.duration > 0, half.duration, 1.0)
    coordinate = owner * 2.0 + (record.array(Column.TIME)[rows] - half.start_time[owner]) / span[owner]
    wanted = np.arange(count)[:, None] * 2.0 + (time - half.start_time[:, None]) / span[:, None]
    directed = record.array(Column.VOLTAGE)[rows] * half.sign[owner]
    valid = np.isfinite(directed) & np.isfinite(coordinate)
    trace = np.interp(wanted.ravel(), coordinate[valid], directed[valid]).reshape(wanted.shape)
    lowest, mean = trace.min(axis=1), np.abs(trace.mean(axis=1))
    mean = np.where(mean > 0, mean, 1.0)
    rise, fall = (trace[:, -1] - lowest) / mean, (trace[:, 0] - lowest) / mean
    shape = np.where(np.maximum(rise, fall) < SHAPE_LIMIT, "flat", np.where(rise >= fall, "arcing", "peaking"))
    shape = np.where(half.end - half.start < 3, "unknown", shape)
    return PolarisationShape(shape, rise, fall, text)


def polarisation_index(record: Record) -> Result:
    """Return the shape of the half cycles in one number: rise minus fall of the voltage, over its mean.

    Args:
        record: a cycling record, or an experiment that holds one.

    Returns:
        Result [1], median over the half cycles with its spread (scaled median deviation over the root of their number):
        above zero arcing, below zero peaking; the reason says how many are flat, arcing or peaking. Refused where no
        half cycle has four samples.

    Raises:
        RecordError: for a record of another kind.

    Formula, source: `polarisation_shape`.
    """
    record = of_kind(record, "cycling")
    shapes = polarisation_shape(record)
    question = replace(
        _question(record, "polarisation shape index", "voltage", f"rise minus fall over the mean; {shapes.method}"),
        dimension="number",
    )
    known = shapes.shape != "unknown"
    if not known.any():
        return question.refused("no half cycle has four samples")
    index = shapes.index[known]
    middle = float(np.median(index))
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(index - middle))) / np.sqrt(len(index)) if len(index) > 2 else None
    names, counts = np.unique(shapes.shape[known], return_counts=True)
    order = np.argsort(-counts)
    told = ", ".join(f"{names[k]} in {counts[k]}" for k in order) + f" of {int(known.sum())} half cycles"
    found = question.found(middle, sigma, shapes={str(n): int(c) for n, c in zip(names, counts, strict=True)})
    return replace(found, reason=told)


def _rows_of(half: HalfCycles) -> npt.NDArray[np.intp]:
    """Rows of all half cycles one after the other."""
    lengths = half.end - half.start + 1
    offset = np.repeat(half.start - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    return np.asarray(np.arange(int(lengths.sum())) + offset, dtype=np.intp)


def time_to_voltage(record: Record, threshold: float) -> Result:
    """Return how long current flowed in a one-sided test before the voltage reached a threshold.

    Args:
        record: a cycling record (or an experiment that holds one) with current in one direction only.
        threshold: voltage [V] in the direction of the current.

    Returns:
        Result [s]; a lower limit when the threshold was not reached; refused when the current reverses first.

    Raises:
        RecordError: for a record of another kind.

    Formula: linear interpolation between the samples around the first crossing that the next two samples
    confirm; uncertainty from the noise over the slope and from the curvature (linear against reciprocal
    interpolation). Rests do not count as time. Source: the definition of the operando stripping test.
    """
    return _to_voltage(of_kind(record, "cycling"), threshold, "time")


def charge_to_voltage(record: Record, threshold: float) -> Result:
    """Return the charge stripped in a one-sided test before the voltage reached a threshold.

    Args:
        record: a cycling record (or an experiment that holds one) with current in one direction only.
        threshold: voltage [V] in the direction of the current.

    Returns:
        Result: areal charge [C/m2], or charge [C] where the area is unknown; a lower limit when not reached;
        refused when the current reverses first or was not recorded.

    Raises:
        RecordError: for a record of another kind.

    Formula: integral of |i| dt to the crossing, found as in `time_to_voltage`.
    """
    return _to_voltage(of_kind(record, "cycling"), threshold, "charge")


def _to_voltage(record: Measurement, threshold: float, what: Literal["time", "charge"]) -> Result:
    half = half_cycles(record)
    area = area_of(record) if what == "charge" else None
    dimension = "time" if what == "time" else "charge" if area is None else "areal charge"
    text = f"{what} under current to the first confirmed |V| >= {threshold:g} V, linear interpolation"
    normalised = None if what == "time" else area is not None
    question = _question(record, f"{what} to {threshold:g} V", dimension, text, normalised, threshold=threshold)
    if not len(half):
        return question.refused(half.summary)
    if what == "charge" and half.basis == "voltage":
        return question.refused("the record has no current")
    first_side = int(np.argmax(half.sign != half.sign[0])) if not half.one_sided else len(half)
    voltage, passed = _path(record, half, first_side, what)
    if area is not None:
        passed = passed / area
    doubts = [] if half.basis == "current" else ["the record has no current; all time counts as under current"]
    crossing = _first_crossing(voltage, threshold)
    if crossing is None:
        if first_side < len(half):
            return question.refused("the current reverses before the threshold is reached: not a one-sided test")
        return question.at_least(float(passed[-1]), f"the voltage stayed below {threshold:g} V to the end")
    if crossing == 0:
        return question.at_most(float(passed[0]), "the voltage is above the threshold from the first sample on")
    low, high = voltage[crossing - 1], voltage[crossing]
    step = passed[crossing] - passed[crossing - 1]
    linear = min((threshold - low) / (high - low), 1.0)
    reciprocal = (1 / low - 1 / threshold) / (1 / low - 1 / high) if low > 0 else linear
    noise = _noise_of(voltage[max(0, crossing - 50) : crossing])
    uncertainty = float(step * np.hypot(noise / (high - low), linear - reciprocal))
    return question.found(float(passed[crossing - 1] + linear * step), uncertainty, doubts=doubts)


def _path(record: Measurement, half: HalfCycles, count: int, what: str) -> tuple[Array, Array]:
    """Voltage along the current and time or charge passed, over the first `count` half cycles."""
    time, voltage = record.array(Column.TIME), record.array(Column.VOLTAGE)
    current = np.abs(record.array(Column.CURRENT)) if what == "charge" else np.ones(len(time))
    values, passed, so_far = [], [], 0.0
    for k in range(count):
        rows = np.arange(half.start[k], half.end[k] + 1)
        rows = rows[np.isfinite(time[rows]) & np.isfinite(voltage[rows]) & np.isfinite(current[rows])]
        rate = current[rows]
        steps = 0.5 * (rate[1:] + rate[:-1]) * np.diff(time[rows])
        along = so_far + rate[0] * (time[rows[0]] - half.start_time[k]) + np.concatenate([[0.0], np.cumsum(steps)])
        values.append(voltage[rows] * half.sign[k])
        passed.append(along)
        so_far = float(along[-1])
    return np.concatenate(values), np.concatenate(passed)


def _first_crossing(voltage: Array, threshold: float) -> int | None:
    """First sample at or above the threshold whose next two samples confirm it by their median."""
    above = voltage >= threshold * (1.0 - 1e-9)  # a test that stops at the threshold reaches it
    padded = np.concatenate([above, [above[-1], above[-1]]]).astype(int)
    confirmed = above & (padded[:-2] + padded[1:-1] + padded[2:] >= 2)
    return int(np.argmax(confirmed)) if confirmed.any() else None


def _noise_of(values: Array) -> float:
    """Standard deviation of the noise from second differences (a smooth curve gives zero)."""
    if len(values) < 5:
        return 0.0
    second = np.diff(values, 2) / np.sqrt(6.0)
    return MAD_TO_SIGMA * median(np.abs(second - median(second)))
