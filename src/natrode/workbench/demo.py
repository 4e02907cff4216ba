"""A small project of simulated files for first steps: replicates of a ramp, a stripping series, a temperature series.

Nothing in it was measured: every file says that a model wrote it, and so does everything made from it.
"""

from pathlib import Path

import numpy as np

from natrode import files
from natrode.cell import EXAMPLE as CELL
from natrode.cell import Cell
from natrode.instruments import cells as table_of_cells
from natrode.instruments._table_file import read_table
from natrode.measurement import Column, Experiment, Measurement
from natrode.protocol import EXAMPLE as RAMP
from natrode.protocol import Protocol
from natrode.simulate.parameters import assemble
from natrode.simulate.replicates import scatter
from natrode.simulate.symmetric import run, simulate

REPLICATES = 6
TEMPERATURES = (-20, 0, 20, 40, 60)
"""Of the temperature series [degC]."""
NOISE = 0.002
"""Relative noise of voltages, and of both parts of an impedance over its size; made up."""

SERIES = """\
# Stripping in one direction with a spectrum every quarter of an hour (operando impedance).
name = "stripping with spectra"

[sampling]
noise = 0.002

[[steps]]
type = "rest"
duration = "1 h"

[[steps]]
type = "one-sided"
current_density = "0.5 mA/cm2"
capacity = "2 mAh/cm2"
impedance_every = "15 min"
"""
SPECTRUM = """\
# One spectrum.
name = "spectrum"

[[steps]]
type = "impedance"
highest_frequency = "3 MHz"
lowest_frequency = "0.1 Hz"
points_per_decade = 10
"""
README = """\
This folder was made by `natrode demo`. Every file in it is SIMULATED: a model wrote it, no instrument.

    natrode info .                          what is in the folder, a line a file
    natrode analyse . --out ../analysis     one offline page with all cells, tables of every number
    natrode run cell.toml ramp.toml --out ../run
    natrode replay strip_cycling.csv --cell cell.toml --out ../replay

cells.csv says which files belong to which cell; edit it in a spreadsheet.
"""


def demo(folder: Path, seed: int = 1) -> list[str]:
    """Write the project into an existing folder; returns the names of its files.

    Args:
        folder: where to write.
        seed: of noise and of the scatter between replicates; the same seed gives the same bytes.
    """
    texts = {"cell.toml": CELL, "ramp.toml": RAMP, "series.toml": SERIES, "spectrum.toml": SPECTRUM}
    for name, text in {**texts, "README.md": README}.items():
        files.write_text(folder / name, text)
    cell = Cell.load(folder / "cell.toml")
    ramp, series, spectrum = (Protocol.load(folder / f"{n}.toml") for n in ("ramp", "series", "spectrum"))
    ramp = ramp.model_copy(update={"sampling": ramp.sampling.model_copy(update={"noise": NOISE})})
    random = np.random.default_rng(seed)
    for number, model in enumerate(scatter(assemble(cell), REPLICATES, seed), 1):
        experiment = run(model, cell, ramp, seed + number)
        _write(folder, f"ramp-{number}", _named(experiment, f"ramp {number}", random))
    _write(folder, "strip", _named(simulate(cell, series, seed=seed), "strip", random), csv=True)
    for celsius in TEMPERATURES:
        warm = cell.model_copy(update={"temperature": celsius + 273.15})
        _write(folder, f"warm_{celsius}C", _named(simulate(warm, spectrum), "warm", random))
    table = table_of_cells.cells(folder)
    _group(table.path)
    return sorted(p.name for p in folder.iterdir() if p.name != files.MARKER)


def _named(experiment: Experiment, name: str, random: np.random.Generator) -> Experiment:
    return Experiment(name, tuple(_noisy(m, random).with_metadata(cell=name) for m in experiment.measurements))


def _noisy(record: Measurement, random: np.random.Generator) -> Measurement:
    """The spectra with the noise of an instrument: the model's own have none."""
    if record.kind != "impedance":
        return record
    z = record.impedance
    z = z + NOISE * np.abs(z) * (random.standard_normal(len(z)) + 1j * random.standard_normal(len(z)))
    table = record.table.assign(**{Column.REAL_IMPEDANCE.value: z.real, Column.IMAGINARY_IMPEDANCE.value: z.imag})
    note = f"noise of {NOISE:.1%} of |Z| added to both parts of the impedance"
    return Measurement(record.with_metadata(assumptions=(*record.metadata.assumptions, note)).metadata, table)


def _write(folder: Path, stem: str, experiment: Experiment, *, csv: bool = False) -> None:
    for record in experiment.measurements:
        if csv:
            record.to_csv(folder / f"{stem}_{record.kind}.csv")
        else:
            record.to_parquet(folder / f"{stem}_{record.kind}.parquet")


def _group(path: Path) -> None:
    """Say in the table of cells which are replicates: the name without its number."""
    table = read_table(path)
    for row in table.rows:
        row["group"] = row["cell"].rstrip(" 0123456789")
    table.write(path)


__all__ = ["demo"]
