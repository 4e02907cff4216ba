"""Synthetic spectra whose truth is known: chains of depressed arcs, drift, outliers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from natrode.measurement import Column, Measurement

from .records import metadata


@dataclass(frozen=True)
class Truth:
    """One spectrum of the benchmark and what it is made of."""

    resistances: np.ndarray
    log_tau: np.ndarray
    """lg(tau/s), ascending."""
    exponents: np.ndarray
    series: float
    inductance: float
    noise: float
    clean: np.ndarray
    impedance: np.ndarray

    def distribution(self, tau):
        """g per unit of ln(tau), and its integral up to tau."""
        g, total = np.zeros(len(tau)), np.zeros(len(tau))
        for r, place, n in zip(self.resistances, self.log_tau, self.exponents, strict=True):
            u, a = n * (np.log(tau) - place * np.log(10)), (1 - n) * np.pi
            g += r / (2 * np.pi) * np.sin(a) / (np.cosh(u) - np.cos(a))
            total += r / 2 + r / (np.pi * n) * np.arctan(np.tanh(u / 2) / np.tan(a / 2))
        return g, total


def frequencies(highest=3e6, lowest=0.1, per_decade=7):
    count = int(np.floor(np.log10(highest / lowest) * per_decade + 1e-9)) + 1
    return highest * 10.0 ** (-np.arange(count) / per_decade)


def arc(w, resistance, tau, n):
    return resistance / (1 + (1j * w * tau) ** n)


def truths(count, seed, *, most=4, gap=1.5, share=0.1, noise=(0.002, 0.01)):
    """1 to `most` arcs, 5-500 Ohm, 1e-6 to 1 s at least `gap` decades apart, each at least `share` of the sum."""
    random = np.random.default_rng(seed)
    w = 2 * np.pi * frequencies()
    found = []
    for _ in range(count):
        arcs = random.integers(1, most + 1)
        while True:
            places = np.sort(random.uniform(-6, 0, arcs))
            if arcs == 1 or np.diff(places).min() >= gap:
                break
        while True:
            resistances = 10 ** random.uniform(np.log10(5), np.log10(500), arcs)
            if (resistances >= share * resistances.sum()).all():
                break
        exponents = random.uniform(0.75, 0.98, arcs)
        series = 10 ** random.uniform(0, np.log10(200))
        inductance = 1e-7 if random.random() < 0.5 else 0.0
        level = random.uniform(*noise)
        clean = (
            series
            + 1j * w * inductance
            + sum(arc(w, r, 10**p, n) for r, p, n in zip(resistances, places, exponents, strict=True))
        )
        scatter = random.standard_normal(len(w)) + 1j * random.standard_normal(len(w))
        found.append(
            Truth(
                resistances, places, exponents, series, inductance, level, clean, clean + level * abs(clean) * scatter
            )
        )
    return found


def drifted(truth, factor, random):
    """The same spectrum with every resistance times `factor` (N,) at constant Q, with noise."""
    w = 2 * np.pi * frequencies()
    z = truth.series * factor + 1j * w * truth.inductance
    for r, place, n in zip(truth.resistances, truth.log_tau, truth.exponents, strict=True):
        q = 10 ** (place * n) / r
        z = z + r * factor / (1 + r * factor * q * (1j * w) ** n)
    scatter = random.standard_normal(len(w)) + 1j * random.standard_normal(len(w))
    return z + truth.noise * abs(z) * scatter


def spectrum(frequency, z, times=None, **changes):
    """A record of one spectrum."""
    table = {
        Column.FREQUENCY.value: frequency,
        Column.REAL_IMPEDANCE.value: z.real,
        Column.IMAGINARY_IMPEDANCE.value: z.imag,
    }
    if times is not None:
        table[Column.TIME.value] = times
    return Measurement(metadata("impedance", **changes), pd.DataFrame(table))
