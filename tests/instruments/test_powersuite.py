"""PowerSuite text."""

from natrode.instruments import powersuite
from tests.instruments.text_files import POWERSUITE, sample, written


def test_units_are_an_assumption() -> None:
    (record,) = powersuite.read(written("export.txt", POWERSUITE))
    assert len(record.table) == 4
    assert any("units taken as Hz and ohm" in text for text in record.metadata.assumptions)


def test_number_that_may_be_cut_is_left_out() -> None:
    (record,) = powersuite.read(written("export.txt", POWERSUITE.rstrip()[:-1]))
    assert len(record.table) == 3
    assert any("not written to its end" in text for text in record.metadata.warnings)


def test_sample() -> None:
    (record,) = powersuite.read(sample("powersuite_txt/exampleDataPowersuite.txt"))
    assert record.table.shape == (30, 3)
    assert record.table.iloc[0].tolist() == [0.1, 423929.46, -49014.063]
    assert record.table.iloc[-1].tolist() == [2000000.0, -470.54113, -1397.7358]
    assert any("Re Z is negative at 2 of 30" in text for text in record.metadata.warnings)
