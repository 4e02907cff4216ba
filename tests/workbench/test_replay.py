"""Replay: the same current step by step, a band, residuals; and a cell calibrated on its own record."""

from pathlib import Path

import numpy as np
import pytest

from natrode.cell import Cell
from natrode.cli import main
from natrode.cli.replaying import one_cell
from natrode.cli.words import TableWords
from natrode.errors import CalibrationError, InstrumentFileError, RecordError, SpecificationError
from natrode.measurement import Experiment
from natrode.report.replay import replay_page, replay_table
from natrode.workbench.gather import gather
from natrode.workbench.own_cell import OwnSample, calibrate_cell, calibrated_cell
from natrode.workbench.replay import NOT_CALIBRATED, replay
from tests.analysis.records import AREA, HOUR, alternating, cycling_record
from tests.report.pages import Page
from tests.workbench.test_study import sample


@pytest.fixture(scope="module")
def cell(project: Path) -> Cell:
    return Cell.load(project / "cell.toml")


@pytest.fixture(scope="module")
def strip(project: Path) -> Experiment:
    return gather([project / "strip_cycling.csv", project / "strip_impedance.csv"]).experiments[0]


@pytest.fixture(scope="module")
def other(cell: Cell) -> Cell:
    """The same cell with values that are wrong for the record."""
    return cell.with_parameters({"contact_resistance": "7 Ohm cm2", "void_capacity": "5 um"})


@pytest.fixture(scope="module")
def narrowed(strip: Experiment, other: Cell) -> OwnSample:
    return calibrate_cell(strip, other, ["R0", "t_0.2V"], draws=20)


def test_the_cell_that_made_the_record_gives_it_again(strip: Experiment, cell: Cell) -> None:
    found = replay(strip, cell, draws=20)
    numbers = {r.quantity: r.value for r in found.results}
    assert numbers["charge replayed over charge recorded"] == pytest.approx(1.0, abs=1e-3)
    assert numbers["residual (root mean square)"] < 0.005 * np.abs(found.measured).max()
    assert numbers["share of the time inside the 5-95 % band"] > 0.9
    assert found.basis.startswith(NOT_CALIBRATED)
    pairs = {a.quantity: (a.value, b.value) for a, b in found.comparison}
    assert pairs["overpotential (mean)"][1] == pytest.approx(pairs["overpotential (mean)"][0], rel=0.02)
    stripped = pairs["interface resistance of the stripped side"]
    assert stripped[1] == pytest.approx(stripped[0], rel=1e-3)


def test_a_temperature_profile_is_replayed(cell: Cell) -> None:
    record = cycling_record(alternating(4), temperature=lambda t: 25.0 + 20.0 * t / (4 * HOUR), samples=30)
    found = replay(record, cell, draws=0)
    degrees = found.simulated.cycling.array("Ambient Temperature / degC")
    assert degrees[-1] == pytest.approx(45.0, abs=0.3)
    voltage = np.abs(found.central)
    assert voltage[-2] < 0.7 * voltage[2]


def test_a_real_record_is_replayed_with_its_own_charge(cell: Cell) -> None:
    name = "jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA_01_GCPL_C05.mpr"
    record = gather([sample(f"symmetric_LiLi/{name}")]).experiments[0]
    found = replay(record, cell, draws=1)
    assert found.results[0].value == pytest.approx(1.0, abs=1e-3)
    assert not found.record.is_simulated
    assert found.simulated.is_simulated
    page = Page(replay_page(found))
    assert page.errors == []
    assert NOT_CALIBRATED in page.words
    header = replay_table(found).split("\n")[0]
    assert header.endswith(found.simulated.cycling.mark)
    assert header.startswith("Test Time / s,measured voltage / V,SIMULATED voltage / V")


def test_two_figures_narrow_the_prior_and_the_replay(strip: Experiment, other: Cell, narrowed: OwnSample) -> None:
    for name, (low, high) in narrowed.reached.items():
        assert 0.95 * narrowed.figures[name] <= low <= high <= 1.06 * narrowed.figures[name]
    kept = {row[0]: row[4] for row in narrowed.rows()}
    assert kept["void_capacity"] < 0.6
    before = replay(strip, other, sample=narrowed.before(20), draws=20)
    after = replay(strip, other, sample=narrowed.draws, central=narrowed.central, basis=narrowed.basis, draws=20)
    wide, narrow = (float(np.nanmedian(r.high - r.low)) for r in (before, after))
    assert narrow < 0.4 * wide
    assert NOT_CALIBRATED in before.basis
    assert after.basis.startswith("calibrated on this cell: R0, t_0.2V")


def test_the_calibrated_cell_is_a_cell_that_can_be_written(other: Cell, narrowed: OwnSample, tmp_path: Path) -> None:
    made = calibrated_cell(other, narrowed)
    (tmp_path / "cell.toml").write_text(made.to_toml())
    again = Cell.load(tmp_path / "cell.toml")
    assert again.electrolyte.conductivity == pytest.approx(narrowed.central[narrowed.electrolyte]["conductivity"])
    assert again.electrode == made.electrode
    assert narrowed.to_csv().startswith("# natrode sample of one cell, SI; conditioned on R0, t_0.2V")


def test_a_figure_that_is_not_there_is_said(cell: Cell) -> None:
    record = cycling_record(alternating(2), resistance=10.0)
    with pytest.raises(RecordError, match=r"does not hold t_0\.2V"):
        calibrate_cell(record, cell, ["t_0.2V"])
    with pytest.raises(SpecificationError, match="unknown figure 'R1'; allowed are R0"):
        calibrate_cell(record, cell, ["R1"])
    far = cycling_record(alternating(2), resistance=1e5)
    with pytest.raises(CalibrationError, match="R0: the prior cannot give"):
        calibrate_cell(far, cell, ["R0"], draws=5)
    assert AREA > 0


def test_a_rest_alone_is_not_replayed(cell: Cell) -> None:
    record = cycling_record(alternating(2), resistance=10.0)
    still = type(record)(record.metadata, record.table.assign(**{"Current / A": 0.0, "Voltage / V": 0.0}))
    with pytest.raises(RecordError, match="there is nothing to replay"):
        replay(still, cell, draws=0)


def test_a_cell_with_a_voltage_of_its_own_is_not_replayed_as_a_symmetric_one(cell: Cell) -> None:
    record = cycling_record(alternating(4))
    lifted = type(record)(record.metadata, record.table.assign(**{"Voltage / V": record.array("Voltage / V") + 2.9}))
    for call in (lambda r: replay(r, cell, draws=0), lambda r: calibrate_cell(r, cell, ["R0"], draws=2)):
        with pytest.raises(RecordError, match=r"voltage of its own \(2\.9 V\) and is no symmetric cell"):
            call(lifted)
    real = gather([sample("solid_state/CP_SSB.mpr")]).experiments[0]
    with pytest.raises(RecordError, match=r"voltage of its own \(2\.92 V\)"):
        replay(real, cell, draws=0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["replay", "nothere.csv", "--cell", "CELL"], "nothere.csv: no such file"),
        (["replay", "STRIP", "--cell", "nothere.toml"], "nothere.toml: no such file"),
        (["replay", "SPECTRA", "--cell", "CELL"], "holds no cycling record (impedance only)"),
        (["replay", "LAB", "--cell", "CELL"], "name the files of one"),
        (["replay", "STRIP", "--cell", "CELL", "--use", "R7"], "unknown figure 'R7'; allowed are R0"),
        (["replay", "STRIP", "--cell", "CELL", "--use", ""], "unknown figure ''"),
        (["replay", "STRIP", "--cell", "CELL", "--use", "t_9V"], "never comes to it (its voltage reaches 5 V)"),
        (["replay", "STRIP", "--cell", "CELL", "--current", "3 apples"], "'apples' is not a unit"),
        (["replay", "TABLE", "--cell", "CELL"], "recognised nothing"),
        (["calibrate", "CELL"], "natrode calibrate CELL.toml --record FILE --use R0,t_0.2V"),
        (["calibrate", "CELL", "--record", "STRIP"], "natrode calibrate CELL.toml --record FILE --use R0,t_0.2V"),
        (["calibrate", "CELL", "--record", "SPECTRA", "--use", "R0"], "holds no cycling record"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0,,"], "unknown figure ''"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "t_0.2 ohm"], "unknown figure 't_0.2 ohm'"),
        (["calibrate", "STRIP", "--record", "STRIP", "--use", "R0"], "is not valid TOML"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0", "--seed", "-3"], "--seed: read -3"),
        (["replay", "STRIP", "--cell", "CELL", "--seed", "-3"], "--seed: read -3"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0", "--add", "x"], "--add belongs to"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0", "--store"], "--store belongs to"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0", "--out", "FULL"], "is a folder, not a file"),
        (["calibrate", "CELL", "--record", "STRIP", "--use", "R0", "--out", "NOWHERE"], "there is no folder"),
        (["replay", "STRIP", "--cell", "CELL", "--out", "FULL"], "holds files that natrode did not write"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_leaves_nothing(
    words: list[str], said: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    named = {
        "CELL": project / "cell.toml", "STRIP": project / "strip_cycling.csv", "LAB": project,
        "SPECTRA": project / "strip_impedance.csv", "TABLE": tmp_path / "table.csv", "FULL": tmp_path,
        "NOWHERE": tmp_path / "nowhere" / "cell.toml",
    }  # fmt: skip
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match="2"):
        main([str(named.get(word, word)) for word in words] + ([] if "--out" in words else ["--out", str(out)]))
    lines = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert said in lines[-1]
    assert sum(line.startswith("natrode: ") for line in lines) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_words_about_a_table_are_heard_by_a_replay(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(
        "when,what,how\n" + "".join(f"{60 * n},{0.01 * (-1) ** (n // 5)},{(-1) ** (n // 5)}\n" for n in range(20))
    )
    with pytest.raises(InstrumentFileError, match="recognised nothing"):
        one_cell((path,), TableWords())
    found = one_cell((path,), TableWords(columns="time=when/s, voltage=what/V, current=how/mA"))
    assert found.cycling.array("Current / A").max() == pytest.approx(1e-3)
    silent = one_cell((path,), TableWords(columns="time=when/s, voltage=what/V", current="1 mA"))
    assert any("current was given but is not used" in text for text in silent.cycling.metadata.warnings)
