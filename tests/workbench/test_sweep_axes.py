"""What may be varied, and what a value sets in the two files."""

import tomllib

import pytest

from natrode.cell import EXAMPLE, FULL_EXAMPLE, FullCell
from natrode.errors import SpecificationError
from natrode.protocol import EXAMPLE as RAMP
from natrode.protocol import FULL_EXAMPLE as LIFE
from natrode.workbench.sweep_axes import applied, keys, read_axes

FULL, RATES = tomllib.loads(FULL_EXAMPLE), tomllib.loads(LIFE)
SYMMETRIC, CRITICAL = tomllib.loads(EXAMPLE), tomllib.loads(RAMP)


def one(text, cell=FULL, protocol=RATES):
    return read_axes([text], cell, protocol)[0]


@pytest.mark.parametrize(
    ("text", "key", "values", "unit"),
    [
        ("loading=1:6 mg/cm2:3", "cathode.loading", (1.0, 3.5, 6.0), "mg/cm2"),
        ("cathode.loading=1 mg/cm2:60 g/m2:3", "cathode.loading", (1.0, 3.5, 6.0), "mg/cm2"),
        ("temperature=25:60 degC:2", "temperature", (25.0, 60.0), "degC"),
        ("temperature=298.15 K:60 degC:2", "temperature", (25.0, 60.0), "degC"),
        ("pressure=0.1:10 MPa:3:log", "pressure", (0.1, 1.0, 10.0), "MPa"),
        ("c_rate=0.1,1,5", "c_rate", (0.1, 1.0, 5.0), ""),
        ("anode.mass=1,2,6 mg", "anode.mass", (1.0, 2.0, 6.0), "mg"),
        ("N/P=4:1:3", "N/P", (4.0, 2.5, 1.0), ""),
        ("cycles=10:1000:4:log", "cycles", (10.0, 46.0, 215.0, 1000.0), ""),
        ("steps.3.c_rate=1:5:2", "steps.3.c_rate", (1.0, 5.0), ""),
        ("anode.interface=h-na-1-5/nzsp-hna,pristine-na/nzsp-hna", "anode.interface",
         ("h-na-1-5/nzsp-hna", "pristine-na/nzsp-hna"), ""),
    ],
)  # fmt: skip
def test_values_of_a_key(text, key, values, unit):
    axis = one(text)
    assert (axis.key, axis.unit) == (key, unit)
    assert axis.values == pytest.approx(values) if axis.is_number else axis.values == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cathode.loadng=1:2 mg/cm2:3", "unknown key; did you mean 'cathode.loading'?"),
        ("crate=1:2:3", "unknown key; did you mean 'c_rate'?"),
        ("zzz=1:2:3", "allowed are N/P, temperature, pressure"),
        ("mass=1:2 mg:3", "there are anode.mass, cathode.mass; say which"),
        ("loading=1:2 mm:3", "'mm' is not a unit of areal mass"),
        ("loading=1:2:3", "a number without a unit"),
        ("c_rate=1 mA:3 mA:3", "must be a plain number, which has no unit"),
        ("cycles=1.5:3:2", "must be a finite whole number"),
        ("c_rate=nan:3:2", "must be a finite plain number"),
        ("c_rate=1:5", "write key=first:last:number"),
        ("c_rate=1:5:1", "read '1' as the number of values, must be a whole number from 2 to 1000"),
        ("c_rate=1:5:x", "read 'x' as the number of values"),
        ("c_rate=2:2:3", "a range from a value to itself"),
        ("c_rate=0:5:3:log", "a logarithmic range needs both ends above zero"),
        ("c_rate=1,1", "two or more different values"),
        ("anode.interface=a", "two or more different values"),
        ("c_rate", "says no values"),
        ("N/P=1:2 mg:2", "which has no unit"),
    ],
)
def test_mistakes_are_one_sentence(text, said):
    with pytest.raises(SpecificationError, match="--vary") as caught:
        one(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_varied_and_a_key_twice():
    with pytest.raises(SpecificationError, match="nothing is varied"):
        read_axes([], FULL, RATES)
    with pytest.raises(SpecificationError, match="is given twice"):
        read_axes(["loading=1:2 mg/cm2:2", "cathode.loading=3:4 mg/cm2:2"], FULL, RATES)


def test_a_full_cell_gets_its_values():
    cell, protocol = applied(FULL, RATES, {"cathode.mass": "2 mg", "pressure": "1 MPa", "c_rate": 3.0, "cycles": 7})
    assert "loading" not in cell["cathode"]
    assert cell["pressure"] == "1 MPa"
    assert [s.get("c_rate") for s in protocol["steps"]] == [3.0, None, 3.0]
    assert [s.get("cycles") for s in protocol["steps"]] == [7, None, 7]
    assert FULL["cathode"]["loading"] == "1 mg/cm2"  # the originals stay


def test_one_step_and_a_parameter():
    cell, protocol = applied(FULL, RATES, {"steps.3.c_rate": 3.0, "anode.parameters.contact_resistance": "9 Ohm cm2"})
    assert [s.get("c_rate") for s in protocol["steps"]] == [[0.1, 0.5, 1.0, 2.0, 5.0], None, 3.0]
    assert cell["anode"]["parameters"] == {"contact_resistance": "9 Ohm cm2"}


def test_a_current_takes_the_place_of_a_rate():
    protocol = applied(FULL, RATES, {"specific_current": "100 mA/g"})[1]
    assert [set(s) & {"c_rate", "specific_current"} for s in protocol["steps"]] == [
        {"specific_current"}, set(), {"specific_current"},
    ]  # fmt: skip


def test_both_electrodes_of_a_symmetric_cell():
    assert one("mass=1:6 mg:2", SYMMETRIC, CRITICAL).key == "electrode.mass"
    cell, protocol = applied(SYMMETRIC, CRITICAL, {"electrode.mass": "3 mg", "capacity": "1 mAh/cm2"})
    assert cell["electrode"]["working"]["mass"] == cell["electrode"]["counter"]["mass"] == "3 mg"
    assert protocol["steps"][2]["capacity"] == "1 mAh/cm2"
    one_side = applied(SYMMETRIC, CRITICAL, {"electrode.working.thickness": "9 um"})[0]["electrode"]
    assert one_side["working"] == {"interface": "h-na-1-5/nzsp-hna", "thickness": "9 um"}
    assert one_side["counter"]["mass"] == "6 mg"


def test_a_temperature_of_the_protocol_is_replaced_too():
    heated = {**RATES, "temperature": "40 degC"}
    cell, protocol = applied(FULL, heated, {"temperature": "60 degC"})
    assert cell["temperature"] == protocol["temperature"] == "60 degC"


def test_steps_within_repeats_are_numbered_once():
    inner = [{"type": "rest", "duration": "1 h"}, RATES["steps"][2]]
    protocol = {"name": "x", "steps": [{"type": "repeat", "times": 3, "steps": inner}, RATES["steps"][1]]}
    assert "steps.2.c_rate" in keys(FULL, protocol)
    assert "steps.3.lowest_frequency" in keys(FULL, protocol)
    made = applied(FULL, protocol, {"steps.2.c_rate": 9.0})[1]
    assert made["steps"][0]["steps"][1]["c_rate"] == 9.0


def test_the_ratio_of_capacities_is_what_was_asked_for():
    pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
    from natrode.simulate.fullcell.assemble import assemble, capacity_ratio

    cell = applied(FULL, RATES, {"N/P": 1.7, "cathode.loading": "3 mg/cm2"})[0]
    assert "mass" not in cell["anode"]
    assert capacity_ratio(assemble(FullCell.read(cell, "cell"))) == pytest.approx(1.7, rel=1e-12)
    with pytest.raises(SpecificationError, match="must be greater than zero"):
        applied(FULL, RATES, {"N/P": -1.0})
