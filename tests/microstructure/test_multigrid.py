"""The multigrid cycle as a preconditioner: symmetric, fast, with a mass, on boxes split into pieces."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve

from natrode.microstructure.krylov import conjugate_gradients
from natrode.microstructure.lattice import number_voxels
from natrode.microstructure.multigrid import build_hierarchy
from natrode.microstructure.operators import NO_MASS, voxel_operator
from tests.microstructure.shapes import field


def setup(active, weights=(1.0, 1.0, 1.0), low=2.0, high=0.0):
    lattice, numbers = number_voxels(active.astype(np.uint8))
    operator = voxel_operator(lattice, weights, low, high)
    return lattice, operator, build_hierarchy(operator, numbers)


def entries(graph):
    """Rows, columns and values of what joins pieces, without what fills up rows."""
    real = graph.columns < graph.size
    assert np.all(np.diff(graph.first) >= 6)
    assert not graph.values[~real].any()
    return np.repeat(np.arange(graph.size), np.diff(graph.first))[real], graph.columns[real], graph.values[real]


def matrix_of(lattice, weights, low, high, mass):
    size = lattice.size
    rows = np.repeat(np.arange(size), 6)
    columns = lattice.neighbours.ravel().astype(np.int64)
    values = np.tile(np.repeat(weights, 2), size)
    there = columns < size
    links = sparse.coo_matrix((values[there], (rows[there], columns[there])), (size, size)).tocsr()
    depth = lattice.positions // (lattice.shape[1] * lattice.shape[2])
    ground = low * (depth == 0) + high * (depth == lattice.shape[0] - 1)
    return (sparse.diags(np.asarray(links.sum(axis=1)).ravel() + ground + mass) - links).tocsc()


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (1.0, 0.25, 4.0)])
@pytest.mark.parametrize("massive", [False, True])
def test_it_solves_what_a_direct_solver_solves(weights, massive):
    lattice, _, hierarchy = setup(field(0.45, (20, 22, 24)).image == 1, weights, 2.0, 1.0)
    rng = np.random.default_rng(0)
    mass = (0.3 * rng.random(lattice.size)).astype(np.float32) if massive else np.full(lattice.size, 1e-3, np.float32)
    hierarchy.set_mass(mass)
    b = rng.standard_normal(lattice.size).astype(np.float32)
    x = np.zeros(lattice.size + 1, np.float32)
    found = conjugate_gradients(hierarchy, b.copy(), x, relative_residual=1e-6)
    expected = spsolve(matrix_of(lattice, weights, 2.0, 1.0, mass), b)
    assert np.linalg.norm(x[:-1] - expected) < 1e-4 * np.linalg.norm(expected)
    assert x[-1] == 0.0
    assert found.iterations < 25


def test_a_mass_can_be_changed_and_taken_away():
    lattice, operator, hierarchy = setup(np.ones((12, 12, 12), bool))
    b = np.random.default_rng(0).standard_normal(lattice.size).astype(np.float32)
    before = hierarchy.precondition(b)[:-1].copy()
    hierarchy.set_mass(np.ones(lattice.size, np.float32))
    assert not np.allclose(hierarchy.precondition(b)[:-1], before)
    hierarchy.set_mass(NO_MASS)
    assert np.array_equal(hierarchy.precondition(b)[:-1], before)
    assert operator.diagonal() == pytest.approx(6.0, abs=3.0)


def test_the_cycle_is_symmetric_and_positive():
    lattice, _, hierarchy = setup(field(0.4, (24, 24, 24)).image == 1, high=2.0)
    hierarchy.set_mass(np.full(lattice.size, 1e-2, np.float32))
    rng = np.random.default_rng(1)
    one, two = (rng.standard_normal(lattice.size).astype(np.float32) for _ in range(2))
    z_one, z_two = hierarchy.precondition(one)[:-1].copy(), hierarchy.precondition(two)[:-1].copy()
    assert one @ z_two == pytest.approx(two @ z_one, rel=1e-4)
    assert one @ z_one > 0
    assert two @ z_two > 0


def test_clusters_that_float_are_left_alone():
    blocks = np.zeros((12, 12, 12), bool)
    blocks[:, :4] = True  # held by the first plane
    blocks[4:8, 6:10] = True  # floats
    lattice, _, hierarchy = setup(blocks)
    held = lattice.positions // 12 % 12 < 4
    b = np.where(held, 1.0, 0.0).astype(np.float32)
    x = np.zeros(lattice.size + 1, np.float32)
    assert conjugate_gradients(hierarchy, b, x, relative_residual=1e-5).iterations < 15
    assert np.all(np.isfinite(x))
    assert np.all(x[:-1][~held] == 0)


def test_clusters_never_merge_on_coarse_levels():
    planes = np.zeros((16, 16, 16), bool)
    planes[:, ::2] = True  # eight sheets, neighbours in the same boxes but never connected
    lattice, _, hierarchy = setup(planes)
    sheet = lattice.positions // 16 % 16
    owners = np.arange(lattice.size)
    for level in hierarchy.levels[:-1]:
        owners = level.grouping.owners[owners]
        members = {owner: set(sheet[owners == owner]) for owner in np.unique(owners)}
        assert all(len(sheets) == 1 for sheets in members.values())
    assert hierarchy.levels[-1].operator.size >= 8


def test_red_unknowns_have_only_black_neighbours_on_every_level():
    _, operator, hierarchy = setup(field(0.4, (20, 24, 22)).image == 1)
    neighbours = operator.lattice.neighbours
    assert np.all(neighbours[: operator.red] >= operator.red)
    assert np.all((neighbours[operator.red :] < operator.red) | (neighbours[operator.red :] == operator.size))
    for level in hierarchy.levels[1:]:
        graph = level.operator.graph
        rows, columns, values = entries(graph)
        assert np.all((rows < graph.red) != (columns < graph.red))
        links = sparse.csr_matrix((values, (rows, columns)), (graph.size, graph.size))
        assert abs(links - links.T).max() < 1e-5 * graph.values.max(initial=1.0)


def test_iterations_hardly_grow_with_the_image():
    counts = []
    for n in (24, 48):
        lattice, _, hierarchy = setup(field(0.35, (n, n, n), length=2e-6).image == 1)
        hierarchy.set_mass(np.full(lattice.size, 1e-3, np.float32))
        b = np.zeros(lattice.size, np.float32)
        b[lattice.positions < n * n] = 2.0
        x = np.zeros(lattice.size + 1, np.float32)
        counts.append(conjugate_gradients(hierarchy, b, x, relative_residual=1e-5).iterations)
    assert max(counts) <= 16
    assert counts[1] <= counts[0] + 4


def test_a_coarser_level_can_be_solved_first():
    lattice, _, hierarchy = setup(field(0.5, (24, 24, 24)).image == 1)
    hierarchy.set_mass(np.full(lattice.size, 0.05, np.float32))
    coarse = hierarchy.below(1)
    graph = coarse.levels[0].operator.graph
    assert coarse.mass.sum() == pytest.approx(0.05 * lattice.size, rel=1e-4)
    b = np.random.default_rng(0).standard_normal(graph.size).astype(np.float32)
    x = np.zeros(graph.size + 1, np.float32)
    kept = b.copy()
    conjugate_gradients(coarse, b, x, relative_residual=1e-5)
    rows, columns, values = entries(graph)
    links = sparse.csr_matrix((values, (rows, columns)), (graph.size, graph.size))
    matrix = sparse.diags(np.asarray(links.sum(axis=1)).ravel() + graph.ground + coarse.mass) - links
    assert np.linalg.norm(matrix @ x[:-1] - kept) < 1e-4 * np.linalg.norm(kept)
    fine = np.zeros(lattice.size, np.float32)
    hierarchy.precondition(fine)
    assert np.linalg.norm(b) < 1e-4 * np.linalg.norm(kept)  # the residual of the coarse solve is not overwritten
