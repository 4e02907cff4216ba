"""Interface resistances from spectra: electrolyte removed, sides told apart, limits near zero."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from natrode.analysis.reading import (
    Array,
    KnownResistance,
    Record,
    area_of,
    conditions_of,
    interfaces_of,
    of_kind,
    provenance,
    resistance_of,
    side_areas,
)
from natrode.analysis.result import Result
from natrode.analysis.spectrum import Intercepts, real_axis_intercepts
from natrode.measurement import Column, Measurement
from natrode.units import from_si

Per = Literal["interface", "cell"]
FirstSpectrum = Literal["first spectrum"]

LIMIT_SIGMA = 2.0
"""A resistance under this many standard uncertainties is reported as an upper limit."""
NO_POLARISATION = 1e-4
"""Voltage [V] that the direct current of a spectrum may cause and still be what an instrument reads at rest."""
BALANCED_CHARGE = 720.0
"""[C/m2] = 0.02 mAh/cm2: net charge under which both sides count as equally used."""


def electrolyte_resistance(spectrum: Measurement) -> Result:
    """Return the high-frequency intercept of a spectrum: the electrolyte as far as it shows there.

    Args:
        spectrum: an impedance record with one spectrum.

    Returns:
        Result [Ohm] of the whole cell; doubtful when the first arc looks like a grain boundary's, which the
        intercept leaves out; an upper limit when it is not told from zero (two sigma).

    Raises:
        RecordError: for another kind of record or several spectra.

    Source: see `real_axis_intercepts`.
    """
    found = real_axis_intercepts(spectrum).high.changed(quantity="electrolyte resistance")
    if found.value is None or found.value >= LIMIT_SIGMA * (found.uncertainty or 0.0):
        return found
    doubts = [found.reason] if found.reason else []
    return _near_zero(found, found.value, found.uncertainty or 0.0, doubts, {})


def interface_resistance(
    spectrum: Measurement,
    electrolyte_resistance: KnownResistance | FirstSpectrum | None = None,
    per: Per = "cell",
) -> Result:
    """Return the resistance of the interfaces: low-frequency resistance minus the electrolyte's.

    Args:
        spectrum: an impedance record with one spectrum.
        electrolyte_resistance: of the whole cell [Ohm] (from a blocking pellet, a conductivity, ...), a
            (value, uncertainty) pair or a Result; None or "first spectrum": this spectrum's own high-
            frequency intercept.
        per: "cell": all interfaces together; "interface": one of two that are assumed equal per area.

    Returns:
        Result [Ohm m2], or [Ohm] where the area is unknown. An upper limit below two sigma. Per interface it
        is refused when the number of interfaces is unknown or the sides cannot be equal (direct current
        flows, or a net charge of more than 0.02 mAh/cm2 was moved). Without a given electrolyte it is refused, too,
        where the one arc before a rising branch has the capacitance of bulk or grain boundaries.

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula: R_int = (R_low - R_electrolyte) A / n, sigma from both; per interface of two with areas A_1, A_2:
        (R_low - R_electrolyte) / (1/A_1 + 1/A_2). Source: the field's usual definition.
    """
    if electrolyte_resistance == "first spectrum":
        electrolyte_resistance = None
    question = _question(spectrum, per)
    refusal = _no_halving(spectrum) if per == "interface" else None
    if refusal is not None:
        return question.refused(refusal)
    ends = real_axis_intercepts(spectrum)
    area = area_of(spectrum)
    doubts: list[str] = []
    if electrolyte_resistance is None:
        if ends.high.value is None:
            return question.refused(f"the electrolyte's resistance is not known: {ends.high.reason}")
        if without := _without_interface(ends):
            return question.refused(without)
        electrolyte, u_electrolyte = ends.high.value, ends.high.uncertainty or 0.0
        doubts += [ends.high.reason] if ends.high.reason else []
        origin = "high-frequency intercept of this spectrum"
    else:
        electrolyte, u_electrolyte = resistance_of(electrolyte_resistance, area)
        origin = "given"
        if isinstance(electrolyte_resistance, Result):
            origin = electrolyte_resistance.quantity
    sides = side_areas(spectrum) if per == "interface" else None
    if sides is not None:
        scale = 1.0 / (1.0 / sides[0] + 1.0 / sides[1])
    else:
        scale = (1.0 if area is None else area) / (interfaces_of(spectrum) or 1 if per == "interface" else 1)
    settings: dict[str, Any] = {
        "electrolyte_resistance": electrolyte,
        "electrolyte_uncertainty": u_electrolyte,
        "electrolyte_from": origin,
        "noise": ends.relative_noise,
    }
    if ends.low.value is None:
        if ends.low.quality == "lower limit" and ends.low.interval is not None and ends.low.interval[0] is not None:
            bound = max(ends.low.interval[0] - electrolyte, 0.0) * scale
            return question.at_least(bound, ends.low.reason, **settings)
        return question.refused(ends.low.reason, **settings)
    doubts += [ends.low.reason] if ends.low.reason else []
    settings["total_resistance"] = ends.low.value
    value = (ends.low.value - electrolyte) * scale
    uncertainty = float(np.hypot(ends.low.uncertainty or 0.0, u_electrolyte)) * scale
    removed = electrolyte * scale
    if value < -3.0 * uncertainty - 1e-3 * removed:
        excess = electrolyte - ends.low.value
        return question.refused(
            f"the electrolyte's resistance exceeds the whole cell's by {excess:.3g} Ohm", **settings
        )
    return _near_zero(question, value, max(uncertainty, 1e-9 * removed), doubts, settings)


def _without_interface(ends: Intercepts) -> str:
    """Why a spectrum shows no interface: the electrolyte's arc is the last one that closes; "" where it may."""
    size, end = (ends.high.settings.get(key) for key in ("first_arc_capacitance", "first_arc_end"))
    if end is None or end != ends.low.settings.get("before_the_branch"):
        return ""
    return (
        f"the only arc before the rising branch has a capacitance of {size:.2g} F, that of bulk or grain boundaries, "
        f"and ends at {end:.4g} Ohm: no arc of an interface closes; give electrolyte_resistance"
    )


def _near_zero(question: Result, value: float, smallest: float, doubts: list[str], settings: dict[str, Any]) -> Result:
    """Value, or an upper limit when it is under two standard uncertainties."""
    if value < LIMIT_SIGMA * smallest:
        bound = max(value, 0.0) + LIMIT_SIGMA * smallest
        text = "; ".join(["not distinguishable from zero (under two sigma)", *doubts])
        return question.at_most(bound, text, estimate=value, sigma=smallest, **settings)
    return question.found(value, smallest, doubts=doubts, **settings)


def _question(spectrum: Measurement, per: Per) -> Result:
    area = area_of(spectrum)
    conditions = conditions_of(spectrum)
    per_interface = ", divided by the number of interfaces" if per == "interface" else ""
    normalised = "" if area is None else ", times the smaller electrode's area"
    sides = side_areas(spectrum)
    if per == "interface" and sides is not None and sides[0] != sides[1]:
        per_interface, normalised = ", divided by the sum of 1/A of both electrodes' areas", ""
    for key, column in (
        ("time", Column.TIME),
        ("net_charge", Column.CHARGE),
        ("dc_current", Column.DC_CURRENT),
    ):
        conditions[key] = _mean(spectrum, column)
    return Result(
        quantity="interface resistance",
        dimension="resistance" if area is None else "area-specific resistance",
        method=f"low-frequency real-axis intercept minus the electrolyte's resistance{per_interface}{normalised}",
        scope="per interface (assumed equal)" if per == "interface" else "cell",
        n_interfaces=1 if per == "interface" else interfaces_of(spectrum),
        area_normalised=area is not None,
        settings=conditions,
        **provenance(spectrum),
    )


def _mean(spectrum: Measurement, column: Column) -> float | None:
    if column not in spectrum:
        return None
    values = spectrum.array(column)
    values = values[np.isfinite(values)]
    return float(values.sum()) / len(values) if values.size else None


def _no_halving(spectrum: Measurement) -> str | None:
    """Why the resistance of this spectrum may not be shared out equally among interfaces, or None."""
    count = interfaces_of(spectrum)
    if count is None:
        return "the number of interfaces is unknown: give it, or ask per='cell'"
    if count == 0:
        return "the voltage crosses no metal interface"
    if count == 1:
        return None
    current = _mean(spectrum, Column.DC_CURRENT)
    if current is not None and abs(current) * float(np.nanmax(np.abs(spectrum.impedance))) > NO_POLARISATION:
        return "direct current flows: one side is stripped, the other plated, and half of the sum is neither"
    charge, area = _mean(spectrum, Column.CHARGE), area_of(spectrum)
    if charge is not None and area is not None and abs(charge) / area > BALANCED_CHARGE:
        return "one-sided: net charge was moved from one electrode to the other, so the sides are not equal"
    return None


@dataclass(frozen=True)
class InterfaceSeries:
    """Interface resistances of a series of spectra, in the record's order."""

    results: tuple[Result, ...]
    time: Array
    """Mean test time of each spectrum [s]; NaN where not recorded."""
    charge: Array
    """Net charge at the mean time [C]; NaN where not recorded."""
    dc_current: Array
    """Direct current during the spectrum [A]; NaN where not recorded."""
    one_sided: bool | None
    """Whether charge was moved in one direction only; None where neither charge nor current was recorded."""

    @property
    def resistance(self) -> Array:
        """Values in the results' SI unit; NaN where a spectrum gave none (a gap, or a limit)."""
        return np.array([np.nan if r.value is None else r.value for r in self.results])

    @property
    def uncertainty(self) -> Array:
        """Standard uncertainties; NaN where there is none."""
        return np.array([np.nan if r.uncertainty is None else r.uncertainty for r in self.results])


def interface_resistance_series(
    record: Record,
    electrolyte_resistance: KnownResistance | FirstSpectrum | None = "first spectrum",
    per: Per = "cell",
) -> InterfaceSeries:
    """Return the interface resistance of every spectrum of a record, with time, charge and direct current.

    Args:
        record: an impedance record, or an experiment that holds one.
        electrolyte_resistance: as in `interface_resistance`; "first spectrum": high-frequency intercept of
        the
            first one for all; None: each spectrum's own.
        per: as in `interface_resistance`; "interface" is refused in one-sided tests.

    Returns:
        InterfaceSeries; spectra without answer keep their place as refusals.

    Raises:
        RecordError: for another kind of record.
    """
    impedance = of_kind(record, "impedance")
    spectra = impedance.spectra()
    time, charge, current, one_sided = passed(impedance)
    given, doubt = electrolyte_resistance, ""
    if given == "first spectrum":
        first = real_axis_intercepts(spectra[0]).high
        if first.value is None:
            question = _question(spectra[0], per)
            results = tuple(question.refused(f"electrolyte, from the first spectrum: {first.reason}") for _ in spectra)
            return InterfaceSeries(results, time, charge, current, one_sided)
        given = replace(first, quantity="high-frequency intercept of the first spectrum")
        doubt = first.reason
    answers = []
    for spectrum in spectra:
        if per == "interface" and one_sided:
            text = "one-sided test: one side is stripped, the other plated; use stripping_side_resistance"
            answers.append(_question(spectrum, per).refused(text))
            continue
        if doubt and (without := _without_interface(real_axis_intercepts(spectrum))):
            answers.append(_question(spectrum, per).refused(without))
            continue
        answer = interface_resistance(spectrum, given, per)
        if doubt and answer.value is not None:
            answer = replace(answer, quality="doubtful", reason="; ".join(r for r in (answer.reason, doubt) if r))
        answers.append(answer)
    return InterfaceSeries(tuple(answers), time, charge, current, one_sided)


def passed(impedance: Measurement) -> tuple[Array, Array, Array, bool | None]:
    """Return mean test time [s], net charge [C] and direct current [A] of each spectrum, and whether it went one way.

    Args:
        impedance: an impedance record; what it does not hold is NaN, and None where neither charge nor current is.
    """
    time, charge, current = (
        np.array([np.nan if (m := _mean(s, column)) is None else m for s in impedance.spectra()])
        for column in (Column.TIME, Column.CHARGE, Column.DC_CURRENT)
    )
    return time, charge, current, _one_sided(time, charge, current, area_of(impedance))


def _one_sided(time: Array, charge: Array, current: Array, area: float | None) -> bool | None:
    """Whether charge went one way only: current of one sign, or net charge that only grows in size.

    What an instrument reads at rest, under a hundredth of the current between the spectra, is no current.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.diff(charge) / np.diff(time)
    known = np.abs(np.concatenate([current, between]))
    flowing = current[np.abs(current) > 0.01 * np.max(known[np.isfinite(known)], initial=0.0)]
    if flowing.size:
        return bool(np.all(flowing > 0) or np.all(flowing < 0))
    moved = charge[np.isfinite(charge)]
    if moved.size < 2:
        return None
    steps = np.diff(moved)
    small = BALANCED_CHARGE * area if area is not None else 0.0
    return bool(abs(moved[-1] - moved[0]) > small and (np.all(steps >= 0) or np.all(steps <= 0)))


def stripping_side_resistance(
    record: Record, electrolyte_resistance: KnownResistance | FirstSpectrum | None = "first spectrum"
) -> InterfaceSeries:
    """Return the stripped interface's resistance in a one-sided test, the plated one held at its first value.

    Args:
        record: an impedance record (or an experiment) of a symmetric cell with two interfaces, spectra taken
            during or between steps of current in one direction; the first one before much charge was moved.
        electrolyte_resistance: as in `interface_resistance_series`.

    Returns:
        InterfaceSeries with scope "stripping side", one interface [Ohm m2] or [Ohm]. Every entry is refused
        when the cell has not two interfaces or charge went both ways. If the plated contact improves, the
        true value is larger by that improvement.

    Raises:
        RecordError: for another kind of record.

    Formula: R_strip(k) = R_int(k) - R_int(0)/2; with areas A_s of the stripped and A_p of the plated side, per A_s:
        A_s [R_int(k) - R_int(0) A_s / (A_s + A_p)] with R_int in Ohm. Source: laboratory practice for operando
        stripping of cells without a reference electrode; equal interfaces (per area) at the start are assumed.
    """
    series = interface_resistance_series(record, electrolyte_resistance, "cell")
    first = series.results[0]
    share, scale = _of_the_plated_side(of_kind(record, "impedance"), series)
    part = "half" if scale == 1.0 else f"{share:.3g}"
    refusal = _no_sides(series, first)
    if refusal is None and not np.isfinite(share):
        refusal = "the electrodes have different areas, and neither charge nor current says which of them is stripped"
    asked = tuple(
        replace(
            r,
            scope="stripping side",
            n_interfaces=1,
            quantity="interface resistance of the stripped side",
            method=r.method
            + f"; minus {part} of the first spectrum's (the plated side, held at its first value)"
            + ("" if scale == 1.0 else "; per area of the stripped side"),
        )
        for r in series.results
    )
    if refusal is not None:
        return replace(series, results=tuple(r.refused(refusal) for r in asked))
    plated = share * scale * (first.value if first.value is not None else sum(_ends(first)) / 2.0)
    u_plated = share * scale * (first.uncertainty or (_ends(first)[1] - _ends(first)[0]) / np.sqrt(12.0))
    late = _late(series, area_of(of_kind(record, "impedance")))
    answers = []
    for number, result in enumerate(asked):
        if result.value is None:
            answers.append(result)
            continue
        value = scale * result.value - plated
        own = scale * (result.uncertainty or 0.0)
        uncertainty = (1.0 / share - 1.0) * u_plated if number == 0 else float(np.hypot(own, u_plated))
        doubts = [result.reason] if result.reason else []
        if series.one_sided is None:
            doubts.append("neither charge nor direct current was recorded: taken as one-sided on trust")
        if late:
            doubts.append(late)
        settings = {"plating_side": plated}
        if value < -3.0 * uncertainty:
            text = "fell below the plated side's first value: that side improved, too"
            answers.append(result.refused(text, **settings))
        else:
            answers.append(_near_zero(result, value, uncertainty, doubts, settings))
    return replace(series, results=tuple(answers))


def _late(series: InterfaceSeries, area: float | None) -> str:
    """Why the first spectrum is not that of two equal sides: charge was moved before it; "" where none was."""
    before = abs(series.charge[0]) / area if area is not None else np.nan
    if not before > BALANCED_CHARGE:
        return ""
    amount = from_si(before, "mAh/cm2", "areal charge")
    return f"{amount:.2g} mAh/cm2 were moved before the first spectrum: its sides were not equal any more"


def _of_the_plated_side(impedance: Measurement, series: InterfaceSeries) -> tuple[float, float]:
    """Part of the first interface resistance that is the plated side's, and the stripped area over the smaller one.

    NaN where the areas differ and nothing says which side is stripped.
    """
    areas = side_areas(impedance)
    if areas is None or areas[0] == areas[1]:
        return 0.5, 1.0
    flowing = series.dc_current[np.isfinite(series.dc_current)]
    moved = series.charge[np.isfinite(series.charge)]
    direction = float(np.sum(flowing)) or (float(moved[-1] - moved[0]) if len(moved) else 0.0)
    if direction == 0.0:
        return np.nan, np.nan
    stripped, other = areas if direction > 0.0 else areas[::-1]
    return stripped / (stripped + other), stripped / min(areas)


def _ends(result: Result) -> tuple[float, float]:
    low, high = result.interval if result.interval is not None else (None, None)
    return low or 0.0, high or 0.0


def _no_sides(series: InterfaceSeries, first: Result) -> str | None:
    if first.n_interfaces != 2:
        known = "unknown" if first.n_interfaces is None else str(first.n_interfaces)
        return f"telling two sides apart needs a cell of two interfaces; the record says {known}"
    if series.one_sided is False:
        return "charge went both ways: neither side is the stripped one throughout"
    if first.value is None and first.quality != "upper limit":
        return f"the first spectrum gives no resistance to hold the plated side at: {first.reason}"
    return None
