"""Figures for papers of an experiment's view, a record, or rows of the table."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from natrode.measurement import Column, Measurement
from natrode.report.comparison_plots import pairs
from natrode.report.decimation import min_max
from natrode.report.palette import ROLE, SERIES, STATUS, series_colour
from natrode.report.paper_style import (
    DASHES,
    POINTS,
    SINGLE_COLUMN,
    DataColumn,
    Drawing,
    dress,
    equal_axes,
    plain,
    save,
    split_title,
)
from natrode.report.plots import decade_labels, steps
from natrode.report.run_plots import current_scale, time_scale, voltage_scale
from natrode.reproduce.table import Curve, FigureRow, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = {"circle": "o", "triangle-up": "^", "star": "*", "square": "s", "diamond": "D", "cross": "P"}


def save_figure(
    what: View | Measurement | Sequence[FigureRow], path: str | Path, width_mm: float = SINGLE_COLUMN
) -> Path:
    """Draw an experiment's view, a record, or rows of the table (as a parity plot) to `path`.

    Args:
        what: a View; a Measurement (Nyquist, voltage against time, or sweep); rows of the table.
        path: a name that ends in .svg, .pdf or .png.
        width_mm: width of the figure; 85 and 178 mm are one and two columns of most journals.

    Returns:
        The CSV beside the figure: rows of names, units and comments, then the numbers drawn, none left out.

    Raises:
        OutputError: for another ending, or a folder that cannot be written.
    """

    def draw(figure: "Figure") -> Drawing:
        axes = figure.add_subplot()
        if isinstance(what, View):
            return _draw_view(axes, what)
        if isinstance(what, Measurement):
            return _draw_record(axes, what)
        return _draw_parity(axes, what)

    return save(path, draw, width_mm, _height(what, width_mm))


def _height(what: View | Measurement | Sequence[FigureRow], width: float) -> float:
    square = not isinstance(what, (View, Measurement))
    return width * 0.95 if square else min(width * 0.75, 110.0)


# ---- views ----------------------------------------------------------------------------------------------


def _draw_view(axes: "Axes", view: View) -> Drawing:
    drawing = Drawing(simulated=True)
    (x_name, x_unit), (y_name, y_unit) = split_title(view.x_title), split_title(view.y_title)
    for index, curve in enumerate(view.curves):
        _DRAW[view.kind](axes, curve, index, len(view.curves))
        drawing.columns += [
            DataColumn(x_name, x_unit, f"{curve.name}, simulated", curve.x.tolist()),
            DataColumn(y_name, y_unit, f"{curve.name}, simulated median", curve.y.tolist()),
        ]
        if curve.low is not None and curve.high is not None:
            drawing.columns += [
                DataColumn(y_name, y_unit, f"{curve.name}, simulated, 5 %", curve.low.tolist()),
                DataColumn(y_name, y_unit, f"{curve.name}, simulated, 95 %", curve.high.tolist()),
            ]
    if view.published:
        xs, ys = [p.x for p in view.published], [p.y for p in view.published]
        axes.plot(
            xs, ys, "D", color="black", ms=4, mec="white", mew=0.5, ls="", label="published", zorder=5, clip_on=False
        )
        drawing.columns += [
            DataColumn(x_name, x_unit, "published", xs),
            DataColumn(y_name, y_unit, "published", ys),
            DataColumn("label", "", "published", [f"{p.label}; {p.where}" for p in view.published]),
        ]
    nyquist = view.kind == "nyquist"
    dress(axes, view.x_title, view.y_title, x_log=view.x_log, y_log=view.y_log, legend_below=nyquist)
    if nyquist:
        real = np.concatenate([*(c.x for c in view.curves), [p.x for p in view.published]])
        imaginary = np.concatenate([*(c.y for c in view.curves), [p.y for p in view.published]])
        equal_axes(axes, real, imaginary)
    if view.x_names:
        axes.set_xticks(range(len(view.x_names)), [plain(name) for name in view.x_names])
        if len("".join(view.x_names)) > 30:
            axes.tick_params(axis="x", labelrotation=30)
            for text in axes.get_xticklabels():
                text.set(ha="right", rotation_mode="anchor")
    return drawing


def _draw_line(axes: "Axes", curve: Curve, index: int, count: int, *, staircase: bool = False) -> None:
    colour = series_colour(index, count)
    x, y, low, high = curve.x, curve.y, curve.low, curve.high
    if staircase:
        low, high = (None if band is None else steps(curve.x, band)[1] for band in (low, high))
        x, y = steps(curve.x, curve.y)
    if low is not None and high is not None:
        axes.fill_between(x, low, high, color=colour, alpha=0.22, lw=0)
    kept = min_max(y, POINTS)
    axes.plot(x[kept], y[kept], color=colour, ls=DASHES[index % len(DASHES)], label=plain(curve.name))


def _draw_staircase(axes: "Axes", curve: Curve, index: int, count: int) -> None:
    _draw_line(axes, curve, index, count, staircase=True)


def _draw_arc(axes: "Axes", curve: Curve, index: int, count: int) -> None:
    colour = series_colour(index, count, ordered=count > 3)
    axes.plot(curve.x, curve.y, "o-", ms=1.8, lw=0.7, color=colour, label=plain(curve.name))


def _draw_category(axes: "Axes", curve: Curve, index: int, count: int, *, bars: bool = False) -> None:
    width = 0.7 / count
    x = curve.x + (index - (count - 1) / 2) * width
    colour = SERIES[index % len(SERIES)]
    if bars:
        axes.bar(x, curve.y, width * 0.9, color=colour, alpha=0.75, label=plain(curve.name))
    else:
        axes.plot(x, curve.y, "os^v"[index % 4], ms=4, color=colour, label=plain(curve.name))
    if curve.low is not None and curve.high is not None:
        reach = np.maximum([curve.y - curve.low, curve.high - curve.y], 0.0)
        axes.errorbar(x, curve.y, reach, fmt="none", color="0.3" if bars else colour, lw=0.8, capsize=2)


def _draw_bars(axes: "Axes", curve: Curve, index: int, count: int) -> None:
    _draw_category(axes, curve, index, count, bars=True)


_DRAW = {
    "line": _draw_line,
    "staircase": _draw_staircase,
    "nyquist": _draw_arc,
    "bars": _draw_bars,
    "categories": _draw_category,
}


# ---- records --------------------------------------------------------------------------------------------


def _draw_record(axes: "Axes", record: Measurement) -> Drawing:
    drawing = Drawing(simulated=record.is_simulated)
    mark = "simulated" if record.is_simulated else f"measured, {record.metadata.origin.file}"
    if record.kind == "impedance":
        _draw_nyquist(axes, record, drawing, mark)
        return drawing
    voltage = record.array(Column.VOLTAGE)
    v_title, v_factor = voltage_scale(voltage)
    if record.kind == "cycling":
        x, y = record.array(Column.TIME), voltage * v_factor
        unit, length = time_scale(float(np.nanmax(x, initial=0.0)))
        titles, x = (f"time / {unit}", v_title), x / length
    else:
        c_title, c_factor = current_scale(record)
        x, y = voltage * v_factor, record.array(Column.CURRENT) * c_factor
        titles = (v_title, c_title)
    kept = min_max(y, POINTS)
    axes.plot(x[kept], y[kept], color=SERIES[0], lw=0.8)
    dress(axes, *titles)
    for title, values in zip(titles, (x, y), strict=True):
        drawing.columns.append(DataColumn(*split_title(title), mark, values.tolist()))
    return drawing


def _draw_nyquist(axes: "Axes", record: Measurement, drawing: Drawing, mark: str) -> None:
    spectra = record.spectra()
    for index, part in enumerate(spectra):
        frequency, z = part.array(Column.FREQUENCY), part.impedance
        colour = series_colour(index, len(spectra), ordered=len(spectra) > 1)
        axes.plot(z.real, -z.imag, "o-", ms=1.8, lw=0.7, color=colour)
        if index == len(spectra) - 1:
            for real, imaginary, text in zip(z.real, -z.imag, decade_labels(frequency, z.real, -z.imag), strict=True):
                if text:
                    axes.plot(real, imaginary, "o", ms=3.5, color=colour)
                    axes.annotate(text, (real, imaginary), (0, 3), textcoords="offset points", ha="center", fontsize=6)
        comment = f"spectrum {index + 1}, {mark}"
        drawing.columns += [
            DataColumn("frequency", "Hz", comment, frequency.tolist()),
            DataColumn("Re Z", "Ohm", comment, z.real.tolist()),
            DataColumn("-Im Z", "Ohm", comment, (-z.imag).tolist()),
        ]
    dress(axes, "Re Z / Ω", "−Im Z / Ω")
    whole = record.impedance
    equal_axes(axes, whole.real, -whole.imag)


# ---- rows -----------------------------------------------------------------------------------------------


def _draw_parity(axes: "Axes", rows: Sequence[FigureRow]) -> Drawing:
    found = pairs(rows, {row.id: row.id for row in rows})
    values = [v for p in found for v in (p.published, p.computed, p.low, p.high) if v and v > 0] or [0.1, 10.0]
    low, high = min(values) / 2, max(values) * 2
    axes.plot([low, high], [low, high], color="0.2", lw=0.6)
    for factor in (0.5, 2.0):
        axes.plot([low, high], [low * factor, high * factor], color="0.5", lw=0.6, ls=":")
    seen = set()
    for pair in found:
        row = pair.row
        name = f"{row.role}: {row.status}"
        colour = STATUS[row.status].colour
        ends = (pair.low if pair.low and pair.low > 0 else low, high if pair.high is None else pair.high)
        if row.interval is not None and not isinstance(row.computed, list):
            axes.plot([pair.published] * 2, ends, color=colour, lw=0.8)
        marker = _MARKERS[ROLE[row.role].symbol]
        axes.plot(
            pair.published, pair.computed, marker, color=colour, ms=4, mec="white", mew=0.4,
            label=None if name in seen else name,
        )  # fmt: skip
        seen.add(name)
    dress(
        axes,
        "published / unit of the figure",
        "computed / unit of the figure",
        x_log=True,
        y_log=True,
        legend_below=True,
    )
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    nothing = math.nan
    columns: dict[str, list[float | str]] = {
        "id": [p.row.id for p in found],
        "unit": [p.row.unit for p in found],
        "role": [p.row.role for p in found],
        "status": [p.row.status for p in found],
        "published": [p.published for p in found],
        "computed": [p.computed for p in found],
        "computed, 5 %": [nothing if p.low is None else p.low for p in found],
        "computed, 95 %": [nothing if p.high is None else p.high for p in found],
    }
    own = "unit of the figure"
    return Drawing(
        simulated=True,
        columns=[
            DataColumn(
                name,
                own if name.startswith(("published", "computed")) else "",
                "simulated" if name.startswith("computed") else "",
                values,
            )
            for name, values in columns.items()
        ],
    )
