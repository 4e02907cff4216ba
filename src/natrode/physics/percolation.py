"""Percolation of the ceramic in a hybrid anode: thresholds, conductivity, area next to the pellet."""

import numpy as np

from natrode.physics._types import FloatOrArray

THRESHOLDS: dict[str, tuple[float, float]] = {
    "packed spheres": (0.16, 0.16),
    "overlapping spheres": (0.29, 0.29),
    "gaussian field": (0.13, 0.16),
    "segregated shells": (0.02, 0.05),
}
"""Lowest and highest volume fraction at which a morphology percolates [-]; Scher and Zallen 1970 and
natrode model notes F.
"""


def effective_conductivity(
    volume_fraction: FloatOrArray,
    conductivity: float,
    threshold: float,
    exponent: float = 2.0,
    neck_factor: float = 1.0,
) -> FloatOrArray:
    """Conductivity of a random network of ceramic in metal.

    Args:
        volume_fraction: phi of the ceramic, scalar or array [-].
        conductivity: sigma0 of the dense ceramic, scalar [S/m].
        threshold: phi_c of the morphology, see `THRESHOLDS`, scalar [-].
        exponent: t, scalar [-].
        neck_factor: g <= 1 for unsintered contacts, scalar [-].

    Returns:
        sigma_eff, shape of `volume_fraction` [S/m]; 0 below the threshold.

    Formula:
        sigma_eff = sigma0 g [(phi - phi_c)/(1 - phi_c)]^t.

    Validity: near the threshold; a sample much larger than the particles.

    Source: Kirkpatrick 1973 (`unverified`); natrode model notes F.
    """
    excess = np.maximum(volume_fraction - threshold, 0.0) / (1.0 - threshold)
    network: FloatOrArray = conductivity * neck_factor * excess**exponent
    return network


def segregated_threshold(particle_diameter: float, globule_size: float) -> float:
    """Volume fraction at which particles that coat globules of metal form a connected shell.

    Args:
        particle_diameter: d, scalar [m].
        globule_size: g, scalar [m].

    Returns:
        phi_c, scalar [-].

    Formula:
        phi_c = 0.95 d/g: the coverage phi g/(2 d) of the globules is then about 0.475.

    Validity: d << g; 0.45 to 0.5 in resolved images.

    Source: natrode model notes F, resolved images 4, calculated on resolved images.
    """
    return 0.95 * particle_diameter / globule_size


def isolated_sphere_area_ratio(volume_fraction: FloatOrArray) -> FloatOrArray:
    """Reaction area next to the pellet of a random mixture whose spheres touch the pellet but not each other.

    Args:
        volume_fraction: phi of the ceramic, scalar or array [-].

    Returns:
        A_r = reaction area per geometric area, shape of `volume_fraction` [-].

    Formula:
        A_r = (1 - phi) + 3 phi = 1 + 2 phi: the pellet's free part and the caps of the spheres that its
        plane cuts.

    Validity: below percolation, spheres of any size cut by the pellet's plane; 1.108 at 1:5, where resolved
        images give 1.10 to 1.11.

    Source: natrode model notes F, resolved images 4, derived again in the test.
    """
    return 1.0 + 2.0 * volume_fraction
