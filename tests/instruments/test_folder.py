"""What is in a folder: a line for each file, with what is missing and what is odd."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments import folder
from natrode.instruments.folder import FileInfo, info, table
from tests.instruments import made_cells as cells
from tests.instruments import table_files as tables
from tests.instruments.text_files import CHI_EIS, SAMPLES, ZPLOT, sample


def by_name(infos: list[FileInfo]) -> dict[str, FileInfo]:
    return {item.file: item for item in infos}


def test_a_line_for_each_file(tmp_path: Path) -> None:
    (tmp_path / "eis").mkdir()
    (tmp_path / "eis" / "a.txt").write_text(CHI_EIS)
    (tmp_path / "eis" / "b.z").write_text(ZPLOT)
    (tmp_path / "cell_1mA.csv").write_text(tables.cycling_csv())
    (tmp_path / "letter.txt").write_text("Dear colleague\n")
    (tmp_path / "figure.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden").write_text("x")
    found = info(tmp_path)
    assert [item.file for item in found] == ["cell_1mA.csv", "eis/a.txt", "eis/b.z", "letter.txt"]
    known = by_name(found)
    assert known["cell_1mA.csv"].what == "cycling, 39 min, up to 0.5 mA, 2 cycles"
    assert known["cell_1mA.csv"].missing[:2] == ("area", "thickness")
    assert "the name says 1mA, the measured current is 0.5 mA: the measured one counts" in known["cell_1mA.csv"].odd
    assert known["eis/b.z"].odd[-1].startswith("declared area 1 cm2 is the instrument's default, not used")
    assert "no format that natrode knows" in known["letter.txt"].error
    text = table(found)
    assert len(text.split("\n")) == 5
    assert text.endswith("4 files, 3 read, 1 not")
    document = json.loads(json.dumps([item.to_json() for item in found]))
    assert document[0]["started"] is None
    assert document[0]["missing"][-2:] == ["start", "sign of current"]


def test_one_file_and_none(tmp_path: Path) -> None:
    (tmp_path / "b.z").write_text(ZPLOT)
    (found,) = info(tmp_path / "b.z", area="1 cm2", thickness="1 mm", temperature="25 degC")
    assert found.missing == ("interfaces in series", "pressure")
    with pytest.raises(InstrumentFileError, match="no such file or folder"):
        info(tmp_path / "nowhere")


def test_three_electrode_spectra_say_whose_they_are(tmp_path: Path) -> None:
    columns = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\ttime/s\t<Ewe>/V\tRe(Zce)/Ohm\t-Im(Zce)/Ohm\n"
    rows = "".join(f"{10.0**-i}\t3.0\t4.0\t{i}.0\t0.5\t1.0\t2.0\n" for i in range(5))
    head = "EC-Lab ASCII FILE\nNb header lines : 4\nPotentio Electrochemical Impedance Spectroscopy\n"
    (tmp_path / "a.mpt").write_text(head + columns + rows)
    (found,) = info(tmp_path)
    assert found.what.startswith("impedance (PEIS) of working (Ewe), 1 spectrum of 5 points")
    assert "impedance (PEIS) of counter (Ece), 1 spectrum of 5 points" in found.what


def test_one_sided_tests_and_short_spectra_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.mpt").write_bytes(cells.cp(cells.START, 0, 600, -1.0))
    (tmp_path / "b.z").write_text(ZPLOT)
    found = by_name(info(tmp_path))
    assert "no sign change: one-sided, reduction only" in found["a.mpt"].odd
    assert any(text.startswith("4 points over") for text in found["b.z"].odd)


def test_a_temperature_in_the_name_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "cell_-25C.z").write_text(ZPLOT)
    (found,) = info(tmp_path)
    assert "temperature" in found.missing
    assert "the name says -25 C: not confirmed, not used" in found.odd


def test_simulations_are_marked(tmp_path: Path) -> None:
    cells.simulated().to_parquet(tmp_path / "a.parquet")
    (found,) = info(tmp_path)
    assert found.simulated
    assert "SIMULATED" in found.line()


def test_the_same_run_is_recognised_in_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a.mpt").write_bytes(cells.peis(cells.START, 0.0))
    (tmp_path / "b.csv").write_text(tables.spectrum_csv())
    (tmp_path / "c.csv").write_text("\n".join(reversed(tables.spectrum_csv(head="").strip().split("\n"))) + "\n")
    (tmp_path / "other.mpt").write_bytes(cells.peis(cells.START, 0.0, shift=3.0))
    found = by_name(info(tmp_path))
    assert found["a.mpt"].same_as == ("b.csv", "c.csv")
    assert found["other.mpt"].same_as == ()


def test_an_earlier_copy_of_a_run_is_recognised(tmp_path: Path) -> None:
    whole = cells.cp(cells.START, 0, 36000, 1.0)
    (tmp_path / "a.mpt").write_bytes(whole)
    (tmp_path / "monday.mpt").write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    found = by_name(info(tmp_path))
    assert found["a.mpt"].same_as == ("monday.mpt (which holds less)",)
    assert found["monday.mpt"].same_as == ("a.mpt (which holds more)",)


def test_repeated_runs_are_not_copies(tmp_path: Path) -> None:
    for day in range(2):
        start = cells.START + timedelta(days=day, minutes=7)
        (tmp_path / f"day{day}.mpt").write_bytes(cells.cp(start, 0, 3600, 1.0))
    assert all(item.same_as == () for item in info(tmp_path))


def test_rests_of_two_cells_are_not_copies(tmp_path: Path) -> None:
    text = "time/s,Ewe/V\n" + "".join(f"{i},0.0002\n" for i in range(50))
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv").write_text(text.replace("\n49,", "\n49.5,"))
    assert all(item.same_as == () for item in info(tmp_path))


def test_cycles_are_counted_from_the_sign() -> None:
    signs = folder.signs_of_current([0, 1, 1, -1, 0, -1, 1, 1e-5, 1, -1])
    assert signs.tolist() == [0, 1, 1, -1, 0, -1, 1, 0, 1, -1]
    assert folder.count_cycles(signs).tolist() == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2]
    assert folder.count_cycles(folder.signs_of_current([0.0, 0.0])).tolist() == [1, 1]


# ---- samples ---------------------------------------------------------------------------------------------
def test_the_three_files_of_a_sample_are_one_spectrum() -> None:
    place = sample("solid_state/sample_info.txt").path.parent
    found = by_name(info(place))
    three = [name for name in found if name.startswith("PEIS_LPSCl")]
    assert len(three) == 3
    for name in three:
        assert set(found[name].same_as) == set(three) - {name}
        assert "temperature" in found[name].missing
        assert "the name says -25 C: not confirmed, not used" in found[name].odd
    assert found["CP_SSB.txt"].same_as == ("CP_SSB.mpr",)


def test_the_traps_of_the_symmetric_sample() -> None:
    place = sample("symmetric_LiLi").path if (SAMPLES / "symmetric_LiLi").is_file() else SAMPLES / "symmetric_LiLi"
    if not place.is_dir():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    found = {name.split("mA")[-1]: item for name, item in by_name(info(place)).items()}
    assert any("name says 1mA, the measured current is 0.3997 mA" in text for text in found["_01_GCPL_C05.mpr"].odd)
    assert any("no sign change: one-sided" in text for text in found["_01_GCPL_C05.mpr"].odd)
    assert any("9 points over 2.8 decades" in text for text in found["_02_GEIS_C05.mpr"].odd)
    assert "current" in found["_03_GCPL_C05.txt"].missing


def test_uncalibrated_impedance_is_told() -> None:
    (found,) = info(sample("versastudio_par/exampleDataVersaStudio.par").path)
    assert any("un-calibrated" in text for text in found.odd)


def test_all_samples_are_read_or_named(tmp_path: Path) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the samples are not here (NATRODE_SAMPLES)")
    found = info(SAMPLES)
    unread = {item.file.split("/")[-1]: item.error for item in found if item.error}
    assert all("without data" in e for n, e in unread.items() if n != "sample_info.txt"), unread
    assert len(found) >= 82
