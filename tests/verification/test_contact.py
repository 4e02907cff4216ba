import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import erf

from natrode.physics import contact

from .helpers import DAY, HOUR, MPA, OHM_CM2, near, prints

PREFACTOR = 0.53 / MPA**5


@given(st.floats(0.01, 100), st.floats(0.1, 100))
def test_plastic_law(pressure, hardness):
    fraction = contact.plastic_contact_fraction(pressure, hardness)
    assert 0 < fraction < 1
    assert fraction / (1 - fraction) == near(pressure / hardness, rel=1e-9)


def test_plastic_law_limits():
    assert contact.plastic_contact_fraction(0.0, 1 * MPA) == 0.0
    assert contact.plastic_contact_fraction(1e-6 * MPA, 1 * MPA) == near(1e-6, rel=1e-5)
    assert contact.plastic_contact_fraction(1e9 * MPA, 1 * MPA) == near(1.0, rel=1e-8)


def test_hardness_of_sodium_and_the_pressure_that_pristine_contact_implies():
    assert prints(2.8 * 0.19, "0.53")
    assert prints(3 * 0.28, "0.84")
    for hardness, printed in ((0.53, "0.35"), (0.84, "0.56")):
        pressure = 0.4 / 0.6 * hardness
        assert prints(pressure, printed)
        assert contact.plastic_contact_fraction(pressure, hardness) == near(0.4, rel=1e-13)


def test_film_covered_law_lies_between_its_parts():
    pressures = np.logspace(-2, 3, 30) * MPA
    hard = contact.plastic_contact_fraction(pressures, 30 * MPA)
    soft = contact.plastic_contact_fraction(pressures, 0.7 * MPA)
    mixed = contact.film_covered_contact_fraction(pressures, 0.7 * MPA, 30 * MPA, 0.6)
    assert np.all((hard < mixed) & (mixed < soft))
    assert contact.film_covered_contact_fraction(pressures, 0.7 * MPA, 30 * MPA, 0.0) == near(soft)
    assert contact.film_covered_contact_fraction(pressures, 0.7 * MPA, 30 * MPA, 1.0) == near(hard)


def test_only_a_hard_part_still_improves_between_10_and_35_mpa():
    pressures = np.array([10.0, 35.0]) * MPA
    soft = np.diff(contact.plastic_contact_fraction(pressures, 0.7 * MPA))[0]
    covered = np.diff(contact.film_covered_contact_fraction(pressures, 0.7 * MPA, 30 * MPA, 0.6))[0]
    assert soft < 0.05 < 0.15 < covered


def test_film_read_from_the_pressed_resistance_depends_on_the_hardness():
    """87.5 Ohm cm2 at 15 MPa is film only as far as the contact is complete there; R_ct 4.8 Ohm cm2."""
    films = []
    for hardness in (0.7 * MPA, 30 * MPA, 150 * MPA):
        pressed = contact.plastic_contact_fraction(15 * MPA, hardness)
        films.append(87.5 - 4.8 / pressed)
        total = contact.interface_resistance(pressed, films[-1] * OHM_CM2, 4.8 * OHM_CM2, 0.0)
        assert total / OHM_CM2 == near(87.5, rel=1e-12)
    assert [round(film) for film in films] == [82, 73, 35]


def test_elastic_law():
    modulus = 5.1e9
    for slope, reference in ((0.1, "255"), (0.3, "765")):
        pressure = modulus * slope / 2
        assert prints(pressure / MPA, reference)
        assert contact.elastic_contact_fraction(pressure, modulus, slope) == near(
            erf(math.sqrt(math.pi) / 2), rel=1e-14
        )
    small = contact.elastic_contact_fraction(1.0, modulus, 0.1)
    assert small == near(1 / (modulus * 0.1 / 2), rel=1e-6)
    assert contact.elastic_contact_fraction(1e12, modulus, 0.1) == 1.0


def test_hertz_radius():
    radius = contact.hertz_contact_radius(1e-3, 1e-4, 5e9)
    assert 4 * 5e9 * radius**3 / (3 * 1e-4) == near(1e-3, rel=1e-12)


@pytest.mark.parametrize(("pressure", "unit", "printed"), [(1.0, 1.0, "41"), (0.3, HOUR, "4.6"), (0.1, DAY, "47")])
def test_time_to_ninety_percent(pressure, unit, printed):
    assert prints(contact.creep_flattening_time(0.9, 0.0, pressure * MPA, PREFACTOR, 5.0) / unit, printed)


@given(st.floats(0.01, 0.5), st.floats(0.05, 2), st.floats(1, 7), st.floats(0.05, 0.95))
def test_creep_flattening_and_its_time_are_inverse(start, pressure, exponent, part):
    end = start + part * (1 - start)
    prefactor = 0.5 / MPA**exponent
    time = contact.creep_flattening_time(end, start, pressure * MPA, prefactor, exponent)
    reached = contact.creep_flattened_contact_fraction(time, start, pressure * MPA, prefactor, exponent)
    assert reached == near(end, rel=1e-9)


def test_creep_flattening_solves_its_rate_law():
    pressure, start = 0.5 * MPA, 0.2
    time = contact.creep_flattening_time(0.9, start, pressure, PREFACTOR, 5.0)
    solution = solve_ivp(lambda _, a: PREFACTOR * (pressure / (3 * a)) ** 5, (0, time), [start], rtol=1e-11, atol=1e-13)
    assert solution.y[0, -1] == near(0.9, rel=1e-8)


def test_creep_flattening_stops_at_full_contact():
    law = contact.creep_flattened_contact_fraction(np.array([0.0, 1e9]), 0.3, 1 * MPA, PREFACTOR, 5.0)
    assert law == near([0.3, 1.0], rel=1e-14)


def test_pressing_history_remembers():
    durations = np.array([60.0, 3600.0, 60.0, 10.0])
    pressures = np.array([5.0, 0.01, 0.0, 20.0]) * MPA
    after = contact.pressed_contact_fraction(durations, pressures, 30 * MPA, PREFACTOR, 5.0)
    assert after[1] >= after[0] > contact.plastic_contact_fraction(5 * MPA, 30 * MPA)
    assert after[2] == after[1]
    assert np.all(np.diff(after) >= 0)


def test_pressing_history_without_creep_is_the_highest_pressure():
    pressures = np.array([1.0, 8.0, 2.0]) * MPA
    after = contact.pressed_contact_fraction(np.ones(3), pressures, 10 * MPA, 0.0, 5.0)
    assert after == near(contact.plastic_contact_fraction(np.array([1.0, 8.0, 8.0]) * MPA, 10 * MPA))


def test_pressing_history_does_not_depend_on_its_steps():
    whole = contact.pressed_contact_fraction(np.array([100.0]), np.array([MPA]), 30 * MPA, PREFACTOR, 5.0)
    parts = contact.pressed_contact_fraction(np.full(10, 10.0), np.full(10, MPA), 30 * MPA, PREFACTOR, 5.0)
    assert parts[-1] == near(whole[0], rel=1e-12)


def test_interface_resistance_of_full_contact_is_film_and_charge_transfer():
    assert contact.interface_resistance(1.0, 86e-4, 1.5e-4, 0.0) / OHM_CM2 == near(87.5, rel=1e-12)
