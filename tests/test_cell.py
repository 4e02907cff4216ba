"""What a user writes about a cell, and what each mistake is answered with."""

import copy
import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.cell import EXAMPLE, Cell
from natrode.errors import NatrodeError, SpecificationError

DATA = tomllib.loads(EXAMPLE)


def changed(remove=(), **changes):
    """The example with values replaced, `electrolyte__thickness` meaning the key inside the table."""
    data = copy.deepcopy(DATA)
    for name in remove:
        *tables, key = name.split("__")
        place = data
        for table in tables:
            place = place[table]
        del place[key]
    for name, value in changes.items():
        *tables, key = name.split("__")
        place = data
        for table in tables:
            place = place[table]
        place[key] = value
    return data


def refused(said, **changes):
    with pytest.raises(SpecificationError) as error:
        Cell.read(changed(**changes), "my.toml")
    text = str(error.value)
    assert text.startswith("my.toml: ")
    assert "\n" not in text
    assert said in text


def test_the_example_file_loads(tmp_path):
    path = tmp_path / "cell.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    cell = Cell.load(path)
    area = math.pi / 4 * 0.01114**2
    assert cell.working_area == cell.counter_area == cell.electrolyte_area == pytest.approx(area, rel=1e-12)
    assert cell.electrolyte.thickness == pytest.approx(1.62e-3, rel=1e-12)
    assert cell.electrode.working.mass == pytest.approx(6e-6, rel=1e-12)
    assert cell.temperature == pytest.approx(298.15, abs=1e-10)
    assert cell.pressure == "unknown"


@pytest.mark.parametrize(
    ("said", "changes"),
    [
        ("temprature: unknown key 'temprature'; did you mean 'temperature'?", dict(temprature="25 degC")),
        ("electrolyte.thicknes: unknown key 'thicknes'; did you mean 'thickness'?", dict(electrolyte__thicknes="1 mm")),
        ("electrode.working.mas: unknown key 'mas'; did you mean 'mass'?", dict(electrode__working__mas="1 mg")),
        ("electrode.wroking: unknown key 'wroking'; did you mean 'working'?", dict(electrode__wroking={})),
        (
            "electrode.working.interface: unknown interface 'h-na-1-5/nzsp'; did you mean 'h-na-1-5/nzsp-hna'?",
            dict(electrode__working__interface="h-na-1-5/nzsp"),
        ),
        (
            "electrolyte.material: unknown material 'nzsp-hnb'; did you mean 'nzsp-hna'?",
            dict(electrolyte__material="nzsp-hnb"),
        ),
        ("electrolyte.thickness: read '-1 mm', must be greater than zero", dict(electrolyte__thickness="-1 mm")),
        ("electrolyte.thickness: read '0 mm', must be greater than zero", dict(electrolyte__thickness="0 mm")),
        (
            'electrolyte.thickness: read 0.162, a number without a unit; write a length such as "0.162 um"',
            dict(electrolyte__thickness=0.162),
        ),
        ("electrolyte.thickness: read \"1 mm2\": 'mm2' is not a unit of length", dict(electrolyte__thickness="1 mm2")),
        ('electrolyte.thickness: read "1e400 cm", a number beyond all bounds', dict(electrolyte__thickness="1e400 cm")),
        ("electrode.counter.mass: read '0 mg', must be greater than zero", dict(electrode__counter__mass="0 mg")),
        ("electrolyte: give 'diameter' or 'area', not both", dict(electrolyte__area="1 cm2")),
        ("electrode.working: give 'mass' or 'thickness', not both", dict(electrode__working__thickness="10 um")),
        ("no size: give 'diameter' or 'area'", dict(remove=["electrolyte__diameter"])),
        (
            "no size: give 'diameter' or 'area'",
            dict(remove=["electrolyte__diameter"], electrode__working__area="1 cm2"),
        ),
        ("electrode: is missing", dict(remove=["electrode"])),
        ("electrolyte.thickness: is missing", dict(remove=["electrolyte__thickness"])),
        ('temperature: read "-300 degC", a temperature below absolute zero', dict(temperature="-300 degC")),
        ("pressure: read '-1 MPa', must be zero or more", dict(pressure="-1 MPa")),
        ("pressure: read \"1 mA\": 'mA' is not a unit of pressure", dict(pressure="1 mA")),
        ("short: read 'sfot', allowed are 'hard' or 'soft'", dict(short="sfot")),
        ("a profile needs two or more points", dict(temperature=[["0 h", "25 degC"]])),
        ("whose times start at 0 and never fall", dict(temperature=[["1 h", "25 degC"], ["2 h", "30 degC"]])),
        (
            "whose times start at 0 and never fall",
            dict(pressure=[["0 h", "1 MPa"], ["2 h", "2 MPa"], ["1 h", "3 MPa"]]),
        ),
        (
            "a profile is a list of points [time, value]",
            dict(temperature=[["0 h", "25 degC", "x"], ["1 h", "25 degC"]]),
        ),
        ('temperature: read "1 MPa"', dict(temperature=[["0 h", "25 degC"], ["1 h", "1 MPa"]])),
        (
            "electrode.working.parameters: unknown key 'contact_resistanc'; did you mean 'contact_resistance'?",
            dict(electrode__working__parameters={"contact_resistanc": "1 Ohm cm2"}),
        ),
        (
            "electrode.counter.parameters: contact_resistance: read \"1 Ohm\": 'Ohm' is not a unit of area",
            dict(electrode__counter__parameters={"contact_resistance": "1 Ohm"}),
        ),
        (
            "electrode.working.parameters: contact_resistance: read 4.8, a number without a unit; write an area",
            dict(electrode__working__parameters={"contact_resistance": 4.8}),
        ),
        (
            "electrode.working.parameters: contact_fraction: read",
            dict(electrode__working__parameters={"contact_fraction": 1.5}),
        ),
    ],
)
def test_each_mistake_gets_one_sentence_with_its_place(said, changes):
    refused(said, **changes)


HOT = [["0 h", "25 degC"], ["10 h", "120 degC"]]


@pytest.mark.parametrize("temperature", ["97.9 degC", HOT])
def test_above_the_melting_point_the_anode_must_be_molten(temperature):
    refused("above the melting point of sodium (97.82 degC)", temperature=temperature)
    refused('state = "molten" in electrode.counter', temperature="97.9 degC", electrode__working__state="molten")
    assert Cell.read(changed(temperature="97.7 degC"), "x").temperature == pytest.approx(370.85)


def test_a_molten_anode_is_above_the_melting_point_all_the_time():
    both = dict(electrode__working__state="molten", electrode__counter__state="molten")
    assert Cell.read(changed(temperature="97.9 degC", **both), "x").electrode.working.state == "molten"
    for temperature in ("25 degC", HOT):
        refused("temperature goes down to 25 degC, below the melting point of sodium", temperature=temperature, **both)


def test_profiles_are_points_in_si():
    cell = Cell.read(
        changed(temperature=[["0 h", "25 °C"], ["2 h", "60 °C"]], pressure=[["0 h", "3.4 MPa"], ["0 h", "1 MPa"]]), "x"
    )
    assert cell.temperature == ((0.0, pytest.approx(298.15)), (7200.0, pytest.approx(333.15)))
    assert cell.pressure == ((0.0, pytest.approx(3.4e6)), (0.0, pytest.approx(1e6)))


def test_each_part_may_have_an_area_of_its_own():
    given = dict(electrode__working__area="0.6 cm2", electrode__counter__diameter="8 mm")
    cell = Cell.read(changed(**given), "x")
    assert cell.working_area == pytest.approx(6e-5)
    assert cell.counter_area == pytest.approx(math.pi / 4 * 64e-6)
    assert cell.electrolyte_area == pytest.approx(math.pi / 4 * 0.01114**2)
    cell = Cell.read(changed(remove=["electrolyte__diameter"], **given), "x")
    assert cell.electrolyte_area == pytest.approx(math.pi / 4 * 64e-6)


def test_a_cell_from_python_is_checked_alike():
    with pytest.raises(SpecificationError, match="unknown interface"):
        Cell(**changed(electrode__working__interface="h-na-1-5/nzsp"))
    assert Cell(**DATA) == Cell.read(DATA, "x")
    with pytest.raises(ValueError, match="frozen"):
        Cell(**DATA).name = "other"


def test_parameters_of_one_side_or_both():
    cell = Cell(**DATA).with_parameters({"contact_resistance": "5 Ohm cm2"})
    assert cell.electrode.working.parameters == cell.electrode.counter.parameters == {"contact_resistance": "5 Ohm cm2"}
    cell = cell.with_parameters({"contact_shape": 0.5}, {})
    assert cell.electrode.working.parameters == {"contact_resistance": "5 Ohm cm2", "contact_shape": 0.5}
    assert cell.electrode.counter.parameters == {"contact_resistance": "5 Ohm cm2"}


@pytest.mark.parametrize(("text", "said"), [("name = ", "is not valid TOML"), ("\xff", "cannot be read")])
def test_a_file_that_is_no_toml(tmp_path, text, said):
    path = tmp_path / "cell.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SpecificationError, match=said) as error:
        Cell.load(path)
    assert str(path) in str(error.value)
    with pytest.raises(SpecificationError, match="no such file"):
        Cell.load(tmp_path / "none.toml")
    with pytest.raises(SpecificationError, match="cannot be read"):
        Cell.load(tmp_path)


def test_an_interface_file_that_is_not_there():
    with pytest.raises(NatrodeError, match=r"missing\.toml: no such file"):
        Cell.read(changed(electrode__working__interface="missing.toml"), "my.toml")


def amount(low, high, *units):
    return st.builds("{!r} {}".format, st.floats(low, high), st.sampled_from(units))


TEMPERATURE = amount(-50, 97, "degC", "°C") | amount(200, 370, "K")
PRESSURE = amount(0, 20, "MPa", "bar")


def profile(value):
    times = st.lists(st.floats(0, 1000), min_size=1, max_size=4).map(sorted)
    return times.flatmap(
        lambda late: st.tuples(*[st.tuples(st.just(f"{t!r} h"), value).map(list) for t in [0.0, *late]]).map(list)
    )


@settings(max_examples=150, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    temperature=TEMPERATURE | profile(TEMPERATURE),
    pressure=st.just("unknown") | PRESSURE | profile(PRESSURE),
    thickness=amount(0.001, 5, "mm", "cm", "um"),
    conductivity=amount(0.01, 5, "mS/cm"),
    diameter=amount(0.5, 20, "mm"),
    mass=amount(0.1, 100, "mg"),
    soft=amount(0.1, 100, "h", "min"),
    resistance=amount(0.1, 100, "Ohm cm2"),
)
def test_toml_gives_an_equal_cell(
    name, temperature, pressure, thickness, conductivity, diameter, mass, soft, resistance
):
    cell = Cell(
        **changed(
            name=name,
            temperature=temperature,
            pressure=pressure,
            soft_short_time=soft,
            electrolyte__thickness=thickness,
            electrolyte__conductivity=conductivity,
            electrode__working__diameter=diameter,
            electrode__counter__mass=mass,
            electrode__counter__parameters={"contact_resistance": resistance, "contact_shape": 0.5},
        )
    )
    assert Cell.read(tomllib.loads(cell.to_toml()), "x") == cell
