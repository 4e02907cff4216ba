"""Fit of an equivalent circuit without a guess, and which circuit the data ask for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from natrode.analysis import distribution as relaxation
from natrode.analysis._circuit_answer import METHOD, Arc, CircuitFit, answer, processes, refused
from natrode.analysis._circuit_starts import Relaxation, chains_of, fit_arcs, relaxation_of, starts_of, starts_of_chain
from natrode.analysis.circuit import Array, Circuit, Complex, parse_circuit
from natrode.analysis.result import Result
from natrode.analysis.spectrum import BLOCKING_PHASE, sorted_spectrum
from natrode.errors import SpecificationError
from natrode.measurement import Measurement
from natrode.units import DIMENSIONS, from_si

EQUAL = 6.0
"""Difference of the information criterion up to which two circuits fit equally well."""


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
        return refused(spectrum, read, frequency, z, f"{len(z)} points for {int(free.sum())} parameters")
    seen = relaxation_of(frequency, z)
    starts = starts_of(read, 2.0 * np.pi * frequency, z, seed, seen)
    for given in (start or {}, fixed or {}):
        for name, value in given.items():
            starts[:, names.index(name)] = value
    return _fitted(spectrum, read, frequency, z, starts, free, dict(fixed or {}), seen)


def _fitted(
    spectrum: Measurement,
    circuit: Circuit,
    frequency: Array,
    z: Complex,
    starts: Array,
    free: npt.NDArray[np.bool_],
    fixed: dict[str, float],
    seen: Relaxation,
) -> CircuitFit:
    """The best fit from some starts, weighted by the model at its end."""
    w = 2.0 * np.pi * frequency
    weight: Array = np.asarray(1.0 / abs(z), dtype=np.float64)
    values, _ = minimise(circuit, w, z, weight, starts, free)
    best = values[:1]
    for _ in range(2):
        weight = np.asarray(1.0 / abs(circuit.with_derivatives(w, best)[0][0]), dtype=np.float64)
        best, chi = minimise(circuit, w, z, weight, best, free, tolerance=1e-10)
    return answer(spectrum, circuit, frequency, z, best[0], float(chi[0]), weight, free, fixed, seen.noise)


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
        return [refused(spectrum, parse_circuit("R0"), frequency, z, reason)]
    seen = relaxation_of(frequency, z)
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
    chains = {} if blocking else chains_of(frequency, z, counts.start, min(counts.stop, most))
    fits = []
    for tail in tails:
        before: CircuitFit | None = None
        worse = 0
        for arcs in counts:
            text = "-".join(["R0", "L0", *(f"p(R{k},CPE{k})" for k in range(1, arcs + 1)), *([tail] if tail else [])])
            circuit = parse_circuit(text)
            starts = starts_of_chain(circuit, tail, arcs, chains, before, frequency, z, seen)
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
        part = _fitted(spectrum, circuit, frequency[:kept], z[:kept], fit.vector[None], free, {}, Relaxation(*_NOTHING))
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
        name: _spread(result, {way: _middle(fit.sums[name]) for way, fit in every.items() if name in fit.sums})
        for every in ({best.circuit: best} | alike,)
        for name, result in best.sums.items()
    }
    values = dict(best.values)
    arcs = []
    for arc in best.arcs:
        label = arc.labels[0]
        ways = {best.circuit: _middle(arc.resistance)}
        for way, fit in alike.items():
            near = [a for a in fit.arcs if _apart(a, arc) < 0.5]
            ways[way] = _middle(min(near, key=lambda a: _apart(a, arc)).resistance) if near else None
        arcs.append(replace(arc, resistance=_spread(arc.resistance, ways)))
        scale = float(arc.resistance.settings.get("area") or 1.0) if arc.resistance.area_normalised else 1.0
        if label in values:
            own = {name: None if way is None else way / scale for name, way in ways.items()}
            values[label] = _spread(values[label], own)
    if "R0" in values and "ways" in sums["series resistance"].settings:
        values["R0"] = _spread(best.values["R0"], dict(sums["series resistance"].settings["ways"]))
    return replace(best, sums=sums, values=values, arcs=tuple(arcs))


def _middle(result: Result) -> float | None:
    """The number of a result, also where it is reported as a limit."""
    return result.value if result.value is not None else result.settings.get("estimate")


def _apart(one: Arc, other: Arc) -> float:
    """Decades between two time constants."""
    times = [_middle(arc.time_constant) or math.nan for arc in (one, other)]
    return abs(math.log10(times[0] / times[1]))


def _spread(result: Result, ways: Mapping[str, float | None]) -> Result:
    """A result whose uncertainty holds half the range over equally good circuits."""
    if result.value is None:
        return result
    known = [way for way in ways.values() if way is not None]
    choice = 0.5 * (max(known) - min(known))
    unit = DIMENSIONS[result.dimension][1].replace("ohm", "Ohm")
    low, high = (f"{from_si(way, unit, result.dimension):.3g}" for way in (min(known), max(known)))
    span = f"{low} to {high} {unit} in {len(known)} fair circuits or windows".replace(" 1 in", " in")
    fit = result.uncertainty or 0.0
    doubts = [result.reason] if result.reason else []
    missing = len(ways) - len(known)
    if missing:
        doubts.append(f"{missing} of {len(ways)} fair circuits or windows have no such arc")
    parts = {"fit": fit, "model choice": choice}
    if choice > 0.5 * abs(result.value):
        return result.refused("; ".join([span, *doubts]), parts=parts, ways=dict(ways))
    if choice > 0.1 * abs(result.value):
        doubts.append(span)
    return result.found(result.value, float(np.hypot(fit, choice)), doubts=doubts, parts=parts, ways=dict(ways))


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


__all__ = [
    "METHOD", "Arc", "CircuitFit", "fit_arcs", "fit_circuit", "minimise", "processes", "suggest_circuits",
]  # fmt: skip
