"""Half cycles of a symmetric cell, found from the sign of the current and from nothing else."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis._runs import CHARGE, HIGHEST, LOWEST, VOLTAGE, integrals
from natrode.analysis.reading import Array, Record, median, of_kind
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Indices = npt.NDArray[np.intp]

LOOP = "Loop Index / 1"
STEP_CHANGE = 0.01
"""A jump of the current by this fraction inside one sign starts a new half cycle (one-sided steps)."""


@dataclass(frozen=True)
class HalfCycles:
    """One entry per half cycle in each array; voltages are counted in the direction of the current.

    A voltage is positive when it opposes the current, whatever the current's sign. `current` and `charge` are
    signed (positive: stripping at the working electrode) and NaN when the record has no current.
    """

    start: Indices
    """First row in the record's table."""
    end: Indices
    """Last row, included."""
    start_time: Array
    """[s]"""
    end_time: Array
    """[s]"""
    sign: npt.NDArray[np.int8]
    current: Array
    """Mean over time [A]."""
    charge: Array
    """[C]"""
    voltage_mean: Array
    """Mean over time [V]."""
    voltage_first: Array
    """[V]"""
    voltage_end: Array
    """[V]"""
    voltage_peak: Array
    """Largest [V]."""
    cycle: npt.NDArray[np.int64]
    """Number of the cycle: a new one starts when the current returns to the sign that came first."""
    basis: Literal["current", "voltage"]
    """What the signs were read from; the voltage only where the record has no current."""
    threshold: float
    """Level [A or V] under which a sample counts as rest."""

    def __len__(self) -> int:
        return len(self.start)

    @property
    def one_sided(self) -> bool:
        """Whether the current never changes its sign."""
        return len(self) > 0 and bool(np.all(self.sign == self.sign[0]))

    @property
    def duration(self) -> Array:
        """Time with current in each half cycle [s]."""
        return self.end_time - self.start_time

    @property
    def summary(self) -> str:
        """One sentence on what was found."""
        if not len(self):
            return "no current above the noise: no half cycles"
        side = "working" if self.sign[0] > 0 else "counter"
        read = "" if self.basis == "current" else " (signs read from the voltage: the record has no current)"
        if self.one_sided:
            steps = "1 step" if len(self) == 1 else f"{len(self)} steps"
            return f"no sign change: one-sided test, {steps}, stripping at the {side} electrode{read}"
        cycles = len(np.unique(self.cycle))
        return f"{len(self)} half cycles in {cycles} cycles, {side} electrode stripped first{read}"


def half_cycles(record: Record, threshold: float | None = None) -> HalfCycles:
    """Find the half cycles of a cycling record from the sign of its current.

    Args:
        record: a cycling record, or an experiment that holds one.
        threshold: level [A] under which a sample is a rest. Default: the larger of 0.1 % of the largest
        current
            and four times the incoherent noise of small currents.

    Returns:
        HalfCycles, each array of shape (number of half cycles,). Rests, changes of sign and jumps of the
        current by more than 1 % (and the noise) separate them. Rows without
        time, voltage or current are left out. Charge is
        the trapezoid of the current; the interval before the first sample counts with the first sample's
        current. Without a current the signs are those of the voltage, with a tenth of its upper quartile as the
        threshold.

    Raises:
        RecordError: for a record of another kind, or one whose time runs backwards.
    """
    cycling = of_kind(record, "cycling")
    return cycling.derived(_by_own_threshold) if threshold is None else _found(cycling, threshold)


def _by_own_threshold(record: Measurement) -> HalfCycles:
    return _found(record, None)


def _found(record: Measurement, threshold: float | None) -> HalfCycles:
    time, voltage = record.array(Column.TIME), record.array(Column.VOLTAGE)
    current = record.array(Column.CURRENT) if Column.CURRENT in record else np.full(len(time), np.nan)
    measured = bool(np.isfinite(current).any())
    valid = np.isfinite(time) & np.isfinite(voltage)
    if measured:
        valid &= np.isfinite(current)
    rows = np.flatnonzero(valid)
    if len(rows) < len(time):
        time, voltage, current = time[rows], voltage[rows], current[rows]
    steps = np.diff(time)
    if steps.size and steps.min() < 0:
        row = int(rows[np.argmin(steps) + 1])
        raise RecordError(f"the test time runs backwards at row {row}: put the parts of this test in order first")
    signal = current if measured else voltage
    level = _rest_level(signal, measured) if threshold is None else float(threshold)
    first, last = _runs(signal, time, level, split_steps=measured)
    if not measured and LOOP in record:  # without a current only the instrument's loops tell equal steps apart
        first, last = _split_at(first, last, np.flatnonzero(np.diff(record.array(LOOP)[rows])) + 1)
    return _summarise(record, rows, time, voltage, current, first, last, level)


def _rest_level(signal: Array, is_current: bool) -> float:
    """Level under which a sample is rest: 0.1 % of full scale, or 4 times the noise of small samples."""
    size = np.abs(signal)
    largest = float(size.max(initial=0.0))
    if not is_current:
        return 0.1 * float(np.quantile(size, 0.75)) if size.size else 0.0
    low = 1e-3 * largest
    small = (size > low) & (size < 0.1 * largest)
    if small.sum() < 4:
        return low
    change = np.abs(np.diff(signal, prepend=signal[0], append=signal[-1]))
    incoherent = small & (change[:-1] > 0.25 * size) & (change[1:] > 0.25 * size)
    noise = float(np.sqrt(np.mean(signal[incoherent] ** 2))) if incoherent.sum() >= 4 else 0.0
    return min(max(low, 4.0 * noise), 0.2 * largest)


def _runs(signal: Array, time: Array, level: float, *, split_steps: bool) -> tuple[Indices, Indices]:
    """First and last sample of every run of one sign and one current."""
    if not signal.size:
        empty = np.empty(0, dtype=np.intp)
        return empty, empty
    sign = np.sign(signal) * (np.abs(signal) > level)
    if len(sign) > 2:  # a single lost sample is no rest
        lost = np.flatnonzero((sign[1:-1] == 0) & (sign[:-2] == sign[2:]) & (sign[2:] != 0)) + 1
        if lost.size:
            short = time[lost + 1] - time[lost - 1] <= 3.0 * median(np.diff(time))
            sign[lost[short]] = sign[lost[short] - 1]
    new = np.empty(len(sign), dtype=bool)
    new[0] = True
    np.not_equal(sign[1:], sign[:-1], out=new[1:])
    if split_steps:
        new |= _jumps(signal, new)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(sign)) - 1
    active = sign[first] != 0
    return first[active], last[active]


def _split_at(first: Indices, last: Indices, cuts: Indices) -> tuple[Indices, Indices]:
    """Runs cut where a loop begins; the first sample of a loop, taken before its current flows, is left out."""
    inside = np.unique(np.concatenate([cuts, cuts + 1]))
    starts = np.union1d(first, inside[(inside > first[0]) & (inside <= last[-1])]) if len(first) else first
    owner = np.searchsorted(first, starts, side="right") - 1
    ends = np.minimum(np.append(starts[1:], np.iinfo(np.intp).max) - 1, last[np.maximum(owner, 0)])
    keep = (owner >= 0) & (starts <= last[np.maximum(owner, 0)]) & ~np.isin(starts, cuts)
    return starts[keep], ends[keep]


def _jumps(signal: Array, new: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Samples where the current jumps to another level of the same sign and stays for two samples."""
    out = np.zeros(len(signal), dtype=bool)
    if len(signal) < 4:
        return out
    change = np.abs(np.diff(signal))
    change[new[1:]] = 0.0
    size = np.abs(signal)
    noise = 8.0 * median(change[size[1:] > 0.0]) if np.any(size[1:] > 0.0) else 0.0
    jump = change > np.maximum(STEP_CHANGE * np.maximum(size[1:], size[:-1]), noise)
    jump[0] = jump[-1] = False
    jump[1:] &= change[:-1] < 0.2 * change[1:]
    jump[:-1] &= change[1:] < 0.2 * change[:-1]
    at = np.flatnonzero(jump) + 1
    out[at[~(new[at - 1] | new[np.minimum(at + 1, len(new) - 1)])]] = True
    return out


def _summarise(
    record: Measurement,
    rows: Indices,
    time: Array,
    voltage: Array,
    current: Array,
    first: Indices,
    last: Indices,
    level: float,
) -> HalfCycles:
    """Integrals and extremes per run, all at once."""
    measured = bool(np.isfinite(current).any())
    sign = np.sign((current if measured else voltage)[first]).astype(np.int8)
    parts = integrals(time, voltage, current, first, last)
    start_time, end_time = time[first].copy(), time[last]
    within = end_time - start_time
    # an instrument samples first one interval after the switch: that interval belongs to this half cycle
    before = np.where(first > 0, time[first] - time[np.maximum(first - 1, 0)], 0.0)
    typical = within / np.maximum(last - first, 1)
    before = np.where(before <= 1.5 * typical, before, 0.0)
    start_time -= before
    charge = parts[:, CHARGE] + current[first] * before
    duration = end_time - start_time
    long = within > 0
    mean_current = np.where(duration > 0, charge / np.where(duration > 0, duration, 1.0), current[first])
    mean_voltage = np.where(long, parts[:, VOLTAGE] / np.where(long, within, 1.0), voltage[first])
    peak = np.where(sign > 0, parts[:, HIGHEST], -parts[:, LOWEST])
    keep = _not_artefacts(first, last, charge, measured)
    first, last = first[keep], last[keep]
    return HalfCycles(
        start=rows[first],
        end=rows[last],
        start_time=start_time[keep],
        end_time=end_time[keep],
        sign=sign[keep],
        current=mean_current[keep],
        charge=charge[keep],
        voltage_mean=mean_voltage[keep] * sign[keep],
        voltage_first=voltage[first] * sign[keep],
        voltage_end=voltage[last] * sign[keep],
        voltage_peak=peak[keep],
        cycle=_cycle_numbers(record, rows[first], sign[keep]),
        basis="current" if measured else "voltage",
        threshold=level,
    )


def _not_artefacts(first: Indices, last: Indices, charge: Array, measured: bool) -> npt.NDArray[np.bool_]:
    """False for single samples that carry next to no charge: the transient of a switch."""
    single = first == last
    if not measured or single.all():
        return np.ones(len(first), dtype=bool)
    typical = median(np.abs(charge[~single]))
    return np.asarray(~(single & (np.abs(charge) < 0.01 * typical)))


def _cycle_numbers(record: Measurement, start: Indices, sign: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Count from the signs; the record's own numbers where they tell the same cycles apart (some may skip)."""
    if not sign.size:
        return np.empty(0, dtype=np.int64)
    fresh = np.concatenate([[True], (sign[1:] == sign[0]) & (sign[:-1] != sign[0])])
    own = np.cumsum(fresh)
    if Column.CYCLE in record:
        said = record.array(Column.CYCLE)[start]
        at_start = said[fresh]
        if np.isfinite(said).all() and np.all(np.diff(at_start) > 0) and np.all(said == at_start[own - 1]):
            return said.astype(np.int64)
    return own.astype(np.int64)
