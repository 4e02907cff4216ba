"""Which analyses fit a cell: a list of calls, run by the study, explained by the page, repeated by the script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from natrode import analysis
from natrode.analysis import half_cycles, is_full_cell, is_rest, plates_on_collector
from natrode.analysis.along import APART_KELVIN, spectra_along, steps
from natrode.analysis.critical_current import is_stepped
from natrode.analysis.full_cell import falls_in_discharge, resting_voltage
from natrode.analysis.linearity import AMPLITUDE
from natrode.analysis.pellet import is_conductor
from natrode.analysis.reading import area_of, temperature_of
from natrode.analysis.result import Result, Series
from natrode.errors import RecordError, UnitError
from natrode.measurement import UNCERTAINTY, Column, Experiment, Measurement
from natrode.workbench.further import fitting


@dataclass(frozen=True)
class Outcome:
    """What a call gave."""

    results: tuple[Result, ...] = ()
    series: tuple[Series, ...] = ()
    detail: Any = None


@dataclass(frozen=True)
class Task:
    """One call of an analysis on one record of a cell."""

    call: str
    """Name in `natrode.analysis`."""
    record: int | None = None
    """Place of the record among the experiment's; None: the whole experiment."""
    spectrum: int | None = None
    """Place of the spectrum in an impedance record; None: the whole record."""
    of: str = ""
    """The record or spectrum in words, where a cell has several."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Unique among the tasks of a cell."""
        return f"{self.call}:{self.record}:{self.spectrum}:{self.options.get('of', '')}"

    def subject(self, experiment: Experiment) -> Experiment | Measurement:
        """The record that the call is made on."""
        if self.record is None:
            return experiment
        record = experiment.measurements[self.record]
        return record if self.spectrum is None else record.spectra()[self.spectrum]

    def code(self, experiment: str = "cell") -> str:
        """The call as a line of Python."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"analysis.{self.call}({self._record(experiment)}{options})"

    def script(self, experiment: str = "cell") -> str:
        """The arguments of `results_of`, as a script calls it."""
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"{self.call!r}, {self._record(experiment)}{options}"

    def _record(self, experiment: str) -> str:
        text = experiment if self.record is None else f"{experiment}.measurements[{self.record}]"
        return text + ("" if self.spectrum is None else f".spectra()[{self.spectrum}]")

    def run(self, experiment: Experiment) -> Outcome:
        """Make the call; a record that does not hold what it needs gives the reason as a refusal."""
        return _made(self.call, self.subject(experiment), self.options)


def results_of(call: str, record: Experiment | Measurement, **options: Any) -> tuple[Result, ...]:
    """Make a call as a study does, refusals included (used by the scripts that natrode writes).

    Args:
        call: name in `natrode.analysis`.
        record: what it is made on.
        options: its keywords.
    """
    return _made(call, record, options).results


def _made(call: str, record: Experiment | Measurement, options: Mapping[str, Any]) -> Outcome:
    if call == NOT_SYMMETRIC and isinstance(record, Measurement):
        own = resting_voltage(record)
        question = Result(quantity="analyses of a symmetric cell", dimension="voltage", method="", scope="none")
        if own is not None:
            why = f"the cell has a voltage of its own ({own:.3g} V): V/i is no resistance, a rest is no short"
            return Outcome((question.refused(why),))
    function: Callable[..., Any] = getattr(analysis, call)
    try:
        answer = function(record, **options)
    except (RecordError, UnitError) as error:
        question = Result(quantity=call.replace("_", " "), dimension="number", method="", scope="none")
        return Outcome((question.refused(str(error)),))
    outcome = _READ.get(call, _results)(answer)
    of_area = area_error(record)
    if not of_area:
        return outcome
    return replace(outcome, results=tuple(_with_area_error(r, of_area) for r in outcome.results))


def area_error(record: Experiment | Measurement) -> float:
    """Relative standard uncertainty of the area that numbers per area are of; 0 where nobody gave one.

    Args:
        record: with the user's word on its areas in its metadata; of an experiment the first record.
    """
    one = record.measurements[0] if isinstance(record, Experiment) else record
    area, geometry = area_of(one), one.metadata.geometry
    known = one.metadata.user.get(UNCERTAINTY, {})
    if area is None:
        return 0.0
    sides = {"working area": geometry.working_area, "counter area": geometry.counter_area}
    return max((float(known.get(name, 0.0)) / area for name, side in sides.items() if side == area), default=0.0)


def _with_area_error(result: Result, error: float) -> Result:
    """A number per area with the area's uncertainty in its own, in parts."""
    if result.value is None or not result.area_normalised or "geometry" in result.settings.get("parts", {}):
        return result
    fit, geometry = result.uncertainty or 0.0, error * abs(result.value)
    parts = {"fit": fit, **result.settings.get("parts", {}), "geometry": geometry}
    return replace(result, uncertainty=float(np.hypot(fit, geometry)), settings={**result.settings, "parts": parts})


def _results(answer: Any) -> Outcome:
    if isinstance(answer, Result):
        return Outcome((answer,))
    return Outcome(tuple(answer))


def _series(answer: Any) -> Outcome:
    return Outcome(series=tuple(answer))


def _detail(answer: Any) -> Outcome:
    return Outcome(detail=answer)


def _both(answer: Any) -> Outcome:
    return Outcome(tuple(answer.results), detail=answer)


def _cycles(answer: Any) -> Outcome:
    return Outcome(tuple(answer.results), tuple(answer.series()))


def _validity(answer: Any) -> Outcome:
    """The Kramers-Kronig verdict as a number: the drift over the sweep, with the drift that could have been seen."""
    question = Result(
        quantity="drift over the sweep (Kramers-Kronig)", dimension="fraction", scope="none",
        method=str(answer.to_json()["method"]), source=answer.source, simulated=answer.simulated,
        settings={
            "verdict": answer.verdict, "detectable_drift": answer.detectable_drift, "noise": answer.noise,
            "rows_left_out_as_outliers": list(answer.outliers), "probabilities": dict(answer.probabilities),
        },
    )  # fmt: skip
    if answer.drift is None:
        return Outcome((question.refused(f"{answer.verdict}: {answer.reason}"),), detail=answer)
    doubts = [] if answer.verdict == "passed" else [answer.reason]
    found = question.found(answer.drift, answer.drift_deviation, doubts=doubts)
    return Outcome((replace(found, reason=answer.reason),), detail=answer)


def _distribution(answer: Any) -> Outcome:
    if not answer.peaks:
        refused = replace(answer.polarisation, quantity="distribution of relaxation times")
        return Outcome((refused.refused(answer.reason or "no peak"),), detail=answer)
    found = [answer.polarisation]
    for number, peak in enumerate(answer.peaks, 1):
        if not peak.inside:  # where the branch of an electrode goes on, its end is the prior's
            why = f"its time constant, about {peak.time_constant.value:.2g} s, lies outside the measured range"
            found.append(replace(peak.resistance, quantity=f"DRT peak {number}").refused(why))
            continue
        for result in (peak.resistance, peak.time_constant, peak.capacitance):
            found.append(replace(result, quantity=f"DRT peak {number}: {result.quantity}"))
    return Outcome(tuple(found), detail=answer)


def _with_series(answer: Any) -> Outcome:
    return Outcome(tuple(answer.results), tuple(answer.series), answer)


def _arcs(answer: Any) -> Outcome:
    """Constants of the law, each arc's resistance at both ends of the series, and what the fits together say."""
    found = [replace(r, settings={**r.settings, "statement": answer.statement}) for r in answer.results]
    return Outcome(tuple(found), tuple(answer.series), answer)


def _circuit(answer: Any) -> Outcome:
    best = answer[0] if isinstance(answer, list) else answer
    open_ones = [name for name, r in best.values.items() if "is not determined" in r.reason and name != "L0"]
    doubt = f"of a circuit in which {', '.join(open_ones)} {'is' if len(open_ones) == 1 else 'are'} not determined"

    def doubted(result: Result, doubts: list[str]) -> Result:
        if doubts and result.quality == "good":
            return replace(result, quality="doubtful", reason="; ".join(doubts))
        return result

    def shown(result: Result, name: str) -> Result:  # its value moves with those that the data leave open
        return doubted(replace(result, quantity=f"{best.circuit}: {name}"), [doubt] * bool(open_ones))

    doubts = [doubt] * bool(open_ones)
    longest = 1.0 / (2.0 * np.pi * float(best.frequency.min()))
    slow = [(a.labels[0], t) for a in best.arcs if (t := a.time_constant.value) is not None and t > longest]
    total = doubts + [f"{name} goes on below the measured frequencies (time constant {t:.2g} s)" for name, t in slow]
    found = [
        doubted(replace(r, quantity=f"{name} (circuit)"), total if name.startswith("sum") else doubts)
        for name, r in best.sums.items()
    ]
    for name, result in best.values.items():
        unit = " (S s^n)" if name.startswith("CPE") and name.endswith(".Q") else ""
        found.append(shown(result, f"{name}{unit}"))
    for arc in best.arcs:
        own = (("resistance", arc.resistance),) if arc.resistance.area_normalised else ()
        for name, result in (
            *own, ("time constant", arc.time_constant), ("capacitance, Hsu-Mansfeld", arc.capacitance),
            ("capacitance, Brug", arc.surface_capacitance),
        ):  # fmt: skip
            found.append(shown(result, f"{name} of {arc.labels[0]}"))
    return Outcome(tuple(found), detail=best)


_READ: dict[str, Callable[[Any], Outcome]] = {
    "summarise_series": _series,
    "interface_resistance_series": _detail,
    "failure": _detail,
    "full_cell_cycles": _cycles,
    "kramers_kronig": _validity,
    "relaxation_times": _distribution,
    "fit_circuit": _circuit,
    "suggest_circuits": _circuit,
    "resistance_against_temperature": _both,
    "critical_current_density": _detail,
    "resistance_against_pressure": _with_series,
    "resistance_at_rest": _with_series,
    "arcs_along": _arcs,
    "peaks_along": _with_series,
    "plating_efficiency": _both,
    "relaxation_after_current": _both,
    "capacity_fade": _both,
    "differential_capacity": lambda answer: Outcome(series=(answer,)),
}


def plan(experiment: Experiment, electrolyte: float | None = None, **options: Any) -> tuple[Task, ...]:
    """Return the calls that fit the records of a cell.

    Args:
        experiment: the cell.
        electrolyte: resistance of the electrolyte of the whole cell [Ohm], where the user knows it.
        options: circuit, temperature_error, concentration [mol/m3], active_mass [kg] and threshold [V], as for
            `natrode.workbench.study.analyse`.
    """
    known = {} if electrolyte is None else {"electrolyte": electrolyte}
    given = {} if electrolyte is None else {"electrolyte_resistance": electrolyte}
    spectra = [n for n, m in enumerate(experiment.measurements) if m.kind == "impedance"]
    conductors = [n for n in spectra if _is_conductor(experiment, n)]
    tasks = [
        Task(call, n, of=label(experiment.measurements[n]) if len(spectra) > 1 else "")
        for n in conductors
        for call in ("pellet_resistance", "pellet_conductivity")
    ]
    several = [s for n in spectra for s in experiment.measurements[n].spectra()]
    temperatures = [t for s in several if (t := temperature_of(s)) is not None]
    if steps(temperatures, 0.0, APART_KELVIN) is not None:
        error = {"temperature_error": options["temperature_error"]} if "temperature_error" in options else {}
        kinds = ["pellet"] if conductors else ["electrolyte", "interfaces"]
        tasks = [
            Task("resistance_against_temperature", of=kind, options={"of": kind, **error}) for kind in kinds
        ] + tasks
    rest = [n for n, m in enumerate(experiment.measurements) if n not in conductors and not is_rest(m)]
    full = [n for n in rest if resting_voltage(experiment.measurements[n]) is not None]
    for n in full:
        record = experiment.measurements[n]
        stores = is_full_cell(record) and falls_in_discharge(record)
        of = label(record) if len(rest) > 1 else ""
        mass = options.get("active_mass") or record.metadata.user.get("working mass, SI")
        per_mass = {"active_mass": float(mass)} if stores and mass else {}
        tasks.append(Task("full_cell_cycles" if stores else NOT_SYMMETRIC, n, of=of, options=per_mass))
    plated = [n for n in rest if n not in full and _plates(experiment.measurements[n])]
    rest = [n for n in rest if n not in (*full, *plated)]
    together = len(rest) == len(experiment.measurements) and len(spectra) <= 1
    for number in [None] if together else rest:
        of = "" if number is None else label(experiment.measurements[number])
        tasks += [Task(call, number, of=of, options=known) for call in ("summarise", "summarise_series")]
    for number in spectra:
        if number not in conductors and AMPLITUDE in experiment.measurements[number]:
            of = label(experiment.measurements[number]) if len(spectra) > 1 else ""
            tasks.append(Task("voltage_amplitude", number, of=of))
        tasks += _of_spectra(experiment.measurements[number], number, len(spectra) > 1, options.get("circuit"))
    for number in rest:
        record = experiment.measurements[number]
        if record.kind == "impedance" and len(record.spectra()) > 2:
            along = spectra_along(record)
            own = electrolyte is None and along is not None and along.along in ("temperature", "pressure")
            removed = {"electrolyte_resistance": None} if own else given
            tasks.append(Task("interface_resistance_series", number, options=removed))
        if record.kind == "cycling" and Column.CURRENT in record and len(half_cycles(record)):
            place = None if together and len(experiment.of_kind("cycling")) == 1 else number
            tasks.append(Task("failure", place, options=given))
            if is_stepped(half_cycles(record)):
                tasks.append(Task("critical_current_density", place, options=given))
    if not experiment.of_kind("cycling") and any(_is_series(experiment.measurements[n]) for n in rest):
        tasks.append(Task("failure", options=given))
    for found in fitting(experiment, **options):
        if not found.lacks:
            number, place = found.record, found.spectrum
            of = "" if number is None or len(experiment.measurements) == 1 else label(experiment.measurements[number])
            if place is not None and number is not None:
                count = len(experiment.measurements[number].spectra())
                of = f"spectrum {place + 1} of {count}"
            tasks.append(Task(found.call, number, place, of, found.options))
    return tuple(tasks)


def _plates(record: Measurement) -> bool:
    """Whether metal is plated on a bare collector: no cell of two equal sides, which the other analyses read."""
    return record.kind == "cycling" and Column.CURRENT in record and plates_on_collector(record)


def _is_series(record: Measurement) -> bool:
    return record.kind == "impedance" and Column.TIME in record and len(record.spectra()) > 2


def _of_spectra(record: Measurement, number: int, several: bool, circuit: str | None) -> list[Task]:
    """Validity, relaxation times and circuit of the first and the last spectrum of a record."""
    count = len(record.spectra())
    tasks = []
    for place in sorted({0, count - 1}):
        of = label(record) if several else "" if count == 1 else f"spectrum {place + 1} of {count}"
        chosen = None if count == 1 else place
        tasks += [Task(call, number, chosen, of) for call in ("kramers_kronig", "relaxation_times")]
        if circuit is None:
            tasks.append(Task("suggest_circuits", number, chosen, of))
        else:
            tasks.append(Task("fit_circuit", number, chosen, of, {"circuit": circuit}))
    return tasks


def _is_conductor(experiment: Experiment, number: int) -> bool:
    """Whether a record is one spectrum of a pellet: no metal interface, or nobody said and it looks like one."""
    record = experiment.measurements[number]
    interfaces = record.metadata.geometry.interfaces_in_series
    if len(record.spectra()) > 1 or interfaces in (1, 2) or any(Column.CURRENT in m for m in experiment.measurements):
        return False
    return interfaces == 0 or is_conductor(record)


NOT_SYMMETRIC = "overpotential"
"""The analysis that is refused, once, for cells that have a voltage of their own."""


def label(record: Measurement) -> str:
    """A record in a few words: its temperature where it is known, its file, the electrode where it is of one."""
    metadata = record.metadata
    kelvin = temperature_of(record)
    words = [] if kelvin is None else [f"{kelvin - 273.15:.4g} degC"]
    if metadata.origin.file != "unknown":
        words.append(metadata.origin.file)
    if electrode := metadata.settings.get("electrode"):
        words.append(str(electrode))
    return ", ".join(words) or metadata.title or record.kind


__all__ = ["Outcome", "Task", "label", "plan", "results_of"]
