"""Shorts on 600 made cells: recall of probable-or-certain among shorted cells, false alarms among the others.

A third short (half of those softly), a third are healthy, a third only look like it: temperature drift with and without
a recorded temperature, contact formation, nucleation spikes. Every cell has its own first spectrum, half of them one
every few cycles. The seed of the reported run was never used while thresholds were chosen.
"""

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from natrode.analysis import failure
from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin

SEED = 20260611
"""Held back: not used for tuning. Seeds 1 and 2 were; population and detector were both changed on them."""
CELLS = 600
HOUR = 3600.0
AREA = 1e-4
LOOK_ALIKES = ("warm, recorded", "warm, not recorded", "contact formation", "nucleation")


@dataclass(frozen=True)
class Cell:
    """A made cell and its truth."""

    kind: str
    shorted: bool
    onset: float | None
    experiment: Experiment


def made_cell(seed: int, number: int) -> Cell:
    """One of the population: kinds come in turn, everything else is drawn from (seed, number)."""
    random = np.random.default_rng((seed, number))
    group = number % 3
    kind = (("soft short", "hard short")[number // 3 % 2], "healthy", LOOK_ALIKES[number // 3 % 4])[group]
    electrolyte = float(np.exp(random.uniform(np.log(5.0), np.log(200.0))))
    interface = electrolyte * float(np.exp(random.uniform(np.log(0.02), np.log(1.0))))
    duration = HOUR * float(random.choice([0.5, 1.0, 2.0]))
    current = AREA * float(np.exp(random.uniform(np.log(0.5), np.log(10.0))))
    samples = int(random.choice([12, 30, 60]))
    halves = int(random.integers(30, 120))
    phase = np.tile((np.arange(samples) + 1.0) / samples, halves)
    half = np.repeat(np.arange(halves), samples)
    t = (half + phase) * duration
    sign = np.where(half % 2 == 0, 1.0, -1.0)
    end = halves * duration

    amplitude = {"warm, recorded": random.uniform(1.0, 4.0), "warm, not recorded": random.uniform(0.5, 1.5)}.get(
        kind, random.uniform(0.0, 0.5)
    )
    period, start = HOUR * random.uniform(3.0, 40.0), random.uniform(0.0, 2 * np.pi)
    recorded = kind == "warm, recorded" or (kind != "warm, not recorded" and bool(random.random() < 0.5))

    def celsius(at):
        return 25.0 + amplitude * np.sin(2 * np.pi * np.asarray(at) / period + start)

    def thermal(at):
        return np.exp(0.26 / 8.617333e-5 * (1.0 / (celsius(at) + 273.15) - 1.0 / 298.15))

    growth, bend = random.choice([0.0, random.uniform(0.0, 1.0)]), random.choice([0.0, random.uniform(0.0, 0.6)])
    formation = 0.0, 1.0
    if kind == "contact formation":
        formation = random.uniform(1.0, 6.0), random.uniform(0.02, 0.2) * end
    spike = 0.0, 1.0
    if kind == "nucleation":
        spike = random.uniform(0.1, 0.8), random.uniform(0.01, 0.08)

    def interfaces(at, inside):
        grown = 1.0 + growth * np.asarray(at) / end + formation[0] * np.exp(-np.asarray(at) / formation[1])
        return interface * (grown + bend * inside**2)

    onset = float(random.uniform(0.25, 0.8) * end) if kind.endswith("short") else None
    leak = np.full(len(t), np.inf)
    flicker = random.choice([0.0, 0.02, 0.1])
    ratio = float(np.exp(random.uniform(np.log(0.3), np.log(3.0))))
    if kind == "hard short":
        ratio = float(np.exp(random.uniform(np.log(0.005), np.log(0.2))))
    if onset is not None:
        wander = np.exp(flicker * random.standard_normal(len(t)))
        leak = np.where(t >= onset, ratio * electrolyte * wander, np.inf)
        if kind == "soft short" and random.random() < 1 / 3:  # one that burns through and comes back
            burst = (t - onset) // (duration * random.uniform(0.2, 3.0))
            off = random.random(int(max(burst.max(), 0)) + 2) < 0.3
            off[0] = False
            leak = np.where((burst >= 0) & off[np.maximum(burst, 0).astype(int)], np.inf, leak)

    whole = (electrolyte + interfaces(t, phase)) * thermal(t)
    whole = whole * (1.0 + spike[0] * np.exp(-(phase - phase[0]) / spike[1]))
    resistance = 1.0 / (1.0 / whole + 1.0 / leak)
    noise = float(np.exp(random.uniform(np.log(1e-6), np.log(3e-5)))), float(random.choice([1e-4, 1e-3, 3e-3]))
    voltage = sign * current * resistance * (1.0 + noise[1] * random.standard_normal(len(t)))
    voltage += noise[0] * random.standard_normal(len(t))
    table = {Column.TIME.value: t, Column.VOLTAGE.value: voltage, Column.CURRENT.value: sign * current}
    if recorded:
        table[Column.TEMPERATURE.value] = celsius(t) + 0.05 * random.standard_normal(len(t))
    cycling = Measurement(_metadata("cycling"), pd.DataFrame(table))

    every = int(random.choice([0, random.integers(5, 15)])) * 2
    moments = [0.0] if not every else [k * duration for k in range(0, halves, every)]
    frequency = np.logspace(6.5, -1, 46)
    taus = 10.0 ** random.uniform(-4.0, -2.0)
    rows = []
    for index, at in enumerate(moments):
        arc = interfaces(at, 0.0) / (1.0 + (2j * np.pi * frequency * taus) ** 0.9)
        z = (electrolyte + arc) * thermal(at)
        if onset is not None and at >= onset:
            z = 1.0 / (1.0 / z + 1.0 / (ratio * electrolyte))
        z = z + 0.003 * np.abs(z) * (random.standard_normal(len(z)) + 1j * random.standard_normal(len(z)))
        part = {
            Column.FREQUENCY.value: frequency,
            Column.REAL_IMPEDANCE.value: z.real,
            Column.IMAGINARY_IMPEDANCE.value: z.imag,
            Column.SPECTRUM.value: np.full(len(z), index),
            Column.TIME.value: np.full(len(z), at),
        }
        if recorded:
            part[Column.TEMPERATURE.value] = np.full(len(z), celsius(at))
        rows.append(pd.DataFrame(part))
    impedance = Measurement(_metadata("impedance"), pd.concat(rows, ignore_index=True))
    return Cell(kind, onset is not None, onset, Experiment(f"cell {number}", (cycling, impedance)))


def _metadata(kind: str) -> Metadata:
    return Metadata(
        kind=kind,  # type: ignore[arg-type]
        origin=Origin(kind="simulation", model="benchmarks.bench_shorts"),
        geometry=Geometry(working_area=AREA, counter_area=AREA, interfaces_in_series=2),
        temperature=298.15,
    )


@dataclass(frozen=True)
class Score:
    """What the verdicts of a population are worth."""

    recall: float
    false_alarms: float
    onset_within: float
    """Share of the shorts found whose onset interval, widened by one half cycle, holds the true moment."""
    missed: dict[str, int]
    alarms: dict[str, int]
    seconds: float


def score(seed: int, cells: int) -> Score:
    """Judge a population; alarms are verdicts 'probable' or 'certain' of a short."""
    found, alarms, total = 0, 0, Counter()
    missed: Counter[str] = Counter()
    false: Counter[str] = Counter()
    timely, seconds = 0, 0.0
    for number in range(cells):
        cell = made_cell(seed, number)
        begin = time.process_time()
        verdict = failure(cell.experiment)
        seconds += time.process_time() - begin
        alarm = verdict.kind.endswith("short") and verdict.grade in ("probable", "certain")
        total[cell.shorted] += 1
        if cell.shorted:
            found += alarm
            missed[cell.kind] += not alarm
            if alarm and verdict.onset is not None:
                times = cell.experiment.cycling.array(Column.TIME)
                half = float(
                    np.diff(times[np.flatnonzero(np.diff(np.sign(cell.experiment.cycling.array(Column.CURRENT))))])[0]
                )
                timely += verdict.onset[0] - half <= cell.onset <= verdict.onset[1] + half
        else:
            alarms += alarm
            false[cell.kind] += alarm
    return Score(
        found / total[True],
        alarms / total[False],
        timely / max(found, 1),
        dict(+missed),
        dict(+false),
        seconds,
    )


def run() -> list[str]:
    """Rows of the table."""
    got = score(SEED, CELLS)
    return [
        f"{CELLS} cells, seed {SEED} (held back): recall {got.recall:.1%} (wanted 95 %), "
        f"false alarms {got.false_alarms:.1%} (wanted at most 2 %)",
        f"missed: {got.missed or 'none'}; false alarms: {got.alarms or 'none'}",
        f"onset interval (and one half cycle) holds the true moment: {got.onset_within:.1%}",
        f"{1e3 * got.seconds / CELLS:.1f} ms of CPU a cell",
    ]
