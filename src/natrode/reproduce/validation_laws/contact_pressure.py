"""Contact, and what replenishes it, under stack pressure."""

import math

from natrode import materials
from natrode.constants import ROOM_TEMPERATURE
from natrode.physics import constriction, contact, hybrid, replenishment, voids
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import material_value
from natrode.reproduce.validation_laws.shared import number, parameters_of, truth
from natrode.units import read_quantity


def _pressed(interface: str, pressure: float) -> float:
    """Contact fraction of the plastic law alone, at a pressure [Pa]."""
    return float(contact.plastic_contact_fraction(pressure, parameters_of(interface)["hardness"]))


@listed
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
    hardness = parameters_of(interface)["hardness"] / 1e6
    return Computed(
        fraction,
        "1",
        "fraction",
        f"hardness {hardness:.3g} MPa gives a contact fraction of {fraction:.3g} at {pressure}",
        {"contact_fraction": fraction, "hardness_mpa": hardness},
    )


@listed
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
    return number(ratio, f"the resistance at {low} is {ratio:.3g} times that at {high}")


@listed
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
    return number(exponent, f"the resistance goes with the pressure to the power {exponent:.2f} from {low} to {high}")


@listed
def contact_area_exponent(interface: str) -> Computed:
    """Exponent of the contact area in the interface resistance.

    Args:
        interface: name of the interface.

    Returns:
        d ln R/d ln a [-].

    Formula: R = R_c/(A_r a).

    Source: compared with arXiv 2501.00600 (2025).
    """
    known = parameters_of(interface)
    whole, half = (
        hybrid.fresh_interface_resistance(known["contact_resistance"], known["area_ratio"], share)
        for share in (1.0, 0.5)
    )
    exponent = math.log(float(half / whole)) / math.log(0.5)
    return number(exponent, f"half the contact has {half / whole:.2f} times the resistance")


@listed
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
    return truth(fall > share, text, {"fall_percent": 100 * fall})


@listed
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
    resistivity = 1 / material_value(found.electrolyte, "conductivity")
    narrow = constriction.constriction_resistance(
        contact_fraction, parameters_of(interface)["patch_spacing"], resistivity
    )
    transfer = read_quantity(charge_transfer, "area-specific resistance") / contact_fraction
    numbers = {"constriction_ohm_cm2": 1e4 * float(narrow), "charge_transfer_ohm_cm2": 1e4 * transfer}
    text = f"constriction {1e4 * narrow:.2g} Ohm cm2, charge transfer {1e4 * transfer:.2g} Ohm cm2"
    return truth(bool(narrow > transfer), text, numbers)


def _replenished(interface: str, pressure: float, temperature: float) -> float:
    """Current density per geometric area that replenishment feeds a fresh contact [A/m2]."""
    known = parameters_of(interface)
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


@listed
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


@listed
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
    return number(exponent, text, {"exponent": exponent, "low_ma_cm2": first / 10, "high_ma_cm2": last / 10})
