"""Commands for instrument files: what they are, the table of cells, conversion."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from natrode.cli.application import Force, Json, app
from natrode.cli.printing import dumps
from natrode.cli.words import CellWords, TableWords

_AS_THEY_ARE = TableWords()
_BLANK = CellWords()


@app.command
def info(
    path: Path,
    /,
    *,
    table: TableWords = _AS_THEY_ARE,
    cell: CellWords = _BLANK,
    json_: Annotated[Json, Parameter(name="--json")] = False,
) -> None:
    """Say what instrument files are: what, when, points, what is missing, what is odd; a line each.

    A table of cells (cells.csv) in the folder or above the file is read too.
    """
    from natrode.instruments import folder

    found = folder.info(path, **table.hints(), **cell.hints())
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
    table: TableWords = _AS_THEY_ARE,
    cell: CellWords = _BLANK,
    force: Force = False,
) -> None:
    """Convert instrument files to CSV, Parquet or XLSX with their metadata, those of the table of cells among them."""
    from natrode.errors import InstrumentFileError, SpecificationError
    from natrode.instruments import natrode_files

    if not files:
        raise SpecificationError("convert: no file was given; natrode convert FILE... --to csv")
    hints = {**table.hints(), **cell.hints()}
    done = natrode_files.convert(list(files), to, out, force=force, **hints)
    print(natrode_files.conversion_table(done))
    if done and all(item.error for item in done):
        raise InstrumentFileError("none of the files could be read; nothing was written")
