"""Creep of the metal: Norton's law, closing of voids, slowing by particles."""

import math

from natrode.constants import GAS_CONSTANT
from natrode.physics._types import FloatOrArray


def norton_strain_rate(stress: FloatOrArray, prefactor: float, exponent: float) -> FloatOrArray:
    """Strain rate of steady power-law creep.

    Args:
        stress: sigma, uniaxial or von Mises, scalar or array [Pa].
        prefactor: A, scalar [Pa^-n/s].
        exponent: n, scalar [-].

    Returns:
        eps', shape of `stress` [1/s].

    Formula:
        eps' = A sigma^n.

    Validity: sodium at room temperature: A = 0.53 MPa^-5/s, n = 5.0 (to 6.1).

    Source: Norton 1929; values Wang, Chang, Wolfenstine, Sakamoto 2020, Materialia 100792.
    """
    rate: FloatOrArray = prefactor * stress**exponent
    return rate


def flow_stress(strain_rate: FloatOrArray, prefactor: float, exponent: float) -> FloatOrArray:
    """Stress at which the metal creeps at a given rate; inverse of `norton_strain_rate`.

    Args:
        strain_rate: eps', scalar or array [1/s].
        prefactor: A, scalar [Pa^-n/s].
        exponent: n, scalar [-].

    Returns:
        sigma, shape of `strain_rate` [Pa].

    Formula:
        sigma = (eps'/A)^(1/n).

    Validity: as `norton_strain_rate`.

    Source: as `norton_strain_rate`.
    """
    stress: FloatOrArray = (strain_rate / prefactor) ** (1.0 / exponent)
    return stress


def creep_prefactor(
    reference_prefactor: float, activation_energy: float, temperature: float, reference_temperature: float
) -> float:
    """Norton prefactor at another temperature.

    Args:
        reference_prefactor: A0 at T0, scalar [Pa^-n/s].
        activation_energy: Q, scalar [J/mol].
        temperature: T, scalar [K].
        reference_temperature: T0, scalar [K].

    Returns:
        A, scalar [Pa^-n/s].

    Formula:
        A = A0 exp[-(Q/R)(1/T - 1/T0)].

    Validity: solid metal; Q = 44 kJ/mol for sodium.

    Source: Wang et al. 2020, Materialia 100792 (expected from self-diffusion there, not measured).
    """
    inverse_temperature = 1.0 / temperature - 1.0 / reference_temperature
    return reference_prefactor * math.exp(-activation_energy / GAS_CONSTANT * inverse_temperature)


def void_closing_rate(pressure: FloatOrArray, prefactor: float, exponent: float) -> FloatOrArray:
    """Relative rate at which a spherical void shrinks under hydrostatic pressure.

    Args:
        pressure: P, scalar or array [Pa].
        prefactor: A, scalar [Pa^-n/s].
        exponent: n, scalar [-].

    Returns:
        V'/V, shape of `pressure` [1/s], negative.

    Formula:
        V'/V = -(3/2) A (3P/(2n))^n.

    Validity: single void in unbounded metal, no deviatoric stress far away; exact for Norton creep.

    Source: Budiansky, Hutchinson, Slutsky 1982 (`unverified`; derived again in the test).
    """
    rate: FloatOrArray = -1.5 * prefactor * (1.5 * pressure / exponent) ** exponent
    return rate


def composite_creep_ratio(volume_fraction: FloatOrArray, exponent: float) -> FloatOrArray:
    """Creep rate of metal with rigid particles relative to that of the metal.

    Args:
        volume_fraction: phi of the particles, scalar or array [-].
        exponent: n of the metal, scalar [-].

    Returns:
        Ratio of rates at equal stress, shape of `volume_fraction` [-].

    Formula:
        s = m^((n+1)/(2n)) (1 - phi)^((n-1)/(2n)),  m = (1 + 1.5 phi)/(1 - phi);  ratio = s^-n.

    Validity: isotropic, well-bonded rigid particles; n = 1 gives s = m, n -> infinity sqrt(1 + 1.5 phi).

    Source: Ponte Castaneda, Suquet (variational estimate; `unverified`); natrode model notes C4.
    """
    hashin_shtrikman = (1.0 + 1.5 * volume_fraction) / (1.0 - volume_fraction)
    power = (exponent + 1.0) / (2.0 * exponent)
    relative_flow_stress = hashin_shtrikman**power * (1.0 - volume_fraction) ** (1.0 - power)
    ratio: FloatOrArray = relative_flow_stress**-exponent
    return ratio


def composite_hardness_ratio(volume_fraction: FloatOrArray, hardening_coefficient: float) -> FloatOrArray:
    """Hardness of metal with particles relative to that of the metal.

    Args:
        volume_fraction: phi of the particles, scalar or array [-].
        hardening_coefficient: k, scalar [-]; 4.5 +/- 1.

    Returns:
        H/H0, shape of `volume_fraction` [-].

    Formula:
        H/H0 = 1 + k phi.

    Validity: phi <= 0.22; creep then slows by (H/H0)^-n.

    Source: `assumed`, from a twofold hardness at 1:1 (Sci. Bull. 2021, 66, 179); Shore numbers are not MPa.
    """
    return 1.0 + hardening_coefficient * volume_fraction


def hardened_creep_ratio(volume_fraction: FloatOrArray, hardening_coefficient: float, exponent: float) -> FloatOrArray:
    """Creep rate of metal hardened by particles relative to that of the metal, from its measured hardness.

    Args:
        volume_fraction: phi of the particles, scalar or array [-].
        hardening_coefficient: k of `composite_hardness_ratio`, scalar [-].
        exponent: n of the metal, scalar [-].

    Returns:
        Ratio of rates at equal stress, shape of `volume_fraction` [-].

    Formula:
        ratio = (1 + k phi)^-n.

    Validity: phi <= 0.22; below `composite_creep_ratio`, because particles harden sodium more than the continuum
        estimate says.

    Source: Norton's law with the flow stress raised as the hardness; natrode model notes C4, `assumed`.
    """
    ratio: FloatOrArray = composite_hardness_ratio(volume_fraction, hardening_coefficient) ** -exponent
    return ratio
