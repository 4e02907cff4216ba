"""Novocontrol ASCII."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import novocontrol
from natrode.measurement import Column
from tests.instruments.text_files import NOVOCONTROL, NOVOCONTROL_TEMPERATURES, sample, written


def test_header_gives_geometry_to_offer_and_no_temperature() -> None:
    (record,) = novocontrol.read(written("one.txt", NOVOCONTROL))
    metadata = record.metadata
    assert metadata.geometry.declared == {"diameter": 0.01, "thickness": 0.001}
    assert metadata.geometry.electrolyte_thickness == "unknown"
    assert any("declared thickness 1 mm is the instrument's default" in text for text in metadata.assumptions)
    assert any("declared diameter 10 mm is kept, not used" in text for text in metadata.assumptions)
    assert metadata.temperature == "unknown"
    assert metadata.settings["temperature in the name, not confirmed"] == "-60 deg"
    assert metadata.settings["AC Volt [Vrms]"] == 0.0071
    assert metadata.settings["Edge Correction"] == "On"
    assert metadata.started == "2025-02-26T15:11:00"


def test_temperature_that_the_header_states() -> None:
    text = NOVOCONTROL.replace("AC Volt  [Vrms]=7.1000e-03", "AC Volt  [Vrms]=7.1000e-03  Temp. [\xb0C]=2.5000e+01")
    (record,) = novocontrol.read(written("one.txt", text.encode("latin-1")))
    assert record.metadata.temperature == pytest.approx(298.15)


def test_temperature_in_the_file_name_is_not_confirmed() -> None:
    (record,) = novocontrol.read(written("cell_140deg.txt", NOVOCONTROL))
    assert record.metadata.temperature == "unknown"
    assert any("140 deg read from the file name: not confirmed" in text for text in record.metadata.assumptions)


def test_one_spectrum_per_temperature() -> None:
    (record,) = novocontrol.read(written("two.txt", NOVOCONTROL_TEMPERATURES.encode("latin-1")))
    assert [float(s.array(Column.TEMPERATURE)[0]) for s in record.spectra()] == [20.01, 40.02]


def test_permittivity_alone_is_refused_with_advice() -> None:
    with pytest.raises(InstrumentFileError, match="export the series impedance"):
        novocontrol.read(written("one.txt", NOVOCONTROL.replace("Zs''[ohm]", "Eps''").replace("Zs'[ohm]", "Eps'")))


def test_samples() -> None:
    (record,) = novocontrol.read(sample("novocontrol_ascii_solid_conductor/Example2a.txt"))
    assert record.table.shape == (51, 3)
    assert record.table.iloc[0].tolist() == [1.0e6, 3805.5903, -6318.0615]
    assert record.table.iloc[-1].tolist() == [0.30000001, 218314.67, -150821.22]
    assert record.metadata.geometry.declared == {"diameter": 0.013, "thickness": 0.00075}
    assert record.metadata.warnings == ()


@pytest.mark.parametrize(
    ("name", "points", "last"),
    [
        ("s04147-140deg.txt", 42, [0.03, 3272660.0, -1408530.0]),
        ("s04147-160deg.txt", 42, [0.03, 1328530.0, -793978.0]),
        ("s04147-170deg.txt", 41, [0.045773, 802011.0, -461894.0]),
        ("s04147-190deg.txt", 41, [0.045773, 381677.0, -256512.0]),
        ("s04147-200deg.txt", 40, [0.069838, 235592.0, -137609.0]),
    ],
)
def test_series_of_temperatures(name: str, points: int, last: list[float]) -> None:
    (record,) = novocontrol.read(sample(f"novocontrol_ascii_solid_conductor/{name}"))
    assert len(record.table) == points
    assert record.table.iloc[-1].tolist() == last
    assert record.metadata.temperature == "unknown"
    assert record.metadata.settings["temperature in the name, not confirmed"] == f"{name[7:10]} deg"
