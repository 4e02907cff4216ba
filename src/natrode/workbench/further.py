"""Analyses that fit some records only: each with what its record must show, and with what is asked for where it lacks.

The table below is all there is to it: `plan` makes the calls, `missing` says what the user could give.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from natrode.analysis import half_cycles, holds, is_rest, plates_on_collector, spectra_along, warburg_coefficient
from natrode.analysis.along import SpectraAlong
from natrode.analysis.full_cell import falls_in_discharge, full_cell_cycles, is_full_cell, resting_voltage
from natrode.analysis.ohmic import LONGEST_DELAY, correction_of, interrupts
from natrode.analysis.pellet import is_conductor
from natrode.analysis.reading import Array, interfaces_of
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Measurement

Shown = bool | str
"""Whether a record shows what an analysis reads; a sentence where it does but for something that the user can give."""
Subject = Literal["cell", "cycling", "spectrum"]


@dataclass(frozen=True)
class Seen:
    """What a condition is asked about."""

    experiment: Experiment
    record: Measurement | None
    """One record of it (one spectrum, for analyses of spectra); None for the whole cell."""
    options: dict[str, Any]

    @property
    def one(self) -> Measurement:
        """The record."""
        assert self.record is not None
        return self.record


@dataclass(frozen=True)
class Further:
    """An analysis, what it is made on, and what must be seen there."""

    call: str
    on: Subject
    shown: Callable[[Seen], Shown]
    options: Callable[[Seen], dict[str, Any]] = field(default=lambda seen: {})


# ---- what records show ---------------------------------------------------------------------------------
def _series(seen: Seen, *along: str) -> bool:
    found = _along(seen)
    return found is not None and (not along or found.along in along) and not _conducts(seen)


def _along(seen: Seen) -> SpectraAlong | None:
    return spectra_along(seen.experiment)


def _conducts(seen: Seen) -> bool:
    """Whether the spectra are of a pellet between blocking electrodes, which has analyses of its own."""
    spectra = [m for m in seen.experiment.measurements if m.kind == "impedance"]
    count = {interfaces_of(m) for m in spectra}
    if count & {1, 2} or any(Column.CURRENT in m for m in seen.experiment.measurements):
        return False
    return 0 in count or (bool(spectra) and is_conductor(spectra[0].spectra()[0]))


def _collector(seen: Seen) -> bool:
    return Column.CURRENT in seen.one and plates_on_collector(seen.one)


def _alternating(seen: Seen) -> bool:
    """Galvanostatic half cycles of a symmetric cell."""
    record = seen.one
    if Column.CURRENT not in record or _own_voltage(seen) or _collector(seen) or _held(record):
        return False
    return len(half_cycles(record)) > 1


def _own_voltage(seen: Seen) -> bool:
    return resting_voltage(seen.one) is not None


def _crossing(seen: Seen) -> Shown:
    """Current in one direction only, through a symmetric cell."""
    record = seen.one
    if Column.CURRENT not in record or _own_voltage(seen) or _collector(seen) or _held(record):
        return False
    if not half_cycles(record).one_sided:
        return False
    if "threshold" in seen.options:
        return True
    return "a one-sided test: --threshold (such as '0.1 V') gives time and charge up to that voltage"


def _interrupted(seen: Seen) -> bool:
    """A current that stops, and a sample soon enough after it."""
    time, current = _flowing(seen.one)
    if time is None or correction_of(seen.one) not in ("none", "unknown"):
        return False
    waits = np.diff(time)[interrupts(seen.one, current)]
    return bool(np.any((waits > 0) & (waits <= LONGEST_DELAY)))


def _relaxing(seen: Seen) -> bool:
    """A rest of twelve samples after a current, at the end of the record or between steps."""
    time, current = _flowing(seen.one)
    if time is None:
        return False
    quiet = np.abs(current) <= 0.01 * np.abs(current).max(initial=0.0)
    at = [k for k in interrupts(seen.one, current) if quiet[k + 1]]
    return bool(at) and bool(np.all(quiet[at[-1] + 1 : at[-1] + 13])) and len(time) >= at[-1] + 13


def _flowing(record: Measurement) -> tuple[Array | None, Array]:
    """Times and currents of the rows that have all three; no times where there is no current."""
    if Column.CURRENT not in record:
        return None, np.empty(0)
    time, voltage, current = (record.array(c) for c in (Column.TIME, Column.VOLTAGE, Column.CURRENT))
    valid = np.isfinite(time) & np.isfinite(voltage) & np.isfinite(current)
    if valid.sum() < 3 or not np.abs(current[valid]).any():
        return None, np.empty(0)
    return time[valid], current[valid]


def _held(record: Measurement) -> bool:
    return Column.CURRENT in record and len(holds(record)) > 0


def _blocked(seen: Seen) -> Shown:
    if not _held(seen.one) or _own_voltage(seen):
        return False
    count = interfaces_of(seen.one)
    if count is None:
        return (
            "a constant voltage was held: --interfaces 0 where the electrodes block the ions gives an electronic "
            "conductivity, --interfaces 2 with spectra before and after it a transference number"
        )
    return count == 0


def _polarised(seen: Seen) -> bool:
    cycling = seen.experiment.of_kind("cycling")
    return len(cycling) == 1 and interfaces_of(cycling[0]) == 2 and _held(cycling[0])


def _diffuses(seen: Seen) -> bool:
    return seen.one.derived(warburg_coefficient).value is not None


def _concentration(seen: Seen) -> Shown:
    if not _diffuses(seen):
        return False
    if "concentration" in seen.options:
        return True
    return "a line of 45 degrees: --concentration (with --area and --temperature) gives a diffusion coefficient"


def _stores(seen: Seen) -> bool:
    record = seen.one
    return _own_voltage(seen) and is_full_cell(record) and falls_in_discharge(record)


def _has_discharge(seen: Seen) -> bool:
    if not _stores(seen):
        return False
    cycles = full_cell_cycles(seen.one)
    return len(cycles.cycle) > 0 and bool(np.isfinite(cycles.discharge[0]))


FURTHER: tuple[Further, ...] = (
    Further("resistance_against_pressure", "cell", lambda seen: _series(seen, "pressure")),
    Further("resistance_at_rest", "cell", lambda seen: _series(seen, "rest")),
    Further("arcs_along", "cell", _series, lambda seen: _arcs_of(seen.options.get("circuit"))),
    Further("peaks_along", "cell", _series),
    Further("transference_from_spectra", "cell", _polarised),
    Further("plating_efficiency", "cycling", _collector),
    Further("nucleation_overpotential", "cycling", _collector),
    Further("polarisation_index", "cycling", _alternating),
    Further("time_to_voltage", "cycling", _crossing, lambda seen: {"threshold": seen.options["threshold"]}),
    Further("charge_to_voltage", "cycling", _crossing, lambda seen: {"threshold": seen.options["threshold"]}),
    Further("current_interrupt", "cycling", _interrupted),
    Further("relaxation_after_current", "cycling", _relaxing),
    Further("electronic_conductivity", "cycling", _blocked),
    Further("capacity_fade", "cycling", _stores),
    Further("differential_capacity", "cycling", _has_discharge),
    Further("warburg_coefficient", "spectrum", _diffuses),
    Further(
        "diffusion_coefficient_of", "spectrum", _concentration,
        lambda seen: {"concentration": seen.options["concentration"]},
    ),
)  # fmt: skip
"""Analyses that some records ask for, in the order in which they are made."""


def _arcs_of(circuit: str | None) -> dict[str, Any]:
    """The number of arcs of the user's circuit, where it is a resistance and a chain of one to three."""
    parts = (circuit or "").replace(" ", "").split("-")
    arcs = [part for part in parts[1:] if part.startswith(("p(R", "ZARC"))]
    chain = bool(circuit) and parts[0].startswith("R") and len(arcs) == len(parts) - 1 and 1 <= len(arcs) <= 3
    return {"arcs": len(arcs)} if chain else {}


@dataclass(frozen=True)
class Fitting:
    """An analysis that fits, or what it lacks."""

    call: str
    record: int | None
    spectrum: int | None
    options: dict[str, Any]
    lacks: str = ""


def fitting(experiment: Experiment, **options: Any) -> Iterator[Fitting]:
    """Go through the table: what fits the records of a cell, and what would but for something that is missing.

    Args:
        experiment: the cell.
        options: as for `natrode.workbench.plan.plan`; `concentration` [mol/m3], `threshold` [V], `circuit` count here.
    """
    for entry in FURTHER:
        for record, spectrum, seen in _subjects(entry.on, experiment, options):
            try:
                shown = entry.shown(seen)
            except RecordError:  # a record that lacks what every analysis of its kind needs: said by those
                continue
            if isinstance(shown, str):
                yield Fitting(entry.call, record, spectrum, {}, shown)
            elif shown:
                yield Fitting(entry.call, record, spectrum, entry.options(seen))


def _subjects(
    on: Subject, experiment: Experiment, options: dict[str, Any]
) -> Iterator[tuple[int | None, int | None, Seen]]:
    if on == "cell":
        yield None, None, Seen(experiment, None, options)
        return
    for number, record in enumerate(experiment.measurements):
        if on == "cycling" and record.kind == "cycling" and not is_rest(record):
            yield number, None, Seen(experiment, record, options)
        if on == "spectrum" and record.kind == "impedance":
            spectra = record.spectra()
            for place in sorted({0, len(spectra) - 1}):
                yield number, None if len(spectra) == 1 else place, Seen(experiment, spectra[place], options)


def missing(experiment: Experiment, **options: Any) -> tuple[str, ...]:
    """What the user could give for the analyses of the table, a sentence each.

    Args:
        experiment: the cell.
        options: as for `fitting`.
    """
    return tuple(dict.fromkeys(f.lacks for f in fitting(experiment, **options) if f.lacks))


__all__ = ["FURTHER", "Further", "Seen", "fitting", "missing"]
