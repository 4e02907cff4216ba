"""Series of spectra fitted together: arcs named by capacitance, parameters free, fixed, shared or tied to a law."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.circuit import Circuit, parse_circuit
from natrode.analysis.fitting import straight_line
from natrode.analysis.reading import Array, area_of, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Result, Series
from natrode.analysis.spectrum import Complex, sorted_spectrum
from natrode.constants import BOLTZMANN_EV
from natrode.errors import RecordError
from natrode.measurement import Measurement

Law = Literal["Arrhenius", "power", "root of time", "linear"]
Rung = Literal["independent", "shared", "tied"]

DETERMINED = 0.5
"""Largest relative standard uncertainty of a resistance that counts as identified."""
LAW_WORDS: dict[str, tuple[str, str, str, str]] = {
    # law: (formula, abscissa, its dimension, what the second constant is)
    "Arrhenius": ("R = A exp(E/kT)", "temperature", "temperature", "activation energy"),
    "power": ("R = B P^-m", "pressure", "pressure", "pressure exponent"),
    "root of time": ("R = R0 + k sqrt(t)", "time", "time", "parabolic constant"),
    "linear": ("R = R0 + k Q", "charge", "charge", "slope"),
}


@dataclass(frozen=True)
class RungFit:
    """One rung of the ladder from free to tied parameters."""

    rung: Rung
    parameters: int
    criterion: float
    """Akaike's, corrected for few points, less that of the best rung."""
    misfit: float
    """Root mean square of the residuals over |Z|."""


@dataclass(frozen=True)
class ArcSeries:
    """Resistances of named arcs along a series."""

    names: tuple[str, ...]
    capacitance: Array
    """Of each arc [F] ([F/m2] where the area is known)."""
    exponent: Array
    """Of each arc's constant-phase element."""
    x: Array
    resistance: Array
    """Fitted alone, shape (spectra, arcs) [Ohm]; NaN where a fit failed or the arcs could not be told apart."""
    resistance_sigma: Array
    series_resistance: Array
    """Of everything faster than the arcs [Ohm], shape (spectra,)."""
    shared_resistance: Array
    """With one capacitance and exponent per arc for the whole series, shape (spectra, arcs) [Ohm]."""
    shared_sigma: Array
    ladder: tuple[RungFit, ...]
    constants: tuple[Result, ...]
    """Of the law that each arc was tied to."""
    statement: str
    series: tuple[Series, ...]

    @property
    def results(self) -> tuple[Result, ...]:
        """Constants of the laws."""
        return self.constants

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        rungs = [
            {"rung": f.rung, "parameters": f.parameters, "criterion_above_best": f.criterion, "misfit": f.misfit}
            for f in self.ladder
        ]
        return {
            "results": [r.to_json() for r in self.results],
            "series": [s.to_json() for s in self.series],
            "ladder": rungs,
            "arcs": list(self.names),
            "statement": self.statement,
        }


def arc_series(
    spectra: Sequence[Measurement],
    x: Array | Sequence[float],
    law: Law = "Arrhenius",
    *,
    arcs: int = 2,
    fixed: Mapping[str, float] | None = None,
) -> ArcSeries:
    """Fit R0 and a chain of arcs (resistance parallel to a constant-phase element) to a series of spectra.

    Args:
        spectra: impedance records with one spectrum each, in the order of `x`.
        x: temperature [K], pressure [Pa], time [s] or charge [C] of each, as the law wants, shape (spectra,).
        law: that the resistances are tied to in the last rung.
        arcs: number of arcs, 1 to 3.
        fixed: parameters held in the shared and tied rungs: "C1" [F], "n1", ... of the arcs in order of capacitance.

    Returns:
        ArcSeries: every spectrum alone (from its own starts and from both neighbours' answers, forwards and backwards),
        with shared capacitances and exponents, and with resistances tied to the law; the information criterion of each
        rung. Arcs are numbered by capacitance, so crossing time constants do not swap them. Fits that fail are gaps.

    Raises:
        RecordError: for fewer than three spectra, or lists of different lengths.

    Formula: Z = R0 + sum R_k/(1 + (jw R_k C_k)^n_k), C_k the effective capacitance; least squares of the residuals over
    |Z|. Source: Hsu & Mansfeld, Corrosion 57 (2001) 747 for C_k; Burnham & Anderson 2002 for the criterion.
    """
    from scipy.optimize import least_squares

    from natrode.analysis.circuit_fit import minimise

    where = np.asarray(x, dtype=float)
    if len(spectra) < 3 or where.shape != (len(spectra),):
        raise RecordError(f"{len(spectra)} spectra and {where.size} values: a series needs three, and as many values")
    if not 1 <= arcs <= 3:
        raise RecordError(f"one to three arcs, read {arcs}")
    data = [sorted_spectrum(s) for s in spectra]
    count = len(data)
    circuit = _chain(arcs)
    singles = [_fit_alone(f, z, arcs) for f, z in data]
    for order in (range(1, count), range(count - 2, -1, -1)):  # each neighbour's answer is one more start
        for k in order:
            near = singles[k - 1] if order.step > 0 else singles[k + 1]
            f, z = data[k]
            start, every = _values(near[0], arcs)[None], np.ones(1 + 3 * arcs, dtype=bool)
            found, chi = minimise(circuit, 2.0 * np.pi * f, z, 1.0 / np.abs(z), start, every)
            if chi[0] < 0.999 * singles[k][1]:
                singles[k] = _described(circuit, f, z, found[0], arcs)
    parameters = np.array([_named(p, arcs) for p, _, _ in singles])
    sigmas = np.array([s for _, _, s in singles])
    # capacitances hardly move along a series: keep the names that make each arc's capacitance the steadiest
    parameters, sigmas = _steady_names(parameters, np.array([p for p, _, _ in singles]), sigmas, arcs)
    r_alone, r_sigma = np.exp(parameters[:, 1 : 1 + arcs]), sigmas[:, 1 : 1 + arcs]
    lost = ~(r_sigma < DETERMINED)
    held = fixed or {}

    weights = [1.0 / np.abs(z) for _, z in data]

    def residuals(table: Array) -> Array:
        parts = []
        for (f, z), w, p in zip(data, weights, table, strict=True):
            difference = (_model(circuit, f, p, arcs)[0] - z) * w
            parts.append(np.concatenate([difference.real, difference.imag]))
        return np.concatenate(parts)

    def slopes(table: Array) -> list[Array]:
        """Derivatives of each spectrum's residuals by its own row of the table, shape (2 points, 1 + 3 arcs)."""
        found = []
        for (f, _), w, p in zip(data, weights, table, strict=True):
            scaled = _model(circuit, f, p, arcs)[1] * w
            found.append(np.concatenate([scaled.real, scaled.imag], axis=1).T)
        return found

    columns = range(1 + arcs, 1 + 3 * arcs)
    start_common = np.array([np.median(parameters[~lost.any(axis=1), c]) if (~lost.any(axis=1)).any()
                             else np.median(parameters[:, c]) for c in columns])  # fmt: skip
    mask = np.ones(2 * arcs, dtype=bool)
    for name, value in held.items():
        number = int(name[1:]) - 1 if name[:1] in "Cn" and name[1:].isdigit() else -1
        if not 0 <= number < arcs or value <= 0:
            raise RecordError(f"a fixed parameter is 'C1' [F] or 'n1' of arc 1 to {arcs}, above zero; read {name!r}")
        at = number if name[0] == "C" else arcs + number
        start_common[at], mask[at] = np.log(value) if name[0] == "C" else value, False

    def common_of(p: Array) -> Array:
        common = start_common.copy()
        common[mask] = p
        return common

    free = int(mask.sum())

    def shared_table(p: Array) -> Array:
        own = p[free:].reshape(count, 1 + arcs)
        return np.column_stack([own, np.tile(common_of(p[:free]), (count, 1))])

    def shared_residuals(p: Array) -> Array:
        return residuals(shared_table(p))

    own = 1 + arcs

    def shared_slopes(p: Array) -> Array:
        parts = slopes(shared_table(p))
        whole = np.zeros((sum(len(part) for part in parts), len(p)))
        row = 0
        for k, part in enumerate(parts):
            rows = slice(row, row + len(part))
            whole[rows, :free] = part[:, own:][:, mask]
            whole[rows, free + own * k : free + own * (k + 1)] = part[:, :own]
            row += len(part)
        return whole

    first = _refined_resistances(circuit, data, parameters[:, : 1 + arcs], start_common, arcs)
    begin = np.concatenate([start_common[mask], first.ravel()])
    shared = least_squares(shared_residuals, begin, jac=shared_slopes, x_scale="jac")
    shared_sigma = _sigmas(shared)[free:].reshape(count, 1 + arcs)[:, 1:]
    table = shared_table(shared.x)
    r_shared = np.exp(table[:, 1 : 1 + arcs])

    laws = np.array([_law_start(law, where, r_shared[:, k], shared_sigma[:, k]) for k in range(arcs)])

    def tied_table(p: Array) -> Array:
        coefficients = p[free : free + 2 * arcs].reshape(arcs, 2)
        logs = [_log_resistance(law, where, c, laws[k]) for k, c in enumerate(coefficients)]
        return np.column_stack([p[free + 2 * arcs :], *logs, np.tile(common_of(p[:free]), (count, 1))])

    def tied_residuals(p: Array) -> Array:
        return residuals(tied_table(p))

    def tied_slopes(p: Array) -> Array:
        parts = slopes(tied_table(p))
        whole = np.zeros((sum(len(part) for part in parts), len(p)))
        by_law = [_law_slopes(law, where, p[free + 2 * k : free + 2 * k + 2], laws[k]) for k in range(arcs)]
        row = 0
        for spectrum, part in enumerate(parts):
            rows = slice(row, row + len(part))
            whole[rows, :free] = part[:, own:][:, mask]
            for k in range(arcs):
                whole[rows, free + 2 * k : free + 2 * k + 2] = part[:, [1 + k]] * by_law[k][spectrum]
            whole[rows, free + 2 * arcs + spectrum] = part[:, 0]
            row += len(part)
        return whole

    begin = np.concatenate([shared.x[:free], np.ones(2 * arcs), table[:, 0]])
    tied = least_squares(tied_residuals, begin, jac=tied_slopes, x_scale="jac")
    tied_sigma = _sigmas(tied)

    costs = {
        "independent": (float(sum(c for _, c, _ in singles)), count * (1 + 3 * arcs)),
        "shared": (2.0 * float(shared.cost), len(shared.x)),
        "tied": (2.0 * float(tied.cost), len(tied.x)),
    }
    points = 2 * sum(len(z) for _, z in data)
    criteria = {n: _criterion(cost, points, k) for n, (cost, k) in costs.items()}
    lowest = min(criteria.values())
    rungs: tuple[Rung, ...] = ("independent", "shared", "tied")
    ladder = tuple(
        RungFit(rung, costs[rung][1], criteria[rung] - lowest, float(np.sqrt(costs[rung][0] / points)))
        for rung in rungs
    )
    common = common_of(tied.x[:free])
    area = area_of(spectra[0])
    scale = 1.0 if area is None else 1.0 / area
    capacitance, exponent = np.exp(common[:arcs]) * scale, common[arcs:]
    unit = "F" if area is None else "F/m2"
    names = tuple(f"arc {k + 1} ({capacitance[k]:.2g} {unit})" for k in range(arcs))
    best = min(ladder, key=lambda f: f.criterion).rung
    statement = _statement(names, lost, ladder, best)
    question = Result(
        quantity="arc",
        dimension="number",
        method=f"R0 and {arcs} arcs, shared capacitances and exponents, {LAW_WORDS[law][0]}",
        scope="cell",
        n_interfaces=interfaces_of(spectra[0]),
        settings={**conditions_of(spectra[0]), "law": law, "spectra": count, "fixed": dict(held), "best_rung": best},
        **provenance(*spectra),
    )
    constants = _constants(question, law, names, laws, tied.x[free:], tied_sigma[free:], ladder)
    gaps = np.where(lost, np.nan, r_alone)
    drawn = tuple(
        Series.of(
            replace(question, quantity=f"{name}, {how}", dimension="resistance", area_normalised=False),
            values,
            where,
            LAW_WORDS[law][2],
            LAW_WORDS[law][1],
            errors,
        )
        for k, name in enumerate(names)
        for how, values, errors in (
            ("fitted alone", gaps[:, k], gaps[:, k] * r_sigma[:, k]),
            ("shared capacitance", r_shared[:, k], r_shared[:, k] * shared_sigma[:, k]),
        )
    )
    return ArcSeries(
        names,
        capacitance,
        exponent,
        where,
        gaps,
        np.where(lost, np.nan, gaps * r_sigma),
        np.exp(parameters[:, 0]),
        r_shared,
        r_shared * shared_sigma,
        ladder,
        constants,
        statement,
        drawn,
    )


def _chain(arcs: int) -> Circuit:
    return parse_circuit("-".join(["R0", *(f"ZARC{k}" for k in range(1, arcs + 1))]))


def _values(p: Array, arcs: int) -> Array:
    """Parameters of the circuit [R0, (R, tau, n) ...] from ln R0, ln R_k, ln C_k, n_k."""
    head, r = np.exp(np.clip(p[0], -40.0, 40.0)), np.clip(p[1 : 1 + arcs], -40.0, 40.0)
    c, n = p[1 + arcs : 1 + 2 * arcs], p[1 + 2 * arcs :]
    time = np.exp(np.clip(r + c, -90.0, 90.0))
    return np.concatenate([[head], np.column_stack([np.exp(r), time, n]).ravel()])


def _model(circuit: Circuit, frequency: Array, p: Array, arcs: int) -> tuple[Complex, Complex]:
    """Impedance of R0 and arcs, and its derivatives by ln R0, ln R_k, ln C_k, n_k, shape (1 + 3 arcs, points)."""
    z, slope = circuit.with_derivatives(2.0 * np.pi * frequency, _values(p, arcs)[None])
    by_r, by_tau, by_n = slope[0, 1::3], slope[0, 2::3], slope[0, 3::3]
    return z[0], np.concatenate([slope[0, :1], by_r + by_tau, by_tau, by_n])  # tau = R C


def _fit_alone(frequency: Array, z: Complex, arcs: int) -> tuple[Array, float, Array]:
    """Parameters, sum of squares and standard uncertainties of one spectrum, from its distribution's peaks."""
    from natrode.analysis.circuit_fit import fit_arcs, minimise

    number = np.array([arcs])
    theta = fit_arcs(frequency, z[None], number, number, np.zeros(1, dtype=bool))[0][0, 0]
    start = theta[[0, *range(2, 2 + 3 * arcs)]]
    start[1::3], start[2::3] = np.exp(start[1::3]), np.exp(start[2::3])
    start[0] = max(float(start[0]), 1e-6 * float(np.abs(z).max()))
    circuit = _chain(arcs)
    every = np.ones(1 + 3 * arcs, dtype=bool)
    found, _ = minimise(circuit, 2.0 * np.pi * frequency, z, 1.0 / np.abs(z), start[None], every, tolerance=1e-9)
    return _described(circuit, frequency, z, found[0], arcs)


def _described(circuit: Circuit, frequency: Array, z: Complex, values: Array, arcs: int) -> tuple[Array, float, Array]:
    """Ln R0, ln R_k, ln C_k, n_k of a fitted circuit, its sum of squares, standard uncertainties."""
    r, tau, n = values[1::3], values[2::3], values[3::3]
    p = np.concatenate([[np.log(values[0])], np.log(r), np.log(tau / r), n])
    model, slope = _model(circuit, frequency, p, arcs)
    weight = 1.0 / np.abs(z)
    difference, scaled = (model - z) * weight, slope * weight
    chi = float(np.sum(np.abs(difference) ** 2))
    jacobian = np.concatenate([scaled.real, scaled.imag], axis=1).T
    return p, chi, _deviations(jacobian, 0.5 * chi)


def _sigmas(answer: Any) -> Array:
    """Standard uncertainties of a least-squares answer."""
    return _deviations(np.asarray(answer.jac), float(answer.cost))


def _deviations(jacobian: Array, cost: float) -> Array:
    """Standard uncertainties from the Jacobian and the scatter; infinite where it has no full rank."""
    n, k = jacobian.shape
    scale = np.sqrt(np.maximum(np.sum(jacobian**2, axis=0), 1e-300))
    scaled = jacobian / scale
    if np.linalg.matrix_rank(scaled, tol=1e-8) < k:
        return np.full(k, np.inf)
    variance = np.diag(np.linalg.inv(scaled.T @ scaled)) / scale**2 * 2.0 * cost / max(n - k, 1)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _permuted(p: Array, order: Sequence[int], arcs: int) -> Array:
    index = [0, *(1 + block * arcs + k for block in range(3) for k in order)]
    return np.asarray(p[index])


def _named(p: Array, arcs: int) -> Array:
    """Arcs in order of capacitance."""
    return _permuted(p, list(np.argsort(p[1 + arcs : 1 + 2 * arcs])), arcs)


def _steady_names(named: Array, raw: Array, sigmas: Array, arcs: int) -> tuple[Array, Array]:
    """Arcs of each spectrum in the order that lies nearest to the series' median capacitances."""
    reference = np.median(named[:, 1 + arcs : 1 + 2 * arcs], axis=0)
    out, errors = [], []
    for p, s in zip(raw, sigmas, strict=True):
        order = min(
            permutations(range(arcs)),
            key=lambda o: float(np.sum(np.abs(p[1 + arcs : 1 + 2 * arcs][list(o)] - reference))),
        )
        out.append(_permuted(p, order, arcs))
        errors.append(_permuted(s, order, arcs))
    return np.array(out), np.array(errors)


def _refined_resistances(
    circuit: Circuit, data: Sequence[tuple[Array, Complex]], start: Array, common: Array, arcs: int
) -> npt.NDArray[np.float64]:
    """R0 and resistances of each spectrum for given capacitances and exponents, from several starts."""
    from scipy.optimize import least_squares

    found = []
    for (f, z), begin in zip(data, start, strict=True):
        weight = 1.0 / np.abs(z)

        def residuals(p: Array, f: Array = f, z: Complex = z, weight: Array = weight) -> Array:
            difference = (_model(circuit, f, np.concatenate([p, common]), arcs)[0] - z) * weight
            return np.concatenate([difference.real, difference.imag])

        def slopes(p: Array, f: Array = f, weight: Array = weight) -> Array:
            scaled = _model(circuit, f, np.concatenate([p, common]), arcs)[1][: 1 + arcs] * weight
            return np.concatenate([scaled.real, scaled.imag], axis=1).T

        spread = np.log(max(float(np.ptp(z.real)), 1e-12))
        low = np.log(max(float(z.real.min()), 1e-9))
        guesses = [begin, *(np.array([low, *(spread + d for d in shift)]) for shift in _shifts(arcs))]
        answers = [least_squares(residuals, g, jac=slopes, x_scale="jac", max_nfev=60) for g in guesses]
        found.append(np.asarray(min(answers, key=lambda a: float(a.cost)).x))
    return np.array(found)


def _shifts(arcs: int) -> list[tuple[float, ...]]:
    """Shares of the arcs in the whole resistance to begin with, in logarithms."""
    even = tuple(np.log(1.0 / arcs) for _ in range(arcs))
    return [even, *(tuple(-0.1 if k == j else -2.5 for k in range(arcs)) for j in range(arcs) if arcs > 1)]


def _law_start(law: Law, x: Array, r: Array, sigma: Array) -> Array:
    """Two constants of a law by a straight line through the resistances of the shared rung."""
    error = np.clip(np.where(np.isfinite(sigma), sigma, 10.0), 1e-6, 10.0)
    if law == "Arrhenius":
        line = straight_line(1.0 / (BOLTZMANN_EV * x), np.log(r), error)
    elif law == "power":
        line = straight_line(np.log(x), np.log(r), error)
    elif law == "root of time":
        line = straight_line(np.sqrt(x), r, error * r)
    else:
        line = straight_line(x, r, error * r)
    slope = line.slope if line.slope else 1e-9
    return np.array([line.offset[0] or 1e-9, slope])


def _log_resistance(law: Law, x: Array, factors: Array, start: Array) -> Array:
    """Ln R of a law whose constants are factors times their start."""
    a, b = factors * start
    if law == "Arrhenius":
        return np.asarray(a + b / (BOLTZMANN_EV * x))
    if law == "power":
        return np.asarray(a + b * np.log(x))
    value = a + b * (np.sqrt(x) if law == "root of time" else x)
    return np.asarray(np.log(np.maximum(value, 1e-12)))


def _law_slopes(law: Law, x: Array, factors: Array, start: Array) -> Array:
    """Derivatives of `_log_resistance` by the factors, shape (spectra, 2)."""
    a, b = start
    if law == "Arrhenius":
        return np.column_stack([np.full_like(x, a), b / (BOLTZMANN_EV * x)])
    if law == "power":
        return np.column_stack([np.full_like(x, a), b * np.log(x)])
    along = np.sqrt(x) if law == "root of time" else x
    value = factors[0] * a + factors[1] * b * along
    inside = np.where(value > 1e-12, 1.0 / np.maximum(value, 1e-12), 0.0)
    return np.column_stack([a * inside, b * along * inside])


def _criterion(cost: float, points: int, parameters: int) -> float:
    """Akaike's information criterion, corrected, with the scatter as one more parameter."""
    k = parameters + 1
    if points <= k + 1:
        return float("inf")
    return points * float(np.log(max(cost, 1e-30) / points)) + 2.0 * k + 2.0 * k * (k + 1) / (points - k - 1)


def _statement(names: Sequence[str], lost: npt.NDArray[np.bool_], ladder: Sequence[RungFit], best: str) -> str:
    parts = []
    for name, gaps in zip(names, lost.T, strict=True):
        if gaps.any():
            parts.append(f"{name}: not identifiable alone in {int(gaps.sum())} of {len(gaps)} spectra")
    change = ", ".join(f"{f.rung} {f.criterion:+.0f}" for f in ladder)
    parts.append(f"best rung: {best} (information criterion above the best: {change})")
    return "; ".join(parts)


def _constants(
    question: Result,
    law: Law,
    names: Sequence[str],
    laws: Array,
    tied: Array,
    sigma: Array,
    ladder: Sequence[RungFit],
) -> tuple[Result, ...]:
    """The second constant of the law of each arc."""
    worse = next(f.criterion for f in ladder if f.rung == "tied")
    dimension = {"Arrhenius": "energy per particle", "root of time": "resistance per root time"}.get(law, "number")
    if law == "linear":
        dimension = "resistance per charge"
    answers = []
    for k, name in enumerate(names):
        asked = replace(question, quantity=f"{LAW_WORDS[law][3]} of {name}", dimension=dimension)
        value, error = float(laws[k, 1] * tied[2 * k + 1]), abs(float(laws[k, 1] * sigma[2 * k + 1]))
        if law == "power":
            value = -value
        doubts = [f"the law does not hold: criterion {worse:.0f} above the best rung"] if worse > 10.0 else []
        if not np.isfinite(error) or error > abs(value):
            answers.append(asked.refused("not determined by these spectra"))
        else:
            answers.append(asked.found(value, error, doubts=doubts))
    return tuple(answers)
