"""Numbers of naf-sn-2019 (NaF) recomputed: figures and flags."""

import math

from natrode.constants import FARADAY, ROOM_TEMPERATURE
from natrode.physics import thermodynamics, transport
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import MA_CM2, OHM_CM2, material_value, printed, resistance_of_i0
from natrode.units import read_quantity, to_si

NAF_THICKNESS = 60e-6
"""Film of electrolyte [m], 50-70 um; Chem. Sci. 2019, 10, 4306."""
NAF_PRINTED_RISE = 0.33
"""Overpotential added over 50 cycles as printed [V]."""


def _naf_conductivity(temperature: float) -> float:
    energy = transport.activation_energy_from_slope(printed("naf-ea-slope"), 10.0)
    return float(transport.arrhenius_conductivity(temperature, printed("naf-ea-sigma"), ROOM_TEMPERATURE, energy))


@listed
def naf_activation_energy() -> Computed:
    """Activation energy from the slope -1.63383 of the logarithm of the conductivity against 1000/T (NaF Fig 3)."""
    slope = printed("naf-ea-slope")
    decadic = transport.activation_energy_from_slope(slope, 10.0)
    natural = transport.activation_energy_from_slope(slope, math.e)
    text = f"as slope of log10: {decadic:.4f} eV, as slope of ln: {natural:.4f} eV; the printed 0.32 eV needs log10"
    return Computed(decadic, "eV", "energy per particle", text, {"decadic_ev": decadic, "natural_ev": natural})


@listed
def naf_conductivity(temperature: str) -> Computed:
    """Conductivity of the SN electrolyte at a temperature, from 0.51 mS/cm at 25 degC and the printed slope.

    Args:
        temperature: with unit.

    Returns:
        sigma [mS/cm].

    Formula: sigma(T) = sigma(25 degC) exp[-(E_a/k)(1/T - 1/T0)].
    """
    value = _naf_conductivity(read_quantity(temperature, "temperature")) * 10
    factor = value / (printed("naf-ea-sigma") * 10)
    text = f"{factor:.2f} times that at 25 degC: {value:.2f} mS/cm at {temperature}"
    return Computed(value, "mS/cm", "conductivity", text, {"factor": factor, "conductivity_ms_cm": value})


@listed
def naf_exchange_current_density() -> Computed:
    """Exchange current density that 80 mV at 0.1 mA/cm2 leave for two interfaces, against 1.73 mA/cm2 (NaF Fig 4)."""
    film = NAF_THICKNESS / printed("naf-ea-sigma")
    whole = printed("naf-sym-start") / (0.1 * MA_CM2)
    value = resistance_of_i0((whole - film) / 2) / MA_CM2
    text = (
        f"80 mV at 0.1 mA/cm2 are {whole / OHM_CM2:.0f} Ohm cm2, {(whole - film) / 2 / OHM_CM2:.0f} per interface: "
        f"{value:.3f} mA/cm2 if all of it were charge transfer, which is the least i0 can be"
    )
    return Computed(value, "mA/cm2", "current density", text, {"i0_ma_cm2": value, "cell_ohm_cm2": whole / OHM_CM2})


@listed
def naf_tafel_against_voltage() -> Computed:
    """Resistance of the M-Na cell from its i0 and electrolyte, against the one from its voltage (NaF Fig 4).

    Returns:
        Measured over expected resistance [-].
    """
    charge_transfer = resistance_of_i0(printed("naf-i0"))
    expected = (2 * charge_transfer + NAF_THICKNESS / printed("naf-ea-sigma")) / OHM_CM2
    whole = printed("naf-sym-start") / (0.1 * MA_CM2) / OHM_CM2
    text = (
        f"1.73 mA/cm2 and the electrolyte make {expected:.0f} Ohm cm2 ({0.1 * expected:.0f} mV), 80 mV are {whole:.0f} "
        f"Ohm cm2: {whole / expected:.0f} times as much, and a film would have to carry the rest"
    )
    ratio = whole / expected
    numbers = {"charge_transfer_ohm_cm2": charge_transfer / OHM_CM2, "expected_ohm_cm2": expected, "ratio": ratio}
    return Computed(ratio, "1", "number", text, numbers)


@listed
def naf_conductivity_order() -> Computed:
    """The measured conductivity over the 10^-3 S/cm of the introduction."""
    ratio = printed("naf-ea-sigma") / 0.1
    text = f"0.51 mS/cm are {ratio:.2f} times 10^-3 S/cm: right as an order of magnitude only"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


@listed
def naf_discharge_rise() -> Computed:
    """Fall of the end voltage of discharge over 50 cycles, printed as +0.33 V of overpotential (NaF Fig 5)."""
    fall = printed("naf-co2-life-start") - printed("naf-co2-life-end")
    text = f"2.34 - 2.00 = {fall:.2f} V, printed {NAF_PRINTED_RISE} V"
    return Computed(fall, "V", "voltage", text, {"fall_v": fall})


@listed
def naf_voltage_window() -> Computed:
    """The 10 V of the bare cell over the 4.86 V at which the electrolyte is oxidised (NaF Fig 3, 4)."""
    onset = printed("naf-window-lsv")
    text = (
        f"10 V are {10 / onset:.1f} times the {onset:g} V at which the electrolyte is oxidised: more than polarisation"
    )
    return Computed(10 / onset, "1", "number", text, {"ratio": 10 / onset})


def _carbonate_reaction() -> tuple[float, float]:
    """Voltage [V] and mass of the products [kg/mol] of 4 Na + 3 CO2 -> 2 Na2CO3 + C."""
    energy = thermodynamics.sodium_carbon_dioxide_gibbs_energy(
        material_value("sodium-carbonate", "formation_gibbs_energy"),
        material_value("carbon-dioxide", "formation_gibbs_energy"),
    )
    mass = 2 * material_value("sodium-carbonate", "molar_mass") + material_value("carbon", "molar_mass")
    return thermodynamics.reaction_voltage(energy, 4.0), mass


@listed
def naf_carbon_dioxide_voltage() -> Computed:
    """Equilibrium voltage of 4 Na + 3 CO2 -> 2 Na2CO3 + C from Gibbs energies of formation."""
    voltage, _ = _carbonate_reaction()
    text = f"-dG/4F = {voltage:.3f} V"
    return Computed(voltage, "V", "voltage", text, {"voltage_v": voltage})


@listed
def naf_carbon_dioxide_energy() -> Computed:
    """Energy per mass of the products of 4 Na + 3 CO2 -> 2 Na2CO3 + C."""
    voltage, mass = _carbonate_reaction()
    energy = 4 * FARADAY * voltage / mass / 3600
    text = f"4 F x {voltage:.3f} V over {mass * 1e3:.1f} g/mol are {energy:.0f} Wh/kg"
    return Computed(energy, "Wh/kg", "specific energy", text, {"energy_wh_kg": energy})


@listed
def naf_gap(current: str) -> Computed:
    """EMPIRICAL charge-discharge gap of the Na-CO2 cell: a + b ln i + R i through the points at 50, 100 and 200 mA/g.

    Args:
        current: per mass of cathode carbon, with unit.

    Returns:
        Gap [V].

    Validity: an extrapolation beyond 200 mA/g; three parameters through three points.
    """
    scale = to_si(1.0, "mA/g", "specific current")
    first, second, third = (printed(f"naf-co2-gap-{i}") for i in (50, 100, 200))
    slope = (third - 2 * second + first) / 50  # V per mA/g
    logarithmic = (second - first - 50 * slope) / math.log(2)
    constant = first - logarithmic * math.log(50) - 50 * slope
    i = read_quantity(current, "specific current") / scale
    value = constant + logarithmic * math.log(i) + slope * i
    law = f"{constant:.2f} V + {logarithmic:.3f} V ln(i) + {1e3 * slope:.1f} mV per mA/g"
    text = f"empirical {law} gives {value:.2f} V at {current}"
    numbers = {"logarithmic_v": logarithmic, "slope_mv_per_ma_g": 1e3 * slope, "gap_v": value}
    return Computed(value, "V", "voltage", text, numbers)
