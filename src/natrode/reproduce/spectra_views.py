"""Nyquist plots behind the figures: spectra of the central draws, published resistances on the real axis."""

from collections.abc import Mapping, Sequence

import numpy as np

from natrode.cell import Cell, FullCell
from natrode.measurement import Column, Experiment, Measurement
from natrode.reproduce.paper import Figure, Paper, Trial
from natrode.reproduce.table import Curve, PublishedPoint, View
from natrode.reproduce.trials import Outcome, is_alternative

ASKED = ("interface-resistance", "resistance-at-time", "apparent-diffusivity", "growing-relaxation-time")
"""Analyses that read a spectrum."""
MOST = 5
"""Spectra of one plot."""


def spectra_views(paper: Paper, outcomes: Mapping[str, Outcome]) -> list[View]:
    """One plot per series of spectra; cells whose only spectrum is read under one protocol stand in one plot."""
    found, single = [], dict[str, list[Trial]]()
    for trial in paper.trials:
        if trial.id not in outcomes or is_alternative(paper, trial):
            continue
        records = outcomes[trial.id].central.of_kind("impedance")
        if not records:
            continue
        asked = any(figure.experiment == trial.id and figure.analysis in ASKED for figure in paper.figures)
        if len(records[0].spectra()) > 1:
            found.append(_series(paper, trial, outcomes[trial.id].central))
        elif asked and outcomes[trial.id].traces[0].kind != "nyquist":
            single.setdefault(trial.protocol, []).append(trial)
    return [*found, *(_cells(paper, trials, outcomes) for trials in single.values())]


def _series(paper: Paper, trial: Trial, experiment: Experiment) -> View:
    """Spectra of one cell in time, or under one pressure after the other."""
    parts = experiment.impedance.spectra()
    names = _moments(experiment, parts)
    chosen = sorted({round(k * (len(parts) - 1) / (MOST - 1)) for k in range(MOST)})
    figures = [figure for figure in paper.figures if figure.experiment == trial.id and figure.analysis in ASKED]
    shown = {names[n]: parts[n] for n in chosen}
    points = [
        point
        for figure in figures
        if isinstance(number := figure.arguments.get("spectrum"), int)
        and (point := _intercept(paper, trial, figure, parts[number - 1])) is not None
    ]
    return _view(
        f"{trial.id}-spectra", paper, f"{paper.cell(trial.cell).name}: spectra, central draw", shown, points, figures
    )


def _cells(paper: Paper, trials: Sequence[Trial], outcomes: Mapping[str, Outcome]) -> View:
    """The only spectra of several cells, side by side."""
    shown: dict[str, Measurement] = {}
    points: list[PublishedPoint] = []
    figures: list[Figure] = []
    for trial in trials:
        record = outcomes[trial.id].central.of_kind("impedance")[0]
        shown[paper.cell(trial.cell).name] = record
        for figure in paper.figures:
            if figure.experiment == trial.id and figure.analysis in ASKED:
                figures.append(figure)
                point = _intercept(paper, trial, figure, record)
                if point is not None and all(point.x != other.x for other in points):
                    points.append(point)
    title = f"Spectra of the central draws: {trials[0].conditions}"
    return _view(f"{trials[0].id}-spectra", paper, title, shown, points, figures)


def _view(
    name: str,
    paper: Paper,
    title: str,
    shown: Mapping[str, Measurement],
    points: Sequence[PublishedPoint],
    figures: Sequence[Figure],
) -> View:
    curves = []
    for label, record in shown.items():
        z = 1e4 * record.metadata.geometry.area * record.impedance
        curves.append(Curve(label, np.real(z), -np.imag(z), frequency=record.array(Column.FREQUENCY)))
    return View(
        id=name,
        paper=paper.key,
        title=title,
        kind="nyquist",
        x_title="real impedance / (Ohm cm2)",
        y_title="minus imaginary impedance / (Ohm cm2)",
        curves=tuple(curves),
        published=tuple(points),
        figures=tuple(figure.id for figure in figures),
        note="A published resistance stands on the real axis: electrolyte and both interfaces." if points else "",
    )


def _moments(experiment: Experiment, parts: Sequence[Measurement]) -> list[str]:
    """What tells the spectra of a series apart: the stack pressure where it was changed, or the time."""
    times = np.array([float(part.array(Column.TIME)[0]) for part in parts])
    course = experiment.cycling
    if Column.PRESSURE in course:
        pressures = np.interp(times, course.array(Column.TIME), course.array(Column.PRESSURE)) / 1e6
        if np.ptp(pressures) > 0:
            return [f"{n}: {value:.3g} MPa" for n, value in enumerate(pressures, 1)]
    return [f"after {value:.3g} h" for value in times / 3600]


def _intercept(paper: Paper, trial: Trial, figure: Figure, record: Measurement) -> PublishedPoint | None:
    """Where a published interface resistance lets the spectrum of the cell meet the real axis."""
    from natrode.simulate.symmetric import electrolyte_resistance

    cell = paper.cell(trial.cell)
    if figure.si is None or figure.analysis != "interface-resistance" or isinstance(cell, FullCell):
        return None
    assert isinstance(cell, Cell)
    interfaces = 2.0 if figure.arguments.get("per", "interface") == "interface" else 1.0
    electrolyte = electrolyte_resistance(cell, paper.protocol(trial.protocol)) * record.metadata.geometry.area
    label = f"{figure.quantity}: {figure.value:g} {figure.unit}"
    return PublishedPoint(1e4 * (electrolyte + interfaces * figure.si), 0.0, label, figure.where)
