"""Synthetic records whose truth is known, in the form in which an instrument would write them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin

HOUR = 3600.0
AREA = 1.0e-4
"""1 cm2."""
ELECTROLYTE = 40.0
"""[Ohm]"""


def metadata(kind: str = "cycling", **changes: Any) -> Metadata:
    base: dict[str, Any] = {
        "kind": kind,
        "origin": Origin(kind="simulation", model="analysis_records"),
        "geometry": Geometry(working_area=AREA, counter_area=AREA, interfaces_in_series=2),
        "temperature": 298.15,
    }
    return Metadata(**{**base, **changes})


def cycling_record(
    segments: Sequence[tuple[float, float]],
    resistance: Callable[[np.ndarray], np.ndarray] | float = 46.0,
    *,
    shape: Callable[[np.ndarray, int], np.ndarray] | None = None,
    samples: int = 20,
    noise: float = 0.0,
    seed: int = 0,
    temperature: Callable[[np.ndarray], np.ndarray] | None = None,
    columns: dict[str, np.ndarray] | None = None,
    stop_voltage: float | None = None,
    **changes: Any,
) -> Measurement:
    """Constant-current segments (duration s, current A); V = i R(t) [Ohm, whole cell], noise in volts.

    `shape` adds a resistance that depends on the fraction of the segment passed and on the segment's number.
    """
    time, current, now = [], [], 0.0
    for duration, amps in segments:
        time.append(np.linspace(now, now + duration, samples))
        current.append(np.full(samples, amps))
        now += duration
    t, i = np.concatenate(time), np.concatenate(current)
    r = resistance(t) if callable(resistance) else np.full(len(t), resistance)
    if shape is not None:
        phase = np.linspace(0.0, 1.0, samples)
        r = r + np.concatenate([shape(phase, k) for k in range(len(segments))])
    v = i * r + noise * np.random.default_rng(seed).standard_normal(len(t))
    table = {Column.TIME.value: t, Column.VOLTAGE.value: v, Column.CURRENT.value: i}
    if temperature is not None:
        table[Column.TEMPERATURE.value] = temperature(t)
    table |= columns or {}
    frame = pd.DataFrame(table)
    if stop_voltage is not None:
        over = np.flatnonzero(np.abs(v) >= stop_voltage)
        if over.size:
            frame = frame.iloc[: over[0] + 1]
    return Measurement(metadata(**changes), frame)


def alternating(count: int, duration: float = HOUR, current: float = 1e-4) -> list[tuple[float, float]]:
    return [(duration, current if k % 2 == 0 else -current) for k in range(count)]


def stepped(first: float, step: float, count: int, charge: float, half_cycles: int = 2) -> list[tuple[float, float]]:
    """Critical-current test of fixed charge per half cycle [C]."""
    out = []
    for k in range(count):
        amps = first + k * step
        out += [(charge / amps, amps if n % 2 == 0 else -amps) for n in range(half_cycles)]
    return out


def zarc(frequency: np.ndarray, r: float, tau: float, n: float = 1.0) -> np.ndarray:
    return r / (1.0 + (2j * np.pi * frequency * tau) ** n)


def spectrum_record(
    impedances: Sequence[np.ndarray] | np.ndarray,
    frequency: np.ndarray,
    *,
    noise: float = 0.0,
    seed: int = 0,
    columns: dict[str, Sequence[float]] | None = None,
    **changes: Any,
) -> Measurement:
    """One or several spectra; `columns` holds one value per spectrum."""
    spectra = [impedances] if isinstance(impedances, np.ndarray) and impedances.ndim == 1 else list(impedances)
    random = np.random.default_rng(seed)
    rows = []
    for index, z in enumerate(spectra):
        sigma = noise * np.abs(z)
        z = z + sigma * (random.standard_normal(len(z)) + 1j * random.standard_normal(len(z)))
        part = {
            Column.FREQUENCY.value: frequency,
            Column.REAL_IMPEDANCE.value: z.real,
            Column.IMAGINARY_IMPEDANCE.value: z.imag,
            Column.SPECTRUM.value: np.full(len(z), index),
        }
        part |= {name: np.full(len(z), values[index]) for name, values in (columns or {}).items()}
        rows.append(pd.DataFrame(part))
    return Measurement(metadata("impedance", **changes), pd.concat(rows, ignore_index=True))


def sweep_record(voltage: np.ndarray, current: np.ndarray, **changes: Any) -> Measurement:
    table = pd.DataFrame({Column.VOLTAGE.value: voltage, Column.CURRENT.value: current})
    return Measurement(metadata("sweep", **changes), table)


def experiment(*measurements: Measurement) -> Experiment:
    return Experiment("synthetic", measurements)


def parallel(resistance: np.ndarray, leak: np.ndarray | float) -> np.ndarray:
    return resistance * leak / (resistance + leak)
