"""Stripping of a resolved electrode in a liquid that fills what the metal leaves: a front that moves into it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.constants import FARADAY
from natrode.errors import SpecificationError
from natrode.microstructure.clusters import HIGH, LOW, Neighbours, find_clusters
from natrode.microstructure.operators import Doubles
from natrode.microstructure.react import (
    Kinetics,
    check_settings,
    depths_of,
    layer_sums,
    prepare,
    steady,
    thermal_voltage,
)
from natrode.microstructure.strip import SODIUM_MOLAR_VOLUME
from natrode.microstructure.structure import Structure

Ending = Literal["charge", "voltage", "cut off"]
Image = npt.NDArray[np.uint8]
_WHOLE = 1e-6
"""Part of a voxel that rounding may leave."""
_EMPTIED = 0.5
"""Share of a layer's metal that has to be gone for the layer to count as emptied."""

METHOD = (
    "the steady reaction at constant current, again and again; each voxel of metal loses what its faces strip, what "
    "one cannot give is taken from all that react; liquid fills emptied voxels that it reaches, others are voids; "
    "metal off the collector stays as it is"
)


@dataclass(frozen=True, eq=False)
class Dissolution:
    """What an electrode shows while liquid follows its metal; arrays have one entry for each step."""

    charge: Doubles = field(repr=False)
    """Stripped per cross-section [C/m2]."""
    voltages: Doubles = field(repr=False)
    """Collector against the electrolyte's plane [V]."""
    mean_depth: Doubles = field(repr=False)
    """Of the reaction below the first layer that had metal at the start [m]."""
    ending: Ending
    dead: float
    """Share of the metal at the start that came off the collector on the way [-]."""
    volume_error: float
    """Volume of the charge less that of the metal that went, in voxels [-]."""
    structure: Structure = field(repr=False)
    """At the end; voxels that are partly empty still count as metal."""


def dissolve(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    current_density: float,
    charge: float,
    *,
    liquid: str,
    charge_per_step: float,
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
        charge_per_step: stripped between two solutions, scalar [C/m2]; that of one layer of voxels keeps the front
            sharp.
        voltage_limit: at which it ends, scalar [V].
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
    settings = check_settings(voltage=None, current_density=float(current_density), **shared)
    wet, void = structure.labels_of(liquid)[0], _void_label(structure)
    now = replace(structure, labels={**structure.labels, void: "void"})
    image, filled = structure.image.copy(), np.ones(structure.image.size)
    per_charge = structure.size[1] * structure.size[2] * molar_volume / FARADAY / structure.voxel_volume
    owed, passed, beginning = 0.0, 0.0, None
    rows: list[tuple[float, float, float]] = []
    while True:
        electrode, laws = prepare(now, kinetics, settings, resolve_metal=True, **options)
        if electrode.reason or electrode.piece_image is None:
            ending: Ending = "cut off"
            break
        beginning = electrode.beginning if beginning is None else beginning
        circuit, state, _ = steady(electrode, laws, settings)
        at = circuit.exchange.contacts
        stripped = np.where(at.pieces == 0, circuit.exchange.fluxes, 0.0)
        layers = layer_sums(electrode, stripped)
        depths = np.maximum(depths_of(electrode) + electrode.beginning - beginning, 0.0)
        voltage = state.plane * thermal_voltage(settings["temperature"])
        rows.append((passed, voltage, float(layers @ depths / layers.sum())))
        if advance is not None:
            advance(passed / charge)
        step = min(charge_per_step, charge - passed)
        if voltage >= voltage_limit or step <= 1e-9 * charge:
            ending = "voltage" if voltage >= voltage_limit else "charge"
            break
        filled -= (step * per_charge + owed) * np.bincount(at.across, stripped, image.size) / stripped.sum()
        gone = np.flatnonzero((filled <= _WHOLE) & (electrode.piece_image == 1).reshape(-1))
        owed = -float(filled[gone].sum())
        filled[gone] = 0.0
        image.reshape(-1)[gone] = void
        passed += step
        now = replace(now, image=_soaked(image, wet, void))
    columns = np.array(rows).reshape(-1, 3).T
    metal, before = settings["metal"], structure.mask(settings["metal"])
    held = _on_collector(structure, metal)
    dead = held & now.mask(metal) & ~_on_collector(now, metal)
    lost = float((1.0 - filled[before.reshape(-1)]).sum()) + owed
    error = passed * per_charge - lost
    return Dissolution(columns[0], columns[1], columns[2], ending, float(dead.sum() / max(held.sum(), 1)), error, now)


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
