"""Charge-transfer kinetics: Butler-Volmer, its inverse, and its two limits."""

import math

import numpy as np

from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.physics._types import FloatOrArray


def butler_volmer_overpotential(current_density: float, exchange_current_density: float, temperature: float) -> float:
    """Overpotential of one interface at a given current density, symmetric kinetics.

    Args:
        current_density: i per reacting area, scalar [A/m2].
        exchange_current_density: i0 per reacting area, scalar [A/m2].
        temperature: T, scalar [K].

    Returns:
        eta, scalar [V], with the sign of i.

    Formula:
        eta = (2RT/F) asinh(i/(2 i0)).

    Validity: one electron, transfer coefficient 1/2, no concentration polarisation.

    Source: Bard and Faulkner, Electrochemical Methods, 2nd ed., eq. 3.4.11 solved for eta; natrode model notes G.
    """
    thermal_voltage = GAS_CONSTANT * temperature / FARADAY
    return 2.0 * thermal_voltage * math.asinh(current_density / (2.0 * exchange_current_density))


def butler_volmer_resistance(current_density: float, exchange_current_density: float, temperature: float) -> float:
    """Differential charge-transfer resistance of one interface at a given current density, symmetric
    kinetics.

    Args:
        current_density: i per reacting area, scalar [A/m2].
        exchange_current_density: i0 per reacting area, scalar [A/m2].
        temperature: T, scalar [K].

    Returns:
        d(eta)/d(i), scalar [Ohm m2].

    Formula:
        d(eta)/d(i) = (RT/F) / sqrt(i0^2 + i^2/4);  RT/(F i0) at i = 0.

    Validity: as `butler_volmer_overpotential`.

    Source: derivative of eta = (2RT/F) asinh(i/(2 i0)).
    """
    return GAS_CONSTANT * temperature / FARADAY / math.hypot(exchange_current_density, 0.5 * current_density)


def butler_volmer_current_density(
    overpotential: FloatOrArray,
    exchange_current_density: float,
    temperature: float,
    transfer_coefficient: float,
) -> FloatOrArray:
    """Current density of one interface at a given overpotential.

    Args:
        overpotential: eta, scalar or array [V].
        exchange_current_density: i0 per reacting area, scalar [A/m2].
        temperature: T, scalar [K].
        transfer_coefficient: alpha of the oxidation, scalar [-], 0 to 1.

    Returns:
        i per reacting area, shape of `overpotential` [A/m2].

    Formula:
        i = i0 [exp(alpha F eta/RT) - exp(-(1 - alpha) F eta/RT)].

    Validity: one electron, no concentration polarisation.

    Source: Bard and Faulkner, Electrochemical Methods, 2nd ed., eq. 3.4.11; natrode model notes F.
    """
    reduced = FARADAY * overpotential / (GAS_CONSTANT * temperature)
    oxidation = np.exp(transfer_coefficient * reduced)
    reduction = np.exp(-(1.0 - transfer_coefficient) * reduced)
    current_density: FloatOrArray = exchange_current_density * (oxidation - reduction)
    return current_density


def tafel_overpotential(
    current_density: FloatOrArray,
    exchange_current_density: float,
    temperature: float,
    transfer_coefficient: float,
) -> FloatOrArray:
    """Overpotential of one interface far from equilibrium, where the back reaction is negligible.

    Args:
        current_density: |i| per reacting area, scalar or array [A/m2].
        exchange_current_density: i0 per reacting area, scalar [A/m2].
        temperature: T, scalar [K].
        transfer_coefficient: alpha, scalar [-], 0 to 1.

    Returns:
        |eta|, shape of `current_density` [V].

    Formula:
        |eta| = (RT/(alpha F)) ln(|i|/i0).

    Validity: |eta| > 120 mV per interface, after correction for the ohmic drop (back reaction below 1 %).

    Source: Bard and Faulkner, Electrochemical Methods, 2nd ed., sect. 3.4.3; natrode model notes G.
    """
    slope = GAS_CONSTANT * temperature / (transfer_coefficient * FARADAY)
    overpotential: FloatOrArray = slope * np.log(current_density / exchange_current_density)
    return overpotential


def tafel_slope(temperature: float, transfer_coefficient: float) -> float:
    """Overpotential per decade of current density.

    Args:
        temperature: T, scalar [K].
        transfer_coefficient: alpha, scalar [-], 0 to 1.

    Returns:
        b, scalar [V per decade].

    Formula:
        b = ln(10) RT/(alpha F).

    Validity: as `tafel_overpotential`.

    Source: Bard and Faulkner, Electrochemical Methods, 2nd ed., sect. 3.4.3.
    """
    return math.log(10.0) * GAS_CONSTANT * temperature / (transfer_coefficient * FARADAY)


def charge_transfer_resistance(exchange_current_density: FloatOrArray, temperature: float) -> FloatOrArray:
    """Charge-transfer resistance of one interface near equilibrium; the same formula gives i0 from a
    resistance.

    Args:
        exchange_current_density: i0 per reacting area, scalar or array [A/m2] (or a resistance [Ohm m2]).
        temperature: T, scalar [K].

    Returns:
        R_ct, shape of `exchange_current_density` [Ohm m2] (or i0 [A/m2]).

    Formula:
        R_ct = RT/(F i0);  i0 = RT/(F R_ct).

    Validity: |eta| well below 2RT/F = 51 mV; one electron.

    Source: Bard and Faulkner, Electrochemical Methods, 2nd ed., eq. 3.4.13; natrode model notes F, G.
    """
    return GAS_CONSTANT * temperature / (FARADAY * exchange_current_density)


def symmetric_cell_voltage(
    current_density: float, exchange_current_density: float, ohmic_resistance: float, temperature: float
) -> float:
    """Voltage of a symmetric cell of two equal interfaces in series with an ohmic resistance.

    Args:
        current_density: i per reacting area, scalar [A/m2].
        exchange_current_density: i0 per reacting area, scalar [A/m2].
        ohmic_resistance: R of electrolyte and leads, scalar [Ohm m2].
        temperature: T, scalar [K].

    Returns:
        V, scalar [V].

    Formula:
        V = 2 (2RT/F) asinh(i/(2 i0)) + i R.

    Validity: equal interfaces, transfer coefficient 1/2.

    Source: natrode model notes G.
    """
    activation = butler_volmer_overpotential(current_density, exchange_current_density, temperature)
    return 2.0 * activation + current_density * ohmic_resistance
