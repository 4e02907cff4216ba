"""What is anode, electrolyte and cathode in the losses of full cells, draw by draw.

A loss is what a cell falls short of the same cell without the resistances and limits of a part. The parts act on each
other (a slow cathode makes an anode's overpotential matter), so that each gets the mean of what it costs over all
orders of adding them: the Shapley value. The shares sum to the loss exactly.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from natrode.cell import FullCell
from natrode.protocol import Protocol
from natrode.reproduce.calibrate import Sample, stored_sample
from natrode.reproduce.library import Paper
from natrode.reproduce.quick_full import QuickFullRun
from natrode.reproduce.table import Curve, FigureRow, PublishedPoint, View
from natrode.reproduce.trials import inherited
from natrode.simulate import kernel as anode_kernel
from natrode.simulate.fullcell import assemble, run
from natrode.simulate.fullcell.assemble import FullModel

FloatArray = npt.NDArray[np.float64]
Part = str

PARTS: tuple[Part, ...] = ("anode", "electrolyte", "cathode")
DRAWS = 12
"""Draws of the sample, evenly spaced, that a loss is taken apart on."""
_NOTHING = 1e-9


@dataclass(frozen=True)
class Loss:
    """A loss that is taken apart: what is asked of which cycle of an experiment."""

    trial: str
    name: str
    analysis: str = "discharge-capacity"
    cycle: int = 1


LOSSES: dict[str, tuple[Loss, ...]] = {
    "hybrid-na-2022": (Loss("hna-nvp-first-cycles", "NVP, h-Na, 5C"),),
    "bh-na-2021": (
        Loss("bh-nvp-cell-bh", "NVP, BH, 5C", "voltage-gap", 200),
        Loss("bh-nvp-cell-bare", "NVP, bare Na, 5C", "voltage-gap", 200),
    ),
    "pbc-2022": (
        Loss("pbc-nvp-cycling-pbc", "NVP, Pb/C, 0.2C"),
        Loss("pbc-nvp-cycling-na", "NVP, Na, 0.2C"),
        Loss("pbc-sulfur-pbc", "S, Pb/C, 60 degC"),
        Loss("pbc-sulfur-na", "S, Na, 60 degC"),
    ),
    "or-na-2024": (Loss("or-nvp-rates", "NVP, ORNa, 2C", cycle=8),),
    "naf-sn-2019": (Loss("naf-nvp-rate", "NVP, M-Na, 2C"),),
}
"""By paper."""


def without(model: FullModel, parts: Sequence[Part]) -> FullModel:
    """The same cell without what some of its parts cost: resistances, contact loss, inactive material, diffusion."""
    anode, properties = model.anode, dict(model.properties)
    if "anode" in parts:
        rows = anode.electrodes.copy()
        rows[1, anode_kernel.CONTACT_RESISTANCE] *= _NOTHING
        rows[1, anode_kernel.FILM_LAW] = rows[1, anode_kernel.FILM_RESISTANCE] = 0.0
        rows[1, anode_kernel.VOID_CAPACITY] = 1.0
        rows[1, anode_kernel.PROTRUSION_CHARGE] = np.inf
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
    return replace(model, anode=anode, properties=properties)


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
    """Shares of the parts of one cell in a loss of capacity [C/kg] or in a voltage gap [V]; `cut-offs` is the rest."""

    def loss(costly: frozenset[Part]) -> float:
        changed = without(model, [part for part in PARTS if part not in costly])
        done = QuickFullRun(run.course(changed, protocol).samples, model.cell.active_mass)
        value = done.value(asked.analysis, {"cycle": asked.cycle})
        if asked.analysis == "voltage-gap":
            return value
        return model.properties["specific_charge"] - (0.0 if math.isnan(value) else value)

    found = shares(loss)
    found["cut-offs"] = loss(frozenset())
    return found


def views(papers: Sequence[Paper]) -> list[View]:
    """A chart per paper of what its full cells lose where, with 5-95 % over draws of the sample."""
    return [_view(paper, LOSSES[paper.key]) for paper in papers if paper.key in LOSSES]


def drawn(paper: Paper, asked: Loss, sample: Sample, draws: int = DRAWS) -> list[dict[Part, float]]:
    """Shares on evenly spaced draws of the sample, those left out on which the cell has no such cycle."""
    trial = paper.trial(asked.trial)
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    assert isinstance(cell, FullCell)
    model = assemble.assemble(cell)
    found = []
    for draw in np.linspace(0, len(sample.values) - 1, draws).astype(int):
        changed = assemble.override(model, inherited(cell, sample.overrides(int(draw))))
        parts = taken_apart(changed, _until(protocol, asked.cycle), asked)
        if all(math.isfinite(value) for value in parts.values()):
            found.append(parts)
    return found


def _until(protocol: Protocol, cycle: int) -> Protocol:
    """The protocol without the steps after the one in which a cycle lies."""
    passed, kept = 0, []
    for step in protocol.steps:
        kept.append(step)
        passed += getattr(step, "cycles", 0) * max(1, len(getattr(step, "rates", ())))
        if passed >= cycle:
            break
    if len(kept) == 1 and cycle == 1:
        kept = [kept[0].model_copy(update={"cycles": 1})]
    return protocol.model_copy(update={"steps": tuple(kept)})


def _view(paper: Paper, losses: Sequence[Loss]) -> View:
    gap = losses[0].analysis == "voltage-gap"
    sample = stored_sample(paper, "full-cell")
    each = [drawn(paper, loss, sample) for loss in losses]
    scale = 1e3 if gap else 1 / 3600
    curves = []
    for part in (*PARTS, "cut-offs"):
        spans = np.array([np.quantile([d[part] * scale for d in found], [0.5, 0.05, 0.95]) for found in each]).T
        curves.append(Curve(part, np.arange(len(losses), dtype=float), *spans))
    what = "charge-discharge gap" if gap else "capacity that is lost against theory"
    return View(
        id=f"{paper.short.lower()}-losses",
        paper=paper.key,
        title=f"Full cells: who makes the {what}, median and 5-95 % of {DRAWS} draws",
        kind="categories",
        x_title="cell",
        y_title=f"share of the {'gap / mV' if gap else 'loss / (mAh/g)'}",
        curves=tuple(curves),
        note="Shares over all orders of adding the parts; they sum to the loss. Cathode: inactive material, diffusion, "
        "charge transfer and pores. Cut-offs: what the voltage window leaves out without any resistance.",
        x_names=tuple(loss.name for loss in losses),
    )


LITERATURE = (
    ("trilayer NZSP | NVP, 1C", 96.7),
    ("Pr-NZSP | NVP, 0.5C", 109.1),
    ("Sc-NZSP | NVCP, 100 mA/g", 105.0),
    ("AlF3@NZSP | NVP, 1C", 133.1),
    ("annealed NZSP | NVP, 1C", 106.0),
    ("SnS2@NZSP | NVP, 1C", 104.0),
    ("NZSP | NaCrO2, 5C", 102.6),
    ("NZSP-Na2B4O7 | NVCP, 100 mA/g", 100.0),
    ("SnOx/Sn-NZSP | NVP, 1C", 103.1),
)
"""Full cells on NZSP that Table 1 of pbc-2022 lists, with their capacities [mAh/g]."""
COMPUTED = (
    ("h-Na | NVP, 5C", "hna-nvp-first"),
    ("ORNa | NVP, 1C", "or-nvp-1c"),
    ("Pb/C | NVP, 0.5C", "pbc-nvp-pbc"),
    ("Na | NVP, 0.5C (PbC)", "pbc-nvp-na"),
    ("M-Na | NVP, 2C", "naf-nvp-2c"),
    ("BH | NVP, 5C (liquid)", "bh-nvp-capacity-bh"),
)
"""Cells that were computed here, by the row that holds them."""


def literature_view(rows: Sequence[FigureRow]) -> list[View]:
    """Table 1 of PbC as a chart, with the computed cells in it."""
    by_id = {row.id: row for row in rows}
    if "pbc-nvp-pbc" not in by_id:
        return []
    shown = [(name, by_id[key]) for name, key in COMPUTED if key in by_id and by_id[key].interval is not None]
    at = len(LITERATURE) + np.arange(len(shown), dtype=float)
    numbers = [(float(row.computed), *(row.interval or (None, None))) for _, row in shown]  # type: ignore[arg-type]
    middle, low, high = np.array([[math.nan if v is None else v for v in n] for n in numbers], float).T
    points = [PublishedPoint(float(n), v, f"{name}: {v:g} mAh/g", "Table 1") for n, (name, v) in enumerate(LITERATURE)]
    for place, (name, row) in zip(at, shown, strict=True):
        if isinstance(row.published, (int, float)):
            points.append(PublishedPoint(float(place), float(row.published), f"{name}: {row.published:g}", row.where))
    return [
        View(
            id="pbc-literature",
            paper="pbc-2022",
            title="Full cells on NZSP: the literature as Table 1 of the paper lists it, and the cells computed here",
            kind="categories",
            x_title="cell",
            y_title="discharge capacity / (mAh/g)",
            curves=(Curve("computed, median and 5-95 %", at, middle, low, high),),
            published=tuple(points),
            figures=tuple(row.id for _, row in shown),
            note="Rates, loadings and cut-offs differ, so this is no ranking; 133.1 mAh/g exceeds NVP's 117.6.",
            x_names=(*(name for name, _ in LITERATURE), *(name for name, _ in shown)),
        )
    ]
