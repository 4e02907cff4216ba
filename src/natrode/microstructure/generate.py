"""Structures from random numbers: same morphology, parameters and seed, same voxels."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SpecificationError
from natrode.microstructure.connectivity import percolation
from natrode.microstructure.noise import highest, smooth_noise
from natrode.microstructure.sample import (
    METAL,
    PARTICLE,
    Diameters,
    Sample,
    checked_variation,
    draw_to_fraction,
    periodic_axes,
    room_for_centres,
    size_parameters,
    spheres_to_fill,
)
from natrode.microstructure.spheres import draw_diameters, fill_spheres, place_without_overlap
from natrode.microstructure.structure import Structure
from natrode.microstructure.voronoi import globule_boundaries
from natrode.physics.percolation import THRESHOLDS, segregated_threshold
from natrode.specification import suggest

Image = npt.NDArray[np.uint8]

RANDOM_CLOSE_PACKING = 0.64
"""Volume fraction of jammed equal spheres [-]; Scott and Kilgour 1969, J. Phys. D 2, 863."""


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
        widths = draw_diameters(rng, spheres_to_fill(sample, mean, wanted - filled), mean, checked_variation(variation))
        periodic = periodic_axes(sample, float(widths.max()))
        low, high = room_for_centres(sample, float(widths.max()), periodic)
        centres = low + rng.random((widths.size, 3)) * (high - low)
        filled = fill_spheres(image, centres, widths, sample.voxel_size, periodic, filled, wanted)
    parameters = {"volume_fraction": volume_fraction, **size_parameters(mean, variation)}
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
        widths = draw_to_fraction(rng, sample, volume_fraction * surplus, mean, checked_variation(variation))
        periodic = periodic_axes(sample, float(widths.max()))
        low, high = room_for_centres(sample, float(widths.max()), periodic)
        centres = place_without_overlap(rng, widths, low, high, periodic, neck)
        order = rng.permutation(widths.size)
        image.fill(METAL)
        filled = fill_spheres(image, centres[order], widths[order], sample.voxel_size, periodic, 0, wanted)
    parameters = {"volume_fraction": volume_fraction, **size_parameters(mean, variation), "neck": neck}
    threshold = (THRESHOLDS["overlapping spheres"][0], RANDOM_CLOSE_PACKING) if neck > 0 else None
    return _structure(sample, image, "hard spheres", parameters, threshold)


def gaussian_field(sample: Sample, volume_fraction: float, *, correlation_length: float | None = None) -> Structure:
    """Two interpenetrating phases: where a smooth random field exceeds a level.

    Args:
        sample: box, seed and materials.
        volume_fraction: of the particles' phase, reached to the voxel [-].
        correlation_length: l [m]; by default that with the specific area of spheres of the material's
            particle diameter d, l = sqrt(2) d exp(-a^2/2)/(6 pi phi).

    Returns:
        The structure, periodic along axes of at least eight correlation lengths.

    Raises:
        SpecificationError: a parameter out of range.

    Formula:
        white noise smoothed with a Gaussian of standard deviation l, covariance exp(-r^2/(4 l^2)); the level a
        is the quantile of the fraction; specific area sqrt(2)/(pi l) exp(-a^2/2).

    Source: Adler 1981, The Geometry of Random Fields, chapter 5; Teubner 1991, Europhys. Lett. 14, 403.
    """
    wanted = sample.voxels(volume_fraction)
    if correlation_length is None:
        correlation_length = _length_of_spheres(volume_fraction, sample.particle_diameter(None))
    length = _above_zero(correlation_length, "correlation_length")
    noise = smooth_noise(np.random.default_rng(sample.seed), sample.shape, sample.voxel_size, length)
    image = _labelled(highest(noise, wanted))
    parameters = {"volume_fraction": volume_fraction, "correlation_length": length}
    return _structure(sample, image, "gaussian field", parameters, THRESHOLDS["gaussian field"])


def segregated_film(sample: Sample, volume_fraction: float, *, globule_size: float, jitter: float = 0.35) -> Structure:
    """Particles sintered to a closed film around globules of metal.

    Args:
        sample: box, seed and materials.
        volume_fraction: of the film, reached to the voxel [-].
        globule_size: distance between the centres of neighbouring globules [m].
        jitter: disorder of the centres in globule sizes, below 0.5 [-].

    Returns:
        The structure, periodic across the depth.

    Raises:
        SpecificationError: a parameter out of range, or a sample narrower than a globule.

    Formula:
        the voxels nearest to the planes half-way between the centres of neighbouring globules. A film of any
        thickness percolates; on voxels from about phi = 3 h/g on.

    Source: Okabe et al. 2000, Spatial Tessellations, section 2.3; the morphology `assumed`.
    """
    wanted = sample.voxels(volume_fraction)
    distances, spacing = _globules(sample, globule_size, jitter)
    image = _labelled(highest(-distances, wanted))
    parameters = {"volume_fraction": volume_fraction, "globule_size": globule_size, "jitter": jitter}
    threshold = (0.0, min(1.0, 3.0 * max(sample.voxel_size) / globule_size))
    return _structure(sample, image, "segregated film", {**parameters, "spacing": list(spacing)}, threshold)


def segregated_spheres(
    sample: Sample,
    volume_fraction: float,
    *,
    globule_size: float,
    diameter: Diameters | None = None,
    variation: float = 0.0,
    jitter: float = 0.35,
) -> Structure:
    """Particles as spheres on the boundaries of globules of metal, which they coat.

    Args:
        sample: box, seed and materials.
        volume_fraction: of the particles, reached to the voxel [-].
        globule_size: as for `segregated_film`.
        diameter: as for `overlapping_spheres`.
        variation: as for `overlapping_spheres`.
        jitter: as for `segregated_film`.

    Returns:
        The structure, periodic across the depth where it is at least two diameters wide.

    Raises:
        SpecificationError: a parameter out of range, or a sample narrower than a globule.

    Formula:
        centres at random within a layer around the boundaries, as thin as holds the particles; percolates
        from phi_c = 0.95 d/g on.

    Source: Kusy 1977, J. Appl. Phys. 48, 5301 (segregated particles); threshold calculated on resolved images.
    """
    wanted = sample.voxels(volume_fraction)
    mean = sample.particle_diameter(diameter)
    distances, spacing = _globules(sample, globule_size, jitter)
    rng = np.random.default_rng([sample.seed, 1])
    image = np.full(sample.shape, METAL, np.uint8)
    typical = float(np.mean(np.asarray(mean)))
    share = min(0.95, volume_fraction / 0.7)
    layer = max(0.75 * max(sample.voxel_size), float(np.quantile(distances[::2, ::2, ::2], share)) - 0.5 * typical)
    filled = 0
    while filled < wanted:
        before = filled
        widths = draw_diameters(rng, spheres_to_fill(sample, mean, wanted - filled), mean, checked_variation(variation))
        periodic = periodic_axes(sample, float(widths.max()))
        centres = _centres_near(rng, sample, distances, layer, widths.size)
        filled = fill_spheres(image, centres, widths, sample.voxel_size, periodic, filled, wanted)
        if filled - before < 0.02 * wanted:
            layer *= 1.2
    shape = {"globule_size": globule_size, "jitter": jitter, "spacing": list(spacing), "layer": layer}
    parameters = {"volume_fraction": volume_fraction, **size_parameters(mean, variation), **shape}
    threshold = segregated_threshold(typical, globule_size)
    return _structure(sample, image, "segregated spheres", parameters, (threshold, threshold))


def planar(
    sample: Sample, *, thickness: float, roughness: float = 0.0, correlation_length: float | None = None
) -> Structure:
    """A flat or rough boundary between the electrolyte (`sample.particle`) and the metal.

    Args:
        sample: box, seed and materials.
        thickness: mean thickness of the electrolyte [m]; to whole voxels where it is flat.
        roughness: standard deviation of the height [m].
        correlation_length: of the height, covariance exp(-r^2/(4 l^2)) [m]; needed with a roughness.

    Returns:
        The structure, periodic across the depth.

    Raises:
        SpecificationError: a parameter out of range.

    Formula:
        electrolyte where x < thickness + height(y, z), a Gaussian random surface; the mean reached to the voxel.

    Source: Longuet-Higgins 1957, Phil. Trans. R. Soc. A 249, 321 (Gaussian random surface).
    """
    depth = sample.size[0]
    if not 0.0 <= thickness <= depth:
        raise SpecificationError(f"thickness {thickness!r} m: must lie between 0 and {depth:.3g} m, the sample's depth")
    if not np.isfinite(roughness) or roughness < 0.0:
        raise SpecificationError(f"roughness {roughness!r} m: must be zero or more")
    image = np.full(sample.shape, METAL, np.uint8)
    if roughness == 0.0:
        image[: round(thickness / sample.voxel_size[0])] = PARTICLE
    else:
        wanted = sample.voxels(thickness / depth)
        length = _above_zero(correlation_length, "correlation_length of the roughness")
        rng = np.random.default_rng(sample.seed)
        height = smooth_noise(rng, (1, *sample.shape[1:]), sample.voxel_size, length)[0].astype(np.float64)
        height *= roughness / max(float(height.std()), 1e-30)
        places = (np.arange(sample.shape[0]) + 0.5) * sample.voxel_size[0]
        image = _labelled(highest((height[None] - places[:, None, None]).astype(np.float32), wanted))
    parameters = {"thickness": thickness, "roughness": roughness, "correlation_length": correlation_length}
    return _structure(sample, image, "planar", parameters, None)


MORPHOLOGIES: Mapping[str, Callable[..., Structure]] = {
    "overlapping-spheres": overlapping_spheres,
    "hard-spheres": hard_spheres,
    "gaussian-field": gaussian_field,
    "segregated-film": segregated_film,
    "segregated-spheres": segregated_spheres,
    "planar": planar,
}
"""Generators by the names of the command line."""


def generate(morphology: str, sample: Sample, **parameters: Any) -> Structure:
    """Generate a structure by the name of its morphology.

    Args:
        morphology: one of `MORPHOLOGIES`.
        sample: box, seed and materials.
        parameters: of that generator, in SI.

    Returns:
        The structure.

    Raises:
        SpecificationError: unknown morphology or parameter, a missing or an impossible one.

    Formula:
        none: see the generators.

    Source: see the generators.
    """
    if morphology not in MORPHOLOGIES:
        raise SpecificationError(f"there is no morphology '{morphology}'; {suggest(morphology, [*MORPHOLOGIES])}")
    maker = MORPHOLOGIES[morphology]
    known = {name: item for name, item in inspect.signature(maker).parameters.items() if name != "sample"}
    for name in parameters:
        if name not in known:
            raise SpecificationError(f"{morphology} has no parameter '{name}'; {suggest(name, [*known])}")
    for name, item in known.items():
        if item.default is inspect.Parameter.empty and name not in parameters:
            raise SpecificationError(f"{morphology} needs {name}")
    return maker(sample, **parameters)


def _structure(
    sample: Sample,
    image: Image,
    morphology: str,
    parameters: Mapping[str, Any],
    threshold: tuple[float, float] | None,
) -> Structure:
    """Put labels and origin to an image, and state in it whether the sample percolates."""
    origin: dict[str, Any] = {
        "kind": "generated",
        "morphology": morphology,
        "parameters": dict(parameters),
        "particle": sample.particle,
        "metal": sample.metal,
        "threshold": None if threshold is None else list(threshold),
    }
    labels = {PARTICLE: sample.particle, METAL: sample.metal}
    structure = Structure(image, labels, sample.voxel_size, sample.seed, origin)
    state = percolation(structure, sample.particle)
    origin["percolates"], origin["statement"] = state.percolates, state.statement
    return Structure(image, labels, sample.voxel_size, sample.seed, origin)


def _labelled(chosen: npt.NDArray[np.bool_]) -> Image:
    return np.where(chosen, np.uint8(PARTICLE), np.uint8(METAL))


def _above_zero(value: float | None, name: str) -> float:
    if value is None or not np.isfinite(value) or value <= 0:
        raise SpecificationError(f"{name} {value!r}: must be a length [m] greater than zero")
    return float(value)


def _length_of_spheres(fraction: float, diameter: Diameters) -> float:
    """Correlation length of the field with the specific area 6 phi/d of spheres."""
    from scipy.stats import norm

    if not 0.0 < fraction < 1.0:
        return float(np.mean(np.asarray(diameter)))
    level = norm.ppf(1.0 - fraction)
    return float(np.sqrt(2.0) * np.mean(np.asarray(diameter)) * np.exp(-(level**2) / 2.0) / (6.0 * np.pi * fraction))


def _globules(
    sample: Sample, globule_size: float, jitter: float
) -> tuple[npt.NDArray[np.float32], tuple[float, float, float]]:
    size = _above_zero(globule_size, "globule_size")
    if not 0.0 <= jitter < 0.5:
        raise SpecificationError(f"jitter {jitter!r}: must be zero or more and less than 0.5")
    if min(sample.size[1:]) < size:
        raise SpecificationError(
            f"globules of {size:.3g} m do not fit into {min(sample.size[1:]):.3g} m across the depth"
        )
    rng = np.random.default_rng([sample.seed, 0])
    return globule_boundaries(rng, sample.shape, sample.voxel_size, size, jitter)


def _centres_near(
    rng: np.random.Generator, sample: Sample, distances: npt.NDArray[np.float32], layer: float, count: int
) -> npt.NDArray[np.float64]:
    """Random places whose voxel lies within `layer` of a boundary."""
    found: list[npt.NDArray[np.float64]] = []
    missing = count
    while missing > 0:
        trials = rng.random((max(8 * missing, 1000), 3)) * sample.size
        voxels = np.minimum((trials / sample.voxel_size).astype(np.int64), np.asarray(sample.shape) - 1)
        near = distances[voxels[:, 0], voxels[:, 1], voxels[:, 2]] <= layer
        found.append(trials[near][:missing])
        missing -= found[-1].shape[0]
    return np.concatenate(found)
