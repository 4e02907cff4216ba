"""Small functions that make Plotly figures as plain dicts; colours that depend on the scheme are tokens.

A figure is `{"data": [...], "layout": {...}}`. Numbers are shortened to the digits that a screen can show, gaps
(NaN) become null, and text from outside is escaped, since Plotly reads a little HTML in its labels.
"""

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from natrode.report.decimation import Array, min_max_band
from natrode.report.palette import DASHES, INK, MUTED, series_colour, with_opacity
from natrode.report.wording import prose
from natrode.reproduce.table import PublishedPoint

Figure = dict[str, Any]
Trace = dict[str, Any]

POINTS_DRAWN = 800
"""Points of one trace that a page draws at most (min-max decimation above)."""
LEGEND_LETTERS = 48
"""Letters of one line of a legend: a phone has room for them."""
LABELLED = 5
"""Up to this many published points carry their label in the plot; more show it on hover and in the list below."""


def numbers(values: Iterable[float], digits: int = 5) -> list[float | None]:
    """Shorten numbers to `digits` significant digits; what is not finite becomes null (a gap)."""
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in map(float, values)]


def label(text: str) -> str:
    """Escape text for Plotly's labels and hover boxes."""
    return html.escape(text, quote=False).replace("%{", "% {")


def axis(title: str, *, log: bool = False) -> dict[str, Any]:
    """One axis with its title (which holds the unit)."""
    settings: dict[str, Any] = {"title": {"text": label(prose(title)), "standoff": 8}, "automargin": True}
    if log:
        settings |= {"type": "log", "dtick": 1, "exponentformat": "power", "minor": {"ticks": "outside"}}
    return settings


def layout(
    x_title: str,
    y_title: str,
    *,
    x_log: bool = False,
    y_log: bool = False,
    simulated: bool = True,
    height: int = 340,
) -> dict[str, Any]:
    """Axes with units, a legend below and the mark of simulated data; the page adds fonts and colours."""
    made: dict[str, Any] = {
        "xaxis": axis(x_title, log=x_log),
        "yaxis": axis(y_title, log=y_log),
        "height": height,
        "margin": {"l": 56, "r": 16, "t": 26, "b": 48},
        "hovermode": "closest",
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
    }
    if simulated:
        made["annotations"] = [simulated_mark()]
    return made


def simulated_mark() -> dict[str, Any]:
    """The word "simulated" over the plot's upper left corner."""
    return {
        "text": "SIMULATED",
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 10, "color": MUTED},
    }


def line(
    name: str,
    x: Iterable[float],
    y: Iterable[float],
    colour: str,
    *,
    x_title: str,
    y_title: str,
    dash: str = "solid",
    width: float = 2,
) -> Trace:
    """A line with hover in the words of its axes."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": numbers(x, 7),
        "y": numbers(y),
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": (
            f"{label(name)}<br>{label(prose(x_title))}: %{{x:.4~g}}<br>"
            f"{label(prose(y_title))}: %{{y:.4~g}}<extra></extra>"
        ),
    }


def band(name: str, x: Array, low: Array, high: Array, colour: str) -> Trace:
    """A filled band between `low` and `high`; it stops where one of them is unknown."""
    xs: list[float] = []
    ys: list[float] = []
    for run in _finite_runs(x, low, high):
        xs += [*x[run], *x[run][::-1], math.nan]
        ys += [*high[run], *low[run][::-1], math.nan]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": numbers(xs, 7),
        "y": numbers(ys),
        "fill": "toself",
        "fillcolor": with_opacity(colour, 0.22),
        "line": {"width": 0, "color": colour},
        "hoverinfo": "skip",
        "showlegend": False,
        "legendgroup": label(name),
    }


def _finite_runs(*arrays: Array) -> list[slice]:
    """Stretches in which all arrays are finite."""
    finite = np.concatenate([[False], np.isfinite(np.vstack(arrays)).all(axis=0), [False]])
    edges = np.flatnonzero(np.diff(finite.astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def steps(x: Array, y: Array) -> tuple[Array, Array]:
    """Vertices of a staircase that holds each y until the next x.

    >>> [a.tolist() for a in steps(np.array([0.0, 1.0]), np.array([5.0, 6.0]))]
    [[0.0, 1.0, 1.0], [5.0, 5.0, 6.0]]
    """
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def banded_line(
    name: str,
    x: Array,
    y: Array,
    low: Array | None,
    high: Array | None,
    *,
    index: int,
    count: int,
    x_title: str,
    y_title: str,
    ordered: bool = False,
    staircase: bool = False,
) -> list[Trace]:
    """Band (where there is one) and median line of curve `index` of `count`, thinned for the screen."""
    kept = min_max_band(y, low, high, POINTS_DRAWN)
    colour = series_colour(index, count, ordered=ordered)
    dash = "solid" if ordered else DASHES[index % len(DASHES)]
    xs, ys = (steps(x[kept], y[kept])) if staircase else (x[kept], y[kept])
    traces = []
    if low is not None and high is not None:
        x_band, lower = steps(x[kept], low[kept]) if staircase else (x[kept], low[kept])
        upper = steps(x[kept], high[kept])[1] if staircase else high[kept]
        traces.append(band(name, x_band, lower, upper, colour))
    median = line(name, xs, ys, colour, x_title=x_title, y_title=y_title, dash=dash)
    legend = "<br>".join(label(part) for part in textwrap.wrap(prose(name), LEGEND_LETTERS)) or label(name)
    traces.append(median | {"name": legend, "legendgroup": label(name)})
    return traces


def published_points(
    points: Sequence[PublishedPoint], corners: Sequence[str] = (), *, horizontal: bool = False
) -> Trace:
    """Published numbers as points; place in the paper on hover, label at their `corners` while they are few."""
    xs, ys = [p.x for p in points], [p.y for p in points]
    trace: Trace = {
        "type": "scatter",
        "mode": "markers",
        "name": "published",
        "x": numbers(ys if horizontal else xs, 7),
        "y": numbers(xs if horizontal else ys, 7),
        "marker": {"color": INK, "symbol": "diamond", "size": 10, "line": {"width": 1.5, "color": "@surface"}},
        "hovertext": [f"<b>published</b>: {label(prose(p.label))}<br>{label(p.where)}" for p in points],
        "hoverinfo": "text+x+y",
        "cliponaxis": False,
    }
    if corners and len(points) <= LABELLED:
        trace |= {
            "mode": "markers+text",
            "text": [label(_short(p.label)) for p in points],
            "textposition": list(corners),
            "textfont": {"color": INK, "size": 11},
        }
    return trace


def _short(text: str, most: int = 30) -> str:
    """The number alone of "quantity: number unit"."""
    text = prose(text.rpartition(": ")[2])
    return text if len(text) <= most else text[: most - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def equal_axes(figure: Figure) -> Figure:
    """Give both axes the same scale: a semicircle stays one (every Nyquist plot)."""
    figure["layout"]["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    return figure


def spectrum(
    name: str,
    real: Array,
    minus_imaginary: Array,
    frequency: Array | None,
    colour: str,
    *,
    decades: bool = False,
    unit: str = "Ω",
) -> Trace:
    """One impedance spectrum; frequency on hover and, with `decades`, as labels at whole decades."""
    trace: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(name),
        "x": numbers(real),
        "y": numbers(minus_imaginary),
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "size": 4},
    }
    known = f"{label(name)}<br>Re Z: %{{x:.4~g}} {unit}<br>−Im Z: %{{y:.4~g}} {unit}"
    if frequency is None:
        return trace | {"hovertemplate": f"{known}<extra></extra>"}
    trace |= {
        "customdata": numbers(frequency, 4),
        "hovertemplate": f"%{{customdata:.3~s}}Hz<br>{known}<extra></extra>",
    }
    if decades:
        texts = decade_labels(frequency, real, minus_imaginary)
        trace |= {
            "mode": "lines+markers+text",
            "text": texts,
            "textposition": "top center",
            "textfont": {"size": 10, "color": MUTED},
            "marker": {"color": colour, "size": [8 if text else 4 for text in texts]},
        }
    return trace


def decade_labels(
    frequency: Array, real: Array, minus_imaginary: Array, spacing: float = 0.12, span: float | None = None
) -> list[str]:
    """Label the point nearest to each whole decade of frequency ("1 kHz"); other points get an empty text.

    Where points crowd (at both ends of an arc) closer than `spacing` of the `span` of the axes, which are equal (by
    default the larger one of the points), those with the larger imaginary part keep their label.
    """
    texts = [""] * len(frequency)
    logs = np.log10(np.where(frequency > 0, frequency, np.nan))
    if not np.isfinite(logs).any():
        return texts
    found = {}
    for decade in range(math.ceil(np.nanmin(logs) - 0.05), math.floor(np.nanmax(logs) + 0.05) + 1):
        nearest = int(np.nanargmin(np.abs(logs - decade)))
        if abs(logs[nearest] - decade) < 0.15:
            found[nearest] = decade
    spans = [float(np.nanmax(v) - np.nanmin(v)) for v in (real, minus_imaginary)]
    room = spacing * (span or max(spans) or 1.0)
    kept: list[int] = []
    for point in sorted(found, key=lambda index: -minus_imaginary[index]):
        near = (
            abs(real[point] - real[k]) < room and abs(minus_imaginary[point] - minus_imaginary[k]) < room / 2
            for k in kept
        )
        if not any(near):
            kept.append(point)
            texts[point] = _power_of_ten_hertz(found[point])
    return texts


def _power_of_ten_hertz(decade: int) -> str:
    """Write 10^decade Hz with its prefix.

    >>> _power_of_ten_hertz(4), _power_of_ten_hertz(-2)
    ('10 kHz', '10 mHz')
    """
    thousands = min(max(decade // 3, -2), 3)
    prefix = {-2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G"}[thousands]
    return f"{10.0 ** (decade - 3 * thousands):g} {prefix}Hz"
