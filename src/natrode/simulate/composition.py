"""The composition law of hybrid anodes: what another ratio of particles to metal makes of an interface."""

from natrode import materials
from natrode.errors import SimulationError
from natrode.physics import hybrid, percolation, thermodynamics

LARGEST_FRACTION = 0.25
"""Volume fraction of particles from which on a random mixture may percolate, and no table reaches."""


def composed(interface: materials.Interface, mass_ratio: float, where: str) -> dict[str, float]:
    """Return the parameters of an interface that follow from the ratio of its particles to its metal.

    Args:
        interface: of a mixture; its particles (`ceramic`) give density, and whether they conduct ions.
        mass_ratio: mass of particles per mass of metal [-].
        where: what an error names as the place.

    Returns:
        `particle_volume_fraction` and `area_ratio` [-]. Wetting (the contact fraction), the contact resistance and
        all else stay those of the interface: they were calibrated at pristine sodium and 1:5, or are assumed.

    Raises:
        SimulationError: an interface without particles, or more of them than the law reaches.

    Formula: phi = (r/rho_p)/(r/rho_p + 1/rho_m); A_r = 1 + 2 phi where the particles conduct, 1 - phi where not.
    Source: `physics.hybrid`, `physics.percolation`; natrode model notes K2.
    """
    if interface.ceramic is None:
        raise SimulationError(
            f"{where}: interface '{interface.name}' is of metal without particles; mass_ratio belongs to a mixture "
            "such as h-na-1-5/nzsp-hna"
        )
    ceramic = materials.load_material(interface.ceramic).properties
    density = materials.load_material(interface.metal).properties["density"].si
    fraction = float(thermodynamics.volume_fraction(mass_ratio, ceramic["density"].si, density))
    if fraction > LARGEST_FRACTION:
        raise SimulationError(
            f"{where}: mass_ratio makes {100 * fraction:.3g} % of the volume particles; the reaction area of a random "
            f"mixture is known up to {100 * LARGEST_FRACTION:.3g} %: give area_ratio and particle_volume_fraction "
            "under parameters, or resolve the mixture with natrode microstructure"
        )
    law = percolation.isolated_sphere_area_ratio if "conductivity" in ceramic else hybrid.insulating_area_ratio
    return {"particle_volume_fraction": fraction, "area_ratio": float(law(fraction))}
