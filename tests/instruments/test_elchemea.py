"""Elchemea .i2b."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import elchemea
from tests.instruments.text_files import ELCHEMEA, sample, written


def test_free_text_is_kept_and_not_read_as_a_temperature() -> None:
    (record,) = elchemea.read(written("one.i2b", ELCHEMEA))
    assert record.metadata.settings["Header"] == ["furnace at 700", "second line"]
    assert record.metadata.temperature == "unknown"


def test_missing_points_are_an_error() -> None:
    with pytest.raises(InstrumentFileError, match="announces 4 points, the file holds 3"):
        elchemea.read(written("one.i2b", ELCHEMEA[: ELCHEMEA.index("1.0 41.5")]))


def test_end_without_line_end_is_a_warning() -> None:
    (record,) = elchemea.read(written("one.i2b", ELCHEMEA.rstrip()))
    assert len(record.table) == 4
    assert any("may be cut" in text for text in record.metadata.warnings)


def test_sample() -> None:
    (record,) = elchemea.read(sample("i2b_elchemea/data.i2b"))
    assert record.table.shape == (29, 3)
    assert record.table.iloc[0].tolist() == [10000.0, 109.00918219439028, -26.55567987651522]
    assert record.table.iloc[-1].tolist() == [1.0, 645.4787001504939, -90.61812830738303]
    assert record.metadata.settings["Header"][0] == "Some metadata"
