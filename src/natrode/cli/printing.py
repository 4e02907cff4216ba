"""Printing of commands: JSON, tables, progress."""

import json
import os
import sys
from typing import Any

WIDTH = 120
"""Characters in a line that goes into a file or through a pipe, where no terminal says."""


def dumps(document: Any) -> str:
    """JSON with numbers as numbers; a NaN is an error of natrode's own."""
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False)


def progress(shown: bool) -> Any:
    """Context that gives `advance(done, total, text)`, drawn on standard error when `shown`."""
    from contextlib import contextmanager

    @contextmanager
    def context() -> Any:
        if not shown:
            yield lambda done, total, text: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=1)
            yield lambda done, total, text: bar.update(task, completed=done, total=total, description=text)

    return context()


def show_results(title: str, results: list[dict[str, Any]]) -> None:
    """Print analysed results, each with its uncertainty or the reason why there is none."""
    rows = []
    for item in results:
        value = "-" if item["value"] is None else f"{item['value']:.4g}"
        if item.get("uncertainty"):
            value += f" ± {item['uncertainty']:.2g}"
        rows.append([item["quantity"], value, item["unit"] or "", item["quality"], item["reason"]])
    columns = ["quantity", "value", "unit", "quality", "note"]
    show_table({"title": f"{title} (simulated)", "columns": columns, "rows": rows})


def show_table(document: Any) -> None:
    """Print a document of rows: {title, columns, rows, notes}, or several of them under `tables`."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDTH)
    for part in document.get("tables", [document]):
        rows = [[_cell(cell) for cell in row] for row in part["rows"]]
        if part.get("title"):
            console.print(Text(part["title"], style="italic"), highlight=False)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for n, name in enumerate(part["columns"]):
            cells = [name.split(" ")[0], *(row[n] for row in rows)]
            # a word or a number is cut only where it would take the room of all others
            is_whole = all(" " not in cell and len(cell) <= 0.36 * console.width for cell in cells)
            table.add_column(Text(name), overflow="fold", no_wrap=is_whole)
        for row in rows:
            table.add_row(*map(Text, row))
        if rows:
            console.print(table)
        for note in part.get("notes", []):
            console.print(note, markup=False, highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
