"""The box that a structure is generated in, its materials, and the spheres that fill it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.materials import load_material
from natrode.microstructure.memory import require_memory
from natrode.microstructure.spheres import draw_diameters
from natrode.microstructure.structure import NO_MATERIAL, VoxelSize, checked_voxel_size
from natrode.physics.thermodynamics import volume_fraction

Diameters = float | npt.ArrayLike
Doubles = npt.NDArray[np.float64]
Periodic = tuple[bool, bool, bool]

PARTICLE, METAL = 1, 2
"""Labels of the particles (or of the electrolyte) and of the metal."""

_MOST_SPHERES = 50_000_000


@dataclass(frozen=True)
class Sample:
    """What every generator needs: a box of voxels, a seed and two materials."""

    shape: tuple[int, int, int]
    """Voxels along the depth and the two other axes."""
    voxel_size: VoxelSize
    """Edges of a voxel [m]."""
    seed: int
    particle: str = "sno2-nzsp"
    metal: str = "sodium"

    def __post_init__(self) -> None:
        if len(self.shape) != 3 or any(not isinstance(n, (int, np.integer)) or n < 1 for n in self.shape):
            raise SpecificationError(f"shape {self.shape!r}: must be three whole numbers of voxels, one or more each")
        if not isinstance(self.seed, (int, np.integer)) or self.seed < 0:
            raise SpecificationError(f"seed {self.seed!r}: must be a whole number, zero or more")
        if self.particle == self.metal:
            raise SpecificationError(f"particle and metal are both '{self.metal}'")
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))
        object.__setattr__(self, "voxel_size", checked_voxel_size(self.voxel_size))

    @property
    def size(self) -> Doubles:
        """Edges of the sample [m]."""
        size: Doubles = np.asarray(self.shape) * np.asarray(self.voxel_size)
        return size

    def voxels(self, fraction: float) -> int:
        """Whole number of voxels of a volume fraction.

        Raises:
            SpecificationError: the fraction is not between 0 and 1, or the sample does not fit into memory.
        """
        if not 0.0 <= fraction <= 1.0:
            raise SpecificationError(f"volume fraction {fraction!r}: must lie between 0 and 1")
        require_memory(self.shape, 20.0, "generation of a structure")
        return round(fraction * self.shape[0] * self.shape[1] * self.shape[2])

    def particle_diameter(self, given: Diameters | None) -> Diameters:
        """Return a given diameter, or else that of the particle's material [m].

        Raises:
            SpecificationError: nothing given and nothing known, or not above zero.
        """
        if given is None:
            known = None if self.particle in NO_MATERIAL else load_material(self.particle).properties
            if known is None or "particle_diameter" not in known:
                raise SpecificationError(f"the diameter of particles of '{self.particle}' is not known; give diameter")
            return known["particle_diameter"].si
        values = np.asarray(given, float)
        if values.size == 0 or not np.all(np.isfinite(values) & (values > 0)):
            raise SpecificationError(f"diameter {given!r}: must be greater than zero")
        return given


def mass_ratio_to_volume_fraction(ratio: float, particle: str = "sno2-nzsp", metal: str = "sodium") -> float:
    """Volume fraction of particles mixed into a metal by mass.

    Args:
        ratio: mass of particles per mass of metal [-].
        particle: name of a material with a density.
        metal: name of a material with a density.

    Returns:
        Volume fraction of the particles [-].

    Raises:
        SpecificationError: unknown material or density, or a negative ratio.

    Formula:
        phi = (r/rho_p)/(r/rho_p + 1/rho_m).

    Source: conservation of mass; densities from the materials data.
    """
    if not np.isfinite(ratio) or ratio < 0:
        raise SpecificationError(f"mass ratio {ratio!r}: must be zero or more")
    return float(volume_fraction(ratio, _density(particle), _density(metal)))


def _density(name: str) -> float:
    known = load_material(name).properties
    if "density" not in known:
        raise SpecificationError(f"the density of '{name}' is not in the materials data; give the volume fraction")
    return known["density"].si


def checked_variation(variation: float) -> float:
    """Return the variation of a distribution of diameters [-].

    Raises:
        SpecificationError: it is not between 0 and 2.
    """
    if not 0.0 <= variation <= 2.0:
        raise SpecificationError(f"variation {variation!r}: must lie between 0 and 2")
    return variation


def size_parameters(mean: Diameters, variation: float) -> dict[str, Any]:
    """Return the distribution of diameters as plain data."""
    sizes = np.atleast_1d(np.asarray(mean, float))
    return {"diameter": float(sizes[0]) if sizes.size == 1 else sizes.tolist(), "variation": variation}


def spheres_to_fill(sample: Sample, mean: Diameters, voxels: int) -> int:
    """Return how many spheres would fill a little more than so many voxels, if none overlapped.

    Raises:
        SpecificationError: too many to be drawn.
    """
    volume = np.pi / 6.0 * float(np.mean(np.asarray(mean, float) ** 3))
    count = 1.1 * voxels * float(np.prod(sample.voxel_size)) / volume + 16.0
    if count > _MOST_SPHERES:
        typical = float(np.mean(np.asarray(mean, float)))
        raise SpecificationError(f"{count:.1e} spheres of {typical:.1e} m: too small for this sample")
    return int(count)


def draw_to_fraction(
    rng: np.random.Generator, sample: Sample, fraction: float, mean: Diameters, variation: float
) -> Doubles:
    """Draw diameters whose volume is a fraction of the room where their centres may lie, shape (n,) [m]."""
    volume = np.pi / 6.0 * float(np.mean(np.asarray(mean, float) ** 3)) * (1.0 + variation**2) ** 3
    widest = float(np.max(np.asarray(mean, float))) * (1.0 + 3.0 * variation)
    low, high = room_for_centres(sample, widest, periodic_axes(sample, widest))
    return draw_diameters(rng, round(fraction * float(np.prod(high - low)) / volume) + 1, mean, variation)


def periodic_axes(sample: Sample, diameter: float) -> Periodic:
    """Return along which axes a pattern of spheres repeats itself: across the depth where it is wide enough."""
    wide = sample.size >= 2.0 * diameter
    return False, bool(wide[1]), bool(wide[2])


def room_for_centres(sample: Sample, diameter: float, periodic: Periodic) -> tuple[Doubles, Doubles]:
    """Return lowest and highest places of centres [m]: beyond the sides that cut through spheres."""
    margin = np.where(periodic, 0.0, diameter)
    return -margin, sample.size + margin
