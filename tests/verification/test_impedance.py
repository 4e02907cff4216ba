import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.physics import impedance

from .helpers import near

parameters = {"resistance": st.floats(1, 1e3), "prefactor": st.floats(1e-9, 1e-3), "exponent": st.floats(0.3, 1.0)}


@given(**parameters)
def test_top_of_the_arc(resistance, prefactor, exponent):
    top = 1 / impedance.zarc_time_constant(resistance, prefactor, exponent)
    frequencies = top * np.array([0.9, 1.0, 1.1])
    z = impedance.zarc(frequencies, resistance, prefactor, exponent)
    assert -z[1].imag > -z[0].imag
    assert -z[1].imag > -z[2].imag
    assert z[1].real == near(resistance / 2, rel=1e-9)
    assert -z[1].imag == near(resistance / 2 * math.tan(exponent * math.pi / 4), rel=1e-9)


@given(**parameters)
def test_arc_is_resistor_parallel_to_the_element(resistance, prefactor, exponent):
    frequencies = np.logspace(-1, 6, 12)
    element = impedance.constant_phase_element(frequencies, prefactor, exponent)
    z = impedance.zarc(frequencies, resistance, prefactor, exponent)
    assert 1 / z == near(1 / resistance + 1 / element, rel=1e-11)
    assert impedance.zarc(np.zeros(1), resistance, prefactor, exponent)[0] == resistance


def test_exponent_one_is_a_capacitor():
    frequencies = np.logspace(0, 5, 6)
    assert impedance.constant_phase_element(frequencies, 2e-6, 1.0) == near(1 / (1j * frequencies * 2e-6), rel=1e-12)
    assert impedance.zarc(frequencies, 10.0, 2e-6, 1.0) == near(10 / (1 + 2e-5j * frequencies), rel=1e-12)
    assert impedance.hsu_mansfeld_capacitance(10.0, 2e-6, 1.0) == near(2e-6, rel=1e-13)
    assert impedance.brug_capacitance(10.0, 3.0, 2e-6, 1.0) == near(2e-6, rel=1e-13)


@given(**parameters)
def test_constant_phase(resistance, prefactor, exponent):
    z = impedance.constant_phase_element(np.logspace(-2, 6, 5), prefactor, exponent)
    assert np.angle(z) == near(-exponent * math.pi / 2, rel=1e-12)


@given(**parameters)
def test_effective_capacitances(resistance, prefactor, exponent):
    film = impedance.hsu_mansfeld_capacitance(resistance, prefactor, exponent)
    time = impedance.zarc_time_constant(resistance, prefactor, exponent)
    assert film * resistance == near(time, rel=1e-12)
    assert film == near(prefactor ** (1 / exponent) * resistance ** (1 / exponent - 1), rel=1e-9)
    # without series resistance in the way of the parallel one, Brug's formula is Hsu and Mansfeld's
    assert impedance.brug_capacitance(resistance, 1e15, prefactor, exponent) == near(film, rel=1e-9)
    blocking = impedance.brug_capacitance(math.inf, 7.0, prefactor, exponent)
    assert blocking == near(prefactor ** (1 / exponent) * 7.0 ** (1 / exponent - 1), rel=1e-9)


@pytest.mark.parametrize("exponent", [0.6, 0.8, 0.95])
def test_relaxation_distribution_of_the_arc(exponent):
    resistance, prefactor = 50.0, 1e-5
    centre = impedance.zarc_time_constant(resistance, prefactor, exponent)
    log_time = np.linspace(-60, 60, 24001)
    times = centre * np.exp(log_time)
    density = impedance.zarc_relaxation_distribution(times, resistance, centre, exponent)
    step = log_time[1] - log_time[0]
    assert density.sum() * step == near(resistance, rel=1e-9)
    assert times[np.argmax(density)] == near(centre, rel=1e-9)
    frequencies = np.array([0.01, 1.0, 30.0]) / centre
    composed = (density / (1 + 1j * np.outer(frequencies, times))).sum(axis=1) * step
    assert composed == near(impedance.zarc(frequencies, resistance, prefactor, exponent), rel=1e-8)


@pytest.mark.parametrize("contact_fraction", [1.0, 0.3, 0.01])
def test_loss_of_area_leaves_the_time_constant(contact_fraction):
    fresh = impedance.zarc_time_constant(12e-4, 0.1, 0.85)
    worn = impedance.zarc_time_constant(12e-4 / contact_fraction, 0.1 * contact_fraction, 0.85)
    assert worn == near(fresh, rel=1e-13)
