"""A multigrid cycle on the voxels of a phase: the preconditioner of every linear problem in this room.

The operator is a stiffness (conductances between neighbours and to fixed planes) plus a mass (a diagonal, such
as the slope of a reaction), which may change from one Newton step to the next without a new set-up.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_twice
from natrode.microstructure.aggregation import (
    Graph,
    Grouping,
    Shifts,
    coarse_pieces,
    coarse_voxels,
    group_pieces,
    group_voxels,
)
from natrode.microstructure.lattice import Indices, Numbers
from natrode.microstructure.operators import NO_MASS, Floats, GraphOperator, Operator, VoxelOperator, choose

_DIRECT_BELOW = 100
_STRONG = 0.3
_MOST_LEVELS = 24


@dataclass(eq=False)
class Level:
    """One level of the hierarchy with its work space."""

    operator: Operator
    grouping: Grouping | None
    """How its unknowns make the next level; None on the coarsest."""
    diagonal: Floats
    """Of stiffness and mass; empty on voxels, which do not need it."""
    inverse: Floats
    x: Floats
    b: Floats
    """Right-hand side from the level above; empty on the finest."""
    matrix: npt.NDArray[np.float64]
    """Stiffness of a coarsest level that is solved directly; empty on others."""


@dataclass(eq=False)
class Hierarchy:
    """All levels, finest first; `precondition` applies one cycle."""

    levels: list[Level]
    mass: Floats = field(default_factory=lambda: NO_MASS)
    _direct: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def set_mass(self, mass: Floats) -> None:
        """Give the finest level a mass, shape (size,) or `NO_MASS`, and sum it to all coarser levels."""
        self.mass = mass
        for level in self.levels:
            level.operator.set_diagonal(mass, level.diagonal, level.inverse)
            if level.grouping is None:
                self._direct = _inverse_of(level.matrix, mass)
            elif mass.size:
                mass = level.grouping.total(mass)

    def precondition(self, b: Floats) -> Floats:
        """Apply one symmetric cycle to `b`, shape (size,); the next call overwrites the result."""
        self._cycle(0, b)
        return self.levels[0].x

    def apply(self, p: Floats, q: Floats) -> float:
        """Set q = (A + mass) p on the finest level and return p.q."""
        return self.levels[0].operator.apply(p, self.mass, q)

    def below(self, depth: int) -> "Hierarchy":
        """Return the hierarchy that begins at a coarser level, to solve a smaller problem there first."""
        mass = self.mass
        for level in self.levels[:depth]:
            if level.grouping is not None and mass.size:
                mass = level.grouping.total(mass)
        return Hierarchy(self.levels[depth:], mass, self._direct)

    def _cycle(self, depth: int, b: Floats) -> None:
        """One red-black sweep before, one black-red sweep after; once on the finest level, twice below (W)."""
        level = self.levels[depth]
        operator, grouping = level.operator, level.grouping
        x, inverse = level.x, level.inverse
        red, size = operator.red, operator.size
        if grouping is None:
            _solve_directly(self._direct, b, inverse, x)
            return
        below = self.levels[depth + 1]
        for visit in range(1 if depth == 0 else 2):
            if visit == 0:  # the second visit begins with the red unknowns that the first has just swept
                choose(_scale, size)(x, b, inverse, red)
            operator.sweep(x, b, inverse, red, size)
            operator.restrict(x, b, level.diagonal, grouping, below.b)
            self._cycle(depth + 1, below.b)
            choose(_prolong, size)(x, below.x, grouping.owners, red)
            operator.sweep(x, b, inverse, red, size)
            operator.sweep(x, b, inverse, 0, red)


def build_hierarchy(operator: Operator, numbers: Indices | None = None) -> Hierarchy:
    """Set up the levels below an operator.

    Args:
        operator: the finest level; clusters that neither a plane nor a mass holds are left alone.
        numbers: the number of each voxel of the image, from `lattice.number_voxels`; for a `VoxelOperator`.

    Returns:
        The hierarchy, without mass.

    Formula:
        boxes of two voxels along each axis, or along the strongly coupled ones where voxels are flat, split
        into connected pieces; coarse stiffness 0.5 P'AP, coarse mass P'MP; red-black Gauss-Seidel; W-cycle.

    Source: Braess 1995, Computing 55, 379; Notay 2010, ETNA 37, 123 (aggregation needs cycles beyond V).
    """
    levels: list[Level] = []
    strengths = _strengths(operator)
    while True:
        merged = [bool(s >= _STRONG * strengths.max()) for s in strengths]
        if operator.size <= _DIRECT_BELOW or len(levels) == _MOST_LEVELS or _uncoupled(operator):
            levels.append(_level(operator, None, finest=not levels))
            break
        grouping, below = _coarsen(operator, numbers, (int(merged[0]), int(merged[1]), int(merged[2])))
        levels.append(_level(operator, grouping, finest=not levels))
        operator = GraphOperator(below)
        volume = 2.0 ** sum(merged)
        strengths = strengths * np.where(merged, volume / 4.0, volume)
    hierarchy = Hierarchy(levels)
    hierarchy.set_mass(NO_MASS)
    return hierarchy


def _coarsen(operator: Operator, numbers: Indices | None, shifts: Shifts) -> tuple[Grouping, Graph]:
    if isinstance(operator, GraphOperator):
        grouping = group_pieces(operator.graph, shifts)
        return grouping, coarse_pieces(operator.graph, grouping, shifts)
    if numbers is None:
        raise ValueError("a lattice of voxels needs the numbers of its image")
    grouping = group_voxels(operator.lattice, numbers, shifts)
    wx, wy, wz = (float(w) for w in operator.weights)
    return grouping, coarse_voxels(operator.lattice, grouping, numbers, (wx, wy, wz), operator.ground(), shifts)


def _strengths(operator: Operator) -> npt.NDArray[np.float64]:
    """Typical conductance along each axis."""
    if isinstance(operator, VoxelOperator):
        return operator.weights
    graph = operator.graph
    real = graph.values > 0.0
    rows = np.repeat(np.arange(graph.size, dtype=np.int32), np.diff(graph.first))[real]
    columns, values = graph.columns[real], graph.values[real]
    strengths = np.zeros(3)
    for axis in range(3):
        along = graph.places[axis][rows] != graph.places[axis][columns]
        strengths[axis] = values[along].mean() if along.any() else 0.0
    return strengths


def _uncoupled(operator: Operator) -> bool:
    return isinstance(operator, GraphOperator) and not operator.graph.values.any()


def _level(operator: Operator, grouping: Grouping | None, *, finest: bool) -> Level:
    inverse, x = np.empty(operator.size, np.float32), np.zeros(operator.size + 1, np.float32)
    b = np.empty(0 if finest else operator.size, np.float32)
    diagonal = np.empty(operator.size if isinstance(operator, GraphOperator) else 0, np.float32)
    matrix = _matrix_of(operator) if grouping is None else np.empty((0, 0))
    return Level(operator, grouping, diagonal, inverse, x, b, matrix)


def _matrix_of(operator: Operator) -> npt.NDArray[np.float64]:
    """Matrix of a small operator; empty where its unknowns are many or not coupled."""
    if operator.size > _DIRECT_BELOW or _uncoupled(operator):
        return np.empty((0, 0))
    matrix = np.empty((operator.size, operator.size))
    unit, column = np.zeros(operator.size + 1, np.float32), np.empty(operator.size, np.float32)
    for unknown in range(operator.size):
        unit[unknown] = 1.0
        operator.apply(unit, NO_MASS, column)
        matrix[:, unknown] = column
        unit[unknown] = 0.0
    return matrix


def _inverse_of(matrix: npt.NDArray[np.float64], mass: Floats) -> Floats:
    inverse = matrix + np.diag(mass) if mass.size and matrix.size else matrix.copy()
    _invert(inverse)
    return inverse.astype(np.float32)


@compiled
def _invert(matrix: npt.NDArray[np.float64]) -> None:
    """Gauss-Jordan inversion in place, without pivoting; 0 for the last unknown of a cluster that floats."""
    size = matrix.shape[0]
    smallest = np.empty(size)
    for pivot in range(size):
        smallest[pivot] = 1e-6 * matrix[pivot, pivot]
    for pivot in range(size):
        if matrix[pivot, pivot] <= smallest[pivot]:
            matrix[pivot] = 0.0
            matrix[:, pivot] = 0.0
            continue
        scale = 1.0 / matrix[pivot, pivot]
        matrix[pivot, pivot] = 1.0
        matrix[pivot] *= scale
        for row in range(size):
            if row != pivot:
                factor = matrix[row, pivot]
                matrix[row, pivot] = 0.0
                for column in range(size):
                    matrix[row, column] -= factor * matrix[pivot, column]


@compiled
def _solve_directly(matrix: Floats, b: Floats, inverse: Floats, x: Floats) -> None:
    for row in range(b.size):
        if matrix.size == 0:
            x[row] = inverse[row] * b[row]
            continue
        total = np.float32(0.0)
        for column in range(b.size):
            total += matrix[row, column] * b[column]
        x[row] = total


@compiled_twice
def _scale(x: Floats, b: Floats, inverse: Floats, red: int) -> None:
    for v in prange(red):
        x[v] = inverse[v] * b[v]


@compiled_twice
def _prolong(x: Floats, coarse: Floats, owners: Numbers, red: int) -> None:
    """Add the coarse correction to the red unknowns; the black ones are swept next."""
    for v in prange(red):
        x[v] += coarse[owners[v]]
