"""What holds for every reader of this family: recognising, refusing, and damaged files."""

import importlib
import re
import time
from pathlib import Path

import numpy as np
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement
from tests.instruments.text_files import CHI_EIS, GAMRY_EISPOT, HANDMADE, SAMPLES, SPECTRUM, mutations, written

READERS: dict[str, Format] = {name: importlib.import_module(f"natrode.instruments.{name}").FORMAT for name in HANDMADE}
FILES = [(reader, name) for reader, files in HANDMADE.items() for name in files]
OF_SAMPLES = {
    "chi_txt": "chi",
    "ivium": "ivium",
    "versastudio_par": "versastudio",
    "parstat_txt": "parstat",
    "powersuite_txt": "powersuite",
    "novocontrol_ascii_solid_conductor": "novocontrol",
    "gamry_dta": "gamry",
    "zplot_z": "zplot",
    "autolab_txt": "autolab",
    "autolab_dfr": "autolab",
    "i2b_elchemea": "elchemea",
    "p00": "p00",
    "zahner_ism": "zahner",
}


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_each_file_is_claimed_by_its_own_reader_only(reader: str, name: str) -> None:
    source = written(name, HANDMADE[reader][name])
    assert {other for other, format_ in READERS.items() if format_.recognise(source) > 0.0} == {reader}


def test_each_sample_is_claimed_by_its_own_reader_only() -> None:
    if not SAMPLES.exists():
        pytest.skip("the folder of real files is not here (NATRODE_SAMPLES)")
    for path in sorted(SAMPLES.glob("*/*")):
        with path.open("rb") as file:
            source = Source(path, file.read(100_000))
        expected = OF_SAMPLES.get(path.parent.name)
        claimed = {name for name, format_ in READERS.items() if format_.recognise(source) > 0.0}
        if path.name == "CSV_Example.csv":  # a bare table of numbers: for the generic reader
            expected = None
        assert claimed == ({expected} if expected else set()), path.name


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_record_says_where_it_came_from(reader: str, name: str) -> None:
    source = written(name, HANDMADE[reader][name])
    for record in READERS[reader].read(source):
        origin = record.metadata.origin
        assert origin.kind == "instrument"
        assert origin.file == name
        assert origin.format == READERS[reader].name
        assert origin.sha256 == source.origin("", "", "").sha256
        if record.kind == "impedance":
            assert any("sign of Im Z" in text for text in record.metadata.assumptions)


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_impedance_is_negative_where_capacitive(reader: str, name: str) -> None:
    for record in READERS[reader].read(written(name, HANDMADE[reader][name])):
        if record.kind == "impedance":
            assert (record.array(Column.IMAGINARY_IMPEDANCE) < 0).all()
            if reader != "zahner":
                frequency, real, imaginary = zip(*SPECTRUM, strict=True)
                first = record.spectra()[0]
                count = len(first.table)
                np.testing.assert_allclose(first.array(Column.FREQUENCY), frequency[:count])
                np.testing.assert_allclose(first.array(Column.REAL_IMPEDANCE), real[:count])
                np.testing.assert_allclose(first.array(Column.IMAGINARY_IMPEDANCE), imaginary[:count])


@pytest.mark.parametrize("reader", HANDMADE)
@pytest.mark.parametrize("content", [b"", b"\n \n", b"hello", b"\x00" * 500, bytes(range(256)) * 20, b"a,b\n1,2\n"])
def test_foreign_file_is_refused(reader: str, content: bytes) -> None:
    source = written("foreign.bin", content)
    assert READERS[reader].recognise(source) == 0.0
    with pytest.raises(InstrumentFileError, match=r"^foreign\.bin: (line|byte) \d+: "):
        READERS[reader].read(source)


def test_mislabelled_file_names_the_likely_format() -> None:
    with pytest.raises(InstrumentFileError, match="it looks like Gamry"):
        READERS["chi"].read(written("renamed.txt", GAMRY_EISPOT))
    with pytest.raises(InstrumentFileError, match="it looks like CH Instruments"):
        READERS["zahner"].read(written("renamed.ism", CHI_EIS))


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_damaged_file_gives_a_record_or_the_one_error(reader: str, name: str, tmp_path: Path) -> None:
    content = HANDMADE[reader][name]
    data = content if isinstance(content, bytes) else content.encode()
    for number, changed in enumerate(mutations(data, seed=len(data))):
        source = written(name, changed)
        begin = time.perf_counter()
        message = ""
        records: list[Measurement] = []
        try:
            records = READERS[reader].read(source)
        except InstrumentFileError as error:
            message = str(error)
        assert records or re.match(rf"{re.escape(name)}: (line|byte|point|section) ", message), message
        assert time.perf_counter() - begin < 2.0
        for record in records:
            assert isinstance(record, Measurement)
            assert len(record.table) > 0
        if records and number % 40 == 0:
            records[0].to_parquet(tmp_path / "record.parquet")
            assert Measurement.from_parquet(tmp_path / "record.parquet") == records[0]


@pytest.mark.parametrize(("reader", "name"), FILES)
def test_shorter_table_is_never_silent(reader: str, name: str) -> None:
    """Cut within a line of data: the record warns, or there is none."""
    content = HANDMADE[reader][name]
    data = content if isinstance(content, bytes) else content.encode()
    whole = READERS[reader].read(written(name, data))
    rows = sum(len(record.table) for record in whole)
    for cut in range(len(data) - 40, len(data)):
        if {data[cut - 1 : cut], data[cut : cut + 1]} & {b"\n", b"\r"} or cut < 1:
            continue  # cut between two lines it may be whole: only a header that announces points can tell
        try:
            found = READERS[reader].read(written(name, data[:cut]))
        except InstrumentFileError:
            continue
        if sum(len(record.table) for record in found) < rows:
            assert any(record.metadata.warnings for record in found), cut


@pytest.mark.parametrize("reader", ["gamry", "zplot", "novocontrol", "parstat", "chi", "p00"])
def test_other_encodings_are_read(reader: str) -> None:
    name, content = next(iter(HANDMADE[reader].items()))
    assert isinstance(content, str)
    plain = READERS[reader].read(written(name, content))
    for encoding in ("utf-8-sig", "utf-16"):
        for text in (content, content.replace("\n", "\r\n")):
            again = READERS[reader].read(written(name, text.encode(encoding)))
            assert [r.table.equals(p.table) for r, p in zip(again, plain, strict=True)] == [True] * len(plain)


@pytest.mark.parametrize(
    ("reader", "name"),
    [pair for pair in FILES if pair[0] != "versastudio" and isinstance(HANDMADE[pair[0]][pair[1]], str)],
)
def test_decimal_commas_give_the_same_numbers(reader: str, name: str) -> None:
    content = HANDMADE[reader][name]
    assert isinstance(content, str)
    begin = content.index("\n")  # a version in the first line keeps its point
    comma = content[:begin] + re.sub(r"(?<=[0-9])\.(?=[0-9])", ",", content[begin:])
    for plain, again in zip(*(READERS[reader].read(written(name, text)) for text in (content, comma)), strict=True):
        assert again.table.equals(plain.table)


# ---- the shared parts ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (" -2.5E-003 ", -0.0025), ("3,5", 3.5), (".5", 0.5), ("1e5", 1e5), ("nan", None), ("inf", None),
     ("1_0", None), ("1.2.3", None), ("1.234,5", None), ("", None), ("1e999", None), ("\u0661", None), ("0x10", None)],
)  # fmt: skip
def test_numbers(text: str, value: float | None) -> None:
    assert _text.number(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("0.5", 0.5), ("00012", "00012"), ("4.60", 4.6), ("7.9.0", "7.9.0"), ("", "")]
)
def test_settings(text: str, value: object) -> None:
    assert _text.setting(text) == value


@pytest.mark.parametrize(
    ("day", "clock", "order", "started", "assumed"),
    [
        ("3/6/2019", "16:35:22", "month first", "2019-03-06T16:35:22", True),
        ("3/6/2019", "", "day first", "2019-06-03", True),
        ("23/6/2019", "", "month first", "2019-06-23", False),
        ("01-01-2022", "00:00:01", "day first", "2022-01-01T00:00:01", False),
        ("26.02.2025", "15:11", "month first", "2025-02-26T15:11:00", False),
        ("2024-03-04", "", "month first", "2024-03-04", False),
        ("Feb. 20, 2020   15:55:08", "15:55:08", "month first", "2020-02-20T15:55:08", False),
        ("Thursday, July 19, 2018", "9:40:30 AM", "month first", "2018-07-19T09:40:30", False),
        ("Thursday, July 19, 2018", "12:40:30 AM", "month first", "2018-07-19T00:40:30", False),
        ("DD.MM.YYYY", "", "day first", "unknown", False),
        ("31/31/2019", "", "day first", "unknown", False),
    ],
)
def test_dates(day: str, clock: str, order: _text.Order, started: str, assumed: bool) -> None:
    found, notes = _text.started_at(day, clock, order)
    assert found == started
    assert bool(notes) == assumed


@pytest.mark.parametrize(
    ("name", "temperature"),
    [("s04147-140deg", "140 deg"), ("PEIS_LPSCl_IonBlocking_-25C", "-25 C"), ("cell 60 °C run", "60 degC"),
     ("x_300K", "300 K"), ("rate_1C", None), ("channel_C05", None), ("Li6PS5Cl", None), ("s05751_25deg", "25 deg")],
)  # fmt: skip
def test_temperature_in_a_name(name: str, temperature: str | None) -> None:
    assert _text.temperature_in_name(name) == temperature


@pytest.mark.parametrize(("value", "default"), [(0, True), (0.001, True), (1.0, True), (0.785, False)])
def test_placeholders_are_named(value: float, default: bool) -> None:
    declared, notes = _text.declare("area", value, "cm2", 1e4)
    assert declared == {"area": value / 1e4}
    assert ("default" in notes[0]) == default
    assert "not used" in notes[0]


def test_declared_text_is_not_a_geometry() -> None:
    assert _text.declare("area", "unknown", "cm2", 1e4) == ({}, [])


def test_spectra_are_numbered_where_the_sweep_starts_again() -> None:
    frequency = np.array([1e5, 1e3, 1e1, 1e5, 1e3, 1e1, 1.2e1, 1e0])
    columns = {Column.FREQUENCY: frequency, Column.STEP: np.zeros(8)}
    _text.number_spectra(columns)
    assert columns[Column.SPECTRUM].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
