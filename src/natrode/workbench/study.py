"""A study: every cell with the analyses that fit its records, what was refused, and what would answer it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from natrode.analysis import GroupComparison, LiteraturePlace
from natrode.analysis.result import Result, Series
from natrode.analysis.temperature_series import read_temperature_error
from natrode.errors import SpecificationError, UnitError
from natrode.instruments.registry import confirmable
from natrode.measurement import Experiment, Measurement
from natrode.units import read_quantity
from natrode.workbench import gather
from natrode.workbench.further import missing
from natrode.workbench.groups import Group, Member, comparisons_of, groups_of
from natrode.workbench.literature import places
from natrode.workbench.plan import Task, plan

DETAILS = ("fit_circuit", "suggest_circuits", "relaxation_times")
"""Calls whose answers are many numbers of one spectrum."""


@dataclass(frozen=True)
class Answer:
    """A result, which record or spectrum it is of, and the call that gave it."""

    result: Result
    of: str
    """"" for the whole cell."""
    task: Task

    @property
    def is_detail(self) -> bool:
        """Whether it is one of many numbers of one spectrum: a circuit's element, a peak of its relaxation times."""
        return self.task.call in DETAILS and ":" in self.result.quantity

    def to_json(self, cell: str) -> dict[str, Any]:
        """Plain data: the result's own, with the cell and what it is of."""
        return {"cell": cell, "of": self.of, **self.result.to_json()}


@dataclass(frozen=True)
class CellStudy:
    """One cell: its records, and what the analyses say of them."""

    name: str
    experiment: Experiment
    answers: tuple[Answer, ...]
    series: tuple[Series, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    """Whole answers of analyses that give more than numbers, by the task's key (to be drawn)."""
    wanted: tuple[str, ...] = ()
    """What the user could give to get more, a sentence each."""
    excluded: str = ""
    """Reason of the exclusion by the table of cells."""
    literature: tuple[LiteraturePlace, ...] = ()
    """Where its results lie among the papers' values of like conditions, or why they are compared with none."""

    @property
    def is_simulated(self) -> bool:
        """Whether a model wrote any of its records."""
        return self.experiment.is_simulated

    @property
    def known_twice(self) -> tuple[str, ...]:
        """Runs that stand in several of the files and were kept once, a sentence each."""
        told = (w for m in self.experiment.measurements for w in m.metadata.warnings if "holds the same run as" in w)
        return tuple(dict.fromkeys(told))

    @property
    def has_many_spectra(self) -> bool:
        """Whether a table of every number would bury its results."""
        return sum(len(m.spectra()) for m in self.experiment.of_kind("impedance")) > 2

    @property
    def refused(self) -> tuple[Answer, ...]:
        """Answers that say why there is none."""
        return tuple(a for a in self.answers if a.result.quality == "not computed")


@dataclass(frozen=True)
class Request:
    """What the user asked, so that it can be asked again."""

    paths: tuple[str, ...]
    hints: Mapping[str, Any]
    options: Mapping[str, Any]
    """Keywords of `analyse` that the user gave."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; the paths are absolute, so that the request can be made from anywhere."""
        return {
            "paths": [str(Path(p).resolve()) for p in self.paths],
            "hints": dict(self.hints),
            "options": dict(self.options),
        }


@dataclass(frozen=True)
class Study:
    """All cells of a request."""

    title: str
    cells: tuple[CellStudy, ...]
    unread: tuple[tuple[str, str], ...]
    request: Request
    groups: tuple[Group, ...] = ()
    """Replicates, as the table of cells groups them."""
    comparisons: tuple[GroupComparison, ...] = ()
    """Designs compared by their critical currents, pair by pair."""

    @property
    def is_simulated(self) -> bool:
        """Whether any record was written by a model."""
        return any(cell.is_simulated for cell in self.cells)

    def to_json(self) -> dict[str, Any]:
        """Plain data; every number in the unit that the laboratory speaks."""
        return {
            "title": self.title,
            "simulated": self.is_simulated,
            "results": [a.to_json(c.name) for c in self.cells for a in c.answers],
            "series": [{"cell": c.name, **s.to_json()} for c in self.cells for s in c.series],
            "literature": [{"cell": c.name, **p.to_json()} for c in self.cells for p in c.literature],
            "cells": [
                {
                    "cell": c.name, "simulated": c.is_simulated, "excluded": c.excluded or None,
                    "group": c.experiment.measurements[0].metadata.user.get("group") or None,
                    "calls": sorted({a.task.call for a in c.answers} | {key.partition(":")[0] for key in c.details}),
                    "wanted": list(c.wanted), "records": [_record(m) for m in c.experiment.measurements],
                }
                for c in self.cells
            ],
            "groups": [g.to_json() for g in self.groups],
            "comparisons": [c.to_json() for c in self.comparisons],
            "request": self.request.to_json(),
            "unread": [{"file": name, "reason": reason} for name, reason in self.unread],
        }  # fmt: skip


def _record(record: Measurement) -> dict[str, Any]:
    metadata = record.metadata
    origin = metadata.origin
    return {
        "kind": record.kind, "file": origin.file, "sha256": record.digest, "simulated": record.is_simulated,
        "instrument": origin.instrument, "format": origin.format, "reader": origin.reader, "model": origin.model,
        "seed": origin.seed,
        "technique": metadata.technique, "started": metadata.started, "temperature": metadata.temperature,
        "pressure": metadata.pressure, "geometry": metadata.geometry.model_dump(mode="json"),
        "warnings": list(record.metadata.warnings), "assumptions": list(record.metadata.assumptions),
    }  # fmt: skip


def analyse(
    paths: str | Path | Sequence[str | Path],
    *,
    circuit: str | None = None,
    temperature_error: str | None = None,
    electrolyte_resistance: str | None = None,
    concentration: str | None = None,
    active_mass: str | None = None,
    threshold: str | None = None,
    mix_simulated: bool = False,
    only: Collection[str] | None = None,
    **hints: Any,
) -> Study:
    """Read files or folders and run the analyses that fit each cell.

    Args:
        paths: files and folders, as for `gather`.
        circuit: equivalent circuit for all spectra, such as "R0-p(R1,CPE1)"; None: the one that suits the data best.
        temperature_error: systematic error of the temperatures of a series, such as "2 K over the range".
        concentration: of the diffusing species, such as "40 mol/l", for the diffusion coefficient of a Warburg line.
        threshold: voltage of a one-sided test, such as "0.1 V", up to which time and charge are counted.
        electrolyte_resistance: of the electrolyte of the whole cell, such as "40 ohm" (a blocking pellet's, or from
            its conductivity); None: the high-frequency end of the cell's own first spectrum.
        active_mass: of a full cell's limiting electrode, such as "6 mg", for capacities per mass; None: what the table
            of cells says of the working electrode, else per area or per cell.
        mix_simulated: let simulated and measured cells stand in one study.
        only: names of the analyses to make (of `natrode.analysis`), where not all that fit are wanted.
        hints: what the user says about the files (`area`, `thickness`, ...), as for `natrode.read`.

    Returns:
        A study; cells without geometry have results in Ohm and say what to give.

    Raises:
        InstrumentFileError, RecordError, SpecificationError: as `gather`.
    """
    asked = [paths] if isinstance(paths, (str, Path)) else list(paths)
    hints = {k: v for k, v in hints.items() if v is not None}
    if temperature_error is not None:
        read_temperature_error(temperature_error)
    given: dict[str, Any] = {
        "circuit": circuit, "temperature_error": temperature_error, "electrolyte_resistance": electrolyte_resistance,
        "concentration": concentration, "active_mass": active_mass, "threshold": threshold,
        "mix_simulated": mix_simulated or None,
    }  # fmt: skip
    given = {k: v for k, v in given.items() if v is not None}
    options = {k: v for k, v in given.items() if k in ("circuit", "temperature_error")}
    if electrolyte_resistance is not None:
        options["electrolyte"] = _positive("electrolyte_resistance", electrolyte_resistance, "resistance")
    if concentration is not None:
        options["concentration"] = _positive("concentration", concentration, "concentration")
    if active_mass is not None:
        options["active_mass"] = _positive("active_mass", active_mass, "mass")
    if threshold is not None:
        options["threshold"] = _positive("threshold", threshold, "voltage")
    found = gather.gather(asked, mix_simulated=mix_simulated, **hints)
    request = Request(tuple(map(str, asked)), hints, given)
    cells = tuple(study(e, found.excluded.get(e.title, ""), only, **options) for e in found.experiments)
    place = Path(asked[0]).resolve()
    title = found.experiments[0].title if len(cells) == 1 else (place if place.is_dir() else place.parent).name
    groups = groups_of([_member(cell) for cell in cells], mix_simulated=mix_simulated)
    return Study(title, cells, found.unread, request, groups, comparisons_of(groups))


def _member(cell: CellStudy) -> Member:
    group = str(cell.experiment.measurements[0].metadata.user.get("group", ""))
    critical = [d for key, d in cell.details.items() if key.startswith("critical_current_density:")]
    results = tuple(a.result for a in cell.answers)
    return Member(
        cell.name, group, cell.experiment, results, critical[0] if len(critical) == 1 else None, cell.excluded
    )


def _positive(name: str, text: str, dimension: str) -> float:
    try:
        value = read_quantity(text, dimension)
    except UnitError as error:
        raise SpecificationError(f"{name}: {error}") from None
    if value <= 0:
        raise SpecificationError(f"{name}: read {text!r}, must be greater than zero")
    return value


def study(experiment: Experiment, excluded: str = "", only: Collection[str] | None = None, **options: Any) -> CellStudy:
    """Run the analyses that fit one cell, or `only` some of them; `options` as for `plan`."""
    answers: list[Answer] = []
    series: list[Series] = []
    details: dict[str, Any] = {}
    many = sum(len(m.spectra()) for m in experiment.of_kind("impedance")) > 1
    for task in plan(experiment, **options):
        if only is not None and task.call not in only:
            continue
        outcome = task.run(experiment)
        answers += [Answer(result, task.of or _moment(result, many), task) for result in outcome.results]
        series += outcome.series
        if outcome.detail is not None:
            details[task.key] = outcome.detail
    kept = tuple(_with_drift(_without_repeats(answers), details))
    critical = [d for key, d in details.items() if key.startswith("critical_current_density:")]
    nothing = only is None and not kept  # to analyse: geometry would change nothing
    wanted = () if nothing else _wanted(experiment, options, kept)
    found = places([a.result for a in kept], critical[0] if len(critical) == 1 else None) if only is None else ()
    return CellStudy(experiment.title, experiment, kept, tuple(series), details, wanted, excluded, found)


def _moment(result: Result, many: bool) -> str:
    """When the spectrum of a result was taken, where a cell has several."""
    time = result.settings.get("time")
    if not many or not isinstance(time, float):
        return ""
    unit, length = next(((u, s) for u, s in (("s", 1.0), ("min", 60.0)) if time < 120.0 * s), ("h", 3600.0))
    return f"spectrum at {time / length:.4g} {unit}"


def _without_repeats(answers: Sequence[Answer]) -> list[Answer]:
    seen: set[tuple[str, str, str, float | None]] = set()
    kept = []
    for answer in answers:
        key = (answer.of, answer.result.quantity, answer.result.scope, answer.result.value)
        if key not in seen:
            kept.append(answer)
        seen.add(key)
    return kept


RESISTIVE = ("resistance", "area-specific resistance", "conductivity")


def _with_drift(answers: Sequence[Answer], details: Mapping[str, Any]) -> list[Answer]:
    """Answers with a doubt where the spectrum is further from a stable system's than their uncertainty says."""
    tests = [d for key, d in details.items() if key.startswith("kramers_kronig:")]
    failed = {t.source: t for t in tests if t.departure is not None}
    found = []
    for answer in answers:
        result = answer.result
        test = failed.get(result.source)
        known = result.value is not None and result.dimension in RESISTIVE
        if test is not None and known and test.departure * abs(result.value or 0.0) > (result.uncertainty or 0.0):
            size = 100 * test.departure
            what = f"a drift of {size:.1f} % over" if test.verdict == "drift" else f"residuals up to {size:.2g} % along"
            doubt = f"the spectrum fails Kramers-Kronig: {what} the sweep"
            reason = "; ".join(r for r in (result.reason, doubt) if r)
            answer = replace(answer, result=replace(result, quality="doubtful", reason=reason))
        found.append(answer)
    return found


NO_INTERFACES = ("pellet_resistance", "full_cell_cycles")
"""Calls made on cells in which nothing is shared out among equal interfaces."""


def _declared(records: Sequence[Measurement]) -> list[str]:
    """What the files declare of geometry and masses, and that none of it is used; nothing where they declare none."""
    notes = [a for m in records for a in m.metadata.assumptions if a.startswith("declared ") and "not used" in a]
    if not notes:
        return []
    told = "; ".join(
        dict.fromkeys(note.replace(" is kept, not used until the user confirms it", ", not used") for note in notes)
    )
    geometry = dict.fromkeys(name for m in records for name in confirmable(m))
    names = ", ".join(name.replace("_", " ") for name in geometry)
    return [told + (f" (--confirm-declared takes the file's word for {names})" if names else "")]


def _wanted(experiment: Experiment, options: Mapping[str, Any], answers: Sequence[Answer]) -> tuple[str, ...]:
    """What is missing: one line that says what to give for most, one for each analysis that would fit but for it."""
    records = [m for m in experiment.measurements if m.kind in ("impedance", "cycling", "sweep")]
    areas = all(
        m.metadata.geometry.working_area == "unknown" and m.metadata.geometry.counter_area == "unknown" for m in records
    )
    thickness = all(m.metadata.geometry.electrolyte_thickness == "unknown" for m in records)
    interfaces = all(m.metadata.geometry.interfaces_in_series == "unknown" for m in records)
    impedance = any(m.kind == "impedance" for m in records)
    words = []
    if areas:
        words.append("--area for Ohm cm2 and mA/cm2")
    if impedance and thickness:
        words.append("--thickness for S/cm" if not areas else "--area and --thickness for S/cm")
    if interfaces and not any(a.task.call in NO_INTERFACES for a in answers):
        words.append("--interfaces for resistances per interface")
    found = [f"give {', '.join(words)} (or fill in cells.csv: natrode cells FOLDER)"] if words else []
    if areas:
        found += _declared(records)
    for what, flag in (("temperature", "--temperature"), ("pressure", "--pressure")):
        told = gather.told_by_names(experiment, what)
        if told:
            found.append(f"the files' names say {told}: not confirmed, not used ({flag} 'from names' confirms)")
    return (*found, *missing(experiment, **options))


__all__ = ["Answer", "CellStudy", "Request", "Study", "analyse", "study"]
