"""Replenishment of the contact by flow of the metal, by temperature and pressure."""

import math

import numpy as np

from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT
from natrode.physics._types import FloatOrArray

INTERFACE_ACTIVATION_ENERGY_EV = 0.14
"""Of the critical current of voids in linear ramps, 0.13 to 0.15 eV (Lowack 2026, arXiv 2603.23340) [eV]."""
CREEP_ACTIVATION_ENERGY_EV = 0.45
"""Of creep and self-diffusion of sodium, 44 kJ/mol = 0.456 eV expected by Wang 2020, not measured [eV]."""


def replenishment_current_density(
    reference_value: float,
    temperature: float,
    reference_temperature: float,
    activation_energy_ev: float,
    stack_pressure: float,
    pressure_slope: float,
) -> float:
    """Replenishment current density at a temperature and pressure: thermally activated, linear in pressure.

    Args:
        reference_value: j_r at the reference temperature and zero pressure, scalar [A/m2].
        temperature: T, scalar [K].
        reference_temperature: T0, scalar [K].
        activation_energy_ev: E, scalar [eV]: `INTERFACE_...` or `CREEP_ACTIVATION_ENERGY_EV`.
        stack_pressure: P, scalar [Pa].
        pressure_slope: m_P at the reference temperature, scalar [A/m2/Pa].

    Returns:
        j_r(T, P), scalar [A/m2].

    Formula:
        j_r = (j_r0 + m_P P) exp[-(E/k)(1/T - 1/T0)].

    Validity: solid metal; one activation energy for both terms (`assumed`).

    Source: linear in P: Spencer Jolly et al. 2020, ACS AMI 12, 678 (Na on beta''-alumina), m_P = 0.278
        mA/cm2/MPa, an upper bound; T: Lowack et al. 2026, arXiv 2603.23340 (interface), Wang et al. 2020,
        Materialia 100792.
    """
    inverse_temperature = 1.0 / temperature - 1.0 / reference_temperature
    thermal = math.exp(-activation_energy_ev / BOLTZMANN_EV * inverse_temperature)
    return (reference_value + pressure_slope * stack_pressure) * thermal


def threshold_replenishment(
    stack_pressure: FloatOrArray, reference_value: float, pressure_slope: float, threshold_pressure: float
) -> FloatOrArray:
    """Replenishment current density that grows with pressure only above a threshold.

    Args:
        stack_pressure: P, scalar or array [Pa].
        reference_value: j_r below the threshold, scalar [A/m2].
        pressure_slope: m_P above it, scalar [A/m2/Pa].
        threshold_pressure: P_th, scalar [Pa]; 0 gives the linear law.

    Returns:
        j_r, shape of `stack_pressure` [A/m2].

    Formula:
        j_r = j_r0 + m_P max(P - P_th, 0).

    Validity: one temperature.

    Source: `assumed`; threshold behaviour reported in validation figure V46.
    """
    excess: FloatOrArray = np.maximum(stack_pressure - threshold_pressure, 0.0)
    return reference_value + pressure_slope * excess


def stress_driven_current_density(
    stack_pressure: FloatOrArray,
    self_diffusivity: float,
    diffusion_length: float,
    temperature: float,
    correlation_factor: float,
) -> FloatOrArray:
    """Current density fed by vacancies that flow down a stress gradient (Nabarro-Herring).

    Args:
        stack_pressure: P, scalar or array [Pa].
        self_diffusivity: D_self (tracer), scalar [m2/s].
        diffusion_length: L, spacing of voids or grains, scalar [m].
        temperature: T, scalar [K].
        correlation_factor: f, 0.7272 for bcc, scalar [-].

    Returns:
        i_P, shape of `stack_pressure` [A/m2].

    Formula:
        i_P = F D_self P/(f R T L).

    Validity: P Omega << RT; lattice diffusion only. Equals 0.278 mA/cm2/MPa at L = 13 um.

    Source: natrode model notes C2; `assumed` (the length).
    """
    mobility = self_diffusivity / (correlation_factor * GAS_CONSTANT * temperature)
    return FARADAY * mobility * stack_pressure / diffusion_length


def capillary_effective_pressure(stack_pressure: float, surface_energy: float, void_radius: float) -> float:
    """Pressure that closes a void: the stack pressure and the capillary pressure of its surface.

    Args:
        stack_pressure: P, scalar [Pa].
        surface_energy: gamma_s of solid metal, scalar [J/m2].
        void_radius: r, scalar [m].

    Returns:
        P_eff, scalar [Pa].

    Formula:
        P_eff = P + 2 gamma_s/r.

    Validity: spherical void.

    Source: Laplace; natrode model notes C2.
    """
    return stack_pressure + 2.0 * surface_energy / void_radius


def confined_creep_current_density(
    stack_pressure: FloatOrArray,
    void_thickness: float,
    creep_prefactor: float,
    creep_exponent: float,
    pressure_slope: float,
    recession_per_charge: float,
) -> FloatOrArray:
    """Current density fed by closing voids: power-law creep, limited by the linear flow of a confined foil.

    Args:
        stack_pressure: P, scalar or array [Pa].
        void_thickness: v, void volume per area, scalar [m].
        creep_prefactor: A of eps' = A sigma^n, scalar [Pa^-n/s].
        creep_exponent: n, scalar [-].
        pressure_slope: m_P of the confined foil, scalar [A/m2/Pa].
        recession_per_charge: U = Omega/(z F), scalar [m3/C].

    Returns:
        j, shape of `stack_pressure` [A/m2].

    Formula:
        j = min[(v/U)(3/2) A (3P/(2n))^n, m_P P].

    Validity: dilute voids; friction-confined foil at high pressure.

    Source: Budiansky, Hutchinson, Slutsky 1982 (rate of closing; `unverified`); the minimum is `assumed`
        (C2).
    """
    closing_rate = 1.5 * creep_prefactor * (1.5 * stack_pressure / creep_exponent) ** creep_exponent
    power_law = void_thickness / recession_per_charge * closing_rate
    current_density: FloatOrArray = np.minimum(power_law, pressure_slope * stack_pressure)
    return current_density
