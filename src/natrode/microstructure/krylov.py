"""Conjugate gradients with the multigrid cycle, stopped by the residual or by the energy that is still to be won."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numba import prange

from natrode.compiled import compiled_twice
from natrode.microstructure.operators import Floats, choose


@dataclass(frozen=True)
class Descent:
    """What an iteration reached."""

    iterations: int
    residual: float
    """Euclidean norm of the residual that is left [-]."""
    won: float
    """How much the energy x'Ax - 2 b'x fell [-]."""
    remaining: float
    """Estimate of what it could still fall: the squared energy norm of the error [-]."""


class System(Protocol):
    """A symmetric positive matrix with its preconditioner."""

    def precondition(self, b: Floats) -> Floats:
        """Return an approximate solution, at least as long as `b`; the next call may overwrite it."""

    def apply(self, p: Floats, q: Floats) -> float:
        """Set q to the matrix times p and return p.q."""


def conjugate_gradients(
    system: System,
    r: Floats,
    x: Floats,
    *,
    residual: float = 0.0,
    relative_residual: float = 0.0,
    energy: float = 0.0,
    relative_energy: float = 0.0,
    most: int = 200,
) -> Descent:
    """Solve (A + mass) x = b in single precision by preconditioned conjugate gradients.

    Args:
        system: the matrix and its preconditioner, such as a hierarchy.
        r: on entry b - (A + mass) x, on return the residual that is left, shape (size,) [-].
        x: the start, on return the solution, at least as long as r; what is longer stays 0 [-].
        residual: stop when the norm of r is at most this [-].
        relative_residual: or at most this share of that at the start [-].
        energy: total of the energy functional at the start, of which `relative_energy` is a share [-].
        relative_energy: stop when the energy that is still to be won is at most this share of what will
            be left [-].
        most: stop after as many iterations.

    Returns:
        Iterations, residual and energies.

    Formula:
        the fall of the energy in step k is alpha_k r_k.z_k; the rest is taken as twice a geometric series with
        the slower of the last two ratios.

    Source: Hestenes and Stiefel 1952, J. Res. NBS 49, 409; Strakos and Tichy 2002, ETNA 13, 56.
    """
    size = r.size
    p, q = np.zeros_like(x), np.empty(size, np.float32)
    falls: list[float] = []
    product, remaining, count = 0.0, math.inf, 0
    norm = math.sqrt(choose(_dot, size)(r, r))
    goal = max(residual, relative_residual * norm)
    while count < most:
        z = system.precondition(r)
        former, product = product, float(choose(_dot, size)(r, z))
        if not product > 0.0:
            norm, remaining = (0.0, 0.0) if product == 0.0 else (norm, remaining)
            break
        choose(_direct, size)(p, z, product / former if count else 0.0)
        step = product / system.apply(p, q)
        norm = math.sqrt(choose(_advance, size)(x, r, p, q, step))
        falls.append(step * product)
        count += 1
        remaining = _remaining(falls)
        if norm <= goal or remaining <= relative_energy * max(energy - math.fsum(falls), 0.0):
            break
    return Descent(count, norm, math.fsum(falls), remaining)


def _remaining(falls: list[float]) -> float:
    if len(falls) < 3 or min(falls[-3:]) <= 0.0:
        return math.inf
    ratio = min(max(falls[-1] / falls[-2], math.sqrt(falls[-1] / falls[-3]), 0.05), 0.95)
    return 2.0 * falls[-1] * ratio / (1.0 - ratio)


@compiled_twice
def _dot(one: Floats, other: Floats) -> float:
    total = 0.0
    for v in prange(one.size):
        total += np.float64(one[v]) * np.float64(other[v])
    return total


@compiled_twice
def _direct(p: Floats, z: Floats, factor: float) -> None:
    single = np.float32(factor)
    for v in prange(z.size):
        p[v] = z[v] + single * p[v]


@compiled_twice
def _advance(x: Floats, r: Floats, p: Floats, q: Floats, step: float) -> float:
    single = np.float32(step)
    total = 0.0
    for v in prange(r.size):
        x[v] += single * p[v]
        left = r[v] - single * q[v]
        r[v] = left
        total += np.float64(left) * np.float64(left)
    return total
