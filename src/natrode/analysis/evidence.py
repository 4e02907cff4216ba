"""Signs of failure in a voltage record, each found on its own: independent witnesses for `failure` to weigh.

Every detector reads a `Trace` (V/i, compensated for temperature where that was recorded) and returns one
`Evidence` or None. A new witness (impedance, rest potential) is one more function that returns an `Evidence`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis._runs import falls_short, last_over_lowest, per_sample, quarters, third_differences
from natrode.analysis.halves import HalfCycles, half_cycles
from natrode.analysis.reading import ZERO_CELSIUS, Array, median, medians, windows
from natrode.measurement import Column, Measurement
from natrode.physics.transport import arrhenius_conductivity

Mask = npt.NDArray[np.bool_]

EvidenceKind = Literal[
    "ohmic floor",
    "resistance drop",
    "lowest resistance",
    "noise",
    "impedance",
    "rest potential",
    "polarisation rise",
    "half cycle cut short",
    "record ends",
    "voltage limit",
]

FLOOR = 0.95
"""A cell may not show less than this fraction of its electrolyte's ohmic drop (natrode model notes D, detector a)."""
FALL = 0.05
"""Fall of V/i that counts as a drop once temperature is accounted for (detector b)."""
NOISE_VARIANCE = 4.0
"""Growth of the noise variance that counts: noise that doubled (detector e has 5)."""
NOISE_SEEN = 0.002
"""Least noise that counts, as a part of the voltage."""
ELECTROLYTE_ACTIVATION_ENERGY = 0.26
"""[eV]; makes 3.4 %/K at room temperature."""
UNMEASURED_DRIFT = 0.068
"""Relative drift of a resistance that an unrecorded temperature can cause: 2 K at 3.4 %/K."""
UNMEASURED_SWING = 0.102
"""The same from one extreme to the other within hours: 3 K at 3.4 %/K."""
CHUNKS = 4
SHORTER = 0.97
"""Part of its usual time and charge under which a half cycle was cut short."""
BEFORE = 6
"""Half cycles whose median is the usual one."""


@dataclass(frozen=True)
class Evidence:
    """One witness: what was seen, when it began, and what it points to."""

    kind: EvidenceKind
    points_to: Literal["short", "polarisation"]
    statement: str
    numbers: dict[str, float]
    onset: tuple[float, float]
    """Test time [s]: last moment without it, first moment with it."""
    half_cycle: int
    """Index of the half cycle in which it began."""
    decisive: bool = False
    """So large that no other cause is known."""
    from_start: bool = False
    """There from the first sample on: nothing to compare with."""


@dataclass(frozen=True)
class Trace:
    """V/i of a record in the direction of the current: per sample, per quarter of a half cycle."""

    half: HalfCycles
    owner: npt.NDArray[np.intp]
    """Half cycle of each sample, shape (samples with current,)."""
    time: Array
    resistance: Array
    """[Ohm], at the reference temperature where a temperature was recorded; [V] where no current was."""
    level: Array
    """Median in each quarter, shape (half cycles, 4); NaN where there are too few samples for quarters."""
    level_start: Array
    level_end: Array
    samples: Array
    """Samples in each quarter, shape (half cycles, 4)."""
    noise: Array
    """Standard deviation of the noise of V/i, shape (half cycles,); NaN under seven samples."""
    compensated: bool
    """Whether temperature was recorded and its effect removed."""
    temperature_effect: float
    """Largest relative change of V/i that the removed effect made; 0 where no temperature was recorded."""

    @cached_property
    def first(self) -> npt.NDArray[np.intp]:
        """Index of each half cycle's first sample."""
        return np.searchsorted(self.owner, np.arange(len(self.half)))

    @cached_property
    def height(self) -> Array:
        """One level per half cycle: the mean of its quarters' medians without the first, where it has several."""
        later = self.level[:, 1:]
        there = np.isfinite(later)
        number = there.sum(axis=1)
        mean = np.where(there, later, 0.0).sum(axis=1) / np.maximum(number, 1)
        return np.where(number > 0, mean, self.level[:, 0])


def trace_of(record: Measurement, reference_temperature: float | None, activation_energy: float) -> Trace:
    """Build the trace that the detectors read.

    Args:
        record: a cycling record.
        reference_temperature: temperature [K] to which V/i is brought; None: nominal, else the first
            recorded.
        activation_energy: of the resistance [eV].
    """
    half = half_cycles(record)
    count = len(half)
    voltage, measured = record.array(Column.VOLTAGE), half.basis == "current"
    current = record.array(Column.CURRENT) if measured else voltage
    owner, rows, resistance = per_sample(voltage, current, half.start, half.end, half.sign, measured)
    time = record.array(Column.TIME)[rows]
    factor = _temperature_factor(record, rows, reference_temperature, activation_energy)
    if factor is not None:
        resistance = resistance * factor
    valid = np.isfinite(resistance) & np.isfinite(time)
    owner, time, resistance = owner[valid], time[valid], resistance[valid]
    level, level_start, level_end, samples = quarters(owner, time, resistance, count, CHUNKS)
    # a smooth arc has hardly any third differences
    noise = 1.2533 / np.sqrt(20.0) * third_differences(owner, resistance, count)
    effect = 0.0 if factor is None else float(np.ptp(factor) / np.min(factor))
    return Trace(
        half, owner, time, resistance, level, level_start, level_end, samples, noise, factor is not None, effect
    )


def _temperature_factor(
    record: Measurement, rows: npt.NDArray[np.intp], reference: float | None, activation_energy: float
) -> Array | None:
    if Column.TEMPERATURE not in record:
        return None
    kelvin = record.array(Column.TEMPERATURE)[rows] + ZERO_CELSIUS
    finite = np.isfinite(kelvin)
    if finite.sum() < 2:
        return None
    index = np.arange(len(kelvin))
    kelvin = np.interp(index, index[finite], kelvin[finite])
    if reference is None:
        nominal = record.metadata.temperature
        reference = float(kelvin[0]) if nominal == "unknown" else nominal
    return np.asarray(arrhenius_conductivity(kelvin, 1.0, reference, activation_energy))


def split_time(trace: Trace, begin: float, end: float) -> tuple[float, float]:
    """Times of the two samples between which V/i steps most clearly within [begin, end] (least squares)."""
    inside = np.flatnonzero((trace.time >= begin) & (trace.time <= end))
    if len(inside) < 2:
        return begin, end
    values = trace.resistance[inside]
    n = np.arange(1, len(values))
    left = np.cumsum(values)[:-1]
    gain = left**2 / n + (values.sum() - left) ** 2 / (len(values) - n)
    k = int(np.argmax(gain)) + 1
    return float(trace.time[inside[k - 1]]), float(trace.time[inside[k]])


def first_lasting(flags: Mask, length: int) -> int | None:
    """Start of the first run of True that is `length` long, or reaches the end with at least two."""
    if not flags.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    begins, ends = edges[::2], edges[1::2]
    good = (ends - begins >= length) | ((ends == len(flags)) & (ends - begins >= min(2, length)))
    return int(begins[good][0]) if good.any() else None


def ohmic_floor(trace: Trace, electrolyte: tuple[float, float]) -> Evidence | None:
    """V below the ohmic drop of the cell's own electrolyte: something conducts in parallel.

    Args:
        trace: of the record.
        electrolyte: resistance of the electrolyte and its standard uncertainty [Ohm].
    """
    if trace.half.basis == "voltage" or electrolyte[0] <= 0:
        return None
    allowance = 1.0 if trace.compensated else 1.0 - UNMEASURED_DRIFT
    limit = FLOOR * allowance * (electrolyte[0] - 2.0 * electrolyte[1])
    if not (trace.level < limit).any():
        return None
    there = np.isfinite(trace.level)
    level = trace.level[there]
    owner = np.nonzero(there)[0]
    error = np.nan_to_num(trace.noise)[owner] * 1.2533 / np.sqrt(trace.samples[there])
    below = level + 3.0 * error < limit
    k = first_lasting(below, 3)
    if k is None:
        return None
    begins, ends = trace.level_start[there], trace.level_end[there]
    onset = (float(begins[0]),) * 2 if k == 0 else split_time(trace, float(begins[k - 1]), float(ends[k]))
    share = float(below[k:].mean())
    fraction = median(level[k:][below[k:]]) / electrolyte[0]
    note = "compensated for temperature" if trace.compensated else "2 K of unrecorded temperature allowed for"
    return Evidence(
        "ohmic floor",
        "short",
        f"V/i is {fraction:.2f} of the electrolyte's resistance, in {share:.0%} of the time since ({note})",
        {
            "fraction_of_electrolyte": fraction,
            "share_of_time": share,
            "electrolyte_resistance": electrolyte[0],
        },
        onset,
        int(owner[k]),
        decisive=fraction < 0.5 and share > 0.8,
        from_start=k == 0,
    )


def noise_burst(trace: Trace) -> Evidence | None:
    """Noise that doubles over that of the first third of the record, and stays.

    It must grow in volts and as a part of the voltage: an instrument's noise has a share in proportion to what it
    measures, so that it grows with the voltage of every cell that polarises. Half cycles of few samples are taken
    together until they hold some 40 differences: a variance from fewer scatters by more than the factor that is
    looked for.
    """
    current = np.abs(trace.half.current) if trace.half.basis == "current" else 1.0
    finite = np.flatnonzero(np.isfinite(trace.noise))
    if len(finite) < 4:
        return None
    relative = (trace.noise * current / np.maximum(np.abs(trace.half.voltage_mean), 1e-12))[finite]
    if not (relative > NOISE_SEEN).any():
        return None
    values = (trace.noise * current)[finite]
    differences = 0.9 * median(trace.samples[finite].sum(axis=1)) - 3.0
    together = int(np.clip(np.ceil(40.0 / differences), 1, 15))
    if len(values) < 3 * together:
        return None
    smooth, part = medians(windows(values, together)), medians(windows(relative, together))
    early = max(3, len(values) // 3)
    base = median(values[:early])
    grown = (smooth**2 > NOISE_VARIANCE * base**2) & (part**2 > NOISE_VARIANCE * median(relative[:early]) ** 2)
    k = first_lasting((part > NOISE_SEEN) & grown, 2)
    if k is None or k == 0:
        return None
    first, last = int(finite[k]), int(finite[k + together - 1])
    seen = median(values[k:])
    return Evidence(
        "noise",
        "short",
        f"noise of the voltage rose from {1e3 * base:.3g} to {1e3 * seen:.3g} mV",
        {"noise_before": base, "noise_after": seen},
        (float(trace.half.start_time[first]), float(trace.half.end_time[last])),
        first,
    )


def polarisation_rise(trace: Trace) -> tuple[Array, Mask]:
    """Ratio of the last V/i to the lowest in each half cycle, and where it rises 1.5-fold to the end."""
    ratio, final, highest = last_over_lowest(trace.first, trace.resistance, trace.level)
    several = np.diff(trace.first, append=len(trace.owner)) > 1
    return ratio, several & (ratio > 1.5) & (final >= highest)


def cut_short(half: HalfCycles) -> Mask:
    """Half cycles that passed less charge in less time than the six before them (median) by 3 % or more."""
    short = falls_short(half.duration, SHORTER, BEFORE)
    return short if half.basis == "voltage" else short & falls_short(np.abs(half.charge), SHORTER, BEFORE)
