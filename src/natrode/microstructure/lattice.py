"""The unknowns of a phase: its voxels in a list, red before black, each with its six neighbours."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled_parallel
from natrode.errors import SpecificationError

Image = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.uint32]
"""Of unknowns, without a sign: compiled code need not ask whether they count from the end."""
Counts = npt.NDArray[np.int64]

LOW_FACE, HIGH_FACE, CODES = 27, 54, 108
"""A voxel's code: neighbours along x + 3 along y + 9 along z, + 27 in the first layer, + 54 in the last."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Active voxels of an image, numbered: first all with i + j + k even (red), then all others (black)."""

    shape: tuple[int, int, int]
    size: int
    red: int
    """How many are red; a red voxel has only black neighbours."""
    planes: Indices
    """First red and first black voxel of each layer and the ends, shape (2, nx + 1)."""
    positions: Indices
    """Flat index of each voxel in the image, shape (size,)."""
    neighbours: Numbers
    """Number of the voxel at -x, +x, -y, +y, -z, +z; `size` where there is none, shape (size, 6)."""
    codes: Image
    """How many neighbours each voxel has along each axis, and whether it lies in the first or last layer."""


def number_voxels(active: Image) -> tuple[Lattice, Indices]:
    """Number the active voxels and find their neighbours.

    Args:
        active: 1 where there is an unknown, 0 elsewhere, shape (nx, ny, nz) [-].

    Returns:
        The lattice, and the number of each voxel of the image (the lattice's size where not active), which
        the first coarsening needs once.

    Raises:
        SpecificationError: more voxels than numbers of 32 bits, or an axis of more than 32767.
    """
    nx, ny, nz = active.shape
    if active.size >= 2**31 or max(active.shape) > 32767:
        raise SpecificationError(f"an image of {nx} x {ny} x {nz} voxels is too large; crop or coarsen it")
    counts = np.zeros((2, nx + 1), np.int64)
    _count(active, counts)
    first = np.cumsum(counts, axis=1)
    red = int(first[0, nx])
    size = red + int(first[1, nx])
    first[1] += red
    planes = first.astype(np.int32)
    numbers = np.empty(active.shape, np.int32)
    positions = np.empty(size, np.int32)
    _number(active, planes, numbers, positions, size)
    neighbours, codes = np.empty((size, 6), np.uint32), np.empty(size, np.uint8)
    _connect(numbers, positions, neighbours, codes, size)
    return Lattice((nx, ny, nz), size, red, planes, positions, neighbours, codes), numbers


def face_table(low: float, high: float) -> npt.NDArray[np.float64]:
    """What the code of a voxel says about its faces.

    Args:
        low: conductance from the first layer to the plane before it [-].
        high: conductance from the last layer to the plane behind it [-].

    Returns:
        Neighbours along x, y, z and conductance to the planes by code, shape (`CODES`, 4) [-].
    """
    code = np.arange(CODES)
    ground = code // LOW_FACE % 2 * low + code // HIGH_FACE * high
    return np.stack([code % 3, code // 3 % 3, code // 9 % 3, ground], axis=1).astype(np.float64)


@compiled_parallel
def _count(active: Image, counts: Counts) -> None:
    nx, ny, nz = active.shape
    for i in prange(nx):
        red, black = 0, 0
        for j in range(ny):
            for k in range(nz):
                if active[i, j, k]:
                    if (i + j + k) & 1:
                        black += 1
                    else:
                        red += 1
        counts[0, i + 1] = red
        counts[1, i + 1] = black


@compiled_parallel
def _number(active: Image, planes: Indices, numbers: Indices, positions: Indices, missing: int) -> None:
    nx, ny, nz = active.shape
    for i in prange(nx):
        red, black = planes[0, i], planes[1, i]
        for j in range(ny):
            for k in range(nz):
                if not active[i, j, k]:
                    numbers[i, j, k] = missing
                elif (i + j + k) & 1:
                    numbers[i, j, k] = black
                    positions[black] = (i * ny + j) * nz + k
                    black += 1
                else:
                    numbers[i, j, k] = red
                    positions[red] = (i * ny + j) * nz + k
                    red += 1


@compiled_parallel
def _connect(numbers: Indices, positions: Indices, neighbours: Numbers, codes: Image, missing: int) -> None:
    nx, ny, nz = numbers.shape
    for voxel in prange(missing):
        place = positions[voxel]
        k = place % nz
        j = (place // nz) % ny
        i = place // (nz * ny)
        neighbours[voxel, 0] = numbers[i - 1, j, k] if i > 0 else missing
        neighbours[voxel, 1] = numbers[i + 1, j, k] if i < nx - 1 else missing
        neighbours[voxel, 2] = numbers[i, j - 1, k] if j > 0 else missing
        neighbours[voxel, 3] = numbers[i, j + 1, k] if j < ny - 1 else missing
        neighbours[voxel, 4] = numbers[i, j, k - 1] if k > 0 else missing
        neighbours[voxel, 5] = numbers[i, j, k + 1] if k < nz - 1 else missing
        code, step = 0, 1
        for axis in range(3):
            for side in range(2):
                if neighbours[voxel, 2 * axis + side] != missing:
                    code += step
            step *= 3
        if i == 0:
            code += LOW_FACE
        if i == nx - 1:
            code += HIGH_FACE
        codes[voxel] = code
