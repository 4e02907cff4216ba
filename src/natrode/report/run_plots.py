"""Plots of one experiment's records: raw data first, thinned for the screen and said so."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode import units
from natrode.analysis.full_cell import positive_current
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from natrode.report import plots
from natrode.report.decimation import Array, min_max, pieces
from natrode.report.palette import series_colour
from natrode.report.plots import Figure, Trace
from natrode.report.wording import number, unit_text

POINTS = 4000
"""Points of one trace that a page draws at most."""
SPECTRA = 12
"""Spectra of one record that a page draws at most."""


@dataclass(frozen=True)
class Drawn:
    """A figure and what it does not show."""

    title: str
    figure: Figure
    note: str = ""


def time_scale(longest: float) -> tuple[str, float]:
    """Unit of time in which `longest` [s] reads well, and its length in seconds.

    >>> time_scale(7200.0), time_scale(3e6)
    (('min', 60.0), ('h', 3600.0))
    """
    if longest < 600:
        return "s", 1.0
    if longest < 4 * 3600:
        return "min", 60.0
    return "h", 3600.0


def voltage_scale(voltage: Array) -> tuple[str, float]:
    """Title of a voltage's axis and the factor from volts: millivolts below 0.5 V."""
    small = bool(np.nanmax(np.abs(voltage), initial=0.0) < 0.5)
    return ("voltage / mV", 1e3) if small else ("voltage / V", 1.0)


def current_flows(record: Measurement) -> bool:
    """Whether a record holds a current that is not zero throughout."""
    return Column.CURRENT in record and bool(np.nan_to_num(record.array(Column.CURRENT)).any())


def time_figure(record: Measurement) -> Drawn:
    """Voltage over current against time, from the record's own columns."""
    time, voltage = record.array(Column.TIME), record.array(Column.VOLTAGE)
    unit, length = time_scale(float(np.nanmax(time)) if len(time) else 0.0)
    v_title, v_factor = voltage_scale(voltage)
    x_title = f"time / {unit}"
    flows = current_flows(record)
    made = plots.layout(x_title, v_title, simulated=record.is_simulated, height=580 if flows else 340)
    gaps = gaps_of(record)
    traces = [_thinned("voltage", time, voltage * v_factor, gaps, length, 0, x_title, v_title)]
    if flows:
        c_title, c_factor = current_scale(record)
        current = _thinned("current", time, record.array(Column.CURRENT) * c_factor, gaps, length, 1, x_title, c_title)
        traces.append(current | {"yaxis": "y2"})
        made["yaxis"] |= {"domain": [0.46, 1]}
        made["yaxis2"] = plots.axis(c_title) | {"domain": [0, 0.38], "anchor": "x"}
        made["xaxis"] |= {"anchor": "y2"}
    made["showlegend"] = False
    drawn = max(len(trace["x"]) for trace in traces)
    quiet = "no current flows" if Column.CURRENT in record else ""
    note = f"positive current: {positive_current(record)}" if flows else quiet
    if gaps:
        note += f"{'; ' if note else ''}{len(gaps)} gap{'s' * (len(gaps) > 1)} without data"
    if drawn < len(time):
        note += (
            f"{'; ' if note else ''}{len(time)} samples thinned to {drawn} for drawing (lowest and highest of equal "
            "runs are kept); the record holds them all"
        )
    return Drawn("Voltage and current" if flows else "Voltage at rest", {"data": traces, "layout": made}, note)


def gaps_of(record: Measurement) -> list[float]:
    """Moments after which a record put together from files holds nothing for a while [s]."""
    return [float(str(gap["after"]).split()[0]) + 0.5 for gap in record.metadata.settings.get("gaps") or ()]


def _thinned(
    name: str, time: Array, y: Array, gaps: Sequence[float], length: float, index: int, x_title: str, y_title: str
) -> Trace:
    x, values = pieces(time, y, gaps, POINTS)
    return plots.line(name, x / length, values, series_colour(index, 2), x_title=x_title, y_title=y_title, width=1.4)


def current_scale(record: Measurement) -> tuple[str, float]:
    """Title of the current's axis and the factor from amperes: per area where the area is known."""
    try:
        area = record.metadata.geometry.area
    except RecordError:
        return "current / mA", units.from_si(1.0, "mA", "current")
    return "current density / mA/cm²", units.from_si(1.0, "mA/cm2", "current density") / area


def nyquist_figure(record: Measurement) -> Drawn:
    """All spectra of a record (evenly chosen ones of many) on equal axes, decades of frequency labelled."""
    spectra = record.spectra()
    chosen = np.unique(np.linspace(0, len(spectra) - 1, min(len(spectra), SPECTRA)).round().astype(int))
    traces = []
    for place, index in enumerate(chosen):
        part = spectra[index]
        colour = series_colour(place, len(chosen), ordered=len(chosen) > 1)
        name = _spectrum_name(part, int(index))
        imaginary = -part.array(Column.IMAGINARY_IMPEDANCE)
        frequency = part.array(Column.FREQUENCY)
        ends = place in (0, len(chosen) - 1)
        last = place == len(chosen) - 1
        real = part.array(Column.REAL_IMPEDANCE)
        trace = plots.spectrum(name, real, imaginary, frequency, colour, decades=last)
        traces.append(trace | {"showlegend": ends or len(chosen) < 7})
    made = plots.layout("Re Z / Ω", "−Im Z / Ω", simulated=record.is_simulated, height=480)
    note = "of the whole cell, as recorded, not normalised by area"
    if len(chosen) > 6:
        note += "; from dark (first) to light (last)"
    if len(chosen) < len(spectra):
        note += f"; {len(chosen)} of {len(spectra)} spectra drawn, evenly spaced"
    return Drawn("Impedance", plots.equal_axes({"data": traces, "layout": made}), note)


def _spectrum_name(part: Measurement, index: int) -> str:
    words = [f"spectrum {index + 1}"]
    if Column.TIME in part and len(part.table):
        start = float(part.array(Column.TIME)[0])
        unit, length = time_scale(start)
        words.append(f"at {number(start / length)} {unit}")
    return ", ".join(words)


def sweep_figure(record: Measurement) -> Drawn:
    """Current against voltage."""
    c_title, factor = current_scale(record)
    voltage, current = record.array(Column.VOLTAGE), record.array(Column.CURRENT) * factor
    kept = min_max(current, POINTS)
    trace = plots.line(
        "sweep", voltage[kept], current[kept], series_colour(0, 1), x_title="voltage / V", y_title=c_title
    )
    made = plots.layout("voltage / V", c_title, simulated=record.is_simulated, height=420)
    note = f"ohmic correction: {record.metadata.ohmic_correction}"
    if len(kept) < len(current):
        note += f"; {len(current)} samples thinned to {len(kept)} for drawing"
    return Drawn("Sweep", {"data": [trace], "layout": made}, note)


def is_series(entry: Mapping[str, Any]) -> bool:
    """Whether a result holds a list of values (one per half cycle, spectrum or time) instead of one."""
    return isinstance(entry.get("value"), (list, tuple))


def series_figures(summary: Sequence[Mapping[str, Any]], *, simulated: bool) -> list[Drawn]:
    """One plot for all series that share unit and abscissa (mean, end and peak overpotentials in one)."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for entry in summary:
        if is_series(entry):
            groups[_family(entry), entry.get("unit") or "", _abscissa(entry)].append(entry)
    figures = []
    for (family, unit, x_title), entries in groups.items():
        y_title = entries[0]["quantity"] if len(entries) == 1 else _common_words([e["quantity"] for e in entries])
        y_title = FAMILIES.get(family, (y_title,))[0]
        shown_unit = unit_text(unit)
        y_title = f"{y_title} / {shown_unit}" if shown_unit else y_title
        traces = [_series(entry, i, len(entries), x_title, y_title) for i, entry in enumerate(entries)]
        made = plots.layout(x_title, y_title, simulated=simulated, y_log=bool(family) and _wide(entries))
        made["yaxis"]["title"]["text"] = _broken(made["yaxis"]["title"]["text"])
        made["showlegend"] = len(entries) > 1
        if x_title == "cycle" and max(len(entry["value"]) for entry in entries) < 12:
            made["xaxis"] |= {"dtick": 1}  # there is no cycle 1.2
        longest = max(len(entry["value"]) for entry in entries)
        note = f"{longest} values thinned to the extremes for drawing" if longest > POINTS else ""
        figures.append(Drawn(y_title.split(" / ")[0], {"data": traces, "layout": made}, note))
    return figures


def _broken(title: str) -> str:
    """A title in two lines where one is longer than an axis is high."""
    if len(title) <= 40:
        return title
    spaces = [n for n, letter in enumerate(title) if letter == " "]
    middle = min(spaces, key=lambda n: abs(n - len(title) / 2))
    return f"{title[:middle]}<br>{title[middle + 1 :]}"


FAMILIES = {
    "arc": ("resistance of the arcs", r"arc \d"),
    "peak": ("resistance of the peaks", r"resistance of peak \d"),
    "time": ("time constant of the peaks", r"time constant of peak \d"),
}
"""Series of one spectrum's parts, which stand in a plot of their own: its title, and how their names begin."""


def _family(entry: Mapping[str, Any]) -> str:
    return next((name for name, (_, begins) in FAMILIES.items() if re.match(begins, str(entry["quantity"]))), "")


def _wide(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all values are positive and span so much that a linear axis hides the small ones."""
    values = np.array([v for e in entries for v in e["value"] if v is not None], dtype=float)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > 20.0 * values.min())


def _abscissa(entry: Mapping[str, Any]) -> str:
    unit = unit_text(entry.get("x_unit") or "")
    quantity = str(entry.get("x_quantity") or "number")
    return f"{quantity} / {unit}" if unit else quantity


def _series(entry: Mapping[str, Any], index: int, count: int, x_title: str, y_title: str) -> Trace:
    y = np.array([np.nan if v is None else float(v) for v in entry["value"]])
    x = np.asarray(entry.get("x") or np.arange(1, len(y) + 1), dtype=float)
    kept = min_max(y, POINTS)
    colour = series_colour(index, count)
    trace = plots.line(str(entry["quantity"]), x[kept], y[kept], colour, x_title=x_title, y_title=y_title, width=1.2)
    few = len(y) <= 200
    if few:
        symbol = ("circle", "square", "triangle-up", "diamond", "cross")[index % 5]
        trace |= {"mode": "lines+markers", "marker": {"color": colour, "size": 6, "symbol": symbol}}
    spread = entry.get("uncertainty")
    if few and isinstance(spread, (list, tuple)):
        trace["error_y"] = {"type": "data", "array": [0.0 if v is None else v for v in spread], "thickness": 1}
    return trace


def _common_words(names: Sequence[str]) -> str:
    """Words that all names begin with, or the first name.

    >>> _common_words(["overpotential, mean", "overpotential, end"])
    'overpotential'
    """
    shared = []
    for words in zip(*(name.replace(",", "").split() for name in names), strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return " ".join(shared) or names[0]
