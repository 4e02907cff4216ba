"""Numbers of bh-na-2021 (BH) recomputed: figures and flags."""

import math

from natrode.physics import thermodynamics
from natrode.reproduce.arithmetic import Computed, compute, listed
from natrode.reproduce.arithmetic.shared import (
    MA_CM2,
    MAH_CM2,
    MAH_G,
    OHM_CM2,
    THERMAL_VOLTAGE,
    disc,
    material_value,
    printed,
    resistance_of_i0,
)
from natrode.units import read_quantity

BH_AREA = disc(12e-3)
"""Disc [m2]; Sci. Bull. 2021, 66, 179, experimental part."""
BH_MASS = 64e-6
"""Disc of hybrid sodium 1:1 [kg]; experimental part."""


def _bh_sodium_charge() -> float:
    """Charge of all sodium in a BH disc [C]."""
    return BH_MASS / 2 * thermodynamics.specific_capacity(material_value("sodium", "molar_mass"), 1.0)


@listed
def bh_strippable_capacity() -> Computed:
    """Highest capacity per gram of sodium in BH when its SnO2 has turned into Na2O (which is lost) and Na15Sn4."""
    per_gram = thermodynamics.specific_capacity(material_value("sodium", "molar_mass"), 1.0) / MAH_G
    share = material_value("sno2-nzsp", "coating_mass_fraction")
    sodium, oxide = material_value("sodium", "molar_mass"), material_value("sno2", "molar_mass")
    lost, taken = (
        float(thermodynamics.consumed_metal_fraction(1.0, share, oxide, sodium, count))
        for count in (thermodynamics.SODIUM_PER_TIN_DIOXIDE_AS_OXIDE, thermodynamics.SODIUM_PER_TIN_DIOXIDE)
    )
    value = per_gram * (1 - lost)
    text = (
        f"full reduction takes {100 * taken:.1f} % of the sodium, {100 * lost:.1f} % for good: at most {value:.0f} "
        f"mAh/g; 1150 mAh/g are {100 * printed('bh-cap') / MAH_G / per_gram:.1f} % of all sodium"
    )
    return Computed(value, "mAh/g", "specific charge", text, {"taken": taken, "lost": lost, "capacity_mah_g": value})


@listed
def bh_exchange_current_ratio() -> Computed:
    """Ratio of the two exchange current densities, called two-fold (BH Fig 2), beside the ratio of resistances."""
    ratio = printed("bh-i0-bh") / printed("bh-i0-bare")
    resistances = printed("bh-rct-bare") / printed("bh-rct-bh")
    text = f"0.52 / 0.15 = {ratio:.2f}, not two; the resistances differ by {resistances:.1f}"
    return Computed(ratio, "1", "number", text, {"ratio": ratio, "resistance_ratio": resistances})


@listed
def bh_exchange_current_density(anode: str) -> Computed:
    """Exchange current density that the charge-transfer resistance implies, i0 = RT/(F R A).

    Args:
        anode: "bare" or "bh".

    Returns:
        i0 [mA/cm2].
    """
    resistance = printed(f"bh-rct-{anode}") * BH_AREA
    value = resistance_of_i0(resistance) / MA_CM2
    tafel = resistance_of_i0(printed(f"bh-i0-{anode}")) / OHM_CM2
    text = (
        f"{resistance / OHM_CM2:.1f} Ohm cm2 imply {value:.2f} mA/cm2; the Tafel value would need {tafel:.0f} Ohm cm2, "
        f"{tafel * OHM_CM2 / resistance:.1f} times as much"
    )
    numbers = {
        "asr_ohm_cm2": resistance / OHM_CM2,
        "i0_ma_cm2": value,
        "tafel_ohm_cm2": tafel,
        "ratio": tafel * OHM_CM2 / resistance,
    }
    return Computed(value, "mA/cm2", "current density", text, numbers)


@listed
def bh_area_specific_resistances() -> Computed:
    """The two charge-transfer resistances of BH Fig 2, printed in ohm, per area of the 12 mm disc."""
    bare, hybrid_ = (printed(f"bh-rct-{anode}") * BH_AREA / OHM_CM2 for anode in ("bare", "bh"))
    text = f"126 and 12 Ohm on a 12 mm disc are {bare:.1f} and {hybrid_:.1f} Ohm cm2 (half if of two interfaces)"
    return Computed(bare, "Ohm cm2", "area-specific resistance", text, {"bare_ohm_cm2": bare, "bh_ohm_cm2": hybrid_})


@listed
def bh_deep_share() -> Computed:
    """Part of a BH disc's sodium that 10 mAh/cm2 are, called 27 % (BH Fig 5e-g)."""
    areal = _bh_sodium_charge() / BH_AREA / MAH_CM2
    share = 100 * 10 / areal
    in_all = 100 * 10 / (_bh_sodium_charge() / 3.6)
    text = f"10 of {areal:.1f} mAh/cm2 are {share:.1f} %; {in_all:.1f} % if 10 mAh in all are meant"
    numbers = {"capacity_mah_cm2": areal, "share_percent": share, "in_all_percent": in_all}
    return Computed(share, "%", "fraction", text, numbers)


@listed
def bh_rate(anode: str, current_density: str) -> Computed:
    """EMPIRICAL overpotential of the rate test: the straight line V0 + i R through the points at 1 and 2 mA/cm2.

    Args:
        anode: "bare" or "bh".
        current_density: with unit.

    Returns:
        V [mV].

    Validity: an extrapolation; activation and ohmic drop together would need a negative resistance to pass through
        both points, so no mechanism stands behind it.
    """
    first, second = printed(f"bh-rate-1-{anode}"), printed(f"bh-rate-2-{anode}")
    slope = (second - first) / MA_CM2
    offset = first - slope * MA_CM2
    current = read_quantity(current_density, "current density")
    value = (offset + slope * current) * 1e3
    line = f"{offset * 1e3:.0f} mV + {slope / OHM_CM2:.0f} Ohm cm2 i"
    text = f"empirical line {line} gives {value:.0f} mV at {current_density}"
    numbers = {"offset_mv": offset * 1e3, "slope_ohm_cm2": slope / OHM_CM2, "voltage_mv": value}
    return Computed(value, "mV", "voltage", text, numbers)


@listed
def bh_rate_residual_resistance() -> Computed:
    """Ohmic resistance with which activation, 4RT/F asinh(i/2i0), and i R pass through both points (BH Fig 3c).

    Returns:
        R [Ohm cm2] of bare sodium; of BH, and the exchange current densities that go with them, among the numbers.
    """
    from scipy.optimize import brentq

    numbers = {}
    for anode in ("bare", "bh"):
        first, second = (printed(f"bh-rate-{k}-{anode}") for k in (1, 2))

        def excess(x: float, wanted: float = (2 * first - second) / (4 * THERMAL_VOLTAGE)) -> float:
            return 2 * math.asinh(x) - math.asinh(2 * x) - wanted

        half = brentq(excess, 1e-6, 1e6)
        numbers[f"{anode}_ohm_cm2"] = (first - 4 * THERMAL_VOLTAGE * math.asinh(half)) / MA_CM2 / OHM_CM2
        numbers[f"{anode}_i0_ma_cm2"] = 0.5 / half
    text = (
        f"activation and ohmic drop pass through both points only with {numbers['bare_ohm_cm2']:.1f} (bare) and "
        f"{numbers['bh_ohm_cm2']:.1f} Ohm cm2 (BH): no such resistance exists"
    )
    return Computed(numbers["bare_ohm_cm2"], "Ohm cm2", "area-specific resistance", text, numbers)


@listed
def bh_polarisation_gap() -> Computed:
    """Part of the polarisation gap of the full cells (BH Fig 6) that the symmetric cells can account for.

    Returns:
        The middle of three readings of the rate test at 0.585 mA/cm2 (5C at 1 mg/cm2) [mV]: proportional to current,
        activated, and the straight line; all among the numbers.
    """
    at = 0.585
    line = compute("bh_rate", {"anode": "bare", "current_density": f"{at} mA/cm2"}).value - (
        compute("bh_rate", {"anode": "bh", "current_density": f"{at} mA/cm2"}).value
    )
    first = {anode: printed(f"bh-rate-1-{anode}") * 1e3 for anode in ("bare", "bh")}
    proportional = at * (first["bare"] - first["bh"])
    scale = 4 * THERMAL_VOLTAGE * 1e3

    def activated(voltage: float) -> float:
        return scale * math.asinh(at * math.sinh(voltage / scale))

    middle = activated(first["bare"]) - activated(first["bh"])
    gap = 1e3 * (printed("bh-nvp-polarisation-bare") - printed("bh-nvp-polarisation-bh"))
    text = (
        f"the symmetric cells differ by {proportional:.0f} to {line:.0f} mV at 0.585 mA/cm2 (activated: {middle:.0f} "
        f"mV), the full cells by {gap:.0f} mV"
    )
    numbers = {"proportional_mv": proportional, "activated_mv": middle, "line_mv": line, "gap_mv": gap}
    return Computed(middle, "mV", "voltage", text, numbers)


@listed
def bh_conductivity_ratio() -> Computed:
    """Conductivities printed for one composition by two papers."""
    other = material_value("nzsp-bh", "conductivity")
    ratio = other / printed("hna-sigma")
    text = f"4.8 / 4.1 mS/cm = {ratio:.2f} for Na3.4Zr2Si2.4P0.6O12 in two papers of one group"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})
