"""What several analyses share: straight lines with covariance, and uncertainties carried through a formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from natrode.analysis.reading import Array


@dataclass(frozen=True)
class Line:
    """A straight line y = offset + slope (x - centre) fitted by weighted least squares."""

    slope: float
    slope_sigma: float
    centre: float
    """Weighted mean of x, where the two parameters do not correlate."""
    level: float
    """y at the centre."""
    level_sigma: float
    residuals: Array
    """y minus line, shape (points,)."""
    degrees: int
    """Points minus two."""
    chi_square: float
    """Sum of squared residuals over sigma^2 (over 1 without sigma)."""

    def at(self, x: float) -> tuple[float, float]:
        """Value and standard uncertainty of the line at x."""
        return self.level + self.slope * (x - self.centre), float(
            np.hypot(self.level_sigma, self.slope_sigma * (x - self.centre))
        )

    @property
    def offset(self) -> tuple[float, float]:
        """Intercept at x = 0 and its standard uncertainty."""
        return self.at(0.0)


def straight_line(x: Array, y: Array, sigma: Array | None = None) -> Line:
    """Fit a straight line.

    Args:
        x: abscissa, shape (points,), at least two different values.
        y: ordinate, shape (points,).
        sigma: standard uncertainties of y, shape (points,); None: equal and unknown.

    Returns:
        Line. Standard uncertainties come from the scatter; with `sigma` from the larger of `sigma` and scatter.

    Formula: weighted least squares; Numerical Recipes, section 15.2.
    """
    weight = np.ones_like(x) if sigma is None else 1.0 / np.square(sigma)
    total = float(weight.sum())
    centre = float(np.sum(weight * x) / total)
    level = float(np.sum(weight * y) / total)
    spread = float(np.sum(weight * (x - centre) ** 2))
    slope = float(np.sum(weight * (x - centre) * (y - level)) / spread)
    residuals = y - level - slope * (x - centre)
    chi_square = float(np.sum(weight * residuals**2))
    degrees = len(x) - 2
    factor = chi_square / degrees if degrees > 0 else (0.0 if sigma is None else 1.0)
    if sigma is not None:
        factor = max(factor, 1.0)
    return Line(
        slope,
        float(np.sqrt(factor / spread)),
        centre,
        level,
        float(np.sqrt(factor / total)),
        residuals,
        degrees,
        chi_square,
    )


def propagated(formula: Callable[..., float], values: Sequence[float], sigmas: Sequence[float]) -> tuple[float, float]:
    """Value of a formula and its standard uncertainty from those of independent inputs.

    Args:
        formula: of as many scalars as there are values.
        values: inputs.
        sigmas: their standard uncertainties.

    Returns:
        Value and uncertainty; NaN where the formula is not defined within one sigma.

    Formula: u^2 = sum [(f(x + u_k) - f(x - u_k))/2]^2. Source: GUM (JCGM 100:2008), 5.1.3, note 2.
    """
    total = 0.0
    for k, sigma in enumerate(sigmas):
        if sigma:
            ends = [formula(*[v + side * sigma * (j == k) for j, v in enumerate(values)]) for side in (1.0, -1.0)]
            total += (0.5 * (ends[0] - ends[1])) ** 2
    return formula(*values), float(np.sqrt(total))


def student_factor(confidence: float, degrees: int) -> float:
    """Half width of a two-sided confidence interval in standard uncertainties, Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 * (1.0 + confidence)))


@dataclass(frozen=True)
class Curve:
    """A law fitted by least squares."""

    values: Array
    """Parameters."""
    sigmas: Array
    """Their standard uncertainties; infinite where the data do not determine them."""
    residuals: Array
    """y minus law."""
    criterion: float
    """Akaike's information criterion corrected for few points; infinite with too few."""


def fitted_curve(
    law: Callable[..., Array], x: Array, y: Array, sigma: Array | None, starts: Sequence[Sequence[float]]
) -> Curve | None:
    """Fit a law with positive or free parameters from several starts; None when no start converges.

    Args:
        law: function of x and the parameters.
        x: abscissa, shape (points,).
        y: ordinate, shape (points,).
        sigma: standard uncertainties, shape (points,); None: equal and unknown.
        starts: initial parameters, one list per start; every start has the sign of the answer looked for.

    Returns:
        Curve with the smallest sum of squares. Covariances are scaled by the scatter (never below `sigma`).

    Source: Levenberg-Marquardt in scipy; Hurvich & Tsai, Biometrika 76 (1989) 297 for the criterion.
    """
    from scipy.optimize import least_squares

    weight = np.ones_like(y) if sigma is None else 1.0 / sigma
    ceiling = 1e6 * float(np.abs(y * weight).max(initial=1e-300))
    best = None
    for start in starts:
        scale = np.where(np.abs(np.asarray(start)) > 0, np.abs(np.asarray(start)), 1.0)

        def distance(p: Array, scale: Array = scale) -> Array:
            with np.errstate(all="ignore"):
                value = (np.asarray(law(x, *(p * scale))) - y) * weight
            return np.asarray(np.clip(np.nan_to_num(value, nan=ceiling), -ceiling, ceiling))

        answer = least_squares(distance, np.asarray(start) / scale, x_scale="jac", max_nfev=400)
        if answer.success and (best is None or answer.cost < best[0].cost):
            best = answer, scale
    if best is None:
        return None
    answer, scale = best
    values = np.asarray(answer.x) * scale
    return _curve(
        values,
        np.asarray(y - law(x, *values)),
        np.asarray(answer.jac) / scale,
        2.0 * float(answer.cost),
        y * weight,
        sigma is not None,
    )


def fitted_shape(
    shape: Callable[[Array, float], Array], x: Array, y: Array, sigma: Array | None, grid: Array
) -> Curve | None:
    """Fit y = a + b shape(x, p): the linear parameters are eliminated, p is searched over a grid and refined.

    Args:
        shape: function of x and of one parameter.
        x: abscissa, shape (points,).
        y: ordinate, shape (points,).
        sigma: standard uncertainties, shape (points,); None: equal and unknown.
        grid: values of p, ascending; the answer lies inside it.

    Returns:
        Curve with the parameters (a, b, p); infinite uncertainties where p runs to an end of the grid; None with fewer
        points than parameters.

    Source: variable projection, Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973) 413.
    """
    from scipy.optimize import minimize_scalar

    if len(y) < 4:
        return None
    weight = np.ones_like(y) if sigma is None else 1.0 / sigma

    def solved(p: float) -> tuple[float, Array, Array]:
        design = np.column_stack([np.ones_like(x), shape(x, p)])
        answer: Array = np.asarray(np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0], dtype=float)
        residuals = y - design @ answer
        return float(np.sum((residuals * weight) ** 2)), answer, residuals

    costs = [solved(float(p))[0] for p in grid]
    k = int(np.clip(np.argmin(costs), 1, len(grid) - 2))
    bounds = float(grid[k - 1]), float(grid[k + 1])
    best = float(minimize_scalar(lambda p: solved(p)[0], bounds=bounds, method="bounded", options={"xatol": 1e-6}).x)
    chi_square, linear, residuals = solved(best)
    step = 1e-4 * float(grid[-1] - grid[0])
    derivative = linear[1] * (shape(x, best + step) - shape(x, best - step)) / (2.0 * step)
    jacobian = np.column_stack([np.ones_like(x), shape(x, best), derivative]) * weight[:, None]
    return _curve(np.array([*linear, best]), residuals, jacobian, chi_square, y * weight, sigma is not None)


def _curve(values: Array, residuals: Array, jacobian: Array, chi_square: float, weighted: Array, known: bool) -> Curve:
    """Covariances and information criterion of a fit; `known`: whether the uncertainties of y were given."""
    n, k = jacobian.shape
    factor = chi_square / (n - k) if n > k else 0.0
    if known:
        factor = max(factor, 1.0)
    scale = np.sqrt(np.maximum(np.sum(jacobian**2, axis=0), 1e-300))
    scaled = jacobian / scale
    determined = np.linalg.matrix_rank(scaled, tol=1e-9) == k
    variance = np.diag(np.linalg.inv(scaled.T @ scaled)) * factor / scale**2 if determined else np.full(k, np.inf)
    floor = n * (1e-12 * float(np.abs(weighted).max(initial=1e-300))) ** 2
    count = k if known else k + 1
    fit = chi_square if known else n * float(np.log(max(chi_square, floor) / n))
    criterion = fit + 2.0 * count + 2.0 * count * (count + 1) / (n - count - 1) if n > count + 1 else float("inf")
    return Curve(values, np.sqrt(np.maximum(variance, 0.0)), residuals, float(criterion))
