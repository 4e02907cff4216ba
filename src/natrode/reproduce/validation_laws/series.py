"""Series of runs: ramps at several temperatures, of several cells, with several charges per half cycle."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from natrode import analysis
from natrode.cell import Cell
from natrode.constants import BOLTZMANN_EV
from natrode.errors import SpecificationError
from natrode.measurement import Column, Experiment
from natrode.protocol import CriticalCurrentRamp, Protocol
from natrode.reproduce import library
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.paper import VALIDATION
from natrode.reproduce.validation_laws.shared import number, parameters_of, truth
from natrode.simulate import kernel, parameters, symmetric
from natrode.units import read_quantity, write_quantity


def _cell(name: str, **changes: object) -> Cell:
    found = library.load_paper(VALIDATION).cell(name)
    assert isinstance(found, Cell)
    return found.model_copy(update=changes)


def _protocol(name: str) -> Protocol:
    return library.load_paper(VALIDATION).protocol(name)


def _electrolyte(model: parameters.Model, protocol: Protocol) -> float:
    """Resistance of the pellet [Ohm] at the start."""
    table = parameters.conditions(model, protocol.temperature, protocol.pressure)
    return float(table[0, kernel.ELECTROLYTE_RESISTANCE])


def _onset(experiment: Experiment) -> float:
    """Current density at which a linear ramp leaves the ohmic line, upwards [A/m2]."""
    found = analysis.critical_current_from_ramp(experiment.cycling)
    if found.value is None:
        raise SpecificationError(f"no current at which the ramp leaves the ohmic line: {found.reason}")
    return found.value


@listed
def ramp_activation_energy(cells: list[str], protocol: str, law: str, temperatures: list[str]) -> Computed:
    """Activation energy of the critical current density in linear current ramps.

    Args:
        cells: names of cells of the validation files; the mean over them is the value.
        protocol: name of the ramp there.
        law: temperature law of replenishment, "interface" or "creep".
        temperatures: with unit.

    Returns:
        E [eV]; that of each cell among the numbers.

    Formula: slope of ln j_crit against -1/(k T), least squares.

    Source: procedure of Lowack et al., arXiv 2603.23340 (2026).
    """
    kelvin = [read_quantity(text, "temperature") for text in temperatures]
    found = {}
    for name in cells:
        currents = [
            _onset(symmetric.simulate(_cell(name, temperature=t, replenishment_law=law), _protocol(protocol)))
            for t in kelvin
        ]
        found[name] = -float(np.polyfit(1 / (BOLTZMANN_EV * np.array(kelvin)), np.log(currents), 1)[0])
    value = float(np.mean(list(found.values())))
    each = ", ".join(f"{name} {energy:.3f}" for name, energy in found.items())
    text = f"ramps at {', '.join(temperatures)} with the {law} law: {each} eV"
    return Computed(value, "eV", "energy per particle", text, found)


def _ramps(cells: list[str], protocol: str) -> Iterator[tuple[str, Experiment]]:
    for name in cells:
        yield name, symmetric.simulate(_cell(name), _protocol(protocol))


@listed
def ramp_turns_upwards(cells: list[str], protocol: str) -> Computed:
    """Whether the voltage of a linear current ramp follows a straight line and then leaves it upwards.

    Args:
        cells: names of cells of the validation files.
        protocol: name of the ramp there.

    Returns:
        1 if it does in every cell; the current densities in mA/cm2 among the numbers.

    Formula: V = R i up to j_crit; then 5 % and more above it.

    Source: compared with Lowack et al., arXiv 2603.23340 (2026).
    """
    found = {name: analysis.critical_current_from_ramp(run.cycling) for name, run in _ramps(cells, protocol)}
    numbers = {name: math.nan if result.value is None else result.value / 10 for name, result in found.items()}
    upwards = all(result.value is not None and result.scope == "stripping side" for result in found.values())
    each = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items())
    return truth(upwards, f"the line is left at {each} mA/cm2", numbers)


@listed
def ramp_is_exponential(cells: list[str], protocol: str) -> Computed:
    """Whether the voltage of a linear current ramp above j_crit is nearer to an exponential than to a power law.

    Args:
        cells: names of cells of the validation files.
        protocol: name of the ramp there.

    Returns:
        1 if it is in every cell; the deviations of ln V from both laws among the numbers.

    Formula: ln V linear in i, or in ln i, least squares from j_crit to the end.

    Source: compared with Lowack et al., arXiv 2603.23340 (2026).
    """
    numbers: dict[str, float] = {}
    parts = []
    for name, run in _ramps(cells, protocol):
        record = run.cycling
        current = record.array(Column.CURRENT) / record.metadata.geometry.area
        beyond = current >= _onset(run)
        voltage = np.log(record.array(Column.VOLTAGE)[beyond])
        deviations = []
        for law, axis in (("exponential", current[beyond]), ("power", np.log(current[beyond]))):
            line = np.polyval(np.polyfit(axis, voltage, 1), axis)
            deviations.append(float(np.sqrt(np.mean((voltage - line) ** 2))))
            numbers[f"{name}_{law}"] = deviations[-1]
        parts.append(f"{name} {deviations[0]:.2f} against {deviations[1]:.2f}")
    nearer = all(numbers[f"{name}_exponential"] < numbers[f"{name}_power"] for name in cells)
    return truth(nearer, f"ln V deviates from an exponential and from a power law by {'; '.join(parts)}", numbers)


@listed
def interface_activation_energy(cell: str, protocol: str, low: str, high: str) -> Computed:
    """Activation energy of the interface resistance, from spectra at two temperatures.

    Args:
        cell: name of a cell of the validation files.
        protocol: name of a protocol with one spectrum there.
        low: lower temperature, with unit.
        high: higher temperature, with unit.

    Returns:
        E [eV].

    Formula: ln[R(low)/R(high)] = (E/k)(1/T_low - 1/T_high).

    Source: compared with Eckhardt et al., Adv. Mater. Interfaces 10 (2023) 2202354.
    """
    kelvin = [read_quantity(text, "temperature") for text in (low, high)]
    found = []
    for temperature in kelvin:
        changed = _cell(cell, temperature=temperature)
        experiment = symmetric.simulate(changed, _protocol(protocol))
        pellet = _electrolyte(parameters.assemble(changed), _protocol(protocol))
        result = analysis.interface_resistance(experiment.impedance.spectra()[-1], pellet, per="interface")
        if result.value is None:
            raise SpecificationError(f"{cell}: no interface resistance: {result.reason}")
        found.append(result.value)
    value = BOLTZMANN_EV * math.log(found[0] / found[1]) / (1 / kelvin[0] - 1 / kelvin[1])
    text = f"{1e4 * found[0]:.3g} Ohm cm2 at {low}, {1e4 * found[1]:.3g} Ohm cm2 at {high}: {value:.3f} eV"
    return Computed(value, "eV", "energy per particle", text, {"energy_ev": value})


def _with_capacity(protocol: Protocol, capacity: str) -> Protocol:
    """The protocol with another charge per half cycle in its critical-current ramp."""
    charge = read_quantity(capacity, "areal charge")
    steps = tuple(
        step.model_copy(update={"capacity": charge, "duration": None})
        if isinstance(step, CriticalCurrentRamp)
        else step
        for step in protocol.steps
    )
    return protocol.model_copy(update={"steps": steps})


def _critical(cell: Cell, protocol: Protocol, changes: parameters.Overrides | None = None) -> analysis.CriticalCurrent:
    model = parameters.override(parameters.assemble(cell), cell, changes or {})
    return analysis.critical_current_density(symmetric.run(model, cell, protocol), _electrolyte(model, protocol))


def _largest(found: analysis.CriticalCurrent, what: str) -> float:
    """Largest current density survived [A/m2]."""
    if found.largest_survived.value is None:
        raise SpecificationError(f"{what}: no critical current density: {found.largest_survived.reason}")
    return found.largest_survived.value


@listed
def gain_of_toughness(cell: str, protocol: str, factor: float) -> Computed:
    """Ratio of the critical current densities with a tougher electrolyte and without.

    Args:
        cell: name of a cell of the validation files.
        protocol: name of a critical-current ramp there.
        factor: crack overpotential of the tougher electrolyte over that of the plain one [-].

    Returns:
        Ratio [-].

    Formula: short where the damage of (i R_int/eta_c)^n over time reaches 1.

    Source: compared with Duan et al., Mater. Today (2023), 10.1016/j.mattod.2023.10.003.
    """
    plain = _cell(cell)
    name = plain.electrode.working.interface
    tougher = {name: {"crack_overpotential": factor * parameters_of(name)["crack_overpotential"]}}
    low, high = (_largest(_critical(plain, _protocol(protocol), changes), cell) for changes in ({}, tougher))
    text = f"{low / 10:.2g} and {high / 10:.2g} mA/cm2: {high / low:.2f} times with {factor:g} times the overpotential"
    return number(high / low, text, {"ratio": high / low, "plain_ma_cm2": low / 10, "tougher_ma_cm2": high / 10})


@listed
def capacity_plateau(cell: str, protocol: str, capacities: list[str]) -> Computed:
    """Whether the critical current density stays the same over some range of charge per half cycle.

    Args:
        cell: name of a cell of the validation files.
        protocol: name of a critical-current ramp there.
        capacities: charges per half cycle in rising order, with unit.

    Returns:
        1 if two neighbours differ by one step of the ramp at most.

    Formula: |j(q) - j(q')| <= step.

    Source: compared with Commun. Chem. (2023), 10.1038/s42004-023-01002-4.
    """
    given = _protocol(protocol)
    step = min(s.increment for s in given.steps if isinstance(s, CriticalCurrentRamp))
    found = [_largest(_critical(_cell(cell), _with_capacity(given, text)), cell) for text in capacities]
    flat = any(abs(a - b) <= step * (1 + 1e-9) for a, b in pairwise(found))
    each = ", ".join(f"{value / 10:.2g}" for value in found)
    numbers = {text: value / 10 for text, value in zip(capacities, found, strict=True)}
    return truth(flat, f"{each} mA/cm2 at {', '.join(capacities)}, in steps of {step / 10:g}", numbers)


@listed
def protocol_spread(cell: str, protocol: str, capacities: list[str]) -> Computed:
    """Whether protocols spread the critical current density more than the charge that is passed until failure.

    Args:
        cell: name of a cell of the validation files.
        protocol: name of a critical-current ramp there.
        capacities: charges per half cycle, with unit.

    Returns:
        1 if highest over lowest is larger for the current density than for the cumulative charge.

    Formula: max/min over the protocols.

    Source: compared with "Re-evaluating critical current density in solid-state batteries" (Li6PS5Cl, > 30 cells).
    """
    found = [_critical(_cell(cell), _with_capacity(_protocol(protocol), text)) for text in capacities]
    currents = [_largest(result, cell) for result in found]
    charges = [result.cumulative_charge.value or math.nan for result in found]
    spread = max(currents) / min(currents), max(charges) / min(charges)
    in_charge = ", ".join(write_quantity(charge, "areal charge", 2) for charge in charges)
    text = (
        f"critical currents spread by a factor {spread[0]:.2g}, charges until failure ({in_charge}) by {spread[1]:.2g}"
    )
    return truth(spread[0] > spread[1], text, {"current_factor": spread[0], "charge_factor": spread[1]})
