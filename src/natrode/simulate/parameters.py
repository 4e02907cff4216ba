"""From a cell as specified to the numbers that the kernel integrates: interfaces, conditions in time, electrolyte."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode import materials
from natrode.cell import Cell, Electrode
from natrode.constants import BOLTZMANN_EV, FARADAY, ROOM_TEMPERATURE, VACUUM_PERMITTIVITY
from natrode.errors import SimulationError
from natrode.physics import contact, creep, replenishment
from natrode.simulate import kernel
from natrode.simulate.composition import composed
from natrode.specification import Profile

FloatArray = npt.NDArray[np.float64]

SIDES = ("working", "counter")
NO_LIMIT = np.inf

REQUIRED = (
    "contact_resistance",
    "contact_fraction",
    "area_ratio",
    "void_capacity",
    "contact_shape",
    "replenishment_current_density",
    "refill_efficiency",
    "crack_overpotential",
    "damage_exponent",
    "damage_time",
)
_KERNEL_COLUMNS = {
    "contact_resistance": kernel.CONTACT_RESISTANCE,
    "area_ratio": kernel.AREA_RATIO,
    "void_capacity": kernel.VOID_CAPACITY,
    "contact_shape": kernel.CONTACT_SHAPE,
    "refill_efficiency": kernel.REFILL_EFFICIENCY,
    "crack_overpotential": kernel.CRACK_OVERPOTENTIAL,
    "damage_exponent": kernel.DAMAGE_EXPONENT,
    "damage_time": kernel.DAMAGE_TIME,
    "protrusion_charge": kernel.PROTRUSION_CHARGE,
    "film_resistance": kernel.FILM_RESISTANCE,
    "film_final_resistance": kernel.FILM_FINAL_RESISTANCE,
    "film_time": kernel.FILM_TIME,
    "film_growth_rate": kernel.FILM_GROWTH_RATE,
}
_COLUMNS = list(_KERNEL_COLUMNS.values())
_WITHOUT = {
    "protrusion_charge": np.inf,
    "film_resistance": 0.0,
    "film_final_resistance": 0.0,
    "film_time": 1.0,
    "film_growth_rate": 0.0,
    "constriction_share": 0.0,
    "diffusion_share": 0.0,
    "replenishment_pressure_slope": 0.0,
    "resistance_activation_energy": 0.0,
    "replenishment_activation_energy_interface": 0.0,
    "replenishment_activation_energy_creep": 0.0,
}
"""Value of a parameter that an interface does not have, where leaving it out has a meaning of its own."""


@dataclass(frozen=True)
class Model:
    """All numbers of one virtual cell, SI."""

    electrodes: FloatArray
    """(2, N_PARAMETERS) of `kernel`."""
    interfaces: tuple[Mapping[str, float | str], Mapping[str, float | str]]
    """Interface parameters by name, of the working and of the counter side."""
    electrolyte: Mapping[str, float]
    """Resistance at room temperature [Ohm] and the properties that a spectrum needs."""
    temperature: Profile
    pressure: Profile | None
    butler_volmer: bool
    soft_short_time: float
    """0 for a hard short [s]."""
    laws: Mapping[str, str]


def assemble(cell: Cell) -> Model:
    """Collect the numbers of a cell.

    Raises SimulationError when an interface lacks a parameter that the simulation needs.
    """
    sides = []
    rows = np.zeros((2, kernel.N_PARAMETERS))
    areas = (cell.working_area, cell.counter_area)
    for k, name in enumerate(SIDES):
        electrode: Electrode = getattr(cell.electrode, name)
        interface = materials.load_interface(electrode.interface)
        metal = materials.load_material(interface.metal)
        values: dict[str, float | str] = {**_WITHOUT, **_of_metal(metal)}
        values.update(plain(interface.parameters))
        if electrode.ratio is not None:
            values.update(composed(interface, electrode.ratio, f"electrode.{name}"))
        values.update(plain(materials.read_parameters(electrode.parameters)))
        missing = [p for p in REQUIRED if p not in values]
        if missing:
            raise SimulationError(
                f"electrode.{name}: interface '{electrode.interface}' has no {', '.join(missing)}; "
                f"add it to the interface or under electrode.{name}.parameters"
            )
        rows[k] = _row(values, areas[k])
        recession = metal.properties["molar_volume"].si / FARADAY
        rows[k, kernel.RECESSION] = 0.0 if electrode.state == "molten" else recession
        rows[k, kernel.RESERVOIR] = _metal_thickness(electrode, interface, values, areas[k]) / recession
        sides.append(values)
    return Model(
        electrodes=rows,
        interfaces=(sides[0], sides[1]),
        electrolyte=_electrolyte(cell),
        temperature=cell.temperature,
        pressure=None if cell.pressure == "unknown" else cell.pressure,
        butler_volmer=cell.kinetics == "butler-volmer",
        soft_short_time=0.0 if cell.short == "hard" else cell.soft_short_time,
        laws={
            "replenishment": cell.replenishment_law,
            "coupling": cell.replenishment_coupling,
            "contact": cell.contact_law,
        },
    )


Overrides = Mapping[str, Mapping[str, float]]
"""SI values by interface (or electrolyte) name and parameter name, for example one draw of a posterior sample."""


def override(model: Model, cell: Cell, overrides: Overrides) -> Model:
    """Return the model with the values that concern this cell's interfaces and electrolyte replaced."""
    sides = (cell.electrode.working, cell.electrode.counter)
    changes = {side: overrides[one.interface] for side, one in enumerate(sides) if one.interface in overrides}
    model = _with_sides(model, changes)
    conductivity = overrides.get(cell.electrolyte.material, {}).get("conductivity")
    if conductivity is not None:
        resistance = cell.electrolyte.thickness / (conductivity * cell.electrolyte_area)
        model = replace(model, electrolyte={**model.electrolyte, "resistance": resistance})
    return model


def plain(parameters: Mapping[str, Any]) -> dict[str, float | str]:
    """SI floats (and words) of a mapping of material values."""
    return {name: value if isinstance(value, str) else value.si for name, value in parameters.items()}


def with_values(model: Model, side: int, values: Mapping[str, float]) -> Model:
    """Return the model with interface parameters of one side (0 working, 1 counter) replaced by SI values."""
    return _with_sides(model, {side: values})


def _with_sides(model: Model, changes: Mapping[int, Mapping[str, float]]) -> Model:
    sides, rows = list(model.interfaces), model.electrodes.copy()
    for side, values in changes.items():
        sides[side] = {**sides[side], **values}
        former, new = model.electrodes[side], _row(sides[side], rows[side, kernel.AREA])
        new[kernel.RECESSION], new[kernel.RESERVOIR] = former[kernel.RECESSION], former[kernel.RESERVOIR]
        rows[side] = new
    return replace(model, electrodes=rows, interfaces=(sides[0], sides[1]))


def _of_metal(metal: materials.Material) -> dict[str, float]:
    """Properties of the metal that the interface laws need, where they are known."""
    names = ("creep_prefactor", "creep_exponent", "vacancy_formation_energy", "vacancy_fraction_at_melting")
    return {name: metal.properties[name].si for name in names if name in metal.properties} | {
        "melting_temperature": metal.properties["melting_temperature"].si
    }


def _row(values: Mapping[str, float | str], area: float) -> FloatArray:
    row = np.zeros(kernel.N_PARAMETERS)
    row[_COLUMNS] = [values[name] for name in _KERNEL_COLUMNS]
    row[kernel.FILM_LAW] = kernel.FILM_LAWS[str(values.get("film_growth", "none"))]
    row[kernel.FILM_UNDER_CONTACTS] = values.get("film_placement", "series") == "under-contacts"
    row[kernel.AREA] = area
    return row


def _metal_thickness(
    electrode: Electrode, interface: materials.Interface, values: Mapping[str, float | str], area: float
) -> float:
    """Thickness of the metal that can be stripped [m]; infinite when neither mass nor thickness is given."""
    if electrode.thickness is not None:
        return electrode.thickness
    if electrode.mass is None:
        return NO_LIMIT
    density = materials.load_material(interface.metal).properties["density"].si
    fraction = float(values.get("particle_volume_fraction", 0.0))
    share = 1.0
    if fraction > 0.0 and interface.ceramic is not None:
        ceramic = materials.load_material(interface.ceramic).properties["density"].si
        share = (1 - fraction) * density / ((1 - fraction) * density + fraction * ceramic)
    return electrode.mass * share / (density * area)


def _electrolyte(cell: Cell) -> dict[str, float]:
    given = materials.load_material(cell.electrolyte.material).properties
    conductivity = cell.electrolyte.conductivity or given["conductivity"].si
    resistance = cell.electrolyte.thickness / (conductivity * cell.electrolyte_area)
    share = given["grain_boundary_share"].si if "grain_boundary_share" in given else 0.0
    permittivity = given["relative_permittivity"].si if "relative_permittivity" in given else 30.0
    return {
        "resistance": resistance,
        "activation_energy": given["conductivity_activation_energy"].si
        if "conductivity_activation_energy" in given
        else 0.0,
        "grain_boundary_share": share,
        "bulk_capacitance": permittivity * VACUUM_PERMITTIVITY * cell.electrolyte_area / cell.electrolyte.thickness,
        "grain_boundary_time": given["grain_boundary_time_constant"].si
        if "grain_boundary_time_constant" in given
        else 3e-7,
        "grain_boundary_exponent": given["grain_boundary_exponent"].si if "grain_boundary_exponent" in given else 0.9,
    }


def conditions(model: Model, temperature: Profile | None = None, pressure: Profile | None = None) -> FloatArray:
    """Table of what temperature and pressure make of the cell in time, (nodes, N_CONDITIONS) of `kernel`.

    A protocol's temperature and pressure replace the cell's. Straight pieces of a profile are refined until the
    exponential laws are straight to a part in 1e-4 between nodes.
    """
    heat = model.temperature if temperature is None else temperature
    load = model.pressure if pressure is None else pressure
    times = _nodes(heat, load)
    if load is not None and model.laws["contact"] == "creep":
        times = _with_creep(times)
    kelvin = _values(heat, times)
    pascal = None if load is None else _values(load, times)
    table = np.zeros((len(times), kernel.N_CONDITIONS))
    table[:, kernel.TIME] = times
    table[:, kernel.TEMPERATURE] = kelvin
    table[:, kernel.PRESSURE] = np.nan if pascal is None else pascal
    table[:, kernel.ELECTROLYTE_RESISTANCE] = model.electrolyte["resistance"] * _arrhenius(
        kelvin, model.electrolyte["activation_energy"]
    )
    for k, values in enumerate(model.interfaces):
        energy = float(values[f"replenishment_activation_energy_{model.laws['replenishment']}"])
        slowing = 1.0 if model.laws["coupling"] == "interface" else creep_slowing(values)
        table[:, kernel.RESISTANCE_SCALE_0 + k] = _arrhenius(kelvin, float(values["resistance_activation_energy"]))
        table[:, kernel.REPLENISHMENT_0 + k] = [
            slowing
            * replenishment.replenishment_current_density(
                float(values["replenishment_current_density"]),
                float(t),
                ROOM_TEMPERATURE,
                energy,
                0.0 if pascal is None else float(pascal[n]),
                float(values["replenishment_pressure_slope"]),
            )
            for n, t in enumerate(kelvin)
        ]
        table[:, kernel.CONTACT_FRACTION_0 + k] = _contact_fraction(values, times, pascal, model.laws["contact"])
    return table


def electrolyte_resistance(model: Model, temperature: Profile | None = None) -> float:
    """Resistance of the electrolyte [Ohm] at the first temperature of a protocol, or the cell's."""
    heat = model.temperature if temperature is None else temperature
    first = _values(heat, np.zeros(1))
    return float(model.electrolyte["resistance"] * _arrhenius(first, model.electrolyte["activation_energy"])[0])


def creep_slowing(values: Mapping[str, float | str]) -> float:
    """Creep rate of the anode over that of its metal, by the particles in it."""
    fraction = float(values.get("particle_volume_fraction", 0.0))
    if fraction == 0.0:
        return 1.0
    if missing := [name for name in ("hardening_coefficient", "creep_exponent") if name not in values]:
        raise SimulationError(
            f'replenishment_coupling = "bulk-creep" needs {", ".join(missing)} of an anode with particles'
        )
    return float(
        creep.hardened_creep_ratio(fraction, float(values["hardening_coefficient"]), float(values["creep_exponent"]))
    )


def _arrhenius(kelvin: FloatArray, energy: float) -> FloatArray:
    return np.exp(energy / BOLTZMANN_EV * (1 / kelvin - 1 / ROOM_TEMPERATURE))


def _contact_fraction(
    values: Mapping[str, float | str], times: FloatArray, pascal: FloatArray | None, law: str
) -> FloatArray:
    """Contact fraction of the fresh interface in time: never below its own, never falling when pressure is released."""
    own = float(values["contact_fraction"])
    needed = ("hardness",) if law == "plastic" else ("creep_prefactor", "creep_exponent")
    if pascal is None or (law == "plastic" and "hardness" not in values):
        return np.full(len(times), own)
    if missing := [name for name in needed if name not in values]:
        raise SimulationError(f'contact_law = "{law}" needs {", ".join(missing)}, which the metal does not have')
    if law == "plastic":
        hardness = float(values["hardness"])
        return np.maximum(own, np.maximum.accumulate(contact.plastic_contact_fraction(pascal, hardness)))
    fraction = [own]
    for duration, pressure in zip(np.diff(times), 0.5 * (pascal[1:] + pascal[:-1]), strict=True):
        fraction.append(
            float(
                contact.creep_flattened_contact_fraction(
                    duration,
                    fraction[-1],
                    pressure,
                    float(values["creep_prefactor"]),
                    float(values["creep_exponent"]),
                )
            )
        )
    return np.array(fraction)


def _nodes(heat: Profile, load: Profile | None) -> FloatArray:
    times = {0.0}
    for given, step in ((heat, 1.0), (load, 2e4)):
        if not isinstance(given, tuple):
            continue
        for (t0, v0), (t1, v1) in pairwise(given):
            times.update(np.linspace(t0, t1, 2 + int(abs(v1 - v0) / step)).tolist())
            if t0 == t1:
                times.add(np.nextafter(t0, np.inf))
    return np.array(sorted(times))


def _with_creep(times: FloatArray) -> FloatArray:
    """Nodes after each of a profile's, closest at first, along which a contact under pressure creeps (to 30 years)."""
    after = np.concatenate(([0.0], np.geomspace(1.0, 1e9, 181)))
    ends = [*times[1:], np.inf]
    return np.concatenate([start + after[start + after < end] for start, end in zip(times, ends, strict=True)])


def _values(given: Profile, times: FloatArray) -> FloatArray:
    if not isinstance(given, tuple):
        return np.full(len(times), given)
    knots = np.array([t for t, _ in given])
    for n in range(1, len(knots)):
        if knots[n] <= knots[n - 1]:
            knots[n] = np.nextafter(knots[n - 1], np.inf)
    return np.interp(times, knots, [v for _, v in given])
