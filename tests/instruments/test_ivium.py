"""Ivium .idf and .ids."""

import time

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import ivium
from natrode.measurement import Column
from tests.instruments.text_files import IVIUM_IDF, IVIUM_IDS, ivium_measurement, sample, written


def test_impedance_with_its_times() -> None:
    (record,) = ivium.read(written("eis.idf", IVIUM_IDF))
    assert record.kind == "impedance"
    assert record.array(Column.TIME).tolist() == [0.5, 1.0, 1.5, 2.0]
    assert record.metadata.started == "2024-03-25T10:11:12"
    assert record.metadata.geometry.declared == {"area": 0.785e-4}
    assert record.metadata.settings["Frequencies.freq"] == [100000, 1000, 10, 1]
    assert any("osc_data" in text for text in record.metadata.assumptions)
    assert record.metadata.warnings == ()


def test_every_measurement_of_a_set() -> None:
    records = ivium.read(written("set.ids", IVIUM_IDS))
    assert [r.kind for r in records] == ["cycling", "sweep", "impedance", "cycling"]
    amperometry, sweep, _, potentiometry = records
    assert amperometry.array(Column.CURRENT).tolist() == [1e-3, 5e-4]
    assert amperometry.array(Column.VOLTAGE).tolist() == [0.5, 0.5]
    assert potentiometry.array(Column.VOLTAGE).tolist() == [0.1, 0.2]
    assert potentiometry.array(Column.CURRENT).tolist() == [1e-3, 1e-3]
    assert sweep.array("Column 3 / 1").tolist() == [0.0, 1.0, 2.0]
    assert any("no documented meaning" in text for text in sweep.metadata.assumptions)


def test_two_thousand_measurements_in_one_set_are_read_in_time() -> None:
    one = "QR=QR\r\n" + ivium_measurement("Impedance", "Constant E", [(12.5, -6.75, 1e3), (20.0, -3.0, 10.0)])
    source = written("set.ids", IVIUM_IDS + 2000 * one)
    start = time.process_time()
    assert len(ivium.read(source)) == 2004
    assert time.process_time() - start < 2.0, "the limit of a file of any kind"


def test_missing_rows_are_an_error() -> None:
    short = IVIUM_IDF.replace("1.25000E+01  -6.75000E+00  1.00000E+03 \r\n", "")
    with pytest.raises(InstrumentFileError, match="line "):
        ivium.read(written("eis.idf", short))


def test_unknown_method_is_an_error() -> None:
    with pytest.raises(InstrumentFileError, match="does not know what the columns are"):
        ivium.read(written("eis.idf", IVIUM_IDF.replace("Method=Impedance", "Method=Electrochemical noise")))


def test_frequencies_that_differ_from_the_plan_are_odd() -> None:
    (record,) = ivium.read(written("eis.idf", IVIUM_IDF.replace("freq[1]=100000", "freq[1]=200000")))
    assert any("differ from those planned (point 1" in text for text in record.metadata.warnings)


def test_sample() -> None:
    (record,) = ivium.read(sample("ivium/data.idf"))
    assert len(record.table) == 29
    assert record.table.iloc[0].tolist() == [109.009, -26.5557, 10000.0]
    assert record.table.iloc[-1].tolist() == [645.479, -90.6181, 1.0]
    assert record.metadata.technique == "Impedance Constant E"
    assert record.metadata.started == "unknown"
    assert record.metadata.geometry.declared == {"area": 1e-4}
    assert any("area 1 cm2" in text and "default" in text for text in record.metadata.assumptions)
    assert any("51 times for 29 points" in text for text in record.metadata.assumptions)
    assert any("planned 100000 Hz" in text for text in record.metadata.warnings)
