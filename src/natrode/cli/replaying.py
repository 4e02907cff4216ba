"""Commands that set a model cell beside a measured one: replay, and calibration of one's own cell."""

import webbrowser
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, progress, show_results, show_table
from natrode.cli.words import TableWords, check_seed

_AS_THEY_ARE = TableWords()


@app.command
def replay(
    *records: Path,
    cell: Annotated[Path, Parameter(help="The model cell (TOML).")],
    use: Annotated[
        str | None, Parameter(help="Figures of the record to calibrate the cell on first, such as R0,t_0.2V.")
    ] = None,
    table: TableWords = _AS_THEY_ARE,
    seed: int = 1,
    out: Annotated[Path | None, Parameter(help="Folder for the page and the tables [default: replay].")] = None,
    open_: Annotated[bool, Parameter(name="--open", help="Open the page in a browser.", negative="")] = False,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Simulate what was really run on a cell (files, or a folder of one) and set it beside the record."""
    from natrode.cell import Cell
    from natrode.files import check_output_folder, output_folder, write_text
    from natrode.report.replay import replay_page, replay_table
    from natrode.workbench.own_cell import calibrate_cell
    from natrode.workbench.replay import replay as compute

    check_seed(seed)
    out = Path("replay") if out is None and not json_ else out
    if out is not None:
        check_output_folder(out, force)
    specified = Cell.load(cell)
    experiment = one_cell(records, table)
    given: dict[str, Any] = {}
    with progress(not json_) as advance:
        if use is not None:
            sample = calibrate_cell(experiment, specified, use.split(","), seed=seed, advance=advance)
            given = {"sample": sample.draws, "central": sample.central, "basis": sample.basis}
        result = compute(experiment, specified, advance=advance, **given)
    if out is not None:
        with output_folder(out, force) as folder:
            write_text(folder / "index.html", replay_page(result))
            write_text(folder / "replay.csv", replay_table(result))
            write_text(folder / "replay.json", dumps(result.to_json()))
            (folder / "simulated").mkdir()
            result.simulated.save(folder / "simulated")
    if json_:
        print(dumps({**result.to_json(), "out": None if out is None else str(out)}))
        return
    assert out is not None
    show_results(result.record.title, [r.to_json() for r in result.results])
    print(f"{result.basis}\npage: {out / 'index.html'}")
    if open_:
        webbrowser.open((out / "index.html").resolve().as_uri())


def one_cell(records: tuple[Path, ...], table: TableWords) -> Any:
    """The only cell in files or a folder; raises RecordError when there are several, or it was never cycled."""
    from natrode.errors import RecordError, SpecificationError
    from natrode.workbench.gather import gather

    if not records:
        raise SpecificationError("no record was given; natrode replay RECORD... --cell CELL.toml")
    found = gather(list(records), **table.hints()).experiments
    if len(found) > 1:
        names = ", ".join(e.title for e in found[:5])
        raise RecordError(f"{records[0]}: holds {len(found)} cells ({names}); name the files of one")
    if not found[0].of_kind("cycling"):
        kinds = ", ".join(dict.fromkeys(m.kind for m in found[0].measurements))
        raise RecordError(
            f"{records[0]}: holds no cycling record ({kinds} only), and it is current and voltage against time that a "
            "replay repeats; give the file with the cycling"
        )
    return found[0]


def calibrate_own(
    cell: Path,
    records: tuple[Path, ...],
    table: TableWords,
    use: str,
    seed: int | None,
    out: Path | None,
    json_: bool,
) -> None:
    """Condition a cell on figures of its own record and print what they leave open; the TOML goes to `out`."""
    from natrode.cell import Cell
    from natrode.files import check_output_file, write_text
    from natrode.workbench.own_cell import calibrate_cell, calibrated_cell

    check_seed(seed)
    for path in () if out is None else (out, out.with_suffix(".csv")):
        check_output_file(path)
    specified, experiment = Cell.load(cell), one_cell(records, table)
    with progress(not json_) as advance:
        sample = calibrate_cell(
            experiment, specified, use.split(","), seed=1 if seed is None else seed, advance=advance
        )
    document = {
        "title": f"{specified.name}: {len(sample.values)} draws on {', '.join(sample.figures)} of {experiment.title}",
        "columns": ["parameter (SI)", "prior", "sample 5-95 %", "median", "width kept"],
        "rows": sample.rows(),
        "notes": [
            f"{name}: {value:.4g} in the record, {low:.4g} - {high:.4g} in the draws (SI)"
            for (name, value), (low, high) in zip(sample.figures.items(), sample.reached.values(), strict=True)
        ],
    }
    if out is not None:
        write_text(out, calibrated_cell(specified, sample).to_toml())
        write_text(out.with_suffix(".csv"), sample.to_csv())
    if json_:
        print(dumps(document))
        return
    show_table(document)
    if out is not None:
        print(f"wrote {out} (middle of the sample) and {out.with_suffix('.csv')} (all draws)")
