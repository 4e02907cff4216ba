"""Tables of unknown make: CSV, TSV and other delimited text, XLSX; Battery Data Format tables among them.

A column is what its heading says (name and unit) or what the user says; nothing is guessed. A file may be larger
than the memory: text is read in blocks and only the columns that have a role are kept.
"""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from natrode.instruments import _headings, _tables, _text
from natrode.instruments._headings import Heading
from natrode.instruments._table_record import HOW, Plan, Table, build
from natrode.instruments._tables import seconds
from natrode.instruments.base import Format, Source
from natrode.measurement import Kind, Measurement

NAME = "table (CSV, TSV, XLSX)"
MOST_ROWS = 100_000_000
"""More rows than this are not held in memory; the user thins them out with `every`."""
KEEP_ALL = 1 << 28
"""Up to this size [bytes] columns without a role are kept as well."""


def recognise(source: Source) -> float:
    """Certainty that this is a table, from its first kilobytes; low, since every other format knows better."""
    if is_workbook(source.head):
        return 0.3
    if b"\0" in source.head and not source.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 0.0
    layout = _tables.find_layout(_text.head_text(source), complete=len(source.data) <= len(source.head))
    if layout is None:
        return 0.0
    headings = find_headings(layout)[0]
    roles = _headings.find_roles(headings)
    known = {"frequency", "voltage"} & set(roles)
    return 0.3 if known else 0.15 if layout.width >= 2 and len(layout.sample) >= 3 else 0.05


def is_workbook(head: bytes) -> bool:
    """Whether a file begins like an XLSX workbook."""
    return head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head[:2048])


def read(source: Source) -> list[Measurement]:
    """The record of a table; raises InstrumentFileError that tells how to say what the columns are."""
    if is_workbook(source.head):
        from natrode.instruments import _workbook

        sheets = _workbook.read_sheets(source)
        if _workbook.is_own(sheets) and "sheet" not in source.hints:
            return _workbook.own_records(source, sheets)
        sheet = _workbook.chosen_sheet(source, sheets)
        text = "\n".join("\t".join(row) for row in sheets[sheet])
        records = _read(source, io.BytesIO(text.encode()), text, "XLSX workbook")
        note = f"read from the sheet '{sheet}' of {len(sheets)}"
        return [r.with_metadata(assumptions=(note, *r.metadata.assumptions)) for r in records]
    text = source.text()
    if not text.strip():
        raise source.error("line 1", "the file is empty", "export the measurement again")
    return _read(source, io.BytesIO(text.encode()), text[: _tables.HEAD], NAME)


def read_stream(path: Path, hints: Mapping[str, Any]) -> list[Measurement]:
    """Read a text table of any size block by block; raises InstrumentFileError."""
    import hashlib

    with path.open("rb") as stream:
        head = stream.read(_tables.HEAD)
        stream.seek(0)
        tee = _Tee(stream, hashlib.sha256())
        source = Source(path, head, hints)
        records = _read(source, tee, source.text(), NAME, streamed=path.stat().st_size)
    digest = tee.digest.hexdigest()
    return [r.with_metadata(origin=r.metadata.origin.model_copy(update={"sha256": digest})) for r in records]


class _Tee(io.RawIOBase):
    """A stream that takes the digest of what is read."""

    def __init__(self, stream: IO[bytes], digest: Any) -> None:
        self._stream = stream
        self.digest = digest

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _read(source: Source, stream: Any, head: str, name: str, streamed: int | None = None) -> list[Measurement]:
    layout = _tables.find_layout(head, complete=len(head) < _tables.HEAD and streamed is None)
    if layout is None:
        raise source.error(
            "the whole file", "no table of numbers was found",
            "it needs two or more columns, separated by commas, semicolons, tabs or blanks",
        )  # fmt: skip
    headings, above, warnings = find_headings(layout)
    _check_headings(source, layout, headings)
    plan = make_plan(source, headings, layout.width, layout)
    numbers, texts, left_out = _wanted(layout, headings, plan, streamed)
    every = _every(source)
    try:
        found = _tables.read_columns(stream, layout, numbers, texts, every, MOST_ROWS)
    except _tables.TableError as error:
        raise source.error(
            f"line {error.line}", error.problem, "the file is cut, edited or has several tables; export it again"
        ) from None
    except MemoryError:
        raise source.error(
            "the whole file", f"it holds more than {MOST_ROWS} rows", "thin it out: every=10 keeps each tenth row"
        ) from None
    if found.rows == 0:
        raise source.error(f"line {layout.first + 1}", "no data follow the header", "export it again")
    if every > 1:
        warnings.append(f"only each {every}th row was read, as the user asked: {found.rows} rows kept")
    lines = head.split("\n") if streamed is None else []
    table = Table(
        headings, layout.width, found.numbers, found.texts,
        lambda row: _place(lines, layout, row * every), above, warnings + found.warnings, left_out,
    )  # fmt: skip
    return [build(source, table, plan, name)]


def _place(lines: Sequence[str], layout: _tables.Layout, row: int) -> str:
    line = _tables.line_of_row(lines, layout, row)
    return f"data row {row + 1}" if line is None else f"line {line}"


def find_headings(layout: _tables.Layout) -> tuple[list[Heading], tuple[str, ...], list[str]]:
    """Headings of a table, the lines above that are none, and warnings.

    The headings are the line with as many fields as the table, among the ten above it, in which most columns are
    recognised (the nearest of equals); a line of units may stand between.
    """
    above = [line for line in layout.above if line.strip()]
    candidates: list[tuple[int, int, list[Heading]]] = []
    for index in range(len(above) - 1, max(len(above) - 11, -1), -1):
        fields = _heading_fields(layout, above[index])
        if fields is None:
            continue
        headings = [_headings.take_apart(text) for text in fields]
        candidates.append((len(_headings.find_roles(headings)), index, headings))
        if index == len(above) - 1 and index > 0 and _headings.are_units(fields):
            names = _heading_fields(layout, above[index - 1])
            if names is not None:
                headings = [_headings.take_apart(n, u) for n, u in zip(names, fields, strict=True)]
                candidates.append((len(_headings.find_roles(headings)) + 1, index - 1, headings))
    if not candidates:
        return [], tuple(above), []
    count, index, headings = max(candidates, key=lambda item: (item[0], item[1]))
    if count == 0:
        index, headings = next((i, h) for _, i, h in candidates)
    rest = tuple(line for i, line in enumerate(above) if i != index)
    return headings, rest, []


def _heading_fields(layout: _tables.Layout, line: str) -> list[str] | None:
    """Fields of a heading line, as many as the table has columns; None when it cannot be one."""
    plain = line.strip("\n").lstrip("\ufeff")
    for text in (plain, plain.lstrip("#%! ")):
        fields = layout.split(text)
        if len(fields) == layout.width + 1 and not fields[-1].strip():
            fields = fields[:-1]
        if len(fields) != layout.width and layout.delimiter == " ":
            fields = [f for f in re.split(r"\t|\s{2,}|,\s*|;\s*", text.strip()) if f]
        if len(fields) == layout.width and any(f.strip() for f in fields):
            return [f.strip().strip('"') for f in fields]
    return None


def _check_headings(source: Source, layout: _tables.Layout, headings: Sequence[Heading]) -> None:
    """Raise where the decimal mark and the separator are one, so that every number falls in two."""
    if headings or layout.delimiter != "," or not layout.above:
        return
    fields = [f for f in layout.above[-1].split(",") if f.strip()]
    if len(fields) * 2 == layout.width and not any(_text.number(f) is not None for f in fields):
        raise source.error(
            f"line {layout.first + 1}",
            f"{layout.width} numbers under {len(fields)} headings: the comma is separator and decimal mark at once",
            "export with semicolons or tabs between the columns",
        )


def given_columns(source: Source) -> dict[str, str]:
    """The user's columns: a mapping, or text "frequency=f/Hz, real=2/ohm"."""
    given = source.hints.get("columns") or {}
    if isinstance(given, str):
        pairs = [part.partition("=") for part in given.split(",") if part.strip()]
        return {key.strip().replace("-", "_"): value.strip() for key, _, value in pairs}
    return {str(key): str(value) for key, value in dict(given).items()}


def make_plan(source: Source, headings: Sequence[Heading], width: int, layout: _tables.Layout | None) -> Plan:
    """What each column is; raises InstrumentFileError that tells how to say it."""
    given = given_columns(source)
    try:
        columns, units = _headings.roles_given(given, headings, width)
    except ValueError as error:
        raise source.error("columns", str(error), HOW) from None
    assumptions = [f"column {role}: {said}, as the user says" for role, said in given.items()]
    taken = set(columns.values())
    for role, position in _headings.find_roles(headings).items():
        if role not in columns and position not in taken:
            columns[role] = position
            if headings[position].unit:
                units[role] = headings[position].unit
    if not headings and not given and layout is not None and _is_spectrum(layout):
        columns = {"frequency": 0, "real": 1, "imaginary": 2}
        assumptions.append(
            "no headings: columns taken as frequency, Re Z and Im Z, because the first falls or rises evenly on a "
            "logarithmic scale, the second is positive and the third mostly negative"
        )
    plan = Plan(_kind(source, columns, headings, width), columns, units, assumptions)
    if layout is not None and "time" in columns and _is_clock(layout, columns["time"]):
        units.setdefault("time", "s")
    _settle_units(source, plan, headings)
    return plan


def _kind(source: Source, columns: Mapping[str, int], headings: Sequence[Heading], width: int) -> Kind:
    wanted = source.hints.get("kind")
    have = set(columns)
    cartesian = "real" in have and have & {"imaginary", "minus_imaginary"}
    polar = "modulus" in have and have & {"phase", "minus_phase"}
    if "frequency" in have and (cartesian or polar) and wanted in (None, "impedance"):
        return "impedance"
    if have >= {"voltage", "current"} and (wanted == "sweep" or not have & {"time", "date"}):
        return "sweep"
    if "voltage" in have and have & {"time", "date"} and wanted in (None, "cycling"):
        return "cycling"
    names = ", ".join(f"'{h.text}'" for h in headings) or f"{width} columns without headings"
    raise source.error(
        "heading" if headings else "line 1",
        f"read {names}; recognised {', '.join(sorted(have)) or 'nothing'}; needed are frequency with Re and Im (or |Z| "
        f"and phase), or time and voltage{'' if wanted is None else f' (the user says {wanted})'}",
        HOW,
    )


def _is_spectrum(layout: _tables.Layout) -> bool:
    """Whether three columns without headings can be nothing but a spectrum."""
    if layout.width != 3 or len(layout.sample) < 10 or not all(layout.numeric(i) for i in range(3)):
        return False
    rows = [[float(f.strip().replace(",", ".")) for f in row if f.strip()] for row in layout.sample]
    if any(len(row) != 3 for row in rows):
        return False
    frequency, real, imaginary = np.array(rows).T
    if (frequency <= 0).any():
        return False
    steps = np.diff(np.log10(frequency))
    even = np.all(steps > 0) or np.all(steps < 0)
    return bool(
        even
        and abs(np.log10(frequency[-1] / frequency[0])) >= 2
        and np.ptp(steps) <= max(0.5 * abs(np.median(steps)), 0.05)
        and (real > 0).mean() > 0.9
        and (imaginary < 0).mean() > 0.6
    )


def _settle_units(source: Source, plan: Plan, headings: Sequence[Heading]) -> None:
    """Units that go without saying, and an error for those that do not."""
    needed = {
        "impedance": ("frequency", "real", "imaginary", "minus_imaginary", "modulus"),
        "cycling": ("time", "voltage", "current"),
        "sweep": ("voltage", "current", "time"),
    }[plan.kind]
    silent = []
    for role in list(plan.columns):
        if role in plan.units or role == "date":
            continue
        default = _headings.ROLES[role][1]
        if default is not None:
            plan.units[role] = default
            if default != "1":
                silent.append(f"{role} in {default}")
        elif role in ("phase", "minus_phase"):
            plan.units[role] = "deg"
            silent.append("phase in deg")
        elif role in needed:
            heading = headings[plan.columns[role]].text if headings else str(plan.columns[role] + 1)
            common = {"time": "s", "voltage": "V", "current": "mA"}[role]
            raise source.error(
                f"column '{heading}'", f"the {role} has no unit in its heading",
                f'give it: columns={{"{role}": "{heading}/{common}"}} (--columns "{role}={heading}/{common}")',
            )  # fmt: skip
        else:
            del plan.columns[role]
    if silent:
        plan.assumptions.append(f"units not stated in the file, taken as: {', '.join(silent)}")


def _wanted(
    layout: _tables.Layout, headings: Sequence[Heading], plan: Plan, streamed: int | None
) -> tuple[list[int], list[int], list[str]]:
    """Columns to read as numbers and as text, and the names of those left out of a large file."""
    dated = plan.columns.get("date")
    clock = plan.columns.get("time")
    texts = [] if dated is None else [dated]
    if clock is not None and _is_clock(layout, clock):
        texts.append(clock)
    numbers = [p for p in dict.fromkeys(plan.columns.values()) if p not in texts]
    rest = [p for p in range(layout.width) if p not in numbers and p not in texts and not layout.empty(p)]
    if streamed is not None and streamed > KEEP_ALL:
        if dated is not None and clock is not None:
            texts.remove(dated)
        return numbers, texts, [headings[p].text if headings else str(p + 1) for p in rest]
    for position in rest:
        (numbers if layout.numeric(position) else texts).append(position)
    return numbers, texts, []


def _is_clock(layout: _tables.Layout, column: int) -> bool:
    """Whether a column begins with a time as h:mm:ss."""
    return seconds(layout.sample[0][column]) is not None


def _every(source: Source) -> int:
    given = source.hints.get("every", 1)
    if isinstance(given, bool) or not str(given).isdigit() or int(given) < 1:
        raise source.error("every", f"read {given!r}, expected a whole number from 1", "every=10 keeps each tenth row")
    return int(given)


FORMAT = Format(NAME, (".csv", ".tsv", ".txt", ".xlsx", ".dat"), recognise, read)
