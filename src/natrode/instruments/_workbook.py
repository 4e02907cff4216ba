"""XLSX workbooks in and out, through openpyxl where it is installed."""

import importlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from natrode.errors import InstrumentFileError, OutputError

if TYPE_CHECKING:
    from natrode.instruments.base import Source
    from natrode.measurement import Measurement

LARGEST_SHEET = 1_048_576
"""Rows that a sheet can hold."""


def _library() -> Any:
    try:
        return importlib.import_module("openpyxl")
    except ImportError:
        return None


def read_workbook(source: "Source") -> list[list[str]]:
    """Rows of a sheet as text; raises InstrumentFileError.

    The sheet is the one that the user names, else the only one with more than one row of cells.
    """
    library = _library()
    if library is None:
        raise source.error(
            "XLSX workbook", "reading it needs the package openpyxl, which is not installed",
            "save the sheet as CSV, or: pip install openpyxl",
        )  # fmt: skip
    try:
        book = library.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
        sheets = {str(sheet.title): _rows(sheet) for sheet in book.worksheets}
        book.close()
    except InstrumentFileError:
        raise
    except Exception as error:
        raise source.error(
            "XLSX workbook", f"cannot be read ({type(error).__name__}: {error})", "save it again, or as CSV"
        ) from error
    wanted = source.hints.get("sheet")
    if wanted is not None:
        if str(wanted) not in sheets:
            raise source.error("sheet", f"no sheet '{wanted}'", f"it has {', '.join(sheets)}")
        return sheets[str(wanted)]
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    if len(filled) != 1:
        raise source.error(
            "XLSX workbook", f"it has {len(filled)} sheets with data: {', '.join(filled) or 'none'}",
            'say which: sheet="NAME"',
        )  # fmt: skip
    return next(iter(filled.values()))


def _rows(sheet: Any) -> list[list[str]]:
    rows = [["" if cell is None else _plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    width = max((i + 1 for row in rows for i, text in enumerate(row) if text), default=0)
    return [row[:width] for row in rows if any(row)]


def _plain(cell: Any) -> str:
    text = repr(cell) if isinstance(cell, float) else str(cell)
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")


def workbook(sheets: Sequence[tuple[str, "Measurement"]]) -> bytes:
    """A workbook with one sheet per record and one with their metadata; raises OutputError.

    A simulated record says so in its sheet's name and in the metadata.
    """
    library = _library()
    if library is None:
        raise OutputError("writing XLSX needs the package openpyxl, which is not installed; use csv or parquet")
    book = library.Workbook(write_only=True)
    about = book.create_sheet("metadata")
    about.append(["sheet", "key", "value"])
    for name, record in sheets:
        if len(record.table) >= LARGEST_SHEET:
            raise OutputError(
                f"{name}: {len(record.table)} rows are more than a sheet holds ({LARGEST_SHEET}); use csv or parquet"
            )
        title = f"{'SIMULATED ' if record.is_simulated else ''}{name}"[:31]
        for key, value in record.metadata.model_dump(mode="json").items():
            about.append([title, key, str(value)[:32000]])
        sheet = book.create_sheet(title)
        sheet.append([str(column) for column in record.table.columns])
        for row in record.table.itertuples(index=False):
            sheet.append([value.item() if hasattr(value, "item") else value for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
