"""One figure per law module, drawn by calling the laws with values of the materials data."""

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from natrode import materials
from natrode.physics import (
    cathode,
    constriction,
    contact,
    creep,
    fracture,
    hybrid,
    impedance,
    interphase,
    kinetics,
    percolation,
    protrusion,
    replenishment,
    thermodynamics,
    transport,
    vacancies,
    voids,
    wetting,
)

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "natrode",
    "font.family": ["DejaVu Sans"],
}
ROOM = 298.15
HOUR, MA, MAH, OHM_CM2, UM = 3600.0, 10.0, 3.6e4, 1e-4, 1e-6
"""SI of 1 h, mA/cm2, mAh/cm2, Ohm cm2 and um."""

Axes = Any


def metal(name: str) -> float:
    """Property of sodium, SI."""
    return materials.load_material("sodium").properties[name].si


def pellet(name: str) -> float:
    """Property of NZSP, SI."""
    return materials.load_material("nzsp-hna").properties[name].si


def interface(name: str, parameter: str) -> float:
    """Parameter of an interface on that NZSP, SI."""
    value = materials.load_interface(f"{name}/nzsp-hna").parameters[parameter]
    assert not isinstance(value, str)
    return value.si


def label(axes: Axes, x: str, y: str) -> None:
    """Name the axes; a legend where something is named."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)


def nyquist(axes: Axes, z: Any, unit: float, name: str, text: str) -> None:
    """Impedance in the plane with equal axes."""
    axes.plot(z.real / unit, -z.imag / unit, label=text)
    axes.set_aspect("equal", adjustable="datalim")
    label(axes, f"Re Z / {name}", f"−Im Z / {name}")


def draw_wetting(left: Axes, right: Axes) -> None:
    angle = np.linspace(0, math.pi, 181)
    tension = metal("surface_tension")
    left.plot(np.degrees(angle), wetting.work_of_adhesion(angle, tension), label="Young-Dupré")
    left.axhline(2 * tension, color="0.6", lw=0.8, ls=":")
    label(left, "contact angle / °", "work of adhesion / J m⁻²")
    flat = np.radians(np.linspace(20, 160, 141))
    right.plot(np.degrees(flat), np.degrees(flat), color="0.6", lw=0.8, label="flat")
    right.plot(np.degrees(flat), np.degrees(wetting.wenzel_contact_angle(flat, 1.3)), label="Wenzel, r = 1.3")
    right.plot(
        np.degrees(flat), np.degrees(wetting.cassie_baxter_contact_angle(flat, 0.5)), label="Cassie-Baxter, f = 0.5"
    )
    label(right, "angle on the flat surface / °", "apparent angle / °")


def draw_contact(left: Axes, right: Axes) -> None:
    pressure = np.geomspace(1e4, 3e7, 200)
    low, high = materials.load_material("sodium").properties["hardness"].range or (0.0, 0.0)
    left.fill_between(
        pressure / 1e6,
        contact.plastic_contact_fraction(pressure, high * 1e6),
        contact.plastic_contact_fraction(pressure, low * 1e6),
        alpha=0.3,
        lw=0,
    )
    left.semilogx(
        pressure / 1e6, contact.plastic_contact_fraction(pressure, metal("hardness")), label="plastic, sodium"
    )
    label(left, "stack pressure / MPa", "contact fraction")
    time = np.geomspace(1, 1e7, 200)
    for p in (0.1e6, 0.3e6, 1e6):
        start = contact.plastic_contact_fraction(p, metal("hardness"))
        fraction = contact.creep_flattened_contact_fraction(
            time, float(start), p, metal("creep_prefactor"), metal("creep_exponent")
        )
        right.semilogx(time / HOUR, np.minimum(fraction, 1), label=f"{p / 1e6:g} MPa")
    label(right, "time under pressure / h", "contact fraction, creep")


def draw_constriction(left: Axes, right: Axes) -> None:
    relative = np.linspace(0.01, 0.95, 200)
    left.plot(relative**2, constriction.flux_tube_factor(relative), label="flux tube")
    left.plot(relative**2, constriction.cooper_mikic_yovanovich_factor(relative), "--", label="Cooper-Mikic-Yovanovich")
    label(left, "contact fraction", "constriction factor ψ")
    fraction = np.geomspace(0.005, 0.8, 200)
    for spacing in (10 * UM, 50 * UM, 150 * UM):
        resistance = constriction.constriction_resistance(fraction, spacing, 1 / pellet("conductivity"))
        right.loglog(fraction, resistance / OHM_CM2, label=f"b = {spacing / UM:.0f} µm")
    label(right, "contact fraction", "R constriction / Ω cm²")


def draw_vacancies(left: Axes, right: Axes) -> None:
    temperature = np.linspace(260, 370, 100)
    left.semilogy(1000 / temperature, vacancies.sodium_self_diffusivity(temperature), label="Mundy")
    left.semilogy(1000 / temperature, vacancies.sodium_self_diffusivity_nachtrieb(temperature), "--", label="Nachtrieb")
    label(left, "1000 K / T", "self-diffusivity / m² s⁻¹")
    fraction = float(
        vacancies.vacancy_fraction(
            ROOM,
            metal("vacancy_formation_energy"),
            metal("vacancy_fraction_at_melting"),
            metal("melting_temperature"),
        )
    )
    diffusivity = float(vacancies.vacancy_diffusivity(metal("self_diffusivity"), fraction))
    current = np.geomspace(0.05, 10, 100)
    for critical in (2.0, 7.0):
        time = vacancies.sand_time(current * MA, critical, fraction / metal("molar_volume"), diffusivity)
        right.loglog(current, time, label=f"S* = {critical:g}")
    label(right, "current density / mA cm⁻²", "Sand time / s")


def draw_voids(left: Axes, right: Axes) -> None:
    relative = np.linspace(0, 3, 200)
    for shape in (1.0, 0.5, 0.0, -1.0):
        left.plot(relative, [voids.contact_loss_factor(v, 1.0, shape) for v in relative], label=f"µ = {shape:g}")
    label(left, "void thickness over capacity v/h", "contact that is left a/a₀")
    recession = thermodynamics.recession_per_charge(metal("molar_volume"), 1.0)
    for name, text in (("pristine-na", "pristine Na"), ("h-na-1-5", "h-Na 1:5")):
        feed = voids.replenishment_flux(
            interface(name, "replenishment_current_density"),
            interface(name, "area_ratio"),
            interface(name, "contact_fraction"),
            1.0,
        )
        scale, shape = interface(name, "void_capacity"), interface(name, "contact_shape")
        ratio = np.geomspace(1, 300, 200)
        current = 0.2 * MA
        time = [voids.resistance_power_integral(1.0, w, current, feed, scale, shape, recession, 0.0) for w in ratio]
        right.semilogy(np.array(time) / HOUR, ratio, label=text)
    label(right, "stripping at 0.2 mA cm⁻² / h", "R/R₀ of the contacts")


def draw_replenishment(left: Axes, right: Axes) -> None:
    temperature = np.linspace(273, 365, 100)
    base = interface("pristine-na", "replenishment_current_density")
    slope = interface("pristine-na", "replenishment_pressure_slope")
    laws = (
        ("interface", replenishment.INTERFACE_ACTIVATION_ENERGY_EV),
        ("creep", replenishment.CREEP_ACTIVATION_ENERGY_EV),
    )
    for name, energy in laws:
        flux = [replenishment.replenishment_current_density(base, t, ROOM, energy, 0.0, slope) for t in temperature]
        left.semilogy(temperature - 273.15, np.array(flux) / MA, label=f"{name} law")
    label(left, "temperature / °C", "j_r / mA cm⁻²")
    pressure = np.linspace(0, 10e6, 100)
    linear = [
        replenishment.replenishment_current_density(base, ROOM, ROOM, laws[0][1], float(p), slope) for p in pressure
    ]
    right.plot(pressure / 1e6, np.array(linear) / MA, label="linear in pressure")
    stress = replenishment.stress_driven_current_density(
        pressure, metal("self_diffusivity"), 20 * UM, ROOM, metal("correlation_factor")
    )
    right.plot(pressure / 1e6, stress / MA, "--", label="stress-driven, L = 20 µm")
    label(right, "stack pressure / MPa", "j / mA cm⁻²")


def draw_creep(left: Axes, right: Axes) -> None:
    stress = np.geomspace(2e4, 2e6, 100)
    for celsius in (0, 25, 60):
        factor = creep.creep_prefactor(
            metal("creep_prefactor"), metal("creep_activation_energy"), celsius + 273.15, ROOM
        )
        left.loglog(
            stress / 1e6, creep.norton_strain_rate(stress, factor, metal("creep_exponent")), label=f"{celsius} °C"
        )
    label(left, "stress / MPa", "strain rate / s⁻¹")
    fraction = np.linspace(0, 0.3, 100)
    exponent = metal("creep_exponent")
    right.plot(fraction, creep.composite_creep_ratio(fraction, exponent), label="continuum")
    right.plot(
        fraction, creep.composite_hardness_ratio(fraction, 4.5) ** -exponent, "--", label="from hardness, k = 4.5"
    )
    label(right, "ceramic volume fraction", "creep rate over that of the metal")


def draw_fracture(left: Axes, right: Axes) -> None:
    flaw = np.geomspace(0.3e-6, 60e-6, 100)
    low, high = materials.load_material("nzsp-hna").properties["fracture_toughness"].range or (0.0, 0.0)
    volume = metal("molar_volume")
    left.fill_between(
        flaw / UM,
        fracture.crack_overpotential(flaw, low * 1e6, volume) * 1e3,
        fracture.crack_overpotential(flaw, high * 1e6, volume) * 1e3,
        alpha=0.3,
        lw=0,
    )
    toughness = pellet("fracture_toughness")
    left.loglog(flaw / UM, fracture.crack_overpotential(flaw, toughness, volume) * 1e3, label="NZSP")
    label(left, "flaw size / µm", "critical overpotential / mV")
    current = np.linspace(0.01, 3, 200)
    for modulus in (2.0, 3.0, 4.0):
        right.plot(
            current, fracture.weibull_failure_probability(current, 1.0, modulus, 1.0), label=f"modulus {modulus:g}"
        )
    label(right, "current density over scale", "share of cells that failed")


def draw_kinetics(left: Axes, right: Axes) -> None:
    overpotential = np.linspace(-0.12, 0.12, 241)
    for alpha in (0.5, 0.3):
        current = kinetics.butler_volmer_current_density(overpotential, MA, ROOM, alpha)
        left.plot(overpotential * 1e3, current / MA, label=f"α = {alpha:g}")
    left.set_ylim(-8, 8)
    label(left, "overpotential / mV", "i/i₀")
    current = np.geomspace(0.02, 100, 100)
    exact = [kinetics.butler_volmer_overpotential(i * MA, MA, ROOM) for i in current]
    right.semilogx(current, np.array(exact) * 1e3, label="Butler-Volmer")
    above = current[current > 1]
    right.semilogx(above, kinetics.tafel_overpotential(above * MA, MA, ROOM, 0.5) * 1e3, "--", label="Tafel")
    slope = kinetics.charge_transfer_resistance(MA, ROOM) * MA * 1e3
    below = current[current < 6]
    right.semilogx(below, slope * below, ":", label="low field")
    label(right, "i/i₀", "overpotential / mV")


def draw_interphase(left: Axes, right: Axes) -> None:
    final = 100e-9
    time = np.linspace(1, 40 * 86400, 300)
    for days in (3, 10, 30):
        rate = final**2 / (days * 86400)
        left.plot(time / 86400, interphase.interphase_thickness(time, rate, final) / final, label=f"δ∞²/k = {days} d")
    label(left, "time / d", "thickness over final thickness")
    reduced = np.linspace(0, 5, 200)
    right.plot(reduced, interphase.saturating_resistance(reduced, 1.0, 1.0), label="saturating")
    right.plot(reduced, interphase.linear_resistance(reduced, 0.2, 0.2), label="linear")
    right.plot(reduced, interphase.runaway_resistance(reduced, 0.02, 1.0), label="runaway")
    label(right, "reduced time", "reduced resistance")


def draw_transport(left: Axes, right: Axes) -> None:
    temperature = np.linspace(263, 373, 100)
    low, high = materials.load_material("nzsp-hna").properties["conductivity_activation_energy"].range or (0.0, 0.0)
    for energy in (low, high):
        sigma = transport.arrhenius_conductivity(temperature, pellet("conductivity"), ROOM, energy)
        left.semilogy(1000 / temperature, sigma * 10, label=f"{energy:g} eV")
    label(left, "1000 K / T", "conductivity / mS cm⁻¹")
    omega = 2 * math.pi * np.geomspace(1e-3, 1e5, 300)
    for thickness in (0.5 * UM, 2 * UM, 10 * UM):
        surface = float(transport.specific_surface_of_spheres(0.22, 0.2 * UM))
        z = transport.transmission_line_impedance(omega, 2.2e-3, 12 * OHM_CM2, 0.1, surface, thickness)
        nyquist(right, z, OHM_CM2, "Ω cm²", f"{thickness / UM:g} µm")


def draw_percolation(left: Axes, right: Axes) -> None:
    fraction = np.linspace(0, 0.6, 300)
    for text, threshold in (("shells", 0.04), ("packed spheres", 0.16), ("overlapping spheres", 0.29)):
        sigma = percolation.effective_conductivity(fraction, 1.0, threshold)
        left.semilogy(fraction, np.where(sigma > 0, sigma, np.nan), label=f"{text}, φc = {threshold:g}")
    left.set_ylim(1e-4, 3)
    label(left, "ceramic volume fraction", "σ/σ₀")
    left.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=1)
    right.plot(fraction[:150], percolation.isolated_sphere_area_ratio(fraction[:150]), label="1 + 2 φ")
    ratio = np.array([0.1, 0.2, 0.5, 1.0])
    known = thermodynamics.volume_fraction(
        ratio, materials.load_material("sno2-nzsp").properties["density"].si, metal("density")
    )
    right.plot(known, percolation.isolated_sphere_area_ratio(known), "o", label="1:10, 1:5, 1:2, 1:1 by mass")
    label(right, "ceramic volume fraction", "area ratio of isolated spheres")


def draw_hybrid(left: Axes, right: Axes) -> None:
    fraction = np.linspace(0, 0.23, 100)
    left.plot(fraction, hybrid.insulating_area_ratio(fraction), label="insulating particles")
    left.plot(fraction, percolation.isolated_sphere_area_ratio(fraction), label="conducting, no necks")
    left.plot(fraction, hybrid.necked_area_ratio(fraction), label="conducting, with necks")
    label(left, "ceramic volume fraction", "area ratio A_r")
    resistance, contact_fraction = (
        interface("pristine-na", "contact_resistance"),
        interface("pristine-na", "contact_fraction"),
    )
    ratio = percolation.isolated_sphere_area_ratio(fraction)
    for text, a in (("not wetted", contact_fraction), ("wetted", 1.0)):
        fresh = hybrid.fresh_interface_resistance(resistance, ratio, a)
        right.plot(fraction, fresh / OHM_CM2, label=text)
    label(right, "ceramic volume fraction", "fresh resistance / Ω cm²")


def draw_thermodynamics(left: Axes, right: Axes) -> None:
    ratio = np.linspace(0, 1.2, 100)
    for text, name in (("coated NZSP", "sno2-nzsp"), ("NZSP", "nzsp-hna"), ("ZrO₂", "zro2")):
        density = materials.load_material(name).properties["density"].si
        left.plot(ratio, thermodynamics.volume_fraction(ratio, density, metal("density")), label=text)
    label(left, "mass of ceramic over mass of sodium", "volume fraction")
    temperature = np.linspace(380, 700, 100)
    right.semilogy(temperature - 273.15, 1e6 * thermodynamics.oxygen_solubility(temperature), label="oxygen in sodium")
    label(right, "temperature / °C", "solubility / wppm")


def draw_impedance(left: Axes, right: Axes) -> None:
    omega = 2 * math.pi * np.geomspace(1e-1, 1e8, 600)
    resistance, prefactor = 1.0, 1e-4
    for exponent in (1.0, 0.9, 0.7):
        z = impedance.zarc(omega, resistance, prefactor, exponent)
        nyquist(left, z, 1.0, "R", f"n = {exponent:g}")
    for exponent in (0.95, 0.9, 0.7):
        centre = float(impedance.zarc_time_constant(resistance, prefactor, exponent))
        time = centre * np.geomspace(1e-3, 1e3, 400)
        shape = impedance.zarc_relaxation_distribution(time, resistance, centre, exponent)
        right.semilogx(time / centre, shape, label=f"n = {exponent:g}")
    label(right, "relaxation time over its centre", "distribution over R")


def draw_protrusion(left: Axes, right: Axes) -> None:
    current = np.linspace(0.1, 5, 100)
    charge = 100 * MAH
    for axes, ratios in ((left, (1.0, 1.5)), (right, (1.0,))):
        for ratio in ratios:
            rate = np.array([protrusion.protrusion_growth_rate(-i * MA, ratio, charge) for i in current])
            if axes is left:
                axes.plot(current, rate * HOUR, label=f"A_r = {ratio:g}")
            else:
                axes.loglog(current, 2 / (rate * HOUR), label="life of one electrode, half the time plated")
    label(left, "plating current density / mA cm⁻²", "growth per hour / separator")
    label(right, "current density / mA cm⁻²", "life / h (q = 100 mAh cm⁻²)")


def draw_cathode(left: Axes, right: Axes) -> None:
    thermal = 0.025693
    filling = np.linspace(0.0, 1.0, 400)
    phosphate = [cathode.two_phase_open_circuit_voltage(x, 3.37, 0.03, thermal) for x in filling]
    sulfur = [cathode.two_plateau_open_circuit_voltage(x, 2.27, 1.76, 0.25, 0.05, thermal) for x in filling]
    left.plot(filling, phosphate, label="two phases (NVP)")
    left.plot(filling, sulfur, label="two plateaus (S)")
    left.set_ylim(1.3, 3.8)
    label(left, "sodium taken up over its maximum", "open-circuit voltage / V")
    omega = 2 * math.pi * np.geomspace(1e-5, 1e2, 400)
    for slope in (0.3, 1.0):
        z = cathode.single_particle_impedance(omega, -slope, 1000.0, 360.0)
        nyquist(right, np.where(z.imag > -0.4, z, np.nan), 1.0, "Ω", f"dU/dx = -{slope:g} V")


DRAW: dict[str, Callable[[Axes, Axes], None]] = {
    name.removeprefix("draw_"): thing for name, thing in list(globals().items()) if name.startswith("draw_")
}


def draw(folder: Path, modules: list[ModuleType]) -> list[str]:
    """Draw the figure of every module; returns modules without one."""
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    for module in modules:
        short = module.__name__.rpartition(".")[2]
        if short not in DRAW:
            problems.append(f"docs/_ext/law_figures.py draws no figure of {module.__name__}")
            continue
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=(7.2, 2.9), layout="constrained")
            left, right = figure.subplots(1, 2)
            DRAW[short](left, right)
            figure.savefig(folder / f"{short}.svg", metadata={"Date": None})
    return problems
