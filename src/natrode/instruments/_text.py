"""What the readers of text files share: lines, numbers, tables, dates, placeholders and the record itself."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.errors import InstrumentFileError
from natrode.measurement import Column, Geometry, Kind, KnownFloat, Measurement, Metadata

if TYPE_CHECKING:
    from natrode.instruments.base import Source

Array = npt.NDArray[np.float64]

ABSOLUTE_IMPEDANCE = "Absolute Impedance / ohm"
PHASE = "Phase / deg"
POINT = "Point / 1"
CURRENT_RANGE = "Current Range / 1"

SIGN_BY_DEFAULT = (
    "current taken as positive = oxidation at the working electrode: the maker's default, the file does not say"
)
OPEN_CIRCUIT = "current 0 A: open circuit; the file has no current column"
SIGN_UNKNOWN = "unknown: the file does not say whether oxidation or reduction is positive"
PLACEHOLDERS = (0.0, 0.001, 1.0)
"""Numbers that instruments write where nobody entered an area, a thickness or a mass."""


# ---- text and numbers ------------------------------------------------------------------------------------
def head_text(source: "Source") -> str:
    """First kilobytes as text, whatever their encoding; never raises (for `recognise`)."""
    head = source.head
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return head.decode(encoding, errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return head.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")


def lines_of(source: "Source", format_name: str, recognise: Callable[["Source"], float]) -> list[str]:
    """Lines of a file of this format; raises InstrumentFileError when it is empty or of another one.

    The last line is empty when the file ends with a line end, as a complete file does.
    """
    if not source.data.strip():
        raise source.error("line 1", "the file is empty", f"export the measurement as {format_name} again")
    if recognise(source) <= 0.0:
        raise not_this(source, format_name)
    return source.text().split("\n")


def first_line(lines: Sequence[str]) -> int:
    """Index of the first line that is not blank."""
    return next((i for i, line in enumerate(lines) if line.strip()), 0)


def not_this(source: "Source", format_name: str, place: str = "line 1") -> InstrumentFileError:
    """The error for a file of another format, naming what it looks like instead."""
    from natrode.instruments import registry

    first = head_text(source).strip().split("\n", 1)[0][:60]
    likely = registry.likely_format(source)
    advice = f"it looks like {likely}" if likely else "it is none of the formats that natrode knows by its content"
    return source.error(place, f"read {first!r}, which is not how {format_name} begins", advice)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,14})")


def number(text: str) -> float | None:
    """A finite number written with a decimal point or comma, or None."""
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return value if np.isfinite(value) else None


def whole(text: str) -> int | None:
    """A whole number, or None."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def setting(text: str) -> str | int | float:
    """A value of a header: a number where it is written as one, else the text as it stands."""
    text = text.strip()
    integer = whole(text)
    if integer is not None:
        return integer
    value = number(text)
    return text if value is None or re.fullmatch(r"0[0-9]+", text) else value


def key_values(lines: Sequence[str], separator: str = "=") -> dict[str, Any]:
    """Settings from lines "key = value"; lines without the separator are left out."""
    found: dict[str, Any] = {}
    for line in lines:
        key, mark, value = line.partition(separator)
        if mark and key.strip():
            found[key.strip()] = setting(value)
    return found


# ---- tables ----------------------------------------------------------------------------------------------
@dataclass
class Rows:
    """A table as the file holds it: numbers and texts by column name, and the line each row came from."""

    values: dict[str, Array]
    texts: dict[str, list[str]]
    lines: list[int]
    warnings: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)


def read_rows(
    source: "Source",
    lines: Sequence[str],
    start: int,
    names: Sequence[str],
    *,
    stop: int | None = None,
    split: Callable[[str], list[str]] = str.split,
    texts: Collection[str] = (),
    announced: int | None = None,
) -> Rows:
    """Read the rows of a table from line index `start` to `stop` (or the end of the file).

    Blank lines are passed over. A line that does not hold one number per name is an error, except the last
    line of a file that does not end with a line end: it was being written, is left out, and a warning says
    so. `announced` is the number of rows that the header promises: another number of rows is an error.
    """
    stop = len(lines) if stop is None else stop
    numeric = [i for i, name in enumerate(names) if name not in texts]
    worded = [i for i, name in enumerate(names) if name in texts]
    found: list[list[float]] = []
    words: list[list[str]] = []
    where: list[int] = []
    last_fields: list[str] = []
    warnings: list[str] = []
    for index in range(start, stop):
        line = lines[index]
        if not line.strip():
            continue
        fields = split(line)
        row = _numbers(line, fields, numeric) if len(fields) == len(names) else None
        if index == len(lines) - 1 and announced is None and not _complete(row, fields, last_fields):
            warnings.append(
                f"line {index + 1}, the last one, was not written to its end and is left out: "
                "the file was still being written or is cut"
            )
            break
        if row is None:
            raise _bad_row(source, index, line, names)
        found.append(row)
        if worded:
            words.append([fields[i].strip() for i in worded])
        where.append(index + 1)
        last_fields.append(fields[-1])
    if announced is not None and len(found) != announced:
        raise source.error(
            f"line {where[-1] if where else start + 1}",
            f"the header announces {announced} points, the file holds {len(found)}",
            "it is cut or was edited; export it again",
        )
    if not found:
        raise source.error(f"line {start + 1}", "no data follow the header", "the file is cut; export it again")
    table = np.array(found, dtype=float)
    if not np.isfinite(table).all():
        bad = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise _bad_row(source, where[bad] - 1, lines[where[bad] - 1], names)
    return Rows(
        {names[i]: table[:, k] for k, i in enumerate(numeric)},
        {names[i]: [row[k] for row in words] for k, i in enumerate(worded)},
        where,
        warnings,
    )


def _numbers(line: str, fields: Sequence[str], numeric: Sequence[int]) -> list[float] | None:
    """The numeric fields of a line, or None when one is no number."""
    if line.isascii() and "_" not in line:  # what float() takes beyond a plain number, other than nan and inf
        try:
            return [float(fields[i].replace(",", ".", 1)) for i in numeric]
        except ValueError:
            return None
    values = [number(fields[i]) for i in numeric]
    return None if None in values else [v for v in values if v is not None]


def _complete(row: list[float] | None, fields: Sequence[str], last_fields: Sequence[str]) -> bool:
    """Whether a last line without line end is certainly whole: its last field is written like all others."""
    if row is None:
        return False
    return {_shape(text) for text in last_fields} == {_shape(fields[-1])}


def _shape(text: str) -> str:
    """How a number is written, its digits and signs aside."""
    return re.sub("[0-9]", "9", re.sub("(?<=[eE])[+-]", "", text.strip())).lstrip("+-")


def _bad_row(source: "Source", index: int, line: str, names: Sequence[str]) -> InstrumentFileError:
    return source.error(
        f"line {index + 1}",
        f"read {line.strip()[:80]!r}, expected {len(names)} values ({', '.join(names)})",
        "the file is cut, edited or of another format; export it again",
    )


def missing_points(numbers: Array, lines: Sequence[int], what: str) -> list[str]:
    """A warning where the numbers of the points do not count on by one: rows are missing, doubled or moved."""
    jumps = np.flatnonzero(np.diff(numbers) != 1.0)
    if not jumps.size:
        return []
    first = int(jumps[0]) + 1
    return [
        f"{what}: the points do not count on at line {lines[first]} ({numbers[first - 1]:g}, then {numbers[first]:g}): "
        "rows are missing, doubled or moved"
    ]


def fields_by(separator: str) -> Callable[[str], list[str]]:
    """A way to split a line at a separator, passing over one at its end."""

    def split(line: str) -> list[str]:
        text = line.strip("\n")
        return text.rstrip().removesuffix(separator.strip() or "\0").split(separator)

    return split


def fields_as_in(row: str) -> Callable[[str], list[str]]:
    """A way to split lines like this one: at tabs, at commas with a blank (a comma may be decimal), or at commas."""
    if "\t" in row:
        return fields_by("\t")
    if not re.search(r",\s+\S", row):
        return fields_by(",")
    return lambda line: re.split(r",\s+", line.strip().removesuffix(","))


def find_line(lines: Sequence[str], pattern: str, start: int = 0) -> int | None:
    """Index of the first line in which `pattern` (a regular expression) is found."""
    compiled = re.compile(pattern)
    return next((i for i in range(start, len(lines)) if compiled.search(lines[i])), None)


# ---- impedance -------------------------------------------------------------------------------------------
def impedance_warnings(source: "Source", rows: Rows, columns: Mapping[str, Any]) -> list[str]:
    """What is odd in a spectrum; raises InstrumentFileError for a frequency that cannot be."""
    frequency = np.asarray(columns[Column.FREQUENCY], dtype=float)
    imaginary = np.asarray(columns[Column.IMAGINARY_IMPEDANCE], dtype=float)
    real = np.asarray(columns[Column.REAL_IMPEDANCE], dtype=float)
    if (frequency <= 0.0).any():
        bad = int(np.flatnonzero(frequency <= 0.0)[0])
        raise source.error(
            f"line {rows.lines[bad]}",
            f"read the frequency {frequency[bad]:g} Hz, expected more than 0",
            "columns are mixed up or the file is damaged",
        )
    found = []
    positive = int((imaginary > 0.0).sum())
    if positive > len(imaginary) / 2:
        found.append(
            f"Im Z is positive (inductive) at {positive} of {len(imaginary)} points: "
            "inductive cell or cables, or a file of the other sign"
        )
    negative = int((real < 0.0).sum())
    if negative:
        found.append(f"Re Z is negative at {negative} of {len(real)} points: artefact of the measurement")
    if ABSOLUTE_IMPEDANCE in columns:
        modulus = np.asarray(columns[ABSOLUTE_IMPEDANCE], dtype=float)
        off = np.abs(np.hypot(real, imaginary) - modulus) > 0.01 * np.maximum(modulus, np.hypot(real, imaginary))
        if off.any():
            first = rows.lines[int(np.flatnonzero(off)[0])]
            found.append(
                f"|Z| in the file differs from its Re Z and Im Z by more than 1 % at {int(off.sum())} points "
                f"(first in line {first}): edited, or columns mixed up"
            )
    return found


def unfinished(frequency: Array, planned: object) -> list[str]:
    """A warning when a sweep stops before the frequency that was planned last."""
    if isinstance(planned, bool) or not isinstance(planned, (int, float)) or planned <= 0.0:
        return []
    first, last = float(frequency[0]), float(frequency[-1])
    if not (last > 1.5 * planned if first > planned else last < planned / 1.5):
        return []
    return [f"the spectrum ends at {last:g} Hz, planned was {planned:g} Hz: stopped early, still running or cut"]


def number_spectra(columns: dict[str, Any], group: npt.NDArray[np.int64] | None = None) -> None:
    """Add `Spectrum Index / 1`, from 0, where a table holds more than one spectrum.

    A new one begins where the group (by default the step) changes, or where the frequency jumps back to the start.
    """
    frequency = np.asarray(columns[Column.FREQUENCY], dtype=float)
    group = np.asarray(columns[Column.STEP]) if group is None else group
    numbers = np.zeros(len(frequency), dtype=np.int64)
    count = 0
    for begin, end in pairwise([0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(frequency)]):
        ratio = np.diff(np.log10(frequency[begin:end]))
        moving = ratio[ratio != 0.0]
        direction = np.sign(moving[0]) if moving.size else -1.0
        back = (np.sign(ratio) == -direction) & (np.abs(ratio) > 0.5)
        numbers[begin:end] = count + np.concatenate([[0], np.cumsum(back)])
        count = int(numbers[end - 1]) + 1
    if count > 1:
        columns[Column.SPECTRUM] = numbers


# ---- dates -----------------------------------------------------------------------------------------------
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
Order = Literal["month first", "day first"]


def started_at(day: str, clock: str, order: Order, known: bool = False) -> tuple[str, list[str]]:
    """Start in ISO 8601 and what was assumed, from a date and a time as a header writes them.

    `order` says how day and month are read when the numbers allow both; unless it is `known` (the format
    fixes it), such a reading is named as an assumption. An unreadable date gives "unknown".
    """
    parsed, ambiguous = _date(day, order)
    if parsed is None:
        return "unknown", []
    at = _time(clock)
    text = parsed.isoformat() if at is None else datetime.combine(parsed, at).isoformat()
    if not ambiguous or known:
        return text, []
    return text, [f"date {day.strip()!r} read {order}, as {parsed.isoformat()}: the file does not say which is the day"]


def _date(text: str, order: Order) -> tuple[date | None, bool]:
    named = re.search(r"([A-Za-z]{3})[a-z]*\.?\s+([0-9]{1,2}),?\s+([0-9]{4})", text)
    if named and named.group(1).lower() in _MONTHS:
        return _valid(int(named.group(3)), _MONTHS.index(named.group(1).lower()) + 1, int(named.group(2))), False
    iso = re.search(r"\b([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})\b", text)
    if iso:
        return _valid(*(int(g) for g in iso.groups())), False
    plain = re.search(r"\b([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})\b", text)
    if not plain:
        return None, False
    one, other, year = int(plain.group(1)), int(plain.group(3)), int(plain.group(4))
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    first: Order = "day first" if plain.group(2) == "." else order
    readings = {"month first": _valid(year, one, other), "day first": _valid(year, other, one)}
    chosen = readings[first]
    if chosen is None:
        chosen = readings["day first" if first == "month first" else "month first"]
    both = None not in readings.values() and readings["month first"] != readings["day first"]
    return chosen, both and plain.group(2) != "."


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(text: str) -> time | None:
    match = re.search(r"\b([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:[.,][0-9]+)?\s*([AaPp][Mm])?", text)
    if not match:
        return None
    hour = int(match.group(1))
    if match.group(4):
        hour = hour % 12 + (12 if match.group(4).lower() == "pm" else 0)
    try:
        return time(hour, int(match.group(2)), int(match.group(3) or 0))
    except ValueError:
        return None


# ---- what a header declares ------------------------------------------------------------------------------
def declare(name: str, value: object, unit: str, per_si: float) -> tuple[dict[str, float], list[str]]:
    """A declared geometry in SI and the assumption that goes with it; nothing when `value` is no number.

    It is kept and never used: instruments write placeholders where nobody entered a value.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return {}, []
    if float(value) in PLACEHOLDERS:
        note = f"declared {name} {value:g} {unit} is the instrument's default, not used"
    else:
        note = f"declared {name} {value:g} {unit} is kept, not used until the user confirms it"
    return {name: float(value) / per_si}, [note]


def temperature_in_name(text: str) -> str | None:
    """A temperature that a file name or title carries, such as "140 deg" or "-25 C", as text; or None.

    A minus counts only after another separator: in "s04-140deg" it separates, in "cell_-25C" it is a sign.
    """
    match = _NAMED_TEMPERATURE.search(text)
    if match is None:
        return None
    return f"{match.group(1) or ''}{match.group(2)} {match.group(3).replace('°', 'deg')}"


def pressure_in_name(text: str) -> str | None:
    """A pressure that a file name or title carries, such as "5MPa" or "0p5 MPa", as text with its unit; or None."""
    match = _NAMED_PRESSURE.search(text)
    return None if match is None else f"{match.group(1).replace(',', '.').replace('p', '.')} {match.group(2)}"


_NAMED_PRESSURE = re.compile(r"(?<![A-Za-z0-9.,])([0-9]+(?:[.,p][0-9]+)?)[\s_]?(MPa|kPa|GPa|bar)(?![A-Za-z0-9])")

_NAMED_TEMPERATURE = re.compile(
    r"(?:(?<![A-Za-z0-9.])(-))?(?<![0-9.])([0-9]{1,4}(?:\.[0-9]+)?)(?=\s?deg|\s?°|(?<=[0-9]{2})[CK])\s?"
    r"((?:deg|°)C?|C|K)(?![A-Za-z0-9])"
)


_NAMED_CURRENT = re.compile(
    r"(?<![A-Za-z0-9.,])([0-9]+(?:[.,p][0-9]+)?)\s?_?(mA|uA|µA|nA|A)(?![A-Za-z0-9/]|[-_ ]?(?:cm|h|per|g\b|/))"
)
_CURRENT_UNITS = {"mA": 1e-3, "uA": 1e-6, "µA": 1e-6, "nA": 1e-9, "A": 1.0}
_OFF = 0.05
"""A current that differs by more than this fraction is another one."""


def named_current(stem: str) -> tuple[float, str] | None:
    """A current that a file name speaks of: its value [A] and the words; densities and capacities are none."""
    match = _NAMED_CURRENT.search(stem)
    if match is None:
        return None
    value = float(match.group(1).replace(",", ".").replace("p", ".")) * _CURRENT_UNITS[match.group(2)]
    return value, match.group(0).strip()


def name_against_current(stem: str, current: Array) -> list[str]:
    """A warning where the file name speaks of another current than those that flowed; the measured ones count."""
    from natrode.units import write_quantity

    named = named_current(stem)
    size = np.abs(current[np.isfinite(current)])
    flowing = size[size > 0.05 * size.max(initial=0.0)]
    if named is None or named[0] == 0.0 or not flowing.size or np.min(np.abs(flowing - named[0])) <= _OFF * named[0]:
        return []
    measured = write_quantity(float(np.median(flowing)), "current", 4)
    return [f"the name says {named[1]}, the measured current is {measured}: the measured one counts"]


# ---- the record ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Reader:
    """Who reads: the maker, the format's name and the reader with its version, as the origin keeps them."""

    instrument: str
    format_name: str
    version: str

    def record(
        self,
        source: "Source",
        kind: Kind,
        columns: Mapping[str, Any],
        *,
        technique: str = "unknown",
        model: str = "",
        title: str = "",
        started: str = "unknown",
        temperature: KnownFloat = "unknown",
        settings: Mapping[str, Any] | None = None,
        declared: Mapping[str, float] | None = None,
        assumptions: Sequence[str] = (),
        warnings: Sequence[str] = (),
        sign_of_current: str | None = None,
        ohmic_correction: str = "unknown",
    ) -> Measurement:
        """A record from columns in SI and what the header said."""
        said = {} if sign_of_current is None else {"sign_of_current": sign_of_current}
        metadata = Metadata(
            kind=kind,
            origin=source.origin(f"{self.instrument} {model}".strip(), self.format_name, self.version),
            title=title.strip(),
            geometry=Geometry(declared=dict(declared or {})),
            temperature=temperature,
            started=started,
            technique=technique.strip() or "unknown",
            ohmic_correction=ohmic_correction,
            settings=dict(settings or {}),
            assumptions=tuple(dict.fromkeys(assumptions)),
            warnings=tuple(dict.fromkeys(warnings)),
            **said,
        )
        return Measurement(metadata, columns)
