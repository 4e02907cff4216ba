"""A table that people edit in a spreadsheet: read with whatever separator, mark and encoding it came back, and kept."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from natrode import files
from natrode.errors import SpecificationError

LARGEST = 1 << 25
"""[bytes]"""


@dataclass
class TableFile:
    """Headings and rows as text, and how the file was written."""

    header: list[str]
    rows: list[dict[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Number of the line of each row in the file, from 1 (the headings are line 1)."""
    delimiter: str = ","
    mark: bool = False
    """Whether the file began with a byte-order mark."""

    def text(self) -> str:
        """The table as it is written."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow(self.header)
        for row in self.rows:
            writer.writerow([row.get(name, "") for name in self.header])
        return stream.getvalue()

    def write(self, path: Path) -> None:
        """Write the table; with a byte-order mark where a spreadsheet needs one to see the letters right."""
        text = self.text()
        mark = b"\xef\xbb\xbf" if self.mark or not text.isascii() else b""
        files.write_bytes(path, mark + text.encode())


def read_table(path: Path) -> TableFile:
    """Read a table; raises SpecificationError that names file and row."""
    try:
        if path.stat().st_size > LARGEST:
            raise SpecificationError(f"{path}: larger than 32 MB; is it the table of cells?")
        data = path.read_bytes()
    except FileNotFoundError:
        raise SpecificationError(f"{path}: no such file; write one with: natrode cells FOLDER") from None
    except OSError as error:
        raise SpecificationError(f"{path}: cannot be read ({error.strerror or error})") from None
    text, mark = _decode(data)
    if not text.strip():
        raise SpecificationError(f"{path}: is empty; write a new one with: natrode cells FOLDER")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=lambda mark: _outside_quotes(first, mark))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise SpecificationError(f"{path}: is no table with separators ({error})") from None
    header = [cell.strip() for cell in found[0][1]]
    while header and not header[-1]:
        header.pop()
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise SpecificationError(f"{path}: row 1: the heading '{doubled[0]}' stands there twice")
    table = TableFile(header, delimiter=delimiter, mark=mark)
    for line, cells in found[1:]:
        extra = [cell for cell in cells[len(header) :] if cell.strip()]
        if extra:
            raise SpecificationError(
                f"{path}: row {line}: {len(cells)} fields under {len(header)} headings ('{extra[0][:40]}' has none)"
            )
        table.rows.append({n: c.strip() for n, c in zip(header, _padded(cells, len(header)), strict=True)})
        table.lines.append(line)
    return table


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _outside_quotes(line: str, mark: str) -> int:
    count, quoted = 0, False
    for letter in line:
        quoted ^= letter == '"'
        count += letter == mark and not quoted
    return count


def _decode(data: bytes) -> tuple[str, bool]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace"), True
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding), data.startswith(b"\xef\xbb\xbf")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), False
