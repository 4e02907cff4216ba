"""What is anode, electrolyte and cathode in the losses of full cells, draw by draw.

A loss is what a cell falls short of the same cell without the resistances and limits of a part: of its capacity, of the
capacity that it keeps over its cycles, or in the distance of charge and discharge. The parts act on each other (a slow
cathode makes an anode's overpotential matter), so that each gets the mean of what it costs over all orders of adding
them: the Shapley value. The shares sum to the loss exactly.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.cell import FullCell
from natrode.protocol import Protocol
from natrode.reproduce.calibrate import stored_sample
from natrode.reproduce.library import load_paper
from natrode.reproduce.paper import CellComparison, Loss, Paper
from natrode.reproduce.quick_full import QuickFullRun
from natrode.reproduce.table import Curve, FigureRow, PublishedPoint, View
from natrode.reproduce.trials import inherited
from natrode.simulate import kernel as anode_kernel
from natrode.simulate.fullcell import assemble, run
from natrode.simulate.fullcell.assemble import FullModel
from natrode.units import from_si

FloatArray = npt.NDArray[np.float64]
Part = str
Quantity = Literal["capacity", "fade", "voltage-gap"]

PARTS: tuple[Part, ...] = ("anode", "electrolyte", "cathode")
DRAWS = 12
"""Draws of the sample, evenly spaced, that a loss is taken apart on."""
_NOTHING = 1e-9


def without(model: FullModel, parts: Sequence[Part]) -> FullModel:
    """The same cell without what some of its parts cost.

    The anode costs resistance, contact, film, filaments and sodium that does not come back; the cathode inactive
    material, diffusion, transfer, pores, and sulfur that is lost.
    """
    anode, properties, cell = model.anode, dict(model.properties), model.cell
    if "anode" in parts:
        rows = anode.electrodes.copy()
        rows[1, anode_kernel.CONTACT_RESISTANCE] *= _NOTHING
        rows[1, anode_kernel.FILM_LAW] = rows[1, anode_kernel.FILM_RESISTANCE] = 0.0
        rows[1, anode_kernel.VOID_CAPACITY] = 1.0
        rows[1, anode_kernel.PROTRUSION_CHARGE] = rows[1, anode_kernel.RESERVOIR] = np.inf
        cell = cell.model_copy(update={"plating_efficiency": 1.0})
        anode = replace(anode, electrodes=rows)
    if "electrolyte" in parts:
        electrolyte = {**anode.electrolyte, "resistance": anode.electrolyte["resistance"] * _NOTHING}
        anode = replace(anode, electrolyte=electrolyte)
    if "cathode" in parts:
        properties["active_fraction"] = 1.0
        for name in ("charge_transfer_resistance", "wetted_resistance", "dry_resistance"):
            properties[name] *= _NOTHING
        if "particle_radius" in properties:
            properties["diffusivity"] = max(properties["diffusivity"], 1e-9)
        if "loss_rate" in properties:
            properties["loss_rate"] = 0.0
    return replace(model, anode=anode, properties=properties, cell=cell)


def shares(loss: Callable[[frozenset[Part]], float], parts: Sequence[Part] = PARTS) -> dict[Part, float]:
    """Shapley values of a loss.

    Args:
        loss: with only these parts costing anything.
        parts: their names.

    Returns:
        Share of each part; they sum to loss(all) - loss(none).

    Formula: share_i = sum over S without i of |S|! (n - |S| - 1)!/n! (loss(S + i) - loss(S)).

    Source: Shapley, A value for n-person games, Contributions to the Theory of Games II (1953) 307 (`unverified`).
    """
    count = len(parts)
    values = {
        frozenset(chosen): loss(frozenset(chosen)) for size in range(count + 1) for chosen in combinations(parts, size)
    }
    found = {}
    for part in parts:
        others = [name for name in parts if name != part]
        total = 0.0
        for size in range(count):
            weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
            for chosen in combinations(others, size):
                total += weight * (values[frozenset(chosen) | {part}] - values[frozenset(chosen)])
        found[part] = total
    return found


def taken_apart(model: FullModel, protocol: Protocol, asked: Loss) -> dict[Part, float]:
    """Shares of the parts of one cell in a loss of capacity [C/kg] or in a voltage gap [V].

    `cut-offs` is the rest: what is lost without any of the parts. A cell that has failed gives no capacity.
    """

    def loss(costly: frozenset[Part]) -> float:
        changed = without(model, [part for part in PARTS if part not in costly])
        done = QuickFullRun(run.course(changed, protocol).samples, model.cell.active_mass)

        def capacity(cycle: int) -> float:
            value = done.value("discharge-capacity", {"cycle": cycle})
            return 0.0 if math.isnan(value) else value

        if asked.quantity == "voltage-gap":
            return done.value("voltage-gap", {"cycle": asked.cycle})
        begin = model.properties["specific_charge"] if asked.since is None else capacity(asked.since)
        return begin - capacity(asked.cycle)

    found = shares(loss)
    found["cut-offs"] = loss(frozenset())
    return found


def views(papers: Sequence[Paper], found: Mapping[tuple[str, str | int], Any]) -> list[View]:
    """A chart per paper and kind of loss of what its full cells lose where, with 5-95 % over draws of the sample.

    `found` holds what `drawn` gave for each paper's key and loss.
    """
    charts = []
    for paper in papers:
        for kind in _WHAT:
            losses = {n: loss.name for n, loss in enumerate(paper.losses) if loss.quantity == kind}
            if losses:
                charts.append(_view(paper, kind, tuple(losses.values()), [found[paper.key, n] for n in losses]))
    return charts


def drawn(key: str, number: int, draws: int = DRAWS) -> list[dict[Part, float]]:
    """Shares of one of a paper's losses on evenly spaced draws of its sample, without draws that have no such cycle."""
    paper = load_paper(key)
    asked, sample = paper.losses[number], stored_sample(paper, "full-cell")
    trial = paper.trial(asked.experiment)
    cell, protocol = paper.cell(trial.cell), _until(paper.protocol(trial.protocol), asked.cycle)
    assert isinstance(cell, FullCell)
    model = assemble.assemble(cell)
    found = []
    for draw in np.linspace(0, len(sample.values) - 1, draws).astype(int):
        changed = assemble.override(model, inherited(cell, sample.overrides(int(draw))))
        parts = taken_apart(changed, protocol, asked)
        if all(math.isfinite(value) for value in parts.values()):
            found.append(parts)
    return found


def _until(protocol: Protocol, cycle: int) -> Protocol:
    """The protocol up to a cycle."""
    passed, kept = 0, []
    for step in protocol.steps:
        rates, cycles = max(1, len(getattr(step, "rates", ()))), getattr(step, "cycles", 0)
        if rates == 1 and passed + cycles > cycle:
            step = step.model_copy(update={"cycles": cycle - passed})
        kept.append(step)
        passed += cycles * rates
        if passed >= cycle:
            break
    return protocol.model_copy(update={"steps": tuple(kept)})


_WHAT: dict[Quantity, tuple[str, str, str]] = {
    "capacity": ("losses", "capacity that is lost against theory", "loss / (mAh/g)"),
    "fade": ("fade", "capacity that is lost over the cycles", "fade / (mAh/g)"),
    "voltage-gap": ("gaps", "charge-discharge gap", "gap / mV"),
}


def _view(paper: Paper, kind: Quantity, names: tuple[str, ...], each: Sequence[list[dict[Part, float]]]) -> View:
    scale = 1e3 if kind == "voltage-gap" else 1 / 3600
    curves = []
    for part in (*PARTS, "cut-offs"):
        spans = np.array([np.quantile([d[part] * scale for d in found], [0.5, 0.05, 0.95]) for found in each]).T
        curves.append(Curve(part, np.arange(len(names), dtype=float), *spans))
    name, what, unit = _WHAT[kind]
    return View(
        id=f"{paper.short.lower()}-{name}",
        paper=paper.key,
        title=f"Full cells: who makes the {what}, median and 5-95 % of {DRAWS} draws",
        kind="categories",
        x_title="cell",
        y_title=f"share of the {unit}",
        curves=tuple(curves),
        note=_NOTES[kind],
        x_names=names,
    )


_SUM = "Shares over all orders of adding the parts; they sum to the loss. "
_NOTES: dict[Quantity, str] = {
    "capacity": _SUM + "Cathode: inactive material, diffusion, charge transfer and pores. Cut-offs: what the voltage "
    "window leaves out without any resistance.",
    "voltage-gap": _SUM + "Cathode: diffusion, charge transfer and pores.",
    "fade": _SUM + "Only the anode and sulfur age in the model, but what the anode's growing resistance costs depends "
    "on the others: a cathode that takes part only in part leaves less to fade, a negative share. A cell that failed "
    "before gives no capacity, so that its whole capacity counts as faded.",
}


def literature_views(papers: Sequence[Paper], rows: Sequence[FigureRow]) -> list[View]:
    """Full cells of others as a paper lists them as a chart, with those computed here in it."""
    return [_compared(paper, paper.comparison, rows) for paper in papers if paper.comparison is not None]


def _compared(paper: Paper, comparison: CellComparison, rows: Sequence[FigureRow]) -> View:
    by_id = {row.id: row for row in rows}
    shown = [cell for cell in comparison.cells if cell.figure is None or _is_computed(by_id.get(cell.figure))]
    points, computed = [], []
    for place, cell in enumerate(shown):
        if cell.capacity is not None:
            value = from_si(cell.capacity, "mAh/g", "specific charge")
            lasted = "" if cell.cycles is None else f", {cell.cycles} cycles"
            points.append(PublishedPoint(place, value, f"{cell.cell}: {value:g} mAh/g{lasted}", comparison.where))
            continue
        row = by_id[str(cell.figure)]
        computed.append((place, row.computed, *(row.interval or ())))
        if isinstance(row.published, (int, float)):
            points.append(PublishedPoint(place, float(row.published), f"{cell.cell}: {row.published:g}", row.where))
    curve = Curve("computed, median and 5-95 %", *np.array(computed, float).reshape(-1, 4).T)
    return View(
        id=f"{paper.short.lower()}-literature",
        paper=paper.key,
        title=comparison.title,
        kind="categories",
        x_title="cell",
        y_title="discharge capacity / (mAh/g)",
        curves=(curve,),
        published=tuple(points),
        figures=tuple(cell.figure for cell in shown if cell.figure is not None),
        note=comparison.note,
        x_names=tuple(cell.cell for cell in shown),
    )


def _is_computed(row: FigureRow | None) -> bool:
    return row is not None and row.interval is not None
