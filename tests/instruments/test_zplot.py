"""ZPlot .z."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import zplot
from natrode.measurement import Column
from tests.instruments.text_files import ZPLOT, ZPLOT_QUOTED, sample, written


def test_settings_by_section() -> None:
    (record,) = zplot.read(written("new.z", ZPLOT))
    settings = record.metadata.settings
    assert settings["Experiment"] == {"Potential-AC": 10}
    assert settings["Comments"] == ["heated to 60 C"]
    assert record.metadata.temperature == "unknown"
    assert record.metadata.started == "2021-02-10T11:04:34"
    assert "declared area 1 cm2 is the instrument's default, not used" in record.metadata.assumptions
    assert record.array("Voltage Amplitude / V").tolist() == [0.01] * 4


def test_older_form_under_current_control() -> None:
    (record,) = zplot.read(written("old.z", ZPLOT_QUOTED))
    assert record.array("Current Amplitude / A").tolist() == [0.001] * 4
    assert record.metadata.settings["Open Circuit Potential (V)"] == 0.25
    assert any("flagged an error (Err) at 1 points" in text for text in record.metadata.warnings)


def test_fewer_points_than_announced_are_a_warning_more_an_error() -> None:
    lines = ZPLOT.splitlines(keepends=True)
    (record,) = zplot.read(written("new.z", "".join(lines[:-1])))
    assert len(record.table) == 3
    assert any("announces 4 points, the file holds 3" in text for text in record.metadata.warnings)
    with pytest.raises(InstrumentFileError, match="announces 4 points, the file holds 5"):
        zplot.read(written("new.z", ZPLOT + lines[-1]))


def test_header_that_is_cut() -> None:
    with pytest.raises(InstrumentFileError, match="End Comments"):
        zplot.read(written("new.z", ZPLOT[: ZPLOT.index("End Comments")]))


@pytest.mark.parametrize(
    ("name", "points", "first", "last", "started"),
    [
        ("Circuit1_EIS_1.z", 48, [50000.0, 29.036, 0.63662, 2.59], [1.0, 75.803, -0.16244, 40.85],
         "2018-10-12T12:32:21"),
        ("exampleDataZPlot.z", 21, [300000.0, 147.77, -11.335, 2.67], [3000.0, 613.68, -137.13, 19.98],
         "2018-10-12T11:04:34"),
        ("exampleDataZPlot_noComments.z", 31, [300000.0, 642.62, -85.821, 2.58], [300.0, 1305.3, -195.01, 28.91],
         "2019-12-17T16:24:35"),
    ],
)  # fmt: skip
def test_samples(name: str, points: int, first: list[float], last: list[float], started: str) -> None:
    (record,) = zplot.read(sample(f"zplot_z/{name}"))
    columns = [Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE, Column.TIME]
    assert len(record.table) == points
    assert record.table[columns].iloc[0].tolist() == first
    assert record.table[columns].iloc[-1].tolist() == last
    assert record.metadata.started == started
    assert bool(record.metadata.warnings) == (points != 48)
