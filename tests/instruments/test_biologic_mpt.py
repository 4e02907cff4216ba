"""EC-Lab text exports: files written by hand from the format's description, and the real ones."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import biologic_columns as names
from natrode.instruments.base import Source
from natrode.instruments.biologic_mpt import FORMAT
from natrode.measurement import Column, Measurement

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", Path(__file__).parents[2] / "../shared/samples"))


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not here (NATRODE_SAMPLES)")
    return path


def source(text: str | bytes, name: str = "cell.mpt", **hints: object) -> Source:
    return Source(Path(name), text if isinstance(text, bytes) else text.encode("latin-1"), hints)


def read(text: str | bytes, name: str = "cell.mpt", **hints: object) -> list[Measurement]:
    return FORMAT.read(source(text, name, **hints))


def mpt(
    technique: str,
    columns: str,
    rows: list[str],
    *,
    header: tuple[str, ...] = (),
    announced: int | None = None,
    date: str = "05/17/2024 14:09:11.952",
    area: str = "0.001 cm²",
    end: str = "\n",
) -> str:
    """A file as EC-Lab writes it."""
    lines = [
        "EC-Lab ASCII FILE",
        "Nb header lines : {n}                          ",
        "",
        technique,
        "",
        "Run on channel : 8 (SN 12288)",
        f"Acquisition started on : {date}",
        "Saved on :",
        "\tFile : cell.mpr",
        "Device : VMP-300 (SN 0451)",
        "Comments : first",
        "Comments : second",
        f"Electrode surface area : {area}",
        "Characteristic mass : 7.826 mg",
        "Reference electrode : SCE Saturated Calomel Electrode (0.241 V)",
        *header,
        "",
        columns,
    ]
    lines[1] = lines[1].replace("{n}", str(announced if announced is not None else len(lines)))
    return "\n".join([*lines, *rows]) + end


PEIS = "Potentio Electrochemical Impedance Spectroscopy"
CP = "Chronopotentiometry"
EIS_COLUMNS = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\t<I>/mA\tcycle number\t"


def eis_row(frequency: float, real: float, imaginary: float, when: float, cycle: int = 1) -> str:
    return "\t".join(f"{v:.7E}" for v in (frequency, real, imaginary, when, 3.4, 0.02, cycle))


SWEEP = [eis_row(10.0 ** (4 - i), 10.0 + i, 2.0 + i, 1.0 + i) for i in range(5)]


def test_recognised_by_content() -> None:
    assert FORMAT.recognise(source(mpt(PEIS, EIS_COLUMNS, SWEEP))) == 1.0
    assert FORMAT.recognise(source("BT-Lab ASCII FILE\r\nNb header lines : 3\r\n")) == 1.0
    assert FORMAT.recognise(source("freq,re,im\n1,2,3\n")) == 0.0
    assert FORMAT.recognise(source(b"")) == 0.0


def test_spectrum_in_si_with_the_sign_of_a_capacitive_arc() -> None:
    (record,) = read(mpt(PEIS, EIS_COLUMNS, SWEEP))
    assert record.kind == "impedance"
    assert record.metadata.technique == "PEIS"
    assert list(record.array(Column.FREQUENCY)) == [1e4, 1e3, 1e2, 1e1, 1.0]
    assert list(record.array(Column.IMAGINARY_IMPEDANCE)) == [-2.0, -3.0, -4.0, -5.0, -6.0]
    assert list(record.array(Column.REAL_IMPEDANCE)) == [10.0, 11.0, 12.0, 13.0, 14.0]
    assert record.array(Column.DC_CURRENT) == pytest.approx(np.full(5, 2e-5))
    assert list(record.array(Column.TIME)) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert list(record.array(Column.VOLTAGE)) == [3.4] * 5
    assert Column.SPECTRUM not in record
    assert "imaginary part = minus the column -Im(Z)" in record.metadata.assumptions


def test_header_is_kept_and_placeholders_are_marked() -> None:
    (record,) = read(
        mpt(
            PEIS,
            EIS_COLUMNS,
            SWEEP,
            header=(
                "Mode                Single sine         ",
                "E (V)               0.0000              ",
                "vs.                 Eoc                 ",
                "Va (mV)             10.0                ",
                "Is                  0.000               8.400               -8.400              ",
            ),
        )
    )
    metadata = record.metadata
    assert metadata.started == "2024-05-17T14:09:11.952"
    assert metadata.origin.instrument == "BioLogic VMP-300"
    assert metadata.origin.file == "cell.mpt"
    assert len(metadata.origin.sha256) == 64
    assert metadata.settings["channel"] == 8
    assert metadata.settings["Comments"] == "first\nsecond"
    assert metadata.settings["E (V) vs."] == "Eoc"
    assert metadata.settings["Va (mV)"] == "10.0"
    assert metadata.settings["Is"] == ["0.000", "8.400", "-8.400"]
    assert metadata.geometry.declared == {"area": 1e-7, "characteristic_mass": 7.826e-6}
    assert metadata.geometry.working_area == "unknown"
    assert "declared area 0.001 cm2 is EC-Lab's default, not used" in metadata.assumptions
    assert any("7.826 mg is kept, not used" in a for a in metadata.assumptions)
    assert any("SCE" in a and "not shifted" in a for a in metadata.assumptions)
    assert "EC-Lab's convention" in metadata.assumptions[0]


@pytest.mark.parametrize(
    ("area", "word"),
    [("0.000 cm²", "area 0 cm2 is EC-Lab's default"), ("1.000 cm²", "default"), ("0,785 cm²", "0.785 cm2 is kept")],
)
def test_declared_areas(area: str, word: str) -> None:
    (record,) = read(mpt(PEIS, EIS_COLUMNS, SWEEP, area=area))
    assert any(word in a for a in record.metadata.assumptions)


def test_spectra_apart_by_cycle_number() -> None:
    second = [eis_row(10.0 ** (4 - i), 20.0, 3.0, 10.0 + i, cycle=2) for i in range(5)]
    (record,) = read(mpt(PEIS, EIS_COLUMNS, SWEEP + second))
    assert list(record.array(Column.SPECTRUM)) == [0] * 5 + [1] * 5
    assert [len(s.table) for s in record.spectra()] == [5, 5]


def test_spectra_apart_where_the_sweep_starts_again() -> None:
    third = SWEEP * 3
    (record,) = read(mpt(PEIS, EIS_COLUMNS, third))
    assert [len(s.table) for s in record.spectra()] == [5, 5, 5]


def test_spectra_apart_by_loops_even_when_all_else_is_equal() -> None:
    columns = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm"
    rows = ["1.0E+03\t5.0E+00\t1.0E+00"] * 4
    loops = ("Number of loops : 2", "Loop 0 from point number 0 to 1", "Loop 1 from point number 2 to 3")
    (record,) = read(mpt(PEIS, columns, rows, header=loops))
    assert list(record.array(Column.SPECTRUM)) == [0, 0, 1, 1]
    assert list(record.array("Loop Index / 1")) == [0, 0, 1, 1]


def test_up_and_down_sweeps_are_two_spectra() -> None:
    starts = names.spectrum_starts(np.array([100.0, 10, 1, 10, 100]), np.arange(5), None, ())
    assert list(starts) == [0, 3]


def test_fewer_points_than_the_loops_announce() -> None:
    with pytest.raises(InstrumentFileError, match=r"cell.mpt: point 5: .*announce 12 points, the file holds 5"):
        read(mpt(PEIS, EIS_COLUMNS, SWEEP, header=("Loop 0 from point number 0 to 11",)))


def test_decimal_commas_and_latin_1() -> None:
    text = mpt(
        "Galvanostatic Cycling with Potential Limitation",
        "mode\tNs\ttime/s\tdq/mA.h\t(Q-Qo)/mA.h\tcontrol/V/mA\tEwe/V\tCapacitance charge/µF\thalf cycle\t<I>/mA",
        [
            "3\t0\t0,000E+000\t0,000E+000\t0,000E+000\t0,000E+000\t3,422E+000\t0,000E+000\t0\t0,000E+000",
            "1\t1\t3,600E+000\t1,000E-003\t1,000E-003\t1,000E+000\t3,430E+000\t2,000E+000\t0\t1,000E+000",
            "2\t2\t7,200E+000\t-1,000E-003\t0,000E+000\t3,400E+000\t3,440E+000\t2,000E+000\t3\t-1,000E+000",
        ],
        area="0,000 cm²",
        date="01/10/2024 11:02:29.886",
    )
    (record,) = read(text)
    assert record.kind == "cycling"
    assert record.array(Column.VOLTAGE) == pytest.approx([3.422, 3.43, 3.44])
    assert record.array(Column.CURRENT) == pytest.approx([0.0, 1e-3, -1e-3])
    assert record.array(Column.CHARGE) == pytest.approx([0.0, 3.6e-3, 0.0])
    assert record.array("Charge Increment / C") == pytest.approx([0.0, 3.6e-3, -3.6e-3])
    assert record.array("Capacitance charge / F") == pytest.approx([0.0, 2e-6, 2e-6])
    assert record.array("Control Current / A")[1] == pytest.approx(1e-3)
    assert np.isnan(record.array("Control Current / A")[[0, 2]]).all()
    assert record.array("Control Voltage / V")[2] == pytest.approx(3.4)
    assert list(record.array(Column.STEP)) == [0, 1, 2]
    assert list(record.array(Column.CYCLE)) == [0, 0, 1]
    assert "numbers have a decimal comma" in record.metadata.assumptions
    assert any("read month first" in a for a in record.metadata.assumptions)
    assert record.metadata.started == "2024-01-10T11:02:29.886"


def test_current_from_charge_as_ec_lab_has_it() -> None:
    text = mpt(
        "Galvanostatic Cycling with Potential Limitation",
        "time/s\tdq/mA.h\tEwe/V",
        ["0.0\t0.0\t1.0", "3.6\t0.001\t1.1", "7.2\t0.002\t1.2", "7.2\t0.0005\t1.2"],
    )
    (record,) = read(text)
    assert record.array(Column.CURRENT) == pytest.approx([0.0, 1e-3, 2e-3, 2e-3])
    assert any("charge increment" in a for a in record.metadata.assumptions)


def test_current_on_the_users_word_and_its_absence() -> None:
    text = mpt(CP, "time/s\tEwe/V", ["0.0\t1.0", "1.0\t1.1"])
    (record,) = read(text)
    assert Column.CURRENT not in record
    assert any("current='0.4 mA'" in w for w in record.metadata.warnings)
    (said,) = read(text, current="0.4 mA")
    assert list(said.array(Column.CURRENT)) == [4e-4, 4e-4]
    assert any("as the user says" in a for a in said.metadata.assumptions)
    with pytest.raises(InstrumentFileError, match="current"):
        read(text, current="0.4 parsec")


def test_open_circuit_has_no_current() -> None:
    (record,) = read(
        mpt("Open Circuit Voltage", "mode\terror\ttime/s\t<Ewe/V>", ["3\t1\t1.0\t3.42", "3\t0\t2.0\t3.43"])
    )
    assert list(record.array(Column.VOLTAGE)) == [3.42, 3.43]
    assert list(record.array(Column.CURRENT)) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("technique", "short", "kind"),
    [
        ("Linear Sweep Voltammetry", "LSV", "sweep"),
        ("Cyclic Voltammetry", "CV", "sweep"),
        ("Chronoamperometry / Chronocoulometry", "CA", "cycling"),
        ("Linear Polarization", "LP", "sweep"),
        ("Technique of Tomorrow", "Technique of Tomorrow", "cycling"),
    ],
)
def test_kinds(technique: str, short: str, kind: str) -> None:
    (record,) = read(mpt(technique, "time/s\tEwe/V\t<I>/mA\tcycle number", ["0.0\t1.0\t0.5\t1", "1.0\t1.1\t0.6\t1"]))
    assert (record.metadata.technique, record.kind) == (short, kind)
    assert record.array(Column.CURRENT) == pytest.approx([5e-4, 6e-4])


def test_modulo_bat_gives_time_series_and_spectra() -> None:
    columns = "Ns\ttime/s\tEwe/V\tI/mA\tfreq/Hz\t|Z|/Ohm\tPhase(Z)/deg\tz cycle"
    rows = ["0\t0.0\t3.0\t0.0\t0.0\t0.0\t0.0\t0", "1\t1.0\t3.1\t0.1\t0.0\t0.0\t0.0\t0"]
    rows += [f"2\t{2 + i}.0\t3.1\t0.1\t{f}\t10.0\t-90.0\t0" for i, f in enumerate((1000.0, 100.0, 10.0))]
    rows += ["0\t6.0\t3.2\t0.0\t0.0\t0.0\t0.0\t1"]
    rows += [f"2\t{7 + i}.0\t3.1\t0.1\t{f}\t10.0\t-60.0\t1" for i, f in enumerate((1000.0, 100.0, 10.0))]
    series, spectra = read(mpt("Modulo Bat", columns, rows))
    assert (series.kind, spectra.kind) == ("cycling", "impedance")
    assert list(series.array(Column.TIME)) == [0.0, 1.0, 6.0]
    assert "Absolute Impedance / ohm" not in series
    assert list(spectra.array(Column.SPECTRUM)) == [0, 0, 0, 1, 1, 1]
    assert spectra.array(Column.IMAGINARY_IMPEDANCE)[0] == pytest.approx(-10.0)
    assert spectra.array(Column.REAL_IMPEDANCE)[3] == pytest.approx(5.0)
    assert any("from |Z| and Phase(Z)" in a for a in spectra.metadata.assumptions)


def test_three_electrode_spectra_say_whose_they_are() -> None:
    columns = (
        "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\ttime/s\t<Ewe>/V\t<Ece>/V\t|Ece|/V\tRe(Zce)/Ohm\t-Im(Zce)/Ohm\t"
        "Re(Zwe-ce)/Ohm\t-Im(Zwe-ce)/Ohm"
    )
    rows = [
        f"{f}\t3.0\t4.0\t5.0\t{i}.0\t0.5\t-0.25\t0.01\t1.0\t2.0\t4.0\t6.0" for i, f in enumerate((100.0, 10.0, 1.0))
    ]
    working, counter, cell = read(mpt(PEIS, columns, rows))
    assert [r.metadata.settings["electrode"] for r in (working, counter, cell)] == [
        "working (Ewe)",
        "counter (Ece)",
        "cell (Ewe-Ece)",
    ]
    assert counter.metadata.title == "cell: counter (Ece)"
    assert [r.impedance[0] for r in (working, counter, cell)] == [3 - 4j, 1 - 2j, 4 - 6j]
    assert [r.array(Column.VOLTAGE)[0] for r in (working, counter, cell)] == [0.5, -0.25, 0.75]
    assert counter.array("Voltage Amplitude / V")[0] == 0.01
    assert "Absolute Impedance / ohm" not in counter


def test_electrode_columns_that_are_zero_are_not_spectra() -> None:
    columns = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\tRe(Zce)/Ohm\t-Im(Zce)/Ohm"
    (record,) = read(mpt(PEIS, columns, ["10.0\t3.0\t4.0\t0.0\t0.0\t0.0", "1.0\t3.0\t4.0\t0.0\t0.0\t0.0"]))
    assert "electrode" not in record.metadata.settings
    assert any("zero throughout" in w for w in record.metadata.warnings)
    assert Column.TIME not in record
    assert any("time is 0" in w for w in record.metadata.warnings)


def test_modulus_that_contradicts_is_told() -> None:
    columns = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm"
    (record,) = read(mpt(PEIS, columns, ["10.0\t3.0\t4.0\t5.0", "1.0\t3.0\t4.0\t9.0"]))
    assert any("|Z| differs" in w and "at 1 points" in w for w in record.metadata.warnings)


def test_impedance_without_frequency_is_refused() -> None:
    with pytest.raises(InstrumentFileError, match="no voltage column"):
        read(mpt(PEIS, "Re(Z)/Ohm\t-Im(Z)/Ohm\ttime/s", ["1.0\t2.0\t0.0"]))
    with pytest.raises(InstrumentFileError, match=r"no Re\(Z\) and -Im\(Z\)"):
        read(mpt(PEIS, "freq/Hz\tRe(Z)/Ohm\ttime/s", ["1.0\t2.0\t0.0"]))


@pytest.mark.parametrize(
    "last", ["2.0000000E+000\t1.2345", "2.0000000E+000", "2.0000000E+000\t1.2345678E+0", "2.00", "2.0000000E+000\t1"]
)
def test_a_last_line_that_breaks_off_is_left_out(last: str) -> None:
    rows = ["0.0000000E+000\t1.1000000E+000", "1.0000000E+000\t1.2000000E+000", last]
    (record,) = read(mpt(CP, "time/s\tEwe/V", rows, end=""), current=0.0)
    assert len(record.table) == 2
    assert any("breaks off" in w and "still being written" in w for w in record.metadata.warnings)


def test_a_whole_last_line_without_line_end_stays() -> None:
    (record,) = read(mpt(CP, "time/s\tEwe/V", ["0.0E+000\t1.1E+000", "1.0E+000\t-1.2E-001"], end=""), current=0.0)
    assert len(record.table) == 2
    assert not record.metadata.warnings


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0.0\t1.0", "1.0", "2.0\t1.0"], r"line 19: 1 values where the header names 2 columns"),
        (["0.0\t1.0", "1.0\t1.0\t7.0", "2.0\t1.0"], r"line 19: 3 values"),
        (["0.0\t1.0", "1.0\tx1.0", "2.0\t1.0"], r"line 19, column Ewe/V: read 'x1.0', expected a number"),
        (["0.0\t1.0", "1.0\t", "2.0\t1.0"], r"line 19, column Ewe/V: read nan"),
        (["0.0\t1.0", "1_0\t1.0", "2.0\t1.0"], r"line 19, column time/s"),
        ([], r"the table has no rows"),
    ],
)
def test_damage_is_named_with_its_place(rows: list[str], message: str) -> None:
    with pytest.raises(InstrumentFileError, match=f"cell.mpt: .*{message}"):
        read(mpt(CP, "time/s\tEwe/V", rows))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00" * 100])
def test_empty(content: bytes) -> None:
    with pytest.raises(InstrumentFileError, match=r"cell.mpt: line 1: the file is empty"):
        read(content)


def test_of_another_kind() -> None:
    with pytest.raises(InstrumentFileError, match="BioLogic EC-Lab binary"):
        read(b"BIO-LOGIC MODULAR FILE\x1a" + b" " * 25 + bytes(4))
    with pytest.raises(InstrumentFileError, match="header ends without a line of column names"):
        read("\n".join(mpt(CP, "time/s\tEwe/V", []).split("\n")[:12]))


def test_wrong_count_of_header_lines() -> None:
    (record,) = read(mpt(PEIS, EIS_COLUMNS, SWEEP, announced=4))
    assert any("announces 4 header lines" in w for w in record.metadata.warnings)
    assert len(record.table) == 5


def test_absolute_times() -> None:
    rows = ["05/17/2024 23:59:59.500\t1.0\t0.1", "05/18/2024 00:00:01.000\t1.1\t0.1"]
    (record,) = read(mpt(CP, "time/s\tEwe/V\tI/mA", rows))
    assert list(record.array(Column.TIME)) == [0.0, 1.5]
    assert record.metadata.started == "2024-05-17T23:59:59.500"
    assert any("holds dates" in a for a in record.metadata.assumptions)


@pytest.mark.parametrize(
    ("date", "iso"),
    [
        ("05/17/2024 14:09:11.952", "2024-05-17T14:09:11.952"),
        ("02/04/2018 10:02:46", "2018-02-04T10:02:46"),
        ("17.05.2024 14:09:11", "2024-05-17T14:09:11"),
        ("DD/MM/YYYY HH:MM:SS", "unknown"),
        ("2024-05-17 14:09:11", "2024-05-17T14:09:11"),
        ("13/32/2024 00:00:00", "unknown"),
    ],
)
def test_dates(date: str, iso: str) -> None:
    (record,) = read(mpt(PEIS, EIS_COLUMNS, SWEEP, date=date))
    assert record.metadata.started == iso
    assert (iso == "unknown") == any("is no date" in w for w in record.metadata.warnings)


def test_carriage_returns_tabs_at_line_ends_and_utf_16() -> None:
    plain = mpt(PEIS, EIS_COLUMNS, SWEEP)
    (expected,) = read(plain)
    for text in (
        plain.replace("\n", "\r\n").encode("latin-1"),
        mpt(PEIS, EIS_COLUMNS, [row + "\t" for row in SWEEP]).encode("latin-1"),
        plain.encode("utf-16"),
        plain.encode("utf-8-sig"),
    ):
        (record,) = read(text)
        assert record.table.equals(expected.table)
        assert record.metadata.settings == expected.metadata.settings


def test_duplicate_unnamed_and_unknown_columns_are_kept() -> None:
    (record,) = read(mpt(CP, "time/s\tEwe/V\tI/mA\t\tI/mA\tNew thing/W.h", ["0.0\t1.0\t2.0\t3.0\t4.0\t5.0"] * 2))
    assert record.array(Column.CURRENT)[0] == pytest.approx(2e-3)
    assert record.array("Unnamed Column 4 / 1")[0] == 3.0
    assert record.array("Current (2) / A")[0] == pytest.approx(4e-3)
    assert record.array("New thing / J")[0] == 18000.0
    assert "column 4 has no name in the file" in record.metadata.warnings


def test_columns_divided_by_an_area_or_a_mass_are_not_the_thing_itself() -> None:
    (record,) = read(
        mpt(CP, "time/min\tEwe/V vs. SCE\t<I>/mA/cm²\t(Q-Qo)/mA.h/g\tNew/thing/zz", ["1.0\t1.0\t2.0\t3.0\t4.0"])
    )
    assert Column.CURRENT not in record
    assert Column.CHARGE not in record
    assert record.array("<I> / A/m2")[0] == 20.0
    assert record.array("Net Charge / C/kg")[0] == pytest.approx(10800.0)
    assert record.array("New/thing/zz")[0] == 4.0
    assert (record.array(Column.TIME)[0], record.array(Column.VOLTAGE)[0]) == (60.0, 1.0)
    assert any("<I>/mA/cm² rests on a declared area or mass" in w for w in record.metadata.warnings)
    (record,) = read(mpt(CP, "time/s\tEwe/V\t<I>/mA/cm²\t<I>/mA", ["1.0\t1.0\t2.0\t3.0"]))
    assert record.array(Column.CURRENT)[0] == pytest.approx(3e-3)
    with pytest.raises(InstrumentFileError, match=r"no Re\(Z\) and -Im\(Z\) in Ohm"):
        read(mpt(PEIS, EIS_COLUMNS.replace("/Ohm", "/Ohm.cm²"), SWEEP))


def test_only_the_cells_voltage() -> None:
    (record,) = read(mpt(CP, "time/s\t<Ewe-Ece>/V\tI/mA\td(Q-Qo)/dE/mA.h/V", ["0.0\t1.0\t2.0\t3.0"]))
    assert record.array(Column.VOLTAGE)[0] == 1.0
    assert record.array("d(Q-Qo)/dE / F")[0] == pytest.approx(10.8)


def test_file_name_against_measurement() -> None:
    text = mpt(CP, "time/s\tEwe/V\tI/mA", ["0.0\t1.0\t0.4", "1.0\t1.0\t0.4"])
    (record,) = read(text, "LiLi_1MLiTFSI-1mA_01_CP.mpt")
    assert any("says 1mA, the measured current is 0.4 mA" in w for w in record.metadata.warnings)
    (record,) = read(text, "LiLi_0.4mA.mpt")
    assert not record.metadata.warnings
    (record,) = read(text, "LiLi_1mAcm-2_1mAh.mpt")
    assert not record.metadata.warnings


def test_round_trip(tmp_path: Path) -> None:
    for number, record in enumerate(read(mpt(PEIS, EIS_COLUMNS, SWEEP * 2))):
        record.to_parquet(tmp_path / f"{number}.parquet")
        assert Measurement.from_parquet(tmp_path / f"{number}.parquet") == record


# ---- mutations and speed ---------------------------------------------------------------------------------
def mutations(data: bytes, count: int, seed: int) -> list[bytes]:
    """Cut at every fiftieth, bytes flipped, lines dropped, a stretch removed, two columns exchanged."""
    rng = random.Random(seed)
    found = [data[: len(data) * i // 50] for i in range(50)]
    for _ in range(count):
        flipped = bytearray(data)
        for _ in range(rng.choice((1, 1, 5))):
            flipped[rng.randrange(len(data))] = rng.randrange(256)
        lines = data.split(b"\n")
        lines.pop(rng.randrange(len(lines)))
        first, second = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
        found += [bytes(flipped), b"\n".join(lines), data[:first] + data[second:]]
    return found


def assert_record_or_error(data: bytes, name: str) -> None:
    began, message = time.process_time(), name
    try:
        assert read(data, name, current=0.0)
    except InstrumentFileError as error:
        message = str(error)
    assert name in message
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("technique", [PEIS, "Modulo Bat"])
def test_mutated_files_give_a_record_or_the_error(technique: str) -> None:
    whole = mpt(technique, EIS_COLUMNS, SWEEP * 3, header=("Loop 0 from point number 0 to 14",)).encode("latin-1")
    for data in mutations(whole, 60, seed=1):
        assert_record_or_error(data, "cell.mpt")


def test_mutated_samples_give_a_record_or_the_error() -> None:
    for name in ("biologic_mpt/cp.mpt", "biologic_mpt/peis.issue_149.mpt", "biologic_mpt/ocv.issue_149.mpt"):
        for data in mutations(sample(name).read_bytes(), 15, seed=2):
            assert_record_or_error(data, Path(name).name)


def test_two_megabytes_in_half_a_second() -> None:
    row = "{0:.15E}\t{1:.7E}\t-1.9306810E-005\t41\t0\t0.000000000000000E+000\t0"
    rows = [row.format(20 + i * 1e-3, 2.9 + i * 1e-7) for i in range(30_000)]
    data = mpt(CP, "time/s\tEwe/V\tI/mA\tI Range\t\tstep time/s\tNs\t", rows).encode("latin-1")
    assert len(data) > 2_000_000
    read(mpt(CP, "time/s\tEwe/V\tI/mA", ["0.0\t1.0\t1.0"]))  # imports
    began = time.process_time()
    (record,) = read(data)
    assert time.process_time() - began < 2.0
    assert len(record.table) == 30_000


# ---- the real files --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "kinds", "technique", "points", "spectra"),
    [
        ("case-multiple-spectra.mpt", ["impedance"], "PEIS", 87, 3),
        ("cp.mpt", ["cycling"], "CP", 121, 0),
        ("data.mpt", ["impedance"], "PEIS", 29, 1),
        ("exampleDataBioLogic.mpt", ["impedance"], "PEIS", 43, 1),
        ("gcpl.issue_149.mpt", ["cycling"], "GCPL", 132, 0),
        ("geis.issue_149.mpt", ["impedance"], "GEIS", 84, 4),
        ("lsv.mpt", ["sweep"], "LSV", 1186, 0),
        ("ocv.issue_149.mpt", ["cycling"], "OCV", 43, 0),
        ("peis.issue_149.mpt", ["impedance"], "PEIS", 84, 4),
        ("peis.mpt", ["impedance"] * 3, "PEIS", 32, 1),
    ],
)
def test_samples(name: str, kinds: list[str], technique: str, points: int, spectra: int) -> None:
    path = sample(f"biologic_mpt/{name}")
    records = FORMAT.read(Source(path, path.read_bytes()))
    assert [r.kind for r in records] == kinds
    for record in records:
        assert record.metadata.technique == technique
        assert len(record.table) == points
        assert record.metadata.geometry.declared["area"] in (0.0, 1e-7)
        assert any("EC-Lab's default, not used" in a for a in record.metadata.assumptions)
        if spectra:
            assert len(record.spectra()) == spectra


@pytest.mark.parametrize(
    "name", ["biologic_mpt/cp.mpt", "biologic_mpt/geis.issue_149.mpt", "biologic_mpt/gcpl.issue_149.mpt"]
)
def test_samples_equal_their_own_text(name: str) -> None:
    path = sample(name)
    text = path.read_text("latin-1")
    count = int(text.split("\n")[1].split(":")[1])
    columns = text.split("\n")[count - 1].rstrip("\t").split("\t")
    comma = "," if ",0000" in text else "."
    table = pd.read_csv(
        path, sep="\t", skiprows=count, header=None, names=columns, index_col=False, decimal=comma, encoding="latin-1"
    )
    (record,) = FORMAT.read(Source(path, path.read_bytes()))
    assert record.array(Column.TIME) == pytest.approx(table["time/s"], rel=1e-15)
    voltage = "<Ewe>/V" if "<Ewe>/V" in columns else "Ewe/V"
    assert record.array(Column.VOLTAGE) == pytest.approx(table[voltage], rel=1e-15)
    current = table["<I>/mA"] if "<I>/mA" in columns else table["I/mA"]
    title = Column.DC_CURRENT if record.kind == "impedance" else Column.CURRENT
    assert record.array(title) == pytest.approx(current * 1e-3, rel=1e-14)
    if record.kind == "impedance":
        assert record.array(Column.IMAGINARY_IMPEDANCE) == pytest.approx(-table["-Im(Z)/Ohm"], rel=1e-15)
    else:
        assert list(record.array(Column.CYCLE)) == list(table["cycle number"])


def test_ec_labs_mean_current_is_charge_over_time() -> None:
    """The rule by which a GCPL file without current gets one, held against EC-Lab's own column."""
    path = sample("biologic_mpt/gcpl.issue_149.mpt")
    data = path.read_bytes()
    (whole,) = FORMAT.read(Source(path, data))
    (without,) = FORMAT.read(Source(path, data.replace(b"<I>/mA", b"left out")))
    assert without.array(Column.CURRENT) == pytest.approx(whole.array(Column.CURRENT), rel=1e-9, abs=1e-15)


def test_case_of_the_symmetric_solid_state_export() -> None:
    path = sample("solid_state/CP_SSB.txt")
    (record,) = FORMAT.read(Source(path, path.read_bytes()))
    assert len(record.table) == 30208
    assert record.metadata.started == "2024-05-17T14:09:11.952"
    assert record.metadata.settings["Is"][1:3] == ["8.400", "-8.400"]
    assert record.array(Column.CURRENT)[0] == pytest.approx(-1.9306810e-8)
