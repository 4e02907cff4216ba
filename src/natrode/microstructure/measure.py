"""What a structure is made of: fractions, correlations, chords and sizes."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled_parallel
from natrode.errors import SpecificationError
from natrode.microstructure.clusters import find_clusters
from natrode.microstructure.distance import distance_to
from natrode.microstructure.interfaces import local_areas
from natrode.microstructure.memory import require_memory
from natrode.microstructure.structure import Structure, count_labels, lookup

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Correlation:
    """Two-point correlation: the probability that both ends of a rod lie in the phase."""

    material: str
    distances: Doubles
    """Lengths of the radial average, shape (n,) [m]."""
    radial: Doubles
    """Average over all directions, shape (n,) [-]."""
    axes: tuple[Doubles, Doubles, Doubles]
    """Along axes 0, 1, 2 at whole numbers of voxels, from 0 [-]."""
    correlation_length: float
    """Where the radial covariance falls below 1/e of its start [m]."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "material": self.material,
            "distances": self.distances.tolist(),
            "radial": self.radial.tolist(),
            "axes": [values.tolist() for values in self.axes],
            "correlation_length": self.correlation_length,
        }


@dataclass(frozen=True, eq=False)
class Chords:
    """Chords of a phase: what lines along the axes cut out of it."""

    material: str
    mean: tuple[float | None, float | None, float | None]
    """Mean length along axes 0, 1, 2 [m]; None where a line meets no end of a chord."""
    complete: tuple[int, int, int]
    """Chords with both ends inside the sample along axes 0, 1, 2."""
    counts: tuple[Counts, Counts, Counts] = field(repr=False)
    """Complete chords of 0, 1, 2, ... voxels along axes 0, 1, 2."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data; `counts` up to the longest chord."""
        return {
            "material": self.material,
            "mean": list(self.mean),
            "complete": list(self.complete),
            "counts": [np.trim_zeros(values, "b").tolist() for values in self.counts],
        }


@dataclass(frozen=True)
class Sizes:
    """Sizes of the particles, pores or globules of a phase."""

    material: str
    opening_diameters: tuple[float, ...]
    """Diameters of the test spheres [m]."""
    opening_fractions: tuple[float, ...]
    """Share of the phase that spheres of at least this diameter can cover [-]."""
    median: float | None
    """Diameter at which half of the phase is covered [m]; None where the spheres do not reach it."""
    sauter_mean: float | None
    """6 V/S, the diameter of equal spheres with the same specific surface [m]; None without a surface."""
    clusters: int
    cluster_median: float | None
    """Diameter of a sphere with the volume of the median cluster by volume [m]: sizes of separate particles."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


def volume_fractions(structure: Structure) -> dict[str, float]:
    """Volume fraction of each material [-], exact counts of voxels."""
    counts = count_labels(structure.image)
    return {
        material: sum(int(counts[label]) for label in structure.labels_of(material)) / structure.image.size
        for material in structure.materials
    }


def two_point_correlation(structure: Structure, material: str, farthest: float | None = None) -> Correlation:
    """Two-point correlation of a material.

    Args:
        structure: the labelled image; it is not continued beyond its sides.
        material: the phase.
        farthest: longest distance [m]; a quarter of the smallest edge of the sample by default, along axes of
            more than one voxel.

    Returns:
        Along the axes and averaged over all directions.

    Raises:
        SpecificationError: no such material, a distance beyond the sample, or too little memory.

    Formula:
        S(r) = mean over x of chi(x) chi(x + r), pairs within the sample only; by fast Fourier transform of the
        zero-padded indicator. S(0) = phi; S falls to phi^2; slope -s/4 at 0 for the specific surface s.

    Source: Torquato 2002, Random Heterogeneous Materials, section 2.2; Debye, Anderson and Brumberger 1957,
        J. Appl. Phys. 28, 679 (slope).
    """
    from scipy import fft

    mask = structure.mask(material)
    edges = np.asarray(structure.voxel_size)
    thick = [count > 1 for count in mask.shape]
    sizes = [size for size, several in zip(structure.size, thick, strict=True) if several]
    if not sizes:
        raise SpecificationError("a correlation needs more than one voxel")
    reach = min(sizes) / 4.0 if farthest is None else farthest
    if not 0.0 < reach < min(sizes):
        raise SpecificationError(f"distance {reach:.3g} m: must lie between 0 and {min(sizes):.3g} m, the sample")
    steps = [int(reach / edge) if several else 0 for edge, several in zip(edges, thick, strict=True)]
    shape = [fft.next_fast_len(n + s, real=True) for n, s in zip(mask.shape, steps, strict=True)]
    require_memory(tuple(shape), 20.0, "correlation of an image, padded,")
    spectrum = fft.rfftn(mask.astype(np.float32), shape, workers=-1)
    power = spectrum.real**2 + spectrum.imag**2
    del spectrum
    pairs = fft.irfftn(power.astype(np.complex64), shape, workers=-1)
    lags = [np.concatenate([np.arange(s + 1), np.arange(-s, 0)]) for s in steps]
    found = pairs[np.ix_(*lags)].astype(np.float64)
    overlap = [n - np.abs(lag) for n, lag in zip(mask.shape, lags, strict=True)]
    found /= overlap[0][:, None, None] * overlap[1][None, :, None] * overlap[2][None, None, :]
    distances, radial = _radial_average(found, lags, edges, reach)
    along = (found[: steps[0] + 1, 0, 0], found[0, : steps[1] + 1, 0], found[0, 0, : steps[2] + 1])
    fraction = float(mask.mean())
    below = np.flatnonzero(radial - fraction**2 <= (fraction - fraction**2) / np.e)
    length = float(distances[below[0]]) if below.size else float(distances[-1])
    return Correlation(material, distances, radial, along, length)


def _radial_average(found: Doubles, lags: list[Counts], edges: Doubles, reach: float) -> tuple[Doubles, Doubles]:
    x, y, z = (lag * edge for lag, edge in zip(lags, edges, strict=True))
    radius = np.sqrt(x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2)
    width = float(edges.min())
    shell = np.rint(radius / width).astype(np.int64)
    inside = radius <= reach
    counts = np.bincount(shell[inside])
    sums = np.bincount(shell[inside], found[inside])
    places = np.bincount(shell[inside], radius[inside])
    full = counts > 0
    return places[full] / counts[full], sums[full] / counts[full]


def chord_lengths(structure: Structure, material: str) -> Chords:
    """Lengths of the chords of a material along the axes.

    Args:
        structure: the labelled image.
        material: the phase.

    Returns:
        Mean lengths without bias from the sides, and the distribution of complete chords.

    Raises:
        SpecificationError: no such material.

    Formula:
        mean = length of the lines within the phase over the mean of the numbers of entries and exits.

    Source: Underwood 1970, Quantitative Stereology, section 4.2.
    """
    chosen = lookup(structure.labels_of(material))
    means: list[float | None] = []
    complete: list[int] = []
    counts: list[Counts] = []
    for axis in range(3):
        turned = np.ascontiguousarray(np.moveaxis(structure.image, axis, 2))
        histogram = np.zeros((turned.shape[0], turned.shape[2] + 1), np.int64)
        tallies = np.zeros((turned.shape[0], 2), np.int64)
        _count_chords(turned, chosen, histogram, tallies)
        voxels, ends = (int(value) for value in tallies.sum(axis=0))
        means.append(2.0 * voxels * structure.voxel_size[axis] / ends if ends else None)
        counts.append(histogram.sum(axis=0))
        complete.append(int(counts[-1].sum()))
    return Chords(
        material,
        (means[0], means[1], means[2]),
        (complete[0], complete[1], complete[2]),
        (counts[0], counts[1], counts[2]),
    )


def particle_sizes(structure: Structure, material: str, diameters: npt.ArrayLike | None = None) -> Sizes:
    """Sizes of a phase by opening with spheres, by surface, and by separate clusters.

    Args:
        structure: the labelled image.
        material: the phase.
        diameters: of the test spheres [m]; 12 in geometric steps from one voxel to the largest by default.

    Returns:
        The distribution and its means; test spheres are centred on voxels, so diameters are up to two voxels
        too small.

    Raises:
        SpecificationError: no such material, or a diameter that is not above zero.

    Formula:
        share(d) = volume of the union of all spheres of diameter d that fit into the phase, over its volume.

    Source: Serra 1982, Image Analysis and Mathematical Morphology, chapter X (granulometry by openings).
    """
    mask = structure.mask(material)
    edges = structure.voxel_size
    half = 0.5 * min(edges)
    voxels = int(np.count_nonzero(mask))
    inner = distance_to(~mask, edges) - half if voxels < mask.size else np.full(mask.shape, np.inf, np.float32)
    widest = float(inner.max()) if voxels else 0.0
    if diameters is None:
        top = 2.0 * widest if np.isfinite(widest) else min(structure.size)
        tests = np.geomspace(2.0 * half, max(top, 2.0 * half), 12) if voxels else np.empty(0)
    else:
        tests = np.sort(np.atleast_1d(np.asarray(diameters, float)))
        if not np.all(np.isfinite(tests) & (tests > 0)):
            raise SpecificationError("diameters of test spheres must be greater than zero")
    fractions = _opened_shares(inner, 0.5 * tests, structure, voxels)
    table = lookup(structure.labels_of(material))
    area = float(local_areas(structure.image, table, ~table, edges).sum(dtype=np.float64))
    sizes = np.sort(find_clusters(structure.image, structure.labels_of(material)).sizes)
    middle = sizes[np.searchsorted(np.cumsum(sizes), 0.5 * voxels)] if voxels else 0
    volume = structure.voxel_volume
    return Sizes(
        material,
        tuple(tests.tolist()),
        tuple(fractions),
        _median(tests, np.asarray(fractions), 2.0 * widest),
        6.0 * voxels * volume / area if area > 0 else None,
        sizes.size,
        float((6.0 / np.pi * middle * volume) ** (1.0 / 3.0)) if voxels else None,
    )


def _opened_shares(inner: Floats, radii: Doubles, structure: Structure, voxels: int) -> list[float]:
    """Share of the phase under spheres of each radius or more: the union grows from the largest to the smallest."""
    covered = np.zeros(inner.shape, np.bool_)
    half = 0.5 * min(structure.voxel_size)
    shares = []
    for radius in radii[::-1]:
        centres = inner >= radius * (1.0 - 1e-6)
        if centres.any():
            covered |= distance_to(centres, structure.voxel_size) < radius + half * (1.0 - 1e-6)
        shares.append(float(np.count_nonzero(covered) / max(voxels, 1)))
    return shares[::-1]


def _median(diameters: Doubles, fractions: Doubles, widest: float) -> float | None:
    """Diameter at which half is covered; nothing is by spheres wider than the widest."""
    below = np.flatnonzero(fractions < 0.5)
    if diameters.size == 0 or (below.size and below[0] == 0):
        return None
    if below.size == 0:
        return widest if diameters[-1] >= widest * (1.0 - 1e-6) else None
    a, b = below[0] - 1, below[0]
    share = (fractions[a] - 0.5) / (fractions[a] - fractions[b])
    return float(diameters[a] * (diameters[b] / diameters[a]) ** share)


@compiled_parallel
def _count_chords(
    image: npt.NDArray[np.uint8], chosen: npt.NDArray[np.bool_], histogram: Counts, tallies: Counts
) -> None:
    """Count complete chords by length, and voxels and ends of all chords, of each layer."""
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            start, voxels, ends = -1, 0, 0
            for k in range(nz):
                inside = chosen[image[i, j, k]]
                voxels += 1 if inside else 0
                before = k > 0 and chosen[image[i, j, k - 1]]
                if inside and not before and k > 0:
                    start = k
                    ends += 1
                if before and not inside:
                    ends += 1
                    if start >= 0:
                        histogram[i, k - start] += 1
                    start = -1
            tallies[i, 0] += voxels
            tallies[i, 1] += ends
