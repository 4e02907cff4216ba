"""A deliberately plain symmetric cell (midpoint rule in the void thickness) that shares only the laws with natrode.

The tables of natrode model notes C3 and C3b were made with such a cell; the tests hold the laws to them.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

from natrode.physics import fracture, voids

from .helpers import MA_CM2, OHM_CM2, RECESSION, UM

contact_loss_factor = numba.njit(voids.contact_loss_factor)
replenishment_flux = numba.njit(voids.replenishment_flux)
void_growth_rate = numba.njit(voids.void_growth_rate)
damage_rate = numba.njit(fracture.damage_rate)


class Cell(NamedTuple):
    """Both electrodes alike; SI."""

    contact_fraction: float
    area_ratio: float
    contact_resistance: float
    replenishment: float
    void_capacity: float
    contact_shape: float
    refill_efficiency: float
    electrolyte_resistance: float
    crack_overpotential: float
    damage_exponent: float  # 0: short as soon as the overpotential reaches crack_overpotential
    damage_time: float
    lowest_voltage_of_failure: float

    def fresh_resistance(self) -> float:
        return self.contact_resistance / (self.area_ratio * self.contact_fraction)


def cell(a0: float, area_ratio: float, j_r: float, h_um: float, mu: float, chi: float, eta_c: float, n: float) -> Cell:
    """A cell in the units of natrode model notes: mA/cm2, um, V; R_c 4.8 and R_SE 39 Ohm cm2, tau 1 h."""
    return Cell(a0, area_ratio, 4.8 * OHM_CM2, j_r * MA_CM2, h_um * UM, mu, chi, 39.0 * OHM_CM2, eta_c, n, 3600.0, 5.0)


@numba.njit
def _resistance(c, thickness):
    factor = contact_loss_factor(thickness, c.void_capacity, c.contact_shape)
    return c.contact_resistance / (c.area_ratio * c.contact_fraction * max(factor, 1e-9))


@numba.njit
def _step(c, thickness, current, duration):
    deepest = c.void_capacity / c.contact_shape if c.contact_shape > 0.0 else math.inf
    middle = thickness
    for part in (0.5, 1.0):
        factor = contact_loss_factor(middle, c.void_capacity, c.contact_shape)
        flux = replenishment_flux(c.replenishment, c.area_ratio, c.contact_fraction, factor)
        rate = void_growth_rate(current, flux, c.refill_efficiency, RECESSION)
        middle = min(max(thickness + part * duration * rate, 0.0), deepest)
    return middle


@numba.njit
def _cycle(c, thickness, damage, current, charge, steps, rest):
    """One cycle in place; returns (0 alive, 1 short, 2 contact lost), hours until then, highest cell voltage."""
    duration = charge / current / steps
    highest = 0.0
    elapsed = 0.0
    for strip in range(2):
        plate = 1 - strip
        for _ in range(steps):
            plating = current * _resistance(c, thickness[plate])
            voltage = current * (c.electrolyte_resistance + _resistance(c, thickness[strip])) + plating
            highest = max(highest, voltage)
            if c.damage_exponent == 0.0:
                if plating >= c.crack_overpotential:
                    return 1, elapsed, highest
            else:
                rate = damage_rate(plating, c.crack_overpotential, c.damage_exponent, c.damage_time)
                damage[plate] += rate * duration
                if damage[plate] >= 1.0:
                    return 1, elapsed, highest
            if voltage >= c.lowest_voltage_of_failure:
                return 2, elapsed, highest
            thickness[strip] = _step(c, thickness[strip], current, duration)
            thickness[plate] = _step(c, thickness[plate], -current, duration)
            elapsed += duration
        for _ in range(10 if rest > 0.0 else 0):
            for electrode in range(2):
                thickness[electrode] = _step(c, thickness[electrode], 0.0, rest / 10)
        elapsed += rest
    return 0, elapsed, highest


@numba.njit
def first_failed_current(c, increment, charge, cycles_per_step, steps, failure):
    """Critical-current ramp; `failure` 0: any failure counts, 1: only a short."""
    thickness = np.zeros(2)
    damage = np.zeros(2)
    for k in range(1, 200):
        for _ in range(cycles_per_step):
            flag, _, _ = _cycle(c, thickness, damage, increment * k, charge, steps, 0.0)
            if flag == 1 or (flag == 2 and failure == 0):
                return increment * k
    return math.inf


@numba.njit
def cycling(c, current, charge, cycles, steps, rest):
    """Rows: highest voltage, lower and higher interface resistance, damage at the end of each cycle; flag, time."""
    thickness = np.zeros(2)
    damage = np.zeros(2)
    rows = np.zeros((cycles, 4))
    time = 0.0
    for k in range(cycles):
        flag, elapsed, voltage = _cycle(c, thickness, damage, current, charge, steps, rest)
        time += elapsed
        first, second = _resistance(c, thickness[0]), _resistance(c, thickness[1])
        rows[k] = (voltage, min(first, second), max(first, second), max(damage[0], damage[1]))
        if flag > 0:
            return rows[: k + 1], flag, time
    return rows, 0, time


@numba.njit
def stripping_voltages(c, current, duration, steps):
    """Voltage of a one-sided test at the start of each step; the plated side stays fresh."""
    voltages = np.zeros(steps)
    thickness = 0.0
    for k in range(steps):
        resistance = c.electrolyte_resistance + _resistance(c, thickness) + _resistance(c, 0.0)
        voltages[k] = current * resistance
        thickness = _step(c, thickness, current, duration / steps)
    return voltages
