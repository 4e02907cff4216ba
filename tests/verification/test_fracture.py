import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.physics import fracture

from .helpers import HOUR, SODIUM_MOLAR_VOLUME, UM, near, prints


def test_plating_pressure_of_sodium():
    assert prints(fracture.plating_pressure(1.0, SODIUM_MOLAR_VOLUME) / 1e9, "4.06")
    assert prints(fracture.plating_pressure(0.1, SODIUM_MOLAR_VOLUME) / 1e6, "406")
    assert fracture.plating_pressure(-0.1, SODIUM_MOLAR_VOLUME) == fracture.plating_pressure(0.1, SODIUM_MOLAR_VOLUME)


@pytest.mark.parametrize(
    ("size", "millivolt"), [(0.5, "237"), (1, "167"), (2, "118"), (5, "75"), (10, "53"), (50, "24")]
)
def test_crack_overpotential_by_flaw_size(size, millivolt):
    assert prints(1e3 * fracture.crack_overpotential(size * UM, 1.35e6, SODIUM_MOLAR_VOLUME), millivolt)


@given(st.floats(0.05, 100), st.floats(0.5, 3))
def test_flaw_size_and_overpotential_are_inverse(size, toughness):
    overpotential = fracture.crack_overpotential(size * UM, toughness * 1e6, SODIUM_MOLAR_VOLUME)
    assert fracture.critical_flaw_size(overpotential, toughness * 1e6, SODIUM_MOLAR_VOLUME) == near(
        size * UM, rel=1e-12
    )
    assert fracture.plating_pressure(overpotential, SODIUM_MOLAR_VOLUME) == near(
        fracture.crack_pressure(size * UM, toughness * 1e6), rel=1e-12
    )


def test_crack_criterion_is_the_stress_intensity():
    pressure = fracture.crack_pressure(3 * UM, 1.2e6)
    assert 1.12 * pressure * math.sqrt(math.pi * 3 * UM) == near(1.2e6, rel=1e-14)


def test_damage_rate():
    assert fracture.damage_rate(0.2, 0.2, 5.0, HOUR) == 1 / HOUR
    assert fracture.damage_rate(0.4, 0.2, 5.0, HOUR) == near(32 / HOUR, rel=1e-14)
    assert fracture.damage_rate(0.0, 0.2, 5.0, HOUR) == 0.0
    assert fracture.damage_rate(-0.3, 0.2, 5.0, HOUR) == 0.0


def test_damage_becomes_a_trigger_at_high_exponent():
    assert fracture.damage_rate(0.19, 0.2, 1000.0, 1.0) < 1e-20
    assert fracture.damage_rate(0.21, 0.2, 1000.0, 1.0) > 1e20


def test_longer_flaws_are_weaker_unless_told_otherwise():
    lengths = np.array([1.0, 4.0]) * UM
    assert fracture.griffith_critical_current_density(lengths, 8.0, UM) == near([8.0, 1.0], rel=1e-14)
    assert fracture.griffith_critical_current_density(lengths, 8.0, UM, 1.5) == near([8.0, 64.0], rel=1e-14)


@given(st.floats(0.001, 0.999), st.floats(1.5, 6), st.floats(0.1, 100))
def test_weibull_quantile_inverts_the_distribution(probability, modulus, area):
    current = fracture.weibull_quantile(probability, 5.0, modulus, area)
    assert fracture.weibull_failure_probability(current, 5.0, modulus, area) == near(probability, rel=1e-10)


@given(st.floats(0.1, 10), st.floats(2, 4), st.integers(2, 20))
def test_weakest_link_of_several_areas(current, modulus, count):
    survival = 1 - fracture.weibull_failure_probability(current, 5.0, modulus, 1.0)
    together = 1 - fracture.weibull_failure_probability(current, 5.0, modulus, float(count))
    assert together == near(survival**count, rel=1e-9, abs=1e-12)


def test_weibull_scale_and_area():
    assert fracture.weibull_failure_probability(5.0, 5.0, 3.0, 1.0) == near(1 - 1 / math.e, rel=1e-14)
    median = [fracture.weibull_quantile(0.5, 5.0, 3.0, area) for area in (1.0, 8.0)]
    assert median[0] / median[1] == near(2.0, rel=1e-13)


@given(st.floats(0.01, 0.99), st.floats(1, 6), st.floats(0.2, 20))
def test_power_law_flaws_give_weibull_overpotentials_and_currents(probability, tail, area):
    flaw = fracture.largest_flaw_quantile(1 - probability, 2 * UM, tail, area)
    overpotential = fracture.crack_overpotential(flaw, 1.35e6, SODIUM_MOLAR_VOLUME)
    scale = fracture.crack_overpotential(2 * UM, 1.35e6, SODIUM_MOLAR_VOLUME)
    assert overpotential == near(fracture.weibull_quantile(probability, scale, 2 * tail, area), rel=1e-9)
    current = fracture.griffith_critical_current_density(flaw, 7.0, 2 * UM)
    assert current == near(fracture.weibull_quantile(probability, 7.0, tail / 1.5, area), rel=1e-9)
