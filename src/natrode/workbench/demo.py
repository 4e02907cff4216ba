"""A small project of simulated files for first steps: replicates, series along charge and temperature, long tests.

Nothing in it was measured: every file says that a model wrote it, and so does everything made from it.
"""

from pathlib import Path

import numpy as np

from natrode import files
from natrode.cell import EXAMPLE as CELL
from natrode.cell import Cell
from natrode.constants import BOLTZMANN_EV
from natrode.instruments import cells as table_of_cells
from natrode.instruments._table_file import read_table
from natrode.measurement import Column, Experiment, Geometry, Measurement, Metadata, Origin
from natrode.protocol import EXAMPLE as RAMP
from natrode.protocol import CriticalCurrentRamp, Protocol
from natrode.simulate.parameters import assemble
from natrode.simulate.replicates import scatter
from natrode.simulate.symmetric import run, simulate

REPLICATES = 7
"""Of the ramp: the last but one is stopped alive, the last one is excluded by the table of cells."""
STOPPED = 2.5
"""Largest current density [mA/cm2] of the ramp that is stopped."""
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
LONG = """\
# Two days at one current in a room that warms and cools.
name = "two days"

[sampling]
noise = 0.002

[[steps]]
type = "cycling"
current_density = "0.2 mA/cm2"
duration = "1 h"
cycles = 24
"""
LEAK, LEAKS_FROM = 120.0, 30.0
"""[Ohm] beside the cell and [h] from which it flows there, in the long test that leaks: three times its electrolyte."""
ARCS = ((30.0, 0.30, 3e-9), (30.0, 0.55, 1e-6))
"""Resistance at 25 degC [Ohm], activation energy [eV] and capacitance [F] of the two arcs that change places."""
README = """\
This folder was made by `natrode demo`. Every file in it is SIMULATED: a model wrote it, no instrument.

    natrode info .                          what is in the folder, a line a file
    natrode analyse . --out ../analysis     one offline page with all cells, tables of every number
    natrode analyse room_cycling.parquet leak_cycling.parquet silent_cycling.parquet --out ../shorts
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
    texts = {
        "cell.toml": CELL, "ramp.toml": RAMP, "series.toml": SERIES, "spectrum.toml": SPECTRUM, "long.toml": LONG,
    }  # fmt: skip
    for name, text in {**texts, "README.md": README}.items():
        files.write_text(folder / name, text)
    cell = Cell.load(folder / "cell.toml")
    ramp, series, spectrum, long = (Protocol.load(folder / f"{n}.toml") for n in ("ramp", "series", "spectrum", "long"))
    ramp = ramp.model_copy(update={"sampling": ramp.sampling.model_copy(update={"noise": NOISE})})
    random = np.random.default_rng(seed)
    for number, model in enumerate(scatter(assemble(cell), REPLICATES, seed), 1):
        stopped = _until(ramp, STOPPED) if number == REPLICATES - 1 else ramp
        experiment = run(model, cell, stopped, seed + number)
        _write(folder, f"ramp-{number}", _named(experiment, f"ramp {number}", random))
    _write(folder, "strip", _named(simulate(cell, series, seed=seed), "strip", random), csv=True)
    for celsius in TEMPERATURES:
        warm = cell.model_copy(update={"temperature": celsius + 273.15})
        _write(folder, f"warm_{celsius}C", _named(simulate(warm, spectrum), "warm", random))
    _write(folder, "cross", _crossing(random))
    room = simulate(cell.model_copy(update={"temperature": _room()}), long, seed=seed)
    for name, change in (("room", None), ("silent", _silent), ("leak", _leaking)):
        record = room.cycling if change is None else change(room.cycling)
        _write(folder, name, Experiment(name, (record.with_metadata(cell=name),)))
    table = table_of_cells.cells(folder)
    _describe(table.path)
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


def _until(ramp: Protocol, highest: float) -> Protocol:
    """The ramp, stopped after `highest` [mA/cm2]."""
    steps = [
        step.model_copy(update={"maximum": 10.0 * highest}) if isinstance(step, CriticalCurrentRamp) else step
        for step in ramp.steps
    ]
    return ramp.model_copy(update={"steps": tuple(steps)})


def _room() -> tuple[tuple[float, float], ...]:
    """Temperature [K] of a room over two days: 25 degC, 1.5 K up and down."""
    hours = np.arange(0.0, 49.0, 2.0)
    return tuple((3600.0 * float(h), 298.15 + 1.5 * float(np.sin(2.0 * np.pi * h / 24.0))) for h in hours)


def _silent(record: Measurement) -> Measurement:
    """The same without its temperature, as from an instrument that records none."""
    table = record.table.drop(columns=[Column.TEMPERATURE.value])
    return Measurement(record.with_metadata(temperature="unknown").metadata, table)


def _leaking(record: Measurement) -> Measurement:
    """The same with a resistance beside the cell."""
    voltage, current = record.array(Column.VOLTAGE), record.array(Column.CURRENT)
    with np.errstate(divide="ignore", invalid="ignore"):
        cell = voltage / current
        shared = np.where(current != 0.0, voltage * LEAK / (cell + LEAK), voltage)
    leaking = np.where(record.array(Column.TIME) >= 3600.0 * LEAKS_FROM, shared, voltage)
    note = f"a leak of {LEAK:g} Ohm was put beside the cell from hour {LEAKS_FROM:g} on"
    table = record.table.assign(**{Column.VOLTAGE.value: leaking})
    return Measurement(record.with_metadata(assumptions=(*record.metadata.assumptions, note)).metadata, table)


def _crossing(random: np.random.Generator) -> Experiment:
    """Seven spectra from -20 to 60 degC whose two arcs change places in size: no cell, two arcs by formula."""
    frequency = np.geomspace(3e6, 0.1, 54)
    omega = 2.0 * np.pi * frequency
    rows = []
    for number, celsius in enumerate(np.linspace(-20.0, 60.0, 7)):
        beta = (1.0 / (celsius + 273.15) - 1.0 / 298.15) / BOLTZMANN_EV
        z = 20.0 * np.exp(0.26 * beta) + 0j * omega
        for ohm, energy, farad in ARCS:
            hot = ohm * np.exp(energy * beta)
            z = z + hot / (1.0 + (1j * omega * hot * farad) ** 0.9)
        z = z + 0.003 * np.abs(z) * (random.standard_normal(len(z)) + 1j * random.standard_normal(len(z)))
        rows.append(
            {
                Column.FREQUENCY: frequency, Column.REAL_IMPEDANCE: z.real, Column.IMAGINARY_IMPEDANCE: z.imag,
                Column.SPECTRUM: np.full(len(z), number), Column.TEMPERATURE: np.full(len(z), celsius),
            }
        )  # fmt: skip
    columns = {name.value: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    origin = Origin(kind="simulation", model="two arcs by formula", parameters={"arcs": [list(a) for a in ARCS]})
    metadata = Metadata(
        kind="impedance", origin=origin, title="two arcs that change places", cell="cross",
        geometry=Geometry(interfaces_in_series=2), technique="impedance",
    )  # fmt: skip
    return Experiment("cross", (Measurement(metadata, columns),))


def _describe(path: Path) -> None:
    """Say in the table of cells which are replicates (the name without its number), and which one does not count."""
    table = read_table(path)
    for row in table.rows:
        row["group"] = row["cell"].rstrip(" 0123456789")
        if row["cell"] == f"ramp {REPLICATES}":
            row["excluded"], row["exclusion reason"] = "yes", "cracked pellet"
    table.write(path)


__all__ = ["demo"]
