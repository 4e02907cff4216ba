"""Fit of an equivalent circuit without a guess, what its numbers are worth, and which circuit the data ask for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.analysis import _arc_chain as chain
from natrode.analysis import distribution as relaxation
from natrode.analysis.circuit import Array, Circuit, Complex, Node, Parameter, parse_circuit
from natrode.analysis.reading import area_of, conditions_of, interfaces_of, provenance
from natrode.analysis.result import Quality, Result, plain
from natrode.analysis.spectrum import BLOCKING_PHASE, sorted_spectrum
from natrode.errors import SpecificationError
from natrode.measurement import Measurement
from natrode.physics.impedance import brug_capacitance, hsu_mansfeld_capacitance

STARTS = 192
FEW_STARTS = 24
"""Drawn starts where others are at hand: the same circuit with one arc less, chains of arcs fitted before."""
EQUAL = 6.0
"""Difference of the information criterion up to which two circuits fit equally well."""
ALIKE = 0.97
"""Correlation of two parameters from which on the data fix only a combination of them."""
METHOD = (
    "complex least squares weighted by 1/|Z| (of the model, iterated), Levenberg-Marquardt with analytic derivatives "
    "from the peaks of the distribution of relaxation times and from drawn starts; covariance s^2 (J'J)^-1. "
    "Orazem and Tribollet, Electrochemical Impedance Spectroscopy"
)


@dataclass(frozen=True)
class Arc:
    """A resistance and what bridges it."""

    labels: tuple[str, ...]
    resistance: Result
    time_constant: Result
    capacitance: Result
    """Hsu-Mansfeld (spread through a layer): tau/R."""
    surface_capacitance: Result
    """Brug (spread along a surface)."""
    candidates: tuple[tuple[str, str], ...] = ()
    """Processes with their evidence, the likeliest first; no label: one spectrum is one test only."""
    decides: str = ""
    """The measurement that would decide."""


@dataclass(frozen=True)
class CircuitFit:
    """A fitted circuit, or the reason why there is none."""

    circuit: str
    values: Mapping[str, Result]
    """By parameter, like `R1` and `CPE1.n`; in Ohm, F, s of the cell, never area-normalised."""
    vector: Array
    """The same numbers in the order of the circuit's parameters, SI."""
    deviations: Array
    correlation: Array
    frequency: Array
    impedance: Complex
    """Measured, from high to low frequency [Ohm]."""
    fitted: Complex
    noise: float
    """Relative standard deviation of each part that the fit leaves."""
    information: float
    """Bayesian information criterion; differences count."""
    arcs: tuple[Arc, ...]
    verdicts: tuple[str, ...]
    """What the data cannot tell apart."""
    sums: Mapping[str, Result]
    """"series resistance" and "sum of resistances" [Ohm]: what circuits agree on better than on single arcs."""
    quality: Quality
    reason: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    simulated: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        document = {
            name: plain(value) for name, value in vars(self).items() if name not in ("impedance", "fitted", "arcs")
        }
        return {
            "quantity": "equivalent circuit",
            "method": METHOD,
            **document,
            "arcs": [plain(vars(arc)) for arc in self.arcs],
            "impedance": [plain(self.impedance.real), plain(self.impedance.imag)],
            "fitted": [plain(self.fitted.real), plain(self.fitted.imag)],
        }


def fit_circuit(
    spectrum: Measurement,
    circuit: str | Circuit,
    *,
    fixed: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    seed: int = 1,
) -> CircuitFit:
    """Fit an equivalent circuit to one spectrum; no guess is needed.

    Args:
        spectrum: an impedance record with one spectrum.
        circuit: a text like `R0-L0-p(R1,CPE1)-W2` or a `Circuit`.
        fixed: values that are not fitted, by parameter name (SI, of the whole cell).
        start: values to begin from, besides the fit's own starts.
        seed: of the drawn starts.

    Returns:
        Values with standard errors and correlations, arcs with capacitances and candidate processes, and verdicts on
        what cannot be told apart; a refusal where the spectrum has fewer numbers than the circuit.

    Raises:
        RecordError: for another kind of record or several spectra.
        SpecificationError: for a text that is no circuit, or a name that it does not have.

    Formula and source: `METHOD`.
    """
    read = parse_circuit(circuit) if isinstance(circuit, str) else circuit
    names = [name for name, _ in read.parameters]
    for given in (fixed or {}, start or {}):
        unknown = [name for name in given if name not in names]
        if unknown:
            raise SpecificationError(f"circuit {read.text} has no parameter '{unknown[0]}'; it has {', '.join(names)}")
    frequency, z = sorted_spectrum(spectrum)
    free = np.array([name not in (fixed or {}) for name in names])
    if 2 * len(z) <= int(free.sum()) + 2 or (abs(z) == 0).any():
        return _refused(spectrum, read, frequency, z, f"{len(z)} points for {int(free.sum())} parameters")
    seen = _relaxation(frequency, z)
    starts = _starts(read, 2.0 * np.pi * frequency, z, seed, seen)
    for given in (start or {}, fixed or {}):
        for name, value in given.items():
            starts[:, names.index(name)] = value
    return _fitted(spectrum, read, frequency, z, starts, free, dict(fixed or {}), seen)


@dataclass(frozen=True)
class _Relaxation:
    """What the distribution of relaxation times says before a circuit is fitted."""

    times: Array
    areas: Array
    """Of its peaks, small ones among them."""
    count: int
    """Peaks that count."""
    noise: float | None


def _relaxation(frequency: Array, z: Complex) -> _Relaxation:
    if len(z) < 10 or len(np.unique(frequency)) < 10:
        return _Relaxation(np.empty(0), np.empty(0), 0, None)
    tau, g, _, noise, _ = relaxation.distribution(frequency, z[None])
    times, areas, _, _ = relaxation.peaks_of(tau, g[0], depth=0.001, share=1e-3)
    known = float(noise[0]) if len(z) >= relaxation.FEWEST_POINTS else None
    return _Relaxation(times, areas, len(relaxation.peaks_of(tau, g[0])[0]), known)


def _fitted(
    spectrum: Measurement,
    circuit: Circuit,
    frequency: Array,
    z: Complex,
    starts: Array,
    free: npt.NDArray[np.bool_],
    fixed: dict[str, float],
    seen: _Relaxation,
) -> CircuitFit:
    """The best fit from some starts, weighted by the model at its end."""
    w = 2.0 * np.pi * frequency
    weight: Array = np.asarray(1.0 / abs(z), dtype=np.float64)
    values, _ = minimise(circuit, w, z, weight, starts, free)
    best = values[:1]
    for _ in range(2):
        weight = np.asarray(1.0 / abs(circuit.with_derivatives(w, best)[0][0]), dtype=np.float64)
        best, chi = minimise(circuit, w, z, weight, best, free, tolerance=1e-10)
    return _answer(spectrum, circuit, frequency, z, best[0], float(chi[0]), weight, free, fixed, seen.noise)


def suggest_circuits(spectrum: Measurement, *, most: int = 5) -> list[CircuitFit]:
    """Rank circuits for one spectrum by information criterion, the best first.

    Args:
        spectrum: an impedance record with one spectrum.
        most: largest number of arcs.

    Returns:
        Fits of chains of depressed arcs, and of the same with a diffusion element or a blocking constant-phase
        element at their end where the low-frequency branch calls for one. Circuits with a number that the data do not
        determine stand back by 6, and where electrodes block, whose branch no circuit follows exactly, behind all
        others; where one of them fits better, the first one says so. The resistances of the first one carry in their
        uncertainty how far the circuits that fit equally well (criterion within 6) differ, and, where electrodes
        block, how far windows that leave out the lowest frequencies do: "model choice".

    Raises:
        RecordError: for another kind of record or several spectra.

    Formula: BIC = 2N ln(chi2/2N) - 4 sum ln w + p ln 2N; every circuit starts from the same with one arc less, too, so
    that more arcs never fit worse. Source: Schwarz 1978, Ann. Stat. 6, 461.
    """
    frequency, z = sorted_spectrum(spectrum)
    if len(z) < relaxation.FEWEST_POINTS:
        reason = f"{len(z)} points; a choice between circuits needs {relaxation.FEWEST_POINTS}"
        return [_refused(spectrum, parse_circuit("R0"), frequency, z, reason)]
    seen = _relaxation(frequency, z)
    phase = math.degrees(math.atan2(-z[-1].imag, z[-1].real))
    slope = (z[-1].imag - z[-4].imag) / (z[-1].real - z[-4].real) if z[-1].real != z[-4].real else 0.0
    blocking = phase > BLOCKING_PHASE
    tails: tuple[str, ...] = ("",)
    if blocking:
        tails = ("CPE9",)
    elif slope < -0.3 and z[-1].imag < 0:  # the branch still rises where the measurement ends
        tails = ("", "W9", "Ws9", "CPE9")
    fewest = 0 if blocking else max(seen.count - 2, 0)
    counts = range(fewest, min(most, seen.count + 2 if not blocking else most) + 1)
    chains = {} if blocking else _chains(frequency, z, counts.start, min(counts.stop, most))
    fits = []
    for tail in tails:
        before: CircuitFit | None = None
        worse = 0
        for arcs in counts:
            text = "-".join(["R0", "L0", *(f"p(R{k},CPE{k})" for k in range(1, arcs + 1)), *([tail] if tail else [])])
            circuit = parse_circuit(text)
            starts = _starts_of_chain(circuit, tail, arcs, chains, before, frequency, z, seen)
            free = np.ones(len(circuit.parameters), dtype=bool)
            if 2 * len(z) <= len(free) + 2:
                break
            found = _fitted(spectrum, circuit, frequency, z, starts, free, {}, seen)
            worse = worse + 1 if before is not None and found.information > before.information else 0
            fits.append(found)
            before = found
            if worse == 2:
                break
    fits.sort(key=lambda fit: (blocking and _undetermined(fit), fit.information + EQUAL * _undetermined(fit)))
    windows = _windows(spectrum, fits[0], tails[0], frequency, z) if blocking else {}
    return [_with_model_choice(fits, windows), *fits[1:]]


def _windows(spectrum: Measurement, fit: CircuitFit, tail: str, frequency: Array, z: Complex) -> dict[str, CircuitFit]:
    """The same circuit without the lowest sixth and third of the points: how straight electrodes' branches are."""
    found = {}
    circuit = parse_circuit(fit.circuit)
    for cut in (len(z) // 6, len(z) // 3):
        kept = len(z) - cut
        if kept < relaxation.FEWEST_POINTS or not fit.values:
            continue
        free = np.ones(len(circuit.parameters), dtype=bool)
        part = _fitted(
            spectrum, circuit, frequency[:kept], z[:kept], fit.vector[None], free, {}, _Relaxation(*_NOTHING)
        )
        found[f"{fit.circuit} above {frequency[kept - 1]:.3g} Hz"] = part
    return found


_NOTHING = (np.empty(0), np.empty(0), 0, None)


def _undetermined(fit: CircuitFit) -> bool:
    """Whether the data leave a number open, leads' inductance apart."""
    return any("is not determined" in verdict and not verdict.startswith("L0 ") for verdict in fit.verdicts)


def _with_model_choice(fits: Sequence[CircuitFit], windows: Mapping[str, CircuitFit]) -> CircuitFit:
    """The first fit, its resistances with the spread over circuits and windows that are as fair."""
    best = fits[0]
    better = min(fits, key=lambda fit: fit.information)
    if better.information < best.information - EQUAL:
        open_ones = next(v for v in better.verdicts if "is not determined" in v and not v.startswith("L0 "))
        text = f"{better.circuit} fits better (criterion {better.information - best.information:.0f}), but {open_ones}"
        reason = "; ".join(r for r in (best.reason, text) if r)
        best = replace(best, quality="doubtful" if best.values else best.quality, reason=reason)
    alike = {fit.circuit: fit for fit in fits[1:] if abs(fit.information - best.information) <= EQUAL} | dict(windows)
    if not alike or not best.values:
        return best
    sums = {
        name: _spread(result, {way: fit.sums[name].value for way, fit in every.items() if name in fit.sums})
        for every in ({best.circuit: best} | alike,)
        for name, result in best.sums.items()
    }
    values = dict(best.values)
    arcs = []
    for arc in best.arcs:
        label = arc.labels[0]
        ways = {best.circuit: arc.resistance.value}
        for way, fit in alike.items():
            near = [a for a in fit.arcs if _apart(a, arc) < 0.5]
            ways[way] = min(near, key=lambda a: _apart(a, arc)).resistance.value if near else None
        arcs.append(replace(arc, resistance=_spread(arc.resistance, ways)))
        scale = float(arc.resistance.settings.get("area") or 1.0) if arc.resistance.area_normalised else 1.0
        if label in values:
            own = {name: None if way is None else way / scale for name, way in ways.items()}
            values[label] = _spread(values[label], own)
    if "R0" in values and "series resistance" in sums:
        values["R0"] = _spread(best.values["R0"], dict(sums["series resistance"].settings["ways"]))
    return replace(best, sums=sums, values=values, arcs=tuple(arcs))


def _apart(one: Arc, other: Arc) -> float:
    """Decades between two time constants."""
    return abs(math.log10((one.time_constant.value or math.nan) / (other.time_constant.value or math.nan)))


def _spread(result: Result, ways: Mapping[str, float | None]) -> Result:
    """A result whose uncertainty holds half the range over equally good circuits."""
    if result.value is None:
        return result
    known = [way for way in ways.values() if way is not None]
    choice = 0.5 * (max(known) - min(known))
    fit = result.uncertainty or 0.0
    doubts = [result.reason] if result.reason else []
    missing = len(ways) - len(known)
    if missing:
        doubts.append(f"{missing} of {len(ways)} fair circuits or windows have no such arc")
    if choice > 0.1 * abs(result.value):
        doubts.append(f"{min(known):.3g} to {max(known):.3g} (SI) in {len(known)} fair circuits or windows")
    parts = {"fit": fit, "model choice": choice}
    return result.found(result.value, float(np.hypot(fit, choice)), doubts=doubts, parts=parts, ways=dict(ways))


def fit_arcs(
    frequency: Array,
    impedance: Complex,
    least: npt.NDArray[np.int64],
    most: npt.NDArray[np.int64],
    inductive: npt.NDArray[np.bool_],
) -> tuple[Array, Array, Array]:
    """Fit chains of depressed arcs to many spectra with the same frequencies.

    Args:
        frequency: shape (N,) [Hz].
        impedance: shape (S, N) [Ohm].
        least, most: numbers of arcs to fit, shape (S,).
        inductive: whether L is fitted, shape (S,).

    Returns:
        theta (S, A, P): R_inf [Ohm], L [H], and ln R, ln tau, n of every arc by time constant; its covariance
        (S, A, P, P); chi square and Bayesian information criterion (S, A, 2). NaN where nothing was asked, and from
        the second arc on that did not lower the criterion and that the distribution does not show.

    Formula and source: `METHOD`; `suggest_circuits`.
    """
    tau, g, _, noise, _ = relaxation.distribution(frequency, impedance)
    seen = np.array([len(relaxation.peaks_of(tau, row)[0]) for row in g], dtype=np.int64)
    several = int((most - least).max()) + 1
    size = 2 + 3 * max(int(most.max()), 1)
    theta = np.full((len(impedance), several, size), np.nan)
    covariance = np.full((len(impedance), several, size, size), np.nan)
    quality = np.full((len(impedance), several, 2), np.nan)
    chain.fit_many(
        2.0 * np.pi * frequency,
        np.ascontiguousarray(impedance.real),
        np.ascontiguousarray(impedance.imag),
        np.log(tau),
        g,
        noise,
        np.minimum(seen, most) if several == 1 else seen,
        least,
        most,
        inductive,
        theta,
        covariance,
        quality,
    )
    return theta, covariance, quality


def minimise(
    circuit: Circuit,
    w: Array,
    z: Complex,
    weight: Array,
    starts: Array,
    free: npt.NDArray[np.bool_],
    *,
    iterations: int = 80,
    tolerance: float = 1e-7,
) -> tuple[Array, Array]:
    """Levenberg-Marquardt from many starts at once.

    Args:
        circuit: what is fitted.
        w, z, weight: shape (N,) [rad/s], [Ohm], [1/Ohm].
        starts: shape (S, P), SI.
        free: which parameters are varied, shape (P,).
        iterations, tolerance: at most so many; a start rests when chi square falls by less than this part.

    Returns:
        Values, shape (S, P), and chi square, shape (S,), the best first.
    """
    parameters = [parameter for _, parameter in circuit.parameters]
    logarithmic = np.array([parameter.scale == "logarithmic" for parameter in parameters])
    low = np.array([-80.0 if p.scale == "logarithmic" else p.low for p in parameters])
    high = np.array([60.0 if p.scale == "logarithmic" else p.high for p in parameters])

    def si(theta: Array) -> Array:
        return np.where(logarithmic, np.exp(np.where(logarithmic, theta, 0.0)), theta)

    def evaluate(theta: Array) -> tuple[Array, Array, Array]:
        with np.errstate(all="ignore"):
            model, derivative = circuit.with_derivatives(w, si(theta))
            difference = (model - z) * weight
            residual = np.concatenate([difference.real, difference.imag], axis=1)
            scaled = derivative[:, free] * weight
            jacobian = np.concatenate([scaled.real, scaled.imag], axis=2)
            chi = (residual**2).sum(axis=1)
        return residual, jacobian, np.where(np.isfinite(chi), chi, np.inf)

    with np.errstate(divide="ignore"):
        theta = np.clip(np.where(logarithmic, np.log(np.where(logarithmic, starts, 1.0)), starts), low, high)
    residual, jacobian, chi = evaluate(theta)
    damping = np.full(len(theta), 1e-2)
    calm = np.zeros(len(theta), int)
    active = np.isfinite(chi)
    columns = np.flatnonzero(free)
    for iteration in range(iterations):
        rows = np.flatnonzero(active)
        if not rows.size:
            break
        j, r = jacobian[rows], residual[rows]
        matrix = np.einsum("spn,sqn->spq", j, j)
        gradient = np.einsum("spn,sn->sp", j, r)
        diagonal = np.einsum("spp->sp", matrix)
        diagonal += damping[rows, None] * diagonal + 1e-14
        try:
            move = np.linalg.solve(matrix, gradient[..., None])[..., 0]
        except np.linalg.LinAlgError:
            move = np.array([np.linalg.lstsq(m, v, rcond=None)[0] for m, v in zip(matrix, gradient, strict=True)])
        move = np.where(logarithmic[columns], np.clip(move, -2.0, 2.0), np.clip(move, -0.2, 0.2))
        trial = theta[rows].copy()
        trial[:, columns] -= move
        trial = np.clip(trial, low, high)
        new_residual, new_jacobian, new_chi = evaluate(trial)
        better = new_chi <= chi[rows]
        won, lost = rows[better], rows[~better]
        gain = chi[won] - new_chi[better]
        calm[won] = np.where(gain < tolerance * new_chi[better], calm[won] + 1, 0)
        theta[won], chi[won] = trial[better], new_chi[better]
        residual[won], jacobian[won] = new_residual[better], new_jacobian[better]
        damping[won] = np.maximum(0.15 * damping[won], 1e-12)
        damping[lost] *= 6.0
        active[won] &= calm[won] < 2
        active[lost] &= damping[lost] < 1e9
        if iteration in (12, 25) and len(theta) > 12:  # go on with the better part only
            keep = np.argsort(chi)[: max(8, len(theta) // 4)]
            theta, chi, residual, jacobian = theta[keep], chi[keep], residual[keep], jacobian[keep]
            damping, calm, active = damping[keep], calm[keep], active[keep]
    order = np.argsort(chi)
    return si(theta[order]), chi[order]


# ---- starts ---------------------------------------------------------------------------------------------------------


def _starts(circuit: Circuit, w: Array, z: Complex, seed: int, seen: _Relaxation, number: int = STARTS) -> Array:
    """Starts, shape (number, P): from the peaks of the distribution, and drawn over what the data can show."""
    random = np.random.default_rng(seed)
    span = float(max(np.ptp(z.real), abs(z.imag).max(), 1e-3 * abs(z).max()))
    smallest = float(max(z.real.min(), 1e-3 * abs(z).max()))
    groups = _groups(circuit)
    parameters = circuit.parameters
    starts = np.empty((number, len(parameters)))
    times, areas = seen.times, seen.areas
    edge = (1.0 / w.max(), 1.0 / w.min())
    count = len(set(groups.values())) or 1
    for s in range(number):
        informed = s < number // 2 and len(times) > 0
        if informed:
            chosen = random.permutation(len(times))[: min(len(times), count)]
            peak_times = np.concatenate([times[chosen], _drawn(random, edge, count - len(chosen))])
            peak_areas = np.concatenate([areas[chosen], span * random.uniform(0.05, 0.5, count - len(chosen))])
            if s == 0:
                order = np.argsort(peak_times)
                peak_times, peak_areas = peak_times[order], peak_areas[order]
        else:
            peak_times = _drawn(random, edge, count)
            peak_areas = span * 10.0 ** random.uniform(-1.5, 0.3, count)
        for n, (name, parameter) in enumerate(parameters):
            group = groups.get(name.partition(".")[0])
            if group is None:
                time, area = _drawn(random, edge, 1)[0], smallest
                if parameter.start not in ("resistance", "inductance"):
                    area = span
            else:
                time, area = float(peak_times[group]), float(peak_areas[group])
            exponent = 0.87 if informed else random.uniform(0.6, 1.0)
            starts[s, n] = _guess(parameter, area, time, exponent, w)
    return starts


def _guess(parameter: Parameter, area: float, time: float, exponent: float, w: Array) -> float:
    match parameter.start:
        case "resistance":
            return area
        case "time":
            return time
        case "exponent":
            return min(max(exponent, parameter.low), parameter.high)
        case "prefactor":
            return float(time**exponent / area)
        case "elastance":
            return time / area
        case "inductance":
            return float(0.01 * area / w.max())
        case _:
            return float(area * math.sqrt(1.0 / time))


def _drawn(random: np.random.Generator, edge: tuple[float, float], count: int) -> Array:
    return np.asarray(10.0 ** random.uniform(math.log10(edge[0]), math.log10(edge[1]), max(count, 0)))


def _chains(frequency: Array, z: Complex, least: int, most: int) -> dict[int, Array]:
    """R, tau and n of chains of `least` to `most` arcs before their R_inf and L: [R_inf, L, (R, tau, n) of each]."""
    theta, _, _ = fit_arcs(frequency, z[None], np.array([least]), np.array([most]), np.ones(1, dtype=bool))
    found = {}
    for place, arcs in enumerate(range(least, most + 1)):
        chain_of = theta[0, place, : 2 + 3 * arcs].copy()
        chain_of[2::3], chain_of[3::3] = np.exp(chain_of[2::3]), np.exp(chain_of[3::3])
        if np.isfinite(chain_of).all():
            found[arcs] = chain_of
    return found


def _starts_of_chain(
    circuit: Circuit,
    tail: str,
    arcs: int,
    chains: Mapping[int, Array],
    before: CircuitFit | None,
    frequency: Array,
    z: Complex,
    seen: _Relaxation,
) -> Array:
    """Starts of R0-L0-p(R,CPE)...-tail: chains fitted before, the circuit with one arc less, some that are drawn."""
    w = 2.0 * np.pi * frequency
    starts = []
    if not tail:
        starts += [_vector(chains[arcs])] if arcs in chains else []
    elif chains:
        if arcs in chains:
            starts += [np.r_[_vector(chains[arcs]), end] for end in _tail_starts(tail, w, z)]
        if arcs + 1 in chains:  # the slowest arc of one more becomes the end
            longer = chains[arcs + 1]
            starts.append(np.r_[_vector(longer[:-3]), _tail_of_arc(tail, *longer[-3:])])
    else:  # blocking: chains of what is left when the electrodes' branch is taken away
        for end in _tail_starts(tail, w, z):
            rest = z - 1.0 / (end[0] * (1j * w) ** end[1])
            clear = (abs(rest) > 0.02 * abs(z)) & (rest.real > 0)
            if clear.sum() > 12 + 3 * arcs:
                found = _chains(frequency[clear], rest[clear], arcs, arcs)
                starts += [np.r_[_vector(c), end] for c in found.values()]
    if before is not None:
        polarisation = float(np.ptp(z.real)) or float(abs(z).max())
        size = min(polarisation, 10.0 * max(float(before.vector[0]), 1e-3 * polarisation))
        at = 2 + 3 * (arcs - 1)
        for time in np.geomspace(0.3 / w.max(), 3.0 / w.min(), 12):
            for share in (0.3, 0.03):
                new = np.array([share * size, time**0.87 / (share * size), 0.87])
                starts.append(np.r_[before.vector[:at], new, before.vector[at:]])
    if tail or not starts:
        starts += list(_starts(circuit, w, z, 1, seen, FEW_STARTS))
    return np.asarray(np.maximum(np.array(starts), 1e-30), dtype=np.float64)


def _vector(chain_of: Array) -> Array:
    """[R_inf, L, (R, tau, n)...] as [R0, L0, (R, Q, n)...]."""
    r, tau, n = chain_of[2::3], chain_of[3::3], np.clip(chain_of[4::3], 0.4, 1.0)
    smallest = 1e-6 * max(float(r.sum()), 1e-12)
    head = [max(float(chain_of[0]), smallest), max(float(chain_of[1]), 1e-12)]
    return np.asarray(np.r_[head, np.column_stack([r, tau**n / r, n]).ravel()], dtype=np.float64)


def _tail_starts(tail: str, w: Array, z: Complex) -> list[Array]:
    """Numbers of the element at the end from windows at low frequency."""
    found = []
    for points in (3, 6, 12):
        x, y = np.log(w[-points:]), np.log(np.maximum(-z.imag[-points:], 1e-12 * abs(z).max()))
        n = float(np.clip(-np.polyfit(x, y, 1)[0], 0.4, 1.0))
        q = 1.0 / float(np.exp(np.mean(y + n * x))) * math.sin(0.5 * math.pi * n)
        found.append(np.array([q, n]))
    if tail.startswith("CPE"):
        return found
    size = max(float(-z.imag[-1]), 1e-3 * float(abs(z).max()))
    if tail.startswith("Ws"):
        return [np.array([2.0 * size, time / w.min()]) for time in (0.5, 2.0)]
    return [np.array([size * math.sqrt(w.min())])]


def _tail_of_arc(tail: str, resistance: float, time: float, exponent: float) -> Array:
    """The element at the end that looks like an arc at low frequency."""
    if tail.startswith("CPE"):
        n = min(max(exponent, 0.4), 1.0)
        return np.array([time**n / resistance, n])
    if tail.startswith("Ws"):
        return np.array([resistance, time])
    return np.array([resistance / math.sqrt(time)])


def _groups(circuit: Circuit) -> dict[str, int]:
    """Elements that share a time constant: those of one parallel part, or one that relaxes by itself."""
    groups: dict[str, int] = {}

    def visit(node: Node, group: int | None) -> None:
        if node.kind == "element":
            if group is not None:
                groups[node.label] = group
            elif len(circuit.elements[node.label].parameters) > 1 or circuit.elements[node.label].symbol in ("C", "W"):
                groups[node.label] = max(groups.values(), default=-1) + 1
            return
        if node.kind == "parallel" and group is None:
            group = max(groups.values(), default=-1) + 1
        for part in node.parts:
            visit(part, group)

    visit(circuit.root, None)
    return groups


# ---- answers --------------------------------------------------------------------------------------------------------


def _answer(
    spectrum: Measurement,
    circuit: Circuit,
    frequency: Array,
    z: Complex,
    vector: Array,
    chi: float,
    weight: Array,
    free: npt.NDArray[np.bool_],
    fixed: dict[str, float],
    expected: float | None,
) -> CircuitFit:
    w = 2.0 * np.pi * frequency
    model, derivative = circuit.with_derivatives(w, vector[None])
    scaled = derivative[0][free] * weight
    jacobian = np.concatenate([scaled.real, scaled.imag], axis=1)
    rows, count = jacobian.shape[1], int(free.sum())
    variance = max(chi / (rows - count), chain.PRECISION**2)
    size = np.sqrt((jacobian**2).sum(axis=1))
    size = np.where(size > 0, size, 1.0)
    unit = jacobian / size[:, None]
    inverse = np.linalg.pinv(unit @ unit.T, rcond=1e-13, hermitian=True)
    covariance = inverse * variance / np.outer(size, size)
    spread = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    correlation = np.eye(len(vector))
    free_at = np.flatnonzero(free)
    correlation[np.ix_(free_at, free_at)] = covariance / np.maximum(np.outer(spread, spread), 1e-300)
    of_scale = np.zeros(len(vector))
    of_scale[free_at] = spread
    names = [name for name, _ in circuit.parameters]
    logarithmic = np.array([p.scale == "logarithmic" for _, p in circuit.parameters])
    deviations = np.where(logarithmic, np.minimum(of_scale, 1e6) * vector, of_scale)
    verdicts = _verdicts(circuit, names, vector, of_scale, correlation, w)
    question = Result(
        quantity="parameter",
        dimension="number",
        method=METHOD,
        settings={**conditions_of(spectrum), "circuit": circuit.text},
        scope="cell",
        n_interfaces=interfaces_of(spectrum),
        area_normalised=False,
        **provenance(spectrum),
    )
    values = {}
    for n, (name, parameter) in enumerate(circuit.parameters):
        item = replace(question, quantity=name, dimension=parameter.dimension)
        doubts = [v for v in verdicts if _mentions(v, name)]
        values[name] = item.found(
            float(vector[n]), None if name in fixed else float(deviations[n]), doubts=doubts, fixed=name in fixed
        )
    noise = math.sqrt(variance)
    misfit = max(chi / rows, chain.PRECISION**2)
    information = rows * math.log(misfit) - 4.0 * float(np.log(weight).sum()) + count * math.log(rows)
    doubts = list(verdicts)
    if expected is not None and noise > 1.5 * expected and noise > 2e-3:
        doubts.append(f"the circuit misses the data: {100 * noise:.2g} % where the noise is {100 * expected:.2g} %")
    return CircuitFit(
        circuit.text,
        values,
        vector,
        deviations,
        correlation,
        frequency,
        z,
        np.asarray(model[0]),
        noise,
        information,
        _arcs(spectrum, circuit, question, vector, covariance, free_at, w),
        tuple(verdicts),
        _sums(
            question, circuit, vector, covariance, free_at, [d for d in doubts if d.startswith("the circuit misses")]
        ),
        "doubtful" if doubts else "good",
        "; ".join(doubts),
        {"fixed": fixed, "points": len(z), "noise_expected": expected, "chi_square": chi},
        **provenance(spectrum),
    )


def _sums(
    question: Result,
    circuit: Circuit,
    vector: Array,
    covariance: Array,
    free_at: npt.NDArray[np.intp],
    misfit: Sequence[str],
) -> dict[str, Result]:
    """The series resistance, and it with all arcs' resistances: diffusion elements are left out."""
    found = {}
    resistances = [
        n for n, (name, p) in enumerate(circuit.parameters)
        if p.start == "resistance" and circuit.elements[name.partition(".")[0]].symbol in ("R", "ZARC", "K")
    ]  # fmt: skip
    alone = [
        n for n in resistances
        if any(part.label == circuit.parameters[n][0] for part in (circuit.root, *circuit.root.parts))
    ]  # fmt: skip
    whole = np.zeros((len(vector), len(vector)))
    whole[np.ix_(free_at, free_at)] = covariance
    for name, chosen in (("series resistance", alone), ("sum of resistances", resistances)):
        if not chosen:
            continue
        numbers = vector[chosen]  # the covariance is that of their logarithms
        spread = math.sqrt(max(float(numbers @ whole[np.ix_(chosen, chosen)] @ numbers), 0.0))
        item = replace(question, quantity=name, dimension="resistance")
        total = float(numbers.sum())
        doubts = [*misfit, *(["its standard error is half of it or more"] if spread >= 0.5 * total else [])]
        found[name] = item.found(total, min(spread, 1e6 * total), doubts=doubts)
    return found


def _mentions(text: str, name: str) -> bool:
    """Whether a verdict names a parameter."""
    words = text.replace(",", " ").replace(":", " ").split()
    return name in words


def _verdicts(
    circuit: Circuit, names: Sequence[str], vector: Array, spread: Array, correlation: Array, w: Array
) -> list[str]:
    found = []
    for n, (name, parameter) in enumerate(circuit.parameters):
        relative = spread[n] if parameter.scale == "logarithmic" else spread[n] / max(abs(vector[n]), 1e-12)
        if relative > 0.5:
            found.append(f"{name} is not determined (standard error {100 * min(relative, 99.0):.0f} %)")
        if parameter.start == "time" and not 0.2 / w.max() < vector[n] < 5.0 / w.min():
            found.append(f"{name} lies outside the measured frequencies")
        if parameter.start == "exponent" and vector[n] <= parameter.low + 1e-6:
            found.append(f"{name} rests at its limit {parameter.low:g}")
    resistances = [n for n, (_, p) in enumerate(circuit.parameters) if p.start == "resistance"]
    for position, a in enumerate(resistances):
        for b in resistances[position + 1 :]:
            if abs(correlation[a, b]) > ALIKE:
                found.append(
                    f"{names[a]} and {names[b]} cannot be separated: correlation {correlation[a, b]:.2f} ; "
                    f"their sum {vector[a] + vector[b]:.4g} Ohm is what the data fix"
                )
    return found


def _arcs(
    spectrum: Measurement,
    circuit: Circuit,
    question: Result,
    vector: Array,
    covariance: Array,
    free_at: npt.NDArray[np.intp],
    w: Array,
) -> tuple[Arc, ...]:
    """Arcs with their capacitances: p(R,CPE), p(R,C), ZARC and K."""
    names = [name for name, _ in circuit.parameters]
    whole = np.zeros((len(vector), len(vector)))
    whole[np.ix_(free_at, free_at)] = covariance
    found = []
    series = abs(circuit.with_derivatives(np.array([w.max()]), vector[None])[0][0, 0].real)
    for labels in _arc_labels(circuit):
        slots = [names.index(n) for label in labels for n in names if n.partition(".")[0] == label]
        block, numbers = whole[np.ix_(slots, slots)], vector[slots]
        symbols = [circuit.elements[label].symbol for label in labels]
        if symbols == ["ZARC"]:
            resistance, tau, n = numbers
            slope = np.array([0.0, 1.0, 0.0])
        elif symbols == ["R", "CPE"]:
            resistance, prefactor, n = numbers
            tau = (resistance * prefactor) ** (1 / n)
            slope = np.array([1 / n, 1 / n, -math.log(resistance * prefactor) / n**2])
        else:
            resistance, capacity = numbers
            tau, n = resistance * capacity, 1.0
            slope = np.array([1.0, 1.0])
        of_tau = math.sqrt(max(float(slope @ block @ slope), 0.0))
        difference = slope - np.eye(len(slots))[0]
        of_capacitance = math.sqrt(max(float(difference @ block @ difference), 0.0))
        of_resistance = math.sqrt(max(float(block[0, 0]), 0.0))
        prefactor = tau**n / resistance
        area = area_of(spectrum)
        scale = area or 1.0
        found.append(
            _arc(
                question,
                labels,
                (resistance, of_resistance),
                (tau, of_tau),
                of_capacitance,
                prefactor,
                n,
                series,
                area,
                scale,
            )
        )
    return tuple(found)


def _arc(
    question: Result,
    labels: tuple[str, ...],
    resistance: tuple[float, float],
    time: tuple[float, float],
    of_capacitance: float,
    prefactor: float,
    exponent: float,
    series: float,
    area: float | None,
    scale: float,
) -> Arc:
    normalised = area is not None
    r = replace(
        question,
        quantity=f"resistance of arc {labels[0]}",
        dimension="area-specific resistance" if normalised else "resistance",
        area_normalised=normalised,
    ).found(resistance[0] * scale, resistance[0] * scale * min(resistance[1], 1e6))
    t = replace(question, quantity=f"time constant of arc {labels[0]}", dimension="relaxation time").found(
        time[0], time[0] * min(time[1], 1e6)
    )
    capacity = replace(
        question,
        quantity=f"capacitance of arc {labels[0]}",
        dimension="areal capacitance" if normalised else "capacitance",
        area_normalised=normalised,
    )
    through = float(hsu_mansfeld_capacitance(resistance[0], prefactor, exponent)) / scale
    along = float(brug_capacitance(resistance[0], max(series, 1e-9), prefactor, exponent)) / scale
    candidates, decides = processes(through, time[0], area_known=normalised)
    return Arc(
        labels,
        r,
        t,
        capacity.found(through, through * min(of_capacitance, 1e6), formula="Hsu and Mansfeld: Q^(1/n) R^(1/n - 1)"),
        capacity.found(along, along * min(of_capacitance, 1e6), formula="Brug: Q^(1/n) (1/R_s + 1/R)^(1 - 1/n)"),
        candidates,
        decides,
    )


def _arc_labels(circuit: Circuit) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def visit(node: Node) -> None:
        if node.kind == "element":
            if circuit.elements[node.label].symbol in ("ZARC", "K"):
                found.append((node.label,))
            return
        if node.kind == "parallel" and all(part.kind == "element" for part in node.parts) and len(node.parts) == 2:
            pair = sorted((part.label for part in node.parts), key=lambda label: circuit.elements[label].symbol != "R")
            if [circuit.elements[label].symbol for label in pair] in (["R", "CPE"], ["R", "C"]):
                found.append((pair[0], pair[1]))
                return
        for part in node.parts:
            visit(part)

    visit(circuit.root)
    return found


PROCESSES = (
    # process, capacitance per area [F/m2] from, to, time constant [s] from, to
    ("bulk of the electrolyte", 1e-9, 1e-6, 1e-11, 1e-7),
    ("grain boundaries of the electrolyte", 1e-6, 1e-3, 1e-8, 1e-5),
    ("constriction of current at contacts", 1e-5, 1e-2, 1e-9, 1e-5),
    ("interphase", 1e-4, 1e-1, 1e-7, 1e-3),
    ("charge transfer with double layer", 1e-2, 1.0, 1e-6, 1.0),
    ("diffusion or a chemical capacitance", 0.5, 1e8, 1e-2, 1e6),
)
DECIDES = (
    "a second test is needed for a name: activation energy (electrolyte 0.26-0.4 eV), stack pressure (constriction "
    "falls as the contact grows), or charge passed (contact loss raises R at constant tau)"
)


def processes(capacitance: float, time_constant: float, *, area_known: bool) -> tuple[tuple[tuple[str, str], ...], str]:
    """Rank the processes that an arc may be by its capacitance and time constant.

    Args:
        capacitance: [F/m2], or [F] of the cell where the area is unknown.
        time_constant: [s].
        area_known: which of the two it is; unknown areas are taken as 0.1 to 3 cm2.

    Returns:
        (process, evidence) pairs, the likeliest first, and the measurement that would decide.

    Source: Irvine, Sinclair and West 1990, Adv. Mater. 2, 132 (capacitances);
        natrode model notes G (time constants).
    """
    spans = (1.0, 1.0) if area_known else (1 / 3e-4, 1 / 1e-5)
    ranked = []
    for name, low, high, early, late in PROCESSES:
        inside = low <= capacitance * spans[1] and capacitance * spans[0] <= high
        middle = math.sqrt(low * high)
        far = abs(math.log10(capacitance * math.sqrt(spans[0] * spans[1]) / middle))
        in_time = early <= time_constant <= late
        if inside:
            unit = f"{100 * capacitance:.2g} uF/cm2" if area_known else f"{capacitance:.2g} F (area unknown)"
            word = "and" if in_time else "but not"
            ranked.append((far + (0.0 if in_time else 3.0), name, f"C = {unit}, {word} tau = {time_constant:.2g} s"))
    return tuple((name, evidence) for _, name, evidence in sorted(ranked)), DECIDES


def _refused(spectrum: Measurement, circuit: Circuit, frequency: Array, z: Complex, reason: str) -> CircuitFit:
    none = np.empty(0)
    return CircuitFit(
        circuit.text, {}, none, none, np.empty((0, 0)), frequency, z, np.empty(0, complex), math.nan, math.inf, (), (),
        {}, "not computed", reason, {}, **provenance(spectrum),
    )  # fmt: skip
