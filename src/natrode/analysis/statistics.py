"""Weibull statistics of replicates known only as brackets: between the last survived and the first failed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from natrode.analysis.reading import Array
from natrode.analysis.result import Result, plain
from natrode.errors import RecordError

FEWEST_FAILURES = 5
Bracket = tuple[float | None, float | None]
"""(last survived, first failed): (None or 0, x) failed before x, (x, None) alive at x, (x, x) exact."""


@dataclass(frozen=True)
class WeibullFit:
    """Weibull distribution of replicates, each number with its profile-likelihood interval."""

    shape: Result
    """Modulus: the larger, the narrower the distribution."""
    scale: Result
    """Value that 63.2 % of the cells fail by."""
    median: Result
    n: int
    """Cells in the fit."""
    n_failed: int
    n_censored: int
    """Cells still alive at the end of their test."""
    excluded: tuple[str, ...]
    log_likelihood: float | None
    brackets: tuple[Bracket, ...]
    summary: str

    def survival(self, value: float) -> float | None:
        """Fraction of cells that survive `value` (SI); None without a fit."""
        if self.shape.value is None or self.scale.value is None:
            return None
        return math.exp(-((value / self.scale.value) ** self.shape.value))

    def to_json(self) -> dict[str, object]:
        """Return the fit as plain data."""
        return {
            "shape": self.shape.to_json(),
            "scale": self.scale.to_json(),
            "median": self.median.to_json(),
            "n": self.n,
            "n_failed": self.n_failed,
            "n_censored": self.n_censored,
            "excluded": list(self.excluded),
            "brackets": plain(self.brackets),
            "summary": self.summary,
        }


def weibull_from_brackets(
    brackets: Sequence[Bracket],
    *,
    quantity: str = "critical current density",
    dimension: str = "current density",
    excluded: Sequence[str] = (),
    confidence: float = 0.90,
) -> WeibullFit:
    """Fit a Weibull distribution to interval-, left- and right-censored replicates of one protocol.

    Args:
        brackets: per cell (last survived, first failed) in SI; None where open.
        quantity: what was bracketed.
        dimension: of the brackets, a key of `natrode.units.DIMENSIONS`.
        excluded: cells left out, each with its reason; they stay in the count.
        confidence: of the profile intervals.

    Returns:
        WeibullFit; "not computed" with the reason below five failures. An interval's end is None where the
        likelihood does not bound it.

    Raises:
        RecordError: for a bracket that is negative, reversed or open at both ends.

    Formula: S(x) = exp(-(x/scale)^shape), L = prod [S(low) - S(high)] (density where low = high), maximised;
    intervals where 2 (ln L_max - ln L_profile) < chi2_1. Source: Meeker & Escobar, Statistical Methods for
    Reliability Data (1998), chapters 7 and 8.
    """
    low, high = _checked(brackets)
    failed = int(np.isfinite(high).sum())
    n = len(low)
    counted = f"n = {n} of {n + len(excluded)}" + "".join(f"; excluded {name}" for name in excluded)
    questions = {
        name: Result(
            quantity=f"Weibull {name} of the {quantity}",
            dimension="number" if name == "shape" else dimension,
            method="maximum likelihood of censored Weibull data, profile intervals; Meeker & Escobar 1998",
            settings={"n": n, "failed": failed, "excluded": list(excluded), "confidence": confidence},
        )
        for name in ("shape", "scale", "median")
    }

    def without(reason: str) -> WeibullFit:
        refused = {name: question.refused(reason) for name, question in questions.items()}
        return WeibullFit(
            **refused,
            n=n,
            n_failed=failed,
            n_censored=n - failed,
            excluded=tuple(excluded),
            log_likelihood=None,
            brackets=tuple(brackets),
            summary=f"{counted}; {reason}",
        )

    if failed < FEWEST_FAILURES:
        return without(f"{failed} failures: no Weibull line below {FEWEST_FAILURES}")
    unit = float(np.median(np.concatenate([low[low > 0], high[np.isfinite(high)]])))
    low, high = low / unit, high / unit
    if low.max() < high.min():
        return without("one value fits all brackets: the shape has no upper bound, the brackets are too coarse")
    best = _maximum(low, high)
    if best is None:
        return without(
            "the cells scatter by less than the steps of the test resolve: the shape has no upper bound; finer steps "
            "would tell"
        )
    top = best[2]
    numbers = _with_intervals(low, high, best, top - 0.5 * chi2_quantile(confidence))
    answers = {}
    for name, (centre, lower, upper) in numbers.items():
        factor = 1.0 if name == "shape" else unit
        ends = (None if lower is None else factor * lower, None if upper is None else factor * upper)
        doubts = ["the data do not bound it on one side"] if None in ends else []
        answers[name] = questions[name].found(factor * centre, interval=ends, doubts=doubts)
    return WeibullFit(
        **answers,
        n=n,
        n_failed=failed,
        n_censored=n - failed,
        excluded=tuple(excluded),
        log_likelihood=top,
        brackets=tuple(brackets),
        summary=counted,
    )


def _with_intervals(
    low: Array, high: Array, best: tuple[float, float, float], target: float
) -> dict[str, tuple[float, float | None, float | None]]:
    """Shape, scale and median with the ends of their profile intervals."""
    log_shape, log_scale, _ = best
    out = {}
    for name, fraction in (("shape", 0.0), ("scale", 1.0 - math.exp(-1.0)), ("median", 0.5)):
        if name == "shape":
            centre, profile = log_shape, _profile_of_shape(low, high)
        else:
            centre = log_scale + math.log(-math.log(1.0 - fraction)) / math.exp(log_shape)
            profile = _profile_of_quantile(low, high, fraction)
        ends = [profile_end(profile, centre, target, side) for side in (-1.0, 1.0)]
        lower, upper = (None if end is None else math.exp(end) for end in ends)
        out[name] = math.exp(centre), lower, upper
    return out


def _checked(brackets: Sequence[Bracket]) -> tuple[Array, Array]:
    for low, high in brackets:
        if low is None and high is None:
            raise RecordError("a bracket that is open at both ends says nothing; exclude that cell with its reason")
        if (low is not None and not 0 <= low < math.inf) or (high is not None and not 0 < high < math.inf):
            raise RecordError(f"a bracket needs positive numbers, read ({low}, {high})")
        if low is not None and high is not None and high < low:
            raise RecordError(f"a bracket runs from the last survived to the first failed, read ({low}, {high})")
    lows = np.array([0.0 if low is None else low for low, _ in brackets])
    highs = np.array([np.inf if high is None else high for _, high in brackets])
    return lows, highs


SHAPES = (math.log(0.05), math.log(200.0))
SCALES = (-8.0, 8.0)


def log_likelihood(low: Array, high: Array, log_shape: Array, log_scale: Array) -> Array:
    """Log-likelihood at each pair of parameters, shape (pairs,)."""
    shape, log_scale = np.exp(log_shape)[:, None], log_scale[:, None]
    finite = np.isfinite(high)
    log_low, log_high = np.log(np.where(low > 0, low, 1.0)), np.log(np.where(finite, high, 1.0))
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        a = np.where(low > 0, np.exp(shape * (log_low - log_scale)), 0.0)
        b = np.where(finite, np.exp(shape * (log_high - log_scale)), np.inf)
        density = np.log(shape) + (shape - 1.0) * log_low - shape * log_scale - a
        total = np.where(low == high, density, -a + np.log(-np.expm1(-(b - a)))).sum(axis=1)
    return np.where(np.isfinite(total), total, -1e300)


def highest(function: Callable[[Array], Array], low: float, high: float) -> tuple[float, float]:
    """Place and value of the maximum of a one-humped function, by ever finer grids (to 1e-4 of the range)."""
    best, value = low, -math.inf
    for _ in range(4):
        grid = np.linspace(low, high, 41)
        values = function(grid)
        k = int(np.argmax(values))
        best, value = float(grid[k]), float(values[k])
        low, high = float(grid[max(k - 1, 0)]), float(grid[min(k + 1, 40)])
    return best, value


def _profile_of_shape(low: Array, high: Array) -> Callable[[float], float]:
    return lambda log_shape: highest(
        lambda scales: log_likelihood(low, high, np.full_like(scales, log_shape), scales), *SCALES
    )[1]


def _profile_of_quantile(low: Array, high: Array, fraction: float) -> Callable[[float], float]:
    constant = math.log(-math.log(1.0 - fraction))
    return lambda log_quantile: highest(
        lambda shapes: log_likelihood(low, high, shapes, log_quantile - constant / np.exp(shapes)), *SHAPES
    )[1]


def _maximum(low: Array, high: Array) -> tuple[float, float, float] | None:
    """Logarithms of shape and scale at the maximum, and its value; None at the edge of the search."""
    profile = _profile_of_shape(low, high)
    log_shape, top = highest(lambda shapes: np.array([profile(float(s)) for s in shapes]), *SHAPES)
    if not SHAPES[0] + 1e-3 < log_shape < SHAPES[1] - 1e-3:
        return None
    log_scale, _ = highest(lambda s: log_likelihood(low, high, np.full_like(s, log_shape), s), *SCALES)
    return log_shape, log_scale, top


def profile_end(profile: Callable[[float], float], centre: float, target: float, side: float) -> float | None:
    """Where the profile falls to `target` on one side of its maximum; None when it does not within e^5."""
    inner, step = centre, 0.05
    while step < 5.0:
        outer = centre + side * step
        if profile(outer) < target:
            for _ in range(50):
                middle = 0.5 * (inner + outer)
                inner, outer = (middle, outer) if profile(middle) >= target else (inner, middle)
                if abs(outer - inner) < 1e-4:
                    break
            return 0.5 * (inner + outer)
        inner, step = outer, 1.6 * step
    return None


def chi2_quantile(confidence: float) -> float:
    """Quantile of chi-square with one degree of freedom."""
    return NormalDist().inv_cdf(0.5 * (1.0 + confidence)) ** 2
