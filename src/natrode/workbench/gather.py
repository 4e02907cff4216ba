"""From files and folders to cells: what belongs together, what could not be read, what was left out and why."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natrode.errors import InstrumentFileError, RecordError, UserWarningNatrode
from natrode.instruments import cells as table_of_cells
from natrode.instruments import folder, registry, stitch
from natrode.instruments._text import temperature_in_name
from natrode.measurement import Column, Experiment, Measurement
from natrode.units import read_quantity

FROM_NAMES = "from names"
"""The word by which a user confirms that the temperatures in the files' names are right."""


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
            temperatures that stand in the files' names.

    Returns:
        The cells, and the files that gave nothing.

    Raises:
        InstrumentFileError: when a path does not exist, or not one file could be read.
        RecordError: when simulated and measured cells meet without `mix_simulated`.
        SpecificationError: for a hint or a table of cells with a mistake.
    """
    named = hints.get("temperature") == FROM_NAMES
    words = {k: v for k, v in hints.items() if not (k == "temperature" and named)}
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
    if not found:
        why = "; ".join(f"{name}: {reason}" for name, reason in unread[:3]) or "there is no data file in it"
        raise InstrumentFileError(f"{', '.join(map(str, paths))}: nothing could be read ({why})")
    if named:
        found = [_with_temperatures_from_names(e) for e in found]
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


def _with_temperatures_from_names(experiment: Experiment) -> Experiment:
    """The temperatures that files' names tell, confirmed by the user; a measured column or a known value stays."""
    return Experiment(experiment.title, tuple(_named(record) for record in experiment.measurements))


def _named(record: Measurement) -> Measurement:
    metadata = record.metadata
    text = temperature_in_name(re.sub(r"\.\w{1,5}$", "", metadata.origin.file))
    if text is None or metadata.temperature != "unknown" or Column.TEMPERATURE in record:
        return record
    number, unit = text.split()
    kelvin = read_quantity(f"{number} {'K' if unit == 'K' else 'degC'}", "temperature")
    note = f"temperature {text}: from the file's name, confirmed by the user"
    return record.with_metadata(temperature=kelvin, assumptions=(*metadata.assumptions, note))


def _check_mixture(found: Sequence[Experiment], allowed: bool) -> None:
    simulated = [e.title for e in found if e.is_simulated]
    if simulated and len(simulated) < len(found) and not allowed:
        raise RecordError(
            f"{', '.join(simulated[:3])}{' and others' if len(simulated) > 3 else ''}: simulated, the other cells are "
            "measured; analyse them apart, or say that they are to stand together (--mix-simulated)"
        )


__all__ = ["FROM_NAMES", "Gathered", "gather"]
