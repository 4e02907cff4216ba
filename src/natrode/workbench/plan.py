"""Which analyses fit a cell: a list of calls, run by the study, explained by the page, repeated by the script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from natrode import analysis
from natrode.analysis.result import Result, Series
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Measurement


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
        return f"{self.call}:{self.record}:{self.spectrum}"

    def subject(self, experiment: Experiment) -> Experiment | Measurement:
        """The record that the call is made on."""
        if self.record is None:
            return experiment
        record = experiment.measurements[self.record]
        return record if self.spectrum is None else record.spectra()[self.spectrum]

    def code(self, experiment: str = "cell") -> str:
        """The call as a line of Python."""
        text = experiment if self.record is None else f"{experiment}.measurements[{self.record}]"
        text += "" if self.spectrum is None else f".spectra()[{self.spectrum}]"
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        return f"analysis.{self.call}({text}{options})"

    def run(self, experiment: Experiment) -> Outcome:
        """Make the call; a record that does not hold what it needs gives the reason as a refusal."""
        function: Callable[..., Any] = getattr(analysis, self.call)
        try:
            answer = function(self.subject(experiment), **self.options)
        except RecordError as error:
            question = Result(quantity=self.call.replace("_", " "), dimension="number", method="", scope="none")
            return Outcome((question.refused(str(error)),))
        return _READ.get(self.call, _results)(answer)


def _results(answer: Any) -> Outcome:
    if isinstance(answer, Result):
        return Outcome((answer,))
    return Outcome(tuple(answer))


def _series(answer: Any) -> Outcome:
    return Outcome(series=tuple(answer))


def _detail(answer: Any) -> Outcome:
    return Outcome(detail=answer)


_READ: dict[str, Callable[[Any], Outcome]] = {
    "summarise_series": _series,
    "interface_resistance_series": _detail,
    "failure": _detail,
}


def plan(experiment: Experiment, electrolyte: float | None = None, **options: Any) -> tuple[Task, ...]:
    """Return the calls that fit the records of a cell.

    Args:
        experiment: the cell.
        electrolyte: resistance of the electrolyte of the whole cell [Ohm], where the user knows it.
        options: circuit and temperature_error, as for `natrode.workbench.study.analyse`.
    """
    tasks: list[Task] = []
    known = {} if electrolyte is None else {"electrolyte": electrolyte}
    given = {} if electrolyte is None else {"electrolyte_resistance": electrolyte}
    several = len(experiment.of_kind("impedance")) > 1
    if several:
        for number, record in enumerate(experiment.measurements):
            if record.kind == "impedance":
                tasks += [
                    Task(call, number, of=label(record), options=known) for call in ("summarise", "summarise_series")
                ]
        if any(m.kind != "impedance" for m in experiment.measurements):
            tasks += [
                Task("summarise", number, of=label(m), options=known)
                for number, m in enumerate(experiment.measurements)
                if m.kind != "impedance"
            ]
    else:
        tasks += [Task("summarise", options=known), Task("summarise_series", options=known)]
    for number, record in enumerate(experiment.measurements):
        if record.kind == "impedance" and len(record.spectra()) > 2:
            tasks.append(Task("interface_resistance_series", number, options=given))
        if record.kind == "cycling" and Column.CURRENT in record:
            tasks.append(Task("failure", number if several else None, options=given))
    return tuple(tasks)


def label(record: Measurement) -> str:
    """A record in a few words: its temperature where it is known, and its file."""
    metadata = record.metadata
    words = [] if metadata.temperature == "unknown" else [f"{metadata.temperature - 273.15:.4g} degC"]
    if metadata.origin.file != "unknown":
        words.append(metadata.origin.file)
    return ", ".join(words) or metadata.title or record.kind


__all__ = ["Outcome", "Task", "label", "plan"]
