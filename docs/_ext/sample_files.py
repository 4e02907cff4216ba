"""Writes the table of the sample files: what was read, what was assumed, agreement with the vendor's own export.

    python docs/_ext/sample_files.py ../shared/samples docs/sample-files.md

The page holds facts about the files, none of their numbers beyond counts and ranges.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from natrode.instruments import folder, registry
from natrode.measurement import Column, Measurement

HEAD = """\
# The sample files

Real files of potentiostats and cyclers, from public repositories, on which the readers are tested. They are no part of
natrode. This page was written by `python docs/_ext/sample_files.py SAMPLES docs/sample-files.md`; a test holds it to
what the readers do.

"Agreement" compares the columns that two files of the same run share: the largest difference, relative to the
column's largest value, and as it is. Text exports round to the digits that they print: 1e-7 is equality to the printed
digits of an export with seven, 5e-5 V to those of an export with four decimals. (The Neware file that has an export
holds a cell at rest at 0.2 mV, of which the export prints one decimal: equal to what is printed, and a large part.)
"""
PAIRS: tuple[tuple[str, str], ...] = (
    ("biologic_mpr/cp.mpr", "biologic_mpt/cp.mpt"),
    ("biologic_mpr/geis.issue_149.mpr", "biologic_mpt/geis.issue_149.mpt"),
    ("biologic_mpr/lsv.mpr", "biologic_mpt/lsv.mpt"),
    ("biologic_mpr/ocv.issue_149.mpr", "biologic_mpt/ocv.issue_149.mpt"),
    ("biologic_mpr/peis.issue_149.mpr", "biologic_mpt/peis.issue_149.mpt"),
    ("neware_ndax/interp-test.ndax", "neware_ndax/interp-test.csv"),
    ("solid_state/CP_SSB.mpr", "solid_state/CP_SSB.txt"),
    ("solid_state/PEIS_LPSCl_IonBlocking_-25C.mpr", "solid_state/PEIS_LPSCl_IonBlocking_-25C.txt"),
    ("solid_state/PEIS_LPSCl_IonBlocking_-25C.mpr", "solid_state/PEIS_LPSCl_IonBlocking_-25C_RelaxIS.txt"),
)
"""Files and the vendor's (or another program's) export of the same run."""


QUALITY = ("THD", "NSD", "NSR", "|Ewe h", "|I h")
"""EC-Lab's exports blank these indicators of quality (-1 or 0) at the fastest points; the binary file holds them."""


def difference(one: Measurement, other: Measurement, column: str) -> tuple[float, float]:
    """Largest difference of a column where both files show a value: relative to its largest value, and as it is."""
    a, b = one.array(column), other.array(column)
    shown = np.isfinite(a) & np.isfinite(b)
    if column.startswith(QUALITY):
        shown &= (b != -1.0) & (b != 0.0)
    if not shown.any():
        return 0.0, 0.0
    off = float(np.abs(a[shown] - b[shown]).max())
    return off / (float(np.abs(b[shown]).max()) or 1.0), off


def agreement(file: Path, export: Path) -> str:
    """How well a file and its export agree, in words."""
    said = []
    for one, other in zip(registry.read(file), registry.read(export), strict=True):
        if len(one) != len(other):
            return f"{len(one)} rows against {len(other)}"
        turned = one.kind == "impedance" and _turned(one.array(Column.FREQUENCY), other.array(Column.FREQUENCY))
        if turned:
            other = Measurement(other.metadata, other.table[::-1].reset_index(drop=True))
        shared = [
            c for c in one.table.columns if c in other and all(r.table[c].dtype.kind in "iuf" for r in (one, other))
        ]
        worst = max(shared, key=lambda c: difference(one, other, c)[0])
        relative, absolute = difference(one, other, worst)
        name, _, unit = worst.rpartition(" / ")
        off = "no difference" if relative == 0 else f"at most {relative:.0e} ({name}: {absolute:.0e} {unit})"
        text = f"{len(one)} rows, {len(shared)} columns: {off}"
        if any(c.startswith(QUALITY) for c in shared):
            text += "; EC-Lab's export blanks its quality indicators at the fastest points, they are compared elsewhere"
        said.append(text + ("; the export runs from low to high frequency" if turned else ""))
    return "; ".join(said)


def _turned(one: "np.typing.NDArray[np.float64]", other: "np.typing.NDArray[np.float64]") -> bool:
    """Whether two sweeps hold the same frequencies in opposite order."""
    return not np.allclose(one, other, rtol=1e-3) and np.allclose(one, other[::-1], rtol=1e-3)


def page(samples: Path) -> str:
    """The page for a folder of samples."""
    found = folder.info(samples)
    rows = []
    for item in found:
        records = [] if item.error else registry.read(samples / item.file)
        assumed = dict.fromkeys(a for r in records for a in r.metadata.assumptions)
        rows.append([item.file, item.what or f"not read: {_short(item.error)}", "; ".join(map(_short, assumed))])
    parts = [HEAD, "\n## Agreement with exports of the same run\n\n", _table(("file", "export", "agreement"), [
        [one, other, agreement(samples / one, samples / other)]
        for one, other in PAIRS if (samples / one).exists() and (samples / other).exists()
    ])]  # fmt: skip
    makers: dict[str, list[list[str]]] = {}
    for item, row in zip(found, rows, strict=True):
        makers.setdefault(item.format or "Without data, or not read", []).append(row)
    for name in sorted(makers):
        parts += [f"\n## {name}\n\n", _table(("file", "what was read", "what was assumed"), makers[name])]
    unread = sum(bool(i.error) for i in found)
    parts.append(f"\n{len(found)} files, {len(found) - unread} read, {unread} not.\n")
    parts.append(FIXTURES)
    return "".join(parts)


FIXTURES = """
## Formats without a sample

Ivium .ids, Gamry EISGALV and CHRONOP, BioLogic CA, CV and LSV in other languages, CH Instruments Tafel, CV, LSV and
i-t, and XLSX are read from files that natrode's own tests make from the formats' descriptions: they were never held
against a real file.

## Named, not read

Maccor tests and exports (their current has no sign), Arbin's .res (an Access database), old .xls workbooks, MATLAB and
HDF5 files, EC-Lab's settings and logs without data, VersaStudio files with their data in a binary file beside them: the
error says what the file is and what to export instead. Arbin's and Landt's CSV and XLSX exports are read as tables.
"""


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157].rstrip() + "..."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(map(_cell, line)) + " |\n" for line in lines)


def _cell(text: str) -> str:
    for mark in "\\|<>*_[]$`":
        text = text.replace(mark, f"\\{mark}")
    return text


def main() -> None:
    """Command line."""
    Path(sys.argv[2]).write_text(page(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
