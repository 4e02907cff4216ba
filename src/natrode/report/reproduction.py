"""The main job's two documents: the page that shows every figure, and the same table as data."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from natrode.report.comparison_plots import driver_figure, is_within, pairs, parity_figure, parity_range, ratio_figure
from natrode.report.glyph import range_glyph
from natrode.report.page import Plots, anchors, render
from natrode.report.palette import PREDICTIVE, ROLE, STATUS
from natrode.report.view_plots import view_figure
from natrode.report.wording import factor_text, number, severity, tolerance_units
from natrode.reproduce.table import FigureRow, FlagRow, PaperSummary, Reproduction, Role, Status, View

FIRST_KEYS = (
    "id",
    "paper",
    "quantity",
    "conditions",
    "published",
    "computed",
    "unit",
    "interval",
    "prior_interval",
    "baseline",
    "role",
    "status",
    "note",
)
"""Keys that every object of `figures.json` has, in this order; further keys follow."""

WIDE = 3.0
"""An interval wider than this factor is not informative."""


def figures_json(result: Reproduction) -> str:
    """Write the rows as a JSON list: numbers as numbers, unknown as null, an unbounded tolerance as null.

    Raises ValueError naming the row and the key for a NaN, or an infinity outside `tolerance`: an unknown number
    is None, and one that is NaN is a mistake further up.
    """
    return json.dumps([_plain_row(row) for row in result.rows], allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _plain_row(row: FigureRow) -> dict[str, Any]:
    data = row.to_json()
    if row.tolerance is not None:
        data["tolerance"] = [None if math.isinf(end) else end for end in row.tolerance]
    ordered = {key: data[key] for key in FIRST_KEYS} | data
    return {key: _plain(value, f"{row.id}: {key}") for key, value in ordered.items()}


def _plain(value: Any, where: str) -> Any:
    """Numbers of any kind as Python's own; refuses what JSON has no number for."""
    if isinstance(value, dict):
        return {key: _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, where) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}: an unknown number must be None")
    return value


@dataclass(frozen=True)
class RowShown:
    """One row with what the table draws beside it."""

    row: FigureRow
    anchor: str
    glyph: Markup
    severity: float
    misfit: str
    view: str | None
    """Anchor of the experiment that the row rests on."""

    @property
    def wide(self) -> bool:
        """Whether the interval says too little to be tested."""
        return self.row.width_factor is not None and self.row.width_factor > WIDE


@dataclass(frozen=True)
class ViewShown:
    """One experiment with its plot."""

    view: View
    anchor: str
    plot: dict[str, Any]
    rows: tuple[RowShown, ...]


@dataclass(frozen=True)
class PaperShown:
    """Everything of one paper."""

    summary: PaperSummary
    anchor: str
    rows: tuple[RowShown, ...]
    views: tuple[ViewShown, ...]
    flags: tuple[FlagRow, ...]
    statuses: dict[Status, int]
    roles: dict[Role, dict[Status, int]]
    coverage: tuple[int, int, float]
    drivers: dict[str, Any] | None


def reproduction_page(result: Reproduction) -> str:
    """Return `index.html`: one file that holds its data, styles and scripts and never asks the network."""
    for row in result.rows:
        _plain_row(row)
    plots = Plots()
    rows = _rows_shown(result)
    found = pairs(result.rows, {key: shown.anchor for key, shown in rows.items()})
    predictive = sum(row.role in PREDICTIVE for row in result.rows)
    drawn = len({pair.row.id for pair in found})
    misses = _worst_first(s for s in rows.values() if s.row.status == "misses")
    shown_range = parity_range(found)
    return render(
        "reproduction.html.j2",
        result=result,
        rows=list(rows.values()),
        blind=[s for s in rows.values() if s.row.role == "blind"],
        misses=misses,
        beside=_worst_first(rows[row.id] for row in result.beside()),
        failed=[s for s in rows.values() if s.row.status == "observation fails"],
        differing=[s for s in rows.values() if s.row.status == "arithmetic differs"],
        statuses=_status_counts(rows.values()),
        roles=Counter(row.role for row in result.rows),
        coverage=result.coverage(),
        tolerated=result.tolerated(),
        bounds=result.bounds(),
        papers=_papers_shown(result, rows, plots),
        parity=plots.add(parity_figure(found, shown_range), f"Computed against published values of {drawn} figures")
        if found
        else None,
        ratio=plots.add(ratio_figure(found), f"Computed over published values of {drawn} figures") if found else None,
        drawn_roles=[role for role in ROLE if any(pair.row.role == role for pair in found)],
        drawn_statuses=[status for status in STATUS if any(pair.row.status == status for pair in found)],
        drawn=drawn,
        outside=[p.row.id for p in found if not is_within(p, shown_range)],
        undrawn=predictive - drawn,
    )


def _rows_shown(result: Reproduction) -> dict[str, RowShown]:
    repeated = [key for key, n in Counter(row.id for row in result.rows).items() if n > 1]
    if repeated:
        raise ValueError(f"several rows have the id {', '.join(repeated)}")
    names = anchors("row", [row.id for row in result.rows])
    places = anchors("view", [view.id for view in result.views])
    home = {view.id: places[view.id] for view in result.views}
    for view in result.views:
        for figure in view.figures:
            home.setdefault(f"figure {figure}", places[view.id])
    shown = {}
    for row in result.rows:
        view_anchor = home.get(f"figure {row.id}") or home.get(row.experiment or "")
        shown[row.id] = RowShown(row, names[row.id], range_glyph(row), severity(row), misfit_text(row), view_anchor)
    return shown


def _worst_first(rows: Iterable[RowShown]) -> list[RowShown]:
    return sorted(rows, key=lambda shown: shown.severity, reverse=True)


def misfit_text(row: FigureRow) -> str:
    """Say how far off a row is: as a factor, and in half widths of the tolerated range."""
    parts = [factor_text(row)]
    units = tolerance_units(row)
    if units:
        parts.append(f"{number(units, 2)} tolerance {'unit' if round(units, 1) == 1 else 'units'} outside")
    return "; ".join(part for part in parts if part)


def _status_counts(rows: Any) -> dict[Status, int]:
    counted = Counter(shown.row.status for shown in rows)
    return {status: counted[status] for status in STATUS if counted[status]}


def _papers_shown(result: Reproduction, rows: dict[str, RowShown], plots: Plots) -> list[PaperShown]:
    """Group by paper in the order given; a key without bibliographic data still gets its section."""
    summaries = {paper.key: paper for paper in result.papers}
    named = [r.paper for r in result.rows], [v.paper for v in result.views], [f.paper for f in result.flags]
    for key in itertools.chain(*named):
        summaries.setdefault(key, PaperSummary(key, key, "", "", "", ()))
    names = anchors("paper", list(summaries))
    views = anchors("view", [view.id for view in result.views])
    shown = []
    for key, summary in summaries.items():
        own = [s for s in rows.values() if s.row.paper == key]
        drivers = driver_figure([s.row for s in own])
        shown.append(
            PaperShown(
                summary,
                names[key],
                tuple(own),
                tuple(_view_shown(v, views[v.id], rows, plots) for v in result.views if v.paper == key),
                tuple(flag for flag in result.flags if flag.paper == key),
                _status_counts(own),
                _role_counts(own),
                replace(result, rows=tuple(s.row for s in own)).coverage(),
                plots.add(drivers, f"Rank correlations of parameters and figures, {summary.short}")
                if drivers
                else None,
            )
        )
    return shown


def _role_counts(rows: Sequence[RowShown]) -> dict[Role, dict[Status, int]]:
    counts = {role: _status_counts([s for s in rows if s.row.role == role]) for role in ROLE}
    return {role: found for role, found in counts.items() if found}


def _view_shown(view: View, anchor: str, rows: dict[str, RowShown], plots: Plots) -> ViewShown:
    resting = tuple(shown for key, shown in rows.items() if key in view.figures or shown.row.experiment == view.id)
    described = f"{view.title}: {len(view.curves)} simulated curves, {len(view.published)} published points"
    return ViewShown(view, anchor, plots.add(view_figure(view), described), resting)
