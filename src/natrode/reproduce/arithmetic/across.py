"""What sets the papers apart: temperature and electrolyte."""

from natrode.constants import ROOM_TEMPERATURE
from natrode.physics import replenishment
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import material_value
from natrode.units import read_quantity


@listed
def temperature_factors(temperature: str) -> Computed:
    """How much faster the contact is replenished at a temperature than at 25 degC, by both temperature laws.

    Args:
        temperature: with unit.

    Returns:
        Factor of the interface law, 0.14 eV; of the creep law, 0.45 eV, among the numbers.
    """
    kelvin = read_quantity(temperature, "temperature")
    interface, creep = (
        replenishment.replenishment_current_density(1.0, kelvin, ROOM_TEMPERATURE, energy, 0.0, 0.0)
        for energy in (replenishment.INTERFACE_ACTIVATION_ENERGY_EV, replenishment.CREEP_ACTIVATION_ENERGY_EV)
    )
    text = f"{temperature} speeds the replenishment up {interface:.2f} (0.14 eV) to {creep:.1f} times (0.45 eV)"
    return Computed(interface, "1", "number", text, {"interface": interface, "creep": creep})


@listed
def across_critical_currents() -> Computed:
    """How far temperature and electrolyte alone set apart the critical currents of the papers.

    Returns:
        Ratio of the highest to the lowest conductivity of the NZSP [-]; temperature factors among the numbers.
    """
    names = ("nzsp-hna", "nzsp-bh", "nzsp-pbc")
    conductivities = [material_value(name, "conductivity") for name in names]
    ratio = max(conductivities) / min(conductivities)
    factors = temperature_factors("70 degC").numbers
    text = (
        f"room temperature against 70 degC is a factor {factors['interface']:.1f} to {factors['creep']:.1f} in "
        f"replenishment, 0.61 against 4.8 mS/cm a factor {ratio:.1f} in conductivity; pressures are unknown, protocols "
        "differ"
    )
    return Computed(ratio, "1", "number", text, {"conductivity_ratio": ratio, **factors})
