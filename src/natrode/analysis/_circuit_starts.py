"""Where the fit of a circuit begins: peaks of the distribution of relaxation times, chains of arcs, drawn numbers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from natrode.analysis import _arc_chain as chain
from natrode.analysis import distribution as relaxation
from natrode.analysis._circuit_answer import CircuitFit
from natrode.analysis.circuit import Array, Circuit, Complex, Node, Parameter
from natrode.compiled import on_all_cores

STARTS = 192
FEW_STARTS = 24
"""Drawn starts where others are at hand: the same circuit with one arc less, chains of arcs fitted before."""


@dataclass(frozen=True)
class Relaxation:
    """What the distribution of relaxation times says before a circuit is fitted."""

    times: Array
    areas: Array
    """Of its peaks, small ones among them."""
    count: int
    """Peaks that count."""
    noise: float | None


def relaxation_of(frequency: Array, z: Complex) -> Relaxation:
    if len(z) < 10 or len(np.unique(frequency)) < 10:
        return Relaxation(np.empty(0), np.empty(0), 0, None)
    tau, g, _, noise, _ = relaxation.distribution(frequency, z[None])
    times, areas, _, _ = relaxation.peaks_of(tau, g[0], depth=0.001, share=1e-3)
    known = float(noise[0]) if len(z) >= relaxation.FEWEST_POINTS else None
    return Relaxation(times, areas, len(relaxation.peaks_of(tau, g[0])[0]), known)


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
    given = (
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
    on_all_cores(len(impedance), partial(chain.fit_rows, *given))
    return theta, covariance, quality


def starts_of(circuit: Circuit, w: Array, z: Complex, seed: int, seen: Relaxation, number: int = STARTS) -> Array:
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


def chains_of(frequency: Array, z: Complex, least: int, most: int) -> dict[int, Array]:
    """R, tau and n of chains of `least` to `most` arcs before their R_inf and L: [R_inf, L, (R, tau, n) of each]."""
    theta, _, _ = fit_arcs(frequency, z[None], np.array([least]), np.array([most]), np.ones(1, dtype=bool))
    found = {}
    for place, arcs in enumerate(range(least, most + 1)):
        chain_of = theta[0, place, : 2 + 3 * arcs].copy()
        chain_of[2::3], chain_of[3::3] = np.exp(chain_of[2::3]), np.exp(chain_of[3::3])
        if np.isfinite(chain_of).all():
            found[arcs] = chain_of
    return found


def starts_of_chain(
    circuit: Circuit,
    tail: str,
    arcs: int,
    chains: Mapping[int, Array],
    before: CircuitFit | None,
    frequency: Array,
    z: Complex,
    seen: Relaxation,
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
                found = chains_of(frequency[clear], rest[clear], arcs, arcs)
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
        starts += list(starts_of(circuit, w, z, 1, seen, FEW_STARTS))
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
