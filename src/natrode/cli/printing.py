"""Printing of commands: JSON, tables, progress."""

import json
from typing import Any


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
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{title} (simulated)", title_justify="left")
    for name in ("quantity", "value", "unit", "quality", "note"):
        table.add_column(name, overflow="fold")
    for item in results:
        value = "-" if item["value"] is None else f"{item['value']:.4g}"
        if item.get("uncertainty"):
            value += f" ± {item['uncertainty']:.2g}"
        table.add_row(item["quantity"], value, item["unit"] or "", item["quality"], item["reason"])
    Console().print(table)


def show_table(document: Any) -> None:
    """Print a document of rows: {title, columns, rows, notes}, or several of them under `tables`."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for part in document.get("tables", [document]):
        table = Table(title=part.get("title"), title_justify="left")
        for name in part["columns"]:
            table.add_column(name, overflow="fold")
        for row in part["rows"]:
            table.add_row(
                *("" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row)
            )
        console.print(table)
        for note in part.get("notes", []):
            console.print(note)
