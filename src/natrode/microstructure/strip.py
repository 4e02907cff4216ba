"""Stripping and plating of a resolved electrode: voids where it reacts, metal that is used up, voltage that follows."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from numba import prange

from natrode.compiled import compiled, compiled_parallel
from natrode.constants import FARADAY
from natrode.errors import SimulationError, SpecificationError
from natrode.microstructure.clusters import HIGH, find_clusters
from natrode.microstructure.coupled import Circuit, State, extrapolated, solve, start
from natrode.microstructure.distance import distance_to
from natrode.microstructure.electrode import Electrode
from natrode.microstructure.lattice import Indices
from natrode.microstructure.operators import Doubles, Floats
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
_LARGEST_SHARE = 0.1
"""Of the metal that a step takes while all that it takes lies away from the interface [-]."""
_PORTION = 0.03
"""Of the metal that is taken at the interface in a step, or anywhere before its connection is looked at [-]."""
_LARGEST_GROWTH = 2.0
_MOST_STEPS = 5000
_RESIDUAL, _BALANCE = 1e-4, 1e-6
_LOST = 1e-9
_WHOLE = 1e-6

METHOD = (
    "quasi-static: the steady reaction, with a void thickness on each contact that grows with the local current less "
    "the replenishment and leaves the contact (1 - mu v/h)^(1/mu); metal leaves voxel by voxel, farthest from the "
    "reached conductor first, as it creeps to where it reacts; midpoint rule, with currents extrapolated from the last "
    "two solutions where no metal left the interface; what ends a segment at the voltage limit is what raised the "
    "voltage most: the fresh electrode's resistance (voltage), voids (contact lost) or missing metal (exhausted)"
)

Ending = Literal["voltage", "exhausted", "contact lost", "charge"]
_OTHER, _METAL, _CUT_OFF, _EMPTIED, _OPEN = 1, 2, 3, 4, 5
"""Metal that stays, that can be stripped and that is cut off the collector; emptied space, closed and open to it."""


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
    contact: Doubles
    """What voids leave of each contact, over the fresh one [-]."""
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
        strippable = reacting & (electrode.piece_image == 1)
        self.state_image[strippable] = _METAL
        metal = find_clusters(self.state_image, (_OTHER, _METAL))
        self.apart = int(metal.sizes[~metal.touching(HIGH[0])].sum())
        """Voxels of other metal that is not connected to the collector."""
        self.order = self._order(strippable)
        touched = np.zeros(self.state_image.size, np.bool_)
        touched[at.across] = True
        self.far = int(np.argmax(touched[self.order]))
        """Voxels that come before the first one at the interface."""
        self.next = 0
        """Place in the order from which metal is taken."""
        self.emptied, self.carried, self.excess = 0, 0.0, 0.0
        self.dead_voxels = 0
        self.state, self.solved = start(circuit, 1.0), 0.0
        self.former: tuple[float, State] | None = None
        _, ny, nz = structure.shape
        layers = electrode.lattice.positions[at.owners] // (ny * nz)
        self.depths = np.maximum((layers + 0.5) * structure.voxel_size[0] - electrode.beginning, 0.0)
        self.solves = self.iterations = 0
        self.rows: list[tuple[float, ...]] = []

    def _order(self, strippable: npt.NDArray[np.bool_]) -> Indices:
        """Flat indices of the metal's voxels, farthest from the reached conductor first, then from the electrolyte."""
        electrode = self.electrode
        if electrode.lattice is None:
            raise ValueError(electrode.reason)
        reached = np.zeros(electrode.structure.shape, np.bool_)
        reached.reshape(-1)[electrode.lattice.positions] = True
        distance = distance_to(reached, electrode.structure.voxel_size)
        return _farthest_first(strippable, distance, float(distance.max()))

    def respond(self, current_density: float, voids: Doubles, time: float) -> _Reply | None:
        """Potentials at a current density with voids of a given thickness; None without contact."""
        circuit, exchange, section = self.circuit, self.circuit.exchange, self.electrode.cross_section
        contact = self.contact.factor(voids)
        factor = self.contact.contact_fraction * contact * self.live
        grounded = exchange.contacts.pieces == 0
        np.multiply(self.weights, factor, out=exchange.weights)
        np.multiply(self.series, factor, out=exchange.series)
        if float(exchange.weights @ grounded) <= _LOST * float(self.weights @ grounded):
            return None
        guess = self.state
        if self.former is not None and self.solved > self.former[0]:
            before, state = self.former
            soon = min(time, self.solved + _LARGEST_GROWTH * (self.solved - before))
            guess, _ = extrapolated((state, guess), (before, self.solved), soon)
        self.former = self.solved, self.state
        self.solved = time
        current = current_density * section / self.ampere
        if self.linear:
            self.state, convergence = solve(
                circuit, guess, tolerance=_BALANCE, residual=_RESIDUAL, coarse=self.solves == 0
            )
            scale = current / circuit.entering_current(self.state)
        else:
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
        return _Reply(self.state.plane * scale * self.thermal, contact, local, shares / shares.sum())

    def growth(self, local: Doubles, contact: Doubles, voids: Doubles) -> Doubles:
        """Rate of the void thickness of each contact [m/s]."""
        law = self.contact
        fed = self.replenishment * law.contact_fraction * contact
        rate = self.recession * (np.where(local > 0.0, local, law.refill_efficiency * local) - fed)
        whole = (voids <= 0.0) & (rate < 0.0)
        return np.where(whole | ~self.live, 0.0, rate)

    def record(self, time: float, charge: float, current_density: float, reply: _Reply) -> None:
        """Add a row to the record."""
        areas = self.circuit.exchange.contacts.areas
        self.rows.append(
            (
                charge,
                time,
                current_density,
                reply.voltage,
                reply.voltage / current_density,
                float(reply.shares @ reply.contact),
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
            passed.append(self._located(begin, before, abs(charge - before)))
        columns = np.array(self.rows).reshape(-1, 8).T
        emptied = int(np.count_nonzero(self.state_image >= _EMPTIED))
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
        """Charge at which the voltage reached its limit, between the last two records; `amount` if it did not."""
        limit = float(self.settings["voltage_limit"])
        rows = self.rows[begin:]
        if len(rows) < 2:
            return amount
        q0, q1, v0, v1 = rows[-2][0], rows[-1][0], abs(rows[-2][3]), abs(rows[-1][3])
        if v0 >= limit or v1 < limit:
            return amount
        # a resistance that diverges is nearly linear in charge as its inverse
        share = (1.0 / v0 - 1.0 / limit) / (1.0 / v0 - 1.0 / v1)
        return abs(q0 + share * (q1 - q0) - before)

    def _pass(self, segment: Segment, time: float, charge: float) -> tuple[float, float, Ending]:
        """Pass one segment; return time, charge and what ended it."""
        current, limit = segment.current_density, self.settings["voltage_limit"]
        section, law = self.electrode.cross_section, self.contact
        goal = charge + math.copysign(segment.charge, current)
        rate = abs(current) * section * self.recession / self.voxel  # voxels per second
        self.former = None
        last, before = math.inf, None
        for _ in range(_MOST_STEPS):
            reply = self.respond(current, self.voids, time)
            if reply is None:
                return time, charge, self._end_of_contact()
            self.record(time, charge, current, reply)
            if abs(reply.voltage) >= limit:
                return time, charge, self._end_at_limit(current, reply, time)
            if math.isfinite(goal) and abs(goal - charge) <= _WHOLE * segment.charge:
                return time, charge, "charge"
            left = self.order.size - self.emptied - self.dead_voxels - self.carried
            if current > 0.0 and left <= _WHOLE * self.order.size:
                return time, charge, "exhausted"
            growth = self.growth(reply.local, reply.contact, self.voids)
            change = float(np.abs(reply.shares) @ (law.decay(self.voids) * np.abs(growth)))
            step = min(self.settings["accuracy"] / max(change, 1e-300), self._free(current) / rate)
            step = min(step, abs(goal - charge) / abs(current), _LARGEST_GROWTH * last)
            if current > 0.0:
                step = min(step, left / rate)
            moved, live = self._move(math.copysign(step * rate, current))
            step = abs(moved) / rate
            middle = np.clip(self.voids + 0.5 * step * growth, 0.0, law.thickest)
            if before is None:
                halfway = self.respond(current, middle, time + 0.5 * step)
                if halfway is None:
                    return time, charge, self._end_of_contact()
                local = halfway.local
            else:
                local = reply.local + 0.5 * step / last * (reply.local - before)
            growth = self.growth(local, law.factor(middle), middle)
            self.voids = np.clip(self.voids + step * growth, 0.0, law.thickest)
            # where metal leaves the interface, the currents jump
            last, before = step, reply.local if live is self.live else None
            self.live = live
            time, charge = time + step, charge + current * step
        raise SimulationError(
            f"the electrode is not at an end after {_MOST_STEPS} steps at {charge / 36000.0:.3g} mAh/cm2; "
            "allow a larger accuracy or ask for less charge"
        )

    def _end_of_contact(self) -> Ending:
        """Whether voids or the lack of metal at the interface ended the contact."""
        grounded = self.circuit.exchange.contacts.pieces == 0
        left = float(self.weights[grounded & self.live].sum()) / float(self.weights[grounded].sum())
        return "exhausted" if left <= _LOST else "contact lost"

    def _end_at_limit(self, current: float, reply: _Reply, time: float) -> Ending:
        """What makes up most of the voltage: the fresh electrode, voids, or interface without metal behind it."""
        live, self.live = self.live, np.ones_like(self.live)
        filled = self.respond(current, self.voids, time)
        fresh = self.respond(current, np.zeros_like(self.voids), time)
        self.live = live
        if filled is None or fresh is None:
            return "contact lost"
        whole, least = abs(filled.voltage), abs(fresh.voltage)
        parts: dict[Ending, float] = {
            "voltage": least,
            "contact lost": whole - least,
            "exhausted": abs(reply.voltage) - whole,
        }
        return max(parts, key=lambda ending: parts[ending])

    def _free(self, current: float) -> float:
        """Voxels that a step may move: more where no contact is lost or won with them."""
        size = self.order.size
        away = self.far - self.next if current > 0.0 else _LARGEST_SHARE * size * (self.next <= self.far)
        return max(_PORTION * size, min(away, _LARGEST_SHARE * size))

    def _move(self, voxels: float) -> tuple[float, npt.NDArray[np.bool_]]:
        """Take metal from the image, or put it back, until contacts are lost or won; return how much, and the contacts.

        Contacts are the same object where none changed.
        """
        moved, live = 0.0, self.live
        while live is self.live and abs(moved) < abs(voxels):
            portion = min(abs(voxels - moved), _PORTION * self.order.size)
            moved += math.copysign(portion, voxels)
            live = self._move_portion(math.copysign(portion, voxels))
        return moved, live

    def _move_portion(self, voxels: float) -> npt.NDArray[np.bool_]:
        """Whole voxels move, in their order or back; the rest is carried."""
        self.carried += voxels
        flat = self.state_image.reshape(-1)
        whole = math.floor(self.carried + 1e-9)
        before = self.next
        if whole > 0:
            self.next, moved = _take(flat, self.order, self.next, whole)
        else:
            self.next, moved = _put_back(flat, self.order, self.next, -whole)
            moved = -moved
        self.carried -= moved
        self.emptied += moved
        if math.floor(self.carried + 1e-9) < 0:  # everything is full again
            self.excess -= self.carried
            self.carried = 0.0
        if moved == 0:
            return self.live
        dead = self.dead_voxels
        self._cut_off()
        if self.dead_voxels < dead:  # what is connected again comes first
            self.next = 0
        if self.dead_voxels == dead and max(before, self.next) <= self.far:
            return self.live
        at = self.circuit.exchange.contacts
        live = (flat[at.across] == _METAL) | (at.pieces > 0)
        return self.live if np.array_equal(live, self.live) else live

    def _cut_off(self) -> None:
        """Mark metal that no longer touches the collector, nor emptied space that is open to it, as it follows."""
        image = self.state_image
        space = find_clusters(image, (_EMPTIED, _OPEN))
        _mark(image, space.paint(space.touching(HIGH[0])), _OPEN, _EMPTIED)
        conducting = find_clusters(image, (_OTHER, _METAL, _CUT_OFF, _OPEN))
        alive = conducting.touching(HIGH[0])
        dead = int(conducting.sizes[~alive].sum()) - self.apart
        if dead or self.dead_voxels:
            _mark(image, conducting.paint(alive), _METAL, _CUT_OFF)
        self.dead_voxels = dead


@compiled_parallel
def _mark(image: npt.NDArray[np.uint8], chosen: npt.NDArray[np.uint8], one: int, other: int) -> None:
    """Tell the voxels of two labels anew: one where chosen, the other elsewhere."""
    nx, ny, nz = image.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                if image[i, j, k] == one or image[i, j, k] == other:
                    image[i, j, k] = one if chosen[i, j, k] else other


@compiled
def _farthest_first(chosen: npt.NDArray[np.bool_], distance: Floats, largest: float) -> Indices:
    """Sort chosen voxels by counting; the last layers come first where distances are alike.

    65536 classes tell all distances of less than 180 voxels apart.
    """
    nx, ny, nz = chosen.shape
    inside, distances, layer = chosen.reshape(-1), distance.reshape(-1), ny * nz
    ends = np.zeros(65537, np.int64)
    for v in range(inside.size):
        if inside[v]:
            ends[1 + int(65535.0 * (1.0 - distances[v] / largest))] += 1
    ends = np.cumsum(ends)
    order = np.empty(ends[-1], np.int32)
    for i in range(nx - 1, -1, -1):
        for v in range(i * layer, (i + 1) * layer):
            if inside[v]:
                group = int(65535.0 * (1.0 - distances[v] / largest))
                order[ends[group]] = v
                ends[group] += 1
    return order


@compiled
def _take(image: npt.NDArray[np.uint8], order: Indices, place: int, count: int) -> tuple[int, int]:
    """Empty metal from a place in the order on; return where it ended and how many voxels it were."""
    taken = 0
    while taken < count and place < order.size:
        if image[order[place]] == _METAL:
            image[order[place]] = _EMPTIED
            taken += 1
        place += 1
    return place, taken


@compiled
def _put_back(image: npt.NDArray[np.uint8], order: Indices, place: int, count: int) -> tuple[int, int]:
    """Fill what was emptied last; return where it ended and how many voxels it were."""
    filled = 0
    while filled < count and place > 0:
        place -= 1
        if image[order[place]] >= _EMPTIED:
            image[order[place]] = _METAL
            filled += 1
    return place, filled
