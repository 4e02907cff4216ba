import math

import numpy as np
import pytest

from natrode.constants import ROOM_TEMPERATURE
from natrode.physics import creep, replenishment, vacancies, voids

from .helpers import MA_CM2, MPA, RECESSION, UM, near, prints

SLOPE = 0.278 * MA_CM2 / MPA
CELSIUS = 273.15


def factor(celsius, energy):
    return replenishment.replenishment_current_density(1.0, celsius + CELSIUS, ROOM_TEMPERATURE, energy, 0.0, SLOPE)


@pytest.mark.parametrize(
    ("energy", "factors"),
    [
        (replenishment.INTERFACE_ACTIVATION_ENERGY_EV, ("1.65", "1.77", "2.04")),
        (replenishment.CREEP_ACTIVATION_ENERGY_EV, ("5.0", "6.3", "9.9")),
        (0.13, ("1.59", "1.70", "1.94")),
        (0.15, ("1.71", "1.85", "2.15")),
        (0.10, ("1.43", "1.51", "1.67")),
    ],
)
def test_temperature_laws(energy, factors):
    for celsius, printed in zip((55, 60, 70), factors, strict=True):
        assert prints(factor(celsius, energy), printed)


def test_temperature_law_is_one_at_the_reference_and_arrhenius():
    assert factor(25.0, 0.14) == 1.0
    assert math.log(factor(70, 0.28)) == near(2 * math.log(factor(70, 0.14)), rel=1e-13)


def test_pressure_law_is_linear():
    def at(pressure):
        return replenishment.replenishment_current_density(1.0, 320.0, ROOM_TEMPERATURE, 0.14, pressure, SLOPE)

    assert at(9 * MPA) - at(4 * MPA) == near(at(5 * MPA) - at(0.0), rel=1e-13)
    assert at(9 * MPA) / at(0.0) == near(1 + 9 * MPA * SLOPE, rel=1e-13)


def test_anchor_of_the_slope():
    assert prints(2.5 / 9, "0.278")
    assert prints((1.0 - 0.1) / 0.278, "3.2")
    at_nine = replenishment.replenishment_current_density(
        0.1 * MA_CM2, ROOM_TEMPERATURE, ROOM_TEMPERATURE, 0.14, 9 * MPA, SLOPE
    )
    assert prints(voids.replenishment_flux(at_nine, 1.0, 0.4, 1.0) / MA_CM2, "1.0")


def test_threshold_law():
    pressures = np.array([0.0, 1.0, 3.0]) * MPA
    law = replenishment.threshold_replenishment(pressures, 0.5, SLOPE, 1 * MPA)
    assert law == near([0.5, 0.5, 0.5 + 2 * MPA * SLOPE], rel=1e-13)
    linear = replenishment.threshold_replenishment(2 * MPA, 0.5, SLOPE, 0.0)
    assert linear == near(
        replenishment.replenishment_current_density(0.5, 300.0, 300.0, 0.14, 2 * MPA, SLOPE), rel=1e-14
    )


def test_stress_driven_diffusion_explains_the_anchor_at_13_micrometres():
    diffusivity = vacancies.sodium_self_diffusivity(ROOM_TEMPERATURE)

    def slope(length):
        return replenishment.stress_driven_current_density(
            1 * MPA, diffusivity, length, ROOM_TEMPERATURE, vacancies.BCC_CORRELATION_FACTOR
        )

    length = UM * slope(UM) / (SLOPE * MPA)
    assert prints(length / UM, "13")
    assert slope(2 * length) == near(slope(length) / 2, rel=1e-13)


def test_capillary_drive_without_stack_pressure():
    pressure = replenishment.capillary_effective_pressure(0.0, 0.25, 1.4 * UM)
    assert prints(pressure / MPA, "0.36")
    assert prints(pressure * SLOPE / MA_CM2, "0.10")
    assert replenishment.capillary_effective_pressure(2 * MPA, 0.25, 1e9) == near(2 * MPA, rel=1e-12)


def test_confined_creep_takes_the_slower_law():
    pressures = np.array([0.1, 0.5, 1.0, 2.0, 9.0]) * MPA
    prefactor = 0.53 / MPA**5
    law = replenishment.confined_creep_current_density(pressures, 5 * UM, prefactor, 5.0, SLOPE, RECESSION)
    power_law = -creep.void_closing_rate(pressures, prefactor, 5.0) * 5 * UM / RECESSION
    assert law == near(np.minimum(power_law, SLOPE * pressures), rel=1e-13)
    assert law[0] < SLOPE * pressures[0]
    assert law[-1] == near(2.5 * MA_CM2, rel=1e-2)
