"""One experiment of a paper on a whole sample of cells: records in, answers and traces out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.cell import Cell, FullCell
from natrode.measurement import Column, Experiment
from natrode.protocol import ChargeDischarge, CriticalCurrentRamp, CurrentRamp, Cycling, OneSided, Protocol
from natrode.reproduce import full_cells, library
from natrode.reproduce.analyses import ACROSS
from natrode.reproduce.calibrate import Sample, prior_sample, stored_sample, transferred_sample
from natrode.reproduce.full_cells import assembled
from natrode.reproduce.paper import Figure, Paper, Trial
from natrode.reproduce.quantities import NO_ANSWER, Answer, Context, analyse
from natrode.simulate import parameters, replicates, symmetric
from natrode.simulate.fullcell.assemble import FullModel
from natrode.simulate.parameters import Model, Overrides

FloatArray = npt.NDArray[np.float64]
TraceKind = Literal["capacity", "voltage", "peaks", "steps", "ramp", "resistance", "pressure", "nyquist"]

STRIDE = 4
"""Figures of other papers, alternatives, other calibrations of symmetric cells and experiments with replicates run on
every fourth draw of the sample. Full cells run on all: on 51 of 200 draws ends of their intervals move by up to the
whole interval, where a few draws fail."""
PRIOR_DRAWS = 40
"""Runs on the prior: enough for the 5-95 % range that is shown beside the sample's."""


@dataclass(frozen=True)
class Trace:
    """What a plot of one run shows, in the units of the plot."""

    kind: TraceKind
    x: FloatArray
    y: FloatArray
    frequency: FloatArray | None = None


@dataclass(frozen=True)
class Outcome:
    """Answers of one trial by question, (draws, 2) SI, for the sample and for the prior, and the traces."""

    trial: str
    sample: Mapping[str, FloatArray]
    prior: Mapping[str, FloatArray]
    central: Experiment
    traces: Sequence[Trace]
    """Of the sample; the first is that of the central draw."""
    drawn: Sample | None
    """The draws that were run, in the order of the answers; None where nothing is calibrated."""


def question(analysis: str, arguments: Mapping[str, Any]) -> str:
    """Key of an analysis with its arguments."""
    return f"{analysis} {json.dumps(dict(arguments), sort_keys=True)}"


def questions_of(paper: Paper, trial: Trial) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Analyses that the figures of a paper ask of one trial, as itself, in a comparison, or as an alternative."""
    asked = {trial.id} | {other.id for other in paper.trials if trial.id in other.alternatives}
    found = {}
    for figure in paper.figures:
        if figure.analysis is None or figure.not_computed:
            continue
        if figure.analysis in ACROSS:
            if trial.id in flattened(figure.arguments["order"]):
                inner = (figure.arguments["analysis"], figure.arguments.get("with", {}))
                found[question(*inner)] = inner
        elif figure.experiment == trial.id or (figure.experiment in asked and figure.role != "fitted"):
            found[question(figure.analysis, figure.arguments)] = (figure.analysis, figure.arguments)
    return found


def flattened(order: Sequence[Any]) -> list[str]:
    """Ids in an order whose inner lists leave the mutual order open."""
    return [name for item in order for name in (item if isinstance(item, (list, tuple)) else [item])]


def sample_for(paper: Paper, trial: Trial) -> tuple[Sample | None, Sample | None]:
    """Posterior sample and prior draws that a trial runs on; None where nothing is calibrated.

    Figures of other papers run on the sample of the first paper, whose interfaces theirs extend, where it transfers.
    """
    home = (
        paper if paper.calibrations else library.load_paper("hybrid-na-2022") if paper.kind == "validation" else paper
    )
    if trial.calibration not in home.calibrations:
        return None, None
    calibration = home.calibrations[trial.calibration]
    sample = stored_sample if home is paper else transferred_sample
    return sample(home, trial.calibration), prior_sample(calibration, PRIOR_DRAWS)


def run_trial(key: str, trial_id: str) -> Outcome:
    """Run one trial on every draw of its sample and of its prior, and analyse the records."""
    paper = library.load_paper(key)
    trial = paper.trial(trial_id)
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    model = assembled(cell)
    wanted = questions_of(paper, trial)
    sample, prior = sample_for(paper, trial)
    order = [0] if sample is None else _order(sample, _stride(paper, trial))
    answers: dict[str, list[Answer]] = {key: [] for key in wanted}
    traces = []
    central: Experiment | None = None
    for draw in order:
        overrides = {} if sample is None else inherited(cell, sample.overrides(draw))
        experiment, found, electrolyte = _one(model, cell, protocol, trial, overrides, wanted)
        for name, value in found.items():
            answers[name].append(value)
        traces.append(trace_of(experiment, protocol, electrolyte))
        central = central or experiment
    before: dict[str, list[Answer]] = {key: [] for key in wanted}
    step = STRIDE if trial.replicates > 1 or trial.calibration == "full-cell" else 1
    for draw in range(0, 0 if prior is None or not wanted or is_alternative(paper, trial) else len(prior.values), step):
        assert prior is not None
        _, found, _ = _one(model, cell, protocol, trial, inherited(cell, prior.overrides(draw)), wanted)
        for name, value in found.items():
            before[name].append(value)
    assert central is not None
    # the central draw ran first: put it back where the parameters have it
    back = np.argsort(order)
    return Outcome(
        trial_id,
        {name: np.array(values).reshape(-1, 2)[back] for name, values in answers.items()},
        {name: np.array(values).reshape(-1, 2) for name, values in before.items()},
        central,
        traces,
        None if sample is None else replace(sample, values=sample.values[np.sort(order)]),
    )


def answers_of(key: str, trial_id: str, drawn: Sequence[Overrides]) -> dict[str, FloatArray]:
    """Answers of one trial by question, (draws, 2) SI, for given values of the parameters."""
    paper = library.load_paper(key)
    trial = paper.trial(trial_id)
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    model, wanted = assembled(cell), questions_of(paper, trial)
    answers = [_one(model, cell, protocol, trial, inherited(cell, overrides), wanted)[1] for overrides in drawn]
    return {name: np.array([one[name] for one in answers]) for name in wanted}


def is_alternative(paper: Paper, trial: Trial) -> bool:
    """Whether the trial is another reading of what a paper leaves open about one of its experiments."""
    return any(trial.id in other.alternatives for other in paper.trials)


def _stride(paper: Paper, trial: Trial) -> int:
    few = paper.kind == "validation" or trial.replicates > 1 or trial.calibration not in ("default", "full-cell")
    return STRIDE if few or is_alternative(paper, trial) else 1


def _order(sample: Sample, stride: int) -> list[int]:
    """Draws to run: the central one first, then every one (or every `stride`-th) of the others."""
    central = sample.central
    others = [n for n in range(len(sample.values)) if n != central]
    return [central, *others[::stride]]


def inherited(cell: Cell | FullCell, overrides: Overrides) -> Overrides:
    """Values of a draw for the interfaces of a cell, those of an interface that it extends among them."""
    found = dict(overrides)
    sides = _extended(cell.symmetric if isinstance(cell, FullCell) else cell)
    for interface, origins, _ in sides:
        if interface not in found:
            values = {name: overrides[one][name] for name, one in origins if name in overrides.get(one, {})}
            found |= {interface: values} if values else {}
    for interface, _, own in sides:
        if own and interface in found:  # what the cell itself says is not the sample's to change
            found[interface] = {name: value for name, value in found[interface].items() if name not in own}
    return found


@lru_cache(maxsize=16)
def _extended(cell: Cell) -> tuple[tuple[str, tuple[tuple[str, str], ...], frozenset[str]], ...]:
    """Each interface of a cell, where it has its parameters from, and which ones are the cell's own."""
    from natrode import materials

    return tuple(
        (
            electrode.interface,
            tuple(
                (name, value.origin)
                for name, value in materials.load_interface(electrode.interface).parameters.items()
                if not isinstance(value, str)
            ),
            frozenset(electrode.parameters),
        )
        for electrode in (cell.electrode.working, cell.electrode.counter)
    )


def _one(
    model: Model | FullModel,
    cell: Cell | FullCell,
    protocol: Protocol,
    trial: Trial,
    overrides: Overrides,
    wanted: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> tuple[Experiment, dict[str, Answer], float]:
    """Run one draw (with its replicates) and answer the questions; the record of the first replicate is kept."""
    if isinstance(model, FullModel):
        return full_cells.one(model, protocol, overrides, wanted)
    assert isinstance(cell, Cell)
    changed = parameters.override(model, cell, overrides)
    electrolyte = parameters.electrolyte_resistance(changed, protocol.temperature)
    context = Context(cell, electrolyte)
    models = [changed] if trial.replicates == 1 else replicates.scatter(changed, trial.replicates, trial.seed)
    experiments = [symmetric.run(variant, cell, protocol) for variant in models]
    found = {}
    for name, (analysis, arguments) in wanted.items():
        each = np.array([analyse(analysis, experiment, arguments, context) for experiment in experiments])
        found[name] = (float(each[:, 0].mean()), float(each[:, 1].mean())) if each.size else NO_ANSWER
    return experiments[0], found, electrolyte


# ---- traces -----------------------------------------------------------------------------------------------------


def trace_of(experiment: Experiment, protocol: Protocol, electrolyte: float) -> Trace:
    """The curve that shows best what happened: chosen by the longest step of the protocol."""
    steps = [inner for step in protocol.steps for inner in getattr(step, "steps", (step,))]
    if any(isinstance(step, ChargeDischarge) for step in steps):
        return full_cells.capacity_trace(experiment)
    if any(isinstance(step, Cycling) for step in steps):
        return _peaks(experiment)
    if any(isinstance(step, (CriticalCurrentRamp, CurrentRamp)) for step in steps):
        return _against_current(experiment, "steps" if isinstance(steps[-1], CriticalCurrentRamp) else "ramp")
    spectra = experiment.of_kind("impedance")
    if any(isinstance(step, OneSided) for step in steps):
        record = experiment.cycling
        return Trace("voltage", record.array(Column.TIME) / 3600, 1e3 * record.array(Column.VOLTAGE))
    if spectra and len(spectra[0].spectra()) > 1:
        return _resistances(experiment, electrolyte)
    if spectra:
        record = spectra[0]
        area = record.metadata.geometry.area * 1e4
        z = record.impedance * area
        return Trace("nyquist", z.real, -z.imag, record.array(Column.FREQUENCY))
    record = experiment.cycling
    return Trace("voltage", record.array(Column.TIME) / 3600, 1e3 * record.array(Column.VOLTAGE))


def _peaks(experiment: Experiment) -> Trace:
    """Largest voltage of each recorded cycle against time."""
    record = experiment.cycling
    cycle = record.array(Column.CYCLE)
    voltage, time = abs(record.array(Column.VOLTAGE)), record.array(Column.TIME)
    flowing = cycle > 0
    starts = np.flatnonzero(np.r_[True, np.diff(cycle[flowing]) != 0])
    return Trace("peaks", time[flowing][starts] / 3600, 1e3 * np.maximum.reduceat(voltage[flowing], starts))


def _against_current(experiment: Experiment, kind: TraceKind) -> Trace:
    """Voltage against current density: the largest of each step of a stepped test, all points of a linear ramp."""
    record = experiment.cycling
    density = abs(record.array(Column.CURRENT)) / record.metadata.geometry.area / 10
    voltage = 1e3 * abs(record.array(Column.VOLTAGE))
    flowing = density > 0
    density, voltage = density[flowing], voltage[flowing]
    if kind == "ramp":
        return Trace(kind, density, voltage)
    starts = np.flatnonzero(np.r_[True, abs(np.diff(density)) > 1e-6 * density[1:]])
    return Trace(kind, density[starts], np.maximum.reduceat(voltage, starts))


def _resistances(experiment: Experiment, electrolyte: float) -> Trace:
    """Resistance of the interfaces, both together, against time, or against pressure where that was changed."""
    record = experiment.impedance
    area = record.metadata.geometry.area * 1e4
    parts = record.spectra()
    moments = np.array([float(part.array(Column.TIME)[0]) for part in parts])
    values = np.array([(float(part.array(Column.REAL_IMPEDANCE)[-1]) - electrolyte) * area for part in parts])
    course = experiment.cycling
    if Column.PRESSURE in course:
        pressure = np.interp(moments, course.array(Column.TIME), course.array(Column.PRESSURE)) / 1e6
        if np.ptp(pressure) > 0:
            return Trace("pressure", pressure, values)
    return Trace("resistance", moments / 3600, values)


def central_of(figure: Figure, answers: FloatArray) -> FloatArray:
    """One number per draw in the figure's unit: the value, or the end of a limit that is finite."""
    ends = np.where(np.isfinite(answers[:, ::-1]), answers[:, ::-1], answers)
    middle = np.where(np.isfinite(answers).all(axis=1), answers.mean(axis=1), ends[:, 0])
    return np.array([figure.in_unit(float(value)) for value in middle])
