"""The resolved microstructure against closed forms, bounds, an independent solver and its own symmetries."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import spsolve
from scipy.stats import norm

from natrode.microstructure import currents
from natrode.microstructure.conduct import conduct, conduct_field, conductivity_field, voxel_error
from natrode.microstructure.generate import generate
from natrode.microstructure.interfaces import interface_area, triple_line
from natrode.microstructure.krylov import conjugate_gradients
from natrode.microstructure.lattice import number_voxels
from natrode.microstructure.measure import chord_lengths, two_point_correlation
from natrode.microstructure.multigrid import build_hierarchy
from natrode.microstructure.operators import GraphOperator
from natrode.microstructure.sample import Sample
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, PORE, ball, box, field, structure


def reference_conductivity(local, axis, edges):
    """Relative conductivity by a direct solver in double precision, written without regard to speed."""
    local = np.moveaxis(np.asarray(local, float), axis, 0)
    edges = [edges[axis], *[e for a, e in enumerate(edges) if a != axis]]
    number = np.full(local.shape, -1)
    number[local > 0] = np.arange(np.count_nonzero(local > 0))
    rows, columns, values = [], [], []
    diagonal, right = np.zeros(number.max() + 1), np.zeros(number.max() + 1)
    for a in range(3):
        area = np.prod(edges) / edges[a]
        low = tuple(slice(None, -1) if b == a else slice(None) for b in range(3))
        high = tuple(slice(1, None) if b == a else slice(None) for b in range(3))
        joined = (local[low] > 0) & (local[high] > 0)
        one, two = local[low][joined], local[high][joined]
        g = area / edges[a] * 2 * one * two / (one + two)
        i, j = number[low][joined], number[high][joined]
        rows += [i, j]
        columns += [j, i]
        values += [-g, -g]
        np.add.at(diagonal, i, g)
        np.add.at(diagonal, j, g)
    ends = edges[1] * edges[2] / edges[0] * 2
    for plane, potential in ((0, 1.0), (-1, 0.0)):
        at = number[plane][local[plane] > 0]
        diagonal[at] += ends * local[plane][local[plane] > 0]
        right[at] += ends * local[plane][local[plane] > 0] * potential
    diagonal[diagonal == 0] = 1.0
    matrix = sparse.coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
    matrix.resize((diagonal.size, diagonal.size))
    u = spsolve((matrix + sparse.diags(diagonal)).tocsc(), right)
    first = local[0] > 0
    current = np.sum(ends * local[0][first] * (1.0 - u[number[0][first]]))
    length, section = edges[0] * local.shape[0], edges[1] * edges[2] * local.shape[1] * local.shape[2]
    return current * length / section / local.max()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (1.0, 2.0, 0.5), (3.0, 1.0, 1.0)])
def test_one_phase_conducts_as_a_direct_solver_says(axis, edges):
    image = np.random.default_rng(3).random((9, 8, 10)) < 0.75
    cleaned = conduct(structure(image, edges), CERAMIC, axis, tolerance=1e-10, imbalance=1e-9)
    alive = conduct(structure(image, edges), CERAMIC, axis, fields=True).potential
    expected = reference_conductivity(np.isfinite(alive), axis, edges)
    assert cleaned.relative_conductivity == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_graded_field_conducts_as_a_direct_solver_says(axis):
    local = np.exp(np.random.default_rng(4).standard_normal((8, 9, 7)) * 2)
    found = conduct_field(local, (1.0, 2.0, 1.5), axis, tolerance=1e-10, imbalance=1e-9)
    expected = reference_conductivity(local, axis, (1.0, 2.0, 1.5))
    assert found.relative_conductivity == pytest.approx(expected, rel=1e-6)  # single-precision conductances


def test_parallel_and_series_slabs_are_exact():
    slabs = np.zeros((12, 16, 10), bool)
    slabs[:, 3:9] = True
    parallel = conduct(structure(slabs), CERAMIC)
    assert parallel.relative_conductivity == pytest.approx(6 / 16, rel=1e-7)
    assert parallel.tortuosity_factor == pytest.approx(1.0, rel=1e-7)
    two = np.where(slabs, 2.0, 0.5)
    along, across = conduct_field(two, 1e-6, 0), conduct_field(two, 1e-6, 1)
    assert along.conductivity == pytest.approx((6 * 2.0 + 10 * 0.5) / 16, rel=1e-7)
    assert across.conductivity == pytest.approx(16 / (6 / 2.0 + 10 / 0.5), rel=1e-7)


@pytest.mark.parametrize("contrast", [0.1, 0.01])
def test_two_phases_lie_between_the_hashin_shtrikman_bounds(contrast):
    sample = field(0.4, (40, 40, 40))
    local = conductivity_field(sample, {CERAMIC: 1.0, METAL: contrast})
    low, high, phi = contrast, 1.0, 0.4
    lower = low + phi / (1 / (high - low) + (1 - phi) / (3 * low))
    upper = high + (1 - phi) / (1 / (low - high) + phi / (3 * high))
    for axis in range(3):
        assert lower < conduct_field(local, 1e-6, axis).conductivity < upper


def test_one_phase_lies_below_the_hashin_shtrikman_bound():
    phi = 0.35
    for axis in range(3):
        assert 0.0 < conduct(field(phi), CERAMIC, axis).relative_conductivity < 2 * phi / (3 - phi)


def sangani_acrivos(phi, ratio):
    """Conductivity of a simple cubic array of spheres over that of the matrix, Proc. R. Soc. A 386 (1983) 263."""

    def contrast(n):
        return (ratio - 1) / (ratio + 2 * n / (2 * n - 1))

    c1, c2, c3, c4, c5, c6 = 1.3047, 0.2305, 0.4054, 0.0723, 0.1526, 0.0105
    inner = c1 * contrast(2) * phi ** (10 / 3) * (1 + c2 * contrast(3) * phi ** (11 / 3))
    inner /= 1 - c3 * contrast(2) * phi ** (7 / 3)
    inner += c4 * contrast(3) * phi ** (14 / 3) + c5 * contrast(4) * phi**6 + c6 * contrast(5) * phi ** (22 / 3)
    return 1 - 3 * phi / (-1 / contrast(1) + phi + inner)


def matrix_of_spheres(phi, n):
    place = (np.arange(n) + 0.5) / n - 0.5
    x, y, z = np.meshgrid(place, place, place, indexing="ij")
    square = (x**2 + y**2 + z**2).ravel()
    outside = np.ones(n**3, bool)
    outside[np.argsort(square, kind="stable")[: round(phi * n**3)]] = False
    return outside.reshape(n, n, n)


@pytest.mark.parametrize("phi", [0.1, 0.2, 0.3, 0.4])
def test_conducting_spheres_on_a_cubic_lattice_follow_the_published_series(phi):
    local = np.where(matrix_of_spheres(phi, 64), 1.0, 10.0)
    assert conduct_field(local, 1e-6).conductivity == pytest.approx(sangani_acrivos(phi, 10.0), rel=2e-3)


@pytest.mark.parametrize("phi", [0.1, 0.2, 0.3, 0.4])
def test_insulating_spheres_on_a_cubic_lattice_follow_the_published_series(phi):
    coarse, fine = (conduct(structure(matrix_of_spheres(phi, n)), CERAMIC).relative_conductivity for n in (32, 64))
    expected = sangani_acrivos(phi, 0.0)
    assert coarse < fine < expected  # steps are rough, their error is of first order
    assert 2 * fine - coarse == pytest.approx(expected, rel=4e-3)
    estimate = voxel_error(structure(matrix_of_spheres(phi, 64)), CERAMIC)
    assert estimate == pytest.approx(fine / expected - 1, rel=0.8)


def manufactured(n):
    """Error of a solved potential whose source was derived from a chosen one, root mean square."""
    place = (np.arange(n) + 0.5) / n
    x, y, z = np.meshgrid(place, place, place, indexing="ij")
    pi, sigma = np.pi, 1 + 0.5 * np.meshgrid(place, place, place, indexing="ij")[0]
    sigma = 1 + 0.5 * x + 0.3 * np.cos(pi * y) * np.cos(pi * z)
    u = 1 - x + 0.2 * np.sin(pi * x) * np.cos(pi * y) * np.cos(2 * pi * z)
    du = (
        -1 + 0.2 * pi * np.cos(pi * x) * np.cos(pi * y) * np.cos(2 * pi * z),
        -0.2 * pi * np.sin(pi * x) * np.sin(pi * y) * np.cos(2 * pi * z),
        -0.4 * pi * np.sin(pi * x) * np.cos(pi * y) * np.sin(2 * pi * z),
    )
    dsigma = (0.5, -0.3 * pi * np.sin(pi * y) * np.cos(pi * z), -0.3 * pi * np.cos(pi * y) * np.sin(pi * z))
    laplace = -6 * pi**2 * (u - 1 + x)
    source = -(sum(a * b for a, b in zip(du, dsigma, strict=True)) + sigma * laplace) / n**2
    lattice, numbers = number_voxels(np.ones((n, n, n), np.uint8))
    local = sigma.reshape(-1)[lattice.positions].astype(np.float32)
    operator = GraphOperator(currents.graded_graph(lattice, local, (1.0, 1.0, 1.0)))
    hierarchy = build_hierarchy(operator, numbers)
    solved = np.zeros(lattice.size + 1)
    for _ in range(4):
        r = source.reshape(-1)[lattice.positions].astype(np.float32)
        entering, conductances = currents.end_layer(lattice, operator, 0)
        r[entering] += conductances.astype(np.float32)
        operator.subtract(solved, r)
        correction = np.zeros(lattice.size + 1, np.float32)
        conjugate_gradients(hierarchy, r, correction, relative_residual=1e-4)
        solved += correction
    return np.sqrt(np.mean((solved[:-1] - u.reshape(-1)[lattice.positions]) ** 2))


def test_potentials_converge_with_second_order_on_a_manufactured_solution():
    errors = [manufactured(n) for n in (12, 24, 48)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.1)


def test_the_conductivity_of_a_graded_field_converges_with_second_order():
    def error(n):
        x = (np.arange(n) + 0.5) / n
        local = np.exp(2 * x)[:, None, None] * (1 + 0.5 * np.cos(np.pi * x))[None, :, None] * np.ones((1, 1, 3))
        exact = 2 / (1 - np.exp(-2))
        return abs(conduct_field(local, 1.0 / n, tolerance=1e-9).conductivity / exact - 1)

    errors = [error(n) for n in (8, 16, 32)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.1)


def test_rotation_mirror_and_translation_change_nothing():
    sample = field(0.35, (24, 30, 28))
    image, edges = sample.image == 1, (1.0, 2.0, 1.5)

    def relative(mask, axis, sizes=edges):
        return conduct(structure(mask, sizes), CERAMIC, axis, tolerance=1e-9).relative_conductivity

    expected = relative(image, 0)
    assert relative(image[::-1], 0) == pytest.approx(expected, rel=1e-7)
    assert relative(image[:, ::-1, ::-1], 0) == pytest.approx(expected, rel=1e-7)
    assert relative(image.transpose(1, 0, 2), 1, (2.0, 1.0, 1.5)) == pytest.approx(expected, rel=1e-7)
    assert relative(image.transpose(2, 1, 0), 2, (1.5, 2.0, 1.0)) == pytest.approx(expected, rel=1e-7)
    wide = np.zeros((24, 40, 40), bool)
    wide[:, 2:32, 1:29] = image
    moved = np.roll(wide, (7, 9), (1, 2))
    assert relative(moved, 0) == pytest.approx(relative(wide, 0), rel=1e-7)
    assert relative(moved, 0) == pytest.approx(expected * 30 * 28 / 1600, rel=1e-7)


def test_an_empty_a_full_and_a_single_voxel():
    shape = (5, 6, 7)
    full = conduct(structure(np.ones(shape, bool)), CERAMIC)
    assert full.relative_conductivity == pytest.approx(1.0, rel=1e-7)
    empty = Structure(np.full(shape, 2, np.uint8), LABELS, 1e-6)
    nothing = conduct(empty, CERAMIC)
    assert nothing.relative_conductivity == 0.0
    assert "no voxel" in nothing.reason
    one = conduct(structure(np.ones((1, 1, 1), bool)), CERAMIC, fields=True)
    assert one.relative_conductivity == pytest.approx(1.0)
    assert one.potential[0, 0, 0] == pytest.approx(0.5)
    lonely = np.zeros(shape, bool)
    lonely[2, 3, 3] = True
    found = conduct(structure(lonely), CERAMIC)
    assert found.relative_conductivity == 0.0
    assert found.tortuosity_factor is None
    assert "neither face" in found.reason


def test_one_voxel_thick_samples_conduct():
    flat = np.random.default_rng(0).random((20, 24, 1)) < 0.8
    edges = (1.0, 1.0, 1.0)
    alive = np.isfinite(conduct(structure(flat), CERAMIC, fields=True).potential)
    found = conduct(structure(flat, edges), CERAMIC, tolerance=1e-9).relative_conductivity
    assert found == pytest.approx(reference_conductivity(alive, 0, edges), rel=1e-7)
    short = np.random.default_rng(0).random((1, 20, 24)) < 0.8
    assert conduct(structure(short), CERAMIC).relative_conductivity == pytest.approx(short.mean(), rel=1e-6)


def test_what_does_not_percolate_conducts_nothing_and_says_so():
    cut = np.ones((10, 8, 8), bool)
    cut[5] = False
    found = conduct(structure(cut), CERAMIC)
    assert not found.percolates
    assert found.conductivity == 0.0
    assert "does not percolate" in found.reason
    diagonal = np.zeros((4, 4, 4), bool)
    diagonal[[0, 1, 2, 3], [0, 1, 2, 3], 0] = True  # joined by edges only: no contact for a current
    assert not conduct(structure(diagonal), CERAMIC).percolates


def test_isolated_clusters_carry_no_current():
    sample = field(0.3)
    potential = conduct(sample, CERAMIC, fields=True).potential
    alone = structure(np.isfinite(potential))
    both = [conduct(s, CERAMIC, tolerance=1e-9) for s in (sample, alone)]
    assert both[0].relative_conductivity == pytest.approx(both[1].relative_conductivity, rel=1e-9)
    assert both[0].connected_fraction < both[1].connected_fraction == 1.0


@pytest.mark.parametrize("fraction", [0.25, 0.45])
def test_currents_balance_to_1e_8(fraction):
    sample = field(fraction, (48, 48, 48), length=2e-6)
    found = conduct(sample, CERAMIC, imbalance=1e-8, fields=True)
    assert found.current_imbalance <= 1e-8
    mean = found.current_density[0].mean(axis=(1, 2))
    assert np.ptp(mean) / mean.mean() < 1e-5  # the field itself is stored in single precision
    thickness = sample.size[0]
    assert mean.mean() * thickness == pytest.approx(found.conductivity, rel=1e-5)


def test_the_error_estimate_is_honest():
    for seed in range(3):
        sample = field(0.3, (48, 48, 48), seed=seed, length=1.5e-6)
        exact = conduct(sample, CERAMIC, tolerance=1e-10).relative_conductivity
        for tolerance in (1e-2, 1e-3, 1e-4, 1e-5):
            found = conduct(sample, CERAMIC, tolerance=tolerance)
            error = found.relative_conductivity / exact - 1
            assert -1e-7 < error < 1.5 * tolerance  # the dissipation is an upper bound
            assert error < 4 * found.error_estimate + 1e-7


def test_the_current_density_dissipates_what_the_conductivity_says():
    sample = structure(np.ones((8, 6, 5), bool), (1e-6, 2e-6, 3e-6))
    found = conduct(sample, CERAMIC, 2, conductivity=0.5, fields=True)
    field_strength = 1.0 / sample.size[2]
    assert found.current_density[2] == pytest.approx(0.5 * field_strength, rel=1e-5)
    assert np.abs(found.current_density[:2]).max() < 1e-5 * field_strength
    assert found.potential[0, 0] == pytest.approx(1 - (np.arange(5) + 0.5) / 5, rel=1e-5)


@pytest.mark.parametrize("radius", [10.0, 12.5, 16.0])
def test_the_area_of_spheres_is_within_one_percent(radius):
    for shift in np.random.default_rng(5).random((4, 3)):
        found = interface_area(ball(radius, centre=shift), CERAMIC, METAL)
        assert found.area == pytest.approx(4 * np.pi * radius**2, rel=0.01)
        assert found.voxel_faces == pytest.approx(1.5 * found.area, rel=0.03)


def test_the_area_of_spheres_on_flat_voxels_is_within_one_percent():
    place = [(np.arange(n) + 0.5) * e - n * e / 2 for n, e in ((52, 0.5), (26, 1.0), (14, 2.0))]
    x, y, z = np.meshgrid(*place, indexing="ij")
    found = interface_area(structure(x**2 + y**2 + z**2 <= 100, (0.5, 1.0, 2.0)), CERAMIC, METAL)
    assert found.area == pytest.approx(400 * np.pi, rel=0.01)


def test_the_area_of_planes_along_the_voxels_is_exact():
    slab = np.zeros((10, 12, 8), bool)
    slab[:4] = True
    found = interface_area(structure(slab, (1e-6, 2e-6, 3e-6)), CERAMIC, METAL)
    assert found.area == pytest.approx(12 * 2e-6 * 8 * 3e-6, rel=1e-6)
    assert found.profile[3] == pytest.approx(found.area, rel=1e-6)
    film = np.zeros((10, 12, 8), bool)
    film[:, 5] = True  # one voxel thick: both its sides count
    assert interface_area(structure(film), CERAMIC, METAL).area == pytest.approx(2 * 10 * 8 * 1e-12, rel=1e-6)


@pytest.mark.parametrize("normal", [(1, 1, 0), (1, 1, 1), (1, 2, 3), (3, 1, 0.2)])
def test_the_area_of_tilted_planes_is_within_two_percent(normal):
    n = np.asarray(normal) / np.linalg.norm(normal)
    place = np.arange(48) + 0.5 - 24
    x, y, z = np.meshgrid(place, place, place, indexing="ij")
    inside = structure(n[0] * x + n[1] * y + n[2] * z < 0.1, 1.0)
    across = np.linspace(-24, 24, 801)[:-1] + 0.03
    b, c = np.meshgrid(across, across)
    height = (0.1 - n[1] * b - n[2] * c) / n[0]
    expected = np.mean(np.abs(height) < 24) * 48**2 / n[0]
    assert interface_area(inside, CERAMIC, METAL).area == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_a_gaussian_field_has_the_area_and_the_correlation_of_theory(fraction):
    length = 4.0
    level = norm.ppf(1 - fraction)
    samples = [
        generate(
            "gaussian-field",
            Sample((64, 64, 64), (1.0, 1.0, 1.0), seed, particle=CERAMIC),
            volume_fraction=fraction,
            correlation_length=length,
        )
        for seed in range(6)
    ]
    area = np.mean([interface_area(s, CERAMIC, METAL).specific_area for s in samples])
    assert area == pytest.approx(np.sqrt(2) / (np.pi * length) * np.exp(-(level**2) / 2), rel=0.04)
    found = [two_point_correlation(s, CERAMIC, 12.0) for s in samples]
    t = np.linspace(0, 1, 4001)[:-1] + 0.5 / 4000
    for distance in (3.0, 6.0, 10.0):
        g = np.exp(-(distance**2) / (4 * length**2))
        arcs = np.sin(np.arcsin(g) * t)
        expected = fraction**2 + np.arcsin(g) * np.mean(np.exp(-(level**2) / (1 + arcs))) / (2 * np.pi)
        measured = np.mean([np.interp(distance, f.distances, f.radial) for f in found])
        assert measured == pytest.approx(expected, abs=0.01)


def test_chords_and_area_agree():
    sample = field(0.4, (64, 64, 64), length=4e-6)
    area = interface_area(sample, CERAMIC, METAL).specific_area
    assert np.mean(chord_lengths(sample, CERAMIC).mean) == pytest.approx(4 * 0.4 / area, rel=0.03)


def test_a_triple_line_around_a_half_sunk_sphere():
    place = np.arange(48) + 0.5 - 24.2
    x, y, z = np.meshgrid(place, place, place, indexing="ij")
    for normal in ((1.0, 0.0, 0.0), (1.0, 0.5, 0.3)):
        side = normal[0] * x + normal[1] * y + normal[2] * z < 0
        image = np.where(side, 2, 3)
        image[x**2 + y**2 + z**2 < 15**2] = 1
        found = triple_line(Structure(image.astype(np.uint8), LABELS, 1.0), CERAMIC, METAL, PORE)
        assert found.length == pytest.approx(2 * np.pi * 15, rel=0.06)


def test_overlapping_spheres_have_the_area_of_theory():
    samples = [
        generate("overlapping-spheres", box((64, 64, 64), seed, 1.0), volume_fraction=0.3, diameter=16.0)
        for seed in range(4)
    ]
    area = np.mean([interface_area(s, CERAMIC, METAL).specific_area for s in samples])
    # s = (1 - phi) rho pi d^2 with rho = -ln(1 - phi)/(pi d^3/6)
    assert area == pytest.approx(0.7 * -np.log(0.7) * 6 / 16.0, rel=0.08)
