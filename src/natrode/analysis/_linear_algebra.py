"""Small dense linear algebra for kernels that run on one spectrum each."""

import math

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled_sums

Floats = npt.NDArray[np.float64]


@compiled_sums
def gram(matrix: Floats) -> Floats:
    """Return A'A; plain loops, because a library's threads fight with those of the caller."""
    rows, size = matrix.shape
    out = np.zeros((size, size))
    for i in range(rows):
        for m in range(size):
            factor = matrix[i, m]
            for n in range(m + 1):
                out[m, n] += factor * matrix[i, n]
    for m in range(size):
        for n in range(m):
            out[n, m] = out[m, n]
    return out


@compiled_sums
def times(matrix: Floats, vector: Floats) -> Floats:
    """Return A x; plain loops, see `gram`."""
    rows, size = matrix.shape
    out = np.empty(rows)
    for i in range(rows):
        total = 0.0
        for n in range(size):
            total += matrix[i, n] * vector[n]
        out[i] = total
    return out


@compiled_sums
def transposed_times(matrix: Floats, vector: Floats) -> Floats:
    """Return A'x; plain loops, see `gram`."""
    rows, size = matrix.shape
    out = np.zeros(size)
    for i in range(rows):
        for n in range(size):
            out[n] += matrix[i, n] * vector[i]
    return out


@compiled_sums
def factorise(matrix: Floats, size: int) -> bool:
    """Cholesky factor of the leading `size` rows in place (lower triangle); False where not positive definite."""
    for j in range(size):
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= matrix[j, k] * matrix[j, k]
        if not pivot > 1e-300:
            return False
        root = math.sqrt(pivot)
        matrix[j, j] = root
        for i in range(j + 1, size):
            rest = matrix[i, j]
            for k in range(j):
                rest -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = rest / root
    return True


@compiled_sums
def substitute(factor: Floats, vector: Floats, size: int) -> None:
    """Solve with a factor from `factorise`; the right-hand side becomes the solution."""
    for i in range(size):
        rest = vector[i]
        for k in range(i):
            rest -= factor[i, k] * vector[k]
        vector[i] = rest / factor[i, i]
    for i in range(size - 1, -1, -1):
        known = vector[i] / factor[i, i]
        vector[i] = known
        for k in range(i):
            vector[k] -= factor[i, k] * known
