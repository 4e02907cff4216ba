"""Composition law of the hybrid anode: from ratio and kind of the particles to its interface parameters."""

import numpy as np

from natrode.errors import SpecificationError
from natrode.physics._types import FloatOrArray
from natrode.physics.percolation import isolated_sphere_area_ratio

_RESOLVED_VOLUME_FRACTIONS = np.array([0.0, 0.0276, 0.0538, 0.0865, 0.1244, 0.15, 0.18, 0.2213, 0.25])
_RESOLVED_NECKED_AREA_RATIOS = np.array([1.0, 1.05, 1.10, 1.16, 1.28, 1.44, 1.71, 2.4, 3.4])


def insulating_area_ratio(volume_fraction: FloatOrArray) -> FloatOrArray:
    """Reaction area of a mixture with particles that conduct no ions: they only cover a part of the pellet.

    Args:
        volume_fraction: phi of the particles, scalar or array [-].

    Returns:
        A_r, shape of `volume_fraction` [-].

    Formula:
        A_r = 1 - phi.

    Validity: random mixture cut by the pellet's plane.

    Source: stereology (area fraction of a plane section = volume fraction); its use here `assumed`.
    """
    return 1.0 - volume_fraction


def necked_area_ratio(volume_fraction: FloatOrArray) -> FloatOrArray:
    """Reaction area next to the pellet of a random mixture whose spheres join at necks of 15 % of the
    diameter.

    Args:
        volume_fraction: phi of the ion-conducting particles, scalar or array [-], at most 0.25.

    Returns:
        A_r, shape of `volume_fraction` [-]; the upper bound beside `percolation.isolated_sphere_area_ratio`.

    Raises:
        SpecificationError: above a volume fraction of 0.25, where the mixture percolates and no table reaches.

    Formula:
        linear interpolation in the table of resolved images; not below 1 + 2 phi.

    Validity: random mix, d = 1 um; 2.4 at 1:1 against 1.44 without necks.

    Source: natrode model notes F, resolved images 4 (hard spheres, 15 % neck), calculated on resolved images.
    """
    if np.any(np.asarray(volume_fraction) > _RESOLVED_VOLUME_FRACTIONS[-1]):
        raise SpecificationError(
            "the reaction area of a random mixture is known up to a ceramic volume fraction of 0.25: "
            "give the area ratio, or resolve the mixture with natrode.microstructure"
        )
    necked = np.interp(volume_fraction, _RESOLVED_VOLUME_FRACTIONS, _RESOLVED_NECKED_AREA_RATIOS)
    ratio: FloatOrArray = np.maximum(necked, isolated_sphere_area_ratio(volume_fraction))
    return ratio


def contact_fraction_range(pristine_contact_fraction: float, wetting_coating: bool) -> tuple[float, float]:
    """Range of the fresh contact fraction of a mixture, by what covers its particles.

    Args:
        pristine_contact_fraction: a0 of the metal without particles, scalar [-].
        wetting_coating: True for particles coated with SnO2, which metal wets; False for bare ones (ZrO2).

    Returns:
        (lowest, highest) a0 [-]: (1, 1) if the coating wets, else from that of the metal to 1.

    Formula:
        none: an assignment.

    Validity: mixtures of Adv. Energy Mater. 2022, 12, 2102579.

    Source: natrode model notes K2, `assumed`.
    """
    return (1.0, 1.0) if wetting_coating else (pristine_contact_fraction, 1.0)


def fresh_interface_resistance(
    contact_resistance: float, area_ratio: FloatOrArray, contact_fraction: float
) -> FloatOrArray:
    """Interface resistance of a fresh mixture.

    Args:
        contact_resistance: R_c per true contact area, scalar [Ohm m2].
        area_ratio: A_r, scalar or array [-].
        contact_fraction: a0, scalar [-].

    Returns:
        R0, shape of `area_ratio` [Ohm m2].

    Formula:
        R0 = R_c/(A_r a0).

    Validity: no film, no constriction.

    Source: natrode model notes C3, K2.
    """
    return contact_resistance / (area_ratio * contact_fraction)


def empirical_critical_current_density(
    volume_fraction: FloatOrArray,
    wetted_critical_current_density: float,
    gain_coefficient: float,
    hardening_coefficient: float,
    hardening_exponent: float,
) -> FloatOrArray:
    """EMPIRICAL surrogate of the critical current density of the ratio series; no prediction rests on it.

    Args:
        volume_fraction: phi, scalar or array [-].
        wetted_critical_current_density: CCD_w of wetted, unfilled metal, scalar [A/m2].
        gain_coefficient: B, lumps area and refill, scalar [-].
        hardening_coefficient: k of the hardness, scalar [-].
        hardening_exponent: q, scalar [-].

    Returns:
        CCD, shape of `volume_fraction` [A/m2].

    Formula:
        CCD = CCD_w (1 + B phi)(1 + k phi)^-q.

    Validity: a fit that passes through an optimum; phi <= 0.22.

    Source: natrode model notes C4, `assumed` (empirical).
    """
    gain = 1.0 + gain_coefficient * volume_fraction
    hardening = (1.0 + hardening_coefficient * volume_fraction) ** hardening_exponent
    critical: FloatOrArray = wetted_critical_current_density * gain / hardening
    return critical


def empirical_optimum_volume_fraction(
    gain_coefficient: float, hardening_coefficient: float, hardening_exponent: float
) -> float:
    """EMPIRICAL optimum of `empirical_critical_current_density`.

    Args:
        gain_coefficient: B, scalar [-], above k q.
        hardening_coefficient: k, scalar [-].
        hardening_exponent: q, scalar [-], above 1.

    Returns:
        phi of the highest CCD, scalar [-].

    Formula:
        phi = (B - k q)/(B k (q - 1)).

    Validity: B > k q and q > 1, else there is no optimum at phi > 0.

    Source: derivative of the surrogate; natrode model notes C4.
    """
    surplus = gain_coefficient - hardening_coefficient * hardening_exponent
    return surplus / (gain_coefficient * hardening_coefficient * (hardening_exponent - 1.0))


def empirical_coefficients(
    optimum_volume_fraction: float, gain: float, hardening_coefficient: float
) -> tuple[float, float]:
    """EMPIRICAL coefficients with which `empirical_critical_current_density` passes through a measured optimum.

    Args:
        optimum_volume_fraction: phi of the highest CCD, scalar [-].
        gain: highest CCD over that of wetted, unfilled metal, scalar [-], above 1.
        hardening_coefficient: k of the hardness, scalar [-].

    Returns:
        (B, q) [-]: gain coefficient and hardening exponent.

    Formula:
        B = k q/(1 - k phi (q - 1)), and q the root of (1 + B phi)(1 + k phi)^-q = gain.

    Validity: gain > 1; q lies between 1 and 1 + 1/(k phi), where B has no bound.

    Source: both conditions of the optimum; natrode model notes C4.
    """
    from scipy.optimize import brentq

    hardening = hardening_coefficient * optimum_volume_fraction

    def gain_coefficient(exponent: float) -> float:
        return hardening_coefficient * exponent / (1.0 - hardening * (exponent - 1.0))

    def excess(exponent: float) -> float:
        reached = (1.0 + gain_coefficient(exponent) * optimum_volume_fraction) * (1.0 + hardening) ** -exponent
        return float(np.log(reached / gain))

    exponent = float(brentq(excess, 1.0, 1.0 + (1.0 - 1e-9) / hardening, xtol=1e-12))
    return gain_coefficient(exponent), exponent
