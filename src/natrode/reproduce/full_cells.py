"""Full cells in the experiments of a paper: one draw in, its record and answers out; figures between experiments."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from natrode.cell import Cell, FullCell
from natrode.measurement import Column, Experiment
from natrode.protocol import Protocol
from natrode.reproduce.paper import Figure
from natrode.reproduce.quantities import Answer, Context, analyse
from natrode.simulate import kernel, parameters
from natrode.simulate.fullcell import assemble
from natrode.simulate.fullcell import run as full_run
from natrode.simulate.fullcell.assemble import FullModel
from natrode.simulate.parameters import Model, Overrides

if TYPE_CHECKING:
    from natrode.reproduce.trials import Outcome, Trace

FloatArray = npt.NDArray[np.float64]


def assembled(cell: Cell | FullCell) -> Model | FullModel:
    """Numbers of a symmetric or a full cell."""
    return assemble.assemble(cell) if isinstance(cell, FullCell) else parameters.assemble(cell)


def one(
    model: FullModel, protocol: Protocol, overrides: Overrides, wanted: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> tuple[Experiment, dict[str, Answer], float]:
    """Run one draw of a full cell and answer the questions; the electrolyte's resistance [Ohm] is the third."""
    changed = assemble.override(model, overrides)
    table = parameters.conditions(changed.anode, protocol.temperature, protocol.pressure)
    electrolyte = float(table[0, kernel.ELECTROLYTE_RESISTANCE])
    experiment = full_run.record(changed, protocol, full_run.course(changed, protocol))
    context = Context(changed.cell, electrolyte)
    found = {name: analyse(kind, experiment, arguments, context) for name, (kind, arguments) in wanted.items()}
    return experiment, found, electrolyte


def capacity_trace(experiment: Experiment) -> "Trace":
    """Discharge capacity per active mass [mAh/g] against the cycle."""
    from natrode.reproduce.trials import Trace

    record = experiment.cycling
    cycle, current, time = (record.array(c) for c in (Column.CYCLE, Column.CURRENT, Column.TIME))
    out = np.flatnonzero(current < 0)
    numbers, starts = np.unique(cycle[out], return_index=True)
    parts = np.split(out, starts[1:]) if numbers.size else []
    charge = np.array([-current[rows[0]] * (time[rows[-1]] - time[rows[0]]) for rows in parts])
    return Trace("capacity", numbers.astype(float), charge / float(record.metadata.settings["active mass / kg"]) / 3600)


def between(figure: Figure, outcomes: "Mapping[str, Outcome]") -> "Outcome":
    """Ratio or difference of what two experiments say, draw by draw, as the outcome of the first."""
    from dataclasses import replace

    from natrode.reproduce.trials import question

    first, second = (outcomes[name] for name in figure.arguments["order"])
    key = question(figure.arguments["analysis"], figure.arguments.get("with", {}))
    joined = {}
    for kind in ("sample", "prior"):
        one, other = getattr(first, kind)[key], getattr(second, kind)[key]
        draws = min(len(one), len(other))
        one, other = one[:draws], other[:draws]
        with np.errstate(divide="ignore", invalid="ignore"):
            if figure.analysis == "ratio-of-experiments":
                found = np.column_stack([one[:, 0] / other[:, 1], one[:, 1] / other[:, 0]])
            else:
                found = np.column_stack([one[:, 0] - other[:, 1], one[:, 1] - other[:, 0]])
        found[~np.isfinite(found).all(axis=1)] = math.nan
        joined[kind] = {figure.id: found}
    return replace(first, sample=joined["sample"], prior=joined["prior"])
