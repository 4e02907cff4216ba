"""EC-Lab's column names and units, and the columns of a record that they become.

EC-Lab names a column `name/unit`, with the unit after the last slash that precedes one ("control/V/mA" is a control
value that is a voltage or a current). Everything becomes SI; a column that has no name of its own in a record keeps
EC-Lab's name, with its SI unit: "THD Ewe / %", "Cs / F".
"""

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from natrode.measurement import Column

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

UNITS: dict[str, tuple[str, float]] = {
    "mA.h/g": ("C/kg", 3600.0),
    "mA.h/V": ("F", 3.6),
    "mA.h": ("C", 3.6),
    "A.h": ("C", 3600.0),
    "µA.h": ("C", 3.6e-3),
    "C/cm2": ("C/m2", 1e4),
    "mA.h/cm²": ("C/m2", 3.6e4),
    "mA.h/cm2": ("C/m2", 3.6e4),
    "A/cm2": ("A/m2", 1e4),
    "mA/cm²": ("A/m2", 10.0),
    "mA/cm2": ("A/m2", 10.0),
    "µA/cm²": ("A/m2", 1e-2),
    "µA/cm2": ("A/m2", 1e-2),
    "mA/g": ("A/kg", 1.0),
    "mA/s": ("A/s", 1e-3),
    "mA": ("A", 1e-3),
    "µA": ("A", 1e-6),
    "nA": ("A", 1e-9),
    "A": ("A", 1.0),
    "mV": ("V", 1e-3),
    "V": ("V", 1.0),
    "µs": ("s", 1e-6),
    "s": ("s", 1.0),
    "min": ("s", 60.0),
    "h": ("s", 3600.0),
    "kHz": ("Hz", 1e3),
    "Hz": ("Hz", 1.0),
    "MHz": ("Hz", 1e6),
    "MOhm": ("ohm", 1e6),
    "kOhm": ("ohm", 1e3),
    "mOhm": ("ohm", 1e-3),
    "Ohm.cm²": ("ohm m2", 1e-4),
    "Ohm.cm2": ("ohm m2", 1e-4),
    "Ohm": ("ohm", 1.0),
    "Ohm-1": ("S", 1.0),
    "Ohm.cm": ("ohm m", 1e-2),
    "mS/cm": ("S/m", 0.1),
    "S.cm-1": ("S/m", 100.0),
    "deg": ("deg", 1.0),
    "%": ("%", 1.0),
    "mW": ("W", 1e-3),
    "W": ("W", 1.0),
    "W.h": ("J", 3600.0),
    "mW.h": ("J", 3.6),
    "µF-2": ("F-2", 1e12),
    "µF": ("F", 1e-6),
    "mF": ("F", 1e-3),
    "nF": ("F", 1e-9),
    "C": ("C", 1.0),
    "°C": ("degC", 1.0),
    "rpm": ("rpm", 1.0),
}
"""EC-Lab's units: the SI unit and the factor that takes a number there."""

_LONGEST_FIRST = sorted(UNITS, key=len, reverse=True)

TECHNIQUE_CHARGE = "Technique Charge / C"
"""EC-Lab's (Q-Qo) of a spectrum: the charge since this technique (or this loop of it) began."""

VOLTAGES = ("Ewe", "<Ewe>", "Ecell", "<Ecell>", "E", "Ewe-Ece", "<Ewe-Ece>")
"""Names of the working electrode's (else the whole cell's) voltage; the first that is there counts."""
CURRENTS = ("I", "<I>")
"""Names of the current; the first that is there counts."""

NAMES = {
    "time": "Test Time",
    "freq": "Frequency",
    "Re(Z)": "Real Impedance",
    "|Z|": "Absolute Impedance",
    "Phase(Z)": "Phase",
    "|Ewe|": "Voltage Amplitude",
    "|I|": "Current Amplitude",
    "Ns": "Step Index",
    "cycle number": "Cycle Count",
    "half cycle": "Half Cycle",
    "z cycle": "Impedance Cycle",
    "Temperature": "Ambient Temperature",
    "T": "Ambient Temperature",
    "step time": "Step Time",
    "mode": "Control Mode",
    "ox/red": "Oxidation",
    "error": "Error",
    "control changes": "Control Changed",
    "Ns changes": "Step Changed",
    "counter inc.": "Counter Incremented",
    "I Range": "Current Range",
    "Ece": "Counter Electrode Voltage",
    "<Ece>": "Counter Electrode Voltage",
    "|Ece|": "Counter Electrode Voltage Amplitude",
    "Ewe-Ece": "Cell Voltage",
    "<Ewe-Ece>": "Cell Voltage",
    "dq": "Charge Increment",
    "dQ": "Step Charge",
    "(Q-Qo)": "Net Charge",
    "Q charge/discharge": "Half Cycle Charge",
    "Q charge": "Charging Capacity",
    "Q discharge": "Discharging Capacity",
    "Energy": "Energy",
    "|Energy|": "Energy",
    "Energy charge": "Charging Energy",
    "Energy discharge": "Discharging Energy",
    "P": "Power",
    "Pwe": "Power",
    "R": "Resistance",
    "Rwe": "Resistance",
    "Rcmp": "Compensated Resistance",
    "Analog IN 1": "Analog In 1",
    "Analog IN 2": "Analog In 2",
    "x": "Intercalation Fraction",
}
"""EC-Lab's name (without unit) and the name in a record."""

WHOLE = frozenset(
    ("mode", "ox/red", "error", "control changes", "Ns changes", "counter inc.", "Ns", "cycle number", "half cycle")
) | {"z cycle", "I Range"}
"""Columns that count or code: integers in a record."""

_IMPEDANCE_ONLY = re.compile(
    r"^(freq|-?Im\(|Re\(|Phase|\|(Z|Y|C|M|E|I|P|R)|Cs|Cp|THD|NSD|NSR|Tan|Loss|z cycle|Rac)(?!nergy)"
)


class Name(NamedTuple):
    """A column as EC-Lab names it: name, and unit ("" where it has none)."""

    name: str
    unit: str


def parse(header: str) -> Name:
    """Take EC-Lab's "name/unit" apart; a slash that precedes no unit belongs to the name ("ox/red").

    >>> parse("Q charge/discharge/mA.h")
    Name(name='Q charge/discharge', unit='mA.h')
    """
    text = header.strip().replace("μ", "µ").replace("Ω", "Ohm")
    if text == "<Ewe/V>":  # EC-Lab 11.50 writes it so in OCV files
        text = "<Ewe>/V"
    text = re.sub(r"(/m?V) vs\.? ?\S.*$", r"\1", text)  # a reference electrode is named: nothing is shifted by it
    if text == "control/V/mA":
        return Name("control/V/mA", "")
    for unit in _LONGEST_FIRST:
        if text.endswith("/" + unit):
            return Name(text[: -len(unit) - 1], unit)
    return Name(text, "")


def is_normalised(name: Name) -> bool:
    """Whether EC-Lab divided the column by an area or a mass: it is not the current, charge or impedance itself."""
    return bool(name.unit) and UNITS[name.unit][0] in ("A/m2", "A/kg", "C/m2", "C/kg", "ohm m2")


def is_impedance_only(name: str) -> bool:
    """Whether a column means something in a row with a frequency only."""
    return _IMPEDANCE_ONLY.match(name) is not None


def label(name: Name, position: int) -> str:
    """Name of the column in a record, with its SI unit."""
    if not name.name:
        return f"Unnamed Column {position + 1} / 1"
    if name.name == "control/V/mA":
        return "Control / V or mA"
    if name.name == "control" and name.unit in ("V", "mA", "A"):
        return "Control Voltage / V" if name.unit == "V" else "Control Current / A"
    if name.name.startswith("unknown column"):
        return name.name
    if not name.unit and "/" in name.name and name.name not in NAMES:
        return name.name  # a unit that natrode does not know: as EC-Lab has it
    unit = UNITS[name.unit][0] if name.unit else "1"
    return f"{NAMES.get(name.name, name.name)} / {unit}"


def convert(raw: "pd.DataFrame", names: list[Name]) -> "pd.DataFrame":
    """Turn a table of EC-Lab's columns (in the order of `names`) into one of a record's columns, in SI."""
    import pandas as pd

    present = {n.name for n in names if not is_normalised(n)}
    voltage = next((v for v in VOLTAGES if v in present), None)
    current = next((c for c in CURRENTS if c in present), None)
    columns: dict[str, object] = {}
    for position, name in enumerate(names):
        values: Floats = raw.iloc[:, position].to_numpy()
        title = label(name, position)
        if name.name == voltage:
            title = Column.VOLTAGE.value
        elif name.name == current and not is_normalised(name):
            title = Column.CURRENT.value
        elif name.name in ("-Im(Z)", "Im(Z)") and not is_normalised(name):
            title = Column.IMAGINARY_IMPEDANCE.value
        if name.unit:
            values = values * UNITS[name.unit][1]
        if name.name == "-Im(Z)":
            values = -values
        counts = name.name in WHOLE and values.dtype.kind == "f"
        columns[_free(title, columns)] = _whole(values) if counts else values
    return pd.DataFrame(columns)


def _free(title: str, taken: dict[str, object]) -> str:
    """Return the title, or with a number where a column of that title is there already."""
    if title not in taken:
        return title
    name, mark, unit = title.rpartition(" / ") if " / " in title else (title, "", "")
    number = 2
    while f"{name} ({number}){mark}{unit}" in taken:
        number += 1
    return f"{name} ({number}){mark}{unit}"


def _whole(values: Floats) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    """Floats that are whole numbers as integers; unchanged where one is not."""
    if np.all(np.isfinite(values)) and np.all(values == np.rint(values)) and np.all(np.abs(values) < 2**53):
        return values.astype(np.int64)
    return values


def spectrum_starts(
    frequency: Floats, rows: npt.NDArray[np.int64], cycle: Floats | None, loops: tuple[int, ...]
) -> npt.NDArray[np.int64]:
    """Positions at which a new spectrum begins.

    A spectrum ends where rows without frequency lie between, where the cycle number changes or a loop begins, and
    where the sweep starts again (the frequency jumps back; a sweep that turns round begins a new one as well).
    """
    count = len(frequency)
    starts = np.zeros(count, dtype=bool)
    starts[0] = True
    starts[1:] |= np.diff(rows) > 1
    if cycle is not None:
        starts[1:] |= np.diff(cycle) != 0
    inside = np.searchsorted(rows, np.asarray(loops, dtype=np.int64))
    starts[inside[inside < count]] = True
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.diff(np.log(frequency))
    direction = np.where(np.abs(step) < 0.005, 0.0, np.sign(step))
    moving = np.flatnonzero(direction != 0)
    turned = moving[1:][direction[moving[1:]] != direction[moving[:-1]]] + 1
    for position in turned:
        if not starts[position] and not starts[position - 1]:
            starts[position] = True
    return np.flatnonzero(starts)
