"""A mistake in a file or a name gives one sentence with the place, what was read and what is allowed."""

import os
from pathlib import Path

import pytest

from natrode import materials
from natrode.errors import SpecificationError
from natrode.materials import Value

GOOD = """\
title = "my interface"
metal = "sodium"
electrolyte = "nzsp-hna"
state = "fresh"

[parameters]
film_growth = "none"

[parameters.void_capacity]
value = 5.0
unit = "um"
source = "my notebook"
evidence = "measured"
"""


def message(tmp_path: Path, old: str, new: str) -> str:
    assert old in GOOD
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SpecificationError) as caught:
        materials.load_interface(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_an_interface_of_ones_own_loads_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    interface = materials.load_interface(str(path))
    assert interface.name == "mine"
    capacity = interface.parameters["void_capacity"]
    assert isinstance(capacity, Value)
    assert capacity.si == pytest.approx(5e-6)
    assert materials.materials_table(str(path))["values"][0]["value"] == "none"


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    materials.load_interface(path)
    path.write_text(GOOD.replace("my interface", "another title"))
    os.utime(path, ns=(0, 1))
    assert materials.load_interface(path).title == "another title"


def test_an_interface_can_extend_one_of_natrodes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "h-na-1-5/nzsp-hna"\ntitle = "with a film"\nelectrolyte = "nzsp-bh"\n')
    interface = materials.load_interface(path)
    assert (interface.metal, interface.electrolyte, interface.state) == ("sodium", "nzsp-bh", "fresh")
    assert interface.parameters["film_growth"] == "none"
    assert interface.parameters.keys() == materials.load_interface("h-na-1-5/nzsp-hna").parameters.keys()


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ('metal = "sodium"', 'metal = "sodum"', ("metal", "sodum", "did you mean 'sodium'?")),
        ('state = "fresh"', 'stat = "fresh"', ("unknown key 'stat'", "did you mean 'state'?")),
        ('state = "fresh"', 'state = "old"', ("state", "'old'", "'fresh'", "'molten'")),
        ('state = "fresh"', "", ("state: is missing",)),
        ("void_capacity", "void_capacit", ("unknown key 'void_capacit'", "did you mean 'void_capacity'?")),
        ("value = 5.0", "valu = 5.0", ("parameters.void_capacity", "unknown key 'valu'", "'value'")),
        ("value = 5.0", "value = nan", ("parameters.void_capacity", "value", "nan")),
        ("value = 5.0", 'value = "5 um"', ("parameters.void_capacity", "value", "'5 um'")),
        ("value = 5.0", "value = 0.0", ("void_capacity", "0 um", "greater than zero")),
        ('unit = "um"\n', "", ("parameters.void_capacity", "unit is missing", 'such as "um"')),
        ('unit = "um"', 'unit = "umm"', ("parameters.void_capacity", "unit", "'umm'")),
        (
            'unit = "um"',
            'unit = "mA"',
            ("void_capacity", "'mA' is not a unit of length", "a unit of current"),
        ),
        ('source = "my notebook"\n', "", ("parameters.void_capacity", "source", "missing")),
        ('source = "my notebook"', 'source = " "', ("parameters.void_capacity", "source")),
        ('evidence = "measured"', "", ("parameters.void_capacity", "evidence", "missing")),
        ('evidence = "measured"', 'evidence = "guess"', ("evidence", "'guess'", "'assumed'")),
        ('evidence = "measured"', 'evidence = "calibrated"', ("conditioned_on", "figures")),
        ("value = 5.0", "value = 5.0\nrange = [6.0, 4.0]", ("range", "[6.0, 4.0]", "smaller")),
        (
            "value = 5.0",
            'value = 5.0\nprior = { distribution = "log-uniform", low = 0.0, high = 1.0, unit = "um" }',
            ("prior", "low = 0", "above zero"),
        ),
        (
            "value = 5.0",
            'value = 5.0\nprior = { distribution = "uniform", low = 1.0, high = 9.0, unit = "s" }',
            ("prior.unit", "'s' is not a unit of length"),
        ),
        ('film_growth = "none"', 'film_growth = "quick"', ("film_growth", "'quick'", "parabolic")),
        ('film_growth = "none"', "contact_fraction = 0.5", ("contact_fraction", "0.5", "expected a table")),
        ('title = "my', 'extends = "h-na-1-6/nzsp-hna"\ntitle = "my', ("h-na-1-6", "did you mean 'h-na-1-")),
        ("[parameters]", "[parameters", ("not valid TOML",)),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(tmp_path: Path, old: str, new: str, parts: tuple[str, ...]) -> None:
    text = message(tmp_path, old, new)
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("load", "name", "nearest"),
    [
        (materials.load_material, "nzsp-hma", "nzsp-hna"),
        (materials.load_interface, "h-na-1-5/nzsp", "h-na-1-5/nzsp-hna"),
        (materials.materials_table, "sodiun", "sodium"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(load: object, name: str, nearest: str) -> None:
    with pytest.raises(SpecificationError, match=f"unknown .* '{name}'; did you mean '{nearest}'\\?"):
        load(name)  # type: ignore[operator]


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="no such file"):
        materials.load_interface(tmp_path / "none.toml")


def test_parameters_are_read_from_quantities() -> None:
    read = materials.read_parameters(
        {"void_capacity": "5 um", "contact_fraction": 0.5, "contact_angle": "83 deg", "film_growth": "linear"}
    )
    assert read["film_growth"] == "linear"
    given = {key: value for key, value in read.items() if isinstance(value, Value)}
    assert {key: value.si for key, value in given.items()} == pytest.approx(
        {"void_capacity": 5e-6, "contact_fraction": 0.5, "contact_angle": 83.0}
    )
    assert {value.evidence for value in given.values()} == {"assumed"}


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"void_capacit": "5 um"}, ("unknown key 'void_capacit'", "did you mean 'void_capacity'?")),
        ({"void_capacity": 5}, ("void_capacity", "without a unit", '"5 um"')),
        ({"void_capacity": "5 V"}, ("void_capacity", "not a unit of length")),
        ({"refill_efficiency": 1.2}, ("refill_efficiency", "1.2", "from 0 to 1")),
        ({"contact_fraction": 0.0}, ("contact_fraction", "above 0 and at most 1")),
        ({"contact_shape": 1.5}, ("contact_shape", "at most 1")),
        ({"film_resistance": "-1 Ohm cm2"}, ("film_resistance", "-1 Ohm cm2", "zero or more")),
        ({"film_placement": "under"}, ("film_placement", "'under'", "series, under-contacts")),
    ],
)
def test_a_mistake_in_a_parameter_is_one_sentence(given: dict[str, object], parts: tuple[str, ...]) -> None:
    with pytest.raises(SpecificationError) as caught:
        materials.read_parameters(given, where="cell.toml: electrode.working.parameters")
    text = str(caught.value)
    assert text.startswith("cell.toml: electrode.working.parameters: ")
    for part in parts:
        assert part in text
