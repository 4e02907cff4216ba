"""Commands for virtual experiments: examples and runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, show_results
from natrode.cli.words import check_seed

if TYPE_CHECKING:
    from natrode.analysis import Result
    from natrode.measurement import Experiment


@app.command
def new(
    kind: Literal[
        "cell", "protocol", "full-cell", "full-protocol", "co2-cell", "co2-protocol", "sulfur-cell", "sulfur-protocol"
    ],
    file: Path | None = None,
    /,
) -> None:
    """Write a commented example that runs as it is (to standard output without FILE)."""
    from natrode import cell, protocol
    from natrode.errors import OutputError
    from natrode.files import write_text

    text = {
        "cell": cell.EXAMPLE,
        "protocol": protocol.EXAMPLE,
        "full-cell": cell.FULL_EXAMPLE,
        "full-protocol": protocol.FULL_EXAMPLE,
        "co2-cell": cell.CARBON_DIOXIDE_EXAMPLE,
        "co2-protocol": protocol.CARBON_DIOXIDE_EXAMPLE,
        "sulfur-cell": cell.SULFUR_EXAMPLE,
        "sulfur-protocol": protocol.SULFUR_EXAMPLE,
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
    state: Annotated[
        Path | None, Parameter(help="state.json of an earlier run of this full cell, to go on from.")
    ] = None,
    seed: int | None = None,
    csv: Annotated[bool, Parameter(help="Also write the records as CSV (Battery Data Format).", negative="")] = False,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Run a protocol on a virtual cell: records, summary and an HTML page in the folder OUT."""
    from natrode.analysis import summarise, summarise_series, verdict_of
    from natrode.cell import FullCell, load_cell
    from natrode.errors import SpecificationError
    from natrode.files import output_folder, write_text
    from natrode.protocol import Protocol
    from natrode.report.run import run_page
    from natrode.simulate.symmetric import electrolyte_resistance, simulate

    check_seed(seed)
    specified, steps = load_cell(cell), Protocol.load(protocol)
    if isinstance(specified, FullCell):
        from natrode.simulate.fullcell.run import State, simulate_to_state

        start = None if state is None else State.load(state)
        experiment, ended = simulate_to_state(specified, steps, seed=seed, start=start)
    else:
        if state is not None:
            raise SpecificationError(f"--state {state}: full cells go on from a state; {cell} is a symmetric cell")
        experiment, ended = simulate(specified, steps, seed=seed), None
    pellet = electrolyte_resistance(specified, steps)  # what a blocking cell of the same pellet would give
    found = [r for r in summarise(experiment, pellet) if r.quantity != "electrolyte resistance"]  # it is known here
    results = [_named(result, experiment).to_json() for result in found]
    series = [item.to_json() for item in summarise_series(experiment, pellet)]
    verdict = verdict_of(experiment, pellet)
    settings, warnings = experiment.cycling.metadata.settings, list(experiment.cycling.metadata.warnings)
    document = {
        "title": experiment.title, "simulated": True, "out": str(out), "end": settings["end"],
        "cycles": settings["cycles"], "warnings": warnings, "results": results,
        "failure": None if verdict is None else verdict.to_json(),
    }  # fmt: skip
    with output_folder(out, force) as folder:
        experiment.save(folder, csv=csv)
        if ended is not None:
            ended.save(folder / "state.json")
        write_text(folder / "summary.json", dumps(document))
        write_text(folder / "index.html", run_page(experiment, results + series, experiment.title, verdict))
    if json_:
        print(dumps(document))
        return
    show_results(experiment.title, results)
    if verdict is not None:
        print(verdict.summary)
    for warning in warnings:
        print(f"warning: {warning}")
    print(f"{settings['cycles']} cycles; {settings['end']}\npage: {out / 'index.html'}")


def _named(result: "Result", experiment: "Experiment") -> "Result":
    """A resistance of one of several spectra, with what tells it from the others."""
    from natrode.measurement import Column

    times = [float(s.array(Column.TIME).mean()) for m in experiment.of_kind("impedance") for s in m.spectra()]
    if len(times) < 2 or not result.quantity.startswith("interface resistance"):
        return result
    from_first, from_last = (abs(result.settings["time"] - time) for time in (times[0], times[-1]))
    return result.changed(quantity=f"{result.quantity}, {'first' if from_first <= from_last else 'last'} spectrum")
