import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import kinetics

from .helpers import MA_CM2, OHM_CM2, near, prints

currents = st.floats(1e-3, 1e4)


@given(st.floats(-1, 1), currents, st.floats(250, 400))
def test_symmetric_kinetics_and_its_inverse(overpotential, exchange, temperature):
    current = kinetics.butler_volmer_current_density(overpotential, exchange, temperature, 0.5)
    back = kinetics.butler_volmer_overpotential(current, exchange, temperature)
    assert back == near(overpotential, rel=1e-9, abs=1e-15)


@given(st.floats(-100, 100), currents)
def test_resistance_is_the_slope_of_the_overpotential(current, exchange):
    step = 1e-4 * (abs(current) + exchange)
    slope = (
        kinetics.butler_volmer_overpotential(current + step, exchange, 300.0)
        - kinetics.butler_volmer_overpotential(current - step, exchange, 300.0)
    ) / (2 * step)
    assert kinetics.butler_volmer_resistance(current, exchange, 300.0) == near(slope, rel=1e-6)


@given(st.floats(0.2, 0.8), currents)
def test_low_field_limit(transfer, exchange):
    resistance = kinetics.charge_transfer_resistance(exchange, 300.0)
    current = kinetics.butler_volmer_current_density(1e-7, exchange, 300.0, transfer)
    assert 1e-7 / current == near(resistance, rel=1e-5)
    assert kinetics.butler_volmer_resistance(0.0, exchange, 300.0) == near(resistance, rel=1e-14)
    assert kinetics.charge_transfer_resistance(resistance, 300.0) == near(exchange, rel=1e-14)


@pytest.mark.parametrize("transfer", [0.3, 0.5, 0.7])
def test_tafel_limit(transfer):
    for overpotential, error in ((0.12, 1e-2), (0.3, 1e-5)):
        current = kinetics.butler_volmer_current_density(overpotential, 2.0, ROOM_TEMPERATURE, transfer)
        tafel = kinetics.tafel_overpotential(current, 2.0, ROOM_TEMPERATURE, transfer)
        forward = 2.0 * math.exp(transfer * FARADAY * overpotential / (GAS_CONSTANT * ROOM_TEMPERATURE))
        assert abs(current / forward - 1) < error
        assert tafel == near(overpotential, rel=error)


def test_tafel_slope():
    assert prints(1e3 * kinetics.tafel_slope(ROOM_TEMPERATURE, 0.5), "118.3")
    decade = np.diff(kinetics.tafel_overpotential(np.array([10.0, 100.0]), 2.0, 300.0, 0.4))
    assert decade[0] == near(kinetics.tafel_slope(300.0, 0.4), rel=1e-13)


def test_asymmetric_rates_balance_at_equilibrium_and_obey_detailed_balance():
    forward = kinetics.butler_volmer_current_density(0.05, 1.0, 300.0, 0.3)
    mirrored = kinetics.butler_volmer_current_density(-0.05, 1.0, 300.0, 0.7)
    assert kinetics.butler_volmer_current_density(0.0, 1.0, 300.0, 0.3) == 0.0
    assert forward == near(-mirrored, rel=1e-13)


@pytest.mark.parametrize(
    ("exchange", "from_exchange", "measured", "ratio"),
    [
        (0.47, "54.7", 12.0, "4.6"),
        (1.08, "23.8", 3.5, "6.8"),
        (0.15, "171", 142.5, "1.2"),
        (0.52, "49", 13.6, "3.6"),
        (1.73, "14.9", None, None),
    ],
)
def test_exchange_currents_against_measured_resistances(exchange, from_exchange, measured, ratio):
    resistance = kinetics.charge_transfer_resistance(exchange * MA_CM2, ROOM_TEMPERATURE) / OHM_CM2
    assert prints(resistance, from_exchange)
    if measured is not None:
        assert prints(resistance / measured, ratio)


@pytest.mark.parametrize(("first", "second", "printed"), [(0.170, 0.216, "-23"), (0.034, 0.047, "-39")])
def test_rates_of_the_liquid_cells_are_not_activation_plus_ohm(first, second, printed):
    def ohmic(exchange, voltage, current):
        return (voltage - kinetics.symmetric_cell_voltage(current, exchange, 0.0, ROOM_TEMPERATURE)) / current

    def mismatch(log_exchange):
        exchange = math.exp(log_exchange)
        return ohmic(exchange, first, 1 * MA_CM2) - ohmic(exchange, second, 2 * MA_CM2)

    grid = np.linspace(math.log(1e-3), math.log(1e4), 400)
    values = [mismatch(x) for x in grid]
    crossings = [k for k in range(399) if values[k] * values[k + 1] < 0]
    roots = [math.exp(brentq(mismatch, grid[k], grid[k + 1])) for k in crossings]
    resistances = [ohmic(root, first, 1 * MA_CM2) / OHM_CM2 for root in roots]
    assert resistances
    assert all(resistance < 0 for resistance in resistances)
    assert any(prints(resistance, printed) for resistance in resistances), resistances


def test_symmetric_cell_voltage():
    linear = kinetics.symmetric_cell_voltage(1e-6, 5.0, 4e-3, ROOM_TEMPERATURE)
    resistance = 2 * kinetics.charge_transfer_resistance(5.0, ROOM_TEMPERATURE) + 4e-3
    assert linear == near(1e-6 * resistance, rel=1e-9)
