"""Mistakes in full cells and their protocols: one clear message each."""

import tomllib
from dataclasses import replace

import pytest

from natrode.cell import FULL_EXAMPLE, Cell, FullCell
from natrode.errors import SimulationError, SpecificationError
from natrode.protocol import Protocol
from natrode.simulate import symmetric
from natrode.simulate.fullcell import run
from natrode.simulate.fullcell.assemble import assemble, capacity_ratio, pybamm_model, pybamm_values, warnings_of
from tests.simulate.fullcell.cells import cell, protocol


@pytest.mark.parametrize(
    ("cathode", "changes", "message"),
    [
        ({"loading": None}, {}, "give 'loading'"),
        ({"material": "nvq"}, {}, "did you mean 'nvp'"),
        ({"wetting": "liquid-napf7"}, {}, "did you mean 'liquid-napf6'"),
        ({"parameters": {"wetted_resistanc": "1 Ohm cm2"}}, {}, "did you mean 'wetted_resistance'"),
        ({"parameters": {"wetted_resistance": "1 mm"}}, {}, "wetted_resistance|area-specific"),
        ({}, {"temperature": "95 degC"}, "hold from -20 to 90 degC"),
        ({}, {"temperature": "-40 degC"}, "hold from -20 to 90 degC"),
        ({}, {"temperature": [["0 h", "25 degC"], ["9 h", "95 degC"]]}, "read 25 to 95 degC"),
        ({}, {"electrolyte": {"material": "nzsp-hna", "thickness": "1 mm"}}, "no size: give 'diameter' or 'area'"),
        ({"mass": "1 mg"}, {}, "give 'loading' .* or 'mass' of the active material, one of them"),
        ({"loading": "1 mg"}, {}, "is not a unit of areal mass"),
        ({"loading": "-1 mg/cm2"}, {}, "must be greater than zero"),
        ({"diameter": "1 cm", "area": "1 cm2"}, {}, "give 'diameter' or 'area', not both"),
        ({"particles": "shrinking"}, {}, "shrinking-core"),
        ({}, {"anode": {"interface": "h-na-1-5/nzsp-hna", "mass": "1 mg", "thickness": "1 um"}}, "not both"),
        ({}, {"anode": {"interface": "h-na-1-6/nzsp-hna"}}, "did you mean 'h-na-1-"),
        ({}, {"plating_efficiency": 1.2}, "plating_efficiency: .*less than or equal to 1"),
        ({}, {"capacity_ratio": -1.0}, "capacity_ratio: .*greater than 0"),
    ],
)
def test_mistakes_in_a_cell_are_one_sentence(cathode, changes, message):
    data = tomllib.loads(FULL_EXAMPLE)
    data["cathode"] = {k: v for k, v in {**data["cathode"], **cathode}.items() if v is not None}
    with pytest.raises(SpecificationError, match=message):
        FullCell.read({**data, **changes}, "cell.toml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lower_voltage": "3.4 V"}, "lower_voltage: 3.4 V lies inside or above the plateau"),
        ({"upper_voltage": "3.3 V"}, "upper_voltage: 3.3 V lies inside or below the plateau"),
    ],
)
def test_cut_offs_inside_the_plateau(changes, message):
    with pytest.raises(SpecificationError, match=message):
        run.simulate(cell(), protocol(1.0, 1, **changes))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"c_rate": None}, "give one of 'c_rate', 'specific_current', 'current_density'"),
        ({"current_density": "1 mA/cm2"}, "give one of 'c_rate', 'specific_current', 'current_density'"),
        ({"c_rate": -1.0}, "greater than 0"),
        ({"lower_voltage": "3.9 V"}, "'lower_voltage' must be below 'upper_voltage'"),
        ({"cycles": 0}, "greater than 0"),
        ({"charge_limit": 0.5}, "greater than 1"),
        ({"capacity": "1 mAh/cm2"}, "is not a unit of specific charge"),
        ({"c_rat": 1.0}, "unknown key 'c_rat'; did you mean 'c_rate'"),
    ],
)
def test_mistakes_in_a_step_are_one_sentence(step, message):
    good = {"type": "charge-discharge", "c_rate": 1.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V"}
    given = {k: v for k, v in {**good, **step}.items() if v is not None}
    with pytest.raises(SpecificationError, match=message) as caught:
        Protocol.read({"name": "x", "steps": [given]}, "protocol.toml")
    assert "\n" not in str(caught.value)


def test_a_protocol_that_leaves_the_data_of_the_cathode():
    for heat in ("95 degC", [["0 h", "25 degC"], ["9 h", "-30 degC"]]):
        hot = Protocol(name="hot", temperature=heat, steps=protocol(1.0, 1).steps)
        with pytest.raises(SpecificationError, match="protocol 'hot': temperature: the data of the cathodes hold"):
            run.simulate(cell(), hot)


def test_a_c_rate_without_a_capacity(monkeypatch):
    from natrode import materials
    from natrode.simulate.fullcell import assemble as module

    given, whole = cell(), materials.load_material("nvp")
    bare = replace(whole, properties={k: v for k, v in whole.properties.items() if k != "specific_charge"})
    monkeypatch.setattr(module.materials, "load_material", lambda name: bare)
    with pytest.raises(SpecificationError, match="has no specific_charge, so that a C-rate and a state of charge mean"):
        module.assemble(given)


def test_noise_without_a_seed_and_too_many_points():
    noisy = Protocol(name="x", sampling={"noise": 0.01}, steps=protocol(1.0, 1).steps)
    with pytest.raises(SpecificationError, match="noise needs a seed"):
        run.simulate(cell(), noisy)
    with pytest.raises(SimulationError, match="points per half cycle or sampling"):
        run.simulate(cell(), protocol(1.0, 1_000_000, 100))


def test_a_full_cell_step_on_a_symmetric_cell_and_a_full_cell_file_as_a_symmetric_one():
    with pytest.raises(SpecificationError, match="charge-discharge is for a full cell; this one is symmetric"):
        symmetric.simulate(cell().symmetric, protocol(1.0, 1))
    at_charge = Protocol(name="x", steps=[{"type": "impedance", "state_of_charge": 0.5}])
    with pytest.raises(SpecificationError, match="state_of_charge is for a full cell; this one is symmetric"):
        symmetric.simulate(cell().symmetric, at_charge)
    with pytest.raises(SpecificationError, match="this is a full cell"):
        Cell.read(tomllib.loads(FULL_EXAMPLE), "cell.toml")


def test_pybamm_models_take_constants():
    pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
    model = assemble(cell(temperature=[["0 h", "25 degC"], ["9 h", "60 degC"]]))
    with pytest.raises(SimulationError, match="one temperature and one stack pressure"):
        pybamm_values(model)


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SimulationError, match=r"pip install 'natrode\[cell\]'"):
        pybamm_model(assemble(cell()))


def test_steps_of_symmetric_cells_are_refused():
    with pytest.raises(SpecificationError, match="'cycling' is for symmetric cells"):
        run.simulate(
            cell(),
            Protocol(
                name="x",
                steps=[
                    {"type": "cycling", "current_density": "1 mA/cm2", "capacity": "1 mAh/cm2", "cycles": 1},
                ],
            ),
        )


def test_too_little_sodium_is_a_warning_that_says_what_it_means():
    experiment = run.simulate(cell({"loading": "20 mg/cm2"}, {"mass": "0.5 mg"}), protocol(0.2, 1))
    assert any("below 1" in text for text in experiment.cycling.metadata.warnings)


def test_too_little_sodium_against_a_charged_cathode_limits_the_capacity():
    given = cell({"material": "sulfur"}, {"mass": None, "thickness": "0.1 um"})
    assert any("limits the capacity" in text for text in warnings_of(assemble(given)))


def test_a_stated_ratio_says_nothing_of_an_unlimited_anode():
    assert warnings_of(assemble(cell({}, {"mass": None}, capacity_ratio=2.0))) == ()


def test_capacity_ratio_and_its_contradiction():
    given = FullCell(
        name="PbC",
        electrolyte={"material": "nzsp-pbc", "thickness": "0.8 mm", "diameter": "10 mm"},
        cathode={"material": "nvp", "loading": "2.52 mg/cm2"},
        anode={"interface": "pb-c-na/nzsp-pbc", "mass": "10 mg"},
        capacity_ratio=40.0,
    )
    model = assemble(given)
    assert capacity_ratio(model) == pytest.approx(50.1, rel=0.01)
    assert any("needs an area of 0.98" in text or "needs an area of 0.99" in text for text in warnings_of(model))
