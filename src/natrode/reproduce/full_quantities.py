"""Analyses of full cells by name: each takes the record as the laboratory would."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from natrode import analysis, materials
from natrode.analysis.full_cell import FullCellCycles
from natrode.measurement import Column, Experiment, Measurement
from natrode.units import read_quantity

if TYPE_CHECKING:
    from natrode.reproduce.quantities import Answer, Context

FloatArray = npt.NDArray[np.float64]
NO_ANSWER = (math.nan, math.nan)
ENDLESS = 1.05
"""A charge that takes more than this many times the theoretical charge has lost its end to a leak."""
NO_CAPACITY = 1e-3
"""Part of the theoretical capacity below which a discharge counts as none."""
SAME_CAPACITY = 0.999
"""Part of a capacity that a discharge must give to count as giving it."""


def active_mass(record: Measurement) -> float:
    """Active mass of the cathode, as it was weighed [kg]."""
    return float(record.metadata.settings["active mass / kg"])


def has_failed(record: Measurement) -> bool:
    """Whether the cycler stopped the run before its end."""
    return str(record.metadata.settings.get("end", "")) != "the protocol ran to its end"


def last_whole_cycle(record: Measurement) -> int:
    """Number of the last cycle with both halves."""
    cycle, current = record.array(Column.CYCLE), record.array(Column.CURRENT)
    both = np.intersect1d(cycle[current > 0], cycle[current < 0])
    return int(both[-1]) if both.size else 0


def cycle_of(record: Measurement, arguments: Mapping[str, Any], key: str = "cycle") -> FullCellCycles | None:
    """One cycle of a record, analysed; None when the record does not hold it."""
    wanted = arguments.get(key, "last" if key == "cycle" else 1)
    number = last_whole_cycle(record) if wanted == "last" else int(wanted)
    return record.derived(_cycle_numbered, number) if number else None


def _cycle_numbered(record: Measurement, number: int) -> FullCellCycles | None:
    part = record.rows(record.array(Column.CYCLE) == number)
    return analysis.full_cell_cycles(part, active_mass=active_mass(record)) if len(part) else None


def _first(values: FloatArray) -> float:
    """The value that is a number, of the one or two rows that a cycle makes."""
    found = values[np.isfinite(values)]
    return float(found[0]) if found.size else math.nan


def capacity(record: Measurement, arguments: Mapping[str, Any], key: str = "cycle") -> float:
    """Charge of the discharge of one cycle per active mass [C/kg]; 0 after the cell has failed, NaN without record."""
    cycle = cycle_of(record, arguments, key)
    if cycle is not None and np.isfinite(cycle.discharge).any():
        value = _first(cycle.discharge)
        theoretical = float(record.metadata.settings["theoretical charge / C"]) / active_mass(record)
        return value if value > NO_CAPACITY * theoretical else 0.0
    wanted = arguments.get(key, "last" if key == "cycle" else 1)
    return 0.0 if has_failed(record) and (wanted == "last" or int(wanted) >= last_whole_cycle(record)) else math.nan


def discharge_capacity(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Charge of a discharge per active mass."""
    value = capacity(experiment.cycling, arguments)
    return value, value


def capacity_ratio(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Discharge of one cycle over that of another."""
    record = experiment.cycling
    reference = capacity(record, arguments, "reference")
    value = capacity(record, arguments) / reference if reference > 0 else math.nan
    return value, value


def capacity_loss(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Part of the capacity that is lost per cycle between two cycles."""
    ratio, _ = capacity_ratio(experiment, arguments, context)
    last = arguments.get("cycle", "last")
    number = last_whole_cycle(experiment.cycling) if last == "last" else int(last)
    span = number - int(arguments.get("reference", 1))
    value = (1 - ratio) / span if span > 0 else math.nan
    return value, value


def coulombic_efficiency(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Mean over the whole cycles after the first."""
    _, efficiency = efficiencies(experiment.cycling)
    value = float(np.mean(efficiency[1:])) if len(efficiency) > 1 else math.nan
    return value, value


def efficiencies(record: Measurement) -> tuple[FloatArray, FloatArray]:
    """Numbers of the recorded whole cycles and their Coulombic efficiencies."""
    cycle, current, time = (record.array(c) for c in (Column.CYCLE, Column.CURRENT, Column.TIME))
    moved = np.append(np.diff(time), 0.0) * np.where(np.append(np.diff(cycle), 0.0) == 0, current, 0.0)
    numbers = np.unique(cycle[current < 0])
    at = np.searchsorted(numbers, cycle).clip(0, len(numbers) - 1)
    known = numbers[at] == cycle
    charged = np.bincount(at[known], np.maximum(moved, 0.0)[known], len(numbers))
    discharged = np.bincount(at[known], np.maximum(-moved, 0.0)[known], len(numbers))
    whole = (charged > 0) & (discharged > 0)
    return numbers[whole], discharged[whole] / charged[whole]


def voltage_gap(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Mean voltage of a charge above that of the discharge of the same cycle."""
    cycle = cycle_of(experiment.cycling, arguments)
    if cycle is None:
        return NO_ANSWER
    value = _first(cycle.charge_voltage) - _first(cycle.discharge_voltage)
    return value, value


def discharge_end_voltage(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Last voltage of the discharge of one cycle."""
    record = experiment.cycling
    wanted = arguments.get("cycle", "last")
    number = last_whole_cycle(record) if wanted == "last" else int(wanted)
    rows = (record.array(Column.CYCLE) == number) & (record.array(Column.CURRENT) < 0)
    if not rows.any():
        return NO_ANSWER
    value = float(record.array(Column.VOLTAGE)[rows][-1])
    return value, value


def cycles_at_capacity(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Cycles whose discharge gives a capacity, before the first that does not."""
    record = experiment.cycling
    wanted = SAME_CAPACITY * read_quantity(arguments["capacity"], "specific charge") * active_mass(record)
    cycle, current, time = (record.array(c) for c in (Column.CYCLE, Column.CURRENT, Column.TIME))
    numbers = np.unique(cycle[current < 0])
    for number in numbers:
        rows = (cycle == number) & (current < 0)
        if -current[rows][0] * np.ptp(time[rows]) < wanted:
            return float(number - 1), float(number - 1)
    return (float(numbers[-1]), math.inf) if numbers.size else (0.0, 0.0)


def endless_charge(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Cycle whose charge takes more than the theoretical charge, or in which the cell fails otherwise."""
    record = experiment.cycling
    cycle, current, time = (record.array(c) for c in (Column.CYCLE, Column.CURRENT, Column.TIME))
    theoretical = float(record.metadata.settings["theoretical charge / C"])
    charging = np.flatnonzero(current > 0)
    numbers, starts = np.unique(cycle[charging], return_index=True)
    for number, rows in zip(numbers, np.split(charging, starts[1:]), strict=True):
        if current[rows[0]] * (time[rows[-1]] - time[rows[0]]) > ENDLESS * theoretical:
            return float(number), float(number)
    last = float(cycle.max())
    return (last, last) if has_failed(record) else (last, math.inf)


def fails_softly(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Whether the cell failed in a charge that took more than the theoretical charge below the upper cut-off."""
    record = experiment.cycling
    current, time = record.array(Column.CURRENT), record.array(Column.TIME)
    last = (record.array(Column.CYCLE) == record.array(Column.CYCLE).max()) & (current > 0)
    charge = float(current[last][0] * np.ptp(time[last])) if last.any() else 0.0
    value = float(has_failed(record) and charge > ENDLESS * float(record.metadata.settings["theoretical charge / C"]))
    return value, value


def efficiency_falls(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Whether the efficiency falls below a bound, and only after a cycle."""
    numbers, efficiency = efficiencies(experiment.cycling)
    low = numbers[(efficiency < read_quantity(arguments["below"], "fraction")) & (numbers > 1)]
    value = float(bool(low.size and low[0] > int(arguments["after"])))
    return value, value


def fades(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Whether a cell keeps less than a part of its capacity, or has failed before."""
    ratio, _ = capacity_ratio(experiment, arguments, context)
    if capacity(experiment.cycling, arguments, "reference") == 0.0:
        return 0.0, 0.0  # gone before
    if math.isnan(ratio):
        return NO_ANSWER
    value = float(ratio < read_quantity(arguments["below"], "fraction"))
    return value, value


# ---- spectra ----------------------------------------------------------------------------------------------------


def resistance_of(spectrum: Measurement) -> float:
    """Real part where the arcs end and the diffusion begins: the last minimum of -Im Z towards low frequency [Ohm]."""
    order = np.argsort(-spectrum.array(Column.FREQUENCY))
    z = spectrum.impedance[order]
    loss = -z.imag
    minima = np.flatnonzero((loss[1:-1] <= loss[:-2]) & (loss[1:-1] <= loss[2:])) + 1
    return float(z.real[minima[-1]] if minima.size else z.real[0])


def cell_resistance(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Resistance of the whole cell up to its diffusion, from one spectrum (0: the last)."""
    spectra = [s for record in experiment.of_kind("impedance") for s in record.spectra()]
    index = int(arguments.get("spectrum", 0)) - 1
    if not -len(spectra) <= index < len(spectra):
        return NO_ANSWER
    value = resistance_of(spectra[index])
    return value, value


def resistance_rises(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """Whether the cell's resistance in the last spectrum is more than `factor` times that in the first."""
    first, _ = cell_resistance(experiment, {"spectrum": 1}, context)
    last, _ = cell_resistance(experiment, {}, context)
    value = float(last > float(arguments["factor"]) * first)
    return (value, value) if math.isfinite(first + last) else NO_ANSWER


def apparent_diffusivity(experiment: Experiment, arguments: Mapping[str, Any], context: "Context") -> "Answer":
    """D = R^2 T^2/(2 A^2 n^4 F^4 C^2 s^2) of the last spectrum, C of all exchangeable sodium.

    `line` "forced": s is the slope of Re Z against w^-1/2 over the lowest decade of frequency, whatever its angle, as
    such values are often made; else the analysis that looks for a line of 45 degrees and may refuse.
    """
    spectra = [s for record in experiment.of_kind("impedance") for s in record.spectra()]
    if not spectra:
        return NO_ANSWER
    material = materials.load_material(context.cell.cathode.material).properties  # type: ignore[union-attr]
    concentration = 2 * material["density"].si / material["molar_mass"].si
    spectrum = spectra[-1]
    if arguments.get("line") != "forced":
        found = analysis.diffusion_coefficient_of(spectrum, concentration)
        return (found.value, found.value) if found.value is not None else NO_ANSWER
    frequency = spectrum.array(Column.FREQUENCY)
    low = frequency <= 10.001 * frequency.min()
    root = 1 / np.sqrt(2 * np.pi * frequency[low])
    slope = float(np.polyfit(root, spectrum.impedance.real[low], 1)[0])
    found = analysis.diffusion_coefficient(
        slope,
        area=spectrum.metadata.geometry.area,
        temperature=float(spectrum.metadata.temperature),
        concentration=concentration,
        two_phase=True,
    )
    return (found.value, found.value) if found.value is not None else NO_ANSWER


ANALYSES = {
    "discharge-capacity": discharge_capacity,
    "capacity-ratio": capacity_ratio,
    "capacity-loss": capacity_loss,
    "coulombic-efficiency": coulombic_efficiency,
    "voltage-gap": voltage_gap,
    "discharge-end-voltage": discharge_end_voltage,
    "cycles-at-capacity": cycles_at_capacity,
    "endless-charge": endless_charge,
    "fails-softly": fails_softly,
    "efficiency-falls": efficiency_falls,
    "fades": fades,
    "cell-resistance": cell_resistance,
    "resistance-rises": resistance_rises,
    "apparent-diffusivity": apparent_diffusivity,
}
