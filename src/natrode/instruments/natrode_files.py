"""natrode's own files, read back and written: Parquet with the metadata inside, CSV with the metadata beside it.

A file that is Parquet but not natrode's is read as a table. A simulated record keeps its mark.
"""

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from natrode import files
from natrode.errors import InstrumentFileError, OutputError, RecordError
from natrode.instruments import _headings, generic
from natrode.instruments._table_record import Table, build
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement, Metadata

NAME = "natrode record (Parquet, CSV with JSON)"
SIDE_CAR = 1 << 24
"""Largest file of metadata that is read [bytes]."""
To = Literal["csv", "parquet", "xlsx"]


def recognise(source: Source) -> float:
    """Certainty that natrode wrote this file, from its beginning (and, for CSV, the metadata beside it)."""
    if source.head.startswith(b"PAR1"):
        return 1.0
    first = source.head.split(b"\n", 1)[0]
    bdf = sum(str(column).encode() in first for column in Column)
    return 1.0 if bdf >= 2 and b"," in first and _side_car(source) is not None else 0.0


def read(source: Source) -> list[Measurement]:
    """The record of the file; raises InstrumentFileError."""
    if source.head.startswith(b"PAR1"):
        return [_parquet(source)]
    side = _side_car(source)
    if side is None:
        raise source.error("metadata", "no JSON with the metadata is beside it", "keep both files together")
    try:
        return [Measurement.from_csv(source.path)]
    except RecordError as error:
        raise source.error("table", f"cannot be read ({error})", "the file was edited or is cut") from None


def _side_car(source: Source) -> Metadata | None:
    """Metadata of `<name>.json` beside a CSV, when natrode wrote it."""
    path = source.path.with_suffix(".json")
    try:
        if not path.is_file() or path.stat().st_size > SIDE_CAR:
            return None
        return Metadata.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def _parquet(source: Source) -> Measurement:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(source.data))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if size > 1 << 30 or file.metadata.num_rows > generic.MOST_ROWS:
            raise source.error("table", "it unpacks to more than 1 GiB", "split it")
        table = file.read()
    except InstrumentFileError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        problem = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise source.error("Parquet", f"cannot be read ({problem})", "the file is cut or damaged") from None
    header = (table.schema.metadata or {}).get(b"natrode")
    frame = table.replace_schema_metadata(None).to_pandas()
    if header is None:
        return _foreign(source, frame)
    try:
        return Measurement(Metadata.model_validate_json(header), frame)
    except (ValueError, RecordError) as error:
        raise source.error("metadata", f"damaged ({str(error)[:200]})", "write the record again") from None


def _foreign(source: Source, frame: Any) -> Measurement:
    """A Parquet table that natrode did not write, as a table with headings."""
    headings = [_headings.take_apart(str(name)) for name in frame.columns]
    numeric = [np.issubdtype(kind, np.number) if isinstance(kind, np.dtype) else False for kind in frame.dtypes]
    table = Table(
        headings=headings,
        width=len(headings),
        numbers={i: frame.iloc[:, i].to_numpy(dtype=float) for i, yes in enumerate(numeric) if yes},
        texts={i: [str(value) for value in frame.iloc[:, i]] for i, yes in enumerate(numeric) if not yes},
        place=lambda row: f"row {row + 1}",
    )
    if len(frame) == 0:
        raise source.error("table", "it has no rows", "write it again")
    plan = generic.make_plan(source, headings, len(headings), None)
    return build(source, table, plan, "Parquet table")


FORMAT = Format(NAME, (".parquet", ".csv"), recognise, read)


# ---- writing ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Converted:
    """What `convert` made of one file."""

    source: str
    written: tuple[str, ...]
    records: int
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "source": self.source, "written": list(self.written), "records": self.records, "error": self.error or None
        }  # fmt: skip


def convert(
    paths: Iterable[str | Path], to: To, folder: str | Path, *, force: bool = False, **hints: Any
) -> list[Converted]:
    """Write every record of these files (or of all instrument files in a folder) as CSV, Parquet or XLSX.

    What a table of cells in a file's folder or above says of it goes into its metadata.

    Args:
        paths: files, or folders whose files are taken with all below.
        to: csv (Battery Data Format, metadata beside it as JSON), parquet (metadata inside) or xlsx.
        folder: where to write; it is made if it is not there.
        force: replace files that exist.
        hints: what the user says about the files, as for `read`.

    Returns:
        One entry a file, with what was written or why it was not read.

    Raises:
        OutputError: when the folder cannot be written, or a file exists and `force` is not set.
        SpecificationError: for a hint or a table of cells with a mistake.
    """
    from natrode.instruments import registry
    from natrode.instruments.cells import Descriptions

    told = Descriptions()

    if to not in ("csv", "parquet", "xlsx"):
        raise OutputError(f"'{to}' is no format that natrode writes; allowed are csv, parquet and xlsx")
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from None
    done: list[Converted] = []
    taken: set[str] = set()
    for path in _expand(paths):
        try:
            records = told.describe(path, registry.read(path, **hints))
        except InstrumentFileError as error:
            done.append(Converted(str(path), (), 0, str(error)))
            continue
        stem = _free(re.sub(r"[^\w.+-]+", "_", path.stem) or "record", taken)
        done.append(Converted(str(path), tuple(_write(records, stem, to, folder, force)), len(records)))
    return done


def _expand(paths: Iterable[str | Path]) -> list[Path]:
    from natrode.instruments import registry

    found: list[Path] = []
    for path in map(Path, paths):
        found += registry.data_files(path) if path.is_dir() and not registry.is_experiment(path) else [path]
    return found


def _free(stem: str, taken: set[str]) -> str:
    """A name that no earlier file of this run has: `a.mpr` and `a.mpt` must not fall on one another."""
    name, count = stem, 1
    while name.lower() in taken:
        count += 1
        name = f"{stem}-{count}"
    taken.add(name.lower())
    return name


def _write(records: Sequence[Measurement], stem: str, to: To, folder: Path, force: bool) -> list[str]:
    names = [stem if len(records) == 1 else f"{stem}-{i:02d}-{r.kind}" for i, r in enumerate(records)]
    if to == "xlsx":
        from natrode.instruments._workbook import workbook

        target = folder / f"{stem}.xlsx"
        _check_free(target, force)
        files.write_bytes(target, workbook([(f"{i:02d} {r.kind}", r) for i, r in enumerate(records)]))
        return [str(target)]
    written = []
    for name, record in zip(names, records, strict=True):
        target = folder / f"{name}.{to}"
        _check_free(target, force)
        if to == "csv":
            _check_free(target.with_suffix(".json"), force)
            record.to_csv(target)
        else:
            record.to_parquet(target)
        written.append(str(target))
    return written


def _check_free(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise OutputError(f"{path}: exists already; choose another folder or add --force to replace it")


def conversion_table(done: Sequence[Converted]) -> str:
    """What was written, one line a file."""
    lines = []
    for item in done:
        if item.error:
            lines.append(f"not read   {item.error}")
        else:
            lines.append(f"{item.records:3d} records {Path(item.source).name} -> {', '.join(map(_name, item.written))}")
    return "\n".join(lines)


def _name(path: str) -> str:
    return Path(path).name


def metadata_of(folder: Path) -> Mapping[str, Any] | None:
    """The index of an experiment's folder, when natrode wrote it."""
    path = folder / "experiment.json"
    try:
        if not path.is_file() or path.stat().st_size > SIDE_CAR:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) and "measurements" in document else None


__all__ = ["FORMAT", "Converted", "conversion_table", "convert", "read"]
