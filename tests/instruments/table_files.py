"""Tables, Neware exports and an .nda written here from their descriptions."""

import io
import struct
import zipfile

import numpy as np

NEWARE_HEAD = (
    "DataPoint,Cycle Index,Step Index,Step Type,Time,Total Time,Current(mA),Voltage(V),Capacity(mAh),Spec. Cap.(mAh/g),"
    "Energy(mWh),Date,Power(W),Contact resistance(mO),Module start-stop switch\n"
)


def neware_rows() -> list[tuple[object, ...]]:
    """A rest of 3 points, a charge and a discharge of 4 points at 1 mA, ten minutes each."""
    rows: list[tuple[object, ...]] = []
    plan = [(1, "Rest", 0.0, 3), (2, "CC Chg", 1.0, 4), (3, "CC DChg", -1.0, 4)]
    total, point = 0, 0
    for step, kind, current, count in plan:
        for i in range(count):
            point += 1
            seconds = 600 * i
            clock, whole = hms(seconds), hms(total + seconds)
            minutes = (total + seconds) // 60
            capacity = abs(current) * seconds / 3600
            date = f"2026-03-02 {10 + minutes // 60:02d}:{minutes % 60:02d}:00"
            rows.append((point, 1, step, kind, clock, whole, f"{current:.4f}", f"{0.02 * current:.4f}",
                         f"{capacity:.4f}", "0.00", f"{capacity * 0.02:.6f}", date, "0.0", "0", "Close"))  # fmt: skip
        total += 600 * (count - 1)
    return rows


def hms(seconds: int) -> str:
    """Time as a cycler writes it."""
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def neware_csv(*, delimiter: str = ",", comma: bool = False, end: str = "\n") -> str:
    """An export of the record layer."""
    lines = [NEWARE_HEAD.strip().split(",")]
    for row in neware_rows():
        lines.append(
            [str(v).replace(".", ",") if comma and i in (6, 7, 8, 9, 10, 12) else str(v) for i, v in enumerate(row)]
        )
    return end.join(delimiter.join(line) for line in lines) + end


def nda(*, version: int = 8, records: int = 12, start: int = 1_700_000_000, scale: int = -100) -> bytes:
    """An .nda of version 5 to 8: a header of 2 kB, then one record of 59 bytes for each point.

    One rest step and one charge at 1 mA, a point every 60 s; current and charge in units of the range's step.
    """
    head = bytearray(2048)
    head[0:6] = b"NEWARE"
    head[14] = version
    struct.pack_into("<I", head, 16, 1024)
    struct.pack_into("<i", head, 1024 + 26, scale)
    struct.pack_into("<II", head, 24, 1100, 211)
    struct.pack_into("<II", head, 64, 2048, 59 * records)
    head[1100 + 36 : 1100 + 36 + 19] = b"2023-11-14 23:13:20"
    body = b""
    for i in range(records):
        charging = i >= 4
        seconds = 60 * (i - 4 if charging else i)
        current = 1000 if charging else 0  # in steps of 1e-3 mA at this range
        body += struct.pack(
            "<BIIBBIiiQqqQI", 85 if version == 7 else 0, i + 1, 1, 2 if charging else 1, 1 if charging else 4, seconds,
            200 + i, current, 0, current * seconds, current * seconds, start + 60 * i, 0,
        )  # fmt: skip
    return bytes(head) + body


def zipped(**members: bytes) -> bytes:
    """An archive of these files; `__` in a name stands for a dot."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return stream.getvalue()


FREQUENCIES = [10.0 ** (5 - i / 4) for i in range(21)]


def impedance(frequency: float) -> complex:
    """20 Ohm in series with 100 Ohm beside 1 uF."""
    return complex(20 + 100 / (1 + 2j * np.pi * frequency * 100 * 1e-6))


def spectrum_csv(
    *, delimiter: str = ",", head: str = "Frequency/Hz,Z'/Ohm,Z''/Ohm", comma: bool = False, minus: bool = False
) -> str:
    """A spectrum as a table."""
    lines = [head.replace(",", delimiter)] if head else []
    for f in FREQUENCIES:
        z = impedance(f)
        row = delimiter.join(f"{v:.8g}" for v in (f, z.real, -z.imag if minus else z.imag))
        lines.append(row.replace(".", ",") if comma else row)
    return "\n".join(lines) + "\n"


def cycling_csv(*, delimiter: str = ",", head: str = "time/s,Ewe/V,I/mA", comma: bool = False, rows: int = 40) -> str:
    """Ten minutes stripped, ten minutes plated, again and again."""
    lines = [head.replace(",", delimiter)]
    for i in range(rows):
        sign = 1 if (i // 10) % 2 == 0 else -1
        row = delimiter.join(f"{v:.6g}" for v in (60.0 * i, 0.02 * sign, 0.5 * sign))
        lines.append(row.replace(".", ",") if comma else row)
    return "\n".join(lines) + "\n"
