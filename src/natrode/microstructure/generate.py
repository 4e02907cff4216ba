"""Structures from random numbers: same morphology, parameters and seed, same voxels."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.materials import load_material
from natrode.microstructure.connectivity import percolation
from natrode.microstructure.memory import require_memory
from natrode.microstructure.spheres import draw_diameters, fill_spheres, place_without_overlap
from natrode.microstructure.structure import NO_MATERIAL, Structure, VoxelSize, checked_voxel_size
from natrode.microstructure.voronoi import globule_boundaries
from natrode.physics.percolation import THRESHOLDS, segregated_threshold
from natrode.physics.thermodynamics import volume_fraction
from natrode.specification import suggest

Diameters = float | npt.ArrayLike

PARTICLE, METAL = 1, 2
"""Labels of the particles (or of the electrolyte) and of the metal."""
RANDOM_CLOSE_PACKING = 0.64
"""Volume fraction of jammed equal spheres [-]; Scott and Kilgour 1969, J. Phys. D 2, 863."""

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
    def size(self) -> npt.NDArray[np.float64]:
        """Edges of the sample [m]."""
        return np.asarray(self.shape) * np.asarray(self.voxel_size)

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


def overlapping_spheres(
    sample: Sample, volume_fraction: float, *, diameter: Diameters | None = None, variation: float = 0.0
) -> Structure:
    """Particles as spheres at random places, which may overlap as if sintered.

    Args:
        sample: box, seed and materials.
        volume_fraction: of the particles, reached to the voxel [-].
        diameter: mean diameter by number, or measured diameters to draw from [m]; the material's by default.
        variation: standard deviation over mean of a log-normal distribution of diameters [-].

    Returns:
        The structure; periodic across the depth where the sample is at least two diameters wide.

    Raises:
        SpecificationError: a parameter out of range.

    Formula:
        Poisson points as centres; spheres are added until the volume is reached, the last one cut down.

    Source: Torquato 2002, Random Heterogeneous Materials, section 5.1; threshold 0.2895, Rintoul and Torquato
        1997, J. Phys. A 30, L585.
    """
    wanted = sample.voxels(volume_fraction)
    rng = np.random.default_rng(sample.seed)
    mean = sample.particle_diameter(diameter)
    image = np.full(sample.shape, METAL, np.uint8)
    filled = 0
    while filled < wanted:
        widths = draw_diameters(rng, _batch(sample, mean, wanted - filled), mean, _checked_variation(variation))
        periodic = _periodic(sample, float(widths.max()))
        low, high = _room(sample, float(widths.max()), periodic)
        centres = low + rng.random((widths.size, 3)) * (high - low)
        filled = fill_spheres(image, centres, widths, sample.voxel_size, periodic, filled, wanted)
    parameters = {"volume_fraction": volume_fraction, **_size_parameters(mean, variation)}
    return _structure(sample, image, "overlapping spheres", parameters, THRESHOLDS["overlapping spheres"])


def hard_spheres(
    sample: Sample,
    volume_fraction: float,
    *,
    diameter: Diameters | None = None,
    variation: float = 0.0,
    neck: float = 0.0,
) -> Structure:
    """Particles as spheres that do not overlap, or only by necks.

    Args:
        sample: box, seed and materials.
        volume_fraction: of the particles, reached to the voxel [-]; equal spheres without necks jam at 0.384.
        diameter: as for `overlapping_spheres`.
        variation: as for `overlapping_spheres`.
        neck: share of the diameter by which neighbours may overlap, below 1 [-].

    Returns:
        The structure; periodic as `overlapping_spheres`.

    Raises:
        SpecificationError: a parameter out of range, or the packing jams first.

    Formula:
        random sequential addition, the largest first.

    Source: Widom 1966, J. Chem. Phys. 44, 3888.
    """
    if not 0.0 <= neck < 1.0:
        raise SpecificationError(f"neck {neck!r}: must be zero or more and less than 1")
    wanted = sample.voxels(volume_fraction)
    rng = np.random.default_rng(sample.seed)
    mean = sample.particle_diameter(diameter)
    image = np.full(sample.shape, METAL, np.uint8)
    filled, surplus = 0, 1.0
    while filled < wanted:
        surplus *= 1.04
        widths = _diameters_of_volume(rng, sample, volume_fraction * surplus, mean, _checked_variation(variation))
        periodic = _periodic(sample, float(widths.max()))
        low, high = _room(sample, float(widths.max()), periodic)
        centres = place_without_overlap(rng, widths, low, high, periodic, neck)
        order = rng.permutation(widths.size)
        image.fill(METAL)
        filled = fill_spheres(image, centres[order], widths[order], sample.voxel_size, periodic, 0, wanted)
    parameters = {"volume_fraction": volume_fraction, **_size_parameters(mean, variation), "neck": neck}
    threshold = (THRESHOLDS["overlapping spheres"][0], RANDOM_CLOSE_PACKING) if neck > 0 else None
    return _structure(sample, image, "hard spheres", parameters, threshold)
