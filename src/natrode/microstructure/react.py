"""Where and how fast a resolved electrode reacts: potentials of ions and electrons with kinetics on their interface."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from natrode.constants import FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.errors import SpecificationError
from natrode.microstructure import currents
from natrode.microstructure.contacts import LINEAR, make_exchange
from natrode.microstructure.coupled import Circuit, Convergence, State, solve, start
from natrode.microstructure.electrode import Electrode, Materials, build_electrode, choose_materials, count_voxels
from natrode.microstructure.lattice import number_voxels
from natrode.microstructure.multigrid import build_hierarchy
from natrode.microstructure.operators import Doubles, Floats, voxel_operator
from natrode.microstructure.structure import Structure, lookup

SODIUM_CONDUCTIVITY = 2.13e7
"""Of electrons in sodium at 20 C, from its resistivity 4.69e-8 Ohm m (CRC Handbook) [S/m]."""
_EQUIPOTENTIAL_BELOW = 1e-4
_FIRST_DEPTH = 10e-6

METHOD = (
    "finite volumes, one unknown per voxel of the ionic conductors; metal at one potential per connected piece unless "
    "its own resistance matters; kinetics on the interface, whose area is Crofton's, with half a voxel in series; "
    "Newton's method with multigrid conjugate gradients"
)


@dataclass(frozen=True)
class Kinetics:
    """What happens on the true interface between an ionic conductor and the metal."""

    resistance: float
    """Of charge transfer at equilibrium, RT/(F i0), per true area [Ohm m2]."""
    law: Literal["butler-volmer", "linear"] = "butler-volmer"
    transfer_coefficient: float = 0.5
    """Alpha of the oxidation [-]."""
    capacitance: float = 0.0
    """Of the double layer, per true area [F/m2]; for transients and impedances."""

    def __post_init__(self) -> None:
        if not np.isfinite(self.resistance) or self.resistance <= 0:
            raise SpecificationError(f"resistance {self.resistance!r}: must be a number of Ohm m2 greater than zero")
        if self.law not in ("butler-volmer", "linear"):
            raise SpecificationError(f"law {self.law!r}: must be butler-volmer or linear")
        if not 0.0 < self.transfer_coefficient < 1.0:
            raise SpecificationError(f"transfer coefficient {self.transfer_coefficient!r}: must lie between 0 and 1")
        if not np.isfinite(self.capacitance) or self.capacitance < 0:
            raise SpecificationError(f"capacitance {self.capacitance!r}: must be a number of F/m2, not negative")

    @property
    def number(self) -> float:
        """Transfer coefficient, or what stands for linear kinetics."""
        return self.transfer_coefficient if self.law == "butler-volmer" else LINEAR


@dataclass(frozen=True, eq=False)
class Fields:
    """Potentials and currents in each voxel; NaN where there are none, or 0 for currents."""

    ionic_potential: Floats
    """Against the collector [V]."""
    metal_potential: Floats
    """Against the collector [V]; NaN in pieces that touch no conductor with current."""
    ionic_current_density: Floats
    """Along axes 0, 1, 2, positive towards the electrolyte's plane side as current is: shape (3, nx, ny, nz) [A/m2]."""
    reaction_current_density: Floats
    """Per true area, in the conductor's voxels at the interface [A/m2]; positive where metal is stripped."""


@dataclass(frozen=True, eq=False)
class Reaction:
    """How an electrode reacts at steady state; positive voltages and currents strip its metal."""

    voltage: float
    """Collector against the electrolyte's plane, series resistance included [V]."""
    current_density: float
    """Per cross-section [A/m2]."""
    area_specific_resistance: float | None
    """Voltage over current density without the series resistance [Ohm m2]; None where no current flows."""
    depths: Doubles = field(repr=False)
    """Centres of the layers of voxels below the first layer with metal, shape (nx,) [m]."""
    profile: Doubles = field(repr=False)
    """Reaction current per volume of each layer, shape (nx,) [A/m3]."""
    penetration_length: float | None
    """Mean depth of the reaction below the first layer with metal [m]; the decay length of an exponential."""
    share_in_first_10_um: float | None
    """Of the reaction, below the first layer with metal [-]."""
    utilisation: float
    """(int j dA)^2/(A int j^2 dA) over the whole interface [-]; 1 where all of it reacts alike."""
    interface_area: float
    """Between ionic conductors and metal, connected or not [m2]."""
    connected_interface_area: float
    """Part of it that both currents reach [m2]."""
    area_ratio: float
    """Interface area over cross-section [-]."""
    heat: Mapping[str, float]
    """`ohmic` in conductors and series resistance, and `reaction`, per cross-section [W/m2]."""
    connected_fraction: float
    """Of the ionic conductors, reached from the electrolyte [-]."""
    floating_fraction: float
    """Of the metal, not connected to the collector [-]."""
    floating_pieces: int
    """Metal pieces off the collector that the current may cross."""
    metal_resolved: bool
    """Whether the metal's own resistance was computed."""
    equipotential_error: float
    """Estimated share of the voltage that falls in metal taken as equipotential [-]."""
    balance: float
    """Relative difference between the current in and the current that reacts [-]."""
    residual: float
    """Norm of the residual over that of the currents into the first layer [-]."""
    error_estimate: float
    """Estimated relative error of the current that the iteration leaves [-]; not that of the voxels."""
    newton_steps: int
    iterations: int
    """Of conjugate gradients on the finest level."""
    coarse_iterations: int
    unknowns: int
    settings: Mapping[str, Any]
    reason: str = ""
    """Why no current flows; empty where it does."""
    fields: Fields | None = field(default=None, repr=False)

    def share_within(self, depth: float) -> float:
        """Return the share of the reaction within a depth [m] of the first layer with metal."""
        total = float(self.profile.sum())
        return float(self.profile[self.depths <= depth].sum()) / total if total else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain data without the fields."""
        known = {item.name: getattr(self, item.name) for item in dataclasses.fields(self) if item.name != "fields"}
        known.update(depths=self.depths.tolist(), profile=self.profile.tolist())
        known.update(heat=dict(self.heat), settings=dict(self.settings), method=METHOD)
        return known


def react(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    *,
    voltage: float | None = None,
    current_density: float | None = None,
    metal: str | None = None,
    conductivities: Mapping[str, float] | None = None,
    phase_resistance: float = 0.0,
    series_resistance: float = 0.0,
    metal_conductivity: float = SODIUM_CONDUCTIVITY,
    resolve_metal: bool | None = None,
    area: Literal["unbiased", "voxel faces"] = "unbiased",
    temperature: float = ROOM_TEMPERATURE,
    tolerance: float = 1e-8,
    fields: bool = False,
) -> Reaction:
    """Steady reaction of a resolved electrode between an electrolyte (first plane) and a collector (last plane).

    Args:
        structure: the labelled image; voids, and materials that are neither metal nor conduct ions, insulate.
        kinetics: of all interfaces, or by ionic conductor.
        voltage: collector against the electrolyte's plane [V]; positive strips the metal.
        current_density: through the cross-section [A/m2], in place of the voltage.
        metal: the material that reacts; by default the only metal of the structure. The label `collector` only
            carries electrons.
        conductivities: of the ionic conductors [S/m], by name; by default those of the materials data. A liquid in
            the pores is a conductor like any other.
        phase_resistance: between two ionic conductors that touch, scalar [Ohm m2].
        series_resistance: between the electrolyte's plane and the first layer, scalar [Ohm m2].
        metal_conductivity: for electrons, scalar [S/m].
        resolve_metal: compute the potential in the metal; by default only where its resistance would change the
            current by more than 1e-4.
        area: Crofton's unbiased estimate, or the faces of the voxels for shapes whose sides follow the axes.
        temperature: T, scalar [K].
        tolerance: relative difference between the currents in and out at which the iteration ends [-].
        fields: also return potentials and local currents.

    Returns:
        The reaction; without current, and with the reason, where ions or electrons cannot reach the interface.

    Raises:
        SpecificationError: contradictory boundary conditions, unknown materials or values out of range.
        SimulationError: the currents do not balance.

    Formula:
        div(sigma grad phi) = 0 in each conductor; on the interface the normal current is
        i0 [exp(alpha F eta/RT) - exp(-(1-alpha) F eta/RT)] or eta/R_ct, eta = phi_metal - phi_ionic,
        R_ct = RT/(F i0); a metal piece off the collector has the potential at which its net current is zero.

    Source: natrode model notes F; Newman and Tobias 1962, J. Electrochem. Soc. 109, 1183 (porous electrodes).
    """
    settings = check_settings(
        area=area,
        temperature=temperature,
        tolerance=tolerance,
        metal_conductivity=metal_conductivity,
        **check_drive(voltage, current_density),
    )
    resolved = bool(resolve_metal)
    options: dict[str, Any] = {
        "metal": metal,
        "conductivities": conductivities,
        "phase_resistance": phase_resistance,
        "series_resistance": series_resistance,
        "keep_pieces": fields,
    }
    electrode, laws = prepare(structure, kinetics, settings, resolve_metal=resolved, **options)
    if electrode.reason:
        return _nothing(electrode, settings)
    found = steady(electrode, laws, settings, resolved)
    error = _equipotential_error(electrode, found[0], found[1], settings)
    if resolve_metal is None and error > _EQUIPOTENTIAL_BELOW:
        resolved, error = True, 0.0
        electrode, laws = prepare(structure, kinetics, settings, resolve_metal=True, **options)
        found = steady(electrode, laws, settings, resolved)
    return _answer(electrode, *found, settings, 0.0 if resolved else error, fields=fields)


def prepare(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    settings: dict[str, Any],
    *,
    metal: str | None = None,
    conductivities: Mapping[str, float] | None = None,
    phase_resistance: float = 0.0,
    series_resistance: float = 0.0,
    resolve_metal: bool = False,
    keep_pieces: bool = False,
) -> tuple[Electrode, dict[str, Kinetics]]:
    """Choose materials and set up an electrode; what was chosen is added to the settings.

    Args:
        structure: the labelled image.
        kinetics: of all interfaces, or by ionic conductor.
        settings: with the `area` to take; changed.
        metal: as for `react`, as are `conductivities`, `phase_resistance` and `series_resistance`.
        conductivities: see `metal`.
        phase_resistance: see `metal`.
        series_resistance: see `metal`.
        resolve_metal: contacts by face, for metal of finite conductivity.
        keep_pieces: keep the image of metal pieces.

    Returns:
        The electrode and the kinetics of each ionic conductor.

    Raises:
        SpecificationError: as `react`.
    """
    materials = choose_materials(structure, metal, conductivities, phase_resistance)
    laws = kinetics_by_material(kinetics, materials)
    electrode = build_electrode(
        structure,
        materials,
        series_resistance=series_resistance,
        unbiased=settings["area"] == "unbiased",
        resolve_metal=resolve_metal,
        keep_pieces=keep_pieces,
    )
    settings.update(
        metal=materials.metal,
        conductivities=dict(materials.conductivities),
        phase_resistance=materials.phase_resistance,
        series_resistance=electrode.series_resistance,
        kinetics={name: dataclasses.asdict(law) for name, law in laws.items()},
    )
    return electrode, laws


def kinetics_by_material(kinetics: Kinetics | Mapping[str, Kinetics], materials: Materials) -> dict[str, Kinetics]:
    """Return the kinetics of each ionic conductor, in their order.

    Raises:
        SpecificationError: some conductor has none, or kinetics are given for what is not a conductor.
    """
    if isinstance(kinetics, Kinetics):
        return dict.fromkeys(materials.conductivities, kinetics)
    given, wanted = set(kinetics), set(materials.conductivities)
    if given != wanted:
        raise SpecificationError(
            f"kinetics are given for {', '.join(sorted(given))}; the ionic conductors are {', '.join(sorted(wanted))}"
        )
    return {name: kinetics[name] for name in materials.conductivities}


def make_circuit(
    electrode: Electrode, kinetics: Mapping[str, Kinetics], metal_conductivity: float | None = None
) -> Circuit:
    """Put kinetics on an electrode.

    Args:
        electrode: with equations.
        kinetics: by ionic conductor, in their order.
        metal_conductivity: for metal with potentials of its own [S/m]; the electrode has contacts by face then.

    Returns:
        The circuit.
    """
    contacts, lattice, hierarchy = electrode.contacts, electrode.lattice, electrode.hierarchy
    if contacts is None or lattice is None or hierarchy is None:
        raise ValueError(electrode.reason)
    phases = contacts.phases if len(kinetics) > 1 else 0
    conductivities = np.array(list(electrode.materials.conductivities.values()))[phases]
    resistances = np.array([law.resistance for law in kinetics.values()])[phases]
    laws = np.array([law.number for law in kinetics.values()])
    weights = contacts.areas / (resistances * electrode.unit)
    series = contacts.distances / (conductivities * resistances)
    equations = (hierarchy, electrode.entering, electrode.inlets)
    if metal_conductivity is None:
        return Circuit(*equations, make_exchange(contacts, weights, series, laws), electrode.pieces)
    series = series + contacts.distances / (metal_conductivity * resistances)
    if electrode.piece_image is None:
        raise ValueError("the electrode does not keep its metal pieces")
    metal, numbers = number_voxels((electrode.piece_image > 0).view(np.uint8))
    x, y, z = electrode.structure.voxel_size
    ratio = metal_conductivity / next(iter(electrode.materials.conductivities.values()))
    operator = voxel_operator(metal, (ratio, ratio * (x / y) ** 2, ratio * (x / z) ** 2), 0.0, 2.0 * ratio)
    behind = numbers.reshape(-1)[contacts.across]
    levels = build_hierarchy(operator, numbers)
    return Circuit(
        *equations, make_exchange(contacts, weights, series, laws), electrode.pieces, levels, behind, metal.positions
    )


def thermal_voltage(temperature: float) -> float:
    """Return RT/F [V]."""
    return GAS_CONSTANT * temperature / FARADAY


def check_drive(voltage: float | None, current_density: float | None) -> dict[str, Any]:
    """Return voltage and current density, of which exactly one is given.

    Raises:
        SpecificationError: neither or both, or not a number.
    """
    if (voltage is None) == (current_density is None):
        stated = "neither" if voltage is None else "both"
        raise SpecificationError(f"{stated} of voltage and current density are given; give one of the two")
    for name, value in (("voltage", voltage), ("current density", current_density)):
        if value is not None and not np.isfinite(value):
            raise SpecificationError(f"{name} {value!r}: must be a number")
    return {"voltage": voltage, "current_density": current_density}


def check_settings(
    *,
    area: str = "unbiased",
    temperature: float = ROOM_TEMPERATURE,
    tolerance: float = 1e-8,
    metal_conductivity: float = SODIUM_CONDUCTIVITY,
    **others: Any,
) -> dict[str, Any]:
    """Return the settings that all calculations of a reaction share, with any `others`.

    Raises:
        SpecificationError: a value out of range.
    """
    if area not in ("unbiased", "voxel faces"):
        raise SpecificationError(f"area {area!r}: must be unbiased or voxel faces")
    for name, value in (("temperature", temperature), ("metal conductivity", metal_conductivity)):
        if not np.isfinite(value) or value <= 0:
            raise SpecificationError(f"{name} {value!r}: must be a number greater than zero")
    if not 1e-12 <= tolerance <= 1e-2:
        raise SpecificationError(f"tolerance {tolerance!r}: must lie between 1e-12 and 1e-2")
    return {
        **others,
        "area": area,
        "temperature": float(temperature),
        "tolerance": float(tolerance),
        "metal_conductivity": float(metal_conductivity),
    }


def steady(
    electrode: Electrode, kinetics: Mapping[str, Kinetics], settings: Mapping[str, Any], resolved: bool = False
) -> tuple[Circuit, State, Convergence]:
    """Put kinetics on an electrode and find its steady state.

    Args:
        electrode: with equations.
        kinetics: by ionic conductor, in their order.
        settings: voltage or current density, temperature, tolerance and conductivity of the metal.
        resolved: whether the metal has potentials of its own.

    Returns:
        The circuit, its potentials and how they were found.

    Raises:
        SimulationError: the currents do not balance.
    """
    circuit = make_circuit(electrode, kinetics, settings["metal_conductivity"] if resolved else None)
    thermal = thermal_voltage(settings["temperature"])
    current = plane = None
    if settings["voltage"] is not None:
        plane = settings["voltage"] / thermal
    else:
        current = settings["current_density"] * electrode.cross_section / (electrode.unit * thermal)
        plane = current / float(min(circuit.inlets.sum(), circuit.exchange.weights.sum()))
    state, convergence = solve(circuit, start(circuit, plane), current, tolerance=settings["tolerance"], coarse=True)
    return circuit, state, convergence


def layer_sums(electrode: Electrode, values: Doubles) -> Doubles:
    """Sum values of the contacts over the layers of voxels, shape (nx,)."""
    nx, ny, nz = electrode.structure.shape
    if electrode.contacts is None or electrode.lattice is None:
        return np.zeros(nx)
    layers = electrode.lattice.positions[electrode.contacts.owners] // (ny * nz)
    return np.bincount(layers, values, nx).astype(np.float64)


def depths_of(electrode: Electrode) -> Doubles:
    """Return the depth of the centre of each layer below the first one with metal, shape (nx,) [m]."""
    nx, edge = electrode.structure.shape[0], electrode.structure.voxel_size[0]
    return (np.arange(nx, dtype=np.float64) + 0.5) * edge - electrode.beginning


def _equipotential_error(electrode: Electrode, circuit: Circuit, state: State, settings: Mapping[str, Any]) -> float:
    """Resistance of porous metal as thick as the sample (Bruggeman) over that of the electrode."""
    if not state.plane:
        return 0.0
    structure = electrode.structure
    metallic = lookup(structure.labels_of(electrode.materials.metal))
    share = float(count_voxels(structure.image, metallic) / structure.image.size)
    resistance = structure.size[0] / (float(settings["metal_conductivity"]) * share**1.5)
    conductance = circuit.entering_current(state) / state.plane * electrode.unit / electrode.cross_section
    return float(resistance * conductance)


def _nothing(electrode: Electrode, settings: Mapping[str, Any]) -> Reaction:
    voltage = settings["voltage"]
    if voltage is None:
        raise SpecificationError(
            f"a current density of {settings['current_density']:g} A/m2 cannot flow: {electrode.reason}"
        )
    nx = electrode.structure.shape[0]
    area = float(electrode.interface_areas.sum())
    return Reaction(
        voltage=float(voltage),
        current_density=0.0,
        area_specific_resistance=None,
        depths=depths_of(electrode),
        profile=np.zeros(nx),
        penetration_length=None,
        share_in_first_10_um=None,
        utilisation=0.0,
        interface_area=area,
        connected_interface_area=0.0,
        area_ratio=area / electrode.cross_section,
        heat={"ohmic": 0.0, "reaction": 0.0},
        connected_fraction=electrode.connected_fraction,
        floating_fraction=electrode.floating_fraction,
        floating_pieces=0,
        metal_resolved=False,
        equipotential_error=0.0,
        balance=0.0,
        residual=0.0,
        error_estimate=0.0,
        newton_steps=0,
        iterations=0,
        coarse_iterations=0,
        unknowns=0,
        settings=dict(settings),
        reason=electrode.reason,
    )


def _answer(
    electrode: Electrode,
    circuit: Circuit,
    state: State,
    convergence: Convergence,
    settings: Mapping[str, Any],
    equipotential_error: float,
    *,
    fields: bool,
) -> Reaction:
    """Put the numbers back into units."""
    contacts, exchange = circuit.exchange.contacts, circuit.exchange
    thermal = thermal_voltage(settings["temperature"])
    ampere = electrode.unit * thermal  # of one conductance times RT/F
    section, edge = electrode.cross_section, electrode.structure.voxel_size[0]
    voltage = state.plane * thermal
    current = circuit.entering_current(state) * ampere / section
    profile = layer_sums(electrode, exchange.fluxes) * ampere / (section * edge)
    depths = np.maximum(depths_of(electrode), 0.0)
    reacted, nets = float(profile.sum()), exchange.fluxes * ampere
    area = float(electrode.interface_areas.sum())
    squares = float((nets**2 / np.maximum(contacts.areas, 1e-300)).sum())
    reaction_heat = float(nets @ exchange.drops) * thermal / section
    flows = abs(current) > 0.0
    drop = current * electrode.series_resistance
    return Reaction(
        voltage=voltage,
        current_density=current,
        area_specific_resistance=(voltage - drop) / current if flows else None,
        depths=depths_of(electrode),
        profile=profile,
        penetration_length=float(profile @ depths) / reacted if flows else None,
        share_in_first_10_um=float(profile[depths <= _FIRST_DEPTH].sum()) / reacted if flows else None,
        utilisation=float(nets.sum()) ** 2 / (area * squares) if squares > 0.0 else 0.0,
        interface_area=area,
        connected_interface_area=float(contacts.areas.sum()),
        area_ratio=area / section,
        heat={"ohmic": voltage * current - reaction_heat, "reaction": reaction_heat},
        connected_fraction=electrode.connected_fraction,
        floating_fraction=electrode.floating_fraction,
        floating_pieces=circuit.pieces - 1,
        metal_resolved=circuit.metal is not None,
        equipotential_error=equipotential_error,
        balance=convergence.balance,
        residual=convergence.residual,
        error_estimate=convergence.error,
        newton_steps=convergence.steps,
        iterations=convergence.iterations,
        coarse_iterations=convergence.coarse_iterations,
        unknowns=circuit.size + circuit.metal_size + circuit.pieces - 1,
        settings=dict(settings),
        fields=_fields(electrode, circuit, state, thermal) if fields else None,
    )


def _fields(electrode: Electrode, circuit: Circuit, state: State, thermal: float) -> Fields:
    lattice, contacts = electrode.lattice, circuit.exchange.contacts
    if lattice is None or electrode.piece_image is None:
        raise ValueError(electrode.reason)
    x, y, z = electrode.structure.voxel_size
    sigma = next(iter(electrode.materials.conductivities.values()))
    operator = circuit.hierarchy.levels[0].operator
    ionic = -thermal * currents.potential_image(lattice, state.u)
    factors = tuple(sigma * thermal * edge / x**2 for edge in (x, y, z))
    density = currents.current_image(lattice, operator, state.u, (factors[0], factors[1], factors[2]), state.plane)
    metal = np.full(lattice.shape, np.nan, np.float32)
    inside = electrode.piece_image > 0
    metal[inside] = -thermal * state.pieces[electrode.piece_image[inside] - 1]
    if circuit.metal is not None:
        metal.reshape(-1)[circuit.metal_positions] -= thermal * state.metal[:-1]
    reaction = np.full(lattice.shape, np.nan, np.float32)
    owners, first = contacts.voxels, contacts.first[:-1]
    nets = np.add.reduceat(circuit.exchange.fluxes, first) * electrode.unit * thermal
    areas = np.add.reduceat(contacts.areas, first)
    reaction.reshape(-1)[lattice.positions[owners]] = nets / np.maximum(areas, 1e-300)
    return Fields(ionic, metal, density, reaction)
