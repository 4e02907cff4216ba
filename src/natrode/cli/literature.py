"""Commands for materials and papers: data, calibration, reproduction."""

import json
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, progress, show_table
from natrode.cli.replaying import calibrate_own
from natrode.cli.words import TableWords, check_seed
from natrode.errors import SpecificationError

_AS_THEY_ARE = TableWords()


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
    from natrode.reproduce.paper_tables import papers_table

    document = papers_table(key, flags=flags)
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
    record: Annotated[tuple[Path, ...], Parameter(help="Of a cell of your own: PAPER is then its TOML file.")] = (),
    use: Annotated[str | None, Parameter(help="Figures of that record, such as R0,t_0.2V.")] = None,
    table: TableWords = _AS_THEY_ARE,
    seed: int | None = None,
    out: Annotated[Path | None, Parameter(help="File for the sample (CSV); for the cell (TOML) with --record.")] = None,
    store: Annotated[bool, Parameter(help="Replace the sample that comes with natrode.", negative="")] = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Condition a paper's interfaces (or a cell of your own) on figures; say what they leave open."""
    from natrode.reproduce import worth

    check_seed(seed)
    if record or use is not None or paper.endswith(".toml"):
        if not record or use is None:
            raise SpecificationError(
                "a cell of your own is calibrated on its record: "
                "natrode calibrate CELL.toml --record FILE --use R0,t_0.2V"
            )
        if add is not None or store:
            which = "--store" if add is None else "--add"
            raise SpecificationError(
                f"{which} belongs to the calibration of a paper, not to that of a cell of your own"
            )
        calibrate_own(Path(paper), record, table, use, seed, out, json_)
        return
    with progress(not json_) as advance:
        document = worth.report(paper, add=add, seed=seed, out=out, store_sample=store, advance=advance)
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
    fresh: Annotated[
        bool,
        Parameter(
            help="First compute the stored studies of resolved electrodes behind the papers anew and replace them: "
            "about 5 minutes for hybrid-na-2022, 15 for bh-na-2021 on one core.",
            negative="",
        ),
    ] = False,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Run the experiments of the papers on virtual cells and set the published figures beside the computed ones."""
    from natrode.files import output_folder, write_text
    from natrode.reproduce.processes import processes

    with output_folder(out, force) as folder, processes() as pool:
        from natrode.report.reproduction import figures_json, reproduction_page
        from natrode.reproduce.run import reproduce as compute
        from natrode.reproduce.run import save_records

        with progress(not json_) as advance:
            result = compute(list(papers), advance=advance, fresh=fresh, pool=pool)
        text = figures_json(result)
        write_text(folder / "figures.json", text)
        write_text(folder / "index.html", reproduction_page(result))
        save_records(result, folder)
    if json_:
        print(dumps({"out": str(out), "results": json.loads(text)}))
        return
    show_reproduction(result)
    print(f"page: {out / 'index.html'}")


def material_tables(document: dict[str, Any]) -> dict[str, Any]:
    """What `materials_table` gives as tables to print: the two lists, or the values of one of them."""
    if "values" in document:
        columns = ["name", "value", "evidence", "source"]
        rows = [[row["name"], _value(row), row["evidence"], _source(row)] for row in document["values"]]
        return {"title": document["title"], "columns": columns, "rows": rows}
    tables = [
        {"title": title, "columns": list(document[title][0]), "rows": [list(row.values()) for row in document[title]]}
        for title in ("materials", "interfaces")
    ]
    return {"tables": tables}


def _value(row: dict[str, Any]) -> str:
    """A value with its uncertainty, or the range it may have, and its unit."""
    if isinstance(row["value"], str):
        return str(row["value"])
    known = ""
    if row["uncertainty"] is not None:
        known = f" ± {row['uncertainty']:.3g}"
    elif row["range"] is not None:
        known = " ({:.4g} to {:.4g})".format(*row["range"])
    elif row["prior"] is not None:
        known = f" (prior {row['prior']['low']:.4g} to {row['prior']['high']:.4g})"
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return f"{row['value']:.6g}{known}{unit}" + (f" at {row['temperature']}" if row["temperature"] else "")


def _source(row: dict[str, Any]) -> str | None:
    """Where a value comes from; of a calibrated one also the figures."""
    source: str | None = row["source"]
    return f"{source}; on {', '.join(row['conditioned_on'])}" if row["conditioned_on"] else source


def show_reproduction(result: Any) -> None:
    """Print counts per paper and the coverage line."""
    from collections import Counter

    counts = Counter((row.status, row.paper) for row in result.rows)
    rows = [[name, *(counts[name, paper.key] for paper in result.papers)] for name in STATUSES]
    covered, compared, should = result.coverage()
    show_table(
        {
            "title": "figures by status",
            "columns": ["status", *(paper.short for paper in result.papers)],
            "rows": rows,
            "notes": [
                f"{covered} of {compared} intervals cover the published number; {should:.0f} should; "
                f"{result.tolerated()} reach its stated tolerance",
                "{} of {} published bounds lie within reach".format(*result.bounds()),
            ],
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
