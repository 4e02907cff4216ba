"""Series of spectra fitted together: arcs named by capacitance, parameters free, fixed, shared or tied to a law."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.analysis.circuit import Circuit, parse_circuit
from natrode.analysis.fitting import Line, straight_line
from natrode.analysis.reading import Array, area_of, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Result, Series, indistinct
from natrode.analysis.spectrum import Complex, sorted_spectrum
from natrode.constants import BOLTZMANN_EV
from natrode.errors import RecordError
from natrode.measurement import Measurement

Law = Literal["Arrhenius", "power", "root of time", "linear"]
Rung = Literal["independent", "shared", "tied"]
Spectrum = tuple[Array, Complex]
"""Frequencies [Hz] from high to low, and impedances [Ohm]."""

DETERMINED = 0.5
"""Largest relative standard uncertainty of a resistance that counts as identified."""
CLEARLY = 10.0
"""Rise of the information criterion from which a rung is clearly worse than another."""
SCATTER = 0.1
"""Relative scatter of resistances about a law from which it does not describe them."""
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
    """Of the law that each arc was tied to; empty without a law. Where the spectra do not share their capacitances,
    from a straight line through the resistances that were fitted alone."""
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
    law: Law | None = "Arrhenius",
    *,
    arcs: int = 2,
    fixed: Mapping[str, float] | None = None,
) -> ArcSeries:
    """Fit R0 and a chain of arcs (resistance parallel to a constant-phase element) to a series of spectra.

    Args:
        spectra: impedance records with one spectrum each, in the order of `x`.
        x: temperature [K], pressure [Pa], time [s] or charge [C] of each, as the law wants, shape (spectra,).
        law: that the resistances are tied to in the last rung; None: none, along time.
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
    where = np.asarray(x, dtype=float)
    if len(spectra) < 3 or where.shape != (len(spectra),):
        raise RecordError(f"{len(spectra)} spectra and {where.size} values: a series needs three, and as many values")
    if not 1 <= arcs <= 3:
        raise RecordError(f"one to three arcs, read {arcs}")
    chain = _Chain(parse_circuit("-".join(["R0", *(f"ZARC{k}" for k in range(1, arcs + 1))])), arcs)
    data = [sorted_spectrum(s) for s in spectra]
    alone = _alone(chain, data)
    common = _common(chain, alone, fixed or {})
    shared = _shared_rung(chain, data, alone, common)
    tied = None if law is None else _tied_rung(chain, data, law, where, shared, common)
    return _answer(chain, spectra, where, law, dict(fixed or {}), alone, common, shared, tied)


# ---- the chain -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Chain:
    """R0 and arcs; their parameters are ln R0, ln R_k, ln C_k, n_k (1 + 3 arcs of them)."""

    circuit: Circuit
    arcs: int

    @property
    def own(self) -> int:
        """Parameters that each spectrum has for itself: ln R0, ln R_k."""
        return 1 + self.arcs

    @property
    def size(self) -> int:
        return 1 + 3 * self.arcs

    def values(self, p: Array) -> Array:
        """Parameters of the circuit [R0, (R, tau, n) ...]."""
        arcs = self.arcs
        head, r = np.exp(np.clip(p[0], -40.0, 40.0)), np.clip(p[1 : 1 + arcs], -40.0, 40.0)
        c, n = p[1 + arcs : 1 + 2 * arcs], p[1 + 2 * arcs :]
        time = np.exp(np.clip(r + c, -90.0, 90.0))
        return np.concatenate([[head], np.column_stack([np.exp(r), time, n]).ravel()])

    def parameters(self, values: Array) -> Array:
        """The way back from `values`."""
        r, tau, n = values[1::3], values[2::3], values[3::3]
        return np.concatenate([[np.log(values[0])], np.log(r), np.log(tau / r), n])

    def residuals(self, spectrum: Spectrum, p: Array) -> tuple[Array, Array]:
        """Residuals over |Z|, shape (2 points,), and their derivatives, shape (2 points, 1 + 3 arcs)."""
        frequency, z = spectrum
        model, slope = self.circuit.with_derivatives(2.0 * np.pi * frequency, self.values(p)[None])
        by_r, by_tau, by_n = slope[0, 1::3], slope[0, 2::3], slope[0, 3::3]
        by_p = np.concatenate([slope[0, :1], by_r + by_tau, by_tau, by_n]) / np.abs(z)  # tau = R C
        difference = (model[0] - z) / np.abs(z)
        return np.concatenate([difference.real, difference.imag]), np.concatenate([by_p.real, by_p.imag], axis=1).T


# ---- every spectrum alone ------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Alone:
    """Every spectrum fitted for itself."""

    parameters: Array
    """Shape (spectra, 1 + 3 arcs), arcs in the series' order of capacitance."""
    sigmas: Array
    cost: float
    """Sum of squares."""
    lost: npt.NDArray[np.bool_]
    """Arcs that could not be told, shape (spectra, arcs)."""

    @property
    def usual(self) -> Array:
        """Median parameters of the spectra that tell all arcs (of all spectra, where none does)."""
        told = self.parameters[~self.lost.any(axis=1)]
        return np.asarray(np.median(told if len(told) else self.parameters, axis=0))


def _alone(chain: _Chain, data: Sequence[Spectrum]) -> _Alone:
    from natrode.analysis.circuit_fit import minimise

    singles = [_fit_alone(chain, spectrum) for spectrum in data]
    every = np.ones(chain.size, dtype=bool)
    count = len(data)
    for order in (range(1, count), range(count - 2, -1, -1)):  # each neighbour's answer is one more start
        for k in order:
            near = singles[k - 1] if order.step > 0 else singles[k + 1]
            f, z = data[k]
            start = chain.values(near[0])[None]
            found, chi = minimise(chain.circuit, 2.0 * np.pi * f, z, 1.0 / np.abs(z), start, every)
            if chi[0] < 0.999 * singles[k][1]:
                singles[k] = _described(chain, data[k], found[0])
    raw = np.array([p for p, _, _ in singles])
    parameters, sigmas = _steady_names(raw, np.array([s for _, _, s in singles]), chain.arcs)
    lost = ~(sigmas[:, 1 : chain.own] < DETERMINED)
    return _Alone(parameters, sigmas, float(sum(c for _, c, _ in singles)), lost)


def _fit_alone(chain: _Chain, spectrum: Spectrum) -> tuple[Array, float, Array]:
    """Parameters, sum of squares and standard uncertainties of one spectrum, from its distribution's peaks."""
    from natrode.analysis.circuit_fit import fit_arcs, minimise

    frequency, z = spectrum
    number = np.array([chain.arcs])
    theta = fit_arcs(frequency, z[None], number, number, np.zeros(1, dtype=bool))[0][0, 0]
    start = theta[[0, *range(2, 2 + 3 * chain.arcs)]]
    start[1::3], start[2::3] = np.exp(start[1::3]), np.exp(start[2::3])
    start[0] = max(float(start[0]), 1e-6 * float(np.abs(z).max()))
    every = np.ones(chain.size, dtype=bool)
    found, _ = minimise(chain.circuit, 2.0 * np.pi * frequency, z, 1.0 / np.abs(z), start[None], every, tolerance=1e-9)
    return _described(chain, spectrum, found[0])


def _described(chain: _Chain, spectrum: Spectrum, values: Array) -> tuple[Array, float, Array]:
    """Parameters of a fitted circuit, its sum of squares, standard uncertainties."""
    p = chain.parameters(values)
    residual, slopes = chain.residuals(spectrum, p)
    chi = float(residual @ residual)
    return p, chi, _deviations(slopes, 0.5 * chi)


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


def _steady_names(raw: Array, sigmas: Array, arcs: int) -> tuple[Array, Array]:
    """Arcs of each spectrum in the order that lies nearest to the series' median capacitances, which hardly move."""
    capacitances = slice(1 + arcs, 1 + 2 * arcs)
    reference = np.median(np.sort(raw[:, capacitances], axis=1), axis=0)
    out, errors = [], []
    for p, s in zip(raw, sigmas, strict=True):
        order = min(
            permutations(range(arcs)), key=lambda o: float(np.sum(np.abs(p[capacitances][list(o)] - reference)))
        )
        out.append(_permuted(p, order, arcs))
        errors.append(_permuted(s, order, arcs))
    return np.array(out), np.array(errors)


# ---- rungs with common parameters ----------------------------------------------------------------------
@dataclass(frozen=True)
class _Common:
    """ln C_k and n_k that the whole series shares, shape (2 arcs,)."""

    start: Array
    free: npt.NDArray[np.intp]
    """Places of those that are fitted; the others are held."""

    def of(self, p: Array) -> Array:
        found = self.start.copy()
        found[self.free] = p[: len(self.free)]
        return found


def _common(chain: _Chain, alone: _Alone, held: Mapping[str, float]) -> _Common:
    start = alone.usual[chain.own :].copy()
    free = np.ones(2 * chain.arcs, dtype=bool)
    for name, value in held.items():
        number = int(name[1:]) - 1 if name[:1] in "Cn" and name[1:].isdigit() else -1
        if not 0 <= number < chain.arcs or value <= 0:
            raise RecordError(
                f"a fixed parameter is 'C1' [F] or 'n1' of arc 1 to {chain.arcs}, above zero; read {name!r}"
            )
        at = number if name[0] == "C" else chain.arcs + number
        start[at], free[at] = np.log(value) if name[0] == "C" else value, False
    return _Common(start, np.flatnonzero(free))


@dataclass(frozen=True)
class _Rung:
    """All spectra fitted together."""

    p: Array
    sigma: Array
    cost: float
    table: Array
    """Parameters of each spectrum, shape (spectra, 1 + 3 arcs)."""


def _fit_rung(
    chain: _Chain,
    data: Sequence[Spectrum],
    begin: Array,
    table: Callable[[Array], Array],
    blocks: Callable[[Array], Array],
) -> _Rung:
    """Least squares over all spectra.

    Args:
        chain: the circuit.
        data: the spectra.
        begin: free parameters to begin with, shape (n,).
        table: each spectrum's parameters from the free ones, shape (spectra, 1 + 3 arcs).
        blocks: derivatives of that table by the free parameters, shape (spectra, 1 + 3 arcs, n).
    """
    from scipy.optimize import least_squares

    def residuals(p: Array) -> Array:
        return np.concatenate([chain.residuals(s, row)[0] for s, row in zip(data, table(p), strict=True)])

    def slopes(p: Array) -> Array:
        parts = zip(data, table(p), blocks(p), strict=True)
        return np.concatenate([chain.residuals(s, row)[1] @ block for s, row, block in parts])

    found = least_squares(residuals, begin, jac=slopes, x_scale="jac")
    sigma = _deviations(np.asarray(found.jac), float(found.cost))
    return _Rung(np.asarray(found.x), sigma, 2.0 * float(found.cost), table(found.x))


def _shared_rung(chain: _Chain, data: Sequence[Spectrum], alone: _Alone, common: _Common) -> _Rung:
    """One capacitance and exponent per arc for the whole series; free: those, then each spectrum's own."""
    count, own, free = len(data), chain.own, len(common.free)
    by = np.zeros((count, chain.size, free + count * own))
    by[:, own + common.free, np.arange(free)] = 1.0
    for k in range(count):
        by[k, :own, free + own * k : free + own * (k + 1)] = np.eye(own)

    def table(p: Array) -> Array:
        return np.column_stack([p[free:].reshape(count, own), np.tile(common.of(p), (count, 1))])

    first = _refined_resistances(chain, data, alone.parameters[:, :own], common.start)
    begin = np.concatenate([common.start[common.free], first.ravel()])
    return _fit_rung(chain, data, begin, table, lambda _: by)


def _refined_resistances(
    chain: _Chain, data: Sequence[Spectrum], start: Array, common: Array
) -> npt.NDArray[np.float64]:
    """R0 and resistances of each spectrum for given capacitances and exponents, from several starts."""
    from scipy.optimize import least_squares

    found = []
    for spectrum, begin in zip(data, start, strict=True):

        def residuals(p: Array, spectrum: Spectrum = spectrum) -> Array:
            return chain.residuals(spectrum, np.concatenate([p, common]))[0]

        def slopes(p: Array, spectrum: Spectrum = spectrum) -> Array:
            return chain.residuals(spectrum, np.concatenate([p, common]))[1][:, : chain.own]

        real = spectrum[1].real
        spread, low = np.log(max(float(np.ptp(real)), 1e-12)), np.log(max(float(real.min()), 1e-9))
        guesses = [begin, *(np.array([low, *(spread + d for d in shift)]) for shift in _shifts(chain.arcs))]
        answers = [least_squares(residuals, g, jac=slopes, x_scale="jac", max_nfev=60) for g in guesses]
        found.append(np.asarray(min(answers, key=lambda a: float(a.cost)).x))
    return np.array(found)


def _shifts(arcs: int) -> list[tuple[float, ...]]:
    """Shares of the arcs in the whole resistance to begin with, in logarithms."""
    even = tuple(np.log(1.0 / arcs) for _ in range(arcs))
    return [even, *(tuple(-0.1 if k == j else -2.5 for k in range(arcs)) for j in range(arcs) if arcs > 1)]


def _tied_rung(chain: _Chain, data: Sequence[Spectrum], law: Law, x: Array, shared: _Rung, common: _Common) -> "_Tied":
    """Resistances on a law, two constants an arc; free: the common ones, the constants' factors, each spectrum's R0."""
    count, arcs, own, free = len(data), chain.arcs, chain.own, len(common.free)
    sigma = shared.sigma[free:].reshape(count, own)[:, 1:]
    starts = np.array([_law_start(law, x, np.exp(shared.table[:, 1 + k]), sigma[:, k]) for k in range(arcs)])
    heads = free + 2 * arcs

    def factors(p: Array, k: int) -> Array:
        return p[free + 2 * k : free + 2 * k + 2]

    def table(p: Array) -> Array:
        logs = [_log_resistance(law, x, factors(p, k), starts[k]) for k in range(arcs)]
        return np.column_stack([p[heads:], *logs, np.tile(common.of(p), (count, 1))])

    def blocks(p: Array) -> Array:
        by = np.zeros((count, chain.size, len(p)))
        by[:, own + common.free, np.arange(free)] = 1.0
        for k in range(arcs):
            by[:, 1 + k, free + 2 * k : free + 2 * k + 2] = _law_slopes(law, x, factors(p, k), starts[k])
        by[np.arange(count), 0, heads + np.arange(count)] = 1.0
        return by

    begin = np.concatenate([shared.p[:free], np.ones(2 * arcs), shared.table[:, 0]])
    rung = _fit_rung(chain, data, begin, table, blocks)
    second = free + 1 + 2 * np.arange(arcs)
    return _Tied(rung, starts[:, 1] * rung.p[second], np.abs(starts[:, 1] * rung.sigma[second]))


@dataclass(frozen=True)
class _Tied:
    """The rung of a law, with its second constant of each arc."""

    rung: _Rung
    constant: Array
    sigma: Array


# ---- laws ----------------------------------------------------------------------------------------------
def _law_start(law: Law, x: Array, r: Array, sigma: Array) -> Array:
    """Two constants of a law by a straight line through the resistances of the shared rung."""
    line = _straightened(law, x, r, np.clip(np.where(np.isfinite(sigma), sigma, 10.0), 1e-6, 10.0))
    return np.array([line.offset[0] or 1e-9, line.slope or 1e-9])


def _straightened(law: Law, x: Array, r: Array, error: Array) -> Line:
    """The straight line that a law makes of resistances with relative standard uncertainties."""
    if law == "Arrhenius":
        return straight_line(1.0 / (BOLTZMANN_EV * x), np.log(r), error)
    if law == "power":
        return straight_line(np.log(x), np.log(r), error)
    return straight_line(np.sqrt(x) if law == "root of time" else x, r, error * r)


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


# ---- the answer ----------------------------------------------------------------------------------------
def _answer(
    chain: _Chain,
    spectra: Sequence[Measurement],
    x: Array,
    law: Law | None,
    held: dict[str, float],
    alone: _Alone,
    common: _Common,
    shared: _Rung,
    tied: "_Tied | None",
) -> ArcSeries:
    arcs, count = chain.arcs, len(spectra)
    ladder = _ladder(spectra, alone, shared, tied)
    best = min(ladder, key=lambda f: f.criterion).rung
    sharing = _share(ladder)
    last = shared.p if tied is None else tied.rung.p
    common_to_all = common.of(last) if sharing else alone.usual[chain.own :]
    area = area_of(spectra[0])
    capacitance = np.exp(common_to_all[:arcs]) * (1.0 if area is None else 1.0 / area)
    names = tuple(f"arc {k + 1} ({capacitance[k]:.2g} {'F' if area is None else 'F/m2'})" for k in range(arcs))
    words, abscissa, dimension, _ = LAW_WORDS[law] if law else ("along time", "time", "time", "")
    question = Result(
        quantity="arc",
        dimension="number",
        method=f"R0 and {arcs} arcs, shared capacitances and exponents, {words}",
        scope="cell",
        n_interfaces=interfaces_of(spectra[0]),
        settings={**conditions_of(spectra[0]), "law": law, "spectra": count, "fixed": held, "best_rung": best},
        **provenance(*spectra),
    )
    gaps = np.where(alone.lost, np.nan, np.exp(alone.parameters[:, 1 : 1 + arcs]))
    gaps_sigma = np.where(alone.lost, np.nan, gaps * alone.sigmas[:, 1 : 1 + arcs])
    together = np.exp(shared.table[:, 1 : 1 + arcs])
    together_sigma = together * shared.sigma[len(common.free) :].reshape(count, chain.own)[:, 1:]
    ways = [("fitted alone", gaps, gaps_sigma)]
    if sharing:
        ways.append(("shared capacitance", together, together_sigma))
    drawn = tuple(
        Series.of(
            replace(question, quantity=f"{name}, {how}", dimension="resistance", area_normalised=False),
            values[:, k], x, dimension, abscissa, errors[:, k],
        )
        for k, name in enumerate(names)
        for how, values, errors in ways
    )  # fmt: skip
    return ArcSeries(
        names, capacitance, common_to_all[arcs:], x, gaps, gaps_sigma, np.exp(alone.parameters[:, 0]),
        together, together_sigma, ladder,
        () if law is None or tied is None else _constants(question, law, names, tied, ladder, (x, gaps, gaps_sigma)),
        _statement(names, alone.lost, ladder, best), drawn,
    )  # fmt: skip


def _ladder(spectra: Sequence[Measurement], alone: _Alone, shared: _Rung, tied: "_Tied | None") -> tuple[RungFit, ...]:
    """The rungs from free to tied, with the information criterion of each above the best."""
    points = 2 * sum(len(sorted_spectrum(s)[1]) for s in spectra)
    rungs: list[tuple[Rung, float, int]] = [
        ("independent", alone.cost, alone.parameters.size),
        ("shared", shared.cost, len(shared.p)),
    ]
    if tied is not None:
        rungs.append(("tied", tied.rung.cost, len(tied.rung.p)))
    criteria = [_criterion(cost, points, k) for _, cost, k in rungs]
    return tuple(
        RungFit(rung, k, criterion - min(criteria), float(np.sqrt(cost / points)))
        for (rung, cost, k), criterion in zip(rungs, criteria, strict=True)
    )


def _share(ladder: Sequence[RungFit]) -> bool:
    """Whether one capacitance and exponent per arc do for the whole series."""
    return min(f.criterion for f in ladder if f.rung != "independent") <= CLEARLY


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
    tied: _Tied,
    ladder: Sequence[RungFit],
    alone: tuple[Array, Array, Array],
) -> tuple[Result, ...]:
    """The second constant of the law of each arc."""
    above = {f.rung: f.criterion for f in ladder}
    dimension = {
        "Arrhenius": "energy per particle", "root of time": "resistance per root time",
        "linear": "resistance per charge", "power": "number",
    }[law]  # fmt: skip
    answers = []
    for k, name in enumerate(names):
        asked = replace(question, quantity=f"{LAW_WORDS[law][3]} of {name}", dimension=dimension)
        value, error = float(tied.constant[k]), float(tied.sigma[k])
        doubts = [f"the law does not hold: criterion {above['tied']:.0f} above the best rung"]
        if not _share(ladder):  # no common capacitances: what each spectrum says for itself
            line = _line_alone(law, alone[0], alone[1][:, k], alone[2][:, k])
            if line is None:
                answers.append(asked.refused("under four spectra tell this arc alone, and they share no capacitance"))
                continue
            value, error, scatter = line
            doubts = [f"resistances fitted alone: the spectra share no capacitance (criterion {above['shared']:.0f})"]
            if scatter > SCATTER:
                doubts.append(f"they scatter about the law by {scatter:.0%}")
        elif above["tied"] <= CLEARLY:
            doubts = []
        if not np.isfinite(error) or error > abs(value):
            answers.append(asked.refused("not determined by these spectra"))
        else:
            doubts += indistinct(value, error)
            answers.append(asked.found(-value if law == "power" else value, error, doubts=doubts))
    return tuple(answers)


def _line_alone(law: Law, x: Array, r: Array, sigma: Array) -> tuple[float, float, float] | None:
    """Slope of a law through resistances fitted alone, its standard uncertainty, and their relative scatter."""
    known = np.isfinite(r) & (r > 0)
    if known.sum() < 4:
        return None
    line = _straightened(law, x[known], r[known], np.clip(sigma[known] / r[known], 1e-6, 10.0))
    relative = line.residuals / (1.0 if law in ("Arrhenius", "power") else r[known])
    return line.slope, line.slope_sigma, float(np.sqrt(np.mean(relative**2)))
