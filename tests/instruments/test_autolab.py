"""Autolab .dfr and .txt."""

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import autolab
from natrode.measurement import Column
from tests.instruments.text_files import AUTOLAB_DFR, AUTOLAB_NOVA, AUTOLAB_NOVA_DC, AUTOLAB_Z60W, sample, written


def test_columns_that_were_not_recorded_are_left_out() -> None:
    (record,) = autolab.read(written("z60w.txt", AUTOLAB_Z60W))
    assert Column.TIME not in record
    assert "Time is 0 in every row: not recorded, left out" in record.metadata.assumptions


def test_fra_file_changes_the_sign() -> None:
    (record,) = autolab.read(written("fra.dfr", AUTOLAB_DFR))
    assert record.array(Column.IMAGINARY_IMPEDANCE).tolist() == [-1.5, -6.75, -2.125, -0.5]
    assert any("sign of Im Z changed" in text for text in record.metadata.assumptions)
    assert record.metadata.settings["Footer"][3] == "13.07.2022 22:32:00"


def test_fra_file_that_lost_a_line_is_an_error() -> None:
    lines = AUTOLAB_DFR.split("\n")
    with pytest.raises(InstrumentFileError, match="expected"):
        autolab.read(written("fra.dfr", "\n".join(lines[:10] + lines[11:])))
    with pytest.raises(InstrumentFileError, match="announces 4 points"):
        autolab.read(written("fra.dfr", "\n".join(lines[:30])))


def test_unknown_fields_are_kept_under_their_number() -> None:
    (record,) = autolab.read(written("fra.dfr", AUTOLAB_DFR.replace(" 0.0\n", " 0.5\n")))
    assert record.array("Field 4 / 1").tolist() == [0.5] * 4


def test_nova_tables() -> None:
    (spectrum,) = autolab.read(written("nova.txt", AUTOLAB_NOVA))
    assert spectrum.array("Phase / deg")[0] == -5.0
    (transient,) = autolab.read(written("nova-dc.txt", AUTOLAB_NOVA_DC))
    assert transient.kind == "cycling"
    assert transient.array(Column.CURRENT).tolist() == [1.5e-6, 1.4e-6]
    with pytest.raises(InstrumentFileError, match="neither a spectrum"):
        autolab.read(written("nova-dc.txt", AUTOLAB_NOVA_DC.replace("Time (s)", "Potential applied (V)")
                             .replace("WE(1).Potential (V)", "Other (V)")))  # fmt: skip


def test_nova_export_in_a_code_page_without_omega() -> None:
    (plain,) = autolab.read(written("nova.txt", AUTOLAB_NOVA))
    (again,) = autolab.read(written("nova.txt", AUTOLAB_NOVA.replace("Ω", "?")))
    assert again.table.equals(plain.table)


def test_samples() -> None:
    (record,) = autolab.read(sample("autolab_txt/exampleDataAutolab.txt"))
    columns = [Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE]
    assert len(record.table) == 41
    assert record.table[columns].iloc[0].tolist() == [10000.0, 0.013785863964281, 0.007191946305823]
    assert record.table[columns].iloc[-1].tolist() == [0.1, 0.0345697771923854, -0.00390292888845954]
    (record,) = autolab.read(sample("autolab_dfr/data.dfr"))
    assert record.table.shape == (29, 3)
    assert record.table[columns].iloc[0].tolist() == [10000.0, 109.00918219439028, -26.55567987651522]
    assert record.table[columns].iloc[-1].tolist() == [1.0, 645.4787001504939, -90.61812830738303]
