"""Text that EC-Lab, RelaxIS and EC-Lab's file system leave beside the data: exports without header, loops, settings.

- A table under a line of EC-Lab's column names, without a header: time and potential, often without current. The user
  says the current; loops come from the `*_LOOP.txt` beside the file, settings from the `.mps` beside it.
- RelaxIS' spectrum export. Its line of labels holds numbers such as `TM=33.7` that are named nowhere: they are kept as
  they stand, and `TM` is no temperature.
- Loop indexes (`*_LOOP.txt`), settings (`.mps`) and logs (`.mpl`) hold no data: an InstrumentFileError says what they
  are and which files go with them.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from natrode.instruments import biologic_columns as names
from natrode.instruments._text import head_text, named_current, not_this
from natrode.instruments.base import Format, Source
from natrode.instruments.biologic_header import read_header
from natrode.instruments.biologic_mpt import Table, column_names, is_column_line, read_table
from natrode.instruments.biologic_records import TECHNIQUES, Run, records
from natrode.measurement import Column, Geometry, Measurement, Metadata

TABLE_NAME = "EC-Lab text without header (.txt)"
RELAXIS_NAME = "RelaxIS spectrum export (.txt)"
LOOP_NAME = "EC-Lab loop indexes (_LOOP.txt)"
SETTINGS_NAME = "EC-Lab settings (.mps) or log (.mpl)"

_LOOP_TITLE = "VMP EXPERIMENT LOOP INDEXES"
_SETTINGS_TITLE = re.compile(r"\s*(?:EC|BT)-LAB (SETTING|LOG) FILE", re.IGNORECASE)
_RELAXIS_TITLE = re.compile(r"\s*RelaxIS [\d.]+ Spectrum export")
_NUMBERED = re.compile(r"_(\d{2})_([A-Z]{2,6}\d?)_C[A-Z]?\d{1,3}$")
_LARGEST_BESIDE = 10_000_000


# ---- the table without a header --------------------------------------------------------------------------
def recognise_table(source: Source) -> float:
    """Certainty that the first line names EC-Lab's columns."""
    line = head_text(source).split("\n", 1)[0]
    if not is_column_line(line):
        return 0.0
    found = {names.parse(c) for c in column_names(line)}
    return 0.9 if found & {names.Name("time", "s"), names.Name("freq", "Hz")} else 0.5


def read_plain_table(source: Source) -> list[Measurement]:
    """The records of a table without header; raises InstrumentFileError."""
    if not source.data.strip(b"\x00 \t\r\n"):
        raise source.error("line 1", "the file is empty", "export the measurement from EC-Lab again")
    if recognise_table(source) == 0.0:
        raise not_this(source, TABLE_NAME)
    first, _, body = source.text().partition("\n")
    columns = column_names(first)
    table = read_table(source, body, columns, 2)
    warnings, assumptions = table.warnings, table.assumptions
    loops, beside = loops_beside(source, len(table.values), warnings)
    settings: dict[str, Any] = {}
    technique = "unknown"
    numbered = _NUMBERED.search(source.path.stem)
    if numbered:
        technique = numbered.group(2)
        assumptions.append(f"technique {technique} as the file name says: the file has no header")
    if beside:
        assumptions.append(f"loops from {beside} beside the file")
    _settings_beside(source, numbered.group(1) if numbered else None, settings, assumptions, warnings)
    _conflict(source, [names.parse(c).name for c in columns], settings, warnings)
    run = Run(
        source,
        TABLE_NAME,
        "eclab_text 1",
        table.values,
        [names.parse(c) for c in columns],
        technique=technique,
        started=table.origin,
        settings=settings,
        loops=loops,
        assumptions=tuple(assumptions),
        warnings=tuple(warnings),
        first_line=2,
    )
    return records(run)


def _beside(source: Source, path: Path) -> str | None:
    """Text of a file in the same folder, or None when it is not there, too large, or cannot be read."""
    try:
        if path == source.path or not path.is_file() or path.stat().st_size > _LARGEST_BESIDE:
            return None
        return Source(path, path.read_bytes()).text()
    except OSError:
        return None


def loops_beside(source: Source, count: int, warnings: list[str]) -> tuple[tuple[int, ...], str]:
    """Rows at which loops begin, from the loop file beside, and that file's name."""
    path = source.path.with_name(f"{source.path.stem}_LOOP.txt")
    text = _beside(source, path)
    if text is None:
        return (), ""
    try:
        indexes = read_loop_indexes(text)
    except ValueError as error:
        warnings.append(f"{path.name} beside the file is not used: {error}")
        return (), ""
    if indexes and indexes[-1] > count:
        warnings.append(f"{path.name} speaks of point {indexes[-1]}, the file holds {count}: not used")
        return (), ""
    return tuple(i for i in indexes if i < count), path.name


def read_loop_indexes(text: str) -> list[int]:
    """The points of a loop file; raises ValueError when it is not one, or not in order."""
    lines = [line.strip() for line in text.strip().split("\n")]
    if lines[0] != _LOOP_TITLE:
        raise ValueError(f"it does not begin with '{_LOOP_TITLE}'")
    if not all(re.fullmatch(r"\d{1,12}", line) for line in lines[1:]):
        raise ValueError("a line of it is no count of points")
    indexes = [int(line) for line in lines[1:]]
    if indexes != sorted(indexes):
        raise ValueError("its points are not in order")
    return indexes


def _settings_beside(
    source: Source, number: str | None, settings: dict[str, Any], assumptions: list[str], warnings: list[str]
) -> None:
    """Attach the technique of the .mps whose name begins this file's name."""
    try:
        found = [p for p in source.path.parent.glob("*.mps") if source.path.stem.startswith(p.stem)]
    except OSError:
        return
    if not found:
        return
    path = max(found, key=lambda p: len(p.stem))
    text = _beside(source, path)
    parsed = read_mps(text) if text else None
    if parsed is None:
        warnings.append(f"{path.name} beside the file is no settings file")
        return
    settings["settings file"] = path.name
    if number is not None and 1 <= int(number) <= len(parsed.techniques):
        chosen = parsed.techniques[int(number) - 1]
        settings.update(chosen)
        assumptions.append(
            f"settings of technique {int(number)} ({chosen['technique']}) from {path.name} beside the file"
        )


def _conflict(source: Source, columns: list[str], settings: dict[str, Any], warnings: list[str]) -> None:
    """Say what settings and file name hold of a current that the file lacks; neither is used."""
    if any(c in columns for c in (*names.CURRENTS, "dq", "(Q-Qo)")) or source.hints.get("current") is not None:
        return
    said = []
    amounts, units = settings.get("Is"), settings.get("unit Is")
    if amounts is not None and units is not None:
        pairs = zip(
            amounts if isinstance(amounts, list) else [amounts],
            units if isinstance(units, list) else [units],
            strict=False,
        )
        said.append(f"the settings say {' and '.join(f'{a} {u}' for a, u in pairs)}")
    named = named_current(source.path.stem)
    if named is not None:
        said.append(f"the name says {named[1]}")
    if said:
        warnings.append(f"the file has no current; {', '.join(said)}: none is used before the user says which")


# ---- settings and logs -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Settings:
    """An .mps file: what holds for all techniques, and the techniques in order."""

    common: dict[str, Any]
    techniques: list[dict[str, Any]]

    def names(self) -> list[str]:
        """Short names of the techniques; a loop says where it goes and how often."""
        found = []
        for one in self.techniques:
            name = TECHNIQUES.get(one["technique"], one["technique"])
            if name == "LOOP" and "goto Ne" in one:
                name = f"LOOP to {one['goto Ne']}, {one.get('nt times', '?')} times"
            found.append(name)
        return found


def read_mps(text: str) -> Settings | None:
    """Read a settings file; None when the text is none."""
    if not _SETTINGS_TITLE.match(text):
        return None
    parts = re.split(r"(?m)^Technique : \d{1,3}\s*$", text)
    common = read_header(parts[0].split("\n")[1:])
    techniques = []
    for part in parts[1:]:
        header = read_header(part.strip("\n").split("\n"))
        if "technique" in header.settings:
            techniques.append(header.settings)
    return Settings(common.settings, techniques)


def recognise_settings(source: Source) -> float:
    """Certainty that this is a settings or log file of EC-Lab."""
    return 1.0 if _SETTINGS_TITLE.match(head_text(source)) else 0.0


def read_settings_file(source: Source) -> list[Measurement]:
    """Raise an InstrumentFileError that says what the file is and which data files go with it."""
    match = _SETTINGS_TITLE.match(source.text())
    if match is None:
        raise not_this(source, SETTINGS_NAME)
    if match.group(1).upper() == "LOG":
        partner = source.path.with_suffix(".mpr").name
        raise source.error("the whole file", "EC-Lab's log of a run, without data", f"the data are in {partner}")
    parsed = read_mps(source.text())
    techniques = parsed.names() if parsed else []
    what = f"EC-Lab's settings of {len(techniques)} techniques ({', '.join(techniques)}), without data"
    raise source.error("the whole file", what, _partners(source, [n for n in techniques if not n.startswith("LOOP")]))


def _partners(source: Source, techniques: list[str]) -> str:
    stem = source.path.stem
    try:
        found = sorted(
            p.name
            for p in source.path.parent.glob("*")
            if p.name.startswith(stem) and p.suffix in (".mpr", ".mpt", ".txt")
        )
    except OSError:
        found = []
    found = [name for name in found if not name.endswith("_LOOP.txt")]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        return f"the data are in {', '.join(found[:3])}{more}"
    example = f"{stem}_01_{techniques[0]}_C01.mpr" if techniques else f"{stem}_C01.mpr"
    return f"the data are in files like {example}"


# ---- loops -----------------------------------------------------------------------------------------------
def recognise_loops(source: Source) -> float:
    """Certainty that this is a loop index file."""
    return 1.0 if head_text(source).lstrip().startswith(_LOOP_TITLE) else 0.0


def read_loop_file(source: Source) -> list[Measurement]:
    """Raise an InstrumentFileError that says what the file is and which data file goes with it."""
    if recognise_loops(source) == 0.0:
        raise not_this(source, LOOP_NAME)
    try:
        indexes = read_loop_indexes(source.text())
    except ValueError as error:
        raise source.error(
            "the loop indexes", str(error), "it belongs to a data file of EC-Lab; read that one"
        ) from None
    stem = source.path.stem.removesuffix("_LOOP")
    raise source.error(
        "the whole file",
        f"EC-Lab's loop indexes ({len(indexes)} points), without data",
        f"they are read together with {stem}.txt; {stem}.mpr holds them itself",
    )


# ---- RelaxIS ---------------------------------------------------------------------------------------------
def recognise_relaxis(source: Source) -> float:
    """Certainty that this is a spectrum that RelaxIS exported."""
    return 1.0 if _RELAXIS_TITLE.match(head_text(source)) else 0.0


_RELAXIS_COLUMNS = {
    "Frequency": Column.FREQUENCY.value,
    "Z'": Column.REAL_IMPEDANCE.value,
    "Z''": Column.IMAGINARY_IMPEDANCE.value,
    "|Z|": "Absolute Impedance / ohm",
    "Theta (Z)": "Phase / deg",
}


def read_relaxis(source: Source) -> list[Measurement]:
    """One impedance record per spectrum of the export; raises InstrumentFileError."""
    if recognise_relaxis(source) == 0.0:
        raise not_this(source, RELAXIS_NAME)
    lines = source.text().split("\n")
    at = next((i for i, line in enumerate(lines[:20]) if line.startswith("Data: ")), None)
    if at is None or at + 2 >= len(lines):
        raise source.error(
            f"line {min(len(lines), 20)}",
            "no line 'Data: Frequency ...' with rows below",
            "the file is cut; export it again",
        )
    columns = [c.strip().removeprefix("Data: ") for c in column_names(lines[at])]
    body, broken = lines[at + 2 :], []
    if body[-1].strip():  # RelaxIS ends each line, and its numbers have any count of digits
        broken = ["the last line has no end and is left out: the file was still being written or is cut"]
        body.pop()
    table = read_table(source, "\n".join(body), columns, at + 3)
    table.warnings.extend(broken)
    if table.values.empty:
        raise source.error(f"line {at + 3}", "the table has no rows", "the file is cut; export it again")
    begins = [i for i, c in enumerate(columns) if c == "Frequency"]
    if begins[:1] != [0]:
        raise source.error(
            f"line {at + 1}", f"read '{columns[0][:40]}', expected 'Data: Frequency'", "export the spectrum again"
        )
    labels = lines[at + 1].split("\t")
    exported = next((x.partition(":")[2].strip() for x in lines[:at] if x.startswith("Date:")), "unknown")
    found = []
    for begin, end in zip(begins, [*begins[1:], len(columns)], strict=True):
        block = {c: table.values[begin + i].to_numpy(dtype=float) for i, c in enumerate(columns[begin:end])}
        found.append(_relaxis_record(source, block, labels[begin:end], exported, table, at))
    return found


def _relaxis_record(
    source: Source, block: dict[str, Any], labels: list[str], exported: str, read: Table, line: int
) -> Measurement:
    """One spectrum of the export."""
    missing = [c for c in ("Frequency", "Z'", "Z''") if c not in block]
    if missing:
        raise source.error(f"line {line + 1}", f"no column {', '.join(missing)}", "export Frequency, Z' and Z''")
    whole = [np.isfinite(block[c]) for c in ("Frequency", "Z'", "Z''")]
    if not np.all(whole):
        bad = int(np.argmin(np.all(whole, axis=0)))
        raise source.error(f"line {line + 3 + bad}", "a number is missing", "the file is damaged; export it again")
    if (block["Frequency"] <= 0).any():
        bad = int(np.argmax(block["Frequency"] <= 0))
        raise source.error(
            f"line {line + 3 + bad}", "a frequency is not above zero", "the file is damaged; export it again"
        )
    settings: dict[str, Any] = {"exported": exported}
    assumed = [*read.assumptions, "imaginary part = Z'' as it stands, negative when capacitive"]
    title = source.path.stem
    for label in labels:
        settings.update(dict(re.findall(r"([A-Za-z]\w*)=([-+.\dEe]+)", label)))
        electrode = re.match(r"\((.+?) Spectrum\)\s*(.*)", label.strip())
        if electrode:
            settings["electrode"], settings["spectrum"] = electrode.group(1), electrode.group(2)
            title = electrode.group(2) or title
        elif label.strip().startswith("Model:"):
            settings["Model"] = label.strip().removeprefix("Model:").strip()
    if "TM" in settings:
        assumed.append(f"TM={settings['TM']} is named nowhere: it is not used as a temperature")
    assumed.append(f"the date {exported} is that of the export; the start of the measurement is not told")
    notes = list(read.warnings)
    if "Theta (Z)" in block:
        odd = np.sign(block["Theta (Z)"]) * np.sign(block["Z''"]) < 0
        if odd.any():
            notes.append(f"Theta (Z) and Z'' have opposite signs at {int(odd.sum())} points")
    table = {_RELAXIS_COLUMNS.get(c, f"{c} / 1"): v for c, v in block.items()}
    metadata = Metadata(
        kind="impedance",
        origin=source.origin("unknown (exported by RelaxIS)", RELAXIS_NAME, "eclab_text 1"),
        title=title,
        geometry=Geometry(),
        technique="impedance",
        settings=settings,
        assumptions=tuple(assumed),
        warnings=tuple(notes),
    )
    return Measurement(metadata, table)


FORMATS = (
    Format(TABLE_NAME, (".txt", ".mpt"), recognise_table, read_plain_table),
    Format(RELAXIS_NAME, (".txt",), recognise_relaxis, read_relaxis),
    Format(LOOP_NAME, (".txt",), recognise_loops, read_loop_file),
    Format(SETTINGS_NAME, (".mps", ".mpl"), recognise_settings, read_settings_file),
)
