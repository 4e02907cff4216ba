import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from natrode.physics import interphase

from .helpers import DAY, HOUR, MA_CM2, NM, OHM_CM2, near, prints

FINAL = 100 * NM
RATE = FINAL**2 / (7.1 * DAY)


@given(st.floats(-9, 0).map(lambda x: 10**x * (1 - 1e-6)))
def test_time_and_thickness_are_inverse(relative):
    time = interphase.interphase_growth_time(np.array([relative * FINAL]), RATE, FINAL)
    back = interphase.interphase_thickness(time, RATE, FINAL)
    assert back[0] == near(relative * FINAL, rel=1e-10)


@given(st.floats(0.05, 0.999))
def test_closed_form_as_printed(relative):
    printed = (-FINAL * relative * FINAL - FINAL**2 * math.log(1 - relative)) / RATE
    assert interphase.interphase_growth_time(relative * FINAL, RATE, FINAL) == near(printed, rel=1e-12)


def test_growth_solves_its_rate_law():
    start = 1 * NM
    times = np.array([1.0, 5.0, 20.0]) * DAY
    origin = interphase.interphase_growth_time(start, RATE, FINAL)
    solution = solve_ivp(
        lambda _, d: [interphase.interphase_growth_rate(d[0], RATE, FINAL)],
        (0, times[-1]),
        [start],
        t_eval=times,
        rtol=1e-11,
        atol=1e-22,
    )
    assert interphase.interphase_thickness(times + origin, RATE, FINAL) == near(solution.y[0], rel=1e-8)


def test_early_growth_is_parabolic_and_late_growth_stops():
    early = np.array([1e-6, 1e-3]) * FINAL**2 / RATE
    thickness = interphase.interphase_thickness(early, RATE, FINAL)
    assert thickness == near(np.sqrt(2 * RATE * early), rel=0.02)
    assert interphase.interphase_thickness(np.array([1e4 * DAY]), RATE, FINAL)[0] == near(FINAL, rel=1e-12)
    assert interphase.interphase_growth_rate(FINAL, RATE, FINAL) == 0.0
    assert interphase.interphase_thickness(np.array([0.0]), RATE, FINAL)[0] == 0.0


def test_mixed_conductor_never_stops():
    times = np.array([1.0, 100.0]) * DAY
    thickness = interphase.interphase_thickness(times, RATE, math.inf)
    assert thickness == near(np.sqrt(2 * RATE * times), rel=1e-14)
    assert interphase.interphase_growth_rate(2 * NM, RATE, math.inf) == RATE / (2 * NM)


def test_series_and_closed_form_of_the_thickness_meet():
    switch = 0.5 * 0.03**2 * FINAL**2 / RATE
    times = switch * (1 + np.array([-1e-9, 1e-9]))
    below, above = interphase.interphase_thickness(times, RATE, FINAL)
    assert above / below - 1 == near(1e-9, abs=2e-11)


def test_rest_of_the_pristine_interface():
    """90 % at 10 d: 864000 s."""
    unit = interphase.interphase_growth_time(0.9, 1.0, 1.0)
    assert prints(10 / unit, "7.1")
    rate = FINAL**2 * unit / (10 * DAY)
    assert prints(rate, "1.6e-20")
    assert prints(interphase.interphase_growth_time(0.9 * FINAL, rate, FINAL), "8.6400e5")
    assert prints(FINAL / (85 * OHM_CM2) / 100, "1.2e-7")
    ambipolar = 4e-13 * 100
    expected = interphase.parabolic_rate_constant(ambipolar, 1e6, 4e-5, 1.0, 1.0)
    assert expected == near(rate, rel=0.03)


def test_the_slower_carrier_limits_the_growth():
    def rate(electronic, ionic):
        return interphase.parabolic_rate_constant(electronic, ionic, 4e-5, 1.0, 1.0)

    assert rate(1e-11, 1e-5) == near(rate(1e-11, 1e5), rel=1e-5)
    assert rate(1e-9, 1e-9) == near(rate(1e-9, 1e9) / 2, rel=1e-9)
    assert rate(0.0, 1e-5) == 0.0


def test_saturating_fit():
    law = interphase.saturating_resistance(np.array([0.0, 1e-6, 1.0, 1e6]) * DAY, 170.0, DAY)
    assert law == near([0.0, 0.17, 170 * (1 - 1 / math.e), 170.0], rel=1e-3)


def test_runaway_of_bare_sodium():
    wall = 10.0 / (0.1 * MA_CM2)
    assert prints(wall / OHM_CM2, "1e5")
    start = 800 * OHM_CM2
    rate = math.log(wall / start) / (16 * HOUR)
    assert interphase.runaway_resistance(16 * HOUR, start, rate) == near(wall, rel=1e-12)
    assert interphase.runaway_resistance(0.0, start, rate) == start


def test_slow_growth_of_coated_sodium():
    slope = 700 * OHM_CM2 / (4000 * HOUR)
    voltages = 0.1 * MA_CM2 * interphase.linear_resistance(np.array([0.0, 4000 * HOUR]), 800 * OHM_CM2, slope)
    assert voltages == near([0.080, 0.150], rel=1e-12)


def test_parallel_patches():
    fractions = np.array([0.25, 0.75])
    assert interphase.parallel_resistance(np.array([3.0, 3.0]), fractions) == near(3.0, rel=1e-14)
    assert interphase.parallel_resistance(np.array([1.0, 3.0]), fractions) == near(2.0, rel=1e-14)


@pytest.mark.parametrize("deviation", [0.2, 0.8])
def test_lognormal_layer(deviation):
    def mean_of(function):
        return quad(lambda z: function(z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi), -12, 12, epsabs=1e-14)[0]

    mean_inverse = mean_of(lambda z: math.exp(-deviation * z))
    assert interphase.lognormal_effective_thickness(1.0, deviation) == near(1 / mean_inverse, rel=1e-10)
    assert mean_of(lambda z: interphase.lognormal_current_focusing(deviation, z)) == near(1.0, rel=1e-10)
    two_below = math.exp(2 * deviation) / mean_inverse
    assert interphase.lognormal_current_focusing(deviation, 2.0) == near(two_below, rel=1e-10)


def test_even_layer_does_not_focus():
    assert interphase.lognormal_current_focusing(0.0, 3.0) == 1.0
    assert interphase.lognormal_effective_thickness(5 * NM, 0.0) == 5 * NM


def test_oxygen_left_behind_is_that_of_the_stripped_metal():
    metal = 5.0 * 3600 / 96485.33
    assert 3600 * interphase.oxygen_accumulation_rate(5.0, 3e-4) == near(3e-4 * metal, rel=1e-7)
