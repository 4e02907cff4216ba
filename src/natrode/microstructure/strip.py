"""Stripping and plating of a resolved electrode: voids where it reacts, metal that is used up, voltage that follows."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.constants import FARADAY
from natrode.errors import SimulationError, SpecificationError
from natrode.microstructure.clusters import HIGH, find_clusters
from natrode.microstructure.coupled import Circuit, State, solve, start
from natrode.microstructure.distance import distance_to
from natrode.microstructure.electrode import Electrode
from natrode.microstructure.operators import Doubles
from natrode.microstructure.react import (
    Kinetics,
    check_settings,
    make_circuit,
    prepare,
    thermal_voltage,
)
from natrode.microstructure.structure import Structure
from natrode.physics.replenishment import INTERFACE_ACTIVATION_ENERGY_EV, replenishment_current_density

SODIUM_MOLAR_VOLUME = 2.375e-5
"""Of sodium at 20 C, from its density 968 kg/m3 [m3/mol]."""
_LARGEST_CHANGE = 0.05
_LARGEST_SHARE = 0.03
_MOST_STEPS = 5000
_RESIDUAL, _BALANCE = 1e-4, 1e-6
_LOST = 1e-9
_WHOLE = 1e-6

METHOD = (
    "quasi-static: the steady reaction, with a void thickness on each contact that grows with the local current less "
    "the replenishment and leaves the contact (1 - mu v/h)^(1/mu); metal leaves voxel by voxel, farthest from the "
    "reached conductor first, as it creeps to where it reacts; midpoint rule"
)

Ending = Literal["voltage", "exhausted", "contact lost", "charge"]


@dataclass(frozen=True)
class ContactLaw:
    """How contact follows the local current; the laws of the mean-field interface, per true area."""

    void_capacity: float
    """h, the initial slope of the contact against the void thickness being 1/h [m]."""
    contact_shape: float = 1.0
    """mu: 1 uniform contacts, 0 exponential, -1 resistance linear in the void thickness [-]."""
    contact_fraction: float = 1.0
    """a0 of the fresh interface [-]."""
    replenishment: float = 0.0
    """j_r per true contact area at the temperature below and no pressure [A/m2]."""
    refill_efficiency: float = 1.0
    """chi, share of the plated metal that fills voids [-]."""
    stack_pressure: float = 0.0
    """P [Pa]."""
    pressure_slope: float = 0.0
    """Replenishment per pressure, m_P [A/m2/Pa]."""
    reference_temperature: float = 298.15
    """Of `replenishment` and `pressure_slope` [K]."""
    activation_energy_ev: float = INTERFACE_ACTIVATION_ENERGY_EV
    """Of the replenishment [eV]."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("void_capacity", _LOST * 1e-9, math.inf),
            ("contact_shape", -math.inf, 1.0),
            ("contact_fraction", 1e-9, 1.0),
            ("replenishment", 0.0, math.inf),
            ("refill_efficiency", 0.0, 1.0),
            ("stack_pressure", 0.0, math.inf),
            ("pressure_slope", 0.0, math.inf),
            ("reference_temperature", 1e-9, math.inf),
            ("activation_energy_ev", 0.0, math.inf),
        ):
            value = getattr(self, name)
            if not np.isfinite(value) or not low <= value <= high:
                raise SpecificationError(
                    f"{name.replace('_', ' ')} {value!r}: must be a number from {low:g} to {high:g}"
                )

    def factor(self, voids: Doubles) -> Doubles:
        """Return the contact that voids of a thickness leave, over that of the fresh interface [-]."""
        relative = voids / self.void_capacity
        if abs(self.contact_shape) < 1e-12:
            return np.exp(-relative)
        left: Doubles = np.maximum(1.0 - self.contact_shape * relative, 0.0) ** (1.0 / self.contact_shape)
        return left

    def decay(self, voids: Doubles) -> Doubles:
        """Return -d ln f/dv at a void thickness [1/m]."""
        left = 1.0 - self.contact_shape * voids / self.void_capacity
        slope: Doubles = 1.0 / (self.void_capacity * np.maximum(left, 1e-12))
        return slope

    @property
    def thickest(self) -> float:
        """Void thickness at which no contact is left [m]; infinite unless mu > 0."""
        return self.void_capacity / self.contact_shape if self.contact_shape > 0.0 else math.inf


@dataclass(frozen=True)
class Segment:
    """A part of a charging history at constant current."""

    current_density: float
    """Per cross-section, positive strips [A/m2]."""
    charge: float = math.inf
    """At which it ends, unless the voltage or the metal ends it before [C/m2]."""


@dataclass(frozen=True, eq=False)
class Stripping:
    """What an electrode shows while its metal is stripped and plated; arrays have one entry for each step."""

    charge: Doubles = field(repr=False)
    """Net charge stripped per cross-section [C/m2]."""
    times: Doubles = field(repr=False)
    """[s]"""
    current_densities: Doubles = field(repr=False)
    """[A/m2]"""
    voltages: Doubles = field(repr=False)
    """Collector against the electrolyte's plane, series resistance included [V]."""
    resistances: Doubles = field(repr=False)
    """Voltage over current density [Ohm m2]."""
    void_factor: Doubles = field(repr=False)
    """Contact that voids leave over the fresh one, weighted with the local current [-]."""
    live_interface: Doubles = field(repr=False)
    """Share of the reached interface that still has metal behind it [-]."""
    mean_depth: Doubles = field(repr=False)
    """Of the reaction below the first layer with metal [m]."""
    endings: tuple[Ending, ...]
    """Why each segment ended."""
    segment_charges: tuple[float, ...]
    """Charge that each segment passed, located on the record where the voltage ended it [C/m2]."""
    capacity: float
    """Charge that the first segment passed [C/m2]."""
    inventory: float
    """Charge of all metal that is connected to the collector at the start [C/m2]."""
    isolated_at_start: float
    """Share of all metal that is not connected to the collector at the start: dead unless current crosses it [-]."""
    dead: float
    """Share of all metal that stripping has cut off from the collector [-]."""
    emptied_voxels: int
    """Counted in the image at the end."""
    volume_error: float
    """Volume of the net charge less that of the emptied voxels and the carried rest, in voxels [-]."""
    excess: float
    """Charge plated beyond the metal of the start, which the image does not hold [C/m2]."""
    solves: int
    iterations: int
    unknowns: int
    settings: Mapping[str, Any]
    reason: str = ""
    """Why no current flows; empty where it does."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        known = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        arrays = {name: value.tolist() for name, value in known.items() if isinstance(value, np.ndarray)}
        return {**known, **arrays, "settings": dict(self.settings), "method": METHOD}


def strip(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    contact: ContactLaw,
    current_density: float | None = None,
    *,
    segments: Sequence[Segment] | None = None,
    voltage_limit: float = 0.2,
    accuracy: float = _LARGEST_CHANGE,
    molar_volume: float = SODIUM_MOLAR_VOLUME,
    **options: Any,
) -> Stripping:
    """Strip a resolved electrode at constant current until its voltage, its contact or its metal is at an end.

    Args:
        structure: the labelled image.
        kinetics: of all interfaces, or by ionic conductor; the resistance is that of perfect contact.
        contact: how contact follows the local current. Without a law the capacity would be proportional to the size
            of the voxels, so there is no default.
        current_density: per cross-section, scalar [A/m2]; positive strips.
        segments: a history of several currents, in place of one.
        voltage_limit: magnitude at which a segment ends, scalar [V].
        accuracy: largest relative change of the contact in a step, weighted with the local current [-].
        molar_volume: of the metal, for one electron each, scalar [m3/mol].
        options: metal, conductivities, phase_resistance, series_resistance, area and temperature as for `react`.

    Returns:
        Voltage and contact against charge, and what ended it: exhausted metal is told from lost contact.

    Raises:
        SpecificationError: as `react`, or values out of range.
        SimulationError: the currents do not balance.

    Formula:
        v' = Omega/F (j - j_r a0 f) where the local current j strips, Omega/F (chi j - j_r a0 f) where it plates,
        v >= 0, f = (1 - mu v/h)^(1/mu); interface resistance R_ct/(a0 f) per true area.

    Source: natrode model notes C3 and C3b, each contact of the geometry taken as one mean-field interface.
    """
    shared = {name: options.pop(name) for name in ("area", "temperature") if name in options}
    settings = check_settings(**shared)
    history = _checked_history(current_density, segments)
    for name, value, most in (
        ("voltage limit", voltage_limit, math.inf),
        ("accuracy", accuracy, 1.0),
        ("molar volume", molar_volume, math.inf),
    ):
        if not 0.0 < value <= most:
            raise SpecificationError(f"{name} {value!r}: must be a number greater than zero, at most {most:g}")
    electrode, laws = prepare(structure, kinetics, settings, resolve_metal=True, **options)
    settings.update(
        contact=dataclasses.asdict(contact),
        segments=[dataclasses.asdict(segment) for segment in history],
        voltage_limit=voltage_limit,
        accuracy=accuracy,
        molar_volume=molar_volume,
    )
    if electrode.reason:
        return _nothing(electrode, settings)
    linear = all(law.law == "linear" for law in laws.values())
    anode = _Anode(electrode, make_circuit(electrode, laws), contact, settings, linear=linear)
    return anode.run(history)


def _checked_history(current_density: float | None, segments: Sequence[Segment] | None) -> list[Segment]:
    if (current_density is None) == (segments is None):
        raise SpecificationError("give either a current density or segments")
    history = [Segment(float(current_density))] if current_density is not None else list(segments or ())
    if not history:
        raise SpecificationError("a history needs one segment or more")
    for segment in history:
        if not np.isfinite(segment.current_density) or segment.current_density == 0.0 or not segment.charge > 0.0:
            raise SpecificationError(f"{segment}: needs a current density other than zero and a charge above zero")
    return history


def _nothing(electrode: Electrode, settings: Mapping[str, Any]) -> Stripping:
    none = np.zeros(0)
    return Stripping(
        charge=none,
        times=none,
        current_densities=none,
        voltages=none,
        resistances=none,
        void_factor=none,
        live_interface=none,
        mean_depth=none,
        endings=(),
        segment_charges=(),
        capacity=0.0,
        inventory=0.0,
        isolated_at_start=electrode.floating_fraction,
        dead=0.0,
        emptied_voxels=0,
        volume_error=0.0,
        excess=0.0,
        solves=0,
        iterations=0,
        unknowns=0,
        settings=settings,
        reason=electrode.reason,
    )


@dataclass(frozen=True)
class _Reply:
    """What the electrode answers to a current density."""

    voltage: float
    """[V]"""
    local: Doubles
    """Current density of each contact per true area [A/m2]."""
    shares: Doubles
    """Share of each contact in the current that reacts on the collector's metal."""


class _Anode:
    """State of an electrode: void thickness of each contact and metal in each voxel."""

    def __init__(
        self,
        electrode: Electrode,
        circuit: Circuit,
        contact: ContactLaw,
        settings: Mapping[str, Any],
        *,
        linear: bool,
    ) -> None:
        self.electrode, self.circuit, self.contact = electrode, circuit, contact
        self.settings, self.linear = settings, linear
        at = circuit.exchange.contacts
        if electrode.piece_image is None or electrode.lattice is None:
            raise ValueError(electrode.reason)
        self.weights, self.series = circuit.exchange.weights.copy(), circuit.exchange.series.copy()
        self.voids = np.zeros(at.size)
        self.live = np.ones(at.size, np.bool_)
        temperature = settings["temperature"]
        self.thermal = thermal_voltage(temperature)
        self.ampere = electrode.unit * self.thermal
        self.replenishment = replenishment_current_density(
            contact.replenishment,
            temperature,
            contact.reference_temperature,
            contact.activation_energy_ev,
            contact.stack_pressure,
            contact.pressure_slope,
        )
        self.recession = settings["molar_volume"] / FARADAY
        structure = electrode.structure
        self.voxel = structure.voxel_volume
        reacting = np.isin(structure.image, structure.labels_of(electrode.materials.metal))
        self.metal_voxels = int(np.count_nonzero(reacting))
        self.state_image = np.where(electrode.piece_image > 0, 1, 0).astype(np.uint8)
        self.state_image[reacting & (electrode.piece_image == 1)] = 2
        """2 metal that can be stripped, 1 other metal, 3 emptied, 0 anything else."""
        self.order = self._order(reacting & (electrode.piece_image == 1))
        self.emptied, self.carried, self.excess = 0, 0.0, 0.0
        self.dead_voxels = 0
        self.state = start(circuit, 1.0)
        _, ny, nz = structure.shape
        layers = electrode.lattice.positions[at.owners] // (ny * nz)
        self.depths = np.maximum((layers + 0.5) * structure.voxel_size[0] - electrode.beginning, 0.0)
        self.solves = self.iterations = 0
        self.rows: list[tuple[float, ...]] = []

    def _order(self, strippable: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Flat indices of the metal's voxels, farthest from the reached conductor first, then from the electrolyte."""
        electrode = self.electrode
        if electrode.lattice is None:
            raise ValueError(electrode.reason)
        reached = np.zeros(electrode.structure.shape, np.bool_)
        reached.reshape(-1)[electrode.lattice.positions] = True
        distance = distance_to(reached, electrode.structure.voxel_size)
        places = np.flatnonzero(strippable.reshape(-1))
        _, ny, nz = electrode.structure.shape
        # lexsort sorts by its last key first
        order: npt.NDArray[np.int64] = places[np.lexsort((-(places // (ny * nz)), -distance.reshape(-1)[places]))]
        return order

    def respond(self, current_density: float, voids: Doubles) -> _Reply | None:
        """Potentials at a current density with voids of a given thickness; None without contact."""
        circuit, exchange, section = self.circuit, self.circuit.exchange, self.electrode.cross_section
        factor = self.contact.contact_fraction * self.contact.factor(voids) * self.live
        grounded = exchange.contacts.pieces == 0
        if float((self.weights * factor)[grounded].sum()) <= _LOST * float(self.weights[grounded].sum()):
            return None
        exchange.weights[:] = self.weights * factor
        exchange.series[:] = self.series * factor
        current = current_density * section / self.ampere
        if self.linear:
            self.state, convergence = solve(
                circuit, self.state, tolerance=_BALANCE, residual=_RESIDUAL, coarse=self.solves == 0
            )
            scale = current / circuit.entering_current(self.state)
        else:
            guess = self.state
            if self.solves == 0:
                guess = State(guess.u, guess.pieces, guess.metal, current / float(exchange.weights[grounded].sum()))
            self.state, convergence = solve(
                circuit, guess, current, tolerance=_BALANCE, residual=_RESIDUAL, coarse=self.solves == 0
            )
            scale = 1.0
        self.solves += 1
        self.iterations += convergence.iterations
        currents = exchange.fluxes * scale
        shares = np.where(grounded, currents, 0.0)
        local = currents * self.ampere / np.maximum(exchange.contacts.areas, 1e-300)
        return _Reply(self.state.plane * scale * self.thermal, local, shares / shares.sum())

    def growth(self, reply: _Reply, voids: Doubles) -> Doubles:
        """Rate of the void thickness of each contact [m/s]."""
        law = self.contact
        fed = self.replenishment * law.contact_fraction * law.factor(voids)
        local = np.where(reply.local > 0.0, reply.local, law.refill_efficiency * reply.local)
        rate = self.recession * (local - fed)
        whole = (voids <= 0.0) & (rate < 0.0)
        return np.where(whole | ~self.live, 0.0, rate)

    def record(self, time: float, charge: float, current_density: float, reply: _Reply) -> None:
        """Add a row to the record."""
        areas = self.circuit.exchange.contacts.areas
        factor = self.contact.factor(self.voids)
        self.rows.append(
            (
                charge,
                time,
                current_density,
                reply.voltage,
                reply.voltage / current_density,
                float(reply.shares @ factor),
                float(areas[self.live].sum() / areas.sum()),
                float(reply.shares @ self.depths),
            )
        )

    def run(self, history: Sequence[Segment]) -> Stripping:
        """Pass the segments one after the other."""
        endings: list[Ending] = []
        passed: list[float] = []
        time = charge = 0.0
        for segment in history:
            begin = len(self.rows)
            before = charge
            time, charge, ending = self._pass(segment, time, charge)
            endings.append(ending)
            amount = abs(charge - before)
            if ending == "voltage":
                amount = self._located(begin, before, amount)
            passed.append(amount)
        columns = np.array(self.rows).reshape(-1, 8).T
        emptied = int(np.count_nonzero(self.state_image == 3))
        section = self.electrode.cross_section
        volume = charge * section * self.recession / self.voxel
        per_voxel = self.voxel / (self.recession * section)
        return Stripping(
            charge=columns[0],
            times=columns[1],
            current_densities=columns[2],
            voltages=columns[3],
            resistances=columns[4],
            void_factor=columns[5],
            live_interface=columns[6],
            mean_depth=columns[7],
            endings=tuple(endings),
            segment_charges=tuple(passed),
            capacity=passed[0],
            inventory=self.order.size * per_voxel,
            isolated_at_start=self.electrode.floating_fraction,
            dead=self.dead_voxels / max(self.metal_voxels, 1),
            emptied_voxels=emptied,
            volume_error=volume - emptied - self.carried + self.excess,
            excess=self.excess * per_voxel,
            solves=self.solves,
            iterations=self.iterations,
            unknowns=self.circuit.size + self.circuit.pieces - 1,
            settings=self.settings,
        )

    def _located(self, begin: int, before: float, amount: float) -> float:
        """Charge at which the voltage reached its limit, between the last two records."""
        limit = float(self.settings["voltage_limit"])
        rows = self.rows[begin:]
        if len(rows) < 2:
            return amount
        q0, q1, v0, v1 = rows[-2][0], rows[-1][0], abs(rows[-2][3]), abs(rows[-1][3])
        if v0 >= limit or v1 <= v0:
            return amount
        # a resistance that diverges is nearly linear in charge as its inverse
        share = (1.0 / v0 - 1.0 / limit) / (1.0 / v0 - 1.0 / v1)
        return abs(q0 + share * (q1 - q0) - before)

    def _pass(self, segment: Segment, time: float, charge: float) -> tuple[float, float, Ending]:
        """Pass one segment by the midpoint rule; return time, charge and what ended it."""
        current, limit = segment.current_density, self.settings["voltage_limit"]
        section, law = self.electrode.cross_section, self.contact
        goal = charge + math.copysign(segment.charge, current)
        rate = abs(current) * section * self.recession / self.voxel  # voxels per second
        for _ in range(_MOST_STEPS):
            reply = self.respond(current, self.voids)
            if reply is None:
                return time, charge, self._end_of_contact()
            self.record(time, charge, current, reply)
            if abs(reply.voltage) >= limit:
                return time, charge, "voltage"
            if math.isfinite(goal) and abs(goal - charge) <= _WHOLE * segment.charge:
                return time, charge, "charge"
            left = self.order.size - self.emptied - self.dead_voxels - self.carried
            if current > 0.0 and left <= _WHOLE * self.order.size:
                return time, charge, "exhausted"
            growth = self.growth(reply, self.voids)
            change = float(np.abs(reply.shares) @ (law.decay(self.voids) * np.abs(growth)))
            step = min(self.settings["accuracy"] / max(change, 1e-300), _LARGEST_SHARE * self.order.size / rate)
            step = min(step, abs(goal - charge) / abs(current))
            if current > 0.0:
                step = min(step, left / rate)
            middle = np.clip(self.voids + 0.5 * step * growth, 0.0, law.thickest)
            halfway = self.respond(current, middle)
            if halfway is None:
                return time, charge, self._end_of_contact()
            grown = self.voids + step * self.growth(halfway, middle)
            self.voids = np.clip(grown, 0.0, law.thickest)
            time, charge = time + step, charge + current * step
            self._move(math.copysign(step * rate, current))
        raise SimulationError(
            f"the electrode is not at an end after {_MOST_STEPS} steps at {charge / 36000.0:.3g} mAh/cm2; "
            "allow a larger accuracy or ask for less charge"
        )

    def _end_of_contact(self) -> Ending:
        """Whether voids or the lack of metal at the interface ended the contact."""
        grounded = self.circuit.exchange.contacts.pieces == 0
        left = float(self.weights[grounded & self.live].sum()) / float(self.weights[grounded].sum())
        return "exhausted" if left <= _LOST else "contact lost"

    def _move(self, voxels: float) -> None:
        """Take metal from the image, or put it back where it was taken last; whole voxels move, the rest is carried."""
        self.carried += voxels
        flat = self.state_image.reshape(-1)
        moved = math.floor(self.carried + 1e-9)
        if moved > 0:
            there = self._next(flat, moved)
            flat[there] = 3
            self.carried -= there.size
            self.emptied += there.size
        elif moved < 0:
            back = np.flatnonzero(flat[self.order] == 3)[moved:]
            flat[self.order[back]] = 2
            self.carried += back.size
            self.emptied -= back.size
            surplus = math.floor(self.carried + 1e-9)
            if surplus < 0:  # everything is full again
                self.excess -= self.carried
                self.carried = 0.0
        if moved:
            self._cut_off()

    def _next(self, flat: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.int64]:
        metal: npt.NDArray[np.int64] = self.order[flat[self.order] == 2][:count]
        return metal

    def _cut_off(self) -> None:
        """Find metal that no longer touches the collector, nor emptied space that is open to it, as it follows."""
        image = self.state_image
        open_space = find_clusters(image, 3)
        conducting = (image == 2) | (image == 1)
        conducting |= open_space.paint(open_space.touching(HIGH[0])).view(np.bool_)
        clusters = find_clusters(conducting.view(np.uint8), 1)
        alive = clusters.paint(clusters.touching(HIGH[0])).view(np.bool_)
        cut = (image == 2) & ~alive
        self.dead_voxels = int(np.count_nonzero(cut))
        at = self.circuit.exchange.contacts
        behind = image.reshape(-1)[at.across]
        self.live = np.where(at.pieces == 0, (behind == 2) & alive.reshape(-1)[at.across], True)
