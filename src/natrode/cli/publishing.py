"""Commands for a paper: figures with their data, what to cite, how it was done."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps
from natrode.cli.words import CellWords, TableWords

_NO_CELL_WORDS, _NO_TABLE_WORDS = CellWords(), TableWords()


@app.command
def figure(
    *paths: Path,
    kind: Annotated[
        str | None,
        Parameter(
            help="Such as nyquist,drt; of nyquist, drt, voltage, ccd, series, arrhenius, replicates [default: all]."
        ),
    ] = None,
    cell: Annotated[str | None, Parameter(help="Only of this cell.")] = None,
    format_: Annotated[Literal["svg", "pdf", "png"], Parameter(name="--format", help="Of the figures.")] = "svg",
    width: Annotated[float, Parameter(help="In mm: 85 and 178 (or 89 and 183) are one and two columns.")] = 85.0,
    told: CellWords = _NO_CELL_WORDS,
    table: TableWords = _NO_TABLE_WORDS,
    circuit: Annotated[str | None, Parameter(help="Equivalent circuit that Nyquist figures show.")] = None,
    mix_simulated: Annotated[
        bool, Parameter(help="Let simulated and measured cells stand together.", negative="")
    ] = False,
    out: Annotated[Path, Parameter(help="Folder for the figures and their data.")] = Path("figures"),
    force: Force = False,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Draw figures for a paper, each with its data as CSV, from raw files or from an analysed folder."""
    from natrode.errors import RecordError, SpecificationError
    from natrode.files import output_folder, write_text
    from natrode.report.study_paper import CALLS, KINDS, paper_figures

    kinds = KINDS if kind is None else tuple(word.strip() for word in kind.split(","))
    unknown = [k for k in kinds if k not in KINDS]
    if unknown:
        raise SpecificationError(f"figure: unknown kind {unknown[0]!r}; allowed are {', '.join(KINDS)}")
    needed = frozenset(call for k in kinds for call in CALLS[k])
    words = {**told.hints(), **table.hints(), "circuit": circuit, "mix_simulated": mix_simulated or None}
    study = study_of(paths, "figure", needed, words)
    names = [c.name for c in study.cells]
    if cell is not None and cell not in names:
        raise SpecificationError(f"figure: there is no cell {cell!r}; there are {', '.join(names[:8])}")
    figures = [f for f in paper_figures(study, kinds) if cell is None or f.cell == cell]
    if not figures:
        raise RecordError(f"{paths[0]}: holds nothing for a figure of the kind {' or '.join(kinds)}")
    with output_folder(out, force) as folder:
        written = [name for one in figures for name in one.save(folder, f".{format_}", width)]
        about = [
            {"cell": one.cell, "kind": one.kind, "figure": drawn, "data": data}
            for one, drawn, data in zip(figures, written[::2], written[1::2], strict=True)
        ]
        write_text(folder / "figures.json", dumps({"simulated": study.is_simulated, "figures": about}))
    if json_:
        print(dumps({"out": str(out), "files": written, "simulated": study.is_simulated}))
        return
    for drawn, data in zip(written[::2], written[1::2], strict=True):
        print(f"{out / drawn}  data: {data}")


@app.command
def cite(
    *paths: Path,
    as_: Annotated[
        Literal["text", "bibtex", "methods", "table"],
        Parameter(name="--as", help="References, BibTeX, methods paragraph, or table for a supporting information."),
    ] = "text",
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """What to cite for an analysed folder (or raw files) and how its numbers were made; without a folder, natrode."""
    from natrode.workbench import citing
    from natrode.workbench.again import document_of, is_analysed

    if not paths:
        works: tuple[citing.Work, ...] = (citing.natrode_itself(),)
        print(citing.bibtex(works) if as_ == "bibtex" else citing.reference_list(works), end="")
        return
    analysed = len(paths) == 1 and is_analysed(paths[0])
    document = document_of(paths[0]) if analysed else study_of(paths, "cite", None, {}).to_json()
    works = citing.works_of(document)
    if json_:
        listed = [{"key": w.key, "text": w.text, "bibtex": w.bibtex, "checked": w.checked} for w in works]
        table = [dict(zip(citing.SI_COLUMNS, row, strict=True)) for row in citing.si_rows(document)]
        print(dumps({"references": listed, "methods": citing.methods(document), "results": table}))
        return
    texts = {
        "text": lambda: citing.reference_list(works), "bibtex": lambda: citing.bibtex(works),
        "methods": lambda: citing.methods(document), "table": lambda: citing.si_table(document),
    }  # fmt: skip
    print(texts[as_](), end="")


def study_of(paths: tuple[Path, ...], command: str, only: frozenset[str] | None, words: dict[str, Any]) -> Any:
    """The study of raw files, or that of an analysed folder made again; words about files fit the first one only."""
    from natrode.errors import SpecificationError
    from natrode.workbench.again import again, is_analysed
    from natrode.workbench.study import analyse

    if not paths:
        raise SpecificationError(f"{command}: no file or folder was given; natrode {command} FILE_OR_FOLDER")
    given = {name: said for name, said in words.items() if said is not None}
    if any(is_analysed(path) for path in paths):
        if len(paths) > 1 or given:
            raise SpecificationError(
                f"{command}: {paths[0]} is an analysed folder, which knows its files and what was said of them; give "
                "it alone, or the raw files with these words"
            )
        return again(paths[0], only=only)
    return analyse(list(paths), only=only, **given)
