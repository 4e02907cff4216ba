"""From a path to records: recognition, the user's words, and one kind of error for all that goes wrong."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.errors import InstrumentFileError, SpecificationError
from natrode.instruments import registry
from natrode.instruments.base import Format, Source
from natrode.measurement import UNCERTAINTY, Column, Experiment, Measurement, Metadata, Origin
from tests.instruments import table_files as tables
from tests.instruments.text_files import CHI_EIS, NOVOCONTROL, ZPLOT


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_content_comes_before_the_extension(tmp_path: Path) -> None:
    for name in ("spectrum.z", "spectrum.mpt", "spectrum"):
        (record,) = registry.read(put(tmp_path, name, CHI_EIS))
        assert record.metadata.origin.format.startswith("CH Instruments")
        assert record.metadata.origin.file == name


def test_all_readers_of_the_list_are_there() -> None:
    assert len(registry.formats()) >= len(registry.READERS)


def test_a_reader_that_is_missing_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    registry.formats.cache_clear()
    monkeypatch.setattr(registry, "READERS", ("not_written_yet", "generic"))
    assert [f.name for f in registry.formats()] == ["table (CSV, TSV, XLSX)"]
    registry.formats.cache_clear()


def test_zip_of_one_file_is_unpacked(tmp_path: Path) -> None:
    plain = registry.read(put(tmp_path, "a.z", ZPLOT))
    (packed,) = registry.read(put(tmp_path, "a.z.zip", tables.zipped(a__z=ZPLOT.encode())))
    assert packed.metadata.origin.sha256 == plain[0].metadata.origin.sha256
    assert packed.metadata.origin.file == "a.z"
    two = put(tmp_path, "b.zip", tables.zipped(a__z=ZPLOT.encode(), b__z=ZPLOT.encode()))
    with pytest.raises(InstrumentFileError, match=r"b\.zip: zip archive: it holds 2 files"):
        registry.read(two)
    with pytest.raises(InstrumentFileError, match="cut or damaged"):
        registry.read(put(tmp_path, "c.zip", tables.zipped(a__z=ZPLOT.encode())[:-30]))
    with pytest.raises(InstrumentFileError, match="the file in it is empty"):
        registry.read(put(tmp_path, "d.zip", tables.zipped(a__z=b"")))


@pytest.mark.parametrize("content", [b"", b"   \n\n", b"\0" * 500])
def test_empty_files_name_the_likely_format(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InstrumentFileError, match=r"x\.mpr: the whole file: it is empty; its extension is that of Bio"):
        registry.read(put(tmp_path, "x.mpr", content))


def test_unknown_content_names_the_likely_format(tmp_path: Path) -> None:
    with pytest.raises(
        InstrumentFileError, match=r"no format that natrode knows .*by its extension it should be Neware"
    ):
        registry.read(put(tmp_path, "x.nda", b"\x07\x01garbage" * 30))
    with pytest.raises(InstrumentFileError, match=r"begins with 'Dear colleague,'.*no instrument's file"):
        registry.read(put(tmp_path, "x.txt", "Dear colleague,\nthe cell died.\n"))


def test_no_such_file_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InstrumentFileError, match="no such file"):
        registry.read(tmp_path / "none.mpr")
    with pytest.raises(InstrumentFileError, match="is a folder"):
        registry.read(tmp_path)


def test_a_reader_that_stumbles_gives_the_one_error_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(source: Source) -> list[Measurement]:
        raise KeyError("no such column")

    def panic(source: Source) -> list[Measurement]:
        raise BaseException("panic of a compiled library")

    for reader, cause in ((stumble, KeyError), (panic, BaseException)):
        broken = Format("Broken format", (".brk",), lambda source: 1.0, reader)
        monkeypatch.setattr(registry, "formats", lambda broken=broken: (broken,))
        with pytest.raises(InstrumentFileError, match=r"a\.brk: the whole file: it looks like Broken format") as caught:
            registry.read_bytes(Path("a.brk"), b"something")
        assert isinstance(caught.value.__cause__, cause)


def test_recognisers_that_stumble_do_not_recognise(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Format("bad", (), lambda source: 1 / 0, lambda source: [])
    monkeypatch.setattr(registry, "formats", lambda: (bad,))
    assert registry.candidates(Source(Path("a"), b"x")) == []


# ---- the user's words ------------------------------------------------------------------------------------
def test_geometry_and_conditions_are_the_users(tmp_path: Path) -> None:
    path = put(tmp_path, "a.z", ZPLOT)
    (record,) = registry.read(
        path,
        area="0.785 cm2",
        thickness="0.6 mm",
        temperature="60 °C",
        pressure="5 MPa",
        interfaces_in_series=2,
        cell="C04",
    )
    metadata = record.metadata
    assert metadata.geometry.working_area == metadata.geometry.counter_area == pytest.approx(7.85e-5)
    assert metadata.geometry.electrolyte_area == pytest.approx(7.85e-5)
    assert metadata.geometry.electrolyte_thickness == pytest.approx(6e-4)
    assert metadata.geometry.interfaces_in_series == 2
    assert (metadata.temperature, metadata.pressure, metadata.cell) == (333.15, 5e6, "C04")
    assert metadata.user["given"]["area"] == "0.785 cm2"
    assert any("0.785 cm2: given by the user; taken for the pellet too" in text for text in metadata.assumptions)
    assert any("temperature 60 degC: given by the user" in text for text in metadata.assumptions)


def test_electrodes_and_pellet_have_their_own_areas(tmp_path: Path) -> None:
    path = put(tmp_path, "a.z", ZPLOT)
    (record,) = registry.read(path, diameter="10 mm", working_area="0.5 cm2", counter_area="0.6 cm2")
    geometry = record.metadata.geometry
    assert geometry.electrolyte_area == pytest.approx(math.pi / 4 * 1e-4)
    assert geometry.working_area == pytest.approx(5e-5)
    assert geometry.area == pytest.approx(5e-5)
    (record,) = registry.read(path, diameter="10 mm")
    assert record.metadata.geometry.working_area == pytest.approx(math.pi / 4 * 1e-4)


def test_geometry_comes_with_its_errors(tmp_path: Path) -> None:
    path = put(tmp_path, "a.z", ZPLOT)
    (record,) = registry.read(path, area="0.785 +- 0.02 cm2", thickness="0.9 mm ± 30 um", temperature="25 +/- 0.5 degC")
    assert record.metadata.geometry.working_area == pytest.approx(7.85e-5)
    assert record.metadata.geometry.electrolyte_thickness == pytest.approx(9e-4)
    assert record.metadata.temperature == pytest.approx(298.15)
    assert record.metadata.user[UNCERTAINTY] == pytest.approx({
        "working area": 2e-6, "counter area": 2e-6, "electrolyte area": 2e-6, "electrolyte thickness": 3e-5,
        "temperature": 0.5,
    })  # fmt: skip
    assert record.metadata.user["given"]["area"] == "0.785 +- 0.02 cm2"
    (record,) = registry.read(path, diameter="1e1 +- 1e-1 mm", working_area="0.5 cm2")
    assert record.metadata.user[UNCERTAINTY] == pytest.approx({"electrolyte area": math.pi / 2 * 1e-2 * 1e-4})


def test_declared_geometry_is_used_when_confirmed_but_defaults_are_not(tmp_path: Path) -> None:
    text = NOVOCONTROL.replace("  Thickness[mm]: 1.000e+00", "  Thickness[mm]: 7.500e-01")
    (record,) = registry.read(put(tmp_path, "n.txt", text), confirm_declared=True)
    declared = record.metadata.geometry.declared
    assert record.metadata.geometry.electrolyte_thickness == declared["thickness"]
    assert record.metadata.geometry.electrolyte_area == pytest.approx(math.pi / 4 * declared["diameter"] ** 2)
    (record,) = registry.read(put(tmp_path, "a.z", ZPLOT), confirm_declared=True)
    assert record.metadata.geometry.working_area == "unknown"
    assert any("not used although confirmed" in text for text in record.metadata.assumptions)


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        ({"area": "0.785 +- cm2"}, "area: read '0.785 \\+- cm2'"),
        ({"area": "0.785 +- 2 mm"}, "area: read '0.785 \\+- 2 mm'|area: "),
        ({"thickness": "1 +- -0.1 mm"}, "must not be below zero"),
        ({"aera": "1 cm2"}, "aera: unknown hint; did you mean 'area'"),
        ({"area": 0.785}, "area: .*a number without a unit; write an area such as"),
        ({"area": "1 mm"}, "area: .*not a unit of area"),
        ({"area": "0 cm2"}, "area: .*must be greater than zero"),
        ({"thickness": "-1 mm"}, "thickness: .*must be greater than zero"),
        ({"interfaces_in_series": 3}, "allowed are 0, 1 and 2"),
        ({"kind": "eis"}, "allowed are cycling, impedance and sweep"),
        ({"sign_of_current": "plus"}, "allowed are 'oxidation positive'"),
    ],
)
def test_hints_that_cannot_be_read(tmp_path: Path, hints: dict[str, object], message: str) -> None:
    with pytest.raises(SpecificationError, match=message):
        registry.read(put(tmp_path, "a.z", ZPLOT), **hints)


def test_the_sign_of_the_current_is_turned_on_the_users_word(tmp_path: Path) -> None:
    path = put(tmp_path, "c.csv", tables.cycling_csv())
    (as_is,), (turned,) = registry.read(path), registry.read(path, sign_of_current="reduction positive")
    assert np.array_equal(turned.array(Column.CURRENT), -as_is.array(Column.CURRENT))
    assert turned.metadata.sign_of_current.startswith("positive = oxidation")


def test_columns_on_the_users_word_make_a_file_a_table(tmp_path: Path) -> None:
    path = put(tmp_path, "a.csv", tables.neware_csv())
    (record,) = registry.read(path, columns="time=Total Time/s, voltage=Voltage(V), current=Current(mA)")
    assert record.metadata.origin.format == "table (CSV, TSV, XLSX)"
    assert record.array(Column.TIME)[-1] == 4800.0


def test_words_without_use_are_told(tmp_path: Path) -> None:
    (record,) = registry.read(put(tmp_path, "a.z", ZPLOT), sign_of_imaginary="positive")
    assert any(text.startswith("sign_of_imaginary was given but is not needed") for text in record.metadata.warnings)


def test_an_experiment_that_natrode_wrote(tmp_path: Path) -> None:
    table = pd.DataFrame({str(Column.TIME): [0.0, 1.0], str(Column.VOLTAGE): [0.1, 0.2]})
    record = Measurement(Metadata(kind="cycling", origin=Origin(kind="simulation", model="m")), table)
    folder = tmp_path / "run"
    folder.mkdir()
    Experiment("made", (record,)).save(folder)
    (read,) = registry.read(folder)
    assert read.is_simulated
    assert registry.data_files(tmp_path) == [folder]


def test_larger_files_than_a_gigabyte_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LARGEST_FILE", 3000)
    monkeypatch.setattr(registry, "STREAM_FROM", 2000)
    with pytest.raises(InstrumentFileError, match="read only when they are plain tables"):
        registry.read(put(tmp_path, "a.z", ZPLOT + "\n" * 4000))
    (record,) = registry.read(put(tmp_path, "big.csv", tables.cycling_csv(rows=400)))
    assert len(record.table) == 400


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("arbin.res", b"\x00\x01\x00\x00Standard Jet DB\x00" + bytes(500), "Access database, as Arbin"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1" + bytes(500), r"old Excel workbook \(\.xls\).*save it as XLSX"),
        ("wide.mpt", "EC-Lab ASCII FILE\nNb header lines : 3\n".encode("utf-16-le"), "UTF-16 text without its byte"),
        ("begun.csv", b"time/s,Ewe/V,I/mA\n", r"headings \(time/s, Ewe/V, I/mA\) and no row of numbers"),
        (
            "m.txt",
            "Date of Test:\t10/30/2015\nRec#\tCyc#\tStep\tAmps\tVolts\n1\t0\t1\t0.1\t3.2\n" * 2,
            "a Maccor export",
        ),
        (
            "m.csv",
            "Cyc#,Step,TestTime(s),Watt-hr,Current(A),Voltage(V)\n" + "1,1,0,0,0.1,3.2\n" * 3,
            "give the current its",
        ),
        ("cell.001", b"\x01\x00\x00\x00" + bytes(range(200)), "by its extension it should be Maccor test"),
        ("x.txt", b"\x89PNG\r\n\x1a\n" + bytes(100), "it is an image"),
    ],
)
def test_files_that_lie_among_raw_data_are_named(name: str, data: str | bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(InstrumentFileError, match=said):
        registry.read(tmp_path / name)
