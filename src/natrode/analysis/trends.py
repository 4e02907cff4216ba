"""Resistances along pressure, thickness and rest time: exponents, conductivity, growth laws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from natrode.analysis.fitting import Curve, fitted_curve, fitted_shape, straight_line, student_factor
from natrode.analysis.reading import Array
from natrode.analysis.result import INDISTINCT, Result, Series, indistinct
from natrode.errors import RecordError
from natrode.physics.interphase import saturating_resistance

Resistance = Literal["resistance", "area-specific resistance"]
Values = Array | Sequence[float]

DECIDED = 4.0
"""Difference of the information criterion from which a law counts as better."""
ROUNDING = 1e-9
"""Change of a resistance, as a part of it, that no instrument sees."""


def _checked(x: Values, y: Values, sigma: Values | None, names: str) -> tuple[Array, Array, Array | None, int]:
    """Points without gaps, and how many gaps there were."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    s = None if sigma is None else np.asarray(sigma, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or (s is not None and s.shape != b.shape):
        raise RecordError(f"{names} must be lists of one length")
    use = np.isfinite(a) & np.isfinite(b)
    if s is not None:
        use &= np.isfinite(s) & (s > 0)
    return a[use], b[use], None if s is None else s[use], int((~use).sum())


# ---- pressure ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class PressureSeries:
    """How a resistance follows the stack pressure."""

    exponent: Result
    """m of R ~ P^-m (or of the part that depends on pressure) on loading."""
    exponent_unloading: Result
    constant: Result
    """Part that does not depend on pressure, where the data demand one."""
    hysteresis: Result
    """Mean ratio of the resistance on unloading to that on loading at the same pressure."""
    series: tuple[Series, ...] = ()
    """The resistances against pressure, where they come from a record."""

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.exponent, self.exponent_unloading, self.constant, self.hysteresis

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"results": [r.to_json() for r in self.results]}


def pressure_series(
    pressure: Values,
    resistance: Values,
    uncertainty: Values | None = None,
    *,
    dimension: Resistance = "area-specific resistance",
    source: tuple[str, ...] = (),
    simulated: bool = False,
) -> PressureSeries:
    """Fit the exponent of a resistance against stack pressure, up and down.

    Args:
        pressure: [Pa], shape (points,), in the order of measurement (loading and unloading are told from it).
        resistance: [Ohm or Ohm m2], shape (points,); NaN is a gap.
        uncertainty: standard uncertainties, shape (points,); None: from the scatter of ln R.
        dimension: of the resistance.
        source: digests of the records.
        simulated: whether a model wrote any of them.

    Returns:
        PressureSeries; refused below three pressures above zero. R = R0 + B P^-m replaces R = B P^-m where the
        information criterion falls by four.

    Raises:
        RecordError: for lists of different lengths, or resistances that are not positive.

    Formula: ln R = ln B - m ln P. Source: contact area proportional to P (plastic) gives m = 1 for a film and 1/2 for
    constriction; natrode model notes B.
    """
    p, r, s, gaps = _checked(pressure, resistance, uncertainty, "pressures, resistances and uncertainties")
    if np.any(r <= 0):
        raise RecordError("resistances must be positive")
    question = Result(
        quantity="pressure exponent on loading",
        dimension="number",
        method="ln R against ln P by least squares; R0 + B P^-m where its information criterion is lower by 4",
        settings={"points": len(p), "gaps": gaps},
        source=source,
        simulated=simulated,
    )
    constant = replace(question, quantity="resistance that pressure leaves", dimension=dimension)
    hysteresis = replace(
        question, quantity="resistance on unloading over that on loading", method="mean ratio at equal pressure"
    )
    positive = p > 0
    top = int(np.argmax(p)) if len(p) else 0
    order = np.arange(len(p))
    up, down = positive & (order <= top), positive & (order >= top)
    exponent, r0 = _exponent(question, constant, p[up], r[up], None if s is None else s[up])
    unloading = replace(question, quantity="pressure exponent on unloading")
    if down.sum() < 2:
        back = unloading.refused("not unloaded in this series")
    else:
        back, _ = _exponent(unloading, constant, p[down], r[down], None if s is None else s[down])
    pairs = [
        float(np.log(r[j] / r[i]))
        for i in np.flatnonzero(up)
        for j in np.flatnonzero(down)
        if j > i and abs(p[i] - p[j]) < 0.02 * p[i]
    ]
    if not pairs:
        ratio = hysteresis.refused("no pressure was measured on loading and on unloading")
    else:
        mean = float(np.exp(np.mean(pairs)))
        spread = mean * float(np.std(pairs, ddof=1) / np.sqrt(len(pairs))) if len(pairs) > 1 else None
        ratio = hysteresis.found(mean, spread, pairs=len(pairs))
    return PressureSeries(exponent, back, r0, ratio)


def _exponent(question: Result, constant: Result, p: Array, r: Array, s: Array | None) -> tuple[Result, Result]:
    count = len(np.unique(np.round(np.log(p), 6))) if len(p) else 0
    if count < 3:
        text = f"{count} pressures above zero: three are needed"
        return question.refused(text), constant.refused(text)
    logs, x = np.log(r), np.log(p)
    sigma = None if s is None else s / r
    line = straight_line(x, logs, sigma)
    decades = float(np.ptp(x) / np.log(10.0))
    doubts = [] if decades >= 0.5 else [f"the pressures span {decades:.2g} decades"]
    doubts += indistinct(line.slope, line.slope_sigma)
    half = student_factor(0.95, line.degrees) * line.slope_sigma
    interval = -line.slope - half, -line.slope + half
    simple = fitted_curve(lambda q, a, m: a - m * q, x - x.mean(), logs, sigma, [[logs.mean(), -line.slope or 0.1]])
    starts = [
        [np.log(max(r.min() * f, 1e-300)), np.log(np.ptp(r) + 1e-12 * r.max()), m]
        for f in (0.3, 0.9)
        for m in (0.5, 1.0)
    ]
    offset = (
        fitted_curve(lambda q, c, b, m: np.log(np.exp(c) + np.exp(b - m * (q - x.min()))), x, logs, sigma, starts)
        if count > 4
        else None
    )
    better = (
        simple is not None
        and offset is not None
        and offset.criterion < simple.criterion - DECIDED
        and offset.sigmas[0] < 0.5
    )
    if not better or offset is None:
        text = "the data do not demand a constant part"
        return question.found(-line.slope, line.slope_sigma, interval=interval, doubts=doubts), constant.refused(text)
    level = float(np.exp(offset.values[0]))
    return (
        question.found(float(offset.values[2]), float(offset.sigmas[2]), doubts=doubts, law="R0 + B P^-m"),
        constant.found(level, level * float(offset.sigmas[0]), law="R0 + B P^-m"),
    )


# ---- thickness -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class ThicknessSeries:
    """Electrolyte and interfaces told apart by pellets of several thicknesses."""

    conductivity: Result
    interfaces: Result
    """Both interfaces together, from the intercept."""

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return self.conductivity, self.interfaces

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"results": [r.to_json() for r in self.results]}


def thickness_series(
    thickness: Values,
    resistance: Values,
    uncertainty: Values | None = None,
    *,
    thickness_uncertainty: float = 0.0,
    source: tuple[str, ...] = (),
    simulated: bool = False,
) -> ThicknessSeries:
    """Return conductivity and interface resistance from cells of several thicknesses.

    Args:
        thickness: [m], shape (cells,).
        resistance: total area-specific resistance of each cell [Ohm m2], shape (cells,); NaN is a gap.
        uncertainty: standard uncertainties [Ohm m2], shape (cells,); None: from the scatter.
        thickness_uncertainty: standard uncertainty of a thickness [m].
        source: digests of the records.
        simulated: whether a model wrote any of them.

    Returns:
        ThicknessSeries; refused below three thicknesses; the interfaces are an upper limit below two sigma.

    Raises:
        RecordError: for lists of different lengths.

    Formula: R A = L/sigma + 2 R_int; errors of L enter by effective variance, three iterations.
    Source: definition; Orear, Am. J. Phys. 50 (1982) 912 for the effective variance.
    """
    x, y, s, gaps = _checked(thickness, resistance, uncertainty, "thicknesses, resistances and uncertainties")
    question = Result(
        quantity="ionic conductivity (thickness series)",
        dimension="conductivity",
        method="R A = L/sigma + 2 R_int, weighted least squares",
        settings={"cells": len(x), "gaps": gaps},
        source=source,
        simulated=simulated,
    )
    interfaces = replace(
        question,
        quantity="both interfaces (thickness series)",
        dimension="area-specific resistance",
        scope="cell",
        n_interfaces=2,
        area_normalised=True,
    )
    if len(np.unique(np.round(x, 9))) < 3:
        text = f"{len(np.unique(np.round(x, 9)))} thicknesses: three are needed"
        return ThicknessSeries(question.refused(text), interfaces.refused(text))
    line = straight_line(x, y, s)
    for _ in range(3):
        extra = abs(line.slope) * thickness_uncertainty
        if s is None and not extra:
            break
        line = straight_line(x, y, np.hypot(0.0 if s is None else s, extra))
    if line.slope <= 2.0 * line.slope_sigma:
        text = "the resistance does not rise with the thickness (two sigma): cells scatter more than pellets differ"
        return ThicknessSeries(question.refused(text), interfaces.refused(text))
    sigma = 1.0 / line.slope
    conductivity = question.found(sigma, sigma * line.slope_sigma / line.slope)
    value, error = line.offset
    if value < -2.0 * error:
        text = f"the intercept is negative ({value * 1e4:.3g} Ohm cm2): the cells are not alike"
        return ThicknessSeries(conductivity, interfaces.refused(text))
    if value < 2.0 * error:
        return ThicknessSeries(conductivity, interfaces.at_most(max(value, 0.0) + 2.0 * error, INDISTINCT))
    return ThicknessSeries(conductivity, interfaces.found(value, error))


# ---- rest ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class GrowthLaw:
    """One law fitted to a resistance that grows at rest."""

    name: str
    formula: str
    criterion: float
    """Akaike's, corrected; less that of the best law."""
    constants: tuple[Result, ...]


@dataclass(frozen=True)
class GrowthSeries:
    """Laws of growth of a resistance at rest, the best one first."""

    laws: tuple[GrowthLaw, ...]
    best: str | None
    """The law with fewest constants within 4 of the best; None where two are as good and simple, or nothing grows."""
    growth: Result
    """Last minus first resistance."""
    statement: str
    series: tuple[Series, ...] = ()
    """The resistances against time, where they come from a record."""

    @property
    def results(self) -> tuple[Result, ...]:
        """Growth and the constants of every law."""
        return (self.growth, *(c for law in self.laws for c in law.constants))

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        laws = [{"law": law.name, "formula": law.formula, "criterion_above_best": law.criterion} for law in self.laws]
        return {
            "results": [r.to_json() for r in self.results],
            "laws": laws,
            "best": self.best,
            "statement": self.statement,
        }


def growth_series(
    time: Values,
    resistance: Values,
    uncertainty: Values | None = None,
    *,
    dimension: Resistance = "area-specific resistance",
    source: tuple[str, ...] = (),
    simulated: bool = False,
) -> GrowthSeries:
    """Fit growth laws to the resistance of an interface at rest.

    Args:
        time: since assembly [s], shape (points,).
        resistance: [Ohm or Ohm m2], shape (points,); NaN is a gap.
        uncertainty: standard uncertainties, shape (points,); None: from the scatter.
        dimension: of the resistance.
        source: digests of the records.
        simulated: whether a model wrote any of them.

    Returns:
        GrowthSeries with the laws linear, parabolic, Wagner with saturation, and exponential of the root of time, each
        with its constants; refused below five points or where nothing grows.

    Raises:
        RecordError: for lists of different lengths or negative times.

    Formula: R = R0 + k t; R0 + k sqrt(t); R0 + R_inf x(t/t_c) with t/t_c = -x - ln(1-x); R0 + R_inf (1 -
    exp(-sqrt(t/tau))). Source: natrode model notes E; `physics.interphase`; Wagner's law is
    solved by Lambert's function here.
    """
    t, r, s, gaps = _checked(time, resistance, uncertainty, "times, resistances and uncertainties")
    if np.any(t < 0):
        raise RecordError("times at rest must not be negative")
    areal = dimension == "area-specific resistance"
    question = Result(
        quantity="growth of the resistance at rest",
        dimension=dimension,
        method="least squares; laws ranked by Akaike's corrected information criterion",
        area_normalised=areal,
        settings={"points": len(t), "gaps": gaps},
        source=source,
        simulated=simulated,
    )
    if len(np.unique(t)) < 5:
        text = f"{len(np.unique(t))} moments: five are needed to tell laws apart"
        return GrowthSeries((), None, question.refused(text), text)
    order = np.argsort(t)
    t, r, s = t[order], r[order], None if s is None else s[order]
    change = float(r[-1] - r[0])
    third = np.diff(r, 2) / np.sqrt(6.0)
    noise = float(np.median(np.abs(third)) * 1.4826) if s is None else float(np.median(s))
    noise = max(noise, ROUNDING * float(np.abs(r).max()))
    if change <= 3.0 * np.sqrt(2.0) * noise:
        text = "no growth above the noise" if abs(change) <= 3.0 * np.sqrt(2.0) * noise else "the resistance falls"
        return GrowthSeries((), None, question.refused(text, change=change), text)
    fits = _growth_fits(t, r, s, change, dimension)
    if not fits:
        text = "no law could be fitted"
        return GrowthSeries((), None, question.refused(text), text)
    lowest = fits[0].curve.criterion
    answers = tuple(
        GrowthLaw(f.name, f.formula, f.curve.criterion - lowest, _constants(question, f.name, f.curve, f.constants))
        for f in fits
    )
    near = [law.name for law in answers if law.criterion < DECIDED]
    simple = [name for name in near if name in ("linear", "parabolic")] or near
    best = simple[0] if len(simple) == 1 else None
    statement = f"{near[0]} growth" if best else "not decided between " + " and ".join(near)
    growth = question.found(change, float(np.sqrt(2.0) * noise), law=best, duration=float(t[-1]))
    return GrowthSeries(answers, best, growth, statement)


@dataclass(frozen=True)
class _GrowthFit:
    """A law of growth fitted to the points."""

    name: str
    formula: str
    curve: Curve
    constants: list[tuple[str, str]]
    """Names and dimensions, in the order of the curve's values."""


def _growth_fits(t: Array, r: Array, s: Array | None, change: float, dimension: Resistance) -> list[_GrowthFit]:
    """All laws that could be fitted, the one with the lowest information criterion first."""
    areal = dimension == "area-specific resistance"
    root = "areal resistance per root time" if areal else "resistance per root time"
    rate = "resistance growth rate" if areal else "resistance rate"
    start, saturation = ("initial resistance", dimension), [("final growth", dimension), ("time of saturation", "time")]
    fits: list[_GrowthFit] = []
    for name, formula, shape, constant in (
        ("linear", "R0 + k t", t, ("growth rate", rate)),
        ("parabolic", "R0 + k sqrt(t)", np.sqrt(t), ("parabolic constant", root)),
    ):
        begin = [float(r.min()) or 1e-3 * change, change / float(shape[-1])]
        fit = fitted_curve(lambda x, r0, k: r0 + k * x, shape, r, s, [begin])
        if fit is not None:
            fits.append(_GrowthFit(name, formula, fit, [start, constant]))
    times = np.log(float(t[-1])) + np.linspace(np.log(0.005), np.log(200.0), 50)
    for name, formula, law in (
        ("Wagner with saturation", "R0 + R_inf x, t/t_c = -x - ln(1 - x)", _wagner),
        ("exponential of the root of time", "R0 + R_inf (1 - exp(-sqrt(t/tau)))", _exponential_of_root),
    ):
        fit = fitted_shape(law, t, r, s, times)
        if fit is not None:
            fits.append(_GrowthFit(name, formula, fit, [start, *saturation]))
    return sorted((f for f in fits if np.isfinite(f.curve.criterion)), key=lambda f: f.curve.criterion)


def _wagner(time: Array, log_time: float) -> Array:
    """Part x of Wagner's law t/t_c = -x - ln(1 - x) by Lambert's function, for ln t_c."""
    from scipy.special import lambertw

    passed = np.maximum(time * np.exp(-log_time), 1e-12)  # the branch point itself has no value
    return np.asarray(1.0 + lambertw(-np.exp(-1.0 - passed)).real)


def _exponential_of_root(time: Array, log_time: float) -> Array:
    """1 - exp(-sqrt(t/tau)), for ln tau."""
    return np.asarray(saturating_resistance(time, 1.0, float(np.exp(log_time))))


def _constants(question: Result, law: str, fit: Curve, constants: list[tuple[str, str]]) -> tuple[Result, ...]:
    answers = []
    for (name, dimension), value, sigma in zip(constants, fit.values, fit.sigmas, strict=True):
        asked = replace(question, quantity=f"{name} ({law})", dimension=dimension, method=f"{question.method}; {law}")
        if dimension == "time":  # fitted as its logarithm
            with np.errstate(over="ignore"):
                value, sigma = float(np.exp(value)), float(np.exp(value) * sigma)
        if (
            not np.isfinite(sigma)
            or not np.isfinite(value)
            or (sigma > 0.5 * abs(value) and name != "initial resistance")
        ):
            answers.append(
                asked.refused(
                    "not determined: the data do not reach saturation"
                    if dimension == "time" or name == "final growth"
                    else "not determined"
                )
            )
        elif indistinct(value, sigma):  # the resistance at the beginning
            answers.append(asked.at_most(max(float(value), 0.0) + 2.0 * float(sigma), INDISTINCT))
        else:
            answers.append(asked.found(float(value), float(sigma)))
    return tuple(answers)
