"""Cathodes: open-circuit voltages, diffusion in particles, growing products; and the balance of cathode and anode.

Functions of scalars call no other Python function, so that `numba.njit(function)` compiles them as they are and the
PyBaMM models trace them.
"""

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

_LEAST = 1e-12
END = 2e-5
"""Filling or vacancy from which on a logarithm is continued as a straight line (1300 V per unit at 25 degC).

The voltage so passes every cut-off at a filling that floating-point numbers still resolve."""


def two_phase_open_circuit_voltage(
    stoichiometry: float, plateau_voltage: float, solubility: float, thermal_voltage: float
) -> float:
    """Open-circuit voltage of a two-phase material: a plateau with the ends of a dilute solid solution, regularised.

    Args:
        stoichiometry: x = exchangeable sodium over its maximum, scalar [-], 0 charged, 1 discharged.
        plateau_voltage: U0, scalar [V].
        solubility: w, width of the solid solution at each end, scalar [-], > 0.
        thermal_voltage: RT/F, scalar [V].

    Returns:
        U, scalar [V], falling with x.

    Formula:
        U = U0 + (RT/F) [ln((1 - x)/(1 - x + w)) - ln(x/(x + w))]; ln y straight below y = 2e-5.

    Validity: w << 1; the true coexistence plateau is flat, here it leans by (RT/F) w/[x (1 - x)].

    Source: regular solution beyond its critical point, common tangent (natrode model notes H); `assumed` (w).
    """
    vacant, filled = 1.0 - stoichiometry, stoichiometry
    log_vacant = math.log(max(vacant, END)) + min(vacant - END, 0.0) / END
    log_filled = math.log(max(filled, END)) + min(filled - END, 0.0) / END
    widened = math.log((max(vacant, 0.0) + solubility) / (max(filled, 0.0) + solubility))
    return plateau_voltage + thermal_voltage * (log_vacant - log_filled - widened)


def two_plateau_open_circuit_voltage(
    depth: float,
    upper_voltage: float,
    lower_voltage: float,
    upper_share: float,
    step_width: float,
    thermal_voltage: float,
) -> float:
    """Open-circuit voltage of sulfur: a plateau of long polysulfides, one of short ones, and the two ends.

    Args:
        depth: sodium taken up over the maximum of the active sulfur, scalar [-].
        upper_voltage: U1, scalar [V].
        lower_voltage: U2, scalar [V].
        upper_share: s, share of the charge on the upper plateau, scalar [-].
        step_width: w, width of the step and of the ends, scalar [-].
        thermal_voltage: RT/F, scalar [V].

    Returns:
        U, scalar [V], falling with the depth.

    Formula:
        U = U2 + (U1 - U2)/(1 + exp(2 (d - s)/w)) + (RT/F) [ln((1 - d)/(1 - d + w)) - ln(d/(d + w))].

    Validity: a description of the two plateaus (2.27 and 1.76 V at 90 degC in PEO), no mechanism.

    Source: natrode model notes H; `assumed` (shape).
    """
    vacant, filled = 1.0 - depth, depth
    log_vacant = math.log(max(vacant, END)) + min(vacant - END, 0.0) / END
    log_filled = math.log(max(filled, END)) + min(filled - END, 0.0) / END
    widened = math.log((max(vacant, 0.0) + step_width) / (max(filled, 0.0) + step_width))
    step = (upper_voltage - lower_voltage) / (1.0 + math.exp(2.0 * (depth - upper_share) / step_width))
    return lower_voltage + step + thermal_voltage * (log_vacant - log_filled - widened)


def shrinking_core_factor(unreacted: float) -> float:
    """Resistance of the shell around a shrinking core over the shell's own scale.

    Args:
        unreacted: u, volume of the core over that of the particle, scalar [-], 0 to 1.

    Returns:
        u^(-1/3) - 1, scalar [-]: 0 for a particle that is all core.

    Formula:
        quasi-steady diffusion from radius R to the front r_c = R u^(1/3): c(R) - c(r_c) ~ i (1/r_c - 1/R).

    Validity: one front per particle, slow against diffusion through the shell; each half cycle starts a new shell at
        the surface, and what the half cycle before left inside counts as core.

    Source: Srinivasan and Newman 2004, J. Electrochem. Soc. 151, A1517 (quasi-steady limit; `unverified`).
    """
    return float(max(unreacted, _LEAST) ** (-1.0 / 3.0) - 1.0)


def product_film_resistance(charge: float, bare_resistance: float, charge_scale: float) -> float:
    """Resistance of a discharge product that electrons must tunnel through.

    Args:
        charge: q of product on the electrode, scalar [C] (or per mass, as `charge_scale`).
        bare_resistance: R0, scalar [Ohm m2].
        charge_scale: q0 in which the resistance grows e-fold, scalar, unit of `charge`.

    Returns:
        R, scalar [Ohm m2].

    Formula:
        R = R0 exp(q/q0).

    Validity: even film; `assumed` for Na2CO3 on carbon. The discharge ends where i R uses up the voltage.

    Source: Viswanathan et al. 2011, J. Chem. Phys. 135, 214704 (tunnelling through Li2O2), by analogy
        (`unverified`).
    """
    return bare_resistance * math.exp(min(charge / charge_scale, 200.0))


def single_particle_impedance(
    angular_frequency: FloatArray, voltage_slope: float, diffusion_time: float, capacity: float
) -> ComplexArray:
    """Diffusion impedance of spherical particles at a state of charge.

    Args:
        angular_frequency: omega, array (N,) [rad/s].
        voltage_slope: dU/dx at the surface, scalar [V], negative.
        diffusion_time: tau = R^2/D, scalar [s].
        capacity: Q of the electrode, scalar [C] (or per area [C/m2]).

    Returns:
        Z, array (N,) [Ohm] (or [Ohm m2]).

    Formula:
        Z = -(dU/dx) (tau/(3 Q)) tanh(s)/(s - tanh(s)),  s = sqrt(j omega tau).

    Validity: constant D, one particle size; low frequency: the capacity Q/(-dU/dx).

    Source: solution of the diffusion equation in a sphere; Meyers et al. 2000, J. Electrochem. Soc. 147, 2930
        (`unverified`).
    """
    root = np.sqrt(1j * angular_frequency * diffusion_time)
    tangent = np.tanh(root)
    impedance: ComplexArray = -voltage_slope * diffusion_time / (3.0 * capacity) * tangent / (root - tangent)
    return impedance


def emptying_voltage(filling: float, width: float, thermal_voltage: float) -> float:
    """Rise of the voltage where the last of a product is decomposed.

    Args:
        filling: x, product that is left over its maximum, scalar [-].
        width: w, filling at which the rise begins, scalar [-].
        thermal_voltage: RT/F, scalar [V].

    Returns:
        Rise, scalar [V], >= 0.

    Formula:
        -(RT/F) ln(x/(x + w)); ln x straight below a tenth of w.

    Validity: the end of a charge; elsewhere it vanishes as w/x.

    Source: as `two_phase_open_circuit_voltage`; `assumed`.
    """
    least = 0.1 * width
    logarithm = math.log(max(filling, least)) + min(filling - least, 0.0) / least
    return thermal_voltage * (math.log(max(filling, 0.0) + width) - logarithm)


def slope_overpotential(current: float, exchange_current: float, slope: float) -> float:
    """Overpotential with a slope of its own per e-fold of the current, linear below the exchange current.

    Args:
        current: i, scalar [A] (or per mass or area).
        exchange_current: i0, scalar, unit of `current`.
        slope: b, scalar [V].

    Returns:
        eta, scalar [V], with the sign of the current.

    Formula:
        eta = b asinh(i/(2 i0)).

    Validity: an empirical Tafel slope; b = 2RT/F is Butler-Volmer with transfer coefficient 1/2.

    Source: natrode model notes K2 (charge of the Na-CO2 cell, b = 0.144 V).
    """
    return slope * math.asinh(current / (2.0 * exchange_current))
