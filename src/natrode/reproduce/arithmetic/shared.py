"""What the recomputations share: published values, material values, units."""

import math
from functools import cache

from natrode import materials
from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.errors import SpecificationError
from natrode.physics import kinetics, transport
from natrode.reproduce.library import find_figure, load_paper

THERMAL_VOLTAGE = GAS_CONSTANT * ROOM_TEMPERATURE / FARADAY
"""RT/F at 25 degC [V]."""
OHM_CM2 = 1e-4
"""[Ohm m2]"""
MA_CM2 = 10.0
"""[A/m2]"""
MAH_CM2 = 36000.0
"""[C/m2]"""
MAH_G = 3600.0
"""[C/kg]"""


@cache
def printed(name: str) -> float:
    """Published value of a figure in SI.

    Args:
        name: id of a figure.

    Returns:
        Its value in the SI unit of its dimension.

    Raises:
        SpecificationError: an unknown id, or a figure without one number.
    """
    value = find_figure(name).si
    if value is None:
        raise SpecificationError(f"figure {name} has no published number to compute with")
    return value


def material_value(material: str, name: str) -> float:
    """Property of a material in SI."""
    return materials.load_material(material).properties[name].si


def disc(diameter: float) -> float:
    """Area of a disc [m2]; diameter [m]."""
    return math.pi / 4 * diameter**2


def resistance_of_i0(exchange_current_density: float) -> float:
    """RT/(F i0) [Ohm m2] at 25 degC; the other way round as well."""
    return float(kinetics.charge_transfer_resistance(exchange_current_density, ROOM_TEMPERATURE))


def electrolyte_asr(paper: str, cell: str) -> float:
    """Resistance of a cell's electrolyte at the cell's temperature [Ohm m2]."""
    spec = load_paper(paper).cell(cell)
    properties = materials.load_material(spec.electrolyte.material).properties
    temperature = spec.temperature if isinstance(spec.temperature, float) else ROOM_TEMPERATURE
    conductivity = transport.arrhenius_conductivity(
        temperature,
        spec.electrolyte.conductivity or properties["conductivity"].si,
        ROOM_TEMPERATURE,
        properties["conductivity_activation_energy"].si,
    )
    return spec.electrolyte.thickness / float(conductivity)
