"""The page of `natrode analyse`: a card per cell, the right plot first, every number with how it was computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode import __version__
from natrode.analysis import LiteraturePlace, is_rest
from natrode.analysis.along import APART_KELVIN
from natrode.analysis.impedance import InterfaceSeries
from natrode.analysis.reading import area_of, temperature_of
from natrode.analysis.result import Result
from natrode.analysis.spectrum import GRAIN_BOUNDARY_CAPACITANCE
from natrode.analysis.temperature_series import ArrheniusFit
from natrode.measurement import Column, Measurement
from natrode.report import study_plots
from natrode.report.page import Plots, anchors, render
from natrode.report.run import ResultShown, flat, result_shown, specification
from natrode.report.run_plots import Drawn, current_flows, series_figures, sweep_figure, time_figure, time_scale
from natrode.report.study_plots import Labelled
from natrode.report.wording import number
from natrode.workbench import citing
from natrode.workbench.groups import Group
from natrode.workbench.plan import label
from natrode.workbench.study import Answer, CellStudy, Study

HEADLINES = (
    ("critical current density (largest survived)", "critical current"),
    ("activation energy", "activation energy"),
    ("ionic conductivity", "conductivity"),
    ("pellet resistance", "pellet"),
    ("interface resistance of the stripped side", "interface, stripped side"),
    ("interface resistance", "interface"),
    ("electrolyte resistance", "electrolyte"),
    ("overpotential (mean)", "overpotential"),
    ("life", "life"),
    ("discharge capacity of the last whole cycle", "capacity, last whole cycle"),
    ("coulombic efficiency (mean after the first cycle)", "coulombic efficiency"),
    ("capacity retention", "retention"),
    ("voltage gap (median)", "voltage gap"),
)
"""Quantities that a card shows in large type, first ones first, and what they are called there."""
WHERE_THERE_IS_NO_OTHER = ("polarisation resistance", "polarisation")
"""The number in large type of a spectrum that gives neither an electrolyte nor an interface."""
MOST_HEADLINES = 4


@dataclass(frozen=True)
class Headline:
    """A number in large type."""

    name: str
    shown: ResultShown
    of: str


@dataclass(frozen=True)
class ArcRow:
    """An arc of a circuit: its numbers, and the processes that it may be."""

    name: str
    of: str
    numbers: tuple[tuple[str, ResultShown], ...]
    candidates: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """A line of a cell's table."""

    shown: ResultShown
    of: str
    code: str
    settings: tuple[tuple[str, str], ...]
    """Everything that the analysis kept, by name."""


def study_page(study: Study, script: str, files: Sequence[str] = ()) -> str:
    """Return one offline HTML page for a study.

    Args:
        study: the study.
        script: Python that repeats it.
        files: names of the files beside the page that hold its numbers.
    """
    plots = Plots()
    ids = anchors("cell", [cell.name for cell in study.cells])
    return render(
        "study.html.j2",
        title=study.title,
        version=__version__,
        study=study,
        cells=[_card(cell, ids[cell.name], plots) for cell in study.cells],
        counted=_counted(study),
        groups=[_group(group, plots) for group in study.groups],
        comparisons=[(c.summary, [result_shown(r.to_json()) for r in c.results]) for c in study.comparisons],
        script_text=script,
        methods=citing.methods(study.to_json()),
        files=files,
    )


def _counted(study: Study) -> str:
    out = [f"{c.name}: {c.excluded}" for c in study.cells if c.excluded]
    text = f"n = {len(study.cells) - len(out)} of {len(study.cells)}"
    return text + (f"; excluded {'; '.join(out)}" if out else "")


def _card(cell: CellStudy, anchor: str, plots: Plots) -> dict[str, Any]:
    computed = [a for a in cell.answers if a.result.quality != "not computed"]
    return {
        "cell": cell,
        "id": anchor,
        "headlines": headlines(cell),
        "verdict": verdict(cell),
        "figures": _in_pairs([_plot(drawn, simulated, plots) for drawn, simulated in figures(cell)]),
        "rows": [_row(a) for a in computed if not a.is_detail],
        "details": [_row(a) for a in computed if a.is_detail],
        "arcs": arc_rows(cell),
        "fits": [
            (fit.circuit, of, f"{100 * fit.noise:.2g}", fit.reason) for of, fit in details(cell, *CIRCUITS) if fit.arcs
        ],
        "decides": next((a.decides for _, f in details(cell, *CIRCUITS) for a in f.arcs), ""),
        "refused": [_row(a) for a in cell.refused],
        "literature": [(compared(place), place) for place in cell.literature],
        "specification": list(specification(cell.experiment)),
        "records": [_record(m) for m in cell.experiment.measurements],
        "remarks": _remarks(cell),
    }


def _group(group: Group, plots: Plots) -> dict[str, Any]:
    critical = group.critical
    fit = None if critical is None else critical.fit
    early = () if critical is None or critical.without_early is None else critical.results[3:]
    results = [] if fit is None or fit.shape.value is None else [fit.median, fit.scale, fit.shape, *early]
    thickness = () if group.thickness is None else group.thickness.results
    drawn = [] if critical is None else [study_plots.replicates(critical)]
    drawn += [study_plots.every_cell(quantity, own) for quantity, own in group.values.items()]
    return {
        "group": group,
        "results": [result_shown(r.to_json()) for r in (*results, *thickness)],
        "reason": "" if fit is None or fit.shape.value is not None else fit.shape.reason,
        "budgets": [(result_shown(b.mean.to_json()), b.statement) for b in group.budgets],
        "figures": _in_pairs([_plot(d, group.simulated, plots) for d in drawn]),
    }


def _row(answer: Answer) -> Row:
    entry = answer.result.to_json()
    kept = tuple((name, text) for name, text in flat(entry["settings"]) if text != "None")
    return Row(result_shown(entry), answer.of, answer.task.code(), kept)


def headlines(cell: CellStudy) -> list[Headline]:
    """The few numbers that a card shows in large type: values and limits, never refusals."""
    found: list[Headline] = []
    for quantity, name in (*HEADLINES, WHERE_THERE_IS_NO_OTHER):
        fitting = [a for a in cell.answers if a.result.quantity == quantity and a.result.quality != "not computed"]
        fitting = [a for a in fitting if not _is_beside_the_arc(a.result)]
        last = quantity == WHERE_THERE_IS_NO_OTHER[0]
        if not fitting or len(found) >= MOST_HEADLINES or (last and found):
            continue
        best = next((a for a in fitting if a.result.scope == "per interface (assumed equal)"), fitting[0])
        found.append(Headline(name, result_shown(best.result.to_json()), best.of))
    return found


def _is_beside_the_arc(result: Result) -> bool:
    """Whether a resistance of the electrolyte is a limit beside an arc that is the electrolyte's itself."""
    capacitance = result.settings.get("first_arc_capacitance")
    return result.quality == "upper limit" and capacitance is not None and capacitance < GRAIN_BOUNDARY_CAPACITANCE


def verdict(cell: CellStudy) -> str:
    """What `failure` says of the cell, in its words, with what else it may be; empty where it was not asked."""
    found = next((d for key, d in cell.details.items() if key.startswith("failure:")), None)
    if found is None:
        return ""
    parts = [str(found.summary)]
    if found.onset is not None:
        parts.append(f"onset between {_hours(*found.onset)}{_since_first_current(cell, found.onset)}")
    if found.alternatives:
        parts.append(f"or else: {'; '.join(found.alternatives)}")
    parts += [event.statement for event in found.undecided]
    return "; ".join(parts)


def _since_first_current(cell: CellStudy, onset: tuple[float, float]) -> str:
    """The same moments on the clock that a life is counted by, where the record begins with something else."""
    begins = (a.result.settings.get("first_current") for a in cell.answers if a.result.quantity == "life")
    first = next((b for b in begins if b is not None), 0.0)
    if first <= 1e-3 * onset[1]:
        return ""
    return f" of the record ({_hours(onset[0] - first, onset[1] - first)} after the first current, as life counts)"


def _hours(begin: float, end: float) -> str:
    """Two moments [s] in hours, with the digits that tell them apart, three at least."""
    for digits in range(3, 8):
        low, high = (number(moment / 3600.0, digits) for moment in (begin, end))
        if low != high:
            break
    return f"{low} and {high} h"


def compared(place: LiteraturePlace) -> str:
    """What was set beside the literature: quantity, side, and the interfaces that it spans."""
    ratio = place.ratio
    count = f"{ratio.n_interfaces} interface{'s' * (ratio.n_interfaces != 1)}" if ratio.n_interfaces else ""
    told = ", ".join(part for part in ("" if ratio.scope == "none" else ratio.scope, count) if part)
    return ratio.quantity.removesuffix(" over the published median") + (f" ({told})" if told else "")


CIRCUITS = ("suggest_circuits", "fit_circuit")


def arc_rows(cell: CellStudy) -> list[ArcRow]:
    """The arcs of the fitted circuits, each with what it may be."""
    found = []
    for of, fit in details(cell, *CIRCUITS):
        for arc in fit.arcs:
            numbers = (
                ("R", arc.resistance), ("time constant", arc.time_constant),
                ("C, Hsu-Mansfeld", arc.capacitance), ("C, Brug", arc.surface_capacitance),
            )  # fmt: skip
            shown = tuple((name, result_shown(r.to_json())) for name, r in numbers)
            found.append(ArcRow(f"{arc.labels[0]} of {fit.circuit}", of, shown, arc.candidates))
    return found


def _remarks(cell: CellStudy) -> list[str]:
    found: dict[str, None] = {}
    for record in cell.experiment.measurements:
        for text in (*record.metadata.warnings, *record.metadata.assumptions):
            found[text] = None
    return list(found)


def _record(record: Measurement) -> dict[str, str]:
    origin = record.metadata.origin
    source = origin.model if origin.kind == "simulation" else f"{origin.instrument}, {origin.format}"
    return {
        "title": origin.file if origin.file != "unknown" else record.metadata.title or record.kind,
        "kind": record.kind,
        "rows": str(len(record.table)),
        "origin": origin.kind,
        "source": source if origin.seed is None else f"{source}, seed {origin.seed}",
        "started": record.metadata.started,
        "digest": record.digest,
    }


def _plot(drawn: Drawn, simulated: bool, plots: Plots) -> dict[str, Any]:
    return {
        "title": drawn.title,
        "note": drawn.note,
        "simulated": simulated,
        "wide": drawn.title in WIDE,
        "plot": plots.add(drawn.figure, f"{drawn.title}, {'simulated' if simulated else 'measured'}"),
    }


def _in_pairs(figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same figures, the last one wide where it would stand alone in its row."""
    after = [n for n, figure in enumerate(figures) if figure["wide"]]
    alone = len(figures) - (after[-1] + 1 if after else 0)
    if alone % 2 and not figures[-1]["title"].startswith("Impedance"):
        figures[-1]["wide"] = True
    return figures


WIDE = ("Voltage and current", "Voltage and resistance")
"""Figures that take the whole width of a card."""


# ---- the right plot first --------------------------------------------------------------------------------
def figures(cell: CellStudy) -> Iterator[tuple[Drawn, bool]]:
    """Figures of a cell, the one that its records ask for first, each with whether it is simulated."""
    for drawn in _figures(cell):
        yield drawn, cell.is_simulated


def _figures(cell: CellStudy) -> Iterator[Drawn]:
    experiment = cell.experiment
    impedance = [m for m in experiment.measurements if m.kind == "impedance"]
    spectra = labelled(impedance)
    series = [d for key, d in cell.details.items() if key.startswith("interface_resistance_series:")]
    for answer in {a.task.key: a for a in cell.answers}.values():
        fit = cell.details.get(answer.task.key)
        if isinstance(fit, ArrheniusFit) and fit.activation_energy.value is not None:
            yield study_plots.arrhenius(fit, answer.of, simulated=cell.is_simulated)
    rests = [m for m in experiment.of_kind("cycling") if (Column.CURRENT in m and not current_flows(m)) or is_rest(m)]
    cycling = [m for m in experiment.of_kind("cycling") if not any(m is rest for rest in rests)]
    joined = len(cycling) == 1 and len(series) == 1 and len(series[0].results) > 2
    if joined:
        yield study_plots.voltage_and_resistance(cycling[0], series[0], area_of(cycling[0]))
    else:
        for record in cycling:
            yield time_figure(record)
    if spectra:
        if len(impedance) == 1 and len(spectra) > 3:
            yield study_plots.waterfall(spectra, *colours(impedance[0], series[0] if series else None))
        fits = details(cell, *CIRCUITS)
        curves = [(fit.circuit, np.real(fit.fitted), -np.imag(fit.fitted)) for _, fit in fits if len(fit.fitted)]
        largest = largest_drawn(cell, spectra)
        if np.isfinite(largest):
            yield study_plots.nyquist(spectra, curves, largest=largest)
        yield study_plots.nyquist(spectra, curves)
        distributions = [(of, d) for of, d in details(cell, "relaxation_times") if len(d.time_constant)]
        if distributions:
            yield study_plots.relaxation(distributions, simulated=cell.is_simulated)
        yield study_plots.bode(spectra)
    for record in experiment.of_kind("sweep"):
        yield sweep_figure(record)
    drawable = [s.to_json() for s in cell.series if len(s.values) > 2 and not (joined and "resistance" in s.quantity)]
    yield from series_figures(drawable, simulated=cell.is_simulated)
    for record in rests:
        yield time_figure(record)


def details(cell: CellStudy, *calls: str) -> list[tuple[str, Any]]:
    """Whole answers of some calls, each with what it is of."""
    tasks = {a.task.key: a.task for a in cell.answers if a.task.call in calls}
    return [(task.of, cell.details[key]) for key, task in tasks.items() if key in cell.details]


def largest_drawn(cell: CellStudy, spectra: Sequence[Labelled]) -> float:
    """Largest |Z| [Ohm] of a plot of the pellet, where the electrodes' branch would dwarf it; else no bound."""
    pellets = [a.result.value for a in cell.answers if a.result.quantity == "pellet resistance" and a.result.value]
    near = 3.0 * max(pellets, default=np.inf)
    dwarfed = any(np.abs(part.impedance).max() > 3.0 * near for _, part in spectra)
    return near if dwarfed else np.inf


def labelled(records: Sequence[Measurement]) -> list[Labelled]:
    """All spectra of some records, each with a name of its own."""
    found: list[Labelled] = []
    for record in records:
        parts = record.spectra()
        for index, part in enumerate(parts):
            name = label(record) if len(records) > 1 else f"spectrum {index + 1}"
            if len(parts) > 1 and Column.TIME in part and len(part.table):
                start = float(part.array(Column.TIME)[0])
                unit, length = time_scale(start)
                name += f", {number(start / length)} {unit}"
            found.append((name, part))
    return found


def colours(impedance: Measurement, series: InterfaceSeries | None) -> "tuple[np.typing.NDArray[np.float64], str]":
    """What a series is coloured by: temperature where it varies, else charge, else time, else number."""
    count = len(impedance.spectra())
    kelvin = [t for part in impedance.spectra() if (t := temperature_of(part)) is not None]
    if len(kelvin) == count and np.ptp(kelvin) > 3.0 * APART_KELVIN:  # a room that drifts is none
        return np.array(kelvin) - 273.15, "temperature / °C"
    if series is not None and np.isfinite(series.charge).all() and np.ptp(series.charge) > 0:
        title, factor = study_plots.charge_scale(area_of(impedance))
        return series.charge * factor, title
    if series is not None and np.isfinite(series.time).all():
        unit, length = time_scale(float(series.time[-1]))
        return series.time / length, f"time / {unit}"
    return np.arange(1.0, count + 1.0), "spectrum"


__all__ = [
    "colours", "compared", "details", "figures", "headlines", "labelled", "largest_drawn", "study_page", "verdict",
]  # fmt: skip
