"""Numbers of hybrid-na-2022 (hNa) recomputed: figures and flags."""

import math

from natrode.physics import percolation, thermodynamics, wetting
from natrode.reproduce.arithmetic import Computed, listed
from natrode.reproduce.arithmetic.shared import (
    MA_CM2,
    MAH_CM2,
    OHM_CM2,
    disc,
    material_value,
    printed,
    resistance_of_i0,
)

HNA_THICKNESS = 0.162e-2
"""Pellet [m]; Adv. Energy Mater. 2022, 12, 2102579, experimental part."""
HNA_AREA = disc(1.114e-2)
"""Pellet [m2]; experimental part."""
HNA_MIXTURE_MASS = 6e-6
"""Mass of hybrid sodium in a cell [kg]; experimental part, per side or in all not said."""
HNA_RATIO = 1 / 5
"""Mass of particles per mass of sodium of h-Na 1:5."""
HNA_FULL_CELL_CAPACITY = 0.11
"""Capacity of the full cell with about 1 mg/cm2 of NVP [mAh/cm2]."""


def _hna_electrolyte() -> float:
    return HNA_THICKNESS / printed("hna-sigma")


@listed
def hna_work_of_adhesion(anode: str) -> Computed:
    """Work of adhesion that a contact angle on NZSP implies, Young and Dupre.

    Args:
        anode: "na" or "15" (h-Na 1:5).

    Returns:
        g_lv (1 + cos theta) [J/m2] with the tension of molten sodium at 120 degC.
    """
    angle = printed(f"hna-theta-{anode}")
    tension = float(wetting.sodium_surface_tension(393.15))
    work = float(wetting.work_of_adhesion(math.radians(angle), tension))
    caution = "; an apparent angle of a slurry with a yield stress, no equilibrium" if anode == "15" else ""
    text = f"{angle:g} deg and {tension:.4f} J/m2 of molten sodium give W_ad = {work:.3f} J/m2{caution}"
    return Computed(work, "J/m2", "surface energy", text, {"tension_j_m2": tension, "work_j_m2": work})


@listed
def hna_diffusivity_ratio() -> Computed:
    """Ratio of the two apparent diffusivities of NVP, called two orders of magnitude (hNa Fig 6b)."""
    ratio = printed("hna-dapp-h") / printed("hna-dapp-na")
    text = f"5.3e-14 / 6.6e-15 = {ratio:.2f}, {math.log10(ratio):.2f} decades, not two"
    return Computed(ratio, "1", "number", text, {"ratio": ratio, "decades": math.log10(ratio)})


@listed
def hna_exchange_current_density(anode: str) -> Computed:
    """Exchange current density that the interface resistance from impedance implies, i0 = RT/(F R).

    Args:
        anode: "na" or "h" (h-Na 1:5).

    Returns:
        i0 [mA/cm2].
    """
    resistance = printed({"na": "hna-r0-na", "h": "hna-r0-15"}[anode])
    value = resistance_of_i0(resistance) / MA_CM2
    text = f"RT/F over the interface resistance of {resistance / OHM_CM2:g} Ohm cm2 is {value:.2f} mA/cm2"
    return Computed(value, "mA/cm2", "current density", text, {"i0_ma_cm2": value})


@listed
def hna_tafel_against_impedance() -> Computed:
    """Charge-transfer resistance from the Tafel i0 against the measured interface resistance (hNa Fig 6c,d, 3a).

    Returns:
        RT/(F i0) over R for pristine sodium; for h-Na among the numbers, with half of the cell's whole resistance.
    """
    tafel = {anode: resistance_of_i0(printed(f"hna-i0-{anode}")) / OHM_CM2 for anode in ("na", "h")}
    measured = {"na": printed("hna-r0-na") / OHM_CM2, "h": printed("hna-r0-15") / OHM_CM2}
    half = (_hna_electrolyte() / OHM_CM2 + 2 * measured["h"]) / 2
    ratios = {anode: tafel[anode] / measured[anode] for anode in tafel}
    text = (
        f"RT/(F i0) is {tafel['na']:.1f} and {tafel['h']:.1f} Ohm cm2, {ratios['na']:.1f} and {ratios['h']:.1f} "
        f"times the interface resistances {measured['na']:g} and {measured['h']:g}; half of the whole h-Na cell is "
        f"{half:.1f} Ohm cm2, so its i0 is the slope of an ohmic drop that was not taken out"
    )
    numbers = {
        "tafel_na_ohm_cm2": tafel["na"],
        "tafel_h_ohm_cm2": tafel["h"],
        "ratio_na": ratios["na"],
        "ratio_h": ratios["h"],
        "half_cell_ohm_cm2": half,
    }
    return Computed(ratios["na"], "1", "number", text, numbers)


@listed
def hna_current_of_figure_4a() -> Computed:
    """Ohmic drop of the pellet at 0.5 mA/cm2 against the 8 mV of hNa Fig 4a, whose current is not stated."""
    drop = 0.5 * MA_CM2 * _hna_electrolyte() * 1e3
    low = 0.1 * MA_CM2 * _hna_electrolyte() * 1e3
    text = (
        f"the pellet alone takes {drop:.1f} mV at 0.5 mA/cm2 and {low:.1f} mV at 0.1: "
        f"{printed('hna-cyc-na-first') * 1e3:g} mV are possible at 0.1 mA/cm2 only"
    )
    return Computed(drop, "mV", "voltage", text, {"drop_at_05_mv": drop, "drop_at_01_mv": low})


@listed
def hna_resistance_at_cycle_4() -> Computed:
    """Resistance of the whole cell when it shows 0.1 V at 0.1 mA/cm2 (hNa Fig 4a), against Fig 4c."""
    whole = 0.1 / (0.1 * MA_CM2) / OHM_CM2
    later = printed("hna-r10-na") / OHM_CM2
    text = f"0.1 V at 0.1 mA/cm2 in cycle 4 are {whole:g} Ohm cm2, after 10 cycles {later:g} Ohm cm2 are printed"
    return Computed(whole, "Ohm cm2", "area-specific resistance", text, {"cell_ohm_cm2": whole, "ratio": whole / later})


@listed
def hna_sodium_inventory() -> Computed:
    """Sodium per side when 6 mg of h-Na 1:5 are divided between both sides, or lie on each.

    Returns:
        Capacity per side [mAh/cm2] when divided; thickness and both readings among the numbers.
    """
    phi = float(
        thermodynamics.volume_fraction(
            HNA_RATIO, material_value("sno2-nzsp", "density"), material_value("sodium", "density")
        )
    )
    sodium = HNA_MIXTURE_MASS / 2 / (1 + HNA_RATIO)
    capacity = (
        sodium * thermodynamics.specific_capacity(material_value("sodium", "molar_mass"), 1.0) / HNA_AREA / MAH_CM2
    )
    thickness = (
        float(thermodynamics.metal_thickness(sodium, material_value("sodium", "density"), HNA_AREA)) / (1 - phi) * 1e6
    )
    used = printed("hna-geis-15") * 0.2 * MA_CM2 / MAH_CM2 / capacity
    text = (
        f"6 mg over both sides are {thickness:.1f} um and {capacity:.2f} mAh/cm2 per side, on each side twice that; "
        f"0.2 V after 370 min at 0.2 mA/cm2 means {100 * used:.0f} % or {50 * used:.0f} % of the sodium"
    )
    numbers = {"capacity_mah_cm2": capacity, "thickness_um": thickness, "used": used}
    return Computed(capacity, "mAh/cm2", "areal charge", text, numbers)


@listed
def hna_efficiency_and_retention() -> Computed:
    """Retention per 100 cycles from 110.7 and 93.9 mAh/g in 7300 cycles, against 99.8 % mean efficiency (Fig 7a)."""
    cycle = thermodynamics.retention_per_cycle(printed("hna-nvp-first"), printed("hna-nvp-last"), 7300.0)
    hundred = 100 * cycle**100
    lost = 7300 * (1 - printed("hna-nvp-ce")) * HNA_FULL_CELL_CAPACITY
    text = (
        f"retention is {hundred:.2f} % per 100 cycles ({1 - cycle:.1e} per cycle); a mean efficiency of 99.8 % over "
        f"7300 cycles costs {lost:.1f} mAh/cm2 of sodium: both can be meant by 99.8 %"
    )
    numbers = {"retention_percent": hundred, "fade": 1 - cycle, "lost_mah_cm2": lost}
    return Computed(hundred, "%", "fraction", text, numbers)


@listed
def hna_percolation() -> Computed:
    """Volume fraction of the ceramic at 1:5 against the thresholds of three-dimensional networks."""
    phi = float(
        thermodynamics.volume_fraction(
            HNA_RATIO, material_value("sno2-nzsp", "density"), material_value("sodium", "density")
        )
    )
    thresholds = {name: low for name, (low, _) in percolation.THRESHOLDS.items() if name != "segregated shells"}
    lowest = min(thresholds.values())
    shells = percolation.THRESHOLDS["segregated shells"]
    text = (
        f"phi = {phi:.4f} at 1:5 lies below every random threshold (the lowest is {lowest:g}); only particles that "
        f"coat globules of sodium connect at {shells[0]:g} to {shells[1]:g}"
    )
    return Computed(phi, "1", "fraction", text, {"phi": phi, "lowest_random_threshold": lowest})


@listed
def hna_one_fifth() -> Computed:
    """Resistance of 1:1 over that of pristine sodium, called one fifth (hNa Fig 3)."""
    ratio = printed("hna-r0-11") / printed("hna-r0-na")
    text = f"2.4 / 12.0 = {ratio:.2f}"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


@listed
def hna_particle_radius() -> Computed:
    """Radius that sodium crosses in NVP in the 720 s of 5C with the apparent diffusivities of hNa Fig 6b.

    Returns:
        sqrt(D t) [nm] for h-Na; for pristine sodium among the numbers.
    """
    radius = {anode: math.sqrt(printed(f"hna-dapp-{anode}") * 720.0) * 1e9 for anode in ("na", "h")}
    text = (
        f"5C (720 s) would need particles below {radius['h']:.0f} nm with one anode and {radius['na']:.0f} nm with the "
        "other: the quantity is not a constant of the cathode"
    )
    return Computed(radius["h"], "nm", "length", text, {"radius_h_nm": radius["h"], "radius_na_nm": radius["na"]})
