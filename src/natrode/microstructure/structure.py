"""A labelled voxel image of an electrode: which material is where."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError, UnitError
from natrode.materials import load_material, material_names
from natrode.specification import suggest
from natrode.units import read_quantity

Image = npt.NDArray[np.uint8]
VoxelSize = tuple[float, float, float]
GivenSize = float | str | Sequence[float | str]

NO_MATERIAL = ("void", "collector")
"""Labels beside the names of the materials data: an empty pore, and a metal plate that only carries current."""


@dataclass(frozen=True, eq=False)
class Structure:
    """An immutable labelled image with its scale.

    Axis 0 is the depth: its first plane lies on the electrolyte, its last on the current collector.
    """

    image: Image
    """Label of each voxel, shape (nx, ny, nz), read-only."""
    labels: Mapping[int, str]
    """Material of each label: a name of the materials data, `void` or `collector`."""
    voxel_size: VoxelSize
    """Edges of a voxel along axes 0, 1, 2 [m]."""
    seed: int | None = None
    """Of the random numbers it was generated from."""
    origin: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: morphology and parameters, or file and reader; plain data."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "image", _checked_image(self.image))
        object.__setattr__(self, "voxel_size", checked_voxel_size(self.voxel_size))
        object.__setattr__(self, "labels", MappingProxyType(checked_labels(self.labels)))
        object.__setattr__(self, "origin", MappingProxyType(dict(self.origin)))
        counts = count_labels(self.image).tolist()
        check_that_all_are_named({label: count for label, count in enumerate(counts) if count}, self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along axes 0, 1, 2."""
        nx, ny, nz = self.image.shape
        return nx, ny, nz

    @property
    def size(self) -> VoxelSize:
        """Edges of the sample along axes 0, 1, 2 [m]."""
        x, y, z = (count * edge for count, edge in zip(self.shape, self.voxel_size, strict=True))
        return x, y, z

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel [m3]."""
        return float(np.prod(self.voxel_size))

    @property
    def materials(self) -> tuple[str, ...]:
        """Materials in the order of their labels, each once."""
        return tuple(dict.fromkeys(self.labels[label] for label in sorted(self.labels)))

    @property
    def digest(self) -> str:
        """SHA-256 of image, labels and voxel size: what a result was computed from."""
        text = f"{self.shape} {self.voxel_size} {sorted(self.labels.items())}"
        return hashlib.sha256(text.encode() + np.ascontiguousarray(self.image).tobytes()).hexdigest()

    def labels_of(self, material: str) -> tuple[int, ...]:
        """Return the labels of a material.

        Raises:
            SpecificationError: the structure has no such material.
        """
        found = tuple(label for label in sorted(self.labels) if self.labels[label] == material)
        if not found:
            raise SpecificationError(f"the structure has no '{material}'; {suggest(material, list(self.materials))}")
        return found

    def mask(self, material: str) -> npt.NDArray[np.bool_]:
        """Return where a material is, shape of the image; raises as `labels_of`."""
        return lookup(self.labels_of(material))[self.image]

    def crop(self, low: tuple[int, int, int], high: tuple[int, int, int]) -> "Structure":
        """Return the part from voxel `low` up to but not including `high`.

        Raises:
            SpecificationError: the part is empty or reaches beyond the image.
        """
        if any(not 0 <= a < b <= n for a, b, n in zip(low, high, self.shape, strict=True)):
            raise SpecificationError(f"no voxels from {low} to {high} in an image of {self.shape} voxels")
        part = self.image[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        origin = {**self.origin, "cropped": {"from": list(low), "to": list(high)}}
        return Structure(part, self.labels, self.voxel_size, self.seed, origin)

    def same_as(self, other: "Structure") -> bool:
        """Whether image, labels, scale, seed and origin are equal."""
        return (
            np.array_equal(self.image, other.image)
            and dict(self.labels) == dict(other.labels)
            and self.voxel_size == other.voxel_size
            and self.seed == other.seed
            and dict(self.origin) == dict(other.origin)
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data without the image."""
        return {
            "shape": list(self.shape),
            "voxel_size": list(self.voxel_size),
            "labels": {str(label): name for label, name in self.labels.items()},
            "seed": self.seed,
            "origin": dict(self.origin),
            "digest": self.digest,
        }


def lookup(labels: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return a table over all labels that is True for the given ones, shape (256,)."""
    table = np.zeros(256, np.bool_)
    table[np.asarray(labels, np.intp)] = True
    return table


def count_labels(image: Image) -> npt.NDArray[np.int64]:
    """Return the number of voxels of each label, shape (256,)."""
    counts = np.zeros(256, np.int64)
    for plane in image:  # the whole image at once would be copied into eight bytes per voxel
        counts += np.bincount(plane.reshape(-1), minlength=256)
    return counts


def checked_voxel_size(given: GivenSize) -> VoxelSize:
    """Return the three edges of a voxel [m] from one or three, numbers in m or text such as "0.1 um".

    Raises:
        SpecificationError: not one or three lengths above zero.
    """
    listed = [given] if isinstance(given, (str, float, int, np.number)) else list(given)
    try:
        edges = [read_quantity(edge, "length") if isinstance(edge, str) else float(edge) for edge in listed]
    except UnitError as error:
        raise SpecificationError(f"voxel size {given!r}: {error}") from None
    if len(edges) == 1:
        edges = 3 * edges
    if len(edges) != 3 or not all(np.isfinite(edge) and edge > 0 for edge in edges):
        raise SpecificationError(f"voxel size {given!r}: must be one edge or three edges greater than zero")
    return edges[0], edges[1], edges[2]


def checked_labels(given: Mapping[int, str]) -> dict[int, str]:
    """Return labels 0 to 255 with the names of known materials, sorted.

    Raises:
        SpecificationError: a label out of range or an unknown material.
    """
    for label, name in given.items():
        if not isinstance(label, (int, np.integer)) or not 0 <= label <= 255:
            raise SpecificationError(f"label {label!r}: must be a whole number from 0 to 255")
        if name not in NO_MATERIAL and name not in material_names():
            known = [*material_names(), *NO_MATERIAL]
            raise SpecificationError(f"label {label}: there is no material '{name}'; {suggest(str(name), known)}")
        if name not in NO_MATERIAL:
            load_material(name)
    return {int(label): given[label] for label in sorted(given)}


def check_that_all_are_named(counts: Mapping[int, int], labels: Mapping[int, str]) -> None:
    """Refuse an image with a label that names no material; `counts` is the number of voxels by label.

    Raises:
        SpecificationError: names the labels, their shares and how to name them.
    """
    unnamed = [label for label in counts if label not in labels]
    if not unnamed:
        return
    total = sum(counts.values())
    listed = ", ".join(f"{label} ({100 * counts[label] / total:.3g} %)" for label in unnamed[:8])
    more = f" and {len(unnamed) - 8} more" if len(unnamed) > 8 else ""
    named = ", ".join(f"{label} = {name}" for label, name in labels.items()) or "none"
    raise SpecificationError(
        f"the image holds labels that name no material: {listed}{more}; named are: {named}; "
        f'give each label its material, for example labels={{{unnamed[0]}: "sodium"}} (--labels "{unnamed[0]}=sodium")'
    )


def _checked_image(given: npt.ArrayLike) -> Image:
    image = np.asarray(given)
    if image.ndim != 3 or image.size == 0:
        raise SpecificationError(f"an image needs three axes with at least one voxel each, this one has {image.shape}")
    if image.dtype != np.uint8:
        if not np.all(np.isfinite(image)) if image.dtype.kind == "f" else False:
            raise SpecificationError("the image has voxels that are not a number (NaN); segment it into labels first")
        if image.dtype.kind not in "biuf" or np.any(image != np.clip(np.rint(image), 0, 255)):
            raise SpecificationError("the image must hold whole labels from 0 to 255; segment it into labels first")
    copied = np.array(image, np.uint8, order="C")
    copied.flags.writeable = False
    return copied
