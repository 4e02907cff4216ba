import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.analysis import capacity_fade, differential_capacity, full_cell_cycles, is_full_cell
from natrode.analysis.full_cell import falls_in_discharge, positive_current, resting_voltage
from natrode.errors import RecordError
from natrode.measurement import Column, Geometry, Measurement
from tests.analysis.records import alternating, cycling_record, metadata

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", Path(__file__).parents[2] / "../shared/samples"))


def full_cell(cycles=20, fade=0.002, efficiency=0.995, capacity=3.6, gap=0.2, discharge_first=False, **changes):
    """Charge at 3.4 V + gap/2 and discharge at 3.4 V - gap/2, voltage leaning by 0.1 V over each half."""
    t, v, i, now = [], [], [], 0.0
    current = 1e-3

    def half(charge, sign):
        nonlocal now
        duration = charge / current
        s = np.linspace(0.0, 1.0, 101)[1:]
        t.append(now + s * duration)
        v.append(3.4 + sign * (gap / 2 + 0.1 * (s - 0.5)))
        i.append(np.full(100, sign * current))
        now += duration
        t.append(now + np.linspace(1.0, 60.0, 5))
        v.append(np.full(5, 3.4))
        i.append(np.zeros(5))
        now += 60.0

    if discharge_first:
        half(capacity, -1)
    for k in range(cycles):
        out = capacity * (1.0 - fade * k)
        half(out / efficiency, 1)
        half(out, -1)
    names = (Column.TIME, Column.VOLTAGE, Column.CURRENT)
    table = {n.value: np.concatenate(x) for n, x in zip(names, (t, v, i), strict=True)}
    return Measurement(metadata(**{"geometry": Geometry(), **changes}), pd.DataFrame(table))


def named(results, beginning):
    return next(r for r in results if r.quantity.startswith(beginning))


def test_capacity_efficiency_gap_and_retention():
    cycles = full_cell_cycles(full_cell())
    assert len(cycles.cycle) == 20
    assert cycles.discharge[0] == pytest.approx(3.6, rel=0.01)
    assert named(cycles.results, "coulombic").value == pytest.approx(0.995, abs=1e-3)
    assert named(cycles.results, "voltage gap").value == pytest.approx(0.2, abs=2e-3)
    assert named(cycles.results, "energy").value == pytest.approx(0.995 * 3.3 / 3.5, abs=2e-3)
    assert named(cycles.results, "capacity retention").value == pytest.approx(1 - 0.002 * 19, abs=1e-3)
    assert named(cycles.results, "discharge capacity of the first").to_json()["unit"] == "mAh"


def test_per_mass_and_per_area():
    assert full_cell_cycles(full_cell(), active_mass=1e-5).discharge[0] == pytest.approx(3.6e5, rel=0.01)
    area = Geometry(working_area=1e-4, counter_area=1e-4)
    per_area = full_cell_cycles(full_cell(geometry=area))
    assert per_area.results[0].to_json()["unit"] == "mAh/cm2"
    assert per_area.results[0].to_json()["value"] == pytest.approx(1.0, rel=0.01)
    with pytest.raises(RecordError, match="mass"):
        full_cell_cycles(full_cell(), active_mass=0.0)


def test_a_discharge_before_the_first_charge_is_a_cycle_without_efficiency():
    cycles = full_cell_cycles(full_cell(cycles=3, discharge_first=True))
    assert np.isnan(cycles.efficiency[0])
    assert len(cycles.cycle) == 4
    assert named(cycles.results, "coulombic").value == pytest.approx(0.995, abs=2e-3)


def test_a_cycle_still_running_counts_in_nothing():
    record = full_cell(cycles=4)
    cut = Measurement(record.metadata, record.table.iloc[:-60])
    cycles = full_cell_cycles(cut)
    assert not cycles.complete[-1]
    assert named(cycles.results, "capacity retention").settings["cycles"] == 2


def test_a_symmetric_cell_is_no_full_cell():
    record = cycling_record(alternating(10))
    assert not is_full_cell(record)
    assert "not that of a full cell" in full_cell_cycles(record).results[0].reason


@pytest.mark.parametrize("law", ["linear", "exponential", "root"])
def test_fade_laws(law):
    n = np.arange(200.0)
    truth = {"linear": 1 - 1e-3 * n, "exponential": np.exp(-2e-3 * n), "root": 1 - 0.01 * np.sqrt(n)}[law]
    ends = {"linear": 200.0, "exponential": -np.log(0.8) / 2e-3, "root": 400.0}[law]
    base = full_cell_cycles(full_cell(cycles=2))
    from dataclasses import replace

    noise = 1.0 + 5e-4 * np.random.default_rng(0).standard_normal(200)
    cycles = replace(
        base,
        cycle=np.arange(1, 201),
        discharge=3.6 * truth * noise,
        current=np.full(200, 1e-3),
        complete=np.ones(200, dtype=bool),
    )
    fade = capacity_fade(cycles, skip=0)
    assert fade.law == law
    assert fade.life.value == pytest.approx(ends, rel=0.05)
    few = capacity_fade(base)
    assert "8 are needed" in few.per_cycle.reason


def test_no_fade_is_a_lower_limit():
    cycles = full_cell_cycles(full_cell(cycles=30, fade=0.0))
    assert capacity_fade(cycles).life.quality == "lower limit"


def test_a_fade_that_nothing_can_see_is_an_upper_limit():
    fade = capacity_fade(full_cell_cycles(full_cell(cycles=30, fade=1e-13))).per_cycle
    assert (fade.quality, fade.value) == ("upper limit", None)
    assert "not distinguishable from zero" in fade.reason
    assert 1e-13 < fade.interval[1] < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_a_fade_that_its_scatter_covers_is_an_upper_limit(seed):
    noisy = full_cell_cycles(full_cell(cycles=30, fade=0.0))
    scatter = 1.0 + 0.01 * np.random.default_rng(seed).standard_normal(len(noisy.discharge))
    fade = capacity_fade(replace(noisy, discharge=noisy.discharge * scatter)).per_cycle
    assert fade.quality == "upper limit"
    assert 0.0 < fade.interval[1] < 2e-3


def test_a_capacity_that_rises_is_doubtful():
    fade = capacity_fade(full_cell_cycles(full_cell(cycles=30, fade=-1e-3))).per_cycle
    assert fade.value == pytest.approx(-1e-3, rel=0.05)
    assert "rises" in fade.reason


def test_a_record_that_leaves_cycles_out_keeps_their_numbers():
    """Fade is per cycle of the cell, not per cycle on record."""
    whole = full_cell(cycles=100, fade=1e-3)
    table = whole.table.copy()
    table[Column.CYCLE.value] = np.repeat(np.arange(1, 101), 210)
    kept = table[table[Column.CYCLE.value].isin([*range(1, 11), *range(20, 101, 10)])].reset_index(drop=True)
    cycles = full_cell_cycles(Measurement(whole.metadata, kept))
    assert list(cycles.cycle) == [*range(1, 11), *range(20, 101, 10)]
    assert capacity_fade(cycles).per_cycle.value == pytest.approx(1e-3, rel=0.01)
    retention = named(cycles.results, "capacity retention")
    assert retention.settings["cycles"] == 99


def test_dq_dv_holds_the_charge_and_shows_a_plateau():
    t = np.linspace(1.0, 3600.0, 500)
    s = t / 3600.0
    volt = 3.4 - 0.3 * (s - 0.5) ** 3 * 8 - 0.02 * (s - 0.5)
    table = {Column.TIME.value: t, Column.VOLTAGE.value: volt, Column.CURRENT.value: np.full(500, -1e-3)}
    record = Measurement(metadata(geometry=Geometry()), pd.DataFrame(table))
    curve = differential_capacity(record)
    assert np.trapezoid(curve.values, curve.x) == pytest.approx(3.6, rel=0.03)
    assert curve.x[np.argmax(curve.values)] == pytest.approx(3.4, abs=0.02)
    assert curve.to_json()["unit"] == "mAh/V"
    with pytest.raises(RecordError, match="no charge in cycle 1"):
        differential_capacity(record, 1, "charge")


@pytest.mark.parametrize(
    "name",
    ["neware_csv/neware_uio.csv", "neware_ndax/nw4-120-1-6-53.ndax", "neware_nda/TestFile.nda"],
)
def test_neware_files_agree_with_the_cyclers_own_count(name):
    """The cycler counts charge per step; natrode integrates the current: within 1 %."""
    if not (SAMPLES / name).exists():
        pytest.skip(f"the sample file {name} is not here (NATRODE_SAMPLES)")
    from natrode import read

    record = read(SAMPLES / name)[0]
    cycles = full_cell_cycles(record)
    total = np.nansum(cycles.charge) + np.nansum(cycles.discharge)
    step, count = record.array("Step Charge / C"), record.array(Column.STEP_COUNT)
    own = sum(np.abs(step[count == c]).max() for c in np.unique(count[np.isfinite(count)]))
    assert total == pytest.approx(own, rel=0.01)


def test_a_cell_that_keeps_its_voltage_does_not_discharge():
    symmetric = cycling_record(alternating(4))
    table = symmetric.table
    lifted = table.assign(**{Column.VOLTAGE.value: table[Column.VOLTAGE.value] + 2.5})
    assert not falls_in_discharge(Measurement(symmetric.metadata, lifted))
    part = np.linspace(0.0, 1.0, len(table))
    falling = table.assign(**{Column.VOLTAGE.value: 3.4 - 0.9 * (8 * part % 1)})
    assert falls_in_discharge(Measurement(symmetric.metadata, falling))


def test_a_discharge_in_parts_falls_although_its_last_parts_hardly_do():
    """A discharge that goes on at smaller currents after rests: most of the charge passed while the voltage fell."""
    t, v, i, now = [], [], [], 0.0
    for current, hours, begin, end in (
        (-2e-4, 10.0, 2.9, 0.05), (0.0, 0.2, 0.05, 0.08), (-1e-4, 1.0, 0.08, 0.05), (0.0, 0.2, 0.05, 0.07),
        (-5e-5, 1.0, 0.07, 0.05), (2e-4, 9.0, 0.08, 1.0),
    ):  # fmt: skip
        s = np.linspace(0.0, 1.0, 51)[1:]
        t.append(now + 3600 * hours * s)
        v.append(begin + (end - begin) * s)
        i.append(np.full(50, current))
        now += 3600 * hours
    names = (Column.TIME, Column.VOLTAGE, Column.CURRENT)
    table = {n.value: np.concatenate(x) for n, x in zip(names, (t, v, i), strict=True)}
    record = Measurement(metadata(geometry=Geometry()), pd.DataFrame(table))
    assert falls_in_discharge(record)
    assert not falls_in_discharge(record.derived(lambda m: Measurement(m.metadata, _flat(m))))


def _flat(record):
    """The same with a voltage that keeps to 2.9 V."""
    return record.table.assign(**{Column.VOLTAGE.value: 2.9 + 0.01 * record.array(Column.VOLTAGE)})


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here (NATRODE_SAMPLES)")
def test_a_half_cell_of_a_cycler_has_the_capacities_of_its_file():
    import natrode as na

    record = na.read(SAMPLES / "neware_csv" / "neware_uio.csv")[0]
    cycles = full_cell_cycles(record, active_mass=1.5e-6)
    first = named(cycles.results, "discharge capacity of the first")
    charge = 4.6802 + 0.2818 + 0.1241  # mAh, three parts of the first discharge by trapezia over the file's rows
    assert first.to_json()["value"] == pytest.approx(charge / 1.5e-3, rel=1e-3)
    assert "half cell" in named(cycles.results, "coulombic").reason


# ---- one direction of the current, no rest -------------------------------------------------------------------


def one_sided(voltage, currents, samples=60):
    """Steps of one direction without a rest; `voltage` of the charge passed (0 to 1) and the current."""
    t = np.linspace(0.0, 3600.0 * len(currents), samples * len(currents))
    i = np.repeat(np.asarray(currents), samples)
    table = {Column.TIME.value: t, Column.VOLTAGE.value: voltage(t / t[-1], i), Column.CURRENT.value: i}
    return Measurement(metadata(geometry=Geometry()), pd.DataFrame(table))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_full_cell_in_one_direction_without_rest_has_a_voltage_of_its_own(sign):
    def voltage(part, i):
        return 3.2 + sign * (0.5 * part - 0.25) + 80.0 * i

    steps = resting_voltage(one_sided(voltage, sign * np.array([1e-3, 2e-3, 5e-4])))
    assert steps == pytest.approx(3.2, abs=0.2)
    assert resting_voltage(one_sided(voltage, [sign * 1e-3])) == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize(
    "resistance",
    [
        lambda part, i: 90.0 + 0.0 * part,
        lambda part, i: 90.0 + 3000.0 * part**6,  # stripped until the contact is lost
        lambda part, i: 0.103 * np.log(1.0 + i / 1e-6) / i,  # Tafel kinetics of both sides
    ],
    ids=["ohmic", "contact loss", "Tafel"],
)
@pytest.mark.parametrize("currents", [[1e-3], [2e-4, 5e-4, 1e-3]])
def test_one_sided_stripping_of_a_symmetric_cell_has_none(resistance, currents):
    assert resting_voltage(one_sided(lambda part, i: i * resistance(part, i), currents)) is None


def test_a_real_charge_into_a_voltage_hold_is_that_of_a_full_cell():
    name = "neware_ndax/20260302_IFE_BTS85_2_9_8_1.ndax"
    if not (SAMPLES / name).exists():
        pytest.skip(f"the sample file {name} is not here (NATRODE_SAMPLES)")
    from natrode import read

    assert resting_voltage(read(SAMPLES / name)[0]) == pytest.approx(2.98, abs=0.01)


@pytest.mark.parametrize(
    ("sign", "turned", "words"),
    [
        ("positive = oxidation (stripping) at the working electrode", 1.0, "charging (oxidation at the positive"),
        ("positive = oxidation (stripping) at the working electrode", -1.0, "discharging (oxidation at the negative"),
        (
            "positive = reduction at the working electrode (CONVENTION = 2)",
            1.0,
            "discharging (reduction at the positive",
        ),
        ("positive = charging", 1.0, "charging"),
        ("unknown: the file does not say", 1.0, "unknown"),
    ],
)
def test_positive_current_charges_or_discharges_a_full_cell(sign, turned, words):
    record = full_cell(4, sign_of_current=sign)
    table = record.table.assign(**{str(Column.VOLTAGE): turned * record.array(Column.VOLTAGE)})
    said = positive_current(Measurement(record.metadata, table))
    assert said.startswith(words)
    assert "stripping" not in said


def test_positive_current_strips_in_a_symmetric_cell():
    assert positive_current(cycling_record(alternating(4))) == "oxidation (stripping) at the working electrode"
