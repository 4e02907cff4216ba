"""The table of cells: written, edited in a spreadsheet, read, and written again without losing a word."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from natrode.errors import InstrumentFileError, SpecificationError
from natrode.instruments import _grouping, folder, registry
from natrode.instruments.cells import FIELDS, cells, load
from natrode.instruments.natrode_files import convert
from tests.instruments import made_cells as made
from tests.instruments import table_files as tables
from tests.instruments.text_files import NOVOCONTROL, SAMPLES, ZPLOT


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A folder with a cell in four files, a spectrum with a declared area, and a cycler's export."""
    made.one_cell(tmp_path)
    (tmp_path / "Na08_EIS.z").write_text(ZPLOT)
    (tmp_path / "neware").mkdir()
    (tmp_path / "neware" / "Na09.csv").write_text(tables.neware_csv())
    return tmp_path


def rows(folder: Path) -> list[dict[str, str]]:
    text = (folder / "cells.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.split("\n")[0] else ","))


def edit(folder: Path, row: int, column: str, value: str) -> None:
    table = rows(folder)
    table[row][column] = value
    write(folder, table)


def write(folder: Path, table: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    with (folder / "cells.csv").open("w", newline="", encoding=encoding) as stream:
        writer = csv.DictWriter(stream, list(table[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(table)


# ---- writing ---------------------------------------------------------------------------------------------
def test_a_row_for_each_cell_and_geometry_blank(lab: Path) -> None:
    found = cells(lab)
    assert [cell.name for cell in found] == ["Na07", "Na08", "Na09"]
    assert found.added_cells == ("Na07", "Na08", "Na09")
    table = rows(lab)
    assert list(table[0]) == [f.heading for f in FIELDS]
    first, second, third = table
    assert first["files"] == " | ".join(
        ("Na07_01_CP_C05.mpt", "Na07_02_PEIS_C05.mpt", "Na07_03_CP_C05.mpt", "Na07_restart_C05.mpt")
    )
    assert third["files"] == "neware/Na09.csv"
    for row in table:
        assert all(not v for k, v in row.items() if "area" in k or "thickness" in k or "mass" in k or "pressure" in k)
    assert (first["started"], first["ended"]) == ("2026-03-02 10:00:00", "2026-03-03 10:30:00")
    assert (first["working electrode first"], third["working electrode first"]) == ("stripped", "stripped")
    assert second["declared, not used"] == "area 1 cm2 (instrument's default)"
    assert found.count == "n = 3 of 3"
    assert "Na07: 4 files | area blank" in found.table()
    assert json.loads(json.dumps(found.to_json()))["cells"][0]["geometry"]["working_area"] == "unknown"


def test_looking_writes_nothing(lab: Path) -> None:
    assert len(cells(lab, write=False)) == 3
    assert not (lab / "cells.csv").exists()


def test_a_second_run_changes_nothing(lab: Path) -> None:
    cells(lab)
    before = (lab / "cells.csv").read_bytes()
    again = cells(lab)
    assert (lab / "cells.csv").read_bytes() == before
    assert again.added_cells == again.added_files == ()


def test_a_second_run_appends_new_files_and_cells_only(lab: Path) -> None:
    cells(lab)
    table = rows(lab)
    table[0] |= {"working area / cm2": "0,785", "notes": "mine; keep", "cell": "C04"}
    table[0]["operator"] = "A. B."
    for row in table[1:]:
        row["operator"] = ""
    write(lab, table, ";", "utf-8-sig")
    (lab / "Na07_04_OCV_C05.mpt").write_bytes(made.cp(made.START + timedelta(days=2), 0, 600, 1.0))
    (lab / "Na10_PEIS.mpt").write_bytes(made.peis(made.START, 0, shift=7.0))
    found = cells(lab)
    assert (found.added_files, found.added_cells) == (("Na07_04_OCV_C05.mpt",), ("Na10",))
    text = (lab / "cells.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbfcell;files;")
    now = rows(lab)
    assert now[0]["files"].endswith("Na07_restart_C05.mpt | Na07_04_OCV_C05.mpt")
    assert {k: v for k, v in now[0].items() if k != "files"} == {k: v for k, v in table[0].items() if k != "files"}
    assert now[1:3] == table[1:3]
    assert now[3]["cell"] == "Na10"


def test_files_that_are_gone_stay_and_are_named(lab: Path) -> None:
    cells(lab)
    (lab / "Na08_EIS.z").unlink()
    found = cells(lab)
    assert found.gone == ("Na08_EIS.z",)
    assert "not there any more: Na08_EIS.z" in found.table()


def test_files_that_the_user_moved_to_another_row_stay_there(lab: Path) -> None:
    cells(lab)
    table = rows(lab)
    table[0]["files"] = table[0]["files"].replace(" | Na07_restart_C05.mpt", "")
    table[1]["files"] += " | Na07_restart_C05.mpt"
    write(lab, table)
    assert cells(lab).added_files == ()
    assert rows(lab) == table


def test_a_measured_temperature_is_filled_in(tmp_path: Path) -> None:
    text = "Time (h),Voltage (V),Current (mA),Temperature/°C\n" + "".join(
        f"{i},0.1,1,{30 + i % 2}\n" for i in range(10)
    )
    (tmp_path / "warm.csv").write_text(text)
    cells(tmp_path)
    (row,) = rows(tmp_path)
    assert (row["temperature / degC"], row["temperature is"]) == ("30.50", "measured")


def test_several_temperatures_of_a_cell_are_not_filled_in_as_one(tmp_path: Path) -> None:
    lines = (f"{i},0.1,1,{25.0 + 4.0 * i}\n" for i in range(10))
    (tmp_path / "warm.csv").write_text("Time (h),Voltage (V),Current (mA),Temperature/°C\n" + "".join(lines))
    cells(tmp_path)
    (row,) = rows(tmp_path)
    assert (row["temperature / degC"], row["temperature is"]) == ("", "")
    assert "several temperatures: those of the files count" in row["notes"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InstrumentFileError, match="no such folder"):
        cells(tmp_path / "x")
    with pytest.raises(SpecificationError, match=r"cells\.csv: no such file; write one with: natrode cells FOLDER"):
        load(tmp_path)


# ---- reading ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), (";", "cp1252")]
)
def test_what_a_spreadsheet_makes_of_it(lab: Path, delimiter: str, encoding: str) -> None:
    cells(lab)
    table = rows(lab)
    comma = delimiter == ";"
    table[0] |= {
        "group": "séries A",
        "working area / cm2": "0,785" if comma else "0.785",
        "working area +- / cm2": "0,01" if comma else "0.01",
        "counter area / cm2": "0,785 +- 0,02" if comma else "0.785 ± 0.02",
        "electrolyte thickness / um": "620 um",
        "pressure / MPa": "5",
        "pressure when": "during cycling",
        "temperature / degC": "25",
        "temperature is": "nominal",
        "interfaces in series": "2",
        "rest / h": "0",
    }
    write(lab, table, delimiter, encoding) if encoding != "cp1252" else (lab / "cells.csv").write_bytes(
        _text(table, delimiter).encode("cp1252", "replace")
    )
    cell = load(lab).cells[0]
    assert cell.texts["group"] == "séries A"
    assert cell.geometry.working_area == pytest.approx(7.85e-5)
    assert cell.values["working area +-"] == pytest.approx(1e-6)
    if encoding != "cp1252":
        assert cell.values["counter area +-"] == pytest.approx(2e-6)
    assert cell.geometry.electrolyte_thickness == pytest.approx(6.2e-4)
    assert (cell.values["pressure"], cell.values["temperature"]) == (5e6, pytest.approx(298.15))
    assert cell.geometry.interfaces_in_series == 2


def _text(table: list[dict[str, str]], delimiter: str) -> str:
    lines = [delimiter.join(table[0])]
    lines += [delimiter.join(f'"{v}"' for v in row.values()) for row in table]
    return "\r\n".join(lines).replace("±", "+-")


def test_a_row_describes_its_records(lab: Path) -> None:
    cells(lab)
    table = rows(lab)
    for row in table:
        row["operator"], row["slurry"] = "", ""
    table[0] |= {"working area / cm2": "0.785 +- 0.01", "temperature / degC": "60", "temperature is": "nominal"}
    table[0] |= {"pressure / MPa": "5", "working mass / mg": "6", "batch": "B7", "operator": "A. B.", "notes": "dry"}
    write(lab, table)
    cell = load(lab).cells[0]
    (record,) = registry.read(lab / cell.files[0])
    described = cell.describe(record)
    metadata = described.metadata
    assert (metadata.cell, metadata.temperature, metadata.pressure) == ("Na07", 333.15, 5e6)
    assert metadata.geometry.working_area == pytest.approx(7.85e-5)
    assert metadata.geometry.counter_area == "unknown"
    assert metadata.user["standard uncertainty, SI"] == {"working area": pytest.approx(1e-6)}
    assert metadata.user["working mass, SI"] == pytest.approx(6e-6)
    assert metadata.user["operator"] == "A. B."
    assert (metadata.user["batch"], metadata.user["notes"]) == ("B7", "dry")
    assert "slurry" not in metadata.user
    assert "working area: from the table of cells, row 2" in metadata.assumptions
    assert "temperature 60 degC (nominal): from the table of cells, row 2" in metadata.assumptions
    assert described.table.equals(record.table)


def test_exclusions_stay_in_the_count(lab: Path) -> None:
    cells(lab)
    edit(lab, 1, "excluded", "yes")
    edit(lab, 1, "exclusion reason", "cracked pellet")
    found = load(lab)
    assert found.count == "n = 2 of 3; excluded Na08: cracked pellet"
    assert [cell.name for cell in found.included] == ["Na07", "Na09"]
    (record,) = registry.read(lab / "Na08_EIS.z")
    assert found.cells[1].describe(record).metadata.user["excluded"] == "cracked pellet"


def test_other_units_in_the_heading(lab: Path) -> None:
    cells(lab)
    text = (lab / "cells.csv").read_text().replace("working area / cm2", "Working area (mm²)", 1)
    (lab / "cells.csv").write_text(text)
    edit(lab, 0, "Working area (mm²)", "78.5")
    assert load(lab).cells[0].geometry.working_area == pytest.approx(7.85e-5)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("working area / cm2", "small", "row 2, column 'working area / cm2': read 'small', expected a number in cm2"),
        ("working area / cm2", "3 mm", "row 2, column 'working area / cm2': .*not a unit of area"),
        ("working area / cm2", "-1", "must be greater than zero"),
        ("working area / cm2", "0", "must be greater than zero"),
        ("temperature is", "warm", "column 'temperature is': read 'warm', allowed are nominal, measured or blank"),
        ("working electrode first", "first", "allowed are stripped, plated or blank"),
        ("interfaces in series", "3", "column 'interfaces in series': read '3', allowed are 0, 1, 2 or blank"),
        ("excluded", "maybe", "column 'excluded': read 'maybe', allowed are yes and no"),
        ("excluded", "yes", "column 'exclusion reason': is empty; an exclusion needs a reason"),
        ("exclusion reason", "bad", "column 'excluded': is blank, but a reason is given; write yes"),
        ("cell", "", "row 2, column 'cell': is empty"),
        ("cell", "Na08", "row 3, column 'cell': 'Na08' stands in row 2 already"),
        ("files", "Na08_EIS.z", "row 3, column 'files': 'Na08_EIS.z' belongs to the cell in row 2 already"),
    ],
)
def test_mistakes_name_row_and_column(lab: Path, column: str, value: str, message: str) -> None:
    cells(lab)
    edit(lab, 0, column, value)
    with pytest.raises(SpecificationError, match=message) as caught:
        load(lab)
    assert "cells.csv: row " in str(caught.value)
    before = (lab / "cells.csv").read_bytes()
    with pytest.raises(SpecificationError):
        cells(lab)
    assert (lab / "cells.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "row 1: no column 'cell'"),
        ("cell,cell\nx,y\n", "row 1: the heading 'cell' stands there twice"),
        ("cell,working area / cm2,Working area\nx,1,2\n", "are the same column; keep one"),
        ("cell,working area / kg\nx,1\n", "row 1, column 'working area / kg': .*not a unit of area"),
        ("cell,files\nx,a,b\n", "row 2: 3 fields under 2 headings"),
        ('cell,files\n"x,a\n', "is no table with separators"),
        (
            "cell,working area\nx,1\n",
            "row 2, column 'working area': read '1', expected a number or a quantity such as '1 cm2'",
        ),
        ("cell,working area +- / cm2,working area / cm2\nx,1,2 +- 3\n", "'working area \\+-' is given twice"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "cells.csv").write_text(text)
    with pytest.raises(SpecificationError, match=message):
        load(tmp_path)


# ---- grouping --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Na07_01_GCPL_C05.mpr", "Na07"),
        ("Na07_02_PEIS_C05_LOOP.txt", "Na07"),
        ("Na07-prerun_C05.mpr", "Na07"),
        ("PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt", "LPSCl_IonBlocking"),
        ("s04147-140deg.txt", "s04147"),
        ("sub/folder/cell 12 EIS.csv", "cell 12"),
        ("cell_12_EIS.csv", "cell_12"),
        ("cell_12_EIS_3.csv", "cell_12"),
        ("cp.mpr", "cp"),
        ("Example2c.txt", "Example2c"),
        ("250403_kigr_gen9_06.ndax", "250403_kigr_gen9_06"),
        ("SIM.nda.zip", "SIM"),
        ("Na_0.5mA_run2.mpt", "Na_0.5mA"),
    ],
)
def test_names_of_cells(file: str, name: str) -> None:
    assert _grouping.cell_name(file) == name


def test_the_same_name_on_two_channels_at_the_same_time_is_two_cells(tmp_path: Path) -> None:
    (tmp_path / "batch_CP_C05.mpt").write_bytes(made.cp(made.START, 0, 3600, 1.0, channel=5))
    (tmp_path / "batch_CP_C06.mpt").write_bytes(made.cp(made.START, 0, 3600, 1.5, channel=6))
    (tmp_path / "batch_PEIS_C06.mpt").write_bytes(made.peis(made.START, 3700, channel=6))
    found = cells(tmp_path)
    assert [cell.files for cell in found] == [("batch_CP_C05.mpt",), ("batch_CP_C06.mpt", "batch_PEIS_C06.mpt")]
    assert [cell.name for cell in found] == ["batch", "batch (2)"]
    assert "same name as another cell" in rows(tmp_path)[1]["notes"]


def test_the_same_name_months_apart_is_two_cells(tmp_path: Path) -> None:
    (tmp_path / "SSB_CP.mpt").write_bytes(made.cp(made.START, 0, 3600, 1.0))
    (tmp_path / "SSB_PEIS.mpt").write_bytes(made.peis(made.START + timedelta(days=200), 0))
    assert len(cells(tmp_path)) == 2


def test_copies_belong_together_whatever_their_names(tmp_path: Path) -> None:
    (tmp_path / "Na1_PEIS.mpt").write_bytes(made.peis(made.START, 0))
    (tmp_path / "export for Bob.csv").write_text(tables.spectrum_csv())
    (found,) = cells(tmp_path)
    assert found.name == "Na1"
    assert len(found.files) == 2


def test_numbers_as_names_survive_a_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "123456789012.z").write_text(ZPLOT)
    assert cells(tmp_path).cells[0].name == "cell 123456789012"


def test_a_temperature_series_is_one_cell(tmp_path: Path) -> None:
    for i, t in enumerate((140, 160, 180)):
        (tmp_path / f"s04-{t}deg.txt").write_text(NOVOCONTROL.replace("10.25", f"1{i}.25"))
    (found,) = cells(tmp_path)
    assert (found.name, len(found.files)) == ("s04", 3)


def test_the_samples_group_as_they_belong(tmp_path: Path) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    found = {cell.name: cell for cell in cells(SAMPLES, write=False)}
    assert len(found["jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA"].files) == 4
    assert len(found["LPSCl_IonBlocking"].files) == 3
    assert len(found["s04147"].files) == 5
    assert {"SSB", "SSB (2)"} <= set(found)
    assert "250403_kigr_gen9_06" in found
    declared = found["SSB"].texts["declared, not used"]
    assert "area 0.001 cm2 (instrument's default)" in declared
    assert "7.826 mg (to be confirmed)" in declared


def test_equal_records_of_cells_with_their_own_names_are_not_put_together(tmp_path: Path) -> None:
    record = made.simulated()
    for name in ("virtual 1", "virtual 2"):
        record.with_metadata(cell=name).to_parquet(tmp_path / f"{name}.parquet")
    assert [cell.name for cell in cells(tmp_path, write=False)] == ["virtual 1", "virtual 2"]


def test_info_and_convert_read_the_table_back(tmp_path: Path) -> None:
    made.one_cell(tmp_path)
    cells(tmp_path)
    text = (tmp_path / "cells.csv").read_text(encoding="utf-8-sig")
    header, row = text.splitlines()[:2]
    names = header.split(",")
    fields = row.split(",")
    for name, value in {
        "working area / cm2": "0.785", "counter area / cm2": "0.785", "electrolyte thickness / um": "1000",
        "interfaces in series": "2", "temperature / degC": "25", "pressure / MPa": "5", "excluded": "yes",
        "exclusion reason": "cracked pellet",
    }.items():  # fmt: skip
        fields[names.index(name)] = value
    (tmp_path / "cells.csv").write_text(f"{header},operator\n{','.join(fields)},Ada\n")
    for asked in (tmp_path, tmp_path / "Na07_01_CP_C05.mpt"):  # the folder, and one file of it
        first = folder.info(asked)[0]
        assert (first.cell, first.excluded, first.missing) == (fields[0], "cracked pellet", ())
        assert f"cell {fields[0]} | excluded: cracked pellet" in first.line()
        assert first.to_json()["excluded"] == "cracked pellet"
    done = convert([tmp_path / "Na07_02_PEIS_C05.mpt"], "parquet", tmp_path / "out")
    (read,) = registry.read(done[0].written[0])
    assert read.metadata.cell == fields[0]
    assert read.metadata.geometry.working_area == pytest.approx(0.785e-4)
    assert read.metadata.user["operator"] == "Ada"
    assert read.metadata.user["excluded"] == "cracked pellet"


def test_a_mistake_in_the_table_is_told_by_info_too(tmp_path: Path) -> None:
    made.one_cell(tmp_path)
    (tmp_path / "cells.csv").write_text("cell,files,working area / cm2\nA,Na07_01_CP_C05.mpt,big\n")
    with pytest.raises(SpecificationError, match=r"cells\.csv: row 2, column 'working area / cm2': read 'big'"):
        folder.info(tmp_path)


def test_another_programs_cells_csv_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    made.one_cell(tmp_path / "below")
    (tmp_path / "cells.csv").write_text("nucleus,area\n1,2\n")
    assert {item.cell for item in folder.info(tmp_path / "below")} == {""}
