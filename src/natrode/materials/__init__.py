"""Materials and interfaces as TOML, each value with unit, source and evidence, and a small typed loader."""

from natrode.materials.dimensions import PARAMETER_DIMENSIONS, PARAMETER_WORDS, PROPERTY_DIMENSIONS
from natrode.materials.loader import (
    EVIDENCE,
    Interface,
    Material,
    Prior,
    Value,
    interface_names,
    load_interface,
    load_material,
    material_names,
    materials_table,
    read_parameters,
)

__all__ = [
    "EVIDENCE",
    "PARAMETER_DIMENSIONS",
    "PARAMETER_WORDS",
    "PROPERTY_DIMENSIONS",
    "Interface",
    "Material",
    "Prior",
    "Value",
    "interface_names",
    "load_interface",
    "load_material",
    "material_names",
    "materials_table",
    "read_parameters",
]
