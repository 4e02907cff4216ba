"""Gamry .DTA."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import gamry
from natrode.measurement import Column
from tests.instruments.text_files import (
    GAMRY_ABORTED,
    GAMRY_CHRONOA,
    GAMRY_CHRONOP,
    GAMRY_CV,
    GAMRY_EISGALV,
    GAMRY_EISPOT,
    GAMRY_OCV,
    sample,
    written,
)  # fmt: skip

Z = [Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE]


def test_impedance_and_the_open_circuit_before_it() -> None:
    rest, impedance = gamry.read(written("eispot.DTA", GAMRY_EISPOT))
    assert (rest.kind, impedance.kind) == ("cycling", "impedance")
    assert rest.metadata.technique == "open circuit before EISPOT"
    assert rest.array(Column.TEMPERATURE).tolist() == [24.5, 24.6]
    assert impedance.metadata.technique == "EISPOT"
    assert impedance.metadata.settings["VDC"] == [0.25, "T"]
    assert impedance.metadata.settings["NOTES"] == ["first line", "second line"]
    assert impedance.metadata.geometry.declared == {"area": 0.785e-4}
    assert impedance.metadata.started == "2018-04-23T16:43:15"
    assert impedance.metadata.warnings == ()


def test_galvanostatic_spectra_with_decimal_commas() -> None:
    (record,) = gamry.read(written("galveis.DTA", GAMRY_EISGALV))
    assert record.metadata.technique == "GALVEIS"
    assert record.array(Column.SPECTRUM).tolist() == [0] * 4 + [1] * 4
    assert record.metadata.started == "2018-04-23T16:43:15"
    assert record.array("Phase / deg")[0] == -5.25


def test_chrono_methods() -> None:
    (amperometry,) = gamry.read(written("chronoa.DTA", GAMRY_CHRONOA))
    assert amperometry.kind == "cycling"
    assert amperometry.array(Column.CURRENT).tolist() == [1e-6] * 3
    assert amperometry.metadata.ohmic_correction.startswith("none")
    assert amperometry.metadata.assumptions == ()  # date proven by the calibration's, sign by CONVENTION
    assert amperometry.metadata.started == "2024-02-01T01:02:03"
    (potentiometry,) = gamry.read(written("chronop.DTA", GAMRY_CHRONOP))
    assert potentiometry.array(Column.VOLTAGE).tolist() == [0.1, 0.11, 0.12]
    assert any("read month first" in text for text in potentiometry.metadata.assumptions)


def test_curves_of_a_voltammogram_are_cycles() -> None:
    (record,) = gamry.read(written("cv.DTA", GAMRY_CV))
    assert record.kind == "sweep"
    assert record.array(Column.CYCLE).tolist() == [1, 1, 1, 2, 2, 2]
    assert "declared area 1 cm2 is the instrument's default, not used" in record.metadata.assumptions


def test_open_circuit_without_a_sensor() -> None:
    (record,) = gamry.read(written("ocv.DTA", GAMRY_OCV))
    assert Column.TEMPERATURE not in record
    assert record.array(Column.CURRENT).tolist() == [0.0, 0.0]
    assert any("current 0 A: open circuit" in text for text in record.metadata.assumptions)
    assert any("-327.67" in text for text in record.metadata.assumptions)


def test_aborted_file_says_so() -> None:
    impedance = gamry.read(written("aborted.DTA", GAMRY_ABORTED))[1]
    assert len(impedance.table) == 2
    assert any("aborted" in text for text in impedance.metadata.warnings)
    assert any("ends at 1000 Hz, planned was 1 Hz" in text for text in impedance.metadata.warnings)


def test_spectrum_that_has_not_begun_is_told() -> None:
    begun = GAMRY_EISPOT[: GAMRY_EISPOT.index("ZCURVE")]
    (rest,) = gamry.read(written("eis.DTA", begun))
    assert any("EISPOT, but no table of impedance" in text for text in rest.metadata.warnings)


def test_units_of_the_file_are_converted() -> None:
    text = GAMRY_CHRONOA.replace("\tV vs. Ref.\tA\t", "\tmV vs. Ref.\tuA\t")
    (record,) = gamry.read(written("chronoa.DTA", text))
    assert record.array(Column.VOLTAGE)[0] == pytest.approx(0.5e-3)
    assert record.array(Column.CURRENT)[0] == pytest.approx(1e-12)
    with pytest.raises(InstrumentFileError, match="column Im"):
        gamry.read(written("chronoa.DTA", GAMRY_CHRONOA.replace("\tV vs. Ref.\tA\t", "\tV vs. Ref.\tK\t")))


def test_cathodic_convention_is_not_hidden() -> None:
    (record,) = gamry.read(written("chronoa.DTA", GAMRY_CHRONOA.replace("IQUANT\t1\tCurrent", "IQUANT\t0\tCurrent")))
    assert record.metadata.sign_of_current.startswith("positive = reduction")
    assert record.array(Column.CURRENT)[0] == 1e-6


def test_row_that_lost_its_tab_is_an_error_and_not_a_short_table() -> None:
    with pytest.raises(InstrumentFileError, match="expected a tag"):
        gamry.read(written("cv.DTA", GAMRY_CV.replace("\n\t1\t", "\n1\t", 1)))
    with pytest.raises(InstrumentFileError, match="outside of a table"):
        gamry.read(written("cv.DTA", GAMRY_CV.replace("\n\t1\t", "\nLOST\tLABEL\tx\tx\n\t1\t", 1)))


def test_row_that_is_gone_is_noticed() -> None:
    lines = GAMRY_CV.splitlines(keepends=True)
    row = next(i for i, line in enumerate(lines) if line.startswith("\t1\t"))
    (record,) = gamry.read(written("cv.DTA", "".join(lines[:row] + lines[row + 1 :])))
    assert any("do not count on at line" in text for text in record.metadata.warnings)
    assert any("announces 3 points and holds 2" in text for text in record.metadata.warnings)


def test_file_without_table() -> None:
    with pytest.raises(InstrumentFileError, match="before its first table"):
        gamry.read(written("cut.DTA", GAMRY_CV[: GAMRY_CV.index("CURVE1")]))


def test_table_that_is_unknown_is_named() -> None:
    other = "NSCURVE\tTABLE\n\tPt\tVrms\n\t#\tV\n\t0\t0.5\n"
    (record,) = gamry.read(written("both.DTA", GAMRY_CHRONOA + other))
    assert any("NSCURVE" in text and "left out" in text for text in record.metadata.warnings)
    with pytest.raises(InstrumentFileError, match="no table holds"):
        gamry.read(written("noise.DTA", GAMRY_CHRONOA[: GAMRY_CHRONOA.index("CURVE")] + other))


def test_impedance_samples() -> None:
    rest, impedance = gamry.read(sample("gamry_dta/exampleDataGamry.DTA"))
    assert (len(rest.table), len(impedance.table)) == (387, 72)
    assert rest.table[[Column.TIME, Column.VOLTAGE]].iloc[-1].tolist() == [99.975, -0.29198]
    assert impedance.table[Z].iloc[0].tolist() == [200015.6, 825.8584, -1367.239]
    assert impedance.table[Z].iloc[-1].tolist() == [0.0158898, 17007.49, -6635.557]
    assert impedance.array(Column.DC_CURRENT)[0] == -5.89286e-6
    assert impedance.metadata.started == "2018-04-23T16:43:15"
    assert impedance.metadata.settings["NOTES"] == ["-50mV +5.66X10^-4 D8"]
    (short,) = gamry.read(sample("gamry_dta/eispot_data.dta"))
    assert short.table[Z].iloc[0].tolist() == [10000.0, 224.6075, -3.767681]
    assert short.table[Z].iloc[-1].tolist() == [0.5, 226.885, -7.053867]


def test_german_sample() -> None:
    rest, impedance = gamry.read(sample("gamry_dta/data.dta"))
    assert (len(rest.table), len(impedance.table)) == (40, 29)
    assert rest.table[[Column.TIME, Column.VOLTAGE]].iloc[0].tolist() == [0.25, -0.0334979]
    assert impedance.table[Z].iloc[0].tolist() == [10000.0, 109.00918219439, -26.5556798765152]
    assert impedance.table[Z].iloc[-1].tolist() == [1.0, 645.478700150494, -90.618128307383]
    assert impedance.metadata.started == "2022-01-01T00:00:01"
    assert impedance.metadata.settings["VAC"] == 10.0


def test_direct_current_samples() -> None:
    (amperometry,) = gamry.read(sample("gamry_dta/chronoa_data.dta"))
    columns = [Column.TIME, Column.VOLTAGE, Column.CURRENT]
    assert len(amperometry.table) == 10
    assert amperometry.table[columns].iloc[0].tolist() == [0.0, -5.4e-4, -2.34197e-8]
    assert amperometry.table[columns].iloc[-1].tolist() == [270.0, 0.4, 3e-9]
    assert any("announces 5258 points and holds 10" in text for text in amperometry.metadata.warnings)
    (sweep,) = gamry.read(sample("gamry_dta/cv_data.dta"))
    assert sweep.kind == "sweep"
    assert len(sweep.table) == 50
    assert sweep.array(Column.CYCLE).tolist() == [float(n) for n in range(1, 6) for _ in range(10)]
    assert sweep.table[columns].iloc[-1].tolist() == [601.1, 0.889001, 2.62272e-7]
    (rest,) = gamry.read(sample("gamry_dta/ocp_data.dta"))
    assert len(rest.table) == 21  # its last line has no line end and is whole
    assert rest.table[[Column.TIME, Column.VOLTAGE]].iloc[-1].tolist() == [105.175, 0.0345678]
