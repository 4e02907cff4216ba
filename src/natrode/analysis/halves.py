"""Half cycles of a symmetric cell, found from the sign of the current and from nothing else."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis._runs import (
    CHARGE,
    CURRENT,
    END,
    FIRST,
    LAST,
    MEAN,
    PEAK,
    SIGN,
    START,
    contents,
    cycle_numbers,
    rest_level,
    runs,
)
from natrode.analysis.reading import Array, Record, median, of_kind
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement

Indices = npt.NDArray[np.intp]

LOOP = "Loop Index / 1"


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
    first, last = runs(signal, time, level, measured)
    if not measured and LOOP in record:  # without a current only the instrument's loops tell equal steps apart
        first, last = _split_at(first, last, np.flatnonzero(np.diff(record.array(LOOP)[rows])) + 1)
    table = contents(time, voltage, current, first, last, measured)
    keep = _not_artefacts(first, last, table, measured)
    start, end, table = rows[first[keep]], rows[last[keep]], table[:, keep]
    said = record.array(Column.CYCLE)[start] if Column.CYCLE in record else np.empty(0)
    return HalfCycles(
        start=start,
        end=end,
        start_time=table[START],
        end_time=table[END],
        sign=table[SIGN].astype(np.int8),
        current=table[CURRENT],
        charge=table[CHARGE],
        voltage_mean=table[MEAN],
        voltage_first=table[FIRST],
        voltage_end=table[LAST],
        voltage_peak=table[PEAK],
        cycle=cycle_numbers(table[SIGN], said),
        basis="current" if measured else "voltage",
        threshold=level,
    )


def _rest_level(signal: Array, is_current: bool) -> float:
    if is_current:
        return rest_level(signal)
    return 0.1 * float(np.quantile(np.abs(signal), 0.75)) if signal.size else 0.0


def _split_at(first: Indices, last: Indices, cuts: Indices) -> tuple[Indices, Indices]:
    """Runs cut where a loop begins; the first sample of a loop, taken before its current flows, is left out."""
    inside = np.unique(np.concatenate([cuts, cuts + 1]))
    starts = np.union1d(first, inside[(inside > first[0]) & (inside <= last[-1])]) if len(first) else first
    owner = np.searchsorted(first, starts, side="right") - 1
    ends = np.minimum(np.append(starts[1:], np.iinfo(np.intp).max) - 1, last[np.maximum(owner, 0)])
    keep = (owner >= 0) & (starts <= last[np.maximum(owner, 0)]) & ~np.isin(starts, cuts)
    return starts[keep], ends[keep]


def _not_artefacts(first: Indices, last: Indices, table: Array, measured: bool) -> npt.NDArray[np.bool_]:
    """False for single samples that carry next to no charge: the transient of a switch.

    One that ends the record at its highest voltage is kept: there the instrument stopped at a limit.
    """
    single = first == last
    if not measured or single.all():
        return np.ones(len(first), dtype=bool)
    charge = np.abs(table[CHARGE])
    transient = single & (charge < 0.01 * median(charge[~single]))
    if transient[-1] and table[PEAK, -1] > table[PEAK, :-1].max():
        transient[-1] = False
    return np.asarray(~transient)
