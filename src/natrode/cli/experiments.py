"""Commands for virtual experiments: examples and runs."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, show_results


@app.command
def new(kind: Literal["cell", "protocol", "full-cell", "full-protocol"], file: Path | None = None, /) -> None:
    """Write a commented example that runs as it is (to standard output without FILE)."""
    from natrode import cell, protocol
    from natrode.errors import OutputError
    from natrode.files import write_text

    text = {
        "cell": cell.EXAMPLE,
        "protocol": protocol.EXAMPLE,
        "full-cell": cell.FULL_EXAMPLE,
        "full-protocol": protocol.FULL_EXAMPLE,
    }[kind]
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
    from natrode.cell import load_cell
    from natrode.files import output_folder, write_text
    from natrode.protocol import Protocol
    from natrode.report.run import run_page
    from natrode.simulate.symmetric import electrolyte_resistance, simulate

    specified, steps = load_cell(cell), Protocol.load(protocol)
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
