"""Creep of the metal, fracture of the electrolyte and the statistics of its flaws."""

import math

from natrode.constants import GAS_CONSTANT
from natrode.physics import creep, fracture, vacancies
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import material_value
from natrode.reproduce.validation_laws.shared import number, parameters_of, truth
from natrode.units import read_quantity


def _sodium_flow_stress(rate: float) -> float:
    """Norton flow stress of sodium [Pa] at a strain rate [1/s]."""
    prefactor, exponent = (material_value("sodium", name) for name in ("creep_prefactor", "creep_exponent"))
    return float(creep.flow_stress(rate, prefactor, exponent))


@listed
def sodium_flow_stress(strain_rate: str) -> Computed:
    """Stress at which sodium creeps at a strain rate, by Norton's law.

    Args:
        strain_rate: with unit.

    Returns:
        sigma [MPa].

    Formula: sigma = (rate/A)^(1/n).

    Source: Wang, Chang, Wolfenstine, Sakamoto, Materialia 12 (2020) 100792.
    """
    value = _sodium_flow_stress(read_quantity(strain_rate, "rate")) / 1e6
    text = f"creep at {strain_rate} needs {value:.3f} MPa"
    return Computed(value, "MPa", "pressure", text, {"stress_mpa": value})


@listed
def lithium_over_sodium(strain_rate: str) -> Computed:
    """Strength of lithium over that of sodium.

    Args:
        strain_rate: of sodium's flow stress, with unit.

    Returns:
        Ratio [-].

    Formula: yield strength of lithium over (rate/A)^(1/n) of sodium.

    Source: Wang, Chang, Wolfenstine, Sakamoto, Materialia 12 (2020) 100792.
    """
    lithium, sodium = (
        material_value("lithium", "yield_strength"),
        _sodium_flow_stress(read_quantity(strain_rate, "rate")),
    )
    ratio = lithium / sodium
    return number(ratio, f"{lithium / 1e6:.2f} MPa over {sodium / 1e6:.3f} MPa: {ratio:.2f}")


@listed
def self_diffusion_energy(temperature: str) -> Computed:
    """Activation energy of the self-diffusion of sodium at one temperature.

    Args:
        temperature: with unit.

    Returns:
        Q [kJ/mol].

    Formula: Q = R T^2 d ln D/dT of the sum of two exponentials.

    Source: Mundy 1971 (quoted from memory); compared with Wang et al., Materialia 12 (2020) 100792.
    """
    kelvin = read_quantity(temperature, "temperature")
    low, high = (math.log(float(vacancies.sodium_self_diffusivity(kelvin + step))) for step in (-0.5, 0.5))
    value = GAS_CONSTANT * kelvin**2 * (high - low) / 1e3
    text = f"self-diffusion has {value:.1f} kJ/mol at {temperature}"
    return Computed(value, "kJ/mol", "molar energy", text, {"energy_kj_mol": value})


@listed
def griffith_exponent() -> Computed:
    """Exponent of the flaw length in the critical current density, as natrode takes it.

    Returns:
        d ln J/d ln c [-].

    Formula: J = J0 (c/c0)^p.

    Source: compared with Lowack, arXiv 2603.20113 (2026).
    """
    one, two = (fracture.griffith_critical_current_density(length, 1.0, 1.0) for length in (1.0, 2.0))
    exponent = math.log(float(two / one)) / math.log(2.0)
    return number(exponent, f"twice the flaw has {two / one:.2f} times the critical current: exponent {exponent:.2f}")


@listed
def shorter_flaws_raise_current() -> Computed:
    """Whether shorter flaws raise the critical current density of plating.

    Returns:
        1 if they do.

    Formula: J = J0 (c/c0)^p.

    Source: compared with Nat. Energy (2025), 10.1038/s41560-025-01847-0.
    """
    exponent = griffith_exponent().value
    return truth(exponent < 0, f"the exponent of the flaw length is {exponent:.2f}", {"exponent": exponent})


@listed
def critical_current_spread(interface: str) -> Computed:
    """Ratio of the highest to the lowest critical current density of nominally equal cells, 5-95 %.

    Args:
        interface: name of the interface, which gives the Weibull modulus.

    Returns:
        J_95/J_5 [-].

    Formula: [ln(1 - 0.95)/ln(1 - 0.05)]^(1/m).

    Source: compared with an abstract of WCCM-ECCOMAS 2026 on a stochastic model.
    """
    modulus = parameters_of(interface)["flaw_modulus"]
    low, high = (float(fracture.weibull_quantile(p, 1.0, modulus, 1.0)) for p in (0.05, 0.95))
    ratio = high / low
    return number(ratio, f"Weibull modulus {modulus:g}: a factor {ratio:.2g} between the 5 % and 95 % cells")
