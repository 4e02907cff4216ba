import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from natrode.constants import FARADAY, ROOM_TEMPERATURE
from natrode.physics import vacancies, wetting

from .helpers import MA_CM2, SODIUM_MELTING_POINT, SODIUM_MOLAR_VOLUME, near, prints

D_SELF = vacancies.sodium_self_diffusivity(ROOM_TEMPERATURE)
FRACTION = vacancies.vacancy_fraction(ROOM_TEMPERATURE, 0.42, 7.5e-4, SODIUM_MELTING_POINT)
CONCENTRATION = FRACTION / SODIUM_MOLAR_VOLUME
D_VACANCY = vacancies.vacancy_diffusivity(D_SELF, FRACTION)


@pytest.mark.parametrize(("celsius", "printed"), [(25, "6.7e-13"), (55, "3.1e-12"), (60, "3.9e-12"), (70, "6.0e-12")])
def test_self_diffusivity(celsius, printed):
    assert prints(vacancies.sodium_self_diffusivity(celsius + 273.15), printed)


def test_older_self_diffusivity_agrees_within_the_spread():
    assert prints(vacancies.sodium_self_diffusivity_nachtrieb(ROOM_TEMPERATURE), "5.3e-13")


def test_vacancies_at_room_temperature():
    assert prints(FRACTION, "3.0e-5")
    assert prints(D_VACANCY, "3.1e-8")
    assert vacancies.vacancy_fraction(SODIUM_MELTING_POINT, 0.42, 7.5e-4, SODIUM_MELTING_POINT) == 7.5e-4
    unpinned = math.exp(5.8 - 0.42 / (8.617333262e-5 * ROOM_TEMPERATURE))
    assert abs(unpinned / FRACTION - 1) < 0.26


@given(st.floats(1e-6, 1e-3))
def test_only_the_product_of_diffusivity_and_fraction_counts(fraction):
    assert vacancies.vacancy_diffusivity(D_SELF, fraction) * fraction == near(D_SELF / 0.7272, rel=1e-12)


@pytest.mark.parametrize(("length", "printed"), [(100e-6, "3.8"), (450e-6, "0.84"), (1e-3, "0.38")])
def test_steady_diffusion_current(length, printed):
    current = vacancies.diffusive_current_density(2.0, D_SELF, length, SODIUM_MOLAR_VOLUME)
    assert prints(current / MA_CM2, printed)


def test_sinks_take_over_in_a_thick_foil():
    def current(length, sink):
        return vacancies.diffusive_current_density(2.0, D_SELF, length, SODIUM_MOLAR_VOLUME, sink)

    assert current(1e-4, 1.0) == near(current(1e-4, math.inf), rel=1e-8)
    assert current(1e-2, 1e-5) == near(current(1e-5, math.inf), rel=1e-12)
    assert current(1e-4, 1e-4) > current(1e-4, math.inf)


@pytest.mark.parametrize(("current", "printed"), [(0.2, "90"), (0.5, "14.4"), (3.1, "0.375")])
def test_sand_time(current, printed):
    time = vacancies.sand_time(current * MA_CM2, 2.0, 3.0e-5 / SODIUM_MOLAR_VOLUME, 3.1e-8)
    assert time == near(float(printed), rel=0.01)


def test_sand_time_is_that_of_the_semi_infinite_solution():
    current = 0.2 * MA_CM2
    time = vacancies.sand_time(current, 2.0, CONCENTRATION, D_VACANCY)
    thick = 20 * math.sqrt(D_VACANCY * time)
    for blocked in (True, False):
        reached = vacancies.slab_supersaturation(np.array([time]), current, CONCENTRATION, D_VACANCY, thick, blocked)
        assert reached[0] == near(2.0, rel=1e-12)
    assert prints(1e3 * math.sqrt(3.1e-8 * 90), "1.7")


@pytest.mark.parametrize("blocked", [True, False])
def test_early_and_late_series_meet(blocked):
    thickness = 1e-4
    times = np.array([0.3 - 1e-12, 0.3 + 1e-12]) * thickness**2 / D_VACANCY
    early, late = vacancies.slab_supersaturation(times, 2.0, CONCENTRATION, D_VACANCY, thickness, blocked)
    assert early == near(late, rel=1e-10)


def test_late_behaviour_of_the_two_far_sides():
    thickness, current = 1e-4, 2.0
    unit = thickness**2 / D_VACANCY
    scale = current * thickness / (FARADAY * D_VACANCY * CONCENTRATION)
    times = np.array([0.0, 5.0, 6.0]) * unit
    free = vacancies.slab_supersaturation(times, current, CONCENTRATION, D_VACANCY, thickness, False)
    blocked = vacancies.slab_supersaturation(times, current, CONCENTRATION, D_VACANCY, thickness, True)
    assert free[0] == blocked[0] == 1.0
    assert free[2] - 1 == near(scale, rel=1e-5)
    assert blocked[2] - blocked[1] == near(scale, rel=1e-9)
    steady = vacancies.diffusive_current_density(free[2], D_SELF, thickness, SODIUM_MOLAR_VOLUME)
    assert steady == near(current, rel=1e-5)


def finite_volumes(cells, thickness, current, time, blocked):
    """Concentration over c_eq at the interface by plain finite volumes."""
    width = thickness / cells
    flux_in = current / FARADAY / CONCENTRATION

    def rate(_, s):
        flux = np.empty(cells + 1)
        flux[0] = flux_in
        flux[1:-1] = -D_VACANCY * np.diff(s) / width
        flux[-1] = 0.0 if blocked else -D_VACANCY * (1.0 - s[-1]) / (width / 2)
        return -np.diff(flux) / width

    s = solve_ivp(rate, (0, time), np.ones(cells), method="BDF", rtol=1e-9, atol=1e-12).y[:, -1]
    return s[0] + flux_in * width / 2 / D_VACANCY, s.mean()


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize("reduced_time", [0.1, 0.6])
def test_series_agree_with_finite_volumes_of_second_order(blocked, reduced_time):
    thickness, current = 1e-4, 2.0
    time = reduced_time * thickness**2 / D_VACANCY
    exact = vacancies.slab_supersaturation(np.array([time]), current, CONCENTRATION, D_VACANCY, thickness, blocked)[0]
    errors = [abs(finite_volumes(n, thickness, current, time, blocked)[0] - exact) for n in (10, 20, 40)]
    assert errors[2] < 1e-3 * (exact - 1)
    assert np.log2(errors[0] / errors[1]) == near(2.0, abs=0.1)
    if blocked:  # vacancies are conserved
        mean = finite_volumes(20, thickness, current, time, True)[1]
        brought = current * time / (FARADAY * thickness * CONCENTRATION)
        assert mean - 1 == near(brought, rel=1e-9)


def test_nucleation_supersaturation():
    def critical(factor):
        return vacancies.nucleation_supersaturation(0.22, SODIUM_MOLAR_VOLUME, ROOM_TEMPERATURE, 60.0, factor)

    assert prints(math.log(critical(1.0)), "8.14")
    assert math.log(critical(0.25)) == near(math.log(critical(1.0)) / 2, rel=1e-12)
    for angle, printed in ((135, "7"), (130.4, "10"), (0, "3.4e3")):
        assert prints(critical(wetting.void_nucleation_factor(math.radians(angle))), printed)
    assert critical(wetting.void_nucleation_factor(math.radians(83))) == near(523, rel=0.02)
