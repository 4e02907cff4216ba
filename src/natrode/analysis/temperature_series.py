"""Temperature series: activation energies in both forms, outliers, breaks, heating against cooling."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.fitting import Line, straight_line, student_factor
from natrode.analysis.reading import ZERO_CELSIUS, Array
from natrode.analysis.result import Interval, Result, indistinct
from natrode.constants import BOLTZMANN_EV, ROOM_TEMPERATURE
from natrode.errors import RecordError, UnitError
from natrode.units import read_quantity

What = Literal["conductivity", "resistance", "area-specific resistance", "diffusivity"]
ErrorKind = Literal["over the range", "offset", "each"]

FEWEST = 3
CONFIDENCE = 0.95
TRIALS = 400
"""Simulated series for the null distribution of the break test."""


@dataclass(frozen=True)
class TemperatureError:
    """How wrong the temperatures may be."""

    size: float
    """[K], standard uncertainty for "each", largest error otherwise (taken as equally likely up to it)."""
    kind: ErrorKind
    """Stretch of the scale from one end to the other, common offset, or independent from point to point."""


def read_temperature_error(text: str) -> TemperatureError:
    """Read a temperature error such as "2 K over the range", "1 K offset" or "0.5 K each".

    Args:
        text: size with unit, and kind.

    Raises:
        UnitError: for anything else.
    """
    match = re.fullmatch(r"\s*(.+?)\s+(over the range|offset|each)\s*", text)
    if match is None:
        raise UnitError(
            f"a temperature error is written '2 K over the range', '1 K offset' or '0.5 K each'; read '{text}'"
        )
    size = abs(read_quantity(match.group(1), "temperature difference"))
    kinds: dict[str, ErrorKind] = {"over the range": "over the range", "offset": "offset", "each": "each"}
    return TemperatureError(size, kinds[match.group(2)])


@dataclass(frozen=True)
class BreakTest:
    """Whether the activation energy changes within the range, and what change could have been seen."""

    significant: bool | None
    """None: too few points."""
    probability: float | None
    """Of an improvement as large without a break."""
    temperature: float | None
    """Of the best break [K]."""
    energies: tuple[float, float] | None
    """Below and above it [eV]."""
    detectable_change: float | None
    """Change of the activation energy in the middle of the range [eV] seen with a probability of 80 %."""
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data (temperature in degC)."""
        return {
            "significant": self.significant,
            "probability": self.probability,
            "temperature_degC": None if self.temperature is None else self.temperature - ZERO_CELSIUS,
            "energies_eV": None if self.energies is None else list(self.energies),
            "detectable_change_eV": self.detectable_change,
            "statement": self.statement,
        }


@dataclass(frozen=True)
class ArrheniusFit:
    """What a temperature series says."""

    activation_energy: Result
    """From ln(sigma) or -ln(R); the interval is the regression's alone."""
    activation_energy_product: Result
    """From ln(sigma T) or -ln(R/T)."""
    with_temperature_error: Result
    """The first one with the error of the temperatures in its interval, where one was given."""
    at_room_temperature: Result
    """The quantity itself at 25 degC, on the line."""
    heating: Result
    cooling: Result
    hysteresis: Result
    """Mean of ln(cooling) - ln(heating) at equal temperature."""
    outliers: tuple[int, ...]
    """Indices of points that the line excludes at 5 %, the number of points allowed for; they stay in the fit."""
    break_test: BreakTest
    temperature: Array
    value: Array
    used: npt.NDArray[np.bool_]
    """False for gaps."""

    @property
    def results(self) -> tuple[Result, ...]:
        """All numbers."""
        return (
            self.activation_energy,
            self.activation_energy_product,
            self.with_temperature_error,
            self.at_room_temperature,
            self.heating,
            self.cooling,
            self.hysteresis,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "results": [r.to_json() for r in self.results],
            "outliers": list(self.outliers),
            "break_test": self.break_test.to_json(),
        }


def arrhenius(
    temperature: Array | Sequence[float],
    value: Array | Sequence[float],
    uncertainty: Array | Sequence[float] | None = None,
    *,
    what: What = "conductivity",
    temperature_error: TemperatureError | None = None,
    source: tuple[str, ...] = (),
    simulated: bool = False,
) -> ArrheniusFit:
    """Fit a temperature series.

    Args:
        temperature: [K], shape (points,), in the order of measurement (heating and cooling are told from it).
        value: conductivity [S/m], resistance [Ohm or Ohm m2] or diffusivity, shape (points,); NaN is a gap.
        uncertainty: standard uncertainties of `value`, shape (points,); None: from the scatter.
        what: which quantity it is.
        temperature_error: how wrong the temperatures may be.
        source: digests of the records.
        simulated: whether a model wrote any of them.

    Returns:
        ArrheniusFit. Refused below three temperatures.

    Raises:
        RecordError: for arrays of different lengths, or values and temperatures that are not positive.

    Formula: ln sigma = ln s0 - E/(kT), and ln(sigma T) alike (the form of ionic hopping; larger by about kT);
    resistances count as 1/sigma. Interval: Student's t at 95 %. Outliers: deleted studentised residuals, Bonferroni.
    Break: two lines that meet, best meeting point, F ratio against one line, its distribution from 400 simulated
    series. Source: Draper & Smith, Applied Regression Analysis (1998), chapters 1 and 8; Davies, Biometrika 74 (1987)
    33 for the meeting point that does not exist without a break.
    """
    kelvin, y = np.asarray(temperature, dtype=float), np.asarray(value, dtype=float)
    error = None if uncertainty is None else np.asarray(uncertainty, dtype=float)
    if kelvin.shape != y.shape or kelvin.ndim != 1 or (error is not None and error.shape != y.shape):
        raise RecordError("temperatures, values and uncertainties must be lists of one length")
    used = np.isfinite(kelvin) & np.isfinite(y)
    if np.any(kelvin[used] <= 0) or np.any(y[used] <= 0):
        raise RecordError("temperatures [K] and values must be positive")
    asked = _questions(what, used, source, simulated)
    t, v = kelvin[used], y[used]
    sigma = None if error is None else np.maximum(error[used] / v, 1e-9)
    if len(np.unique(np.round(t, 3))) < FEWEST:
        text = f"{len(np.unique(np.round(t, 3)))} temperatures: {FEWEST} are needed"
        return ArrheniusFit(
            **{name: q.refused(text) for name, q in asked.items()},
            outliers=(),
            break_test=BreakTest(None, None, None, None, None, text),
            temperature=kelvin,
            value=y,
            used=used,
        )
    sign = _sign(what)
    x, logs = 1.0 / (BOLTZMANN_EV * t), sign * np.log(v)
    line = straight_line(x, logs, sigma)
    product = straight_line(x, logs + np.log(t), sigma)
    outliers = _outliers(x, line)
    break_test = _break_test(x, logs, sigma, line)
    broken = [break_test.statement] if break_test.significant else []
    doubts = _doubt_of_outliers(t, logs, sigma, outliers) + broken
    of_product = _doubt_of_outliers(t, logs + np.log(t), sigma, outliers) + broken
    answers = {
        "activation_energy": _energy(asked["activation_energy"], line, doubts),
        "activation_energy_product": _energy(asked["activation_energy_product"], product, of_product),
        "with_temperature_error": _with_temperature_error(
            asked["with_temperature_error"], t, logs, sigma, line, temperature_error, doubts
        ),
        "at_room_temperature": _at_room(asked["at_room_temperature"], line, t, sign),
        **_directions(asked, t, logs, sigma),
    }
    indices = np.flatnonzero(used)
    return ArrheniusFit(
        **answers,
        outliers=tuple(int(indices[k]) for k in outliers),
        break_test=break_test,
        temperature=kelvin,
        value=y,
        used=used,
    )


def _sign(what: What) -> float:
    """Of ln(value) on the Arrhenius line: a resistance falls where a conductivity rises."""
    return -1.0 if "resistance" in what else 1.0


def _questions(what: What, used: npt.NDArray[np.bool_], source: tuple[str, ...], simulated: bool) -> dict[str, Result]:
    """What is asked of a temperature series, by the field of `ArrheniusFit` that answers it."""
    question = Result(
        quantity="activation energy",
        dimension="energy per particle",
        method="ln sigma against 1/T by least squares, Student interval" if _sign(what) > 0 else "ln(1/R) against 1/T",
        settings={"what": what, "points": int(used.sum()), "gaps": int((~used).sum()), "confidence": CONFIDENCE},
        source=source,
        simulated=simulated,
    )
    return {
        "activation_energy": question,
        "activation_energy_product": replace(
            question,
            quantity="activation energy of sigma T",
            method="ln(sigma T) against 1/T by least squares, Student interval",
        ),
        "with_temperature_error": replace(question, quantity="activation energy, temperature error included"),
        "at_room_temperature": replace(
            question, quantity=f"{what} at 25 degC", dimension=what, method="on the Arrhenius line"
        ),
        "heating": replace(question, quantity="activation energy on heating"),
        "cooling": replace(question, quantity="activation energy on cooling"),
        "hysteresis": replace(
            question, quantity="hysteresis: ln of cooling over heating", dimension="number", method="mean at equal T"
        ),
    }


def _doubt_of_outliers(t: Array, logs: Array, sigma: Array | None, outliers: Sequence[int]) -> list[str]:
    """That points lie off the line, with the activation energy of the others; nothing where none do."""
    if not outliers:
        return []
    kept = np.setdiff1d(np.arange(len(t)), outliers)
    x = 1.0 / (BOLTZMANN_EV * t[kept])
    without = -straight_line(x, logs[kept], None if sigma is None else sigma[kept]).slope
    places = ", ".join(f"{t[k] - ZERO_CELSIUS:.4g} degC" for k in outliers)
    return [f"{len(outliers)} of {len(t)} points lie off the line ({places}); {without:.4g} eV without"]


def _energy(question: Result, line: Line, doubts: Sequence[str], extra: float = 0.0) -> Result:
    factor = student_factor(CONFIDENCE, line.degrees) if line.degrees > 0 else float("inf")
    total = float(np.hypot(line.slope_sigma, extra))
    half = float(np.hypot(factor * line.slope_sigma, 1.96 * extra))
    interval: Interval | None = (-line.slope - half, -line.slope + half) if np.isfinite(half) else None
    return question.found(-line.slope, total, interval=interval, doubts=[*doubts, *indistinct(line.slope, total)])


def _with_temperature_error(
    question: Result,
    t: Array,
    logs: Array,
    sigma: Array | None,
    line: Line,
    error: TemperatureError | None,
    doubts: Sequence[str],
) -> Result:
    if error is None:
        return question.refused("no temperature error was given, for example '2 K over the range'")

    def slope(kelvin: Array) -> float:
        return straight_line(1.0 / (BOLTZMANN_EV * kelvin), logs, sigma).slope

    span = float(np.ptp(t))
    if error.kind == "each":
        parts = []
        for k in range(len(t)):
            step = np.zeros_like(t)
            step[k] = error.size
            parts.append(0.5 * (slope(t + step) - slope(t - step)))
        extra = float(np.sqrt(np.sum(np.square(parts))))
    else:
        shape = (t - t.mean()) / span if error.kind == "over the range" else np.ones_like(t)
        extra = 0.5 * abs(slope(t + error.size * shape) - slope(t - error.size * shape)) / np.sqrt(3.0)
    settings = {"temperature_error": error.size, "temperature_error_is": error.kind, "part_of_temperature": extra}
    answer = _energy(question, line, doubts, extra)
    return replace(answer, settings={**answer.settings, **settings, "part_of_regression": line.slope_sigma})


def _at_room(question: Result, line: Line, t: Array, sign: float) -> Result:
    log, sigma = line.at(1.0 / (BOLTZMANN_EV * ROOM_TEMPERATURE))
    value = float(np.exp(sign * log))
    doubts = []
    margin = 2.0
    if not t.min() - margin <= ROOM_TEMPERATURE <= t.max() + margin:
        far = min(abs(t.min() - ROOM_TEMPERATURE), abs(t.max() - ROOM_TEMPERATURE))
        doubts.append(f"extrapolated by {far:.0f} K")
    return question.found(value, value * sigma, doubts=doubts)


def _outliers(x: Array, line: Line) -> tuple[int, ...]:
    """Points whose deleted studentised residual passes Student's t at 5 % over the number of points."""
    n, r = len(x), line.residuals
    if n < 5:
        return ()
    leverage = 1.0 / n + (x - x.mean()) ** 2 / np.sum((x - x.mean()) ** 2)
    total = float(np.sum(r**2))
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = (total - r**2 / (1.0 - leverage)) / (n - 3)
        t = np.abs(r) / np.sqrt(np.maximum(rest, 1e-300) * (1.0 - leverage))
    if total < 1e-20 * n:
        return ()
    limit = student_factor(1.0 - 0.05 / n, n - 3)
    return tuple(int(k) for k in np.flatnonzero(t > limit))


def _break_costs(x: Array, series: Array, weight: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    """Smallest sum of squares of two lines that meet at one of the points, and that point, for each series (rows)."""
    weighted = series * weight
    whole = np.sum(weighted**2, axis=1)
    order = np.argsort(x)[1:-1]
    costs = []
    for k in order:
        basis = np.linalg.qr(_hinge(x, x[k]) * weight[:, None])[0]
        costs.append(whole - np.sum((weighted @ basis) ** 2, axis=1))
    table = np.maximum(np.array(costs), 0.0)
    best = np.argmin(table, axis=0)
    return table[best, np.arange(len(series))], order[best]


def _hinge(x: Array, at: float) -> Array:
    return np.column_stack([np.ones_like(x), x - at, np.maximum(x - at, 0.0)])


def _break_test(x: Array, logs: Array, sigma: Array | None, line: Line) -> BreakTest:
    n = len(x)
    if n < 5 or len(np.unique(np.round(x, 6))) < 5:
        return BreakTest(None, None, None, None, None, f"{n} points: a break cannot be tested below five temperatures")
    weight = np.ones(n) if sigma is None else 1.0 / sigma
    centred = line.residuals  # a line more or less changes neither fit
    costs, places = _break_costs(x, centred[None, :], weight)
    cost, at = float(costs[0]), int(places[0])
    solution = np.linalg.lstsq(_hinge(x, x[at]) * weight[:, None], logs * weight, rcond=None)[0]
    single = float(np.sum((line.residuals * weight) ** 2))
    degrees = n - 4
    floor = 1e-24 * float(np.sum((logs * weight) ** 2))

    made = np.random.default_rng(0).standard_normal((TRIALS, n)) / weight
    basis = np.linalg.qr(_hinge(x, x.mean())[:, :2] * weight[:, None])[0]
    ones = np.sum((made * weight) ** 2, axis=1) - np.sum(((made * weight) @ basis) ** 2, axis=1)
    twos = _break_costs(x, made, weight)[0]
    null = (ones - twos) / np.maximum(twos / max(degrees, 1), floor)
    statistic = (single - cost) / max(cost / max(degrees, 1), floor)
    critical = float(np.quantile(null, 0.95))
    probability = (1 + int(np.sum(null >= statistic))) / (TRIALS + 1)
    scatter = float(np.sqrt(single / max(n - 2, 1)))
    middle = float(np.sort(x)[n // 2])
    hinge = _hinge(x, middle) * weight[:, None]
    error = float(np.sqrt(np.linalg.inv(hinge.T @ hinge)[2, 2])) * scatter
    detectable = (np.sqrt(max(critical, 0.0)) + 0.8416) * error
    temperature = 1.0 / (BOLTZMANN_EV * float(x[at]))
    energies = -float(solution[1] + solution[2]), -float(solution[1])  # larger 1/T: below the break
    significant = probability < 0.05
    if single <= floor:
        significant, probability = False, 1.0
    where = f"{temperature - ZERO_CELSIUS:.4g} degC"
    if significant:
        text = f"a break near {where}: {energies[0]:.3g} eV below, {energies[1]:.3g} eV above (p = {probability:.2g})"
    else:
        text = f"no break found (p = {probability:.2g}); a change of {detectable:.2g} eV would have been seen (80 %)"
    return BreakTest(significant, float(probability), temperature, energies, float(detectable), text)


def _directions(asked: dict[str, Result], t: Array, logs: Array, sigma: Array | None) -> dict[str, Result]:
    """Heating and cooling apart, and how far they differ; the order of the points tells them."""
    turn = int(np.argmax(t)) if t[0] < t.max() - 1.0 else int(np.argmin(t))
    rising = np.concatenate([[t[1] > t[0]], np.diff(t) > 0])
    first = bool(t[min(turn, len(t) - 1)] >= t[0])
    up = np.arange(len(t)) <= turn if first else np.arange(len(t)) >= turn
    down = np.arange(len(t)) >= turn if first else np.arange(len(t)) <= turn
    answers = {}
    both = bool(np.any(rising[1:])) and bool(np.any(~rising[1:]))
    for name, mask in (("heating", up), ("cooling", down)):
        if not both:
            one = "heating" if rising[-1] else "cooling"
            answers[name] = asked[name].refused(f"measured on {one} only")
        elif len(np.unique(np.round(t[mask], 3))) < FEWEST:
            answers[name] = asked[name].refused(f"{int(mask.sum())} temperatures on {name}: {FEWEST} are needed")
        else:
            answers[name] = _energy(
                asked[name],
                straight_line(1 / (BOLTZMANN_EV * t[mask]), logs[mask], None if sigma is None else sigma[mask]),
                [],
            )
    question = asked["hysteresis"]
    pairs = [(i, j) for i in np.flatnonzero(up) for j in np.flatnonzero(down) if i != j and abs(t[i] - t[j]) < 1.0]
    if not both or not pairs:
        answers["hysteresis"] = question.refused("no temperature was measured on heating and on cooling")
    else:
        gaps = np.array([logs[j] - logs[i] for i, j in pairs])
        spread = float(np.std(gaps, ddof=1) / np.sqrt(len(gaps))) if len(gaps) > 1 else None
        answers["hysteresis"] = question.found(float(np.mean(gaps)), spread, pairs=len(pairs))
    return answers
