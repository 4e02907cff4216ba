"""Globules of metal as the cells of jittered sites, and the distance to the boundaries between them."""

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_MARGIN = 3


def globule_boundaries(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    voxel_size: tuple[float, float, float],
    globule_size: float,
    jitter: float,
) -> tuple[Floats, tuple[float, float, float]]:
    """Distance from each voxel to the plane half-way between its two nearest sites.

    Args:
        rng: random numbers.
        shape: voxels along the three axes [-].
        voxel_size: edges [m].
        globule_size: distance between the sites of a cubic lattice [m]; fitted so that a whole number of
            globules lies across the depth, where the pattern repeats itself.
        jitter: how far a site may lie from its place along each axis, in lattice distances, below 0.5 [-].

    Returns:
        Distance, shape `shape` [m]; and the lattice distances that were used along the axes [m].

    Formula:
        (d2^2 - d1^2)/(2 |a - b|) for the distances d1, d2 to the nearest sites a and b.

    Source: Okabe et al. 2000, Spatial Tessellations, section 2.3.
    """
    size = np.asarray(shape) * np.asarray(voxel_size)
    across = [max(1, round(edge / globule_size)) for edge in size[1:]]
    spacing = np.array([globule_size, size[1] / across[0], size[2] / across[1]])
    along = int(np.ceil(size[0] / globule_size)) + 2 * _MARGIN
    drawn = 2.0 * rng.random((along, *across, 3)) - 1.0
    cells = [np.arange(count + 2 * _MARGIN) - _MARGIN for count in (along - 2 * _MARGIN, *across)]
    wrapped = drawn[:, cells[1] % across[0]][:, :, cells[2] % across[1]]  # continued across the depth
    lattice = np.stack(np.meshgrid(*cells, indexing="ij"), axis=-1)
    sites = (lattice + 0.5 + jitter * wrapped) * spacing
    shift = rng.random() * globule_size
    sites[..., 0] -= shift
    distances = np.empty(shape, np.float32)
    _measure(sites, spacing, shift, np.asarray(voxel_size), jitter, distances)
    return distances, (float(spacing[0]), float(spacing[1]), float(spacing[2]))


@compiled_parallel
def _measure(
    sites: Doubles,
    spacing: Doubles,
    shift: float,
    edges: Doubles,
    jitter: float,
    distances: Floats,
) -> None:
    nx, ny, nz = distances.shape
    safe = ((1.5 - jitter) * spacing.min()) ** 2  # beyond the neighbours of a cell no site is nearer than this
    for layer in prange(nx):
        found = np.empty((2, 4))
        for j in range(ny):
            for k in range(nz):
                x, y, z = (int(layer) + 0.5) * edges[0], (j + 0.5) * edges[1], (k + 0.5) * edges[2]
                _nearest_two(sites, spacing, shift, x, y, z, 1, found)
                if found[1, 0] > safe:
                    _nearest_two(sites, spacing, shift, x, y, z, 2, found)
                gap = 0.0
                for axis in range(1, 4):
                    gap += (found[0, axis] - found[1, axis]) ** 2
                distances[layer, j, k] = (found[1, 0] - found[0, 0]) / (2.0 * np.sqrt(gap))


@compiled
def _nearest_two(
    sites: Doubles,
    spacing: Doubles,
    shift: float,
    x: float,
    y: float,
    z: float,
    reach: int,
    found: Doubles,
) -> None:
    """Fill squared distance and place of the nearest site and of the second."""
    a0 = int((x + shift) / spacing[0]) + _MARGIN
    b0, c0 = int(y / spacing[1]) + _MARGIN, int(z / spacing[2]) + _MARGIN
    found[0, 0] = found[1, 0] = np.inf
    for a in range(a0 - reach, a0 + reach + 1):
        for b in range(b0 - reach, b0 + reach + 1):
            for c in range(c0 - reach, c0 + reach + 1):
                p, q, r = sites[a, b, c, 0], sites[a, b, c, 1], sites[a, b, c, 2]
                square = (x - p) ** 2 + (y - q) ** 2 + (z - r) ** 2
                if square < found[1, 0]:
                    place = 1
                    if square < found[0, 0]:
                        for item in range(4):
                            found[1, item] = found[0, item]
                        place = 0
                    found[place, 0] = square
                    found[place, 1] = p
                    found[place, 2] = q
                    found[place, 3] = r
