"""Conditioning a prior on figures with tolerances: a sequential Monte Carlo sampler with shrinking tolerance.

Every draw of the result gives every figure within its tolerance. The prior is a product of uniform and log-uniform
distributions, sampled in the unit cube.

Source: Del Moral, Doucet, Jasra, An adaptive sequential Monte Carlo method for approximate Bayesian computation,
Statistics and Computing 22 (2012) 1009.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from natrode.errors import CalibrationError

FloatArray = npt.NDArray[np.float64]
Distance = Callable[[FloatArray], FloatArray]
"""Takes points of the unit cube, (n, parameters); returns how far each is from the figures, 1 = at the tolerance."""


@dataclass(frozen=True)
class Conditioned:
    """A posterior sample in the unit cube and how it came about."""

    points: FloatArray
    """(draws, parameters)"""
    distances: FloatArray
    rounds: int
    evaluations: int
    distinct: float
    """Part of the draws that differ from one another; 1 is best."""


def condition(
    distance: Distance,
    parameters: int,
    draws: int,
    seed: int,
    *,
    particles: int = 400,
    most_rounds: int = 40,
    last_moves: int = 20,
    progress: Callable[[int, float], None] | None = None,
) -> Conditioned:
    """Draw from the uniform distribution on the unit cube, conditioned on distance <= 1.

    Args:
        distance: see `Distance`; infinite where the figure does not exist.
        parameters: dimension of the cube.
        draws: size of the sample, at most `particles`.
        seed: of the random numbers.
        particles: points that move together.
        most_rounds: rounds of shrinking after which the figures count as not reachable.
        last_moves: moves of every particle once all figures are met, which make the draws independent.
        progress: called with the round and the tolerance reached.

    Raises:
        CalibrationError: no part of the prior gives all figures within their tolerances.
    """
    generator = np.random.default_rng(seed)
    points = generator.random((particles, parameters))
    distances = distance(points)
    evaluations, threshold = particles, np.inf
    step = 1.0
    rounds = 0
    while threshold > 1.0:
        rounds += 1
        finite = np.isfinite(distances)
        if finite.sum() < 2 or rounds > most_rounds:
            raise CalibrationError(
                "the prior cannot give these figures together: the nearest draw is "
                f"{np.min(distances):.3g} tolerances away; widen the prior or a tolerance, or drop a figure"
            )
        threshold = max(1.0, min(float(np.quantile(distances[finite], 0.5)), np.nextafter(threshold, 0)))
        alive = np.flatnonzero(distances <= threshold)
        if len(alive) < 2:
            rounds = most_rounds  # the distance no longer shrinks
            continue
        chosen = alive[np.floor((np.arange(particles) + generator.random()) / particles * len(alive)).astype(int)]
        points, distances = points[chosen], distances[chosen]
        moves = 2 if threshold > 1.0 else last_moves
        for _ in range(moves):
            points, distances, accepted = _move(generator, distance, points, distances, threshold, step)
            evaluations += particles
            step = float(np.clip(step * np.exp(accepted - 0.23), 0.02, 2.0))
        if progress is not None:
            progress(rounds, threshold)
    distinct = len(np.unique(points, axis=0)) / particles
    chosen = generator.choice(particles, draws, replace=False)
    return Conditioned(points[chosen], distances[chosen], rounds, evaluations, distinct)


def _move(
    generator: np.random.Generator,
    distance: Distance,
    points: FloatArray,
    distances: FloatArray,
    threshold: float,
    step: float,
) -> tuple[FloatArray, FloatArray, float]:
    """One Metropolis move of every particle with the particles' own covariance; the prior is flat in the cube."""
    count, dimension = points.shape
    covariance = np.atleast_2d(np.cov(points, rowvar=False)) + 1e-10 * np.eye(dimension)
    factor = np.linalg.cholesky(covariance) * (2.38 / np.sqrt(dimension))
    sizes = step * np.exp(0.7 * generator.standard_normal((count, 1)))
    proposed = points + sizes * generator.standard_normal((count, dimension)) @ factor.T
    inside = np.all((proposed > 0) & (proposed < 1), axis=1)
    found = np.full(count, np.inf)
    if inside.any():
        found[inside] = distance(proposed[inside])
    accept = found <= threshold
    return (
        np.where(accept[:, None], proposed, points),
        np.where(accept, found, distances),
        float(accept.mean()),
    )


def from_unit(unit: FloatArray, low: float, high: float, distribution: str) -> FloatArray:
    """Values of a uniform or log-uniform parameter at points of the unit interval."""
    if distribution == "log-uniform":
        return np.asarray(low * (high / low) ** unit)
    return np.asarray(low + (high - low) * unit)


def central_draw(points: FloatArray) -> int:
    """Index of the draw nearest to the middle of the sample in every parameter (smallest largest rank distance)."""
    ranks = points.argsort(axis=0).argsort(axis=0) / max(len(points) - 1, 1)
    return int(np.argmin(((ranks - 0.5) ** 2).sum(axis=1)))
