"""XLSX workbooks in and out: a sheet of any make as a table, and natrode's own with all its records."""

import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from natrode.errors import OutputError, RecordError
from natrode.instruments import _headings
from natrode.measurement import MARK, Measurement, Metadata

if TYPE_CHECKING:
    from natrode.instruments.base import Source

LARGEST_SHEET = 1_048_576
"""Rows that a sheet can hold."""
LONGEST_TEXT = 32_000
"""Characters that natrode puts into one cell; longer values go on in the next row."""
ABOUT = "metadata"
ABOUT_HEADER = ("sheet", "key", "value")
KINDS = "types of the columns"
DIGEST = "sha256 of the record"


Sheets = Mapping[str, list[list[str]]]
"""Rows of every sheet as text, by its name."""


def read_sheets(source: "Source") -> Sheets:
    """All sheets of a workbook; raises InstrumentFileError."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
        sheets = {str(sheet.title): _rows(sheet) for sheet in book.worksheets}
        book.close()
    except Exception as error:
        raise source.error(
            "XLSX workbook", f"cannot be read ({type(error).__name__}: {error})", "save it again, or as CSV"
        ) from error
    return sheets


def chosen_sheet(source: "Source", sheets: Sheets) -> str:
    """Name of the sheet that the user names, else of the only one with data; raises InstrumentFileError."""
    wanted = source.hints.get("sheet")
    if wanted is not None:
        if str(wanted) not in sheets:
            raise source.error("sheet", f"no sheet '{wanted}'", f"it has {', '.join(sheets)}")
        return str(wanted)
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    if len(filled) > 1:  # a cycler's report has sheets of settings and statistics beside that of the data
        told = {name: rows for name, rows in filled.items() if _is_record(rows)}
        filled = told if len(told) == 1 else filled
    if len(filled) != 1:
        raise source.error(
            "XLSX workbook", f"it has {len(filled)} sheets with data: {', '.join(filled) or 'none'}",
            'say which: sheet="NAME" (on the command line --sheet NAME)',
        )  # fmt: skip
    return next(iter(filled))


def _is_record(rows: list[list[str]]) -> bool:
    """Whether a sheet's headings make it a spectrum, or voltage and current with time."""
    headings = [[_headings.take_apart(text) for text in row] for row in rows[:20]]
    roles = max((set(_headings.find_roles(row)) for row in headings), key=len)
    return {"frequency", "real"} <= roles or ({"voltage", "current"} <= roles and bool({"time", "date"} & roles))


def _rows(sheet: Any) -> list[list[str]]:
    rows = [["" if cell is None else _plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    width = max((i + 1 for row in rows for i, text in enumerate(row) if text), default=0)
    return [row[:width] for row in rows if any(row)]


def _plain(cell: Any) -> str:
    text = repr(cell) if isinstance(cell, float) else str(cell)
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")


# ---- natrode's own -----------------------------------------------------------------------------------------
def is_own(sheets: Sheets) -> bool:
    """Whether natrode wrote this workbook."""
    return tuple(next(iter(sheets.get(ABOUT, [])), ())) == ABOUT_HEADER


def own_records(source: "Source", sheets: Sheets) -> list[Measurement]:
    """The records of a workbook that `workbook` wrote, metadata and all; raises InstrumentFileError."""
    said: dict[str, dict[str, str]] = {}
    for row in sheets[ABOUT][1:]:
        if len(row) == len(ABOUT_HEADER):
            about = said.setdefault(row[0], {})
            about[row[1]] = about.get(row[1], "") + row[2]
    found = []
    for title, about in said.items():
        if title not in sheets:
            raise source.error(f"sheet {ABOUT}", f"it tells of a sheet '{title}' that is not there", "convert it again")
        try:
            values = {key: json.loads(text) for key, text in about.items() if key != DIGEST}
            kinds = values.pop(KINDS)
            metadata = Metadata.model_validate(values)
            table = _table(sheets[title], kinds)
            if table.pop(MARK, None) is not None and metadata.origin.kind != "simulation":
                raise RecordError("the table is marked as simulated, its metadata say that it was measured")
            found.append(_record(metadata, table))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecordError) as error:
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise source.error(
                f"sheet '{title}'", f"does not fit the sheet {ABOUT} ({problem})",
                "convert the original again, or name the sheet to read it as a plain table",
            ) from None  # fmt: skip
    if not found:
        raise source.error(f"sheet {ABOUT}", "it tells of no record", "convert the original again")
    return found


def _record(metadata: Metadata, table: Mapping[str, Any]) -> Measurement:
    return Measurement(metadata, table)


def _table(rows: Sequence[Sequence[str]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Columns of a sheet in the types that they had."""
    header = rows[0]
    padded = [[*row, *[""] * (len(header) - len(row))] for row in rows[1:]]
    found: dict[str, Any] = {}
    for position, name in enumerate(header):
        words = [row[position] for row in padded]
        kind = np.dtype(kinds[name]) if name in kinds else None
        if name.startswith(MARK):
            found[MARK] = True
        elif kind is None or kind.kind not in "biuf":
            found[name] = words
        elif kind.kind == "f":
            found[name] = np.array([float(word or "nan") for word in words], dtype=kind)
        elif kind.kind == "b":
            found[name] = np.array([word == "True" for word in words])
        else:
            found[name] = np.array([int(word) for word in words], dtype=kind)
    return found


def workbook(sheets: Sequence[tuple[str, Measurement]]) -> bytes:
    """A workbook with one sheet per record and one with their metadata; raises OutputError.

    A simulated record says so in its sheet's name, in a column of its table and in the metadata.
    """
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    about = book.create_sheet(ABOUT)
    about.append(ABOUT_HEADER)
    for name, record in sheets:
        if len(record) >= LARGEST_SHEET:
            raise OutputError(
                f"{name}: {len(record)} rows are more than a sheet holds ({LARGEST_SHEET}); use csv or parquet"
            )
        title = f"{'SIMULATED ' if record.is_simulated else ''}{name}"[:31]
        kinds = {str(c): str(t) for c, t in record.table.dtypes.items()}
        said = {key: json.dumps(value) for key, value in record.metadata.model_dump(mode="json").items()}
        for key, text in {**said, KINDS: json.dumps(kinds), DIGEST: record.digest}.items():
            for start in range(0, len(text), LONGEST_TEXT):
                about.append([title, key, text[start : start + LONGEST_TEXT]])
        sheet = book.create_sheet(title)
        table = record.export
        sheet.append([str(column) for column in table.columns])
        columns = [[_cell(value) for value in table[column].tolist()] for column in table.columns]
        for row in zip(*columns, strict=True):
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    """A value as a sheet can hold it: no NaN, infinities as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
