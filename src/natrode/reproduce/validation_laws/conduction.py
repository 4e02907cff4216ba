"""Conduction in the electrolyte."""

from natrode.constants import ROOM_TEMPERATURE
from natrode.physics import transport
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import material_value
from natrode.units import read_quantity


@listed
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
            material_value(material, "conductivity"),
            ROOM_TEMPERATURE,
            material_value(material, "conductivity_activation_energy"),
        )
    )
    text = f"{material} has {value / 100:.3g} S/cm at {temperature}"
    return Computed(value / 100, "S/cm", "conductivity", text, {"conductivity_s_cm": value / 100})


@listed
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
