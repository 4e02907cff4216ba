"""The spectra of one cell along what they were varied by: temperature, pressure, charge, rest or test time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from natrode.analysis.arcs import LAW_WORDS, ArcSeries, Law, arc_series
from natrode.analysis.halves import half_cycles
from natrode.analysis.impedance import (
    BALANCED_CHARGE,
    electrolyte_resistance,
    interface_resistance,
    interface_resistance_series,
    passed,
)
from natrode.analysis.reading import (
    Array,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    pressure_of,
    provenance,
    temperature_of,
)
from natrode.analysis.result import Result, Series
from natrode.analysis.trends import GrowthSeries, PressureSeries, growth_series, pressure_series
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment, Measurement

if TYPE_CHECKING:
    from natrode.analysis.distribution import RelaxationTimes

Of = Literal["interfaces", "electrolyte"]
Along = Literal["temperature", "pressure", "charge", "rest", "time"]

LAWS: dict[Along, Law | None] = {
    "temperature": "Arrhenius", "pressure": "power", "charge": "linear", "rest": "root of time", "time": None,
}  # fmt: skip
"""The law that arcs are tied to along each."""
APART_KELVIN, APART_PRESSURE = 2.0, 0.05
"""Temperatures [K] and pressures (relative) further apart than this are two steps, not one that drifts."""
ONE_CM2 = 1e-4
"""[m2]: where the area is unknown, the charge that counts as none is that of this area."""
MOST_SPECTRA = 40
"""Of a longer series, evenly spaced spectra are fitted together."""


@dataclass(frozen=True)
class SpectraAlong:
    """The spectra of a cell in order, with what they were varied by."""

    along: Along
    x: Array
    """Temperature [K], pressure [Pa], net charge [C], or time [s] since the record began, shape (spectra,)."""
    spectra: tuple[Measurement, ...]

    def some(self, chosen: Sequence[int]) -> "SpectraAlong":
        """Some of them."""
        return SpectraAlong(self.along, self.x[list(chosen)], tuple(self.spectra[k] for k in chosen))


def spectra_along(record: Record) -> SpectraAlong | None:
    """Return what the spectra of a cell were varied by, as far as the record shows it.

    Args:
        record: an impedance record, or an experiment.

    Returns:
        At least three spectra: along temperature or pressure where three steps or more are known; else, for one
        record with times, along charge where it was moved in one direction only, along rest where no current flowed
        at all, along test time where current flowed both ways. None where nothing of this is known.
    """
    records = record.measurements if isinstance(record, Experiment) else (record,)
    impedance = [m for m in records if m.kind == "impedance"]
    spectra = tuple(s for m in impedance for s in m.spectra())
    if len(spectra) < 3:
        return None
    kelvin, pascal = [temperature_of(s) for s in spectra], [pressure_of(s) for s in spectra]
    if (temperatures := steps(kelvin, 0.0, APART_KELVIN)) is not None:
        return SpectraAlong("temperature", temperatures, spectra)
    if (pressures := steps(pascal, APART_PRESSURE, 0.0)) is not None and np.all(pressures > 0):
        return SpectraAlong("pressure", pressures, spectra)
    if len(impedance) > 1:
        return None  # files without a common clock
    time, charge, _, one_sided = passed(impedance[0])
    if one_sided and np.isfinite(charge).all():
        return SpectraAlong("charge", charge, spectra)
    if not np.isfinite(time).all() or np.ptp(time) == 0:
        return None
    moved = float(np.ptp(charge[np.isfinite(charge)])) if np.isfinite(charge).any() else 0.0
    flowing = moved > BALANCED_CHARGE * (area_of(impedance[0]) or ONE_CM2) or any(_flows(m) for m in records)
    return SpectraAlong("time" if flowing else "rest", time, spectra)


def steps(values: Sequence[float | None], relative: float, absolute: float) -> Array | None:
    """Return the values where all are known and form three steps or more, else None.

    Args:
        values: in SI, None where unknown.
        relative: distance of two steps over their value.
        absolute: the same in the values' unit; the larger one counts.
    """
    known = np.array([v for v in values if v is not None])
    if len(known) < len(values):
        return None
    ordered = np.sort(known)
    count = 1 + int(np.sum(np.diff(ordered) > np.maximum(absolute, relative * np.abs(ordered[:-1]))))
    return known if count > 2 else None


def _flows(record: Measurement) -> bool:
    """Whether a current (or a voltage that tells of one) flowed."""
    return record.kind == "cycling" and not is_rest(record) and len(half_cycles(record)) > 0


def is_rest(record: Measurement) -> bool:
    """Whether a record is a voltage at rest, in which no analysis of current has anything to read.

    Args:
        record: any record.
    """
    words = record.metadata.technique.lower()
    named = any(word in words for word in ("open circuit", "ocv", "ocp", "corpot", "rest"))
    return record.kind == "cycling" and Column.CURRENT not in record and named


# ---- arcs and peaks ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PeakSeries:
    """Peaks of the distributions of relaxation times, followed along a series."""

    series: tuple[Series, ...]
    """Resistance and time constant of each peak; NaN where a spectrum does not have it."""
    results: tuple[Result, ...]
    """Change of each peak's resistance from its first to its last spectrum."""
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "results": [r.to_json() for r in self.results],
            "series": [s.to_json() for s in self.series],
            "statement": self.statement,
        }


def peaks_along(record: Record) -> PeakSeries:
    """Follow the peaks of the distribution of relaxation times through the spectra of a cell.

    Args:
        record: an impedance record, or an experiment.

    Returns:
        PeakSeries along what `spectra_along` finds; refused, with points and decades, where fewer than three spectra
        carry a distribution. A peak in fewer than three spectra is left out and counted.

    Formula, source: `relaxation_times` of each spectrum, `track_peaks`.
    """
    from natrode.analysis.distribution import track_peaks

    found = spectra_along(record)
    question = _question(found, record, "resistance of a peak of the relaxation times", "peaks of ln g, tracked")
    if found is None:
        return PeakSeries((), (question.refused(_NO_SERIES),), _NO_SERIES)
    distributions = _distributions(found)
    able = [k for k, d in enumerate(distributions) if d.peaks]
    if len(able) < 3:
        reason = next((d.reason for d in distributions if d.reason), "the distributions have no peak")
        text = f"{len(able)} of {len(distributions)} spectra carry a distribution, three are needed: {reason}"
        return PeakSeries((), (question.refused(text),), text)
    tracks = track_peaks([distributions[k] for k in able])
    kept = [t for t in tracks if sum(p is not None for p in t) > 2]
    drawn: list[Series] = []
    results: list[Result] = []
    x = found.x[able]
    areal = distributions[able[0]].peaks[0].resistance.dimension
    question = replace(question, dimension=areal, area_normalised=areal == "area-specific resistance")
    for number, track in enumerate(kept, 1):
        peaks = [None if p is None else distributions[k].peaks[p] for k, p in zip(able, track, strict=True)]
        ohm, ohm_sigma = _columns([None if p is None else p.resistance for p in peaks])
        tau, tau_sigma = _columns([None if p is None else p.time_constant for p in peaks])
        name = f"peak {number} ({np.nanmedian(tau):.2g} s)"
        asked = replace(question, quantity=f"change of the resistance of {name} along {found.along}")
        ends = np.flatnonzero(np.isfinite(ohm))[[0, -1]]
        doubts = [f"seen in {int(np.isfinite(ohm).sum())} of {len(able)} spectra"] if np.isnan(ohm).any() else []
        results.append(
            asked.found(
                float(ohm[ends[1]] - ohm[ends[0]]), float(np.hypot(*ohm_sigma[ends])), doubts=doubts,
                first=float(ohm[ends[0]]), last=float(ohm[ends[1]]), begins=float(x[ends[0]]), ends=float(x[ends[1]]),
            )
        )  # fmt: skip
        for dimension, what, values, sigma in (
            (areal, "resistance", ohm, ohm_sigma), ("relaxation time", "time constant", tau, tau_sigma),
        ):  # fmt: skip
            one = replace(question, quantity=f"{what} of {name}", dimension=dimension)
            one = one if what == "resistance" else replace(one, area_normalised=None)
            drawn.append(Series.of(one, values, x, *_abscissa(found.along), sigma))
    parts = [f"{len(kept)} peaks followed along {found.along} through {len(able)} spectra"]
    if len(tracks) > len(kept):
        parts.append(f"{len(tracks) - len(kept)} more seen in one or two spectra only")
    if len(able) < len(distributions):
        parts.append(f"{len(distributions) - len(able)} spectra without a distribution")
    return PeakSeries(tuple(drawn), tuple(results), "; ".join(parts))


def _distributions(found: SpectraAlong) -> list["RelaxationTimes"]:
    from natrode.analysis.distribution import relaxation_times

    return [spectrum.derived(relaxation_times, refits=0) for spectrum in found.spectra]


def _columns(results: Sequence[Result | None]) -> tuple[Array, Array]:
    """Values and standard uncertainties, NaN for gaps."""
    values = [np.nan if r is None or r.value is None else r.value for r in results]
    sigmas = [np.nan if r is None or r.uncertainty is None else r.uncertainty for r in results]
    return np.array(values), np.array(sigmas)


def arcs_along(record: Record, arcs: int | None = None) -> ArcSeries:
    """Fit the spectra of a cell together: arcs named by capacitance along temperature, pressure, charge or time.

    Args:
        record: an impedance record, or an experiment.
        arcs: their number; None: the number of peaks that most of the distributions have (at most three).

    Returns:
        ArcSeries with the law that goes with what was varied (see LAWS); refused where fewer than three spectra carry
        a distribution, or where electrodes block (a chain of arcs does not describe them).

    Formula, source: `arc_series`.
    """
    found = spectra_along(record)
    question = _question(found, record, "arcs of the series", "R0 and arcs, capacitances and exponents shared")
    if found is None:
        return _no_arcs(question, _NO_SERIES)
    distributions = _distributions(found)
    able = [k for k, d in enumerate(distributions) if d.peaks and not _blocks(d)]
    if len(able) < 3:
        blocked = sum(_blocks(d) for d in distributions)
        reason = next((d.reason for d in distributions if d.reason), "no peak")
        if blocked:
            reason = f"the electrodes of {blocked} block, which a chain of arcs does not describe"
        return _no_arcs(question, f"{len(able)} of {len(distributions)} spectra carry arcs, three are needed: {reason}")
    counts = Counter(min(len(distributions[k].peaks), 3) for k in able)
    number = arcs or max(counts, key=lambda n: (counts[n], n))
    if len(able) > MOST_SPECTRA:
        able = [able[k] for k in np.unique(np.linspace(0, len(able) - 1, MOST_SPECTRA).round().astype(int))]
    chosen = found.some(able)
    law = LAWS[found.along]
    if law == "power" and np.any(chosen.x <= 0):
        law = None
    answer = arc_series(chosen.spectra, chosen.x, law, arcs=number)
    many = f"{len(able)} of {len(distributions)} spectra; " if len(able) < len(distributions) else ""
    return replace(answer, statement=f"{number} arcs along {found.along}; {many}{answer.statement}")


def _blocks(distribution: "RelaxationTimes") -> bool:
    """Whether a capacitance in series ends the spectrum: electrodes that block the ions."""
    ending = distribution.terms.get("series capacitance")
    return ending is not None and ending.value is not None


def _no_arcs(question: Result, reason: str) -> ArcSeries:
    none = np.empty((0, 0))
    return ArcSeries(
        (),
        none[0:],
        none,
        np.empty(0),
        none,
        none,
        np.empty(0),
        none,
        none,
        (),
        (question.refused(reason),),
        reason,
        (),
    )


# ---- pressure and rest ---------------------------------------------------------------------------------
def resistance_against_pressure(record: Record, of: Of = "interfaces") -> PressureSeries:
    """Return how the interfaces (or the electrolyte) of a cell follow the stack pressure, up and down.

    Args:
        record: an impedance record, or an experiment, whose spectra have known pressures.
        of: the interfaces (low-frequency intercept less the high-frequency one of the same spectrum) or the
            electrolyte (high-frequency intercept).

    Returns:
        PressureSeries with the resistances drawn against pressure; refused below three pressures.

    Formula, source: `pressure_series`.
    """
    records = record.measurements if isinstance(record, Experiment) else (record,)
    spectra = [s for m in records if m.kind == "impedance" for s in m.spectra() if pressure_of(s) is not None]
    answers = [(interface_resistance if of == "interfaces" else electrolyte_resistance)(s) for s in spectra]
    values, sigmas = _columns(answers)
    pascal = np.array([p for s in spectra if (p := pressure_of(s)) is not None])
    usable = np.isfinite(values) & (values > 0)
    found = pressure_series(
        pascal[usable], values[usable], sigmas[usable] if np.all(sigmas[usable] > 0) else None,
        dimension=_dimension(answers), source=tuple(s.digest for s in spectra),
        simulated=any(s.is_simulated for s in spectra),
    )  # fmt: skip
    named = (
        replace(r, quantity=f"{r.quantity} ({of})") for r in (found.exponent, found.exponent_unloading, found.constant)
    )
    exponent, unloading, constant = named
    drawn = (Series.of(answers[0], values, pascal, "pressure", "stack pressure", sigmas),) if usable.sum() > 2 else ()
    hysteresis = replace(found.hysteresis, quantity=f"{found.hysteresis.quantity} ({of})")
    return PressureSeries(exponent, unloading, constant, hysteresis, drawn)


def resistance_at_rest(record: Record) -> GrowthSeries:
    """Fit growth laws to the interfaces of a cell whose spectra were taken at rest.

    Args:
        record: an impedance record, or an experiment, without current; the rest before the record began is that of
            the table of cells (column "rest").

    Returns:
        GrowthSeries, time counted from assembly where that rest is known, else from the record's beginning, with that
        doubt on every constant.

    Raises:
        RecordError: when current flowed, or the record has no times.

    Formula, source: `growth_series`; each resistance: low-frequency intercept less the first spectrum's high one.
    """
    found = spectra_along(record)
    if found is None or found.along != "rest":
        raise RecordError("the spectra were not taken at rest, one after the other: " + _NO_SERIES)
    impedance = next(
        m for m in (record.measurements if isinstance(record, Experiment) else (record,)) if m.kind == "impedance"
    )
    series = interface_resistance_series(impedance)
    before = impedance.metadata.user.get("rest, SI")
    time = found.x + float(before or 0.0)
    answer = growth_series(
        time, series.resistance, series.uncertainty if np.all(series.uncertainty > 0) else None,
        dimension=_dimension(series.results), source=tuple(s.digest for s in found.spectra),
        simulated=impedance.is_simulated,
    )  # fmt: skip
    meaning = next((r for r in series.results if r.value is not None), series.results[0])
    drawn = (Series.of(meaning, series.resistance, time, "time", "time at rest", series.uncertainty),)
    if before is not None:
        return replace(answer, series=drawn)
    text = "time counted from the record's beginning: the rest before it is not known (column 'rest' of cells.csv)"
    laws = tuple(replace(law, constants=tuple(_doubted(c, text) for c in law.constants)) for law in answer.laws)
    return replace(answer, laws=laws, series=drawn)


def _doubted(result: Result, doubt: str) -> Result:
    if result.value is None:
        return result
    return replace(result, quality="doubtful", reason="; ".join(filter(None, (result.reason, doubt))))


_NO_SERIES = "no series: three spectra are needed, with three known temperatures or pressures, or times in one record"


def _dimension(results: Sequence[Result]) -> Literal["resistance", "area-specific resistance"]:
    areal = bool(results) and results[0].dimension == "area-specific resistance"
    return "area-specific resistance" if areal else "resistance"


def _abscissa(along: Along) -> tuple[str, str]:
    """Dimension and name of the axis."""
    law = LAWS[along]
    return (LAW_WORDS[law][2], LAW_WORDS[law][1]) if law else ("time", "time")


def _question(found: SpectraAlong | None, record: Record, quantity: str, method: str) -> Result:
    spectra = found.spectra if found is not None else ()
    first = spectra[0] if spectra else None
    return Result(
        quantity=quantity,
        dimension="resistance",
        method=method,
        scope="cell",
        n_interfaces=None if first is None else interfaces_of(first),
        area_normalised=False,
        settings={} if first is None else {**conditions_of(first), "along": None if found is None else found.along},
        **provenance(*spectra),
    )


__all__ = [
    "PeakSeries",
    "SpectraAlong",
    "arcs_along",
    "peaks_along",
    "resistance_against_pressure",
    "resistance_at_rest",
    "spectra_along",
]
