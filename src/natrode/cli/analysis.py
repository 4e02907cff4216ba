"""Commands for measured cells: analyse, and what follows from it."""

import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps, show_table, terminal
from natrode.cli.words import TableWords, check_seed

_AS_THEY_ARE = TableWords()
FILES = ("results.csv", "series.csv", "results.xlsx", "methods.txt", "references.bib", "si-table.csv")
"""Files that stand beside the page."""


@app.command
def demo(folder: Path, /, *, seed: int = 1, force: Force = False) -> None:
    """Write a small project of SIMULATED files for first steps: ramps, a stripping series, temperatures."""
    from natrode.files import output_folder
    from natrode.workbench.demo import demo as write

    check_seed(seed)
    with output_folder(folder, force) as made:
        names = write(made, seed)
    print(f"{folder}: {len(names)} files, all simulated; next: natrode analyse {folder} --out ANALYSIS --open")


@app.command
def analyse(
    *paths: Path,
    area: Annotated[
        str | None, Parameter(help="Of both electrodes, such as '0.785 cm2' or '0.785 +- 0.02 cm2'; never assumed.")
    ] = None,
    thickness: Annotated[str | None, Parameter(help="Of the electrolyte, such as '1 mm' or '1 +- 0.03 mm'.")] = None,
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
    active_mass: Annotated[
        str | None, Parameter(help="Of a full cell, such as '6 mg': capacities per mass; else from cells.csv.")
    ] = None,
    threshold: Annotated[
        str | None,
        Parameter(help="Voltage of a one-sided test, such as '0.1 V': time and charge up to it."),
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
    from natrode.files import check_output_folder
    from natrode.workbench.study import analyse as study_of

    if not paths:
        raise SpecificationError("analyse: no file or folder was given; natrode analyse FILE_OR_FOLDER...")
    hints: dict[str, Any] = {
        "area": area, "thickness": thickness, "diameter": diameter, "interfaces_in_series": interfaces,
        "temperature": temperature, "pressure": pressure, "confirm_declared": confirm_declared or None,
        **table.hints(),
    }  # fmt: skip
    if out is None and not json_:
        out = Path("analysis")
    if out is not None:
        check_output_folder(out, force)
    study = study_of(
        list(paths), circuit=circuit, temperature_error=temperature_error,
        electrolyte_resistance=electrolyte_resistance, concentration=concentration, active_mass=active_mass,
        threshold=threshold, mix_simulated=mix_simulated, **hints,
    )  # fmt: skip
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


LONGEST_NOTE = 110
"""Characters of a reason in the terminal; all of it stands on the page and in results.csv."""


def _show(study: Any) -> None:
    """Print a table a cell, what would give more, what the groups say, and what was not read."""
    console = terminal()
    for cell in study.cells:
        _show_cell(console, cell)
    for group in study.groups:
        _show_group(console, group)
    for comparison in study.comparisons:
        _say(console, comparison.summary)
    for name, reason in study.unread:
        _say(console, f"not read: {name}: {reason}")


def _say(console: Any, text: str) -> None:
    if text:
        console.print(text, markup=False, highlight=False)


def _show_cell(console: Any, cell: Any) -> None:
    from natrode.report.run import result_shown
    from natrode.report.study import compared, verdict

    name = f"{cell.name}{' (simulated)' if cell.is_simulated else ''}"
    if not cell.answers:
        _say(console, f"{name}: nothing to analyse (rest, or a record that no analysis reads)")
    rows = [a for a in cell.answers if a.result.quality != "not computed" and not a.is_detail]
    if rows:
        several = any(a.of for a in rows)
        shown = []
        for answer in rows:
            result = answer.result
            scope = "" if result.scope in ("none", "cell") else f" ({result.scope})"
            note = "; ".join(part for part in (result.reason, result_shown(result.to_json()).parts) if part)
            row = [f"{result.quantity}{scope}", _amount(result), result.quality, _short(note)]
            shown.append([answer.of, *row] if several else row)
        columns = [*(("of",) if several else ()), "quantity", "value", "quality", "note"]
        show_table({"title": name, "columns": columns, "rows": shown})
    elif cell.answers:
        _say(console, name)
    if cell.has_many_spectra:
        more = sum(a.is_detail for a in cell.answers)
        _say(console, f"{more} more on the page and in results.csv: circuits and peaks of single spectra" * (more > 0))
    else:
        for line in _details(cell.answers):
            _say(console, line)
    for line in _refusals(cell.refused):
        _say(console, line)
    beside = (f"{compared(p)}: {p.statement}" for p in cell.literature if p.alike)
    for text in (
        verdict(cell),
        *beside,
        *cell.known_twice,
        *cell.wanted,
        f"excluded: {cell.excluded}" if cell.excluded else "",
    ):
        _say(console, text)


def _amount(result: Any) -> str:
    """Value, uncertainty and unit as one piece."""
    from natrode.report.run import result_shown
    from natrode.report.wording import unit_text

    shown = result_shown(result.to_json())
    unit = "" if result.quality == "not computed" else unit_text(shown.entry["unit"])
    return " ".join(part for part in (shown.value, shown.uncertainty, unit) if part)


def _short(reason: str) -> str:
    """As many of the reasons as a line holds."""
    if len(reason) <= LONGEST_NOTE:
        return reason
    parts = reason.split("; ")
    kept = [parts[0]]
    while len(kept) < len(parts) and len("; ".join([*kept, parts[len(kept)]])) <= LONGEST_NOTE:
        kept.append(parts[len(kept)])
    left = len(parts) - len(kept)
    return "; ".join(kept) + (f" (and {left} more on the page)" if left else "")


def _details(answers: Any) -> Iterator[str]:
    """A line a circuit and one a distribution of relaxation times, with the numbers of each."""
    lines: dict[tuple[str, str], list[str]] = {}
    for answer in answers:
        head, colon, name = answer.result.quantity.partition(": ")
        if answer.is_detail and colon and answer.result.quality != "not computed" and "capacitance" not in name:
            doubt = "?" if answer.result.quality == "doubtful" else ""
            name, unit, _ = name.partition(" (S s^n)")
            amount = f"{_amount(answer.result)}{' S s^n' if unit else ''}{doubt}"
            lines.setdefault((answer.of, head), []).append(f"{name.removeprefix('peak ')} {amount}")
    for (of, head), numbers in lines.items():
        yield f"{head}{f' ({of})' if of else ''}: {', '.join(numbers)}"
    if any("?" in number for numbers in lines.values() for number in numbers):
        yield "?: doubtful, the reason stands on the page"


def _refusals(refused: Any) -> Iterator[str]:
    """One line a reason, with everything that it refuses."""
    lines: dict[str, dict[str, int]] = {}
    for answer in refused:
        names = lines.setdefault(answer.result.reason, {})
        names[answer.result.quantity] = names.get(answer.result.quantity, 0) + 1
    for reason, names in lines.items():
        told = (f"{name}{f' ({count} times)' if count > 1 else ''}" for name, count in names.items())
        yield f"not computed: {', '.join(told)}: {reason}"


def _show_group(console: Any, group: Any) -> None:
    _say(console, f"{group.name}: {group.count}")
    found = [] if group.critical is None else list(group.critical.results)
    found += [] if group.thickness is None else list(group.thickness.results)
    for result in found:
        _say(console, f"  {result.quantity}: {_amount(result)}" + (f" ({result.reason})" if result.reason else ""))
    for budget in group.budgets:
        _say(console, f"  mean {budget.quantity}: {_amount(budget.mean)}; {budget.statement}")
