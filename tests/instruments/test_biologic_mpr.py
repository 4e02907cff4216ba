"""EC-Lab binary files: written here module by module from the format's description, and the real ones.

Where the vendor's text export of the same run is in the samples, each column of the table equals it to its digits.
"""

import os
import random
import struct
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from natrode.errors import InstrumentFileError
from natrode.instruments.base import Source
from natrode.instruments.biologic_mpr import COLUMNS, FLAGS, FORMAT
from natrode.measurement import Column, Measurement

SAMPLES = Path(os.environ.get("NATRODE_SAMPLES", Path(__file__).parents[2] / "../shared/samples"))
TITLE = b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + bytes(4)
START = 45429.58972166666
"""2024-05-17 14:09:11.952 as days since 1899-12-30."""


def sample(name: str) -> Path:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"the sample file {name} is not here (NATRODE_SAMPLES)")
    return path


def read(data: bytes, name: str = "cell.mpr", **hints: object) -> list[Measurement]:
    return FORMAT.read(Source(Path(name), data, hints))


# ---- a writer, from the format's description -------------------------------------------------------------
def module(
    name: str, data: bytes, *, version: int | None = None, recent: bool = True, length: int | None = None
) -> bytes:
    """One module with its head: of EC-Lab 11.50 and later, or of earlier ones."""
    size = len(data) if length is None else length
    head = b"MODULE" + name.encode().ljust(10) + f"{name} long name".encode().ljust(25)
    if recent:
        return head + struct.pack("<IIII", 0xFFFFFFFF, size, 0, 11 if version is None else version) + b"05/17/24" + data
    return head + struct.pack("<II", size, 3 if version is None else version) + b"05/17/24" + data


def settings(technique: int = 0x1D, *, recent: bool = True, parameters: bytes = b"", area: float = 0.001) -> bytes:
    """The settings module's bytes: technique, comment, declarations, parameters."""
    data = bytearray(0x1B00)
    data[0:3] = bytes((technique, 0, 8 if recent else 7))
    data[0x07:0x0D] = b"\x05hello"
    struct.pack_into("<f", data, 0x107, 7.826)
    struct.pack_into("<f", data, 0x211, area)
    struct.pack_into("<fBB", data, 0x24C, 1.5, 2, 2)
    data[0x215:0x219] = b"\x03SCE"
    place = 0x1847 if recent else 0x1845
    data[place : place + len(parameters)] = parameters
    return bytes(data)


def log(start: float = START) -> bytes:
    """The log module's bytes: channel, start, versions."""
    data = bytearray(0x1000)
    data[9] = 7
    struct.pack_into("<d", data, 0x249, start)
    data[0x251:0x25A] = b"\x08cell.mpr"
    data[0x3B7:0x3BD] = b"\x0511.50"
    return bytes(data)


def loops(*starts: int) -> bytes:
    return struct.pack(f"<I{len(starts)}I", len(starts), *starts).ljust(260, b"\0")


def data_module(
    ids: list[int],
    rows: list[tuple[object, ...]],
    *,
    layout: str = "recent",
    points: int | None = None,
    extra: dict[int, str] | None = None,
) -> bytes:
    """The data module's bytes: points, columns and their numbers, and one record per point."""
    types = {number: kind.lstrip("<") for number, (_, kind) in COLUMNS.items()} | (extra or {})
    letters = {"f8": "d", "f4": "f", "u2": "H", "u4": "I", "u1": "B"}
    form, flagged = "<", False
    for number in ids:
        if number in FLAGS:
            form += "" if flagged else "B"
            flagged = True
        else:
            form += letters[types[number]]
    count = len(rows) if points is None else points
    if layout == "recent":
        head = struct.pack(f"<IH{len(ids)}H", count, len(ids), *ids).ljust(1007, b"\0")
    elif layout == "0":
        head = struct.pack(f"<IB{len(ids)}B", count, len(ids), *ids).ljust(100, b"\0")
    else:
        head = struct.pack(f"<IB{len(ids)}H", count, len(ids), *ids).ljust(405 + (layout == "3"), b"\0")
    return head + b"".join(struct.pack(form, *row) for row in rows)


EIS = [32, 37, 38, 4, 77, 76, 24, 131]
EIS_ROWS: list[tuple[object, ...]] = [(10.0 ** (4 - i), 10.0 + i, 2.0 + i, 1.0 + i, 3.5, 0.5, 1.0, 0) for i in range(5)]
CP = [1, 2, 3, 21, 31, 65, 131, 4, 20, 6, 8]
CP_ROWS: list[tuple[object, ...]] = [(0b10010101, 1, 0.25 * i, 1.0, 3.0 + i / 8, 1.0) for i in range(4)]


def mpr(data: bytes, technique: int = 0x1D, *, recent: bool = True, version: int | None = None, **more: bytes) -> bytes:
    """A whole file."""
    parts = [TITLE, module("VMP Set", settings(technique, recent=recent), recent=recent)]
    parts.append(module("VMP data", data, recent=recent, version=version))
    parts.append(module("VMP LOG", more.get("log", log()), recent=recent))
    if "loop" in more:
        parts.append(module("VMP loop", more["loop"], recent=recent))
    return b"".join(parts)


# ---- what is read ----------------------------------------------------------------------------------------
def test_recognised_by_content() -> None:
    assert FORMAT.recognise(Source(Path("a.bin"), mpr(data_module(EIS, EIS_ROWS)))) == 1.0
    assert FORMAT.recognise(Source(Path("a.mpr"), b"EC-Lab ASCII FILE")) == 0.0
    assert FORMAT.recognise(Source(Path("a.mpr"), b"")) == 0.0


def test_spectrum() -> None:
    (record,) = read(mpr(data_module(EIS, EIS_ROWS)))
    assert (record.kind, record.metadata.technique) == ("impedance", "PEIS")
    assert list(record.array(Column.FREQUENCY)) == [1e4, 1e3, 1e2, 1e1, 1.0]
    assert list(record.array(Column.IMAGINARY_IMPEDANCE)) == [-2.0, -3.0, -4.0, -5.0, -6.0]
    assert list(record.array(Column.DC_CURRENT)) == [5e-4] * 5
    metadata = record.metadata
    assert metadata.started == "2024-05-17T14:09:11.952"
    assert metadata.settings["channel"] == 8
    assert metadata.settings["Comments"] == "hello"
    assert metadata.settings["Reference electrode"] == "SCE"
    assert metadata.settings["Characteristic mass"] == "1.5 mg"
    assert metadata.geometry.declared == {"area": 1e-7, "characteristic_mass": 1.5e-6, "active_mass": 7.826e-6}
    assert "declared area 0.001 cm2 is EC-Lab's default, not used" in metadata.assumptions
    assert metadata.warnings == ()
    assert metadata.origin.instrument == "BioLogic (software 11.50)"


@pytest.mark.parametrize(("layout", "version"), [("0", 0), ("2", 2), ("3", 3)])
def test_layouts_before_11_50(layout: str, version: int) -> None:
    (new,) = read(mpr(data_module(EIS, EIS_ROWS)))
    (old,) = read(mpr(data_module(EIS, EIS_ROWS, layout=layout), recent=False, version=version))
    assert old.table.equals(new.table)
    assert old.metadata.started == new.metadata.started


def test_flags_are_bits_of_one_byte() -> None:
    (record,) = read(mpr(data_module(CP, CP_ROWS), 0x19))
    assert record.kind == "cycling"
    for title, value in (
        ("Control Mode / 1", 1),
        ("Oxidation / 1", 1),
        ("Error / 1", 0),
        ("Control Changed / 1", 1),
        ("Step Changed / 1", 0),
        ("Counter Incremented / 1", 1),
        (Column.STEP, 1),
    ):
        assert list(record.array(title)) == [value] * 4, title
    assert list(record.array(Column.TIME)) == [0.0, 0.25, 0.5, 0.75]
    assert list(record.array("Control Current / A")) == [1e-3] * 4
    assert list(record.array(Column.CURRENT)) == [1e-3] * 4
    assert record.array(Column.VOLTAGE)[1] == 3.125


def test_the_place_of_the_flags_is_that_of_the_first() -> None:
    (record,) = read(mpr(data_module([4, 3, 174, 1], [(1.0, 0b1011, 2.5), (2.0, 0b11, 2.75)]), 0x0B))
    assert list(record.array("Error / 1")) == [1, 0]
    assert list(record.array("Control Mode / 1")) == [3, 3]
    assert list(record.array(Column.VOLTAGE)) == [2.5, 2.75]
    assert list(record.array(Column.CURRENT)) == [0.0, 0.0]


def test_mean_voltage_and_phase_between_electrodes_stay_apart() -> None:
    """Numbers 174 and 430 have the same low byte: one is the mean voltage, the other the phase of Zwe-ce."""
    ids = [32, 37, 38, 4, 174, 471, 430, 432, 433, 100, 101]
    rows: list[tuple[object, ...]] = [
        (1e3 / (i + 1), 1.0, 2.0, float(i), 0.5, -0.25, 60.0, 3.0, 4.0, 2.0, 2.0) for i in range(3)
    ]
    working, counter, cell = read(mpr(data_module(ids, rows)))
    assert list(working.array(Column.VOLTAGE)) == [0.5] * 3
    assert list(counter.array(Column.VOLTAGE)) == [-0.25] * 3
    assert list(cell.array(Column.VOLTAGE)) == [0.75] * 3
    assert [r.impedance[0] for r in (working, counter, cell)] == [1 - 2j, 2 - 2j, 3 - 4j]
    assert list(cell.array("Phase / deg")) == [60.0] * 3
    assert [r.metadata.settings["electrode"] for r in (working, counter, cell)] == [
        "working (Ewe)",
        "counter (Ece)",
        "cell (Ewe-Ece)",
    ]


def test_gcpl_without_current_column() -> None:
    ids = [1, 131, 4, 7, 13, 5, 6, 468]
    rows: list[tuple[object, ...]] = [
        (3, 0, 0.0, 0.0, 0.0, 0.0, 1.0, 0),
        (1, 1, 3.6, 0.001, 0.001, 1.0, 1.1, 0),
        (1, 2, 7.2, -0.002, -0.001, -2.0, 1.0, 3),
    ]
    (record,) = read(mpr(data_module(ids, rows), 0x04))
    assert record.array(Column.CURRENT) == pytest.approx([0.0, 1e-3, -2e-3])
    assert list(record.array(Column.CYCLE)) == [0, 0, 1]
    assert record.array("Control Current / A")[1:] == pytest.approx([1e-3, -2e-3])
    assert record.array(Column.CHARGE) == pytest.approx([0.0, 3.6e-3, -3.6e-3])


def test_loops_divide_spectra_and_carry_charge_on() -> None:
    rows = EIS_ROWS * 2
    (record,) = read(mpr(data_module(EIS, rows), loop=loops(0, 5, 10)))
    assert list(record.array(Column.SPECTRUM)) == [0] * 5 + [1] * 5
    assert list(record.array("Loop Index / 1")) == [0] * 5 + [1] * 5
    charge: list[tuple[object, ...]] = [(float(i), 1.0, 1.0, [0.0, 1.0, 2.0, 0.0, 1.0][i]) for i in range(5)]
    (record,) = read(mpr(data_module([4, 6, 8, 434], charge), 0x19, loop=loops(0, 3, 5)))
    assert list(record.array(Column.CHARGE)) == [0.0, 1.0, 2.0, 2.0, 3.0]
    (record,) = read(mpr(data_module(EIS, rows), loop=loops(0, 5, 99)))
    assert any("loops begin" in w for w in record.metadata.warnings)


def test_parameters_of_a_technique() -> None:
    fields = [
        ("<f", 8.4),
        ("B", 2),
        ("<I", 2),
        ("<f", 10.0),
        ("<f", float("nan")),
        ("<f", 23.333),
        ("B", 3),
        ("B", 0),
        ("<f", 0.0),
        ("<f", 0.001),
        ("<f", 0.0),
        ("<f", 5.0),
        ("B", 40),
        ("B", 8),
        ("<I", 0),
        ("<I", 0),
    ]
    one = b"".join(struct.pack(form, value) for form, value in fields)
    parameters = struct.pack("<HH", 2, 16) + one + one
    parts = [TITLE, module("VMP Set", settings(0x19, parameters=parameters))]
    parts += [module("VMP data", data_module(CP, CP_ROWS)), module("VMP LOG", log())]
    (record,) = read(b"".join(parts))
    said = record.metadata.settings
    assert said["Is"] == [8.4, 8.4]
    assert said["unit Is"] == ["µA", "µA"]
    assert said["EM (V)"] == ["pass", "pass"]
    assert said["unit dQM"] == ["nA.h", "nA.h"]
    assert said["I Range"] == ["code 41", "code 41"]


def test_unknown_technique_is_named() -> None:
    (record,) = read(mpr(data_module(CP, CP_ROWS), 0xEE))
    assert record.metadata.technique == "unknown technique 0xee"
    assert record.kind == "cycling"


# ---- unknown columns -------------------------------------------------------------------------------------
def test_an_unknown_column_with_one_place_is_kept_as_bytes() -> None:
    rows: list[tuple[object, ...]] = [(float(i), 1.5, 2.0 + i, 0.5) for i in range(3)]
    (record,) = read(mpr(data_module([4, 999, 6, 8], rows, extra={999: "f4"}), 0x19))
    assert list(record.table["unknown column 999"]) == ["0x" + struct.pack("<f", 1.5).hex()] * 3
    assert list(record.array(Column.VOLTAGE)) == [2.0, 3.0, 4.0]
    assert any("unknown column 999: 4 bytes per point" in w for w in record.metadata.warnings)


def test_neighbouring_unknown_columns_are_one_block() -> None:
    rows: list[tuple[object, ...]] = [(float(i), 1.5, 7, 2.0, 0.5) for i in range(3)]
    (record,) = read(mpr(data_module([4, 998, 999, 6, 8], rows, extra={998: "f8", 999: "u2"}), 0x19))
    assert "unknown column 998, 999" in record.table.columns
    assert list(record.array(Column.VOLTAGE)) == [2.0] * 3
    assert list(record.array(Column.CURRENT)) == [5e-4] * 3


def test_unknown_columns_whose_places_are_uncertain_are_refused() -> None:
    rows: list[tuple[object, ...]] = [(float(i), 1.5, 2.0, 7.0, 0.5) for i in range(3)]
    with pytest.raises(InstrumentFileError, match=r"unknown column 998, 999: 12 bytes per point are left"):
        read(mpr(data_module([4, 998, 6, 999, 8], rows, extra={998: "f4", 999: "f8"}), 0x19))


def test_known_columns_that_do_not_fill_the_record_are_refused() -> None:
    data = data_module([4, 6, 8], [(0.0, 1.0, 1.0), (1.0, 1.0, 1.0)]) + bytes(4)
    with pytest.raises(InstrumentFileError, match=r"columns 4, 6, 8 take 16 bytes per point, the file has 18"):
        read(mpr(data))


# ---- damage ----------------------------------------------------------------------------------------------
def test_cut_within_the_data_gives_what_is_there_and_a_warning() -> None:
    whole = mpr(data_module(CP, CP_ROWS), 0x19)
    end = whole.index(b"MODULEVMP LOG")
    (record,) = read(whole[: end - 30])
    assert len(record.table) == 2
    assert any("announces 4 points and holds 2" in w for w in record.metadata.warnings)
    assert record.metadata.started == "2024-05-17"
    assert any("only its day is known" in w for w in record.metadata.warnings)
    (record,) = read(whole[:end])
    assert len(record.table) == 4


@pytest.mark.parametrize("kept", [20, 60, 100, 600])
def test_cut_behind_the_data_gives_all_points_and_a_warning(kept: int) -> None:
    whole = mpr(data_module(CP, CP_ROWS), 0x19)
    (record,) = read(whole[: whole.index(b"MODULEVMP LOG") + kept])
    assert len(record.table) == len(CP_ROWS)
    assert any("ends behind its data" in w for w in record.metadata.warnings)
    assert record.metadata.started.startswith("2024-05-17")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: b"", r"byte 0: the file is empty"),
        (lambda d: b"EC-Lab ASCII FILE\nNb header lines : 3\n", r"byte 0: read .* EC-Lab text"),
        (lambda d: d[:40], r"no settings module"),
        (lambda d: d[:200], r"module 'VMP Set' announces 6912 bytes, 83 follow"),
        (lambda d: d[:80], r"ends within a module's head"),
        (lambda d: d[: d.index(b"MODULEVMP data")], r"no data module; the modules are VMP Set"),
        (lambda d: d[: d.index(b"MODULEVMP data") + 500], r"ends within the list of columns"),
        (lambda d: d.replace(b"MODULEVMP data", b"MODULAVMP data"), r"where a module should begin"),
        (
            lambda d: d[: d.index(b"MODULEVMP data") + 1200] + d[d.index(b"MODULEVMP LOG") - 7 :],
            r"another module begins",
        ),
    ],
)
def test_damage_is_named_with_its_place(change, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InstrumentFileError, match=f"cell.mpr: .*{message}"):
        read(change(mpr(data_module(CP, CP_ROWS * 20), 0x19)))


def test_counts_that_contradict_are_refused() -> None:
    for points in (3, 5, 0):
        with pytest.raises(InstrumentFileError, match=f"{points} points"):
            read(mpr(data_module(CP, CP_ROWS, points=points), 0x19))
    with pytest.raises(InstrumentFileError, match="data module of version 7"):
        read(mpr(data_module(CP, CP_ROWS, layout="3"), 0x19, recent=False, version=7))


def test_numbers_that_cannot_be_are_refused() -> None:
    rows = [*CP_ROWS, (1, 1, float("nan"), 1.0, 3.0, 1.0)]
    with pytest.raises(InstrumentFileError, match="point 5, column time/s: read nan"):
        read(mpr(data_module(CP, rows), 0x19))


def test_room_taken_in_advance_is_no_module() -> None:
    (record,) = read(mpr(data_module(CP, CP_ROWS), 0x19) + bytes(512))
    assert len(record.table) == 4


def mutations(data: bytes, count: int, seed: int) -> list[bytes]:
    """Cut at every fiftieth, bytes flipped (the head of the data too), stretches removed or put in."""
    rng = random.Random(seed)
    found = [data[: len(data) * i // 50] for i in range(50)]
    begin = data.find(b"MODULEVMP data")
    for _ in range(count):
        for low, high in ((0, len(data)), (begin, begin + 200)):
            flipped = bytearray(data)
            for _ in range(rng.choice((1, 1, 5))):
                flipped[rng.randrange(low, high)] = rng.randrange(256)
            found.append(bytes(flipped))
        first, second = sorted((rng.randrange(len(data)), rng.randrange(len(data))))
        found += [
            data[:first] + data[second:],
            data[:first] + bytes(rng.randrange(256) for _ in range(9)) + data[first:],
        ]
    return found


def assert_record_or_error(data: bytes, name: str) -> None:
    began, message = time.process_time(), name
    try:
        assert read(data, name, current=0.0)
    except InstrumentFileError as error:
        message = str(error)
    assert name in message
    assert time.process_time() - began < 2.0


def test_mutated_files_give_a_record_or_the_error() -> None:
    for whole in (
        mpr(data_module(CP, CP_ROWS * 10), 0x19),
        mpr(data_module(EIS, EIS_ROWS * 2), loop=loops(0, 5, 10)),
        mpr(data_module(EIS, EIS_ROWS, layout="3"), recent=False),
    ):
        for data in mutations(whole, 50, seed=1):
            assert_record_or_error(data, "cell.mpr")


def test_mutated_samples_give_a_record_or_the_error() -> None:
    for name in ("biologic_mpr/mb.issue_149.mpr", "biologic_mpr/peis.issue_225.ewe_ece.mpr", "biologic_mpr/cp.mpr"):
        for data in mutations(sample(name).read_bytes(), 15, seed=2):
            assert_record_or_error(data, Path(name).name)


# ---- the real files --------------------------------------------------------------------------------------
LILI = "symmetric_LiLi/jr862_11_08_23_insitu-impedance-LiLi_1MLiTFSI_TEGDME-1mA"


@pytest.mark.parametrize(
    ("name", "kinds", "technique", "started", "points", "spectra"),
    [
        ("biologic_mpr/MB-0.mpr", ["cycling"], "MB", "2026-04-13T10:08:08.230", [2], 0),
        ("biologic_mpr/PEIS-0.mpr", ["impedance"], "PEIS", "2024-10-31T12:39:27.989", [60], 1),
        ("biologic_mpr/cp.mpr", ["cycling"], "CP", "2021-03-02T16:17:59", [121], 0),
        ("biologic_mpr/geis.issue_149.mpr", ["impedance"], "GEIS", "2024-01-10T11:02:29.886", [84], 4),
        ("biologic_mpr/lsv.mpr", ["sweep"], "LSV", "2021-03-02T15:46:03", [1186], 0),
        ("biologic_mpr/mb.issue_149.mpr", ["cycling", "impedance"], "MB", "2024-01-10T11:02:29.886", [356, 208], 16),
        ("biologic_mpr/ocv.issue_149.mpr", ["cycling"], "OCV", "2024-01-10T11:02:29.886", [43], 0),
        ("biologic_mpr/peis.issue_149.mpr", ["impedance"], "PEIS", "2024-01-10T11:02:29.886", [84], 4),
        ("biologic_mpr/peis.issue_225.ewe_ece.mpr", ["impedance"] * 3, "PEIS", "2025-08-01T11:43:59.820", [32] * 3, 1),
        ("solid_state/CP_SSB.mpr", ["cycling"], "CP", "2024-05-17T14:09:11.952", [30208], 0),
        ("solid_state/PEIS_LPSCl_IonBlocking_-25C.mpr", ["impedance"], "PEIS", "2025-05-15T01:18:45.867", [79], 1),
        ("solid_state/PEIS_SSB.mpr", ["impedance"], "PEIS", "2025-04-14T12:01:05.290", [89], 1),
        (f"{LILI}-prerun_C05.mpr", ["impedance"], "GEIS", "2023-08-11T12:33:57", [15], 1),
        (f"{LILI}_01_GCPL_C05.mpr", ["cycling"], "GCPL", "2023-08-11T12:40:15", [109], 0),
        (f"{LILI}_02_GEIS_C05.mpr", ["impedance"], "GEIS", "2023-08-11T12:40:15", [405], 45),
    ],
)
def test_samples(name: str, kinds: list[str], technique: str, started: str, points: list[int], spectra: int) -> None:
    began = time.process_time()
    records = read(sample(name).read_bytes(), Path(name).name)
    assert time.process_time() - began < 2.0
    assert [r.kind for r in records] == kinds
    assert [len(r.table) for r in records] == points
    for record in records:
        assert (record.metadata.technique, record.metadata.started) == (technique, started)
        if record.kind == "impedance":
            assert len(record.spectra()) == spectra
            assert np.sum(record.array(Column.IMAGINARY_IMPEDANCE) < 0) > 0.7 * len(record.table)


def exported(path: Path) -> pd.DataFrame:
    """The vendor's text export of a run, read without natrode."""
    text = path.read_bytes().decode("latin-1")
    count = int(text.split("\n")[1].split(":")[1])
    head = text.split("\n")[count - 1].rstrip("\r").removesuffix("\t").split("\t")
    body = "\n".join(text.split("\n")[count:])
    if "," in body[:200]:
        body = body.replace(",", ".")
    rows = [line.rstrip("\r\t").split("\t") for line in body.strip().split("\n")]
    return pd.DataFrame([[float(cell) for cell in row] for row in rows], columns=head)


CYCLING_TITLES: dict[str, tuple[str, float]] = {
    "mode": ("Control Mode / 1", 1),
    "ox/red": ("Oxidation / 1", 1),
    "error": ("Error / 1", 1),
    "control changes": ("Control Changed / 1", 1),
    "Ns changes": ("Step Changed / 1", 1),
    "counter inc.": ("Counter Incremented / 1", 1),
    "I Range": ("Current Range / 1", 1),
    "Ns": (Column.STEP, 1),
    "time/s": (Column.TIME, 1),
    "Ewe/V": (Column.VOLTAGE, 1),
    "<Ewe>/V": (Column.VOLTAGE, 1),
    "<Ewe/V>": (Column.VOLTAGE, 1),
    "I/mA": (Column.CURRENT, 1e-3),
    "<I>/mA": (Column.CURRENT, 1e-3),
    "control/mA": ("Control Current / A", 1e-3),
    "control/V": ("Control Voltage / V", 1),
    "dQ/C": ("Step Charge / C", 1),
    "(Q-Qo)/C": (Column.CHARGE, 1),
    "half cycle": ("Half Cycle / 1", 1),
    "Q charge/discharge/mA.h": ("Half Cycle Charge / C", 3.6),
    "<Ece>/V": ("Counter Electrode Voltage / V", 1),
    "cycle number": (Column.CYCLE, 1),
}
IMPEDANCE_TITLES: dict[str, tuple[str, float]] = {
    "freq/Hz": (Column.FREQUENCY, 1),
    "Re(Z)/Ohm": (Column.REAL_IMPEDANCE, 1),
    "-Im(Z)/Ohm": (Column.IMAGINARY_IMPEDANCE, -1),
    "|Z|/Ohm": ("Absolute Impedance / ohm", 1),
    "Phase(Z)/deg": ("Phase / deg", 1),
    "time/s": (Column.TIME, 1),
    "<Ewe>/V": (Column.VOLTAGE, 1),
    "<I>/mA": (Column.DC_CURRENT, 1e-3),
    "Cs/µF": ("Cs / F", 1e-6),
    "Cp/µF": ("Cp / F", 1e-6),
    "cycle number": ("Cycle Number / 1", 1),
    "|Ewe|/V": ("Voltage Amplitude / V", 1),
    "|I|/A": ("Current Amplitude / A", 1),
    "Ns": (Column.STEP, 1),
    "I Range": ("Current Range / 1", 1),
    "(Q-Qo)/mA.h": ("Technique Charge / C", 3.6),
    "Pwe/W": ("Power / W", 1),
    "THD Ewe/%": ("THD Ewe / %", 1),
    "NSD Ewe/%": ("NSD Ewe / %", 1),
    "NSR Ewe/%": ("NSR Ewe / %", 1),
    "THD I/%": ("THD I / %", 1),
    "NSD I/%": ("NSD I / %", 1),
    "NSR I/%": ("NSR I / %", 1),
    **{f"|Ewe h{i}|/V": (f"|Ewe h{i}| / V", 1) for i in range(2, 8)},
    **{f"|I h{i}|/A": (f"|I h{i}| / A", 1) for i in range(2, 8)},
}
QUALITY = ("THD", "NSD", "NSR", "|Ewe h", "|I h")


@pytest.mark.parametrize(
    ("binary", "text", "least"),
    [
        ("biologic_mpr/cp.mpr", "biologic_mpt/cp.mpt", 17),
        ("biologic_mpr/lsv.mpr", "biologic_mpt/lsv.mpt", 11),
        ("biologic_mpr/ocv.issue_149.mpr", "biologic_mpt/ocv.issue_149.mpt", 4),
        ("biologic_mpr/peis.issue_149.mpr", "biologic_mpt/peis.issue_149.mpt", 35),
        ("biologic_mpr/geis.issue_149.mpr", "biologic_mpt/geis.issue_149.mpt", 35),
        ("solid_state/CP_SSB.mpr", "solid_state/CP_SSB.txt", 5),
        ("solid_state/PEIS_LPSCl_IonBlocking_-25C.mpr", "solid_state/PEIS_LPSCl_IonBlocking_-25C.txt", 10),
    ],
)
def test_equal_to_the_vendors_export(binary: str, text: str, least: int) -> None:
    (record,) = read(sample(binary).read_bytes(), Path(binary).name)
    export = exported(sample(text))
    titles = IMPEDANCE_TITLES if record.kind == "impedance" else CYCLING_TITLES
    compared = 0
    for column in export.columns:
        if column not in titles:
            continue
        title, factor = titles[column]
        if title not in record:
            continue
        theirs, ours = export[column].to_numpy(), record.array(title) / factor
        if column.startswith(QUALITY):  # EC-Lab prints -1 and 0 where the frequency is too high for harmonics
            shown = (export["THD Ewe/%"] != -1).to_numpy()
            theirs, ours = theirs[shown], ours[shown]
        digits = 2e-7 if column.startswith(("Cs", "Cp")) else 1e-7  # eight digits are printed of a float
        assert ours == pytest.approx(theirs, rel=digits, abs=1e-30), column
        compared += 1
    assert compared >= least
    assert len(export) == len(record.table)


def test_binary_and_text_of_a_run_tell_the_same_metadata() -> None:
    from natrode.instruments.biologic_mpt import FORMAT as TEXT

    for binary, text in (
        ("biologic_mpr/cp.mpr", "biologic_mpt/cp.mpt"),
        ("biologic_mpr/peis.issue_149.mpr", "biologic_mpt/peis.issue_149.mpt"),
        ("solid_state/CP_SSB.mpr", "solid_state/CP_SSB.txt"),
    ):
        (ours,) = read(sample(binary).read_bytes())
        (theirs,) = TEXT.read(Source(Path("cell.mpt"), sample(text).read_bytes()))
        assert (ours.kind, ours.metadata.technique) == (theirs.kind, theirs.metadata.technique)
        assert ours.metadata.started == theirs.metadata.started
        assert ours.metadata.settings["channel"] == theirs.metadata.settings["channel"]
        declared = theirs.metadata.geometry.declared
        assert {k: v for k, v in ours.metadata.geometry.declared.items() if k in declared} == pytest.approx(declared)
        assert (Column.SPECTRUM in ours) == (Column.SPECTRUM in theirs)


def test_parameters_equal_the_exports() -> None:
    (record,) = read(sample("solid_state/CP_SSB.mpr").read_bytes())
    assert record.metadata.settings["Is"] == [0.0, 8.4, -8.4, 8.4, -8.4, 8.4, -8.4, 0.0]
    assert record.metadata.settings["ts (s)"] == [3.0, 0.1, 0.1, 1.0, 1.0, 10.0, 10.0, 5.0]
    (record,) = read(sample("solid_state/PEIS_LPSCl_IonBlocking_-25C.mpr").read_bytes())
    said = record.metadata.settings
    assert (said["Va (mV)"], said["fi"], said["unit fi"], said["ff"], said["unit ff"]) == (
        14.1,
        7.0,
        "MHz",
        100.0,
        "mHz",
    )
    (record,) = read(sample("biologic_mpr/PEIS-0.mpr").read_bytes())
    said = record.metadata.settings
    assert (said["Va (mV)"], said["fi"], said["unit fi"]) == (10.0, 10.0, "kHz")


def test_the_current_of_the_symmetric_cell_is_the_measured_one() -> None:
    """Fact 3 of the laboratory: settings and charge say 0.4 mA, the file name 1 mA."""
    name = f"{LILI}_01_GCPL_C05.mpr"
    (record,) = read(sample(name).read_bytes(), Path(name).name)
    flowing = record.array(Column.CURRENT)[record.array(Column.STEP) == 1]
    assert np.median(flowing) == pytest.approx(4e-4, rel=2e-3)
    assert record.metadata.settings["Is"] == [0.0, 0.4]
    assert any("says 1mA, the measured current is 0.39" in w for w in record.metadata.warnings)
    assert any("7000 mg is kept, not used" in a for a in record.metadata.assumptions)


def test_declared_area_in_square_millimetres() -> None:
    records = read(sample("biologic_mpr/peis.issue_225.ewe_ece.mpr").read_bytes())
    assert records[0].metadata.geometry.declared["area"] == pytest.approx(113.1e-6, rel=1e-4)
    sums = records[0].impedance + records[1].impedance
    assert np.abs(sums / records[2].impedance - 1).max() < 1e-4
