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
Distance = Callable[[FloatArray, float], FloatArray]
"""Takes points of the unit cube, (n, parameters), and a threshold; returns how far each is from the figures, 1 = at
the tolerance. Beyond the threshold any larger number will do."""


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
    moves: int = 4,
    last_moves: int = 90,
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
        moves: of every particle in each round before.
        last_moves: moves of every particle once all figures are met, which make the draws independent.
        progress: called with the round and the tolerance reached.

    Raises:
        CalibrationError: no part of the prior gives all figures within their tolerances.
    """
    generator = np.random.default_rng(seed)
    points = generator.random((particles, parameters))
    distances = distance(points, np.inf)
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
        for _ in range(moves if threshold > 1.0 else last_moves):
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
    """One Metropolis move of every particle; the prior is flat in the cube.

    Each half of the particles moves along differences between particles of the other half (ter Braak 2006,
    differential evolution), which follows narrow ridges and jumps between separate regions; every third particle
    draws one to three coordinates anew instead, which loosens what the figures hardly see.
    """
    points, distances = points.copy(), distances.copy()
    shuffled = generator.permutation(len(points))
    walked, accepted = 0, 0
    for moving, others in (np.array_split(shuffled, 2), np.array_split(shuffled, 2)[::-1]):
        redrawn = generator.random(len(moving)) < 1 / 3
        proposed = np.where(
            redrawn[:, None],
            _redrawn(generator, points[moving]),
            _along_differences(generator, points[moving], points[others], step),
        )
        inside = np.all((proposed > 0) & (proposed < 1), axis=1)
        found = np.full(len(moving), np.inf)
        if inside.any():
            found[inside] = distance(proposed[inside], threshold)
        accept = found <= threshold
        points[moving[accept]], distances[moving[accept]] = proposed[accept], found[accept]
        walked += int(np.count_nonzero(~redrawn))
        accepted += int(np.count_nonzero(accept & ~redrawn))
    return points, distances, accepted / max(walked, 1)


def _along_differences(
    generator: np.random.Generator, points: FloatArray, others: FloatArray, step: float
) -> FloatArray:
    count = len(points)
    first = generator.integers(len(others), size=count)
    second = (first + generator.integers(1, len(others), size=count)) % len(others)
    share = generator.choice([0.3, 0.6, 1.0], size=(count, 1))
    moved = generator.random(points.shape) < share
    length = step * 2.38 / np.sqrt(2 * np.maximum(moved.sum(axis=1, keepdims=True), 1))
    length *= np.exp(0.7 * generator.standard_normal((count, 1)))
    length[generator.random(count) < 0.1] = 1.0
    change = length * (others[first] - others[second]) + 1e-5 * generator.standard_normal(points.shape)
    return points + np.where(moved, change, 0.0)


def _redrawn(generator: np.random.Generator, points: FloatArray) -> FloatArray:
    count, dimension = points.shape
    number = generator.integers(1, min(3, dimension) + 1, size=(count, 1))
    chosen = generator.random(points.shape).argsort(axis=1).argsort(axis=1) < number
    return np.where(chosen, generator.random(points.shape), points)


def from_unit(unit: FloatArray, low: float, high: float, distribution: str) -> FloatArray:
    """Values of a uniform or log-uniform parameter at points of the unit interval."""
    if distribution == "log-uniform":
        return np.asarray(low * (high / low) ** unit)
    return np.asarray(low + (high - low) * unit)


def central_draw(points: FloatArray) -> int:
    """Index of the draw nearest to the middle of the sample in every parameter (smallest largest rank distance)."""
    ranks = points.argsort(axis=0).argsort(axis=0) / max(len(points) - 1, 1)
    return int(np.argmin(((ranks - 0.5) ** 2).sum(axis=1)))
