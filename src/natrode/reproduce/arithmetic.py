"""The papers' own numbers recomputed: one small function per arithmetic figure, per flag and per naive baseline.

Printed inputs are the figures of the papers' data files, or constants here with their place in the paper; material
values and laws come from natrode's data and physics. No published result is ever returned as computed.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from natrode import materials
from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.errors import SpecificationError
from natrode.physics import hybrid, kinetics, percolation, replenishment, thermodynamics, transport, wetting
from natrode.reproduce.library import find_figure, load_paper
from natrode.specification import suggest
from natrode.units import from_si, read_quantity, to_si


@dataclass(frozen=True)
class Computed:
    """What a recomputation gives: the number, all others of it by name, and a sentence."""

    value: float
    """In `unit`."""
    unit: str
    dimension: str
    """A key of `units.DIMENSIONS`."""
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Every number of the sentence; the name ends with its unit where it has one."""

    @property
    def si(self) -> float:
        """The value in the SI unit of its dimension."""
        return to_si(self.value, self.unit, self.dimension)


Function = Callable[..., Computed]
FUNCTIONS: dict[str, Function] = {}
"""Every function that a data file may name; `validation_laws` adds its own when it is imported."""


def _listed(function: Function) -> Function:
    FUNCTIONS[function.__name__] = function
    return function


def function_named(name: str) -> Function:
    """Return a function of the registry by its name; raises SpecificationError with the nearest one."""
    if name not in FUNCTIONS:
        from natrode.reproduce import validation_laws  # noqa: F401  # adds its functions
    if name not in FUNCTIONS:
        raise SpecificationError(f"unknown function '{name}'; {suggest(name, list(FUNCTIONS))}")
    return FUNCTIONS[name]


def compute(name: str, arguments: Mapping[str, Any] | None = None) -> Computed:
    """Call a function of the registry by its name.

    Args:
        name: a key of `FUNCTIONS`.
        arguments: its own arguments, as the data files write them.

    Returns:
        What it computed.

    Raises:
        SpecificationError: an unknown name, with the nearest one.
    """
    return function_named(name)(**(arguments or {}))


# ---- what the functions share ----------------------------------------------------------------------------------

THERMAL_VOLTAGE = GAS_CONSTANT * ROOM_TEMPERATURE / FARADAY
"""RT/F at 25 degC [V]."""
OHM_CM2 = 1e-4
"""[Ohm m2]"""
MA_CM2 = 10.0
"""[A/m2]"""
MAH_CM2 = 36000.0
"""[C/m2]"""
MAH_G = 3600.0
"""[C/kg]"""
CM2_PER_S = 1e-4
"""[m2/s]"""


@cache
def printed(name: str) -> float:
    """Published value of a figure in SI.

    Args:
        name: id of a figure.

    Returns:
        Its value in the SI unit of its dimension.

    Raises:
        SpecificationError: an unknown id, or a figure without one number.
    """
    value = find_figure(name).si
    if value is None:
        raise SpecificationError(f"figure {name} has no published number to compute with")
    return value


def _sodium(name: str) -> float:
    return materials.load_material("sodium").properties[name].si


def _material(material: str, name: str) -> float:
    return materials.load_material(material).properties[name].si


def _disc(diameter: float) -> float:
    return math.pi / 4 * diameter**2


def _resistance_of_i0(exchange_current_density: float) -> float:
    """RT/(F i0) [Ohm m2] at 25 degC; the other way round as well."""
    return float(kinetics.charge_transfer_resistance(exchange_current_density, ROOM_TEMPERATURE))


def _electrolyte_asr(paper: str, cell: str) -> float:
    """Resistance of a cell's electrolyte at the cell's temperature [Ohm m2]."""
    spec = load_paper(paper).cell(cell)
    properties = materials.load_material(spec.electrolyte.material).properties
    temperature = spec.temperature if isinstance(spec.temperature, float) else ROOM_TEMPERATURE
    conductivity = transport.arrhenius_conductivity(
        temperature,
        spec.electrolyte.conductivity or properties["conductivity"].si,
        ROOM_TEMPERATURE,
        properties["conductivity_activation_energy"].si,
    )
    return spec.electrolyte.thickness / float(conductivity)


# ---- values that the model takes as they stand -----------------------------------------------------------------


@_listed
def model_input(name: str, material: str = "", interface: str = "") -> Computed:
    """Value that the model takes for a property of a material or a parameter of an interface.

    Args:
        name: the property or parameter.
        material: name of the material, or
        interface: name of the interface.

    Returns:
        The value in the unit of the data.

    Raises:
        SpecificationError: unknown material, interface or name.
    """
    known = materials.load_material(material).properties if material else materials.load_interface(interface).parameters
    value = known.get(name)
    if value is None or isinstance(value, str):
        raise SpecificationError(f"{material or interface} has no number '{name}'; {suggest(name, list(known))}")
    text = f"the model takes {value.value:g} {value.unit} for {name} of {material or interface}"
    return Computed(value.value, value.unit, value.dimension, text, {name: value.value})


@_listed
def model_resistance_in_ohm(interface: str, diameter: str) -> Computed:
    """Resistance of one fresh interface of the model in ohm, on a disc.

    Args:
        interface: name of the interface.
        diameter: of the disc, with unit.

    Returns:
        R_c/(A_r a0 A) [ohm].

    Formula: fresh resistance per area over the area of the disc.
    """
    parameters = materials.load_interface(interface).parameters
    known = {key: value.si for key, value in parameters.items() if not isinstance(value, str)}
    area_specific = hybrid.fresh_interface_resistance(
        known["contact_resistance"], known["area_ratio"], known["contact_fraction"]
    )
    resistance = float(area_specific) / _disc(read_quantity(diameter, "length"))
    text = f"{float(area_specific) / OHM_CM2:.1f} Ohm cm2 of the model on a disc of {diameter} are {resistance:.1f} Ohm"
    return Computed(resistance, "ohm", "resistance", text, {"area_specific_ohm_cm2": float(area_specific) / OHM_CM2})


# ---- hybrid-na-2022 (hNa) --------------------------------------------------------------------------------------

HNA_THICKNESS = 0.162e-2
"""Pellet [m]; Adv. Energy Mater. 2022, 12, 2102579, experimental part."""
HNA_AREA = _disc(1.114e-2)
"""Pellet [m2]; experimental part."""
HNA_MIXTURE_MASS = 6e-6
"""Mass of hybrid sodium in a cell [kg]; experimental part, per side or in all not said."""
HNA_RATIO = 1 / 5
"""Mass of particles per mass of sodium of h-Na 1:5."""
HNA_FULL_CELL_CAPACITY = 0.11
"""Capacity of the full cell with about 1 mg/cm2 of NVP [mAh/cm2]."""


def _hna_electrolyte() -> float:
    return HNA_THICKNESS / printed("hna-sigma")


@_listed
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


@_listed
def hna_diffusivity_ratio() -> Computed:
    """Ratio of the two apparent diffusivities of NVP, called two orders of magnitude (hNa Fig 6b)."""
    ratio = printed("hna-dapp-h") / printed("hna-dapp-na")
    text = f"5.3e-14 / 6.6e-15 = {ratio:.2f}, {math.log10(ratio):.2f} decades, not two"
    return Computed(ratio, "1", "number", text, {"ratio": ratio, "decades": math.log10(ratio)})


@_listed
def hna_exchange_current_density(anode: str) -> Computed:
    """Exchange current density that the interface resistance from impedance implies, i0 = RT/(F R).

    Args:
        anode: "na" or "h" (h-Na 1:5).

    Returns:
        i0 [mA/cm2].
    """
    resistance = printed({"na": "hna-r0-na", "h": "hna-r0-15"}[anode])
    value = _resistance_of_i0(resistance) / MA_CM2
    text = f"RT/F over the interface resistance of {resistance / OHM_CM2:g} Ohm cm2 is {value:.2f} mA/cm2"
    return Computed(value, "mA/cm2", "current density", text, {"i0_ma_cm2": value})


@_listed
def hna_tafel_against_impedance() -> Computed:
    """Charge-transfer resistance from the Tafel i0 against the measured interface resistance (hNa Fig 6c,d, 3a).

    Returns:
        RT/(F i0) over R for pristine sodium; for h-Na among the numbers, with half of the cell's whole resistance.
    """
    tafel = {anode: _resistance_of_i0(printed(f"hna-i0-{anode}")) / OHM_CM2 for anode in ("na", "h")}
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


@_listed
def hna_current_of_figure_4a() -> Computed:
    """Ohmic drop of the pellet at 0.5 mA/cm2 against the 8 mV of hNa Fig 4a, whose current is not stated."""
    drop = 0.5 * MA_CM2 * _hna_electrolyte() * 1e3
    low = 0.1 * MA_CM2 * _hna_electrolyte() * 1e3
    text = (
        f"the pellet alone takes {drop:.1f} mV at 0.5 mA/cm2 and {low:.1f} mV at 0.1: "
        f"{printed('hna-cyc-na-first') * 1e3:g} mV are possible at 0.1 mA/cm2 only"
    )
    return Computed(drop, "mV", "voltage", text, {"drop_at_05_mv": drop, "drop_at_01_mv": low})


@_listed
def hna_resistance_at_cycle_4() -> Computed:
    """Resistance of the whole cell when it shows 0.1 V at 0.1 mA/cm2 (hNa Fig 4a), against Fig 4c."""
    whole = 0.1 / (0.1 * MA_CM2) / OHM_CM2
    later = printed("hna-r10-na") / OHM_CM2
    text = f"0.1 V at 0.1 mA/cm2 in cycle 4 are {whole:g} Ohm cm2, after 10 cycles {later:g} Ohm cm2 are printed"
    return Computed(whole, "Ohm cm2", "area-specific resistance", text, {"cell_ohm_cm2": whole, "ratio": whole / later})


@_listed
def hna_sodium_inventory() -> Computed:
    """Sodium per side when 6 mg of h-Na 1:5 are divided between both sides, or lie on each.

    Returns:
        Capacity per side [mAh/cm2] when divided; thickness and both readings among the numbers.
    """
    phi = float(thermodynamics.volume_fraction(HNA_RATIO, _material("sno2-nzsp", "density"), _sodium("density")))
    sodium = HNA_MIXTURE_MASS / 2 / (1 + HNA_RATIO)
    capacity = sodium * thermodynamics.specific_capacity(_sodium("molar_mass"), 1.0) / HNA_AREA / MAH_CM2
    thickness = float(thermodynamics.metal_thickness(sodium, _sodium("density"), HNA_AREA)) / (1 - phi) * 1e6
    used = printed("hna-geis-15") * 0.2 * MA_CM2 / MAH_CM2 / capacity
    text = (
        f"6 mg over both sides are {thickness:.1f} um and {capacity:.2f} mAh/cm2 per side, on each side twice that; "
        f"0.2 V after 370 min at 0.2 mA/cm2 means {100 * used:.0f} % or {50 * used:.0f} % of the sodium"
    )
    numbers = {"capacity_mah_cm2": capacity, "thickness_um": thickness, "used": used}
    return Computed(capacity, "mAh/cm2", "areal charge", text, numbers)


@_listed
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


@_listed
def hna_percolation() -> Computed:
    """Volume fraction of the ceramic at 1:5 against the thresholds of three-dimensional networks."""
    phi = float(thermodynamics.volume_fraction(HNA_RATIO, _material("sno2-nzsp", "density"), _sodium("density")))
    thresholds = {name: low for name, (low, _) in percolation.THRESHOLDS.items() if name != "segregated shells"}
    lowest = min(thresholds.values())
    shells = percolation.THRESHOLDS["segregated shells"]
    text = (
        f"phi = {phi:.4f} at 1:5 lies below every random threshold (the lowest is {lowest:g}); only particles that "
        f"coat globules of sodium connect at {shells[0]:g} to {shells[1]:g}"
    )
    return Computed(phi, "1", "fraction", text, {"phi": phi, "lowest_random_threshold": lowest})


@_listed
def hna_one_fifth() -> Computed:
    """Resistance of 1:1 over that of pristine sodium, called one fifth (hNa Fig 3)."""
    ratio = printed("hna-r0-11") / printed("hna-r0-na")
    text = f"2.4 / 12.0 = {ratio:.2f}"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


@_listed
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


# ---- bh-na-2021 (BH) -------------------------------------------------------------------------------------------

BH_AREA = _disc(12e-3)
"""Disc [m2]; Sci. Bull. 2021, 66, 179, experimental part."""
BH_MASS = 64e-6
"""Disc of hybrid sodium 1:1 [kg]; experimental part."""


def _bh_sodium_charge() -> float:
    """Charge of all sodium in a BH disc [C]."""
    return BH_MASS / 2 * thermodynamics.specific_capacity(_sodium("molar_mass"), 1.0)


@_listed
def bh_strippable_capacity() -> Computed:
    """Highest capacity per gram of sodium in BH when its SnO2 has turned into Na2O (which is lost) and Na15Sn4."""
    per_gram = thermodynamics.specific_capacity(_sodium("molar_mass"), 1.0) / MAH_G
    share = _material("sno2-nzsp", "coating_mass_fraction")
    sodium, oxide = _sodium("molar_mass"), _material("sno2", "molar_mass")
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


@_listed
def bh_exchange_current_ratio() -> Computed:
    """Ratio of the two exchange current densities, called two-fold (BH Fig 2), beside the ratio of resistances."""
    ratio = printed("bh-i0-bh") / printed("bh-i0-bare")
    resistances = printed("bh-rct-bare") / printed("bh-rct-bh")
    text = f"0.52 / 0.15 = {ratio:.2f}, not two; the resistances differ by {resistances:.1f}"
    return Computed(ratio, "1", "number", text, {"ratio": ratio, "resistance_ratio": resistances})


@_listed
def bh_exchange_current_density(anode: str) -> Computed:
    """Exchange current density that the charge-transfer resistance implies, i0 = RT/(F R A).

    Args:
        anode: "bare" or "bh".

    Returns:
        i0 [mA/cm2].
    """
    resistance = printed(f"bh-rct-{anode}") * BH_AREA
    value = _resistance_of_i0(resistance) / MA_CM2
    tafel = _resistance_of_i0(printed(f"bh-i0-{anode}")) / OHM_CM2
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


@_listed
def bh_area_specific_resistances() -> Computed:
    """The two charge-transfer resistances of BH Fig 2, printed in ohm, per area of the 12 mm disc."""
    bare, hybrid_ = (printed(f"bh-rct-{anode}") * BH_AREA / OHM_CM2 for anode in ("bare", "bh"))
    text = f"126 and 12 Ohm on a 12 mm disc are {bare:.1f} and {hybrid_:.1f} Ohm cm2 (half if of two interfaces)"
    return Computed(bare, "Ohm cm2", "area-specific resistance", text, {"bare_ohm_cm2": bare, "bh_ohm_cm2": hybrid_})


@_listed
def bh_deep_share() -> Computed:
    """Part of a BH disc's sodium that 10 mAh/cm2 are, called 27 % (BH Fig 5e-g)."""
    areal = _bh_sodium_charge() / BH_AREA / MAH_CM2
    share = 100 * 10 / areal
    in_all = 100 * 10 / (_bh_sodium_charge() / 3.6)
    text = f"10 of {areal:.1f} mAh/cm2 are {share:.1f} %; {in_all:.1f} % if 10 mAh in all are meant"
    numbers = {"capacity_mah_cm2": areal, "share_percent": share, "in_all_percent": in_all}
    return Computed(share, "%", "fraction", text, numbers)


@_listed
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


@_listed
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


@_listed
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


@_listed
def bh_conductivity_ratio() -> Computed:
    """Conductivities printed for one composition by two papers."""
    other = _material("nzsp-bh", "conductivity")
    ratio = other / printed("hna-sigma")
    text = f"4.8 / 4.1 mS/cm = {ratio:.2f} for Na3.4Zr2Si2.4P0.6O12 in two papers of one group"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


# ---- pbc-2022 (PbC) --------------------------------------------------------------------------------------------

PBC_PRINTED_TWICE_TENSION = 0.5036
"""2 sigma_Na as printed [J/m2]; Chem. Sci. 2022, 10.1039/d2sc05120f."""
PBC_AREA = _disc(10e-3)
"""Pellet [m2]; experimental part."""
PBC_SODIUM_CAPACITY = 1165.0
"""Of sodium, as the papers print it [mAh/g]."""
PBC_NVP_CAPACITY = 117.0
"""Of NVP, that of the papers' 1C [mAh/g]."""
PBC_N_TO_P = {"3.5": (3.5, 3.15), "10": (10.0, 2.52), "55": (55.0, 2.52)}
"""Sodium [mg] and loading of NVP [mg/cm2] of Table 1."""
PBC_MEASURED_ANGLE = {"nzsp": "pbc-theta-nzsp", "na2co3": "pbc-theta-nzsp", "pb": "pbc-theta-pbc", "c": "pbc-theta-c"}
"""Contact angle that a work of adhesion is held against; untreated NZSP carries Na2CO3."""


def _tensions() -> tuple[float, float]:
    """Surface tension of molten sodium at 120 degC, and the value that the paper took [J/m2]."""
    return float(wetting.sodium_surface_tension(393.15)), printed("pbc-wad-sigma")


@_listed
def pbc_work_of_adhesion(surface: str) -> Computed:
    """Work of adhesion that a measured contact angle implies, with the tension of molten sodium.

    Args:
        surface: "nzsp", "na2co3", "pb" or "c".

    Returns:
        g_lv (1 + cos theta) [J/m2]; at 0 deg a lower bound. With the paper's 0.2523 J/m2 among the numbers, as the
        angles that the paper's work of adhesion implies with either tension.
    """
    molten, taken = _tensions()
    angle = printed(PBC_MEASURED_ANGLE[surface])
    work = printed(f"pbc-wad-{surface}")
    implied = {g: float(wetting.work_of_adhesion(math.radians(angle), g)) for g in (molten, taken)}
    angles = {g: math.degrees(float(wetting.contact_angle_from_work(work, g))) for g in (molten, taken)}
    bound = "at least " if angle == 0 else ""
    text = (
        f"{angle:g} deg mean {bound}{implied[molten]:.4f} J/m2 with molten sodium ({molten:.4f} J/m2), {bound}"
        f"{implied[taken]:.4f} with {taken:g}; {work:g} J/m2 mean {angles[molten]:.1f} and {angles[taken]:.1f} deg"
    )
    numbers = {
        "work_molten_j_m2": implied[molten],
        "work_taken_j_m2": implied[taken],
        "angle_molten_deg": angles[molten],
        "angle_taken_deg": angles[taken],
    }
    return Computed(implied[molten], "J/m2", "surface energy", text, numbers)


@_listed
def pbc_surface_tension() -> Computed:
    """Surface tension of molten sodium at 120 degC, where the paper takes 0.2523 J/m2."""
    molten, taken = _tensions()
    lead = printed("pbc-wad-pb")
    spreads = "exceed" if lead >= 2 * molten else "stay below"
    text = (
        f"molten sodium has {molten:.4f} J/m2 at 120 degC, {taken:g} is an energy of the solid; {lead:g} J/m2 on Pb "
        f"{spreads} twice the tension of the liquid, {2 * molten:.3f} J/m2, from where on it spreads"
    )
    return Computed(molten, "J/m2", "surface energy", text, {"molten_j_m2": molten, "ratio": taken / molten})


@_listed
def pbc_twice_tension() -> Computed:
    """Twice the surface tension that the paper takes, printed as 0.5036 J/m2."""
    twice = 2 * _tensions()[1]
    text = f"2 x 0.2523 = {twice:.4f} J/m2, printed {PBC_PRINTED_TWICE_TENSION}"
    return Computed(twice, "J/m2", "surface energy", text, {"twice_j_m2": twice})


@_listed
def pbc_angle_on_lead() -> Computed:
    """Contact angle that the paper's own work of adhesion and tension give for Pb, where 0 deg is observed."""
    angle = compute("pbc_work_of_adhesion", {"surface": "pb"}).numbers["angle_taken_deg"]
    text = f"0.44 J/m2 with 0.2523 J/m2 give {angle:.1f} deg, not the observed 0"
    return Computed(angle, "deg", "angle", text, {"angle_deg": angle})


@_listed
def pbc_printed_work() -> Computed:
    """Work of adhesion from 130.4 deg with the paper's tension, printed as 0.09 without unit."""
    work = compute("pbc_work_of_adhesion", {"surface": "nzsp"}).numbers["work_taken_j_m2"]
    text = f"130.4 deg with 0.2523 J/m2 give {work:.4f} J/m2: the printed 0.09 is in J/m2"
    return Computed(work, "J/m2", "surface energy", text, {"work_j_m2": work})


@_listed
def pbc_capacity_ratio(sodium: str) -> Computed:
    """Ratio N/P of a full cell on the 10 mm pellet (Table 1).

    Args:
        sodium: mass in mg as in the table: "3.5", "10" or "55".

    Returns:
        N/P [-]; the area that the printed ratio implies among the numbers.
    """
    mass, loading = PBC_N_TO_P[sodium]
    ratio = float(
        thermodynamics.capacity_ratio(
            mass * 1e-6, PBC_SODIUM_CAPACITY * MAH_G, loading * 1e-2, PBC_NVP_CAPACITY * MAH_G, PBC_AREA
        )
    )
    area = PBC_AREA * 1e4 * ratio / printed(f"pbc-np-{sodium}")
    text = (
        f"{sodium} mg of sodium against {loading:g} mg/cm2 on 0.785 cm2 give N/P = {ratio:.1f}; the printed "
        f"{printed(f'pbc-np-{sodium}'):g} needs {area:.2f} cm2"
    )
    return Computed(ratio, "1", "number", text, {"ratio": ratio, "area_cm2": area})


@_listed
def pbc_area_of_ratios() -> Computed:
    """Mean area that the three printed N/P ratios imply, against 0.785 cm2 of the 10 mm pellet."""
    areas = [compute("pbc_capacity_ratio", {"sodium": mass}).numbers["area_cm2"] for mass in PBC_N_TO_P]
    mean = sum(areas) / len(areas)
    implied = ", ".join(f"{area:.2f}" for area in areas)
    text = f"the printed ratios imply {implied} cm2; a 10 mm pellet has {PBC_AREA * 1e4:.3f} cm2"
    return Computed(mean, "cm2", "area", text, {"mean_cm2": mean, "pellet_cm2": PBC_AREA * 1e4})


@_listed
def pbc_retention() -> Computed:
    """Retention of the full cell that ends at 82.5 mAh/g, printed as 79.9 % (PbC Fig 4d).

    Returns:
        82.5 over the 88 mAh/g at 0.5C [%]; the start that 79.9 % needs among the numbers.
    """
    end = printed("pbc-nvp-life-pbc")
    retention = 100 * end / printed("pbc-nvp-pbc")
    start = end / printed("pbc-nvp-life-retention") / MAH_G
    text = f"82.5 of 88 mAh/g at 0.5C are {retention:.1f} %; 79.9 % need a start of {start:.1f} mAh/g"
    return Computed(retention, "%", "fraction", text, {"retention_percent": retention, "start_mah_g": start})


@_listed
def pbc_optimal_ratio() -> Computed:
    """Capacity lost in 200 cycles at the N/P of 40 that the paper calls optimal; none is lost at 216.2 (PbC Fig 5)."""
    start, end = printed("pbc-np-life-10-start"), printed("pbc-np-life-10-end")
    fade = 100 * (1 - end / start)
    text = f"N/P 40.0 loses {fade:.1f} % in 200 cycles (85.4 to 82.4 mAh/g), N/P 216.2 nothing (87.1 mAh/g)"
    return Computed(fade, "%", "fraction", text, {"fade_percent": fade})


@_listed
def pbc_voltage_at_55() -> Computed:
    """Overpotential of Pb/C at 0.5 mA/cm2, 55 degC from the paper's conductivity and resistance, against 60 mV."""
    asr = _electrolyte_asr("pbc-2022", "pb-c-55") / OHM_CM2
    faces = 2 * printed("pbc-r-pbc") / OHM_CM2
    value = 0.5 * (asr + faces)
    text = (
        f"the pellet has {asr:.1f} Ohm cm2 at 55 degC; with both interfaces at most {value:.0f} mV at 0.5 mA/cm2, "
        "printed 60"
    )
    return Computed(value, "mV", "voltage", text, {"pellet_ohm_cm2": asr, "voltage_mv": value})


@_listed
def pbc_resistance_ratio() -> Computed:
    """Ratio of the interface resistances without and with the interlayer, printed as 260.7-fold."""
    ratio = printed("pbc-r-0") / printed("pbc-r-pbc")
    text = f"391 / 1.5 = {ratio:.1f}"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


# ---- or-na-2024 (ORNa) -----------------------------------------------------------------------------------------

ORNA_LOADING = 3.5
"""NVP [mg/cm2]; 3-4 in Fig 6 of Sci. Bull. 2024."""


@_listed
def or_retention() -> Computed:
    """Retention of the full cell from 110 to 106.9 mAh/g, printed as 95.4 % (ORNa Fig 6c)."""
    start, end = printed("or-nvp-life-start"), printed("or-nvp-life-end")
    retention = 100 * end / start
    needed = end / printed("or-nvp-life-retention") / MAH_G
    text = f"106.9 / 110 = {retention:.1f} %; 95.4 % need a start of {needed:.2f} mAh/g"
    return Computed(retention, "%", "fraction", text, {"retention_percent": retention, "start_mah_g": needed})


@_listed
def or_rate_unit() -> Computed:
    """C-rate that 117 mA/cm2 would be at the paper's loading, where 1C = 117 mA/g is meant."""
    rate = 117.0 / (ORNA_LOADING * 0.117)
    text = f"117 mA/cm2 on 3.5 mg/cm2 would be {rate:.0f}C; 117 mA/g is meant"
    return Computed(rate, "1", "number", text, {"c_rate": rate})


@_listed
def or_implied_pristine_mean() -> Computed:
    """Mean critical current density of pristine sodium that "three times higher" implies (ORNa Fig 4d).

    Returns:
        6.3 mA/cm2 over 3 [mA/cm2]; over 4 ("higher by three times") among the numbers.
    """
    mean = printed("or-ccd-orna") / MA_CM2
    control = printed("or-ccd-unstirred") / MA_CM2
    text = (
        f"'three times higher' than pristine implies a mean of {mean / 3:.1f} mA/cm2 (or {mean / 4:.1f} if three times "
        f"more); the control's {control:g} lies above both"
    )
    return Computed(mean / 3, "mA/cm2", "current density", text, {"third": mean / 3, "quarter": mean / 4})


@_listed
def or_activity_of_shift() -> Computed:
    """Activity of sodium that a potential shift of 0.5 mV implies, beside the shifts of 50 meV and 0.4 eV."""
    activity = float(thermodynamics.activity_from_voltage(0.5e-3, ROOM_TEMPERATURE, 1.0))
    solubility = float(thermodynamics.oxygen_solubility(350.0 + 273.15)) * 1e6
    text = (
        f"0.5 mV mean an activity of {activity:.3f} (2 % of another atom); oxygen dissolves to {solubility:.0f} ppm by "
        "mass at 350 degC: dissolved oxygen cannot shift the potential so far"
    )
    return Computed(activity, "1", "number", text, {"activity": activity, "solubility_ppm": solubility})


@_listed
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


# ---- naf-sn-2019 (NaF) -----------------------------------------------------------------------------------------

NAF_THICKNESS = 60e-6
"""Film of electrolyte [m], 50-70 um; Chem. Sci. 2019, 10, 4306."""
NAF_PRINTED_RISE = 0.33
"""Overpotential added over 50 cycles as printed [V]."""


def _naf_conductivity(temperature: float) -> float:
    energy = transport.activation_energy_from_slope(printed("naf-ea-slope"), 10.0)
    return float(transport.arrhenius_conductivity(temperature, printed("naf-ea-sigma"), ROOM_TEMPERATURE, energy))


@_listed
def naf_activation_energy() -> Computed:
    """Activation energy from the slope -1.63383 of the logarithm of the conductivity against 1000/T (NaF Fig 3)."""
    slope = printed("naf-ea-slope")
    decadic = transport.activation_energy_from_slope(slope, 10.0)
    natural = transport.activation_energy_from_slope(slope, math.e)
    text = f"as slope of log10: {decadic:.4f} eV, as slope of ln: {natural:.4f} eV; the printed 0.32 eV needs log10"
    return Computed(decadic, "eV", "energy per particle", text, {"decadic_ev": decadic, "natural_ev": natural})


@_listed
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


@_listed
def naf_exchange_current_density() -> Computed:
    """Exchange current density that 80 mV at 0.1 mA/cm2 leave for two interfaces, against 1.73 mA/cm2 (NaF Fig 4)."""
    film = NAF_THICKNESS / printed("naf-ea-sigma")
    whole = printed("naf-sym-start") / (0.1 * MA_CM2)
    value = _resistance_of_i0((whole - film) / 2) / MA_CM2
    text = (
        f"80 mV at 0.1 mA/cm2 are {whole / OHM_CM2:.0f} Ohm cm2, {(whole - film) / 2 / OHM_CM2:.0f} per interface: "
        f"{value:.3f} mA/cm2 if all of it were charge transfer, which is the least i0 can be"
    )
    return Computed(value, "mA/cm2", "current density", text, {"i0_ma_cm2": value, "cell_ohm_cm2": whole / OHM_CM2})


@_listed
def naf_tafel_against_voltage() -> Computed:
    """Resistance of the M-Na cell from its i0 and electrolyte, against the one from its voltage (NaF Fig 4).

    Returns:
        Measured over expected resistance [-].
    """
    charge_transfer = _resistance_of_i0(printed("naf-i0"))
    expected = (2 * charge_transfer + NAF_THICKNESS / printed("naf-ea-sigma")) / OHM_CM2
    whole = printed("naf-sym-start") / (0.1 * MA_CM2) / OHM_CM2
    text = (
        f"1.73 mA/cm2 and the electrolyte make {expected:.0f} Ohm cm2 ({0.1 * expected:.0f} mV), 80 mV are {whole:.0f} "
        f"Ohm cm2: {whole / expected:.0f} times as much, and a film would have to carry the rest"
    )
    ratio = whole / expected
    numbers = {"charge_transfer_ohm_cm2": charge_transfer / OHM_CM2, "expected_ohm_cm2": expected, "ratio": ratio}
    return Computed(ratio, "1", "number", text, numbers)


@_listed
def naf_conductivity_order() -> Computed:
    """The measured conductivity over the 10^-3 S/cm of the introduction."""
    ratio = printed("naf-ea-sigma") / 0.1
    text = f"0.51 mS/cm are {ratio:.2f} times 10^-3 S/cm: right as an order of magnitude only"
    return Computed(ratio, "1", "number", text, {"ratio": ratio})


@_listed
def naf_discharge_rise() -> Computed:
    """Fall of the end voltage of discharge over 50 cycles, printed as +0.33 V of overpotential (NaF Fig 5)."""
    fall = printed("naf-co2-life-start") - printed("naf-co2-life-end")
    text = f"2.34 - 2.00 = {fall:.2f} V, printed {NAF_PRINTED_RISE} V"
    return Computed(fall, "V", "voltage", text, {"fall_v": fall})


@_listed
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
        _material("sodium-carbonate", "formation_gibbs_energy"), _material("carbon-dioxide", "formation_gibbs_energy")
    )
    mass = 2 * _material("sodium-carbonate", "molar_mass") + _material("carbon", "molar_mass")
    return thermodynamics.reaction_voltage(energy, 4.0), mass


@_listed
def naf_carbon_dioxide_voltage() -> Computed:
    """Equilibrium voltage of 4 Na + 3 CO2 -> 2 Na2CO3 + C from Gibbs energies of formation."""
    voltage, _ = _carbonate_reaction()
    text = f"-dG/4F = {voltage:.3f} V"
    return Computed(voltage, "V", "voltage", text, {"voltage_v": voltage})


@_listed
def naf_carbon_dioxide_energy() -> Computed:
    """Energy per mass of the products of 4 Na + 3 CO2 -> 2 Na2CO3 + C."""
    voltage, mass = _carbonate_reaction()
    energy = 4 * FARADAY * voltage / mass / 3600
    text = f"4 F x {voltage:.3f} V over {mass * 1e3:.1f} g/mol are {energy:.0f} Wh/kg"
    return Computed(energy, "Wh/kg", "specific energy", text, {"energy_wh_kg": energy})


@_listed
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


# ---- across papers ---------------------------------------------------------------------------------------------


@_listed
def across_critical_currents() -> Computed:
    """How far temperature and electrolyte alone set apart the critical currents of the papers.

    Returns:
        Ratio of the highest to the lowest conductivity of the NZSP [-]; temperature factors among the numbers.
    """
    names = ("nzsp-hna", "nzsp-bh", "nzsp-pbc")
    conductivities = [_material(name, "conductivity") for name in names]
    ratio = max(conductivities) / min(conductivities)
    factors = compute("temperature_factors", {"temperature": "70 degC"}).numbers
    text = (
        f"room temperature against 70 degC is a factor {factors['interface']:.1f} to {factors['creep']:.1f} in "
        f"replenishment, 0.61 against 4.8 mS/cm a factor {ratio:.1f} in conductivity; pressures are unknown, protocols "
        "differ"
    )
    return Computed(ratio, "1", "number", text, {"conductivity_ratio": ratio, **factors})


# ---- naive baselines -------------------------------------------------------------------------------------------


@_listed
def unity() -> Computed:
    """Baseline: a ratio of one, where nothing is lost or nothing is changed."""
    return Computed(1.0, "1", "fraction", "1")


@_listed
def lost_charge(efficiency: str) -> Computed:
    """Baseline: the capacity falls by what is charged and does not come back.

    Args:
        efficiency: id of the figure of a Coulombic efficiency.

    Returns:
        1 less the published efficiency [-].
    """
    return Computed(1.0 - printed(efficiency), "1", "fraction", f"what {efficiency} leaves")


@_listed
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


@_listed
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
    asr = _electrolyte_asr(paper, cell)
    value = times * read_quantity(current_density, "current density") * asr * 1e3
    text = f"{asr / OHM_CM2:.1f} Ohm cm2 of electrolyte at {current_density}: {value:.1f} mV"
    return Computed(value, "mV", "voltage", text, {"asr_ohm_cm2": asr / OHM_CM2})


@_listed
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
    asr = _electrolyte_asr(paper, cell) + 2 * printed(resistance)
    value = read_quantity(current_density, "current density") * asr * 1e3
    text = f"{asr / OHM_CM2:.1f} Ohm cm2 of fresh cell at {current_density}: {value:.1f} mV"
    return Computed(value, "mV", "voltage", text, {"asr_ohm_cm2": asr / OHM_CM2})


def _cycles_until_stripped(figure: str, stripping: str, capacity: str) -> float:
    charge = printed(figure) * read_quantity(stripping, "current density")
    return charge / read_quantity(capacity, "areal charge")


@_listed
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


@_listed
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


@_listed
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


@_listed
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


@_listed
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


@_listed
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


@_listed
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


@_listed
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
