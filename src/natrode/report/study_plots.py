"""Plots of a study: Nyquist and Bode, waterfall of a series, voltage over resistance on one axis of charge."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from natrode.analysis.impedance import InterfaceSeries
from natrode.analysis.replicates import GroupStatistics
from natrode.analysis.result import Result
from natrode.analysis.temperature_series import ArrheniusFit
from natrode.measurement import Column, Measurement
from natrode.report import plots
from natrode.report.decimation import Array, pieces
from natrode.report.palette import MUTED, SEQUENCE, series_colour
from natrode.report.plots import Trace
from natrode.report.run_plots import POINTS, SPECTRA, Drawn, gaps_of, time_scale, voltage_scale
from natrode.report.wording import number, unit_text
from natrode.units import from_si

Labelled = tuple[str, Measurement]
"""A spectrum with its name."""


ARRHENIUS_UNITS = {
    "conductivity": ("S/cm", 0.01), "resistance": ("Ω", 1.0), "area-specific resistance": ("Ω cm²", 1e4),
}  # fmt: skip
"""Unit of the ordinate by the dimension of what was fitted, and the factor from SI."""


def chosen(spectra: Sequence[Labelled]) -> list[int]:
    """Places of the spectra that are drawn: all, or evenly spaced ones of many."""
    count = len(spectra)
    return [int(n) for n in np.unique(np.linspace(0, count - 1, min(count, SPECTRA)).round())]


def _notes(spectra: Sequence[Labelled], drawn: Sequence[int]) -> str:
    text = "of the whole cell, as recorded, not normalised by area"
    if len(drawn) > 6:
        text += "; from dark (first) to light (last)"
    if len(drawn) < len(spectra):
        text += f"; {len(drawn)} of {len(spectra)} spectra drawn, evenly spaced"
    return text


def nyquist(
    spectra: Sequence[Labelled], fits: Sequence[tuple[str, Array, Array]] = (), largest: float = np.inf
) -> Drawn:
    """Spectra on equal axes with their decades of frequency labelled, and fitted curves (circuit, real, -imaginary).

    Only what is smaller than `largest` [Ohm] in magnitude is drawn.
    """
    if np.isfinite(largest):
        spectra = [
            (name, Measurement(part.metadata, part.table[np.abs(part.impedance) < largest])) for name, part in spectra
        ]
        spectra = [(name, part) for name, part in spectra if len(part.table)]
        near = [np.hypot(real, imaginary) < largest for _, real, imaginary in fits]
        fits = [(name, x[n], y[n]) for (name, x, y), n in zip(fits, near, strict=True)]
    drawn = chosen(spectra)
    traces: list[Trace] = []
    many = len(drawn) > 1
    widest = max(drawn, key=lambda n: float(np.ptp(spectra[n][1].array(Column.REAL_IMPEDANCE))))
    for place, index in enumerate(drawn):
        name, part = spectra[index]
        trace = plots.spectrum(
            name, part.array(Column.REAL_IMPEDANCE), -part.array(Column.IMAGINARY_IMPEDANCE),
            part.array(Column.FREQUENCY), series_colour(place, len(drawn), ordered=many),
            decades=index == widest,
        )  # fmt: skip
        traces.append(trace | {"showlegend": len(drawn) < 7 or place in (0, len(drawn) - 1)})
    for place, (circuit, real, imaginary) in enumerate(fits):
        curve = plots.line(f"fit {circuit}", real, imaginary, "@ink", x_title="Re Z / Ω", y_title="−Im Z / Ω",
                           width=1.2, dash="dash")  # fmt: skip
        traces.append(curve | {"name": "fit", "showlegend": place == 0})
    wide, low, high = _extent(traces)
    made = plots.layout(
        "Re Z / Ω", "−Im Z / Ω", simulated=any(s.is_simulated for _, s in spectra), height=_height(wide, high - low)
    )
    made["showlegend"] = many or bool(fits)
    for name in ("xaxis", "yaxis"):  # equal scales by a smaller frame, not by a range without data
        made[name] |= {"constrain": "domain"}
    made["yaxis"] |= {"constraintoward": "bottom", "range": [low, high]}
    title, note = "Impedance", _notes(spectra, drawn)
    if fits:
        note += f"; dashed: {', '.join(dict.fromkeys(circuit for circuit, _, _ in fits))}"
    if np.isfinite(largest):
        title, note = "Impedance of the pellet", f"{note}; only |Z| below {number(float(f'{largest:.2g}'))} Ω"
    return Drawn(title, plots.equal_axes({"data": traces, "layout": made}), note)


def _extent(traces: Sequence[Trace]) -> tuple[float, float, float]:
    """Width of what is drawn, and the ends of the vertical axis with room for the labels above the points."""
    x, y = (np.concatenate([np.array(t[name], dtype=float) for t in traces]) for name in ("x", "y"))
    wide, tall, low, high = float(np.ptp(x)), float(np.ptp(y)), float(y.min()), float(y.max())
    room = 0.07 * max(wide, tall, 1e-300)
    return wide, low - 0.4 * room, high + room


def _height(wide: float, tall: float) -> int:
    """Height of a plot with equal axes on a card about 440 wide inside: no more than its data fill."""
    return int(np.clip(125.0 + 440.0 * tall / max(wide, 1e-300), 260.0, 470.0))


def bode(spectra: Sequence[Labelled]) -> Drawn:
    """Magnitude over phase against frequency."""
    drawn = chosen(spectra)
    traces: list[Trace] = []
    for place, index in enumerate(drawn):
        name, part = spectra[index]
        colour = series_colour(place, len(drawn), ordered=len(drawn) > 1)
        frequency, z = part.array(Column.FREQUENCY), part.impedance
        for y, y_title, y_axis in (
            (np.abs(z), "|Z| / Ω", "y"),
            (-np.angle(z, deg=True), "−phase / °", "y2"),
        ):
            trace = plots.line(name, frequency, y, colour, x_title="frequency / Hz", y_title=y_title, width=1.4)
            marker = {"color": colour, "size": 3.5}
            traces.append(trace | {"mode": "lines+markers", "marker": marker, "yaxis": y_axis})
    simulated = any(s.is_simulated for _, s in spectra)
    made = plots.layout(
        "frequency / Hz",
        "|Z| / Ω",
        x_log=True,
        y_log=True,
        simulated=simulated,
        height=470,
    )
    sizes = [np.abs(spectra[n][1].impedance) for n in drawn]
    decades = float(np.log10(max(s.max() for s in sizes) / max(min(s.min() for s in sizes), 1e-300)))
    made["yaxis"] |= {"domain": [0.54, 1], "dtick": "D2" if decades < 1.5 else 1}
    made["yaxis2"] = plots.axis("−phase / °") | {"domain": [0, 0.46], "anchor": "x"}
    made["xaxis"] |= {"anchor": "y2"}
    made["showlegend"] = False
    return Drawn("Bode", {"data": traces, "layout": made})


def waterfall(spectra: Sequence[Labelled], values: Array, title: str) -> Drawn:
    """Imaginary part against frequency, one line a spectrum, each above the one before; coloured by `values`."""
    drawn = chosen(spectra) if len(spectra) <= 2 * SPECTRA else [
        int(n) for n in np.unique(np.linspace(0, len(spectra) - 1, 2 * SPECTRA).round())
    ]  # fmt: skip
    tallest = [float(np.nanmax(np.abs(spectra[n][1].array(Column.IMAGINARY_IMPEDANCE)))) for n in drawn]
    step = 0.6 * float(np.median(tallest))
    traces: list[Trace] = []
    low, high = float(np.nanmin(values[drawn])), float(np.nanmax(values[drawn]))
    for place, index in enumerate(drawn):
        name, part = spectra[index]
        share = (values[index] - low) / (high - low) if high > low else 0.0
        colour = blend(share)
        frequency = part.array(Column.FREQUENCY)
        y = -part.array(Column.IMAGINARY_IMPEDANCE) + place * step
        trace = plots.line(
            name, frequency, y, colour, x_title="frequency / Hz", y_title="−Im Z + offset / Ω", width=1.6
        )
        traces.append(trace | {"showlegend": False})
    traces.append(colour_bar(title, low, high))
    made = plots.layout(
        "frequency / Hz", "−Im Z, each line moved up / Ω", x_log=True,
        simulated=any(s.is_simulated for _, s in spectra), height=520,
    )  # fmt: skip
    made["margin"]["r"] = 88
    note = f"each line is moved up by {number(step)} Ω"
    if len(drawn) < len(spectra):
        note += f"; {len(drawn)} of {len(spectra)} spectra drawn, evenly spaced"
    return Drawn("Series of spectra", {"data": traces, "layout": made}, note)


def blend(share: float) -> str:
    """Colour at a share of the way from dark to light."""
    position = min(max(share, 0.0), 1.0) * (len(SEQUENCE) - 1)
    k = min(int(position), len(SEQUENCE) - 2)
    ends = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in SEQUENCE[k : k + 2]]
    mixed = [round(a + (b - a) * (position - k)) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in mixed)


def colour_bar(title: str, low: float, high: float) -> Trace:
    """An invisible trace that carries the colour bar of a series."""
    scale = [[n / (len(SEQUENCE) - 1), colour] for n, colour in enumerate(SEQUENCE)]
    return {
        "type": "scatter", "mode": "markers", "x": [None], "y": [None], "showlegend": False, "hoverinfo": "skip",
        "marker": {
            "color": [low], "cmin": low, "cmax": high if high > low else low + 1.0, "colorscale": scale,
            "showscale": True,
            "colorbar": {"title": {"text": plots.label(title), "side": "right"}, "thickness": 10, "outlinewidth": 0},
        },
    }  # fmt: skip


def arrhenius(fit: ArrheniusFit, of: str, *, simulated: bool) -> Drawn:
    """Ln of the quantity against 1000/T with the line, the scale of temperatures above in degC."""
    used = fit.used
    kelvin, value = fit.temperature[used], fit.value[used]
    unit, factor = ARRHENIUS_UNITS[fit.at_room_temperature.dimension]
    x_title, y_title = "1000/T / K⁻¹", f"{'conductivity' if unit == 'S/cm' else 'resistance'} / {unit}"
    traces = [
        plots.line("", 1e3 / kelvin, value * factor, series_colour(0, 2), x_title=x_title, y_title=y_title)
        | {"mode": "markers", "marker": {"color": series_colour(0, 2), "size": 8}, "showlegend": False}
    ]
    slope, middle = np.polyfit(1.0 / kelvin, np.log(value * factor), 1)
    ends = np.array([1.0 / kelvin.max(), 1.0 / kelvin.min()])
    line = np.exp(middle + slope * ends)
    traces.append(
        plots.line("fit", 1e3 * ends, line, series_colour(1, 2), x_title=x_title, y_title=y_title, width=1.4)
        | {"showlegend": False}
    )
    degrees = sorted({round(float(k) - 273.15) for k in kelvin})
    above: Trace = {
        "type": "scatter", "x": [1e3 / (d + 273.15) for d in degrees], "y": [float(value[0] * factor)] * len(degrees),
        "xaxis": "x2", "mode": "markers", "marker": {"opacity": 0}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    made = plots.layout(x_title, y_title, y_log=True, simulated=simulated, height=470)
    span = [1e3 / kelvin.max(), 1e3 / kelvin.min()]
    pad = 0.06 * (span[1] - span[0])
    made["xaxis"] |= {"range": [span[0] - pad, span[1] + pad]}
    made["xaxis2"] = plots.axis("temperature / °C") | {
        "overlaying": "x", "side": "top", "range": made["xaxis"]["range"], "showgrid": False,
        "tickvals": [1e3 / (d + 273.15) for d in degrees], "ticktext": [str(d) for d in degrees],
    }  # fmt: skip
    made["margin"]["t"] = 56
    energy = fit.activation_energy
    note = fit.break_test.statement
    if energy.value is not None:
        note = f"activation energy {number(from_si(energy.value, 'eV', energy.dimension))} eV; {note}"
    return Drawn(f"Arrhenius: {of}", {"data": [*traces, above], "layout": made}, note)


def relaxation(distributions: Sequence[tuple[str, Any]], *, simulated: bool) -> Drawn:
    """Distributions of relaxation times with their bands; times that were not measured are shaded."""
    x_title, y_title = "τ / s", "g per ln τ / Ω"
    traces: list[Trace] = []
    many = len(distributions) > 1
    for place, (name, found) in enumerate(distributions):
        colour = series_colour(place, len(distributions), ordered=many)
        low, high = found.band
        traces.append(plots.band(name or "90 % band", found.time_constant, low, high, colour))
        traces.append(plots.line(name or "g", found.time_constant, found.distribution, colour, x_title=x_title,
                                 y_title=y_title))  # fmt: skip
    made = plots.layout(x_title, y_title, x_log=True, simulated=simulated, height=400)
    made["showlegend"] = many
    first = distributions[0][1]
    ends = (float(first.time_constant.min()), float(first.time_constant.max()))
    shade = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "fillcolor": MUTED, "opacity": 0.13,
             "line": {"width": 0}, "layer": "below"}  # fmt: skip
    made["shapes"] = [
        shade | {"x0": ends[0], "x1": first.measured[0]}, shade | {"x0": first.measured[1], "x1": ends[1]}
    ]  # fmt: skip
    top = max(highest_measured(one) for _, one in distributions)
    beyond = max(float(one.distribution.max()) for _, one in distributions) > top
    made["yaxis"] |= {"range": [-0.03 * top, 1.08 * top]}
    survive = [f"{peak.survival:.0%}" for peak in first.peaks]
    note = f"shaded: not measured; peaks that survive refits to perturbed data: {', '.join(survive) or 'none'}"
    note += "; beyond the measured times the curve goes on above the plot" if beyond else ""
    return Drawn("Relaxation times", {"data": traces, "layout": made}, note)


def highest_measured(found: Any) -> float:
    """Largest height of a distribution and its band [Ohm] at time constants that were measured."""
    tau = found.time_constant
    inside = (tau >= found.measured[0]) & (tau <= found.measured[1])
    heights = np.concatenate([found.distribution[inside], found.band[1][inside]])
    return float(np.nanmax(heights)) if heights.size else float(found.distribution.max())


def charge_passed(cycling: Measurement) -> Array:
    """Net charge at each row [C]: the record's own, else the current integrated."""
    if Column.CHARGE in cycling:
        return cycling.array(Column.CHARGE)
    time, current = cycling.array(Column.TIME), np.nan_to_num(cycling.array(Column.CURRENT))
    return np.concatenate([[0.0], np.cumsum(np.diff(time) * 0.5 * (current[1:] + current[:-1]))])


def charge_scale(area: float | None) -> tuple[str, float]:
    """Title of an axis of charge and the factor from coulombs."""
    if area is None:
        return "net charge / mAh", from_si(1.0, "mAh", "charge")
    return "net charge / mAh/cm²", from_si(1.0, "mAh/cm2", "areal charge") / area


def voltage_and_resistance(cycling: Measurement, series: InterfaceSeries, area: float | None) -> Drawn:
    """Voltage above and resistances below, on one axis of charge (of time, where charge went both ways)."""
    by_charge = bool(series.one_sided) and Column.CURRENT in cycling and bool(np.isfinite(series.charge).all())
    if by_charge:
        x_title, factor = charge_scale(area)
        above, below = charge_passed(cycling) * factor, series.charge * factor
    else:
        unit, length = time_scale(float(np.nanmax(cycling.array(Column.TIME))))
        x_title = f"time / {unit}"
        above, below = cycling.array(Column.TIME) / length, series.time / length
    voltage = cycling.array(Column.VOLTAGE)
    v_title, v_factor = voltage_scale(voltage)
    broken = [] if by_charge else [gap / length for gap in gaps_of(cycling)]
    x, drawn = pieces(above, voltage * v_factor, broken, POINTS)
    normalised = series.results[0].area_normalised
    r_title, r_factor = ("resistance / Ω cm²", 1e4) if normalised else ("resistance / Ω", 1.0)
    traces = [
        plots.line("voltage", x, drawn, series_colour(0, 2), x_title=x_title, y_title=v_title, width=1.2),
        _resistances(series, below, r_factor, x_title, r_title),
    ]  # fmt: skip
    made = plots.layout(x_title, v_title, simulated=cycling.is_simulated, height=580)
    made["yaxis"] |= {"domain": [0.5, 1]}
    made["yaxis2"] = plots.axis(r_title) | {"domain": [0, 0.42], "anchor": "x", "rangemode": "tozero"}
    made["xaxis"] |= {"anchor": "y2"}
    made["showlegend"] = False
    scope = series.results[0].scope
    gaps = int(np.isnan(series.resistance).sum())
    note = f"below: {series.results[0].quantity} ({scope}), one standard uncertainty"
    note += f"; {gaps} of {len(series.results)} spectra gave a limit or nothing" if gaps else ""
    return Drawn("Voltage and resistance", {"data": traces, "layout": made}, note)


def _resistances(series: InterfaceSeries, x: Array, factor: float, x_title: str, y_title: str) -> Trace:
    colour = series_colour(1, 2)
    trace = plots.line(series.results[0].quantity, x, series.resistance * factor, colour, x_title=x_title,
                       y_title=y_title, width=1.0)  # fmt: skip
    trace |= {"mode": "lines+markers", "marker": {"color": colour, "size": 6}, "yaxis": "y2"}
    error: dict[str, Any] = {"type": "data", "array": plots.numbers(np.nan_to_num(series.uncertainty) * factor, 3)}
    trace["error_y"] = error | {"color": MUTED, "thickness": 1, "width": 2}
    return trace


def replicates(group: GroupStatistics) -> Drawn:
    """Every replicate as the interval in which it failed, and the Weibull line where five or more failed."""
    fit = group.fit
    dimension = fit.scale.dimension
    unit = "mA/cm2" if dimension == "current density" else "mA"
    x_title = f"critical {dimension} / {unit_text(unit)}"
    factor = from_si(1.0, unit, dimension)
    used = [(r.cell, r.bracket) for r in group.replicates if r.bracket is not None]
    used.sort(key=lambda one: (one[1][0] or 0.0, one[1][1] or 1e99))
    traces: list[Trace] = []
    highest = max((end for _, bracket in used for end in bracket if end is not None), default=1.0)
    for place, (cell, (low, high)) in enumerate(used):
        level = (place + 0.5) / len(used)
        ends = [(low or 0.0) * factor, (high if high is not None else 1.15 * highest) * factor]
        trace = plots.line(
            cell, ends, [level, level], series_colour(0, 2), x_title=x_title, y_title="share of cells failed",
            width=4, dash="dot" if high is None else "solid",
        )  # fmt: skip
        traces.append(trace | {"showlegend": False})
    if fit.shape.value is not None:
        x = np.linspace(0.0, 1.2 * highest, 120)
        failed = np.array([1.0 - (fit.survival(float(v)) or 0.0) for v in x])
        traces.append(
            plots.line("Weibull", x * factor, failed, series_colour(1, 2), x_title=x_title, y_title="share failed")
        )
    made = plots.layout(x_title, "share of cells failed", simulated=any(r.simulated for r in group.replicates))
    made["yaxis"] |= {"range": [0, 1]}
    note = "each bar: from the last current survived to the first one failed; dotted: still alive at the end"
    return Drawn(f"Replicates: {group.group}", {"data": traces, "layout": made}, note)


def every_cell(quantity: str, values: Sequence[tuple[str, Result]]) -> Drawn:
    """One quantity of every cell of a group, with its own standard uncertainty; limits are hollow."""
    entries = [(name, result.to_json()) for name, result in values]
    unit = unit_text(entries[0][1]["unit"])
    short = quantity.partition(" (")[0]
    y_title = f"{short} / {unit}" if unit else short
    colour = series_colour(0, 2)
    names, known, spread, hollow = [], [], [], []
    for name, entry in entries:
        ends = [end for end in (entry["interval"] or ()) if end is not None]
        limit = entry["value"] is None and bool(ends)
        names.append(name)
        known.append(ends[-1] if limit else entry["value"])
        spread.append(entry["uncertainty"] or 0.0)
        hollow.append("circle-open" if limit else "circle")
    trace = plots.line("", np.arange(len(names), dtype=float), np.zeros(len(names)), colour, x_title="cell",
                       y_title=y_title)  # fmt: skip
    trace |= {
        "y": known, "mode": "markers", "marker": {"color": colour, "size": 9, "symbol": hollow}, "showlegend": False,
        "error_y": {"type": "data", "array": plots.numbers(np.array(spread), 3), "color": MUTED, "thickness": 1},
    }  # fmt: skip
    made = plots.layout("", y_title, simulated=any(r.simulated for _, r in values))
    made["xaxis"] |= {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.6, len(names) - 0.4]}
    note = "every cell with its own standard uncertainty; the spread between cells is in the budget"
    return Drawn(f"Every cell: {quantity}", {"data": [trace], "layout": made}, note)


__all__ = [
    "Labelled", "arrhenius", "blend", "bode", "charge_passed", "charge_scale", "colour_bar", "every_cell",
    "highest_measured", "nyquist", "replicates", "voltage_and_resistance", "waterfall",
]  # fmt: skip
