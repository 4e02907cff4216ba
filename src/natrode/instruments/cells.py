"""The table of cells: written from what a folder holds, edited in a spreadsheet, read by every command.

One row a cell. What the files do not tell stays blank; geometry is never guessed. A second run appends new files
and new cells and changes nothing that stands there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from natrode.errors import InstrumentFileError, SpecificationError, UnitError
from natrode.instruments import _grouping, folder
from natrode.instruments._grouping import Group
from natrode.instruments._table_file import TableFile, read_table
from natrode.measurement import UNCERTAINTY, Geometry, Measurement
from natrode.units import DIMENSIONS, to_si, write_quantity

FILE_NAME = "cells.csv"
SEVERAL = 2.0
"""[K]: files of a cell whose temperatures differ by more are a series, which no one temperature describes."""
BETWEEN = " | "
"""Separates the files of a cell."""


@dataclass(frozen=True)
class Field:
    """A column of the table: its name, and for a quantity its dimension and unit."""

    name: str
    dimension: str = ""
    unit: str = ""

    @property
    def heading(self) -> str:
        """As the file has it."""
        return f"{self.name} / {self.unit}" if self.unit else self.name


_AREAS = ("working area", "counter area", "electrolyte area")
FIELDS: tuple[Field, ...] = (
    Field("cell"),
    Field("files"),
    Field("group"),
    Field("batch"),
    Field("electrolyte"),
    *(f for name in _AREAS for f in (Field(name, "area", "cm2"), Field(f"{name} +-", "area", "cm2"))),
    Field("electrolyte thickness", "length", "um"),
    Field("electrolyte thickness +-", "length", "um"),
    Field("working mass", "mass", "mg"),
    Field("counter mass", "mass", "mg"),
    Field("interfaces in series"),
    Field("pressure", "pressure", "MPa"),
    Field("pressure when"),
    Field("pressure how"),
    Field("temperature", "temperature", "degC"),
    Field("temperature +-", "temperature difference", "K"),
    Field("temperature is"),
    Field("rest", "time", "h"),
    Field("assembled"),
    Field("started"),
    Field("ended"),
    Field("working electrode first"),
    Field("status"),
    Field("excluded"),
    Field("exclusion reason"),
    Field("declared, not used"),
    Field("notes"),
)
"""Columns that natrode writes; further ones travel into the record."""
_BY_NAME = {f.name: f for f in FIELDS}
_YES = frozenset(("yes", "y", "x", "true", "1", "ja", "oui", "wahr", "vrai"))
_NO = frozenset(("", "no", "n", "false", "0", "nein", "non", "falsch", "faux"))


@dataclass(frozen=True)
class Cell:
    """One row: a cell as the user describes it."""

    name: str
    files: tuple[str, ...]
    row: int
    """Number of the row in the spreadsheet (the headings are row 1)."""
    geometry: Geometry
    values: Mapping[str, float]
    """Quantities in SI by the name of their column."""
    texts: Mapping[str, str]
    excluded: bool
    reason: str
    user: Mapping[str, str]
    """Columns that natrode does not know."""

    def describe(self, record: Measurement) -> Measurement:
        """A record with the cell's name, geometry and conditions, and everything else under `user`."""
        known = {k: v for k, v in self.geometry.model_dump().items() if v != "unknown" and k != "declared"}
        changes: dict[str, Any] = {
            "cell": self.name,
            "geometry": {**record.metadata.geometry.model_dump(), **known},
            "user": {**record.metadata.user, **self._about()},
        }
        notes = []
        if known:
            notes.append(f"{', '.join(known).replace('_', ' ')}: from the table of cells, row {self.row}")
        for name in ("temperature", "pressure"):
            if name in self.values:
                changes[name] = self.values[name]
                said = self.texts.get("temperature is", "") if name == "temperature" else ""
                text = f"{name} {write_quantity(self.values[name], name)}{f' ({said})' if said else ''}"
                notes.append(f"{text}: from the table of cells, row {self.row}")
        changes["assumptions"] = tuple(dict.fromkeys((*record.metadata.assumptions, *notes)))
        return record.with_metadata(**changes)

    def _about(self) -> dict[str, Any]:
        """What has no field of its own in the metadata: SI numbers, uncertainties, texts, the user's columns."""
        skipped = {"cell", "files", "declared, not used", "excluded", "exclusion reason", "interfaces in series"}
        about: dict[str, Any] = {k: v for k, v in self.texts.items() if v and k not in skipped}
        spread = {k.removesuffix(" +-"): v for k, v in self.values.items() if k.endswith(" +-")}
        if spread:
            about[UNCERTAINTY] = spread
        rest = ("working mass", "counter mass", "rest")
        about |= {f"{k}, SI": self.values[k] for k in rest if k in self.values}
        if self.excluded:
            about["excluded"] = self.reason
        return {**about, **self.user}

    def to_json(self) -> dict[str, Any]:
        """Plain data, SI."""
        return {
            "cell": self.name, "files": list(self.files), "row": self.row,
            "geometry": self.geometry.model_dump(exclude={"declared"}),
            "values": dict(self.values), "texts": {k: v for k, v in self.texts.items() if v},
            "excluded": self.reason if self.excluded else None, "user": dict(self.user),
        }  # fmt: skip


@dataclass(frozen=True)
class Cells:
    """The table as it was read."""

    path: Path
    cells: tuple[Cell, ...]
    added_cells: tuple[str, ...] = ()
    """Cells that this run appended."""
    added_files: tuple[str, ...] = ()
    """Files that this run appended to rows that were there."""
    gone: tuple[str, ...] = ()
    """Files in the table that are not there any more."""
    unread: tuple[str, ...] = field(default=())
    """Files in the folder that could not be read, with the reason."""

    def __iter__(self) -> Any:
        return iter(self.cells)

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def included(self) -> tuple[Cell, ...]:
        """Cells that are not excluded."""
        return tuple(cell for cell in self.cells if not cell.excluded)

    @property
    def count(self) -> str:
        """How many of how many, and why not the others: "n = 5 of 6; excluded C04: cracked pellet"."""
        out = [f"{cell.name}: {cell.reason}" for cell in self.cells if cell.excluded]
        text = f"n = {len(self.included)} of {len(self.cells)}"
        return text + (f"; excluded {'; '.join(out)}" if out else "")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "table": str(self.path), "count": self.count, "cells": [cell.to_json() for cell in self.cells],
            "added_cells": list(self.added_cells), "added_files": list(self.added_files), "gone": list(self.gone),
            "unread": list(self.unread),
        }  # fmt: skip

    def table(self) -> str:
        """One line a cell, and what changed."""
        lines = []
        for cell in self.cells:
            area = cell.geometry.working_area
            known = ["area blank" if area == "unknown" else f"area {write_quantity(float(area), 'area')}"]
            known += [cell.texts[k] for k in ("group", "started", "status") if cell.texts.get(k)]
            mark = f" | excluded: {cell.reason}" if cell.excluded else ""
            mark += " | new" if cell.name in self.added_cells else ""
            lines.append(
                f"{cell.name}: {len(cell.files)} file{'s' * (len(cell.files) != 1)} | {' | '.join(known)}{mark}"
            )
        lines += [f"appended: {name}" for name in self.added_files]
        lines += [f"not there any more: {name}" for name in self.gone]
        lines += [f"not read: {text}" for text in self.unread]
        return "\n".join([*lines, f"{self.path}: {self.count}"])


# ---- writing ---------------------------------------------------------------------------------------------
def cells(path: str | Path, *, write: bool = True, **hints: Any) -> Cells:
    """Find the cells in a folder, append what is new to its cells.csv, and read that.

    Args:
        path: the folder.
        write: False only looks.
        hints: what the user says about all files, as for `read`.

    Returns:
        The table.

    Raises:
        InstrumentFileError: when there is no such folder.
        SpecificationError: when the table there holds a mistake; it names row and column.
        OutputError: when it cannot be written.
    """
    root = Path(path)
    if not root.is_dir():
        raise InstrumentFileError(f"{root}: no such folder")
    target = root / FILE_NAME
    scanned = folder.scan(root, **hints)
    twins = folder.duplicates(scanned)
    found = _grouping.group(scanned, twins)
    present = {item.name for item in scanned}
    if target.exists():
        table = read_table(target)
        _validate(target, table)
    else:
        table = TableFile([f.heading for f in FIELDS])
    before = table.text()
    added_cells, added_files = _merge(target, table, found)
    gone = tuple(n for row in table.rows for n in _files(row.get("files", "")) if n not in present)
    if write and (not target.exists() or table.text() != before):
        table.write(target)
    unread = tuple(f"{i.name}: {i.error}" for i in scanned if i.error)
    return Cells(target, _validate(target, table), tuple(added_cells), tuple(added_files), gone, unread)


def _merge(path: Path, table: TableFile, groups: Sequence[Group]) -> tuple[list[str], list[str]]:
    """Append new files to the rows of their cells and new cells to the table; nothing else is touched."""
    heading = {_plain_name(name): name for name in table.header}
    for needed in ("cell", "files"):
        if needed not in heading:
            raise SpecificationError(f"{path}: row 1: no column '{needed}'; it says which files belong to which cell")
    home = {name: row for row in table.rows for name in _files(row[heading["files"]])}
    names = {row[heading["cell"]]: row for row in table.rows}
    added_cells: list[str] = []
    added_files: list[str] = []
    for found in groups:
        new = [item.name for item in found.items if item.name not in home]
        if not new:
            continue
        known = next((home[item.name] for item in found.items if item.name in home), names.get(found.name))
        if known is not None:
            known[heading["files"]] = BETWEEN.join([*_files(known[heading["files"]]), *new])
            added_files += new
            continue
        row = dict.fromkeys(table.header, "")
        for name, text in _filled(found, table).items():
            if name in heading:
                row[heading[name]] = text
        table.rows.append(row)
        table.lines.append(max(table.lines, default=1) + 1)
        added_cells.append(found.name)
    return added_cells, added_files


def _filled(found: Group, table: TableFile) -> dict[str, str]:
    """What the files tell of a new cell; geometry stays blank."""
    facts = [f for item in found.items for f in item.facts]
    declared = list(dict.fromkeys(_short(text) for f in facts for text in f.declared))
    notes = list(found.notes)
    notes += list(dict.fromkeys(text for f in facts for text in f.odd if text.startswith("the name says")))
    first = next((f.first for f in sorted(facts, key=_when) if f.first), "")
    filled = {
        "cell": found.name,
        "files": BETWEEN.join(item.name for item in found.items),
        "working electrode first": first,
        "declared, not used": "; ".join(declared),
        "notes": "; ".join(["SIMULATED"] * any(f.simulated for f in facts) + notes),
    }
    span = found.span
    if span is not None:
        filled["started"], filled["ended"] = (t.isoformat(sep=" ", timespec="seconds") for t in span)
    measured = [f.temperature[0] for f in facts if f.temperature is not None]
    spread = max((f.temperature[1] for f in facts if f.temperature is not None), default=0.0)
    if measured and max(spread, max(measured) - min(measured)) > SEVERAL:
        filled["notes"] = "; ".join(filter(None, (filled["notes"], "several temperatures: those of the files count")))
    elif measured:
        unit = next((n.rpartition("/")[2].strip() for n in table.header if _plain_name(n) == "temperature"), "degC")
        if unit in ("degC", "°C"):
            filled["temperature"], filled["temperature is"] = f"{measured[0]:.2f}", "measured"
    return filled


def _when(facts: folder.Facts) -> str:
    return "~" if facts.span is None else facts.span[0].isoformat()


def _short(text: str) -> str:
    """A note about a declared quantity in a few words."""
    match = re.match(r"declared (.+?)(?: is)? (?:the instrument's|EC-Lab's) default, not used", text)
    if match:
        return f"{match.group(1)} (instrument's default)"
    return re.sub(r"^declared (.+?) is kept, not used until the user confirms it$", r"\1 (to be confirmed)", text)


def _files(text: str) -> list[str]:
    return [name.strip() for name in text.split("|") if name.strip()]


def _plain_name(heading: str) -> str:
    """Name of a column without its unit, in lower case."""
    return " ".join(_split_heading(heading)[0].lower().replace("±", "+-").replace("_", " ").split())


def _split_heading(heading: str) -> tuple[str, str]:
    bracket = re.fullmatch(r"(.*\S)\s*[\[(]([^\[\]()]+)[\])]", heading.strip())
    if bracket:
        return bracket.group(1), bracket.group(2).strip()
    name, mark, unit = heading.partition("/")
    return (name.strip(), unit.strip()) if mark else (heading.strip(), "")


# ---- reading ---------------------------------------------------------------------------------------------
def load(path: str | Path) -> Cells:
    """Read a table of cells; raises SpecificationError that names file, row and column."""
    path = Path(path)
    if path.is_dir():
        path = path / FILE_NAME
    return Cells(path, _validate(path, read_table(path)))


class Descriptions:
    """What tables of cells say about files: each file's table is the first cells.csv in its folder or above."""

    def __init__(self) -> None:
        self._tables: dict[Path, dict[Path, Cell]] = {}
        self._homes: dict[Path, Path | None] = {}

    def cell(self, path: Path) -> Cell | None:
        """The cell to which a file belongs; raises SpecificationError for a mistake in its table."""
        path = path.absolute()
        home = self._home(path.parent)
        if home is None:
            return None
        if home not in self._tables:
            found = load(home)
            self._tables[home] = {(home.parent / name).resolve(): cell for cell in found for name in cell.files}
        return self._tables[home].get(path.resolve())

    def describe(self, path: Path, records: Sequence[Measurement]) -> list[Measurement]:
        """Records of a file with what its table of cells says."""
        cell = self.cell(path)
        return list(records) if cell is None else [cell.describe(record) for record in records]

    def _home(self, folder: Path) -> Path | None:
        if folder not in self._homes:
            table = folder / FILE_NAME
            if table.is_file() and _is_table_of_cells(table):
                self._homes[folder] = table
            else:
                self._homes[folder] = None if folder == folder.parent else self._home(folder.parent)
        return self._homes[folder]


def _is_table_of_cells(path: Path) -> bool:
    """Whether a file of this name is natrode's, by its headings: another program may have a cells.csv too."""
    try:
        header = {_plain_name(name) for name in read_table(path).header}
    except SpecificationError:
        return True  # read again where its mistake is told
    return {"cell", "files"} <= header


def _validate(path: Path, table: TableFile) -> tuple[Cell, ...]:
    headings = _headings_of(path, table)
    found: list[Cell] = []
    names: dict[str, int] = {}
    homes: dict[str, int] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        cell = _cell(path, line, row, headings)
        if cell.name in names:
            raise SpecificationError(
                f"{path}: row {line}, column 'cell': '{cell.name}' stands in row {names[cell.name]} already; "
                "put all files of a cell into one row"
            )
        names[cell.name] = line
        for name in cell.files:
            if name in homes:
                raise SpecificationError(
                    f"{path}: row {line}, column 'files': '{name}' belongs to the cell in row {homes[name]} already"
                )
            homes[name] = line
        found.append(cell)
    return tuple(found)


def _headings_of(path: Path, table: TableFile) -> dict[str, tuple[Field | None, str]]:
    """Field and unit of every heading; a known column with a unit of another dimension is an error."""
    found: dict[str, tuple[Field | None, str]] = {}
    taken: dict[str, str] = {}
    for heading in table.header:
        known = _BY_NAME.get(_plain_name(heading))
        if known is None and heading.strip().lower() in _BY_NAME:
            known = _BY_NAME[heading.strip().lower()]
        unit = _split_heading(heading)[1] if known is not None and known.dimension else ""
        if known is not None:
            if known.name in taken:
                raise SpecificationError(
                    f"{path}: row 1: '{heading}' and '{taken[known.name]}' are the same column; keep one"
                )
            taken[known.name] = heading
            if unit:
                try:
                    to_si(1.0, unit, known.dimension)
                except UnitError as error:
                    raise SpecificationError(f"{path}: row 1, column '{heading}': {error}") from None
        found[heading] = known, unit
    if "cell" not in taken:
        raise SpecificationError(f"{path}: row 1: no column 'cell'; is it a table that natrode wrote?")
    return found


def _cell(path: Path, line: int, row: Mapping[str, str], headings: Mapping[str, tuple[Field | None, str]]) -> Cell:
    values: dict[str, float] = {}
    texts: dict[str, str] = {}
    user: dict[str, str] = {}
    for heading, text in row.items():
        known, unit = headings.get(heading, (None, ""))
        if known is None:
            if text and heading:
                user[heading] = text
        elif known.dimension:
            _read_value(f"{path}: row {line}, column '{heading}'", text, known, unit, values)
        else:
            texts[known.name] = text
    where = f"{path}: row {line}"
    name = texts.get("cell", "")
    if not name:
        raise SpecificationError(f"{where}, column 'cell': is empty; every row needs a name")
    excluded, reason = _exclusion(where, texts)
    _choice(where, texts, "working electrode first", ("stripped", "plated"))
    _choice(where, texts, "temperature is", ("nominal", "measured"))
    interfaces = _choice(where, texts, "interfaces in series", ("0", "1", "2"))
    count: dict[str, Literal[0, 1, 2]] = {"0": 0, "1": 1, "2": 2}
    geometry = Geometry(
        working_area=values.get("working area", "unknown"),
        counter_area=values.get("counter area", "unknown"),
        electrolyte_area=values.get("electrolyte area", "unknown"),
        electrolyte_thickness=values.get("electrolyte thickness", "unknown"),
        interfaces_in_series=count[interfaces] if interfaces else "unknown",
    )
    files = tuple(_files(texts.get("files", "")))
    return Cell(name, files, line, geometry, values, texts, excluded, reason, user)


_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?")


def _read_value(where: str, text: str, known: Field, unit: str, values: dict[str, float]) -> None:
    """Read "0.785", "0,785 +- 0,01", "0.785 cm2" into SI; the heading's unit counts for bare numbers."""
    if text.lower() in ("", "unknown", "?", "-", "n/a"):
        return
    plain = re.sub(r"\+/?-|±", "+-", text.replace("−", "-"))
    number, mark, rest = plain.partition("+-")
    parts = [(known.name, number)] + ([(f"{known.name} +-", rest)] if mark else [])
    units = [_NUMBER.sub("", part, count=1).strip() for _, part in parts]
    common = next((u for u in reversed(units) if u), unit)
    for (name, part), own in zip(parts, units, strict=True):
        match = _NUMBER.match(part.strip())
        taken = own or common
        if match is None or not taken:
            raise SpecificationError(
                f"{where}: read '{text}', expected a number{f' in {unit}' if unit else ''} or a quantity such as "
                f"'1 {DIMENSIONS[known.dimension][1]}'"
            )
        spread = name.endswith(" +-")
        dimension = "temperature difference" if spread and known.dimension == "temperature" else known.dimension
        if spread and taken in ("degC", "°C"):
            taken = "K"
        try:
            value = to_si(float(match.group(0).replace(",", ".")), taken, dimension)
        except UnitError as error:
            raise SpecificationError(f"{where}: read '{text}': {error}") from None
        if value < 0 or (value == 0 and not spread and known.name not in ("pressure", "rest")):
            raise SpecificationError(f"{where}: read '{text}', must be greater than zero")
        if name in values and abs(values[name] - value) > 1e-9 * abs(value):
            raise SpecificationError(f"{where}: read '{text}', but '{name}' is given twice with another value")
        values[name] = value


def _exclusion(where: str, texts: Mapping[str, str]) -> tuple[bool, str]:
    said, reason = texts.get("excluded", "").lower(), texts.get("exclusion reason", "")
    if said not in _YES | _NO:
        raise SpecificationError(f"{where}, column 'excluded': read '{said}', allowed are yes and no (or blank)")
    if said in _YES and not reason:
        raise SpecificationError(f"{where}, column 'exclusion reason': is empty; an exclusion needs a reason")
    if said in _NO and reason:
        raise SpecificationError(f"{where}, column 'excluded': is blank, but a reason is given; write yes")
    return said in _YES, reason


def _choice(where: str, texts: Mapping[str, str], name: str, allowed: Sequence[str]) -> str:
    said = texts.get(name, "").lower()
    if said and said not in allowed:
        raise SpecificationError(
            f"{where}, column '{name}': read '{texts[name]}', allowed are {', '.join(allowed)} or blank"
        )
    return said


__all__ = ["FIELDS", "Cell", "Cells", "Descriptions", "cells", "load"]
