"""From a resolved electrode to the parameters of a mean-field interface, with where they came from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tomli_w

from natrode import __version__
from natrode.errors import SpecificationError
from natrode.materials import load_interface
from natrode.microstructure.conduct import conduct
from natrode.microstructure.connectivity import percolation
from natrode.microstructure.electrode import choose_materials
from natrode.microstructure.interfaces import interface_area
from natrode.microstructure.measure import volume_fractions
from natrode.microstructure.react import Kinetics, react
from natrode.microstructure.stack import Layer, layer_stack
from natrode.microstructure.structure import Structure
from natrode.physics.transport import transmission_line_resistance

PELLET_LAYERS = 2
"""Layers of voxels of the electrolyte that are put below a structure without one; their resistance is taken off."""
SMALL_VOLTAGE = 1e-3
"""[V]; well below RT/F, so that the resistance is that at rest."""

METHOD = (
    "pellet below, its resistance taken off; "
    "area ratio: charge-transfer resistance per true area over the resolved electrode's resistance at 1 mV; "
    "effective conductivities by finite volumes along the depth; transmission line with the same effective "
    "conductivity and specific area beside it"
)


@dataclass(frozen=True)
class Homogenised:
    """What a resolved electrode is to a mean-field cell; resistances per cross-section."""

    area_ratio: float
    """A_eff/A_geo: resistance per true area over the electrode's resistance [-]."""
    geometric_area_ratio: float
    """Interface that both currents reach over the cross-section [-]."""
    specific_area: float
    """Interface per volume [1/m]."""
    contact_resistance: float
    """Per true area, as given [Ohm m2]."""
    electrode_resistance: float | None
    """[Ohm m2]; None where no current flows."""
    penetration_length: float | None
    """Mean depth of the reaction [m]."""
    particle_volume_fraction: float
    effective_ionic_conductivity: float
    """Along the depth [S/m]; 0 where the conductor does not percolate."""
    effective_metal_conductivity: float
    """Over that of the metal [-]."""
    percolates: bool
    statement: str
    """On percolation, in words."""
    transmission_line_resistance: float | None
    """Of a homogeneous electrode with the same conductivity and area [Ohm m2]; None without a through-network."""
    isolated_spheres_area_ratio: float
    """1 + 2 phi, spheres cut by the plane of the electrolyte [-]."""
    source: str
    """Digest of the structure."""
    origin: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "origin": dict(self.origin), "method": METHOD}


def homogenise(
    structure: Structure, contact_resistance: float, *, conductivities: Mapping[str, float] | None = None
) -> Homogenised:
    """Return the mean-field parameters of a resolved electrode.

    Args:
        structure: the labelled image, electrolyte at the first plane, collector at the last.
        contact_resistance: of charge transfer per true area, scalar [Ohm m2].
        conductivities: of the ionic conductors [S/m], by name; by default those of the materials data.

    Returns:
        Area ratio, conductivities, penetration length and resistance, with the transmission line beside them.

    Raises:
        SpecificationError: unknown materials or values out of range.
        SimulationError: the currents do not balance.

    Formula:
        A_r = R_c/R_electrode; transmission line R = sqrt(R_c/(a sigma_eff)) coth(L sqrt(a/(sigma_eff R_c))) in
        parallel with the plane that the metal leaves, R_c/(1 - phi).

    Source: natrode model notes F; de Levie 1963, Electrochim. Acta 8, 751.
    """
    materials = choose_materials(structure, None, conductivities, 0.0)
    conductor = next(iter(materials.conductivities))
    whole, thickness = on_pellet(structure, conductor)
    found = react(
        whole, Kinetics(contact_resistance, law="linear"), voltage=SMALL_VOLTAGE, conductivities=conductivities
    )
    area = interface_area(structure, conductor, materials.metal)
    local = materials.conductivities[conductor]
    ionic = conduct(structure, conductor, conductivity=local)
    metal = conduct(structure, materials.metal, conductivity=1.0)
    fraction = volume_fractions(structure)[conductor]
    state = percolation(structure, conductor)
    resistance = found.area_specific_resistance
    if resistance is not None:
        resistance -= thickness / local
    effective = ionic.conductivity or 0.0
    line = None
    if effective > 0 and area.specific_area > 0:
        network = transmission_line_resistance(effective, contact_resistance, area.specific_area, structure.size[0])
        line = float(1.0 / (1.0 / network + (1.0 - fraction) / contact_resistance))
    return Homogenised(
        contact_resistance / resistance if resistance else 0.0,
        found.connected_interface_area / (structure.size[1] * structure.size[2]),
        area.specific_area,
        contact_resistance,
        resistance,
        found.penetration_length,
        fraction,
        effective,
        metal.relative_conductivity,
        state.percolates,
        state.statement,
        line,
        1.0 + 2.0 * fraction,
        structure.digest,
        dict(structure.origin),
    )


def on_pellet(structure: Structure, conductor: str, thickness: float | None = None) -> tuple[Structure, float]:
    """Return the structure with a pellet below it, unless its first plane is one, and the pellet's thickness [m].

    Args:
        structure: the labelled image.
        conductor: material of the pellet.
        thickness: of the pellet, scalar [m]; `PELLET_LAYERS` voxels by default.
    """
    plane = set(np.unique(structure.image[0]).tolist())
    if plane <= set(structure.labels_of(conductor)):
        return structure, 0.0
    depth = PELLET_LAYERS * structure.voxel_size[0] if thickness is None else thickness
    stacked = layer_stack([Layer(conductor, depth), structure])
    return stacked, (stacked.shape[0] - structure.shape[0]) * structure.voxel_size[0]


def interface_file(found: Homogenised, extends: str) -> str:
    """Write an interface that `natrode run` takes: the area ratio and volume fraction of a resolved electrode.

    Args:
        found: from `homogenise`.
        extends: name of the interface that the rest comes from.

    Returns:
        Text of a TOML file; a cell names it by its path as `interface`.

    Raises:
        SpecificationError: no such interface, or an electrode without current.
    """
    load_interface(extends)
    if not found.electrode_resistance:
        raise SpecificationError(f"no interface can be written: {found.statement}")
    source = f"resolved structure {found.source[:12]} (natrode {__version__} microstructure homogenise)"
    origin = found.origin.get("morphology", found.origin.get("file", "an image"))
    parameters: dict[str, Any] = {
        "area_ratio": (round(found.area_ratio, 5), "1"),
        "particle_volume_fraction": (round(found.particle_volume_fraction, 5), "1"),
    }
    document = {
        "extends": extends,
        "title": f"Resolved electrode ({origin}), {100 * found.particle_volume_fraction:.3g} % particles by volume; "
        f"all but area and particles as {extends}",
        "notes": f"{found.statement}. Assumed: {1e4 * found.contact_resistance:.4g} Ohm cm2 per true area.",
        "parameters": {
            name: {"value": value, "unit": unit, "source": source, "evidence": "calculated"}
            for name, (value, unit) in parameters.items()
        },
    }
    return tomli_w.dumps(document)
