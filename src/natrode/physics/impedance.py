"""Impedance elements and what their parameters mean: constant-phase element, ZARC, capacitances."""

import math

import numpy as np

from natrode.physics._types import ComplexArray, FloatArray, FloatOrArray


def constant_phase_element(angular_frequency: FloatArray, prefactor: float, exponent: float) -> ComplexArray:
    """Impedance of a constant-phase element.

    Args:
        angular_frequency: w, array (N,) [rad/s], > 0.
        prefactor: Q, scalar [S s^n] or [S s^n/m2].
        exponent: n, scalar [-], 0 to 1.

    Returns:
        Z, array (N,) [Ohm] or [Ohm m2].

    Formula:
        Z = 1/(Q (j w)^n).

    Validity: n = 1 is a capacitor.

    Source: textbook (Orazem and Tribollet, Electrochemical Impedance Spectroscopy); natrode model notes G.
    """
    impedance = 1.0 / (prefactor * (1j * angular_frequency) ** exponent)
    return np.asarray(impedance, dtype=np.complex128)


def zarc(angular_frequency: FloatArray, resistance: float, prefactor: float, exponent: float) -> ComplexArray:
    """Impedance of a resistor parallel to a constant-phase element; a resistor and capacitor for exponent 1.

    Args:
        angular_frequency: w, array (N,) [rad/s], >= 0.
        resistance: R, scalar [Ohm] or [Ohm m2].
        prefactor: Q, scalar [S s^n] or [S s^n/m2].
        exponent: n, scalar [-], 0 to 1.

    Returns:
        Z, array (N,) [Ohm] or [Ohm m2].

    Formula:
        Z = R/(1 + R Q (j w)^n).

    Validity: linear, stationary.

    Source: Cole and Cole 1941; natrode model notes G.
    """
    impedance = resistance / (1.0 + resistance * prefactor * (1j * angular_frequency) ** exponent)
    return np.asarray(impedance, dtype=np.complex128)


def zarc_time_constant(resistance: FloatOrArray, prefactor: float, exponent: float) -> FloatOrArray:
    """Time constant of a ZARC, the inverse of the angular frequency at the top of its arc.

    Args:
        resistance: R, scalar or array [Ohm] or [Ohm m2].
        prefactor: Q, scalar [S s^n] or [S s^n/m2].
        exponent: n, scalar [-].

    Returns:
        tau, shape of `resistance` [s].

    Formula:
        tau = (R Q)^(1/n).

    Validity: n > 0.

    Source: Cole and Cole 1941; natrode model notes G.
    """
    time: FloatOrArray = (resistance * prefactor) ** (1.0 / exponent)
    return time


def zarc_relaxation_distribution(
    relaxation_time: FloatArray, resistance: float, time_constant: float, exponent: float
) -> FloatArray:
    """Distribution of relaxation times of a ZARC.

    Args:
        relaxation_time: tau, array (N,) [s].
        resistance: R, scalar [Ohm] or [Ohm m2].
        time_constant: tau_0 from `zarc_time_constant`, scalar [s].
        exponent: n, scalar [-], above 0, below 1.

    Returns:
        g, array (N,) [Ohm] or [Ohm m2], per unit of ln(tau); its integral over ln(tau) is R.

    Formula:
        g = (R/(2 pi)) sin(n pi)/[cosh(n ln(tau/tau_0)) + cos(n pi)].

    Validity: Z = integral of g/(1 + j w tau) d ln(tau).

    Source: Fuoss and Kirkwood 1941; Boukamp 2015 (`unverified`); checked in the test.
    """
    spread = np.cosh(exponent * np.log(relaxation_time / time_constant)) + math.cos(exponent * math.pi)
    distribution: FloatArray = resistance / (2.0 * math.pi) * math.sin(exponent * math.pi) / spread
    return distribution


def hsu_mansfeld_capacitance(resistance: FloatOrArray, prefactor: float, exponent: float) -> FloatOrArray:
    """Capacitance of a ZARC whose time constants are spread through a layer: tau/R.

    Args:
        resistance: R parallel to the element, scalar or array [Ohm] or [Ohm m2].
        prefactor: Q, scalar [S s^n] or [S s^n/m2].
        exponent: n, scalar [-].

    Returns:
        C, shape of `resistance` [F] or [F/m2].

    Formula:
        C = Q^(1/n) R^(1/n - 1).

    Validity: distribution normal to the surface (films, bulk, grain boundaries).

    Source: Hsu and Mansfeld 2001; natrode model notes G.
    """
    capacitance: FloatOrArray = (resistance * prefactor) ** (1.0 / exponent) / resistance
    return capacitance


def brug_capacitance(
    resistance: FloatOrArray, series_resistance: float, prefactor: float, exponent: float
) -> FloatOrArray:
    """Capacitance of a ZARC whose time constants are spread along a surface.

    Args:
        resistance: R parallel to the element, scalar or array [Ohm] or [Ohm m2]; infinite for a blocking
            electrode.
        series_resistance: R_s, scalar [Ohm] or [Ohm m2].
        prefactor: Q, scalar [S s^n] or [S s^n/m2].
        exponent: n, scalar [-].

    Returns:
        C, shape of `resistance` [F] or [F/m2].

    Formula:
        C = Q^(1/n) (1/R_s + 1/R)^((n - 1)/n).

    Validity: distribution along the surface (double layers).

    Source: Brug et al. 1984; natrode model notes G.
    """
    conductance = 1.0 / series_resistance + 1.0 / resistance
    capacitance: FloatOrArray = prefactor ** (1.0 / exponent) * conductance ** (1.0 - 1.0 / exponent)
    return capacitance
