"""The record: a table with typed metadata, written alike by the simulator and by the instrument readers.

Column names follow the Battery Data Format where it has one. Signs, in every symmetric cell: current positive =
oxidation (stripping) at the working electrode; the imaginary part of an impedance is negative when capacitive.
"""

import hashlib
import io
import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from natrode import files
from natrode.errors import RecordError

if TYPE_CHECKING:
    import pandas as pd


T = TypeVar("T")
P = ParamSpec("P")

MARK = "SIMULATED by natrode"
"""How the heading begins of the column that every exported table of a simulation carries."""


UNCERTAINTY = "standard uncertainty, SI"
"""Where `Metadata.user` keeps what the user says of the errors of areas, thickness and temperature."""


class Column(StrEnum):
    """Column names of a record."""

    TIME = "Test Time / s"
    VOLTAGE = "Voltage / V"
    CURRENT = "Current / A"
    CYCLE = "Cycle Count / 1"
    STEP = "Step Index / 1"
    STEP_COUNT = "Step Count / 1"
    TEMPERATURE = "Ambient Temperature / degC"
    PRESSURE = "Stack Pressure / Pa"
    FREQUENCY = "Frequency / Hz"
    REAL_IMPEDANCE = "Real Impedance / ohm"
    IMAGINARY_IMPEDANCE = "Imaginary Impedance / ohm"
    SPECTRUM = "Spectrum Index / 1"
    DC_CURRENT = "DC Current / A"
    CHARGE = "Net Charge / C"
    MASKED = "Masked / 1"
    """Points of a spectrum that analyses leave out: 1; they stay in the record."""


REQUIRED_COLUMNS: dict[str, tuple[Column, ...]] = {
    "cycling": (Column.TIME, Column.VOLTAGE),
    "impedance": (Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE),
    "sweep": (Column.VOLTAGE, Column.CURRENT),
}
"""What a measurement of each kind must hold (a cycling table may lack its current: some exports do)."""

Kind = Literal["cycling", "impedance", "sweep"]
Unknown = Literal["unknown"]
KnownFloat = float | Unknown


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Geometry(_Frozen):
    """Areas, thickness and count of interfaces of the cell that was measured; `unknown` where nobody said."""

    working_area: KnownFloat = "unknown"
    """Contact area of the working electrode [m2]."""
    counter_area: KnownFloat = "unknown"
    """[m2]"""
    electrolyte_area: KnownFloat = "unknown"
    """Cross-section of the pellet or separator [m2]."""
    electrolyte_thickness: KnownFloat = "unknown"
    """[m]"""
    interfaces_in_series: Literal[0, 1, 2] | Unknown = "unknown"
    """Metal | electrolyte interfaces that the voltage crosses: 2 in a symmetric cell, 1 with a reference."""
    declared: dict[str, float] = Field(default_factory=dict)
    """What the instrument file declared, in SI; kept, never used (instruments write placeholders here)."""

    @property
    def area(self) -> float:
        """Area by which resistances and currents are normalised [m2]: the smaller electrode's.

        Raises RecordError when neither electrode's area is known.
        """
        known = [a for a in (self.working_area, self.counter_area) if a != "unknown"]
        if not known:
            raise RecordError("the area of the electrodes is unknown; give it, for example area='0.785 cm2'")
        return min(known)


class Origin(_Frozen):
    """Where a record comes from: an instrument's file, or a model with its parameters and seed."""

    kind: Literal["instrument", "simulation"]
    instrument: str = "unknown"
    format: str = "unknown"
    file: str = "unknown"
    sha256: str = "unknown"
    reader: str = "unknown"
    model: str = "unknown"
    parameters: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    version: str = "unknown"


class Metadata(_Frozen):
    """What a table means: origin, geometry, conditions, settings, assumptions and warnings."""

    kind: Kind
    origin: Origin
    title: str = ""
    cell: str = "unknown"
    geometry: Geometry = Geometry()
    temperature: KnownFloat = "unknown"
    """Nominal temperature [K]; a column has precedence."""
    pressure: KnownFloat = "unknown"
    """Stack pressure [Pa]."""
    started: str = "unknown"
    """Start in ISO 8601."""
    technique: str = "unknown"
    sign_of_current: str = "positive = oxidation (stripping) at the working electrode"
    ohmic_correction: str = "unknown"
    """iR correction already in the voltage: none, or what was done by whom with which value."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The file's or the protocol's own settings, as it names them."""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    user: dict[str, Any] = Field(default_factory=dict)
    """Further columns of the user's table of cells."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed, without what was worked out from the former ones."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("_bytes", None)
        return copy

    @cached_property
    def _bytes(self) -> bytes:
        """What a digest says of the metadata; the parts of a record share it."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()


class Measurement:
    """An immutable table and its metadata.

    The table is given as a frame or as columns by name, one value a row; what a record holds is a copy.
    """

    def __init__(self, metadata: Metadata, table: "pd.DataFrame | Mapping[str, npt.ArrayLike]") -> None:
        columns = {str(name): _read_only(_copied(values)) for name, values in table.items()}
        missing = [c for c in REQUIRED_COLUMNS[metadata.kind] if c not in columns]
        if missing:
            raise RecordError(
                f"a {metadata.kind} record needs the columns {', '.join(missing)}; "
                f"this table has {', '.join(columns) or 'none'}"
            )
        shapes = {values.shape for values in columns.values()}
        if len(shapes) > 1 or len(next(iter(shapes))) != 1:
            sizes = ", ".join(f"{name}: {values.shape}" for name, values in columns.items())
            raise RecordError(f"the columns of a record must be equally long, one value a row; these are {sizes}")
        self._metadata = metadata
        self._columns = columns

    def __getstate__(self) -> dict[str, Any]:
        return {"_metadata": self._metadata, "_columns": self._columns}

    @cached_property
    def _derived(self) -> dict[Hashable, Any]:
        return {}

    def derived(self, find: "Callable[Concatenate[Self, P], T]", *arguments: P.args, **named: P.kwargs) -> T:
        """Return `find(self, *arguments)`, worked out once: a record never changes, nor does what follows from it."""
        key = (find, arguments, tuple(named.items()))
        if key not in self._derived:
            self._derived[key] = find(self, *arguments, **named)
        found: T = self._derived[key]
        return found

    @cached_property
    def _table(self) -> "pd.DataFrame":
        import pandas as pd

        return pd.DataFrame(self._columns, copy=False)

    @property
    def metadata(self) -> Metadata:
        """What the table means."""
        return self._metadata

    @property
    def table(self) -> "pd.DataFrame":
        """The table; changing what this gives does not change the record."""
        return self._table.copy(deep=False)

    def __repr__(self) -> str:
        return f"Measurement({self.kind}, {len(self)} rows, {self.metadata.cell!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measurement) and self.metadata == other.metadata and self._table.equals(other._table)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    __hash__ = None  # type: ignore[assignment]

    @property
    def kind(self) -> Kind:
        """cycling, impedance or sweep."""
        return self.metadata.kind

    @property
    def is_simulated(self) -> bool:
        """Whether a model wrote this record."""
        return self.metadata.origin.kind == "simulation"

    @property
    def mark(self) -> str:
        """Heading of the column that marks an exported simulation: version, model, seed, SHA-256 of the record."""
        origin = self.metadata.origin
        return f"{MARK} {origin.version} | model {origin.model} | seed {origin.seed} | sha256 {self.digest}"

    @property
    def export(self) -> "pd.DataFrame":
        """The table as it leaves natrode; a simulated one has a last column that says so."""
        table = self.table
        if self.is_simulated:
            table[self.mark] = 1
        return table

    def __contains__(self, column: str) -> bool:
        return column in self._columns

    def array(self, column: str) -> npt.NDArray[np.float64]:
        """Values of a column as floats; raises RecordError when the record has no such column."""
        if column not in self._columns:
            raise RecordError(f"this {self.kind} record has no column '{column}'; it has {', '.join(self._columns)}")
        values = self._columns[column]
        return values if values.dtype == float else _read_only(np.asarray(values, dtype=float))

    def with_metadata(self, **changes: Any) -> "Measurement":
        """Return the same table with changed metadata."""
        return Measurement(_changed(self.metadata, changes), self._columns)

    # ---- impedance -------------------------------------------------------------------------------------
    def spectra(self) -> list["Measurement"]:
        """Split an impedance record into one record per spectrum, in the order of `Spectrum Index / 1`."""
        if self.kind != "impedance":
            raise RecordError(f"a {self.kind} record has no spectra")
        return list(self._spectra)

    @cached_property
    def _spectra(self) -> tuple["Measurement", ...]:
        if Column.SPECTRUM not in self._columns:
            return (self,)
        index = self._columns[Column.SPECTRUM]
        if len(index) and (index[1:] >= index[:-1]).all():  # one after the other: parts of the columns as they are
            ends = [0, *(np.flatnonzero(np.diff(index)) + 1), len(index)]
            return tuple(self.rows(slice(begin, end)) for begin, end in pairwise(ends))
        return tuple(self.rows(index == number) for number in np.unique(index))

    def rows(self, chosen: npt.NDArray[np.bool_] | slice) -> "Measurement":
        """Return the record of some of the rows."""
        part = Measurement.__new__(Measurement)
        part._metadata = self._metadata
        part._columns = {name: _read_only(values[chosen]) for name, values in self._columns.items()}
        return part

    @cached_property
    def impedance(self) -> npt.NDArray[np.complex128]:
        """Complex impedance [Ohm]."""
        return _read_only(self.array(Column.REAL_IMPEDANCE) + 1j * self.array(Column.IMAGINARY_IMPEDANCE))

    # ---- files -----------------------------------------------------------------------------------------
    @cached_property
    def digest(self) -> str:
        """SHA-256 over metadata and table: the record's identity, independent of file format."""
        digest = hashlib.sha256(self.metadata._bytes)
        for name, values in self._columns.items():
            digest.update(f"|{name}:{_name_of(values.dtype)}|".encode())
            if values.dtype.kind == "f":  # equal records, equal bytes: one NaN, one zero
                values = values + 0.0
                values[np.isnan(values)] = np.nan
            plain = values.dtype.kind in "biuf"
            digest.update(np.ascontiguousarray(values).data if plain else "\x1f".join(map(str, values)).encode())
        return digest.hexdigest()

    def to_parquet(self, path: str | Path) -> None:
        """Write table and metadata to one Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.table({name: pa.array(values, from_pandas=True) for name, values in self._columns.items()})
        extra = {b"natrode": self.metadata.model_dump_json().encode(), b"natrode sha256": self.digest.encode()}
        stream = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(extra), stream)
        files.write_bytes(Path(path), stream.getvalue())

    @classmethod
    def from_parquet(cls, path: str | Path) -> "Measurement":
        """Read a record that natrode wrote; raises RecordError for any other file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise RecordError(f"{path}: cannot be read as Parquet ({error})") from None
        header = (table.schema.metadata or {}).get(b"natrode")
        if header is None:
            raise RecordError(f"{path}: a Parquet file without natrode's metadata; import it as a generic table")
        try:
            metadata = Metadata.model_validate_json(header)
        except ValueError as error:
            raise RecordError(f"{path}: natrode's metadata in this file is damaged ({_first(error)})") from None
        return cls(metadata, table.to_pandas())

    def to_csv(self, path: str | Path) -> None:
        """Write the table as Battery Data Format CSV and the metadata beside it as `<name>.json`.

        A simulated table has a last column of ones whose heading says so (see `mark`).
        """
        path = Path(path)
        files.write_text(path.with_suffix(".json"), self.metadata.model_dump_json(indent=1))
        files.write_text(path, self.export.to_csv(index=False))

    @classmethod
    def from_csv(cls, path: str | Path) -> "Measurement":
        """Read a CSV that natrode wrote, with the metadata beside it; raises RecordError otherwise."""
        import pandas as pd

        path = Path(path)
        side = path.with_suffix(".json")
        if not side.exists():
            raise RecordError(f"{path}: {side.name} with the metadata is not beside it; import it as a generic table")
        try:
            metadata = Metadata.model_validate_json(side.read_text(encoding="utf-8"))
            text = pd.read_csv(path, dtype=str, keep_default_na=False)
            table = pd.DataFrame({name: _typed(text[name]) for name in text.columns if not name.startswith(MARK)})
        except (OSError, ValueError) as error:
            raise RecordError(f"{path}: cannot be read as natrode's CSV ({_first(error)})") from None
        if len(table.columns) < len(text.columns) and metadata.origin.kind != "simulation":
            raise RecordError(f"{path}: the table is marked as simulated, {side.name} says that it was measured")
        return cls(metadata, table)


def mark_of(records: Iterable[Measurement]) -> str:
    """Mark of what comes from several records: version, seeds and SHA-256 of the simulated ones, "" where none is."""
    simulated = [r for r in records if r.is_simulated]
    if not simulated:
        return ""
    versions = ", ".join(dict.fromkeys(r.metadata.origin.version for r in simulated))
    seeds = ", ".join(dict.fromkeys(str(r.metadata.origin.seed) for r in simulated))
    return f"{MARK} {versions} | seed {seeds} | sha256 {', '.join(r.digest for r in simulated)}"


@dataclass(frozen=True)
class Experiment:
    """What was done to one cell: its measurements in order."""

    title: str
    measurements: tuple[Measurement, ...]

    @property
    def cycling(self) -> Measurement:
        """The time series; raises RecordError when there is none or more than one."""
        return self._only("cycling")

    @property
    def impedance(self) -> Measurement:
        """The impedance record; raises RecordError when there is none or more than one."""
        return self._only("impedance")

    @property
    def sweep(self) -> Measurement:
        """The sweep; raises RecordError when there is none or more than one."""
        return self._only("sweep")

    def of_kind(self, kind: Kind) -> list[Measurement]:
        """All measurements of one kind, in order."""
        return [m for m in self.measurements if m.kind == kind]

    def _only(self, kind: Kind) -> Measurement:
        found = self.of_kind(kind)
        if len(found) != 1:
            raise RecordError(f"experiment '{self.title}' holds {len(found)} {kind} records; exactly one was asked for")
        return found[0]

    @property
    def is_simulated(self) -> bool:
        """Whether any of the records was written by a model."""
        return any(m.is_simulated for m in self.measurements)

    def save(self, folder: str | Path, *, csv: bool = False) -> None:
        """Write one Parquet file per measurement (and CSV on demand) and an index into an existing folder."""
        folder = Path(folder)
        index: list[dict[str, str]] = []
        for number, measurement in enumerate(self.measurements):
            name = f"{number:02d}-{measurement.kind}"
            measurement.to_parquet(folder / f"{name}.parquet")
            if csv:
                measurement.to_csv(folder / f"{name}.csv")
            index.append({"file": f"{name}.parquet", "kind": measurement.kind, "sha256": measurement.digest})
        document = {"title": self.title, "simulated": self.is_simulated, "measurements": index}
        files.write_text(folder / "experiment.json", json.dumps(document, indent=1) + "\n")

    @classmethod
    def load(cls, folder: str | Path) -> "Experiment":
        """Read an experiment that `save` wrote; raises RecordError when files are missing or changed."""
        folder = Path(folder)
        try:
            document: Mapping[str, Any] = json.loads((folder / "experiment.json").read_text())
            entries = [(folder / entry["file"], str(entry["sha256"])) for entry in document["measurements"]]
            title = str(document["title"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{folder}: is not an experiment that natrode wrote ({error})") from None
        found = []
        for path, digest in entries:
            measurement = Measurement.from_parquet(path)
            if measurement.digest != digest:
                raise RecordError(f"{path}: differs from what the index says; it was changed")
            found.append(measurement)
        return cls(title, tuple(found))


def _copied(values: "npt.ArrayLike | pd.Series[Any]") -> npt.NDArray[Any]:
    """A column as an array of its own; words as objects, whose length is not that of the longest."""
    to_numpy = getattr(values, "to_numpy", None)
    words = isinstance(values, (list, tuple)) and len(values) > 0 and isinstance(values[0], str)
    array: npt.NDArray[Any] = (
        np.array(values, dtype=object if words else None) if to_numpy is None else to_numpy(copy=True)
    )
    return array.astype(object) if array.dtype.kind == "U" else array


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    values.setflags(write=False)
    return values


@lru_cache
def _name_of(dtype: "np.dtype[Any]") -> str:
    return str(dtype)


def _changed(metadata: Metadata, changes: Mapping[str, Any]) -> Metadata:
    return Metadata.model_validate({**metadata.model_dump(), **changes})


def _typed(text: "pd.Series[str]") -> "pd.Series[Any]":
    """A column of a CSV as whole numbers, floats to the last bit (empty: NaN), truth values or, failing that, text."""
    import pandas as pd

    words = text.tolist()
    if words and set(words) <= {"True", "False"}:
        return pd.Series([word == "True" for word in words])
    for kind, read in ((np.int64, int), (np.float64, lambda word: float(word or "nan"))):
        try:
            return pd.Series(np.array([read(word) for word in words], dtype=kind if words else np.float64))
        except (ValueError, OverflowError):
            continue
    return text


def _first(error: Exception) -> str:
    """One line of an error that may have many."""
    if isinstance(error, ValidationError):
        details = error.errors()[0]
        return f"{'.'.join(map(str, details['loc'])) or 'whole text'}: {details['msg']}"
    return str(error).partition("\n")[0]
