"""Plots over all rows: computed against published, their ratio row by row, and what drives the results."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from natrode.report import plots
from natrode.report.palette import INK, MUTED, PREDICTIVE, ROLE, STATUS
from natrode.report.plots import Figure, Trace, label, numbers
from natrode.report.wording import interval_text, is_number, number, unit_text
from natrode.reproduce.table import FigureRow


@dataclass(frozen=True)
class Pair:
    """One published number beside its computed one, both positive."""

    row: FigureRow
    anchor: str
    published: float
    computed: float
    low: float | None
    high: float | None

    @property
    def hover(self) -> str:
        """What the pointer shows."""
        unit = unit_text(self.row.unit)
        return (
            f"<b>{label(self.row.quantity)}</b> ({label(self.row.id)})<br>{label(self.row.conditions)}<br>"
            f"published {number(self.published, 5)} {label(unit)}<br>"
            f"computed {number(self.computed)} {label(unit)} "
            f"(5\N{EN DASH}95 %: {interval_text(self.row.interval)})<br>{self.row.role}, {self.row.status}"
        )


def pairs(rows: Sequence[FigureRow], anchors: dict[str, str]) -> list[Pair]:
    """Published and computed numbers of all predictive rows, element by element where both are lists."""
    found = []
    for row in rows:
        if row.role not in PREDICTIVE:
            continue
        low, high = row.interval or (None, None)
        if is_number(row.published) and is_number(row.computed):
            if row.published > 0 and row.computed > 0:
                found.append(Pair(row, anchors[row.id], row.published, row.computed, low, high))
        elif isinstance(row.published, list) and isinstance(row.computed, list):
            found += [
                Pair(row, anchors[row.id], published, computed, None, None)
                for published, computed in zip(row.published, row.computed, strict=False)
                if published > 0 and computed > 0
            ]
    return found


def parity_range(found: Sequence[Pair]) -> tuple[float, float]:
    """Ends of the axes of the parity plot: two decades around nine tenths of the numbers, so that one far off in the
    unit of its figure does not press all others into a corner.
    """
    values = sorted(v for p in found for v in (p.published, p.computed))
    if not values:
        return 0.1, 10.0
    tenth = len(values) // 20
    low, high = values[tenth] / 100, values[-1 - tenth] * 100
    return max(low, values[0] / 2), min(high, values[-1] * 2)


def is_within(pair: Pair, shown: tuple[float, float]) -> bool:
    """Whether the parity plot shows a point."""
    return all(shown[0] <= value <= shown[1] for value in (pair.published, pair.computed))


def parity_figure(found: Sequence[Pair], shown: tuple[float, float]) -> Figure:
    """Computed against published on logarithmic axes between `shown`: colour is the status, symbol the role."""
    low, high = shown
    traces: list[Trace] = [
        _guide([low, high], [low, high], "equal", "solid"),
        _guide([low, high], [low / 2, high / 2], "factor 2", "dot"),
        _guide([low, high], [low * 2, high * 2], "factor 2", "dot"),
    ]
    for (role, status), group in _by_role_and_status(found).items():
        traces.append(
            _markers(group, f"{role}: {status}")
            | {
                "x": numbers((p.published for p in group), 6),
                "y": numbers(p.computed for p in group),
                "error_y": _whiskers(group, [p.computed for p in group], low, high),
            }
        )
    made = plots.layout(
        "published / unit of the figure", "computed / unit of the figure", x_log=True, y_log=True, height=600
    )
    made["showlegend"] = False
    for name in ("xaxis", "yaxis"):
        made[name] |= {"range": _log_range(low, high), "dtick": math.ceil(math.log10(high / low) / 9)}
    return {"data": traces, "layout": made}


def ratio_figure(found: Sequence[Pair]) -> Figure:
    """Computed over published, one line per row, the largest ratio on top."""
    ordered = sorted(found, key=lambda pair: pair.computed / pair.published)
    position = {id(pair): index for index, pair in enumerate(ordered)}
    ratios = [v / p.published for p in ordered for v in (p.computed, p.low, p.high) if v and v > 0]
    low, high = (min([*ratios, 0.5]) / 1.3, max([*ratios, 2.0]) * 1.3)
    end = len(ordered)
    traces: list[Trace] = [_guide([1, 1], [-1, end], "equal", "solid")]
    for factor in (0.5, 2.0):
        traces.append(_guide([factor, factor], [-1, end], "factor 2", "dot"))
    for (role, status), group in _by_role_and_status(ordered).items():
        ratio = [p.computed / p.published for p in group]
        traces.append(
            _markers(group, f"{role}: {status}")
            | {
                "x": numbers(ratio),
                "y": [position[id(p)] for p in group],
                "error_x": _whiskers(group, ratio, low, high, relative=True),
            }
        )
    made = plots.layout("computed / published", "", x_log=True, height=110 + 21 * max(end, 3))
    made["showlegend"] = False
    made["xaxis"] |= {
        "range": _log_range(low, high),
        "dtick": 1 if high / low > 300 else "D2",
        "exponentformat": "none",
    }
    made["yaxis"] |= {
        "tickmode": "array",
        "tickvals": list(range(end)),
        "ticktext": [label(pair.row.id) for pair in ordered],
        "range": [-0.8, end - 0.2],
        "tickfont": {"size": 10.5},
        "zeroline": False,
    }
    return {"data": traces, "layout": made}


def driver_figure(rows: Sequence[FigureRow]) -> Figure | None:
    """Rank correlation of every parameter with every figure of one paper; None where no row has drivers."""
    driven = [row for row in rows if row.drivers]
    strength: dict[str, float] = defaultdict(float)
    for row in driven:
        for driver in row.drivers:
            strength[driver.parameter] += abs(driver.rank_correlation)
    if not driven:
        return None
    parameters = sorted(strength, key=lambda name: -strength[name])
    cells = [{d.parameter: d.rank_correlation for d in row.drivers} for row in driven]
    z = [[cell.get(parameter) for parameter in parameters] for cell in cells]
    made = plots.layout("", "", height=120 + 24 * len(driven))
    made["annotations"][0] |= {"x": 1, "xanchor": "right", "y": 0, "yanchor": "top"}
    made["xaxis"] |= {"side": "top", "tickangle": -30, "showgrid": False, "ticks": ""}
    made["margin"] |= {"t": 90, "b": 22}
    made["yaxis"] |= {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 10.5}}
    trace: Trace = {
        "type": "heatmap",
        "x": [label(parameter) for parameter in parameters],
        "y": [label(row.id) for row in driven],
        "z": [[None if v is None else round(v, 2) for v in line] for line in z],
        "customdata": [[label(row.quantity)] * len(parameters) for row in driven],
        "text": [["" if v is None else f"{v:+.2f}".replace("-", "\u2212") for v in line] for line in z],
        "texttemplate": "%{text}",
        "zmin": -1,
        "zmax": 1,
        "xgap": 2,
        "ygap": 2,
        "colorscale": [[0, "#D55E00"], [0.5, "@surface"], [1, "#0072B2"]],
        "showscale": False,
        "hovertemplate": "%{customdata} (%{y})<br>%{x}: rank correlation %{z:.2f}<extra></extra>",
    }
    return {"data": [trace], "layout": made}


def _by_role_and_status(found: Sequence[Pair]) -> dict[tuple[str, str], list[Pair]]:
    groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in found:
        groups[pair.row.role, pair.row.status].append(pair)
    return dict(sorted(groups.items()))


def _markers(group: Sequence[Pair], name: str) -> Trace:
    row = group[0].row
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "marker": {
            "symbol": ROLE[row.role].symbol,
            "color": STATUS[row.status].colour,
            "size": 10,
            "line": {"width": 1, "color": "@surface"},
        },
        "hovertext": [pair.hover for pair in group],
        "hoverinfo": "text",
        "customdata": [pair.anchor for pair in group],
    }


def _whiskers(
    group: Sequence[Pair], centres: Sequence[float], low: float, high: float, *, relative: bool = False
) -> dict[str, object]:
    """Error bars from the intervals; an end that was not reached runs to the edge of the plot."""
    up, down = [], []
    for pair, centre in zip(group, centres, strict=True):
        scale = pair.published if relative else 1.0
        known = pair.row.interval is not None and not isinstance(pair.row.computed, list)
        top = pair.high / scale if pair.high is not None else high
        bottom = pair.low / scale if pair.low is not None and pair.low > 0 else low
        up.append(max(top - centre, 0.0) if known else 0.0)
        down.append(max(centre - bottom, 0.0) if known else 0.0)
    colour = STATUS[group[0].row.status].colour
    return {
        "type": "data",
        "symmetric": False,
        "array": numbers(up),
        "arrayminus": numbers(down),
        "thickness": 1.4,
        "width": 0,
        "color": colour,
    }


def _guide(x: list[float], y: list[float], name: str, dash: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": numbers(x, 7),
        "y": numbers(y, 7),
        "line": {"color": INK if dash == "solid" else MUTED, "width": 1, "dash": dash},
        "hoverinfo": "skip",
    }


def _log_range(low: float, high: float) -> list[float]:
    return [math.log10(low), math.log10(high)]
