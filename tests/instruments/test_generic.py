"""Tables of unknown make: what is recognised, what must be told, and files larger than the memory for them."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.errors import InstrumentFileError
from natrode.instruments import _headings, _tables, generic
from natrode.instruments.base import Source
from natrode.measurement import Column, Measurement
from tests.instruments import table_files as tables
from tests.instruments.text_files import sample


def read(text: str | bytes, name: str = "table.csv", **hints: object) -> Measurement:
    data = text if isinstance(text, bytes) else text.encode()
    (record,) = generic.read(Source(Path(name), data, hints))
    return record


EXACT = np.array([tables.impedance(f) for f in tables.FREQUENCIES])


def test_a_reference_electrode_in_a_heading_shifts_nothing() -> None:
    record = read("time/s,E/V vs. Na+/Na,I/mA\n0,0.1,1\n1,0.2,1\n2,0.3,-1\n")
    assert record.array(Column.VOLTAGE).tolist() == [0.1, 0.2, 0.3]
    assert any("'E/V vs. Na+/Na': as it stands" in a for a in record.metadata.assumptions)


def test_exports_of_other_cyclers() -> None:
    arbin = read(
        "Data_Point,Test_Time(s),Date_Time,Step_Index,Cycle_Index,Current(A),Voltage(V),Charge_Capacity(Ah)\n"
        "1,0.0,2018-01-01 10:00:00,1,1,0.0,3.2,0\n2,10.0,2018-01-01 10:00:10,2,1,-0.001,3.1,0\n"
    )
    assert arbin.metadata.started == "2018-01-01T10:00:00"
    assert arbin.array(Column.CURRENT).tolist() == [0.0, -0.001]
    assert arbin.array(Column.STEP).tolist() == [1, 2]
    land = read(
        "Record,Cycle-Index,Step-Index,TestTime/Sec,Current/mA,Voltage/V,Sys Time\n"
        "1,1,1,0,0,3.1,2020-01-01 10:00:00\n2,2,1,10,1.5,3.2,2020-01-01 10:00:10\n"
    )
    assert land.array(Column.CYCLE).tolist() == [1, 2]
    assert land.metadata.started == "2020-01-01T10:00:00"


@pytest.mark.parametrize(
    "words", [("C", "D"), ("CC_Chg", "CC_DChg"), ("Charge", "Discharge"), ("恒流充电", "恒流放电")]
)
def test_a_current_without_sign_is_told(words: tuple[str, str]) -> None:
    text = "time/s,Ewe/V,I/mA,State\n" + "".join(f"{i},3.{i},0.1,{words[i // 3]}\n" for i in range(6))
    assert any("its sign is missing" in w and "'State'" in w for w in read(text).metadata.warnings)
    turned = text.replace(f"0.1,{words[1]}", f"-0.1,{words[1]}")
    assert not any("its sign is missing" in w for w in read(turned).metadata.warnings)


# ---- how a table is written ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        tables.spectrum_csv(),
        tables.spectrum_csv(delimiter=";"),
        tables.spectrum_csv(delimiter=";", comma=True),
        tables.spectrum_csv(delimiter="\t", comma=True),
        tables.spectrum_csv(delimiter=" ", head="freq/Hz Re(Z)/Ohm Im(Z)/Ohm"),
        tables.spectrum_csv(delimiter="|"),
        tables.spectrum_csv().replace("\n", "\r\n"),
        tables.spectrum_csv().replace("\n", "\r"),
        "\ufeff" + tables.spectrum_csv(),
        "Cell 3, measured by me\nsecond line of notes\n\n" + tables.spectrum_csv(),
        "# " + tables.spectrum_csv(),
        tables.spectrum_csv(head="f,Zre,Zim").replace("\n", "\nHz,Ohm,Ohm\n", 1),
        tables.spectrum_csv(head='"Frequency (Hz)","Z\' (Ω)","Z\'\' (Ω)"'),
        tables.spectrum_csv(head="Frequency_Hz,Real,Imag"),
        tables.spectrum_csv(head="frequency_hertz,real_impedance_ohm,imaginary_impedance_ohm"),
        tables.spectrum_csv(head="Frequency / Hz,Real Impedance / ohm,Imaginary Impedance / ohm"),
        tables.spectrum_csv(head="Freq [Hz],Zreal [ohm],-Zimag [ohm]", minus=True),
        tables.spectrum_csv(head="f/Hz,Re(Z)/Ω,-Z''/Ω", minus=True),
        tables.spectrum_csv().encode("utf-16"),
        ("gemessen über Nacht\n" + tables.spectrum_csv(head="Frequenz/Hz,Z'/Ohm,Z''/Ohm")).encode("latin-1"),
    ],
)
def test_spectra_in_every_dress(text: str | bytes) -> None:
    record = read(text)
    assert record.kind == "impedance"
    np.testing.assert_allclose(record.array(Column.FREQUENCY), tables.FREQUENCIES, rtol=1e-7)
    np.testing.assert_allclose(record.impedance, EXACT, rtol=1e-7)


def test_units_are_converted() -> None:
    rows = "\n".join(f"{f / 1e3},{z.real / 1e3},{z.imag * 1e3}" for f, z in zip(tables.FREQUENCIES, EXACT, strict=True))
    record = read("f/kHz,Re/kOhm,Im/mOhm\n" + rows + "\n")
    np.testing.assert_allclose(record.array(Column.FREQUENCY), tables.FREQUENCIES, rtol=1e-7)
    np.testing.assert_allclose(record.impedance, EXACT, rtol=1e-7)


def test_decimal_fractions_keep_their_digits() -> None:
    record = read("t/s,U/mV,I/mA\n0,25.3,0.1\n1,25.4,0.2\n2,25.5,0.3\n")
    assert list(record.array(Column.VOLTAGE)) == [0.0253, 0.0254, 0.0255]
    assert list(record.array(Column.CURRENT)) == [0.0001, 0.0002, 0.0003]


def test_cycling_with_temperature_cycle_and_other_columns() -> None:
    text = "Time (h),Voltage (mV),Current (uA),Cycle,T/°C,Comment,Power/W\n" + "".join(
        f"{i / 2},{10 + i},{100},{1 + i // 3},{25 + 0.1 * i},note {i},{i}\n" for i in range(6)
    )
    record = read(text)
    assert record.kind == "cycling"
    assert list(record.array(Column.TIME)) == [0.0, 1800.0, 3600.0, 5400.0, 7200.0, 9000.0]
    assert list(record.array(Column.CYCLE)) == [1, 1, 1, 2, 2, 2]
    assert record.array("Power/W")[3] == 3.0
    assert list(record.table["Comment"])[:2] == ["note 0", "note 1"]
    assert Column.TEMPERATURE not in record  # "T" alone is no name that natrode takes for a temperature
    record = read(text.replace("T/°C", "Temperature/°C"))
    assert record.array(Column.TEMPERATURE)[1] == pytest.approx(25.1)


def test_an_unlabelled_number_is_no_temperature() -> None:
    record = read("t/s,U/V,Temperature\n0,1,33.7\n1,1,33.8\n2,1,33.9\n")
    assert Column.TEMPERATURE not in record
    assert "Temperature" in record


def test_modulus_and_phase() -> None:
    rows = "".join(f"{f},{abs(z)},{np.angle(z, deg=True)}\n" for f, z in zip(tables.FREQUENCIES, EXACT, strict=True))
    record = read("Frequency/Hz,|Z|/Ohm,Phase/deg\n" + rows)
    np.testing.assert_allclose(record.impedance, EXACT, rtol=1e-9)
    assert any("computed from |Z| and phase" in text for text in record.metadata.assumptions)
    small = "".join(f"{f},{abs(z)},{np.angle(z)}\n" for f, z in zip(tables.FREQUENCIES, EXACT, strict=True))
    np.testing.assert_allclose(read("Frequency/Hz,|Z|/Ohm,Phase/rad\n" + small).impedance, EXACT, rtol=1e-9)
    with pytest.raises(InstrumentFileError, match="degrees or radians cannot be told"):
        read("Frequency/Hz,|Z|/Ohm,Phase\n" + small)


def test_sweeps_and_dates() -> None:
    record = read("E/V,i/A\n" + "".join(f"{i / 10},{i * 1e-6}\n" for i in range(9)))
    assert record.kind == "sweep"
    record = read("Date,U/V\n" + "".join(f"2026-03-02 14:0{i}:00,1.0\n" for i in range(5)))
    assert (record.kind, record.metadata.started) == ("cycling", "2026-03-02T14:00:00")
    assert list(record.array(Column.TIME)) == [0.0, 60.0, 120.0, 180.0, 240.0]
    record = read("time,U/V\n" + "".join(f"1d 0{i}:00:00.5,1.0\n" for i in range(5)))
    assert record.array(Column.TIME)[0] == 86400.5


def test_spectra_in_one_table_are_told_apart() -> None:
    body = tables.spectrum_csv().split("\n", 1)
    record = read(body[0] + "\n" + body[1] + body[1])
    assert [len(s.table) for s in record.spectra()] == [21, 21]


# ---- what must be told -----------------------------------------------------------------------------------
def test_the_sign_is_asked_for_when_it_cannot_be_known() -> None:
    text = tables.spectrum_csv(minus=True)
    with pytest.raises(
        InstrumentFileError, match=r"is it -Im Z, or inductive\?; .*sign_of_imaginary=\"negative when"
    ) as caught:
        read(text)
    assert "table.csv" in str(caught.value)
    for said in ("positive when capacitive", "positive"):
        np.testing.assert_allclose(read(text, sign_of_imaginary=said).impedance, EXACT, rtol=1e-7)
    assert read(text, sign_of_imaginary="negative").impedance[0].imag > 0
    np.testing.assert_allclose(read(tables.spectrum_csv(), sign_of_imaginary="negative").impedance, EXACT, rtol=1e-7)
    with pytest.raises(
        InstrumentFileError, match="allowed are 'negative when capacitive' and 'positive when capacitive'"
    ):
        read(text, sign_of_imaginary="up")


def test_a_heading_with_minus_that_contradicts_its_numbers_is_asked_about() -> None:
    text = tables.spectrum_csv(head="f/Hz,Re/Ohm,-Im/Ohm")
    with pytest.raises(InstrumentFileError, match="would be positive"):
        read(text)
    np.testing.assert_allclose(read(text, sign_of_imaginary="negative").impedance, EXACT, rtol=1e-7)


def test_columns_on_the_users_word() -> None:
    text = tables.spectrum_csv(head="a,b,c")
    with pytest.raises(InstrumentFileError, match=r"read 'a', 'b', 'c'; recognised nothing; .*--columns"):
        read(text)
    for columns in (
        {"frequency": "a/Hz", "real": "b/Ohm", "imaginary": "c/Ohm"},
        {"frequency": "1/Hz", "real": "2/Ohm", "imaginary": "3/Ohm"},
        "frequency=a/Hz, real=b/Ohm, imaginary=c/Ohm",
    ):
        np.testing.assert_allclose(read(text, columns=columns).impedance, EXACT, rtol=1e-7)
    record = read(text, columns={"frequency": "a/kHz", "real": "b/Ohm", "imaginary": "c/Ohm"})
    assert record.array(Column.FREQUENCY)[0] == pytest.approx(1e8)
    assert "column frequency: a/kHz, as the user says" in record.metadata.assumptions
    with pytest.raises(InstrumentFileError, match="no column 'd/Hz' for frequency; the table has 'a', 'b', 'c'"):
        read(text, columns={"frequency": "d/Hz"})
    with pytest.raises(InstrumentFileError, match="'freq' is no column that natrode knows; allowed are frequency"):
        read(text, columns={"freq": "a/Hz"})
    with pytest.raises(InstrumentFileError, match="'V' is not a unit of frequency"):
        read(text, columns={"frequency": "a/V", "real": "b/Ohm", "imaginary": "c/Ohm"})


def test_units_that_do_not_go_without_saying_are_asked_for() -> None:
    text = "time,Voltage,Current\n" + "".join(f"{i},{0.1 * i},1\n" for i in range(9))
    with pytest.raises(InstrumentFileError, match=r"column 'time': the time has no unit.*--columns \"time=time/s\""):
        read(text)
    record = read(text, columns="time=time/s, voltage=Voltage/mV, current=Current/mA")
    assert record.array(Column.CURRENT)[0] == 1e-3
    record = read(tables.spectrum_csv(head="Freq,Real,Imag"))
    assert any(
        "units not stated in the file, taken as: frequency in Hz" in text for text in record.metadata.assumptions
    )


def test_columns_without_headings_only_when_they_can_be_nothing_else() -> None:
    record = read(tables.spectrum_csv(head=""))
    np.testing.assert_allclose(record.impedance, EXACT, rtol=1e-7)
    assert any(text.startswith("no headings: columns taken as frequency") for text in record.metadata.assumptions)
    with pytest.raises(InstrumentFileError, match="3 columns without headings"):
        read("".join(f"{i},{i * 2},{-i}\n" for i in range(1, 30)))


def test_comma_as_separator_and_decimal_mark() -> None:
    with pytest.raises(InstrumentFileError, match="the comma is separator and decimal mark at once"):
        read("f/Hz,Z'/Ohm\n" + "".join(f"{i},5,{i},25\n" for i in range(10, 30)))


# ---- damage ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [*rows[:300], "word,1,2", *rows[300:]], r"line 301: read 'word' in column 1, expected a number"),
        (lambda rows: [*rows[:300], "1,2", *rows[300:]], r"line 301: read '1,2', 2 fields, expected 3"),
        (lambda rows: [*rows[:300], "1,2,3,4", *rows[300:]], "line 301: .* 4 fields"),
        (lambda rows: [*rows[:300], rows[0], *rows[300:]], "line 301: read 'time/s'"),
        (lambda rows: [*rows[:300], "5,,1", *rows[300:]], "line 301: 'Voltage / V' is empty there and in 1 rows"),
        (lambda rows: [*rows[:300], "1e999,1,1", *rows[300:]], "line 301|infinite|1e999"),
    ],
)
def test_damage_is_named_with_its_line(change, message: str) -> None:  # type: ignore[no-untyped-def]
    rows = tables.cycling_csv(rows=500).strip().split("\n")
    with pytest.raises(InstrumentFileError, match=message):
        read("\n".join(change(rows)) + "\n")


def test_a_last_row_that_breaks_off() -> None:
    text = tables.cycling_csv(rows=50)
    for end in ("3000,0.0", "3000", "3000,0.02,0"):
        record = read(text + end)
        assert len(record.table) == 50
        assert "line 52, the last one, was not written to its end" in record.metadata.warnings[0]
    assert len(read(text + "3000,0.02,0.5").table) == 51


def test_nonsense_is_an_error() -> None:
    for text in ("", "no table here\n", "a,b\n", "1\n2\n3\n"):
        with pytest.raises(InstrumentFileError, match=r"table\.csv: "):
            read(text)


def test_dc_rows_in_a_spectrum() -> None:
    with pytest.raises(InstrumentFileError, match="read the frequency 0 Hz, expected more than 0"):
        read(tables.spectrum_csv() + "0,1,-1\n")


def test_time_that_runs_backwards_is_told() -> None:
    text = tables.cycling_csv()
    record = read(text + text.split("\n", 1)[1])
    assert any("time runs backwards at line 42" in text for text in record.metadata.warnings)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1e12, 1e12, allow_subnormal=False)] * 3), min_size=3, max_size=30),
    st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ","), (" ", ",")]),
)
def test_every_table_comes_back_as_it_was(rows: list[tuple[float, float, float]], dress: tuple[str, str]) -> None:
    delimiter, mark = dress
    lines = [delimiter.join(repr(v).replace(".", mark) for v in row) for row in rows]
    text = delimiter.join(("time/s", "U/V", "I/A")) + "\n" + "\n".join(lines) + "\n"
    record = read(text)
    for column, values in zip((Column.TIME, Column.VOLTAGE, Column.CURRENT), zip(*rows, strict=True), strict=True):
        assert list(record.array(column)) == list(values)


@pytest.mark.parametrize(
    ("text", "name", "unit", "role"),
    [
        ("Voltage / V", "Voltage", "V", "voltage"),
        ("I/mA", "I", "mA", "current"),
        ("Im (A)", "Im", "A", "current"),
        ("Im/Ohm", "Im", "ohm", "imaginary"),
        ("t [h]", "t", "h", "time"),
        ("current_mA", "current", "mA", "current"),
        ("-Im(Z)/Ohm", "-Im(Z)", "ohm", "minus_imaginary"),
        ("(Q-Qo)/mAh", "(Q-Qo)", "mAh", "charge"),
        ("E/kJ", "E", "kJ", None),
        ("Zimag (Ω)", "Zimag", "Ω", "imaginary"),
        ("f, Hz", "f", "Hz", "frequency"),
        ("Re(Z)", "Re(Z)", "", "real"),
        ("Z''", "Z''", "", "imaginary"),
        ('−Z" / Ω', '−Z"', "Ω", "minus_imaginary"),
        ("Current density (mA/cm2)", "Current density", "mA/cm2", None),
        ("E/V vs. Na+/Na", "E", "V", "voltage"),
        ("Potential (V vs Ag/AgCl)", "Potential", "V", "voltage"),
        ("Voltage vs. Li (V)", "Voltage vs. Li", "V", "voltage"),
    ],
)
def test_headings(text: str, name: str, unit: str, role: str | None) -> None:
    heading = _headings.take_apart(text)
    assert (heading.name, heading.unit, heading.role) == (name, unit, role)


# ---- large files -----------------------------------------------------------------------------------------
def test_streaming_gives_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tables.cycling_csv(delimiter=" ", comma=True, rows=5000)
    path = tmp_path / "big.csv"
    path.write_text(text)
    whole = read(text, "big.csv")
    monkeypatch.setattr(_tables, "BLOCK", 1000)
    (streamed,) = generic.read_stream(path, {})
    assert streamed.table.equals(whole.table)
    assert streamed.metadata.origin.sha256 == hashlib.sha256(text.encode()).hexdigest()
    (thinned,) = generic.read_stream(path, {"every": 7})
    assert thinned.table.equals(whole.table.iloc[::7].reset_index(drop=True))
    assert "only each 7th row was read, as the user asked: 715 rows kept" in thinned.metadata.warnings
    monkeypatch.setattr(generic, "MOST_ROWS", 1000)
    with pytest.raises(InstrumentFileError, match="more than 1000 rows; thin it out: every=10"):
        generic.read_stream(path, {})


def test_large_files_keep_the_columns_that_have_a_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.csv"
    path.write_text("t/s,U/V,I/mA,note,x\n" + "".join(f"{i},1,2,word,{i}\n" for i in range(2000)))
    monkeypatch.setattr(generic, "KEEP_ALL", 100)
    (record,) = generic.read_stream(path, {})
    assert list(record.table.columns) == [Column.TIME, Column.VOLTAGE, Column.CURRENT]
    assert "large file: columns without a role were left out: note, x" in record.metadata.warnings


def test_damage_in_a_large_file_is_named_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tables, "BLOCK", 500)
    path = tmp_path / "big.csv"
    rows = tables.cycling_csv(rows=3000).split("\n")
    path.write_text("\n".join([*rows[:2500], "oops", *rows[2500:]]))
    with pytest.raises(InstrumentFileError, match="line 2501: read 'oops'"):
        generic.read_stream(path, {})


_MEASURE = """
import resource, sys
from pathlib import Path
from natrode.instruments import registry
registry.STREAM_FROM = 1
registry.read(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(record,) = registry.read(Path(sys.argv[1]))
print(len(record.table), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
def test_memory_is_bounded_by_the_columns_that_are_kept(tmp_path: Path) -> None:
    """A file of 120 MB with twelve columns, of which three have a role: 2 blocks and three columns of floats."""
    path, small = tmp_path / "big.csv", tmp_path / "small.csv"
    small.write_text(tables.cycling_csv())
    rest = ",".join(["123456.789"] * 9)
    with path.open("w") as stream:
        stream.write("t/s,U/V,I/mA," + ",".join(f"x{i}" for i in range(9)) + "\n")
        for i in range(1_000_000):
            stream.write(f"{i},0.0123,0.5,{rest}\n")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE.replace("registry.STREAM_FROM = 1", "registry.STREAM_FROM = 1; "
         "from natrode.instruments import generic; generic.KEEP_ALL = 1"), str(path), str(small)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, memory = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert memory < 3 * 8 * rows * 2.5 + 8 * _tables.BLOCK


# ---- samples ---------------------------------------------------------------------------------------------
def test_samples() -> None:
    record = read(sample("drt_reference_csv/2ZARC0.csv").data)
    assert (record.kind, len(record.table)) == ("impedance", 81)
    record = read(sample("drt_reference_csv/zarc_data.txt").data)
    assert record.impedance[0] == complex(9.953881, -0.020948)
    record = read(sample("novocontrol_ascii_solid_conductor/CSV_Example.csv").data)
    assert record.array(Column.FREQUENCY)[1] == 7.36e5
    assert record.impedance[0] == complex(2369.7656, -6737.6167)
