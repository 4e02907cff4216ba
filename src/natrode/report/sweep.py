"""Page of a sweep: a map of every quantity and of how the cells ended, and a table of the points."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from natrode import __version__
from natrode.report import plots
from natrode.report.page import Plots, render
from natrode.report.palette import DASHES, SEQUENCE, series_colour
from natrode.report.wording import number, unit_text
from natrode.workbench.sweep import FAILED, Sweep
from natrode.workbench.sweep_axes import RATIO, Axis

PANELS = 6
"""Combinations of further keys that are drawn for one quantity at most."""
ROWS = 300
"""Points that the page lists at most."""
WRITTEN = 120
"""Cells of a map up to which each carries its number."""
DECADES = 100.0
"""Largest over smallest value of a map from which on its colours go by the logarithm."""
_SCALE = [[n / (len(SEQUENCE) - 1), colour] for n, colour in enumerate(SEQUENCE)]


def sweep_page(done: Sweep) -> str:
    """Draw a sweep as one offline page."""
    made = Plots()
    cards: list[dict[str, Any]] = []
    constant: list[str] = []
    for quantity, unit in _drawn(done):
        values = _values(done, quantity)
        known = [v for v in values if v is not None]
        title = _with_unit(quantity, unit)
        if not known:
            continue
        if max(known) - min(known) <= 1e-9 * max(abs(v) for v in known) and len(known) == len(values):
            constant.append(f"{quantity}: {number(known[0], 4)} {unit_text(unit)}".strip())
            continue
        for heading, figure in _figures(done, quantity, title, values):
            name = f"{title}{heading}"
            cards.append({"title": quantity + heading, "plot": made.add(figure, f"{name}, simulated")})
    outcomes = _outcomes(done)
    ends = [
        {"title": f"How the cells ended{heading}", "plot": made.add(figure, f"how the cells ended{heading}, simulated")}
        for heading, figure in (_outcome_figures(done) if len(outcomes) > 1 else ())
    ]
    others = [len(axis.values) for axis in _order(done.plan.axes)[2:]]
    hidden = max(math.prod(others) - PANELS, 0)
    return render(
        "sweep.html.j2",
        title=done.title,
        version=__version__,
        axes=[{"key": _with_unit(axis.key, axis.unit), "values": _axis_text(axis)} for axis in done.plan.axes],
        count=len(done.outcomes),
        failed=done.failed,
        outcomes=outcomes,
        warnings=sorted({w for outcome in done.outcomes for w in outcome.get("warnings", [])})[:8],
        cards=cards,
        ends=ends,
        hidden=hidden,
        constant=constant,
        head=[_with_unit(axis.key, axis.unit) for axis in done.plan.axes],
        columns=[_with_unit(quantity, unit) for quantity, unit in _drawn(done)],
        rows=list(itertools.islice(_rows(done), ROWS)),
        methods=done.methods(),
    )


def _drawn(done: Sweep) -> list[tuple[str, str]]:
    """Quantities with a number at any point, with their units."""
    found = list(done.quantities().items())
    varied = RATIO in [axis.key for axis in done.plan.axes]
    if not varied and any(outcome.get(RATIO) is not None for outcome in done.outcomes):
        found.append((f"{RATIO} computed", "1"))
    if len({outcome.get("cycles") for outcome in done.outcomes}) > 1:
        found.insert(0, ("cycles run", "1"))
    return [(name, unit) for name, unit in found if any(v is not None for v in _values(done, name))]


def _values(done: Sweep, quantity: str) -> list[float | None]:
    """One value per point, None where there is none."""
    if quantity == f"{RATIO} computed":
        return [outcome.get(RATIO) for outcome in done.outcomes]
    if quantity == "cycles run":
        return [outcome.get("cycles") for outcome in done.outcomes]
    return [
        next((r["value"] for r in outcome.get("results", []) if r["quantity"] == quantity), None)
        for outcome in done.outcomes
    ]


def _reasons(done: Sweep, quantity: str) -> list[str]:
    """Of each point: why there is no value, or what is doubtful about it."""
    found = []
    for outcome in done.outcomes:
        said = next((r["reason"] for r in outcome.get("results", []) if r["quantity"] == quantity), "")
        found.append(outcome.get("error") or said or "")
    return found


def _with_unit(quantity: str, unit: str) -> str:
    shown = unit_text(unit)
    return f"{quantity} / {shown}" if shown else quantity


def _order(axes: Sequence[Axis]) -> list[Axis]:
    """Axes with numbers first: they carry the plots."""
    return sorted(axes, key=lambda axis: not axis.is_number)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else number(value, 4)


def _axis_text(axis: Axis) -> str:
    if not axis.is_number or len(axis.values) <= 8:
        return ", ".join(map(_text, axis.values))
    how = "evenly spaced in the logarithm" if axis.logarithmic else "evenly spaced"
    return f"{_text(axis.values[0])} to {_text(axis.values[-1])}, {len(axis.values)} values {how}"


def _panels(done: Sweep, axes: Sequence[Axis]) -> Iterator[tuple[str, list[int]]]:
    """For every combination of the axes that a plot does not show: a heading, and the points in the plot's order."""
    plan = done.plan
    own = list(plan.axes)
    numbered = {point: n for n, point in enumerate(plan.points)}
    others = [axis for axis in own if axis not in axes]
    for place in itertools.islice(itertools.product(*(range(len(a.values)) for a in others)), PANELS):
        fixed = dict(zip((a.key for a in others), place, strict=True))
        points = []
        for inner in itertools.product(*(range(len(a.values)) for a in axes)):
            at = {**fixed, **dict(zip((a.key for a in axes), inner, strict=True))}
            points.append(numbered[tuple(at[axis.key] for axis in own)])
        words = [
            f"{a.key} {_text(a.values[n])} {unit_text(a.unit)}".strip() for a, n in zip(others, place, strict=True)
        ]
        yield (f", {', '.join(words)}" if words else ""), points


def _figures(done: Sweep, quantity: str, title: str, values: list[float | None]) -> Iterator[tuple[str, plots.Figure]]:
    axes = _order(done.plan.axes)
    if len(axes) == 1 or not axes[1].is_number:
        yield from _lines(done, title, values)
        return
    known = [v for v in values if v is not None]
    reasons = _reasons(done, quantity)
    low, high = min(known), max(known)
    bar: dict[str, Any] = {"thickness": 10, "outlinewidth": 0, "exponentformat": "power"}
    bar["title"] = {"text": title.rpartition(" / ")[2] if " / " in title else "", "side": "top"}
    trace = {"colorscale": _SCALE, "zmin": low, "zmax": high, "colorbar": bar, "showscale": low < high}
    decades = low > 0.0 and high > DECADES * low
    if decades:  # one large value would leave one colour to all others
        trace |= {"zmin": math.log10(low), "zmax": math.log10(high)}
        bar["tickvals"] = list(range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1))
        bar["ticktext"] = [number(10.0**n, 1) for n in bar["tickvals"]]
    for heading, points in _panels(done, axes[:2]):
        z = [values[n] for n in points]
        if len(z) <= WRITTEN:
            digits = 3 if low == high else min(max(math.ceil(math.log10(max(-low, high) / (high - low))) + 2, 3), 5)
            trace["text"] = _grid(["" if v is None else number(v, digits) for v in z], axes)
            trace["texttemplate"] = "%{text}"
        colours = [None if v is None else math.log10(v) for v in z] if decades else z
        yield heading, _map(axes, z, colours, [reasons[n] for n in points], title, trace)


def _grid(cells: list[Any], axes: Sequence[Axis]) -> list[list[Any]]:
    """Rows along the second axis from cells in the order of the points."""
    n, m = (len(axis.values) for axis in axes[:2])
    return [[cells[i * m + j] for i in range(n)] for j in range(m)]


def _map(
    axes: Sequence[Axis], z: list[float | None], colours: list[float | None], said: list[str], title: str,
    trace: dict[str, Any],
) -> plots.Figure:  # fmt: skip
    """Cells of equal size, whatever the spacing of the values; a cell without a value stays empty."""
    x, y = axes[:2]
    made = plots.layout(_with_unit(x.key, x.unit), _with_unit(y.key, y.unit), height=140 + 30 * max(len(y.values), 6))
    for key, axis in (("xaxis", x), ("yaxis", y)):
        made[key] |= {"type": "category", "showgrid": False, "ticks": "", "zeroline": False}
        made[key] |= {"nticks": 14} if len(axis.values) > 14 else {}
    where = f"{plots.label(x.title)}: %{{x}}<br>{plots.label(y.title)}: %{{y}}<br>"
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [plots.label(_text(v)) for v in x.values],
                "y": [plots.label(_text(v)) for v in y.values],
                "z": _grid([None if v is None else plots.numbers([v])[0] for v in colours], axes),
                "customdata": _grid([None if v is None else plots.numbers([v])[0] for v in z], axes),
                "hovertext": _grid([plots.label(text) for text in said], axes),
                "xgap": 1,
                "ygap": 1,
                "hoverongaps": True,
                "hovertemplate": f"{where}{plots.label(title)}: %{{customdata:.4~g}}<br>%{{hovertext}}<extra></extra>",
                **trace,
            }
        ],
        "layout": made,
    }


def _lines(done: Sweep, title: str, values: list[float | None]) -> Iterator[tuple[str, plots.Figure]]:
    """One line per word of the second axis against the first; symbols alone against words."""
    axes = _order(done.plan.axes)
    x, others = axes[0], axes[1:]
    x_title = _with_unit(x.key, x.unit)
    unit = title.rpartition(" / ")[2] if " / " in title else ""  # the heading says what it is, the axis its unit
    made = plots.layout(x_title, unit, x_log=x.logarithmic)
    traces = []
    panels = list(_panels(done, [x]))
    for n, (heading, points) in enumerate(panels):
        name = heading.removeprefix(", ") or title
        y = [math.nan if values[k] is None else float(values[k]) for k in points]  # type: ignore[arg-type]
        abscissa = [float(v) for v in x.values] if x.is_number else list(range(len(x.values)))
        trace = plots.line(
            name, abscissa, y, series_colour(n, len(panels)), x_title=x_title, y_title=title,
            dash=DASHES[n % len(DASHES)],
        )  # fmt: skip
        trace |= {"mode": "lines+markers" if x.is_number else "markers", "marker": {"size": 7}}
        if not x.is_number:
            trace["x"] = [plots.label(str(v)) for v in x.values]
        traces.append(trace)
    made["showlegend"] = bool(others)
    yield "", {"data": traces, "layout": made}


def _outcomes(done: Sweep) -> dict[str, int]:
    """How often each outcome came, most often first."""
    found: dict[str, int] = {}
    for outcome in done.outcomes:
        found[outcome["outcome"]] = found.get(outcome["outcome"], 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _outcome_figures(done: Sweep) -> Iterator[tuple[str, plots.Figure]]:
    """Maps of how the cells ended, a colour for each way."""
    axes = _order(done.plan.axes)
    names = sorted(_outcomes(done), key=lambda name: (name != "completed", name == FAILED, name))
    count = len(names)
    said = [outcome.get("error") or outcome.get("end") or "" for outcome in done.outcomes]
    colours = ["#009E73" if n == "completed" else _ENDS[k % len(_ENDS)] for k, n in enumerate(names)]
    scale = [[edge / count, colour] for k, colour in enumerate(colours) for edge in (k, k + 1)]
    if len(axes) == 1:
        x = axes[0]
        made = plots.layout(_with_unit(x.key, x.unit), "", height=80 + 44 * count)
        made["yaxis"] |= {"type": "category", "categoryorder": "array", "categoryarray": names[::-1]}
        made["xaxis"] |= {"type": "category"}
        made["showlegend"] = False
        marks: plots.Trace = {
            "type": "scatter", "mode": "markers", "x": [plots.label(_text(v)) for v in x.values],
            "y": [outcome["outcome"] for outcome in done.outcomes], "hovertext": [plots.label(t) for t in said],
            "hoverinfo": "text",
            "marker": {"size": 11, "color": [colours[names.index(o["outcome"])] for o in done.outcomes]},
        }  # fmt: skip
        yield "", {"data": [marks], "layout": made}
        return
    for heading, points in _panels(done, axes[:2]):
        z: list[float | None] = [float(names.index(done.outcomes[n]["outcome"])) for n in points]
        bar = {"tickvals": list(range(count)), "ticktext": names, "thickness": 10, "outlinewidth": 0}
        trace: plots.Trace = {"colorscale": scale, "zmin": -0.5, "zmax": count - 0.5, "colorbar": bar}
        figure = _map(axes, z, z, [said[n] for n in points], "", trace)
        figure["data"][0]["hovertemplate"] = "%{hovertext}<extra></extra>"
        yield heading, figure


_ENDS = ("#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#8A8F98", "#6B4C9A")


def _rows(done: Sweep) -> Iterator[dict[str, Any]]:
    columns = [(quantity, _values(done, quantity), _reasons(done, quantity)) for quantity, _ in _drawn(done)]
    for n, (point, outcome) in enumerate(zip(done.plan.points, done.outcomes, strict=True)):
        yield {
            "at": [_text(value) for value in done.plan.at(point).values()],
            "outcome": outcome["outcome"],
            "end": outcome.get("error") or outcome.get("end") or "",
            "cells": [{"text": number(values[n], 4), "why": reasons[n]} for _, values, reasons in columns],
        }
