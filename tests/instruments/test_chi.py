"""CH Instruments text."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import chi
from natrode.measurement import Column
from tests.instruments.text_files import CHI_CV, CHI_EIS, CHI_IT, CHI_LSV, CHI_TAFEL, sample, written


def test_impedance() -> None:
    (record,) = chi.read(written("eis.txt", CHI_EIS))
    assert record.kind == "impedance"
    assert record.metadata.technique == "A.C. Impedance"
    assert record.metadata.started == "2024-03-04T09:08:07"
    assert record.metadata.title == "Na cell 3"
    assert record.metadata.origin.instrument == "CH Instruments CHI760E"
    assert record.metadata.settings["Amplitude (V)"] == 0.01
    assert record.metadata.settings["Imp SF"] is True
    assert record.array("Phase / deg").tolist() == [-8.3, -28.4, -3.0, -0.7]
    assert record.metadata.warnings == ()


def test_impedance_that_stops_early_says_so() -> None:
    (record,) = chi.read(written("eis.txt", CHI_EIS[: CHI_EIS.index("1.000e+1,")]))
    assert any("stopped early" in text for text in record.metadata.warnings)


def test_columns_that_contradict_each_other_are_odd() -> None:
    (record,) = chi.read(written("eis.txt", CHI_EIS.replace("1.421e+1", "9.421e+1")))
    assert any("|Z|" in text and "line 19" in text for text in record.metadata.warnings)


def test_tafel() -> None:
    (record,) = chi.read(written("tafel.txt", CHI_TAFEL))
    assert record.kind == "sweep"
    assert record.metadata.technique == "Tafel Plot"
    assert record.array("Logarithm of Current / 1").tolist() == [-4.699, -9.0, -4.699]
    assert record.metadata.sign_of_current.startswith("unknown")


def test_cyclic_voltammetry_keeps_segments_and_skips_the_list_of_peaks() -> None:
    (record,) = chi.read(written("cv.txt", CHI_CV))
    assert record.kind == "sweep"
    assert record.array(Column.STEP).tolist() == [1, 1, 2]
    assert record.array(Column.CHARGE).tolist() == [0.0, 1e-7, 2e-7]
    assert record.metadata.settings["Segment"] == 2
    assert "Ep" not in record.metadata.settings


def test_export_without_heading_lines() -> None:
    (record,) = chi.read(written("lsv.txt", CHI_LSV))
    assert record.kind == "sweep"
    assert record.array(Column.VOLTAGE).tolist() == [0.0, 0.1, 0.2]
    assert record.metadata.started == "unknown"
    short = CHI_LSV[: CHI_LSV.index("0.200\t")]
    assert any("ends at 0.1 V" in text for text in chi.read(written("lsv.txt", short))[0].metadata.warnings)


def test_current_against_time_holds_the_set_potential() -> None:
    (record,) = chi.read(written("it.txt", CHI_IT))
    assert record.kind == "cycling"
    assert record.array(Column.VOLTAGE).tolist() == [0.05] * 3
    assert any("not recorded" in text for text in record.metadata.assumptions)
    with pytest.raises(InstrumentFileError, match="has no voltage for each row"):
        chi.read(written("it.txt", CHI_IT.replace("Init E (V) = 0.05\n", "")))
    with pytest.raises(InstrumentFileError, match="has no voltage for each row"):
        chi.read(written("ca.txt", CHI_IT.replace("Amperometric i-t Curve", "Chronoamperometry")))


def test_partly_written_last_line_is_left_out_with_a_warning() -> None:
    (record,) = chi.read(written("eis.txt", CHI_EIS[:-12]))
    assert len(record.table) == 3
    assert any("not written to its end" in text for text in record.metadata.warnings)


def test_bad_row_is_named_by_its_line() -> None:
    with pytest.raises(InstrumentFileError, match=r"eis\.txt: line 19: read '1\.000e\+3, 1\.250e\+1x"):
        chi.read(written("eis.txt", CHI_EIS.replace("1.250e+1", "1.250e+1x")))


def test_sample() -> None:
    (record,) = chi.read(sample("chi_txt/exampleDataCHInstruments.txt"))
    assert record.table.shape == (73, 5)
    assert record.table.iloc[0].tolist() == [9.961e4, 98.91, -2.748, 98.94, -1.6]
    assert record.table.iloc[-1].tolist() == [0.1, 5685.0, -15860.0, 16850.0, -70.3]
    assert record.metadata.started == "2020-02-20T15:55:08"
    assert record.metadata.origin.instrument == "CH Instruments CHI660E"
    assert record.metadata.settings["Amplitude (V)"] == 0.025
    assert record.metadata.warnings == ()
