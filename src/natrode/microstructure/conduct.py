"""Effective conductivity and tortuosity factor of a phase, or of a field of conductivities, between two faces."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.errors import SimulationError, SpecificationError
from natrode.materials import load_material
from natrode.microstructure import currents
from natrode.microstructure.clusters import HIGH, LOW, Clusters, find_clusters
from natrode.microstructure.krylov import conjugate_gradients
from natrode.microstructure.lattice import Image, Lattice, number_voxels
from natrode.microstructure.memory import require_memory
from natrode.microstructure.multigrid import Hierarchy, build_hierarchy
from natrode.microstructure.operators import Floats, GraphOperator, Operator, Vector, voxel_operator
from natrode.microstructure.structure import NO_MATERIAL, GivenSize, Structure, VoxelSize, checked_voxel_size, lookup

_BYTES_PER_VOXEL = 6.0
_BYTES_PER_UNKNOWN = 80.0
_BYTES_PER_GRADED_UNKNOWN = 130.0
_SINGLE_PRECISION = 1e-6
_MOST_REFINEMENTS = 12

METHOD = (
    "finite volumes, one unknown per voxel, fixed potentials half a voxel outside both faces, insulating sides; "
    "conjugate gradients with a multigrid cycle; conductivity from the dissipation, an upper bound for the image"
)


@dataclass(frozen=True, eq=False)
class Conduction:
    """How a phase conducts along one axis."""

    material: str
    """Name of the material; `graded` for a field of conductivities."""
    axis: int
    volume_fraction: float
    """Of what conducts at all [-]."""
    connected_fraction: float
    """Share of it in clusters that reach from face to face [-]."""
    relative_conductivity: float
    """Effective over local conductivity [-]; over the highest one for a graded field."""
    conductivity: float | None
    """Effective conductivity [S/m]; None where the local one is not known."""
    tortuosity_factor: float | None
    """Volume fraction over relative conductivity [-]; None without a path or for a graded field."""
    error_estimate: float
    """Estimated relative error of the conductivity that the iteration leaves [-]; not that of the voxels."""
    current_imbalance: float
    """Largest difference between currents through two cross-sections over their mean [-]."""
    iterations: int
    unknowns: int
    reason: str = ""
    """Why nothing is conducted; empty where something is."""
    potential: Floats | None = field(default=None, repr=False)
    """For 1 V between the faces, shape of the image [V]; NaN where no current can flow."""
    current_density: Floats | None = field(default=None, repr=False)
    """For 1 V between the faces, along axes 0, 1, 2, shape (3, nx, ny, nz) [A/m2]."""

    @property
    def percolates(self) -> bool:
        """Whether a path leads from face to face."""
        return self.connected_fraction > 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain data without the fields."""
        left_out = ("potential", "current_density")
        known = {item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.name not in left_out}
        return {**known, "percolates": self.percolates, "method": METHOD}


def conduct(
    structure: Structure,
    material: str,
    axis: int = 0,
    *,
    conductivity: float | None = None,
    tolerance: float = 1e-4,
    imbalance: float | None = None,
    fields: bool = False,
) -> Conduction:
    """Effective conductivity of one material of a structure along one axis.

    Args:
        structure: the labelled image.
        material: the material that conducts; all others insulate.
        axis: 0, 1 or 2, the direction of the current.
        conductivity: local conductivity, scalar [S/m]; by default that of the materials data.
        tolerance: relative error of the effective conductivity at which the iteration ends [-].
        imbalance: largest relative difference between the currents through two cross-sections [-]; not
            asked for by default, 1e-6 with `fields`.
        fields: also return potential and current density.

    Returns:
        The conduction; zero, and the reason, where no path leads from face to face.

    Raises:
        SpecificationError: no such material or axis, a setting out of range, or too little memory.
        SimulationError: the iteration does not reach what was asked for.

    Formula:
        div(sigma grad phi) = 0; sigma_eff = L/A min over phi of integral sigma |grad phi|^2 at 1 V;
        tau = volume fraction sigma/sigma_eff.

    Source: Tjaden et al. 2016, Curr. Opin. Chem. Eng. 12, 44 (tortuosity factor).
    """
    local = _known_conductivity(material) if conductivity is None else _positive(conductivity, "conductivity")
    settings = _checked(_Settings(axis, tolerance, imbalance, fields))
    chosen = lookup(structure.labels_of(material))
    problem = _connect(chosen[settings.turned(structure.image)].view(np.uint8), structure.voxel_size, settings)
    return _answer(problem, material, local, settings)


def voxel_error(structure: Structure, material: str, axis: int = 0, *, tolerance: float = 1e-4) -> float | None:
    """Estimate what the size of the voxels does to an effective conductivity.

    Args:
        structure: the labelled image.
        material: the material that conducts.
        axis: 0, 1 or 2.
        tolerance: as for `conduct`.

    Returns:
        Relative error [-], negative where voxels make it too small; None where the material percolates on the
        image or on one of voxels twice as wide but not on both: the voxels do not resolve it.

    Raises:
        SpecificationError: as `conduct`, or fewer than four voxels along an axis of several.
        SimulationError: as `conduct`.

    Formula:
        (D(2h) - D(h))/D(h): the error of stepped boundaries is of first order in the voxel's edge h.

    Source: Roache 1994, J. Fluids Eng. 116, 405 (grid convergence index of first order).
    """
    if any(1 < count < 4 for count in structure.shape):
        raise SpecificationError(f"{structure.shape} voxels are too few to be halved; four or more are needed")
    fine = conduct(structure, material, axis, conductivity=1.0, tolerance=tolerance)
    coarse = conduct_field(_halved(structure, material), structure.voxel_size, axis, tolerance=tolerance)
    if fine.percolates != coarse.percolates:
        return None
    if not fine.percolates:
        return 0.0
    return coarse.relative_conductivity / fine.relative_conductivity - 1.0


def _halved(structure: Structure, material: str) -> Floats:
    """Indicator of a material on voxels twice as wide; ties go to it in every other place."""
    mask = structure.mask(material)
    steps = [2 if count > 1 else 1 for count in mask.shape]
    even = mask[tuple(slice(count - count % step) for count, step in zip(mask.shape, steps, strict=True))]
    nx, ny, nz = (count // step for count, step in zip(even.shape, steps, strict=True))
    filled = even.reshape(nx, steps[0], ny, steps[1], nz, steps[2]).sum(axis=(1, 3, 5), dtype=np.int16)
    i, j, k = np.ogrid[:nx, :ny, :nz]
    halves = 2 * filled - int(np.prod(steps))
    indicator: Floats = ((halves > 0) | ((halves == 0) & ((i + j + k) % 2 == 0))).astype(np.float32)
    return indicator


def conduct_along_all_axes(structure: Structure, material: str, **settings: Any) -> tuple[Conduction, ...]:
    """Return `conduct` along axes 0, 1 and 2, with the same settings."""
    return tuple(conduct(structure, material, axis, **settings) for axis in range(3))


def conduct_field(
    conductivity: npt.NDArray[np.floating],
    voxel_size: GivenSize,
    axis: int = 0,
    *,
    tolerance: float = 1e-4,
    imbalance: float | None = None,
    fields: bool = False,
) -> Conduction:
    """Effective conductivity of a field of conductivities along one axis.

    Args:
        conductivity: of each voxel, 0 where it insulates, shape (nx, ny, nz) [S/m].
        voxel_size: one edge or three, numbers in m or text with a unit [m].
        axis: as for `conduct`, as are `tolerance`, `imbalance` and `fields`.
        tolerance: see `axis`.
        imbalance: see `axis`.
        fields: see `axis`.

    Returns:
        The conduction of `graded` material.

    Raises:
        SpecificationError: negative or missing conductivities, or as `conduct`.
        SimulationError: as `conduct`.

    Formula:
        as `conduct`, with harmonic means between voxels.

    Source: Patankar 1980, Numerical Heat Transfer and Fluid Flow, section 4.2-3.
    """
    given = np.asarray(conductivity)
    if given.ndim != 3 or given.size == 0:
        raise SpecificationError(f"a field of conductivities needs three axes, this one has the shape {given.shape}")
    if not np.all(np.isfinite(given)) or np.any(given < 0):
        raise SpecificationError("a conductivity is negative or not a number; insulating voxels have 0 S/m")
    settings = _checked(_Settings(axis, tolerance, imbalance, fields))
    top = float(given.max())
    scaled = settings.turned(given / (top or 1.0)).astype(np.float32)
    problem = _connect((scaled > 0).view(np.uint8), checked_voxel_size(voxel_size), settings, scaled)
    return _answer(problem, "graded", top, settings)


def conductivity_field(structure: Structure, conductivities: Mapping[str, float]) -> Floats:
    """Conductivity of each voxel from that of each material, for `conduct_field`.

    Args:
        structure: the labelled image.
        conductivities: of each material that conducts [S/m]; the others insulate.

    Returns:
        Shape of the image [S/m].

    Raises:
        SpecificationError: a material that the structure does not have, or a negative conductivity.
    """
    table = np.zeros(256, np.float32)
    for material, value in conductivities.items():
        table[list(structure.labels_of(material))] = _positive(value, f"conductivity of {material}")
    local: Floats = table[structure.image]
    return local


@dataclass(frozen=True)
class _Settings:
    axis: int
    tolerance: float
    imbalance: float | None
    fields: bool

    def turned(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the image with the current along its first axis."""
        return np.ascontiguousarray(np.moveaxis(image, self.axis, 0))

    def turned_back(self, image: npt.NDArray[Any], first: int) -> npt.NDArray[Any]:
        """Return an image as it was before; its axes begin at `first`."""
        return np.ascontiguousarray(np.moveaxis(image, first, first + self.axis))

    @property
    def order(self) -> tuple[int, int, int]:
        """Axes of the image in the order of the turned one."""
        others = [axis for axis in range(3) if axis != self.axis]
        return self.axis, others[0], others[1]


@dataclass(frozen=True, eq=False)
class _Problem:
    edges: VoxelSize
    """Of a voxel, in the turned order [m]."""
    volume_fraction: float
    connected_fraction: float
    reason: str = ""
    lattice: Lattice | None = None
    hierarchy: Hierarchy | None = None


@dataclass(frozen=True, eq=False)
class _Solution:
    u: Vector
    energy: float
    error: float
    imbalance: float
    iterations: int


def _checked(settings: _Settings) -> _Settings:
    if settings.axis not in (0, 1, 2):
        raise SpecificationError(f"axis {settings.axis!r}: must be 0 (depth), 1 or 2")
    if not 1e-12 <= settings.tolerance <= 0.1:
        raise SpecificationError(f"tolerance {settings.tolerance!r}: must lie between 1e-12 and 0.1")
    if settings.imbalance is None:
        return replace(settings, imbalance=1e-6) if settings.fields else settings
    if not 1e-12 <= settings.imbalance <= 1.0:
        raise SpecificationError(f"imbalance {settings.imbalance!r}: must lie between 1e-12 and 1")
    return settings


def _positive(value: float, name: str) -> float:
    if not np.isfinite(value) or value <= 0:
        raise SpecificationError(f"{name} {value!r}: must be a number of S/m greater than zero")
    return float(value)


def _known_conductivity(material: str) -> float | None:
    if material in NO_MATERIAL:
        return None
    value = load_material(material).properties.get("conductivity")
    return None if value is None else value.si


def _connect(active: Image, edges: VoxelSize, settings: _Settings, local: Floats | None = None) -> _Problem:
    """Keep the voxels that lie on a path from face to face and set up their equations."""
    turned = (edges[settings.order[0]], edges[settings.order[1]], edges[settings.order[2]])
    count = int(np.count_nonzero(active))
    fraction = count / active.size
    unknown = _BYTES_PER_UNKNOWN if local is None else _BYTES_PER_GRADED_UNKNOWN
    require_memory(active.shape, _BYTES_PER_VOXEL + fraction * unknown, "conduction on an image")
    clusters = find_clusters(active, 1)
    del active
    through = clusters.touching(LOW[0] + HIGH[0])
    connected = int(clusters.sizes[through].sum()) / max(count, 1)
    if connected == 0.0:
        return _Problem(turned, fraction, 0.0, _why_not(clusters))
    lattice, numbers = number_voxels(clusters.paint(through))
    del clusters
    weights = (1.0, (turned[0] / turned[1]) ** 2, (turned[0] / turned[2]) ** 2)
    operator: Operator
    if local is None:
        operator = voxel_operator(lattice, weights, 2.0, 2.0)
    else:
        conductivities = local.reshape(-1)[lattice.positions]
        operator = GraphOperator(currents.graded_graph(lattice, conductivities, weights))
    return _Problem(turned, fraction, connected, "", lattice, build_hierarchy(operator, numbers))


def _why_not(clusters: Clusters) -> str:
    if clusters.sizes.size == 0:
        return "no voxel conducts: conductivity zero"
    low, high = clusters.touching(LOW[0]).any(), clusters.touching(HIGH[0]).any()
    if low and high:
        return "it does not percolate: no cluster reaches from face to face: conductivity zero"
    where = "neither face" if not (low or high) else f"only the {'first' if low else 'last'} face"
    return f"it does not percolate: it touches {where}: conductivity zero"


def _answer(problem: _Problem, material: str, local: float | None, settings: _Settings) -> Conduction:
    """Solve, and put the numbers back into the units and the axes of the image."""
    fractions = (problem.volume_fraction, problem.connected_fraction)
    if problem.lattice is None or problem.hierarchy is None:
        none = 0.0 if local is not None else None
        return Conduction(material, settings.axis, *fractions, 0.0, none, None, 0.0, 0.0, 0, 0, problem.reason)
    lattice, operator = problem.lattice, problem.hierarchy.levels[0].operator
    solution = _solve(lattice, problem.hierarchy, settings)
    nx, ny, nz = lattice.shape
    relative = solution.energy * nx / (ny * nz)
    potential = density = None
    if settings.fields:
        potential = settings.turned_back(currents.potential_image(lattice, solution.u), 0)
        edge = problem.edges
        factors = tuple((local or 1.0) * edge[axis] / edge[0] ** 2 for axis in range(3))
        image = currents.current_image(lattice, operator, solution.u, (factors[0], factors[1], factors[2]))
        density = settings.turned_back(image[np.argsort(settings.order)], 1)
    return Conduction(
        material,
        settings.axis,
        *fractions,
        relative,
        None if local is None else local * relative,
        None if isinstance(operator, GraphOperator) else problem.volume_fraction / relative,
        solution.error,
        solution.imbalance,
        solution.iterations,
        lattice.size,
        potential=potential,
        current_density=density,
    )


def _solve(lattice: Lattice, hierarchy: Hierarchy, settings: _Settings) -> _Solution:
    """Iterate in single precision, and correct in double precision as long as more is asked for."""
    operator = hierarchy.levels[0].operator
    start = currents.flat_start(lattice, operator)
    r = _residual(lattice, operator, start)
    _, energy = currents.currents_and_energy(lattice, operator, start)
    goal = max(settings.tolerance, _SINGLE_PRECISION)
    descent = conjugate_gradients(hierarchy, r, start, energy=energy, relative_energy=goal)
    u: Vector = start
    iterations = descent.iterations
    for _ in range(_MOST_REFINEMENTS):
        flow, energy = currents.currents_and_energy(lattice, operator, u)
        spread = float(np.ptp(flow) / np.mean(flow))
        error = descent.remaining / energy
        if error <= settings.tolerance and (settings.imbalance is None or spread <= settings.imbalance):
            return _Solution(u, energy, error, spread, iterations)
        u = u.astype(np.float64, copy=False)
        r = _residual(lattice, operator, u)
        correction = np.zeros(lattice.size + 1, np.float32)
        wanted = (settings.tolerance / error) ** 0.5
        if settings.imbalance is not None:
            wanted = min(wanted, settings.imbalance / spread)
        descent = conjugate_gradients(hierarchy, r, correction, relative_residual=min(max(0.1 * wanted, 1e-5), 0.1))
        u += correction
        iterations += descent.iterations
    raise SimulationError(
        f"the potential does not converge: after {iterations} iterations the currents through the cross-sections "
        f"differ by {spread:.1e}, the estimated error is {error:.1e}; ask for a larger tolerance or imbalance"
    )


def _residual(lattice: Lattice, operator: Operator, u: Vector) -> Floats:
    r = np.zeros(lattice.size, np.float32)
    entering, conductances = currents.end_layer(lattice, operator, 0)
    r[entering] = conductances
    operator.subtract(u, r)
    return r
