"""Figures of other papers that are laws, not runs of one cell: contact, creep, conduction, statistics, series of runs.

Published inputs stand in the validation files, material values and laws in natrode's data and physics. A truth is
returned as 1 or 0.
"""

import math
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from natrode import analysis, materials
from natrode.cell import Cell
from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.errors import SpecificationError
from natrode.measurement import Column, Experiment
from natrode.physics import constriction, contact, creep, fracture, hybrid, replenishment, transport, vacancies, voids
from natrode.protocol import CriticalCurrentRamp, Protocol
from natrode.reproduce import library
from natrode.reproduce.arithmetic import FUNCTIONS, Computed, Function
from natrode.reproduce.paper import VALIDATION
from natrode.simulate import kernel, parameters, symmetric
from natrode.units import read_quantity, write_quantity


def _listed(function: Function) -> Function:
    FUNCTIONS[function.__name__] = function
    return function


# ---- what the functions share ----------------------------------------------------------------------------------


def _parameters(interface: str) -> dict[str, float]:
    """SI values of an interface by name."""
    known = materials.load_interface(interface).parameters
    return {name: value.si for name, value in known.items() if not isinstance(value, str)}


def _recession(interface: str) -> float:
    """Thickness of metal per charge [m3/C]."""
    metal = materials.load_material(materials.load_interface(interface).metal)
    return metal.properties["molar_volume"].si / FARADAY


def _property(material: str, name: str) -> float:
    return materials.load_material(material).properties[name].si


def _truth(value: bool, sentence: str, numbers: dict[str, float]) -> Computed:
    return Computed(float(value), "1", "number", sentence, numbers)


def _number(value: float, sentence: str, numbers: dict[str, float] | None = None) -> Computed:
    return Computed(value, "1", "number", sentence, numbers or {"value": value})


# ---- contact under pressure ------------------------------------------------------------------------------------


def _pressed(interface: str, pressure: float) -> float:
    """Contact fraction of the plastic law alone, at a pressure [Pa]."""
    return float(contact.plastic_contact_fraction(pressure, _parameters(interface)["hardness"]))


@_listed
def plastic_contact(interface: str, pressure: str) -> Computed:
    """Contact fraction of a metal that flows plastically under a stack pressure.

    Args:
        interface: name of the interface, which gives the hardness.
        pressure: with unit.

    Returns:
        a [-].

    Formula: a = P/(P + H), H = 3 sigma_y.

    Source: compared with Eckhardt et al., Adv. Mater. Interfaces 10 (2023) 2202354.
    """
    fraction = _pressed(interface, read_quantity(pressure, "pressure"))
    hardness = _parameters(interface)["hardness"] / 1e6
    return Computed(
        fraction,
        "1",
        "fraction",
        f"hardness {hardness:.3g} MPa gives a contact fraction of {fraction:.3g} at {pressure}",
        {"contact_fraction": fraction, "hardness_mpa": hardness},
    )


@_listed
def contact_resistance_ratio(interface: str, low: str, high: str) -> Computed:
    """Ratio of the contact resistances at two stack pressures.

    Args:
        interface: name of the interface, which gives the hardness.
        low: lower pressure, with unit.
        high: higher pressure, with unit.

    Returns:
        R(low)/R(high) [-].

    Formula: R ~ 1/a, a = P/(P + H).

    Source: compared with Eckhardt et al., Adv. Mater. Interfaces 10 (2023) 2202354.
    """
    ratio = _pressed(interface, read_quantity(high, "pressure")) / _pressed(interface, read_quantity(low, "pressure"))
    return _number(ratio, f"the resistance at {low} is {ratio:.3g} times that at {high}")


@_listed
def contact_pressure_exponent(interface: str, low: str, high: str) -> Computed:
    """Exponent of the stack pressure in the contact resistance, between two pressures.

    Args:
        interface: name of the interface, which gives the hardness.
        low: lower pressure, with unit.
        high: higher pressure, with unit.

    Returns:
        ln[R(high)/R(low)]/ln(high/low) [-].

    Formula: R ~ 1/a, a = P/(P + H); -H/(P + H) at one pressure.

    Source: compared with arXiv 2501.00600 (Li6PS5Cl) and Adv. Mater. Interfaces 10 (2023) 2202354 (garnet).
    """
    ends = read_quantity(low, "pressure"), read_quantity(high, "pressure")
    first, last = (_pressed(interface, pressure) for pressure in ends)
    exponent = -math.log(last / first) / math.log(ends[1] / ends[0])
    return _number(exponent, f"the resistance goes with the pressure to the power {exponent:.2f} from {low} to {high}")


@_listed
def contact_area_exponent(interface: str) -> Computed:
    """Exponent of the contact area in the interface resistance.

    Args:
        interface: name of the interface.

    Returns:
        d ln R/d ln a [-].

    Formula: R = R_c/(A_r a).

    Source: compared with arXiv 2501.00600 (2025).
    """
    known = _parameters(interface)
    whole, half = (
        hybrid.fresh_interface_resistance(known["contact_resistance"], known["area_ratio"], share)
        for share in (1.0, 0.5)
    )
    exponent = math.log(float(half / whole)) / math.log(0.5)
    return _number(exponent, f"half the contact has {half / whole:.2f} times the resistance")


@_listed
def contact_still_improves(interface: str, low: str, high: str, share: float) -> Computed:
    """Whether the contact resistance still falls between two high stack pressures.

    Args:
        interface: name of the interface, which gives the hardness.
        low: lower pressure, with unit.
        high: higher pressure, with unit.
        share: fall that would be seen [-].

    Returns:
        1 if R falls by more than `share`.

    Formula: R ~ 1/a, a = P/(P + H).

    Source: compared with Brighi et al., Adv. Mater. Interfaces (2022), 10.1002/admi.202101254.
    """
    first, last = (_pressed(interface, read_quantity(end, "pressure")) for end in (low, high))
    fall = 1 - first / last
    text = f"the resistance falls by {100 * fall:.1f} % from {low} to {high}; {100 * share:.0f} % would be seen"
    return _truth(fall > share, text, {"fall_percent": 100 * fall})


@_listed
def constriction_share(interface: str, contact_fraction: float, charge_transfer: str) -> Computed:
    """Whether the constriction in the electrolyte outweighs a small charge transfer resistance.

    Args:
        interface: name of the interface, which gives spot spacing and electrolyte.
        contact_fraction: a [-].
        charge_transfer: R_ct per true contact area, with unit.

    Returns:
        1 if R_con > R_ct/a.

    Formula: R_con = (pi/4) b psi(sqrt a)/(sigma sqrt a).

    Source: compared with Eckhardt, Klar, Janek, Heiliger, ACS Appl. Mater. Interfaces 14 (2022).
    """
    found = materials.load_interface(interface)
    resistivity = 1 / _property(found.electrolyte, "conductivity")
    narrow = constriction.constriction_resistance(
        contact_fraction, _parameters(interface)["patch_spacing"], resistivity
    )
    transfer = read_quantity(charge_transfer, "area-specific resistance") / contact_fraction
    numbers = {"constriction_ohm_cm2": 1e4 * float(narrow), "charge_transfer_ohm_cm2": 1e4 * transfer}
    text = f"constriction {1e4 * narrow:.2g} Ohm cm2, charge transfer {1e4 * transfer:.2g} Ohm cm2"
    return _truth(bool(narrow > transfer), text, numbers)


# ---- replenishment ---------------------------------------------------------------------------------------------


def _replenished(interface: str, pressure: float, temperature: float) -> float:
    """Current density per geometric area that replenishment feeds a fresh contact [A/m2]."""
    known = _parameters(interface)
    rate = replenishment.replenishment_current_density(
        known["replenishment_current_density"],
        temperature,
        ROOM_TEMPERATURE,
        known["replenishment_activation_energy_interface"],
        pressure,
        known["replenishment_pressure_slope"],
    )
    fraction = max(known["contact_fraction"], _pressed(interface, pressure))
    return voids.replenishment_flux(rate, known["area_ratio"], fraction, 1.0)


@_listed
def replenishment_per_area(interface: str, pressure: str, temperature: str = "25 degC") -> Computed:
    """Largest stripping current density without voids.

    Args:
        interface: name of the interface.
        pressure: stack pressure, with unit.
        temperature: with unit.

    Returns:
        J [mA/cm2].

    Formula: J = (j_r + m_P P) exp[-(E/k)(1/T - 1/T0)] A_r a, a the larger of a0 and P/(P + H).

    Source: linear in P: Spencer Jolly et al., ACS Appl. Mater. Interfaces 12 (2020) 678.
    """
    value = _replenished(interface, read_quantity(pressure, "pressure"), read_quantity(temperature, "temperature")) / 10
    text = f"replenishment feeds {value:.3g} mA/cm2 at {pressure} and {temperature}"
    return Computed(value, "mA/cm2", "current density", text, {"current_ma_cm2": value})


@_listed
def replenishment_exponent(interface: str, low: str, high: str) -> Computed:
    """Exponent of the stack pressure in the largest stripping current density without voids.

    Args:
        interface: name of the interface.
        low: lower pressure, with unit.
        high: higher pressure, with unit.

    Returns:
        ln[J(high)/J(low)]/ln(high/low) [-].

    Formula: J as in `replenishment_per_area`; 1 for a straight line through the origin.

    Source: compared with Spencer Jolly et al., ACS Appl. Mater. Interfaces 12 (2020) 678.
    """
    ends = read_quantity(low, "pressure"), read_quantity(high, "pressure")
    first, last = (_replenished(interface, pressure, ROOM_TEMPERATURE) for pressure in ends)
    exponent = math.log(last / first) / math.log(ends[1] / ends[0])
    text = f"{first / 10:.2g} mA/cm2 at {low}, {last / 10:.2g} mA/cm2 at {high}: exponent {exponent:.2f}"
    return _number(exponent, text, {"exponent": exponent, "low_ma_cm2": first / 10, "high_ma_cm2": last / 10})


# ---- voids against charge --------------------------------------------------------------------------------------


@_listed
def contact_lost(interface: str, charge: str) -> Computed:
    """Contact that one-way stripping takes away, with the void capacity of the interface's data.

    Args:
        interface: name of the interface.
        charge: stripped, with unit.

    Returns:
        1 - a/a0 [%].

    Formula: a/a0 = (1 - mu v/h)^(1/mu), v = U q, no replenishment.

    Source: compared with Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    known = _parameters(interface)
    void = _recession(interface) * read_quantity(charge, "areal charge")
    left = voids.contact_loss_factor(void, known["void_capacity"], known["contact_shape"])
    text = f"{1e6 * void:.2g} um stripped from a void capacity of {1e6 * known['void_capacity']:.2g} um"
    return Computed(
        100 * (1 - left), "%", "fraction", f"{text}: {100 * (1 - left):.0f} % of the contact is lost", {"left": left}
    )


@_listed
def contact_lost_from_first_point(interface: str, charge: str) -> Computed:
    """Contact that one-way stripping takes away, the scale of charge taken from the first measured point.

    Args:
        interface: name of the interface, which gives the contact shape mu.
        charge: stripped, with unit.

    Returns:
        1 - a/a0 [%].

    Formula: a/a0 = (1 - mu q/q_h)^(1/mu), q_h from the first point; mu is not touched.

    Source: first point of Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    shape = _parameters(interface)["contact_shape"]
    first_charge, first_loss = _stripping_curve()[0]
    scale = first_charge / voids.void_thickness_from_factor(1 - first_loss, 1.0, shape)
    left = voids.contact_loss_factor(read_quantity(charge, "areal charge"), scale, shape)
    text = f"contact shape {shape:.2f} through the first point: {100 * (1 - left):.1f} % lost at {charge}"
    return Computed(100 * (1 - left), "%", "fraction", text, {"contact_shape": shape, "left": left})


@cache
def _stripping_curve() -> tuple[tuple[float, float], ...]:
    """Charge [C/m2] and share of the contact lost, of the measured curve."""
    points = []
    for figure in library.load_paper(VALIDATION).figures:
        if str(figure.arguments.get("function", "")).startswith("contact_lost") and figure.si is not None:
            points.append((read_quantity(figure.arguments["charge"], "areal charge"), figure.si))
    return tuple(sorted(points))


@_listed
def contact_shape_of_stripping() -> Computed:
    """Contact shape that fits the measured loss of contact against charge best.

    Returns:
        mu [-]; the deviation of ln a among the numbers.

    Formula: least squares of ln a, a/a0 = (1 - mu v/h)^(1/mu), mu and h free.

    Source: Zhao et al., Nat. Commun. 16 (2025), 10.1038/s41467-025-59567-8.
    """
    points = _stripping_curve()
    scale = points[0][0]

    def deviation(free: npt.NDArray[np.float64], /) -> list[float]:
        return [
            math.log(max(voids.contact_loss_factor(charge / scale, math.exp(free[1]), free[0]), 1e-12) / (1 - lost))
            for charge, lost in points
        ]

    fitted = least_squares(deviation, np.array([-0.5, 0.0]), bounds=([-3.0, -5.0], [0.0, 5.0]))
    shape = float(fitted.x[0])
    rms = float(np.sqrt(np.mean(np.square(fitted.fun))))
    text = f"the measured curve asks for mu = {shape:.2f} (deviation of ln a {rms:.3f}, five points, two parameters)"
    return _number(shape, text, {"contact_shape": shape, "rms_ln_a": rms})


# ---- mechanics of the metal ------------------------------------------------------------------------------------


def _sodium_flow_stress(rate: float) -> float:
    """Norton flow stress of sodium [Pa] at a strain rate [1/s]."""
    prefactor, exponent = (_property("sodium", name) for name in ("creep_prefactor", "creep_exponent"))
    return float(creep.flow_stress(rate, prefactor, exponent))


@_listed
def sodium_flow_stress(strain_rate: str) -> Computed:
    """Stress at which sodium creeps at a strain rate, by Norton's law.

    Args:
        strain_rate: with unit.

    Returns:
        sigma [MPa].

    Formula: sigma = (rate/A)^(1/n).

    Source: Wang, Chang, Wolfenstine, Sakamoto, Materialia 12 (2020) 100792.
    """
    value = _sodium_flow_stress(read_quantity(strain_rate, "rate")) / 1e6
    text = f"creep at {strain_rate} needs {value:.3f} MPa"
    return Computed(value, "MPa", "pressure", text, {"stress_mpa": value})


@_listed
def lithium_over_sodium(strain_rate: str) -> Computed:
    """Strength of lithium over that of sodium.

    Args:
        strain_rate: of sodium's flow stress, with unit.

    Returns:
        Ratio [-].

    Formula: yield strength of lithium over (rate/A)^(1/n) of sodium.

    Source: Wang, Chang, Wolfenstine, Sakamoto, Materialia 12 (2020) 100792.
    """
    lithium, sodium = _property("lithium", "yield_strength"), _sodium_flow_stress(read_quantity(strain_rate, "rate"))
    ratio = lithium / sodium
    return _number(ratio, f"{lithium / 1e6:.2f} MPa over {sodium / 1e6:.3f} MPa: {ratio:.2f}")


@_listed
def self_diffusion_energy(temperature: str) -> Computed:
    """Activation energy of the self-diffusion of sodium at one temperature.

    Args:
        temperature: with unit.

    Returns:
        Q [kJ/mol].

    Formula: Q = R T^2 d ln D/dT of the sum of two exponentials.

    Source: Mundy 1971 (quoted from memory); compared with Wang et al., Materialia 12 (2020) 100792.
    """
    kelvin = read_quantity(temperature, "temperature")
    low, high = (math.log(float(vacancies.sodium_self_diffusivity(kelvin + step))) for step in (-0.5, 0.5))
    value = GAS_CONSTANT * kelvin**2 * (high - low) / 1e3
    text = f"self-diffusion has {value:.1f} kJ/mol at {temperature}"
    return Computed(value, "kJ/mol", "molar energy", text, {"energy_kj_mol": value})


# ---- fracture and its statistics -------------------------------------------------------------------------------


@_listed
def griffith_exponent() -> Computed:
    """Exponent of the flaw length in the critical current density, as natrode takes it.

    Returns:
        d ln J/d ln c [-].

    Formula: J = J0 (c/c0)^p.

    Source: compared with Lowack, arXiv 2603.20113 (2026).
    """
    one, two = (fracture.griffith_critical_current_density(length, 1.0, 1.0) for length in (1.0, 2.0))
    exponent = math.log(float(two / one)) / math.log(2.0)
    return _number(exponent, f"twice the flaw has {two / one:.2f} times the critical current: exponent {exponent:.2f}")


@_listed
def shorter_flaws_raise_current() -> Computed:
    """Whether shorter flaws raise the critical current density of plating.

    Returns:
        1 if they do.

    Formula: J = J0 (c/c0)^p.

    Source: compared with Nat. Energy (2025), 10.1038/s41560-025-01847-0.
    """
    exponent = griffith_exponent().value
    return _truth(exponent < 0, f"the exponent of the flaw length is {exponent:.2f}", {"exponent": exponent})


@_listed
def critical_current_spread(interface: str) -> Computed:
    """Ratio of the highest to the lowest critical current density of nominally equal cells, 5-95 %.

    Args:
        interface: name of the interface, which gives the Weibull modulus.

    Returns:
        J_95/J_5 [-].

    Formula: [ln(1 - 0.95)/ln(1 - 0.05)]^(1/m).

    Source: compared with an abstract of WCCM-ECCOMAS 2026 on a stochastic model.
    """
    modulus = _parameters(interface)["flaw_modulus"]
    low, high = (float(fracture.weibull_quantile(p, 1.0, modulus, 1.0)) for p in (0.05, 0.95))
    ratio = high / low
    return _number(ratio, f"Weibull modulus {modulus:g}: a factor {ratio:.2g} between the 5 % and 95 % cells")


# ---- conduction ------------------------------------------------------------------------------------------------


@_listed
def conductivity_at(material: str, temperature: str) -> Computed:
    """Conductivity of an electrolyte at a temperature, from its value at 25 degC and its activation energy.

    Args:
        material: name of the electrolyte.
        temperature: with unit.

    Returns:
        sigma [S/cm].

    Formula: sigma = sigma0 exp[-(E/k)(1/T - 1/T0)].

    Source: compared with Deng et al., Nat. Commun. 13 (2022), 10.1038/s41467-022-32190-7.
    """
    value = float(
        transport.arrhenius_conductivity(
            read_quantity(temperature, "temperature"),
            _property(material, "conductivity"),
            ROOM_TEMPERATURE,
            _property(material, "conductivity_activation_energy"),
        )
    )
    text = f"{material} has {value / 100:.3g} S/cm at {temperature}"
    return Computed(value / 100, "S/cm", "conductivity", text, {"conductivity_s_cm": value / 100})


@_listed
def levelling_length(conductivity: str, resistance: str) -> Computed:
    """Length over which an interface evens out the current in the electrolyte.

    Args:
        conductivity: of the electrolyte, with unit.
        resistance: of the interface, with unit.

    Returns:
        sigma R [um].

    Formula: sigma R.

    Source: Shishvan, Fleck, McMeeking, Deshpande, Eur. J. Mech. A/Solids (2023).
    """
    sigma, interface = (
        read_quantity(conductivity, "conductivity"),
        read_quantity(resistance, "area-specific resistance"),
    )
    value = 1e6 * float(transport.wagner_length(sigma, interface))
    return Computed(value, "um", "length", f"{conductivity} and {resistance}: {value:.3g} um", {"length_um": value})


# ---- series of runs --------------------------------------------------------------------------------------------


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


@_listed
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


@_listed
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
    return _truth(upwards, f"the line is left at {each} mA/cm2", numbers)


@_listed
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
    return _truth(nearer, f"ln V deviates from an exponential and from a power law by {'; '.join(parts)}", numbers)


@_listed
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


@_listed
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
    tougher = {name: {"crack_overpotential": factor * _parameters(name)["crack_overpotential"]}}
    low, high = (_largest(_critical(plain, _protocol(protocol), changes), cell) for changes in ({}, tougher))
    text = f"{low / 10:.2g} and {high / 10:.2g} mA/cm2: {high / low:.2f} times with {factor:g} times the overpotential"
    return _number(high / low, text, {"ratio": high / low, "plain_ma_cm2": low / 10, "tougher_ma_cm2": high / 10})


@_listed
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
    return _truth(flat, f"{each} mA/cm2 at {', '.join(capacities)}, in steps of {step / 10:g}", numbers)


@_listed
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
    return _truth(spread[0] > spread[1], text, {"current_factor": spread[0], "charge_factor": spread[1]})
