"""Stripping and plating of a resolved electrode in a liquid that fills what the metal leaves: a front that moves."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.constants import FARADAY
from natrode.errors import SpecificationError
from natrode.microstructure.clusters import HIGH, LOW, Neighbours, find_clusters
from natrode.microstructure.coupled import Circuit, State
from natrode.microstructure.electrode import Electrode
from natrode.microstructure.operators import Doubles
from natrode.microstructure.react import (
    Kinetics,
    check_settings,
    layer_sums,
    prepare,
    steady,
    thermal_voltage,
)
from natrode.microstructure.strip import SODIUM_MOLAR_VOLUME
from natrode.microstructure.structure import Structure

Ending = Literal["charge", "voltage", "cut off", "no room"]
Image = npt.NDArray[np.uint8]
Places = npt.NDArray[np.integer[Any]]
_WHOLE = 1e-3
"""Part of a voxel that may be left when it counts as empty or full: the solver's error does not say which go first."""
_BALANCE = 1e-6
"""Of currents: what one step misses is far below a voxel."""
_LAST = 1e-6
"""Share of the reaction that a layer needs for the layers below it to take part."""
_DONE = 0.5
"""Share of the current through voxels that become empty or full between two solutions."""
_EMPTIED = 0.5
"""Share of a layer's metal that has to be gone for the layer to count as emptied."""

METHOD = (
    "the steady reaction at constant current, again and again; each voxel of metal loses what its faces strip, "
    "what one cannot give is taken from all that react; liquid fills emptied voxels that it reaches, others are voids; "
    "plated metal refills the voxel that it reacts on, then grows into the liquid before it; what is plated at a solid "
    "conductor comes out where the metal is free; particles stay where they are, metal off the collector as it is; "
    "between two solutions no more than half of the current runs through voxels that become empty or full"
)


@dataclass(frozen=True, eq=False)
class Dissolution:
    """What an electrode shows while liquid follows its metal; arrays have one entry for each step."""

    charge: Doubles = field(repr=False)
    """Net charge stripped per cross-section [C/m2]."""
    voltages: Doubles = field(repr=False)
    """Collector against the electrolyte's plane, negative where metal is plated [V]."""
    mean_depth: Doubles = field(repr=False)
    """Of the reaction below the first layer that had metal at the start [m]."""
    ending: Ending
    """Of the stripping."""
    ending_of_plating: Ending | None
    """None where nothing was to be plated."""
    dead: float
    """Share of the metal on the collector at the start that stripping cut off from it [-]."""
    dead_after_plating: float | None
    """Share that is still cut off when the metal is back [-]."""
    regained: float | None
    """Share of the stripped metal that is plated where metal was at the start [-]; the rest lies outside."""
    owed: float
    """Metal of the charge that no voxel has given or taken yet, in voxels [-]."""
    volume_error: float
    """Volume of the net charge less that of the metal that went and of what is owed, in voxels [-]."""
    solves: int
    stripped: Structure = field(repr=False)
    """At the end of the stripping; voxels that are partly empty still count as metal."""
    structure: Structure = field(repr=False)
    """At the end."""


def dissolve(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    current_density: float,
    charge: float,
    *,
    liquid: str,
    charge_per_step: float,
    replate: bool = False,
    voltage_limit: float = 0.2,
    molar_volume: float = SODIUM_MOLAR_VOLUME,
    advance: Callable[[float], None] | None = None,
    **options: Any,
) -> Dissolution:
    """Strip a resolved electrode whose emptied voxels are filled by the liquid electrolyte around it.

    Args:
        structure: the labelled image; the liquid at its first plane.
        kinetics: of all interfaces, or by ionic conductor.
        current_density: per cross-section, greater than zero, scalar [A/m2].
        charge: to strip per cross-section, scalar [C/m2].
        liquid: name of the material that follows the metal.
        charge_per_step: passed between two solutions at most, scalar [C/m2].
        replate: afterwards plate at the same current what was stripped.
        voltage_limit: magnitude at which either half ends, scalar [V].
        molar_volume: of the metal, for one electron each, scalar [m3/mol].
        advance: called with the share of the charge that has passed.
        options: metal, conductivities, phase_resistance, series_resistance, area and temperature as for `react`.

    Returns:
        Voltage and depth of the reaction against charge, dead metal and the structure that is left.

    Raises:
        SpecificationError: as `react`, or values out of range.
        SimulationError: the currents do not balance.

    Formula:
        d(volume of a metal voxel)/dt = -Omega/F sum over its faces of the current; no void, no creep: contact is
        never lost.

    Source: conservation of mass; natrode model notes F (a front that moves through the hybrid).
    """
    for name, value in (
        ("current density", current_density),
        ("charge", charge),
        ("charge per step", charge_per_step),
        ("voltage limit", voltage_limit),
        ("molar volume", molar_volume),
    ):
        if not np.isfinite(value) or value <= 0.0:
            raise SpecificationError(f"{name} {value!r}: must be a number greater than zero")
    shared = {name: options.pop(name) for name in ("area", "temperature") if name in options}
    settings = check_settings(voltage=None, current_density=float(current_density), tolerance=_BALANCE, **shared)
    wet, void = structure.labels_of(liquid)[0], _void_label(structure)
    begun = replace(structure, labels={**structure.labels, void: "void"})
    per_charge = structure.size[1] * structure.size[2] * molar_volume / FARADAY / structure.voxel_volume
    front = _Front(begun, wet, void, kinetics, settings, options, charge_per_step, voltage_limit, per_charge)
    halves = 2.0 if replate else 1.0
    tell = advance or (lambda share: None)
    ending = front.strip(charge, lambda share: tell(share / halves))
    metal = settings["metal"]
    held = _on_collector(structure, metal)
    stripped, filled = front.now, front.filled.copy()
    dead = _cut_off(held, stripped, metal)
    back: Ending | None = None
    still = regained = None
    if replate:
        back = front.plate(front.passed, lambda share: tell((1.0 + share) / halves))
        still = _cut_off(held, front.now, metal)
        inside = structure.mask(metal).reshape(-1)
        came, gone = front.filled - filled, float((1.0 - filled)[inside].sum())
        regained = float(came[inside].sum()) / gone if gone else None
    columns = np.array(front.rows).reshape(-1, 3).T
    lost = float(structure.mask(metal).sum()) - float(front.filled.sum()) + front.owed
    return Dissolution(
        charge=columns[0],
        voltages=columns[1],
        mean_depth=columns[2],
        ending=ending,
        ending_of_plating=back,
        dead=dead,
        dead_after_plating=still,
        regained=regained,
        owed=abs(front.owed),
        volume_error=front.passed * per_charge - lost,
        solves=len(front.rows),
        stripped=stripped,
        structure=front.now,
    )


@dataclass(eq=False)
class _Front:
    """An electrode whose metal goes and comes.

    Equations are set up for a window that begins as far above the front as the image is wide, where the liquid has
    one potential across, and ends as far below the last layer that reacts. What lies above is a resistance in series,
    read from the solution when the window moves; below, metal on the collector has its potential.
    """

    now: Structure
    wet: int
    void: int
    kinetics: Kinetics | Mapping[str, Kinetics]
    settings: dict[str, Any]
    options: Mapping[str, Any]
    charge_per_step: float
    voltage_limit: float
    per_charge: float
    """Voxels of metal per charge [m2/C]."""
    passed: float = 0.0
    """Net charge stripped [C/m2]."""
    owed: float = 0.0
    """Metal of the net charge that no voxel has given yet, in voxels; negative where none has taken it."""
    rows: list[tuple[float, float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.filled = np.zeros(self.now.image.size)
        self.beginning: float | None = None
        self.tops = [(0, float(self.options.get("series_resistance", 0.0)))]
        """First layer of the window and resistance above it [Ohm m2], after those of the windows before."""
        self.end = self.now.shape[0]
        self.margin = _margin(self.now)

    def strip(self, charge: float, advance: Callable[[float], None]) -> Ending:
        """Take metal away until a charge has passed."""
        return self._pass(charge, 1.0, advance)

    def plate(self, charge: float, advance: Callable[[float], None]) -> Ending:
        """Bring metal back until a charge has passed."""
        return self._pass(charge, -1.0, advance)

    def _pass(self, charge: float, sign: float, advance: Callable[[float], None]) -> Ending:
        left = charge
        settings = {**self.settings, "current_density": sign * self.settings["current_density"]}
        while True:
            top, above = self.tops[-1]
            seen = self._window(top)
            electrode, laws = prepare(
                seen, self.kinetics, settings, resolve_metal=True, **{**self.options, "series_resistance": above}
            )
            metal = self.settings["metal"] = settings["metal"]
            if self.beginning is None:
                self.beginning = electrode.beginning
                self.filled[self.now.mask(metal).reshape(-1)] = 1.0
            if electrode.reason or electrode.lattice is None:
                return "cut off"
            circuit, state, _ = steady(electrode, laws, settings)
            at = circuit.exchange.contacts
            reacted = np.where(at.pieces == 0, np.maximum(sign * circuit.exchange.fluxes, 0.0), 0.0)
            layers = layer_sums(electrode, reacted)
            edge, count, first = seen.voxel_size[0], layers.size, int(np.flatnonzero(layers)[0])
            if len(self.tops) > 1 and first < self.margin // 2:
                self.tops.pop()
                continue
            depths = np.maximum((np.arange(count) + top + 0.5) * edge - self.beginning, 0.0)
            voltage = state.plane * thermal_voltage(settings["temperature"])
            self.rows.append((self.passed, voltage, float(layers @ depths / layers.sum())))
            advance(1.0 - left / charge if charge else 1.0)
            if abs(voltage) >= self.voltage_limit:
                return "voltage"
            if left <= 1e-9 * charge:
                return "charge"
            if first > 2 * self.margin:
                cut = first - self.margin
                self.tops.append((top + cut, self._above(electrode, circuit, state, cut)))
            reacting = np.flatnonzero(layers > _LAST * layers.sum())
            self.end = min(top + int(reacting[-1]) + 1 + self.margin, self.now.shape[0])
            across = at.across.astype(np.int64) + top * (seen.image.size // count)
            if sign > 0.0:
                places, rates = _summed(across, reacted)
                room = self.filled[places]
            else:
                owners = electrode.lattice.positions[at.owners].astype(np.int64) + top * (seen.image.size // count)
                places, rates = self._places_to_plate(across, owners, reacted)
                room = 1.0 - self.filled[places]
            if not places.size or (sign < 0.0 and self.now.mask(metal)[0].any()):
                return "no room"
            step = self._move(places, rates / rates.sum(), room, min(self.charge_per_step, left), sign)
            left -= step
            self.passed += sign * step

    def _window(self, top: int) -> Structure:
        """Layers that take part; metal in the last one lies on the collector or counts as a void."""
        _, ny, nz = self.now.shape
        seen = self.now.crop((top, 0, 0), (self.end, ny, nz))
        if self.end == self.now.shape[0]:
            return seen
        image, last = seen.image.copy(), self.end - 1
        metal = self.settings["metal"]
        image[-1][self.now.mask(metal)[last] & ~_on_collector(self.now, metal)[last]] = self.void
        return replace(seen, image=image)

    def _above(self, electrode: Electrode, circuit: Circuit, state: State, cut: int) -> float:
        """Resistance between the electrolyte's plane and the first plane of layer `cut`, over the voxels there.

        The equations share a resistance in series out over the voxels of the first layer, not over the cross-section.
        """
        lattice = electrode.lattice
        assert lattice is not None
        sizes, potentials = np.zeros(2), np.zeros(2)
        _, ny, nz = lattice.shape
        layer = lattice.positions // (ny * nz)
        for n in (0, 1):
            there = layer == cut - 1 + n
            sizes[n], potentials[n] = there.sum(), state.u[:-1][there].mean()
        current = circuit.entering_current(state) * electrode.unit / electrode.cross_section
        return float((state.plane - potentials.mean()) / current * sizes[1] / (ny * nz))

    def _places_to_plate(self, across: Places, owners: Places, reacted: Doubles) -> tuple[Places, Doubles]:
        """Voxels that take plated metal, and how fast: metal with a gap, else liquid before the metal."""
        full = self.filled[across] >= 1.0 - _WHOLE
        free = self.now.image.reshape(-1)[owners] == self.wet
        return _summed(np.where(full, owners, across)[~full | free], reacted[~full | free])

    def _move(self, places: Places, rates: Doubles, room: Doubles, most: float, sign: float) -> float:
        """Move the front by a charge of at most `most`, and return it [C/m2].

        It ends where half of the current runs through voxels that are done: what they cannot give or take is
        owed, and a front that got its currents from one solution for longer would stand still.
        """
        ends = room / rates
        order = np.argsort(ends)
        reach = float(ends[order[np.searchsorted(np.cumsum(rates[order]), _DONE)]])
        owed = sign * self.owed
        step = min(most * self.per_charge, max(reach - owed, 0.0))
        wanted = (step + owed) * rates
        moved = np.minimum(wanted, room)
        done = room - moved <= _WHOLE
        moved[done] = room[done]
        self.owed = sign * float(step + owed - moved.sum())
        self.filled[places] -= sign * moved
        image = self.now.image.copy()
        if sign > 0.0:
            image.reshape(-1)[places[done]] = self.void
            image = _soaked(image, self.wet, self.void)
        else:
            image.reshape(-1)[places[done]] = self.now.labels_of(self.settings["metal"])[0]
        self.now = replace(self.now, image=image)
        return step / self.per_charge


def _margin(structure: Structure) -> int:
    """Layers that are as thick as the image is wide: what differs across falls to exp(-2 pi) over them."""
    _, width, height = structure.size
    return math.ceil(max(width, height) / structure.voxel_size[0])


def _summed(places: Places, values: Doubles) -> tuple[Places, Doubles]:
    """Places once each with the sum of their values, without those of no value."""
    once, where = np.unique(places, return_inverse=True)
    sums = np.bincount(where, values, once.size).astype(np.float64)
    return once[sums > 0.0], sums[sums > 0.0]


def _cut_off(held: npt.NDArray[np.bool_], now: Structure, metal: str) -> float:
    """Share of metal that was on the collector and now is metal off it."""
    cut = held & now.mask(metal) & ~_on_collector(now, metal)
    return float(cut.sum() / max(held.sum(), 1))


def standing(
    before: Structure, after: Structure, particle: str, metal: str, neighbours: Neighbours = 6
) -> float | None:
    """Return the share of the particles in emptied layers that still hang on what is not emptied.

    Args:
        before: the structure before metal was taken from it.
        after: the same afterwards.
        particle: material of the skeleton.
        metal: the material that was taken.
        neighbours: 6 where bodies touch across faces of voxels, 26 also across edges and corners, for an upper bound.

    Returns:
        Share by volume of the particles in layers that lost half of their metal or more; None without such layers.

    Formula:
        particles and metal that is left count as one solid, whose clusters reach the collector or not.

    Source: geometry; no forces are computed.
    """
    had, left = (part.mask(metal).sum(axis=(1, 2)) for part in (before, after))
    emptied = (had > 0) & (left <= _EMPTIED * had)
    particles = after.mask(particle)[emptied]
    if not particles.any():
        return None
    solid = find_clusters(after.image, (*after.labels_of(particle), *after.labels_of(metal)), neighbours)
    attached = solid.paint(solid.touching(HIGH[0])).view(np.bool_)[emptied]
    return float(attached[particles].mean())


def _void_label(structure: Structure) -> int:
    return next((label for label, name in structure.labels.items() if name == "void"), max(structure.labels) + 1)


def _soaked(image: Image, wet: int, void: int) -> Image:
    """Fill the voids that touch the liquid before the first plane."""
    image = image.copy()
    space = find_clusters(image, (wet, void))
    image[space.paint(space.touching(LOW[0])).view(np.bool_)] = wet
    return image


def _on_collector(structure: Structure, metal: str) -> npt.NDArray[np.bool_]:
    clusters = find_clusters(structure.image, structure.labels_of(metal))
    return clusters.paint(clusters.touching(HIGH[0])).view(np.bool_) & structure.mask(metal)
