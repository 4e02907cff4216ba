import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.physics import wetting

from .helpers import near, prints

SOLID = 0.2523
MOLTEN = 0.198
angles = st.floats(0.02, math.pi - 0.02)


def degrees(radians):
    return math.degrees(radians)


@pytest.mark.parametrize(
    ("work", "from_solid", "from_molten"),
    [(0.25, "90.5", "74.8"), (0.12, "121.6", "113.2"), (0.44, "41.9", "0"), (0.08, "133.1", "126.6")],
)
def test_angles_that_the_calculated_works_of_adhesion_imply(work, from_solid, from_molten):
    assert prints(degrees(wetting.contact_angle_from_work(work, SOLID)), from_solid)
    assert prints(degrees(wetting.contact_angle_from_work(work, MOLTEN)), from_molten)


@pytest.mark.parametrize(
    ("angle", "from_solid", "from_molten"),
    [
        (130.4, "0.0888", "0.0697"),
        (135.0, "0.0739", "0.0580"),
        (0.0, "0.5046", "0.396"),
        (142.0, "0.0535", "0.0420"),
        (72.5, "0.328", "0.258"),
        (83.0, "0.283", "0.222"),
    ],
)
def test_works_of_adhesion_that_the_measured_angles_imply(angle, from_solid, from_molten):
    assert prints(wetting.work_of_adhesion(math.radians(angle), SOLID), from_solid)
    assert prints(wetting.work_of_adhesion(math.radians(angle), MOLTEN), from_molten)


def test_the_molten_tension_explains_complete_spreading_on_lead():
    assert wetting.spreading_coefficient(0.44, MOLTEN) > 0 > wetting.spreading_coefficient(0.44, SOLID)
    assert wetting.contact_angle_from_work(0.44, MOLTEN) == 0.0


def test_work_of_adhesion_is_bounded():
    assert wetting.work_of_adhesion(0.0, MOLTEN) == 2 * MOLTEN
    assert wetting.work_of_adhesion(math.pi, MOLTEN) == 0.0
    assert wetting.work_of_adhesion(math.pi / 2, MOLTEN) == near(MOLTEN, rel=1e-15)


@given(angles)
def test_angle_and_work_are_inverse(angle):
    work = wetting.work_of_adhesion(angle, MOLTEN)
    assert wetting.contact_angle_from_work(work, MOLTEN) == near(angle, abs=1e-10)
    assert wetting.contact_angle_from_work(work, MOLTEN) == near(
        wetting.young_contact_angle(work - MOLTEN, 0.0, MOLTEN), abs=1e-10
    )


@given(angles)
def test_flat_and_full_limits_give_young(angle):
    assert wetting.wenzel_contact_angle(angle, 1.0) == near(angle, abs=1e-12)
    assert wetting.cassie_baxter_contact_angle(angle, 1.0) == near(angle, abs=1e-7)


@given(angles, st.floats(1.01, 3.0))
def test_roughness_amplifies_what_the_flat_surface_does(angle, roughness):
    apparent = wetting.wenzel_contact_angle(angle, roughness)
    assert (apparent <= angle) if angle <= math.pi / 2 else (apparent >= angle)


@given(st.floats(1.05, 3.0), st.floats(0.05, 0.95))
def test_wenzel_and_cassie_baxter_meet_at_the_transition(roughness, fraction):
    angle = wetting.wetting_transition_angle(roughness, fraction)
    wenzel = roughness * math.cos(angle)
    cassie = fraction * (1 + math.cos(angle)) - 1
    assert wenzel == near(cassie, abs=1e-12)
    assert angle > math.pi / 2


@pytest.mark.parametrize(("kelvin", "tension"), [(371.0, "0.2008"), (393.15, "0.1984"), (523.15, "0.1847")])
def test_surface_tension_of_sodium(kelvin, tension):
    assert prints(wetting.sodium_surface_tension(kelvin), tension)


def test_surface_tension_vanishes_at_the_critical_point():
    assert wetting.sodium_surface_tension(2503.7) == 0.0
    assert np.all(np.diff(wetting.sodium_surface_tension(np.linspace(371, 2500, 50))) < 0)


@pytest.mark.parametrize(("angle", "factor"), [(135, "0.058"), (130.4, "0.082"), (83, "0.59"), (0, "1")])
def test_void_nucleation_factor(angle, factor):
    assert prints(wetting.void_nucleation_factor(math.radians(angle)), factor)


def test_void_nucleation_factor_of_no_wetting_is_zero():
    assert wetting.void_nucleation_factor(math.pi) == near(0.0, abs=1e-15)


def test_inertial_spreading_of_a_millimetre_drop():
    assert prints(wetting.inertial_spreading_time(927.0, 1e-3, MOLTEN) * 1e3, "2")


def test_reactive_wetting_relaxes_and_starts_at_rest():
    time = np.linspace(0, 200, 2001)
    extent = wetting.reaction_extent(time, 1e6, 9e4, 623.15)
    rate = 1e6 * math.exp(-9e4 / (8.314462618 * 623.15))
    assert np.gradient(extent, time)[1:-1] == near(rate * (1 - extent[1:-1]), rel=1e-3)
    assert extent[0] == 0.0
    assert wetting.reactive_work_of_adhesion(0.0, 0.25, 0.2, 0.0) == 0.25
    assert wetting.reactive_work_of_adhesion(1.0, 0.25, 0.2, -0.05) == near(0.5)
    angle = wetting.relaxing_contact_angle(np.array([0.0, 60.0, 1e9]), 2.3, 0.4, 60.0)
    assert angle == near([2.3, 0.4 + 1.9 / math.e, 0.4], rel=1e-14)
