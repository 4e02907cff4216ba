"""From files and folders to cells: what belongs together, what could not be read, what was left out and why."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from natrode.analysis.reading import ZERO_CELSIUS
from natrode.errors import InstrumentFileError, RecordError, UserWarningNatrode
from natrode.instruments import cells as table_of_cells
from natrode.instruments import folder, registry, stitch
from natrode.instruments._text import pressure_in_name, temperature_in_name
from natrode.instruments.stitch import RUN
from natrode.measurement import Column, Experiment, Measurement
from natrode.units import read_quantity, write_quantity

FROM_NAMES = "from names"
"""The words by which a user confirms that the temperatures, or pressures, in the files' names are right."""


@dataclass(frozen=True)
class Gathered:
    """Cells found in files and folders."""

    experiments: tuple[Experiment, ...]
    unread: tuple[tuple[str, str], ...]
    """Files that gave no record, each with the reason."""
    excluded: dict[str, str]
    """Cells that the table of cells excludes, with the reason; they stay in every count."""


def gather(paths: Sequence[str | Path], *, mix_simulated: bool = False, **hints: Any) -> Gathered:
    """Read files and folders as cells.

    Args:
        paths: files and folders. A folder is an experiment: its cells.csv (else names and times) says which files
            belong to one cell. Files that are given by name are grouped in the same way.
        mix_simulated: let simulated and measured cells stand in one study.
        hints: what the user says about all files, as for `natrode.read`; `temperature="from names"` confirms the
            temperatures that stand in the files' names, `pressure="from names"` the pressures.

    Returns:
        The cells, and the files that gave nothing.

    Raises:
        InstrumentFileError: when a path does not exist, or not one file could be read.
        RecordError: when simulated and measured cells meet without `mix_simulated`.
        SpecificationError: for a hint or a table of cells with a mistake.
    """
    named = [k for k in _IN_NAMES if hints.get(k) == FROM_NAMES]
    words = {k: v for k, v in hints.items() if k not in named}
    registry.read_hints(words)
    found: list[Experiment] = []
    unread: list[tuple[str, str]] = []
    excluded: dict[str, str] = {}
    single = [Path(p) for p in paths if not Path(p).is_dir() or registry.is_experiment(Path(p))]
    for path in (Path(p) for p in paths):
        if path in single:
            continue
        unread += [(item.name, item.error) for item in folder.scan(path, **words) if item.error]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarningNatrode)  # such a cell's files are among the unread
            found += stitch.experiments(path, allow_simulated=mix_simulated, **words)
        if (path / table_of_cells.FILE_NAME).exists():
            excluded |= {c.name: c.reason for c in table_of_cells.load(path) if c.excluded}
    found += _of_files(single, words, mix_simulated, unread)
    told = ((e.title, e.measurements[0].metadata.user.get("excluded")) for e in found)
    excluded |= {title: str(reason) for title, reason in told if reason}
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in unread[:3]) or "there is no data file in it"
        raise InstrumentFileError(f"{', '.join(map(str, paths))}: nothing could be read ({why})")
    if named:
        found = [_with_names(e, named) for e in found]
    _check_mixture(found, mix_simulated)
    return Gathered(tuple(found), tuple(unread), excluded)


def _of_files(
    paths: Sequence[Path], words: dict[str, Any], mix_simulated: bool, unread: list[tuple[str, str]]
) -> list[Experiment]:
    """Files given by name: those of one cell together."""
    from natrode.instruments import _grouping

    told = table_of_cells.Descriptions()
    if len(paths) == 1:
        records = told.describe(paths[0], registry.read(paths[0], **words))
        name = next((r.metadata.cell for r in records if r.metadata.cell != "unknown"), paths[0].stem)
        return [stitch.stitch(records, name, allow_simulated=mix_simulated)]
    scanned = []
    for path in paths:
        (item,) = folder.scan(path, **words)
        scanned.append(item)
        if item.error:
            unread.append((str(path), item.error))
    found = []
    for group in _grouping.group(scanned, folder.duplicates(scanned)):
        records = [r for i in group.items for r in told.describe(i.path, registry.read(i.path, **words))]
        found.append(stitch.stitch(records, group.name, allow_simulated=mix_simulated))
    return found


def _with_names(experiment: Experiment, names: Sequence[str]) -> Experiment:
    """What files' names tell, confirmed by the user; a measured column or a known value stays."""
    records = experiment.measurements
    for name in names:
        records = tuple(_named(record, *_IN_NAMES[name]) for record in records)
    return Experiment(experiment.title, records)


def _named(record: Measurement, what: str, column: Column, read: Callable[[str], float | None]) -> Measurement:
    """A record with its file's temperature (or pressure), one put together from files with a column of theirs."""
    if getattr(record.metadata, what) != "unknown" or column in record:
        return record
    told = _told(record, read)
    values = [v for v in told if v is not None]
    if len(values) < len(told):
        return record
    shown = ", ".join(dict.fromkeys(write_quantity(v, what, 4) for v in values))
    note = f"{what} {shown}: from the file{'s' * (len(told) > 1)}' name, confirmed by the user".replace(
        "file' ", "file's "
    )
    notes = (*record.metadata.assumptions, note)
    if len(set(values)) == 1:
        return record.with_metadata(**{what: values[0]}, assumptions=notes)
    zero = ZERO_CELSIUS if column is Column.TEMPERATURE else 0.0
    per_row = (np.array(values) - zero)[record.array(RUN).astype(int)]
    table = record.table.assign(**{str(column): per_row})
    return Measurement(record.with_metadata(assumptions=notes).metadata, table)


def _told(record: Measurement, read: Callable[[str], float | None]) -> list[float | None]:
    """What the names of a record's files say, one entry a file."""
    runs = record.metadata.settings.get("runs", ())
    files = [str(run["file"]) for run in runs] if runs else [record.metadata.origin.file]
    return [read(re.sub(r"\.\w{1,5}$", "", file)) for file in files]


def told_by_names(experiment: Experiment, what: str) -> str:
    """Temperatures (or pressures) that only the names of a cell's files tell, in words; "" where there are none.

    Args:
        experiment: the cell.
        what: "temperature" or "pressure".
    """
    _, column, read = _IN_NAMES[what]
    silent = [r for r in experiment.measurements if getattr(r.metadata, what) == "unknown" and column not in r]
    values = [v for record in silent for v in _told(record, read) if v is not None]
    words = list(dict.fromkeys(write_quantity(v, what, 4) for v in values))
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")


def _temperature(name: str) -> float | None:
    text = temperature_in_name(name)
    if text is None:
        return None
    number, unit = text.split()
    return read_quantity(f"{number} {'K' if unit == 'K' else 'degC'}", "temperature")


def _pressure(name: str) -> float | None:
    text = pressure_in_name(name)
    return None if text is None else read_quantity(text, "pressure")


_IN_NAMES: dict[str, tuple[str, Column, Callable[[str], float | None]]] = {
    "temperature": ("temperature", Column.TEMPERATURE, _temperature),
    "pressure": ("pressure", Column.PRESSURE, _pressure),
}


def _check_mixture(found: Sequence[Experiment], allowed: bool) -> None:
    simulated = [e.title for e in found if e.is_simulated]
    if simulated and len(simulated) < len(found) and not allowed:
        raise RecordError(
            f"{', '.join(simulated[:3])}{' and others' if len(simulated) > 3 else ''}: simulated, the other cells are "
            "measured; analyse them apart, or say that they are to stand together (--mix-simulated)"
        )


__all__ = ["FROM_NAMES", "Gathered", "gather", "told_by_names"]
