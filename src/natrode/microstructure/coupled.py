"""Ions in a conductor and electrons in metal, coupled by a reaction where they touch: Newton's method.

All potentials are -phi F/RT against the current collector, so that the overpotential of stripping, metal minus
ionic conductor, is the unknown of the conductor minus that of the metal. Conductances are relative to that between
two voxels along the depth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numba import prange

from natrode.compiled import compiled, compiled_twice
from natrode.errors import SimulationError
from natrode.microstructure.contacts import Exchange, coarse_exchange
from natrode.microstructure.krylov import conjugate_gradients
from natrode.microstructure.lattice import Indices, Numbers
from natrode.microstructure.multigrid import Hierarchy
from natrode.microstructure.operators import NO_MASS, Doubles, Floats, Vector, choose

_MOST_STEPS = 60
_FIRST_FORCING = 0.1
_DEEPEST_START = 3
_COARSE_TOLERANCE = 0.1
_NO_MASS_BELOW = 1e-3
_SHARE = 0.9
"""Of the residual that is asked for, to which a correction is solved."""
RESIDUAL = 1e-4
"""Norm that leaves an error of the current below 1e-6 once the currents balance: it is of second order."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """What conducts and what reacts: the conductor's levels, the plane before it, contacts and metal."""

    hierarchy: Hierarchy
    entering: Indices
    """Voxels of the first layer."""
    inlets: Doubles
    """Their conductances to the plane, with half a voxel and the series resistance in between [-]."""
    exchange: Exchange
    pieces: int
    """Metal pieces, the one on the collector included."""
    metal: Hierarchy | None = None
    """Levels of the metal's voxels; None where each piece is at one potential."""
    behind: Indices = field(default_factory=lambda: np.empty(0, np.int32))
    """Metal voxel behind each contact, for `metal`."""
    metal_positions: Indices = field(default_factory=lambda: np.empty(0, np.int32))
    """Flat index of each metal voxel in the image, for `metal`."""

    @property
    def size(self) -> int:
        """Voxels of the conductor."""
        return self.hierarchy.levels[0].operator.size

    def entering_current(self, state: "State") -> float:
        """Return the current through the plane, in conductances times RT/F [-]."""
        return float(self.inlets @ (state.plane - state.u[self.entering]))

    @property
    def metal_size(self) -> int:
        """Voxels of the metal that have potentials of their own."""
        return 0 if self.metal is None else self.metal.levels[0].operator.size


@dataclass(eq=False)
class State:
    """Potentials of a circuit [RT/F]."""

    u: Doubles
    """Of the conductor's voxels and 0, shape (size + 1,)."""
    pieces: Doubles
    """Of the metal pieces, that on the collector 0."""
    metal: Doubles
    """What the metal's voxels differ from their pieces by, and 0, shape (metal_size + 1,)."""
    plane: float
    """Of the plane before the conductor."""

    def moved(self, step: float, dx: Floats, circuit: Circuit) -> "State":
        """Return the state after a step along a correction."""
        parts = Parts.of(circuit)
        u, metal = np.empty_like(self.u), np.empty_like(self.metal)
        choose(_move, u.size)(self.u, dx[parts.voxels], step, u)
        choose(_move, metal.size)(self.metal, dx[parts.metal], step, metal)
        pieces = self.pieces + step * dx[parts.pieces].astype(np.float64)
        return State(u, pieces, metal, self.plane + step * float(dx[-1]))


@dataclass(frozen=True)
class Convergence:
    """What Newton's method did."""

    steps: int
    iterations: int
    """Of conjugate gradients on the finest level."""
    coarse_iterations: int
    residual: float
    """Norm of the residual over that of the currents into the first layer [-]."""
    balance: float
    """Difference between the current that enters and the one that reacts on the collector's metal [-]."""
    error: float
    """Estimated error of the current: what the last correction changed it by, as much smaller as the residual became;
    or the balance [-]."""


@dataclass(frozen=True)
class Parts:
    """Where the unknowns lie in one vector: voxels and a 0, metal and a 0, pieces, plane."""

    voxels: slice
    metal: slice
    pieces: slice
    size: int

    @classmethod
    def of(cls, circuit: Circuit) -> "Parts":
        """Return where the unknowns of a circuit lie."""
        metal = circuit.size + 1
        pieces = metal + circuit.metal_size + 1
        plane = pieces + circuit.pieces
        return cls(slice(0, metal), slice(metal, pieces), slice(pieces, plane), plane + 1)


def start(circuit: Circuit, plane: float) -> State:
    """Return the state without any potential but that of the plane [RT/F]."""
    return State(np.zeros(circuit.size + 1), np.zeros(circuit.pieces), np.zeros(circuit.metal_size + 1), plane)


def extrapolated(states: Sequence[State], times: Sequence[float], time: float) -> tuple[State, Doubles]:
    """Continue states at some times by the polynomial through them; return that and the weights of the states."""
    weights = np.array([math.prod((time - t) / (here - t) for t in times if t != here) for here in times])
    u, metal = np.zeros_like(states[0].u), np.zeros_like(states[0].metal)
    for state, weight in zip(states, weights, strict=True):
        choose(_add, u.size)(u, state.u, weight)
        choose(_add, metal.size)(metal, state.metal, weight)
    pieces = sum((weight * state.pieces for state, weight in zip(states, weights, strict=True)), np.zeros(1))
    last = states[-1].plane  # written so that a plane whose potential is given keeps it, whatever the rounding
    plane = last + sum(float(w) * (state.plane - last) for state, w in zip(states, weights, strict=True))
    return State(u, pieces, metal, plane), weights


def solve(
    circuit: Circuit,
    state: State,
    current: float | None = None,
    *,
    tolerance: float = 1e-8,
    residual: float = RESIDUAL,
    coarse: bool = False,
) -> tuple[State, Convergence]:
    """Find the potentials at which all currents balance.

    Args:
        circuit: what conducts and reacts.
        state: where to start; its plane stays at its potential unless there is a `current`.
        current: that enters through the plane, in conductances times RT/F [-].
        tolerance: difference between the currents in and out, relative to the current [-].
        residual: norm of the residual relative to that of the currents into the first layer [-].
        coarse: start from solutions on coarser levels.

    Returns:
        The potentials and how they were found.

    Raises:
        SimulationError: the currents do not balance.

    Formula:
        Newton's method with conjugate gradients to a tolerance that falls with the residual, single precision
        for the corrections and double precision for potentials and residuals; once the residual is small, the best
        multiples of the solution and of a uniform potential are added, which balances the currents.

    Source: Eisenstat and Walker 1996, SIAM J. Sci. Comput. 17, 16 (forcing terms).
    """
    coarse_iterations = 0
    if coarse:
        state, coarse_iterations = _start_coarse(circuit, state, current)
    step = _Step(circuit, current)
    norm, balance = step.evaluate(state)
    scale = step.scale(state)
    forcing, iterations, count, lifted, before = _FIRST_FORCING, 0, 0, False, (math.inf, 0.0)
    while norm > residual * scale or balance > tolerance:
        if count == _MOST_STEPS:
            raise SimulationError(
                f"the potentials do not converge: after {count} Newton steps the currents in and out differ by "
                f"{balance:.1e}; ask for a larger tolerance"
            )
        if norm <= residual * scale and not lifted:
            dx, used, lifted = step.lift(state), 0, True
        else:
            wanted = _SHARE * residual * scale
            if lifted:  # which has not balanced the currents: only a smaller residual will
                wanted = min(wanted, _SHARE * norm * tolerance / max(balance, tolerance))
            before = norm, circuit.entering_current(state)
            dx, used = step.correction(max(forcing * norm, wanted), norm)
            lifted = False
        iterations += used
        former, length = norm, 1.0
        while True:
            trial = state.moved(length, dx, circuit)
            norm, balance = step.evaluate(trial)
            if lifted or norm < former * (1.0 - 1e-4 * length) or length < 1e-3 or norm < 1e-12 * scale:
                break
            length *= 0.5
        state, count = trial, count + 1
        scale = step.scale(state)
        forcing = min(_FIRST_FORCING, max(0.9 * (norm / former) ** 2, 1e-4))
    entering = circuit.entering_current(state)
    changed = abs(entering - before[1]) * norm / before[0]
    error = max(changed / abs(entering) if entering else 0.0, balance)
    return state, Convergence(count, iterations, coarse_iterations, norm / max(scale, 1e-300), balance, error)


class _Step:
    """Residual, slopes and linear system at one state; its vectors are those of `Parts`."""

    def __init__(self, circuit: Circuit, current: float | None) -> None:
        self.circuit, self.current = circuit, current
        self.parts = Parts.of(circuit)
        self.r = np.zeros(self.parts.size)
        self.mass = np.zeros(circuit.size, np.float32)
        self._system: Linear | None = None

    @property
    def system(self) -> "Linear":
        """Matrix at the slopes of the last evaluation."""
        if self._system is None:
            self._system = Linear(self.circuit, self.mass, plane=self.current is not None)
        return self._system

    def scale(self, state: State) -> float:
        """Norm of the currents that enter the first layer."""
        drops = state.plane - state.u[self.circuit.entering]
        return float(np.linalg.norm(self.circuit.inlets * drops))

    def evaluate(self, state: State) -> tuple[float, float]:
        """Set residual and slopes; return the norm of the residual and the relative difference of currents."""
        circuit, parts, r = self.circuit, self.parts, self.r
        exchange, size = circuit.exchange, circuit.size
        at = exchange.contacts
        if not exchange.linear:
            self._system = None
        r[size:] = 0.0
        choose(_clear, size)(r, self.mass)
        r[circuit.entering] = circuit.inlets * state.plane
        voxels = r[:size]
        circuit.hierarchy.levels[0].operator.subtract(state.u, voxels)
        shifts = np.empty(0) if circuit.metal is None else state.metal[circuit.behind]
        exchange.react(state.u, state.pieces, shifts, voxels, self.mass)
        entering = circuit.entering_current(state)
        reacting = exchange.reacting_current()
        if circuit.pieces > 1:
            _to_pieces(at.floating, at.pieces, exchange.fluxes, r[parts.pieces])
        if circuit.metal is not None:
            metal = r[parts.metal]
            _to_voxels(circuit.behind, exchange.fluxes, metal)
            circuit.metal.levels[0].operator.subtract(state.metal, metal[:-1])
        if self.current is not None:
            r[-1] = self.current - entering
        most = max(abs(entering), abs(reacting), abs(self.current or 0.0), 1e-300)
        off = max(abs(entering - reacting), abs(r[-1]), float(np.abs(r[parts.pieces]).max()))
        return math.sqrt(choose(_square, r.size)(r)), off / most

    def correction(self, goal: float, norm: float) -> tuple[Floats, int]:
        """Solve the linear system to a residual of `goal`; return the correction and the iterations."""
        circuit, parts = self.circuit, self.parts
        x, r = np.zeros(parts.size, np.float32), np.empty(parts.size, np.float32)
        choose(_scale, parts.size)(self.r, 1.0 / norm, r)
        # the residual is scaled to 1, so that single precision never underflows
        if circuit.pieces == 1 and circuit.metal is None and self.current is None:
            circuit.hierarchy.set_mass(self.mass)
            descent = conjugate_gradients(circuit.hierarchy, r[: circuit.size], x[parts.voxels], residual=goal / norm)
        else:
            descent = conjugate_gradients(self.system, r, x, residual=goal / norm)
        choose(_scale, parts.size)(x, norm, x)
        return x, descent.iterations

    def lift(self, state: State) -> Floats:
        """Return the combination of the state and of a uniform potential that leaves no residual along both."""
        circuit, parts = self.circuit, self.parts
        system = self.system
        vectors = np.zeros((2, parts.size), np.float32)
        choose(_scale, state.u.size)(state.u, 1.0, vectors[0, parts.voxels])
        vectors[0, parts.pieces] = state.pieces
        vectors[1, : circuit.size] = 1.0
        vectors[1, parts.pieces] = system.inverse > 0.0
        if self.current is not None:
            vectors[:, -1] = state.plane, 1.0
        images = np.empty_like(vectors)
        for vector, image in zip(vectors, images, strict=True):
            system.apply(vector, image)
        product = choose(_product, parts.size)
        matrix = np.array([[product(vector, image) for image in images] for vector in vectors])
        right = np.array([product(vector, self.r) for vector in vectors])
        one, other = np.linalg.lstsq(matrix, right, rcond=None)[0].astype(np.float32)
        choose(_combine, parts.size)(vectors[0], vectors[1], one, other)
        lifted: Floats = vectors[0]
        return lifted


class Linear:
    """Matrix of a circuit at the slopes of its exchange, with its preconditioner."""

    def __init__(self, circuit: Circuit, mass: Floats, *, plane: bool = False) -> None:
        """Take slopes from the exchange and their sums over the voxels; `plane` if its potential is unknown."""
        self.circuit, self.mass, self.plane = circuit, mass, plane
        self.parts = Parts.of(circuit)
        exchange = circuit.exchange
        self._slopes = exchange.slopes.astype(np.float32)
        self._inlets, self._plate = circuit.inlets.astype(np.float32), float(circuit.inlets.sum())
        self._held = np.bincount(exchange.contacts.pieces, exchange.slopes, circuit.pieces)
        self._held[0] = 0.0
        self.inverse = np.zeros(circuit.pieces)
        np.divide(1.0, self._held, out=self.inverse, where=self._held > 0)

    @cached_property
    def _z(self) -> Floats:
        """Room for what the preconditioner returns; asked for first when the levels do not know the mass yet."""
        circuit = self.circuit
        circuit.hierarchy.set_mass(self.mass)
        if circuit.metal is not None:
            sums = np.zeros(circuit.metal_size, np.float32)
            _to_voxels(circuit.behind, circuit.exchange.slopes, sums)
            stiff = float(circuit.metal.levels[0].operator.diagonal().max())
            # a mass that single precision cannot tell from none would only hold pieces that float
            circuit.metal.set_mass(sums if sums.max() > _NO_MASS_BELOW * stiff else NO_MASS)
        return np.zeros(self.parts.size, np.float32)

    @cached_property
    def _right(self) -> Floats:
        return np.empty(self.circuit.size, np.float32)

    def precondition(self, b: Floats) -> Floats:
        """Eliminate pieces and plane around one cycle of the conductor; one cycle of the metal beside it."""
        circuit, parts = self.circuit, self.parts
        at = circuit.exchange.contacts
        z, right = self._z, self._right
        right[:] = b[: circuit.size]
        first = b[parts.pieces] * self.inverse
        _from_pieces(at.floating, at.owners, at.pieces, self._slopes, first, right)
        if self.plane:
            right[circuit.entering] += self._inlets * np.float32(b[-1] / self._plate)
        inner = circuit.hierarchy.precondition(right)
        z[parts.voxels] = inner
        gathered = b[parts.pieces].astype(np.float64)
        _gather(at.floating, at.owners, at.pieces, self._slopes, inner, gathered)
        z[parts.pieces] = gathered * self.inverse
        if self.plane:
            z[-1] = (b[-1] + float(circuit.inlets @ inner[circuit.entering])) / self._plate
        if circuit.metal is not None:
            z[parts.metal] = circuit.metal.precondition(b[parts.metal][:-1])
        return z

    def apply(self, p: Floats, q: Floats) -> float:
        """Set q to the matrix times p and return p.q."""
        circuit, parts = self.circuit, self.parts
        at = circuit.exchange.contacts
        operator = circuit.hierarchy.levels[0].operator
        q[circuit.size :] = 0.0
        if circuit.metal is None:
            product = operator.apply(p[parts.voxels], self.mass, q[: circuit.size])
            _from_pieces(at.floating, at.owners, at.pieces, -self._slopes, p[parts.pieces].astype(np.float64), q)
            gathered = np.zeros(circuit.pieces)
            _gather(at.floating, at.owners, at.pieces, self._slopes, p, gathered)
            q[parts.pieces] = self._held * p[parts.pieces] - gathered
            product += float(p[parts.pieces] @ (q[parts.pieces] - gathered))
        else:
            operator.apply(p[parts.voxels], NO_MASS, q[: circuit.size])
            metal = circuit.metal.levels[0].operator
            metal.apply(p[parts.metal], NO_MASS, q[parts.metal][:-1])
            _join(at.owners, at.pieces, circuit.behind, self._slopes, p, parts.metal.start, parts.pieces.start, q)
            q[parts.pieces.start] = 0.0
            product = float(np.vdot(p.astype(np.float64), q))
        if self.plane:
            inflow = float(circuit.inlets @ p[circuit.entering])
            q[circuit.entering] -= self._inlets * p[-1]
            q[-1] = self._plate * p[-1] - inflow
            product += float(p[-1]) * (float(q[-1]) - inflow)
        return product


def _start_coarse(circuit: Circuit, state: State, current: float | None) -> tuple[State, int]:
    """Solve on coarser levels, without metal pieces that float, and inject from one to the next."""
    groupings = [level.grouping for level in circuit.hierarchy.levels[:_DEEPEST_START] if level.grouping is not None]
    exchanges = [circuit.exchange]
    for grouping in groupings:
        exchanges.append(coarse_exchange(exchanges[-1], grouping.owners, grouping.size))
    plane, iterations, u = state.plane, 0, np.empty(0)
    if not groupings or exchanges[-1].contacts.size == 0:
        return state, 0
    for depth in range(len(groupings), 0, -1):
        hierarchy, exchange = circuit.hierarchy.below(depth), exchanges[depth]
        operator = hierarchy.levels[0].operator
        ground = operator.ground()
        entering = np.flatnonzero(ground).astype(np.int32)
        coarse = Circuit(hierarchy, entering, ground[entering].astype(np.float64), exchange, 1)
        guess = start(coarse, plane)
        if u.size:
            guess.u[:-1] = u[groupings[depth].owners]
        found, convergence = solve(coarse, guess, current, tolerance=np.inf, residual=_COARSE_TOLERANCE)
        plane, u = found.plane, found.u
        iterations += convergence.iterations
    begun = start(circuit, plane)
    choose(_inject, circuit.size)(u, groupings[0].owners, begun.u)
    at = circuit.exchange.contacts
    floats = at.pieces > 0
    if floats.any():
        weights = circuit.exchange.weights[floats]
        total = np.bincount(at.pieces[floats], weights, circuit.pieces)
        mean = np.bincount(at.pieces[floats], weights * begun.u[at.owners[floats]], circuit.pieces)
        np.divide(mean, total, out=begun.pieces, where=total > 0)
    return begun, iterations


@compiled_twice
def _move(u: Doubles, dx: Floats, step: float, moved: Doubles) -> None:
    for v in prange(u.size):
        moved[v] = u[v] + step * np.float64(dx[v])


@compiled_twice
def _add(total: Doubles, values: Doubles, weight: float) -> None:
    for v in prange(total.size):
        total[v] += weight * values[v]


@compiled_twice
def _inject(coarse: Doubles, owners: Numbers, u: Doubles) -> None:
    for v in prange(owners.size):
        u[v] = coarse[owners[v]]


@compiled_twice
def _clear(r: Doubles, mass: Floats) -> None:
    for v in prange(mass.size):
        r[v] = 0.0
        mass[v] = 0.0


@compiled_twice
def _scale(values: Vector, factor: float, scaled: Floats) -> None:
    for v in prange(values.size):
        scaled[v] = factor * values[v]


@compiled_twice
def _combine(one: Floats, other: Floats, factor: float, further: float) -> None:
    """Multiply one by its factor and add the other by its own."""
    for v in prange(one.size):
        one[v] = factor * one[v] + further * other[v]


@compiled_twice
def _square(values: Doubles) -> float:
    total = 0.0
    for v in prange(values.size):
        total += values[v] * values[v]
    return total


@compiled_twice
def _product(one: Floats, other: Vector) -> float:
    total = 0.0
    for v in prange(one.size):
        total += np.float64(one[v]) * np.float64(other[v])
    return total


@compiled
def _to_pieces(floating: Indices, pieces: Indices, values: Doubles, sums: Doubles) -> None:
    for e in floating:
        sums[pieces[e]] += values[e]


@compiled
def _gather(floating: Indices, owners: Indices, pieces: Indices, slopes: Floats, p: Floats, sums: Doubles) -> None:
    for e in floating:
        sums[pieces[e]] += np.float64(slopes[e]) * np.float64(p[owners[e]])


@compiled
def _from_pieces(
    floating: Indices, owners: Indices, pieces: Indices, slopes: Floats, potentials: Doubles, right: Floats
) -> None:
    for e in floating:
        right[owners[e]] += slopes[e] * potentials[pieces[e]]


@compiled
def _to_voxels(behind: Indices, values: Doubles, sums: Vector) -> None:
    for e in range(behind.size):
        sums[behind[e]] += values[e]


@compiled
def _join(
    owners: Indices, pieces: Indices, behind: Indices, slopes: Floats, p: Floats, metal: int, piece: int, q: Floats
) -> None:
    """Add the currents of all contacts to conductor, metal voxels and pieces."""
    for e in range(owners.size):
        current = slopes[e] * (p[owners[e]] - p[metal + behind[e]] - p[piece + pieces[e]])
        q[owners[e]] += current
        q[metal + behind[e]] -= current
        q[piece + pieces[e]] -= current
