"""From a table with EC-Lab's columns to records: spectra apart from time series, one record per electrode.

Both EC-Lab readers (.mpt text and .mpr binary) hand over a `Run`; what a column means is said once, here.
"""

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from natrode.instruments import _text
from natrode.instruments import biologic_columns as names
from natrode.instruments.base import Source
from natrode.instruments.biologic_columns import Floats, Name
from natrode.measurement import Column, Geometry, Kind, Measurement, Metadata

if TYPE_CHECKING:
    import pandas as pd

TECHNIQUES = {
    "Open Circuit Voltage": "OCV",
    "Special Open Circuit Voltage": "SOCV",
    "Galvanostatic Cycling with Potential Limitation": "GCPL",
    "Chronopotentiometry": "CP",
    "Chronoamperometry / Chronocoulometry": "CA",
    "Chronoamperometry": "CA",
    "Cyclic Voltammetry": "CV",
    "Cyclic Voltammetry Advanced": "CVA",
    "Linear Sweep Voltammetry": "LSV",
    "Linear Polarization": "LP",
    "Potentio Electrochemical Impedance Spectroscopy": "PEIS",
    "Galvano Electrochemical Impedance Spectroscopy": "GEIS",
    "Staircase Potentio Electrochemical Impedance Spectroscopy": "SPEIS",
    "Staircase Galvano Electrochemical Impedance Spectroscopy": "SGEIS",
    "Modulo Bat": "MB",
    "Modular Potentio": "MP",
    "IR compensation (PEIS)": "ZIR",
    "Constant Voltage": "CoV",
    "Constant Current": "CoC",
    "Wait": "WAIT",
    "Loop": "LOOP",
}
"""EC-Lab's long names and its short ones."""

_SWEEPS = ("CV", "CVA", "LSV", "LP")
_SWEEP_WORDS = ("voltammetry", "polarization", "tafel")
_REST = 3
_DEFAULTS = (0.0, 0.001, 1.0)


@dataclass(frozen=True)
class Run:
    """One technique's run as a file of EC-Lab holds it."""

    source: Source
    format_name: str
    reader: str
    raw: "pd.DataFrame"
    """The columns in the file's order, floats or whole numbers."""
    names: list[Name]
    """EC-Lab's name and unit of each column."""
    technique: str = "unknown"
    """EC-Lab's short name."""
    started: str = "unknown"
    instrument: str = "BioLogic"
    settings: dict[str, Any] = field(default_factory=dict)
    loops: tuple[int, ...] = ()
    """Rows at which a loop begins; empty when the run did not loop."""
    declared: dict[str, float] = field(default_factory=dict)
    """Declared areas [m2] and masses [kg]."""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    first_line: int = 1
    """Line (or point) at which the table begins, for messages."""

    def column(self, *wanted: str) -> Floats | None:
        """Values in SI of the first of these columns that the file has."""
        for name in wanted:
            for position, found in enumerate(self.names):
                if found.name == name and not names.is_normalised(found):
                    factor = names.UNITS[found.unit][1] if found.unit else 1.0
                    return self.raw.iloc[:, position].to_numpy(dtype=float) * factor
        return None

    def has(self, *wanted: str) -> bool:
        """Whether the file has one of these columns."""
        return any(name.name in wanted and not names.is_normalised(name) for name in self.names)


def declared_assumption(word: str, value: float, unit: str) -> str:
    """What is said about a declared area or mass."""
    if value in _DEFAULTS or round(value, 6) in _DEFAULTS:
        return f"declared {word} {round(value, 6):g} {unit} is EC-Lab's default, not used"
    return f"declared {word} {round(value, 6):g} {unit} is kept, not used until the user confirms it"


def records(run: Run) -> list[Measurement]:
    """All records of a run: the time series (or sweep) and the spectra of each electrode."""
    if len(run.raw) == 0:
        raise run.source.error(
            f"line {run.first_line}" if run.first_line > 1 else "data",
            "the table has no rows",
            f"the technique ({run.technique}) was stopped before its first point or the file is cut",
        )
    with np.errstate(all="ignore"):
        return _records(run)


def _records(run: Run) -> list[Measurement]:
    _check_numbers(run)
    frequency = run.column("freq")
    found: list[Measurement] = []
    spectral = np.zeros(len(run.raw), dtype=bool) if frequency is None else frequency > 0
    if not spectral.any() and frequency is not None and not run.has(*names.VOLTAGES):
        raise run.source.error("column freq/Hz", "no row has a frequency above zero", "export the spectrum again")
    if spectral.any() and not spectral.all() and not run.has(*names.VOLTAGES):
        note = f"{int((~spectral).sum())} rows without a frequency hold no voltage: left out"
        run = replace(run, warnings=(*run.warnings, note))
    elif not spectral.all():
        found.append(_series(run, np.flatnonzero(~spectral)))
    if frequency is not None and spectral.any():
        found.extend(_spectra(run, frequency, np.flatnonzero(spectral)))
    return found


_NEEDED = ("time", "freq", *names.VOLTAGES, *names.CURRENTS, "Re(Z)", "-Im(Z)", "|Z|", "Phase(Z)")


def _check_numbers(run: Run) -> None:
    """Raise where a value that a record cannot do without is missing, or a frequency negative."""
    for position, name in enumerate(run.names):
        if name.name not in _NEEDED:
            continue
        values = run.raw.iloc[:, position].to_numpy(dtype=float)
        bad = ~np.isfinite(values) if name.name != "freq" else ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            row = int(np.argmax(bad))
            place = f"line {run.first_line + row}" if run.first_line > 1 else f"point {row + 1}"
            raise run.source.error(
                f"{place}, column {name.name}/{name.unit}",
                f"read {values[row]:g}, which cannot be",
                "the file is damaged or was edited; export it, or copy it, again",
            )


# ---- time series and sweeps ------------------------------------------------------------------------------
def _series(run: Run, rows: npt.NDArray[np.int64]) -> Measurement:
    """The rows that belong to no spectrum, as a cycling or sweep record."""
    mixed = len(rows) < len(run.raw)
    assumptions, warnings = _common(run)
    if not run.has(*names.VOLTAGES):
        have = ", ".join(f"{n.name}/{n.unit}" if n.unit else n.name for n in run.names)
        raise run.source.error(
            f"technique {run.technique}",
            f"no voltage column (Ewe/V, <Ewe>/V, Ecell/V); it has {have}",
            "export the file again with Ewe and time",
        )
    if not run.has("time"):
        raise run.source.error(
            f"technique {run.technique}", "no time column (time/s)", "export the file again with the time"
        )
    table = names.convert(run.raw, run.names)
    spectral = [t for t, n in zip(table.columns, run.names, strict=True) if names.is_impedance_only(n.name)]
    table = table.drop(columns=spectral)
    _control(run, table)
    _cycles(run, table, assumptions)
    _current(run, table, assumptions, warnings)
    _net_charge(run, table, assumptions)
    if run.loops:
        table["Loop Index / 1"] = _loop_index(run.loops, len(table))
    if mixed:
        table = table.iloc[rows]
        assumptions.append(f"{len(run.raw) - len(rows)} rows with a frequency are spectra, in a record of their own")
    if run.has("Ece", "<Ece>") and run.has("Ewe", "<Ewe>"):
        assumptions.append("the voltage is Ewe, working electrode against the reference; Ece is a column of its own")
    time = table[Column.TIME].to_numpy()
    back = int((np.diff(time) < 0).sum())
    if back:
        warnings.append(f"time goes back {back} times, first after row {int(np.argmax(np.diff(time) < 0)) + 1}")
    kind = _kind(run, table)
    if Column.CURRENT in table.columns and run.source.hints.get("current") is None:
        warnings += _text.name_against_current(run.source.path.stem, table[Column.CURRENT].to_numpy(dtype=float))
    return _measurement(run, kind, table, assumptions, warnings, title=run.source.path.stem)


def _kind(run: Run, table: "pd.DataFrame") -> Kind:
    long_name = str(run.settings.get("technique", "")).lower()
    swept = run.technique in _SWEEPS or any(word in long_name for word in _SWEEP_WORDS)
    return "sweep" if swept and Column.CURRENT in table.columns else "cycling"


def _control(run: Run, table: "pd.DataFrame") -> None:
    """Divide GCPL's mixed control column by the control mode: a current [A], a voltage [V], or neither."""
    mode, control = run.column("mode"), run.column("control/V/mA")
    if mode is None or control is None or not run.technique.startswith("GCPL"):
        return
    if "Control Current / A" not in table.columns:
        table["Control Current / A"] = np.where(mode == 1, control * 1e-3, np.nan)
    if "Control Voltage / V" not in table.columns:
        table["Control Voltage / V"] = np.where(mode == 2, control, np.nan)
    del table["Control / V or mA"]


def _cycles(run: Run, table: "pd.DataFrame", assumptions: list[str]) -> None:
    half = run.column("half cycle")
    if half is not None and not run.has("cycle number") and np.all(np.isfinite(half)):
        table[Column.CYCLE.value] = (half // 2).astype(np.int64)
        assumptions.append("cycle number = half cycle / 2, as EC-Lab counts a charge/discharge alternance")


def _current(run: Run, table: "pd.DataFrame", assumptions: list[str], warnings: list[str]) -> None:
    """The current: measured, or EC-Lab's <I> from the charge increments, or as the user says; else a warning."""
    if Column.CURRENT in table.columns:
        return
    increment = _increments(run)
    if increment is not None:
        table[Column.CURRENT.value] = _mean_current(table[Column.TIME].to_numpy(dtype=float), increment, run.loops)
        assumptions.append(
            "current = charge increment / time since the previous point, as EC-Lab has <I>; at a loop's first point "
            "that of the next one: the file holds no current"
        )
        return
    mode = run.column("mode")
    resting = mode is not None and bool(np.all(mode == _REST))
    if run.technique in ("OCV", "SOCV") or resting:
        table[Column.CURRENT.value] = np.zeros(len(table))
        why = "open circuit" if not resting else "control mode 3 (rest, open circuit) at every point"
        assumptions.append(f"current 0 A: {why}; the file has no current column")
        return
    said = run.source.hints.get("current")
    if said is not None:
        value = _said_current(run.source, said)
        table[Column.CURRENT.value] = np.full(len(table), value)
        assumptions.append(f"current {value:g} A at every point, as the user says: the file has no current column")
        return
    density = next((n for n in run.names if n.name in names.CURRENTS), None)
    only = "" if density is None else f" ({density.name}/{density.unit} rests on a declared area or mass: not used)"
    warnings.append(f"no current column{only}; say what flowed, for example current='0.4 mA'")


def _said_current(source: Source, said: object) -> float:
    """The user's word on the current [A]: a number or a quantity with its unit."""
    from natrode.errors import UnitError
    from natrode.units import read_quantity

    if isinstance(said, (int, float)) and not isinstance(said, bool) and np.isfinite(said):
        return float(said)
    try:
        return read_quantity(said, "current")
    except UnitError as error:
        raise source.error("the current that was given", str(error), "write it like current='0.4 mA'") from None


def _increments(run: Run) -> Floats | None:
    """Charge since the previous point [C]."""
    increment, charge = run.column("dq"), run.column("(Q-Qo)")
    if increment is not None or charge is None:
        return increment
    steps = np.diff(charge, prepend=charge[:1])
    steps[[start for start in run.loops if 0 < start < len(steps)]] = 0.0
    return steps


def _mean_current(time: Floats, increment: Floats, loops: tuple[int, ...]) -> Floats:
    """Mean current since the previous point: zero where no charge flowed, the last one where no time passed.

    What flowed to the first point of the file or of a loop cannot be had from the point before: the next one's counts.
    """
    elapsed = np.diff(time, prepend=time[:1])
    first = np.isin(np.arange(len(time)), (0, *loops)) & (increment != 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        current = np.where(increment == 0.0, 0.0, increment / elapsed)
    known = np.isfinite(current) & ((elapsed > 0) | (increment == 0.0)) & ~first
    last = np.maximum.accumulate(np.where(known, np.arange(len(time)), -1))
    current = np.where(last >= 0, current[np.maximum(last, 0)], np.nan)
    for row in np.flatnonzero(first):
        if row + 1 < len(current):
            current[row] = current[row + 1]
    return current


def _net_charge(run: Run, table: "pd.DataFrame", assumptions: list[str]) -> None:
    """Carry (Q-Qo) on over loops, at each of which EC-Lab begins anew."""
    if Column.CHARGE not in table.columns:
        return
    assumptions.append("net charge = (Q-Qo), EC-Lab's charge since the technique began")
    charge = table[Column.CHARGE].to_numpy(dtype=float)
    begins = np.array([start for start in run.loops if 0 < start < len(charge)], dtype=np.int64)
    begins = begins[np.abs(charge[begins]) < 0.5 * np.abs(charge[begins - 1])]
    offset = np.zeros(len(charge))
    offset[begins] = charge[begins - 1]
    offset = np.cumsum(offset)
    if offset.any():
        table[Column.CHARGE.value] = charge + offset
        assumptions.append("(Q-Qo) begins anew with each loop: the charge of the earlier loops is added")


def _loop_index(loops: tuple[int, ...], count: int) -> npt.NDArray[np.int64]:
    return np.maximum(np.searchsorted(np.asarray(loops), np.arange(count), side="right") - 1, 0).astype(np.int64)


# ---- spectra ---------------------------------------------------------------------------------------------
_ELECTRODES = (
    ("Z", "working (Ewe)", ("<Ewe>", "Ewe"), "|Ewe|"),
    ("Zce", "counter (Ece)", ("<Ece>", "Ece"), "|Ece|"),
    ("Zwe-ce", "cell (Ewe-Ece)", ("<Ewe-Ece>", "Ewe-Ece"), "|Ewe-Ece|"),
    ("Zstack", "stack", ("<Estack>", "Estack"), "|Estack|"),
    ("Z1", "element 1 of the stack (E1)", ("<E1>", "E1"), "|E1|"),
    ("Z2", "element 2 of the stack (E2)", ("<E2>", "E2"), "|E2|"),
)
"""Suffix of EC-Lab's impedance, whose it is, its voltage and its amplitude."""


def _spectra(run: Run, frequency: Floats, rows: npt.NDArray[np.int64]) -> list[Measurement]:
    """One impedance record per electrode that was recorded."""
    measured = []
    empty: list[str] = []
    for suffix, electrode, voltage, amplitude in _ELECTRODES:
        z = _impedance(run, suffix)
        if z is None:
            continue
        if not np.any(z[0][rows]) and not np.any(z[1][rows]):
            empty.append(electrode)
        else:
            measured.append((suffix, electrode, voltage, amplitude, z))
    if not measured:
        problem = "the impedance is zero at every point" if empty else "frequencies but no Re(Z) and -Im(Z) in Ohm"
        raise run.source.error(
            f"technique {run.technique}", problem, "export the file again with freq/Hz, Re(Z)/Ohm and -Im(Z)/Ohm"
        )
    if empty:
        note = f"columns of the {' and the '.join(empty)} impedance are zero throughout: not measured, left out"
        run = replace(run, warnings=(*run.warnings, note))
    starts = names.spectrum_starts(frequency[rows], rows, _cycle(run, rows), run.loops)
    several = len(measured) > 1
    return [
        _spectrum(run, frequency, rows, starts, suffix, electrode if several else "", voltage, amplitude, z)
        for suffix, electrode, voltage, amplitude, z in measured
    ]


def _cycle(run: Run, rows: npt.NDArray[np.int64]) -> Floats | None:
    cycle = run.column("cycle number")
    return None if cycle is None else cycle[rows]


def _impedance(run: Run, suffix: str) -> tuple[Floats, Floats, str] | None:
    """Real and imaginary part of one electrode's impedance [ohm] and how they were had."""
    real, imaginary = run.column(f"Re({suffix})"), run.column(f"-Im({suffix})")
    if real is not None and imaginary is not None:
        return real, -imaginary, f"imaginary part = minus the column -Im({suffix})"
    imaginary = run.column(f"Im({suffix})")
    if real is not None and imaginary is not None:
        return real, imaginary, f"imaginary part as in the column Im({suffix})"
    modulus, phase = run.column(f"|{suffix}|"), run.column(f"Phase({suffix})")
    if modulus is not None and phase is not None:
        angle = np.deg2rad(phase)
        said = f"impedance from |{suffix}| and Phase({suffix}): the file has no real and imaginary part"
        return modulus * np.cos(angle), modulus * np.sin(angle), said
    return None


def _spectrum(
    run: Run,
    frequency: Floats,
    rows: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    suffix: str,
    electrode: str,
    voltage: tuple[str, ...],
    amplitude: str,
    z: tuple[Floats, Floats, str],
) -> Measurement:
    """The impedance record of one electrode, all its spectra in order."""
    import pandas as pd

    assumptions, warnings = _common(run)
    real, imaginary, said = z
    assumptions.append(said)
    columns: dict[str, Any] = {
        Column.FREQUENCY.value: frequency[rows],
        Column.REAL_IMPEDANCE.value: real[rows],
        Column.IMAGINARY_IMPEDANCE.value: imaginary[rows],
    }
    if len(starts) > 1:
        index = np.zeros(len(rows), dtype=np.int64)
        index[starts[1:]] = 1
        columns[Column.SPECTRUM.value] = np.cumsum(index)
        assumptions.append(
            f"{len(starts)} spectra: a new one where the cycle number changes, a loop begins or the sweep starts again"
        )
    modulus = run.column(f"|{suffix}|")
    if modulus is not None:
        size = np.hypot(real, imaginary)[rows]
        off = int((np.abs(size - modulus[rows]) > 0.01 * size).sum())
        if off:
            warnings.append(f"|{suffix}| differs from its real and imaginary part by more than 1 % at {off} points")
    if not run.has("cycle number") and len(starts) == 1 and len(np.unique(columns[Column.FREQUENCY])) == 1 < len(rows):
        warnings.append("one frequency throughout: a measurement against time, not a spectrum")
    table = names.convert(run.raw, run.names).iloc[rows]
    _other_columns(run, columns, table, suffix, voltage, amplitude, rows)
    if len(rows) > 1 and Column.TIME in columns and not np.any(columns[Column.TIME.value]):
        warnings.append("the time is 0 at every point: the column is left out")
        del columns[Column.TIME.value]
    if run.loops:
        columns["Loop Index / 1"] = _loop_index(run.loops, len(run.raw))[rows]
    if electrode:
        assumptions.append(f"impedance of the electrode: {electrode}, EC-Lab's Z{suffix[1:]}")
    title = f"{run.source.path.stem}: {electrode}" if electrode else run.source.path.stem
    record = _measurement(run, "impedance", pd.DataFrame(columns), assumptions, warnings, title=title)
    if not electrode:
        return record
    return record.with_metadata(settings={**record.metadata.settings, "electrode": electrode})


def _other_columns(
    run: Run,
    columns: dict[str, Any],
    table: "pd.DataFrame",
    suffix: str,
    voltage: tuple[str, ...],
    amplitude: str,
    rows: npt.NDArray[np.int64],
) -> None:
    """Fill in time, bias, amplitudes and all else that the file holds about this electrode's points."""
    bias = run.column(*voltage)
    if suffix == "Zwe-ce" and bias is None:
        working, counter = run.column("<Ewe>", "Ewe"), run.column("<Ece>", "Ece")
        bias = None if working is None or counter is None else working - counter
    if bias is not None:
        columns[Column.VOLTAGE.value] = bias[rows]
    modulus, phase = run.column(f"|{suffix}|"), run.column(f"Phase({suffix})")
    if suffix != "Z":
        for title, values in (
            ("Absolute Impedance / ohm", modulus),
            ("Phase / deg", phase),
            ("Voltage Amplitude / V", run.column(amplitude)),
        ):
            if values is not None:
                columns[title] = values[rows]
    mine = {"Z", "Y", "C", "M"} if suffix == "Z" else set()
    for position, name in enumerate(run.names):
        title = str(table.columns[position])
        if title in columns or _of_another(name.name, mine):
            continue
        if suffix != "Z" and title in (Column.VOLTAGE, "Counter Electrode Voltage / V", "Power / W"):
            continue
        if title == Column.CURRENT:
            title = Column.DC_CURRENT.value
        elif title == Column.CHARGE:
            title = names.TECHNIQUE_CHARGE
        elif name.name == "cycle number":
            title = "Cycle Number / 1"
        columns[title] = table.iloc[:, position].to_numpy()


_WHOSE = re.compile(
    r"^(?:-?(?:Re|Im)|Phase)?[(|](Z(?:we-ce|ce|stack)?|Y|C|M|Permittivity|Resistivity|Conductivity)[)|]"
)


def _of_another(name: str, mine: set[str]) -> bool:
    """Whether a column speaks of another electrode's impedance, voltage amplitude or harmonics."""
    match = _WHOSE.match(name)
    if match is not None:
        return match.group(1) not in mine and not (mine and not match.group(1).startswith("Z"))
    other = re.match(r"^(\|Ece\b|\|Ewe\b|(?:THD|NSD|NSR) E(?:we|ce)|Cs|Cp|Tan|Loss)", name)
    if other is None:
        return False
    return name.startswith(("|Ece", "THD Ece", "NSD Ece", "NSR Ece")) if mine else True


# ---- what all records of a run share ---------------------------------------------------------------------
def _common(run: Run) -> tuple[list[str], list[str]]:
    assumptions = ["current positive = oxidation at the working electrode: EC-Lab's convention"]
    if run.has("time"):
        assumptions.append(
            f"time 0 is the start of acquisition ({run.started})"
            if run.started != "unknown"
            else "time 0 is the start of acquisition, whose date the file does not tell"
        )
    assumptions.extend(run.assumptions)
    warnings = list(run.warnings)
    reference = str(run.settings.get("Reference electrode", "")).strip()
    if reference and reference != "(unspecified)":
        assumptions.append(f"reference electrode '{reference}' stands in the header: potentials are not shifted by it")
    return assumptions, warnings


def _measurement(
    run: Run, kind: Kind, table: "pd.DataFrame", assumptions: list[str], warnings: list[str], title: str
) -> Measurement:
    compensated = run.column("Rcmp")
    correction = "unknown"
    if compensated is not None and np.nanmax(np.abs(compensated), initial=0.0) > 0:
        correction = f"EC-Lab's compensation, Rcmp up to {float(np.nanmax(compensated)):g} ohm, by software or hardware"
    metadata = Metadata(
        kind=kind,
        origin=run.source.origin(run.instrument, run.format_name, run.reader),
        title=title,
        geometry=Geometry(declared=run.declared),
        started=run.started,
        technique=run.technique,
        ohmic_correction=correction,
        settings=run.settings,
        assumptions=tuple(dict.fromkeys(assumptions)),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    return Measurement(metadata, table.copy())
