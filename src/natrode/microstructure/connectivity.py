"""What is connected to what: clusters of a phase, the faces they reach, and how far a phase is from percolating."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.microstructure.clusters import HIGH, LOW, Neighbours, find_clusters
from natrode.microstructure.distance import distance_to
from natrode.microstructure.structure import Structure, VoxelSize

Interval = tuple[float, float]
Shares = tuple[float, float, float]


@dataclass(frozen=True)
class Connectivity:
    """Clusters of a phase and the faces of the sample that they reach; shares are of the phase's volume [-]."""

    material: str
    neighbours: Neighbours
    """6: voxels are joined across faces; 26: across faces, edges and corners."""
    volume_fraction: float
    clusters: int
    largest: float
    """Share of the largest cluster."""
    faces: tuple[float, float, float, float, float, float]
    """Share connected to the first and last plane along axes 0, 1, 2."""
    percolating: Shares
    """Share connected to both planes along axes 0, 1, 2."""
    dead_end: Shares
    """Share connected to one of the two planes only."""
    isolated: Shares
    """Share connected to neither of the two planes."""
    enclosed: float
    """Share connected to none of the six faces."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Percolation:
    """Whether a phase crosses the sample, and how that compares with the threshold of its morphology."""

    material: str
    axis: int
    morphology: str
    """`unknown` for an image from elsewhere."""
    volume_fraction: float
    percolates: bool
    """Whether a cluster of this sample joins its two faces, across voxel faces."""
    connected_fraction: float
    """Share of the phase that is connected to the first face (the electrolyte for axis 0) [-]."""
    threshold: Interval | None
    """Volume fractions between which an infinite sample begins to percolate [-]; None where there is none."""
    distance: Interval | None
    """Volume fraction minus threshold [-]; negative below it."""
    statement: str

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class Passage:
    """The narrowest place on the best way through a phase, or the gap that closes the way."""

    material: str
    axis: int
    neck: float | None
    """Diameter of the largest sphere that passes from face to face within the phase [m]; 0 without a way, None
    where the phase fills the sample."""
    gap: float | None
    """Widest gap on the way with the smallest gaps [m]; 0 where the phase percolates, None where it is absent."""
    resolution: float
    """Both are known to this [m]."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


def connectivity(structure: Structure, material: str, neighbours: Neighbours = 6) -> Connectivity:
    """Find the clusters of a material and the faces they reach.

    Args:
        structure: the labelled image.
        material: the phase.
        neighbours: 6 (conducting contacts) or 26 (touching at all).

    Returns:
        Shares of the phase's volume [-].

    Raises:
        SpecificationError: no such material or neighbourhood.

    Formula:
        percolating, dead-end and isolated shares sum to 1 along each axis.

    Source: Hoshen and Kopelman 1976, Phys. Rev. B 14, 3438.
    """
    if neighbours not in (6, 26):
        raise SpecificationError(f"neighbours {neighbours!r}: must be 6 or 26")
    clusters = find_clusters(structure.image, structure.labels_of(material), neighbours)
    voxels = int(clusters.sizes.sum())

    def share(chosen: npt.NDArray[np.bool_]) -> float:
        return float(clusters.sizes[chosen].sum() / max(voxels, 1))

    low = [clusters.touching(bit) for bit in LOW]
    high = [clusters.touching(bit) for bit in HIGH]
    faces = [share(touching) for pair in zip(low, high, strict=True) for touching in pair]
    both = [share(a & b) for a, b in zip(low, high, strict=True)]
    one = [share(a ^ b) for a, b in zip(low, high, strict=True)]
    none = [share(~(a | b)) for a, b in zip(low, high, strict=True)]
    return Connectivity(
        material,
        neighbours,
        voxels / structure.image.size,
        clusters.sizes.size,
        float(clusters.sizes.max(initial=0) / max(voxels, 1)),
        (faces[0], faces[1], faces[2], faces[3], faces[4], faces[5]),
        (both[0], both[1], both[2]),
        (one[0], one[1], one[2]),
        (none[0], none[1], none[2]),
        share(clusters.faces == 0),
    )


def percolation(structure: Structure, material: str, axis: int = 0) -> Percolation:
    """State whether a material crosses the sample and where its morphology begins to percolate.

    Args:
        structure: the labelled image; what a generator made carries its morphology and threshold.
        material: the phase.
        axis: 0, 1 or 2.

    Returns:
        The state, with a sentence that says what may be claimed.

    Raises:
        SpecificationError: no such material or axis.

    Formula:
        distance = phi - phi_c.

    Source: Stauffer and Aharony 1994, Introduction to Percolation Theory, chapter 1.
    """
    if axis not in (0, 1, 2):
        raise SpecificationError(f"axis {axis!r}: must be 0 (depth), 1 or 2")
    found = connectivity(structure, material)
    origin = structure.origin
    known = origin.get("kind") == "generated" and origin.get("particle") == material
    given = origin.get("threshold") if known else None
    threshold = None if given is None else (float(given[0]), float(given[1]))
    fraction = found.volume_fraction
    distance = None if threshold is None else (fraction - threshold[1], fraction - threshold[0])
    percolates = found.percolating[axis] > 0.0
    morphology = str(origin.get("morphology", "unknown")) if known else "unknown"
    statement = _statement(fraction, percolates, found.percolating[axis], threshold, morphology)
    reach = found.faces[2 * axis]
    return Percolation(material, axis, morphology, fraction, percolates, reach, threshold, distance, statement)


def _statement(fraction: float, percolates: bool, share: float, threshold: Interval | None, morphology: str) -> str:
    sample = (
        f"this sample percolates ({100 * share:.3g} % of the phase joins both faces)"
        if percolates
        else "this sample does not percolate: there is no network from face to face"
    )
    if threshold is None:
        return f"{sample}; no percolation threshold is known for " + (
            "it" if morphology == "unknown" else f"its morphology ({morphology})"
        )
    low, high = threshold
    span = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    if fraction < low:
        place = "below"
    elif fraction > high:
        place = "above"
    else:
        place = "within"
    text = f"{sample}; its volume fraction {fraction:.4g} is {place} the threshold {span} of {morphology}"
    if percolates and fraction < low:
        return f"{text}: the sample is too small or by chance connected, a larger one would not percolate"
    if not percolates and fraction > high:
        return f"{text}: the sample is too small or too coarse, a larger one would percolate"
    return text


def passage(structure: Structure, material: str, axis: int = 0) -> Passage:
    """Find the narrowest neck of the widest way through a phase, or the widest gap of the way with the least gaps.

    Args:
        structure: the labelled image.
        material: the phase.
        axis: 0, 1 or 2.

    Returns:
        Neck or gap [m], to a voxel.

    Raises:
        SpecificationError: no such material or axis.

    Formula:
        neck = 2 max r so that {distance to the outside > r} percolates; gap = 2 min r so that {distance to
        the phase <= r} percolates; distances from the voxels' common faces.

    Source: Sahimi 1994, Applications of Percolation Theory, section 2.7 (critical path analysis).
    """
    if axis not in (0, 1, 2):
        raise SpecificationError(f"axis {axis!r}: must be 0 (depth), 1 or 2")
    mask = structure.mask(material)
    edges, resolution = structure.voxel_size, max(structure.voxel_size)
    if not mask.any() or mask.all():
        neck, gap = (None, 0.0) if mask.any() else (0.0, None)
        return Passage(material, axis, neck, gap, resolution)
    if _crosses(mask, axis):
        return Passage(material, axis, 2.0 * _widest(mask, edges, axis), 0.0, resolution)
    return Passage(material, axis, 0.0, 2.0 * _least(mask, edges, axis), resolution)


def _crosses(mask: npt.NDArray[np.bool_], axis: int) -> bool:
    clusters = find_clusters(mask.view(np.uint8), 1)
    return bool(clusters.touching(LOW[axis] + HIGH[axis]).any())


def _widest(mask: npt.NDArray[np.bool_], edges: VoxelSize, axis: int) -> float:
    half = 0.5 * min(edges)
    inner = distance_to(~mask, edges) - half
    low, high = 0.0, float(inner.max())
    while high - low > 0.2 * half:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _crosses(inner > middle, axis) else (low, middle)
    return high


def _least(mask: npt.NDArray[np.bool_], edges: VoxelSize, axis: int) -> float:
    half = 0.5 * min(edges)
    outer = distance_to(mask, edges) - half
    low, high = 0.0, float(outer.max())
    while high - low > 0.2 * half:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _crosses(outer <= middle, axis) else (middle, high)
    return high
