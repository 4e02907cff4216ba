"""VersaStudio .par."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import versastudio
from natrode.measurement import Column
from tests.instruments.text_files import PAR, SPECTRUM, par_row, sample, written


def test_direct_current_impedance_and_sweep_are_told_apart() -> None:
    cycling, impedance, sweep = versastudio.read(written("all.par", PAR))
    assert (cycling.kind, impedance.kind, sweep.kind) == ("cycling", "impedance", "sweep")
    assert [r.metadata.technique for r in (cycling, impedance, sweep)] == [
        "Chronopotentiometry", "Potentiostatic EIS", "Cyclic Voltammetry (Single)",
    ]  # fmt: skip
    assert cycling.array(Column.TIME).tolist() == [1.0, 2.0]
    assert Column.FREQUENCY not in cycling
    assert impedance.array(Column.DC_CURRENT).tolist() == [1e-6] * 4
    assert impedance.array("Voltage Amplitude / V").tolist() == [0.01] * 4
    assert sweep.array(Column.STEP).tolist() == [2, 2, 3]
    assert impedance.metadata.started == "2024-03-04T13:02:03"
    assert impedance.metadata.geometry.declared == {"area": 0.5e-4}
    assert impedance.metadata.settings["Action2"]["Name"] == "Potentiostatic EIS"
    assert "Graph1" not in impedance.metadata.settings


def test_only_the_impedance_is_called_uncalibrated() -> None:
    cycling, impedance, _ = versastudio.read(written("all.par", PAR))
    assert versastudio.UNCALIBRATED in impedance.metadata.warnings
    assert cycling.metadata.warnings == ()


def test_several_spectra_are_numbered() -> None:
    again = "".join(par_row(1, n, 0.15, 1e-6, 7.0 + n / 10, row) for n, row in enumerate(SPECTRUM))
    text = PAR.replace(par_row(2, 0, 0.0, 1e-6, 8.0), again + par_row(2, 0, 0.0, 1e-6, 8.0))
    impedance = versastudio.read(written("all.par", text))[1]
    assert impedance.array(Column.SPECTRUM).tolist() == [0] * 4 + [1] * 4


def test_file_that_is_still_written_is_read_with_a_warning() -> None:
    cut = PAR[: PAR.index(par_row(2, 1, 0.5, 2e-6, 9.0)) + 20]
    records = versastudio.read(written("running.par", cut))
    warnings = records[-1].metadata.warnings
    assert any("not closed" in text for text in warnings)
    assert any("not written to its end" in text for text in warnings)
    assert len(records[-1].table) == 1


def test_row_that_is_gone_is_noticed() -> None:
    text = PAR.replace(par_row(1, 1, 0.15, 1e-6, 4.0, SPECTRUM[1]), "")
    assert text != PAR
    record = versastudio.read(written("all.par", text))[1]
    assert any("segment 1: the points do not count on" in text for text in record.metadata.warnings)


def test_binary_data_are_refused_with_advice() -> None:
    text = PAR.replace("<Experiment>\n", "<Experiment>\nDataFormat=Binary\n")
    with pytest.raises(InstrumentFileError, match="save them as ASCII"):
        versastudio.read(written("binary.par", text))


def test_file_without_segment() -> None:
    with pytest.raises(InstrumentFileError, match="without a segment of data"):
        versastudio.read(written("empty.par", PAR[: PAR.index("<Segment1>")]))


def test_sample() -> None:
    (record,) = versastudio.read(sample("versastudio_par/exampleDataVersaStudio.par"))
    assert record.kind == "impedance"
    columns = [Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE, Column.TIME, Column.DC_CURRENT]
    assert len(record.table) == 61
    assert record.table[columns].iloc[0].tolist() == [100000.0, 55.31571, 4.575431, 1.812, -3.282372e-6]
    assert record.table[columns].iloc[-1].tolist() == [0.02154435, 1516.313, -122.8279, 1575.401, -3.282372e-6]
    assert record.metadata.started == "2018-07-19T09:40:30"
    assert record.metadata.origin.instrument == "Princeton Applied Research VersaSTAT4-400"
    assert record.metadata.geometry.declared == {"area": 1e-4}
    assert record.metadata.warnings == (versastudio.UNCALIBRATED,)
    assert record.metadata.settings["Action1"]["Amplitude (mV RMS)"] == 20
