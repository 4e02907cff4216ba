"""Kernels of the linear Kramers-Kronig test: a signed sum of RC elements, and what its residual says.

The level of the noise is not known, only its law (in proportion to |Z|), so that every statistic is a ratio.
"""

import math

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled, compiled_rows

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

EXTENSION = 0.3
"""Decades of relaxation time beyond the data."""
ELEMENTS, RANK, NOISE, WALK, OUTLIER, OUTLIER_AT, TREND = range(7)
"""Columns of the outcome; from TREND on for each clock: t statistic, estimate, smallest deviation of the estimate."""


@compiled
def _append(basis: Floats, rank: int, column: Floats, kept: float) -> int:
    """Add a column to the orthonormal rows of `basis` unless it lies in their span; return the new rank."""
    before = column @ column
    if before <= 0.0:
        return rank
    for _ in range(2):
        for b in range(rank):
            column -= (basis[b] @ column) * basis[b]
    after = column @ column
    if after < kept * before:
        return rank
    basis[rank] = column / math.sqrt(after)
    return rank + 1


@compiled
def _remove(basis: Floats, rank: int, vector: Floats) -> None:
    for _ in range(2):
        for b in range(rank):
            vector -= (basis[b] @ vector) * basis[b]


@compiled
def _span(w: Floats, weight: Floats, elements: int, blocking: bool, basis: Floats, column: Floats) -> int:
    """Orthonormal basis of [1, j w, 1/(j w) on demand, RC elements], divided by |Z|; returns its rank."""
    points = w.size
    largest, smallest = w.max(), w.min()
    column[:points], column[points:] = weight, 0.0
    rank = _append(basis, 0, column, 1e-12)
    column[:points], column[points:] = 0.0, weight * w / largest
    rank = _append(basis, rank, column, 1e-12)
    if blocking:
        column[:points], column[points:] = 0.0, -weight * smallest / w
        rank = _append(basis, rank, column, 1e-12)
    low = -math.log(largest) - EXTENSION * math.log(10.0)
    high = -math.log(smallest) + EXTENSION * math.log(10.0)
    for m in range(elements):
        tau = math.exp(low + (high - low) * m / (elements - 1))
        for i in range(points):
            x = w[i] * tau
            column[i] = weight[i] / (1.0 + x * x)
            column[points + i] = -x * column[i]
        rank = _append(basis, rank, column, 1e-10)
    return rank


@compiled
def _worst_point(basis: Floats, rank: int, rest: Floats) -> tuple[float, int]:
    """Largest part of the residual's square that leaving out one point would remove, and that point.

    Leaving out point i lowers r'r by r_i' (P_ii)^-1 r_i; r_i: its two components, P: the projector off the basis.
    """
    points = rest.size // 2
    largest, worst = 0.0, 0
    for i in range(points):
        a, b, c = 1.0, 0.0, 1.0
        for k in range(rank):
            a -= basis[k, i] * basis[k, i]
            b -= basis[k, i] * basis[k, points + i]
            c -= basis[k, points + i] * basis[k, points + i]
        determinant = a * c - b * b
        if determinant < 1e-6:
            continue
        x, y = rest[i], rest[points + i]
        removed = (c * x * x - 2.0 * b * x * y + a * y * y) / determinant
        if removed > largest:
            largest, worst = removed, i
    return largest, worst


@compiled
def upper_tail(weights: Floats) -> float:
    """Probability that a weighted sum of chi squares of one degree of freedom is above 0.

    Saddlepoint approximation of Lugannani and Rice.
    """
    largest, smallest = weights.max(), weights.min()
    if largest <= 0.0:
        return 0.0
    if smallest >= 0.0:
        return 1.0
    mean, deviation = weights.sum(), math.sqrt(2.0 * (weights @ weights))
    if abs(mean) < 1e-4 * deviation:  # the formula's limit at the mean
        skewness = 8.0 * (weights**3).sum() / deviation**3
        return float(0.5 + (mean / deviation - skewness / 6.0) / math.sqrt(2.0 * math.pi))
    low, high = (1.0 - 1e-10) / (2.0 * smallest), (1.0 - 1e-10) / (2.0 * largest)
    for _ in range(70):
        middle = 0.5 * (low + high)
        if (weights / (1.0 - 2.0 * middle * weights)).sum() > 0.0:
            high = middle
        else:
            low = middle
    s = 0.5 * (low + high)
    t = 1.0 - 2.0 * s * weights
    generating = -0.5 * np.log(t).sum()
    u = s * math.sqrt(2.0 * ((weights / t) ** 2).sum())
    r = math.copysign(math.sqrt(max(-2.0 * generating, 1e-300)), s)
    return 0.5 * math.erfc((r + math.log(u / r) / r) / math.sqrt(2.0))


@compiled_rows
def test_rows(
    w: Floats,
    real: Floats,
    imaginary: Floats,
    clocks: Floats,
    choices: Indices,
    blocking: bool,
    outcome: Floats,
    residuals: Floats,
    begin: int,
    end: int,
) -> None:
    """Test every row; `clocks` (T, N) are the drifts to look for, `choices` the numbers of elements to try."""
    points = w.size
    for q in range(begin, end):
        weight, data = np.empty(points), np.empty(2 * points)
        for i in range(points):
            weight[i] = 1.0 / math.hypot(real[q, i], imaginary[q, i])
            data[i], data[points + i] = real[q, i] * weight[i], imaginary[q, i] * weight[i]
        basis, column = np.empty((choices[-1] + 3, 2 * points)), np.empty(2 * points)
        best, chosen = 1e300, choices[0]
        for elements in choices:
            rank = _span(w, weight, elements, blocking, basis, column)
            rest = data.copy()
            _remove(basis, rank, rest)
            # an outlier in the residual would hide what more elements explain: the worst point does not count
            kept, p = 2 * points - 2, rank + 1
            criterion = kept * math.log((rest @ rest - _worst_point(basis, rank, rest)[0]) / kept) + 2 * p
            criterion += 2.0 * p * (p + 1) / (kept - p - 1)
            if criterion < best:
                best, chosen = criterion, elements
        rank = _span(w, weight, chosen, blocking, basis, column)
        rest = data.copy()
        _remove(basis, rank, rest)
        residuals[q] = rest
        square, freedom = rest @ rest, 2 * points - rank
        fitted = data - rest
        outcome[q, ELEMENTS], outcome[q, RANK] = chosen, rank
        outcome[q, NOISE] = math.sqrt(square / freedom)
        for t in range(clocks.shape[0]):
            column[:points] = clocks[t] * fitted[:points]
            column[points:] = clocks[t] * fitted[points:]
            _remove(basis, rank, column)
            size = column @ column
            slope = column @ rest
            explained = slope * slope / size
            noise = math.sqrt((square - explained) / (freedom - 1))
            outcome[q, TREND + 3 * t] = slope / math.sqrt(size) / noise
            outcome[q, TREND + 3 * t + 1] = slope / size
            outcome[q, TREND + 3 * t + 2] = noise / math.sqrt(size)
        steps = np.zeros((2 * points, points))
        for j in range(points):
            steps[j:points, j] = fitted[j:points]
            steps[points + j :, j] = fitted[points + j :]
        span = basis[:rank].copy()
        steps -= span.T @ (span @ steps)
        score = steps.T @ rest
        ratio = (score @ score) / square
        eigenvalues = np.linalg.eigvalsh(steps.T @ steps)
        weights = np.full(freedom, -ratio)
        for i in range(min(points, freedom)):
            weights[i] = max(eigenvalues[points - 1 - i], 0.0) - ratio
        outcome[q, WALK] = upper_tail(weights)
        removed, worst = _worst_point(basis, rank, rest)
        outcome[q, OUTLIER], outcome[q, OUTLIER_AT] = 0.5 * removed / ((square - removed) / (freedom - 2)), worst
