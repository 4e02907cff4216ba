"""Commands for measured cells: analyse, and what follows from it."""

import webbrowser
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps
from natrode.cli.words import TableWords

_AS_THEY_ARE = TableWords()
FILES = ("results.csv", "series.csv", "results.xlsx", "methods.txt", "references.bib", "si-table.csv")
"""Files that stand beside the page."""


@app.command
def demo(folder: Path, /, *, seed: int = 1, force: Force = False) -> None:
    """Write a small project of SIMULATED files for first steps: ramps, a stripping series, temperatures."""
    from natrode.files import output_folder
    from natrode.workbench.demo import demo as write

    with output_folder(folder, force) as made:
        names = write(made, seed)
    print(f"{folder}: {len(names)} files, all simulated; next: natrode analyse {folder} --out ANALYSIS --open")


@app.command
def analyse(
    *paths: Path,
    area: Annotated[str | None, Parameter(help="Of both electrodes, such as '0.785 cm2'; never assumed.")] = None,
    thickness: Annotated[str | None, Parameter(help="Of the electrolyte, such as '1 mm'.")] = None,
    diameter: Annotated[str | None, Parameter(help="Of the pellet (and of the electrodes without --area).")] = None,
    interfaces: Annotated[
        Literal["0", "1", "2"] | None, Parameter(help="Metal | electrolyte interfaces in series.")
    ] = None,
    temperature: Annotated[
        str | None, Parameter(help="Such as '25 degC'; 'from names' confirms those in the files' names.")
    ] = None,
    pressure: Annotated[
        str | None, Parameter(help="Stack pressure, such as '5 MPa'; 'from names' as for temperatures.")
    ] = None,
    confirm_declared: Annotated[
        bool, Parameter(help="The geometry that the files declare is right.", negative="")
    ] = False,
    electrolyte_resistance: Annotated[
        str | None, Parameter(help="Of the whole cell, such as '40 ohm'; else from the cell's own first spectrum.")
    ] = None,
    table: TableWords = _AS_THEY_ARE,
    circuit: Annotated[
        str | None, Parameter(help="Equivalent circuit of all spectra; without it the one that suits the data.")
    ] = None,
    temperature_error: Annotated[
        str | None, Parameter(help="Systematic error of a temperature series, such as '2 K over the range'.")
    ] = None,
    concentration: Annotated[
        str | None,
        Parameter(help="Of what diffuses, such as '40 mol/l', for the diffusion coefficient."),
    ] = None,
    mix_simulated: Annotated[
        bool, Parameter(help="Let simulated and measured cells stand together.", negative="")
    ] = False,
    out: Annotated[Path | None, Parameter(help="Folder for the page and the tables [default: analysis].")] = None,
    open_: Annotated[bool, Parameter(name="--open", help="Open the page in a browser.", negative="")] = False,
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Analyse files or folders of raw data: a summary table, one offline page, every number as CSV and XLSX."""
    from natrode.errors import SpecificationError
    from natrode.workbench.study import analyse as study_of

    if not paths:
        raise SpecificationError("analyse: no file or folder was given; natrode analyse FILE_OR_FOLDER...")
    hints: dict[str, Any] = {
        "area": area, "thickness": thickness, "diameter": diameter, "interfaces_in_series": interfaces,
        "temperature": temperature, "pressure": pressure, "confirm_declared": confirm_declared or None,
        **table.hints(),
    }  # fmt: skip
    study = study_of(
        list(paths), circuit=circuit, temperature_error=temperature_error,
        electrolyte_resistance=electrolyte_resistance, concentration=concentration, mix_simulated=mix_simulated,
        **hints,
    )  # fmt: skip
    if out is None and not json_:
        out = Path("analysis")
    if out is not None:
        _write(study, out, force)
    if json_:
        print(dumps({**study.to_json(), "out": None if out is None else str(out)}))
        return
    assert out is not None
    _show(study)
    page = out / "index.html"
    print(f"page: {page}")
    if open_:
        webbrowser.open(page.resolve().as_uri())


def _write(study: Any, out: Path, force: bool) -> None:
    from natrode.files import output_folder, write_bytes, write_text
    from natrode.report.study import study_page
    from natrode.workbench import citing, export

    with output_folder(out, force) as folder:
        script = export.script(study)
        write_text(folder / "index.html", study_page(study, script, FILES))
        write_text(folder / "results.csv", export.csv_text(export.COLUMNS, export.result_rows(study)))
        write_text(folder / "series.csv", export.csv_text(export.SERIES_COLUMNS, export.series_rows(study)))
        write_bytes(folder / "results.xlsx", export.workbook(study))
        document = study.to_json()
        write_text(folder / "study.json", dumps(document))
        write_text(folder / "methods.txt", citing.methods(document))
        write_text(folder / "references.bib", citing.bibtex(citing.works_of(document)))
        write_text(folder / "si-table.csv", citing.si_table(document))
        write_text(folder / "again.py", script)


def _show(study: Any) -> None:
    """Print a table a cell, what would give more, and what was not read."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from natrode.report.run import result_shown
    from natrode.report.study import verdict
    from natrode.report.wording import unit_text

    console = Console()
    for cell in study.cells:
        mark = " (simulated)" if cell.is_simulated else ""
        table = Table(title=escape(f"{cell.name}{mark}"), title_justify="left")
        shown_here = [a for a in cell.answers if not a.is_detail] if cell.has_many_spectra else list(cell.answers)
        several = any(a.of for a in shown_here)
        for name in ("of",) * several + ("quantity", "value", "quality", "note"):
            table.add_column(name, overflow="fold")
        for answer in shown_here:
            shown = result_shown(answer.result.to_json())
            unit = unit_text(shown.entry["unit"]) if answer.result.quality != "not computed" else ""
            scope = "" if answer.result.scope in ("none", "cell") else f" ({answer.result.scope})"
            row = [
                f"{answer.result.quantity}{scope}", f"{shown.value} {shown.uncertainty} {unit}".replace("  ", " "),
                answer.result.quality, answer.result.reason,
            ]  # fmt: skip
            table.add_row(*(escape(text) for text in ([answer.of] if several else []) + row))
        if cell.answers:
            console.print(table)
            if len(shown_here) < len(cell.answers):
                more = len(cell.answers) - len(shown_here)
                console.print(f"{more} more on the page and in results.csv: circuits and peaks of single spectra")
        else:
            console.print(escape(f"{cell.name}{mark}: nothing to analyse (rest, or a record that no analysis reads)"))
        compared = (f"{p.ratio.quantity.partition(' over')[0]}: {p.statement}" for p in cell.literature if p.alike)
        for text in (verdict(cell), *compared, *cell.wanted, f"excluded: {cell.excluded}" if cell.excluded else ""):
            if text:
                console.print(escape(text))
    for group in study.groups:
        console.print(escape(f"{group.name}: {group.count}"))
        found = [] if group.critical is None else list(group.critical.results)
        found += [] if group.thickness is None else list(group.thickness.results)
        for result in found:
            shown = result_shown(result.to_json())
            unit = unit_text(shown.entry["unit"]) if shown.entry["quality"] != "not computed" else ""
            words = f"{result.quantity}: {shown.value} {shown.uncertainty} {unit}".rstrip()
            console.print(escape(f"  {words}" + (f" ({result.reason})" if result.reason else "")))
        for budget in group.budgets:
            shown = result_shown(budget.mean.to_json())
            unit = unit_text(shown.entry["unit"])
            console.print(
                escape(f"  mean {budget.quantity}: {shown.value} {shown.uncertainty} {unit}; {budget.statement}")
            )
    for comparison in study.comparisons:
        console.print(escape(comparison.summary))
    for name, reason in study.unread:
        console.print(escape(f"not read: {name}: {reason}"))
