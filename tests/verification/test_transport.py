import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_banded

from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import percolation, transport

from .helpers import OHM_CM2, UM, near, prints

CELSIUS = 273.15


def test_slope_of_the_polymer_electrolyte_is_of_the_decadic_logarithm():
    assert prints(transport.activation_energy_from_slope(-1.63383, math.e), "0.1408")
    assert prints(transport.activation_energy_from_slope(-1.63383, 10.0), "0.3242")
    assert transport.arrhenius_slope(0.3242, 10.0) == near(-1.6338, abs=1e-4)


@given(st.floats(0.05, 1), st.sampled_from([math.e, 10.0]))
def test_slope_and_energy_are_inverse(energy, base):
    slope = transport.arrhenius_slope(energy, base)
    assert transport.activation_energy_from_slope(slope, base) == near(energy, rel=1e-12)
    temperatures = np.array([280.0, 340.0])
    logarithm = np.log(transport.arrhenius_conductivity(temperatures, 1.0, 300.0, energy)) / math.log(base)
    assert np.diff(logarithm)[0] / np.diff(1000 / temperatures)[0] == near(slope, rel=1e-9)


def ratio(celsius, energy):
    return transport.arrhenius_conductivity(celsius + CELSIUS, 1.0, ROOM_TEMPERATURE, energy)


def test_conductivity_ratios():
    energy = transport.activation_energy_from_slope(-1.63383, 10.0)
    assert prints(1 / 298.15 - 1 / 323.15, "2.595e-4")
    assert prints(ratio(50, energy), "2.65")
    assert prints(ratio(55, 0.26), "2.52")
    assert prints(ratio(70, 0.26), "3.77")
    assert prints(131.1 / ratio(55, 0.26), "52")


def test_both_forms_agree_at_the_reference_and_differ_by_kt_in_energy():
    assert transport.arrhenius_conductivity_of_product(300.0, 2.0, 300.0, 0.3) == near(2.0, rel=1e-14)
    kelvin = np.array([298.15, 328.15])
    product = transport.arrhenius_conductivity_of_product(kelvin, 1.0, 298.15, 0.3)
    apparent = transport.activation_energy_from_slope(
        float(np.diff(np.log(product))[0] / np.diff(1000 / kelvin)[0]), math.e
    )
    assert prints(0.3 - apparent, "0.027")


def test_warburg_coefficient_gives_back_the_diffusivity():
    """An electrode with D and dE/dc of an ideal solution has s_W = RT/(sqrt(2) n^2 F^2 A C sqrt(D))."""
    diffusivity, area, electrons, concentration = 3e-14, 1e-4, 2.0, 5e3
    scale = GAS_CONSTANT * 300 / (math.sqrt(2) * (electrons * FARADAY) ** 2 * area * concentration)
    coefficient = scale / math.sqrt(diffusivity)
    back = transport.warburg_diffusivity(coefficient, area, electrons, concentration, 300.0)
    assert back == near(diffusivity, rel=1e-12)
    assert transport.warburg_diffusivity(2 * coefficient, area, electrons, concentration, 300.0) == near(
        back / 4, rel=1e-12
    )


def test_apparent_diffusivities_of_the_full_cells():
    assert prints(5.3e-14 / 6.6e-15, "8.0")
    assert prints(1e9 * math.sqrt(5.3e-18 * 720), "62")
    assert prints(1e9 * math.sqrt(6.6e-19 * 720), "22")


def test_warburg_elements_have_their_limits():
    fast, slow = np.array([1e6]), np.array([1e-8])
    coefficient = 2.0 / math.sqrt(2 * 3.0)
    semi_infinite = transport.warburg_impedance(fast, coefficient)
    for element in (transport.finite_length_warburg_impedance, transport.finite_space_warburg_impedance):
        assert element(fast, 2.0, 3.0) == near(semi_infinite, rel=1e-12)
    assert transport.finite_length_warburg_impedance(slow, 2.0, 3.0)[0] == near(2.0, rel=1e-6)
    closed = transport.finite_space_warburg_impedance(slow, 2.0, 3.0)[0]
    assert closed.real == near(2.0 / 3, rel=1e-6)
    assert closed.imag == near(-2.0 / 3.0 / 1e-8, rel=1e-6)
    assert np.angle(semi_infinite[0]) == near(-math.pi / 4, rel=1e-12)


# --- the hybrid anode of 1:1 -------------------------------------------------------------------------------

FRACTION = 0.2213
CONDUCTIVITY = percolation.effective_conductivity(FRACTION, 0.41, 0.16)


def anode(diameter, charge_transfer):
    """(network, network in parallel with the planar part) in Ohm cm2."""
    surface = transport.specific_surface_of_spheres(FRACTION, diameter)
    network = transport.transmission_line_resistance(CONDUCTIVITY, charge_transfer * OHM_CM2, surface, 375 * UM)
    planar = charge_transfer * OHM_CM2 / (1 - FRACTION)
    return network / OHM_CM2, 1 / (1 / network + 1 / planar) / OHM_CM2


def test_worked_example_of_the_network():
    surface = transport.specific_surface_of_spheres(FRACTION, 0.2 * UM)
    assert prints(CONDUCTIVITY, "2.2e-3")
    assert prints(transport.penetration_length(CONDUCTIVITY, 12 * OHM_CM2, surface) / UM, "0.63")
    assert prints(anode(0.2 * UM, 12.0)[0], "2.88")
    assert prints(anode(0.2 * UM, 12.0)[1], "2.42")
    assert prints(anode(0.2 * UM, 4.8)[1], "1.40")
    assert prints(anode(1 * UM, 12.0)[1], "4.5")
    assert prints(anode(1 * UM, 4.8)[1], "2.45")
    needed = 1e-8 * surface / CONDUCTIVITY / OHM_CM2
    assert prints(needed, "3e5")


@pytest.mark.parametrize("thickness", [0.01, 1.0, 100.0])
def test_resistance_limits(thickness):
    surface = 6e6
    resistance = transport.transmission_line_resistance(2e-3, 1e-3, surface, thickness * UM)
    length = transport.penetration_length(2e-3, 1e-3, surface)
    if thickness == 0.01:
        assert resistance == near(1e-3 / (surface * thickness * UM), rel=1e-3)
    if thickness == 100.0:
        assert resistance == near(math.sqrt(1e-3 / (surface * 2e-3)), rel=1e-12)
    assert resistance == near(length / 2e-3 / math.tanh(thickness * UM / length), rel=1e-13)


def finite_differences(cells, thickness, conductivity, charge_transfer, surface):
    """Resistance by finite volumes: potential 1 at the electrolyte, no flux at the collector."""
    width = thickness / cells
    link, shunt = conductivity / width, surface * width / charge_transfer
    bands = np.zeros((3, cells))
    bands[0, 1:] = bands[2, :-1] = -link
    bands[1] = 2 * link + shunt
    bands[1, 0] += link
    bands[1, -1] -= link
    source = np.zeros(cells)
    source[0] = 2 * link
    potential = solve_banded((1, 1), bands, source)
    current = 2 * link * (1 - potential[0])
    assert current == near(shunt * potential.sum(), rel=1e-9)
    return 1 / current


def test_resistance_agrees_with_finite_volumes_of_second_order():
    surface = transport.specific_surface_of_spheres(FRACTION, 0.2 * UM)
    arguments = (2 * UM, CONDUCTIVITY, 12 * OHM_CM2, surface)
    exact = transport.transmission_line_resistance(CONDUCTIVITY, 12 * OHM_CM2, surface, 2 * UM)
    errors = [abs(finite_differences(n, *arguments) / exact - 1) for n in (50, 100, 200)]
    assert np.log2(errors[0] / errors[1]) == near(2.0, abs=0.02)
    assert np.log2(errors[1] / errors[2]) == near(2.0, abs=0.02)


def test_impedance_of_the_line():
    surface, thickness = 6e6, 5 * UM
    dc = transport.transmission_line_impedance(np.zeros(1), 2e-3, 1e-3, 0.1, surface, thickness)[0]
    assert dc == near(transport.transmission_line_resistance(2e-3, 1e-3, surface, thickness), rel=1e-13)
    fast = transport.transmission_line_impedance(np.array([1e8]), 2e-3, 1e-3, 0.1, surface, thickness)[0]
    assert np.angle(fast) == near(-math.pi / 4, rel=1e-3)
    frequencies = np.logspace(2, 6, 9)
    thin = transport.transmission_line_impedance(frequencies, 2e3, 1e-3, 0.1, surface, thickness)
    lumped = 1e-3 / (surface * thickness) / (1 + 1j * frequencies * 1e-4) + thickness / (3 * 2e3)
    assert np.abs(thin / lumped - 1).max() < 1e-5


def test_transient_modes_are_the_eigenvalues_of_the_line():
    cells, thickness, surface = 200, 2 * UM, 6e6
    width = thickness / cells
    laplace = 2 * np.eye(cells) - np.eye(cells, k=1) - np.eye(cells, k=-1)
    laplace[0, 0] = laplace[-1, -1] = 1
    matrix = 2e-3 / width**2 / (surface * 0.1) * laplace + np.eye(cells) / (1e-3 * 0.1)
    rates = transport.transmission_line_mode_rate(np.arange(4.0), 2e-3, 1e-3, 0.1, surface, thickness)
    assert np.linalg.eigvalsh(matrix)[:4] == near(rates, rel=1e-3)
    assert rates[0] == near(1e4, rel=1e-12)


def test_wagner_length():
    assert prints(transport.wagner_length(0.41, 4.8 * OHM_CM2) / UM, "197")


def test_surface_of_spheres():
    diameter, number = 0.3 * UM, 1e18
    fraction = number * math.pi / 6 * diameter**3
    assert transport.specific_surface_of_spheres(fraction, diameter) == near(number * math.pi * diameter**2, rel=1e-13)
