"""Exact distance from each voxel to the nearest voxel of a set."""

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


def distance_to(mask: Mask, voxel_size: tuple[float, float, float]) -> Floats:
    """Distance from each voxel's centre to the nearest centre of a voxel of the mask.

    Args:
        mask: the set, shape (nx, ny, nz) [-].
        voxel_size: edges along the three axes [m].

    Returns:
        Shape of the mask [m]; infinity where the mask is empty.

    Formula:
        d^2 = min over x of (min over y of (min over z of (z - z')^2) + (y - y')^2) + (x - x')^2, each minimum
        the lower envelope of parabolas.

    Source: Felzenszwalb and Huttenlocher 2012, Theory of Computing 8, 415.
    """
    squares = np.full(mask.shape, np.inf, np.float32)
    if not mask.any():
        return squares
    x, y, z = voxel_size
    scale = min(voxel_size)
    _along_last(mask, z / scale, squares)
    _along_second(squares, y / scale)
    _along_first(squares, x / scale)
    np.sqrt(squares, out=squares)
    squares *= np.float32(scale)
    return squares


@compiled_parallel
def _along_last(mask: Mask, edge: float, squares: Floats) -> None:
    nx, ny, nz = mask.shape
    far = np.float32(3e38)
    for i in prange(nx):
        for j in range(ny):
            last = -1
            for k in range(nz):
                if mask[i, j, k]:
                    last = k
                squares[i, j, k] = far if last < 0 else ((k - last) * edge) ** 2
            last = nz
            for k in range(nz - 1, -1, -1):
                if mask[i, j, k]:
                    last = k
                if last < nz:
                    squares[i, j, k] = min(squares[i, j, k], np.float32(((last - k) * edge) ** 2))


@compiled_parallel
def _along_second(squares: Floats, edge: float) -> None:
    nx, ny, nz = squares.shape
    for i in prange(nx):
        line, vertices, bounds = np.empty(ny), np.empty(ny, np.int64), np.empty(ny + 1)
        for k in range(nz):
            for j in range(ny):
                line[j] = squares[i, j, k]
            count = _envelope(line, edge, vertices, bounds)
            piece = 0
            for j in range(ny):
                while piece < count - 1 and bounds[piece + 1] < j:
                    piece += 1
                if count > 0:
                    squares[i, j, k] = line[vertices[piece]] + ((j - vertices[piece]) * edge) ** 2


@compiled_parallel
def _along_first(squares: Floats, edge: float) -> None:
    nx, ny, nz = squares.shape
    for j in prange(ny):
        line, vertices, bounds = np.empty(nx), np.empty(nx, np.int64), np.empty(nx + 1)
        slab = squares[:, j, :].copy()
        for k in range(nz):
            for i in range(nx):
                line[i] = slab[i, k]
            count = _envelope(line, edge, vertices, bounds)
            piece = 0
            for i in range(nx):
                while piece < count - 1 and bounds[piece + 1] < i:
                    piece += 1
                if count > 0:
                    slab[i, k] = line[vertices[piece]] + ((i - vertices[piece]) * edge) ** 2
        squares[:, j, :] = slab


@compiled
def _envelope(line: Doubles, edge: float, vertices: npt.NDArray[np.int64], bounds: Doubles) -> int:
    """Find the parabolas of the lower envelope and where each begins; return how many there are."""
    count = 0
    for place in range(line.size):
        if line[place] > 1e38:
            continue
        begin = -1.0
        while count > 0:
            last = vertices[count - 1]
            rise = (line[place] - line[last]) / (edge * edge) + place * place - last * last
            begin = rise / (2.0 * (place - last))
            if begin > bounds[count - 1]:
                break
            count -= 1
        vertices[count] = place
        bounds[count] = begin if count > 0 else -1.0
        count += 1
    return count
