"""Growth of an interphase and its resistance at rest, and what its unevenness does to the current."""

import math

import numpy as np
from scipy.special import hyp2f1, lambertw

from natrode.constants import FARADAY
from natrode.physics._types import FloatArray, FloatOrArray


def interphase_growth_rate(thickness: float, parabolic_rate_constant: float, final_thickness: float) -> float:
    """Rate of growth of an interphase, parabolic at first, that ends at a final thickness.

    Args:
        thickness: delta, scalar [m], > 0.
        parabolic_rate_constant: k_p, scalar [m2/s].
        final_thickness: delta_inf, scalar [m]; infinite for a mixed conductor that never stops.

    Returns:
        d(delta)/dt, scalar [m/s].

    Formula:
        delta' = (k_p/delta)(1 - delta/delta_inf).

    Validity: diffusion through the layer is slower than the reaction; delta(0) > 0.

    Source: Wagner's parabolic growth, the saturation `assumed`; natrode model notes E.
    """
    return parabolic_rate_constant * (1.0 / thickness - 1.0 / final_thickness)


def interphase_growth_time(
    thickness: FloatOrArray, parabolic_rate_constant: float, final_thickness: float
) -> FloatOrArray:
    """Time that an interphase needs to grow from nothing to a thickness.

    Args:
        thickness: delta, scalar or array [m], below delta_inf.
        parabolic_rate_constant: k_p, scalar [m2/s].
        final_thickness: delta_inf, scalar [m], finite.

    Returns:
        t, shape of `thickness` [s].

    Formula:
        k_p t = -delta_inf delta - delta_inf^2 ln(1 - delta/delta_inf).

    Validity: as `interphase_growth_rate`; early delta = sqrt(2 k_p t).

    Source: natrode model notes E.
    """
    relative = thickness / final_thickness
    # -x - ln(1 - x) without its cancellation at small x
    reduced_time = np.multiply(0.5 * relative**2, hyp2f1(1.0, 2.0, 3.0, relative))
    time: FloatOrArray = final_thickness**2 / parabolic_rate_constant * reduced_time
    return time


def interphase_thickness(time: FloatArray, parabolic_rate_constant: float, final_thickness: float) -> FloatArray:
    """Thickness of an interphase after a time of growth from nothing; inverse of `interphase_growth_time`.

    Args:
        time: t, array (N,) [s], >= 0.
        parabolic_rate_constant: k_p, scalar [m2/s].
        final_thickness: delta_inf, scalar [m]; infinite gives sqrt(2 k_p t).

    Returns:
        delta, array (N,) [m].

    Formula:
        delta = delta_inf [1 + W(-exp(-1 - k_p t/delta_inf^2))], W the principal Lambert function.

    Validity: as `interphase_growth_rate`.

    Source: inverse of natrode model notes E, derived here; relative error below 1e-11.
    """
    parabolic: FloatArray = np.sqrt(2.0 * parabolic_rate_constant * time)
    if math.isinf(final_thickness):
        return parabolic
    x = parabolic / final_thickness
    # expansion of 1 + W about its branch point, where the closed form cancels
    series = x * (1.0 + x * (-1 / 3 + x * (1 / 36 + x * (1 / 270 + x * (1 / 4320 - x / 17010)))))
    argument: FloatArray = -np.exp(-1.0 - 0.5 * x**2)
    closed = 1.0 + lambertw(argument, 0).real
    thickness: FloatArray = final_thickness * np.where(x < 0.03, series, closed)
    return thickness


def parabolic_rate_constant(
    electronic_conductivity: float,
    ionic_conductivity: float,
    molar_volume: float,
    driving_voltage: float,
    electrons: float,
) -> float:
    """Parabolic rate constant of a mixed-conducting interphase.

    Args:
        electronic_conductivity: sigma_e of the layer, scalar [S/m].
        ionic_conductivity: sigma_i of the layer, scalar [S/m].
        molar_volume: V_m of the layer per formula unit, scalar [m3/mol].
        driving_voltage: dE across the layer, scalar [V].
        electrons: n transferred per formula unit, scalar [-].

    Returns:
        k_p of delta' = k_p/delta, scalar [m2/s].

    Formula:
        k_p = sigma V_m dE/(n F),  sigma = sigma_e sigma_i/(sigma_e + sigma_i).

    Validity: conductivities constant across the layer.

    Source: Wagner; natrode model notes E.
    """
    ambipolar = electronic_conductivity * ionic_conductivity / (electronic_conductivity + ionic_conductivity)
    return ambipolar * molar_volume * driving_voltage / (electrons * FARADAY)


def saturating_resistance(time: FloatOrArray, final_resistance: float, time_constant: float) -> FloatOrArray:
    """Resistance of an interphase that grows with the root of time at first and then saturates.

    Args:
        time: t, scalar or array [s].
        final_resistance: R_inf, scalar [Ohm m2].
        time_constant: tau, scalar [s].

    Returns:
        R, shape of `time` [Ohm m2].

    Formula:
        R = R_inf [1 - exp(-sqrt(t/tau))].

    Validity: a fit, no mechanism.

    Source: natrode model notes E, empirical (`assumed`).
    """
    resistance: FloatOrArray = -final_resistance * np.expm1(-np.sqrt(time / time_constant))
    return resistance


def runaway_resistance(time: FloatOrArray, initial_resistance: float, growth_rate: float) -> FloatOrArray:
    """Resistance of an interphase whose growth feeds itself: bare sodium in the succinonitrile electrolyte.

    Args:
        time: t, scalar or array [s].
        initial_resistance: R0, scalar [Ohm m2].
        growth_rate: k, scalar [1/s].

    Returns:
        R, shape of `time` [Ohm m2].

    Formula:
        R = R0 exp(k t).

    Validity: a fit to one datum (10 V at 0.1 mA/cm2 after 16 h, Chem. Sci. 2019, 10, 4306), no mechanism.

    Source: natrode model notes E, K2, `assumed`.
    """
    resistance: FloatOrArray = initial_resistance * np.exp(growth_rate * time)
    return resistance


def linear_resistance(time: FloatOrArray, initial_resistance: float, growth_rate: float) -> FloatOrArray:
    """Resistance of a slowly growing interphase: NaF-coated sodium in the succinonitrile electrolyte.

    Args:
        time: t, scalar or array [s].
        initial_resistance: R0, scalar [Ohm m2].
        growth_rate: s, scalar [Ohm m2/s].

    Returns:
        R, shape of `time` [Ohm m2].

    Formula:
        R = R0 + s t.

    Validity: a fit to two data (80 and 150 mV at 0.1 mA/cm2, 0 and 4000 h, Chem. Sci. 2019, 10, 4306).

    Source: natrode model notes E, K2, `assumed`.
    """
    return initial_resistance + growth_rate * time


def parallel_resistance(resistances: FloatArray, area_fractions: FloatArray) -> float:
    """Resistance of patches in parallel under one potential drop.

    Args:
        resistances: R of each patch, array (N,) [Ohm m2].
        area_fractions: share of the area of each patch, array (N,) [-], sum 1.

    Returns:
        R_eff, scalar [Ohm m2].

    Formula:
        R_eff = 1/<1/R>.

    Validity: no lateral resistance between the patches.

    Source: Kirchhoff; natrode model notes E.
    """
    return 1.0 / float(np.sum(area_fractions / resistances))


def lognormal_effective_thickness(median_thickness: FloatOrArray, log_deviation: float) -> FloatOrArray:
    """Thickness of a uniform layer with the resistance of a lognormally uneven one.

    Args:
        median_thickness: delta_m, scalar or array [m].
        log_deviation: s, standard deviation of ln(delta), scalar [-].

    Returns:
        delta_eff, shape of `median_thickness` [m].

    Formula:
        delta_eff = 1/<1/delta> = delta_m exp(-s^2/2).

    Validity: parallel patches, one conductivity.

    Source: natrode model notes E.
    """
    return median_thickness * math.exp(-0.5 * log_deviation**2)


def lognormal_current_focusing(log_deviation: float, standard_deviations: FloatOrArray) -> FloatOrArray:
    """Local current density at a thin place of a lognormally uneven layer relative to the mean.

    Args:
        log_deviation: s, standard deviation of ln(delta), scalar [-].
        standard_deviations: z, how far ln(delta) lies below its median in units of s, scalar or array [-].

    Returns:
        i/<i>, shape of `standard_deviations` [-].

    Formula:
        i/<i> = (1/delta)/<1/delta> = exp(s z - s^2/2).

    Validity: parallel patches, one conductivity.

    Source: natrode model notes E.
    """
    focusing: FloatOrArray = np.exp(log_deviation * standard_deviations - 0.5 * log_deviation**2)
    return focusing


def oxygen_accumulation_rate(current_density: FloatOrArray, oxygen_fraction: float) -> FloatOrArray:
    """Rate at which oxygen dissolved in the metal is left at the interface when the metal is stripped.

    Args:
        current_density: i, scalar or array [A/m2].
        oxygen_fraction: x_O, oxygen per metal atom, scalar [-].

    Returns:
        dN_O/dt, shape of `current_density` [mol/m2/s].

    Formula:
        dN_O/dt = x_O i/F.

    Validity: no oxygen enters the electrolyte or diffuses back.

    Source: natrode model notes E, `assumed`.
    """
    return oxygen_fraction * current_density / FARADAY
