"""EC-Lab's text without header, loop and settings files, RelaxIS exports: written by hand, and the real ones."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments.base import Format, Source
from natrode.instruments.eclab_text import FORMATS, read_mps
from natrode.measurement import Column, Measurement

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", Path(__file__).parents[2] / "../shared/samples"))
LILI = "symmetric_LiLi/jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA"
TABLE, RELAXIS, LOOP, SETTINGS = FORMATS


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not here (NATRODE_SAMPLES)")
    return path


def source(path: Path, **hints: object) -> Source:
    return Source(path, path.read_bytes(), hints)


def made(text: str, name: str = "cell.txt", **hints: object) -> Source:
    return Source(Path(name), text.encode("latin-1"), hints)


PLAIN = "time/s\tEwe/V\t\n" + "".join(f"{10 + i:.15E}\t{0.01 + i / 1e3:.7E}\n" for i in range(6))
MPS = (
    "EC-LAB SETTING FILE\n\nNumber of linked techniques : 3\n\nDevice : VSP\nElectrode surface area : 0.001 cm²\n\n"
    "Technique : 1\nGalvanostatic Cycling with Potential Limitation\n"
    "Ns                  0                   1                   \n"
    "Is                  0.000               0.400               \n"
    "unit Is             mA                  mA                  \n"
    "\nTechnique : 2\nGalvano Electrochemical Impedance Spectroscopy\nIa                  100.000             \n"
    "\nTechnique : 3\nLoop\ngoto Ne             1                   \nnt times            44                  \n"
)
SPECTRUM = (
    "RelaxIS 3.0 Spectrum export\nDate: 12/16/2025 2:29:15 PM\n"
    "Data: Frequency\tData: Z'\tData: Z''\tData: |Z|\tData: Theta (Z)\n"
    "DC=-0.08, TM=33.741076, J=-5E-6, FV2=1\tModel: Unassigned Spectra\t(WE/RE Spectrum) cell_C01.mpr_1\t\t\n"
    "1\t3\t-4\t5\t-53.13\n10\t6\t-8\t10\t-53.13\n"
)


@pytest.mark.parametrize(
    ("text", "format_"),
    [(PLAIN, TABLE), (SPECTRUM, RELAXIS), ("VMP EXPERIMENT LOOP INDEXES\n0\n9\n", LOOP), (MPS, SETTINGS)],
)
def test_recognised_by_content(text: str, format_: Format) -> None:
    certainty = {f.name: f.recognise(made(text)) for f in FORMATS}
    assert max(certainty, key=certainty.__getitem__) == format_.name
    assert sum(c > 0 for c in certainty.values()) == 1


def test_other_tables_are_not_claimed() -> None:
    for text in ("freq\tre\tim\n1\t2\t3\n", "time/s\n1\n", "Date\tEvent/s\n", "", "\x00\x01"):
        assert all(f.recognise(made(text)) == 0.0 for f in FORMATS), text


# ---- time and potential ----------------------------------------------------------------------------------
def test_time_and_potential_without_current() -> None:
    (record,) = TABLE.read(made(PLAIN))
    assert record.kind == "cycling"
    assert list(record.array(Column.TIME)) == [10, 11, 12, 13, 14, 15]
    assert record.array(Column.VOLTAGE) == pytest.approx(0.01 + np.arange(6) / 1e3)
    assert Column.CURRENT not in record
    assert record.metadata.technique == "unknown"
    assert record.metadata.started == "unknown"
    assert any("no current column" in w for w in record.metadata.warnings)


@pytest.mark.parametrize("said", ["0.4 mA", 4e-4, "400 uA"])
def test_the_users_word_on_the_current(said: object) -> None:
    (record,) = TABLE.read(made(PLAIN, current=said))
    assert record.array(Column.CURRENT) == pytest.approx(np.full(6, 4e-4))
    assert any("as the user says" in a for a in record.metadata.assumptions)
    assert not record.metadata.warnings


@pytest.mark.parametrize("said", ["0.4", "0.4 V", float("nan"), True, [1.0]])
def test_a_word_that_is_no_current(said: object) -> None:
    with pytest.raises(InstrumentFileError, match=r"cell.txt: the current that was given: .*current='0.4 mA'"):
        TABLE.read(made(PLAIN, current=said))


def test_spectrum_without_header() -> None:
    text = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\tcycle number\t\n" + "".join(
        f"{f}\t3.0\t4.0\t1.0\n" for f in (100.0, 10.0, 1.0)
    )
    (record,) = TABLE.read(made(text))
    assert record.kind == "impedance"
    assert list(record.impedance) == [3 - 4j] * 3


def test_loops_and_settings_beside_the_file(tmp_path: Path) -> None:
    data = tmp_path / "LiLi-1mA_01_GCPL_C05.txt"
    data.write_text(PLAIN)
    (tmp_path / "LiLi-1mA_01_GCPL_C05_LOOP.txt").write_text("VMP EXPERIMENT LOOP INDEXES\n0\n2\n4\n6\n")
    (tmp_path / "LiLi-1mA.mps").write_text(MPS, encoding="latin-1")
    (tmp_path / "another.mps").write_text("nothing")
    (record,) = TABLE.read(source(data))
    assert list(record.array("Loop Index / 1")) == [0, 0, 1, 1, 2, 2]
    assert record.metadata.technique == "GCPL"
    assert record.metadata.settings["Is"] == ["0.000", "0.400"]
    assert record.metadata.settings["settings file"] == "LiLi-1mA.mps"
    assert any("loops from LiLi-1mA_01_GCPL_C05_LOOP.txt" in a for a in record.metadata.assumptions)
    assert any("settings say 0.000 mA and 0.400 mA, the name says 1mA" in w for w in record.metadata.warnings)
    (record,) = TABLE.read(source(data, current="0.4 mA"))
    assert not record.metadata.warnings


@pytest.mark.parametrize(
    ("loop", "message"),
    [
        ("VMP EXPERIMENT LOOP INDEXES\n0\n99\n", "speaks of point 99, the file holds 6"),
        ("VMP EXPERIMENT LOOP INDEXES\n0\n4\n2\n", "not in order"),
        ("VMP EXPERIMENT LOOP INDEXES\n0\nx\n", "no count of points"),
        ("something else\n0\n", "does not begin with"),
    ],
)
def test_a_loop_file_that_does_not_fit_is_not_used(tmp_path: Path, loop: str, message: str) -> None:
    (tmp_path / "cell.txt").write_text(PLAIN)
    (tmp_path / "cell_LOOP.txt").write_text(loop)
    (record,) = TABLE.read(source(tmp_path / "cell.txt", current=0.0))
    assert "Loop Index / 1" not in record
    assert any(message in w for w in record.metadata.warnings)


def test_damage_and_unfinished_ends() -> None:
    with pytest.raises(InstrumentFileError, match=r"cell.txt: line 1: the file is empty"):
        TABLE.read(made(""))
    with pytest.raises(InstrumentFileError, match=r"cell.txt: line 4: 1 values where the header names 2 columns"):
        TABLE.read(made("time/s\tEwe/V\n0.0\t1.0\n1.0\t1.0\n2.0\n3.0\t1.0\n"))
    with pytest.raises(InstrumentFileError, match="rows"):
        TABLE.read(made("time/s\tEwe/V\t\n"))
    (record,) = TABLE.read(made(PLAIN[:-9], current=0.0))
    assert len(record.table) == 5
    assert any("breaks off" in w for w in record.metadata.warnings)


# ---- loops, settings, logs -------------------------------------------------------------------------------
def test_a_loop_file_says_what_it_is() -> None:
    with pytest.raises(InstrumentFileError, match=r"a_LOOP.txt: the whole file: EC-Lab's loop indexes .* a.txt; a.mpr"):
        LOOP.read(made("VMP EXPERIMENT LOOP INDEXES\n0\n9\n", "a_LOOP.txt"))
    with pytest.raises(InstrumentFileError, match="not in order"):
        LOOP.read(made("VMP EXPERIMENT LOOP INDEXES\n9\n0\n", "a_LOOP.txt"))


def test_settings_say_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "cell.mps"
    path.write_text(MPS, encoding="latin-1")
    with pytest.raises(
        InstrumentFileError, match=r"settings of 3 techniques \(GCPL, GEIS, LOOP to 1, 44 times\)"
    ) as caught:
        SETTINGS.read(source(path))
    assert "cell_01_GCPL_C01.mpr" in str(caught.value)
    (tmp_path / "cell_01_GCPL_C05.mpr").write_bytes(b"")
    with pytest.raises(InstrumentFileError, match=r"the data are in cell_01_GCPL_C05.mpr"):
        SETTINGS.read(source(path))
    with pytest.raises(InstrumentFileError, match=r"log of a run, without data; the data are in run.mpr"):
        SETTINGS.read(made("EC-Lab LOG FILE\n\nCyclic Voltammetry\n", "run.mpl"))


def test_settings_file_as_values() -> None:
    parsed = read_mps(MPS)
    assert parsed is not None
    assert parsed.common["Device"] == "VSP"
    assert [t["technique"] for t in parsed.techniques][2] == "Loop"
    assert read_mps("nothing") is None


# ---- RelaxIS ---------------------------------------------------------------------------------------------
def test_relaxis() -> None:
    (record,) = RELAXIS.read(made(SPECTRUM))
    assert list(record.impedance) == [3 - 4j, 6 - 8j]
    metadata = record.metadata
    assert metadata.title == "cell_C01.mpr_1"
    assert metadata.settings["electrode"] == "WE/RE"
    assert metadata.settings["TM"] == "33.741076"
    assert metadata.temperature == "unknown"
    assert Column.TEMPERATURE not in record
    assert "TM=33.741076 is named nowhere: it is not used as a temperature" in metadata.assumptions
    assert metadata.started == "unknown"
    assert metadata.settings["exported"] == "12/16/2025 2:29:15 PM"
    assert metadata.warnings == ()


def test_relaxis_with_a_last_number_that_may_be_cut() -> None:
    (record,) = RELAXIS.read(made(SPECTRUM[:-2]))
    assert len(record.table) == 1
    assert any("last line has no end" in w for w in record.metadata.warnings)


def test_relaxis_with_two_spectra_and_odd_signs() -> None:
    lines = SPECTRUM.strip().split("\n")
    two = [*lines[:2], *("\t".join((line, line)) for line in lines[2:])]
    first, second = RELAXIS.read(made("\n".join(two) + "\n"))
    assert first.table.equals(second.table)
    assert second.metadata.title == "cell_C01.mpr_1"
    (record,) = RELAXIS.read(made(SPECTRUM.replace("\t-4\t", "\t4\t")))
    assert any("opposite signs at 1 points" in w for w in record.metadata.warnings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SPECTRUM.replace("6\t-8", "6\tx"), "line 6, column Z''"),
        (SPECTRUM.replace("1\t3\t-4\t5\t-53.13\n", "1\t3\n"), "line 5: 2 values"),
        (SPECTRUM[: SPECTRUM.index("DC=")], "no line 'Data"),
        (SPECTRUM[: SPECTRUM.index("1\t3")], "no rows|no line"),
        (SPECTRUM.replace("\n10\t", "\n-10\t"), "line 6: a frequency is not above zero"),
        (SPECTRUM.replace("Data: Z''", "Data: Y''"), "no column Z''"),
        ("anything", "which is not how RelaxIS"),
    ],
)
def test_relaxis_damage(text: str, message: str) -> None:
    with pytest.raises(InstrumentFileError, match=f"cell.txt: .*(?:{message})"):
        RELAXIS.read(made(text))


# ---- mutations -------------------------------------------------------------------------------------------
def test_mutated_files_give_a_record_or_the_error() -> None:
    rng = random.Random(3)
    for text, format_ in (
        (PLAIN, TABLE),
        (SPECTRUM, RELAXIS),
        (MPS, SETTINGS),
        ("VMP EXPERIMENT LOOP INDEXES\n0\n9\n", LOOP),
    ):
        data = text.encode("latin-1")
        changed = [data[: len(data) * i // 50] for i in range(50)]
        for _ in range(150):
            flipped = bytearray(data)
            flipped[rng.randrange(len(data))] = rng.randrange(256)
            lines = data.split(b"\n")
            lines.pop(rng.randrange(len(lines)))
            changed += [bytes(flipped), b"\n".join(lines)]
        for one in changed:
            began, message = time.perf_counter(), "cell.txt"
            try:
                assert format_.read(Source(Path("cell.txt"), one, {"current": 0.0}))
            except InstrumentFileError as error:
                message = str(error)
            assert "cell.txt" in message
            assert time.perf_counter() - began < 2.0


# ---- the real files --------------------------------------------------------------------------------------
def test_the_symmetric_cells_export_with_its_loop_file() -> None:
    path = sample(f"{LILI}_03_GCPL_C05.txt")
    began = time.perf_counter()
    (record,) = TABLE.read(source(path))
    assert time.perf_counter() - began < 2.0
    assert (record.kind, record.metadata.technique, len(record.table)) == ("cycling", "GCPL", 76807)
    assert record.array("Loop Index / 1").max() == 44
    assert Column.CURRENT not in record
    assert any("0.400 mA, the name says 1mA: none is used" in w for w in record.metadata.warnings)
    (record,) = TABLE.read(source(path, current="0.4 mA"))
    seconds = record.array(Column.TIME)
    loop = record.array("Loop Index / 1")
    lasting = [np.ptp(seconds[loop == i]) for i in range(45)]
    assert np.median(lasting) == pytest.approx(3600.0, abs=2.0)  # one-hour steps


def test_settings_and_loops_of_the_symmetric_cell() -> None:
    with pytest.raises(InstrumentFileError, match=r"4 techniques \(GCPL, GEIS, GCPL, LOOP to 2, 44 times\)"):
        SETTINGS.read(source(sample(f"{LILI}.mps")))
    with pytest.raises(InstrumentFileError, match="loop indexes"):
        LOOP.read(source(sample(f"{LILI}_02_GEIS_C05_LOOP.txt")))


def spectrum_of(records: list[Measurement]) -> Measurement:
    (record,) = records
    return record


def test_the_same_spectrum_three_times() -> None:
    """Fact 8 of the laboratory: .mpr, .txt and RelaxIS hold one spectrum."""
    from natrode.instruments.biologic_mpr import FORMAT as BINARY
    from natrode.instruments.biologic_mpt import FORMAT as TEXT

    stem = "solid_state/PEIS_LPSCl_IonBlocking_-25C"
    relaxis = spectrum_of(RELAXIS.read(source(sample(f"{stem}_RelaxIS.txt"))))
    binary = spectrum_of(BINARY.read(source(sample(f"{stem}.mpr"))))
    text = spectrum_of(TEXT.read(source(sample(f"{stem}.txt"))))
    assert np.array_equal(relaxis.impedance[::-1], binary.impedance)
    assert np.array_equal(relaxis.array(Column.FREQUENCY)[::-1], binary.array(Column.FREQUENCY))
    assert np.abs(text.impedance / binary.impedance - 1).max() < 1e-7
    assert "TM=33.741076 is named nowhere: it is not used as a temperature" in relaxis.metadata.assumptions
    assert relaxis.metadata.temperature == "unknown"
