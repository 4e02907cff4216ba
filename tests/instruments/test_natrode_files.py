"""natrode's own files, and files of others turned into them."""

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest

from natrode.errors import InstrumentFileError, OutputError
from natrode.instruments import registry
from natrode.instruments.natrode_files import conversion_table, convert
from natrode.measurement import Column, Measurement
from tests.instruments import table_files as tables
from tests.instruments.made_cells import simulated
from tests.instruments.text_files import CHI_EIS, GAMRY_EISPOT


def test_parquet_and_csv_come_back_equal(tmp_path: Path) -> None:
    record = simulated()
    record.to_parquet(tmp_path / "a.parquet")
    record.to_csv(tmp_path / "b.csv")
    for name in ("a.parquet", "b.csv"):
        (read,) = registry.read(tmp_path / name)
        assert read == record
        assert read.is_simulated


def test_a_renamed_simulation_is_still_one(tmp_path: Path) -> None:
    simulated().to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(tmp_path / "measured_cell_7.mpr")
    (read,) = registry.read(tmp_path / "measured_cell_7.mpr")
    assert read.is_simulated
    assert read.metadata.origin.model == "symmetric"


def test_a_bdf_table_without_its_metadata_is_a_table(tmp_path: Path) -> None:
    simulated().to_csv(tmp_path / "b.csv")
    (tmp_path / "b.json").unlink()
    (read,) = registry.read(tmp_path / "b.csv")
    assert read.table[str(Column.VOLTAGE)].tolist() == [0.02, 0.021, 0.022]


def test_parquet_of_others_is_a_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"time/h": [0.0, 1.0], "Ewe/V": [0.1, 0.2], "I/mA": [1.0, 1.0], "note": ["a", "b"]})
    frame.to_parquet(tmp_path / "x.parquet")
    (read,) = registry.read(tmp_path / "x.parquet")
    assert read.array(Column.TIME).tolist() == [0.0, 3600.0]
    assert read.table["note"].tolist() == ["a", "b"]
    frame.rename(columns={"Ewe/V": "x"}).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(InstrumentFileError, match="needed are frequency with Re and Im"):
        registry.read(tmp_path / "y.parquet")


def test_damaged_parquet(tmp_path: Path) -> None:
    simulated().to_parquet(tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data[:-20])
    with pytest.raises(InstrumentFileError, match=r"a\.parquet: Parquet: cannot be read"):
        registry.read(tmp_path / "a.parquet")


def test_convert(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "a.txt").write_text(CHI_EIS)
    (raw / "a.dta").write_text(GAMRY_EISPOT)
    (raw / "notes.txt").write_text("no data here\n")
    done = convert([raw], "parquet", tmp_path / "out", area="1.3 cm2")
    names = sorted(Path(name).name for item in done for name in item.written)
    assert names == ["a-00-cycling.parquet", "a-01-impedance.parquet", "a-2.parquet"]
    assert [bool(item.error) for item in done] == [False, False, True]
    (read,) = registry.read(tmp_path / "out" / "a-2.parquet")
    assert read.metadata.geometry.working_area == pytest.approx(1.3e-4)
    assert "not read   notes.txt" in conversion_table(done)
    assert json.loads(json.dumps(done[0].to_json()))["records"] == 2
    with pytest.raises(OutputError, match=r"exists already; .* --force"):
        convert([raw], "parquet", tmp_path / "out")
    convert([raw], "parquet", tmp_path / "out", force=True)
    done = convert([raw / "a.txt"], "csv", tmp_path / "csv")
    (again,) = registry.read(done[0].written[0])
    assert again == registry.read(raw / "a.txt")[0]
    with pytest.raises(OutputError, match="'pdf' is no format"):
        convert([raw], "pdf", tmp_path)  # type: ignore[arg-type]


def test_workbooks_come_back_with_their_metadata(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(tables.cycling_csv())
    (tmp_path / "a.dta").write_text(GAMRY_EISPOT)
    done = convert([tmp_path / "c.csv", tmp_path / "a.dta"], "xlsx", tmp_path / "out", area="1.3 cm2")
    for source, item in zip(("c.csv", "a.dta"), done, strict=True):
        assert registry.read(item.written[0]) == registry.read(tmp_path / source, area="1.3 cm2")
    plain = registry.read(done[0].written[0], sheet="00 cycling")[0]  # one sheet, as a table of unknown make
    assert plain.metadata.origin.format == "XLSX workbook"
    assert plain.array(Column.CURRENT).tolist() == registry.read(tmp_path / "c.csv")[0].array(Column.CURRENT).tolist()
    with pytest.raises(InstrumentFileError, match="no sheet 'x'; it has metadata, 00 cycling"):
        registry.read(done[0].written[0], sheet="x")


def test_a_workbook_keeps_gaps_types_and_long_settings(tmp_path: Path) -> None:
    record = Measurement(
        simulated().metadata.model_copy(update={"settings": {"sequence": ["x" * 500] * 100}}),
        simulated().table.assign(gap=[1.0, float("nan"), float("-inf")], count=[1, 2, 3], text=["a", "", "c"]),
    )
    record.to_parquet(tmp_path / "a.parquet")
    done = convert([tmp_path / "a.parquet"], "xlsx", tmp_path / "out")
    (read,) = registry.read(done[0].written[0])
    assert read == record
    assert read.digest == record.digest


def test_a_workbook_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    simulated().to_parquet(tmp_path / "a.parquet")
    path = Path(convert([tmp_path / "a.parquet"], "xlsx", tmp_path / "out")[0].written[0])
    book = openpyxl.load_workbook(path)
    for row in book["metadata"].iter_rows():
        if row[1].value == "origin":
            row[2].value = row[2].value.replace("simulation", "instrument")
    book.save(path)
    with pytest.raises(InstrumentFileError, match="marked as simulated, its metadata say that it was measured"):
        registry.read(path)


def test_workbooks_of_others(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"])
    book.active.append([1e5, 40.25, 3])
    book.active.append([1e4, 41, 7.5])
    book.create_sheet("empty")
    book.save(tmp_path / "z.xlsx")
    (read,) = registry.read(tmp_path / "z.xlsx")
    assert read.impedance.tolist() == [40.25 - 3j, 41 - 7.5j]
    report = book.create_sheet("statistics")
    for row in (["cycle", "capacity"], [1, 2.0]):
        report.append(row)
    book.save(tmp_path / "z.xlsx")
    (read,) = registry.read(tmp_path / "z.xlsx")  # the one sheet that holds a record
    assert read.metadata.assumptions[0] == "read from the sheet 'Sheet' of 3"
    del book["statistics"]
    for row in (["time/s", "Ewe/V", "I/mA"], [0, 1, 2.0]):
        (book["other"] if "other" in book.sheetnames else book.create_sheet("other")).append(row)
    book.save(tmp_path / "z.xlsx")
    with pytest.raises(InstrumentFileError, match="2 sheets with data: Sheet, other; say which: sheet="):
        registry.read(tmp_path / "z.xlsx")


# ---- simulated data cannot pass as measured ----------------------------------------------------------------
def _opened_elsewhere(path: Path, out: Path) -> None:
    """The table as a spreadsheet with a German setting saves it: no metadata beside it, another name, semicolons."""
    pd.read_csv(path).to_csv(out, sep=";", decimal=",", index=False)


def test_a_simulated_csv_says_so_in_its_heading(tmp_path: Path) -> None:
    record = simulated()
    record.to_csv(tmp_path / "a.csv")
    heading = (tmp_path / "a.csv").read_text().splitlines()[0]
    assert heading.endswith(f"SIMULATED by natrode unknown | model symmetric | seed 1 | sha256 {record.digest}")


def test_a_simulation_stays_one_after_export_and_renaming(tmp_path: Path) -> None:
    simulated().to_csv(tmp_path / "a.csv")
    _opened_elsewhere(tmp_path / "a.csv", tmp_path / "cell_7_measured.txt")
    pd.read_csv(tmp_path / "a.csv").to_excel(tmp_path / "b.xlsx", index=False)
    pd.read_csv(tmp_path / "a.csv").to_parquet(tmp_path / "c.parquet")
    (tmp_path / "a.csv").rename(tmp_path / "measured.csv")
    for name in ("cell_7_measured.txt", "b.xlsx", "c.parquet", "measured.csv"):
        (read,) = registry.read(tmp_path / name)
        assert read.is_simulated, name
        assert (read.metadata.origin.model, read.metadata.origin.seed) == ("symmetric", 1)
        assert not any("SIMULATED" in column for column in read.table.columns)
        assert read.array(Column.VOLTAGE).tolist() == [0.02, 0.021, 0.022]
        assert any("a simulation whose metadata are not with the table" in w for w in read.metadata.warnings)


def test_a_simulation_with_the_metadata_of_a_measurement_is_refused(tmp_path: Path) -> None:
    simulated().to_csv(tmp_path / "a.csv")
    side = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(side.replace('"kind": "simulation"', '"kind": "instrument"'))
    with pytest.raises(InstrumentFileError, match=r"marked as simulated, a\.json says that it was measured"):
        registry.read(tmp_path / "a.csv")


def test_parquet_carries_the_digest(tmp_path: Path) -> None:
    record = simulated()
    record.to_parquet(tmp_path / "a.parquet")
    assert pq.read_schema(tmp_path / "a.parquet").metadata[b"natrode sha256"].decode() == record.digest
