"""Zahner Thales spectra (.ism), a binary format of big-endian numbers.

Layout (facts from the maker's own open reader, MIT licence, checked on five files to the last byte): a version and the
number of points less one (6 bytes each); frequency, |Z|, phase [rad] and time [s since 1980] as float64 arrays; a
significance per point as int16 in thousandths; twelve texts with a 2-byte length and letters in swapped case; a flag;
32 float64 settings; and, when the flag says so, DC voltage and current of each point.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from natrode.instruments import _text
from natrode.instruments.base import Format, Source
from natrode.measurement import Column, Measurement

NAME = "Zahner Thales spectrum (.ism)"
_READER = _text.Reader("Zahner", NAME, "zahner 1")
_ADVICE = "the file is cut or damaged; copy it again, or export the spectrum as text from Zahner Analysis"
_TEXTS = (
    "date",
    "system",
    "potential",
    "current",
    "temperature",
    "time",
    "comment 1",
    "comment 2",
    "comment 3",
    "comment 4",
    "area",
    "series",
)
_SETTINGS = 32
_DC_FLAG, _DC_SETTING, _DC_BIT = 256, 27, 32768
_MOST_POINTS = 1_000_000
_YEAR = 365.25 * 86400.0


def recognise(source: Source) -> float:
    """Certainty that this is a Zahner spectrum: marks, number of points, and frequencies that can be."""
    head = source.head
    if len(head) < 28 or head[:4] != b"\x00\x00\xff\xff" or head[4:6] not in (b"\xff\xff", b"\xff\xfe"):
        return 0.0
    points = int.from_bytes(head[6:12], "big") + 1
    shown = np.frombuffer(head[12 : 12 + 8 * min(points, (len(head) - 12) // 8)], dtype=">f8")
    fair = points < _MOST_POINTS and np.isfinite(shown).all() and bool(((shown > 0) & (shown < 1e10)).all())
    return 0.95 if fair else 0.4


class _Bytes:
    """The file's bytes, taken from the front; a file that ends too early is an InstrumentFileError."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.position = 0

    def take(self, count: int, what: str) -> bytes:
        if count < 0 or self.position + count > len(self.source.data):
            raise self.source.error(
                f"byte {self.position}", f"the file ends within {what} ({len(self.source.data)} bytes in all)", _ADVICE
            )
        part = self.source.data[self.position : self.position + count]
        self.position += count
        return part

    def floats(self, count: int, what: str) -> _text.Array:
        return np.frombuffer(self.take(8 * count, what), dtype=">f8").astype(float)

    def short(self, what: str) -> int:
        return int.from_bytes(self.take(2, what), "big", signed=True)


@dataclass(frozen=True)
class _Spectrum:
    """What the file holds, as it holds it."""

    frequency: _text.Array
    modulus: _text.Array
    phase: _text.Array
    stamps: _text.Array
    significance: _text.Array
    texts: dict[str, str]
    constants: _text.Array
    direct: _text.Array | None


def read(source: Source) -> list[Measurement]:
    """The sweep, and the points that were measured before its reversal, if any; raises InstrumentFileError."""
    if not source.data:
        raise source.error("byte 0", "the file is empty", "copy it from the instrument again")
    if recognise(source) <= 0.0:
        raise _text.not_this(source, NAME, "byte 0")
    found = _parse(source)
    low, high = int(found.frequency.argmin()), int(found.frequency.argmax())
    begin, end = min(low, high), max(low, high) + 1
    parts = [(slice(begin, end), "")]
    if begin > 0:
        parts.append((slice(0, begin), "points before the reversal of the sweep"))
    if end < len(found.frequency):
        parts.append((slice(end, len(found.frequency)), "points after the sweep"))
    return [_record(source, found, part, note, len(parts) > 1) for part, note in parts]


def _parse(source: Source) -> _Spectrum:
    """Every field of the file; raises InstrumentFileError where it cannot be."""
    data = _Bytes(source)
    data.take(6, "its version")
    points = int.from_bytes(data.take(6, "the number of points"), "big") + 1
    if points >= _MOST_POINTS:
        raise source.error("byte 6", f"read {points} points", _ADVICE)
    frequency, modulus, phase, stamps = (
        data.floats(points, f"the {what} of {points} points") for what in ("frequencies", "|Z|", "phases", "times")
    )
    significance = np.frombuffer(data.take(2 * points, "the significances"), dtype=">i2").astype(float) / 1000.0
    texts = {}
    for name in _TEXTS:
        at = data.position
        raw = data.take(data.short(f"the text '{name}'"), f"the text '{name}'")
        if any(byte < 32 and byte not in (9, 10, 13) for byte in raw):
            raise source.error(f"byte {at}", f"the text '{name}' holds {raw[:20]!r}", _ADVICE)
        texts[name] = raw.decode("latin-1").swapcase().strip()
    flag = data.short("a flag")
    constants = data.floats(_SETTINGS, "the settings")
    direct = None
    marked = np.isfinite(constants[_DC_SETTING]) and abs(constants[_DC_SETTING]) < 2**31
    if flag > _DC_FLAG and marked and int(constants[_DC_SETTING]) & _DC_BIT:
        direct = data.floats(2 * points, "DC voltage and current").reshape(points, 2)
    for name, values, fair in (
        ("frequency", frequency, (frequency > 0.0) & (frequency < 1e10)),
        ("|Z|", modulus, (modulus >= 0.0) & (modulus < 1e18)),
        ("phase", phase, np.abs(phase) < 2.0 * np.pi),
        ("time", stamps, np.abs(stamps) < 200.0 * _YEAR),
        (
            "DC voltage or current",
            np.zeros(1) if direct is None else direct.ravel(),
            np.abs(np.zeros(1) if direct is None else direct.ravel()) < 1e6,
        ),
    ):
        if not fair.all():  # a comparison with NaN is false
            bad = int(np.flatnonzero(~fair)[0])
            raise source.error(f"point {bad + 1}", f"read the {name} {values[bad]:g}, which cannot be", _ADVICE)
    return _Spectrum(frequency, modulus, phase, stamps, significance, texts, constants, direct)


def _record(source: Source, found: _Spectrum, part: slice, note: str, several: bool) -> Measurement:
    """The record of one stretch of points."""
    impedance = found.modulus[part] * np.exp(1j * found.phase[part])
    columns: dict[str, Any] = {
        Column.FREQUENCY: found.frequency[part],
        Column.REAL_IMPEDANCE: impedance.real,
        Column.IMAGINARY_IMPEDANCE: impedance.imag,
        _text.ABSOLUTE_IMPEDANCE: found.modulus[part],
        _text.PHASE: np.degrees(found.phase[part]),
        "Significance / 1": found.significance[part],
    }
    if found.stamps.min() > _YEAR:
        columns[Column.TIME] = found.stamps[part] - found.stamps.min()
    if found.direct is not None:
        columns[Column.VOLTAGE] = found.direct[part, 0]
        columns[Column.DC_CURRENT] = found.direct[part, 1]
    rows = _text.Rows({}, {}, list(range(1, len(impedance) + 1)))
    assumptions = ["sign of Im Z from the phase: Z = |Z| exp(i phase), phase in rad and negative when capacitive"]
    if several:
        assumptions.append(
            "the sweep turns at one end of the frequencies: the points before the turn, measured twice, are a record "
            "of their own"
        )
    started, dated = _started(found)
    temperature = found.texts["temperature"]
    if temperature:
        assumptions.append(
            f"temperature field {temperature!r}: not confirmed, not used (a missing sensor writes one too)"
        )
    declared, noted = _text.declare("area", _text.setting(found.texts["area"]), "cm2", 1e4)
    if found.direct is not None:
        assumptions.append(_text.SIGN_BY_DEFAULT)
    warnings = _text.impedance_warnings(source, rows, columns)
    if "simulation" in found.texts["system"].lower():
        warnings.append("the file calls itself a simulation: these points were computed, not measured")
    settings: dict[str, Any] = {name: text for name, text in found.texts.items() if text}
    settings["constants"] = [float(v) if np.isfinite(v) else str(v) for v in found.constants]
    return _READER.record(
        source,
        "impedance",
        columns,
        technique="EIS",
        title=note or found.texts["system"],
        started=started,
        settings=settings,
        declared=declared,
        assumptions=assumptions + noted + dated,
        warnings=warnings,
    )


def _started(found: _Spectrum) -> tuple[str, list[str]]:
    """Start from the time stamps, which count seconds since 1980, else from the text fields."""
    first = float(found.stamps.min())
    if first > _YEAR:
        return (datetime(1980, 1, 1) + timedelta(seconds=round(first))).isoformat(), []  # noqa: DTZ001
    text = found.texts["date"]
    if not re.fullmatch(r"[0-9]{6}", text):
        return "unknown", []
    written = f"{text[:2]}.{text[2:4]}.{text[4:]}"
    started, _ = _text.started_at(written, found.texts["time"], "day first", known=True)
    return started, [f"start from the fields date {text!r} (day, month, year) and time: the points have no times"]


FORMAT = Format(NAME, (".ism",), recognise, read)
