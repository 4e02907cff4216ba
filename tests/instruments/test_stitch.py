"""One cell in many files: by absolute time, each run once, gaps as gaps, charge and cycles through all of them."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.errors import RecordError, SpecificationError, UserWarningNatrode
from natrode.instruments import registry
from natrode.instruments._placing import overlap
from natrode.instruments.cells import cells
from natrode.instruments.stitch import RUN, experiments, stitch
from natrode.measurement import Column, Experiment, Measurement, Metadata, Origin
from tests.instruments import made_cells as made
from tests.instruments import table_files as tables
from tests.instruments.text_files import SAMPLES, ZPLOT


def series(
    name: str, start: str, time: list[float], current: list[float] | None, instrument: str = "A", **columns: object
) -> Measurement:
    table = pd.DataFrame({str(Column.TIME): time, str(Column.VOLTAGE): np.linspace(0.01, 0.05, len(time))})
    if current is not None:
        table[str(Column.CURRENT)] = current
    for column, values in columns.items():
        table[getattr(Column, column)] = values
    origin = Origin(kind="instrument", instrument=instrument, file=name, format="text", sha256=name)
    return Measurement(Metadata(kind="cycling", origin=origin, started=start), table)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    made.one_cell(tmp_path)
    return tmp_path


def test_files_of_one_cell_become_one_experiment(lab: Path) -> None:
    (found,) = experiments(lab)
    assert found.title == "Na07"
    cycling, spectra = found.cycling, found.impedance
    time = cycling.array(Column.TIME)
    assert np.all(np.diff(time) >= 0)
    assert time[[0, -1]].tolist() == [0.0, 86400.0 + 1800.0]
    assert cycling.metadata.started == "2026-03-02T10:00:00"
    assert np.unique(cycling.array(RUN)).tolist() == [0, 1, 2]
    assert [run["file"] for run in cycling.metadata.settings["runs"]] == [
        "Na07_01_CP_C05.mpt", "Na07_03_CP_C05.mpt", "Na07_restart_C05.mpt"
    ]  # fmt: skip
    charge = cycling.array(Column.CHARGE)
    assert charge[np.searchsorted(time, 3600.0)] == pytest.approx(3.6, rel=1e-6)
    assert charge[np.searchsorted(time, 7230.0)] == pytest.approx(0.0, abs=1e-6)
    assert charge[-1] == pytest.approx(1.8, rel=1e-6)
    assert cycling.array(Column.CYCLE)[[0, 400, -1]].tolist() == [1, 1, 2]
    assert spectra.array(Column.TIME)[0] == 3605.0
    assert np.all(spectra.array(Column.CHARGE) == pytest.approx(3.6, rel=1e-6))


def test_gaps_stay_gaps_and_a_spectrum_in_between_is_none(lab: Path) -> None:
    (found,) = experiments(lab)
    (gap,) = found.cycling.metadata.settings["gaps"]
    assert gap["hours"] == pytest.approx((86400 - 7230) / 3600)
    assert any(text.startswith("gap of 22 h after") for text in found.cycling.metadata.warnings)
    assert not ((found.cycling.array(Column.TIME) > 7230) & (found.cycling.array(Column.TIME) < 86400)).any()


def test_the_table_of_cells_says_what_belongs_together(lab: Path) -> None:
    cells(lab)
    text = (lab / "cells.csv").read_text()
    row = text.split("\n")[1].replace(" | Na07_restart_C05.mpt", "")
    (lab / "cells.csv").write_text(text.split("\n")[0] + "\n" + row + "\nsecond,Na07_restart_C05.mpt\n")
    found = experiments(lab)
    assert [e.title for e in found] == ["Na07", "second"]
    assert found[1].cycling.metadata.cell == "second"
    assert found[0].cycling.array(Column.TIME)[-1] == 7230.0
    assert [e.title for e in experiments(lab / "cells.csv")] == ["Na07", "second"]


def test_excluded_cells_are_marked_or_left_out(lab: Path) -> None:
    (lab / "cells.csv").write_text(
        "cell,files,excluded,exclusion reason,working area / cm2\nC04,Na07_01_CP_C05.mpt,yes,cracked pellet,0.785\n"
    )
    (found,) = experiments(lab)
    assert found.cycling.metadata.user["excluded"] == "cracked pellet"
    assert found.cycling.metadata.geometry.working_area == pytest.approx(7.85e-5)
    assert experiments(lab, excluded=False) == []


def test_a_file_that_cannot_be_read_is_named(lab: Path) -> None:
    (lab / "Na07_03_CP_C05.mpt").write_text("EC-Lab ASCII FILE\nbroken\n")
    (lab / "cells.csv").write_text(
        "cell,files\nC04,Na07_01_CP_C05.mpt | Na07_03_CP_C05.mpt | gone.mpt\nC05,nothing.mpt\n"
    )
    with pytest.warns(UserWarningNatrode, match=r"cell 'C05': no record: not read: .*nothing\.mpt: no such file"):
        (found,) = experiments(lab)
    said = [text for text in found.cycling.metadata.warnings if text.startswith("not read")]
    assert len(said) == 2
    with pytest.raises(SpecificationError, match="no such file"):
        experiments(lab / "other.csv")


def test_each_run_once(lab: Path) -> None:
    (lab / "copy of the first.csv").write_text(
        "time/s,Ewe/V\n" + "".join(f"{t:g},{0.02 + 1e-6 * t:.6f}\n" for t in np.arange(0, 3605, 10.0))
    )
    whole = (lab / "Na07_restart_C05.mpt").read_bytes()
    (lab / "Na07_restart_C05_monday.mpt").write_bytes(whole[: whole.index(b"\n", 1500) + 1])
    (found,) = experiments(lab)
    assert len(found.cycling.table) == 361 * 2 + 181
    said = found.cycling.metadata.warnings
    assert any("copy of the first.csv (cycling) holds the same run as Na07_01_CP_C05.mpt: kept once" in t for t in said)
    assert any("monday.mpt (cycling) holds an earlier or partial copy of Na07_restart_C05.mpt" in t for t in said)


def test_a_running_file_can_be_read_and_grows(lab: Path) -> None:
    path = lab / "Na07_restart_C05.mpt"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (half,) = experiments(lab)
    path.write_bytes(whole)
    (later,) = experiments(lab)
    assert 0 < len(later.cycling.table) - len(half.cycling.table) < 181
    assert any("not written to its end" in text or "still" in text for text in half.cycling.metadata.warnings)


def test_runs_of_two_instruments_follow_one_another(tmp_path: Path) -> None:
    (tmp_path / "Na09.csv").write_text(tables.neware_csv())
    late = made.START + timedelta(hours=3)
    (tmp_path / "Na09_CP.mpt").write_bytes(made.cp(late, 0, 600, 2.0))
    (found,) = experiments(tmp_path)
    cycling = found.cycling
    assert cycling.metadata.origin.instrument == "Neware + BioLogic"
    assert cycling.array(Column.CURRENT)[-1] == pytest.approx(2e-3)
    assert cycling.array(Column.CHARGE)[-1] == pytest.approx(1.2, rel=1e-3)
    assert list(cycling.table["Step Type"])[-1] == ""
    assert cycling.array(Column.STEP_COUNT)[-1] > cycling.array(Column.STEP_COUNT)[0]


def test_clocks_of_two_computers() -> None:
    first = series("a", "2026-03-02T10:00:00", [0, 60, 120, 180], [1e-3] * 4, "A")
    second = series("b", "2026-03-02T10:02:30", [0, 60, 120, 180], [-1e-3] * 4, "B")
    found = stitch([first, second], "c")
    assert found.cycling.array(Column.TIME).tolist() == [0, 60, 120, 180, 181, 241, 301, 361]
    assert any("two computers' clocks differ" in text for text in found.cycling.metadata.warnings)


def test_runs_at_the_same_time_are_not_mixed() -> None:
    time = [float(t) for t in range(0, 7200, 60)]
    first = series("a", "2026-03-02T10:00:00", time, [1e-3] * 120)
    second = series("b", "2026-03-02T10:30:20", time[:60], [-1e-3] * 60)
    found = stitch([first, second], "c")
    assert [len(m.table) for m in found.of_kind("cycling")] == [120, 60]
    assert any("b runs at the same time as a for 0.983 h" in text for text in found.measurements[0].metadata.warnings)


def test_techniques_that_take_turns_do_not_overlap() -> None:
    one = np.concatenate([np.arange(0, 100, 1.0), np.arange(200, 300, 1.0)])
    assert overlap(one, np.arange(110, 190, 1.0)) == 0.0
    assert overlap(one, np.arange(20, 60, 1.0)) == 1.0
    assert overlap(one, np.arange(400, 500, 1.0)) == 0.0


def test_charge_is_the_instruments_count_where_it_has_one() -> None:
    first = series("a", "2026-03-02T10:00:00", [0, 60, 120], [1e-3] * 3, CHARGE=[0.0, 0.061, 0.122])
    second = series("b", "2026-03-02T11:00:00", [0, 60, 120], [1e-3] * 3)
    cycling = stitch([second, first], "x").cycling
    assert cycling.array(Column.CHARGE).tolist() == pytest.approx([0, 0.061, 0.122, 0.122, 0.182, 0.242])
    assert {"a: charge as its instrument counted it", "b: charge is the trapezoid of the current"} <= set(
        cycling.metadata.assumptions
    )


def test_where_a_file_tells_no_current_there_is_no_net_charge(tmp_path: Path) -> None:
    (tmp_path / "Na1_02_PEIS_C05.mpt").write_bytes(made.peis(made.START, 601.0))
    (spectrum,) = registry.read(tmp_path / "Na1_02_PEIS_C05.mpt")
    known = series("a", "2026-03-02T10:00:00", [0, 60, 120], [1e-3] * 3, CHARGE=[0.0, 0.061, 0.122])
    silent = series("b", "2026-03-02T12:00:00", [0, 60, 120], None)
    found = stitch([known, silent, spectrum], "x")
    assert Column.CHARGE not in found.cycling
    assert Column.CHARGE not in found.impedance
    assert any("no net charge: b tells no current" in text for text in found.cycling.metadata.warnings)


def test_pauses_of_a_cycler_are_gaps_and_a_clock_set_back_is_none() -> None:
    table = {
        Column.TIME: [0.0, 60.0, 120.0, 180.0, 240.0],
        Column.VOLTAGE: [0.1, 0.11, 0.12, 0.13, 0.14],
        Column.CURRENT: [1e-3] * 5,
        "Unix Time / s": [1000.0, 1060.0, 4720.0, 4780.0, 4600.0],  # an hour's pause; then somebody sets it back
    }
    origin = Origin(kind="instrument", file="a.nda", format="text", sha256="a")
    record = Measurement(Metadata(kind="cycling", origin=origin, started="2026-03-02T10:00:00"), table)
    cycling = stitch([record], "x").cycling
    assert cycling.array(Column.TIME).tolist() == [0.0, 60.0, 3720.0, 3780.0, 3840.0]
    assert cycling.metadata.settings["gaps"] == [
        {"after": "60 s", "until": "3720 s", "hours": pytest.approx(3660 / 3600)}
    ]
    assert any("gap of 1.02 h after 60 s" in text for text in cycling.metadata.warnings)


def test_a_spectrum_under_current_carries_its_own_charge(tmp_path: Path) -> None:
    (tmp_path / "Na1_01_CP_C05.mpt").write_bytes(made.cp(made.START, 0.0, 600.0, 1.0))
    (tmp_path / "Na1_02_GEIS_C05.mpt").write_bytes(made.peis(made.START, 601.0, direct=1.0))
    (tmp_path / "Na1_03_CP_C05.mpt").write_bytes(made.cp(made.START, 630.0, 1230.0, 1.0))
    (found,) = experiments(tmp_path)
    assert found.impedance.array(Column.CHARGE)[[0, -1]].tolist() == pytest.approx([0.6, 0.62], rel=1e-3)
    assert found.cycling.array(Column.CHARGE)[-1] == pytest.approx(1.22, rel=1e-3)


def test_current_does_not_flow_while_another_technique_runs() -> None:
    looped = series("x_03_CP_C05.txt", "2026-03-02T10:00:00", [0, 10, 20, 100, 110, 120], [1e-3] * 6)
    between = series("y", "2026-03-02T10:00:30", [0, 10, 20], [0.0] * 3)
    cycling = stitch([looped, between], "x").cycling
    assert cycling.array(Column.CHARGE)[-1] == pytest.approx(1e-3 * 40)


def test_undated_exports_share_the_start_of_their_siblings(lab: Path) -> None:
    rows = "".join(f"{t:.6E}\t{0.03:.6E}\n" for t in np.arange(7300.0, 7400.0, 10.0))
    (lab / "Na07_04_CP_C05.txt").write_text("time/s\tEwe/V\n" + rows)
    found = experiments(lab)[0]
    assert any("Na07_04_CP_C05.txt tells no date" in text for text in found.cycling.metadata.warnings)
    assert {7300.0, 7390.0} <= set(found.cycling.array(Column.TIME))


def test_records_of_unknown_time_stand_behind() -> None:
    dated = series("a", "2026-03-02T10:00:00", [0, 60], [1e-3] * 2)
    day = series("b", "2026-03-02", [0, 60], [1e-3] * 2)
    nothing = series("c", "unknown", [0, 60], [1e-3] * 2)
    found = stitch([nothing, day, dated], "x")
    assert [m.metadata.origin.file for m in found.measurements] == ["a", "c", "b"]
    assert "its start is unknown: not placed among the other files" in found.measurements[1].metadata.warnings
    assert "b tells only the day of its start: not placed in time" in found.measurements[0].metadata.warnings


def test_a_single_undated_series_is_complete() -> None:
    found = stitch([series("a", "unknown", [0, 60, 120], [1e-3, -1e-3, 1e-3])], "x")
    assert found.cycling.array(Column.CYCLE).tolist() == [1, 1, 2]
    assert found.cycling.metadata.started == "unknown"


def test_time_zones_that_mix_are_told() -> None:
    found = stitch(
        [series("a", "2026-03-02T10:00:00+00:00", [0, 60], None), series("b", "2026-03-02T12:00:00", [0, 60], None)],
        "x",
    )
    assert any("the times of a are UTC" in text for text in found.cycling.metadata.warnings)


def test_conditions_that_differ_are_told() -> None:
    one = series("a", "2026-03-02T10:00:00", [0, 60], None).with_metadata(temperature=298.15)
    two = series("b", "2026-03-02T12:00:00", [0, 60], None).with_metadata(temperature=333.15)
    found = stitch([one, two], "x")
    assert any("files differ in temperature: 298.15, 333.15" in text for text in found.cycling.metadata.warnings)


@pytest.mark.parametrize("known", ["both", "one", "none"])
def test_spectra_of_several_temperatures_and_pressures_keep_them(known: str) -> None:
    def one(name: str, start: str, ohm: float, kelvin: float | str, pascal: float | str) -> Measurement:
        table = pd.DataFrame({
            str(Column.FREQUENCY): [1e3, 1e2, 1e1],
            str(Column.REAL_IMPEDANCE): [ohm, 1.2 * ohm, 1.5 * ohm],
            str(Column.IMAGINARY_IMPEDANCE): [-1.0, -5.0, -2.0],
            str(Column.TIME): [0.0, 1.0, 2.0],
        })  # fmt: skip
        origin = Origin(kind="instrument", file=name, format="text", sha256=name)
        known = {"temperature": kelvin, "pressure": pascal}
        return Measurement(Metadata(kind="impedance", origin=origin, started=start, **known), table)  # type: ignore[arg-type]

    second = (333.15, 5e6) if known == "both" else ("unknown", "unknown") if known == "one" else (298.15, 1e6)
    parts = [one("a", "2026-03-02T10:00:00", 40.0, 298.15, 1e6), one("b", "2026-03-02T12:00:00", 20.0, *second)]
    spectra = stitch(parts, "x").impedance
    if known == "none":  # one condition holds for all: it stands in the metadata
        assert Column.TEMPERATURE not in spectra
        assert spectra.metadata.temperature == 298.15
        return
    celsius, pascal = spectra.array(Column.TEMPERATURE), spectra.array(Column.PRESSURE)
    assert celsius[:3] == pytest.approx(25.0)
    assert pascal[:3] == pytest.approx(1e6)
    if known == "both":
        assert celsius[3:] == pytest.approx(60.0)
        assert pascal[3:] == pytest.approx(5e6)
    else:
        assert np.isnan(celsius[3:]).all()
        assert np.isnan(pascal[3:]).all()


def test_the_cyclers_own_clock_counts_its_pauses() -> None:
    paused = series("a", "2026-03-02T10:00:00", [0, 60, 120], [1e-3] * 3)
    paused = Measurement(paused.metadata, paused.table.assign(**{"Unix Time / s": [1e9, 1e9 + 60, 1e9 + 7200]}))
    assert stitch([paused], "x").cycling.array(Column.TIME).tolist() == [0, 60, 7200]


def test_three_electrode_spectra_stay_apart() -> None:
    table = pd.DataFrame({
        str(Column.FREQUENCY): tables.FREQUENCIES,
        str(Column.REAL_IMPEDANCE): [tables.impedance(f).real for f in tables.FREQUENCIES],
        str(Column.IMAGINARY_IMPEDANCE): [tables.impedance(f).imag for f in tables.FREQUENCIES],
        str(Column.TIME): np.arange(21.0),
    })  # fmt: skip
    records = [
        Measurement(
            Metadata(
                kind="impedance", origin=Origin(kind="instrument", file="a"), started="2026-03-02T10:00:00",
                settings={"electrode": name},
            ),
            table,
        )
        for name in ("working (Ewe)", "counter (Ece)")
    ]  # fmt: skip
    found = stitch(records, "x")
    assert [m.metadata.settings["electrode"] for m in found.measurements] == ["working (Ewe)", "counter (Ece)"]


# ---- simulations -----------------------------------------------------------------------------------------
def test_simulated_and_measured_records_do_not_mix(lab: Path) -> None:
    (measured,) = registry.read(lab / "Na07_01_CP_C05.mpt")
    with pytest.raises(RecordError, match=r"mixes measured records with simulated ones \(symmetric\); allow_simulated"):
        stitch([measured, made.simulated()], "x")
    mixed = stitch([measured, made.simulated()], "x", allow_simulated=True)
    assert mixed.is_simulated
    made.simulated().to_parquet(lab / "Na07_model.parquet")
    (lab / "cells.csv").write_text("cell,files\nx,Na07_01_CP_C05.mpt | Na07_model.parquet\n")
    with pytest.raises(RecordError, match="mixes"):
        experiments(lab)
    (found,) = experiments(lab, allow_simulated=True)
    assert found.is_simulated


def test_a_simulated_experiment_is_left_as_it_is(tmp_path: Path) -> None:
    record = made.simulated()
    assert stitch([record], "x").measurements == (record,)
    folder = tmp_path / "run"
    folder.mkdir()
    Experiment("made", (record,)).save(folder)
    (found,) = experiments(folder)
    assert found.measurements == (record,)
    (found,) = experiments(tmp_path)
    assert found.measurements == (record,)
    assert found.is_simulated


def test_stitching_twice_changes_nothing(lab: Path) -> None:
    (once,) = experiments(lab)
    twice = stitch(once.measurements, once.title)
    for column in (Column.TIME, Column.CHARGE, Column.CYCLE):
        assert np.array_equal(once.cycling.array(column), twice.cycling.array(column)), column


def test_nothing_to_put_together() -> None:
    with pytest.raises(RecordError, match="nothing to put together"):
        stitch([], "x")


def test_a_folder_of_single_spectra(tmp_path: Path) -> None:
    (tmp_path / "a.z").write_text(ZPLOT)
    (tmp_path / "b.csv").write_text(tables.spectrum_csv())
    assert [e.title for e in experiments(tmp_path)] == ["a", "b"]


# ---- samples ---------------------------------------------------------------------------------------------
def test_the_symmetric_sample_is_one_run() -> None:
    place = SAMPLES / "symmetric_LiLi"
    if not place.is_dir():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    (found,) = experiments(place, current="0.4 mA")
    cycling, spectra = found.cycling, found.impedance
    assert len(spectra.spectra()) == 46
    assert np.all(np.diff(cycling.array(Column.TIME)) >= 0)
    # 10 min and 45 h at 0.4 mA, with the spectra's seconds not counted
    assert cycling.array(Column.CHARGE)[-1] == pytest.approx(0.24 + 45 * 3600 * 0.4e-3, rel=1e-3)
    assert np.all(cycling.array(Column.CYCLE) == 1)
    ends = spectra.table.groupby(str(Column.SPECTRUM))[str(Column.CHARGE)].mean().to_numpy()
    assert np.diff(ends)[2:] == pytest.approx(3600 * 0.4e-3, rel=2e-3)
