"""How figures for papers look: matplotlib, journal width, real text, no title, the data beside them as CSV."""

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from natrode import files
from natrode.errors import OutputError
from natrode.report.decimation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SINGLE_COLUMN, DOUBLE_COLUMN = 85.0, 178.0
"""Widths of a figure in one and in two columns of most journals [mm]; some have 89 and 183."""
NARROWEST, WIDEST = 40.0, 250.0
"""[mm]"""
ENDINGS = (".svg", ".pdf", ".png")
LOWEST = 0.3
"""Height over width of a Nyquist figure at least."""
RESOLUTION = 600
"""Of a PNG [dots per inch]."""
POINTS = 3000
"""Points of a curve that are drawn at most; the data beside it hold all of them."""
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))

_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
    "font.size": 7,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "lines.linewidth": 1.0,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "natrode",
    "pdf.fonttype": 42,
}


@dataclass
class DataColumn:
    """One column of the data file, with the three rows above it that Origin reads."""

    name: str
    unit: str
    comment: str
    values: Sequence[float | str]


@dataclass
class Drawing:
    """What a figure draws: the same numbers for its data file, and whether a model wrote them."""

    simulated: bool
    columns: list[DataColumn] = field(default_factory=list)
    mark_at: tuple[float, float, str] = (1.0, 1.01, "bottom")
    """Where the word "simulated" stands, in parts of the axes, and its vertical alignment."""

    def add(self, title: str, comment: str, values: Sequence[float | str] | Array) -> None:
        """Keep a column; its name and unit are those of an axis title such as "voltage / mV"."""
        plain = values.tolist() if isinstance(values, np.ndarray) else values
        self.columns.append(DataColumn(*split_title(title), comment, plain))


def save(
    path: str | Path, draw: "Callable[[Figure], Drawing]", width_mm: float, height_mm: float, mark: str = ""
) -> Path:
    """Draw to `path` and write the numbers to the CSV beside it.

    Args:
        path: a name that ends in .svg, .pdf or .png (600 dots per inch).
        draw: fills the figure, and returns what it drew.
        width_mm: 40 to 250.
        height_mm: of the figure.
        mark: of the simulated records that are drawn (`natrode.measurement.mark_of`); it goes into both files.

    Returns:
        The CSV: rows of names, units and comments, then the numbers drawn, none left out.

    Raises:
        OutputError: for another ending or width, or a folder that cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    path = Path(path)
    if path.suffix not in ENDINGS:
        raise OutputError(f"{path}: a figure for a paper is a .svg, .pdf or .png, not '{path.suffix}'")
    if not NARROWEST <= width_mm <= WIDEST:
        raise OutputError(
            f"{path}: a width of {width_mm:g} mm; allowed are {NARROWEST:g} to {WIDEST:g}, such as 85 or 178"
        )
    with mpl.rc_context(cast(Any, _STYLE)):
        figure = Figure(layout="constrained")
        figure.set_size_inches(width_mm / 25.4, height_mm / 25.4)
        drawing = draw(figure)
        if drawing.simulated:
            top, (x, y, side) = figure.axes[0], drawing.mark_at
            top.text(x, y, "simulated", transform=top.transAxes, ha="right", va=side, fontsize=6, color="0.4")
        stream = io.BytesIO()
        about = mark or ("simulated by natrode" if drawing.simulated else "drawn by natrode")
        told: dict[str, dict[str, Any]] = {
            ".svg": {"Date": None, "Title": about},
            ".pdf": {"CreationDate": None, "Subject": about},
            ".png": {"Software": about},
        }
        figure.savefig(stream, format=path.suffix[1:], dpi=RESOLUTION, metadata=told[path.suffix])
    files.write_bytes(path, stream.getvalue())
    if mark:
        longest = max((len(column.values) for column in drawing.columns), default=0)
        drawing.columns.append(DataColumn(mark, "", "a model wrote these numbers", [1.0] * longest))
    data = path.with_suffix(".csv")
    files.write_text(data, _table(drawing.columns))
    return data


def _table(columns: Sequence[DataColumn]) -> str:
    """Names, units and comments above the numbers; shorter columns end in empty cells."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for row in ("name", "unit", "comment"):
        writer.writerow([getattr(column, row) for column in columns])
    for index in range(max((len(column.values) for column in columns), default=0)):
        writer.writerow([_cell(c.values[index]) if index < len(c.values) else "" for c in columns])
    return stream.getvalue()


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else f"{float(value):.10g}"


def split_title(title: str) -> tuple[str, str]:
    """Take an axis title apart into name and unit.

    >>> split_title("voltage / mV"), split_title("current density / mA/cm²"), split_title("cycle")
    (('voltage', 'mV'), ('current density', 'mA/cm²'), ('cycle', ''))
    """
    for pattern in (r"^(.*?)\s+/\s+(.+)$", r"^(.*?)\s*[(\[]([^()\[\]]+)[)\]]$"):
        found = re.match(pattern, title)
        if found:
            return found.group(1), found.group(2)
    return title, ""


def dress(
    axes: "Axes", x_title: str, y_title: str, *, x_log: bool = False, y_log: bool = False, legend_below: bool = False
) -> None:
    """Name the axes, choose their scales, and give several curves a legend."""
    axes.set_xlabel(plain(x_title))
    axes.set_ylabel(plain(y_title))
    for scale, log in ((axes.set_xscale, x_log), (axes.set_yscale, y_log)):
        if log:
            scale("log")
    if y_log:
        plain_decades(axes)
    if not x_log:
        axes.locator_params(axis="x", nbins=6)
    if not y_log:
        axes.locator_params(axis="y", nbins=6)
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1 and legend_below:
        axes.figure.legend(handles, labels, loc="outside lower center", ncols=2 if max(map(len, labels)) > 16 else 3)
    elif len(labels) > 1:
        axes.legend()


def plain_decades(axes: "Axes") -> None:
    """Write the ticks of a logarithmic ordinate of few decades as plain numbers ("20", not 2 x 10^1)."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    low, high = axes.get_ylim()
    if low < 1e-3 or high > 1e5:
        return
    few = high / low < 30.0
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(
        FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "") if few else NullFormatter()
    )


def plain(text: str) -> str:
    """Keep matplotlib from reading formulas into text."""
    return text.replace("$", r"\$")


def nyquist_limits(real: Array, minus_imaginary: Array) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of equal axes: the arc from the bottom up, room for the labels above its points."""
    left, right = float(np.nanmin(real)), float(np.nanmax(real))
    bottom, top = float(np.nanmin(minus_imaginary)), float(np.nanmax(minus_imaginary))
    span = (right - left) or 1.0
    room = 0.1 * max(span, 0.6 * top)
    return left - 0.05 * span, right + 0.05 * span, min(0.0, bottom) - 0.03 * span, max(top + room, LOWEST * span)


def equal_axes(axes: "Axes", real: Array, minus_imaginary: Array) -> None:
    """Same scale on both axes, with the limits of `nyquist_limits`."""
    left, right, bottom, top = nyquist_limits(real, minus_imaginary)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", adjustable="box")
