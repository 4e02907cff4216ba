"""Kinetics from sweeps: exchange current densities, with the ohmic drop removed or its presence said."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode.analysis.ohmic import correction_of, statement_of
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
    temperature_of,
)
from natrode.analysis.result import Result
from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from natrode.physics.kinetics import charge_transfer_resistance

TAFEL_BEGINS = 0.120
"""[V] per interface: below it the back reaction still counts (1 % at room temperature)."""
LOW_FIELD_ENDS = 0.010
"""[V] per interface: below it the current is linear within 1 %."""
PLAUSIBLE_TRANSFER = (0.1, 0.9)


@dataclass(frozen=True)
class Polarisation:
    """A sweep as kinetics see it, arrays of shape (points,)."""

    current: Array
    """[A/m2] per the mean of both areas, or [A] where they are unknown."""
    overpotential: Array
    """Per interface [V], ohmic drop removed where it is known."""
    ohmic_drop: Array
    """Whole cell [V]; zeros where nothing was removed."""
    n_interfaces: int
    corrected: bool
    """Whether the ohmic drop is out of the overpotential (by this analysis or before)."""
    statement: str
    """none, instrument or software, with the value."""


def overpotential_per_interface(
    record: Record, ohmic_resistance: KnownResistance | None = None, n_interfaces: int | None = None
) -> Polarisation:
    """Return the overpotential of one interface along a sweep.

    Args:
        record: a sweep record, or an experiment that holds one.
        ohmic_resistance: resistance to remove [Ohm, whole cell], a (value, uncertainty) pair or a Result (of
            `real_axis_intercepts`, `electrolyte_resistance`, `current_interrupt`, ...).
        n_interfaces: interfaces in series; None: the record's geometry.

    Returns:
        Polarisation; points without current or voltage are left out.

    Raises:
        RecordError: when the number of interfaces is unknown, or the voltage was corrected before.

    Formula: eta = (V - i R) / n; interfaces equal per area. The current is per the smaller electrode's area, of two
        different ones per their harmonic mean: d(eta)/di is then that of each interface. Source: natrode model notes G.
    """
    sweep = of_kind(record, "sweep")
    count = interfaces_of(sweep) if n_interfaces is None else n_interfaces
    if not count:
        raise RecordError("the number of interfaces in series is unknown; give n_interfaces=2 for a symmetric cell")
    statement = statement_of(sweep, ohmic_resistance)  # raises where it would be corrected twice
    area = area_of(sweep)
    voltage, current = sweep.array(Column.VOLTAGE), sweep.array(Column.CURRENT)
    valid = np.isfinite(voltage) & np.isfinite(current)
    voltage, current = voltage[valid], current[valid]
    drop = np.zeros_like(current)
    if ohmic_resistance is not None:
        drop = resistance_of(ohmic_resistance, area)[0] * current
    mean_area = _mean_area(sweep)
    return Polarisation(
        current if mean_area is None else current / mean_area,
        (voltage - drop) / count,
        drop,
        count,
        correction_of(sweep) not in ("none", "unknown") or ohmic_resistance is not None,
        statement,
    )


def low_field_exchange_current_density(
    record: Record,
    ohmic_resistance: KnownResistance | None = None,
    *,
    n_interfaces: int | None = None,
    window: float = LOW_FIELD_ENDS,
) -> Result:
    """Return the exchange current density from the slope of a sweep around zero overpotential.

    Args:
        record: a sweep record, or an experiment that holds one.
        ohmic_resistance: resistance to remove [Ohm, whole cell]; None: nothing is removed, and the result is
            doubtful because it holds the electrolyte's resistance too.
        n_interfaces: interfaces in series; None: the record's geometry.
        window: largest overpotential per interface [V] that is used.

    Returns:
        Result [A/m2] ([A] where the area is unknown), per interface; a lower limit when the kinetic part of
        the slope is under two standard uncertainties.

    Raises:
        RecordError: as `overpotential_per_interface`.

    Formula: i0 = (R_gas T / F) / (d eta / d i), least squares with a free offset. Source: natrode model notes G;
    Bard & Faulkner, Electrochemical Methods, linearised Butler-Volmer equation.
    """
    sweep = of_kind(record, "sweep")
    polarisation = overpotential_per_interface(sweep, ohmic_resistance, n_interfaces)
    question = _question(
        sweep, polarisation, "low field", "low-field slope: i0 = (RT/F) / (d eta/d i)", {"window": window}
    )
    i, eta = polarisation.current, polarisation.overpotential
    centre = _rest_value(i, eta)
    use = np.abs(eta - centre) <= window
    if use.sum() < 5 or np.ptp(i[use]) == 0:
        return question.refused(f"{int(use.sum())} points within {1e3 * window:g} mV of rest: five are needed")
    slope, sigma = _slope(i[use], eta[use])
    sigma = float(np.hypot(sigma, _resistance_sigma(sweep, ohmic_resistance) / polarisation.n_interfaces))
    temperature, doubts = _temperature(sweep)
    doubts += _doubts_of(ohmic_resistance)
    if not polarisation.corrected:
        doubts.append("the ohmic drop is not removed: this is RT/F over the whole slope, not kinetics alone")
    drop = float(np.max(np.abs(polarisation.ohmic_drop[use]), initial=0.0)) / float(np.ptp(i[use]))
    smallest = max(sigma, 1e-6 * (abs(slope) + drop))
    if slope <= -2.0 * smallest or smallest == 0.0:
        return question.refused("the overpotential does not rise with the current: check R and the signs")
    if slope < 2.0 * smallest:
        bound = float(charge_transfer_resistance(max(slope, 0.0) + 2.0 * smallest, temperature))
        return question.at_least(bound, "after the ohmic drop nothing is left of the slope (under two sigma)")
    value = float(charge_transfer_resistance(slope, temperature))
    return question.found(
        value, value * sigma / slope, doubts=doubts, resistance_per_interface=slope, points=int(use.sum())
    )


def tafel_exchange_current_density(
    record: Record,
    ohmic_resistance: KnownResistance | None = None,
    *,
    n_interfaces: int | None = None,
    begins: float = TAFEL_BEGINS,
) -> Result:
    """Return the exchange current density from the straight part of a Tafel plot, if there is one.

    Args:
        record: a sweep record, or an experiment that holds one.
        ohmic_resistance: resistance to remove [Ohm, whole cell]; None: nothing is removed.
        n_interfaces: interfaces in series; None: the record's geometry.
        begins: overpotential per interface [V] from which points are used.

    Returns:
        Result [A/m2] ([A] where the area is unknown); settings hold the Tafel slope [V per decade] and the
        transfer coefficient of each branch. Refused when no interface passes `begins` after correction, when
        the points lie as well on the ohmic line V = R i ("no i0"), or when the slope gives no possible
        transfer coefficient.

    Raises:
        RecordError: as `overpotential_per_interface`.

    Formula: eta = (R_gas T / alpha F) ln(i/i0), least squares of ln i; branches combined in ln i0.
    Source: Tafel 1905; validity over 120 mV per interface, natrode model notes G.
    """
    sweep = of_kind(record, "sweep")
    polarisation = overpotential_per_interface(sweep, ohmic_resistance, n_interfaces)
    question = _question(sweep, polarisation, "Tafel", "Tafel line: eta = (RT/alpha F) ln(i/i0)", {"begins": begins})
    temperature, doubts = _temperature(sweep)
    i, eta = polarisation.current, polarisation.overpotential
    eta = eta - _rest_value(i, eta)
    largest = float(np.abs(eta).max(initial=0.0))
    if largest <= begins:
        text = f"the overpotential per interface reaches {1e3 * largest:.0f} mV"
        return question.refused(f"{text}; a Tafel line begins at {1e3 * begins:.0f} mV")
    fits, reasons = _tafel_branches(i, eta, begins, temperature)
    if not fits:
        return question.refused(reasons[0] if reasons else "fewer than five points in the Tafel range")
    logs = np.array([f["ln_i0"] for f in fits])
    sigma = float(np.sqrt(np.sum([f["sigma"] ** 2 for f in fits])) / len(fits))
    shift = _resistance_sigma(sweep, ohmic_resistance) * i / polarisation.n_interfaces
    if shift.any():  # the same fit with one standard uncertainty more and less of ohmic drop
        moved = [_tafel_branches(i, eta + side * shift, begins, temperature)[0] for side in (-1.0, 1.0)]
        means = [float(np.mean([f["ln_i0"] for f in m])) for m in moved if m]
        sigma = float(np.hypot(sigma, np.ptp(means) / 2.0)) if len(means) == 2 else float("inf")
    value = float(np.exp(logs.mean()))
    if (sides := side_areas(sweep)) is not None:  # on two Tafel lines the logarithms of the areas are averaged
        value *= float(_mean_area(sweep) or 1.0) / float(np.sqrt(sides[0] * sides[1]))
    sigma = float(np.hypot(sigma, np.ptp(logs) / np.sqrt(12.0)))
    doubts += _doubts_of(ohmic_resistance)
    if not polarisation.corrected:
        doubts.append("the ohmic drop is not removed")
    if reasons:
        doubts.append(f"one branch only; the other: {reasons[0]}")
    if min(f["decades"] for f in fits) < 0.5:
        doubts.append("the Tafel range spans less than half a decade of current")
    names = ("tafel_slope", "transfer_coefficient", "decades", "points")
    branches = [{name: f[name] for name in names} for f in fits]
    return question.found(value, value * sigma, doubts=doubts, branches=branches)


def _tafel_branches(
    i: Array, eta: Array, begins: float, temperature: float
) -> tuple[list[dict[str, float]], list[str]]:
    """Tafel lines of the branches that have one, and why the others have none."""
    fits: list[dict[str, float]] = []
    reasons: list[str] = []
    for sign in (1.0, -1.0):
        use = (sign * eta > begins) & (sign * i > 0)
        if use.sum() < 5:
            continue
        fitted = _tafel_branch(sign * i[use], sign * eta[use], temperature)
        if isinstance(fitted, str):
            reasons.append(fitted)
        else:
            fits.append(fitted)
    return fits, reasons


def _tafel_branch(i: Array, eta: Array, temperature: float) -> dict[str, float] | str:
    """Tafel line of one branch (both positive), or why it has none."""
    logs = np.log(i)
    slope, sigma_slope = _slope(eta, logs)
    offset = float(np.mean(logs) - slope * np.mean(eta))
    residual = float(np.sqrt(np.mean((logs - offset - slope * eta) ** 2)))
    resistance = float(np.sum(i * eta) / np.sum(i * i))
    ohmic = float(np.sqrt(np.mean((logs - np.log(eta / resistance)) ** 2)))
    affine = np.polyfit(eta, i, 1)
    fitted = np.polyval(affine, eta)
    straight = float(np.sqrt(np.mean((i - fitted) ** 2)) / np.ptp(i)) if np.ptp(i) > 0 else 0.0
    curved = float(np.sqrt(np.mean((i - np.exp(offset + slope * eta)) ** 2)) / np.ptp(i)) if np.ptp(i) > 0 else 0.0
    if ohmic <= residual or straight <= curved:
        return "the points lie on the ohmic line (current proportional to voltage): no i0 from a Tafel slope"
    transfer = slope * GAS_CONSTANT * temperature / FARADAY
    if not PLAUSIBLE_TRANSFER[0] <= transfer <= PLAUSIBLE_TRANSFER[1]:
        return f"the slope gives a transfer coefficient of {transfer:.2g}: not a Tafel line of one electron"
    # uncertainty of the intercept at eta = 0, and of the line's curvature (first against second half)
    half = len(i) // 2
    order = np.argsort(eta)
    parts = [np.polyfit(eta[p], logs[p], 1)[1] for p in (order[:half], order[half:]) if len(p) > 2]
    curvature = float(np.ptp(parts)) / np.sqrt(12.0) if len(parts) == 2 else 0.0
    scatter = float(np.hypot(sigma_slope * np.mean(eta), residual / np.sqrt(len(i))))
    return {
        "ln_i0": offset,
        "sigma": float(np.hypot(scatter, curvature)),
        "tafel_slope": float(np.log(10.0) / slope),
        "transfer_coefficient": float(transfer),
        "decades": float(np.ptp(logs) / np.log(10.0)),
        "points": float(len(i)),
    }


def _question(
    sweep: Measurement, polarisation: Polarisation, where: str, method: str, settings: dict[str, Any]
) -> Result:
    area = area_of(sweep)
    return Result(
        quantity=f"exchange current{'' if area is None else ' density'} ({where})",
        dimension="current" if area is None else "current density",
        method=f"{method}; eta per interface of {polarisation.n_interfaces} equal ones",
        scope="per interface (assumed equal)" if polarisation.n_interfaces == 2 else "electrode",
        n_interfaces=1,
        area_normalised=area is not None,
        settings={
            **conditions_of(sweep),
            "ohmic_drop_removed": polarisation.corrected,
            "ohmic_correction": polarisation.statement,
            **settings,
        },
        **provenance(sweep),
    )


def _rest_value(i: Array, eta: Array) -> float:
    """Overpotential at zero current, from the nearest points; zero for a sweep that stays on one side."""
    if not i.size or i.min() > 0 or i.max() < 0:
        return 0.0
    near = np.argsort(np.abs(i))[: max(3, len(i) // 20)]
    if np.ptp(i[near]) == 0:
        return float(np.mean(eta[near]))
    return float(np.polyfit(i[near], eta[near], 1)[1])


def _slope(x: Array, y: Array) -> tuple[float, float]:
    """Least-squares slope with free offset, and its standard error."""
    dx, dy = x - x.mean(), y - y.mean()
    total = float(np.sum(dx * dx))
    slope = float(np.sum(dx * dy)) / total
    residual = float(np.sum((dy - slope * dx) ** 2))
    return slope, float(np.sqrt(residual / max(len(x) - 2, 1) / total))


def _resistance_sigma(sweep: Measurement, ohmic_resistance: KnownResistance | None) -> float:
    """Standard uncertainty of the removed resistance, in the slope's unit (Ohm m2 or Ohm)."""
    if ohmic_resistance is None:
        return 0.0
    return resistance_of(ohmic_resistance, area_of(sweep))[1] * (_mean_area(sweep) or 1.0)


def _mean_area(sweep: Measurement) -> float | None:
    """Area [m2] per which the current drives each of two interfaces alike: the harmonic mean of both electrodes'."""
    sides = side_areas(sweep)
    return area_of(sweep) if sides is None else 2.0 / (1.0 / sides[0] + 1.0 / sides[1])


def _doubts_of(ohmic_resistance: KnownResistance | None) -> list[str]:
    """What is doubtful of the resistance that was removed."""
    if isinstance(ohmic_resistance, Result) and ohmic_resistance.quality == "doubtful":
        return [f"ohmic resistance: {ohmic_resistance.reason}"]
    return []


def _temperature(sweep: Measurement) -> tuple[float, list[str]]:
    known = temperature_of(sweep)
    if known is None:
        return ROOM_TEMPERATURE, ["the temperature is unknown: 25 degC assumed"]
    return known, []
