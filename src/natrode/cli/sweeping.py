"""The command for sweeps."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, progress, show_table


@app.command
def sweep(
    cell: Path,
    protocol: Path,
    /,
    *,
    vary: Annotated[
        list[str],
        Parameter(
            help="key=first:last:number (or first:last:number:log, or a list a,b,c); several times for a grid. A key "
            "is a path in the two files, such as cathode.loading, temperature, c_rate, steps.3.c_rate, or N/P."
        ),
    ],
    out: Annotated[Path, Parameter(help="Folder for the table (Parquet), the JSON and the page with maps.")],
    jobs: Annotated[
        int | None, Parameter(help="Processes on this machine [default: one for each core it may use].")
    ] = None,
    scheduler: Annotated[
        str | None, Parameter(help="Address of a Dask scheduler that runs the points instead.")
    ] = None,
    seed: int | None = None,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Run a protocol on a cell at every point of a grid; a killed sweep goes on where it was."""
    from natrode.errors import SpecificationError
    from natrode.files import check_output_folder, output_folder, write_bytes, write_text
    from natrode.report.sweep import sweep_page
    from natrode.specification import read_toml
    from natrode.workbench.sweep import journal_of, plan_of
    from natrode.workbench.sweep import sweep as run_all

    if jobs is not None and jobs < 1:
        raise SpecificationError(f"--jobs {jobs}: must be 1 or more")
    out = out.absolute()
    check_output_folder(out, force)
    plan = plan_of(read_toml(cell), read_toml(protocol), vary, seed=seed, where=(str(cell), str(protocol)))
    journal = journal_of(out)
    if force and journal.exists() and not journal.read_text().startswith(f'{{"natrode sweep": "{plan.digest}"'):
        journal.unlink()
    try:
        with progress(not json_) as advance:
            done = run_all(plan, jobs=jobs or _cores(), scheduler=scheduler, journal=journal, advance=advance)
    except KeyboardInterrupt:
        print(f"natrode: interrupted; finished points are in {journal}: run the same command again", file=sys.stderr)
        sys.exit(130)
    document = {"out": str(out), **done.to_json()}
    with output_folder(out, force) as folder:
        write_bytes(folder / "sweep.parquet", done.to_parquet())
        write_text(folder / "sweep.json", dumps(document))
        write_text(folder / "index.html", sweep_page(done))
    journal.unlink()
    if json_:
        print(dumps(document))
        return
    _show(done)
    print(f"table: {out / 'sweep.parquet'}\npage: {out / 'index.html'}")


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


SHOWN_POINTS, SHOWN_QUANTITIES = 40, 3
"""What is printed at most; the table holds all."""


def _show(done: Any) -> None:
    points = list(zip(done.plan.points, done.outcomes, strict=True))
    found = [{r["quantity"]: r["value"] for r in outcome.get("results", [])} for outcome in done.outcomes]
    varying = [name for name in done.quantities() if len({row.get(name) for row in found}) > 1]
    rows = []
    for (point, outcome), row in list(zip(points, found, strict=True))[:SHOWN_POINTS]:
        values = [row.get(name) for name in varying[:SHOWN_QUANTITIES]]
        rows.append([*done.plan.at(point).values(), outcome["outcome"], outcome.get("cycles"), *values])
    notes = []
    if len(points) > SHOWN_POINTS or len(varying) > SHOWN_QUANTITIES:
        notes.append(f"{len(points)} points and {len(done.quantities())} quantities are in the table and on the page")
    if done.failed:
        first = next(outcome["error"] for outcome in done.outcomes if "error" in outcome)
        notes.append(f"{done.failed} of {len(points)} points could not be run; the first: {first}")
    units = done.quantities()
    shown = [f"{name} / {units[name]}".removesuffix(" / 1") for name in varying[:SHOWN_QUANTITIES]]
    columns = [*(axis.title for axis in done.plan.axes), "outcome", "cycles", *shown]
    show_table({"title": f"{done.title} (simulated)", "columns": columns, "rows": rows, "notes": notes})
