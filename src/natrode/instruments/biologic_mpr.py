"""BioLogic EC-Lab binary files (.mpr), read from facts about the format; no code of another project is used.

The file is a title of 52 bytes and modules. A module has a head (short name, long name, length, version, date) and
its bytes; from EC-Lab 11.50 on the head is eight bytes longer and its numbers begin with 0xffffffff. The modules are
the settings, the data, the log (with the start as an OLE date) and, where a run looped, the points where loops begin.

The data module counts points and columns, names each column by a number, and holds one record per point. Six of the
columns are bits of one byte. A column whose number is not known here is never guessed: if the length of a record
leaves it exactly one place, its bytes are kept under "unknown column <number>" with a warning; else the file is
refused, naming the numbers. A data module that holds fewer points than it announces, because the file was cut or is
being written, gives the points that are there and a warning with both counts.

From EC-Lab 11.50 on the data module counts its columns in two bytes, not one: the numbers of the columns are
little-endian in all versions, and 174 (<Ewe>) and 430 (phase of Zwe-ce) stay apart.
"""

import struct
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from natrode.instruments import biologic_columns as names
from natrode.instruments._text import not_this
from natrode.instruments.base import Format, Source
from natrode.instruments.biologic_columns import Name
from natrode.instruments.biologic_dates import read_date
from natrode.instruments.biologic_records import Run, records
from natrode.instruments.biologic_settings import read_log, read_settings
from natrode.measurement import Measurement

if TYPE_CHECKING:
    import pandas as pd

NAME = "BioLogic EC-Lab binary (.mpr)"
_READER = "biologic_mpr 1"
TITLE = b"BIO-LOGIC MODULAR FILE"
_FIRST = 52
_MARK = b"MODULE"
_CUT_BEHIND = (
    "the file ends behind its data, within {}: it is cut or was still being written; start and loops may be missing"
)

FLAGS = {
    1: ("mode", 0, 0b11),
    2: ("ox/red", 2, 1),
    3: ("error", 3, 1),
    21: ("control changes", 4, 1),
    31: ("Ns changes", 5, 1),
    65: ("counter inc.", 7, 1),
}
"""Columns that are bits of one byte: name, shift and mask."""

_FLOAT, _DOUBLE, _SHORT, _LONG, _BYTE = "<f4", "<f8", "<u2", "<u4", "u1"
COLUMNS: dict[int, tuple[str, str]] = {
    4: ("time/s", _DOUBLE),
    5: ("control/V/mA", _FLOAT),
    6: ("Ewe/V", _FLOAT),
    7: ("dq/mA.h", _DOUBLE),
    8: ("I/mA", _FLOAT),
    9: ("Ece/V", _FLOAT),
    11: ("<I>/mA", _DOUBLE),
    13: ("(Q-Qo)/mA.h", _DOUBLE),
    16: ("Analog IN 1/V", _FLOAT),
    17: ("Analog IN 2/V", _FLOAT),
    19: ("control/V", _FLOAT),
    20: ("control/mA", _FLOAT),
    23: ("dQ/mA.h", _DOUBLE),
    24: ("cycle number", _DOUBLE),
    26: ("Rapp/Ohm", _FLOAT),
    27: ("Ewe-Ece/V", _FLOAT),
    32: ("freq/Hz", _FLOAT),
    33: ("|Ewe|/V", _FLOAT),
    34: ("|I|/A", _FLOAT),
    35: ("Phase(Z)/deg", _FLOAT),
    36: ("|Z|/Ohm", _FLOAT),
    37: ("Re(Z)/Ohm", _FLOAT),
    38: ("-Im(Z)/Ohm", _FLOAT),
    39: ("I Range", _SHORT),
    69: ("R/Ohm", _FLOAT),
    70: ("P/W", _FLOAT),
    74: ("|Energy|/W.h", _DOUBLE),
    75: ("Analog OUT/V", _FLOAT),
    76: ("<I>/mA", _FLOAT),
    77: ("<Ewe>/V", _FLOAT),
    78: ("Cs-2/µF-2", _FLOAT),
    96: ("|Ece|/V", _FLOAT),
    98: ("Phase(Zce)/deg", _FLOAT),
    99: ("|Zce|/Ohm", _FLOAT),
    100: ("Re(Zce)/Ohm", _FLOAT),
    101: ("-Im(Zce)/Ohm", _FLOAT),
    110: ("Energy ce/W.h", _DOUBLE),
    112: ("Energy we/W.h", _DOUBLE),
    115: ("Energy ce charge/W.h", _DOUBLE),
    116: ("Energy ce discharge/W.h", _DOUBLE),
    123: ("Energy charge/W.h", _DOUBLE),
    124: ("Energy discharge/W.h", _DOUBLE),
    125: ("Capacitance charge/µF", _DOUBLE),
    126: ("Capacitance discharge/µF", _DOUBLE),
    131: ("Ns", _SHORT),
    163: ("|Estack|/V", _FLOAT),
    168: ("Rcmp/Ohm", _FLOAT),
    169: ("Cs/µF", _FLOAT),
    172: ("Cp/µF", _FLOAT),
    173: ("Cp-2/µF-2", _FLOAT),
    174: ("<Ewe>/V", _FLOAT),
    241: ("|E1|/V", _FLOAT),
    242: ("|E2|/V", _FLOAT),
    271: ("Phase(Z1)/deg", _FLOAT),
    272: ("Phase(Z2)/deg", _FLOAT),
    301: ("|Z1|/Ohm", _FLOAT),
    302: ("|Z2|/Ohm", _FLOAT),
    331: ("Re(Z1)/Ohm", _FLOAT),
    332: ("Re(Z2)/Ohm", _FLOAT),
    361: ("-Im(Z1)/Ohm", _FLOAT),
    362: ("-Im(Z2)/Ohm", _FLOAT),
    391: ("<E1>/V", _FLOAT),
    392: ("<E2>/V", _FLOAT),
    422: ("Phase(Zstack)/deg", _FLOAT),
    423: ("|Zstack|/Ohm", _FLOAT),
    424: ("Re(Zstack)/Ohm", _FLOAT),
    425: ("-Im(Zstack)/Ohm", _FLOAT),
    426: ("<Estack>/V", _FLOAT),
    430: ("Phase(Zwe-ce)/deg", _FLOAT),
    431: ("|Zwe-ce|/Ohm", _FLOAT),
    432: ("Re(Zwe-ce)/Ohm", _FLOAT),
    433: ("-Im(Zwe-ce)/Ohm", _FLOAT),
    434: ("(Q-Qo)/C", _FLOAT),
    435: ("dQ/C", _FLOAT),
    438: ("step time/s", _DOUBLE),
    441: ("<Ece>/V", _FLOAT),
    462: ("Temperature/°C", _FLOAT),
    467: ("Q charge/discharge/mA.h", _DOUBLE),
    468: ("half cycle", _LONG),
    469: ("z cycle", _LONG),
    471: ("<Ece>/V", _FLOAT),
    473: ("THD Ewe/%", _FLOAT),
    474: ("THD I/%", _FLOAT),
    475: ("THD Ece/%", _FLOAT),
    476: ("NSD Ewe/%", _FLOAT),
    477: ("NSD I/%", _FLOAT),
    478: ("NSD Ece/%", _FLOAT),
    479: ("NSR Ewe/%", _FLOAT),
    480: ("NSR I/%", _FLOAT),
    481: ("NSR Ece/%", _FLOAT),
    **{486 + i: (f"|Ewe h{i + 2}|/V", _FLOAT) for i in range(6)},
    **{492 + i: (f"|I h{i + 2}|/A", _FLOAT) for i in range(6)},
    **{498 + i: (f"|Ece h{i + 2}|/V", _FLOAT) for i in range(6)},
    504: ("Rac/Ohm", _FLOAT),
    505: ("Rdc/Ohm", _FLOAT),
    509: ("Acir/Dcir Control", _BYTE),
}
"""Number of a column, its name in EC-Lab's text export, and how a value is stored.

Held against the vendor's export in the tests where the samples have the pair; the others are reported by public
projects (ixdat, galvani and yadg name numbers and types alike).
"""


@dataclass(frozen=True)
class Module:
    """One module of a file."""

    name: str
    recent: bool
    """Whether its head is that of EC-Lab 11.50 and later."""
    version: int
    date: str
    data: bytes
    announced: int
    """Length that its head tells; more than `data` when the file ends early."""
    place: int
    """Where its data begin in the file."""


@dataclass(frozen=True)
class Layout:
    """How the data module is laid out."""

    points: int
    ids: tuple[int, ...]
    begin: int
    """Where the first record begins."""
    width: int
    """Bytes per record."""


def recognise(source: Source) -> float:
    """Certainty that this is an .mpr file, from its first bytes."""
    return 1.0 if source.head.startswith(TITLE) else 0.0


def read(source: Source) -> list[Measurement]:
    """All records of the file; raises InstrumentFileError."""
    modules, warnings = read_modules(source)
    data = next((m for m in modules if m.name == "VMP data"), None)
    settings = next((m for m in modules if m.name == "VMP Set"), None)
    if settings is None or data is None:
        lacking = "settings" if settings is None else "data"
        have = ", ".join(m.name for m in modules) or "none"
        raise source.error(
            f"byte {len(source.data)}",
            f"no {lacking} module; the modules are {have}",
            "the file is cut or was stopped before its first point; copy it again from the instrument's computer",
        )
    technique, said, declared, assumptions = read_settings(settings.data, settings.recent)
    if sum(m.name == "VMP data" for m in modules) > 1:
        warnings.append("the file has several data modules: the first is read")
    started = _start(modules, said, assumptions, warnings)
    raw, columns, notes = read_data(source, data)
    loops = _loops(modules, len(raw), warnings)
    said["modules"] = [m.name for m in modules]
    version = said.get("Software version")
    run = Run(
        source,
        NAME,
        _READER,
        raw,
        columns,
        technique=technique,
        started=started,
        instrument=f"BioLogic (software {version})" if version else "BioLogic",
        settings=said,
        loops=loops,
        declared=declared,
        assumptions=tuple(assumptions),
        warnings=(*warnings, *notes),
    )
    return records(run)


def read_modules(source: Source) -> tuple[list[Module], list[str]]:
    """The modules of a file, in order, and warnings; raises InstrumentFileError where one should begin and does not.

    Behind the data the file may end early: log and loops that are not whole are a warning, since the points are there.
    """
    data = source.data
    if not data:
        raise source.error("byte 0", "the file is empty", "copy it again from the instrument's computer")
    if not data.startswith(TITLE):
        raise not_this(source, NAME, "byte 0")
    place = _FIRST
    found: list[Module] = []
    warnings: list[str] = []
    while place < len(data):
        if not data[place:].strip(b"\x00"):
            break  # room that the instrument's software took in advance
        if data[place : place + 6] != _MARK:
            raise source.error(
                f"byte {place}",
                f"read {data[place : place + 12]!r} where a module should begin",
                "the file is damaged or cut; copy it again from the instrument's computer",
            )
        head = data[place + 6 : place + 65]
        recent = head[35:39] == b"\xff\xff\xff\xff"
        after = any(m.name == "VMP data" for m in found)
        if len(head) < (59 if recent else 51):
            if after:
                warnings.append(_CUT_BEHIND.format("another module's head"))
                break
            raise source.error(
                f"byte {place}",
                "the file ends within a module's head",
                "it is cut; copy it again from the instrument's computer",
            )
        if recent:
            length, _, version = struct.unpack_from("<III", head, 39)
            date, begin = head[51:59], place + 65
        else:
            length, version = struct.unpack_from("<II", head, 35)
            date, begin = head[43:51], place + 57
        name = head[:10].decode("latin-1").strip(" \x00")
        body = data[begin : begin + length]
        if _MARK + b"VMP " in body:
            raise source.error(
                f"byte {begin}",
                f"module '{name}' announces {length} bytes, but another module begins after {body.index(_MARK)}",
                "bytes are missing within the file; copy it again from the instrument's computer",
            )
        if len(body) < length and after:
            warnings.append(_CUT_BEHIND.format(f"module '{name}' ({len(body)} of {length} bytes)"))
        elif len(body) < length and name != "VMP data":
            raise source.error(
                f"byte {begin}",
                f"module '{name}' announces {length} bytes, {len(body)} follow",
                "the file is cut; copy it again from the instrument's computer",
            )
        found.append(Module(name, recent, version, date.decode("latin-1"), body, length, begin))
        place = begin + length
    return found, warnings


def _start(modules: list[Module], said: dict[str, Any], assumptions: list[str], warnings: list[str]) -> str:
    """Start of the acquisition: from the log, else the day in the modules' heads."""
    log = next((m for m in modules if m.name == "VMP LOG"), None)
    if log is not None:
        started, of_log = read_log(log.data)
        said.update(of_log)
        if started != "unknown":
            return started
    day, assumed = read_date(modules[0].date)
    if day == "unknown":
        warnings.append("no start: the file has no log with a date")
        return day
    if assumed:
        assumptions.append(assumed)
    warnings.append("the file has no log with the time of the start: only its day is known")
    return day.partition("T")[0]


def _loops(modules: list[Module], count: int, warnings: list[str]) -> tuple[int, ...]:
    """Points at which loops begin; empty when there is one loop only."""
    module = next((m for m in modules if m.name == "VMP loop"), None)
    if module is None or len(module.data) < 4:
        return ()
    (number,) = struct.unpack_from("<I", module.data, 0)
    if number * 4 + 4 > len(module.data):
        warnings.append(f"the loop module announces {number} loops and holds fewer: not used")
        return ()
    starts = np.frombuffer(module.data, "<u4", number, 4).astype(np.int64)
    if np.any(np.diff(starts) < 0) or (number and (starts[0] != 0 or starts[-1] > count)):
        warnings.append("the points at which loops begin are not in order or beyond the data: not used")
        return ()
    inside = tuple(dict.fromkeys(int(s) for s in starts if s < count))
    return inside if len(inside) > 1 else ()


# ---- the data module -------------------------------------------------------------------------------------
def read_data(source: Source, module: Module) -> tuple["pd.DataFrame", list[Name], list[str]]:
    """The data module as a table in EC-Lab's units, its columns, and warnings."""
    import pandas as pd

    layout = _layout(source, module)
    fields, warnings = _fields(source, module, layout)
    record = np.dtype(
        {
            "names": [f"f{i}" for i in range(len(fields))],
            "formats": [f[2] for f in fields],
            "offsets": [f[1] for f in fields],
            "itemsize": layout.width,
        }
    )
    here = (len(module.data) - layout.begin) // layout.width
    if here < layout.points:
        if here < 1:
            raise source.error(
                f"byte {len(source.data)}",
                f"the data module announces {layout.points} points and holds none",
                "the file is cut; copy it again from the instrument's computer",
            )
        warnings.append(
            f"the file announces {layout.points} points and holds {here}: it is cut or was still being written"
        )
    values = np.frombuffer(module.data, record, min(here, layout.points), layout.begin)
    columns: list[Name] = []
    table: dict[int, Any] = {}
    for index, (name, _, kind) in enumerate(fields):
        stored = values[f"f{index}"]
        if name == "flags":
            for number in layout.ids:
                if number in FLAGS:
                    flag, shift, mask = FLAGS[number]
                    table[len(columns)] = ((stored >> shift) & mask).astype(np.int64)
                    columns.append(Name(flag, ""))
        elif name.startswith("unknown column"):
            table[len(columns)] = np.array([f"0x{bytes(b).hex()}" for b in stored.tolist()], dtype=object)
            columns.append(Name(name, ""))
        else:
            with np.errstate(invalid="ignore"):  # what cannot be is found and named later
                table[len(columns)] = stored.astype(np.int64 if np.dtype(kind).kind == "u" else np.float64)
            columns.append(names.parse(name))
    return pd.DataFrame(table), columns, warnings


def _layout(source: Source, module: Module) -> Layout:
    """Points, columns, and where and how wide the records are."""
    data = module.data
    if module.recent:
        head, count_format, id_format, begin = 6, "<IH", "H", 1007
    elif module.version == 0:
        head, count_format, id_format, begin = 5, "<IB", "B", 100
    elif module.version in (2, 3):
        head, count_format, id_format, begin = 5, "<IB", "H", 405 if module.version == 2 else 406
    else:
        raise source.error(
            f"byte {module.place}",
            f"data module of version {module.version}",
            "natrode knows versions 0, 2 and 3, and those of EC-Lab 11.50 on; export the file as .mpt",
        )
    if len(data) < begin:
        raise source.error(
            f"byte {module.place + len(data)}",
            "the file ends within the list of columns",
            "it is cut; copy it again from the instrument's computer",
        )
    points, columns = struct.unpack_from(count_format, data, 0)
    if points == 0 or columns == 0:
        raise source.error(
            f"byte {module.place}",
            f"the data module announces {points} points of {columns} columns",
            "the technique was stopped before its first point",
        )
    if head + columns * struct.calcsize(id_format) > begin:
        raise source.error(
            f"byte {module.place}",
            f"{columns} columns do not fit the list of columns",
            "the file is damaged; copy it again, or export it as .mpt",
        )
    ids = struct.unpack_from(f"<{columns}{id_format}", data, head)
    width, rest = divmod(module.announced - begin, points)
    if rest or width < 1:
        raise source.error(
            f"byte {module.place}",
            f"{points} points are announced, but the {module.announced - begin} bytes of data are no multiple of that",
            f"the file is damaged or of a layout that natrode does not know (version {module.version}); "
            "copy it again, or export it as .mpt",
        )
    return Layout(points, ids, begin, width)


def _fields(source: Source, module: Module, layout: Layout) -> tuple[list[tuple[str, int, str]], list[str]]:
    """Name, offset and type of each field of a record; raises InstrumentFileError where that is not certain.

    Neighbouring unknown columns are one block; one such block in a record takes what the others leave.
    """
    kinds: list[tuple[bool, list[int]]] = []
    flagged = False
    for number in layout.ids:
        if number in FLAGS:
            if not flagged:
                kinds.append((True, [number]))
            flagged = True
        else:
            kinds.append((number in COLUMNS, [number]))
    known = sum(_size(n) for is_known, (n,) in kinds if is_known)
    blocks = [(k, [n for _, (n,) in run]) for k, run in groupby(kinds, key=lambda item: item[0])]
    unknown = [n for is_known, n in blocks if not is_known]
    left = layout.width - known
    if not unknown and left:
        raise source.error(
            f"byte {module.place}",
            f"the columns {_list(layout.ids)} take {known} bytes per point, the file has {layout.width}",
            f"the layout (version {module.version}) is not the one natrode knows, or the file is damaged; "
            "export it as .mpt",
        )
    if unknown and (len(unknown) > 1 or left < len(unknown[0])):
        raise source.error(
            f"byte {module.place}",
            f"unknown column {_list([n for block in unknown for n in block])}: {left} bytes per point are left",
            "their places are not certain, so nothing is guessed; export the file as .mpt",
        )
    fields: list[tuple[str, int, str]] = []
    place = 0
    for is_known, numbers in blocks:
        if not is_known:
            fields.append((f"unknown column {_list(numbers)}", place, f"V{left}"))
            place += left
            continue
        for number in numbers:
            name, kind = ("flags", "u1") if number in FLAGS else COLUMNS[number]
            fields.append((name, place, kind))
            place += _size(number)
    warnings = [
        f"unknown column {_list(n)}: {left} bytes per point, kept as they are (hexadecimal), not interpreted"
        for n in unknown
    ]
    return fields, warnings


def _size(number: int) -> int:
    return 1 if number in FLAGS else np.dtype(COLUMNS[number][1]).itemsize


def _list(numbers: "list[int] | tuple[int, ...]") -> str:
    return ", ".join(map(str, numbers))


FORMAT = Format(NAME, (".mpr",), recognise, read)
