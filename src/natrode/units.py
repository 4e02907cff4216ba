"""Quantities with units as people write them, read once into SI floats and written back for people.

Inside natrode every number is a float or array in SI; only files, the command line and reports speak in mA/cm2.
"""

import math
import re
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from natrode.errors import UnitError

if TYPE_CHECKING:
    import pint

DIMENSIONS: dict[str, tuple[str, str]] = {
    # name: (SI unit inside, unit that the laboratory speaks)
    "length": ("m", "um"),
    "area": ("m**2", "cm2"),
    "mass": ("kg", "mg"),
    "time": ("s", "h"),
    "relaxation time": ("s", "s"),
    "temperature": ("K", "degC"),
    "temperature difference": ("K", "K"),
    "pressure": ("Pa", "MPa"),
    "current": ("A", "mA"),
    "current density": ("A/m**2", "mA/cm2"),
    "charge": ("C", "mAh"),
    "areal charge": ("C/m**2", "mAh/cm2"),
    "specific charge": ("C/kg", "mAh/g"),
    "specific current": ("A/kg", "mA/g"),
    "voltage": ("V", "V"),
    "resistance": ("ohm", "ohm"),
    "area-specific resistance": ("ohm*m**2", "Ohm cm2"),
    "resistivity": ("ohm*m", "Ohm cm"),
    "conductivity": ("S/m", "mS/cm"),
    "capacitance": ("F", "F"),
    "areal capacitance": ("F/m**2", "uF/cm2"),
    "inductance": ("H", "uH"),
    "frequency": ("Hz", "Hz"),
    "energy": ("J", "J"),
    "energy per particle": ("eV", "eV"),
    "molar energy": ("J/mol", "kJ/mol"),
    "specific energy": ("J/kg", "Wh/kg"),
    "surface energy": ("J/m**2", "J/m2"),
    "density": ("kg/m**3", "g/cm3"),
    "molar mass": ("kg/mol", "g/mol"),
    "molar volume": ("m**3/mol", "cm3/mol"),
    "concentration": ("mol/m**3", "mol/l"),
    "areal mass": ("kg/m**2", "mg/cm2"),
    "diffusivity": ("m**2/s", "cm2/s"),
    "Warburg coefficient": ("ohm/s**0.5", "Ohm s^-0.5"),
    "fracture toughness": ("Pa*m**0.5", "MPa m^0.5"),
    "rate": ("1/s", "1/s"),
    "creep prefactor": ("Pa**-5/s", "MPa^-5/s"),  # of a Norton law with exponent 5
    "resistance growth rate": ("ohm*m**2/s", "Ohm cm2/h"),
    "replenishment slope": ("A/m**2/Pa", "mA/cm2/MPa"),
    "resistance rate": ("ohm/s", "Ohm/h"),
    "resistance per root time": ("ohm/s**0.5", "Ohm/h^0.5"),
    "areal resistance per root time": ("ohm*m**2/s**0.5", "Ohm cm2/h^0.5"),
    "differential capacity": ("C/V", "mAh/V"),
    "specific differential capacity": ("C/kg/V", "mAh/g/V"),
    "resistance per charge": ("ohm/C", "Ohm/mAh"),
    "voltage rate": ("V/s", "mV/s"),
    "current density rate": ("A/m**2/s", "mA/cm2/h"),
    "angle": ("degree", "deg"),
    "fraction": ("dimensionless", "1"),
    "number": ("dimensionless", "1"),
}
"""Every dimension that natrode reads: its unit inside and the unit people see."""

_SPELLINGS = {
    "\u03a9": "ohm",
    "\u2126": "ohm",
    "µ": "u",
    "μ": "u",
    "·": " ",
    "×": "*",
    "−": "-",
    "²": "2",
    "³": "3",
    "⁻": "-",
    "¹": "1",
}
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(.*)$", re.DOTALL)


@cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    registry.define("percent_ = 0.01 = pct")
    return registry


def plain_unit(unit: str) -> str:
    """Rewrite a unit as people write it ("mA cm-2", "Ω cm²", "°C") in the grammar of the unit library.

    >>> plain_unit("Ohm cm2")
    'ohm*cm**2'
    """
    text = unit.strip()
    text = re.sub(r"°\s*C|\bdeg\s?C\b|\b[Cc]elsius\b|℃", "degC", text)
    for symbol, ascii_ in _SPELLINGS.items():
        text = text.replace(symbol, ascii_)
    text = text.replace("°", "degree")
    text = re.sub(r"\b[Oo]hms?\b", "ohm", text)
    text = re.sub(r"(m|u|k|M|G)[Oo]hm\b", r"\1ohm", text)
    text = text.replace("%", "pct")
    text = re.sub(r"([A-Za-z])\^?(-?\d+(?:\.\d+)?)(?![A-Za-z\d])", r"\1**\2", text)
    text = re.sub(r"\^", "**", text)
    text = re.sub(r"\*\*\s*\*\*", "**", text)
    return re.sub(r"(?<=[\w)])\s+(?=[A-Za-z(])", "*", text)


@cache
def _factor_and_offset(unit: str, si: str) -> tuple[float, float]:
    """Factor and offset that take a number in `unit` to `si`; raises pint's error when they do not fit."""
    registry = _registry()
    zero = float(registry.Quantity(0.0, plain_unit(unit) or "dimensionless").to(si).magnitude)
    one = float(registry.Quantity(1.0, plain_unit(unit) or "dimensionless").to(si).magnitude)
    return one - zero, zero


def to_si(value: float, unit: str, dimension: str) -> float:
    """Convert `value` in `unit` to natrode's SI unit of `dimension` (a key of `DIMENSIONS`).

    Raises UnitError for an unknown unit or one of another dimension.
    """
    import pint

    si, common = DIMENSIONS[dimension]
    try:
        factor, offset = _factor_and_offset(unit, si)
    except pint.DimensionalityError:
        raise UnitError(
            f"'{unit}' is not a unit of {dimension}: read {_dimension_of(unit)}, allowed are units like '{common}'"
        ) from None
    except Exception as error:  # pint raises half a dozen kinds for text that is no unit
        names = {name for pair in DIMENSIONS.values() for name in pair}
        near = get_close_matches(unit, names, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; write it like '{common}'"
        raise UnitError(f"'{unit}' is not a unit that natrode knows ({error}){hint}") from None
    return value * factor + (0.0 if dimension == "temperature difference" else offset)


def _dimension_of(unit: str) -> str:
    registry = _registry()
    found = registry.Quantity(1.0, plain_unit(unit)).dimensionality
    for name, (si, _) in DIMENSIONS.items():
        if registry.Quantity(1.0, si).dimensionality == found:
            return f"a unit of {name}"
    return f"the dimension {found}"


def from_si(value: float, unit: str, dimension: str) -> float:
    """Convert an SI value of `dimension` to `unit`."""
    to_si(0.0, unit, dimension)
    factor, offset = _factor_and_offset(unit, DIMENSIONS[dimension][0])
    return (value - (0.0 if dimension == "temperature difference" else offset)) / factor


def read_quantity(text: object, dimension: str) -> float:
    """Read "0.2 mA/cm2" (or "25 °C", "1e-3 Ω cm²") into the SI float of `dimension`.

    A bare number is an error that shows the right form, except where the dimension has no unit.
    """
    common = DIMENSIONS[dimension][1]
    unitless = DIMENSIONS[dimension][0] == "dimensionless"
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise UnitError(f'read {text!r}, expected {_a(dimension)} such as "1 {common}"')
    if isinstance(text, (int, float)):
        if unitless:
            return float(text)
        raise UnitError(f'read {text!r}, a number without a unit; write {_a(dimension)} such as "{text} {common}"')
    return _read_text(text, dimension)


@lru_cache(maxsize=4096)
def _read_text(text: str, dimension: str) -> float:
    common = DIMENSIONS[dimension][1]
    unitless = DIMENSIONS[dimension][0] == "dimensionless"
    match = _NUMBER.match(text.replace("−", "-"))
    if match is None:
        raise UnitError(f'read {text!r}, expected a number and a unit of {dimension} such as "1 {common}"')
    number, unit = match.group(1), " ".join(match.group(2).split())
    if not unit and not unitless:
        raise UnitError(f'read "{text}", a number without a unit; write {_a(dimension)} such as "{number} {common}"')
    try:
        value = to_si(float(number), unit, dimension)
    except UnitError as error:
        raise UnitError(f'read "{" ".join(text.split())}": {error}') from None
    if not math.isfinite(value):
        raise UnitError(f'read "{text}", a number beyond all bounds; write {_a(dimension)} such as "1 {common}"')
    if dimension == "temperature" and value < 0:
        raise UnitError(f'read "{text}", a temperature below absolute zero (-273.15 degC)')
    return value


def _a(dimension: str) -> str:
    """A dimension with its article."""
    return f"{'an' if dimension[0] in 'aeiou' else 'a'} {dimension}"


def write_quantity(value: float, dimension: str, digits: int = 6) -> str:
    """Write an SI value the way the laboratory speaks, e.g. 2.0 A/m2 as "0.2 mA/cm2"."""
    common = DIMENSIONS[dimension][1]
    number = from_si(value, common, dimension)
    return f"{number:.{digits}g} {common}".removesuffix(" 1")
