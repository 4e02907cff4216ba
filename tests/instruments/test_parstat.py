"""PARSTAT text."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import parstat
from natrode.measurement import Column
from tests.instruments.text_files import PARSTAT, sample, written


def test_rows_are_told_apart() -> None:
    cycling, impedance = parstat.read(written("export.txt", PARSTAT))
    assert cycling.array(Column.TIME).tolist() == [10.0, 20.0, 50.0]
    assert cycling.array(Column.STEP).tolist() == [1, 1, 3]
    assert impedance.array(Column.SPECTRUM).tolist() == [0] * 4 + [1] * 4
    assert impedance.array(Column.TIME)[4] == 60.0
    assert impedance.array(Column.DC_CURRENT).tolist() == [0.001] * 8
    assert "Voltage Amplitude / V" not in cycling


def test_decimal_commas() -> None:
    plain, comma = (parstat.read(written("x.txt", text)) for text in (PARSTAT, PARSTAT.replace(".", ",")))
    assert [p.table.equals(c.table) for p, c in zip(plain, comma, strict=True)] == [True, True]


def test_clock_that_runs_backwards_is_odd() -> None:
    cycling, _ = parstat.read(written("export.txt", PARSTAT.replace("-0.15\t20\t", "-0.15\t2\t")))
    assert any("backwards at line 3" in text for text in cycling.metadata.warnings)


def test_negative_frequency_is_an_error() -> None:
    with pytest.raises(InstrumentFileError, match="line 5: read the frequency -1000 Hz"):
        parstat.read(written("export.txt", PARSTAT.replace("31\t1000.0", "31\t-1000.0", 1)))


def test_sample() -> None:
    cycling, impedance = parstat.read(sample("parstat_txt/exampleDataParstat.txt"))
    assert (len(cycling.table), len(impedance.table)) == (781, 31)
    assert cycling.table.iloc[0].tolist()[:3] == [3.49322700500488, -0.149962306022644, 10.0]
    first, last = (
        impedance.table[[Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE, Column.TIME]].iloc[n]
        for n in (0, -1)
    )
    assert first.tolist() == [10000.0, -0.00049816280376104, 0.0175143479976367, 7639.602]
    assert last.tolist() == [10.0, 0.0270946491457229, -0.00399791080333837, 7750.166999]
    assert impedance.array(Column.DC_CURRENT)[0] == 0.0245747901499271
    assert Column.SPECTRUM not in impedance
    assert any("Re Z is negative" in text for text in impedance.metadata.warnings)
