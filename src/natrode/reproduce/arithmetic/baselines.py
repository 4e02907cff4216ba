"""Naive baselines: what one would expect without the model."""

import math

from natrode import materials
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import OHM_CM2, electrolyte_asr, printed
from natrode.reproduce.library import find_figure
from natrode.units import from_si, read_quantity


@listed
def unity() -> Computed:
    """Baseline: a ratio of one, where nothing is lost or nothing is changed."""
    return Computed(1.0, "1", "fraction", "1")


@listed
def lost_charge(efficiency: str) -> Computed:
    """Baseline: the capacity falls by what is charged and does not come back.

    Args:
        efficiency: id of the figure of a Coulombic efficiency.

    Returns:
        1 less the published efficiency [-].
    """
    return Computed(1.0 - printed(efficiency), "1", "fraction", f"what {efficiency} leaves")


@listed
def same_as(figure: str, times: float = 1.0) -> Computed:
    """Baseline: the published value of another figure, or a multiple of it.

    Args:
        figure: id of the figure.
        times: factor [-].

    Returns:
        The value in the unit of that figure.
    """
    found = find_figure(figure)
    value = from_si(printed(figure), found.unit, found.dimension) * times
    return Computed(value, found.unit, found.dimension, f"{figure} times {times:g}: {value:g} {found.unit}")


@listed
def ohmic_drop(paper: str, cell: str, current_density: str, times: float = 1.0) -> Computed:
    """Baseline: the ohmic drop of a cell's electrolyte, its interfaces left out.

    Args:
        paper: key of the paper.
        cell: name of the cell, which gives electrolyte, thickness and temperature.
        current_density: with unit.
        times: 2 for the distance between both directions [-].

    Returns:
        i L/sigma(T) [mV].
    """
    asr = electrolyte_asr(paper, cell)
    value = times * read_quantity(current_density, "current density") * asr * 1e3
    text = f"{asr / OHM_CM2:.1f} Ohm cm2 of electrolyte at {current_density}: {value:.1f} mV"
    return Computed(value, "mV", "voltage", text, {"asr_ohm_cm2": asr / OHM_CM2})


@listed
def fresh_voltage(paper: str, cell: str, current_density: str, resistance: str) -> Computed:
    """Baseline: the voltage of the fresh cell, which nothing changes.

    Args:
        paper: key of the paper.
        cell: name of the cell, which gives electrolyte, thickness and temperature.
        current_density: with unit.
        resistance: id of the figure with the fresh resistance of one interface.

    Returns:
        i (L/sigma + 2 R) [mV].
    """
    asr = electrolyte_asr(paper, cell) + 2 * printed(resistance)
    value = read_quantity(current_density, "current density") * asr * 1e3
    text = f"{asr / OHM_CM2:.1f} Ohm cm2 of fresh cell at {current_density}: {value:.1f} mV"
    return Computed(value, "mV", "voltage", text, {"asr_ohm_cm2": asr / OHM_CM2})


def _cycles_until_stripped(figure: str, stripping: str, capacity: str) -> float:
    charge = printed(figure) * read_quantity(stripping, "current density")
    return charge / read_quantity(capacity, "areal charge")


@listed
def cycles_until_stripped(figure: str, stripping: str, capacity: str) -> Computed:
    """Baseline: the cycle in which the charge stripped so far, with no refilling, reaches that of a one-sided test.

    Args:
        figure: id of the time that the one-sided test took.
        stripping: its current density, with unit.
        capacity: charge per half cycle, with unit.

    Returns:
        Number of the cycle [-].
    """
    cycles = _cycles_until_stripped(figure, stripping, capacity)
    return Computed(cycles, "1", "number", f"the charge of {figure} is that of {cycles:.1f} half cycles of {capacity}")


@listed
def life_until_stripped(figure: str, stripping: str, capacity: str, cycle: str) -> Computed:
    """Baseline: the time after which the charge stripped, with no refilling, reaches that of a one-sided test.

    Args:
        figure: id of the time that the one-sided test took.
        stripping: its current density, with unit.
        capacity: charge per half cycle, with unit.
        cycle: length of a cycle, with unit.

    Returns:
        Time [h].
    """
    hours = _cycles_until_stripped(figure, stripping, capacity) * read_quantity(cycle, "time") / 3600
    return Computed(hours, "h", "time", f"the charge of {figure} is stripped after {hours:.1f} h")


@listed
def life_at_equal_charge(figure: str, current: str, other: str) -> Computed:
    """Baseline: a life scaled to another current density at equal total charge.

    Args:
        figure: id of the known life.
        current: current density of that life, with unit.
        other: current density asked for, with unit.

    Returns:
        Time [h].
    """
    ratio = read_quantity(current, "current density") / read_quantity(other, "current density")
    hours = printed(figure) / 3600 * ratio
    return Computed(hours, "h", "time", f"the charge of {figure} passes in {hours:.1f} h at {other}")


@listed
def cycles_in(figure: str, cycle: str) -> Computed:
    """Baseline: a published life as a number of cycles.

    Args:
        figure: id of the life.
        cycle: length of a cycle, with unit.

    Returns:
        Number of cycles [-].
    """
    count = printed(figure) / read_quantity(cycle, "time")
    return Computed(count, "1", "number", f"{figure} is {count:.0f} cycles of {cycle}")


@listed
def proportional_voltage(figure: str, current: str, other: str) -> Computed:
    """Baseline: a voltage in proportion to the current density.

    Args:
        figure: id of the known voltage.
        current: its current density, with unit.
        other: current density asked for, with unit.

    Returns:
        V [mV].
    """
    ratio = read_quantity(other, "current density") / read_quantity(current, "current density")
    value = printed(figure) * 1e3 * ratio
    return Computed(value, "mV", "voltage", f"{figure} in proportion to the current: {value:.0f} mV")


@listed
def straight_line(first: str, second: str, at: float) -> Computed:
    """Baseline: a straight line through two published figures.

    Args:
        first: id of the figure at 0.
        second: id of the figure at 1.
        at: place between them (or beyond) [-].

    Returns:
        The value in the unit of the first figure.
    """
    found = find_figure(first)
    si = printed(first) + at * (printed(second) - printed(first))
    value = from_si(si, found.unit, found.dimension)
    text = f"straight line from {first} to {second}: {value:.4g} {found.unit}"
    return Computed(value, found.unit, found.dimension, text)


@listed
def unbounded_parabola(time: str, reference: str) -> Computed:
    """Baseline: growth with the root of time that never stops.

    Args:
        time: with unit.
        reference: with unit.

    Returns:
        sqrt(time/reference) [-].
    """
    ratio = math.sqrt(read_quantity(time, "time") / read_quantity(reference, "time"))
    return Computed(ratio, "1", "number", f"the root of time grows {ratio:.2f} times from {reference} to {time}")


@listed
def contact_time_constant(interface: str) -> Computed:
    """Baseline: the time constant of charge transfer, which a loss of area leaves as it is.

    Args:
        interface: name of the interface.

    Returns:
        R_c C_dl [s].
    """
    parameters = materials.load_interface(interface).parameters
    values = [parameters[name] for name in ("contact_resistance", "double_layer_capacitance")]
    constant = math.prod(value.si for value in values if not isinstance(value, str))
    return Computed(constant, "s", "time", f"R_c C_dl of {interface} is {constant:.1e} s")
