"""A cell file and a protocol file become records: what comes out follows what was written in."""

import copy
import tomllib

import numpy as np
import pytest

from natrode import materials
from natrode.cell import EXAMPLE, Cell
from natrode.constants import BOLTZMANN_EV, FARADAY
from natrode.errors import SimulationError, SpecificationError
from natrode.measurement import Column
from natrode.physics import contact
from natrode.protocol import Protocol
from natrode.simulate import kernel, parameters
from natrode.simulate.symmetric import simulate

DATA = tomllib.loads(EXAMPLE)
STRIP = dict(type="one-sided", current_density="0.2 mA/cm2", duration="5 h")
CYCLES = dict(type="cycling", current_density="0.5 mA/cm2", capacity="0.125 mAh/cm2", cycles=4)
REST = dict(type="rest", duration="1 h")
IMPEDANCE = dict(type="impedance", lowest_frequency="1 Hz")
WHOLE = {"replenishment_current_density": "500 mA/cm2"}
"""Replenished faster than any current of these tests: no voids."""


def cell(interface="pristine-na/nzsp-hna", both=None, working=None, counter=None, **top):
    data = copy.deepcopy(DATA)
    data.update(top)
    for side, own in (("working", working), ("counter", counter)):
        data["electrode"][side] = {"interface": interface, **(both or {}), **(own or {})}
    return Cell.read(data, "test")


def whole(**given):
    return cell(both={"parameters": WHOLE}, **given)


def protocol(*steps, **more):
    return Protocol(name="test", steps=steps, **more)


def resistance(record, n=0):
    return record.array(Column.VOLTAGE)[n] / record.array(Column.CURRENT)[n]


def arrhenius(energy, kelvin):
    return np.exp(energy / BOLTZMANN_EV * (1 / kelvin - 1 / 298.15))


# ---- reproducible ----------------------------------------------------------------------------------------------


def test_same_inputs_and_seed_give_equal_tables():
    noisy = protocol(IMPEDANCE, CYCLES, sampling={"noise": 0.01})
    one, two, other = (simulate(cell(), noisy, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert [m.digest for m in one.measurements] == [m.digest for m in two.measurements]
    assert not np.array_equal(one.cycling.array(Column.VOLTAGE), other.cycling.array(Column.VOLTAGE))
    assert one.cycling.metadata.origin.seed == 1
    quiet = protocol(IMPEDANCE, CYCLES)
    assert simulate(cell(), quiet) == simulate(cell(), quiet)


def test_noise_needs_a_seed_and_has_the_size_that_was_asked_for():
    steps = [{**CYCLES, "cycles": 50, "current_density": "0.1 mA/cm2"}]
    noisy = protocol(*steps, sampling={"noise": 0.02})
    with pytest.raises(SpecificationError, match=r"sampling\.noise needs a seed"):
        simulate(whole(), noisy)
    clean, scattered = simulate(whole(), protocol(*steps)).cycling, simulate(whole(), noisy, seed=5).cycling
    assert scattered.array(Column.CURRENT).tolist() == clean.array(Column.CURRENT).tolist()
    assert scattered.array(Column.TIME).tolist() == clean.array(Column.TIME).tolist()
    relative = scattered.array(Column.VOLTAGE) / clean.array(Column.VOLTAGE) - 1
    assert len(relative) > 1500
    assert relative.std() == pytest.approx(0.02, rel=0.08)  # four standard errors
    assert abs(relative.mean()) < 4 * 0.02 / len(relative) ** 0.5


@pytest.mark.parametrize(
    "steps",
    [[CYCLES, IMPEDANCE], [STRIP, REST, IMPEDANCE], [dict(CYCLES, cycles=500, current_density="1 mA/cm2"), IMPEDANCE]],
)
def test_what_is_recorded_never_changes_the_result(steps):
    samplings = [
        {},
        {"points_per_half_cycle": 97},
        {"points_per_half_cycle": 2},
        {"cycles": "logarithmic"},
        {"interval": "37 s"},
    ]
    runs = [simulate(cell(), protocol(*steps, sampling=sampling)) for sampling in samplings]
    ends = {run.cycling.metadata.settings["end"] for run in runs}
    assert len(ends) == 1
    for run in runs[1:]:
        assert run.cycling.array(Column.TIME)[-1] == runs[0].cycling.array(Column.TIME)[-1]
        assert run.cycling.array(Column.VOLTAGE)[-1] == runs[0].cycling.array(Column.VOLTAGE)[-1]
        for mine, first in zip(run.of_kind("impedance"), runs[0].of_kind("impedance"), strict=True):
            assert mine.table.equals(first.table)


# ---- conditions ------------------------------------------------------------------------------------------------


def test_resistance_of_the_electrolyte_falls_with_temperature_as_arrhenius_says():
    bare = {"contact_resistance": "1e-9 Ohm cm2", **WHOLE}
    energy = materials.load_material("nzsp-hna").properties["conductivity_activation_energy"].si
    warm, cool = (
        resistance(simulate(cell(both={"parameters": bare}, temperature=t), protocol(STRIP)).cycling)
        for t in ("60 degC", "25 degC")
    )
    assert energy > 0.1
    assert warm / cool == pytest.approx(arrhenius(energy, 333.15), rel=1e-6)


def test_resistance_of_the_contacts_falls_with_temperature_as_arrhenius_says():
    given = {"contact_resistance": "4 Ohm cm2", "resistance_activation_energy": "0.3 eV", **WHOLE}
    bare = {**given, "contact_resistance": "1e-9 Ohm cm2"}
    contacts = []
    for temperature in ("60 degC", "25 degC"):
        a, b = (
            simulate(cell(both={"parameters": p}, temperature=temperature), protocol(STRIP)).cycling
            for p in (given, bare)
        )
        contacts.append(resistance(a) - resistance(b))
    assert contacts[0] / contacts[1] == pytest.approx(arrhenius(0.3, 333.15), rel=1e-6)


def test_a_temperature_profile_acts_in_time_and_is_recorded():
    profile = [["0 h", "25 degC"], ["1 h", "25 degC"], ["2 h", "80 degC"]]
    record = simulate(whole(), protocol(STRIP, temperature=profile, sampling={"interval": "10 min"})).cycling
    time, volts = record.array(Column.TIME) / 3600, record.array(Column.VOLTAGE)
    assert record.array(Column.TEMPERATURE) == pytest.approx(np.interp(time, [0, 1, 2], [25, 25, 80]), abs=1e-6)
    assert volts[time < 1] == pytest.approx(volts[0], rel=1e-9)
    assert np.all(np.diff(volts[(time > 1) & (time < 2)]) < 0)
    hot = simulate(whole(temperature="80 degC"), protocol(STRIP)).cycling
    assert volts[-1] == pytest.approx(hot.array(Column.VOLTAGE)[0], rel=1e-9)
    assert record.metadata.temperature == "unknown"
    assert hot.metadata.temperature == pytest.approx(353.15)


def test_spectra_under_profiles_know_their_temperature_and_pressure():
    steps = [{"type": "impedance"}, {"type": "rest", "duration": "1 h"}] * 4
    heat, load = [["0 h", "0 degC"], ["4 h", "60 degC"]], [["0 h", "1 MPa"], ["4 h", "5 MPa"]]
    record = simulate(cell(), Protocol(name="both", steps=steps, temperature=heat, pressure=load)).impedance
    for spectrum in record.spectra():
        hours = spectrum.array(Column.TIME)[0] / 3600.0
        assert spectrum.array(Column.TEMPERATURE) == pytest.approx(15.0 * hours, abs=1e-9)
        assert spectrum.array(Column.PRESSURE) == pytest.approx(1e6 * (1.0 + hours), rel=1e-9)
    constant = simulate(cell(), Protocol(name="none", steps=steps)).impedance
    assert Column.TEMPERATURE not in constant
    assert constant.metadata.temperature == pytest.approx(298.15)


def test_a_jump_in_a_profile_at_the_start_leaves_no_gap():
    record = simulate(
        whole(temperature=[["0 h", "25 degC"], ["0 h", "60 degC"], ["9 h", "60 degC"]]), protocol(STRIP)
    ).cycling
    hot = simulate(whole(temperature="60 degC"), protocol(STRIP)).cycling
    assert record.array(Column.VOLTAGE) == pytest.approx(hot.array(Column.VOLTAGE), rel=1e-9)


def test_both_temperature_laws_of_replenishment_can_be_chosen():
    found = {}
    for law in ("interface", "creep"):
        given = cell(replenishment_law=law, temperature="60 degC")
        model = parameters.assemble(given)
        energy = model.interfaces[0][f"replenishment_activation_energy_{law}"]
        value = parameters.conditions(model)[0, kernel.REPLENISHMENT_0]
        assert value == pytest.approx(
            model.interfaces[0]["replenishment_current_density"] / arrhenius(energy, 333.15), rel=1e-9
        )
        strip = simulate(given, protocol({**STRIP, "duration": "50 h", "voltage_limit": "0.2 V"})).cycling
        found[law] = strip.array(Column.TIME)[-1]
    assert found["creep"] > found["interface"]


def test_both_couplings_of_replenishment_can_be_chosen():
    """At the interface particles change nothing; creep of the bulk they slow by the power of the hardness."""

    def replenishment(interface, coupling):
        model = parameters.assemble(cell(interface, replenishment_coupling=coupling))
        return parameters.conditions(model)[0, kernel.REPLENISHMENT_0]

    for interface, fraction in (
        ("pristine-na/nzsp-hna", 0.0),
        ("h-na-1-5/nzsp-hna", 0.0538),
        ("h-na-1-1/nzsp-hna", 0.2213),
    ):
        free, slowed = (replenishment(interface, coupling) for coupling in ("interface", "bulk-creep"))
        assert slowed / free == pytest.approx((1 + 4.5 * fraction) ** -5, rel=1e-9)
    strip = protocol({**STRIP, "duration": "50 h", "voltage_limit": "0.2 V"})
    lasts = {
        coupling: simulate(cell("h-na-1-5/nzsp-hna", replenishment_coupling=coupling), strip).cycling.array(
            Column.TIME
        )[-1]
        for coupling in ("interface", "bulk-creep")
    }
    assert lasts["bulk-creep"] < lasts["interface"]
    assert parameters.assemble(cell()).laws["coupling"] == "interface"


def test_contact_never_falls_when_pressure_is_released():
    profile = [["0 h", "0.01 MPa"], ["1 h", "3 MPa"], ["2 h", "3 MPa"], ["3 h", "0 MPa"]]
    for law in ("plastic", "creep"):
        table = parameters.conditions(parameters.assemble(cell(pressure=profile, contact_law=law)))
        fraction = table[:, kernel.CONTACT_FRACTION_0]
        assert np.all(np.diff(fraction) >= 0)
        assert fraction[-1] > fraction[0]
    record = simulate(whole(pressure=profile), protocol(STRIP, sampling={"interval": "6 min"})).cycling
    assert record.array(Column.PRESSURE) == pytest.approx(
        np.interp(record.array(Column.TIME) / 3600, [0, 1, 2, 3], [1e4, 3e6, 3e6, 0]), abs=1e-3
    )
    assert np.all(np.diff(record.array(Column.VOLTAGE)) <= 1e-15)
    assert record.array(Column.VOLTAGE)[-1] < 0.99 * record.array(Column.VOLTAGE)[0]


def test_contact_creeps_under_a_constant_pressure_as_the_closed_form():
    given = cell(pressure="0.5 MPa", contact_law="creep")
    model = parameters.assemble(given)
    table, values = parameters.conditions(model), model.interfaces[0]
    expected = contact.creep_flattened_contact_fraction(
        table[:, kernel.TIME], values["contact_fraction"], 0.5e6, values["creep_prefactor"], values["creep_exponent"]
    )
    assert table[:, kernel.CONTACT_FRACTION_0] == pytest.approx(expected, rel=1e-9)
    at = np.empty(kernel.N_CONDITIONS)
    for hours in (0.1, 1.0, 30.0, 1000.0):
        kernel.conditions_at(table, hours * 3600, at)
        exact = contact.creep_flattened_contact_fraction(
            hours * 3600, values["contact_fraction"], 0.5e6, values["creep_prefactor"], values["creep_exponent"]
        )
        assert at[kernel.CONTACT_FRACTION_0] == pytest.approx(exact, rel=2e-3)
    assert expected[-1] > expected[0]


def test_a_molten_anode_loses_no_contact():
    hot = dict(temperature="120 degC")
    molten = simulate(cell(both={"state": "molten"}, **hot), protocol({**STRIP, "current_density": "2 mA/cm2"})).cycling
    volts = molten.array(Column.VOLTAGE)
    assert volts == pytest.approx(volts[0], rel=1e-12)
    solid = simulate(cell(temperature="90 degC"), protocol({**STRIP, "current_density": "2 mA/cm2"})).cycling
    assert solid.array(Column.VOLTAGE).max() > 1.5 * solid.array(Column.VOLTAGE)[0]
    with pytest.raises(SpecificationError, match="above the melting point of sodium"):
        simulate(cell(), protocol(STRIP, temperature="120 degC"))


# ---- geometry and metal ----------------------------------------------------------------------------------------


def test_working_and_counter_electrode_have_areas_of_their_own():
    record = simulate(whole(working={"area": "0.2 cm2"}, counter={"area": "0.8 cm2"}), protocol(STRIP)).cycling
    model = parameters.assemble(whole())
    values = model.interfaces[0]
    specific = values["contact_resistance"] / (values["area_ratio"] * values["contact_fraction"])
    expected = model.electrolyte["resistance"] + specific / 2e-5 + specific / 8e-5
    assert resistance(record) == pytest.approx(expected, rel=1e-6)
    assert record.array(Column.CURRENT) == pytest.approx(2.0 * 2e-5, rel=1e-12)
    geometry = record.metadata.geometry
    assert (geometry.working_area, geometry.counter_area) == (pytest.approx(2e-5), pytest.approx(8e-5))
    assert geometry.interfaces_in_series == 2


@pytest.mark.parametrize("given", [{"mass": "0.2 mg"}, {"thickness": "3 um"}])
def test_the_metal_that_was_put_in_can_be_stripped_and_no_more(given):
    strip = protocol({**STRIP, "duration": "500 h", "current_density": "1 mA/cm2", "voltage_limit": "3 V"})
    virtual = whole(working=given)
    record = simulate(virtual, strip).cycling
    metal = materials.load_material("sodium").properties
    kilograms = 2e-7 if "mass" in given else 3e-6 * virtual.working_area * metal["density"].si
    charge = kilograms / (metal["density"].si * metal["molar_volume"].si) * FARADAY
    assert record.array(Column.TIME)[-1] * 10 * virtual.working_area == pytest.approx(charge, rel=1e-9)
    assert record.array(Column.VOLTAGE)[-1] == 3.0
    assert record.metadata.settings["end"] == "stopped by the instrument: voltage limit"


def test_a_molten_anode_runs_empty_like_a_solid_one():
    strip = protocol({**STRIP, "duration": "500 h", "current_density": "1 mA/cm2", "voltage_limit": "3 V"})
    given = {"thickness": "3 um", "state": "molten"}
    record = simulate(whole(working=given, counter={"state": "molten"}, temperature="120 degC"), strip).cycling
    metal = materials.load_material("sodium").properties
    hours = 3e-6 / metal["molar_volume"].si * FARADAY / 10 / 3600
    assert record.array(Column.TIME)[-1] / 3600 == pytest.approx(hours, rel=1e-9)
    assert record.array(Column.VOLTAGE)[-1] == 3.0
    assert record.array(Column.VOLTAGE)[:-1] == pytest.approx(record.array(Column.VOLTAGE)[0], rel=1e-12)


def test_ceramic_in_the_anode_is_no_metal():
    row = [
        parameters.assemble(cell(interface, both={"mass": "6 mg"})).electrodes[0]
        for interface in ("h-na-1-5/nzsp-hna", "pristine-na/nzsp-hna")
    ]
    assert row[0][kernel.RESERVOIR] < 0.95 * row[1][kernel.RESERVOIR]
    assert parameters.assemble(cell()).electrodes[0, kernel.RESERVOIR] == np.inf


def test_a_voltage_limit_stops_the_run_exactly_there():
    record = simulate(cell(), protocol({**STRIP, "duration": "50 h", "voltage_limit": "0.2 V"}, REST)).cycling
    assert record.array(Column.VOLTAGE)[-1] == pytest.approx(0.2, rel=1e-9)
    assert np.all(record.array(Column.VOLTAGE)[:-1] < 0.2)
    assert record.array(Column.TIME)[-1] / 60 == pytest.approx(200, rel=0.1)  # calibrated on 200 min
    assert set(record.array(Column.STEP)) == {1}
    assert record.metadata.settings["end"] == "stopped by the instrument: voltage limit"


def test_a_limit_that_is_passed_at_once_is_recorded():
    record = simulate(cell(), protocol({**STRIP, "current_density": "5 mA/cm2", "voltage_limit": "10 mV"})).cycling
    assert np.all(np.isfinite(record.array(Column.VOLTAGE)))


# ---- steps -----------------------------------------------------------------------------------------------------


def test_cycling_strips_first_or_plates_first():
    for first, sign in (("strip", 1), ("plate", -1)):
        record = simulate(whole(), protocol({**CYCLES, "first": first})).cycling
        current = record.array(Column.CURRENT)
        assert current[0] * sign == pytest.approx(5.0 * whole().working_area, rel=1e-12)
        assert sorted(set(record.array(Column.CYCLE))) == [1, 2, 3, 4]
        assert record.array(Column.STEP_COUNT).max() == 8
        assert record.array(Column.TIME)[-1] == pytest.approx(4 * 1800)
        assert record.metadata.settings["cycles"] == 4
        assert record.metadata.settings["end"] == "the protocol ran to its end"


def test_a_rate_ladder_goes_through_its_rates():
    ladder = dict(
        type="rate-ladder", current_densities=["1 mA/cm2", "0.1 mA/cm2"], duration="10 min", cycles_per_step=2
    )
    record = simulate(whole(), protocol(ladder)).cycling
    for cycle, density in ((1, 10.0), (2, 10.0), (3, 1.0), (4, 1.0)):
        part = abs(record.array(Column.CURRENT)[record.array(Column.CYCLE) == cycle])
        assert part == pytest.approx(density * whole().working_area, rel=1e-12)


def test_a_hold_keeps_the_voltage():
    record = simulate(cell(), protocol(dict(type="hold", voltage="-20 mV", duration="1 h"))).cycling
    assert record.array(Column.VOLTAGE) == pytest.approx(-0.02, rel=1e-9)
    assert np.all(record.array(Column.CURRENT) < 0)
    assert record.array(Column.TIME)[-1] == pytest.approx(3600)


@pytest.mark.parametrize("kinetics", ["ohmic", "butler-volmer"])
@pytest.mark.parametrize("volts", ["50 mV", "-50 mV", "0 V"])
def test_a_spectrum_at_a_potential_is_that_of_the_current_it_drives(volts, kinetics):
    """After a hold the spectrum's direct current is the hold's last one, and its impedance that under this current."""
    held = [dict(type="hold", voltage=volts, duration="20 min"), dict(type="impedance", voltage=volts)]
    given = cell(kinetics=kinetics)
    record = simulate(given, protocol(*held))
    (spectrum,) = record.impedance.spectra()
    last = record.cycling.array(Column.STEP) == 1
    flowing = record.cycling.array(Column.CURRENT)[last][-1]
    assert spectrum.array(Column.DC_CURRENT) == pytest.approx(flowing, rel=1e-9, abs=1e-15)
    driven = f"{flowing / given.working_area / 10:.15g} mA/cm2"
    other = simulate(given, protocol(held[0], dict(type="impedance", current_density=driven)))
    assert spectrum.impedance == pytest.approx(other.impedance.spectra()[0].impedance, rel=1e-9)
    assert record.cycling.array(Column.VOLTAGE)[~last] == pytest.approx(
        float(volts.split()[0]) / (1e3 if "m" in volts else 1), abs=1e-12
    )


def test_a_sweep_is_a_record_of_its_own():
    sweep = dict(type="tafel", start="-5 mV", end="10 mV", rate="0.1 mV/s")
    experiment = simulate(whole(), protocol(REST, sweep))
    record = experiment.sweep
    assert record.metadata.technique == "tafel"
    volts, time = record.array(Column.VOLTAGE), record.array(Column.TIME)
    assert volts == pytest.approx(-0.005 + 1e-4 * (time - 3600), abs=1e-7)
    assert volts[-1] == pytest.approx(0.01, rel=1e-6)
    moving = abs(volts) > 1e-5
    assert np.ptp(volts[moving] / record.array(Column.CURRENT)[moving]) == pytest.approx(0, abs=1e-3)


def test_a_voltammogram_runs_its_cycles():
    cv = dict(type="cyclic-voltammetry", start="-10 mV", end="20 mV", rate="0.1 mV/s", cycles=2)
    record = simulate(whole(), protocol(cv)).sweep
    volts = record.array(Column.VOLTAGE)
    assert record.array(Column.TIME)[-1] == pytest.approx(4 * 300, rel=1e-9)
    turns = np.sum(np.diff(np.sign(np.diff(volts)[np.diff(volts) != 0])) != 0)
    assert turns == 3
    assert (volts.min(), volts.max()) == (pytest.approx(-0.01), pytest.approx(0.02))


def test_a_repeat_runs_its_steps_and_sweeps_after_or_inside_it_are_found():
    sweep = dict(type="linear-sweep", start="0 V", end="10 mV", rate="0.1 mV/s")
    block = dict(type="repeat", times=3, steps=[REST, IMPEDANCE, CYCLES])
    experiment = simulate(whole(), protocol(block, sweep))
    assert len(experiment.impedance.spectra()) == 3
    assert experiment.cycling.metadata.settings["cycles"] == 12
    assert experiment.sweep.metadata.technique == "linear-sweep"
    assert set(experiment.sweep.array(Column.STEP)) == {4}
    assert experiment.sweep.array(Column.VOLTAGE)[-1] == pytest.approx(0.01, rel=1e-6)
    inside = simulate(whole(), protocol(dict(type="repeat", times=2, steps=[REST, sweep])))
    assert set(inside.sweep.array(Column.STEP)) == {2}
    assert np.ptp(inside.sweep.array(Column.TIME)) > 3600


def test_a_soft_short_scatters_with_a_seed_only_after_it_came_through():
    given = cell(short="soft", both={"parameters": {"crack_overpotential": "10 mV"}})
    steps = [{**CYCLES, "current_density": "0.2 mA/cm2", "cycles": 60}]
    clean, one, two, again = (simulate(given, protocol(*steps), seed=seed).cycling for seed in (None, 1, 2, 1))
    volts = clean.array(Column.VOLTAGE)
    assert one == again
    assert one.array(Column.CURRENT).tolist() == clean.array(Column.CURRENT).tolist()
    change = one.array(Column.VOLTAGE) / volts - 1
    first = int(np.argmax(change != 0))
    assert 0 < first < len(volts) // 2
    assert not np.array_equal(one.array(Column.VOLTAGE), two.array(Column.VOLTAGE))
    late = change[-len(change) // 4 :]
    assert 0 < late.std() < 0.03 * 1.1
    assert late.std() > change[first : first + len(late)].std()
    hard = cell(both={"parameters": {"crack_overpotential": "10 mV"}})
    assert simulate(hard, protocol(*steps), seed=1).cycling.table.equals(simulate(hard, protocol(*steps)).cycling.table)


# ---- refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "sampling"),
    [
        ([{**CYCLES, "cycles": 10_000_000}], {}),
        ([REST], {"interval": "1e-9 s"}),
        ([{**STRIP, "impedance_every": "1 ms"}], {}),
    ],
)
def test_a_record_that_no_memory_holds_is_refused(steps, sampling):
    with pytest.raises(SimulationError, match="this protocol asks for up to"):
        simulate(cell(), protocol(*steps, sampling=sampling))


def test_an_interface_that_lacks_a_parameter_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "x"\nmetal = "sodium"\nelectrolyte = "nzsp-hna"\nstate = "fresh"\n')
    with pytest.raises(
        SimulationError, match=r"electrode\.working: interface '.*mine\.toml' has no contact_resistance"
    ):
        simulate(cell(str(path)), protocol(STRIP))
