"""The reaction of a resolved electrode against closed forms, independent solvers and its own symmetries."""

import math

import numpy as np
import pytest
from scipy import sparse
from scipy.integrate import solve_bvp
from scipy.optimize import brentq
from scipy.sparse.linalg import spsolve

from natrode.microstructure.contacts import contact_areas
from natrode.microstructure.coupled import solve, start
from natrode.microstructure.react import Kinetics, check_settings, make_circuit, prepare, react, thermal_voltage
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, METAL, PORE, ball, field, structure

THERMAL = thermal_voltage(298.15)
SIGMA = 0.4
LIQUID = "liquid-napf6"


def planar(layers, shape=(10, 3, 4), edge=1e-6):
    mask = np.zeros(shape, bool)
    mask[:layers] = True
    return structure(mask, edge)


def rod(across, length, edge, margin=2):
    """A square rod of ceramic from the electrolyte into metal."""
    side = across + 2 * margin
    mask = np.zeros((length + 4, side, side), bool)
    mask[:length, margin : margin + across, margin : margin + across] = True
    return structure(mask, edge)


def floating():
    """Ceramic with three separate pieces of metal, the last layers metal."""
    mask = np.ones((24, 20, 22), bool)
    mask[18:] = False
    mask[4:8, 3:9, 3:9] = False
    mask[10:14, 8:16, 5:17] = False
    mask[6:9, 12:15, 12:15] = False
    return structure(mask)


def sinh_current(eta, resistance):
    return THERMAL / resistance * 2.0 * math.sinh(eta / (2.0 * THERMAL))


@pytest.mark.parametrize("edges", [1e-6, (3e-6, 1e-6, 1e-6), (5e-7, 2e-6, 1e-6)])
@pytest.mark.parametrize("resistance", [1e-7, 1e-1])
@pytest.mark.parametrize("layers", [1, 6])
def test_a_planar_electrode_is_exact_on_any_grid(layers, resistance, edges):
    sample = planar(layers, edge=edges)
    thickness = layers * sample.voxel_size[0]
    found = react(
        sample, Kinetics(resistance, "linear"), voltage=0.1, conductivities={CERAMIC: SIGMA}, series_resistance=1e-3
    )
    assert found.current_density == pytest.approx(0.1 / (1e-3 + thickness / SIGMA + resistance), rel=2e-7)
    faster = react(sample, Kinetics(resistance), voltage=0.1, conductivities={CERAMIC: SIGMA})
    expected = brentq(lambda i: sinh_current(0.1 - i * thickness / SIGMA, resistance) - i, 0, 0.1 * SIGMA / thickness)
    assert faster.current_density == pytest.approx(expected, rel=2e-7)
    assert max(found.balance, faster.balance) <= 1e-8


def test_butler_volmer_is_what_a_boundary_value_solver_finds():
    length, resistance, coefficient = 6e-6, 1e-4, 0.3

    def current(eta):
        reduced = eta / THERMAL
        return THERMAL / resistance * (np.exp(coefficient * reduced) - np.exp((coefficient - 1) * reduced))

    solution = solve_bvp(
        lambda x, y: np.stack([y[1], 0 * y[1]]),
        lambda a, b: np.array([a[0] - 0.15, b[1] + current(b[0]) * length / SIGMA]),
        np.linspace(0, 1, 11),
        np.stack([np.linspace(0.15, 0.05, 11), np.full(11, -0.1)]),
        tol=1e-9,
    )
    found = react(
        planar(6), Kinetics(resistance, transfer_coefficient=coefficient), voltage=0.15, conductivities={CERAMIC: SIGMA}
    )
    expected = -SIGMA * solution.y[1, -1] / length  # the solver's depth is in units of the length
    assert found.current_density == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("across", [4, 8])
def test_a_rod_is_a_fin(across):
    side, resistance = 4e-6, 0.02
    edge = side / across
    sample = rod(across, 20 * across // 4, edge)
    length = 20e-6
    found = react(
        sample,
        Kinetics(resistance, "linear"),
        voltage=0.1,
        conductivities={CERAMIC: SIGMA},
        area="voxel faces",
    )
    m = math.sqrt(4 / (side * SIGMA * resistance))
    tip = 1 / (resistance * m * SIGMA)  # the end of the rod reacts too
    conductance = SIGMA * side**2 * m * (math.tanh(m * length) + tip) / (1 + tip * math.tanh(m * length))
    section = sample.size[1] * sample.size[2]
    assert found.current_density * section == pytest.approx(0.1 * conductance, rel=1e-3)
    assert found.penetration_length < length
    assert found.utilisation > 0.9


def test_a_rod_with_butler_volmer_kinetics_is_a_fin_of_a_boundary_value_solver():
    side, resistance, length = 4e-6, 0.02, 40e-6
    sample = rod(4, 40, 1e-6)
    found = react(sample, Kinetics(resistance), voltage=0.2, conductivities={CERAMIC: SIGMA}, area="voxel faces")
    scale = 4 * length**2 / (side * SIGMA)
    flux = np.vectorize(lambda eta: sinh_current(eta, resistance))
    solution = solve_bvp(
        lambda x, y: np.stack([y[1], scale * flux(y[0])]),
        lambda a, b: np.array([a[0] - 0.2, b[1] + float(flux(b[0])) * length / SIGMA]),
        np.linspace(0, 1, 101),
        np.stack([np.full(101, 0.2), np.zeros(101)]),
        tol=1e-8,
    )
    current = -SIGMA * side**2 * solution.y[1, 0] / length
    assert found.current_density * sample.size[1] * sample.size[2] == pytest.approx(current, rel=1.5e-3)


def reference(sample, resistances, conductivities, metal_conductivity, phase_resistance=0.0, series=0.0):
    """Linear two-potential current density by a direct solver over all voxels, written without regard to speed."""
    image, edges = sample.image, np.asarray(sample.voxel_size)
    of = {label: conductivities.get(name) for label, name in sample.labels.items()}
    size = image.size
    number = np.arange(size).reshape(image.shape)
    rows, columns, values = [], [], []
    diagonal, right = np.zeros(size), np.zeros(size)
    metal = next(label for label, name in sample.labels.items() if name == METAL)
    for axis in range(3):
        area, h = np.prod(edges) / edges[axis], edges[axis]
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        for one, two in {(a, b) for a in sample.labels for b in sample.labels}:
            there = (image[low] == one) & (image[high] == two)
            s1 = metal_conductivity if one == metal else of[one]
            s2 = metal_conductivity if two == metal else of[two]
            if not there.any() or s1 is None or s2 is None:
                continue
            across = h / 2 / s1 + h / 2 / s2
            if (one == metal) != (two == metal):
                across += resistances[sample.labels[two if one == metal else one]]
            elif one != two:
                across += phase_resistance
            i, j, g = number[low][there], number[high][there], area / across
            rows += [i, j]
            columns += [j, i]
            values += [np.full(i.size, -g), np.full(i.size, -g)]
            np.add.at(diagonal, i, g)
            np.add.at(diagonal, j, g)
    area, inlets = edges[1] * edges[2], []
    for label, value in of.items():
        if label == metal or value is None:
            continue
        at = number[0][image[0] == label]
        g = area / (edges[0] / 2 / value + series)
        diagonal[at] += g
        right[at] += g * 0.1
        inlets.append((at, g))
    at = number[-1][image[-1] == metal]
    diagonal[at] += area * metal_conductivity * 2 / edges[0]
    diagonal[diagonal == 0] = 1.0
    matrix = sparse.coo_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), (size, size))
    u = spsolve((matrix + sparse.diags(diagonal)).tocsc(), right)
    current = sum(float(np.sum(g * (0.1 - u[at]))) for at, g in inlets)
    return current / (area * image.shape[1] * image.shape[2])


@pytest.mark.parametrize("edge", [1e-6, (1e-6, 2e-6, 7e-7)])
@pytest.mark.parametrize("resistance", [1e-4, 1e-2])
def test_it_is_what_a_direct_solver_finds_with_floating_metal(resistance, edge):
    mask = floating().image[::2, ::2, ::2] == 1
    sample = structure(mask, edge)
    given = {"conductivities": {CERAMIC: SIGMA}, "series_resistance": 1e-3, "area": "voxel faces"}
    expected = reference(sample, {CERAMIC: resistance}, {CERAMIC: SIGMA}, 1e3, series=1e-3)
    law = Kinetics(resistance, "linear")
    found = react(sample, law, voltage=0.1, metal_conductivity=1e3, resolve_metal=True, **given)
    assert found.floating_pieces > 1
    assert found.current_density == pytest.approx(expected, rel=1e-7)


def test_poorly_conducting_metal_is_resolved_of_its_own_accord():
    sample = structure(field(0.4, (12, 10, 11)).image == 1)
    expected = reference(sample, {CERAMIC: 1e-3}, {CERAMIC: SIGMA}, 2.0)
    found = react(
        sample,
        Kinetics(1e-3, "linear"),
        voltage=0.1,
        conductivities={CERAMIC: SIGMA},
        metal_conductivity=2.0,
        area="voxel faces",
    )
    assert found.metal_resolved
    assert found.current_density == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("law", ["linear", "butler-volmer"])
@pytest.mark.parametrize("sample", [field(0.35, (24, 20, 22)), floating()], ids=["field", "floating"])
def test_metal_pieces_of_one_potential_are_what_both_potentials_give(sample, law):
    for resistance in (1e-4, 1e-2):
        one = react(sample, Kinetics(resistance, law), voltage=0.1)
        both = react(sample, Kinetics(resistance, law), voltage=0.1, resolve_metal=True)
        assert one.current_density == pytest.approx(both.current_density, rel=1e-6)
        assert one.equipotential_error < 1e-6
        assert max(one.balance, both.balance) <= 1e-8


def test_floating_metal_is_a_bridge_and_a_bridge_of_ceramic_counts():
    sample = floating()
    filled = structure((sample.image == 1) | (np.arange(24)[:, None, None] < 18))
    law = Kinetics(1e-4, "linear")
    assert react(sample, law, voltage=0.1).current_density > 0.9 * react(filled, law, voltage=0.1).current_density
    # ceramic | metal | ceramic | metal: the second ceramic touches no electrolyte, yet all current crosses it
    layers = np.array([1, 1, 2, 2, 1, 1, 1, 2, 2], np.uint8)
    stack = Structure(np.broadcast_to(layers[:, None, None], (9, 3, 3)), {1: CERAMIC, 2: METAL}, 1e-6)
    found = react(stack, law, voltage=0.1, conductivities={CERAMIC: SIGMA})
    assert found.current_density == pytest.approx(0.1 / (5e-6 / SIGMA + 3e-4), rel=1e-7)


def test_a_liquid_in_the_pores_conducts_and_reacts_beside_the_ceramic():
    rng = np.random.default_rng(5)
    image = rng.choice([1, 2, 3], (8, 7, 6), p=[0.4, 0.35, 0.25]).astype(np.uint8)
    sample = Structure(image, {1: CERAMIC, 2: METAL, 3: LIQUID}, (1e-6, 2e-6, 1.5e-6))
    conductivities = {CERAMIC: 0.4, LIQUID: 1.1}
    resistances = {CERAMIC: 1e-4, LIQUID: 3e-5}
    expected = reference(sample, resistances, conductivities, 2.13e7, 2e-5, 1e-4)
    found = react(
        sample,
        {name: Kinetics(value, "linear") for name, value in resistances.items()},
        voltage=0.1,
        conductivities=conductivities,
        phase_resistance=2e-5,
        series_resistance=1e-4,
        area="voxel faces",
    )
    assert found.current_density == pytest.approx(expected, rel=1e-6)
    dry = Structure(image, {1: CERAMIC, 2: METAL, 3: PORE}, sample.voxel_size)
    law = Kinetics(1e-4, "linear")
    assert react(dry, law, voltage=0.1).current_density < found.current_density


def test_a_current_gives_the_voltage_that_gives_the_current():
    for sample in (field(0.35, (24, 20, 22)), floating()):
        first = react(sample, Kinetics(1e-3), voltage=-0.1, series_resistance=1e-3)
        back = react(sample, Kinetics(1e-3), current_density=first.current_density, series_resistance=1e-3)
        assert first.current_density < 0
        assert back.voltage == pytest.approx(-0.1, rel=1e-7)
        assert back.balance <= 1e-8


def test_turned_mirrored_and_moved_samples_react_alike():
    sample = field(0.35, (20, 16, 18))
    law = Kinetics(1e-3)
    expected = react(sample, law, voltage=0.1).current_density
    for image in (sample.image[:, ::-1], sample.image[:, :, ::-1], sample.image.transpose(0, 2, 1)):
        turned = Structure(np.ascontiguousarray(image), sample.labels, 1e-6)
        assert react(turned, law, voltage=0.1).current_density == pytest.approx(expected, rel=1e-7)
    moved = []
    for shift in (1, 2, 5):  # away from the sides, where the interface is continued by reflection
        image = np.full((20, 22, 18), 3, np.uint8)
        image[:, shift : shift + 16] = sample.image
        moved.append(react(Structure(image, {1: CERAMIC, 2: METAL, 3: PORE}, 1e-6), law, voltage=0.1).current_density)
    assert moved == pytest.approx([moved[0]] * 3, rel=1e-7)


def test_heat_is_voltage_times_current_and_the_profile_sums_to_the_current():
    found = react(field(0.35, (24, 20, 22)), Kinetics(1e-3), voltage=0.1, series_resistance=1e-3, fields=True)
    assert sum(found.heat.values()) == pytest.approx(0.1 * found.current_density, rel=1e-9)
    assert found.profile.sum() * 1e-6 == pytest.approx(found.current_density, rel=1e-7)
    inside = np.isfinite(found.fields.reaction_current_density)
    assert inside.any()
    assert np.all(found.fields.reaction_current_density[inside] > 0)
    assert np.nanmax(found.fields.ionic_potential) < 0 < 0.1 + np.nanmin(found.fields.ionic_potential)
    assert np.nanmax(np.abs(found.fields.metal_potential)) == 0


def test_without_a_path_no_current_flows_and_the_reason_is_said():
    law = Kinetics(1e-3)
    metal_only = structure(np.zeros((6, 4, 4), bool))
    labelled = Structure(metal_only.image, {1: CERAMIC, 2: METAL}, 1e-6)
    ceramic_only = Structure(np.ones((6, 4, 4), np.uint8), {1: CERAMIC, 2: METAL}, 1e-6)
    apart = np.zeros((6, 4, 4), bool)
    apart[2:4] = True
    single = Structure(np.ones((1, 1, 1), np.uint8), {1: CERAMIC, 2: METAL}, 1e-6)
    for sample, words in (
        (labelled, f"there is no {CERAMIC}"),
        (ceramic_only, "there is no sodium"),
        (structure(apart), "touches the electrolyte"),
        (structure(np.arange(6)[:, None, None] >= np.zeros((1, 4, 4))), "there is no sodium"),
        (single, "there is no sodium"),
        (planar(6, (6, 4, 4)), "there is no sodium"),
    ):
        found = react(sample, law, voltage=0.1)
        assert found.current_density == 0.0
        assert found.area_specific_resistance is None
        assert words in found.reason
    smallest = Structure(np.array([1, 2], np.uint8).reshape(2, 1, 1), {1: CERAMIC, 2: METAL}, 1e-6)
    found = react(smallest, Kinetics(1e-3, "linear"), voltage=0.1, conductivities={CERAMIC: SIGMA})
    assert found.current_density == pytest.approx(0.1 / (1e-6 / SIGMA + 1e-3), rel=1e-7)


@pytest.mark.parametrize("radius", [10.0, 14.3])
def test_the_area_of_the_contacts_is_that_of_the_sphere(radius):
    sample = ball(radius)
    exact = 4 * math.pi * radius**2
    areas, totals = contact_areas(sample.image, [(1,)], (2,), (1.0, 1.0, 1.0), unbiased=True)
    assert totals[0] == pytest.approx(exact, rel=0.01)
    assert areas.sum(dtype=float) == pytest.approx(totals[0], rel=1e-5)
    _, faces = contact_areas(sample.image, [(1,)], (2,), (1.0, 1.0, 1.0), unbiased=False)
    assert faces[0] == pytest.approx(1.5 * exact, rel=0.03)


def circuit_of(sample, law, sigma=SIGMA):
    electrode, laws = prepare(sample, law, check_settings(), conductivities={CERAMIC: sigma})
    return electrode, make_circuit(electrode, laws)


def manufactured(n):
    """Error of potentials whose kinetics were made for a chosen harmonic potential, root mean square [RT/F].

    u = 3 - 0.8 x - a sinh(pi x) cos(pi y) has no flux through the sides and is uniform on the plane x = 0; the
    exchange current at x = 1 is what turns sinh kinetics into its flux there.
    """
    mask = np.zeros((n + 2, n, 3), bool)
    mask[:n] = True
    electrode, circuit = circuit_of(structure(mask, 1e-5 / n), Kinetics(1e-3))
    layer, row = np.divmod(electrode.lattice.positions // 3, n)
    x, y = (layer + 0.5) / n, (row + 0.5) / n
    exact = 3.0 - 0.8 * x - 0.015 * np.sinh(np.pi * x) * np.cos(np.pi * y)
    across = np.cos(np.pi * y[circuit.exchange.contacts.owners])
    flux = (0.8 + 0.015 * np.pi * np.cosh(np.pi) * across) / n
    circuit.exchange.weights[:] = flux / (2.0 * np.sinh(0.5 * (2.2 - 0.015 * np.sinh(np.pi) * across)))
    circuit.exchange.series[:] = 0.5 * circuit.exchange.weights  # half a voxel
    found, _ = solve(circuit, start(circuit, 3.0), tolerance=1e-11, residual=1e-9)
    return np.sqrt(np.mean((found.u[:-1] - exact) ** 2))


def test_potentials_with_kinetics_converge_with_second_order_on_a_manufactured_solution():
    errors = [manufactured(n) for n in (8, 16, 32)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(("resistance", "sigma"), [(1e-4, 0.1), (1e-3, 0.4), (1e-2, 0.5)])
@pytest.mark.parametrize("sample", [field(0.25, (40, 40, 40)), field(0.4, (40, 40, 40)), floating()])
def test_the_residual_that_is_left_changes_the_current_by_less_than_1e_6(sample, resistance, sigma):
    _, circuit = circuit_of(sample, Kinetics(resistance), sigma)
    plane = 0.1 / THERMAL
    state, usual = solve(circuit, start(circuit, plane), coarse=True)
    tight, _ = solve(circuit, start(circuit, plane), tolerance=1e-11, residual=1e-9)
    off = abs(circuit.entering_current(state) / circuit.entering_current(tight) - 1)
    assert off < 1e-6
    assert off < usual.error + 1e-9
    assert usual.balance < 1e-8
    assert usual.iterations <= 15
