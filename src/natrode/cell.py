"""What a cell is: electrolyte, two electrodes with their interfaces, temperature and pressure."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from natrode.constants import ROOM_TEMPERATURE
from natrode.errors import SpecificationError
from natrode.materials.dimensions import PROPERTY_DIMENSIONS
from natrode.specification import (
    Area,
    ArealMass,
    Conductivity,
    Duration,
    Length,
    Mass,
    PressureProfile,
    Profile,
    Quantity,
    Specification,
    SpecificCurrent,
    TemperatureProfile,
    read_toml,
    suggest,
)
from natrode.units import write_quantity


class _Sized(Specification):
    diameter: Length | None = None
    """Diameter of the disc [m]; give it or `area`."""
    area: Area | None = None
    """[m2]"""

    @model_validator(mode="after")
    def _one_size(self) -> "_Sized":
        if self.diameter is not None and self.area is not None:
            raise ValueError("give 'diameter' or 'area', not both")
        return self

    @property
    def own_area(self) -> float | None:
        """Area [m2] if the size was given."""
        return math.pi / 4 * self.diameter**2 if self.diameter is not None else self.area


class Electrolyte(_Sized):
    """The separator: a ceramic pellet, a polymer film, a soaked separator."""

    material: str
    thickness: Length
    conductivity: Conductivity | None = None
    """Total ionic conductivity at 25 degC [S/m]; the material's when not given."""

    @field_validator("material")
    @classmethod
    def _known_material(cls, name: str) -> str:
        from natrode import materials

        if name not in materials.material_names():
            raise ValueError(f"unknown material '{name}'; {suggest(name, list(materials.material_names()))}")
        return name


class Electrode(_Sized):
    """One electrode: its interface with the electrolyte and how much metal it holds."""

    interface: str
    """Name of an interface in the materials data, or path of an interface file."""
    mass: Mass | None = None
    """Mass of the anode, ceramic included [kg]; without mass and thickness the reservoir is unlimited."""
    thickness: Length | None = None
    """Thickness of dense metal [m]."""
    mass_ratio: str | None = None
    """Mass of the particles to that of the metal, "1:6", where it is not the interface's own: volume fraction and
    reaction area then follow from the composition law."""
    state: Literal["solid", "molten"] = "solid"
    parameters: dict[str, str | float] = Field(default_factory=dict)
    """Interface parameters that replace those of the interface file, as quantities with units."""

    @model_validator(mode="after")
    def _consistent(self) -> "Electrode":
        if self.mass is not None and self.thickness is not None:
            raise ValueError("give 'mass' or 'thickness', not both")
        return self

    @field_validator("interface")
    @classmethod
    def _known_interface(cls, name: str) -> str:
        from natrode import materials

        if not name.endswith(".toml") and name not in materials.interface_names():
            raise ValueError(f"unknown interface '{name}'; {suggest(name, list(materials.interface_names()))}")
        return name

    @field_validator("mass_ratio")
    @classmethod
    def _two_parts(cls, given: str | None) -> str | None:
        if given is not None and not _ratio(given):
            raise ValueError(f'read {given!r}, expected particles to metal by mass such as "1:6"')
        return given

    @property
    def ratio(self) -> float | None:
        """Mass of the particles per mass of metal [-]; None where it is the interface's own."""
        return None if self.mass_ratio is None else _ratio(self.mass_ratio)

    @field_validator("parameters")
    @classmethod
    def _known_parameters(cls, given: dict[str, str | float]) -> dict[str, str | float]:
        from natrode import materials

        try:
            materials.read_parameters(given)
        except SpecificationError as error:
            raise ValueError(str(error).removeprefix("parameters: ")) from None
        return given


def _ratio(text: str) -> float | None:
    """Read "1:6" as 1/6; None unless both numbers are above zero."""
    try:
        first, second = map(float, text.split(":"))
    except ValueError:
        return None
    return first / second if 0.0 < first < math.inf and 0.0 < second < math.inf else None


class Electrodes(Specification):
    """The two sides; positive current strips the working electrode."""

    working: Electrode
    counter: Electrode


class _Conditions(Specification):
    """What symmetric and full cells have in common."""

    name: str
    temperature: TemperatureProfile = ROOM_TEMPERATURE
    """[K]"""
    pressure: PressureProfile | Literal["unknown"] = "unknown"
    """Stack pressure [Pa]; `unknown` keeps the contact and replenishment that the interface states."""
    replenishment_law: Literal["interface", "creep"] = "interface"
    """Temperature law of replenishment: 0.14 eV (interface) or 0.45 eV (creep); neither is settled."""
    replenishment_coupling: Literal["interface", "bulk-creep"] = "interface"
    """What feeds the contact: a process at the interface, which particles in the anode leave alone, or creep of the
    bulk, which they slow."""
    contact_law: Literal["plastic", "creep"] = "plastic"
    """How a known stack pressure raises the contact fraction: at once with a hardness, or by creep in time."""
    kinetics: Literal["ohmic", "butler-volmer"] = "ohmic"
    """Current-voltage law of the contacts; the published resistances are ohmic."""
    short: Literal["hard", "soft"] = "hard"
    """What a filament does once it is through: the voltage collapses, or a leak grows."""
    soft_short_time: Duration = 36000.0
    """Time in which the leak of a soft short grows to the conductance of the electrolyte [s]; assumed."""
    electrolyte: Electrolyte


class Cell(_Conditions):
    """A symmetric cell, as a user writes it."""

    electrode: Electrodes

    @model_validator(mode="before")
    @classmethod
    def _not_full(cls, given: Any) -> Any:
        if isinstance(given, dict) and "cathode" in given:
            raise ValueError("this is a full cell (it has a 'cathode'); read it with natrode.FullCell or load_cell")
        return given

    @model_validator(mode="after")
    def _complete(self) -> "Cell":
        if self.electrolyte.own_area is None and any(
            side.own_area is None for side in (self.electrode.working, self.electrode.counter)
        ):
            raise ValueError("no size: give 'diameter' or 'area' for the electrolyte or for both electrodes")
        check_melting("temperature", self.temperature, self)
        return self

    def __hash__(self) -> int:
        return hash((self.name, self.electrolyte, self.temperature))  # equal cells agree in these, few others do

    @property
    def working_area(self) -> float:
        """Area of the working electrode [m2]."""
        return self._area(self.electrode.working.own_area, self.electrolyte.own_area)

    @property
    def counter_area(self) -> float:
        """Area of the counter electrode [m2]."""
        return self._area(self.electrode.counter.own_area, self.electrolyte.own_area)

    @property
    def electrolyte_area(self) -> float:
        """Cross-section of the electrolyte that carries current [m2]; the smaller electrode's when not given."""
        return self._area(self.electrolyte.own_area, min(self.working_area, self.counter_area))

    @staticmethod
    def _area(*candidates: float | None) -> float:
        return next(area for area in candidates if area is not None)

    def with_parameters(self, working: dict[str, Any], counter: dict[str, Any] | None = None) -> "Cell":
        """Return the cell with interface parameters replaced (quantities with units); both sides alike by default."""
        sides = {"working": working, "counter": working if counter is None else counter}
        electrode = {
            name: getattr(self.electrode, name).model_copy(
                update={"parameters": {**getattr(self.electrode, name).parameters, **changes}}
            )
            for name, changes in sides.items()
        }
        return self.model_copy(update={"electrode": self.electrode.model_copy(update=electrode)})


class Cathode(_Sized):
    """The positive electrode of a full cell."""

    material: str
    """Name of a cathode material: nvp, sulfur, carbon-co2."""
    loading: ArealMass | None = None
    """Active material per area [kg/m2]; give it or `mass`."""
    mass: Mass | None = None
    """Active material [kg]."""
    thickness: Length | None = None
    """Of the coating [m]; written into the record."""
    wetting: str | None = "liquid-napf6"
    """Liquid electrolyte in the pores; "none" for a dry cathode."""
    particles: Literal["diffusion", "shrinking-core"] = "diffusion"
    """How sodium gets into the particles of a two-phase material."""
    one_c: SpecificCurrent | None = None
    """Current per mass that the protocol calls 1C [A/kg]; the theoretical charge in an hour when not given."""
    parameters: dict[str, str | float] = Field(default_factory=dict)
    """Properties that replace those of the material, as quantities with units."""

    @model_validator(mode="after")
    def _one_amount(self) -> "Cathode":
        if (self.loading is None) == (self.mass is None):
            raise ValueError("give 'loading' (for example \"1 mg/cm2\") or 'mass' of the active material, one of them")
        return self

    @field_validator("material")
    @classmethod
    def _known_cathode(cls, name: str) -> str:
        from natrode import materials

        known = [m for m in materials.material_names() if materials.load_material(m).kind == "cathode"]
        if name not in known:
            raise ValueError(f"unknown cathode '{name}'; {suggest(name, known)}")
        return name

    @field_validator("wetting")
    @classmethod
    def _known_wetting(cls, name: str | None) -> str | None:
        from natrode import materials

        if name not in (None, "none") and name not in materials.material_names():
            raise ValueError(f"unknown material '{name}'; {suggest(str(name), list(materials.material_names()))}")
        return None if name == "none" else name

    @field_validator("parameters")
    @classmethod
    def _known_properties(cls, given: dict[str, str | float]) -> dict[str, str | float]:
        for name, text in given.items():
            if name not in PROPERTY_DIMENSIONS:
                raise ValueError(f"unknown property '{name}'; {suggest(name, PROPERTY_DIMENSIONS)}")
            Quantity(PROPERTY_DIMENSIONS[name], allow_zero=True).read(text)
        return given


class FullCell(_Conditions):
    """A full cell: a cathode, an electrolyte, and a metal anode; positive current charges it."""

    cathode: Cathode
    anode: Electrode
    plating_efficiency: float = Field(default=1.0, gt=0, le=1)
    """Part of the plated metal that can be stripped again; the rest is lost from the reservoir."""
    capacity_ratio: float | None = Field(default=None, gt=0)
    """N/P as stated elsewhere; natrode computes its own and says where they differ."""

    @model_validator(mode="after")
    def _complete(self) -> "FullCell":
        if self.electrolyte.own_area is None and (self.cathode.own_area is None or self.anode.own_area is None):
            raise ValueError("no size: give 'diameter' or 'area' for the electrolyte, or for the cathode and the anode")
        check_cathode("temperature", self.temperature)
        check_melting("temperature", self.temperature, self.symmetric)
        return self

    @property
    def cathode_area(self) -> float:
        """[m2]"""
        return self.cathode.own_area or self.electrolyte.own_area or 0.0

    @property
    def anode_area(self) -> float:
        """[m2]"""
        return self.anode.own_area or self.electrolyte.own_area or 0.0

    @property
    def active_mass(self) -> float:
        """Active material of the cathode [kg]."""
        return self.cathode.mass if self.cathode.mass is not None else (self.cathode.loading or 0.0) * self.cathode_area

    @property
    def symmetric(self) -> Cell:
        """The symmetric cell of two such anodes, whose assembly gives the anode's numbers."""
        shared = {name: getattr(self, name) for name in _Conditions.model_fields}
        side = (
            self.anode if self.anode.own_area is not None else self.anode.model_copy(update={"area": self.anode_area})
        )
        return Cell.model_construct(**shared, electrode=Electrodes.model_construct(working=side, counter=side))


_CATHODE_TEMPERATURES = (253.15, 363.15)
"""Where the cathodes' data are used; beyond, an Arrhenius law with an assumed energy says nothing."""


def load_cell(path: str | Path) -> "Cell | FullCell":
    """Read a cell file: a full cell when it has a `cathode`, a symmetric cell otherwise; raises SpecificationError."""
    return read_cell(read_toml(Path(path)), str(path))


def read_cell(data: Mapping[str, Any], where: str) -> "Cell | FullCell":
    """Read a cell table: a full cell when it has a `cathode`, a symmetric cell otherwise; raises SpecificationError."""
    return FullCell.read(data, where) if "cathode" in data else Cell.read(data, where)


def check_cathode(key: str, temperature: Profile) -> None:
    """Raise ValueError when `temperature` leaves the range in which the data of cathodes hold."""
    low, high = _CATHODE_TEMPERATURES
    coldest, hottest = lowest(temperature), highest(temperature)
    if not (low <= coldest and hottest <= high):
        read = f"{hottest - 273.15:g}" if coldest == hottest else f"{coldest - 273.15:g} to {hottest - 273.15:g}"
        raise ValueError(
            f"{key}: the data of the cathodes hold from {low - 273.15:g} to {high - 273.15:g} degC; read {read} degC"
        )


def lowest(value: Profile) -> float:
    """Smallest value of a constant or a profile."""
    return min(v for _, v in value) if isinstance(value, tuple) else value


def highest(value: Profile) -> float:
    """Largest value of a constant or a profile."""
    return max(v for _, v in value) if isinstance(value, tuple) else value


def check_melting(key: str, temperature: Profile, cell: Cell) -> None:
    """Raise ValueError when `temperature` contradicts the state, solid or molten, that an electrode says it has."""
    from natrode import materials

    for name in ("working", "counter"):
        side: Electrode = getattr(cell.electrode, name)
        metal = materials.load_material(materials.load_interface(side.interface).metal)
        melting = metal.properties["melting_temperature"].si
        point = f"the melting point of {metal.name} ({write_quantity(melting, 'temperature', 4)})"
        if highest(temperature) >= melting and side.state != "molten":
            raise ValueError(
                f"{key} reaches {write_quantity(highest(temperature), 'temperature', 4)}, above {point}; lower it, or "
                f'write state = "molten" in electrode.{name}'
            )
        if lowest(temperature) < melting and side.state == "molten":
            raise ValueError(
                f"{key} goes down to {write_quantity(lowest(temperature), 'temperature', 4)}, below {point}, where "
                f'electrode.{name} cannot be state = "molten"; raise it, or leave the state out'
            )


EXAMPLE = """\
# A symmetric cell of hybrid sodium (NZSP:Na = 1:5 by mass) on NZSP, after Adv. Energy Mater. 2022, 12, 2102579.
# Every quantity carries its unit; "mA/cm2", "mA cm-2" and "mA/cm^2" are the same to natrode.
name = "h-Na 1:5 symmetric"
temperature = "25 degC"          # or a profile: [["0 h", "25 degC"], ["10 h", "60 degC"]]
pressure = "unknown"             # or "1 MPa", or a profile
replenishment_law = "interface"  # temperature law of replenishment: "interface" (0.14 eV) or "creep" (0.45 eV)
replenishment_coupling = "interface"  # or "bulk-creep": ceramic particles harden the anode and slow replenishment
kinetics = "ohmic"               # or "butler-volmer"
short = "hard"                   # or "soft": a leak that grows

[electrolyte]
material = "nzsp-hna"            # `natrode materials` lists the names
thickness = "0.162 cm"
diameter = "1.114 cm"            # each electrode may have a diameter or area of its own

[electrode.working]
interface = "h-na-1-5/nzsp-hna"
mass = "6 mg"                    # sodium and ceramic; limits how much can be stripped
# mass_ratio = "1:6"             # another ratio of ceramic to sodium: area and volume fraction follow

[electrode.counter]
interface = "h-na-1-5/nzsp-hna"
mass = "6 mg"
# parameters = { contact_resistance = "4.8 Ohm cm2" }   # replaces single parameters of the interface
"""

FULL_EXAMPLE = """\
# A full cell: Na3V2(PO4)3 | NZSP | hybrid sodium, after Adv. Energy Mater. 2022, 12, 2102579.
name = "NVP | NZSP | h-Na 1:5"
temperature = "25 degC"
short = "soft"                   # a filament leaks: the charge gets longer, the efficiency falls

[electrolyte]
material = "nzsp-hna"
thickness = "0.162 cm"
diameter = "1.114 cm"

[cathode]
material = "nvp"                 # or "sulfur", "carbon-co2"
loading = "1 mg/cm2"             # active material per area; or mass
wetting = "liquid-napf6"         # a few drops of liquid electrolyte; "none" for a dry cathode
particles = "diffusion"          # or "shrinking-core"
one_c = "117 mA/g"               # what the protocol calls 1C
# parameters = { charge_transfer_resistance = "50 Ohm cm2" }

[anode]
interface = "h-na-1-5/nzsp-hna"
mass = "6 mg"                    # gives N/P; without mass and thickness the reservoir is unlimited
"""

CARBON_DIOXIDE_EXAMPLE = """\
# A Na-CO2 cell: carbon | succinonitrile electrolyte | NaF-coated sodium, after Chem. Sci. 2019, 10, 4306.
name = "CO2 | SN | M-Na"
temperature = "25 degC"
short = "soft"

[electrolyte]
material = "sn-electrolyte"
thickness = "60 um"
area = "1 cm2"

[cathode]
material = "carbon-co2"          # capacities are per mass of carbon; the product's film ends the discharge
loading = "1 mg/cm2"

[anode]
interface = "m-na/sn-electrolyte"
thickness = "100 um"
"""

SULFUR_EXAMPLE = """\
# A sulfur cell: S | NZSP | Pb/C-coated sodium at 60 degC, after Chem. Sci. 2022 (d2sc05120f).
name = "S | NZSP | Pb/C | Na"
temperature = "60 degC"
short = "soft"

[electrolyte]
material = "nzsp-pbc"
thickness = "0.8 mm"
diameter = "10 mm"

[cathode]
material = "sulfur"              # two plateaus; polysulfides are lost with time
loading = "1 mg/cm2"
# parameters = { loss_rate = "1e-5 1/s" }

[anode]
interface = "pb-c-na/nzsp-pbc"
mass = "3.5 mg"
"""
