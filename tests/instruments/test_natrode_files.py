"""natrode's own files, and files of others turned into them."""

import io
import json
import sys
import types
from pathlib import Path

import pandas as pd
import pytest

from natrode.errors import InstrumentFileError, OutputError
from natrode.instruments import registry
from natrode.instruments.natrode_files import conversion_table, convert
from natrode.measurement import Column
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


class FakeBook:
    """As much of openpyxl as natrode uses, keeping the cells in memory."""

    shelf: dict[bytes, "FakeBook"] = {}  # noqa: RUF012

    def __init__(self, write_only: bool = False) -> None:
        self.worksheets: list[FakeSheet] = []

    def create_sheet(self, title: str) -> "FakeSheet":
        self.worksheets.append(FakeSheet(title))
        return self.worksheets[-1]

    def save(self, stream: io.BytesIO) -> None:
        name = b"PK\x03\x04" + b"[Content_Types].xml" + bytes([len(self.shelf)])
        self.shelf[name] = self
        stream.write(name)

    def close(self) -> None:
        pass


class FakeSheet:
    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[list[object]] = []

    def append(self, row: list[object]) -> None:
        self.rows.append(row)

    def iter_rows(self, values_only: bool) -> list[list[object]]:
        return self.rows


@pytest.fixture
def openpyxl(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library, or its stand-in where it is not installed."""
    try:
        import openpyxl as _library  # noqa: F401
    except ImportError:
        module = types.ModuleType("openpyxl")
        module.Workbook = FakeBook  # type: ignore[attr-defined]
        module.load_workbook = lambda stream, **_: FakeBook.shelf[stream.read()]  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "openpyxl", module)


@pytest.mark.usefixtures("openpyxl")
def test_workbooks_out_and_in(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(tables.cycling_csv())
    done = convert([tmp_path / "c.csv"], "xlsx", tmp_path / "out")
    (read,) = registry.read(done[0].written[0], sheet="00 cycling")
    assert (
        read.table[str(Column.CURRENT)].tolist()
        == registry.read(tmp_path / "c.csv")[0].table[str(Column.CURRENT)].tolist()
    )
    with pytest.raises(InstrumentFileError, match="2 sheets with data: metadata, 00 cycling; say which: sheet="):
        registry.read(done[0].written[0])
    with pytest.raises(InstrumentFileError, match="no sheet 'x'; it has metadata, 00 cycling"):
        registry.read(done[0].written[0], sheet="x")


@pytest.mark.usefixtures("openpyxl")
def test_a_simulation_is_marked_in_its_sheet(tmp_path: Path) -> None:
    simulated().to_parquet(tmp_path / "a.parquet")
    done = convert([tmp_path / "a.parquet"], "xlsx", tmp_path / "out")
    with pytest.raises(InstrumentFileError, match="SIMULATED 00 cycling"):
        registry.read(done[0].written[0])


def test_without_the_library_for_workbooks_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "a.xlsx").write_bytes(tables.zipped(**{"[Content_Types]__xml": b"x", "xl/workbook__xml": b"x"}))
    with pytest.raises(InstrumentFileError, match=r"a\.xlsx: XLSX workbook: .*openpyxl.*save the sheet as CSV"):
        registry.read(tmp_path / "a.xlsx")
    (tmp_path / "c.csv").write_text(tables.cycling_csv())
    with pytest.raises(OutputError, match="use csv or parquet"):
        convert([tmp_path / "c.csv"], "xlsx", tmp_path / "out")
