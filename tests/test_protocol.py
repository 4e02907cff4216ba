"""What a user writes about a protocol, and what each mistake is answered with."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.errors import SpecificationError
from natrode.protocol import EXAMPLE, MAXIMUM_HALF_CYCLES, Protocol

STEPS = {
    "rest": dict(duration="1 h"),
    "cycling": dict(current_density="0.1 mA/cm2", capacity="0.1 mAh/cm2", cycles=3, rest="5 min", first="plate"),
    "critical-current-ramp": dict(start="0.1 mA/cm2", increment="0.1 mA/cm2", maximum="0.5 mA/cm2", duration="30 min"),
    "rate-ladder": dict(current_densities=["0.1 mA/cm2", "1 mA/cm2"], capacity="0.1 mAh/cm2", cycles_per_step=2),
    "one-sided": dict(current_density="0.2 mA/cm2", capacity="1 mAh/cm2", impedance_every="10 min",
                      impedance=dict(lowest_frequency="1 Hz")),
    "current-ramp": dict(rate="1 mA/cm2/h", maximum="2 mA/cm2"),
    "impedance": dict(highest_frequency="1 MHz", lowest_frequency="1 mHz", current_density="-0.1 mA/cm2"),
    "hold": dict(voltage="-50 mV", duration="1 h"),
    "linear-sweep": dict(start="0 V", end="0.2 V", rate="1 mV/s"),
    "tafel": dict(start="-0.1 V", end="0.2 V", rate="0.1 mV/s"),
    "cyclic-voltammetry": dict(start="-0.1 V", end="0.1 V", rate="1 mV/s", cycles=3),
    "repeat": dict(times=3, steps=[dict(type="rest", duration="1 h"), dict(type="impedance")]),
}  # fmt: skip


def step(kind, remove=(), **changes):
    return {"type": kind, **{k: v for k, v in STEPS[kind].items() if k not in remove}, **changes}


def protocol(*steps, **more):
    return Protocol.read({"name": "x", "steps": list(steps), **more}, "my.toml")


def refused(said, *steps, **more):
    with pytest.raises(SpecificationError) as error:
        protocol(*steps, **more)
    assert str(error.value).startswith("my.toml: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_spectrum_has_a_current_or_a_voltage():
    with pytest.raises(SpecificationError, match="'current_density' or 'voltage', not both"):
        Protocol(name="p", steps=[{"type": "impedance", "current_density": "1 mA/cm2", "voltage": "10 mV"}])


def test_the_example_file_loads(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    given = Protocol.load(path)
    assert [s.type for s in given.steps] == ["rest", "impedance", "critical-current-ramp"]
    assert len(given.steps[2].current_densities) == 60
    assert given.steps[2].current_densities[0] == pytest.approx(1.0)
    assert given.steps[2].current_densities[-1] == pytest.approx(60.0)
    assert given.steps[2].half_cycle_time(2.0) == pytest.approx(3600.0)


@pytest.mark.parametrize("kind", STEPS)
def test_each_step_is_read_and_written(kind):
    given = protocol(step(kind))
    assert given.steps[0].type == kind
    assert Protocol.read(tomllib.loads(given.to_toml()), "x") == given
    refused("unknown key 'duratoin'", step(kind, duratoin="1 h"))


def test_example_names_every_step():
    for kind in STEPS:
        assert f'"{kind}"' in EXAMPLE


@pytest.mark.parametrize("increment", ["0.1 mA/cm2", "0.05 mA/cm2", "0.3 mA/cm2"])
def test_a_ramp_stops_at_its_maximum(increment):
    ramp = protocol(step("critical-current-ramp", increment=increment)).steps[0]
    levels, rise = ramp.current_densities, ramp.increment
    assert len(levels) == ramp.count
    assert levels[-1] <= ramp.maximum * (1 + 1e-9)
    assert levels[-1] + rise > ramp.maximum * (1 + 1e-9)


CYCLING = step("cycling")


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("steps.1: read 'rets', allowed are 'rest', 'cycling'", dict(type="rets", duration="1 h")),
        ("steps.1: has no 'type'", dict(duration="1 h")),
        ("steps.1.rest.duration: is missing", dict(type="rest")),
        (
            "steps.1.cycling.current_density: read \"1.1 mA\": 'mA' is not a unit of current density",
            step("cycling", current_density="1.1 mA"),
        ),
        ('a number without a unit; write a current density such as "1.1 mA/cm2"', step("cycling", current_density=1.1)),
        ("must be greater than zero", step("cycling", current_density="-1 mA/cm2")),
        ("must be greater than zero", step("cycling", current_density="0 mA/cm2")),
        ("must be greater than zero", step("rest", duration="0 h")),
        ("cycles: read 0", step("cycling", cycles=0)),
        ("give 'capacity' or 'duration' per half cycle, one of them", step("cycling", duration="1 h")),
        ("give 'capacity' or 'duration' per half cycle, one of them", step("cycling", remove=["capacity"])),
        ("this step can never end: give 'capacity' or 'duration'", step("one-sided", remove=["capacity"])),
        ("give 'capacity' or 'duration', not both", step("one-sided", duration="1 h")),
        ("'maximum' is below 'start'", step("critical-current-ramp", maximum="0.05 mA/cm2")),
        ("must be greater than zero", step("critical-current-ramp", increment="0 mA/cm2")),
        ("'maximum' must be above 'start'", step("current-ramp", start="5 mA/cm2")),
        ("'maximum' must be above 'start'", step("current-ramp", start="2 mA/cm2")),
        ("must be greater than zero", step("current-ramp", rate="0 mA/cm2/h")),
        ("'lowest_frequency' must be below 'highest_frequency'", step("impedance", lowest_frequency="1 MHz")),
        ("'start' and 'end' are the same voltage", step("tafel", end="-0.1 V")),
        ('\'cycles\' belongs to type = "cyclic-voltammetry", not to "tafel"', step("tafel", cycles=2)),
        ("steps.1.repeat.times: read 0", step("repeat", times=0)),
        ("steps.1.repeat.steps: read []", step("repeat", steps=[])),
        (
            "steps.1.repeat.steps.2.rest.duraton: unknown key 'duraton'; did you mean 'duration'?",
            step("repeat", steps=[step("rest"), step("rest", duraton="1 h")]),
        ),
        ("current_densities: read []", step("rate-ladder", current_densities=[])),
        ('current_densities.2: read "1 mA"', step("rate-ladder", current_densities=["1 mA/cm2", "1 mA"])),
    ],
)
def test_each_mistake_gets_one_sentence_with_its_place(said, given):
    refused(said, given)


def test_a_protocol_has_steps():
    refused("steps: read []")
    with pytest.raises(SpecificationError, match="steps: is missing"):
        Protocol.read({"name": "x"}, "my.toml")


@pytest.mark.parametrize(
    "sampling", [dict(noise=-1), dict(points_per_half_cycle=1), dict(interval="1 mA"), dict(cycles="some")]
)
def test_mistakes_in_sampling(sampling):
    refused(f"sampling.{next(iter(sampling))}: read", step("rest"), sampling=sampling)


HALF = MAXIMUM_HALF_CYCLES // 2


@pytest.mark.parametrize(
    "steps",
    [
        [step("cycling", cycles=HALF + 1)],
        [step("cycling", cycles=HALF), step("rest")],
        [step("repeat", times=HALF + 1, steps=[step("cycling", cycles=1)])],
        [step("repeat", times=3000, steps=[step("repeat", times=3000, steps=[step("cycling", cycles=3)])])],
        [step("rate-ladder", cycles_per_step=HALF)],
        [step("critical-current-ramp", increment="1e-12 mA/cm2")],
        [step("repeat", times=MAXIMUM_HALF_CYCLES + 1, steps=[step("rest")])],
    ],
)
def test_a_protocol_that_would_never_end(steps):
    refused("this protocol would never end", *steps)


def test_a_protocol_as_long_as_allowed():
    assert protocol(step("cycling", cycles=HALF)).steps[0].cycles == HALF


def amount(low, high, *units):
    return st.builds("{!r} {}".format, st.floats(low, high), st.sampled_from(units))


DENSITY = amount(0.01, 10, "mA/cm2", "uA cm-2", "A/m2")
TIME = amount(0.001, 100, "h", "min", "s")
LIMIT = st.fixed_dictionaries({"capacity": amount(0.001, 5, "mAh/cm2")}) | st.fixed_dictionaries({"duration": TIME})
VOLTS = amount(-1, 1, "V") | amount(-500, 500, "mV")


def made(kind, limit=None, **fields):
    base = st.fixed_dictionaries({"type": st.just(kind), **fields})
    return base if limit is None else st.builds(lambda a, b: {**a, **b}, base, limit)


SIMPLE = st.one_of(
    made("rest", duration=TIME),
    made("cycling", LIMIT, current_density=DENSITY, cycles=st.integers(1, 1000), voltage_limit=amount(0.01, 5, "V")),
    made("rate-ladder", LIMIT, current_densities=st.lists(DENSITY, min_size=1, max_size=4)),
    made(
        "critical-current-ramp", LIMIT, start=DENSITY, increment=amount(0.01, 1, "mA/cm2"), maximum=st.just("20 mA/cm2")
    ),
    made("one-sided", LIMIT, current_density=DENSITY, impedance_every=TIME),
    made("current-ramp", rate=amount(0.01, 10, "mA/cm2/h"), maximum=DENSITY),
    made("impedance", highest_frequency=amount(1e3, 1e6, "Hz"), lowest_frequency=amount(0.1, 100, "mHz")),
    made("hold", voltage=VOLTS, duration=TIME),
    made("linear-sweep", start=amount(-1, -0.1, "V"), end=amount(0, 500, "mV"), rate=amount(0.01, 10, "mV/s")),
)
ANY = st.recursive(
    SIMPLE,
    lambda inner: made("repeat", times=st.integers(1, 5), steps=st.lists(inner, min_size=1, max_size=3)),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(ANY, min_size=1, max_size=4), interval=st.none() | TIME)
def test_toml_gives_an_equal_protocol(steps, interval):
    sampling = {} if interval is None else {"interval": interval}
    given = Protocol(name="x", steps=steps, sampling=sampling)
    assert Protocol.read(tomllib.loads(given.to_toml()), "x") == given


def test_an_empty_list_of_steps_is_told_in_words():
    with pytest.raises(SpecificationError, match=r"^my.toml: steps: read \[\], at least 1 must be given$"):
        Protocol.read({"name": "nothing", "steps": []}, "my.toml")
