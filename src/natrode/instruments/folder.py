"""What is in a folder of raw files: a line for each, with what is missing and what is odd."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from natrode.errors import InstrumentFileError, RecordError
from natrode.instruments import _text, registry
from natrode.instruments._runs import Fingerprint, compare, fingerprint, span
from natrode.measurement import Column, Kind, Measurement
from natrode.units import write_quantity

Describe = Callable[[Path, Sequence[Measurement]], list[Measurement]]
"""From a file's path and records to records with what is said of them elsewhere."""
FEW_POINTS = 20
"""Spectra with fewer points get no Kramers-Kronig verdict and no distribution of relaxation times."""


@dataclass(frozen=True)
class Facts:
    """What is known of one record without its table."""

    kind: Kind
    format: str
    instrument: str
    technique: str
    started: str
    span: tuple[datetime, datetime] | None
    points: int
    what: str
    missing: tuple[str, ...]
    odd: tuple[str, ...]
    declared: tuple[str, ...]
    """Placeholders and other declared geometry, in words."""
    cell: str
    title: str
    simulated: bool
    sha256: str
    settings_channel: str
    first: str
    """Which side the working electrode saw first: stripped, plated or empty."""
    temperature: tuple[float, float] | None
    """Mean and standard deviation [degC] of a measured temperature."""
    print: Fingerprint = field(repr=False, compare=False)


@dataclass(frozen=True)
class Scanned:
    """A file, and what was found in it."""

    path: Path
    name: str
    """Path relative to the folder, with slashes."""
    facts: tuple[Facts, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class FileInfo:
    """One line about a file."""

    file: str
    format: str
    kinds: tuple[str, ...]
    technique: str
    started: str
    points: int
    what: str
    missing: tuple[str, ...]
    odd: tuple[str, ...]
    same_as: tuple[str, ...]
    """Other files that hold the same run."""
    simulated: bool
    sha256: str
    error: str = ""
    cell: str = ""
    """Name in the table of cells."""
    excluded: str = ""
    """Why the table of cells excludes it."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; unknown is null with its reason among `missing`."""
        return {
            "file": self.file,
            "read": not self.error,
            "format": None if self.format in ("", "unknown") else self.format,
            "kinds": list(self.kinds),
            "technique": None if self.technique == "unknown" else self.technique,
            "started": None if self.started == "unknown" else self.started,
            "points": self.points,
            "what": self.what,
            "missing": list(self.missing),
            "odd": list(self.odd),
            "same_as": list(self.same_as),
            "simulated": self.simulated,
            "sha256": self.sha256 or None,
            "error": self.error or None,
            "cell": self.cell or None,
            "excluded": self.excluded or None,
        }

    def line(self) -> str:
        """One line: what, when, points, missing, odd."""
        if self.error:
            return f"{self.file}: {'no data' if 'without data' in self.error else 'not read'}: {self.error}"
        parts = [f"{self.file}: {'SIMULATED ' if self.simulated else ''}{self.what}"]
        if self.format != "unknown":
            parts.append(self.format)
        parts.append("start unknown" if self.started == "unknown" else self.started.replace("T", " ")[:19])
        parts.append(f"{self.points} points")
        if self.cell:
            parts.append(f"cell {self.cell}")
        if self.excluded:
            parts.append(f"excluded: {self.excluded}")
        if self.missing:
            parts.append(f"missing: {', '.join(self.missing)}")
        if self.same_as:
            parts.append(f"same run as {', '.join(self.same_as)}")
        if self.odd:
            parts.append(f"odd: {'; '.join(self.odd)}")
        return " | ".join(parts)


def info(path: str | Path, **hints: Any) -> list[FileInfo]:
    """Say of a file, or of every file in a folder, what it is.

    Args:
        path: file or folder.
        hints: what the user says about all of them, as for `read`.

    Returns:
        One FileInfo a file, in the order of their names; files that cannot be read among them, with the reason.

    Raises:
        InstrumentFileError: when the path does not exist.
        SpecificationError: for a mistake in the table of cells that stands there.
    """
    from natrode.instruments.cells import Descriptions

    told = Descriptions()
    scanned = scan(path, told.describe, **hints)
    twins = duplicates(scanned)
    return [
        _info(item, twins.get(item.name, ()), "" if cell is None else cell.name, "" if cell is None else cell.reason)
        for item in scanned
        for cell in (told.cell(item.path),)
    ]


def table(infos: Sequence[FileInfo]) -> str:
    """All lines, and a count at the end."""
    unread = sum(bool(i.error) for i in infos)
    tail = f"{len(infos)} files, {len(infos) - unread} read, {unread} not"
    return "\n".join([*(i.line() for i in infos), tail])


def scan(path: str | Path, describe: Describe | None = None, /, **hints: Any) -> list[Scanned]:
    """Read every file once and keep what is known of its records; raises InstrumentFileError for no such path.

    `describe` adds to the records of a file what is said of it elsewhere.
    """
    path = Path(path)
    if not path.exists():
        raise InstrumentFileError(f"{path}: no such file or folder")
    registry.read_hints(hints)
    many = path.is_dir() and not registry.is_experiment(path)
    root = path if many else path.parent
    files = registry.data_files(path) if many else [path]
    return [_scanned(file, file.relative_to(root).as_posix(), hints, describe) for file in files]


def _scanned(path: Path, name: str, hints: dict[str, Any], describe: Describe | None) -> Scanned:
    try:
        records = registry.read(path, **hints)
    except (InstrumentFileError, RecordError) as error:
        text = str(error).removeprefix(f"{path.name}: ").removeprefix(f"{path}: ").removeprefix("the whole file: ")
        return Scanned(path, name, error=text)
    if describe is not None:
        records = describe(path, records)
    return Scanned(path, name, tuple(facts(record, path.name) for record in records))


def duplicates(scanned: Iterable[Scanned]) -> dict[str, tuple[str, ...]]:
    """Files that hold the same run as another one: by name, the names of the others."""
    found: dict[str, list[str]] = {}
    items = [item for item in scanned if item.facts]
    for position, one in enumerate(items):
        for other in items[position + 1 :]:
            how = _compare_files(one, other)
            if how is not None:
                mark = {"same": "", "part": " (which holds more)", "whole": " (which holds less)"}
                turned = {"same": "same", "part": "whole", "whole": "part"}
                found.setdefault(one.name, []).append(other.name + mark[how])
                found.setdefault(other.name, []).append(one.name + mark[turned[how]])
    return {name: tuple(names) for name, names in found.items()}


def _compare_files(one: Scanned, other: Scanned) -> str | None:
    """Whether two files hold the same run: every record of the one with fewer of them stands in the other."""
    if len(one.facts) > len(other.facts):
        turned = _compare_files(other, one)
        return {"same": "same", "part": "whole", "whole": "part"}[turned] if turned else None
    seen: set[str] = set()
    for mine in one.facts:
        results = [compare(mine.print, theirs.print) for theirs in other.facts]
        best = next((r for r in ("same", "part", "whole") if r in results), None)
        if best is None:
            return None
        seen.add(best)
    if len(one.facts) < len(other.facts):
        seen.add("part")
    return "part" if "part" in seen and "whole" not in seen else "whole" if "whole" in seen else "same"


# ---- one record ------------------------------------------------------------------------------------------
def facts(record: Measurement, file: str) -> Facts:
    """What is known of a record; `file` is its name, in which currents and temperatures may stand."""
    metadata = record.metadata
    odd = list(metadata.warnings)
    what, first = _what(record, odd)
    if record.kind == "cycling" and Column.CURRENT in record and not any("name says" in text for text in odd):
        odd += _text.name_against_current(Path(file).stem, record.array(Column.CURRENT))
    measured = None
    if Column.TEMPERATURE in record:
        values = record.array(Column.TEMPERATURE)
        values = values[np.isfinite(values)]
        if values.size:
            measured = float(values.mean()), float(values.std())
    if measured is None and metadata.temperature == "unknown":
        named = _text.temperature_in_name(Path(file).stem)
        if named is not None:
            odd.append(f"the name says {named}: not confirmed, not used")
    defaults = [a for a in metadata.assumptions if "default, not used" in a or "instrument's default" in a]
    declared = tuple(a for a in metadata.assumptions if "declared" in a and "not used" in a)
    if defaults:
        odd.append("; ".join(defaults))
    return Facts(
        kind=record.kind, format=metadata.origin.format, instrument=metadata.origin.instrument,
        technique=metadata.technique, started=metadata.started, span=span(record), points=len(record.table),
        what=what, missing=_missing(record, measured is not None), odd=tuple(dict.fromkeys(odd)), declared=declared,
        cell=metadata.cell, title=metadata.title, simulated=record.is_simulated, sha256=metadata.origin.sha256,
        settings_channel=str(metadata.settings.get("channel", "")), first=first, temperature=measured,
        print=fingerprint(record),
    )  # fmt: skip


def _missing(record: Measurement, measured: bool) -> tuple[str, ...]:
    metadata = record.metadata
    geometry = metadata.geometry
    found = []
    if geometry.working_area == "unknown" and geometry.counter_area == "unknown":
        found.append("area")
    if geometry.electrolyte_thickness == "unknown":
        found.append("thickness")
    if geometry.interfaces_in_series == "unknown":
        found.append("interfaces in series")
    if metadata.temperature == "unknown" and not measured:
        found.append("temperature")
    if metadata.pressure == "unknown":
        found.append("pressure")
    if metadata.started == "unknown":
        found.append("start")
    if record.kind == "cycling" and Column.CURRENT not in record:
        found.append("current")
    if metadata.sign_of_current.startswith("unknown"):
        found.append("sign of current")
    return tuple(found)


def _what(record: Measurement, odd: list[str]) -> tuple[str, str]:
    """A few words on a record, and the side that the working electrode saw first."""
    name = "" if record.metadata.technique == "unknown" else f" ({record.metadata.technique})"
    if record.kind == "impedance":
        whose = record.metadata.settings.get("electrode")
        return f"impedance{name}{f' of {whose}' if whose else ''}, {_spectra(record, odd)}", ""
    if record.kind == "sweep":
        voltage = record.array(Column.VOLTAGE)
        return f"sweep{name}, {np.nanmin(voltage):.4g} to {np.nanmax(voltage):.4g} V", ""
    time = record.array(Column.TIME)
    text = f"cycling{name}, {_duration(float(np.nanmax(time) - np.nanmin(time)))}"
    if Column.CURRENT not in record:
        return f"{text}, no current", ""
    signs = signs_of_current(record.array(Column.CURRENT))
    moving = signs[signs != 0]
    if not moving.size:
        return f"{text}, at rest", ""
    largest = float(np.nanmax(np.abs(record.array(Column.CURRENT))))
    text += f", up to {write_quantity(largest, 'current', 3)}"
    if np.all(moving == moving[0]):
        odd.append(f"no sign change: one-sided, {'oxidation' if moving[0] > 0 else 'reduction'} only")
    else:
        cycles = int(count_cycles(signs)[-1])
        text += f", {cycles} cycle{'s' if cycles > 1 else ''}"
    return text, "stripped" if moving[0] > 0 else "plated"


def _duration(seconds: float) -> str:
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _spectra(record: Measurement, odd: list[str]) -> str:
    parts = record.spectra()
    points = [len(p.table) for p in parts]
    frequency = record.array(Column.FREQUENCY)
    count = f"{len(parts)} spectra of {min(points)}" if len(parts) > 1 else f"1 spectrum of {points[0]}"
    if len(parts) > 1 and max(points) > min(points):
        count += f" to {max(points)}"
    low, high = float(frequency.min()), float(frequency.max())
    if max(points) < FEW_POINTS:
        odd.append(
            f"{max(points)} points over {np.log10(high / low):.2g} decades a spectrum: too few for a distribution of "
            "relaxation times or a Kramers-Kronig verdict"
        )
    return f"{count} points, {high:.3g} to {low:.3g} Hz"


def signs_of_current(current: Any) -> "np.typing.NDArray[np.int8]":
    """Sign of the current at each row, 0 at rest (below a thousandth of the largest)."""
    size = np.abs(np.nan_to_num(np.asarray(current, dtype=float)))
    largest = float(size.max(initial=0.0))
    return np.where(size > 1e-3 * largest, np.sign(np.nan_to_num(current)), 0).astype(np.int8)


def count_cycles(signs: Any) -> "np.typing.NDArray[np.int64]":
    """Number of the cycle of every row: a new one where the current returns to the sign that came first."""
    moving = np.flatnonzero(signs)
    count = np.ones(len(signs), dtype=np.int64)
    if not moving.size:
        return count
    first = signs[moving[0]]
    new = np.zeros(len(signs), dtype=np.int64)
    active = signs[moving]
    new[moving[1:]] = (active[1:] == first) & (active[:-1] != first)
    return np.asarray(1 + np.cumsum(new))


def _info(item: Scanned, same_as: tuple[str, ...], cell: str, excluded: str) -> FileInfo:
    if not item.facts:
        nothing = ("", (), "unknown", "unknown", 0, "", (), ())
        return FileInfo(item.name, *nothing, same_as, False, "", item.error, cell, excluded)
    first = item.facts[0]
    techniques = list(dict.fromkeys(f.technique for f in item.facts if f.technique != "unknown"))
    return FileInfo(
        file=item.name,
        format=first.format,
        kinds=tuple(dict.fromkeys(f.kind for f in item.facts)),
        technique=", ".join(techniques) or "unknown",
        started=next((f.started for f in item.facts if f.started != "unknown"), "unknown"),
        points=sum(f.points for f in item.facts),
        what="; ".join(dict.fromkeys(f.what for f in item.facts)),
        missing=tuple(dict.fromkeys(m for f in item.facts for m in f.missing)),
        odd=tuple(dict.fromkeys(o for f in item.facts for o in f.odd)),
        same_as=same_as,
        simulated=any(f.simulated for f in item.facts),
        sha256=first.sha256,
        cell=cell,
        excluded=excluded,
    )


__all__ = ["FileInfo", "info", "scan", "table"]
