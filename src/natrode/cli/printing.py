"""Printing of commands: JSON, tables, progress."""

import json
import os
import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

WIDTH = 120
"""Characters in a line that goes into a file or through a pipe, where no terminal says."""
LEAST_TEXT = 10
"""Characters of a column of text that are left beside columns that are not to be cut."""


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
    """Print analysed results, each with its uncertainty, its limit or the reason why there is none."""
    from natrode.report.run import result_shown

    rows = []
    for item in results:
        shown = result_shown(item)
        whole = item["scope"] == "cell" and not (item["area_normalised"] and "resistance" in item["quantity"])
        scope = "" if whole or item["scope"] in ("none", "") else f", {item['scope']}"
        unit = "" if item["unit"] in (None, "1") else item["unit"]
        value = f"{shown.value} {shown.uncertainty}".strip()
        rows.append([f"{item['quantity']}{scope}", value, unit, item["quality"], item["reason"]])
    columns = ["quantity", "value", "unit", "quality", "note"]
    show_table({"title": f"{title} (simulated)", "columns": columns, "rows": rows})


def terminal() -> Any:
    """Console as wide as the terminal, or COLUMNS; `WIDTH` where the text goes elsewhere."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=WIDTH)


def show_table(document: Any) -> None:
    """Print a document of rows: {title, columns, rows, notes}, or several of them under `tables`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console = terminal()
    for part in document.get("tables", [document]):
        rows = [[_cell(cell) for cell in row] for row in part["rows"]]
        if part.get("title"):
            console.print(Text(part["title"], style="italic"), highlight=False)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        whole = _whole_columns(part["columns"], rows, console.width)
        for n, name in enumerate(part["columns"]):
            heading = "\n".join(wrap(name, whole[n], break_long_words=False)) if n in whole else name
            table.add_column(Text(heading), overflow="fold", no_wrap=n in whole)
        for row in rows:
            table.add_row(*map(Text, row))
        if rows:
            console.print(table)
        for note in part.get("notes", []):
            console.print(note, markup=False, highlight=False)


def _whole_columns(names: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> dict[int, int]:
    """Columns of single words and numbers that are not to be cut, with their widths, as far as there is room."""
    whole: dict[int, int] = {}
    needed = 2 * len(names)
    for n, name in enumerate(names):
        cells = [row[n] for row in rows]
        widest = max(map(len, (*cells, *name.split())))
        if any(" " in cell for cell in cells) or widest > 0.36 * room:
            needed += min(widest, LEAST_TEXT)
        else:
            whole[n] = widest
    while whole and sum(whole.values()) + needed > room:
        widest = max(whole, key=lambda n: whole[n] / (2 if n == 0 else 1))  # the first column says what a row is about
        needed += min(whole.pop(widest), LEAST_TEXT)
    return whole


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
