"""What an .mpr file's settings and log modules say: technique, parameters, declarations, start, device.

Places and codes were found by comparing files with EC-Lab's own text exports and with what public projects report of
the format. What is not where it should be is left out: nothing here is needed to read the data.
"""

import math
import struct
from collections.abc import Iterator
from typing import Any

from natrode.instruments.biologic_dates import ole_date
from natrode.instruments.biologic_records import declared_assumption

TECHNIQUES = {
    0x04: ("GCPL", "Galvanostatic Cycling with Potential Limitation"),
    0x06: ("CV", "Cyclic Voltammetry"),
    0x0B: ("OCV", "Open Circuit Voltage"),
    0x16: ("MP", "Modular Potentio"),
    0x18: ("CA", "Chronoamperometry / Chronocoulometry"),
    0x19: ("CP", "Chronopotentiometry"),
    0x1C: ("WAIT", "Wait"),
    0x1D: ("PEIS", "Potentio Electrochemical Impedance Spectroscopy"),
    0x1E: ("GEIS", "Galvano Electrochemical Impedance Spectroscopy"),
    0x30: ("CV", "Cyclic Voltammetry"),
    0x32: ("ZIR", "IR compensation (PEIS)"),
    0x33: ("CVA", "Cyclic Voltammetry Advanced"),
    0x6C: ("LSV", "Linear Sweep Voltammetry"),
    0x75: ("CoV", "Constant Voltage"),
    0x76: ("CoC", "Constant Current"),
    0x77: ("GCPL", "Galvanostatic Cycling with Potential Limitation"),
    0x7F: ("MB", "Modulo Bat"),
}
"""First byte of the settings module: EC-Lab's short and long name."""

_TAIL = "E range min (V):f|E range max (V):f|I Range:R|Bandwidth:b"
_LIMITS = "|".join(["-:b", *["-:b|-:b|-:f|-:b"] * 6])
_EIS = "fi:f|unit fi:F|ff:f|unit ff:F|Nd:w|Points:b|spacing:b"
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "OCV": ("tR (s):f|dER/dt (mV/h):f|record:b|dER (mV):f|dtR (s):f|E range min (V):f|E range max (V):f",),
    "CP": (
        "Is:f|unit Is:I|Is vs.:c|ts (s):f|EM (V):f|dQM:f|unit dQM:Q|record:b|dEs (mV):f|dts (s):f|"
        f"{_TAIL}|goto Ns':w|nc cycles:w",
    ),
    "CA": (
        "Ei (V):f|Ei (V) vs.:v|ti (s):f|Imax:f|unit Imax:I|Imin:f|unit Imin:I|dQM:f|unit dQM:Q|record:b|dI:f|unit dI:I|"
        "dQ:f|unit dQ:Q|dt (s):f|dta (s):f|E range min (V):f|E range max (V):f|I Range:R|-:b|-:b|-:b|Bandwidth:b|"
        "goto Ns':w|nc cycles:w",
    ),
    "CV": (
        "Ei (V):f|Ei (V) vs.:v|dE/dt:f|dE/dt unit:b|E1 (V):f|E1 (V) vs.:v|Step percent:b|N:w|E range min (V):f|"
        "E range max (V):f|I Range:R|-:b|-:b|-:b|Bandwidth:b|E2 (V):f|E2 (V) vs.:v|nc cycles:w|Reverse Scan:b|Ef (V):f|"
        "Ef (V) vs.:v",
    ),
    "LSV": (
        "tR (s):f|dER/dt (mV/h):f|dER (mV):f|dtR (s):f|dE/dt:f|dE/dt unit:b|Ei (V):f|Ei (V) vs.:v|EL (V):f|"
        "EL (V) vs.:v|record:b|dI:f|unit dI:I|tI (s):f|step percent:b|N:w|E range min (V):f|E range max (V):f|"
        "I Range:R|-:b|-:b|-:b|Bandwidth:b",
    ),
    "PEIS": (
        "Mode:b|E (V):f|E (V) vs.:v|tE (s):f|record:b|dI:f|unit dI:I|dt (s):f|"
        f"{_EIS}|Va (mV):f|pw:f|Na:w|corr:b|{_LIMITS}|{_TAIL}|nc cycles:w|goto Ns':w|nr cycles:w|inc. cycle:b",
    ),
    "GEIS": (
        "Mode:b|Is:f|unit Is:I|Is vs.:c|tIs (s):f|record:b|dE (mV):f|dt (s):f|"
        f"{_EIS}|Ia/Va:b|Ia:f|unit Ia:I|va pourcent:f|pw:f|Na:w|corr:b|{_LIMITS}|{_TAIL}|nc cycles:w|goto Ns':w|"
        "nr cycles:w|inc. cycle:b",
    ),
    "GCPL": tuple(
        "Set I/C:b|Is:f|unit Is:I|Is vs.:c|N:f|I sign:x|t1 (s):f|I Range:R|Bandwidth:b|dE1 (mV):f|dt1 (s):f|EM (V):f|"
        "tM (s):f|Im:f|unit Im:I|dI/dt:f|dunit dI/dt:b|E range min (V):f|E range max (V):f|dq:f|unit dq:Q|dtq (s):f|"
        f"dQM:f|unit dQM:Q|dxM:f|{soc}tR (s):f|dER/dt (mV/h):f|dER (mV):f|dtR (s):f|EL (V):f|goto Ns':w|nc cycles:w"
        for soc in ("", "delta SoC (%):f|")
    ),
}
"""Parameters of a technique in the file's order, `name:kind`; a file is one of these when the counts agree.

Kinds: f a float, b a byte, w a word of four bytes, I Q F units of current, charge and frequency, R a current range,
v c a reference of a voltage or current (one byte, four from EC-Lab 11.50 on), x a byte that grew likewise.
"""

_CODES = {
    "I": ("A", "mA", "µA", "nA", "pA"),
    "Q": ("A.h", "mA.h", "µA.h", "nA.h", "pA.h"),
    "F": ("MHz", "kHz", "Hz", "mHz"),
    "v": ("Eoc", "", "Emeas", "Ei", "Ref"),
    "c": ("", "", "<None>"),
}
_AREA_UNITS = {0: ("m²", 1.0), 1: ("dm²", 1e-2), 2: ("cm²", 1e-4), 3: ("mm²", 1e-6)}
_MASS_UNITS = {0: ("kg", 1.0), 1: ("g", 1e-3), 2: ("mg", 1e-6)}
_CAPACITY_UNITS = {0: "A.h", 1: "mA.h"}
_OLE_PLACES = (0x249, 465, 469, 473)


def text_at(data: bytes, place: int, longest: int = 255) -> str:
    """A string with its length in front; empty where there is none."""
    if place >= len(data):
        return ""
    raw = data[place + 1 : place + 1 + min(data[place], longest)]
    return raw.decode("latin-1").replace("\x00", "").replace("\r\n", "\n").strip()


def float_at(data: bytes, place: int) -> float | None:
    """A finite float of four bytes, or None."""
    if place + 4 > len(data):
        return None
    (value,) = struct.unpack_from("<f", data, place)
    return float(value) if math.isfinite(value) else None


def read_settings(data: bytes, recent: bool) -> tuple[str, dict[str, Any], dict[str, float], list[str]]:
    """Technique, settings, declared area and masses in SI, and assumptions, from the settings module."""
    short, long_name = TECHNIQUES.get(data[0], (f"unknown technique 0x{data[0]:02x}", "")) if data else ("unknown", "")
    settings: dict[str, Any] = {"technique": long_name or short}
    for key, place in (
        ("Comments", 0x07),
        ("Electrode material", 0x11E),
        ("Initial state", 0x16F),
        ("Electrolyte", 0x1C0),
        ("Reference electrode", 0x215),
    ):
        words = text_at(data, place)
        if words:
            settings[key] = words
    declared: dict[str, float] = {}
    assumptions: list[str] = []
    _declared(data, settings, declared, assumptions)
    parameters = read_parameters(data, short, recent)
    if parameters:
        settings.update(parameters)
    return short, settings, declared, assumptions


def _declared(data: bytes, settings: dict[str, Any], declared: dict[str, float], assumptions: list[str]) -> None:
    area, mass = float_at(data, 0x211), float_at(data, 0x24C)
    unit = _AREA_UNITS.get(data[0x250]) if len(data) > 0x251 else None
    if area is not None and unit is not None and 0 <= area < 1e9:
        settings["Electrode surface area"] = f"{area:.6g} {unit[0]}"
        declared["area"] = _short(area, unit[1])
        assumptions.append(declared_assumption("area", area, unit[0].replace("²", "2")))
    unit = _MASS_UNITS.get(data[0x251]) if len(data) > 0x251 else None
    if mass is not None and unit is not None and 0 <= mass < 1e9:
        settings["Characteristic mass"] = f"{mass:.6g} {unit[0]}"
        declared["characteristic_mass"] = _short(mass, unit[1])
        assumptions.append(declared_assumption("characteristic mass", mass, unit[0]))
    active = float_at(data, 0x107)
    if active is not None and 0 < active < 1e9:
        settings["Mass of active material"] = f"{active:.6g} mg"
        declared["active_mass"] = _short(active, 1e-6)
        assumptions.append(declared_assumption("mass of active material", active, "mg"))
    capacity = float_at(data, 0x25C)
    if capacity and len(data) > 0x260:
        settings["Battery capacity"] = f"{capacity:.6g} {_CAPACITY_UNITS.get(data[0x260], f'(unit {data[0x260]})')}"


def _short(value: float, factor: float) -> float:
    """A float of four bytes in SI, without digits that it never had."""
    return float(f"{value * factor:.6g}")


def read_parameters(data: bytes, technique: str, recent: bool) -> dict[str, Any]:
    """The technique's parameters, one value per sequence; empty when their layout is not a known one."""
    place = 0x1847 if data[2:3] == b"\x08" else 0x1845
    if place + 4 > len(data):
        return {}
    sequences, count = struct.unpack_from("<HH", data, place)
    for layout in _PARAMETERS.get(technique, ()):
        fields = [tuple(item.rsplit(":", 1)) for item in layout.split("|")]
        if len(fields) != count or not 1 <= sequences <= 1000:
            continue
        width = sum(_width(kind, recent) for _, kind in fields)
        if place + 4 + width * sequences > len(data):
            continue
        values = [dict(_sequence(data, place + 4 + width * i, fields, recent)) for i in range(sequences)]
        names = [name for name, _ in fields if name != "-"]
        return {n: values[0][n] if sequences == 1 else [v[n] for v in values] for n in names}
    return {}


def _width(kind: str, recent: bool) -> int:
    if kind in "vcx":
        return 4 if recent else 1
    return 4 if kind in "fw" else 1


def _sequence(
    data: bytes, place: int, fields: list[tuple[str, ...]], recent: bool
) -> Iterator[tuple[str, float | int | str]]:
    """Name and value of each parameter of one sequence."""
    for name, kind in fields:
        width = _width(kind, recent)
        raw = data[place : place + width]
        place += width
        if name == "-":
            continue
        if kind == "f":
            (value,) = struct.unpack("<f", raw)
            yield name, float(f"{value:.7g}") if math.isfinite(value) else "pass"
            continue
        code = int.from_bytes(raw, "little")
        words = _CODES.get(kind, ())
        if kind == "R":
            yield name, f"code {code + 1}"
        else:
            yield name, words[code] if code < len(words) and words[code] else code


def read_log(data: bytes) -> tuple[str, dict[str, Any]]:
    """Start of the acquisition (ISO, "unknown" when it is not there) and what the log says of the instrument."""
    settings: dict[str, Any] = {}
    if len(data) > 9:
        settings["channel"] = data[9] + 1
    if len(data) >= 0xAD:
        settings["Channel SN"] = struct.unpack_from("<H", data, 0xAB)[0]
    low, high = float_at(data, 0x1F8), float_at(data, 0x1FC)
    if low is not None and high is not None and abs(low) < 1e3 and abs(high) < 1e3:
        settings["Ewe ctrl range"] = f"min = {low:.2f} V, max = {high:.2f} V"
    for key, place in (
        ("File", 0x251),
        ("Host", 0x351),
        ("Address", 0x384),
        ("Software version", 0x3B7),
        ("Internet server version", 0x3BE),
        ("Command interpretor version", 0x3C5),
        ("Device SN", 0x3CF),
    ):
        words = text_at(data, place)
        if words and words.isprintable():
            settings[key] = words
    for place in _OLE_PLACES:
        if place + 8 <= len(data):
            (days,) = struct.unpack_from("<d", data, place)
            if 36000.0 < days < 73000.0:  # 1998 to 2099
                return ole_date(days), settings
    return "unknown", settings
