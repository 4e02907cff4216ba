"""Files of one cell, from several instruments, restarted or still running, put together by absolute time.

Gaps stay gaps, cycles are counted from the sign of the current, the charge goes on from file to file, spectra stand
at their time and charge, and a run that is there twice is kept once.
"""

import hashlib
import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from natrode.errors import InstrumentFileError, RecordError, UserWarningNatrode
from natrode.instruments import _grouping, cells, folder, registry
from natrode.instruments._placing import (
    Ledger,
    Part,
    electrode,
    mixed_zones,
    settle_days,
    share_starts,
    without_copies,
    without_overlaps,
)
from natrode.instruments._runs import clock, moment
from natrode.measurement import Column, Experiment, Measurement, Metadata, Origin

if TYPE_CHECKING:
    import pandas as pd

RUN = "Run Index / 1"
"""Which file a row came from, counted from 0 in order of time."""
INSTRUMENT_CYCLE = "Instrument Cycle Count / 1"
GAP = 60.0
"""A longer time without a point between two files, or a longer pause inside one, is a gap [s]."""


def experiments(
    path: str | Path, *, allow_simulated: bool = False, excluded: bool = True, **hints: Any
) -> list[Experiment]:
    """Read the cells of a folder, or of a table of cells, each as one experiment.

    Args:
        path: a folder (its cells.csv says what belongs together, if there is one; else names and times do), or a
            table of cells.
        allow_simulated: let one cell hold simulated and measured records.
        excluded: also give the cells that the table excludes, each marked with the reason under `user`.
        hints: what the user says about all files, as for `read`.

    Returns:
        One experiment a cell, in the table's order. A file that cannot be read is left out and named in the warnings
        of its cell's records; a cell of which nothing can be read gives a UserWarningNatrode.

    Raises:
        SpecificationError: for a mistake in the table.
        RecordError: when simulated and measured records are mixed without `allow_simulated`.
        InstrumentFileError: when there is no such folder.
    """
    path = Path(path)
    if path.is_dir() and registry.is_experiment(path):
        return [Experiment.load(path)]
    table = path / cells.FILE_NAME if path.is_dir() else path
    found: list[Experiment] = []
    if table.exists() or not path.is_dir():
        for cell in cells.load(table):
            if cell.excluded and not excluded:
                continue
            records, problems = _read_all([table.parent / name for name in cell.files], hints)
            described = [cell.describe(record) for record in records]
            found += _cell(cell.name, described, problems, allow_simulated)
        return found
    scanned = folder.scan(path, **hints)
    for group in _grouping.group(scanned, folder.duplicates(scanned)):
        records, problems = _read_all([item.path for item in group.items], hints)
        found += _cell(group.name, records, problems, allow_simulated)
    return found


def _read_all(paths: Sequence[Path], hints: dict[str, Any]) -> tuple[list[Measurement], list[str]]:
    records: list[Measurement] = []
    problems: list[str] = []
    for path in paths:
        try:
            records += registry.read(path, **hints)
        except (InstrumentFileError, RecordError) as error:
            problems.append(f"not read: {error}")
    return records, problems


def _cell(
    name: str, records: Sequence[Measurement], problems: Sequence[str], allow_simulated: bool
) -> list[Experiment]:
    if not records:
        python_warnings.warn(
            f"cell '{name}': no record{': ' + '; '.join(problems) if problems else ', since it names no files'}",
            UserWarningNatrode,
            stacklevel=4,
        )
        return []
    return [stitch(records, name, allow_simulated=allow_simulated, notes=problems)]


def stitch(
    records: Sequence[Measurement], title: str, *, allow_simulated: bool = False, notes: Sequence[str] = ()
) -> Experiment:
    """Put the records of one cell into one experiment.

    Args:
        records: all of them, in any order.
        title: name of the cell.
        allow_simulated: let it hold simulated and measured records.
        notes: warnings that go with every record.

    Returns:
        An experiment with one cycling record (`Test Time / s` counts from the first start, `Run Index / 1` tells the
        file, `Net Charge / C` goes on through all files, `Cycle Count / 1` counts returns to the first sign of the
        current), one impedance record (a second and third one for the other electrodes) and the sweeps. Records
        whose time cannot be known stand behind them as they are.

    Raises:
        RecordError: without records, or when simulated and measured ones are mixed without `allow_simulated`.
    """
    if not records:
        raise RecordError(f"cell '{title}': there is nothing to put together")
    simulated = {r.is_simulated for r in records}
    if len(simulated) > 1 and not allow_simulated:
        names = ", ".join(dict.fromkeys(r.metadata.origin.model for r in records if r.is_simulated))
        raise RecordError(
            f"cell '{title}': mixes measured records with simulated ones ({names}); "
            "allow_simulated=True if that is meant"
        )
    if simulated == {True} and all(r.metadata.started == "unknown" for r in records):
        return Experiment(title, tuple(records))
    kept, said = without_copies(records)
    parts = [Part(r, moment(r.metadata.started), clock(r)) for r in kept]
    said = [*notes, *said, *share_starts(parts), *settle_days(parts)]
    placed = [p for p in parts if p.placed]
    said += mixed_zones(placed)
    first = min((p.began.at for p in placed if p.began is not None), default=None)
    if first is not None:
        for part in placed:
            assert part.began is not None
            part.start = (part.began.at - first).total_seconds()
    made = _assemble(parts, first, said)
    return Experiment(title, tuple(made))


# ---- assembling ------------------------------------------------------------------------------------------
def _assemble(parts: Sequence[Part], first: datetime | None, said: list[str]) -> list[Measurement]:
    placed = [p for p in parts if p.placed]
    cycling, apart = without_overlaps([p for p in placed if p.record.kind == "cycling"], said)
    cycling.sort(key=lambda p: float(p.time[0]))
    spectra = [p for p in placed if p.record.kind == "impedance"]
    spectra.sort(key=lambda p: float(p.time[0]))
    lone = [p for p in parts if not p.placed and len([q for q in parts if q.record.kind == p.record.kind]) == 1]
    cycling += [_at_zero(p) for p in lone if p.record.kind == "cycling" and p.seconds is not None and not cycling]
    unplaced = [p for p in parts if not p.placed and p not in cycling]
    ledger = Ledger(cycling, [p for p in spectra if electrode(p.record) == ""])
    records: list[Measurement] = []
    if cycling:
        records.append(_cycling(cycling, spectra, ledger, first, said))
    for whose in dict.fromkeys(electrode(p.record) for p in spectra):
        chosen = [p for p in spectra if electrode(p.record) == whose]
        records.append(_impedance(chosen, ledger, first, said))
    for part in placed:
        if part.record.kind == "sweep" or part in apart:
            records.append(_moved(part, said))
    for part in unplaced:
        note = [] if part in lone and not placed else ["its start is unknown: not placed among the other files"]
        records.append(_with_warnings(part.record, [*said, *note]))
    return records


def _at_zero(part: Part) -> Part:
    """The only time series of a cell, of which nobody knows when it began."""
    return replace(part, start=0.0)


# ---- the records -----------------------------------------------------------------------------------------
def _cycling(
    parts: Sequence[Part], spectra: Sequence[Part], ledger: Ledger, first: datetime | None, said: list[str]
) -> Measurement:
    import pandas as pd

    tables = []
    for number, part in enumerate(parts):
        table = part.record.table.copy()
        table[str(Column.TIME)] = part.time
        table[RUN] = number
        if INSTRUMENT_CYCLE in table.columns:
            table = table.drop(columns=[str(Column.CYCLE)], errors="ignore")
        elif Column.CYCLE in table.columns:
            table = table.rename(columns={str(Column.CYCLE): INSTRUMENT_CYCLE})
        tables.append(table)
    whole = pd.concat(tables, ignore_index=True, sort=False)
    whole = whole.sort_values(str(Column.TIME), kind="stable").reset_index(drop=True)
    if Column.CURRENT in whole.columns:
        whole[str(Column.CYCLE)] = folder.count_cycles(folder.signs_of_current(whole[str(Column.CURRENT)].to_numpy()))
    if ledger.known:
        whole[str(Column.CHARGE)] = ledger.at(whole[str(Column.TIME)].to_numpy(dtype=float))
    if Column.STEP_COUNT in whole.columns and len(parts) > 1:
        whole[str(Column.STEP_COUNT)] = _steps(whole)
    whole = _tidy(whole.drop(columns=[] if ledger.known else [str(Column.CHARGE)], errors="ignore"))
    gaps = sorted((*_pauses(parts), *_gaps(whole, spectra)), key=lambda gap: float(gap["after"].split()[0]))
    settings = {**_common_settings(parts), "runs": [_about(p) for p in parts], "gaps": gaps}
    notes = list(said)
    notes += [f"gap of {g['hours']:.3g} h after {g['after']}" for g in gaps]
    assumed = ["cycles counted from the sign of the current; the instrument's count is kept beside it"]
    if ledger.known:
        assumed += ["net charge since the first file began, continued through all files", *ledger.sources]
    elif ledger.silent:
        notes.append(
            f"no net charge: {', '.join(ledger.silent)} tells no current; say it, for example current='0.4 mA'"
        )
    return Measurement(_metadata(parts, first, settings, assumed, notes), whole)


def _steps(whole: "pd.DataFrame") -> Any:
    """Steps counted through all runs: a new one with every change of step or run."""
    step = whole[str(Column.STEP_COUNT)].to_numpy(dtype=float)
    run = whole[RUN].to_numpy()
    new = (np.diff(np.nan_to_num(step)) != 0) | (np.diff(run) != 0)
    return 1 + np.concatenate([[0], np.cumsum(new)])


def _impedance(parts: Sequence[Part], ledger: Ledger, first: datetime | None, said: list[str]) -> Measurement:
    import pandas as pd

    tables, count = [], 0
    for number, part in enumerate(parts):
        table = part.record.table.copy()
        table[str(Column.TIME)] = part.time
        old = part.record.array(Column.SPECTRUM) if Column.SPECTRUM in part.record else np.zeros(len(table))
        fresh = np.unique(old, return_inverse=True)[1]
        table[str(Column.SPECTRUM)] = fresh + count
        count += int(fresh.max()) + 1
        table[RUN] = number
        tables.append(table.assign(**_own_conditions(part, parts)))
    whole = pd.concat(tables, ignore_index=True, sort=False)
    start = whole.groupby(str(Column.SPECTRUM))[str(Column.TIME)].transform("min")
    order = np.lexsort((np.arange(len(whole)), whole[str(Column.SPECTRUM)].to_numpy(), start.to_numpy()))
    whole = whole.iloc[order].reset_index(drop=True)
    numbers = whole[str(Column.SPECTRUM)].to_numpy()
    whole[str(Column.SPECTRUM)] = np.concatenate([[0], np.cumsum(np.diff(numbers) != 0)])
    if ledger.known:
        whole[str(Column.CHARGE)] = ledger.at(whole[str(Column.TIME)].to_numpy(dtype=float))
    settings = {**_common_settings(parts), "runs": [_about(p) for p in parts]}
    assumed = ["spectra stand at their own time on the cell's clock"]
    if ledger.known:
        assumed.append("net charge is that which had passed at each point, the spectra's own direct current counted")
    return Measurement(_metadata(parts, first, settings, assumed, said), _tidy(whole))


def _own_conditions(part: Part, parts: Sequence[Part]) -> dict[str, float]:
    """Nominal temperature [degC] and pressure [Pa] of one file as columns, where the files differ in them."""
    found: dict[str, float] = {}
    for name, column, zero in (("temperature", Column.TEMPERATURE, 273.15), ("pressure", Column.PRESSURE, 0.0)):
        values = {getattr(p.record.metadata, name) for p in parts}
        own = getattr(part.record.metadata, name)
        if len(values) > 1 and own != "unknown" and column not in part.record:
            found[str(column)] = own - zero
    return found


def _tidy(whole: "pd.DataFrame") -> "pd.DataFrame":
    """Columns of the record first, in its order; texts without a value are empty."""
    known = [str(c) for c in Column if c in whole.columns]
    whole = whole[[*known, *[c for c in whole.columns if c not in known]]]
    for name in whole.columns:
        if not np.issubdtype(np.asarray(whole[name].to_numpy()).dtype, np.number):
            whole = whole.assign(**{name: whole[name].fillna("")})
    return whole


def _gaps(whole: "pd.DataFrame", spectra: Sequence[Part]) -> list[dict[str, Any]]:
    """Times without a point where one file ends and another goes on; a spectrum in between fills them."""
    time, run = whole[str(Column.TIME)].to_numpy(dtype=float), whole[RUN].to_numpy()
    found: list[dict[str, Any]] = []
    for row in np.flatnonzero((np.diff(run) != 0) & (np.diff(time) > GAP)):
        begin, end = float(time[row]), float(time[row + 1])
        covered = 0.0
        for part in spectra:
            inside = part.time[(part.time >= begin) & (part.time <= end)]
            if len(inside):
                covered += float(inside[-1] - inside[0])
        if end - begin - covered > GAP:
            found.append(_gap(begin, end))
    return found


def _pauses(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Times inside a file that its cycler's clock counts and its test time does not."""
    found: list[dict[str, Any]] = []
    for part in parts:
        left_out = np.diff(part.time) - np.diff(part.record.array(Column.TIME))
        found += [_gap(part.time[row], part.time[row + 1]) for row in np.flatnonzero(left_out > GAP)]
    return found


def _gap(begin: float, end: float) -> dict[str, Any]:
    return {"after": f"{begin:.0f} s", "until": f"{end:.0f} s", "hours": float(end - begin) / 3600}


def _common_settings(parts: Sequence[Part]) -> dict[str, Any]:
    """Settings that are the same in all files."""
    first, *rest = (p.record.metadata.settings for p in parts)
    return {k: v for k, v in first.items() if k not in ("runs", "gaps") and all(k in s and s[k] == v for s in rest)}


def _about(part: Part) -> dict[str, Any]:
    origin = part.record.metadata.origin
    return {
        "file": origin.file, "sha256": origin.sha256, "instrument": origin.instrument, "format": origin.format,
        "technique": part.record.metadata.technique, "started": part.record.metadata.started,
        "begins at": float(part.time.min()), "rows": len(part.record.table),
        "settings": part.record.metadata.settings,
    }  # fmt: skip


def _metadata(
    parts: Sequence[Part], first: datetime | None, settings: dict[str, Any], assumed: list[str], said: Sequence[str]
) -> Metadata:
    """Metadata of a record made of several; where they contradict, the first counts and the others are named."""
    head = parts[0].record.metadata
    odd = list(said)
    for name in ("temperature", "pressure", "geometry", "sign_of_current", "ohmic_correction"):
        others = {str(getattr(p.record.metadata, name)) for p in parts}
        if len(others) > 1 and name != "geometry":
            odd.append(f"the files differ in {name.replace('_', ' ')}: {', '.join(sorted(others))}; the first counts")
    origins = [p.record.metadata.origin for p in parts]
    if len(origins) == 1:
        origin = origins[0]
    else:
        joined = "".join(o.sha256 for o in origins)
        simulated = any(o.kind == "simulation" for o in origins)
        origin = Origin(
            kind="simulation" if simulated else "instrument",
            instrument=" + ".join(dict.fromkeys(o.instrument for o in origins)),
            format=" + ".join(dict.fromkeys(o.format for o in origins)),
            file=" + ".join(dict.fromkeys(o.file for o in origins)),
            sha256=hashlib.sha256(joined.encode()).hexdigest(),
            reader="stitch 1",
            model=" + ".join(dict.fromkeys(o.model for o in origins if o.kind == "simulation")) or "unknown",
            version=origins[0].version,
        )
    user: dict[str, Any] = {}
    for part in reversed(parts):
        user |= part.record.metadata.user
    unknown = [p for p in parts if p.record.metadata.temperature != "unknown"]
    return head.model_copy(
        update={
            "origin": origin,
            "started": head.started if first is None else _start_text(parts, first),
            "technique": ", ".join(dict.fromkeys(p.record.metadata.technique for p in parts)),
            "temperature": unknown[0].record.metadata.temperature if unknown else "unknown",
            "settings": settings,
            "assumptions": tuple(dict.fromkeys([*(a for p in parts for a in p.record.metadata.assumptions), *assumed])),
            "warnings": tuple(dict.fromkeys([*(w for p in parts for w in p.record.metadata.warnings), *odd])),
            "user": user,
        }
    )


def _start_text(parts: Sequence[Part], first: datetime) -> str:
    utc = all(p.began is not None and p.began.utc for p in parts)
    text = first.isoformat(timespec="milliseconds" if first.microsecond else "seconds")
    return text + ("+00:00" if utc else "")


def _moved(part: Part, said: Sequence[str]) -> Measurement:
    """A record that stands alone, with its time on the cell's clock."""
    record = part.record
    if Column.TIME in record and part.start:
        record = Measurement(record.metadata, record.table.assign(**{str(Column.TIME): part.time}))
        began = part.began.at - timedelta(seconds=part.start) if part.began else None
        if began is not None:
            record = record.with_metadata(started=_start_text([part], began))
    return _with_warnings(record, said)


def _with_warnings(record: Measurement, said: Sequence[str]) -> Measurement:
    return record.with_metadata(warnings=tuple(dict.fromkeys((*record.metadata.warnings, *said))))


__all__ = ["experiments", "stitch", "without_copies"]
