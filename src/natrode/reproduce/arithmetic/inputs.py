"""Values that the model takes as they stand."""

import math

from natrode import materials
from natrode.errors import SpecificationError
from natrode.physics import hybrid, wetting
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import OHM_CM2, disc
from natrode.specification import suggest
from natrode.units import read_quantity

WETTING_TEMPERATURE = 393.15
"""Of molten sodium where a paper states one for its contact angles (120 degC) [K]."""


@listed
def model_input(name: str, material: str = "", interface: str = "") -> Computed:
    """Value that the model takes for a property of a material or a parameter of an interface.

    Args:
        name: the property or parameter.
        material: name of the material, or
        interface: name of the interface.

    Returns:
        The value in the unit of the data; of a contact angle of sodium also the work of adhesion that it implies.

    Raises:
        SpecificationError: unknown material, interface or name.
    """
    known = materials.load_material(material).properties if material else materials.load_interface(interface).parameters
    value = known.get(name)
    if value is None or isinstance(value, str):
        raise SpecificationError(f"{material or interface} has no number '{name}'; {suggest(name, list(known))}")
    text = f"the model takes {value.value:g} {value.unit} for {name} of {material or interface}"
    numbers = {name: value.value}
    if value.dimension == "angle":
        tension = float(wetting.sodium_surface_tension(WETTING_TEMPERATURE))
        work = float(wetting.work_of_adhesion(math.radians(value.si), tension))
        numbers["work_of_adhesion_j_m2"] = work
        text += f", {'at least ' if value.si == 0 else ''}{work:.3f} J/m2 of adhesion with sodium at 120 degC"
    return Computed(value.value, value.unit, value.dimension, text, numbers)


@listed
def model_resistance_in_ohm(interface: str, diameter: str) -> Computed:
    """Resistance of one fresh interface of the model in ohm, on a disc.

    Args:
        interface: name of the interface.
        diameter: of the disc, with unit.

    Returns:
        R_c/(A_r a0 A) [ohm].

    Formula: fresh resistance per area over the area of the disc.
    """
    parameters = materials.load_interface(interface).parameters
    known = {key: value.si for key, value in parameters.items() if not isinstance(value, str)}
    area_specific = hybrid.fresh_interface_resistance(
        known["contact_resistance"], known["area_ratio"], known["contact_fraction"]
    )
    resistance = float(area_specific) / disc(read_quantity(diameter, "length"))
    text = f"{float(area_specific) / OHM_CM2:.1f} Ohm cm2 of the model on a disc of {diameter} are {resistance:.1f} Ohm"
    return Computed(resistance, "ohm", "resistance", text, {"area_specific_ohm_cm2": float(area_specific) / OHM_CM2})
