"""Zahner .ism."""

import numpy as np
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import zahner
from natrode.measurement import Column
from tests.instruments.text_files import ZAHNER, sample, written
from tests.instruments.text_files import zahner as ism


def test_sweep_and_the_points_before_its_reversal() -> None:
    sweep, before = zahner.read(written("one.ism", ZAHNER))
    assert sweep.array(Column.FREQUENCY).tolist() == [1e5, 1e3, 10.0, 1.0]
    assert before.array(Column.FREQUENCY).tolist() == [1e3]
    assert before.metadata.title == "points before the reversal of the sweep"
    assert sweep.array(Column.IMAGINARY_IMPEDANCE)[0] == pytest.approx(10.0 * np.sin(-0.1))
    assert sweep.array(Column.VOLTAGE).tolist() == [0.5] * 4
    assert sweep.metadata.settings["system"] == "NA cell"
    assert sweep.metadata.settings["temperature"] == "23.8+-0.1C"
    assert sweep.metadata.temperature == "unknown"
    assert sweep.metadata.started == "2024-02-21T16:26:40"


def test_file_without_direct_current_block() -> None:
    (record,) = zahner.read(written("one.ism", ism([(10.0, 1.0, -0.5), (1.0, 2.0, -0.5)], dc=False)))
    assert Column.VOLTAGE not in record


@pytest.mark.parametrize("cut", [0, 5, 11, 40, 200, len(ZAHNER) - 1])
def test_cut_file_is_an_error(cut: int) -> None:
    with pytest.raises(InstrumentFileError, match=r"byte \d+"):
        zahner.read(written("cut.ism", ZAHNER[:cut]))


def test_numbers_that_cannot_be_are_an_error() -> None:
    with pytest.raises(InstrumentFileError, match=r"point 2: read the phase 9"):
        zahner.read(written("bad.ism", ism([(10.0, 1.0, -0.5), (1.0, 2.0, 9.0)])))
    with pytest.raises(InstrumentFileError, match=r"point 1: read the frequency -10"):
        zahner.read(written("bad.ism", ism([(-10.0, 1.0, -0.5), (1.0, 2.0, 0.0)])))


@pytest.mark.parametrize(
    ("name", "points", "started"),
    [
        ("000_mvdc.ism", [38], "2021-10-15T07:14:33"),
        ("300_mvdc.ism", [38], "2021-10-15T07:26:59"),
        ("ZHIT.ism", [40], "2024-07-16T11:44:08"),
        ("li-ion-battery.ism", [128], "2009-05-25T11:11:11"),
        ("rc-data.ism", [55, 20], "2024-07-16T09:32:48"),
    ],
)
def test_samples_are_plausible(name: str, points: list[int], started: str) -> None:
    records = zahner.read(sample(f"zahner_ism/{name}"))
    assert [len(r.table) for r in records] == points
    assert records[0].metadata.started == started
    z, frequency = records[0].impedance, records[0].array(Column.FREQUENCY)
    assert (z.real > 0).all()
    assert (np.diff(frequency) > 0).all() or (np.diff(frequency) < 0).all()
    np.testing.assert_allclose(np.abs(z), records[0].array("Absolute Impedance / ohm"))
    assert np.abs(np.diff(np.log(np.abs(z)))).max() < 1.0  # a spectrum is continuous


def test_resistor_and_capacitor_have_their_values() -> None:
    """The maker's example: 100 Mohm beside 147 pF, by |Z| alone and by the phase alone."""
    record = zahner.read(sample("zahner_ism/rc-data.ism"))[0]
    frequency, z = record.array(Column.FREQUENCY), record.impedance
    capacitance = (1.0 / z).imag / (2.0 * np.pi * frequency)
    high = (frequency > 1e3) & (frequency < 3e4)
    assert np.ptp(capacitance[high]) < 0.02 * capacitance[high].mean()
    assert z[-1].real == pytest.approx(1e8, rel=0.02)


def test_simulated_sample_is_called_one() -> None:
    record = zahner.read(sample("zahner_ism/li-ion-battery.ism"))[0]
    assert any("calls itself a simulation" in text for text in record.metadata.warnings)
    assert record.table[[Column.FREQUENCY, "Absolute Impedance / ohm"]].iloc[0].tolist() == [0.0005, 0.67871]
