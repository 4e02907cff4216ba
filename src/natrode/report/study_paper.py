"""Figures of a study for papers, each with its numbers as CSV: what a page draws, at the width of a column."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from natrode.analysis.circuit import parse_circuit
from natrode.analysis.critical_current import CriticalCurrent
from natrode.analysis.impedance import InterfaceSeries
from natrode.analysis.reading import area_of, temperature_of
from natrode.analysis.replicates import GroupStatistics
from natrode.analysis.result import Series
from natrode.analysis.spectrum import Complex
from natrode.analysis.temperature_series import ArrheniusFit
from natrode.errors import SpecificationError
from natrode.measurement import Column, Measurement, mark_of
from natrode.report.decimation import Array, min_max, pieces
from natrode.report.palette import SERIES
from natrode.report.paper_style import (
    DASHES,
    POINTS,
    SINGLE_COLUMN,
    Drawing,
    dress,
    equal_axes,
    nyquist_limits,
    plain,
    save,
)
from natrode.report.plots import decade_labels
from natrode.report.run_plots import current_scale, gaps_of, time_scale, voltage_scale
from natrode.report.study import colours, details, labelled, largest_drawn
from natrode.report.study_plots import ARRHENIUS_UNITS, Labelled, blend, charge_scale, chosen, highest_measured
from natrode.report.wording import measured_text, number, prose, unit_text
from natrode.units import from_si
from natrode.workbench.study import CellStudy, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("nyquist", "drt", "voltage", "ccd", "series", "arrhenius", "replicates")
CALLS: dict[str, tuple[str, ...]] = {
    "nyquist": ("suggest_circuits", "fit_circuit", "interface_resistance_series", "pellet_resistance"),
    "drt": ("relaxation_times",),
    "voltage": (),
    "ccd": ("critical_current_density",),
    "series": ("interface_resistance_series", "summarise_series"),
    "arrhenius": ("resistance_against_temperature",),
    "replicates": ("critical_current_density",),
}
"""Analyses that a kind of figure draws."""
NOT_MEASURED = "0.92"
"""Grey of what was not measured."""


@dataclass(frozen=True)
class PaperFigure:
    """One figure, not drawn yet."""

    name: str
    """Of its file, without ending."""
    kind: str
    cell: str
    """Name of its cell, or of its group."""
    draw: "Callable[[Figure], Drawing]"
    shape: float
    """Height over width."""
    mark: str = ""
    """Of the simulated records that it shows (`mark_of`)."""

    def save(self, folder: Path, ending: str, width_mm: float = SINGLE_COLUMN) -> list[str]:
        """Write it and its numbers; returns the names of both files."""
        path = folder / f"{self.name}{ending}"
        height = min(self.shape * width_mm, max(110.0, 0.55 * width_mm))
        return [path.name, save(path, self.draw, width_mm, height, self.mark).name]


def paper_figures(study: Study, kinds: Sequence[str] = KINDS) -> Iterator[PaperFigure]:
    """Yield the figures of a study that its records can fill.

    Args:
        study: with the analyses that the kinds draw (`CALLS`).
        kinds: of `KINDS`.

    Raises:
        SpecificationError: for an unknown kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise SpecificationError(f"figure: unknown kind {kind!r}; allowed are {', '.join(KINDS)}")
    for cell in study.cells:
        for name, kind, draw, shape in _of_cell(cell):
            if kind in kinds:
                several = f"{_file_name(cell.name)}-" if len(study.cells) > 1 else ""
                mark = mark_of(cell.experiment.measurements)
                yield PaperFigure(f"{several}{name}", kind, cell.name, draw, shape, mark)
    if "replicates" in kinds:
        for group in study.groups:
            if group.critical is None:
                continue
            draw = partial(_replicates, group=group.critical)
            members = [c for c in study.cells if c.name in group.cells]
            mark = mark_of(m for c in members for m in c.experiment.measurements)
            yield PaperFigure(f"{_file_name(group.name)}-replicates", "replicates", group.name, draw, 0.75, mark)


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in text)


def _of_cell(cell: CellStudy) -> "Iterator[tuple[str, str, Callable[[Figure], Drawing], float]]":
    experiment = cell.experiment
    impedance = [m for m in experiment.measurements if m.kind == "impedance"]
    series = [d for key, d in cell.details.items() if key.startswith("interface_resistance_series:")]
    spectra = labelled(impedance)
    if spectra:
        fits = [(of, fit) for of, fit in details(cell, "suggest_circuits", "fit_circuit") if len(fit.fitted)]
        values, title = _order(impedance, series[0] if series else None)
        largest = largest_drawn(cell, spectra)
        shape = _shape(spectra, largest, legend=bool(fits) and len(spectra) == 1)
        draw = partial(_nyquist, spectra=spectra, fits=fits, values=values, title=title, largest=largest)
        yield "nyquist", "nyquist", draw, shape
        found = [(of, d) for of, d in details(cell, "relaxation_times") if len(d.time_constant)]
        if found:
            tall = 0.7 if not _apart(found) else max(0.7, 0.2 + 0.19 * len(found))
            yield "drt", "drt", partial(_drt, found=found, simulated=cell.is_simulated), tall
    cycling = experiment.of_kind("cycling")
    for place, record in enumerate(cycling, 1):
        name = "voltage" if len(cycling) == 1 else f"voltage-{place}"
        yield name, "voltage", partial(_voltage, record=record), 0.9
    critical = [d for key, d in cell.details.items() if key.startswith("critical_current_density:")]
    if len(critical) == 1 and len(cycling) == 1:
        yield "ccd", "ccd", partial(_staircase, record=cycling[0], critical=critical[0]), 0.95
    for place, one in enumerate(series, 1):
        if len(one.results) > 2:
            area = area_of(impedance[min(place, len(impedance)) - 1])
            name = "resistance" if len(series) == 1 else f"resistance-{place}"
            yield name, "series", partial(_resistances, series=one, area=area, simulated=cell.is_simulated), 0.75
    groups: dict[tuple[str, str], list[Series]] = {}
    for item in cell.series:
        if len(item.values) > 2 and not (series and "resistance" in item.quantity):
            groups.setdefault((item.dimension, item.x_quantity), []).append(item)
    for place, members in enumerate(groups.values(), 1):
        name = "series" if len(groups) == 1 else f"series-{place}"
        yield name, "series", partial(_series, members=members, simulated=cell.is_simulated), 0.75
    for of, fit in details(cell, "resistance_against_temperature"):
        if isinstance(fit, ArrheniusFit) and fit.activation_energy.value is not None:
            yield f"arrhenius-{_file_name(of)}", "arrhenius", partial(_arrhenius, fit=fit, of=of,
                                                                      simulated=cell.is_simulated), 0.85  # fmt: skip


def _order(impedance: Sequence[Measurement], series: InterfaceSeries | None) -> tuple[Array, str]:
    """What spectra are coloured by: charge or time within a record, temperature or number across records."""
    if len(impedance) == 1:
        return colours(impedance[0], series)
    spectra = [s for m in impedance for s in m.spectra()]
    kelvin = [temperature_of(s) for s in spectra]
    known = [k for k in kelvin if k is not None]
    if len(known) == len(kelvin) and np.ptp(known) > 1.0:
        return np.array(known) - 273.15, "temperature / °C"
    return np.arange(1.0, len(spectra) + 1.0), "spectrum"


def _shape(spectra: Sequence[Labelled], largest: float, *, legend: bool) -> float:
    """Height over width of a Nyquist figure whose equal axes fill it."""
    z = _near(spectra, largest)
    left, right, bottom, top = nyquist_limits(z.real, -z.imag)
    tall = (top - bottom) / (right - left)
    return min(max((0.78 if len(spectra) == 1 else 0.62) * tall + 0.16 + 0.07 * legend, 0.3), 1.3)


def _near(spectra: Sequence[Labelled], largest: float) -> Complex:
    """Points of the spectra that are drawn which the axes show."""
    z: Complex = np.concatenate([spectra[n][1].impedance for n in chosen(spectra)])
    return z[np.abs(z) < largest]


def _ohm(largest: float) -> tuple[str, float]:
    """Unit in which resistances up to `largest` [Ohm] are short numbers, and its factor."""
    return ("MΩ", 1e-6) if largest > 2e6 else ("kΩ", 1e-3) if largest > 2e4 else ("Ω", 1.0)


def _mark(records: Sequence[Measurement]) -> str:
    if any(r.is_simulated for r in records):
        return "simulated"
    names = dict.fromkeys(r.metadata.origin.file for r in records)
    return f"measured, {', '.join(names)}"


def _colour_bar(axes: "Axes", values: Array, title: str) -> None:
    """The scale of a series' colours beside the axes."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    colour_map = ListedColormap([blend(share) for share in np.linspace(0.0, 1.0, 128)])
    scale = Normalize(float(np.nanmin(values)), float(np.nanmax(values)))
    beside = axes.inset_axes((1.02, 0.0, 0.03, 1.0))  # as high as the axes, whose equal scales shrink them
    bar = axes.figure.colorbar(ScalarMappable(scale, colour_map), cax=beside)
    bar.set_label(plain(title))
    bar.outline.set_linewidth(0.4)


def _shades(values: Array) -> list[str]:
    low, span = float(np.nanmin(values)), float(np.ptp(values)) or 1.0
    return [blend((float(v) - low) / span) for v in values]


def _nyquist(
    figure: "Figure",
    spectra: Sequence[Labelled],
    fits: Sequence[tuple[str, Any]],
    values: Array,
    title: str,
    largest: float,
) -> Drawing:
    axes = figure.add_subplot()
    drawing = Drawing(any(s.is_simulated for _, s in spectra))
    places = chosen(spectra)
    series = len(places) > 1
    shades = _shades(values) if series else [SERIES[0]] * len(spectra)
    widest = max(places, key=lambda n: float(np.ptp(spectra[n][1].array(Column.REAL_IMPEDANCE))))
    shown = _near(spectra, largest)
    unit, factor = _ohm(float(np.abs(shown).max()))
    shown = shown * factor
    span = float(np.ptp(shown.real)) or 1.0
    for n, (name, part) in enumerate(spectra):
        frequency, z = part.array(Column.FREQUENCY), part.impedance
        comment = f"{name}, {_mark([part])}"
        for heading, numbers in (("frequency / Hz", frequency), ("Re Z / Ohm", z.real), ("-Im Z / Ohm", -z.imag)):
            drawing.add(heading, comment, numbers)
        if n not in places:
            continue
        frequency, z = frequency[np.abs(z) < largest], z[np.abs(z) < largest] * factor
        axes.plot(z.real, -z.imag, "o", ms=2.4, mew=0, color=shades[n], label=None if series else "measured")
        if n == widest:
            labels = decade_labels(frequency, z.real, -z.imag, 0.2, span)
            for real, imaginary, text in zip(z.real, -z.imag, labels, strict=True):
                if text:
                    axes.plot(real, imaginary, "o", ms=4, mfc="none", mew=0.6, color=shades[n])
                    axes.annotate(text, (real, imaginary), (0, 4), textcoords="offset points", fontsize=6,
                                  ha=_side(real, shown.real))  # fmt: skip
    if drawing.simulated and not series:
        axes.lines[0].set_label("simulated")
    for place, (of, fit) in enumerate(fits):
        fine = np.geomspace(fit.frequency.min(), fit.frequency.max(), 400)
        smooth = parse_circuit(fit.circuit).impedance(fine, fit.vector)
        axes.plot(
            smooth.real * factor, -smooth.imag * factor, color="black", lw=0.8, zorder=3, label=None if place else "fit"
        )
        comment = f"fit {fit.circuit}" + (f", {of}" if of else "")
        for heading, numbers in (("frequency / Hz", fine), ("Re Z / Ohm", smooth.real), ("-Im Z / Ohm", -smooth.imag)):
            drawing.add(heading, comment, numbers)
    dress(axes, f"Re Z / {unit}", f"−Im Z / {unit}", legend_below=True)
    if series:
        _colour_bar(axes, values, title)
    equal_axes(axes, shown.real, -shown.imag)
    return drawing


def _side(real: float, every: Array) -> str:
    """On which side of its point a label stays within the axes."""
    share = (real - float(every.min())) / (float(np.ptp(every)) or 1.0)
    return "right" if share > 0.9 else "left" if share < 0.06 else "center"


def _apart(found: Sequence[tuple[str, Any]]) -> bool:
    """Whether distributions differ so much in height that each needs a panel of its own."""
    heights = [highest_measured(one) for _, one in found]
    return max(heights) > 10.0 * min(heights)


def _drt(figure: "Figure", found: Sequence[tuple[str, Any]], simulated: bool) -> Drawing:
    """Distributions with their bands: in one panel, or in one each where they differ tenfold in height."""
    apart = _apart(found)
    panels = figure.subplots(len(found) if apart else 1, 1, sharex=True, squeeze=False)[:, 0]
    drawing = Drawing(simulated)
    mark = "simulated" if simulated else "measured"
    tops = [highest_measured(one) for _, one in found]
    unit, factor = _ohm(max(tops))
    for place, (of, one) in enumerate(found):
        axes = panels[place if apart else 0]
        colour = SERIES[place % len(SERIES)]
        tau, (low, high) = one.time_constant, one.band
        axes.fill_between(tau, low * factor, high * factor, color=colour, alpha=0.22, lw=0)
        axes.plot(tau, one.distribution * factor, color=colour, ls=DASHES[place % len(DASHES)], label=plain(of or "g"))
        if apart:
            inside = one.distribution * ((tau >= one.measured[0]) & (tau <= one.measured[1]))
            right = int(np.argmax(inside)) < len(tau) // 2  # where the curve is not
            axes.text(0.99 if right else 0.15, 0.95, plain(prose(of.partition(", ")[0])), transform=axes.transAxes,
                      ha="right" if right else "left", va="top")  # fmt: skip
        comment = f"{of}, {mark}" if of else mark
        for heading, more, numbers in (
            ("tau / s", "", tau), ("g per ln tau / Ohm", "", one.distribution),
            ("g per ln tau / Ohm", ", 5 %", low), ("g per ln tau / Ohm", ", 95 %", high),
        ):  # fmt: skip
            drawing.add(heading, comment + more, numbers)
        drawing.add("peak, tau / s", comment, [float("nan") if (t := p.time_constant.value) is None else t
                                               for p in one.peaks])  # fmt: skip
        drawing.add("peak, survival / fraction", comment, [p.survival for p in one.peaks])
    first = found[0][1]
    ends = float(first.time_constant.min()), float(first.time_constant.max())
    for place, axes in enumerate(panels):
        dress(axes, "τ / s" if axes is panels[-1] else "", "" if apart else f"γ per ln τ / {unit}", x_log=True)
        if len(panels) > 2:
            axes.locator_params(axis="y", nbins=3)
        axes.set_xlim(*ends)
        axes.set_ylim(0.0, 1.08 * factor * (tops[place] if apart else max(tops)))
        for low, high in ((ends[0], first.measured[0]), (first.measured[1], ends[1])):
            axes.axvspan(low, high, color=NOT_MEASURED, lw=0, zorder=0)
    if apart:
        figure.supylabel(f"γ per ln τ / {unit}", fontsize=8)
    panels[0].text(
        0.0, 1.01, "grey: not measured", transform=panels[0].transAxes, va="bottom", fontsize=6, color="0.35"
    )
    return drawing


def _voltage(figure: "Figure", record: Measurement) -> Drawing:
    drawing = Drawing(record.is_simulated)
    time = record.array(Column.TIME)
    unit, length = time_scale(float(np.nanmax(time, initial=0.0)))
    v_title, v_factor = voltage_scale(record.array(Column.VOLTAGE))
    lines = [(v_title, record.array(Column.VOLTAGE) * v_factor, SERIES[0])]
    if Column.CURRENT in record:
        c_title, c_factor = current_scale(record)
        lines.append((c_title, record.array(Column.CURRENT) * c_factor, SERIES[1]))
    panels = figure.subplots(len(lines), 1, sharex=True, squeeze=False, height_ratios=[3, 2][: len(lines)])[:, 0]
    mark = _mark([record])
    drawing.add(f"time / {unit}", mark, time / length)
    for axes, (title, values, colour) in zip(panels, lines, strict=True):
        moments, drawn = pieces(time, values, gaps_of(record), POINTS)
        axes.plot(moments / length, drawn, color=colour, lw=0.7)
        dress(axes, f"time / {unit}" if axes is panels[-1] else "", title.replace(" / ", "\n/ ", 1))
        axes.margins(x=0.01)
        drawing.add(title, mark, values)
    figure.align_ylabels()
    return drawing


def _staircase(figure: "Figure", record: Measurement, critical: CriticalCurrent) -> Drawing:
    """The staircase of the current over the voltage; the step that was survived last and the one that failed."""
    drawing = _voltage(figure, record)
    panels = figure.axes
    time = record.array(Column.TIME)
    _, length = time_scale(float(np.nanmax(time, initial=0.0)))
    title, factor = current_scale(record)
    area = area_of(record)
    scale = factor if area is None else factor * area  # brackets are in A/m2 where the area is known
    ways = (("-", "last survived", -1.5, "top"), ("--", "first failed", 1.5, "bottom"))
    for bound, (style, name, shift, side) in zip(critical.bracket, ways, strict=True):
        if bound is not None and len(panels) > 1:
            axes = panels[-1]
            axes.axhline(bound * scale, color="black", lw=0.6, ls=style)
            axes.annotate(f"{name} {number(bound * scale)}", (0.01, bound * scale), (0, shift), fontsize=6, va=side,
                          xycoords=axes.get_yaxis_transform(), textcoords="offset points")  # fmt: skip
            axes.margins(y=0.14)
            drawing.add(title, f"critical current, {name}", [bound * scale])
    interval = critical.verdict.onset
    if interval is not None:
        low, high = (float(np.clip(t, np.nanmin(time), np.nanmax(time))) / length for t in interval)
        for axes in panels:
            axes.axvspan(low, high, color=SERIES[5], alpha=0.35, lw=0, zorder=0)
        drawing.add(panels[-1].get_xlabel(), f"onset of failure ({critical.how_it_ended})", [low, high])
    return drawing


def _resistances(figure: "Figure", series: InterfaceSeries, area: float | None, simulated: bool) -> Drawing:
    axes = figure.add_subplot()
    drawing = Drawing(simulated)
    first = series.results[0]
    if series.one_sided and np.isfinite(series.charge).all():
        x_title, factor = charge_scale(area)
        x = series.charge * factor
    elif np.isfinite(series.time).all():
        unit, length = time_scale(float(series.time[-1]))
        x_title, x = f"time / {unit}", series.time / length
    else:
        x_title, x = "spectrum", np.arange(1.0, len(series.results) + 1.0)
    unit, factor = ("Ω cm²", 1e4) if first.area_normalised else ("Ω", 1.0)
    y_title = f"{first.quantity} / {unit}"
    y, error = series.resistance * factor, series.uncertainty * factor
    axes.errorbar(x, y, np.nan_to_num(error), fmt="o", ms=3, color=SERIES[0], elinewidth=0.6, capsize=1.2)
    dress(axes, x_title, y_title)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    mark = "simulated" if simulated else "measured"
    drawing.add(x_title, mark, x)
    drawing.add(y_title, f"{mark}, {first.scope}", y)
    drawing.add(y_title, "standard uncertainty", error)
    return drawing


def _series(figure: "Figure", members: Sequence[Series], simulated: bool) -> Drawing:
    axes = figure.add_subplot()
    drawing = Drawing(simulated)
    mark = "simulated" if simulated else "measured"
    entries = [m.to_json() for m in members]
    unit, x_unit = unit_text(entries[0]["unit"]), unit_text(entries[0]["x_unit"])
    x_title = f"{entries[0]['x_quantity']} / {x_unit}" if x_unit else entries[0]["x_quantity"]
    shared = entries[0]["quantity"] if len(entries) == 1 else entries[0]["quantity"].split(" (")[0].split(",")[0]
    y_title = f"{shared} / {unit}" if unit else shared
    for place, entry in enumerate(entries):
        x = np.array(entry["x"], dtype=float)
        y = np.array([np.nan if v is None else v for v in entry["value"]], dtype=float)
        kept = min_max(y, POINTS)
        few = len(y) <= 60
        axes.plot(
            x[kept], y[kept], color=SERIES[place % len(SERIES)], ls=DASHES[place % len(DASHES)],
            marker="os^vD"[place % 5] if few else None, ms=2.5, label=plain(entry["quantity"]),
        )  # fmt: skip
        drawing.add(x_title, f"{entry['quantity']}, {mark}", x)
        drawing.add(y_title, f"{entry['quantity']}, {mark}", y)
        if entry["uncertainty"] is not None:
            spread = np.array([np.nan if v is None else v for v in entry["uncertainty"]], dtype=float)
            drawing.add(y_title, f"{entry['quantity']}, standard uncertainty", spread)
    dress(axes, x_title, y_title, legend_below=True)
    return drawing


def _arrhenius(figure: "Figure", fit: ArrheniusFit, of: str, simulated: bool) -> Drawing:
    axes = figure.add_subplot()
    drawing = Drawing(simulated)
    used = fit.used
    kelvin, value = fit.temperature[used], fit.value[used]
    unit, factor = ARRHENIUS_UNITS[fit.at_room_temperature.dimension]
    if unit == "Ω":
        unit, factor = _ohm(float(value.max()))
    y_title = f"{'conductivity' if unit == 'S/cm' else 'resistance'} of the {of} / {unit}"
    mark = "simulated" if simulated else "measured"
    axes.plot(1e3 / kelvin, value * factor, "o", ms=4, color=SERIES[0])
    slope, middle = np.polyfit(1.0 / kelvin, np.log(value * factor), 1)
    ends = np.array([1.0 / kelvin.max(), 1.0 / kelvin.min()])
    axes.plot(1e3 * ends, np.exp(middle + slope * ends), color="black", lw=0.8)
    dress(axes, "1000/T / K⁻¹", y_title, y_log=True)
    drawing.mark_at = (0.98, 0.02, "bottom") if slope < 0.0 else (0.98, 0.13, "bottom")
    above = axes.secondary_xaxis("top", functions=(_celsius, _inverse))
    degrees = sorted({round(float(k) - 273.15) for k in kelvin})
    kept = [d for n, d in enumerate(degrees) if n == 0 or abs(_inverse(d) - _inverse(degrees[n - 1])) > 0.02]
    above.set_xticks(kept)
    above.set_xlabel("temperature / °C")
    energy = fit.activation_energy
    if energy.value is not None:
        size, error = (from_si(x, "eV", energy.dimension) for x in (energy.value, energy.uncertainty or 0.0))
        text = " ".join(measured_text(size, error)) if error else number(size)
        height, side = (0.95, "top") if slope < 0.0 else (0.05, "bottom")  # where the line is not
        axes.text(0.97, height, f"{text} eV", transform=axes.transAxes, ha="right", va=side)
    for title, comment, numbers in (
        ("1000/T / 1/K", mark, 1e3 / kelvin), ("temperature / degC", mark, kelvin - 273.15),
        (y_title, mark, value * factor), ("1000/T / 1/K", "fit", 1e3 * ends),
        (y_title, "fit", np.exp(middle + slope * ends)),
    ):  # fmt: skip
        drawing.add(title, comment, numbers)
    return drawing


def _celsius(x: Any) -> Any:
    """Degrees Celsius at 1000/T."""
    return 1e3 / np.maximum(np.asarray(x, dtype=float), 1e-9) - 273.15


def _inverse(degrees: Any) -> Any:
    """1000/T at degrees Celsius."""
    return 1e3 / np.maximum(np.asarray(degrees, dtype=float) + 273.15, 1e-9)


def _replicates(figure: "Figure", group: GroupStatistics) -> Drawing:
    """Every cell's bracket, and the Weibull line with as many failures as it needs."""
    axes = figure.add_subplot()
    used = [r for r in group.replicates if r.bracket is not None]
    drawing = Drawing(any(r.simulated for r in used))
    dimension = group.fit.scale.dimension
    unit, shown = ("mA/cm2", "mA/cm²") if dimension == "current density" else ("mA", "mA")
    factor = from_si(1.0, unit, dimension)
    brackets = [r.bracket for r in used if r.bracket is not None]
    order = sorted(range(len(used)), key=lambda k: (brackets[k][0] or 0.0, brackets[k][1] or 1e99))
    highest = max((end for bracket in brackets for end in bracket if end is not None), default=1.0)
    for place, k in enumerate(order):
        low, high = brackets[k]
        level = (place + 0.5) / len(order)
        ends = (factor * (low or 0.0), factor * (1.15 * highest if high is None else high))
        name, style = ("alive at the end", ":") if high is None else ("last survived to first failed", "-")
        known = axes.get_legend_handles_labels()[1]
        axes.plot(ends, [level, level], color=SERIES[0], lw=2, ls=style, label=None if name in known else name)
    fit = group.fit
    x_title = f"critical {dimension} / {shown}"
    if fit.shape.value is not None:
        x = np.linspace(0.0, 1.2 * highest, 120)
        failed = np.array([1.0 - (fit.survival(float(v)) or 0.0) for v in x])
        axes.plot(x * factor, failed, color=SERIES[1], lw=1.0, label="Weibull")
        drawing.add(x_title, "Weibull", x * factor)
        drawing.add("share of cells failed", "Weibull", failed)
    dress(axes, x_title, "share of cells failed", legend_below=True)
    axes.set_ylim(0.0, 1.0)
    drawing.add("cell", group.summary, [used[k].cell for k in order])
    for end, comment in enumerate(("last survived", "first failed")):
        bounds = [brackets[k][end] for k in order]
        drawing.add(x_title, comment, [float("nan") if b is None else factor * b for b in bounds])
    return drawing


__all__ = ["CALLS", "KINDS", "PaperFigure", "paper_figures"]
