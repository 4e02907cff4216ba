"""Kernels of the distribution of relaxation times: the logarithm of the distribution, its prior, its peaks.

The distribution of a ZARC has two straight flanks in a doubly logarithmic plot and a round top: the curvature of its
logarithm is zero almost everywhere and large at the peaks. A heavy-tailed (Student t) prior on that curvature says
just this, is dimensionless, and leaves no regularisation parameter to choose.
"""

import math

import numpy as np
import numpy.typing as npt

from natrode.analysis._linear_algebra import factorise, gram, substitute, times, transposed_times
from natrode.compiled import compiled, compiled_rows

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

POINTS_PER_DECADE = 12
EXTENSION = 0.7
"""Decades of relaxation time beyond the inverse of the measured angular frequencies, at either end."""
DEGREES_OF_FREEDOM = 1.0
CURVATURE = 5.0
"""Scale of the second derivative of ln g against ln tau."""
EDGE_SLOPE, EDGE_WIDTH = 0.9, 0.3
"""Slope of ln g against ln tau at the ends of the window, rising and falling, and its standard deviation."""
_STIFF = 0.2
"""Scale of the second derivative, with a Gaussian prior, where the distribution is held straight."""
_FLOOR = -40.0
_ITERATIONS = 60
_GAIN = 1e-2


@compiled
def _penalty(log_g: Floats, step: float, straight: Flags) -> float:
    """Minus the logarithm of the prior."""
    size = log_g.size
    total = 0.0
    for j in range(1, size - 1):
        bend = (log_g[j - 1] - 2.0 * log_g[j] + log_g[j + 1]) / (step * step)
        if straight[j]:
            total += 0.5 * (bend / _STIFF) ** 2
        else:
            scaled = bend / CURVATURE
            total += 0.5 * (DEGREES_OF_FREEDOM + 1.0) * math.log(1.0 + scaled * scaled / DEGREES_OF_FREEDOM)
    rise = ((log_g[1] - log_g[0]) / step - EDGE_SLOPE) / EDGE_WIDTH
    fall = ((log_g[size - 1] - log_g[size - 2]) / step + EDGE_SLOPE) / EDGE_WIDTH
    return float(total + 0.5 * (rise * rise + fall * fall))


@compiled
def _add_penalty(log_g: Floats, step: float, straight: Flags, gradient: Floats, hessian: Floats, lead: int) -> None:
    """Add the prior's gradient, exact, and its majorising Hessian; ln g begins at index `lead`."""
    size = log_g.size
    square = step * step
    for j in range(1, size - 1):
        bend = (log_g[j - 1] - 2.0 * log_g[j] + log_g[j + 1]) / square
        weight = (DEGREES_OF_FREEDOM + 1.0) / (DEGREES_OF_FREEDOM * CURVATURE * CURVATURE + bend * bend)
        if straight[j]:
            weight = 1.0 / (_STIFF * _STIFF)
        pull, stiffness = weight * bend / square, weight / (square * square)
        i = j + lead - 1
        gradient[i] += pull
        gradient[i + 1] -= 2.0 * pull
        gradient[i + 2] += pull
        hessian[i, i] += stiffness
        hessian[i + 1, i + 1] += 4.0 * stiffness
        hessian[i + 2, i + 2] += stiffness
        hessian[i, i + 1] -= 2.0 * stiffness
        hessian[i + 1, i] -= 2.0 * stiffness
        hessian[i + 1, i + 2] -= 2.0 * stiffness
        hessian[i + 2, i + 1] -= 2.0 * stiffness
        hessian[i, i + 2] += stiffness
        hessian[i + 2, i] += stiffness
    for left, slope in ((0, EDGE_SLOPE), (size - 2, -EDGE_SLOPE)):
        first = lead + left
        error = ((log_g[left + 1] - log_g[left]) / step - slope) / (EDGE_WIDTH * EDGE_WIDTH * step)
        stiffness = 1.0 / (step * step * EDGE_WIDTH * EDGE_WIDTH)
        gradient[first] -= error
        gradient[first + 1] += error
        hessian[first, first] += stiffness
        hessian[first + 1, first + 1] += stiffness
        hessian[first, first + 1] -= stiffness
        hessian[first + 1, first] -= stiffness


@compiled
def expand(free: Floats, step: float, lead: int, linear: Floats) -> None:
    """Coefficients of the design's columns (leading terms, then g times step) of (leading terms, ln g)."""
    for m in range(free.size):
        linear[m] = free[m] if m < lead else math.exp(min(free[m], 20.0)) * step


@compiled
def maximise(
    design: Floats, data: Floats, step: float, lead: int, straight: Flags, free: Floats, hessian: Floats
) -> int:
    """Find the most probable (leading terms, ln g) from the start in `free`, and the Hessian there.

    `design` (2N, lead + M) and `data` (2N,) are divided by the noise. Levenberg-Marquardt with the prior's majoriser.
    Returns the number of iterations, negative when the limit was reached.
    """
    size = free.size
    linear, trial = np.empty(size), np.empty(size)
    expand(free, step, lead, linear)
    residual = times(design, linear) - data
    cost = 0.5 * (residual @ residual) + _penalty(free[lead:], step, straight)
    gradient, move = np.empty(size), np.empty(size)
    matrix = np.empty((size, size))
    damping, fresh = 1e-3, True
    normal = gram(design)
    scale_of = np.ones(size)
    for iteration in range(_ITERATIONS):
        if fresh:
            scale_of[lead:] = linear[lead:]  # d(coefficient)/d(ln g)
            for m in range(size):
                for n in range(size):
                    hessian[m, n] = scale_of[m] * normal[m, n] * scale_of[n]
            gradient[:] = scale_of * transposed_times(design, residual)
            _add_penalty(free[lead:], step, straight, gradient, hessian, lead)
        matrix[:] = hessian
        for m in range(size):
            matrix[m, m] += damping if m >= lead else 1e-9 * matrix[m, m] + 1e-12
        move[:] = gradient
        if not factorise(matrix, size):
            damping *= 10.0
            fresh = False
            continue
        substitute(matrix, move, size)
        largest = 0.0
        for m in range(lead, size):
            largest = max(largest, abs(move[m]))
        scale = 1.0 if largest < 3.0 else 3.0 / largest
        for m in range(size):
            trial[m] = free[m] - scale * move[m]
            if m >= lead:
                trial[m] = max(trial[m], _FLOOR)
        expand(trial, step, lead, linear)
        new_residual = times(design, linear) - data
        new_cost = 0.5 * (new_residual @ new_residual) + _penalty(trial[lead:], step, straight)
        if new_cost < cost:
            gain = cost - new_cost
            cost, fresh = new_cost, True
            free[:] = trial
            residual[:] = new_residual
            damping = max(0.2 * damping, 1e-6)
            if gain < _GAIN:
                return iteration + 1
        else:
            damping *= 8.0
            fresh = False
            expand(free, step, lead, linear)
            if damping > 1e8:
                return iteration + 1
    return -_ITERATIONS


@compiled
def noise_of(basis: Floats, data: Floats) -> float:
    """Relative noise per component: what a signed sum of RC elements, unregularised, leaves of weighted data."""
    rows, columns = basis.shape
    scaled = basis / np.sqrt((basis * basis).sum(axis=0))
    matrix = gram(scaled)
    for j in range(columns):
        matrix[j, j] += 1e-9
    answer = transposed_times(scaled, data)
    factorise(matrix, columns)
    substitute(matrix, answer, columns)
    residual = times(scaled, answer) - data
    return math.sqrt((residual @ residual) / (rows - columns))


@compiled
def whiten(
    design: Floats, basis: Floats, real: Floats, imaginary: Floats, whitened: Floats, data: Floats
) -> tuple[float, float]:
    """Divide design and data by the noise; return the relative noise and the largest modulus, the unit of the data."""
    points = real.size
    unit = 0.0
    for i in range(points):
        unit = max(unit, math.hypot(real[i], imaginary[i]))
    weights = np.empty(2 * points)
    for i in range(points):
        modulus = math.hypot(real[i], imaginary[i])
        weights[i] = weights[points + i] = unit / modulus
        data[i], data[points + i] = real[i] / modulus, imaginary[i] / modulus
    noise = max(noise_of(basis * weights.reshape((-1, 1)), data), 1e-5)
    whitened[:] = design * (weights / noise).reshape((-1, 1))
    data /= noise
    return noise, unit


@compiled
def start(free: Floats, step: float, lead: int) -> None:
    """A flat distribution of half the largest modulus."""
    free[:lead] = 0.0
    free[0] = 0.3
    free[lead:] = math.log(0.5 / ((free.size - lead) * step))


@compiled
def solve_one(
    design: Floats,
    basis: Floats,
    real: Floats,
    imaginary: Floats,
    step: float,
    lead: int,
    free: Floats,
    outcome: Floats,
) -> None:
    """One row of `solve_rows`."""
    rows, size = design.shape
    hessian, whitened, data = np.empty((size, size)), np.empty((rows, size)), np.empty(rows)
    noise, unit = whiten(design, basis, real, imaginary, whitened, data)
    start(free, step, lead)
    iterations = maximise(whitened, data, step, lead, np.zeros(size - lead, np.bool_), free, hessian)
    linear = np.empty(size)
    expand(free, step, lead, linear)
    residual = times(whitened, linear) - data
    outcome[0], outcome[1], outcome[2], outcome[3] = noise, unit, (residual @ residual) / rows, iterations


@compiled_rows
def solve_rows(
    design: Floats,
    basis: Floats,
    real: Floats,
    imaginary: Floats,
    step: float,
    lead: int,
    free: Floats,
    outcome: Floats,
    begin: int,
    end: int,
) -> None:
    """Most probable (leading terms, ln g) of every row, in units of its largest modulus.

    `outcome` gets noise, unit, chi square per value and iterations.
    """
    for n in range(begin, end):
        solve_one(design, basis, real[n], imaginary[n], step, lead, free[n], outcome[n])


@compiled
def find_peaks(
    g: Floats, step: float, most: int, depth: float, share: float, tops: Indices, valleys: Indices, areas: Floats
) -> int:
    """Find peaks: local maxima, merged until every valley is deep, every share large and at most `most` are left.

    A valley is deep when it lies at least `depth` below the lower of its two peaks. Returns their number; `tops` and
    `areas` (integrals from valley to valley) get the peaks, `valleys` what lies between them.
    """
    size = g.size
    count = 0
    for i in range(size):
        left = g[i - 1] if i > 0 else -1.0
        right = g[i + 1] if i < size - 1 else -1.0
        if g[i] > left and g[i] >= right and g[i] > 0.0:
            tops[count] = i
            count += 1
    for k in range(count - 1):
        lowest = tops[k]
        for i in range(tops[k], tops[k + 1] + 1):
            if g[i] < g[lowest]:
                lowest = i
        valleys[k] = lowest
    below = np.zeros(size + 1)
    for i in range(size):
        below[i + 1] = below[i] + g[i] * step
    while count > 1:
        gone, closed = -1, -1
        shallowest = depth
        for k in range(count - 1):
            lower = k if g[tops[k]] <= g[tops[k + 1]] else k + 1
            drop = 1.0 - g[valleys[k]] / g[tops[lower]]
            if drop < shallowest:
                shallowest, gone, closed = drop, lower, k
        if gone < 0:
            smallest, k_smallest = 1e300, 0
            for k in range(count):
                low = valleys[k - 1] if k > 0 else 0
                high = valleys[k] if k < count - 1 else size
                weight = (below[high] - below[low]) / below[size]
                if count > most:
                    drop = 1.0
                    if k > 0:
                        drop = min(drop, 1.0 - g[valleys[k - 1]] / g[tops[k]])
                    if k < count - 1:
                        drop = min(drop, 1.0 - g[valleys[k]] / g[tops[k]])
                    weight *= max(drop, 1e-3)
                if weight < smallest:
                    smallest, k_smallest = weight, k
            if count > most or smallest < share:
                gone = k_smallest
                if gone == 0:
                    closed = 0
                elif gone == count - 1:
                    closed = count - 2
                else:
                    closed = gone - 1 if g[valleys[gone - 1]] >= g[valleys[gone]] else gone
        if gone < 0:
            break
        for k in range(gone, count - 1):
            tops[k] = tops[k + 1]
        for k in range(closed, count - 2):
            valleys[k] = valleys[k + 1]
        count -= 1
    for k in range(count):
        low = valleys[k - 1] if k > 0 else 0
        high = valleys[k] if k < count - 1 else size
        areas[k] = below[high] - below[low]
    return count


@compiled
def top_offset(g: Floats, top: int) -> float:
    """Where the parabola through a top and its neighbours is highest, in steps from the top."""
    if top == 0 or top == g.size - 1:
        return 0.0
    bend = g[top - 1] - 2.0 * g[top] + g[top + 1]
    return 0.5 * (g[top - 1] - g[top + 1]) / bend if bend < 0.0 else 0.0
