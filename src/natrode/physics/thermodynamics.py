"""Charge, mass and energy balances of metal, hybrid anode and cells."""

import math

import numpy as np

from natrode.constants import FARADAY, GAS_CONSTANT
from natrode.physics._types import FloatOrArray

SODIUM_PER_TIN_DIOXIDE = 7.75
"""Sodium that one SnO2 takes up: SnO2 + 7.75 Na -> 2 Na2O + 1/4 Na15Sn4 [-]."""
SODIUM_PER_TIN_DIOXIDE_AS_OXIDE = 4.0
"""The part of it that is lost for good, 2 Na2O [-]."""


def specific_capacity(molar_mass: float, electrons: float) -> float:
    """Charge per mass of a substance.

    Args:
        molar_mass: M, scalar [kg/mol].
        electrons: n per formula unit, scalar [-].

    Returns:
        q, scalar [C/kg].

    Formula:
        q = n F/M.

    Validity: complete reaction.

    Source: Faraday.
    """
    return electrons * FARADAY / molar_mass


def recession_per_charge(molar_volume: float, electrons: float) -> float:
    """Thickness of metal per charge: also the speed of its surface per current density.

    Args:
        molar_volume: Omega, scalar [m3/mol].
        electrons: z per atom, scalar [-].

    Returns:
        U, scalar [m3/C].

    Formula:
        U = Omega/(z F).

    Validity: dense metal, no side reaction.

    Source: Faraday; natrode model notes 0.
    """
    return molar_volume / (electrons * FARADAY)


def volume_fraction(mass_ratio: FloatOrArray, particle_density: float, metal_density: float) -> FloatOrArray:
    """Volume fraction of particles in a mixture of known mass ratio.

    Args:
        mass_ratio: r = mass of particles per mass of metal, scalar or array [-].
        particle_density: rho_p, scalar [kg/m3].
        metal_density: rho_m, scalar [kg/m3].

    Returns:
        phi, shape of `mass_ratio` [-].

    Formula:
        phi = (r/rho_p)/(r/rho_p + 1/rho_m).

    Validity: no pores, no reaction.

    Source: geometry; natrode model notes 0.
    """
    particles = mass_ratio / particle_density
    return particles / (particles + 1.0 / metal_density)


def mass_ratio(volume_fraction: FloatOrArray, particle_density: float, metal_density: float) -> FloatOrArray:
    """Mass ratio of particles to metal in a mixture of known volume fraction; inverse of `volume_fraction`.

    Args:
        volume_fraction: phi, scalar or array [-], below 1.
        particle_density: rho_p, scalar [kg/m3].
        metal_density: rho_m, scalar [kg/m3].

    Returns:
        r, shape of `volume_fraction` [-].

    Formula:
        r = phi rho_p/[(1 - phi) rho_m].

    Validity: no pores, no reaction.

    Source: geometry; natrode model notes 0.
    """
    return volume_fraction * particle_density / ((1.0 - volume_fraction) * metal_density)


def coated_density(coating_mass_fraction: float, coating_density: float, core_density: float) -> float:
    """Density of coated particles.

    Args:
        coating_mass_fraction: w of the coating in the powder, scalar [-].
        coating_density: rho_1, scalar [kg/m3].
        core_density: rho_2, scalar [kg/m3].

    Returns:
        rho, scalar [kg/m3].

    Formula:
        1/rho = w/rho_1 + (1 - w)/rho_2.

    Validity: dense coating.

    Source: geometry; natrode model notes 0.
    """
    return 1.0 / (coating_mass_fraction / coating_density + (1.0 - coating_mass_fraction) / core_density)


def consumed_metal_fraction(
    mass_ratio: FloatOrArray,
    oxide_mass_fraction: float,
    oxide_molar_mass: float,
    metal_molar_mass: float,
    metal_per_oxide: float,
) -> FloatOrArray:
    """Part of the metal that a reactive coating takes up when it is fully reduced.

    Args:
        mass_ratio: r = mass of coated particles per mass of metal, scalar or array [-].
        oxide_mass_fraction: w of the oxide in the coated particles, scalar [-].
        oxide_molar_mass: M_ox, scalar [kg/mol].
        metal_molar_mass: M, scalar [kg/mol].
        metal_per_oxide: nu, metal atoms per formula unit, scalar [-]; `SODIUM_PER_TIN_DIOXIDE` for SnO2.

    Returns:
        Fraction of the metal, shape of `mass_ratio` [-].

    Formula:
        x = nu r w M/M_ox.

    Validity: complete reaction, x <= 1.

    Source: stoichiometry; natrode model notes 0.
    """
    return metal_per_oxide * mass_ratio * oxide_mass_fraction * (metal_molar_mass / oxide_molar_mass)


def capacity_ratio(
    anode_mass: FloatOrArray,
    anode_capacity: float,
    cathode_loading: float,
    cathode_capacity: float,
    cathode_area: float,
) -> FloatOrArray:
    """Ratio N/P of the capacities of anode and cathode.

    Args:
        anode_mass: mass of metal, scalar or array [kg].
        anode_capacity: of the metal, scalar [C/kg].
        cathode_loading: mass of active material per area, scalar [kg/m2].
        cathode_capacity: of the active material, scalar [C/kg].
        cathode_area: A, scalar [m2].

    Returns:
        N/P, shape of `anode_mass` [-].

    Formula:
        N/P = m q_N/(L A q_P).

    Validity: all metal counts.

    Source: natrode model notes H.
    """
    return anode_mass * anode_capacity / (cathode_loading * cathode_area * cathode_capacity)


def metal_thickness(mass: FloatOrArray, density: float, area: float) -> FloatOrArray:
    """Thickness of a metal foil of known mass.

    Args:
        mass: m, scalar or array [kg].
        density: rho, scalar [kg/m3].
        area: A, scalar [m2].

    Returns:
        L, shape of `mass` [m].

    Formula:
        L = m/(rho A).

    Validity: dense, uniform foil.

    Source: geometry; natrode model notes H.
    """
    return mass / (density * area)


def reaction_voltage(reaction_gibbs_energy: float, electrons: float) -> float:
    """Equilibrium voltage of a cell from its reaction.

    Args:
        reaction_gibbs_energy: dG per formula of the reaction, scalar [J/mol].
        electrons: n per formula of the reaction, scalar [-].

    Returns:
        E, scalar [V].

    Formula:
        E = -dG/(n F).

    Validity: standard states.

    Source: Nernst; natrode model notes H.
    """
    return -reaction_gibbs_energy / (electrons * FARADAY)


def sodium_carbon_dioxide_gibbs_energy(
    carbonate_formation_energy: float, carbon_dioxide_formation_energy: float
) -> float:
    """Gibbs energy of 4 Na + 3 CO2 -> 2 Na2CO3 + C.

    Args:
        carbonate_formation_energy: dGf of Na2CO3, scalar [J/mol].
        carbon_dioxide_formation_energy: dGf of CO2, scalar [J/mol].

    Returns:
        dG per 4 electrons, scalar [J/mol].

    Formula:
        dG = 2 dGf(Na2CO3) - 3 dGf(CO2).

    Validity: standard states; dGf of Na2CO3 is given as -1044.4 (`unverified`) or -1048.1 kJ/mol (JANAF
        data).

    Source: Hess; natrode model notes H.
    """
    return 2.0 * carbonate_formation_energy - 3.0 * carbon_dioxide_formation_energy


def activity_from_voltage(voltage_shift: FloatOrArray, temperature: float, electrons: float) -> FloatOrArray:
    """Activity of a metal from the shift of its potential against the pure metal.

    Args:
        voltage_shift: dE, scalar or array [V]; positive if the metal is bound more strongly.
        temperature: T, scalar [K].
        electrons: z, scalar [-].

    Returns:
        Activity, shape of `voltage_shift` [-].

    Formula:
        a = exp(-z F dE/RT).

    Validity: equilibrium.

    Source: Nernst; natrode model notes E.
    """
    activity: FloatOrArray = np.exp(-electrons * FARADAY * voltage_shift / (GAS_CONSTANT * temperature))
    return activity


def oxygen_solubility(temperature: FloatOrArray) -> FloatOrArray:
    """Solubility of oxygen in liquid sodium.

    Args:
        temperature: T, scalar or array [K].

    Returns:
        Mass fraction of oxygen at saturation, shape of `temperature` [-].

    Formula:
        log10(C/wppm) = 6.257 - 2444.5/T.

    Validity: 400 to 825 K.

    Source: Noden 1973, Eichelberger 1968 (`unverified`); natrode model notes E.
    """
    fraction: FloatOrArray = 1e-6 * 10.0 ** (6.257 - 2444.5 / temperature)
    return fraction


def retention_per_cycle(initial_capacity: float, final_capacity: float, cycles: float) -> float:
    """Part of the capacity that survives one cycle, constant over a number of cycles.

    Args:
        initial_capacity: at the start, scalar [any unit].
        final_capacity: at the end, scalar [same unit].
        cycles: N between them, scalar [-].

    Returns:
        Retention per cycle, scalar [-].

    Formula:
        x = (Q_N/Q_0)^(1/N).

    Validity: the same relative loss in each cycle.

    Source: definition; natrode model notes H.
    """
    return math.exp(math.log(final_capacity / initial_capacity) / cycles)
