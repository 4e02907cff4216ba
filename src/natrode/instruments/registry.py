"""From a path to records: the format found by content first and extension second, and the user's words added.

Every reader is imported when a file is first read. Whatever goes wrong inside a reader leaves here as one
InstrumentFileError that names the file and its likely format.
"""

import importlib
import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from natrode import files
from natrode.errors import InstrumentFileError, SpecificationError, UnitError
from natrode.instruments.base import LARGEST_FILE, Format, Source
from natrode.measurement import UNCERTAINTY, Column, Experiment, Measurement
from natrode.specification import suggest
from natrode.units import read_quantity, write_quantity

READERS = (
    "natrode_files", "biologic_mpr", "biologic_mpt", "eclab_text", "chi", "ivium", "versastudio", "parstat",
    "powersuite", "novocontrol", "gamry", "zplot", "autolab", "elchemea", "p00", "zahner", "neware", "neware_csv",
    "maccor", "generic",
)  # fmt: skip
"""Modules of this package that hold a FORMAT."""
STREAM_FROM = 1 << 26
"""Tables larger than this are read in blocks [bytes]."""
QUANTITIES: dict[str, str] = {
    "area": "area", "working_area": "area", "counter_area": "area", "electrolyte_area": "area",
    "diameter": "length", "thickness": "length", "temperature": "temperature", "pressure": "pressure",
    "current": "current",
}  # fmt: skip
"""Hints that are quantities with units, and their dimension."""
PLAIN = (
    "interfaces_in_series", "sign_of_imaginary", "sign_of_current", "columns", "sheet", "kind", "every", "cell",
    "title", "confirm_declared",
)  # fmt: skip
"""Further hints."""
OUR_OWN = frozenset({"cells.csv", "experiment.json", "summary.json", "index.html", ".natrode-run"})
NOT_DATA = frozenset(
    f".{name}"
    for name in "json toml md rst html pdf png jpg jpeg svg py ipynb log yaml yml docx pptx exe bak tmp".split()  # noqa: SIM905
)
"""Extensions of files that are passed over in folders."""


@cache
def formats() -> tuple[Format, ...]:
    """Formats of all readers that are there."""
    found: list[Format] = []
    for name in READERS:
        full = f"natrode.instruments.{name}"
        try:
            module = importlib.import_module(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                raise
            continue
        one = getattr(module, "FORMAT", None)
        several = getattr(module, "FORMATS", ())
        found += [f for f in (one, *several) if isinstance(f, Format)]
    return tuple(dict.fromkeys(found))


def read(path: str | Path, **hints: Any) -> list[Measurement]:
    """Read every record of an instrument's file.

    Args:
        path: the file; a zip archive of one file is unpacked; a folder that natrode wrote as an experiment is read.
        hints: what the user knows and the file does not say. Quantities with units: `area` (both electrodes; also the
            pellet unless `electrolyte_area` is given), `working_area`, `counter_area`, `electrolyte_area`, `diameter`
            (of the pellet; also of the electrodes unless an area is given), `thickness`, `temperature`, `pressure`,
            `current` (where an export left it out). `interfaces_in_series` (0, 1, 2); `sign_of_imaginary` ("negative
            when capacitive" or "positive when capacitive"); `sign_of_current` ("oxidation positive" or "reduction
            positive"); `columns` of a table, {"frequency": "f/Hz"} or "frequency=f/Hz, ..."; `sheet` of a workbook;
            `kind` (cycling, impedance, sweep); `every` (each n-th row); `cell`; `title`; `confirm_declared` (True:
            the geometry that the file declares is right).

    Returns:
        All records of the file in order.

    Raises:
        InstrumentFileError: for a file that is empty, cut, damaged or of no known format.
        SpecificationError: for a hint that natrode does not know, or cannot read.
    """
    words = read_hints(hints)
    path = Path(path)
    if path.is_dir():
        if is_result(path):
            raise InstrumentFileError(f"{path}: results that natrode wrote, without data of their own")
        if not is_experiment(path):
            raise InstrumentFileError(f"{path}: is a folder; `natrode info` lists what is in it")
        records = list(Experiment.load(path).measurements)
    else:
        records = _read_file(path, words)
    return [with_words(record, words, hints) for record in records]


def is_experiment(folder: Path) -> bool:
    """Whether natrode wrote this folder as an experiment."""
    from natrode.instruments.natrode_files import metadata_of

    return metadata_of(folder) is not None


def is_result(folder: Path) -> bool:
    """Whether natrode wrote this folder as the result of an analysis, a replay or a drawing: no data to read."""
    marker = folder / files.MARKER
    if not marker.is_file():
        return False
    return bool({"study.json", "replay.json", "figures.json"} & set(marker.read_text(encoding="utf-8").splitlines()))


def data_files(folder: Path) -> list[Path]:
    """Files below a folder that may hold data, in order; a folder that natrode wrote counts as one."""
    if is_experiment(folder) or is_result(folder):
        return [folder]
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        if path.is_dir():
            found += data_files(path)
        elif path.is_file() and path.name not in OUR_OWN and path.suffix.lower() not in NOT_DATA:
            found.append(path)
    return found


# ---- finding the format ----------------------------------------------------------------------------------
def candidates(source: Source) -> list[tuple[float, Format]]:
    """Formats that recognise the content, most certain first; the extension decides between equals."""
    found = []
    for position, item in enumerate(formats()):
        try:
            certainty = float(item.recognise(source))
        except Exception:  # a recogniser that stumbles does not recognise
            certainty = 0.0
        if certainty > 0.0:
            found.append((certainty, source.extension in item.extensions, -position, item))
    found.sort(key=lambda entry: entry[:3], reverse=True)
    return [(certainty, item) for certainty, _, _, item in found]


def _chosen(known: Sequence[tuple[float, Format]], source: Source) -> Format:
    """The most certain format; a table where the user says what its columns are."""
    from natrode.instruments import generic

    if source.hints.get("columns") and any(item is generic.FORMAT for _, item in known):
        return generic.FORMAT
    return known[0][1]


def likely_format(source: Source) -> str:
    """Name of the format that recognises this content with most certainty; empty when none does."""
    known = candidates(source)
    return known[0][1].name if known else ""


def _read_file(path: Path, words: Mapping[str, Any]) -> list[Measurement]:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            if size > STREAM_FROM:
                head = Source(path, stream.read(1 << 16), words)
                records = _stream(head, size)
                if records is not None:
                    return records
                stream.seek(0)
            data = stream.read()
    except FileNotFoundError:
        raise InstrumentFileError(f"{path}: no such file") from None
    except OSError as error:
        raise InstrumentFileError(f"{path}: cannot be read ({error.strerror or error})") from None
    return read_bytes(path, data, words)


def _stream(head: Source, size: int) -> list[Measurement] | None:
    """Records of a large table, read in blocks; None when it is no table and small enough to be read at once."""
    from natrode.instruments import generic

    known = candidates(head)
    if known and _chosen(known, head) is generic.FORMAT and not generic.is_workbook(head.head):
        return _guarded(generic.FORMAT, head, lambda: generic.read_stream(head.path, head.hints))
    if size > LARGEST_FILE:
        raise head.error(
            "the whole file", f"{size / 2**30:.2f} GiB; files above 1 GiB are read only when they are plain tables",
            "export parts of the test, or CSV",
        )  # fmt: skip
    return None


def read_bytes(path: Path, data: bytes, words: Mapping[str, Any] | None = None) -> list[Measurement]:
    """Records of a file's content; raises InstrumentFileError and nothing else."""
    source = Source(path, data, words or {})
    if not data.strip(b"\0 \t\r\n"):
        what = f"; its extension is that of {likely}" if (likely := _by_extension(source)) else ""
        raise source.error("the whole file", f"it is empty{what}", "copy or export it again")
    source = _unpacked(source)
    known = candidates(source)
    if not known:
        raise source.error("the whole file", *_unknown(source))
    chosen = _chosen(known, source)
    records = _guarded(chosen, source, lambda: chosen.read(source))
    if not records:
        raise source.error("the whole file", f"no record was found in this {chosen.name}", "export it again")
    return records


_FAMILIAR: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "save it as XLSX or CSV"),
    (b"\x00\x01\x00\x00Standard Jet DB", "an Access database, as Arbin's .res files are", "export CSV from it"),
    (b"\x00\x01\x00\x00Standard ACE DB", "an Access database, as Arbin's .res files are", "export CSV from it"),
    (b"SQLite format 3", "an SQLite database", "export CSV from it"),
    (b"\x89HDF", "an HDF5 or MATLAB file", "export CSV from it"),
    (b"MATLAB 5.0", "a MATLAB file", "export CSV from it"),
    (b"%PDF", "a PDF", "give the instrument's own file"),
    (b"\x89PNG", "an image", "give the instrument's own file"),
    (b"\xff\xd8\xff", "an image", "give the instrument's own file"),
)
"""Beginnings of files that lie among raw data and hold none that natrode reads: what they are, what to do."""


def _unknown(source: Source) -> tuple[str, str]:
    """What is wrong with a file of no known format, and what to do."""
    for beginning, what, advice in _FAMILIAR:
        if source.head.startswith(beginning):
            return f"it is {what}, which natrode does not read", advice
    if source.head[1:64:2].count(0) > 16 or source.head[0:64:2].count(0) > 16:
        return "it is UTF-16 text without its byte-order mark, or binary", "if it is text, save it as UTF-8"
    if table := _only_headings(source):
        return f"it has headings ({table}) and no row of numbers", "the run has not begun, or the export is cut"
    if likely := _by_extension(source):
        advice = f"by its extension it should be {likely}: it is damaged, cut or mislabelled"
    else:
        advice = "it is no instrument's file, or one of an unknown make: export CSV"
    return f"its content is that of no format that natrode knows (it begins with {_beginning(source)})", advice


def _only_headings(source: Source) -> str:
    """The line of a short text in which two or more columns are recognised; empty when there is none."""
    from natrode.instruments import _headings

    for line in source.head.decode("latin-1").splitlines()[:20]:
        fields = [field.strip().strip('"') for field in max((line.split(mark) for mark in ",;\t"), key=len)]
        if len(_headings.find_roles([_headings.take_apart(field) for field in fields])) >= 2:
            return ", ".join(fields)[:80]
    return ""


def _by_extension(source: Source) -> str:
    """Formats that go by this extension; empty where it says next to nothing (.txt)."""
    named = [i.name for i in formats() if source.extension and source.extension in i.extensions]
    return " or ".join(named) if len(named) <= 3 else ""


def _beginning(source: Source) -> str:
    text = source.head[:40].decode("latin-1")
    return repr(text.split("\n", 1)[0].strip()[:40]) if text.isprintable() or "\n" in text else repr(source.head[:12])


def _guarded(item: Format, source: Source, action: Any) -> list[Measurement]:
    """Run a reader; an exception that it should not raise becomes an InstrumentFileError with its cause."""
    try:
        return list(action())
    except InstrumentFileError:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:  # panics of compiled libraries are no Exception
        said = str(error).strip().splitlines()
        what = f"{type(error).__name__}: {said[0][:160]}" if said else type(error).__name__
        raise source.error(
            "the whole file",
            f"it looks like {item.name} but cannot be read ({what})",
            "it is damaged, cut or of a version that natrode does not know; --debug shows where",
        ) from error


def _unpacked(source: Source) -> Source:
    """The one file inside a zip archive; other files as they are."""
    if not source.head.startswith(b"PK\x03\x04"):
        return source
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            names = [i.filename for i in archive.infolist()]
            if any(n.endswith(".ndc") or n.startswith(("xl/", "word/")) or n == "[Content_Types].xml" for n in names):
                return source
            members = [i for i in archive.infolist() if not i.is_dir() and not _is_litter(i.filename)]
            if len(members) != 1:
                raise source.error(
                    "zip archive", f"it holds {len(members)} files", "unpack it and give the files, or their folder"
                )
            if members[0].file_size > LARGEST_FILE:
                raise source.error("zip archive", "its file is larger than 1 GiB", "unpack it")
            inner = archive.read(members[0])
    except InstrumentFileError:
        raise
    except Exception as error:  # zlib and the archive raise a dozen kinds
        if source.extension in (".ndax", ".xlsx"):
            return source
        raise source.error("zip archive", f"cut or damaged ({error})", "copy it again") from error
    if not inner.strip(b"\0 \t\r\n"):
        raise source.error("zip archive", "the file in it is empty", "copy it again")
    return Source(source.path.parent / PurePosixPath(members[0].filename).name, inner, source.hints)


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


# ---- the user's words ------------------------------------------------------------------------------------
def read_hints(hints: Mapping[str, Any]) -> dict[str, Any]:
    """Hints with quantities in SI; raises SpecificationError that names the hint and what is allowed."""
    words: dict[str, Any] = {}
    for name, said in hints.items():
        if said is None:
            continue
        if name in WITH_ERROR and isinstance(said, str) and (parts := _ERROR.split(said, maxsplit=1))[1:]:
            words[name], error = _with_error(name, said, *parts)
            words.setdefault(UNCERTAINTY, {})[name] = error
        elif name in QUANTITIES:
            words[name] = _quantity(name, said)
        elif name in PLAIN:
            words[name] = said
        else:
            raise SpecificationError(f"{name}: unknown hint; {suggest(name, [*QUANTITIES, *PLAIN])}")
    if "interfaces_in_series" in words:
        said = str(words["interfaces_in_series"])
        if said not in ("0", "1", "2"):
            raise SpecificationError(f"interfaces_in_series: read {said!r}, allowed are 0, 1 and 2")
        words["interfaces_in_series"] = int(said)
    if words.get("kind", "cycling") not in ("cycling", "impedance", "sweep"):
        raise SpecificationError(f"kind: read {words['kind']!r}, allowed are cycling, impedance and sweep")
    if words.get("sign_of_current", "oxidation positive") not in ("oxidation positive", "reduction positive"):
        raise SpecificationError(
            f"sign_of_current: read {words['sign_of_current']!r}, allowed are 'oxidation positive' (stripping at the "
            "working electrode) and 'reduction positive'"
        )
    return words


def _quantity(name: str, said: Any) -> float:
    try:
        value = read_quantity(said, QUANTITIES[name])
    except UnitError as error:
        raise SpecificationError(f"{name}: {error}") from None
    if (
        not math.isfinite(value)
        or (value <= 0 and name not in ("pressure", "current"))
        or (name == "pressure" and value < 0)
    ):
        raise SpecificationError(f"{name}: read {said!r}, must be greater than zero")
    return value


WITH_ERROR = ("area", "working_area", "counter_area", "electrolyte_area", "diameter", "thickness", "temperature")
"""Hints that may come with a standard uncertainty, such as "0.785 +- 0.02 cm2"."""
_ERROR = re.compile(r"\s*(?:\+/?-|±)\s*")


def _with_error(name: str, said: str, number: str, error: str) -> tuple[float, float]:
    """Value and standard uncertainty in SI; a unit may stand behind both or behind the last one only."""
    bare = r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*"
    unit = re.sub(f"^{bare}", "", error)
    value = _quantity(name, f"{number} {unit}" if re.fullmatch(bare, number) else number)
    dimension = "temperature difference" if name == "temperature" else QUANTITIES[name]
    try:
        size = read_quantity(re.sub(r"°\s*C|degC", "K", error), dimension)
    except UnitError as problem:
        raise SpecificationError(f"{name}: read {said!r}: {problem}") from None
    if not (math.isfinite(size) and size >= 0):
        raise SpecificationError(f"{name}: read {said!r}, the uncertainty must not be below zero")
    return value, size


def _errors(words: Mapping[str, Any]) -> dict[str, float]:
    """Standard uncertainties that the user gives, by the names of the table of cells."""
    said = words.get(UNCERTAINTY, {})
    found: dict[str, float] = {}
    if "diameter" in said:
        size = math.pi / 2 * words["diameter"] * said["diameter"]
        found["electrolyte area"] = size
        if not {"area", "working_area", "counter_area"} & set(words):
            found |= dict.fromkeys(("working area", "counter area"), size)
    if "area" in said:
        found |= dict.fromkeys(("working area", "counter area"), said["area"])
        if not {"electrolyte_area", "diameter"} & set(words):
            found["electrolyte area"] = said["area"]
    if "thickness" in said:
        found["electrolyte thickness"] = said["thickness"]
    own = ("working_area", "counter_area", "electrolyte_area", "temperature")
    return found | {name.replace("_", " "): said[name] for name in own if name in said}


def with_words(record: Measurement, words: Mapping[str, Any], said: Mapping[str, Any] | None = None) -> Measurement:
    """A record with what the user says about it, each word noted as the user's."""
    if not words:
        return record
    said = said or words
    geometry: dict[str, Any] = {}
    notes: list[str] = []
    if words.get("confirm_declared"):
        geometry |= _confirmed(record, notes)
    geometry |= _areas(words, notes)
    if "thickness" in words:
        geometry["electrolyte_thickness"] = words["thickness"]
        notes.append(f"thickness {write_quantity(words['thickness'], 'length')}: given by the user")
    if "interfaces_in_series" in words:
        geometry["interfaces_in_series"] = words["interfaces_in_series"]
        notes.append(f"{words['interfaces_in_series']} interfaces in series: given by the user")
    changes: dict[str, Any] = {}
    for name in ("temperature", "pressure"):
        if name in words:
            changes[name] = words[name]
            notes.append(f"{name} {write_quantity(words[name], name)}: given by the user")
    for name in ("cell", "title"):
        if name in words:
            changes[name] = str(words[name])
    table = record.table
    if words.get("sign_of_current") == "reduction positive":
        table = table.assign(
            **{str(c): -table[c] for c in (Column.CURRENT, Column.DC_CURRENT, Column.CHARGE) if c in table.columns}
        )
        notes.append("current positive = reduction in the file, as the user says: its sign was turned")
    if "sign_of_current" in words:
        changes["sign_of_current"] = "positive = oxidation (stripping) at the working electrode"
    metadata = record.metadata
    errors = _errors(words)
    given = {
        name: str(said[name]) for name in (*QUANTITIES, "interfaces_in_series", "sign_of_current") if name in words
    }
    changes |= {
        "geometry": {**metadata.geometry.model_dump(), **geometry},
        "assumptions": tuple(dict.fromkeys((*metadata.assumptions, *notes))),
        "warnings": (*metadata.warnings, *_unused(record, words)),
        "user": {
            **metadata.user,
            **({"given": {**metadata.user.get("given", {}), **given}} if given else {}),
            **({UNCERTAINTY: {**metadata.user.get(UNCERTAINTY, {}), **errors}} if errors else {}),
        },
    }
    return Measurement(record.with_metadata(**changes).metadata, table)


def _areas(words: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Areas of electrodes and pellet; a word for one is taken for the other only where nothing is said of that."""
    found: dict[str, Any] = {}
    if "diameter" in words:
        area = math.pi / 4 * words["diameter"] ** 2
        found["electrolyte_area"] = area
        text = f"diameter of the pellet {1e3 * words['diameter']:.6g} mm: given by the user"
        if not {"area", "working_area", "counter_area"} & set(words):
            found["working_area"] = found["counter_area"] = area
            text += "; taken for the electrodes too"
        notes.append(text)
    if "area" in words:
        found["working_area"] = found["counter_area"] = words["area"]
        text = f"area of the electrodes {write_quantity(words['area'], 'area')}: given by the user"
        if "electrolyte_area" not in words and "diameter" not in words:
            found["electrolyte_area"] = words["area"]
            text += "; taken for the pellet too"
        notes.append(text)
    for name in ("working_area", "counter_area", "electrolyte_area"):
        if name in words:
            found[name] = words[name]
            notes.append(f"{name.replace('_', ' ')} {write_quantity(words[name], 'area')}: given by the user")
    return found


def confirmable(record: Measurement) -> dict[str, Any]:
    """Geometry that the file declares and a user can confirm; defaults of the instrument are none.

    Args:
        record: any record.
    """
    declared = record.metadata.geometry.declared
    found: dict[str, Any] = {}
    thickness, diameter = declared.get("thickness"), declared.get("diameter")
    area = declared.get("area")
    if thickness and thickness not in (1e-3, 1e-6):
        found["electrolyte_thickness"] = thickness
    if diameter and diameter not in (1e-3, 1e-6):
        found |= dict.fromkeys(("electrolyte_area", "working_area", "counter_area"), math.pi / 4 * diameter**2)
    if area and not any(math.isclose(area, default, rel_tol=1e-9) for default in (1e-4, 1e-7)):
        found |= dict.fromkeys(("working_area", "counter_area"), area)
    return found


def _confirmed(record: Measurement, notes: list[str]) -> dict[str, Any]:
    """Geometry that the file declares and the user confirms; defaults of the instrument stay unused."""
    found = confirmable(record)
    if record.metadata.geometry.declared and not found:
        notes.append(
            "declared geometry is the instrument's default: not used although confirmed; give area and thickness"
        )
    if found:
        notes.append(f"declared geometry confirmed by the user: {', '.join(found).replace('_', ' ')}")
    return found


def _unused(record: Measurement, words: Mapping[str, Any]) -> list[str]:
    """Words that this record had no use for."""
    table = record.metadata.origin.reader.startswith("generic")
    odd = [n for n in ("columns", "sheet", "sign_of_imaginary", "every") if n in words and not table]
    found = [f"{name} was given but is not needed: {record.metadata.origin.format} says it itself" for name in odd]
    if "current" in words and record.kind == "cycling" and Column.CURRENT not in record:
        found.append("current was given but is not used: this file does not say when it flowed; add a column of it")
    return found


__all__ = ["confirmable", "formats", "is_experiment", "likely_format", "read", "read_bytes", "read_hints", "with_words"]
