"""BioLogic EC-Lab text exports with a header (.mpt, or .txt): all techniques, points or commas as decimals.

The file says how many lines its header has; the last of them names the columns, tab-separated. EC-Lab writes Latin-1.
A last line that was not written to its end is left out with a warning; fewer points than the header's loops
announce is an error.
"""

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from natrode.instruments import biologic_columns as names
from natrode.instruments._text import head_text, not_this
from natrode.instruments.base import Format, Source
from natrode.instruments.biologic_dates import read_date
from natrode.instruments.biologic_header import Header, read_header
from natrode.instruments.biologic_records import Run, records
from natrode.measurement import Measurement

if TYPE_CHECKING:
    import pandas as pd

NAME = "BioLogic EC-Lab text (.mpt)"
_READER = "biologic_mpt 1"
_TITLE = re.compile(r"(?:EC|BT)-Lab ASCII FILE", re.IGNORECASE)
_COUNT = re.compile(r"Nb header lines\s*:\s*(\d{1,6})", re.IGNORECASE)
_LONGEST_HEADER = 5000
_NOT_NUMBERS = ["", "NaN", "nan", "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND", "---", "XXX"]
_KNOWN = {*names.NAMES, *names.VOLTAGES, *names.CURRENTS, "-Im(Z)", "control"}


def recognise(source: Source) -> float:
    """Certainty that this is an EC-Lab text export with a header, from its first bytes."""
    head = head_text(source)[:400]
    if _TITLE.search(head):
        return 1.0
    return 0.9 if _COUNT.search(head) else 0.0


def read(source: Source) -> list[Measurement]:
    """All records of the file: time series or sweep, and spectra; raises InstrumentFileError."""
    if not source.data.strip(b"\x00 \t\r\n"):
        raise source.error("line 1", "the file is empty", "export the measurement from EC-Lab again")
    if recognise(source) == 0.0:
        raise not_this(source, NAME)
    text = source.text()
    place, top = _column_line(source, text)
    header = read_header(top[2:place])
    columns = column_names(top[place])
    body = text.split("\n", place + 1)
    table = read_table(source, body[-1] if len(body) > place + 1 else "", columns, place + 2)
    warnings = table.warnings
    said = _COUNT.search("\n".join(top[:5]))
    if said is None or int(said.group(1)) != place + 1:
        announced = said.group(1) if said else "no number of"
        warnings.append(f"the file announces {announced} header lines; its columns are named in line {place + 1}")
    unnamed = [str(i + 1) for i, c in enumerate(columns) if not c.strip()]
    if unnamed:
        warnings.append(f"column {', '.join(unnamed)} has no name in the file")
    loops = _loops(source, header, len(table.values))
    run = Run(
        source,
        NAME,
        _READER,
        table.values,
        [names.parse(c) for c in columns],
        technique=header.technique,
        started=header.started if table.origin == "unknown" else table.origin,
        instrument=header.instrument,
        settings=_with_channel(header),
        loops=loops,
        declared=header.declared,
        assumptions=(*header.assumptions, *table.assumptions),
        warnings=(*header.warnings, *warnings),
        first_line=place + 2,
    )
    return records(run)


def _with_channel(header: Header) -> dict[str, object]:
    said = re.match(r"\d{1,4}", str(header.settings.get("Run on channel", "")))
    return {**header.settings, **({"channel": int(said.group(0))} if said else {})}


def _column_line(source: Source, text: str) -> tuple[int, list[str]]:
    """Index of the line with the column names, and the lines up to it."""
    top = text.split("\n", _LONGEST_HEADER + 1)[: _LONGEST_HEADER + 1]
    said = next((m for line in top[:5] if (m := _COUNT.search(line))), None)
    if said is not None and 1 <= int(said.group(1)) <= len(top) and is_column_line(top[int(said.group(1)) - 1]):
        return int(said.group(1)) - 1, top[: int(said.group(1))]
    for index, line in enumerate(top):
        if is_column_line(line):
            return index, top[: index + 1]
    counted = f" though it announces {said.group(1)} header lines" if said else ""
    raise source.error(
        f"line {len(text.splitlines())}",
        f"the header ends without a line of column names{counted}",
        "the file is cut, or of a technique without data (Wait, Loop); export it again",
    )


def _loops(source: Source, header: Header, count: int) -> tuple[int, ...]:
    """Rows at which loops begin, held against the number of points; raises InstrumentFileError when points lack."""
    if not header.loops:
        return ()
    last = max(end for _, end in header.loops)
    if last + 1 > count:
        raise source.error(
            f"point {count}",
            f"the header's loops announce {last + 1} points, the file holds {count}",
            "the file is cut; export it again",
        )
    return tuple(sorted({start for start, _ in header.loops}))


# ---- what the readers of EC-Lab's text tables share ------------------------------------------------------
def column_names(line: str) -> list[str]:
    """The column names of a line; EC-Lab ends it with a tab or without."""
    found = line.split("\t")
    return found[:-1] if len(found) > 1 and not found[-1].strip() else found


def is_column_line(line: str) -> bool:
    """Whether a line names EC-Lab's columns: two or more that natrode knows, tab-separated."""
    found = [names.parse(c) for c in column_names(line)]
    return len(found) > 1 and sum(n.name in _KNOWN for n in found) >= 2


@dataclass(frozen=True)
class Table:
    """The numbers under a line of column names, and what was odd or assumed in reading them."""

    values: "pd.DataFrame"
    warnings: list[str]
    assumptions: list[str]
    origin: str = "unknown"
    """Date of the first point, where the time column holds dates instead of seconds."""


def read_table(source: Source, body: str, columns: list[str], first: int) -> Table:
    """Read the table under the column names; `first` is the line of its first row in the file.

    Every row has one value per column; anything else is an InstrumentFileError that names line and column, except
    a last line that breaks off.
    """
    import pandas as pd

    warnings: list[str] = []
    assumptions: list[str] = []
    body, dropped = _without_broken_end(body.rstrip("\n \x1a"), len(columns))
    if dropped:
        warnings.append(f"the last line breaks off ({dropped[:40]!r}) and is left out: it was still being written")
    row = body[: body.find("\n")] if "\n" in body else body
    comma = row.count(",") > row.count(".")
    if comma:
        assumptions.append("numbers have a decimal comma")
    if not body.strip():
        return Table(pd.DataFrame(np.zeros((0, len(columns)))), warnings, assumptions)
    body = _without_end_tabs(body)
    origin = "unknown"
    try:
        if not _even(body, len(columns)):
            raise ValueError
        table = pd.read_csv(
            io.StringIO(body),
            sep="\t",
            header=None,
            names=list(range(len(columns))),
            index_col=False,
            decimal="," if comma else ".",
            dtype=np.float64,
            na_values=_NOT_NUMBERS,
            keep_default_na=False,
            skip_blank_lines=False,
            engine="c",
            quoting=csv.QUOTE_NONE,
        )
        if len(table) != body.count("\n") + 1:
            raise ValueError
    except (ValueError, OverflowError, pd.errors.ParserError):
        table, origin = _slow_table(source, body, columns, first)
    if origin != "unknown":
        assumptions.append("the time column holds dates: seconds since the first point")
    return Table(table, warnings, assumptions, origin)


def _without_end_tabs(body: str) -> str:
    """The table without a tab at the end of every line, where every line has one."""
    if body.endswith("\t") and body.count("\t\n") == body.count("\n"):
        return body[:-1].replace("\t\n", "\n")
    return body


def _even(body: str, count: int) -> bool:
    """Whether every line has this number of cells."""
    data = np.frombuffer(body.encode("utf-8"), np.uint8)
    ends = np.append(np.flatnonzero(data == ord("\n")), len(data))
    tabs = np.searchsorted(np.flatnonzero(data == ord("\t")), ends)
    return bool(np.all(np.diff(tabs, prepend=0) == count - 1))


def _without_broken_end(body: str, count: int) -> tuple[str, str]:
    """The table without a last line that breaks off, and that line ("" when all is whole)."""
    cut = body.rfind("\n")
    if cut < 0:
        return body, ""
    last = body[cut + 1 :].split("\t")
    before = body[body.rfind("\n", 0, cut) + 1 : cut].split("\t")
    last, before = (x[:-1] if len(x) == count + 1 and not x[-1].strip() else x for x in (last, before))
    if len(before) != count or len(last) > count:
        return body, ""
    if len(last) < count or _breaks_off(last[-1], before[-1]):
        return body[:cut], body[cut + 1 :]
    return body, ""


_SCIENTIFIC = re.compile(r"[-+]?\d[.,](\d+)E[-+](\d+)\s*$")


def _breaks_off(last: str, before: str) -> bool:
    """Whether a number is written with other digits than the one above it (EC-Lab writes a fixed number)."""
    above, here = _SCIENTIFIC.match(before.strip()), _SCIENTIFIC.match(last.strip())
    if above is None:
        return not last.strip() and bool(before.strip())
    if here is None:
        return last.strip() not in _NOT_NUMBERS[1:]
    return [len(g) for g in here.groups()] != [len(g) for g in above.groups()]


_NUMBER = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d{1,4})?", re.ASCII)


def _slow_table(source: Source, body: str, columns: list[str], first: int) -> tuple["pd.DataFrame", str]:
    """The table line by line: dates become seconds; raises at the first line that does not belong to a table."""
    import pandas as pd

    lines = body.split("\n")
    times = [i for i, c in enumerate(columns) if names.parse(c).name == "time"]
    origin: datetime | None = None
    values = np.empty((len(lines), len(columns)))
    for row, line in enumerate(lines):
        cells = line.split("\t")
        if len(cells) == len(columns) + 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(columns):
            raise source.error(
                f"line {first + row}",
                f"{len(cells)} values where the header names {len(columns)} columns",
                "the file is cut or was edited; export it again",
            )
        for position, cell in enumerate(cells):
            text = cell.strip()
            if text in _NOT_NUMBERS:
                values[row, position] = np.nan
            elif _NUMBER.fullmatch(text):
                values[row, position] = float(text.replace(",", "."))
            elif position in times and (moment := _moment(text)) is not None:
                origin = origin or moment
                values[row, position] = (moment - origin).total_seconds()
            else:
                raise source.error(
                    f"line {first + row}, column {columns[position] or position + 1}",
                    f"read {text[:40]!r}, expected a number",
                    "the file is damaged or was edited; export it again",
                )
    return pd.DataFrame(values), "unknown" if origin is None else origin.isoformat(timespec="milliseconds")


def _moment(text: str) -> datetime | None:
    """A date, as EC-Lab writes the time when asked for absolute times ("05/17/2024 14:09:11.952")."""
    iso, _ = read_date(text)
    return None if iso == "unknown" else datetime.fromisoformat(iso)


FORMAT = Format(NAME, (".mpt", ".txt"), recognise, read)
