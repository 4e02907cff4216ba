"""Delimited text of unknown make: where its table begins, what separates its fields, and its columns block by block.

A file is read in blocks that end at a line end, so that memory is bounded by the columns asked for and not by the
size of the file, and an error names the line in which it stands.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

BLOCK = 1 << 24
"""Bytes that are read at once."""
HEAD = 1 << 16
"""Bytes from which the layout is found."""
_DELIMITERS = ("\t", ";", "|", ",", " ")
_NUMBERS = {
    ".": re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?"),
    ",": re.compile(r"[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d{1,4})?"),
}
_EMPTY = frozenset(("", "nan", "na", "n/a", "null", "none", "-", "--"))
_NULLS = ["", "nan", "NaN", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None", "-", "--", "#N/A"]


class TableError(Exception):
    """A line that is no row of the table: its number (from 1) and what stands there."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True)
class Layout:
    """How a table is written: where it begins, its separator, its decimal mark and the lines above it."""

    delimiter: str
    """One character; a blank stands for any run of blanks."""
    decimal: str
    first: int
    """Index of the first line with data."""
    width: int
    above: tuple[str, ...]
    """Lines above the data."""
    sample: tuple[tuple[str, ...], ...]
    """Fields of the first rows."""

    def split(self, line: str) -> list[str]:
        """Fields of a line."""
        return split(line, self.delimiter)

    def numeric(self, column: int) -> bool:
        """Whether a column of the sample holds numbers (and perhaps empty fields) only."""
        found = [row[column].strip() for row in self.sample]
        filled = [text for text in found if text.lower() not in _EMPTY]
        return bool(filled) and all(_NUMBERS[self.decimal].fullmatch(text) for text in filled)

    def empty(self, column: int) -> bool:
        """Whether a column of the sample holds nothing."""
        return all(row[column].strip() == "" for row in self.sample)


def split(line: str, delimiter: str) -> list[str]:
    """Fields of a line; quotation marks hold a field together, except between blanks."""
    if delimiter == " ":
        return line.split()
    if '"' in line:
        return next(csv.reader([line], delimiter=delimiter), [])
    return line.split(delimiter)


def find_layout(text: str, complete: bool = True) -> Layout | None:
    """Find the table in the beginning of a text; None when there is none.

    Its rows have the number of fields, two or more, that most lines with numbers have; it begins with the first of
    them, and every line after that is one (or damaged). The separator and decimal mark are those under which most
    fields are numbers and most lines belong to the table.
    """
    lines = text.split("\n")
    if not complete and len(lines) > 1:
        lines = lines[:-1]
    lines = lines[:400]
    last = max((i for i, line in enumerate(lines) if line.strip()), default=-1)
    if last < 0:
        return None
    lines = lines[: last + 1]
    best: tuple[tuple[float, int, int], Layout] | None = None
    for delimiter in _DELIMITERS:
        if delimiter != " " and not any(delimiter in line for line in lines):
            continue
        rows = [split(line, delimiter) for line in lines]
        for decimal in (".", ",") if delimiter != "," else (".",):
            found = _rows_of_table(rows, decimal)
            if found is None:
                continue
            members, share = found
            sample = tuple(tuple(rows[i]) for i in members)
            layout = Layout(delimiter, decimal, members[0], len(sample[0]), tuple(lines[: members[0]]), sample)
            key = (round(share, 2), len(sample), len(sample[0]))
            if best is None or key > best[0]:
                best = key, layout
    return None if best is None else best[1]


def _rows_of_table(rows: list[list[str]], decimal: str) -> tuple[list[int], float] | None:
    """Indices of the rows of the table, and the share of their fields that are numbers."""
    number = _NUMBERS[decimal]
    full = [sum(bool(f.strip()) for f in row) for row in rows]
    count = [sum(bool(number.fullmatch(f.strip())) for f in row) for row in rows]
    likely = [i for i, row in enumerate(rows) if len(row) >= 2 and count[i] > 0 and count[i] * 3 >= full[i]]
    if not likely:
        return None
    widths = Counter(len(rows[i]) for i in likely)
    width = max(widths, key=lambda w: (widths[w], w))
    members = [i for i in likely if len(rows[i]) == width]
    filled = sum(full[i] > 0 for i in range(members[0], len(rows)))
    if len(members) * 3 < filled:
        return None
    return members, sum(count[i] for i in members) / sum(full[i] for i in members)


@dataclass
class Columns:
    """What was read: numbers and texts by column position, and what is to be said about the reading."""

    numbers: dict[int, Array]
    texts: dict[int, list[str]]
    first_line: int
    rows: int = 0
    warnings: list[str] = field(default_factory=list)


def read_columns(
    stream: IO[bytes],
    layout: Layout,
    numbers: Sequence[int],
    texts: Sequence[int] = (),
    every: int = 1,
    most_rows: int | None = None,
) -> Columns:
    """Read columns of a table, block by block; keep every `every`-th row.

    Raises TableError with the line that is no row, and MemoryError when more than `most_rows` rows would be kept.
    """
    parts = {position: _Growing() for position in numbers}
    words: dict[int, list[str]] = {position: [] for position in texts}
    warnings: list[str] = []
    rows = kept = 0
    for line, block, last in _blocks(stream, layout.first):
        if last:
            block, note = _without_cut_row(block, line, layout)
            warnings += note
        table = _parse(block, line, layout, numbers, texts)
        if table is None:
            continue
        size = len(next(iter(table.values()))) if table else 0
        keep = slice(-rows % every, None, every)
        rows += size
        for position in numbers:
            parts[position].append(table[position][keep])
        for position in texts:
            words[position] += list(table[position][keep])
        kept += len(range(*keep.indices(size)))
        if most_rows is not None and kept > most_rows:
            raise MemoryError
    joined = {position: found.array() for position, found in parts.items()}
    return Columns(joined, words, layout.first + 1, kept, warnings)


class _Growing:
    """An array to which parts are appended in place: the memory grows where it lies, nothing is held twice."""

    def __init__(self) -> None:
        self._values = np.empty(0)
        self._size = 0

    def append(self, part: Array) -> None:
        """Append numbers."""
        size = self._size + len(part)
        if size > len(self._values):
            self._values.resize(max(size, len(self._values) * 5 // 4), refcheck=False)
        self._values[self._size : size] = part
        self._size = size

    def array(self) -> Array:
        """All numbers; nothing can be appended after that."""
        self._values.resize(self._size, refcheck=False)
        return self._values


def _blocks(stream: IO[bytes], skip: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number of the first line, the bytes and whether it is the last, of blocks that end at a line end."""
    rest = b""
    line = 1
    while True:
        data = stream.read(BLOCK)
        block = rest + data
        if data:
            cut = block.rfind(b"\n") + 1
            if cut == 0:
                if len(block) > 4 * BLOCK:
                    raise TableError(line, "is longer than 64 MB")
                rest = block
                continue
            block, rest = block[:cut], block[cut:]
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        start = line
        line += block.count(b"\n")
        while skip > 0 and block:
            head, mark, tail = block.partition(b"\n")
            block = tail
            skip -= 1
            start += 1
            del head, mark
        if block.strip() or not data:
            yield start, block, not data
        if not data:
            return


def _without_cut_row(block: bytes, line: int, layout: Layout) -> tuple[bytes, list[str]]:
    """The last block without a last row that was not written to its end, and the warning about it."""
    if not block.strip() or block.endswith(b"\n"):
        return block, []
    head, _, tail = block.rpartition(b"\n")
    fields = layout.split(tail.decode("latin-1"))
    whole = len(fields) == layout.width
    if whole:
        before = [row[-1].strip() for row in layout.sample if list(row) != fields]
        whole = not before or len(fields[-1].strip()) >= min(map(len, before))
    if whole:
        return block, []
    number = line + head.count(b"\n") + (1 if head else 0)
    return head + b"\n", [
        f"line {number}, the last one, was not written to its end and is left out: "
        "the file was still being written or is cut"
    ]


def _parse(
    block: bytes, line: int, layout: Layout, numbers: Sequence[int], texts: Sequence[int]
) -> dict[int, Any] | None:
    """Columns of a block; raises TableError."""
    if not block.strip():
        return None
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [f"c{i}" for i in range(layout.width)]
    wanted = {**{names[i]: pa.float64() for i in numbers}, **{names[i]: pa.string() for i in texts}}
    delimiter = layout.delimiter
    text = _utf8(block)
    if delimiter == " ":
        text = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", text))
        delimiter = "\t"
    try:
        table = arrow.read_csv(
            io.BytesIO(text),
            arrow.ReadOptions(column_names=names, block_size=len(text) + 1, use_threads=False),
            arrow.ParseOptions(delimiter=delimiter, quote_char=False if layout.delimiter == " " else '"'),
            arrow.ConvertOptions(
                column_types=wanted,
                include_columns=list(wanted),
                decimal_point=layout.decimal,
                null_values=_NULLS,
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _locate(text.decode("utf-8", "replace"), line, layout, delimiter, numbers, str(error)) from None
    found: dict[int, Any] = {i: table[names[i]].to_numpy() for i in numbers}
    found |= {i: table[names[i]].to_pylist() for i in texts}
    for position in numbers:
        if not np.isfinite(found[position]).all() and np.isinf(found[position]).any():
            raise _locate(text.decode("utf-8", "replace"), line, layout, delimiter, numbers, "an infinite number")
    return found


def _utf8(block: bytes) -> bytes:
    if block.isascii():
        return block
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("latin-1").encode()
    return block


def _locate(text: str, line: int, layout: Layout, delimiter: str, numbers: Sequence[int], fallback: str) -> TableError:
    """The first line that is no row of the table."""
    number = _NUMBERS[layout.decimal]
    for offset, row in enumerate(text.split("\n")):
        if not row.strip():
            continue
        fields = split(row, delimiter)
        if len(fields) != layout.width:
            return TableError(
                line + offset, f"read {row.strip()[:80]!r}, {len(fields)} fields, expected {layout.width}"
            )
        for position in numbers:
            said = fields[position].strip()
            if said.lower() not in _EMPTY and not number.fullmatch(said):
                return TableError(line + offset, f"read {said[:40]!r} in column {position + 1}, expected a number")
    return TableError(line, fallback.splitlines()[0][:120] if fallback else "is no row of the table")


def line_of_row(lines: Sequence[str], layout: Layout, row: int) -> int | None:
    """Number of the line in which a row stands, blank lines counted; None beyond these lines."""
    seen = -1
    for index in range(layout.first, len(lines)):
        seen += bool(lines[index].strip())
        if seen == row:
            return index + 1
    return None


def as_settings(lines: Sequence[str]) -> Mapping[str, Any]:
    """Lines above a table, as they stand."""
    kept = [line.strip() for line in lines if line.strip()]
    return {"above the table": kept[:200]} if kept else {}


_CLOCK = re.compile(
    r"\s*(?:(\d{1,6})(?:\s*[dD][a-z]*\.?\s*|-|\.|\s+))?(\d{1,7}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?\s*"
)


def seconds(text: str) -> float | None:
    """Seconds of "h:mm:ss.sss", with days before it or not; None when it is none."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    day, hour, minute, second, rest = match.groups()
    whole = int(day or 0) * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    return float(f"{whole}.{rest or 0}")
