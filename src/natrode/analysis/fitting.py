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
