"""Spheres on voxels: where they are put, and how an exact number of voxels is filled."""

import numpy as np
import numpy.typing as npt

from natrode.compiled import compiled
from natrode.errors import SpecificationError

Image = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
Edges = tuple[float, float, float]
Periodic = tuple[bool, bool, bool]

_MOST_ATTEMPTS = 200_000
_BATCH = 20_000


def draw_diameters(rng: np.random.Generator, count: int, diameter: float | npt.ArrayLike, variation: float) -> Doubles:
    """Draw diameters by number.

    Args:
        rng: random numbers.
        count: how many [-].
        diameter: mean by number, or measured diameters to draw from [m].
        variation: standard deviation over mean of a log-normal distribution [-]; not with measured ones.

    Returns:
        Shape (count,) [m].
    """
    given = np.atleast_1d(np.asarray(diameter, float))
    if given.size > 1:
        return rng.choice(given, count)
    if variation == 0.0:
        return np.full(count, given[0])
    width = np.sqrt(np.log1p(variation**2))
    drawn: Doubles = given[0] * np.exp(width * rng.standard_normal(count) - 0.5 * width**2)
    return drawn


def place_without_overlap(
    rng: np.random.Generator,
    diameters: Doubles,
    low: Doubles,
    high: Doubles,
    periodic: Periodic,
    neck: float,
) -> Doubles:
    """Place spheres one after another, the largest first, where they overlap no other one.

    Args:
        rng: random numbers.
        diameters: shape (n,) [m].
        low: lowest coordinates of centres, shape (3,) [m].
        high: highest coordinates of centres, shape (3,) [m].
        periodic: along which axes the box repeats itself.
        neck: share of the sum of two radii by which spheres may overlap [-].

    Returns:
        Centres in the order of `diameters`, shape (n, 3) [m].

    Raises:
        SpecificationError: a sphere finds no place: the packing jams.

    Formula:
        random sequential addition; equal spheres without necks jam at a volume fraction of 0.384.

    Source: Widom 1966, J. Chem. Phys. 44, 3888; Torquato, Uche and Stillinger 2006, Phys. Rev. E 74, 061308.
    """
    order = np.argsort(-diameters, kind="stable")
    cells = np.maximum(((high - low) / (diameters.max() * (1.0 - neck))).astype(np.int64), 1)
    heads = np.full(tuple(cells), -1, np.int64)
    links, centres = np.full(diameters.size, -1, np.int64), np.empty((diameters.size, 3))
    placed = attempts = 0
    while placed < diameters.size:
        trials = low + rng.random((_BATCH, 3)) * (high - low)
        arguments = (trials, diameters[order], low, high, np.asarray(periodic), 1.0 - neck)
        now = _add_spheres(*arguments, heads, links, centres, placed)
        attempts = attempts + _BATCH if now == placed else 0
        placed = now
        if attempts >= _MOST_ATTEMPTS:
            volume = np.pi / 6.0 * np.sum(diameters[order[:placed]] ** 3) / np.prod(high - low)
            raise SpecificationError(
                f"spheres that do not overlap find no more place at a volume fraction of {volume:.3f} "
                "(equal ones jam at 0.384); ask for less, allow necks, or let spheres overlap"
            )
    unsorted = np.empty_like(centres)
    unsorted[order] = centres
    return unsorted


def fill_spheres(
    image: Image, centres: Doubles, diameters: Doubles, edges: Edges, periodic: Periodic, filled: int, wanted: int
) -> int:
    """Fill spheres with label 1, one after another, until a number of voxels is reached exactly.

    Args:
        image: changed; 1 where spheres are, another label elsewhere.
        centres: shape (n, 3) [m].
        diameters: shape (n,) [m].
        edges: of a voxel [m].
        periodic: along which axes the image repeats itself.
        filled: voxels that are filled already [-].
        wanted: voxels that are to be filled [-]; the last sphere is cut down to a smaller one.

    Returns:
        How many are filled then.
    """
    most = int(np.prod([diameters.max(initial=0.0) / edge + 2.0 for edge in edges]))
    inside = np.empty(most, np.int64)
    distances = np.empty(inside.size)
    for number in range(diameters.size):
        if filled == wanted:
            break
        sphere = (centres[number], 0.5 * diameters[number])
        count = _voxels_of_sphere(image, *sphere, np.asarray(edges), np.asarray(periodic), inside, distances)
        chosen = inside[:count]
        if filled + count > wanted:
            chosen = chosen[np.argsort(distances[:count], kind="stable")[: wanted - filled]]
        image.reshape(-1)[chosen] = 1
        filled += chosen.size
    return filled


@compiled
def _add_spheres(
    trials: Doubles,
    diameters: Doubles,
    low: Doubles,
    high: Doubles,
    periodic: npt.NDArray[np.bool_],
    hardness: float,
    heads: npt.NDArray[np.int64],
    links: npt.NDArray[np.int64],
    centres: Doubles,
    placed: int,
) -> int:
    """Try one centre after another for the next sphere; return how many are placed."""
    cells = heads.shape
    place, other = np.empty(3, np.int64), np.empty(3, np.int64)
    for trial in range(trials.shape[0]):
        if placed == diameters.size:
            break
        for axis in range(3):
            share = (trials[trial, axis] - low[axis]) / (high[axis] - low[axis])
            place[axis] = min(int(share * cells[axis]), cells[axis] - 1)
        free = True
        for step in range(27):
            beyond = False
            for axis in range(3):
                shift = (step // 3**axis) % 3 - 1
                other[axis] = place[axis] + shift
                if other[axis] < 0 or other[axis] >= cells[axis]:
                    beyond = beyond or not periodic[axis]
                    other[axis] = (other[axis] + cells[axis]) % cells[axis]
            if beyond:
                continue
            sphere = heads[other[0], other[1], other[2]]
            while sphere >= 0 and free:
                square = 0.0
                for axis in range(3):
                    gap = abs(centres[sphere, axis] - trials[trial, axis])
                    if periodic[axis]:
                        gap = min(gap, high[axis] - low[axis] - gap)
                    square += gap * gap
                least = 0.5 * hardness * (diameters[sphere] + diameters[placed])
                free = square >= least * least
                sphere = links[sphere]
            if not free:
                break
        if free:
            centres[placed] = trials[trial]
            links[placed] = heads[place[0], place[1], place[2]]
            heads[place[0], place[1], place[2]] = placed
            placed += 1
    return placed


@compiled
def _voxels_of_sphere(
    image: Image,
    centre: Doubles,
    radius: float,
    edges: Doubles,
    periodic: npt.NDArray[np.bool_],
    inside: npt.NDArray[np.int64],
    distances: Doubles,
) -> int:
    """List the voxels with their centres in a sphere that are not filled yet, and their squared distances."""
    nx, ny, nz = image.shape
    count = 0
    first, last = _span(centre[0], radius, edges[0])
    for i in range(first, last):
        left = radius * radius - ((i + 0.5) * edges[0] - centre[0]) ** 2
        if left < 0.0 or (not periodic[0] and (i < 0 or i >= nx)):
            continue
        row_first, row_last = _span(centre[1], np.sqrt(left), edges[1])
        for j in range(row_first, row_last):
            rest = left - ((j + 0.5) * edges[1] - centre[1]) ** 2
            if rest < 0.0 or (not periodic[1] and (j < 0 or j >= ny)):
                continue
            run_first, run_last = _span(centre[2], np.sqrt(rest), edges[2])
            for k in range(run_first, run_last):
                if not periodic[2] and (k < 0 or k >= nz):
                    continue
                if image[i % nx, j % ny, k % nz] != 1:
                    inside[count] = ((i % nx) * ny + j % ny) * nz + k % nz
                    distances[count] = radius * radius - rest + ((k + 0.5) * edges[2] - centre[2]) ** 2
                    count += 1
    return count


@compiled
def _span(centre: float, reach: float, edge: float) -> tuple[int, int]:
    """First voxel with its centre within reach, and the one behind the last."""
    return int(np.ceil((centre - reach) / edge - 0.5)), int(np.floor((centre + reach) / edge - 0.5)) + 1
