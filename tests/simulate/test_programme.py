"""A protocol becomes blocks; the bounds of what they record are bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.protocol import Impedance, ImpedanceSettings, Protocol
from natrode.simulate import integrator, kernel, programme
from tests.simulate.cells import AREA, conditions, electrode, hybrid

REST = dict(type="rest", duration="1 h")
CYCLING = dict(type="cycling", current_density="0.5 mA/cm2", capacity="0.1 mAh/cm2", cycles=3)
SWEEP = dict(type="linear-sweep", start="0 V", end="10 mV", rate="1 mV/s")


def blocks(*steps, **sampling):
    return programme.blocks(Protocol(name="x", steps=steps, sampling=sampling), AREA)


def spectrum_settings(**given):
    return ImpedanceSettings(**given)


def test_frequencies_fall_from_end_to_end_evenly_in_the_logarithm():
    f = programme.frequencies(
        spectrum_settings(highest_frequency="1 MHz", lowest_frequency="0.1 Hz", points_per_decade=7)
    )
    assert len(f) == 50
    assert f[0] == pytest.approx(1e6, rel=1e-12)
    assert f[-1] == pytest.approx(0.1, rel=1e-12)
    assert np.diff(np.log10(f)) == pytest.approx(-1 / 7, rel=1e-9)
    assert len(programme.frequencies(spectrum_settings(highest_frequency="1.01 Hz", lowest_frequency="1 Hz"))) == 2


def test_a_spectrum_takes_a_second_or_three_periods_per_frequency():
    given = spectrum_settings(highest_frequency="100 Hz", lowest_frequency="0.01 Hz", points_per_decade=1)
    assert programme.spectrum_time(given) == pytest.approx(1 + 1 + 3 + 30 + 300)


def test_blocks_of_cycling():
    rows, spectra = blocks(
        {**CYCLING, "rest": "5 min", "first": "plate", "voltage_limit": "2 V"}, points_per_half_cycle=9
    )
    assert not spectra
    assert len(rows) == 1
    assert rows[0, kernel.KIND] == kernel.CYCLING
    assert rows[0, kernel.LEVEL] == pytest.approx(-5.0 * AREA)
    assert rows[0, kernel.DURATION] == pytest.approx(720.0)
    expected = {"PAUSE": 300, "CYCLES": 3, "VOLTAGE_LIMIT": 2, "POINTS": 9, "STEP": 1, "LOGARITHMIC": 0}
    assert {name: rows[0, getattr(kernel, name)] for name in expected} == pytest.approx(expected)


def test_blocks_of_a_ramp_and_a_ladder():
    ramp = dict(
        type="critical-current-ramp",
        start="0.1 mA/cm2",
        increment="0.2 mA/cm2",
        maximum="0.5 mA/cm2",
        capacity="0.1 mAh/cm2",
    )
    rows, _ = blocks(ramp)
    assert rows[:, kernel.LEVEL] == pytest.approx(np.array([1.0, 3.0, 5.0]) * AREA)
    assert rows[:, kernel.DURATION] == pytest.approx([3600, 1200, 720])
    ladder = dict(type="rate-ladder", current_densities=["1 mA/cm2", "0.1 mA/cm2"], duration="1 h", cycles_per_step=4)
    rows, _ = blocks(ladder)
    assert rows[:, kernel.LEVEL] == pytest.approx(np.array([10.0, 1.0]) * AREA)
    assert rows[:, kernel.DURATION] == pytest.approx([3600, 3600])
    assert rows[:, kernel.CYCLES].tolist() == [4, 4]


def test_blocks_of_a_current_ramp():
    rows, _ = blocks(dict(type="current-ramp", start="0.2 mA/cm2", rate="1 mA/cm2/h", maximum="2.2 mA/cm2"))
    assert rows[0, kernel.DURATION] == pytest.approx(7200)
    assert rows[0, kernel.LEVEL] + rows[0, kernel.SLOPE] * rows[0, kernel.DURATION] == pytest.approx(22.0 * AREA)


def test_a_voltammogram_goes_there_and_back_and_is_cut_at_zero():
    rows, _ = blocks(dict(type="cyclic-voltammetry", start="-0.1 V", end="0.3 V", rate="1 mV/s", cycles=2))
    ends = rows[:, kernel.LEVEL] + rows[:, kernel.SLOPE] * rows[:, kernel.DURATION]
    assert rows[:, kernel.LEVEL] == pytest.approx([-0.1, 0, 0.3, 0, -0.1, 0, 0.3, 0])
    assert ends == pytest.approx([0, 0.3, 0, -0.1, 0, 0.3, 0, -0.1], abs=1e-12)
    assert abs(rows[:, kernel.SLOPE]) == pytest.approx(1e-3)
    assert set(rows[:, kernel.STEP]) == {1}


def test_a_repeated_step_keeps_its_number():
    inner = dict(type="repeat", times=2, steps=[dict(type="impedance"), CYCLING])
    given = [REST, dict(type="repeat", times=3, steps=[REST, inner]), SWEEP]
    rows, spectra = blocks(*given)
    assert rows[:, kernel.STEP].tolist() == [1] + [2, 3, 4, 3, 4] * 3 + [5]
    numbered = programme.numbered(Protocol(name="x", steps=given).steps)
    assert {n: s.type for n, s in numbered.items()} == {
        1: "rest",
        2: "rest",
        3: "impedance",
        4: "cycling",
        5: "linear-sweep",
    }
    assert list(spectra) == [3]
    assert isinstance(spectra[3], Impedance)


STEPS = st.one_of(
    st.fixed_dictionaries({"type": st.just("rest"), "duration": st.sampled_from(["1 s", "20 min", "3 h"])}),
    st.fixed_dictionaries(
        {
            "type": st.just("cycling"),
            "current_density": st.sampled_from(["0.05 mA/cm2", "0.5 mA/cm2", "2 mA/cm2"]),
            "capacity": st.sampled_from(["0.01 mAh/cm2", "0.2 mAh/cm2"]),
            "cycles": st.sampled_from([1, 2, 9, 10, 11, 12, 13, 14, 30, 200, 2000]),
            "voltage_limit": st.sampled_from(["0.2 V", "5 V"]),
        },
        optional={"rest": st.sampled_from(["1 s", "5 min"])},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("one-sided"),
            "current_density": st.just("0.2 mA/cm2"),
            "duration": st.sampled_from(["1 h", "7 h"]),
            "impedance_every": st.sampled_from(["7 min", "20 min", "1 h", "8 h"]),
        }
    ),
    st.just(dict(type="current-ramp", rate="1 mA/cm2/h", maximum="3 mA/cm2")),
    st.just(dict(type="impedance")),
    st.just(dict(type="hold", voltage="20 mV", duration="2 h")),
    st.just(dict(type="cyclic-voltammetry", start="-10 mV", end="20 mV", rate="0.1 mV/s", cycles=2)),
    st.just(
        dict(
            type="critical-current-ramp", start="0.1 mA/cm2", increment="0.3 mA/cm2", maximum="3 mA/cm2", duration="1 h"
        )
    ),
)
BLOCKS = STEPS | st.fixed_dictionaries(
    {"type": st.just("repeat"), "times": st.integers(1, 4), "steps": st.lists(STEPS, min_size=1, max_size=3)}
)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(BLOCKS, min_size=1, max_size=4),
    points=st.sampled_from([2, 3, 20, 150]),
    cycles=st.sampled_from(["all", "logarithmic"]),
    interval=st.sampled_from([0.0, 60.0, 1000.0]),
    pristine=st.booleans(),
    soft=st.sampled_from([0.0, 36000.0]),
    crack=st.sampled_from([0.05, 0.2]),
)
def test_nothing_is_recorded_beyond_the_bound(steps, points, cycles, interval, pristine, soft, crack):
    rows, _ = blocks(*steps, points_per_half_cycle=points, cycles=cycles)
    bound, taken_bound = programme.sample_bound(rows, interval), programme.snapshot_bound(rows)
    row = electrode(crack=crack) if pristine else hybrid(crack=crack)
    samples = np.full((3 * bound + 1000, kernel.N_SAMPLE), np.inf)
    snapshots = np.full((3 * taken_bound + 100, kernel.N_SNAPSHOT), np.inf)
    state, clock = np.zeros(kernel.N_STATE), np.zeros(integrator.N_CLOCK)
    count, taken, ended, _, _ = integrator.run(
        rows, np.array([row, row]), conditions(0.4), soft, False, interval, samples, snapshots, state, clock
    )
    assert ended != kernel.STUCK
    assert 1 <= count <= bound
    assert taken <= taken_bound
    assert np.all(np.isfinite(samples[:count, [0, 3, 4, 5]]))
    assert np.all(np.isinf(samples[count:]))
    assert np.all(np.diff(samples[:count, 0]) >= 0)
