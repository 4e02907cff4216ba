"""Every number of a study as CSV and as a workbook, and the script that gives them again."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from natrode import __version__
from natrode.workbench.study import CellStudy, Study

COLUMNS = (
    "cell", "origin", "excluded", "of", "quantity", "value", "uncertainty", "low", "high", "unit", "quality", "reason",
    "scope", "interfaces", "normalised by area", "method", "call", "files", "records (SHA-256)", "settings (SI)",
)  # fmt: skip
SERIES_COLUMNS = (
    "cell", "origin", "quantity", "value", "uncertainty", "unit", "at", "of", "unit of at", "scope", "method",
    "records (SHA-256)",
)  # fmt: skip


def result_rows(study: Study) -> list[list[Any]]:
    """One row a result in the order of COLUMNS; unknown is None."""
    return [row for cell in study.cells for row in _of_cell(cell)]


def _of_cell(cell: CellStudy) -> list[list[Any]]:
    origin = _origin(cell)
    files = " | ".join(dict.fromkeys(m.metadata.origin.file for m in cell.experiment.measurements))
    rows = []
    for answer in cell.answers:
        entry = answer.result.to_json()
        low, high = entry["interval"] or (None, None)
        rows.append([
            cell.name, origin, cell.excluded or None, answer.of or None, entry["quantity"], entry["value"],
            entry["uncertainty"], low, high, entry["unit"], entry["quality"], entry["reason"] or None, entry["scope"],
            entry["n_interfaces"], entry["area_normalised"], entry["method"], answer.task.code(), files,
            " | ".join(entry["source"]), json.dumps(entry["settings"], ensure_ascii=False),
        ])  # fmt: skip
    return rows


def series_rows(study: Study) -> list[list[Any]]:
    """One row a value of a series in the order of SERIES_COLUMNS."""
    rows: list[list[Any]] = []
    for cell in study.cells:
        for item in cell.series:
            entry = item.to_json()
            spread = entry["uncertainty"] or [None] * len(entry["value"])
            for x, value, error in zip(entry["x"], entry["value"], spread, strict=True):
                rows.append([
                    cell.name, _origin(cell), entry["quantity"], value, error, entry["unit"], x, entry["x_quantity"],
                    entry["x_unit"], entry["scope"], entry["method"], " | ".join(entry["source"]),
                ])  # fmt: skip
    return rows


def _origin(cell: CellStudy) -> str:
    """The word that no table of simulated numbers lacks."""
    if not cell.is_simulated:
        return "measured"
    origins = [m.metadata.origin for m in cell.experiment.measurements]
    seeds = sorted({o.seed for o in origins if o.seed is not None})
    mixed = any(o.kind != "simulation" for o in origins)
    return ("SIMULATED and measured" if mixed else "SIMULATED") + (f", seed {seeds[0]}" if len(seeds) == 1 else "")


def csv_text(columns: tuple[str, ...], rows: list[list[Any]]) -> str:
    """A table as CSV; numbers to the last bit, unknown empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue()


def workbook(study: Study) -> bytes:
    """The same tables as an Excel workbook, with the files that were not read."""
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    about: list[list[Any]] = [
        ["title", study.title],
        ["made by", f"natrode {__version__}"],
        ["simulated data", study.is_simulated],
    ]
    given = {**study.request.hints, **study.request.options}
    about += [[f"{name} (given)", str(value)] for name, value in given.items()]
    sheets: list[tuple[str, tuple[str, ...], list[list[Any]]]] = [
        ("results", COLUMNS, result_rows(study)),
        ("series", SERIES_COLUMNS, series_rows(study)),
        ("not read", ("file", "reason"), [list(item) for item in study.unread]),
        ("about", ("what", "value"), about),
    ]
    for name, columns, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in rows:
            sheet.append([_safe(cell) for cell in row])
        for number, title in enumerate(columns, 1):
            sheet.cell(1, number).font = Font(bold=True)
            longest = max([len(title), *(len(_as_shown(row[number - 1])) for row in rows)])
            sheet.column_dimensions[get_column_letter(number)].width = min(longest + 2, 44)
        sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _as_shown(cell: Any) -> str:
    """What a spreadsheet shows of a cell: numbers as long as they need to be read, not to their last bit."""
    return "" if cell is None else f"{cell:.7g}" if isinstance(cell, float) else str(cell)


def _safe(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula stays text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@" and cell else cell


def script(study: Study) -> str:
    """A Python script that reads the same files, makes the same calls and prints the same numbers."""
    request = study.request
    paths = [str(Path(p).resolve()) for p in request.paths]
    given = {**request.hints, **({"mix_simulated": True} if request.options.get("mix_simulated") else {})}
    words = "".join(f", {name}={value!r}" for name, value in given.items())
    lines = [
        f'"""Repeats an analysis of natrode {__version__}: {_plain(study.title)}."""',
        "",
        "from natrode.workbench.gather import gather",
        "from natrode.workbench.plan import results_of",
        "",
        f"cells = {{cell.title: cell for cell in gather({paths!r}{words}).experiments}}",
        "",
        "",
        "def show(name, call, record, /, **options):  # natrode.analysis has a function of the name of each call",
        "    for result in results_of(call, record, **options):",
        "        entry = result.to_json()",
        "        print(name, entry['quantity'], entry['value'], entry['uncertainty'], entry['unit'], entry['quality'],",
        "              entry['reason'], sep=' | ')",
        "",
    ]
    for cell in study.cells:
        calls = dict.fromkeys((a.task.of, a.task.script()) for a in cell.answers)
        if not calls:
            continue
        lines += ["", f"cell = cells[{cell.name!r}]"]
        lines += [f"show({of!r}, {code})" for of, code in calls]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")


__all__ = ["COLUMNS", "SERIES_COLUMNS", "csv_text", "result_rows", "script", "series_rows", "workbook"]
