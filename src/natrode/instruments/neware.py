"""Neware cycler files, .nda and .ndax, through fastnda; what that library passes over in silence is said here."""

import io
import logging
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from natrode.errors import InstrumentFileError
from natrode.instruments import _text
from natrode.instruments._runs import UNIX_TIME
from natrode.instruments._tables import Array
from natrode.instruments.base import LARGEST_FILE, Format, Source
from natrode.measurement import Column, Measurement

if TYPE_CHECKING:
    import polars as pl

NAME = "Neware binary (.nda, .ndax)"
_READER = _text.Reader("Neware", NAME, "neware 1 (fastnda)")
STEP_TIME = "Step Time / s"
STEP_TYPE = "Step Type"
STEP_CHARGE = "Step Charge / C"
STEP_ENERGY = "Step Energy / J"
SIGN = (
    "current positive = charging, as Neware writes it: oxidation at the electrode on the positive lead, which is taken "
    "as the working electrode"
)
_SHORT_RECORDS, _SHORT_RECORD = range(5, 9), 59
"""Versions of .nda whose records have this many bytes."""
_NOT_CONNECTED = -100.0
"""[degC]; a thermocouple that reads less is not connected."""
_OFF_SETPOINT = 30.0
"""[K]; a temperature that is always further than this from the chamber's setpoint is none."""
_AUX_UNITS = {
    "voltage_V": ("Voltage", "V", 1.0),
    "temperature_degC": ("Temperature", "degC", 1.0),
    "current_mA": ("Current", "A", 1e-3),
    "temperature_setpoint_degC": ("Temperature Setpoint", "degC", 1.0),
    "clamp_temperature_degC": ("Clamp Temperature", "degC", 1.0),
    "leader_temperature_degC": ("Leader Temperature", "degC", 1.0),
    "red_temperature_degC": ("Red Temperature", "degC", 1.0),
    "thickness_mm": ("Thickness", "m", 1e-3),
    "pressure_bar": ("Pressure", "Pa", 1e5),
    "clamp_air_pressure_kPa": ("Clamp Air Pressure", "Pa", 1e3),
    "clamp_weight_kg": ("Clamp Weight", "kg", 1.0),
    "force_N": ("Force", "N", 1.0),
    "humidity_%": ("Humidity", "%", 1.0),
}
_CHANNEL_TYPES = {
    102: "voltage_V", 103: "temperature_degC", 104: "current_mA", 105: "voltage_V", 106: "temperature_degC",
    107: "current_mA", 335: "temperature_setpoint_degC", 345: "humidity_%", 117: "pressure_bar", 118: "force_N",
    114: "thickness_mm",
}  # fmt: skip
"""Kinds of auxiliary channels whose meaning is known (`ChlType` in TestInfo.xml)."""


def recognise(source: Source) -> float:
    """Certainty that this is a Neware file, from its first bytes."""
    if source.head.startswith(b"NEWARE"):
        return 1.0
    if not source.head.startswith(b"PK\x03\x04"):
        return 0.0
    first = source.head[30:80]
    return 1.0 if re.match(rb"(?:Edit)?Step\d*\.xml|TestInfo\d*\.xml|VersionInfo\.xml|data\w*\.ndc", first) else 0.0


def read(source: Source) -> list[Measurement]:
    """The cycling record of the file; raises InstrumentFileError."""
    binary = source.head.startswith(b"NEWARE")
    names: dict[str, int] = {} if binary else _members(source)
    cut = _check_length(source) if binary else []
    with tempfile.TemporaryDirectory(prefix="natrode-") as folder:
        path = Path(folder) / ("file.nda" if binary else "file.ndax")
        path.write_bytes(source.data)
        frame, settings, said = _fastnda(source, path)
    said += cut
    if len(frame) == 0:
        raise source.error("data", "it holds no records", "the test had not begun, or the file is cut")
    labels = _auxiliary_labels(frame, names, settings, said)
    assumptions = [SIGN]
    columns = _columns(source, frame, labels, said, assumptions)
    _check_records(frame, settings, said)
    started = _started(columns, settings, assumptions)
    info = _info(settings)
    declared, noted = _declared(settings)
    record = _READER.record(
        source, "cycling", columns, started=started, settings=settings,
        model=str(settings.get("nda_version", "") and f"nda {settings['nda_version']}"), title=info.get("title", ""),
        declared=declared, assumptions=assumptions + noted, warnings=said,
    )  # fmt: skip
    return [record.with_metadata(cell=info["cell"])] if info.get("cell") else [record]


# ---- the library -----------------------------------------------------------------------------------------
@contextmanager
def _listening(said: list[str]) -> Iterator[None]:
    """Collect what the library logs and warns of instead of letting it print."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(f"fastnda: {record.getMessage()}")

    logger = logging.getLogger("fastnda")
    listener, propagate = Listener(logging.WARNING), logger.propagate
    logger.addHandler(listener)
    logger.propagate = False
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        said += [f"fastnda: {' '.join(str(w.message).split())}" for w in caught]
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagate


def _fastnda(source: Source, path: Path) -> "tuple[pl.DataFrame, dict[str, Any], list[str]]":
    """Table and metadata; whatever the library raises becomes an InstrumentFileError."""
    import fastnda

    said: list[str] = []
    with _listening(said):
        try:
            frame = fastnda.read(path, cycle_mode="raw")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # polars panics are no Exception
            raise source.error(
                "data", f"fastnda cannot read it ({type(error).__name__}: {_first_line(error)})",
                "the file is damaged or cut, or of a firmware that fastnda does not know; copy it again or export CSV",
            ) from error  # fmt: skip
        try:
            settings = dict(fastnda.read_metadata(path))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            settings = {}
            said.append(f"the settings in the file cannot be read ({type(error).__name__}: {_first_line(error)})")
    said = [text for text in said if "has not been thoroughly tested" not in text]
    plain: dict[str, Any] = _plain(settings)
    inner = _test_info(plain)
    if all(key in inner for key in ("DevID", "UnitID", "ChlID")):
        plain["channel"] = f"{inner['DevID']}-{inner['UnitID']}-{inner['ChlID']}"
    return frame, plain, list(dict.fromkeys(said))


def _test_info(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What TestInfo.xml says of the test."""
    info = settings.get("TestInfo")
    inner = info.get("TestInfo") if isinstance(info, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else "no message"


def _plain(value: Any) -> Any:
    """Settings as JSON can hold them."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    return str(value)


# ---- is it whole? ----------------------------------------------------------------------------------------
def _members(source: Source) -> dict[str, int]:
    """Names and sizes in an .ndax; raises InstrumentFileError when it is cut, damaged or no test."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
            if "data.ndc" in sizes and sum(sizes.values()) <= LARGEST_FILE:
                broken = archive.testzip()
                if broken is not None:
                    raise zipfile.BadZipFile(f"{broken} is damaged")
    except (KeyboardInterrupt, SystemExit, InstrumentFileError):
        raise
    except Exception as error:  # zlib and the archive raise a dozen kinds
        raise source.error(
            "archive", f"an .ndax that is cut or damaged ({_first_line(error)})", "copy it from the cycler again"
        ) from error
    if "data.ndc" not in sizes:
        raise source.error("archive", "it holds no data.ndc", "it is no .ndax of a test; export it again")
    if sum(sizes.values()) > LARGEST_FILE:
        raise source.error("archive", "it unpacks to more than 1 GiB", "export parts of the test")
    return sizes


def _check_length(source: Source) -> list[str]:
    """Raise when an .nda is shorter than its header says; a warning where it ends within a record.

    Up to version 29 the header tells where the records begin and how many bytes they take, or nothing of it while a
    test runs. From 129 on it points to its sections, or, with no begin, to none: then blocks follow that each have
    such a header of 1 kB and end where the next one begins.
    """
    data = source.data
    if len(data) < 80:
        raise source.error("header", f"the file ends after {len(data)} bytes", "it is cut; copy it again")
    if data[14] < 100:
        ends = [_end(data, 64, 4)]
        begin = int.from_bytes(data[64:68], "little")
        if not ends[0] and data[14] in _SHORT_RECORDS and (len(data) - begin) % _SHORT_RECORD:
            return ["the file ends within a record, which is left out: it was still being written or is cut"]
    else:
        ends = [_end(data, 82, 8)]
        if not int.from_bytes(data[82:90], "little") and data[1024:1030] == b"NEWARE":
            ends, head, following = [], 0, 1024
            while following > head and data[following : following + 6] == b"NEWARE":
                head = following
                ends.append(_end(data, head + 82, 8))
                following = _end(data, head + 242, 8)
    if max(ends, default=0) > len(data):
        raise source.error(
            "data", f"the header promises {max(ends)} bytes, the file holds {len(data)}",
            "it is cut; copy it again, or let the test end",
        )  # fmt: skip
    return []


def _end(data: bytes, place: int, width: int) -> int:
    """Where a section ends whose begin and length stand at a place of the header; 0 when it has no length."""
    begin, length = (int.from_bytes(data[i : i + width], "little") for i in (place, place + width))
    return begin + length if length else 0


def _check_records(frame: "pl.DataFrame", settings: Mapping[str, Any], said: list[str]) -> None:
    """Note records that the file should hold and the table does not."""
    index = frame["index"].to_numpy()
    lost = int(index[-1]) - int(index[0]) + 1 - len(index)
    if lost > 0:
        said.append(f"{lost} records are missing between records {int(index[0])} and {int(index[-1])}")
    if int(index[0]) > 1:
        said.append(f"the first record is number {int(index[0])}, not 1: earlier ones are missing")
    promised = settings.get("num_datapoints")
    if isinstance(promised, int) and promised != len(index):
        said.append(f"the header announces {promised} records, {len(index)} were read")


# ---- columns ---------------------------------------------------------------------------------------------
def _columns(
    source: Source, frame: "pl.DataFrame", labels: Mapping[str, str], said: list[str], assumptions: list[str]
) -> dict[str, Any]:
    def floats(name: str) -> Array:
        return frame[name].cast(float).to_numpy().astype(float)

    for name in ("total_time_s", "voltage_V", "current_mA"):
        if name not in frame.columns or not np.isfinite(floats(name)).all():
            raise source.error(
                "data", f"the column {name} is missing or has gaps", "the file is damaged or cut; copy it again"
            )
    columns: dict[str, Any] = {
        Column.TIME: floats("total_time_s"),
        Column.VOLTAGE: _as_printed(frame["voltage_V"].to_numpy()),
        Column.CURRENT: _as_printed(frame["current_mA"].to_numpy()) * 1e-3,
    }
    for name, title in (("cycle_count", Column.CYCLE), ("step_index", Column.STEP), ("step_count", Column.STEP_COUNT)):
        if name in frame.columns and frame[name].null_count() == 0:
            columns[title] = frame[name].to_numpy().astype(np.int64)
        else:
            said.append(f"the file holds no whole column {title.partition(' /')[0].lower()}")
    if "step_type" in frame.columns:
        columns[STEP_TYPE] = [text or "unknown" for text in frame["step_type"].cast(str).to_list()]
    if "step_time_s" in frame.columns:
        columns[STEP_TIME] = floats("step_time_s")
    if "unix_time_s" in frame.columns and np.isfinite(floats("unix_time_s")).all():
        columns[UNIX_TIME] = floats("unix_time_s")
        _odd_clock(columns, said)
    if "capacity_mAh" in frame.columns:
        columns[STEP_CHARGE] = _as_printed(floats("capacity_mAh")) * 3.6
        if "energy_mWh" in frame.columns:
            columns[STEP_ENERGY] = _as_printed(floats("energy_mWh")) * 3.6
        if Column.STEP_COUNT in columns:
            columns[Column.CHARGE], resets = net_charge(
                columns[STEP_CHARGE], columns[Column.STEP_COUNT], columns[Column.CURRENT], columns[Column.TIME]
            )
            charge_notes(resets, assumptions, said)
    _auxiliary(frame, labels, columns, said, assumptions)
    return columns


def _as_printed(values: Any) -> Array:
    """Single-precision numbers to the seven digits that they hold: 0.2 and not 0.20000000298."""
    exact = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore"):
        scale = np.log10(np.abs(exact), where=np.isfinite(exact) & (exact != 0), out=np.zeros_like(exact))
    factor = 10.0 ** np.clip(6 - np.floor(scale), -300, 300)
    return np.asarray(np.round(exact * factor) / factor)


def net_charge(step_charge: Array, step: Any, current: Array, time: Array) -> tuple[Array, int]:
    """Charge since the beginning, from a charge that starts anew with every step; and how often inside a step.

    An interrupted step goes on with a counter at zero: a fall of the count to next to nothing that the current cannot
    have made.
    """
    change = np.diff(step_charge, prepend=0.0)
    flown = np.maximum(np.abs(current), np.abs(np.concatenate([[0.0], current[:-1]]))) * np.abs(
        np.diff(time, prepend=0.0)
    )
    tiny = 1e-9 + 1e-6 * float(np.nanmax(np.abs(step_charge), initial=0.0))
    begins = np.concatenate([[True], np.diff(step) != 0])
    anew = (np.abs(step_charge) <= 2.0 * flown + tiny) & (np.abs(change) > 10.0 * flown + 10.0 * tiny) & ~begins
    finished = np.where(begins | anew, np.concatenate([[0.0], step_charge[:-1]]), 0.0)
    return np.asarray(np.cumsum(np.nan_to_num(finished)) + step_charge), int(anew.sum())


def charge_notes(resets: int, assumptions: list[str], said: list[str]) -> None:
    """Say what the net charge is made of."""
    assumptions.append("net charge is the sum of the steps' charges as the cycler counted them")
    if resets:
        said.append(
            f"the cycler's count of charge starts anew {resets} times inside a step, which was interrupted there: "
            "the net charge goes on"
        )


def _odd_clock(columns: Mapping[str, Any], said: list[str]) -> None:
    """Note a clock that runs backwards, and pauses that the test time does not count."""
    clock, test = columns[UNIX_TIME], columns[Column.TIME]
    back = np.diff(clock) < -1.5
    if back.any():
        said.append(f"the cycler's clock runs backwards {int(back.sum())} times; the test time does not")
    pauses = np.diff(clock) - np.diff(test)
    long = pauses > 60.0
    if long.any():
        said.append(
            f"{int(long.sum())} pauses, {pauses[long].sum() / 3600:.3g} h together, that the test time does not count"
        )


# ---- auxiliary channels ----------------------------------------------------------------------------------
def _auxiliary_labels(
    frame: "pl.DataFrame", names: Mapping[str, int], settings: Mapping[str, Any], said: list[str]
) -> dict[str, str]:
    """What each auxiliary column holds: fastnda's own word, or, where it can be told, that of the channel's file.

    fastnda gives the channel files, sorted by their numbers, the descriptions of TestInfo.xml in their order there;
    the files' names tell channel and kind, so a mix-up shows and is put right.
    """
    columns = [c for c in frame.columns if c.startswith("aux")]
    own = {c: c for c in columns}
    files = sorted(tuple(map(int, m.groups())) for m in (_AUX_FILE.fullmatch(name) for name in names) if m)
    info = _test_info(settings)
    channels = [v for k, v in info.items() if re.fullmatch(r"Aux\d+", k) and isinstance(v, Mapping)]
    if not files or len(files) != len(columns) or len(channels) != len(files):
        return own
    wanted: list[str] = []
    for channel, kind, _ in files:
        code = kind + 100
        match = [c for c in channels if c.get("RealChlID") == str(channel) and c.get("ChlType") == str(code)]
        if len(match) != 1:
            return own
        wanted.append(f"aux{match[0].get('AuxID', '')}_{_CHANNEL_TYPES.get(code, f'type {code}')}")
    if len(set(wanted)) != len(wanted) or wanted == columns:
        return own
    known = {c for c in columns if "?" not in c}
    if known - set(wanted) or any(a != b for a, b in zip(columns, wanted, strict=True) if "?" not in a):
        said.append(
            "fastnda mixes up the auxiliary channels of this file; they are named here by their channel numbers and "
            "kinds in the archive"
        )
    return dict(zip(columns, wanted, strict=True))


_AUX_FILE = re.compile(r"data_AUX_(\d+)_(\d+)_(\d+)\.ndc")


def _auxiliary(
    frame: "pl.DataFrame", labels: Mapping[str, str], columns: dict[str, Any], said: list[str], assumptions: list[str]
) -> None:
    """Auxiliary channels under their own names, and the first temperature that is one as the temperature."""
    temperatures: list[tuple[str, Array]] = []
    for name, label in labels.items():
        match = re.match(r"aux(-?\d*)_(.*)", label)
        number, kind = (match.group(1), match.group(2)) if match else ("", label)
        title, unit, scale = _AUX_UNITS.get(
            kind, (f"Channel of Unknown Kind ({kind.strip('?') or 'unnamed'})", "1", 1.0)
        )
        values = _as_printed(frame[name].cast(float).to_numpy()) * scale
        full = f"Auxiliary {number} {title} / {unit}".replace("  ", " ")
        columns[full] = values
        if kind == "temperature_degC":
            temperatures.append((full, values))
    setpoint = next((v for n, v in columns.items() if "Setpoint" in n), None)
    real = []
    for name, values in temperatures:
        if not np.isfinite(values).all() or values.min() < _NOT_CONNECTED or not values.any():
            said.append(f"{name.partition(' /')[0]} reads nothing (0 or out of range): not connected, not used")
        elif setpoint is not None and np.abs(values - setpoint).min() > _OFF_SETPOINT:
            said.append(f"{name.partition(' /')[0]} is never within {_OFF_SETPOINT:g} K of the setpoint: not used")
        else:
            real.append((name, values))
    if real:
        columns[Column.TEMPERATURE] = real[0][1]
        more = f"; {len(real) - 1} more are kept beside it" if len(real) > 1 else ""
        assumptions.append(f"temperature is that of {real[0][0].partition(' /')[0]}, where its sensor sits{more}")


# ---- dates and names -------------------------------------------------------------------------------------
def _started(columns: Mapping[str, Any], settings: Mapping[str, Any], assumptions: list[str]) -> str:
    """Time of the first record: local time where the file tells it, else UTC with its mark."""
    said = _start_text(settings)
    local = _parse(said)
    if UNIX_TIME not in columns:
        return "unknown" if local is None else local.isoformat()
    try:
        first = datetime.fromtimestamp(float(columns[UNIX_TIME][0]), tz=UTC)
    except (OverflowError, OSError, ValueError):
        return "unknown"
    if local is None or local.tzinfo is not None:
        return first.isoformat(timespec="milliseconds")
    quarters = round((local - first.replace(tzinfo=None)) / timedelta(minutes=15))
    offset = timedelta(minutes=15 * quarters)
    if abs(offset) > timedelta(hours=14):
        return first.isoformat(timespec="milliseconds")
    assumptions.append(
        f"start in local time: the file says {said}, its clock {first:%H:%M:%S} UTC, so local time is UTC"
        f"{offset.total_seconds() / 3600:+g} h"
    )
    return (first.replace(tzinfo=None) + offset).isoformat(timespec="milliseconds")


def _start_text(settings: Mapping[str, Any]) -> str:
    return str(_test_info(settings).get("StartTime") or settings.get("start_time") or "")


def _parse(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"^(\d{4})\.(\d\d)\.(\d\d)", r"\1-\2-\3", text.strip()))
    except ValueError:
        return None


def _info(settings: Mapping[str, Any]) -> dict[str, str]:
    """Cell and title as the user typed them into the cycler's software."""
    inner = _test_info(settings)
    barcode = str(inner.get("Barcode") or settings.get("barcode") or "").strip()
    title = str(inner.get("StepName") or settings.get("test_name") or settings.get("remarks") or "").strip()
    return {"cell": barcode, "title": title.removesuffix(".xml")}


def _declared(settings: Mapping[str, Any]) -> tuple[dict[str, float], list[str]]:
    """The active mass of an .nda (0 and 1 mg are what stands there when nobody enters one)."""
    return _text.declare("active_mass", settings.get("active_mass_mg"), "mg", 1e6)


FORMAT = Format(NAME, (".nda", ".ndax"), recognise, read)

__all__ = ["FORMAT", "net_charge", "read"]
