import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.errors import SpecificationError
from natrode.physics import creep, hybrid, percolation, thermodynamics

from .helpers import OHM_CM2, near, prints

FRACTIONS = thermodynamics.volume_fraction(np.array([1 / 10, 1 / 8, 1 / 5, 1 / 3, 1 / 2, 1.0]), 3406.0, 968.0)
ONE_TO_FIVE, ONE_TO_ONE = FRACTIONS[2], FRACTIONS[5]


def test_contact_resistance_from_one_to_five_and_what_it_says():
    area = percolation.isolated_sphere_area_ratio(ONE_TO_FIVE)
    wetted = 3.5 * area
    pristine = wetted / 12.0
    assert prints(wetted, "3.9")  # natrode model notes K2: about 3.8
    assert prints(pristine, "0.32")
    assert hybrid.fresh_interface_resistance(wetted * OHM_CM2, 1.0, pristine) / OHM_CM2 == near(12.0)
    assert hybrid.fresh_interface_resistance(wetted, area, 1.0) == near(3.5, rel=1e-13)


def test_one_to_one_is_retrodicted_within_its_range_of_necks():
    wetted = 3.5 * percolation.isolated_sphere_area_ratio(ONE_TO_FIVE)
    isolated = hybrid.fresh_interface_resistance(wetted, percolation.isolated_sphere_area_ratio(ONE_TO_ONE), 1.0)
    necked = hybrid.fresh_interface_resistance(wetted, hybrid.necked_area_ratio(ONE_TO_ONE), 1.0)
    assert necked < 2.4 < isolated
    assert prints(hybrid.necked_area_ratio(0.2213), "2.4")
    assert prints(percolation.isolated_sphere_area_ratio(0.2213), "1.44")


@given(st.floats(0, 0.25))
def test_area_ratios_are_ordered(fraction):
    insulating = hybrid.insulating_area_ratio(fraction)
    isolated = percolation.isolated_sphere_area_ratio(fraction)
    necked = hybrid.necked_area_ratio(fraction)
    assert insulating <= 1 <= isolated <= necked
    assert necked <= 3.4


def test_necked_area_ratio_follows_its_table_and_grows():
    assert hybrid.necked_area_ratio(np.array([0.0, 0.18, 0.25])) == near([1.0, 1.71, 3.4])
    assert np.all(np.diff(hybrid.necked_area_ratio(np.linspace(0, 0.25, 60))) > 0)


def test_area_ratio_is_not_guessed_beyond_its_table():
    with pytest.raises(SpecificationError, match=r"0\.25"):
        hybrid.necked_area_ratio(np.array([0.1, 0.26]))


def test_insulating_particles_cover_the_pellet():
    assert hybrid.insulating_area_ratio(0.0) == 1.0
    assert hybrid.insulating_area_ratio(ONE_TO_FIVE) == near(1 - ONE_TO_FIVE)


def test_contact_fraction_by_coating():
    assert hybrid.contact_fraction_range(0.4, True) == (1.0, 1.0)
    assert hybrid.contact_fraction_range(0.4, False) == (0.4, 1.0)


@given(st.floats(1, 10), st.floats(1.1, 5), st.floats(1.05, 20))
def test_empirical_optimum_is_the_maximum(hardening, exponent, surplus):
    gain = hardening * exponent * surplus
    best = hybrid.empirical_optimum_volume_fraction(gain, hardening, exponent)
    around = best * np.array([0.99, 1.0, 1.01])
    values = hybrid.empirical_critical_current_density(around, 5.0, gain, hardening, exponent)
    assert values[1] > values[0]
    assert values[1] > values[2]


def test_empirical_surrogate_can_hold_the_measured_optimum():
    exponent, hardening = 5.0, 4.5
    gain = hardening * exponent / (1 - hardening * (exponent - 1) * 0.0538)
    assert hybrid.empirical_optimum_volume_fraction(gain, hardening, exponent) == near(0.0538, rel=1e-12)
    series = hybrid.empirical_critical_current_density(FRACTIONS, 2.0, gain, hardening, exponent)
    assert np.argmax(series) == 2
    assert hybrid.empirical_critical_current_density(0.0, 2.0, gain, hardening, exponent) == 2.0


@pytest.mark.parametrize("gain", [1.01, 2.95, 20.0])
def test_empirical_surrogate_through_a_measured_optimum(gain):
    gain_coefficient, exponent = hybrid.empirical_coefficients(0.0538, gain, 4.5)
    assert hybrid.empirical_optimum_volume_fraction(gain_coefficient, 4.5, exponent) == near(0.0538, rel=1e-9)
    reached = hybrid.empirical_critical_current_density(0.0538, 1.0, gain_coefficient, 4.5, exponent)
    assert reached == near(gain, rel=1e-9)


def test_hardening_of_the_ratio_series_in_both_readings():
    continuum = creep.composite_creep_ratio(FRACTIONS, 5.0)
    jammed = creep.composite_hardness_ratio(FRACTIONS, 4.5) ** -5.0
    assert np.all(jammed < continuum)
    assert np.all(np.diff(continuum) < 0)
