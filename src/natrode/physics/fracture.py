"""From overpotential to pressure in a flaw, cracking of the electrolyte, damage, and their statistics."""

import numpy as np

from natrode.constants import FARADAY
from natrode.physics._types import FloatOrArray

EDGE_CRACK_FACTOR = 1.12
"""Geometry factor of a shallow edge crack [-]."""


def damage_rate(overpotential: float, crack_overpotential: float, damage_exponent: float, damage_time: float) -> float:
    """Rate of damage of the electrolyte on the plating side; the cell shorts when the damage reaches 1.

    Args:
        overpotential: eta at the plating interface, scalar [V].
        crack_overpotential: eta_c, scalar [V].
        damage_exponent: n, scalar [-].
        damage_time: tau, life at eta = eta_c, scalar [s].

    Returns:
        dD/dt, scalar [1/s]; 0 for eta <= 0.

    Formula:
        D' = (eta/eta_c)^n / tau.

    Validity: subcritical growth without healing; n -> infinity is the trigger eta >= eta_c.

    Source: natrode model notes C3b; `assumed` (eta_c 0.05 to 0.25 V, n 3 to 8, tau 1 h is a unit).
    """
    if overpotential <= 0.0:
        return 0.0
    return float((overpotential / crack_overpotential) ** damage_exponent / damage_time)


def plating_pressure(overpotential: FloatOrArray, molar_volume: float) -> FloatOrArray:
    """Largest pressure that plating at an overpotential can build up in a filled flaw.

    Args:
        overpotential: eta, local, scalar or array [V].
        molar_volume: Omega of the metal, scalar [m3/mol].

    Returns:
        P_max, shape of `overpotential` [Pa].

    Formula:
        P_max = F |eta|/Omega.

    Validity: no flow of metal out of the flaw; one electron.

    Source: Porz et al. 2017 (`unverified`); natrode model notes D1.
    """
    return FARADAY * abs(overpotential) / molar_volume


def crack_pressure(flaw_size: FloatOrArray, fracture_toughness: float) -> FloatOrArray:
    """Pressure in a surface flaw at which it grows.

    Args:
        flaw_size: c, depth of the flaw, scalar or array [m].
        fracture_toughness: K_IC, scalar [Pa sqrt(m)].

    Returns:
        P, shape of `flaw_size` [Pa].

    Formula:
        P = K_IC/(1.12 sqrt(pi c)).

    Validity: shallow edge crack, uniform pressure on its faces, linear elasticity.

    Source: Porz et al. 2017, Klinsmann et al. 2019 (`unverified`); natrode model notes D1.
    """
    pressure: FloatOrArray = fracture_toughness / (EDGE_CRACK_FACTOR * np.sqrt(np.pi * flaw_size))
    return pressure


def crack_overpotential(flaw_size: FloatOrArray, fracture_toughness: float, molar_volume: float) -> FloatOrArray:
    """Overpotential whose plating pressure makes a surface flaw grow.

    Args:
        flaw_size: c, scalar or array [m].
        fracture_toughness: K_IC, scalar [Pa sqrt(m)].
        molar_volume: Omega of the metal, scalar [m3/mol].

    Returns:
        eta_c, shape of `flaw_size` [V].

    Formula:
        eta_c = Omega K_IC/(1.12 F sqrt(pi c)).

    Validity: as `plating_pressure` and `crack_pressure`.

    Source: natrode model notes D1.
    """
    return crack_pressure(flaw_size, fracture_toughness) * (molar_volume / FARADAY)


def critical_flaw_size(overpotential: FloatOrArray, fracture_toughness: float, molar_volume: float) -> FloatOrArray:
    """Smallest surface flaw that grows at an overpotential; inverse of `crack_overpotential`.

    Args:
        overpotential: eta, scalar or array [V].
        fracture_toughness: K_IC, scalar [Pa sqrt(m)].
        molar_volume: Omega of the metal, scalar [m3/mol].

    Returns:
        c, shape of `overpotential` [m].

    Formula:
        c = (Omega K_IC/(1.12 F eta))^2/pi.

    Validity: as `crack_overpotential`.

    Source: natrode model notes D1.
    """
    reduced_toughness = fracture_toughness / (EDGE_CRACK_FACTOR * plating_pressure(overpotential, molar_volume))
    return reduced_toughness**2 / np.pi


def griffith_critical_current_density(
    flaw_length: FloatOrArray,
    reference_current_density: float,
    reference_length: float,
    exponent: float = -1.5,
) -> FloatOrArray:
    """Current density at which the longest thin defect starts a dendrite.

    Args:
        flaw_length: c_max, scalar or array [m].
        reference_current_density: J0 at the reference length, scalar [A/m2].
        reference_length: c0, scalar [m].
        exponent: p, scalar [-]; -3/2 by default, +3/2 is what the abstract prints.

    Returns:
        J_crit, shape of `flaw_length` [A/m2].

    Formula:
        J_crit = J0 (c_max/c0)^p.

    Validity: one material and temperature.

    Source: Lowack et al. 2026, arXiv 2603.20113 (|p| = 3/2); its sign is `assumed`: a longer flaw must be
        weaker.
    """
    current_density: FloatOrArray = reference_current_density * (flaw_length / reference_length) ** exponent
    return current_density


def weibull_failure_probability(
    current_density: FloatOrArray,
    scale_current_density: float,
    weibull_modulus: float,
    relative_area: float,
) -> FloatOrArray:
    """Probability that a cell has failed at or below a current density (weakest link).

    Args:
        current_density: J, scalar or array [A/m2].
        scale_current_density: J0 of the reference area, scalar [A/m2].
        weibull_modulus: m, scalar [-], 2 to 4.
        relative_area: A/A0, electrode area by the reference area, scalar [-].

    Returns:
        F, shape of `current_density` [-].

    Formula:
        F = 1 - exp[-(A/A0)(J/J0)^m].

    Validity: independent flaws, the weakest decides.

    Source: Weibull 1951; for critical currents Lowack et al. 2026, arXiv 2603.20113; natrode model notes D3.
    """
    hazard = relative_area * (current_density / scale_current_density) ** weibull_modulus
    probability: FloatOrArray = -np.expm1(-hazard)
    return probability


def weibull_quantile(
    probability: FloatOrArray, scale: float, weibull_modulus: float, relative_area: float
) -> FloatOrArray:
    """Value below which a given share of cells has failed; inverse of `weibull_failure_probability`.

    Args:
        probability: F, scalar or array [-], 0 to 1.
        scale: value of the reference area at F = 1 - 1/e, scalar [any unit].
        weibull_modulus: m, scalar [-].
        relative_area: A/A0, scalar [-].

    Returns:
        Quantile, shape of `probability` [unit of `scale`].

    Formula:
        J = J0 [-ln(1 - F)/(A/A0)]^(1/m).

    Validity: as `weibull_failure_probability`.

    Source: Weibull 1951.
    """
    quantile: FloatOrArray = scale * (-np.log1p(-probability) / relative_area) ** (1.0 / weibull_modulus)
    return quantile


def largest_flaw_quantile(
    probability: FloatOrArray, reference_size: float, tail_exponent: float, relative_area: float
) -> FloatOrArray:
    """Size that the largest flaw of an electrode stays below with a given probability.

    The crack overpotential (c^-1/2) of such flaws is Weibull distributed with modulus 2k, and a critical
    current c^p with modulus k/|p|.

    Args:
        probability: u, scalar or array [-], 0 to 1.
        reference_size: c0, exceeded with probability 1 - 1/e on the reference area, scalar [m].
        tail_exponent: k of the power-law tail of flaw sizes, scalar [-].
        relative_area: A/A0, scalar [-].

    Returns:
        c, shape of `probability` [m].

    Formula:
        P(c_max <= c) = exp[-(A/A0)(c/c0)^-k];  c = c0 [(A/A0)/(-ln u)]^(1/k).

    Validity: independent flaws with a power-law tail (Frechet).

    Source: extreme-value theory (Frechet 1927); its use here `assumed` (natrode model notes D3).
    """
    size: FloatOrArray = reference_size * (relative_area / -np.log(probability)) ** (1.0 / tail_exponent)
    return size
