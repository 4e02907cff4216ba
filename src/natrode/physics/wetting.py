"""Wetting and adhesion of molten metal: Young, Young-Dupre, Wenzel, Cassie-Baxter, reactive wetting."""

import math

import numpy as np

from natrode.constants import GAS_CONSTANT
from natrode.physics._types import FloatOrArray


def young_contact_angle(
    solid_vapour_energy: FloatOrArray, solid_liquid_energy: float, surface_tension: float
) -> FloatOrArray:
    """Equilibrium contact angle on a flat, chemically uniform solid.

    Args:
        solid_vapour_energy: g_sv, scalar or array [J/m2].
        solid_liquid_energy: g_sl, scalar [J/m2].
        surface_tension: g_lv of the liquid, scalar [J/m2].

    Returns:
        theta, shape of `solid_vapour_energy` [rad]; 0 or pi where the equation has no solution.

    Formula:
        g_sv - g_sl = g_lv cos(theta).

    Validity: equilibrium, no pinning.

    Source: Young 1805; natrode model notes A.
    """
    cosine = (solid_vapour_energy - solid_liquid_energy) / surface_tension
    angle: FloatOrArray = np.arccos(np.clip(cosine, -1.0, 1.0))
    return angle


def work_of_adhesion(contact_angle: FloatOrArray, surface_tension: float) -> FloatOrArray:
    """Work of adhesion from a contact angle; at angle 0 only a lower bound of it.

    Args:
        contact_angle: theta, scalar or array [rad].
        surface_tension: g_lv of the liquid, scalar [J/m2].

    Returns:
        W_ad, shape of `contact_angle` [J/m2].

    Formula:
        W_ad = g_lv (1 + cos(theta)).

    Validity: equilibrium angle of a liquid: the tension of the liquid, not a surface energy of the solid.
        Not for a yield-stress slurry, whose angle is apparent.

    Source: Young and Dupre; natrode model notes A.
    """
    work: FloatOrArray = surface_tension * (1.0 + np.cos(contact_angle))
    return work


def contact_angle_from_work(work: FloatOrArray, surface_tension: float) -> FloatOrArray:
    """Contact angle that a work of adhesion implies; inverse of `work_of_adhesion`.

    Args:
        work: W_ad, scalar or array [J/m2].
        surface_tension: g_lv of the liquid, scalar [J/m2].

    Returns:
        theta, shape of `work` [rad]; 0 (complete spreading) for W_ad >= 2 g_lv.

    Formula:
        cos(theta) = W_ad/g_lv - 1.

    Validity: equilibrium; W_ad >= 0.

    Source: Young and Dupre; natrode model notes A.
    """
    angle: FloatOrArray = np.arccos(np.clip(work / surface_tension - 1.0, -1.0, 1.0))
    return angle


def spreading_coefficient(work: FloatOrArray, surface_tension: float) -> FloatOrArray:
    """Energy gained per area by spreading a film; the liquid spreads completely where it is not negative.

    Args:
        work: W_ad, scalar or array [J/m2].
        surface_tension: g_lv of the liquid, scalar [J/m2].

    Returns:
        S, shape of `work` [J/m2].

    Formula:
        S = W_ad - 2 g_lv.

    Validity: equilibrium.

    Source: textbook; natrode model notes A.
    """
    return work - 2.0 * surface_tension


def wenzel_contact_angle(contact_angle: FloatOrArray, roughness_ratio: float) -> FloatOrArray:
    """Apparent contact angle on a rough surface that the liquid fills completely.

    Args:
        contact_angle: theta on the flat surface, scalar or array [rad].
        roughness_ratio: r_w = true area per projected area, scalar [-], >= 1.

    Returns:
        theta*, shape of `contact_angle` [rad].

    Formula:
        cos(theta*) = r_w cos(theta), limited to -1..1.

    Validity: roughness small against the drop; above 90 degrees roughness makes wetting worse.

    Source: Wenzel 1936; natrode model notes A.
    """
    angle: FloatOrArray = np.arccos(np.clip(roughness_ratio * np.cos(contact_angle), -1.0, 1.0))
    return angle


def cassie_baxter_contact_angle(contact_angle: FloatOrArray, solid_fraction: float) -> FloatOrArray:
    """Apparent contact angle on a rough surface that the liquid bridges.

    Args:
        contact_angle: theta on the flat surface, scalar or array [rad].
        solid_fraction: f, wetted part of the projected area, scalar [-], 0 to 1.

    Returns:
        theta*, shape of `contact_angle` [rad].

    Formula:
        cos(theta*) = f (1 + cos(theta)) - 1.

    Validity: flat-topped asperities with gas between them.

    Source: Cassie and Baxter 1944; natrode model notes A.
    """
    angle: FloatOrArray = np.arccos(solid_fraction * (1.0 + np.cos(contact_angle)) - 1.0)
    return angle


def wetting_transition_angle(roughness_ratio: float, solid_fraction: float) -> float:
    """Contact angle of the flat surface above which bridging (Cassie-Baxter) is the stable state.

    Args:
        roughness_ratio: r_w, scalar [-], >= 1.
        solid_fraction: f, scalar [-], 0 to 1.

    Returns:
        theta_c, scalar [rad].

    Formula:
        cos(theta_c) = (f - 1)/(r_w - f).

    Validity: r_w > f.

    Source: equality of the Wenzel and Cassie-Baxter angles; natrode model notes A.
    """
    return math.acos((solid_fraction - 1.0) / (roughness_ratio - solid_fraction))


def sodium_surface_tension(temperature: FloatOrArray) -> FloatOrArray:
    """Surface tension of liquid sodium.

    Args:
        temperature: T, scalar or array [K].

    Returns:
        g_lv, shape of `temperature` [J/m2].

    Formula:
        g_lv = 0.2405 (1 - T/2503.7)^1.126.

    Validity: 371 K to 2503.7 K; about +/-0.010 J/m2 (a handbook has 0.192 at the melting point).

    Source: Fink and Leibowitz 1995, ANL/RE-95/2; coefficients `unverified`.
    """
    tension: FloatOrArray = 0.2405 * (1.0 - temperature / 2503.7) ** 1.126
    return tension


def reaction_extent(
    time: FloatOrArray, rate_prefactor: float, activation_energy: float, temperature: float
) -> FloatOrArray:
    """Extent of the first-order reaction at the interface that drives reactive wetting.

    Args:
        time: t, scalar or array [s].
        rate_prefactor: k0, scalar [1/s].
        activation_energy: Q, scalar [J/mol].
        temperature: T, scalar [K].

    Returns:
        X, shape of `time` [-], 0 to 1.

    Formula:
        X' = k (1 - X), k = k0 exp(-Q/RT);  X = 1 - exp(-k t).

    Validity: constant temperature, X(0) = 0.

    Source: after Eustathopoulos; natrode model notes A, `unverified`.
    """
    rate = rate_prefactor * math.exp(-activation_energy / (GAS_CONSTANT * temperature))
    extent: FloatOrArray = -np.expm1(-rate * time)
    return extent


def reactive_work_of_adhesion(
    extent: FloatOrArray, initial_work: float, work_change: float, reaction_energy: float
) -> FloatOrArray:
    """Work of adhesion of a reacting interface.

    Args:
        extent: X from `reaction_extent`, scalar or array [-].
        initial_work: W_0, scalar [J/m2].
        work_change: DW by the product layer, scalar [J/m2].
        reaction_energy: free energy of reaction per area while it runs, scalar [J/m2], negative if it gains.

    Returns:
        W_ad, shape of `extent` [J/m2].

    Formula:
        W_ad = W_0 + DW X - dG_r.

    Validity: the last term only while the reaction runs at the triple line.

    Source: after Eustathopoulos; natrode model notes A, `unverified`.
    """
    return initial_work + work_change * extent - reaction_energy


def relaxing_contact_angle(
    time: FloatOrArray, initial_angle: float, final_angle: float, relaxation_time: float
) -> FloatOrArray:
    """Contact angle that relaxes to its final value.

    Args:
        time: t, scalar or array [s].
        initial_angle: theta_0, scalar [rad].
        final_angle: theta_F, scalar [rad].
        relaxation_time: tau, scalar [s].

    Returns:
        theta, shape of `time` [rad].

    Formula:
        theta = theta_F + (theta_0 - theta_F) exp(-t/tau).

    Validity: after the inertial stage, `inertial_spreading_time`.

    Source: after Eustathopoulos; natrode model notes A, `unverified`.
    """
    angle: FloatOrArray = final_angle + (initial_angle - final_angle) * np.exp(-time / relaxation_time)
    return angle


def inertial_spreading_time(density: float, drop_radius: float, surface_tension: float) -> float:
    """Time that a drop needs to spread where only its inertia resists.

    Args:
        density: rho of the liquid, scalar [kg/m3].
        drop_radius: R, scalar [m].
        surface_tension: g_lv, scalar [J/m2].

    Returns:
        t_i, scalar [s].

    Formula:
        t_i = sqrt(rho R^3/g_lv).

    Validity: order of magnitude; low viscosity.

    Source: textbook; natrode model notes A.
    """
    return math.sqrt(density * drop_radius**3 / surface_tension)


def void_nucleation_factor(contact_angle: FloatOrArray) -> FloatOrArray:
    """Barrier of a void at the interface relative to one in the bulk of the metal.

    Args:
        contact_angle: theta of the metal on the electrolyte, scalar or array [rad].

    Returns:
        f, shape of `contact_angle` [-], 1 for complete wetting, 0 for none.

    Formula:
        f = (2 + cos(psi))(1 - cos(psi))^2/4,  psi = pi - theta.

    Validity: spherical cap, isotropic surface energies.

    Source: classical heterogeneous nucleation; natrode model notes A.
    """
    cosine = -np.cos(contact_angle)
    factor: FloatOrArray = (2.0 + cosine) * (1.0 - cosine) ** 2 / 4.0
    return factor
