import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import thermodynamics as thermo

from .helpers import (
    HOUR,
    MA_CM2,
    MAH_CM2,
    MAH_G,
    MINUTE,
    NM,
    OHM_CM2,
    SODIUM_DENSITY,
    SODIUM_MOLAR_MASS,
    SODIUM_MOLAR_VOLUME,
    UM,
    near,
    prints,
)

COATED_DENSITY = 3406.0
TIN_DIOXIDE_MOLAR_MASS = 150.708e-3
SODIUM_CAPACITY = thermo.specific_capacity(SODIUM_MOLAR_MASS, 1)


def test_constants_are_those_of_codata():
    assert prints(FARADAY, "96485.33")
    assert prints(GAS_CONSTANT, "8.31446")
    assert prints(BOLTZMANN_EV, "8.61733e-5")
    assert prints(GAS_CONSTANT * ROOM_TEMPERATURE / FARADAY * 1e3, "25.693")
    assert math.isclose(GAS_CONSTANT / FARADAY, BOLTZMANN_EV, rel_tol=1e-9)


def test_sodium_by_charge():
    recession = thermo.recession_per_charge(SODIUM_MOLAR_VOLUME, 1)
    assert prints(1 / SODIUM_MOLAR_VOLUME, "4.2106e4")
    assert prints(SODIUM_MOLAR_VOLUME, "2.375e-5")
    assert prints(SODIUM_CAPACITY / MAH_G, "1165.8")
    assert prints(SODIUM_CAPACITY * SODIUM_DENSITY / 3.6e6, "1128.5")
    assert prints(recession * MAH_CM2 / UM, "8.861")
    assert prints(recession * MA_CM2 / NM, "2.4615")
    assert prints(recession * MA_CM2 * MINUTE / UM, "0.14769")
    assert math.isclose(recession * SODIUM_CAPACITY * SODIUM_DENSITY, 1.0, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("ratio", "coated", "bare"),
    [
        (1 / 10, "0.0276", "0.0289"),
        (1 / 8, "0.0343", "0.0359"),
        (1 / 5, "0.0538", "0.0562"),
        (1 / 4, "0.0663", "0.0693"),
        (1 / 3, "0.0865", "0.0903"),
        (1 / 2, "0.1244", "0.1296"),
        (1 / 1, "0.2213", "0.2295"),
    ],
)
def test_volume_fractions_of_the_published_ratios(ratio, coated, bare):
    assert prints(thermo.volume_fraction(ratio, COATED_DENSITY, SODIUM_DENSITY), coated)
    assert prints(thermo.volume_fraction(ratio, 3250.0, SODIUM_DENSITY), bare)


def test_density_of_the_coated_powder():
    assert prints(thermo.coated_density(0.0862, 6950.0, 3250.0), "3406")
    assert thermo.coated_density(0.0, 6950.0, 3250.0) == near(3250.0, rel=1e-14)
    assert thermo.coated_density(1.0, 6950.0, 3250.0) == near(6950.0, rel=1e-14)


def test_controls_of_equal_volume_fraction():
    hybrid = thermo.volume_fraction(np.array([0.2, 1.0]), COATED_DENSITY, SODIUM_DENSITY)
    zirconia = thermo.mass_ratio(hybrid, 5680.0, SODIUM_DENSITY)
    assert prints(1 / zirconia[0], "3.00")
    assert prints(zirconia[1], "1.668")
    assert prints(thermo.volume_fraction(6.9 / 400, 6950.0, SODIUM_DENSITY), "0.0024")


@given(st.floats(1e-4, 1e2), st.floats(500, 2e4), st.floats(500, 2e4))
def test_mass_ratio_inverts_volume_fraction(ratio, particles, metal):
    fraction = thermo.volume_fraction(ratio, particles, metal)
    assert 0 < fraction < 1
    assert thermo.mass_ratio(fraction, particles, metal) == near(ratio, rel=1e-11)


def test_volume_fraction_conserves_mass():
    fraction = thermo.volume_fraction(0.2, COATED_DENSITY, SODIUM_DENSITY)
    particles, metal = fraction * COATED_DENSITY, (1 - fraction) * SODIUM_DENSITY
    assert particles / metal == near(0.2, rel=1e-13)


def test_sodium_that_the_coating_consumes():
    def consumed(ratio, metal_per_oxide):
        return 100 * thermo.consumed_metal_fraction(
            ratio, 0.0862, TIN_DIOXIDE_MOLAR_MASS, SODIUM_MOLAR_MASS, metal_per_oxide
        )

    assert thermo.SODIUM_PER_TIN_DIOXIDE == 2 * 2 + 15 / 4
    assert prints(consumed(1 / 5, thermo.SODIUM_PER_TIN_DIOXIDE), "2.0")
    assert prints(consumed(1.0, thermo.SODIUM_PER_TIN_DIOXIDE), "10.2")
    assert prints(consumed(1.0, thermo.SODIUM_PER_TIN_DIOXIDE_AS_OXIDE), "5.3")
    most = SODIUM_CAPACITY / MAH_G * (1 - consumed(1.0, thermo.SODIUM_PER_TIN_DIOXIDE_AS_OXIDE) / 100)
    assert prints(most, "1104")


@pytest.mark.parametrize(
    ("mass_mg", "loading", "on_pellet", "on_unit_area", "published", "needed", "thickness", "utilisation"),
    [
        (3.5, 3.15, "14.09", "11.06", 11.0, "1.006", "46", "7.1"),
        (10, 2.52, "50.3", "39.5", 40.0, "0.988", "132", "2.0"),
        (55, 2.52, "276.7", "217.3", 216.2, "1.005", "723", "0.36"),
    ],
)
def test_capacity_ratios_imply_another_area(
    mass_mg, loading, on_pellet, on_unit_area, published, needed, thickness, utilisation
):
    def ratio(area_cm2):
        return thermo.capacity_ratio(mass_mg * 1e-6, 1165 * MAH_G, loading * 1e-2, 117 * MAH_G, area_cm2 * 1e-4)

    pellet = math.pi / 4
    assert prints(ratio(pellet), on_pellet)
    assert prints(ratio(1.0), on_unit_area)
    assert prints(ratio(1.0) / published, needed)
    assert prints(100 / ratio(pellet), utilisation)
    assert prints(thermo.metal_thickness(mass_mg * 1e-6, SODIUM_DENSITY, pellet * 1e-4) / UM, thickness)


@pytest.mark.parametrize(("mass_mg", "loading", "published"), [(3.5, 3.15, "11.0"), (55, 2.52, "216.2")])
def test_published_capacity_ratios_are_exact_on_one_square_centimetre(mass_mg, loading, published):
    capacity = thermo.specific_capacity(455.76e-3, 2)
    assert prints(thermo.capacity_ratio(mass_mg * 1e-6, 1165 * MAH_G, loading * 1e-2, capacity, 1e-4), published)


def test_vanadium_phosphate_capacity():
    assert prints(thermo.specific_capacity(455.76e-3, 2) / MAH_G, "117.6")
    five_c = 5 * 117 * MAH_G / HOUR * 1e-2
    assert prints(five_c / MA_CM2, "0.585")


def test_sodium_carbon_dioxide_cell():
    energy = thermo.sodium_carbon_dioxide_gibbs_energy(-1044.4e3, -394.36e3)
    voltage = thermo.reaction_voltage(energy, 4)
    janaf = thermo.reaction_voltage(thermo.sodium_carbon_dioxide_gibbs_energy(-1048.1e3, -394.36e3), 4)
    products = 2 * 105.988e-3 + 12.011e-3
    capacity = thermo.specific_capacity(products, 4)
    assert prints(voltage, "2.347")
    assert prints(janaf, "2.366")
    assert prints(capacity / MAH_G, "478.6")
    assert prints(capacity * voltage / 3.6e3, "1123")
    assert prints(capacity * 2.35 / 3.6e3, "1124.8")
    assert capacity * voltage == near(-energy / products, rel=1e-13)


def test_oxygen_in_sodium_does_not_explain_half_a_millivolt():
    solubility = thermo.oxygen_solubility(623.15)
    atoms = solubility * SODIUM_MOLAR_MASS / 15.999e-3
    activity = thermo.activity_from_voltage(0.5e-3, ROOM_TEMPERATURE, 1)
    assert solubility * 1e6 == near(215, rel=0.01)
    assert prints(atoms * 1e6 / 10, "31")
    assert prints(activity, "0.981")
    assert 1 - activity > 50 * atoms
    box = 2 * 0.1e-6 * 101325 * 3.0 / (GAS_CONSTANT * 293.15)
    assert box / (2e-3 / SODIUM_MOLAR_MASS) * 1e6 == near(300, rel=0.05)


def test_activity_of_the_pure_metal_is_one():
    assert thermo.activity_from_voltage(0.0, ROOM_TEMPERATURE, 1) == 1.0


def test_retention():
    per_hundred = thermo.retention_per_cycle(110.7, 93.9, 73)
    per_cycle = thermo.retention_per_cycle(110.7, 93.9, 7300)
    assert prints(per_hundred, "0.99775")
    assert per_cycle**100 == near(per_hundred, rel=1e-12)
    assert prints(1 - per_cycle, "2.3e-5")
    assert prints((1 - 93.9 / 110.7) / 7300, "2.1e-5")  # natrode model notes: the linear loss


def test_inventory_and_use_of_the_hybrid_electrode():
    area = math.pi / 4 * (1.114e-2) ** 2
    sodium = 3e-6 * 5 / 6
    fraction = thermo.volume_fraction(0.2, COATED_DENSITY, SODIUM_DENSITY)
    thickness = thermo.metal_thickness(sodium, SODIUM_DENSITY, area) / (1 - fraction)
    charge = sodium * SODIUM_CAPACITY / area
    recession = thermo.recession_per_charge(SODIUM_MOLAR_VOLUME, 1)
    assert prints(thickness / UM, "28.0")
    assert prints(charge / MAH_CM2, "2.99")
    for minutes, depth, stripped, used in (
        (200, "5.9", "0.667", None),
        (350, "10.3", "1.17", 39.0),
        (370, "10.9", "1.23", 41.2),
    ):
        passed = 0.2 * MA_CM2 * minutes * MINUTE
        assert prints(recession * passed / UM, depth)
        assert prints(passed / MAH_CM2, stripped)
        if used is not None:
            assert prints(100 * passed / charge, str(used))


def test_electrolyte_resistances():
    assert prints(0.162e-2 / 0.41 / OHM_CM2, "39.5")
    assert prints(0.8e-3 / 0.061 / OHM_CM2, "131.1")
