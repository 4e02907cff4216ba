"""Scenarios of the laboratory from files to answers (5, 6 and 7 are held in tests/analysis)."""

from pathlib import Path

import numpy as np
import pytest

from natrode.analysis.full_cell import resting_voltage
from natrode.cell import Cell
from natrode.errors import RecordError
from natrode.measurement import Column, Experiment
from natrode.protocol import Protocol
from natrode.simulate.symmetric import simulate
from natrode.workbench.gather import gather
from natrode.workbench.groups import Member, groups_of
from natrode.workbench.study import CellStudy, analyse
from tests.analysis.records import alternating, cycling_record
from tests.instruments import made_cells
from tests.workbench.test_study import sample

RAMP = """
name = "ramp"
[[steps]]
type = "critical-current-ramp"
start = "0.2 mA/cm2"
increment = "0.2 mA/cm2"
maximum = "8 mA/cm2"
capacity = "{capacity} mAh/cm2"
"""


def values(cell: CellStudy, quantity: str) -> list[float | None]:
    return [a.result.value for a in cell.answers if a.result.quantity == quantity]


def test_scenario_1_one_spectrum_known_three_times() -> None:
    files = sorted(sample("solid_state").glob("PEIS_LPSCl*"))
    assert len(files) == 3
    study = analyse(files)
    (cell,) = study.cells
    (record,) = cell.experiment.measurements
    (resistance,) = [a.result for a in cell.answers if a.result.quantity == "pellet resistance"]
    assert resistance.value == pytest.approx(1454.0, rel=0.01)
    assert len(resistance.settings["ways"]) >= 3
    assert 0.0 < resistance.settings["parts"]["model choice"] < 0.05 * resistance.value
    (conductivity,) = [a.result for a in cell.answers if a.result.quantity == "ionic conductivity"]
    assert conductivity.quality == "not computed"
    assert sum("--thickness" in text for text in cell.wanted) == 1
    assert record.metadata.temperature == "unknown"
    assert any("default, not used" in text for text in record.metadata.assumptions)
    given = analyse(files, area="0.785 cm2", thickness="1 mm").cells[0]
    assert values(given, "ionic conductivity")[0] == pytest.approx(1e-3 / (0.785e-4 * resistance.value))


def test_scenario_2_a_series_in_one_direction() -> None:
    (silent,) = analyse(sample("symmetric_LiLi")).cells  # the text export of the long run has no current
    series = next(d for key, d in silent.details.items() if key.startswith("interface_resistance_series"))
    assert len(series.results) == 46
    assert np.isnan(series.charge).all()
    assert series.one_sided is not True
    (cell,) = analyse(sample("symmetric_LiLi"), current="0.4 mA").cells
    series = next(d for key, d in cell.details.items() if key.startswith("interface_resistance_series"))
    assert series.charge[[1, -1]] == pytest.approx([0.24, 0.24 + 44 * 3600 * 0.4e-3], rel=2e-3)
    assert series.one_sided
    assert any("one-sided" in a.result.reason for a in cell.answers)


def test_scenario_3_activation_energy_of_a_folder() -> None:
    files = sorted(sample("novocontrol_ascii_solid_conductor").glob("s04147*"))
    calls = (
        "resistance_against_temperature",
        "pellet_resistance",
        "pellet_conductivity",
    )
    silent = analyse(files, only=calls).cells[0]
    assert values(silent, "activation energy") == []
    assert any("140 degC" in line and "not confirmed" in line for line in silent.wanted)
    told = analyse(files, only=calls, temperature="from names", temperature_error="2 K over the range").cells[0]
    assert not any("not confirmed" in line for line in told.wanted)
    energy = next(a.result for a in told.answers if a.result.quantity == "activation energy")
    product = values(told, "activation energy of sigma T")[0]
    wider = next(a.result for a in told.answers if a.result.quantity.endswith("temperature error included"))
    to_ev = energy.to_json()["value"]
    assert to_ev == pytest.approx(0.815, abs=0.01)
    assert product > energy.value
    assert wider.interval[0] < energy.interval[0] < energy.interval[1] < wider.interval[1]
    assert all(v is None for v in values(told, "ionic conductivity"))


def test_scenario_4_a_simulation_stays_one_and_its_bracket_is_right(tmp_path: Path, project: Path) -> None:
    cell = Cell.load(project / "cell.toml")
    (tmp_path / "ramp.toml").write_text(RAMP.format(capacity="0.2"))
    experiment = simulate(cell, Protocol.load(tmp_path / "ramp.toml"))
    record = experiment.cycling
    lab = tmp_path / "lab"
    lab.mkdir()
    record.to_parquet(lab / "C07_CCD_run3.parquet")
    study = analyse(lab)
    assert study.is_simulated
    critical = next(d for key, d in study.cells[0].details.items() if key.startswith("critical_current_density"))
    flowing = np.abs(record.array(Column.CURRENT)).max() / cell.working_area  # the step in which the run ended
    low, high = critical.bracket
    assert high == pytest.approx(flowing, rel=1e-6)
    assert low == pytest.approx(flowing - 2.0, rel=1e-6)
    made_cells.one_cell(lab)
    with pytest.raises(RecordError, match="--mix-simulated"):
        analyse(lab)
    (tmp_path / "other.toml").write_text(RAMP.format(capacity="0.5"))
    other = simulate(cell, Protocol.load(tmp_path / "other.toml"))
    pair = [analyse_one(e, f"C{n}") for n, e in enumerate((experiment, other))]
    (group,) = groups_of([member(c, "ccd") for c in pair])
    assert group.critical is not None
    assert group.critical.fit.median.value is None
    assert "differ in charge per half cycle" in group.critical.fit.median.reason


def member(cell: CellStudy, group: str, excluded: str = "") -> Member:
    results = tuple(a.result for a in cell.answers)
    return Member(cell.name, group, cell.experiment, results, critical_of(cell), excluded)


def analyse_one(experiment: Experiment, name: str) -> CellStudy:
    from natrode.workbench.study import study

    return study(Experiment(name, experiment.measurements))


def critical_of(cell: CellStudy):
    return next(d for key, d in cell.details.items() if key.startswith("critical_current_density"))


def test_scenario_8_replicates_of_a_table_are_counted_with_their_exclusions(project: Path) -> None:
    study = analyse(project, only=["summarise", "critical_current_density"])
    ramps = [c for c in study.cells if c.name.startswith("ramp")]
    (group,) = [g for g in study.groups if g.name == "ramp"]
    assert group.critical is not None
    fit = group.critical.fit
    assert (fit.n_failed, fit.n) == (5, 6)  # one was stopped alive
    assert group.count == "n = 6 of 7; excluded ramp 7: cracked pellet"
    bounds = [end for r in group.critical.replicates if r.bracket for end in r.bracket if end is not None]
    assert min(bounds) < fit.median.value < max(bounds)
    (fewer,) = groups_of([member(c, "ramp", "cracked pellet" if c.name == "ramp 1" else "") for c in ramps])
    assert fewer.count == "n = 6 of 7; excluded ramp 1: cracked pellet"
    assert fewer.critical.fit.n == 6
    budget = next(b for b in fewer.budgets if b.quantity.startswith("critical current"))
    assert budget.n in (5, 6)
    assert budget.cell_to_cell is not None


def test_a_cell_with_a_voltage_of_its_own_is_no_symmetric_cell() -> None:
    assert resting_voltage(cycling_record(alternating(4))) is None
    full = cycling_record(alternating(4))
    lifted = type(full)(full.metadata, full.table.assign(**{str(Column.VOLTAGE): full.array(Column.VOLTAGE) + 2.5}))
    assert resting_voltage(lifted) == pytest.approx(2.5, abs=0.01)
    answers = analyse_one(Experiment("full", (lifted,)), "full").answers
    assert [a.result.quality for a in answers] == ["not computed"]
    assert "voltage of its own (2.5 V)" in answers[0].result.reason


def test_scenario_9_is_held_by_the_replays() -> None:
    """The same current step by step, charge within 0.1 %, and the narrowing: see test_replay and test_recorded."""
    for name in ("solid_state/CP_SSB.mpr", "neware_csv/neware_uio.csv"):
        one = gather([sample(name)]).experiments[0].cycling
        made = Protocol.from_measurement(one, area=1e-4)
        charge = sum(d * j for step in made.steps for d, j in step.stretches) * 1e-4
        time, current = one.array(Column.TIME), one.array(Column.CURRENT)
        assert charge == pytest.approx(float(np.trapezoid(current, time)), rel=1e-9)
