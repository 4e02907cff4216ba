"""From a protocol to the blocks that the kernel runs."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.protocol import (
    ChargeDischarge,
    CriticalCurrentRamp,
    CurrentRamp,
    Cycling,
    Hold,
    Impedance,
    ImpedanceSettings,
    LinearSweep,
    OneSided,
    Protocol,
    RateLadder,
    Recorded,
    Repeat,
    Rest,
    Sampling,
)
from natrode.simulate import kernel
from natrode.specification import Specification

FloatArray = npt.NDArray[np.float64]


@lru_cache(maxsize=64)
def frequencies(settings: ImpedanceSettings) -> FloatArray:
    """Frequencies of a spectrum from high to low [Hz], evenly spaced in the logarithm."""
    decades = np.log10(settings.highest_frequency / settings.lowest_frequency)
    count = max(2, round(decades * settings.points_per_decade) + 1)
    found = np.geomspace(settings.highest_frequency, settings.lowest_frequency, count)
    found.flags.writeable = False
    return found


def spectrum_time(settings: ImpedanceSettings) -> float:
    """How long a spectrum takes [s]: a second or three periods per frequency, whichever is longer."""
    return float(np.maximum(1.0, 3.0 / frequencies(settings)).sum())


@lru_cache(maxsize=16)
def blocks(protocol: Protocol, area: float) -> tuple[FloatArray, Mapping[int, ImpedanceSettings]]:
    """Blocks of the programme and the impedance settings by step number; `area` of the working electrode [m2].

    Many cells run one protocol: the blocks are kept, not to be changed.
    """
    rows: list[FloatArray] = []
    spectra: dict[int, ImpedanceSettings] = {}
    number = 0
    for step in protocol.steps:
        number = _append(rows, spectra, step, number, area, protocol.sampling)
    return np.array(rows), spectra


@lru_cache(maxsize=64)
def numbered(steps: tuple[Specification, ...], before: int = 0) -> Mapping[int, Specification]:
    """Steps by the number that the record gives them, counted from 1; a repeated step has one number."""
    found: dict[int, Specification] = {}
    for step in steps:
        number = before + len(found)
        found.update(numbered(step.steps, number) if isinstance(step, Repeat) else {number + 1: step})
    return found


def _append(
    rows: list[FloatArray],
    spectra: dict[int, ImpedanceSettings],
    step: Specification,
    number: int,
    area: float,
    sampling: Sampling,
) -> int:
    """Append one step (and what it repeats); returns the number of the last step, counted from 1."""
    if isinstance(step, Repeat):
        for _ in range(step.times):
            last = number
            for inner in step.steps:
                last = _append(rows, spectra, inner, last, area, sampling)
        return last
    number += 1
    points = sampling.points_per_half_cycle

    def add(kind: int, duration: float, level: float = 0.0, **columns: float) -> None:
        row = np.zeros(kernel.N_BLOCK)
        row[kernel.KIND], row[kernel.STEP], row[kernel.LEVEL] = kind, number, level
        row[kernel.DURATION], row[kernel.POINTS] = duration, points
        for name, value in columns.items():
            row[getattr(kernel, name)] = value
        rows.append(row)

    match step:
        case ChargeDischarge():
            raise SpecificationError(f"step {number}: charge-discharge is for a full cell; this one is symmetric")
        case Rest():
            add(kernel.CURRENT, step.duration)
        case Cycling() | CriticalCurrentRamp() | RateLadder():
            levels = [step.current_density] if isinstance(step, Cycling) else list(step.current_densities)
            cycles = step.cycles if isinstance(step, Cycling) else step.cycles_per_step
            sign = -1.0 if isinstance(step, Cycling) and step.first == "plate" else 1.0
            for level in levels:
                add(
                    kernel.CYCLING,
                    step.half_cycle_time(level),
                    sign * level * area,
                    PAUSE=step.rest or 0.0,
                    CYCLES=cycles,
                    VOLTAGE_LIMIT=step.voltage_limit,
                    LOGARITHMIC=float(sampling.cycles == "logarithmic"),
                )
        case OneSided():
            every = step.impedance_every or 0.0
            add(
                kernel.CURRENT,
                step.time,
                step.current_density * area,
                VOLTAGE_LIMIT=step.voltage_limit,
                SNAPSHOT_EVERY=every,
                POINTS=max(points, 200),
            )
            spectra[number] = step.impedance
        case CurrentRamp():
            duration = (step.maximum - step.start) / step.rate
            add(
                kernel.CURRENT,
                duration,
                step.start * area,
                SLOPE=step.rate * area,
                VOLTAGE_LIMIT=step.voltage_limit,
                POINTS=max(points, 200),
            )
        case Impedance():
            if step.state_of_charge is not None:
                raise SpecificationError(f"step {number}: state_of_charge is for a full cell; this one is symmetric")
            duration = step.duration or spectrum_time(step)
            held = step.voltage is not None
            add(
                kernel.POTENTIAL if held else kernel.SNAPSHOT,
                duration,
                (step.voltage or 0.0) if held else step.current_density * area,
                SNAPSHOT_EVERY=2 * duration,
                POINTS=2,
                VOLTAGE_LIMIT=5.0 if step.current_density else 0.0,
            )
            spectra[number] = step
        case Recorded():
            longest = max(length for length, _ in step.stretches)
            for length, density in step.stretches:
                share = 2 + int((points - 2) * length / longest)  # long stretches get the points
                add(kernel.CURRENT, length, density * area, VOLTAGE_LIMIT=step.voltage_limit, POINTS=share)
        case Hold():
            add(kernel.POTENTIAL, step.duration, step.voltage)
        case LinearSweep():
            _sweeps(add, step, points)
    return number


def _sweeps(add: Callable[..., None], step: LinearSweep, points: int) -> None:
    """Straight pieces between the ends, cut at 0 V, where stripping and plating change sides."""
    ends = [step.start, step.end]
    if step.type == "cyclic-voltammetry":
        ends = [step.start] + [step.end, step.start] * step.cycles
    for a, b in pairwise(ends):
        knots = [a, 0.0, b] if a * b < 0 else [a, b]
        for low, high in pairwise(knots):
            rate = step.rate if high > low else -step.rate
            add(kernel.POTENTIAL, (high - low) / rate, low, SLOPE=rate, POINTS=max(points, 200))


def sample_bound(rows: FloatArray, interval: float) -> int:
    """Upper bound of the samples that a programme writes."""
    cycles = np.floor(rows[:, kernel.CYCLES])
    few = 10 + np.floor(40 * np.log10(np.maximum(cycles, 1))) + 4
    cycles = np.where((rows[:, kernel.LOGARITHMIC] > 0) & (cycles > 12), np.minimum(cycles, few), cycles)
    cycling = rows[:, kernel.KIND] == kernel.CYCLING
    stretches = np.where(cycling, 2 * (cycles + 1), 1)
    pauses = np.where(cycling & (rows[:, kernel.PAUSE] > 0), stretches, 0)
    each = rows[:, kernel.DURATION] / interval + 4 if interval > 0 else rows[:, kernel.POINTS] + 3
    return int(np.sum(np.floor(stretches * each) + 6 * pauses)) + 32


@lru_cache(maxsize=16)
def bounds(protocol: Protocol, area: float) -> tuple[int, int]:
    """Upper bounds of the samples and the snapshots of a protocol, kept as its blocks are."""
    rows, _ = blocks(protocol, area)
    return sample_bound(rows, protocol.sampling.interval or 0.0), snapshot_bound(rows)


def snapshot_bound(rows: FloatArray) -> int:
    """Upper bound of the snapshots that a programme takes."""
    every = rows[:, kernel.SNAPSHOT_EVERY]
    taken = np.where(every > 0, np.floor(rows[:, kernel.DURATION] / np.where(every > 0, every, 1.0)) + 2, 0)
    return int(taken.sum()) + 1
