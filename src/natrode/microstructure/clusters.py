"""Connected clusters of a phase: runs of voxels along the last axis, joined where they touch."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel

Neighbours = Literal[6, 26]
Image = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]
Label = TypeVar("Label", bound=np.generic)

LOW, HIGH = (1, 4, 16), (2, 8, 32)
"""Bits of `Clusters.faces` for the first and the last plane along each axis."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters of one phase, stored as runs; `paint` brings a choice of them back as an image."""

    shape: tuple[int, int, int]
    neighbours: Neighbours
    sizes: Counts
    """Voxels of each cluster."""
    faces: npt.NDArray[np.uint8]
    """Faces of the image that each cluster touches, a sum of `LOW` and `HIGH`."""
    rows: Counts
    """First run of each row (i, j), and the number of runs at the end."""
    starts: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]
    owners: npt.NDArray[np.int32]
    """Cluster of each run."""

    def touching(self, bits: int) -> npt.NDArray[np.bool_]:
        """Return which clusters touch all faces of `bits`, a sum of `LOW` and `HIGH`."""
        touching: npt.NDArray[np.bool_] = (self.faces & np.uint8(bits)) == bits
        return touching

    def paint(self, chosen: npt.NDArray[np.bool_]) -> Image:
        """Return an image that is 1 in the chosen clusters and 0 elsewhere."""
        return self.number(chosen.astype(np.uint8))

    def number(self, values: npt.NDArray[Label]) -> npt.NDArray[Label]:
        """Return an image with the value of its cluster in each voxel, 0 outside the phase."""
        image = np.zeros(self.shape, values.dtype)
        _paint(self.rows, self.starts, self.stops, self.owners, values, image)
        return image


def find_clusters(image: Image, labels: npt.ArrayLike, neighbours: Neighbours = 6) -> Clusters:
    """Find the connected clusters of the voxels that carry one of `labels`.

    Args:
        image: labels, shape (nx, ny, nz) [-].
        labels: one label or several that count as one phase [-].
        neighbours: 6 (across faces) or 26 (across faces, edges and corners).

    Returns:
        The clusters in the order of their first voxels.

    Formula:
        union-find over the runs of voxels along the last axis.

    Source: Hoshen and Kopelman 1976, Phys. Rev. B 14, 3438, with runs in place of voxels.
    """
    chosen = np.zeros(256, np.bool_)
    chosen[np.asarray(labels, np.intp)] = True
    nx, ny, nz = image.shape
    rows = np.zeros(nx * ny + 1, np.int64)
    _count_runs(image, chosen, rows)
    np.cumsum(rows, out=rows)
    starts, stops = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.int32)
    _fill_runs(image, chosen, rows, starts, stops)
    owners = np.arange(rows[-1], dtype=np.int32)
    _join(nx, ny, rows, starts, stops, owners, neighbours == 26)
    count = _renumber(owners)
    sizes, faces = np.zeros(count, np.int64), np.zeros(count, np.uint8)
    _describe(nx, ny, nz, rows, starts, stops, owners, sizes, faces)
    return Clusters((nx, ny, nz), neighbours, sizes, faces, rows, starts, stops, owners)


@compiled_parallel
def _count_runs(image: Image, chosen: npt.NDArray[np.bool_], rows: Counts) -> None:
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            count, before = 0, False
            for k in range(nz):
                inside = chosen[image[i, j, k]]
                if inside and not before:
                    count += 1
                before = inside
            rows[i * ny + j + 1] = count


@compiled_parallel
def _fill_runs(
    image: Image,
    chosen: npt.NDArray[np.bool_],
    rows: Counts,
    starts: npt.NDArray[np.int32],
    stops: npt.NDArray[np.int32],
) -> None:
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            run, before = rows[i * ny + j], False
            for k in range(nz):
                inside = chosen[image[i, j, k]]
                if inside and not before:
                    starts[run] = k
                if before and not inside:
                    stops[run] = k
                    run += 1
                before = inside
            if before:
                stops[run] = nz


@compiled
def find_root(parents: npt.NDArray[np.int32], item: int) -> int:
    """Follow parents to the root, halving the path."""
    while parents[item] != item:
        parents[item] = parents[parents[item]]
        item = parents[item]
    return item


@compiled
def unite(parents: npt.NDArray[np.int32], one: int, other: int) -> None:
    """Put two items into one set; its root is the smallest of its items."""
    one, other = find_root(parents, one), find_root(parents, other)
    if one < other:
        parents[other] = one
    elif other < one:
        parents[one] = other


@compiled
def _join_rows(
    one: int,
    other: int,
    reach: int,
    rows: Counts,
    starts: npt.NDArray[np.int32],
    stops: npt.NDArray[np.int32],
    parents: npt.NDArray[np.int32],
) -> None:
    a, b = rows[one], rows[other]
    while a < rows[one + 1] and b < rows[other + 1]:
        if starts[a] < stops[b] + reach and starts[b] < stops[a] + reach:
            unite(parents, a, b)
        if stops[a] < stops[b]:
            a += 1
        else:
            b += 1


@compiled
def _join(
    nx: int,
    ny: int,
    rows: Counts,
    starts: npt.NDArray[np.int32],
    stops: npt.NDArray[np.int32],
    parents: npt.NDArray[np.int32],
    corners: bool,
) -> None:
    reach = 1 if corners else 0
    for i in range(nx):
        for j in range(ny):
            row = i * ny + j
            if j > 0:
                _join_rows(row, row - 1, reach, rows, starts, stops, parents)
            if i > 0:
                _join_rows(row, row - ny, reach, rows, starts, stops, parents)
            if corners and i > 0 and j > 0:
                _join_rows(row, row - ny - 1, reach, rows, starts, stops, parents)
            if corners and i > 0 and j < ny - 1:
                _join_rows(row, row - ny + 1, reach, rows, starts, stops, parents)


@compiled
def _renumber(parents: npt.NDArray[np.int32]) -> int:
    """Replace each run's parent by the number of its cluster; roots come before their members."""
    count = 0
    for run in range(parents.size):
        if parents[run] == run:
            parents[run] = count
            count += 1
        else:
            parents[run] = parents[parents[run]]
    return count


@compiled
def _describe(
    nx: int,
    ny: int,
    nz: int,
    rows: Counts,
    starts: npt.NDArray[np.int32],
    stops: npt.NDArray[np.int32],
    owners: npt.NDArray[np.int32],
    sizes: Counts,
    faces: npt.NDArray[np.uint8],
) -> None:
    for i in range(nx):
        for j in range(ny):
            bits = (1 if i == 0 else 0) + (2 if i == nx - 1 else 0) + (4 if j == 0 else 0) + (8 if j == ny - 1 else 0)
            for run in range(rows[i * ny + j], rows[i * ny + j + 1]):
                owner = owners[run]
                sizes[owner] += stops[run] - starts[run]
                ends = (16 if starts[run] == 0 else 0) + (32 if stops[run] == nz else 0)
                faces[owner] |= np.uint8(bits + ends)


@compiled_parallel
def _paint(
    rows: Counts,
    starts: npt.NDArray[np.int32],
    stops: npt.NDArray[np.int32],
    owners: npt.NDArray[np.int32],
    values: npt.NDArray[np.generic],
    image: npt.NDArray[np.generic],
) -> None:
    nx, ny, _ = image.shape
    for i in prange(nx):
        for j in range(ny):
            for run in range(rows[i * ny + j], rows[i * ny + j + 1]):
                value = values[owners[run]]
                for k in range(starts[run], stops[run]):
                    image[i, j, k] = value
