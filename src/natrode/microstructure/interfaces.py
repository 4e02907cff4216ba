"""Area between two phases and length of the lines where three meet, without the steps of the voxels."""

import dataclasses
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel
from natrode.errors import SpecificationError
from natrode.microstructure.structure import Structure, VoxelSize, lookup

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Table = npt.NDArray[np.bool_]

_SAMPLES = 200_000


@dataclass(frozen=True, eq=False)
class InterfaceArea:
    """Area between two materials."""

    one: str
    other: str
    area: float
    """In the whole sample [m2]."""
    specific_area: float
    """Per volume of the sample [1/m]."""
    voxel_faces: float
    """Area of the voxel faces between them [m2], biased upwards: by 3/2 on a sphere."""
    profile: Doubles = field(repr=False)
    """Area in each layer of voxels along the depth, shape (nx,) [m2]."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**dataclasses.asdict(self), "profile": self.profile.tolist(), "method": AREA_METHOD}


AREA_METHOD = (
    "Crofton: crossings along 13 directions with the shares of the sphere nearest to each, corrected for the "
    "local orientation of the interface; exact on average for planes and within 1 % on spheres of 10 voxels radius"
)


def interface_area(structure: Structure, one: str, other: str) -> InterfaceArea:
    """Area between two materials of a structure.

    Args:
        structure: the labelled image.
        one: a material.
        other: another material.

    Returns:
        Total and specific area, and its profile along the depth.

    Raises:
        SpecificationError: no such material, or twice the same.

    Formula:
        S = 2 sum over directions d of c_d N_d V/l_d, each crossing divided by f(n) = 2 sum c_d |n.d| of the
        local normal n; N_d V/l_d are the crossings times voxel volume over step, c_d the share of the
        directions of space that are nearest to d.

    Source: Lehmann and Legland 2012, Insight Journal 846 (Crofton with 13 directions); Ohser and Muecklich
        2000, Statistical Analysis of Microstructures, section 4.2.
    """
    if one == other:
        raise SpecificationError(f"an interface needs two materials, both are '{one}'")
    tables = lookup(structure.labels_of(one)), lookup(structure.labels_of(other))
    areas = local_areas(structure.image, *tables, structure.voxel_size)
    profile = areas.sum(axis=(1, 2), dtype=np.float64)
    x, y, z = structure.voxel_size
    faces = face_counts(structure.image, *tables) @ np.array([y * z, x * z, x * y])
    area = float(profile.sum())
    volume = structure.image.size * structure.voxel_volume
    return InterfaceArea(one, other, area, area / volume, float(faces), profile)


def local_areas(image: Image, one: Table, other: Table, voxel_size: VoxelSize) -> Floats:
    """Area of the interface that belongs to each voxel of phase `one`.

    Args:
        image: labels, shape (nx, ny, nz) [-].
        one: which labels are phase one, shape (256,).
        other: which labels are the other phase, shape (256,).
        voxel_size: edges [m].

    Returns:
        Shape of the image [m2]; 0 outside phase one. The image is continued by reflection at its sides.
    """
    steps, shares, lengths = _directions(voxel_size)
    weights = 2.0 * shares * float(np.prod(voxel_size)) / lengths
    units = steps * np.asarray(voxel_size) / lengths[:, None]
    x, y, z = voxel_size
    kinds, marks = np.empty(image.shape, np.uint8), np.zeros(image.shape, np.uint8)
    _tell_kinds(image, one.astype(np.uint8) + 2 * other.astype(np.uint8), kinds)
    _mark_faces(kinds, marks)
    areas = np.zeros(image.shape, np.float32)
    _crossings(kinds, marks, steps, weights, units, shares, np.array([y * z, x * z, x * y]), areas)
    return areas


def face_counts(image: Image, one: Table, other: Table) -> npt.NDArray[np.int64]:
    """Count the voxel faces between two phases normal to each axis, shape (3,)."""
    counts = np.zeros((image.shape[0], 3), np.int64)
    _count_faces(image, one, other, counts)
    total: npt.NDArray[np.int64] = counts.sum(axis=0)
    return total


@dataclass(frozen=True)
class TripleLine:
    """Lines where three materials meet."""

    materials: tuple[str, str, str]
    length: float
    """In the whole sample [m]."""
    length_density: float
    """Per volume of the sample [1/m2]."""
    voxel_edges: float
    """Length of the voxel edges where they meet [m], biased upwards: by 3/2 on average over orientations."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**dataclasses.asdict(self), "method": LINE_METHOD}


LINE_METHOD = (
    "voxel edges where three phases meet, shortened by the local orientation of the line; on circles up to 6 % long"
)


def triple_line(structure: Structure, one: str, two: str, three: str) -> TripleLine:
    """Length of the lines where three materials meet.

    Args:
        structure: the labelled image.
        one: a material.
        two: another material.
        three: a third material.

    Returns:
        Total length and length per volume.

    Raises:
        SpecificationError: no such material, or two are the same.

    Formula:
        L = sum over edges of h_a |t_a|, the local direction t from the edges along the three axes within three
        voxels: h_a N_a = integral of |t_a| dL.

    Source: Ohser and Muecklich 2000, Statistical Analysis of Microstructures, section 4.2 (intersections of a
        line with planes normal to the axes).
    """
    if len({one, two, three}) < 3:
        raise SpecificationError(f"a triple line needs three materials, given are {one}, {two} and {three}")
    phase = np.zeros(256, np.uint8)
    for bit, material in ((1, one), (2, two), (4, three)):
        phase[list(structure.labels_of(material))] = bit
    kinds = np.zeros(structure.shape, np.uint8)
    _mark_edges(structure.image, phase, kinds)
    edges = np.asarray(structure.voxel_size)
    sums = np.zeros((structure.shape[0], 2))
    _measure_edges(kinds, edges, sums)
    length, steps = (float(value) for value in sums.sum(axis=0))
    volume = structure.image.size * structure.voxel_volume
    return TripleLine((one, two, three), length, length / volume, steps)


@cache
def _directions(voxel_size: VoxelSize) -> tuple[npt.NDArray[np.int64], Doubles, Doubles]:
    """Steps to the 13 neighbours of a half space, the share of all directions nearest to each, their lengths."""
    steps = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) > (0, 0, 0)])
    vectors = steps * np.asarray(voxel_size)
    lengths = np.linalg.norm(vectors, axis=1)
    number = np.arange(_SAMPLES) + 0.5  # evenly spread over the half sphere, as the seeds of a sunflower
    height, angle = number / _SAMPLES, number * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - height**2)
    sphere = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    nearest = np.argmax(np.abs(sphere @ (vectors / lengths[:, None]).T), axis=1)
    shares = np.bincount(nearest, minlength=13) / _SAMPLES
    alike = [tuple(vector) for vector in np.sort(np.abs(vectors), axis=1)]  # mirrored, or turned where edges are equal
    shares = np.array([np.mean([s for s, kind in zip(shares, alike, strict=True) if kind == own]) for own in alike])
    return steps, shares, lengths


@compiled_parallel
def _tell_kinds(image: Image, table: Image, kinds: Image) -> None:
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                kinds[i, j, k] = table[image[i, j, k]]


@compiled_parallel
def _mark_faces(kinds: Image, marks: Image) -> None:
    """Set bits 1, 2, 4 where the face of a voxel towards +x, +y, +z lies between kinds 1 and 2."""
    nx, ny, nz = kinds.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                here = kinds[i, j, k]
                if here != 0:
                    mark = 1 if i + 1 < nx and here + kinds[i + 1, j, k] == 3 else 0
                    mark += 2 if j + 1 < ny and here + kinds[i, j + 1, k] == 3 else 0
                    mark += 4 if k + 1 < nz and here + kinds[i, j, k + 1] == 3 else 0
                    marks[i, j, k] = mark


@compiled_parallel
def _crossings(
    kinds: Image,
    marks: Image,
    steps: npt.NDArray[np.int64],
    weights: Doubles,
    units: Doubles,
    shares: Doubles,
    faces: Doubles,
    areas: Floats,
) -> None:
    """Weigh the crossings of each voxel of kind 1; whole rows are looked at first, most voxels have none."""
    nx, ny, nz = kinds.shape
    flat = kinds.reshape(-1)
    strides = (steps[:, 0] * ny + steps[:, 1]) * nz + steps[:, 2]
    for layer in prange(nx):
        i = int(layer)
        near = np.empty(nz, np.uint8)
        counts = np.empty((3, nz), np.uint8)
        for j in range(ny):
            _merge_rows(kinds, i, j, near)
            _count_marks(marks, i, j, counts)
            for k in range(nz):
                low, high = max(k - 1, 0), min(k + 1, nz - 1)
                if kinds[i, j, k] != 1 or (near[low] | near[k] | near[high]) < 2:
                    continue
                raw = 0.0
                inside = 0 < i < nx - 1 and 0 < j < ny - 1 and 0 < k < nz - 1
                place = (i * ny + j) * nz + k
                for d in range(strides.size if inside else 0):
                    if flat[np.uint64(place + strides[d])] == 2:
                        raw += weights[d]
                    if flat[np.uint64(place - strides[d])] == 2:
                        raw += weights[d]
                for d in range(0 if inside else strides.size):
                    a, b, c = steps[d, 0], steps[d, 1], steps[d, 2]
                    if kinds[min(i + a, nx - 1), min(max(j + b, 0), ny - 1), min(max(k + c, 0), nz - 1)] == 2:
                        raw += weights[d]
                    if kinds[max(i - a, 0), min(max(j - b, 0), ny - 1), min(max(k - c, 0), nz - 1)] == 2:
                        raw += weights[d]
                if raw > 0.0:
                    areas[i, j, k] = raw / _bias(counts, k, units, shares, faces)


@compiled
def _merge_rows(kinds: Image, i: int, j: int, near: Image) -> None:
    """Bits of the kinds in the nine rows around one."""
    nx, ny, nz = kinds.shape
    near[:] = 0
    for x in range(max(i - 1, 0), min(i + 2, nx)):
        for y in range(max(j - 1, 0), min(j + 2, ny)):
            row = kinds[x, y]
            for k in range(nz):
                near[k] |= row[k]


@compiled
def _count_marks(marks: Image, i: int, j: int, counts: Image) -> None:
    """Count the faces normal to each axis that lie within two voxels of a row, at each place along it.

    A mark is on the far side of its voxel, so that two voxels on lie the faces that are two and a half away: these
    are left out, as they are on the near side.
    """
    nx, ny, nz = marks.shape
    counts[:] = 0
    along_x, along_y, along_z = counts[0], counts[1], counts[2]
    for x in range(max(i - 2, 0), min(i + 3, nx)):
        x_bit = np.uint8(0 if x == i + 2 else 1)
        for y in range(max(j - 2, 0), min(j + 3, ny)):
            y_bit = np.uint8(0 if y == j + 2 else 1)
            row = marks[x, y]
            for k in range(nz):
                mark = row[k]
                along_x[k] += mark & x_bit
                along_y[k] += (mark >> 1) & y_bit
                along_z[k] += mark >> 2


@compiled
def _bias(counts: Image, k: int, units: Doubles, shares: Doubles, faces: Doubles) -> float:
    """What 13 directions make of a unit area with the orientation of the faces within two voxels."""
    a, b, c = 0.0, 0.0, 0.0
    for z in range(max(k - 2, 0), min(k + 3, counts.shape[1])):
        a += counts[0, z]
        b += counts[1, z]
        if z < k + 2:
            c += counts[2, z]
    a, b, c = a * faces[0], b * faces[1], c * faces[2]
    length = np.sqrt(a * a + b * b + c * c)
    if length == 0.0:
        return 1.0
    bias = 0.0
    for d in range(shares.size):
        bias += 2.0 * shares[d] * abs(a * units[d, 0] + b * units[d, 1] + c * units[d, 2]) / length
    return bias


@compiled
def _differ(here: int, there: int, one: Table, other: Table) -> bool:
    return bool((one[here] and other[there]) or (other[here] and one[there]))


@compiled_parallel
def _count_faces(image: Image, one: Table, other: Table, counts: npt.NDArray[np.int64]) -> None:
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                here = image[i, j, k]
                if i + 1 < nx and _differ(here, image[i + 1, j, k], one, other):
                    counts[i, 0] += 1
                if j + 1 < ny and _differ(here, image[i, j + 1, k], one, other):
                    counts[i, 1] += 1
                if k + 1 < nz and _differ(here, image[i, j, k + 1], one, other):
                    counts[i, 2] += 1


@compiled_parallel
def _mark_edges(image: Image, phase: Image, kinds: Image) -> None:
    """Set bits 1, 2, 4 where the edge along x, y, z at the far corner of a voxel joins three phases."""
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                here = phase[image[i, j, k]]
                kind = 0
                if j + 1 < ny and k + 1 < nz:
                    rest = phase[image[i, j + 1, k]] | phase[image[i, j, k + 1]] | phase[image[i, j + 1, k + 1]]
                    kind += 1 if here | rest == 7 else 0
                if i + 1 < nx and k + 1 < nz:
                    rest = phase[image[i + 1, j, k]] | phase[image[i, j, k + 1]] | phase[image[i + 1, j, k + 1]]
                    kind += 2 if here | rest == 7 else 0
                if i + 1 < nx and j + 1 < ny:
                    rest = phase[image[i + 1, j, k]] | phase[image[i, j + 1, k]] | phase[image[i + 1, j + 1, k]]
                    kind += 4 if here | rest == 7 else 0
                kinds[i, j, k] = kind


@compiled_parallel
def _measure_edges(kinds: Image, edges: Doubles, sums: Doubles) -> None:
    """Sum the true and the stepped length of the marked edges of each layer."""
    nx, ny, nz = kinds.shape
    for layer in prange(nx):
        i = int(layer)
        for j in range(ny):
            for k in range(nz):
                if kinds[i, j, k] == 0:
                    continue
                along = np.zeros(3)
                for x in range(max(i - 3, 0), min(i + 4, nx)):
                    for y in range(max(j - 3, 0), min(j + 4, ny)):
                        for z in range(max(k - 3, 0), min(k + 4, nz)):
                            for axis in range(3):
                                if kinds[x, y, z] >> axis & 1:
                                    along[axis] += edges[axis]
                length = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2)
                for axis in range(3):
                    if kinds[i, j, k] >> axis & 1:
                        sums[i, 0] += edges[axis] * along[axis] / length
                        sums[i, 1] += edges[axis]
