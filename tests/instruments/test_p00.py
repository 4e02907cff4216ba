"""Autolab .P00."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import p00
from natrode.measurement import Column
from tests.instruments.text_files import P00, sample, written


def test_sign_follows_the_name_of_the_column() -> None:
    (record,) = p00.read(written("one.P00", P00))
    assert "sign of Im Z changed: the column is -Z''" in record.metadata.assumptions
    assert record.metadata.started == "2024-02-05T14:15:16"
    assert record.metadata.title == "by hand"
    (other,) = p00.read(written("one.P00", P00.replace("-Z''", "Z''")))
    assert other.array(Column.IMAGINARY_IMPEDANCE)[0] == 1.5
    assert any("positive (inductive) at 4 of 4" in text for text in other.metadata.warnings)


def test_missing_points_are_an_error() -> None:
    with pytest.raises(InstrumentFileError, match="announces 4 points, the file holds 3"):
        p00.read(written("one.P00", "\n".join(P00.splitlines()[:-1]) + "\n"))


def test_sample() -> None:
    (record,) = p00.read(sample("p00/data.P00"))
    assert record.table.shape == (29, 6)
    assert record.table.iloc[0].tolist() == [10000.0, 109.0, -26.556, 59.3, 0.30981, 1.8311e-7]
    assert record.table.iloc[-1].tolist() == [1.0, 645.5, -90.618, 59.3, 0.30981, 1.8311e-7]
    assert record.metadata.started == "unknown"
