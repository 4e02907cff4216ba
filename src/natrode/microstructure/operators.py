"""Symmetric operators of conductances: on voxels with one conductance per axis, and on any graph of pieces.

Vectors of unknowns that are read through neighbours carry one more entry, which stays 0, for the neighbour
that is missing.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled_twice
from natrode.microstructure.aggregation import ROW, Graph, Grouping
from natrode.microstructure.lattice import Image, Indices, Lattice, Numbers, face_table

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float32] | npt.NDArray[np.float64]

PARALLEL_FROM = 20_000
"""Unknowns below which starting threads costs more than they save."""
NO_MASS: Floats = np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class VoxelOperator:
    """Stiffness of the voxels of one phase, uniform along each axis, with fixed planes before and behind."""

    lattice: Lattice
    weights: Doubles
    """Conductance between neighbours along x, y, z [-]."""
    faces: Doubles
    """Neighbours along x, y, z and conductance to the fixed planes by code, see `lattice.face_table`."""
    single_weights: Floats
    single_faces: Floats

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.lattice.size

    @property
    def red(self) -> int:
        """Number of red unknowns."""
        return self.lattice.red

    @property
    def _diagonals(self) -> Floats:
        """Diagonal of the stiffness by code."""
        table: Floats = (self.faces[:, :3] @ self.weights + self.faces[:, 3]).astype(np.float32)
        return table

    def diagonal(self) -> Floats:
        """Diagonal of the stiffness, shape (size,)."""
        return self._diagonals[self.lattice.codes]

    def set_diagonal(self, mass: Floats, _diagonal: Floats, inverse: Floats) -> None:
        """Set `inverse` to one over the diagonal of A + mass, 0 where nothing holds an unknown."""
        choose(_voxel_diagonal, self.size)(self.lattice.codes, self._diagonals, mass, inverse)

    def ground(self) -> Floats:
        """Conductance of each unknown to the fixed planes, shape (size,)."""
        return self.single_faces[:, 3][self.lattice.codes]

    def sweep(self, x: Floats, b: Floats, inverse: Floats, low: int, high: int) -> None:
        """Solve the rows from `low` to `high` (one colour) for their own unknowns."""
        choose(_voxel_sweep, self.size)(self.lattice.neighbours, self.single_weights, x, b, inverse, low, high)

    def restrict(self, x: Floats, _b: Floats, _diagonal: Floats, grouping: Grouping, coarse: Floats) -> None:
        """Sum the residual to the next level after sweeps from zero: only red ones have one, of black x."""
        planes = (grouping.fine_planes, grouping.planes, grouping.owners)
        choose(_voxel_restrict, self.size)(self.lattice.neighbours, self.single_weights, x, *planes, coarse)

    def apply(self, p: Floats, mass: Floats, q: Floats) -> float:
        """Set q = (A + mass) p and return p.q; `mass` is `NO_MASS` or a diagonal of shape (size,)."""
        lattice = self.lattice
        arguments = (lattice.neighbours, lattice.codes, self.single_weights, self.single_faces, p, mass, q)
        return float(choose(_voxel_apply, self.size)(*arguments))

    def subtract(self, u: Vector, r: Vector) -> None:
        """Set r = r - A u, computed in double precision."""
        lattice = self.lattice
        choose(_voxel_subtract, self.size)(lattice.neighbours, lattice.codes, self.weights, self.faces, u, r)


@dataclass(frozen=True, eq=False)
class GraphOperator:
    """Stiffness of pieces joined by conductances."""

    graph: Graph

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return self.graph.size

    @property
    def red(self) -> int:
        """Number of red unknowns."""
        return self.graph.red

    def diagonal(self) -> Floats:
        """Diagonal of the stiffness, shape (size,)."""
        diagonal, inverse = np.empty((2, self.size), np.float32)
        self.set_diagonal(NO_MASS, diagonal, inverse)
        return diagonal

    def set_diagonal(self, mass: Floats, diagonal: Floats, inverse: Floats) -> None:
        """Set the diagonal of A + mass and one over it, 0 where nothing holds an unknown."""
        graph = self.graph
        choose(_graph_diagonal, self.size)(graph.first, graph.values, graph.ground, mass, diagonal, inverse)

    def ground(self) -> Floats:
        """Conductance of each unknown to the fixed planes, shape (size,)."""
        return self.graph.ground

    def sweep(self, x: Floats, b: Floats, inverse: Floats, low: int, high: int) -> None:
        """Solve the rows from `low` to `high` (one colour) for their own unknowns."""
        graph = self.graph
        choose(_graph_sweep, self.size)(graph.first, graph.columns, graph.values, x, b, inverse, low, high)

    def restrict(self, x: Floats, b: Floats, diagonal: Floats, grouping: Grouping, coarse: Floats) -> None:
        """Sum the residual to the next level after a black sweep: only red unknowns have one."""
        graph = self.graph
        planes = (grouping.fine_planes, grouping.planes, grouping.owners)
        arguments = (graph.first, graph.columns, graph.values, x, b, diagonal)
        choose(_graph_restrict, self.size)(*arguments, *planes, coarse)

    def apply(self, p: Floats, mass: Floats, q: Floats) -> float:
        """Set q = (A + mass) p and return p.q; `mass` is `NO_MASS` or a diagonal of shape (size,)."""
        graph = self.graph
        arguments = (graph.first, graph.columns, graph.values, graph.ground, p, mass, q)
        return float(choose(_graph_apply, self.size)(*arguments))

    def subtract(self, u: Vector, r: Vector) -> None:
        """Set r = r - A u, computed in double precision."""
        graph = self.graph
        choose(_graph_subtract, self.size)(graph.first, graph.columns, graph.values, graph.ground, u, r)


Operator = VoxelOperator | GraphOperator


def voxel_operator(
    lattice: Lattice, weights: tuple[float, float, float] = (1.0, 1.0, 1.0), low: float = 2.0, high: float = 0.0
) -> VoxelOperator:
    """Put conductances on the faces of a lattice.

    Args:
        lattice: the voxels.
        weights: conductance between neighbours along x, y, z [-].
        low: conductance from the first layer to the plane before it [-]; 2 weights[0] at half a voxel's
            distance, 0 for an insulating plane.
        high: conductance from the last layer to the plane behind it [-].

    Returns:
        The operator.
    """
    faces, given = face_table(low, high), np.asarray(weights, np.float64)
    return VoxelOperator(lattice, given, faces, given.astype(np.float32), faces.astype(np.float32))


def choose(pair: tuple[Any, Any], size: int) -> Any:
    """Return the kernel for many or for few unknowns."""
    return pair[0] if size >= PARALLEL_FROM else pair[1]


@compiled_twice
def _voxel_diagonal(codes: Image, table: Floats, mass: Floats, inverse: Floats) -> None:
    massive = mass.size > 0
    for v in prange(codes.size):
        value = table[codes[v]]
        if massive:
            value += mass[v]
        inverse[v] = np.float32(1.0) / value if value > 0.0 else np.float32(0.0)


@compiled_twice
def _graph_diagonal(
    first: Numbers, values: Floats, ground: Floats, mass: Floats, diagonal: Floats, inverse: Floats
) -> None:
    massive = mass.size > 0
    for v in prange(ground.size):
        value = ground[v]
        for entry in range(first[v], first[v + 1]):
            value += values[entry]
        if massive:
            value += mass[v]
        diagonal[v] = value
        inverse[v] = np.float32(1.0) / value if value > 0.0 else np.float32(0.0)


@compiled_twice
def _voxel_sweep(
    neighbours: Numbers, weights: Floats, x: Floats, b: Floats, inverse: Floats, low: int, high: int
) -> None:
    wx, wy, wz = weights[0], weights[1], weights[2]
    for v in prange(low, high):
        along = wx * (x[neighbours[v, 0]] + x[neighbours[v, 1]])
        across = wy * (x[neighbours[v, 2]] + x[neighbours[v, 3]]) + wz * (x[neighbours[v, 4]] + x[neighbours[v, 5]])
        x[v] = inverse[v] * (b[v] + along + across)


@compiled_twice
def _voxel_restrict(
    neighbours: Numbers,
    weights: Floats,
    x: Floats,
    fine_planes: Indices,
    planes: Indices,
    owners: Numbers,
    coarse: Floats,
) -> None:
    wx, wy, wz = weights[0], weights[1], weights[2]
    layers, fine_layers = planes.shape[1] - 1, fine_planes.shape[1] - 1
    width = 2 if fine_layers > layers else 1
    for layer in prange(layers):
        for colour in range(2):
            coarse[planes[colour, layer] : planes[colour, layer + 1]] = 0.0
        for fine in range(layer * width, min((layer + 1) * width, fine_layers)):
            for v in range(fine_planes[0, fine], fine_planes[0, fine + 1]):
                along = wx * (x[neighbours[v, 0]] + x[neighbours[v, 1]])
                across = wy * (x[neighbours[v, 2]] + x[neighbours[v, 3]])
                coarse[owners[v]] += along + across + wz * (x[neighbours[v, 4]] + x[neighbours[v, 5]])


@compiled_twice
def _voxel_apply(
    neighbours: Numbers, codes: Image, weights: Floats, faces: Floats, p: Floats, mass: Floats, q: Floats
) -> float:
    """Differences are summed axis by axis: a constant has no current, whatever the rounding of the weights."""
    wx, wy, wz = weights[0], weights[1], weights[2]
    massive = mass.size > 0
    product = 0.0
    for v in prange(codes.size):
        code, here = codes[v], p[v]
        value = faces[code, 3] * here
        value += wx * (faces[code, 0] * here - (p[neighbours[v, 0]] + p[neighbours[v, 1]]))
        value += wy * (faces[code, 1] * here - (p[neighbours[v, 2]] + p[neighbours[v, 3]]))
        value += wz * (faces[code, 2] * here - (p[neighbours[v, 4]] + p[neighbours[v, 5]]))
        if massive:
            value += mass[v] * here
        q[v] = value
        product += np.float64(value) * np.float64(here)
    return product


@compiled_twice
def _voxel_subtract(neighbours: Numbers, codes: Image, weights: Doubles, faces: Doubles, u: Vector, r: Vector) -> None:
    wx, wy, wz = weights[0], weights[1], weights[2]
    for v in prange(codes.size):
        code, here = codes[v], np.float64(u[v])
        value = faces[code, 3] * here
        value += wx * (faces[code, 0] * here - (np.float64(u[neighbours[v, 0]]) + np.float64(u[neighbours[v, 1]])))
        value += wy * (faces[code, 1] * here - (np.float64(u[neighbours[v, 2]]) + np.float64(u[neighbours[v, 3]])))
        value += wz * (faces[code, 2] * here - (np.float64(u[neighbours[v, 4]]) + np.float64(u[neighbours[v, 5]])))
        r[v] = np.float64(r[v]) - value


@compiled_twice
def _graph_sweep(
    first: Numbers, columns: Numbers, values: Floats, x: Floats, b: Floats, inverse: Floats, low: int, high: int
) -> None:
    for v in prange(low, high):
        e = first[v]  # six entries at once, which every row has, are twice as fast as a loop of unknown length
        total = values[e] * x[columns[e]] + values[e + 1] * x[columns[e + 1]] + values[e + 2] * x[columns[e + 2]]
        total += (
            values[e + 3] * x[columns[e + 3]] + values[e + 4] * x[columns[e + 4]] + values[e + 5] * x[columns[e + 5]]
        )
        for entry in range(e + ROW, first[v + 1]):
            total += values[entry] * x[columns[entry]]
        x[v] = inverse[v] * (b[v] + total)


@compiled_twice
def _graph_restrict(
    first: Numbers,
    columns: Numbers,
    values: Floats,
    x: Floats,
    b: Floats,
    diagonal: Floats,
    fine_planes: Indices,
    planes: Indices,
    owners: Numbers,
    coarse: Floats,
) -> None:
    layers, fine_layers = planes.shape[1] - 1, fine_planes.shape[1] - 1
    width = 2 if fine_layers > layers else 1
    for layer in prange(layers):
        for colour in range(2):
            coarse[planes[colour, layer] : planes[colour, layer + 1]] = 0.0
        for fine in range(layer * width, min((layer + 1) * width, fine_layers)):
            for v in range(fine_planes[0, fine], fine_planes[0, fine + 1]):
                e = first[v]
                total = values[e] * x[columns[e]] + values[e + 1] * x[columns[e + 1]]
                total += values[e + 2] * x[columns[e + 2]] + values[e + 3] * x[columns[e + 3]]
                total += values[e + 4] * x[columns[e + 4]] + values[e + 5] * x[columns[e + 5]]
                for entry in range(e + ROW, first[v + 1]):
                    total += values[entry] * x[columns[entry]]
                coarse[owners[v]] += b[v] - diagonal[v] * x[v] + total


@compiled_twice
def _graph_apply(
    first: Numbers, columns: Numbers, values: Floats, ground: Floats, p: Floats, mass: Floats, q: Floats
) -> float:
    massive = mass.size > 0
    product = 0.0
    for v in prange(ground.size):
        value = ground[v] * p[v]
        for entry in range(first[v], first[v + 1]):
            value += values[entry] * (p[v] - p[columns[entry]])
        if massive:
            value += mass[v] * p[v]
        q[v] = value
        product += np.float64(value) * np.float64(p[v])
    return product


@compiled_twice
def _graph_subtract(first: Numbers, columns: Numbers, values: Floats, ground: Floats, u: Vector, r: Vector) -> None:
    for v in prange(ground.size):
        here = np.float64(u[v])
        value = np.float64(ground[v]) * here
        for entry in range(first[v], first[v + 1]):
            value += np.float64(values[entry]) * (here - np.float64(u[columns[entry]]))
        r[v] = np.float64(r[v]) - value
