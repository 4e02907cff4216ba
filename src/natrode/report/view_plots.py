"""One plot per experiment of a reproduction: the model as a band, published numbers as points."""

from collections.abc import Callable

import numpy as np

from natrode.report import plots
from natrode.report.decimation import Array
from natrode.report.palette import series_colour
from natrode.report.plots import Figure, Trace
from natrode.report.wording import number
from natrode.reproduce.table import Curve, View

_ORDERED_FROM = 4
"""Spectra from this many on are a series: coloured from first to last."""


def view_figure(view: View) -> Figure:
    """Draw one experiment; every kind of view has its own function."""
    return _KINDS[view.kind](view)


def _lines(view: View, *, staircase: bool = False) -> Figure:
    traces: list[Trace] = []
    for index, curve in enumerate(view.curves):
        traces += plots.banded_line(
            curve.name,
            curve.x,
            curve.y,
            curve.low,
            curve.high,
            index=index,
            count=len(view.curves),
            x_title=view.x_title,
            y_title=view.y_title,
            staircase=staircase,
        )
    if view.published:
        traces.append(plots.published_points(view.published, _label_corners(view)))
    lines = sum(str(trace["name"]).count("<br>") + 1 for trace in traces if trace.get("showlegend", True))
    height = 300 + 20 * max(lines, 2)
    return {
        "data": traces,
        "layout": plots.layout(view.x_title, view.y_title, x_log=view.x_log, y_log=view.y_log, height=height),
    }


def _label_corners(view: View) -> list[str]:
    """Where each published point's label has room: towards the middle of the plot, neighbours on different sides."""
    x = _fractions([p.x for p in view.published], [curve.x for curve in view.curves], view.x_log)
    y = _fractions([p.y for p in view.published], [_reach(curve) for curve in view.curves], view.y_log)
    sides: list[str] = []
    for n, (u, v) in enumerate(zip(x, y, strict=True)):
        side = "left" if u > 0.5 else "right"
        for m in range(n):
            if abs(v - y[m]) < 0.1 and abs(u - x[m]) < 0.25:  # beside a neighbour: outwards on both
                sides[m], side = ("left", "right") if x[m] < u else ("right", "left")
        sides.append(side)
    return [f"{'bottom' if v > 0.8 else 'top'} {side}" for v, side in zip(y, sides, strict=True)]


def _reach(curve: Curve) -> Array:
    return curve.y if curve.high is None else np.concatenate([curve.y, curve.high])


def _fractions(points: list[float], curves: list[Array], log: bool) -> list[float]:
    """Positions of `points` between the ends of everything drawn, 0 to 1."""
    everything = np.concatenate([points, *curves])
    values = np.asarray(points, dtype=float)
    if log:
        everything, values = everything[everything > 0], np.maximum(values, np.finfo(float).tiny)
        everything, values = np.log10(everything), np.log10(values)
    low, high = float(np.nanmin(everything)), float(np.nanmax(everything))
    fractions: list[float] = ((values - low) / ((high - low) or 1.0)).tolist()
    return fractions


def _staircase(view: View) -> Figure:
    return _lines(view, staircase=True)


def _nyquist(view: View) -> Figure:
    count = len(view.curves)
    ordered = count >= _ORDERED_FROM
    traces: list[Trace] = []
    for index, curve in enumerate(view.curves):
        colour = series_colour(index, count, ordered=ordered)
        if curve.low is not None and curve.high is not None:
            traces.append(plots.band(curve.name, curve.x, curve.low, curve.high, colour))
        frequency = getattr(curve, "frequency", None)
        traces.append(plots.spectrum(curve.name, curve.x, curve.y, frequency, colour, decades=index == count - 1))
    if view.published:
        corners = [corner.replace("top", "bottom") for corner in _label_corners(view)]
        traces.append(plots.published_points(view.published, corners))
    return plots.equal_axes({"data": traces, "layout": plots.layout(view.x_title, view.y_title, height=360)})


def _categories(view: View) -> Figure:
    """Bars or dots with error bars over named categories; long names are written on the vertical axis."""
    names = view.x_names or tuple(number(x) for x in (view.curves[0].x if view.curves else ()))
    horizontal = max(map(len, names), default=0) > 9 or len(names) > 9
    bars = view.kind == "bars" and not view.y_log
    count = len(view.curves)
    traces = [_category_series(curve, index, count, view, bars, horizontal) for index, curve in enumerate(view.curves)]
    if view.published:
        traces.append(plots.published_points(view.published, horizontal=horizontal))
    height = max(240, 120 + len(names) * (22 + 14 * count)) if horizontal else 340
    made = plots.layout(view.x_title, view.y_title, y_log=view.y_log, height=height)
    made["bargap"] = 0
    named = plots.axis(view.x_title) | {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [plots.label(name) for name in names],
        "range": [-0.6, len(names) - 0.4],
        "showgrid": False,
        "zeroline": False,
    }
    valued = plots.axis(view.y_title, log=view.y_log) | ({"rangemode": "tozero"} if bars else {})
    if horizontal:
        made |= {"xaxis": valued, "yaxis": named | {"range": [len(names) - 0.4, -0.6]}}
    else:
        made |= {"xaxis": named, "yaxis": valued}
    return {"data": traces, "layout": made}


def _category_series(curve: Curve, index: int, count: int, view: View, bars: bool, horizontal: bool) -> Trace:
    colour = series_colour(index, count)
    width = 0.7 / count
    shift = (index - (count - 1) / 2) * width
    positions, values = plots.numbers(curve.x + shift), plots.numbers(curve.y)
    along, across = ("y", "x") if horizontal else ("x", "y")
    trace: Trace = {
        "name": plots.label(curve.name),
        along: positions,
        across: values,
        "hovertemplate": f"{plots.label(curve.name)}<br>{plots.label(view.y_title)}: %{{{across}:.4~g}}<extra></extra>",
    }
    if curve.low is not None and curve.high is not None:
        trace[f"error_{across}"] = {
            "type": "data",
            "symmetric": False,
            "array": plots.numbers(np.maximum(curve.high - curve.y, 0.0)),
            "arrayminus": plots.numbers(np.maximum(curve.y - curve.low, 0.0)),
            "color": "@muted" if bars else colour,
            "thickness": 1.6,
            "width": 5,
        }
    if bars:
        look = {"type": "bar", "width": width * 0.9, "marker": {"color": colour, "opacity": 0.75}}
        return trace | look | {"orientation": "h" if horizontal else "v"}
    symbol = ("circle", "square", "triangle-up", "x")[index % 4]
    return trace | {"type": "scatter", "mode": "markers", "marker": {"color": colour, "size": 10, "symbol": symbol}}


_KINDS: dict[str, Callable[[View], Figure]] = {
    "line": _lines,
    "staircase": _staircase,
    "nyquist": _nyquist,
    "bars": _categories,
    "categories": _categories,
}
