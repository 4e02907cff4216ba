"""Neware files: an .nda written here, the exports, and the real ones against the vendor's own export."""

from pathlib import Path

import numpy as np
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import neware, neware_csv, registry
from natrode.instruments.base import Source
from natrode.measurement import Column, Measurement
from tests.instruments import table_files as tables
from tests.instruments.text_files import sample


def nda(data: bytes) -> Measurement:
    (record,) = neware.read(Source(Path("cell.nda"), data))
    return record


def export(text: str | bytes) -> Measurement:
    data = text if isinstance(text, bytes) else text.encode()
    (record,) = neware_csv.read(Source(Path("cell.csv"), data))
    return record


# ---- .nda ------------------------------------------------------------------------------------------------
def test_nda() -> None:
    record = nda(tables.nda())
    assert record.kind == "cycling"
    assert list(record.array(Column.TIME)) == [0, 60, 120, 180, *(180 + 60 * i for i in range(8))]
    assert list(record.array(Column.VOLTAGE)) == [round(0.0200 + 1e-4 * i, 4) for i in range(12)]
    assert list(record.array(Column.CURRENT)) == [0.0] * 4 + [1e-3] * 8
    assert list(record.array(Column.STEP)) == [1] * 4 + [2] * 8
    assert list(record.table["Step Type"])[3:5] == ["Rest", "CC_Chg"]
    assert record.array(Column.CHARGE)[-1] == pytest.approx(1e-3 * 420, rel=1e-6)
    assert record.metadata.started == "2023-11-14T23:13:20.000"
    assert any("local time is UTC+1 h" in text for text in record.metadata.assumptions)
    assert any("oxidation at the electrode on the positive lead" in text for text in record.metadata.assumptions)


def test_nda_that_is_cut_is_an_error() -> None:
    whole = tables.nda()
    for size in (20, 100, len(whole) - 1, len(whole) - 59):
        with pytest.raises(InstrumentFileError, match=r"cell\.nda: .*cut"):
            nda(whole[:size])


def test_nda_of_a_test_that_runs() -> None:
    data = bytearray(tables.nda())
    data[68:72] = bytes(4)  # the header tells no length yet
    (whole,) = neware.read(Source(Path("cell.nda"), bytes(data)))
    assert len(whole.table) == 12
    (record,) = neware.read(Source(Path("cell.nda"), bytes(data[:-30])))
    assert len(record.table) == 11
    assert any("ends within a record" in w for w in record.metadata.warnings)
    assert not any("ends within a record" in w for w in whole.metadata.warnings)


def test_cut_nda_of_the_new_generation_is_an_error() -> None:
    data = sample("neware_nda/TestFile.nda").data
    with pytest.raises(InstrumentFileError, match="header promises 374544 bytes, the file holds 315008"):
        registry.read_bytes(Path("x.nda"), data[:315008])
    (record,) = registry.read_bytes(Path("x.nda"), data[:380000])  # the records are all there
    assert len(record.table) == 6670
    looped = bytearray(1024) + data[:1024]  # blocks whose chain leads nowhere
    looped[:15], looped[14], looped[1024 + 242 : 1024 + 258] = data[:15], 130, bytes(16)
    with pytest.raises(InstrumentFileError):
        registry.read_bytes(Path("x.nda"), bytes(looped))


def test_records_that_the_library_drops_are_told() -> None:
    damaged = bytearray(tables.nda())
    damaged[2048 + 59 * 5] = 17  # the mark of a record: it is passed over without a word
    record = nda(bytes(damaged))
    assert len(record.table) == 11
    assert any("1 records are missing between records 1 and 12" in text for text in record.metadata.warnings)


def test_versions_that_the_library_does_not_know() -> None:
    unknown = bytearray(tables.nda())
    unknown[14] = 77
    with pytest.raises(InstrumentFileError, match=r"fastnda cannot read it .*not yet supported") as caught:
        nda(bytes(unknown))
    assert isinstance(caught.value.__cause__, NotImplementedError)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    nda(tables.nda())
    with pytest.raises(InstrumentFileError):
        neware.read(Source(Path("a.ndax"), tables.zipped(data__ndc=bytes(1000))))
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")


def test_archives_that_are_no_test() -> None:
    for content, message in (
        (tables.zipped(Step__xml=b"<a/>"), "holds no data.ndc"),
        (tables.zipped(Step__xml=b"<a/>", data__ndc=b"x" * 500)[:-40], "cut or damaged"),
    ):
        with pytest.raises(InstrumentFileError, match=message):
            neware.read(Source(Path("a.ndax"), content))


def test_single_precision_gives_the_digits_that_it_holds() -> None:
    values = np.float32([0.2, 3.4107, -1.9355652e-3, 0.0, 119.66524, 1e-12])
    assert list(neware._as_printed(values)) == [0.2, 3.4107, -1.935565e-3, 0.0, 119.6652, 1e-12]


def test_net_charge_goes_on_from_step_to_step() -> None:
    time, current = np.arange(6.0), np.array([1, 1, 1, -1, -1, -2.0])
    charge, resets = neware.net_charge(np.array([0, 1, 2, 0, -1, -3.0]), np.array([1, 1, 1, 2, 2, 2]), current, time)
    assert (list(charge), resets) == ([0, 1, 2, 2, 1, -1], 0)


def test_net_charge_goes_on_where_a_step_was_interrupted() -> None:
    time = np.array([*range(20), *range(19, 40)], dtype=float)
    counted = np.array([*range(20), *range(21)], dtype=float)
    charge, resets = neware.net_charge(counted, np.ones(41), np.ones(41), time)
    assert (charge[-1], resets) == (39.0, 1)
    there_and_back = np.array([*range(20), *range(20, 0, -1)], dtype=float)
    charge, resets = neware.net_charge(there_and_back, np.ones(40), np.ones(40), np.arange(40.0))
    assert (list(charge), resets) == (list(there_and_back), 0)


def test_auxiliary_channels_are_named_by_their_files() -> None:
    import polars as pl

    frame = pl.DataFrame({"aux1_voltage_V": [24.8], "aux1_temperature_degC": [0.0], "aux1_?": [25.6]})
    names = dict.fromkeys(("data_AUX_144_2_1.ndc", "data_AUX_144_3_1.ndc", "data_AUX_1_1022_1.ndc"), 1)
    channels = {
        f"Aux{i}": {"AuxID": "1", "RealChlID": real, "ChlType": kind}
        for i, (real, kind) in enumerate((("144", "102"), ("144", "103"), ("1", "1122")), 1)
    }
    said: list[str] = []
    labels = neware._auxiliary_labels(frame, names, {"TestInfo": {"TestInfo": channels}}, said)
    assert labels == {
        "aux1_voltage_V": "aux1_type 1122", "aux1_temperature_degC": "aux1_voltage_V", "aux1_?": "aux1_temperature_degC"
    }  # fmt: skip
    assert "mixes up the auxiliary channels" in said[0]


# ---- exports ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        tables.neware_csv(),
        tables.neware_csv(delimiter=";"),
        tables.neware_csv(delimiter=";", comma=True),
        tables.neware_csv(delimiter="\t", end="\r\n"),
        "\ufeff" + tables.neware_csv(),
    ],
)
def test_export(text: str) -> None:
    record = export(text)
    assert len(record.table) == 11
    assert list(record.array(Column.TIME)[:4]) == [0, 600, 1200, 1200]
    assert list(record.array(Column.CURRENT)[2:5]) == [0.0, 1e-3, 1e-3]
    assert list(record.array(Column.STEP_COUNT)) == [1] * 3 + [2] * 4 + [3] * 4
    assert list(record.array("Step Charge / C")[[6, 10]]) == pytest.approx([1.8, -1.8])
    assert record.array(Column.CHARGE)[-1] == pytest.approx(0.0, abs=1e-9)
    assert record.metadata.started == "2026-03-02T10:00:00"


def test_export_in_micro_units_and_latin_1() -> None:
    head = tables.NEWARE_HEAD.replace("Current(mA)", "Current(\xb5A)").replace("Capacity(mAh)", "Capacity(mAs)")
    text = tables.neware_csv().replace(tables.NEWARE_HEAD, head)
    record = export(text.encode("latin-1"))
    assert record.array(Column.CURRENT)[4] == 1e-6
    assert record.array("Step Charge / C")[6] == pytest.approx(0.5e-3)


def test_export_in_chinese() -> None:
    words = {"DataPoint": "数据序号", "Cycle Index": "循环号", "Step Index": "工步号", "Step Type": "工步类型",
             "Total Time": "总时间", "Current": "电流", "Voltage": "电压", "Capacity": "容量"}  # fmt: skip
    text = tables.neware_csv()
    for word, chinese in words.items():
        text = text.replace(word, chinese)
    assert export(text.encode("gb18030")).array(Column.CURRENT)[4] == 1e-3


def test_export_whose_current_has_no_sign() -> None:
    whole = tables.neware_csv()
    (record,) = neware_csv.FORMAT.read(Source(Path("a.csv"), whole.encode()))
    (bare,) = neware_csv.FORMAT.read(Source(Path("a.csv"), whole.replace(",-1.0000,", ",1.0000,").encode()))
    assert bare.array(Column.CURRENT).tolist() == record.array(Column.CURRENT).tolist()
    assert bare.array(Column.CHARGE).tolist() == record.array(Column.CHARGE).tolist()
    assert any("no sign of the current" in a for a in bare.metadata.assumptions)


def test_export_without_total_time() -> None:
    lines = [line.split(",") for line in tables.neware_csv().strip().split("\n")]
    record = export("\n".join(",".join(line[:5] + line[6:]) for line in lines) + "\n")
    assert list(record.array(Column.TIME)[-2:]) == [4200, 4800]
    assert any("summed up from the times of the steps" in text for text in record.metadata.assumptions)


def test_exports_by_cycle_are_refused() -> None:
    with pytest.raises(InstrumentFileError, match="export by cycle or step; export the record layer"):
        export("Cycle Index,Capacity(mAh)\n1,2.0\n")


def test_damaged_exports_name_the_line() -> None:
    lines = tables.neware_csv().split("\n")
    for change, message in (
        (lambda rows: [*rows[:5], rows[5].replace("1.0000", "lots", 1), *rows[6:]], "line 6: read 'lots'"),
        (lambda rows: [*rows[:5], rows[5][:30], *rows[6:]], "line 6: read .* 6 fields, expected 15"),
        (lambda rows: [*rows[:5], rows[5].replace("00:10:00", "soon"), *rows[6:]], "data row 5: read the time 'soon'"),
        (lambda rows: rows[:1], "no data follow the header"),
    ):
        with pytest.raises(InstrumentFileError, match=message):
            export("\n".join(change(lines)))


def test_a_file_that_is_being_written_can_be_read() -> None:
    text = tables.neware_csv()
    record = export(text[: text.rindex("\n", 0, -1) + 40])
    assert len(record.table) == 10
    assert "was not written to its end" in record.metadata.warnings[0]


# ---- samples ---------------------------------------------------------------------------------------------
NEWARE = [
    ("neware_nda/nda_v8.nda.zip", 21, "2015-09-16T12:08:43.000"),
    ("neware_nda/nda_v22.nda.zip", 1380, "2015-10-14T11:28:30.000"),
    ("neware_nda/nda_v23.nda.zip", 2706, "2017-05-10T10:20:39.000"),
    ("neware_nda/SIM.nda.zip", 108642, "2018-09-10T17:52:00.000"),
    ("neware_nda/SINTEF__G20M7_BTS91.nda.zip", 17587, "2025-12-22T08:44:24.885+00:00"),
    ("neware_nda/TestFile.nda", 6670, "2024-05-27T08:02:53.970+00:00"),
    ("neware_ndax/123456789012_Unit27_Example_Data_File.ndax", 301, "2024-11-18T12:43:45.422"),
    ("neware_ndax/20260302_IFE_BTS85_2_9_8_1.ndax", 252951, "2026-02-27T11:17:33.977"),
    ("neware_ndax/46_1_5_60_bts16.ndax", 84, "2025-09-24T09:29:55.074"),
    ("neware_ndax/TESTCELL0001-Test_Data_Collection_Ndc17.ndax", 80, "2025-09-24T15:20:56.575"),
    ("neware_ndax/interp-test.ndax", 333, "2025-06-17T10:26:39.383"),
    ("neware_ndax/nw4-120-1-6-53.ndax", 18700, "2025-04-07T12:48:21.950"),
    ("neware_ndax/scrubbed_ndc2.ndax", 28, "2023-09-28T10:39:45.000+00:00"),
    ("neware_csv/neware_uio.csv", 9065, "2022-05-18T16:27:52"),
]


@pytest.mark.parametrize(("name", "rows", "started"), NEWARE)
def test_samples(name: str, rows: int, started: str) -> None:
    source = sample(name)
    (record,) = registry.read(source.path)
    assert len(record.table) == rows
    assert record.metadata.started == started
    assert np.all(np.diff(record.array(Column.TIME)) >= 0)
    charge = record.array(Column.CHARGE)
    integral = np.trapezoid(record.array(Column.CURRENT), record.array(Column.TIME))
    largest = np.abs(charge).max()
    if name != "neware_nda/SIM.nda.zip":  # its current is sampled far more coarsely than it changes
        assert charge[-1] == pytest.approx(integral, abs=0.02 * largest + 1e-6)


def test_the_vendors_export_of_a_run_agrees_to_its_digits() -> None:
    (binary,) = registry.read(sample("neware_ndax/interp-test.ndax").path)
    (printed,) = registry.read(sample("neware_ndax/interp-test.csv").path)
    assert len(binary.table) == len(printed.table)
    assert list(binary.table["Step Type"]) == list(printed.table["Step Type"])
    for column in (
        Column.TIME,
        Column.CYCLE,
        Column.STEP,
        Column.STEP_COUNT,
        Column.CURRENT,
        Column.CHARGE,
        "Step Time / s",
    ):
        assert np.array_equal(binary.array(column), printed.array(column)), column
    assert np.abs(binary.array(Column.VOLTAGE) - printed.array(Column.VOLTAGE)).max() <= 0.5e-4


def test_the_oven_of_a_sample_is_not_a_voltage() -> None:
    (record,) = registry.read(sample("neware_ndax/20260302_IFE_BTS85_2_9_8_1.ndax").path)
    assert 25.6 < record.array(Column.TEMPERATURE).min() < record.array(Column.TEMPERATURE).max() < 27.0
    assert np.all(record.array("Auxiliary 1 Voltage / V") == 0.0)
    assert "Auxiliary 1 Channel of Unknown Kind (type 1122) / 1" in record


def test_pauses_of_a_sample_are_told() -> None:
    (record,) = registry.read(sample("neware_nda/TestFile.nda").path)
    assert any("2 pauses, 4.84 h together" in text for text in record.metadata.warnings)


def test_a_temperature_far_from_its_setpoint_is_none() -> None:
    (record,) = registry.read(sample("neware_ndax/scrubbed_ndc2.ndax").path)
    assert Column.TEMPERATURE not in record
    assert "Auxiliary 1 Temperature / degC" in record
