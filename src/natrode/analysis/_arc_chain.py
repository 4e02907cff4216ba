"""Kernels for chains of depressed arcs: R_inf + j w L + sum of R/(1 + (j w tau)^n), fitted without a guess.

Parameters of one chain: [R_inf, L, (ln R, ln tau, n) of every arc]; residuals are weighted by 1/|Z|. The start is the
distribution of relaxation times, merged to as many peaks as arcs; where that does not describe the data to within its
noise, arcs are inserted where they help most, and then sets of arcs are drawn.
"""

import math

import numpy as np
import numpy.typing as npt

from natrode.analysis._linear_algebra import factorise, substitute
from natrode.analysis._log_distribution import find_peaks, top_offset
from natrode.compiled import compiled, compiled_rows

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEARCH = (0.62, 1.0)
"""Exponents while searching: below this one arc swallows two."""
FINAL = (0.45, 1.15)
DRAWS = 24
"""Sets of arcs that are drawn when all else misses the data."""
PRECISION = 2e-4
"""Relative noise below which no instrument measures: a model's spectra without noise choose no circuit by less."""
MISFIT = 1.25
"""Chi square over its expectation from the noise estimate, up to which a fit is taken as found."""


@compiled
def residuals(
    w: Floats, real: Floats, imaginary: Floats, weight: Floats, theta: Floats, arcs: int, r: Floats, j: Floats
) -> float:
    """Weighted residuals (2N,) and their derivatives (P, 2N); returns chi square."""
    points = w.size
    for i in range(points):
        r[i] = (theta[0] - real[i]) * weight[i]
        r[points + i] = (w[i] * theta[1] - imaginary[i]) * weight[i]
        j[0, i], j[0, points + i] = weight[i], 0.0
        j[1, i], j[1, points + i] = 0.0, w[i] * weight[i]
    for k in range(arcs):
        resistance, log_tau, n = math.exp(theta[2 + 3 * k]), theta[3 + 3 * k], theta[4 + 3 * k]
        cosine, sine = math.cos(0.5 * math.pi * n), math.sin(0.5 * math.pi * n)
        for i in range(points):
            x = math.log(w[i]) + log_tau
            size = math.exp(n * x)
            a, b = 1.0 + size * cosine, size * sine
            square = a * a + b * b
            g_real, g_imaginary = a / square, -b / square
            z_real, z_imaginary = resistance * g_real * weight[i], resistance * g_imaginary * weight[i]
            r[i] += z_real
            r[points + i] += z_imaginary
            # dZ/dlnR = R g, dZ/dlntau = -n R g (1 - g), dZ/dn = -R g (1 - g) (ln(w tau) + j pi/2)
            d_real = -(z_real * (1.0 - g_real) + z_imaginary * g_imaginary)
            d_imaginary = -(z_imaginary * (1.0 - g_real) - z_real * g_imaginary)
            j[2 + 3 * k, i], j[2 + 3 * k, points + i] = z_real, z_imaginary
            j[3 + 3 * k, i], j[3 + 3 * k, points + i] = n * d_real, n * d_imaginary
            j[4 + 3 * k, i] = d_real * x - d_imaginary * 0.5 * math.pi
            j[4 + 3 * k, points + i] = d_imaginary * x + d_real * 0.5 * math.pi
    return float(r @ r)


@compiled
def _normal(j: Floats, r: Floats, used: int, inductive: bool, matrix: Floats, gradient: Floats) -> None:
    for a in range(used):
        gradient[a] = j[a] @ r
        for b in range(a + 1):
            matrix[a, b] = matrix[b, a] = j[a] @ j[b]
    if not inductive:
        for a in range(used):
            matrix[1, a] = matrix[a, 1] = 0.0
        matrix[1, 1], gradient[1] = 1.0, 0.0


@compiled
def minimise(
    w: Floats,
    real: Floats,
    imaginary: Floats,
    weight: Floats,
    theta: Floats,
    arcs: int,
    inductive: bool,
    limits: tuple[float, float],
    iterations: int,
    tolerance: float,
) -> float:
    """Levenberg-Marquardt from `theta`, in place; returns chi square."""
    used, rows = 2 + 3 * arcs, 2 * w.size
    r, j = np.empty(rows), np.empty((used, rows))
    matrix, damped = np.empty((used, used)), np.empty((used, used))
    gradient, move, trial = np.empty(used), np.empty(used), np.empty(used)
    for k in range(arcs):
        theta[4 + 3 * k] = min(max(theta[4 + 3 * k], limits[0]), limits[1])
    chi = residuals(w, real, imaginary, weight, theta, arcs, r, j)
    _normal(j, r, used, inductive, matrix, gradient)
    damping, calm = 1e-3, 0
    for _ in range(iterations):
        damped[:] = matrix
        for a in range(used):
            damped[a, a] = matrix[a, a] * (1.0 + damping) + 1e-14
        move[:] = gradient
        if not factorise(damped, used):
            damping *= 10.0
            if damping > 1e10:
                break
            continue
        substitute(damped, move, used)
        for a in range(used):
            trial[a] = theta[a] - move[a]
        for k in range(arcs):
            for a in (2 + 3 * k, 3 + 3 * k):
                trial[a] = theta[a] - min(max(move[a], -2.0), 2.0)
            trial[3 + 3 * k] = min(max(trial[3 + 3 * k], -30.0), 15.0)
            trial[4 + 3 * k] = min(max(trial[4 + 3 * k], limits[0]), limits[1])
        found = residuals(w, real, imaginary, weight, trial, arcs, r, j)
        if found <= chi:
            gain = chi - found
            theta[:used] = trial
            chi = found
            _normal(j, r, used, inductive, matrix, gradient)
            damping = max(0.1 * damping, 1e-12)
            calm = calm + 1 if gain < tolerance * chi else 0
            if calm == 2:
                break
        else:
            damping *= 6.0
            if damping > 1e9:
                break
    return chi


@compiled
def _scales(
    w: Floats, real: Floats, imaginary: Floats, weight: Floats, theta: Floats, arcs: int, inductive: bool
) -> None:
    """Best R_inf, L and resistances for given time constants and exponents; resistances stay positive."""
    used, rows = 2 + 3 * arcs, 2 * w.size
    r, j = np.empty(rows), np.empty((used, rows))
    theta[0] = theta[1] = 0.0
    for k in range(arcs):
        theta[2 + 3 * k] = 0.0
    residuals(w, real, imaginary, weight, theta, arcs, r, j)
    design, data = np.empty((2 + arcs, rows)), np.empty(rows)
    data[: w.size], data[w.size :] = real * weight, imaginary * weight
    design[0], design[1] = j[0], j[1]
    for k in range(arcs):
        design[2 + k] = j[2 + 3 * k]
    size = 2 + arcs
    matrix, answer = np.empty((size, size)), np.empty(size)
    _normal(design, data, size, inductive, matrix, answer)
    for a in range(size):
        matrix[a, a] = matrix[a, a] * (1.0 + 1e-9) + 1e-14
    factorise(matrix, size)
    substitute(matrix, answer, size)
    largest = np.sqrt(real * real + imaginary * imaginary).max()
    theta[0], theta[1] = answer[0], answer[1]
    for k in range(arcs):
        theta[2 + 3 * k] = math.log(max(answer[2 + k], 1e-3 * largest))


@compiled
def _from_peaks(log_tau: Floats, g: Floats, arcs: int, theta: Floats) -> int:
    """Start from the distribution: time constant, resistance and exponent of its peaks; returns how many."""
    size = g.size
    step = log_tau[1] - log_tau[0]
    tops, valleys, areas = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size)
    count = find_peaks(g, step, arcs, 0.001, 1e-4, tops, valleys, areas)
    for k in range(count):
        theta[2 + 3 * k] = math.log(areas[k])
        theta[3 + 3 * k] = log_tau[tops[k]] + top_offset(g, tops[k]) * step
        n = 1.0 - 2.0 / math.pi * math.atan(areas[k] / (2.0 * math.pi * g[tops[k]]))
        theta[4 + 3 * k] = min(max(n, 0.65), 0.97)
    return count


@compiled
def _insert(
    w: Floats, real: Floats, imaginary: Floats, weight: Floats, theta: Floats, arcs: int, inductive: bool
) -> float:
    """Add to a chain of `arcs` the one of a list that lowers chi square most, in place; returns chi square."""
    used, rows = 2 + 3 * arcs, 2 * w.size
    r, j = np.empty(rows), np.empty((used, rows))
    residuals(w, real, imaginary, weight, theta, arcs, r, j)
    basis, rank = np.empty((used, rows)), 0
    for a in range(used):
        if a == 1 and not inductive:
            continue
        column = j[a].copy()
        before = column @ column
        for b in range(rank):
            column -= (basis[b] @ column) * basis[b]
        after = column @ column
        if before > 0.0 and after > 1e-12 * before:
            basis[rank] = column / math.sqrt(after)
            rank += 1
    low, high = -math.log(w.max()) - 0.7, -math.log(w.min()) + 0.7
    atoms = 48
    score, exponent = np.zeros(atoms), np.zeros(atoms)
    one = np.empty(5)
    atom_r, atom_j = np.empty(rows), np.empty((5, rows))
    for q in range(atoms):
        for n in (0.7, 0.8, 0.9, 1.0):
            one[:2], one[2], one[3], one[4] = 0.0, 0.0, low + (high - low) * q / (atoms - 1), n
            residuals(w, real, imaginary, weight, one, 1, atom_r, atom_j)
            column = atom_j[2]
            whole, along = column @ column, -(column @ r)
            rest = whole
            for b in range(rank):
                shadow = basis[b] @ column
                rest -= shadow * shadow
            if rest > 1e-6 * whole and along > 0.0 and along * along / rest > score[q]:
                score[q], exponent[q] = along * along / rest, n
    best = 1e300
    kept, trial = theta.copy(), theta.copy()
    for _ in range(3):
        top = int(np.argmax(score))
        if score[top] <= 0.0:
            break
        trial[:] = theta
        trial[2 + 3 * arcs], trial[3 + 3 * arcs], trial[4 + 3 * arcs] = (
            0.0,
            low + (high - low) * top / (atoms - 1),
            exponent[top],
        )
        _scales(w, real, imaginary, weight, trial, arcs + 1, inductive)
        chi = minimise(w, real, imaginary, weight, trial, arcs + 1, inductive, SEARCH, 60, 1e-5)
        if chi < best:
            best = chi
            kept[:] = trial
        for q in range(max(top - 3, 0), min(top + 4, atoms)):
            score[q] = 0.0
    theta[:] = kept
    return best


@compiled
def search(
    w: Floats,
    real: Floats,
    imaginary: Floats,
    weight: Floats,
    log_tau: Floats,
    g: Floats,
    arcs: int,
    inductive: bool,
    enough: float,
    shorter: Floats,
    theta: Floats,
) -> float:
    """Find a chain of `arcs`, in place; stops looking when chi square is below `enough`. Returns chi square.

    `shorter` is a chain with one arc less that was found before, or empty.
    """
    trial = np.zeros(theta.size)
    if arcs == 0:
        _scales(w, real, imaginary, weight, theta, 0, inductive)
        return minimise(w, real, imaginary, weight, theta, 0, inductive, SEARCH, 5, 1e-5)
    best = 1e300
    count = _from_peaks(log_tau, g, arcs, trial)
    start = trial.copy()
    _scales(w, real, imaginary, weight, trial, count, inductive)
    for k in range(count):  # where the linear fit leaves the distribution far behind, the distribution is right
        if abs(trial[2 + 3 * k] - start[2 + 3 * k]) > 1.2:
            trial[2 + 3 * k] = start[2 + 3 * k]
    chi = minimise(w, real, imaginary, weight, trial, count, inductive, SEARCH, 60, 1e-5)
    for k in range(count, arcs):
        chi = _insert(w, real, imaginary, weight, trial, k, inductive)
    best = chi
    theta[:] = trial
    if shorter.size > 0:
        trial[:] = 0.0
        trial[: shorter.size] = shorter
        chi = _insert(w, real, imaginary, weight, trial, arcs - 1, inductive)
        if chi < best:
            best = chi
            theta[:] = trial
    if best < enough:
        return best
    if count == arcs and arcs > 1:  # the least of the arcs may stand in the wrong place
        for gone in range(arcs):
            trial[:] = theta
            trial[2 + 3 * gone : 5 + 3 * gone] = theta[2 + 3 * (arcs - 1) : 5 + 3 * (arcs - 1)]
            minimise(w, real, imaginary, weight, trial, arcs - 1, inductive, SEARCH, 25, 1e-4)
            chi = _insert(w, real, imaginary, weight, trial, arcs - 1, inductive)
            if chi < best:
                best = chi
                theta[:] = trial
            if best < enough:
                return best
    low, high = -math.log(w.max()), -math.log(w.min())
    state = 12345
    for _ in range(DRAWS):
        trial[:] = 0.0
        for k in range(arcs):
            state = (1103515245 * state + 12345) % 2147483648
            trial[3 + 3 * k] = low + (high - low) * (k + state / 2147483648.0) / arcs
            trial[4 + 3 * k] = 0.87
        _scales(w, real, imaginary, weight, trial, arcs, inductive)
        chi = minimise(w, real, imaginary, weight, trial, arcs, inductive, SEARCH, 60, 1e-5)
        if chi < best:
            best = chi
            theta[:] = trial
        if best < enough:
            break
    return best


@compiled
def polish(
    w: Floats, real: Floats, imaginary: Floats, theta: Floats, arcs: int, inductive: bool, covariance: Floats
) -> tuple[float, float]:
    """Weight by the model, converge, give the covariance; returns chi square and the sum of ln|Z|."""
    points, used = w.size, 2 + 3 * arcs
    r, j = np.empty(2 * points), np.empty((used, 2 * points))
    zero, one, weight = np.zeros(points), np.ones(points), np.empty(points)
    chi = 0.0
    for _ in range(2):
        residuals(w, zero, zero, one, theta, arcs, r, j)
        for i in range(points):
            weight[i] = 1.0 / math.hypot(r[i], r[points + i])
        chi = minimise(w, real, imaginary, weight, theta, arcs, inductive, FINAL, 60, 1e-9)
    residuals(w, real, imaginary, weight, theta, arcs, r, j)
    matrix, gradient = np.empty((used, used)), np.empty(used)
    _normal(j, r, used, inductive, matrix, gradient)
    size = np.sqrt(np.diag(matrix))
    free = used if inductive else used - 1
    variance = chi / (2 * points - free)
    scaled = matrix / np.outer(size, size)
    for a in range(used):
        scaled[a, a] += 1e-13
    covariance[:used, :used] = np.linalg.inv(scaled) * variance / np.outer(size, size)
    if not inductive:
        covariance[1, :used] = 0.0
        covariance[:used, 1] = 0.0
    return chi, -np.log(weight).sum()


@compiled
def _sort(theta: Floats, covariance: Floats, arcs: int) -> None:
    """Order the arcs by time constant."""
    order = np.argsort(theta[3 : 2 + 3 * arcs : 3])
    place = np.arange(2 + 3 * arcs)
    for k in range(arcs):
        for a in range(3):
            place[2 + 3 * k + a] = 2 + 3 * order[k] + a
    theta[: 2 + 3 * arcs] = theta[place]
    old = covariance.copy()
    for a in range(2 + 3 * arcs):
        for b in range(2 + 3 * arcs):
            covariance[a, b] = old[place[a], place[b]]


@compiled_rows
def fit_rows(
    w: Floats,
    real: Floats,
    imaginary: Floats,
    log_tau: Floats,
    g: Floats,
    noise: Floats,
    seen: Indices,
    least: Indices,
    most: Indices,
    inductive: Flags,
    theta: Floats,
    covariance: Floats,
    quality: Floats,
    begin: int,
    end: int,
) -> None:
    """Fit chains of `least` to `most` arcs to every row, until two more arcs than the best have not paid.

    Shapes: seen (S,), peaks of the distribution; theta (S, A, P); covariance (S, A, P, P); quality (S, A, 2), chi
    square and Bayesian information criterion. A counts from `least`; entries that are not fitted are left as they are.
    """
    rows = 2 * w.size
    for m in range(begin, end):
        weight = 1.0 / np.sqrt(real[m] ** 2 + imaginary[m] ** 2)
        shorter = np.empty(0)
        lowest, best = 1e300, least[m]
        for arcs in range(least[m], most[m] + 1):
            a = arcs - least[m]
            used = 2 + 3 * arcs
            enough = MISFIT * noise[m] ** 2 * (rows - used)
            if arcs < seen[m]:  # a misfit is no surprise: no search for a better one
                enough = 1e300
            found = np.zeros(max(used, 5))
            search(w, real[m], imaginary[m], weight, log_tau, g[m], arcs, inductive[m], enough, shorter, found)
            chi, logs = polish(w, real[m], imaginary[m], found, arcs, inductive[m], covariance[m, a])
            _sort(found, covariance[m, a], arcs)
            theta[m, a, :used] = found[:used]
            shorter = found[:used]
            free = used if inductive[m] else used - 1
            misfit = max(chi / rows, PRECISION**2)
            criterion = rows * math.log(misfit) + 4.0 * logs + free * math.log(rows)
            quality[m, a, 0], quality[m, a, 1] = chi, criterion
            if criterion < lowest:
                lowest, best = criterion, arcs
            if arcs >= max(best, seen[m]) + 2:
                break
