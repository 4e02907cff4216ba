"""From potentials to energies and currents, on voxels of one conductivity and on graded ones.

The first plane is at potential 1, the last at 0; both lie half a voxel outside the outermost centres and are
joined to them by equal conductances.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled_parallel
from natrode.microstructure.aggregation import ROW, Graph
from natrode.microstructure.lattice import Image, Indices, Lattice, Numbers, face_table
from natrode.microstructure.operators import Floats, Operator, Vector, VoxelOperator

Doubles = npt.NDArray[np.float64]


def graded_graph(lattice: Lattice, conductivity: Floats, weights: tuple[float, float, float]) -> Graph:
    """Conductances between voxels of different conductivity.

    Args:
        lattice: the voxels.
        conductivity: of each voxel, shape (lattice.size,), above zero [-].
        weights: conductance of a face between two voxels of conductivity 1, along x, y, z [-].

    Returns:
        The finest level, with both end planes at half a voxel's distance.

    Formula:
        harmonic mean: g = w 2 s1 s2/(s1 + s2); to the planes g = 2 w s.

    Source: Patankar 1980, Numerical Heat Transfer and Fluid Flow, section 4.2-3.
    """
    size = lattice.size
    first = np.arange(0, ROW * size + 1, ROW, dtype=np.uint32)
    values = np.zeros((size, ROW), np.float32)
    _fill_graded(lattice.neighbours, conductivity, np.asarray(weights, np.float32), values)
    ground = face_table(2.0 * weights[0], 2.0 * weights[0])[:, 3].astype(np.float32)[lattice.codes] * conductivity
    places = np.empty((3, size), np.int16)
    _fill_places(lattice.positions, lattice.shape, places)
    columns = lattice.neighbours.reshape(-1)
    return Graph(size, lattice.red, lattice.planes, first, columns, values.reshape(-1), ground, places)


def phase_graph(
    lattice: Lattice,
    conductivity: Floats,
    weights: tuple[float, float, float],
    phases: Image,
    barriers: tuple[float, float, float],
    series: float,
) -> Graph:
    """Conductances between voxels of several phases with a resistance between them.

    Args:
        lattice: the voxels.
        conductivity: of each voxel, shape (lattice.size,), above zero [-].
        weights: conductance of a face between two voxels of conductivity 1, along x, y, z [-].
        phases: which phase each voxel is, shape (lattice.size,).
        barriers: resistance of a face between two phases over that between two voxels of conductivity 1, along
            x, y, z [-].
        series: resistance between the plane before the first layer and its face, over the same [-].

    Returns:
        The finest level, with an insulating plane behind the last layer.

    Formula:
        g = w/(1/(2 s1) + b + 1/(2 s2)), b = 0 within a phase; to the plane g = w/(1/(2 s) + r).

    Source: resistances in series.
    """
    graph = graded_graph(lattice, conductivity, weights)
    factors = np.asarray([weights, barriers], np.float32)
    _fill_phases(lattice.neighbours, conductivity, phases, factors, graph.values.reshape(-1, ROW))
    first_layer = face_table(1.0, 0.0)[:, 3].astype(np.float32)[lattice.codes]
    ground = first_layer * np.float32(weights[0]) / (np.float32(0.5) / conductivity + np.float32(series))
    return replace(graph, ground=ground.astype(np.float32))


def end_layer(lattice: Lattice, operator: Operator, layer: int) -> tuple[Indices, Doubles]:
    """Return the voxels of the first or last layer and their conductances to the plane outside [-]."""
    bounds = lattice.planes[:, layer : layer + 2]
    voxels = np.concatenate([np.arange(low, high, dtype=np.int32) for low, high in bounds])
    if isinstance(operator, VoxelOperator):
        ground = operator.faces[lattice.codes[voxels], 3]
    else:
        ground = operator.graph.ground[voxels]
    return voxels, ground.astype(np.float64) * (0.5 if lattice.shape[0] == 1 else 1.0)


def currents_and_energy(lattice: Lattice, operator: Operator, u: Vector) -> tuple[Doubles, float]:
    """Currents through all cross-sections and the dissipation of a potential.

    Args:
        lattice: the voxels.
        operator: their conductances, with equal conductances to both planes.
        u: potential of each voxel, shape (lattice.size + 1,) [-].

    Returns:
        Current from layer to layer, its ends through the two planes, shape (nx + 1,) [-]; and the energy
        functional, whose smallest value over all u is the conductance between the planes [-].

    Formula:
        I = sum of g (u1 - u2) over the faces of a cross-section; E = sum of g (u1 - u2)^2 over all faces.

    Source: Thomson's principle, Doyle and Snell 1984, Random Walks and Electric Networks, section 1.3.
    """
    layers = lattice.shape[0]
    currents, energies = np.zeros(layers + 1), np.zeros(layers)
    if isinstance(operator, VoxelOperator):
        _voxel_currents(lattice.neighbours, lattice.planes, operator.weights, u, currents, energies)
    else:
        graph = operator.graph
        rows = (graph.first, graph.columns, graph.values, graph.places[0])
        _graph_currents(*rows, lattice.planes, u, currents, energies)
    entering, inlets = end_layer(lattice, operator, 0)
    leaving, outlets = end_layer(lattice, operator, layers - 1)
    drops_in, drops_out = 1.0 - u[entering].astype(np.float64), u[leaving].astype(np.float64)
    currents[0], currents[layers] = inlets @ drops_in, outlets @ drops_out
    energy = energies.sum() + inlets @ drops_in**2 + outlets @ drops_out**2
    return currents, float(energy)


def flat_start(lattice: Lattice, operator: Operator) -> Floats:
    """Potential that is uniform in each layer and carries the same current through each cross-section.

    Args:
        lattice: the voxels; every cross-section is crossed by some of their faces.
        operator: their conductances.

    Returns:
        Potential, shape (lattice.size + 1,), its last entry 0 [-]; exact for layers.
    """
    layers = lattice.shape[0]
    u = np.zeros(lattice.size + 1, np.float32)
    spans = [slice(lattice.planes[c, i], lattice.planes[c, i + 1]) for i in range(layers) for c in range(2)]
    for number, span in enumerate(spans):
        u[span] = -(number // 2)
    conductances, _ = currents_and_energy(lattice, operator, u)
    conductances[0] = end_layer(lattice, operator, 0)[1].sum()
    conductances[layers] = end_layer(lattice, operator, layers - 1)[1].sum()
    falls = np.cumsum(1.0 / conductances)
    for number, span in enumerate(spans):
        u[span] = 1.0 - falls[number // 2] / falls[layers]
    return u


def potential_image(lattice: Lattice, u: Vector) -> Floats:
    """Put potentials back into the image; NaN where there is no unknown, shape of the image [-]."""
    image = np.full(lattice.shape, np.nan, np.float32)
    image.reshape(-1)[lattice.positions] = u[: lattice.size]
    return image


def current_image(
    lattice: Lattice, operator: Operator, u: Vector, factors: tuple[float, float, float], plane: float = 1.0
) -> Floats:
    """Current density in the voxels, the mean of their two faces along each axis.

    Args:
        lattice: the voxels.
        operator: their conductances.
        u: potential, shape (lattice.size + 1,) [-].
        factors: current density of one unit of current through a face along x, y, z [A/m2].
        plane: potential of the first plane; that of the last is 0 [-].

    Returns:
        Current density along x, y, z, 0 where there is no unknown, shape (3, nx, ny, nz) [A/m2].
    """
    image = np.zeros((3, *lattice.shape), np.float32)
    flat, half = image.reshape(3, -1), 0.5 * np.asarray(factors)
    if isinstance(operator, VoxelOperator):
        _voxel_density(lattice.neighbours, lattice.positions, operator.weights, u, half, flat)
    else:
        graph = operator.graph
        rows = (graph.first, graph.columns, graph.values, graph.places)
        _graph_density(*rows, lattice.positions, u, half, flat)
    for layer, potential, sign in ((0, plane, 1.0), (lattice.shape[0] - 1, 0.0, -1.0)):
        voxels, conductances = end_layer(lattice, operator, layer)
        drops = sign * (potential - u[voxels].astype(np.float64))
        flat[0, lattice.positions[voxels]] += half[0] * conductances * drops
    return image


@compiled_parallel
def _fill_places(positions: Indices, shape: tuple[int, int, int], places: npt.NDArray[np.int16]) -> None:
    for v in prange(positions.size):
        place = positions[v]
        places[0, v] = place // (shape[1] * shape[2])
        places[1, v] = place // shape[2] % shape[1]
        places[2, v] = place % shape[2]


@compiled_parallel
def _fill_graded(neighbours: Numbers, conductivity: Floats, weights: Floats, values: Floats) -> None:
    missing = conductivity.size
    for v in prange(missing):
        for face in range(6):
            other = neighbours[v, face]
            if other != missing:
                one, two = np.float64(conductivity[v]), np.float64(conductivity[other])
                values[v, face] = weights[face >> 1] * 2.0 * one * two / (one + two)


@compiled_parallel
def _fill_phases(neighbours: Numbers, conductivity: Floats, phases: Image, factors: Floats, values: Floats) -> None:
    missing = conductivity.size
    for v in prange(missing):
        for face in range(6):
            other = neighbours[v, face]
            if other != missing:
                resistance = 0.5 / np.float64(conductivity[v]) + 0.5 / np.float64(conductivity[other])
                if phases[v] != phases[other]:
                    resistance += factors[1, face >> 1]
                values[v, face] = factors[0, face >> 1] / resistance


@compiled_parallel
def _voxel_currents(
    neighbours: Numbers, planes: Indices, weights: Doubles, u: Vector, currents: Doubles, energies: Doubles
) -> None:
    missing = neighbours.shape[0]
    for layer in prange(energies.size):
        through, energy = 0.0, 0.0
        for colour in range(2):
            for v in range(planes[colour, layer], planes[colour, layer + 1]):
                for axis in range(3):
                    other = neighbours[v, 2 * axis + 1]
                    if other != missing:
                        current = weights[axis] * (np.float64(u[v]) - np.float64(u[other]))
                        energy += current * (np.float64(u[v]) - np.float64(u[other]))
                        if axis == 0:
                            through += current
        currents[layer + 1] = through
        energies[layer] = energy


@compiled_parallel
def _graph_currents(
    first: Numbers,
    columns: Numbers,
    values: Floats,
    depths: npt.NDArray[np.int16],
    planes: Indices,
    u: Vector,
    currents: Doubles,
    energies: Doubles,
) -> None:
    for layer in prange(energies.size):
        through, energy = 0.0, 0.0
        for colour in range(2):
            for v in range(planes[colour, layer], planes[colour, layer + 1]):
                for entry in range(first[v], first[v + 1]):
                    other = columns[entry]
                    if values[entry] == 0.0:
                        continue
                    current = values[entry] * (np.float64(u[v]) - np.float64(u[other]))
                    energy += 0.5 * current * (np.float64(u[v]) - np.float64(u[other]))
                    if depths[other] > depths[v]:
                        through += current
        currents[layer + 1] = through
        energies[layer] = energy


@compiled_parallel
def _voxel_density(
    neighbours: Numbers, positions: Indices, weights: Doubles, u: Vector, half: Doubles, image: Floats
) -> None:
    missing = positions.size
    for v in prange(missing):
        for face in range(6):
            other = neighbours[v, face]
            if other != missing:
                sign = 1.0 if face & 1 else -1.0
                image[face >> 1, positions[v]] += sign * half[face >> 1] * weights[face >> 1] * (u[v] - u[other])


@compiled_parallel
def _graph_density(
    first: Numbers,
    columns: Numbers,
    values: Floats,
    places: npt.NDArray[np.int16],
    positions: Indices,
    u: Vector,
    half: Doubles,
    image: Floats,
) -> None:
    for v in prange(positions.size):
        for entry in range(first[v], first[v + 1]):
            other = columns[entry]
            for axis in range(3 if values[entry] > 0.0 else 0):
                step = np.float64(places[axis, other]) - np.float64(places[axis, v])
                if step != 0.0:
                    image[axis, positions[v]] += step * half[axis] * values[entry] * (u[v] - u[other])
