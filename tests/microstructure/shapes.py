"""Small structures that the tests share."""

import numpy as np

from natrode.microstructure.generate import generate
from natrode.microstructure.sample import Sample
from natrode.microstructure.structure import Structure

CERAMIC, METAL, PORE = "nzsp-hna", "sodium", "void"
LABELS = {1: CERAMIC, 2: METAL, 3: PORE}


def structure(mask, voxel_size=1e-6):
    """Ceramic where the mask is, metal elsewhere."""
    return Structure(np.where(mask, 1, 2).astype(np.uint8), {1: CERAMIC, 2: METAL}, voxel_size)


def box(shape=(32, 32, 32), seed=1, edge=1e-6):
    return Sample(shape, (edge, edge, edge), seed, particle=CERAMIC)


def field(fraction=0.35, shape=(32, 32, 32), seed=1, length=2.5e-6):
    return generate("gaussian-field", box(shape, seed), volume_fraction=fraction, correlation_length=length)


def ball(radius, edge=1.0, centre=(0.0, 0.0, 0.0), margin=3):
    """A sphere amid metal; radius, edge and centre in the same unit."""
    half = int(np.ceil(radius / edge)) + margin
    places = [(np.arange(-half, half) + 0.5) * edge - c for c in centre]
    x, y, z = np.meshgrid(*places, indexing="ij")
    return structure(x**2 + y**2 + z**2 <= radius**2, edge)
