"""Layers on top of each other: pellet, hybrid and collector."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode.errors import SpecificationError
from natrode.microstructure.structure import Structure


@dataclass(frozen=True)
class Layer:
    """A homogeneous layer of a stack."""

    material: str
    thickness: float
    """[m]"""


def layer_stack(layers: Sequence[Structure | Layer]) -> Structure:
    """Put layers on top of each other along the depth, such as pellet, hybrid and collector.

    Args:
        layers: from the electrolyte to the collector; structures of the same cross-section and voxel size, and
            homogeneous layers between them.

    Returns:
        The structure; each material keeps one label.

    Raises:
        SpecificationError: no structure among the layers, different cross-sections, or a layer thinner than
            half a voxel.

    Formula:
        none: concatenation along axis 0, homogeneous layers rounded to whole voxels.

    Source: geometry.
    """
    structures = [layer for layer in layers if isinstance(layer, Structure)]
    if not structures:
        raise SpecificationError("a stack needs one structure or more, which gives cross-section and voxel size")
    first = structures[0]
    if any(s.shape[1:] != first.shape[1:] or s.voxel_size != first.voxel_size for s in structures):
        raise SpecificationError("the structures of a stack differ in cross-section or voxel size")
    names = list(dict.fromkeys(name for layer in layers for name in _materials_of(layer)))
    label_of = {name: label for label, name in enumerate(names, start=1)}
    images = []
    for layer in layers:
        if isinstance(layer, Structure):
            table = np.zeros(256, np.uint8)
            for label, name in layer.labels.items():
                table[label] = label_of[name]
            images.append(table[layer.image])
        else:
            count = round(layer.thickness / first.voxel_size[0])
            if count < 1:
                raise SpecificationError(f"a layer of {layer.thickness:.3g} m {layer.material} is thinner than a voxel")
            images.append(np.full((count, *first.shape[1:]), label_of[layer.material], np.uint8))
    origin = {"kind": "stack", "layers": [_layer_origin(layer) for layer in layers]}
    labels = {label: name for name, label in label_of.items()}
    return Structure(np.concatenate(images), labels, first.voxel_size, first.seed, origin)


def _materials_of(layer: Structure | Layer) -> tuple[str, ...]:
    return layer.materials if isinstance(layer, Structure) else (layer.material,)


def _layer_origin(layer: Structure | Layer) -> dict[str, Any]:
    if isinstance(layer, Structure):
        return {**layer.origin, "layers_of_voxels": layer.shape[0]}
    return {"material": layer.material, "thickness": layer.thickness}
