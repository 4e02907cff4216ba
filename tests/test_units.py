"""Quantities as people write them, and one sentence for each mistake."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.errors import UnitError
from natrode.units import DIMENSIONS, from_si, read_quantity, to_si, write_quantity

SPELLINGS = [
    *[(unit, "area-specific resistance", 1e-4) for unit in (
        "Ohm cm2", "ohm cm2", "Ohms cm2", "Ohm cm^2", "Ohm*cm2", "ohm*cm**2", "Ω cm²", "\u2126 cm2", "\u03a9·cm²",
    )],
    *[(unit, "area-specific resistance", 0.1) for unit in ("kOhm cm2", "k\u03a9 cm²", "k\u2126 cm^2")],
    *[(unit, "current density", 10.0) for unit in (
        "mA/cm2", "mA cm-2", "mA/cm^2", "mA cm^-2", "mA/cm²", "mA cm⁻²", "mA·cm⁻²", "mA / cm2", "mA cm−2",
    )],
    *[(unit, "current density", 0.01) for unit in ("uA/cm2", "\u00b5A/cm2", "\u03bcA cm-2")],
    *[(unit, "length", 1e-6) for unit in ("um", "\u00b5m", "\u03bcm")],
    ("mAh/cm2", "areal charge", 3.6e4),
    ("mAh cm⁻²", "areal charge", 3.6e4),
    ("cm³/mol", "molar volume", 1e-6),
    ("mS/cm", "conductivity", 0.1),
    ("S cm-1", "conductivity", 100.0),
    ("MΩ", "resistance", 1e6),
    ("mΩ", "resistance", 1e-3),
    ("MPa m^0.5", "fracture toughness", 1e6),
    ("%", "fraction", 0.01),
    ("min", "time", 60.0),
    ("bar", "pressure", 1e5),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "dimension", "factor"), SPELLINGS)
def test_units_are_read_the_way_people_write_them(unit, dimension, factor):
    assert read_quantity(f"2.5 {unit}", dimension) == pytest.approx(2.5 * factor, rel=1e-14)
    assert read_quantity(f"2.5{unit}", dimension) == pytest.approx(2.5 * factor, rel=1e-14)


@pytest.mark.parametrize("unit", ["degC", "°C", "° C", "deg C", "℃", "celsius", "Celsius"])
def test_degrees_celsius_have_their_own_zero(unit):
    assert read_quantity(f"25 {unit}", "temperature") == pytest.approx(298.15, abs=1e-10)
    assert read_quantity(f"−40 {unit}", "temperature") == pytest.approx(233.15, abs=1e-10)
    assert read_quantity(f"5 {unit}", "temperature difference") == pytest.approx(5.0, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3 m", 1e-3), (".5 m", 0.5), ("5. m", 5.0), ("+2E+1 m", 20.0), ("−3 m", -3.0)]
)
def test_numbers_are_read_in_all_their_forms(text, value):
    assert read_quantity(text, "length") == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("dimension", ["fraction", "number"])
def test_a_number_needs_no_unit_where_there_is_none(dimension):
    assert read_quantity(0.25, dimension) == read_quantity("0.25", dimension) == 0.25


@pytest.mark.parametrize("dimension", DIMENSIONS)
@given(value=st.floats(1e-12, 1e12))
def test_what_is_written_reads_back(dimension, value):
    offset = 273.15 if dimension == "temperature" else 0.0
    read = read_quantity(write_quantity(value, dimension, digits=17), dimension)
    assert read == pytest.approx(value, rel=1e-13, abs=1e-12 * offset)
    common = DIMENSIONS[dimension][1]
    assert to_si(from_si(value, common, dimension), common, dimension) == pytest.approx(
        value, rel=1e-13, abs=1e-12 * offset
    )


def test_quantities_are_written_as_the_laboratory_speaks():
    assert write_quantity(2.0, "current density") == "0.2 mA/cm2"
    assert write_quantity(298.15, "temperature") == "25 degC"
    assert write_quantity(0.3, "fraction") == "0.3"


@pytest.mark.parametrize("dimension", [name for name, (si, _) in DIMENSIONS.items() if si != "dimensionless"])
@pytest.mark.parametrize("given", [0.2, "0.2"])
def test_a_bare_number_shows_the_right_form(dimension, given):
    with pytest.raises(UnitError, match="a number without a unit") as caught:
        read_quantity(given, dimension)
    form = f'"0.2 {DIMENSIONS[dimension][1]}"'
    assert str(caught.value).endswith(form)
    assert math.isfinite(read_quantity(form.strip('"'), dimension))


@pytest.mark.parametrize(
    ("text", "dimension", "said"),
    [
        ("1.1 mA", "current density", "read \"1.1 mA\": 'mA' is not a unit of current density: read a unit of current, "
         "allowed are units like 'mA/cm2'"),
        ("25 C", "temperature", "read a unit of charge"),
        ("1 mA/cm3", "current density", "allowed are units like 'mA/cm2'"),
        ("1 mA/cm3", "current density", "the dimension"),
        ("1 mAcm2", "current density", "did you mean 'mA/cm2'"),
        ("1 furlongs per", "length", "is not a unit that natrode knows"),
        ("1 ((", "length", "is not a unit that natrode knows"),
        ("1,5 cm", "length", "is not a unit that natrode knows"),
        ("1 cm\nx", "length", "is not a unit that natrode knows"),
        ("thick", "length", "expected a number and a unit of length such as \"1 um\""),
        ("", "length", "expected a number and a unit"),
        ("nan cm", "length", "expected a number and a unit"),
        ("1e400 cm", "length", "beyond all bounds"),
        ("1e306 km", "length", "beyond all bounds"),
        ("-300 degC", "temperature", "below absolute zero"),
        (None, "length", "expected a length such as \"1 um\""),
        (True, "number", "read True"),
        ([1], "area-specific resistance", "expected an area-specific resistance"),
    ],
)  # fmt: skip
def test_each_mistake_gets_one_sentence(text, dimension, said):
    with pytest.raises(UnitError) as caught:
        read_quantity(text, dimension)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
