"""Commands: parsing, printing, and putting simulation, analysis, reproduction and report together."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from natrode import __version__

app = App(
    name="natrode",
    help="Virtual laboratory and data workbench for sodium-metal solid-state batteries.",
    version=__version__,
    help_format="plaintext",
)

Json = Annotated[
    bool, Parameter(help="Print one JSON document on standard output and nothing else there.", negative="")
]
Force = Annotated[bool, Parameter(help="Replace a folder that an earlier run wrote.", negative="")]


@app.command
def new(kind: Literal["cell", "protocol"], file: Path | None = None, /) -> None:
    """Write a commented example that runs as it is (to standard output without FILE)."""
    from natrode import cell, protocol
    from natrode.errors import OutputError
    from natrode.files import write_text

    text = cell.EXAMPLE if kind == "cell" else protocol.EXAMPLE
    if file is None:
        print(text, end="")
        return
    if file.exists():
        raise OutputError(f"{file}: exists already; choose another name")
    write_text(file, text)
    print(f"wrote {file}; edit it, then: natrode run CELL.toml PROTOCOL.toml --out FOLDER")


@app.command
def run(
    cell: Path,
    protocol: Path,
    /,
    *,
    out: Path,
    seed: int | None = None,
    csv: Annotated[bool, Parameter(help="Also write the records as CSV (Battery Data Format).", negative="")] = False,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Run a protocol on a virtual cell: records, summary and an HTML page in the folder OUT."""
    from natrode.analysis import summarise, summarise_series
    from natrode.cell import Cell
    from natrode.files import output_folder, write_text
    from natrode.protocol import Protocol
    from natrode.report.run import run_page
    from natrode.simulate.symmetric import electrolyte_resistance, simulate

    specified, steps = Cell.load(cell), Protocol.load(protocol)
    experiment = simulate(specified, steps, seed=seed)
    pellet = electrolyte_resistance(specified, steps)  # what a blocking cell of the same pellet would give
    results = [result.to_json() for result in summarise(experiment, pellet)]
    series = [item.to_json() for item in summarise_series(experiment, pellet)]
    document = {"title": experiment.title, "simulated": True, "out": str(out), "results": results}
    with output_folder(out, force) as folder:
        experiment.save(folder, csv=csv)
        write_text(folder / "summary.json", dumps(document))
        write_text(folder / "index.html", run_page(experiment, results + series, experiment.title))
    if json_:
        print(dumps(document))
        return
    show_results(experiment.title, results)
    print(f"page: {out / 'index.html'}")


@app.command
def materials(name: str | None = None, /, *, json_: Annotated[Json, Parameter(name="--json")] = False) -> None:
    """List materials and interfaces, or show one with every value, its unit, source and evidence."""
    from natrode import materials as data

    document = data.materials_table(name)
    if json_:
        print(dumps(document))
    else:
        show_table(material_tables(document))


@app.command
def papers(
    key: str | None = None,
    /,
    *,
    flags: Annotated[bool, Parameter(help="Only the numbers that contradict each other.", negative="")] = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """List the papers, or show one: systems, experiments, figures with their roles, flags."""
    from natrode.reproduce import library

    document = library.papers_table(key, flags=flags)
    if json_:
        print(dumps(document))
    else:
        show_table(document)


@app.command
def calibrate(
    paper: str,
    /,
    *,
    add: Annotated[str | None, Parameter(help="A further figure to condition on: what would it narrow?")] = None,
    seed: int | None = None,
    out: Annotated[Path | None, Parameter(help="File for the sample (CSV).")] = None,
    store: Annotated[bool, Parameter(help="Replace the sample that comes with natrode.", negative="")] = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Condition the prior of a paper's interfaces on its calibration figures; say what they leave open."""
    from natrode.reproduce import calibrate as calibration

    with progress(not json_) as advance:
        document = calibration.report(paper, add=add, seed=seed, out=out, store_sample=store, advance=advance)
    if json_:
        print(dumps(document))
    else:
        show_table(document)


@app.command
def reproduce(
    *papers: str,
    out: Annotated[Path, Parameter(help="Folder for figures.json, index.html, records and plots' data.")] = Path(
        "results"
    ),
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Run the experiments of the papers on virtual cells and set the published figures beside the computed ones."""
    from natrode.files import output_folder, write_text
    from natrode.report.reproduction import figures_json, reproduction_page
    from natrode.reproduce.run import reproduce as compute
    from natrode.reproduce.run import save_records

    with output_folder(out, force) as folder:
        with progress(not json_) as advance:
            result = compute(list(papers), advance=advance)
        text = figures_json(result)
        write_text(folder / "figures.json", text)
        write_text(folder / "index.html", reproduction_page(result))
        save_records(result, folder)
    if json_:
        print(dumps({"out": str(out), "results": json.loads(text)}))
        return
    show_reproduction(result)
    print(f"page: {out / 'index.html'}")


@app.command
def info(
    path: Path,
    /,
    *,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Say what instrument files are: what, when, points, what is missing, what is odd; a line each."""
    from natrode.instruments import folder

    found = folder.info(path)
    if json_:
        print(dumps({"results": [item.to_json() for item in found]}))
    else:
        print(folder.table(found))


@app.command
def cells(
    folder: Path,
    /,
    *,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Group the files of a folder into cells and write (or read back) cells.csv."""
    from natrode.instruments import cells as table

    found = table.cells(folder)
    if json_:
        print(dumps(found.to_json()))
    else:
        print(found.table())


@app.command
def convert(
    *files: Path,
    to: Literal["csv", "parquet", "xlsx"],
    out: Annotated[Path, Parameter(help="Folder for the converted files.")] = Path(),
    force: Force = False,
) -> None:
    """Convert instrument files to CSV, Parquet or XLSX with their metadata."""
    from natrode.instruments import natrode_files

    print(natrode_files.conversion_table(natrode_files.convert(list(files), to, out, force=force)))


# ---- printing -------------------------------------------------------------------------------------------------


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


def material_tables(document: dict[str, Any]) -> dict[str, Any]:
    """What `materials_table` gives as tables to print: the two lists, or the values of one of them."""
    if "values" in document:
        columns = ["name", "value", "unit", "evidence", "source"]
        lists = {document["title"]: [{key: row[key] for key in columns} for row in document["values"]]}
    else:
        lists = {key: document[key] for key in ("materials", "interfaces")}
    tables = [
        {"title": title, "columns": list(rows[0]) if rows else [], "rows": [list(row.values()) for row in rows]}
        for title, rows in lists.items()
    ]
    return {"tables": tables}


def show_reproduction(result: Any) -> None:
    """Print counts per paper and the coverage line."""
    from collections import Counter

    rows = []
    for paper in result.papers:
        counts = Counter(row.status for row in result.rows if row.paper == paper.key)
        rows.append([paper.short, *(counts.get(name, 0) for name in STATUSES)])
    covered, compared, should = result.coverage()
    show_table(
        {
            "title": "figures by status",
            "columns": ["paper", *STATUSES],
            "rows": rows,
            "notes": [f"{covered} of {compared} intervals cover the published figure; {should:.0f} should"],
        }
    )


STATUSES = (
    "agrees",
    "misses",
    "not informative",
    "observation holds",
    "observation fails",
    "arithmetic agrees",
    "arithmetic differs",
    "awaits comparison",
    "not computed",
)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: exit code 2 for the user's mistake, 1 for a failure of natrode's own."""
    from natrode.errors import NatrodeError

    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    if debug:
        given.remove("--debug")
    try:
        app(given, exit_on_error=False, print_error=False)
    except (CycloptsError, NatrodeError) as error:
        if debug:
            raise
        print(f"natrode: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("natrode: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)
    except Exception as error:  # a failure of natrode's own: one line unless asked for more
        if debug:
            raise
        print(
            f"natrode: internal error: {type(error).__name__}: {error} (run again with --debug)",
            file=sys.stderr,
        )
        sys.exit(1)
