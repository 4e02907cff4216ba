"""From a full cell as specified to the numbers of the kernel and of the PyBaMM models."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode import materials
from natrode.cell import FullCell
from natrode.constants import FARADAY
from natrode.errors import SpecificationError
from natrode.physics import thermodynamics
from natrode.simulate import kernel as anode_kernel
from natrode.simulate import parameters
from natrode.simulate.fullcell import layout, require_pybamm
from natrode.units import read_quantity

FloatArray = npt.NDArray[np.float64]

CONTRADICTION = 0.05
"""Relative difference of a stated N/P from the computed one that is flagged."""
_PRODUCT_END = 1e-3
"""Filling below which a Na-CO2 cathode has nothing left to decompose; assumed."""


@dataclass(frozen=True)
class FullModel:
    """All numbers of one virtual full cell, SI."""

    anode: parameters.Model
    """Symmetric cell of two such anodes; its second side is the anode."""
    properties: Mapping[str, float]
    """Of the cathode material, with what the cell changes."""
    cell: FullCell

    @property
    def kind(self) -> int:
        """Kind of cathode, a constant of `kernel`."""
        if "upper_plateau_voltage" in self.properties:
            return layout.SULFUR
        if "product_charge" in self.properties:
            return layout.PRODUCT
        return layout.SHRINKING_CORE if self.cell.cathode.particles == "shrinking-core" else layout.DIFFUSION

    @property
    def starts_charged(self) -> bool:
        """Whether the cathode is put in without sodium."""
        return self.kind in (layout.SULFUR, layout.PRODUCT)

    @property
    def theoretical_charge(self) -> float:
        """Charge of all active material [C]."""
        return self.cell.active_mass * self.properties["specific_charge"]

    @property
    def one_c(self) -> float:
        """Current that the protocol calls 1C [A]."""
        if self.cell.cathode.one_c is not None:
            return self.cell.active_mass * self.cell.cathode.one_c
        return self.theoretical_charge / 3600

    @property
    def plateau(self) -> float:
        """Voltage of the (upper) plateau [V]."""
        return self.properties.get("equilibrium_voltage", self.properties.get("upper_plateau_voltage", 0.0))

    def cathode_row(self) -> FloatArray:
        """Parameters of the kernel."""
        p, cell = self.properties, self.cell
        row = np.zeros(layout.N_CATHODE)
        wet = "wetted_resistance" if cell.cathode.wetting else "dry_resistance"
        row[layout.CATHODE] = self.kind
        row[layout.CHARGE] = self.theoretical_charge * p["active_fraction"]
        row[layout.MASS], row[layout.FACE] = cell.active_mass, cell.cathode_area
        row[layout.PLATEAU], row[layout.LOWER_PLATEAU] = self.plateau, p.get("lower_plateau_voltage", 0.0)
        row[layout.WIDTH] = p.get("solubility", p.get("step_width", _PRODUCT_END))
        row[layout.UPPER_SHARE] = p.get("upper_share", 0.0)
        if self.kind == layout.DIFFUSION:
            row[layout.DIFFUSION_TIME] = p["particle_radius"] ** 2 / p["diffusivity"]
        row[layout.SHELL_RESISTANCE] = p.get("shell_resistance", 0.0)
        row[layout.TRANSFER_RESISTANCE] = p["charge_transfer_resistance"]
        row[layout.SERIES_RESISTANCE] = p[wet]
        row[layout.ENERGY] = p["cathode_activation_energy"]
        row[layout.LOSS_RATE] = p.get("loss_rate", 0.0)
        row[layout.PRODUCT_SCALE] = p.get("product_charge", 1.0) / (p["specific_charge"] * p["active_fraction"])
        row[layout.PRODUCT_RESISTANCE] = p.get("product_resistance", 0.0)
        row[layout.CHARGING_EXCHANGE] = p.get("charging_exchange_current", 1.0)
        row[layout.CHARGING_SLOPE] = p.get("charging_slope", 0.0)
        row[layout.CHARGING_RESISTANCE] = p.get("charging_resistance", 0.0)
        row[layout.PLATING_EFFICIENCY] = cell.plating_efficiency
        row[layout.BUTLER_VOLMER_ANODE] = float(self.anode.butler_volmer)
        return row


def assemble(cell: FullCell) -> FullModel:
    """Collect the numbers of a full cell.

    Raises SimulationError when the anode's interface lacks a parameter, SpecificationError when the cathode material
    does.
    """
    material = materials.load_material(cell.cathode.material)
    properties = {name: value.si for name, value in material.properties.items()}
    for name, text in cell.cathode.parameters.items():
        properties[name] = read_quantity(text, materials.dimensions.PROPERTY_DIMENSIONS[name])
    if "specific_charge" not in properties:
        raise SpecificationError(
            f"cathode.material: '{cell.cathode.material}' has no specific_charge, so that a C-rate and a state of "
            'charge mean nothing; give it under cathode.parameters, for example specific_charge = "117 mAh/g"'
        )
    anode = parameters.assemble(cell.symmetric)
    rows = anode.electrodes.copy()
    rows[0] = 0.0  # the cathode's side of the anode's integrator: nothing happens there
    for column in (
        anode_kernel.VOID_CAPACITY, anode_kernel.AREA, anode_kernel.AREA_RATIO, anode_kernel.CONTACT_SHAPE,
        anode_kernel.DAMAGE_EXPONENT, anode_kernel.DAMAGE_TIME, anode_kernel.FILM_TIME,
    ):  # fmt: skip
        rows[0, column] = 1.0
    for column in (anode_kernel.RESERVOIR, anode_kernel.PROTRUSION_CHARGE):
        rows[0, column] = np.inf
    rows[0, anode_kernel.CRACK_OVERPOTENTIAL] = 1e30
    return FullModel(replace(anode, electrodes=rows), properties, cell)


def override(model: FullModel, overrides: parameters.Overrides) -> FullModel:
    """Return the model with values of the anode's interface, the electrolyte and the cathode material replaced.

    Among those of the cathode material, `loading` [kg/m2] is that of the cell, unless the cell states a mass.
    """
    symmetric, anode = model.cell.symmetric, model.anode
    if symmetric.electrode.counter.interface in overrides:
        anode = parameters.with_values(anode, 1, overrides[symmetric.electrode.counter.interface])
    conductivity = overrides.get(symmetric.electrolyte.material, {}).get("conductivity")
    if conductivity is not None:
        resistance = symmetric.electrolyte.thickness / (conductivity * symmetric.electrolyte_area)
        anode = replace(anode, electrolyte={**anode.electrolyte, "resistance": resistance})
    changed = {
        k: v
        for k, v in overrides.get(model.cell.cathode.material, {}).items()
        if k not in model.cell.cathode.parameters
    }
    cell = model.cell
    loading = changed.pop("loading", None)
    if loading is not None and cell.cathode.loading is not None:
        cell = cell.model_copy(update={"cathode": cell.cathode.model_copy(update={"loading": loading})})
    return replace(model, anode=anode, properties={**model.properties, **changed}, cell=cell)


def capacity_ratio(model: FullModel) -> float:
    """N/P: charge of the anode's metal over the theoretical charge of the cathode; infinite without a reservoir.

    Formula: N/P = m q_N/(L A q_P), the mass from the anode's metal (`physics.thermodynamics.capacity_ratio`).
    """
    row = model.anode.electrodes[1]
    reservoir = row[anode_kernel.RESERVOIR]
    if not math.isfinite(reservoir):
        return math.inf
    interface = materials.load_interface(model.cell.anode.interface)
    metal = materials.load_material(interface.metal).properties
    per_mass = FARADAY / (metal["molar_volume"].si * metal["density"].si)
    mass = reservoir * row[anode_kernel.AREA] / per_mass
    p = model.properties["specific_charge"]
    loading = model.cell.active_mass / model.cell.cathode_area
    return float(thermodynamics.capacity_ratio(mass, per_mass, loading, p, model.cell.cathode_area))


def warnings_of(model: FullModel) -> tuple[str, ...]:
    """What is odd about a cell: too little sodium, a stated N/P that the masses contradict."""
    found = []
    ratio = capacity_ratio(model)
    if ratio < 1.0 and model.starts_charged:
        found.append(
            f"N/P is {ratio:.3g}, below 1: the anode is empty before the cathode is full and limits the capacity"
        )
    elif ratio < 1.0:
        found.append(
            f"N/P is {ratio:.3g}, below 1: the anode holds less sodium than the cathode; what the cathode brings "
            "carries the cell, and every loss shortens it"
        )
    stated = model.cell.capacity_ratio
    if stated is not None and math.isfinite(ratio) and abs(stated / ratio - 1) > CONTRADICTION:
        found.append(
            f"N/P of {stated:g} is stated, the masses and areas give {ratio:.3g} (the stated one needs an area of "
            f"{1e4 * model.cell.cathode_area * ratio / stated:.3g} cm2 at this loading)"
        )
    return tuple(found)


def pybamm_model(model: FullModel) -> Any:
    """PyBaMM model of a cell; raises SimulationError, with how to install it, when PyBaMM is missing."""
    require_pybamm()
    from natrode.simulate.fullcell.carbon_dioxide_model import SodiumCarbonDioxide
    from natrode.simulate.fullcell.nvp_model import SodiumVanadiumPhosphate
    from natrode.simulate.fullcell.sulfur_model import SodiumSulfur
    from natrode.simulate.fullcell.symmetric_model import options_of

    options, soft = options_of(model.anode, 1), model.anode.soft_short_time > 0
    if model.kind == layout.SULFUR:
        return SodiumSulfur(options, soft)
    if model.kind == layout.PRODUCT:
        return SodiumCarbonDioxide(options, soft)
    return SodiumVanadiumPhosphate(model.cell.cathode.particles, options, soft)


_PYBAMM_CATHODE = {
    "charge [C]": layout.CHARGE,
    "mass [kg]": layout.MASS,
    "area [m2]": layout.FACE,
    "plateau voltage [V]": layout.PLATEAU,
    "lower plateau voltage [V]": layout.LOWER_PLATEAU,
    "solubility": layout.WIDTH,
    "upper share": layout.UPPER_SHARE,
    "diffusion time [s]": layout.DIFFUSION_TIME,
    "shell resistance [Ohm.m2]": layout.SHELL_RESISTANCE,
    "charge-transfer resistance [Ohm.m2]": layout.TRANSFER_RESISTANCE,
    "series resistance [Ohm.m2]": layout.SERIES_RESISTANCE,
    "activation energy [eV]": layout.ENERGY,
    "loss rate [s-1]": layout.LOSS_RATE,
    "product scale": layout.PRODUCT_SCALE,
    "product resistance [Ohm.m2]": layout.PRODUCT_RESISTANCE,
    "charging exchange current [A.kg-1]": layout.CHARGING_EXCHANGE,
    "charging slope [V]": layout.CHARGING_SLOPE,
    "charging resistance [Ohm.m2]": layout.CHARGING_RESISTANCE,
}


def pybamm_values(model: FullModel, lower: float = 0.5, upper: float = 6.0) -> dict[str, Any]:
    """PyBaMM parameter values of a cell at constant temperature and pressure; 1C as current, cut-offs [V]."""
    from natrode.simulate.fullcell import symmetric_model

    row = model.cathode_row()
    values = symmetric_model.parameter_values(model.anode, model.one_c)
    own = {name: value for name, value in values.items() if not name.startswith(symmetric_model.SIDES)}
    own.update(symmetric_model.interface_values(model.anode, 1, "Anode"))
    own.update({f"Cathode {name}": float(row[column]) for name, column in _PYBAMM_CATHODE.items()})
    own.update(
        {
            "Cathode initial filling": 0.0 if model.starts_charged else 1.0,
            "Plating efficiency": model.cell.plating_efficiency,
            "Soft short time [s]": model.anode.soft_short_time or 1.0,
            "Nominal cell capacity [A.h]": model.one_c,
            "Lower voltage cut-off [V]": lower,
            "Upper voltage cut-off [V]": upper,
        }
    )
    return own
