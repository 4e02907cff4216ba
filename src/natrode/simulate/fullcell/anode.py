"""A sodium anode against a solid electrolyte in PyBaMM: contact loss, interphase growth, damage, pressure, reservoir.

Every rate and resistance is a law of `natrode.physics`, traced: the same functions that natrode's own kernels compile.
Parameters are PyBaMM parameters named "<Side> electrode <what> [unit]", so that PyBaMM's tools can change and sweep
them; temperature and stack pressure are constants of the run.
"""

from dataclasses import dataclass
from typing import Any, Literal

import pybamm

from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import contact, fracture, interphase, kinetics, protrusion, replenishment, voids
from natrode.simulate.fullcell.symbolic import traced

Film = Literal["none", "saturating", "parabolic", "linear", "exponential"]
LEAST_FACTOR = 1e-30

NAMES = {
    "contact_resistance": "contact resistance [Ohm.m2]",
    "contact_fraction": "contact fraction",
    "area_ratio": "area ratio",
    "void_capacity": "void capacity [m]",
    "contact_shape": "contact shape",
    "refill_efficiency": "refill efficiency",
    "replenishment_current_density": "replenishment current density [A.m-2]",
    "replenishment_activation_energy": "replenishment activation energy [eV]",
    "replenishment_pressure_slope": "replenishment pressure slope [A.m-2.Pa-1]",
    "resistance_activation_energy": "resistance activation energy [eV]",
    "hardness": "hardness [Pa]",
    "crack_overpotential": "crack overpotential [V]",
    "damage_exponent": "damage exponent",
    "damage_time": "damage time [s]",
    "protrusion_charge": "protrusion charge [C.m-2]",
    "film_resistance": "film resistance [Ohm.m2]",
    "film_final_resistance": "final film resistance [Ohm.m2]",
    "film_time": "film time [s]",
    "film_growth_rate": "film growth rate [Ohm.m2.s-1]",
    "recession": "recession per charge [m3.C-1]",
    "reservoir": "reservoir charge [C.m-2]",
    "area": "area [m2]",
}
"""PyBaMM's name of each parameter of an interface."""


def parameter_name(side: str, name: str) -> str:
    """Name of an interface parameter in PyBaMM."""
    return f"{side} electrode {NAMES[name]}"


@dataclass(frozen=True)
class Options:
    """What changes the equations of an interface and not only its numbers."""

    film: Film = "none"
    film_under_contacts: bool = False
    butler_volmer: bool = False


class Anode:
    """Equations of one interface; `add` writes them into a PyBaMM model."""

    def __init__(self, side: str, options: Options) -> None:
        self.side, self.options = side, options
        self.void = pybamm.Variable(f"{side} electrode void thickness over capacity")
        self.damage = pybamm.Variable(f"{side} electrode damage")
        self.film_state = pybamm.Variable(f"{side} electrode squared film fraction")
        self.temperature = pybamm.Parameter("Ambient temperature [K]")
        self.pressure = pybamm.Parameter("Stack pressure [Pa]")

    def value(self, name: str) -> Any:
        """Parameter of this interface."""
        return pybamm.Parameter(parameter_name(self.side, name))

    @property
    def void_thickness(self) -> Any:
        """Mean void thickness [m]."""
        return self.void * self.value("void_capacity")

    @property
    def loss_factor(self) -> Any:
        """Contact that is left, over that of the fresh interface."""
        law = traced(voids.contact_loss_factor)
        void = pybamm.maximum(self.void_thickness, 0)
        return pybamm.maximum(law(void, self.value("void_capacity"), self.value("contact_shape")), LEAST_FACTOR)

    @property
    def fresh_contact(self) -> Any:
        """Contact fraction without voids: the interface's own, or what the stack pressure makes."""
        pressed = traced(contact.plastic_contact_fraction)(self.pressure, self.value("hardness"))
        return pybamm.maximum(self.value("contact_fraction"), pressed)

    @property
    def replenishment(self) -> Any:
        """Replenishment at temperature and pressure, per true contact area [A/m2]."""
        return traced(replenishment.replenishment_current_density)(
            self.value("replenishment_current_density"),
            self.temperature,
            ROOM_TEMPERATURE,
            self.value("replenishment_activation_energy"),
            self.pressure,
            self.value("replenishment_pressure_slope"),
        )

    @property
    def film(self) -> Any:
        """Resistance of the interphase at room temperature [Ohm m2]."""
        start, time = self.value("film_resistance"), self.value("film_time")
        growth = self.value("film_final_resistance") - start
        match self.options.film:
            case "saturating":
                return start + traced(interphase.saturating_resistance)(pybamm.t, growth, time)
            case "parabolic":
                return start + growth * pybamm.sqrt(pybamm.maximum(self.film_state, 0))
            case "linear":
                return traced(interphase.linear_resistance)(pybamm.t, start, self.value("film_growth_rate"))
            case "exponential":
                bounded = pybamm.minimum(pybamm.t, 80.0 * time)
                return traced(interphase.runaway_resistance)(bounded, start, 1.0 / time)
        return start

    @property
    def resistances(self) -> tuple[Any, Any]:
        """Resistances of the contacts and of the film over the whole face [Ohm m2]."""
        energy = self.value("resistance_activation_energy")
        scale = pybamm.exp(energy / BOLTZMANN_EV * (1 / self.temperature - 1 / ROOM_TEMPERATURE))
        touching = self.value("area_ratio") * self.fresh_contact * self.loss_factor
        contacts = self.value("contact_resistance") * scale / touching
        if self.options.film_under_contacts:
            return contacts + self.film * scale / touching, pybamm.Scalar(0)
        return contacts, self.film * scale

    def overpotential(self, density: Any) -> Any:
        """Overpotential [V] at a current density per geometric area [A/m2], with its sign."""
        contacts, film = self.resistances
        if self.options.butler_volmer:
            exchange = GAS_CONSTANT * self.temperature / (FARADAY * contacts)
            return traced(kinetics.butler_volmer_overpotential)(density, exchange, self.temperature) + film * density
        return (contacts + film) * density

    def add(self, model: Any, density: Any) -> None:
        """Add states, rates and events; `density` strips the electrode where positive [A/m2]."""
        flux = traced(voids.replenishment_flux)(
            self.replenishment, self.value("area_ratio"), self.fresh_contact, self.loss_factor
        )
        growth = traced(voids.void_growth_rate)(density, flux, self.value("refill_efficiency"), self.value("recession"))
        whole = (self.void <= 0) * (growth < 0)
        model.rhs[self.void] = growth / self.value("void_capacity") * (1 - whole)
        plating = -self.overpotential(density)
        cracks = traced(fracture.damage_rate)(
            pybamm.maximum(plating, 0),
            self.value("crack_overpotential"),
            self.value("damage_exponent"),
            self.value("damage_time"),
        )
        growing = traced(protrusion.protrusion_growth_rate)(
            density, self.value("area_ratio"), self.value("protrusion_charge")
        )
        model.rhs[self.damage] = cracks * (density < 0) + growing
        model.initial_conditions.update({self.void: pybamm.Scalar(0), self.damage: pybamm.Scalar(0)})
        if self.options.film == "parabolic":  # y = x^2 is regular at x = 0: y' = 2 x x' of the Wagner law
            fraction = pybamm.sqrt(pybamm.maximum(self.film_state, 1e-24))
            rate = traced(interphase.interphase_growth_rate)(fraction, 1 / self.value("film_time"), 1.0)
            model.rhs[self.film_state] = 2 * fraction * rate
            model.initial_conditions[self.film_state] = pybamm.Scalar(0)
        contacts, film = self.resistances
        model.variables.update(
            {
                f"{self.side} electrode void thickness [m]": self.void_thickness,
                f"{self.side} electrode contact loss factor": self.loss_factor,
                f"{self.side} electrode damage": self.damage,
                f"{self.side} electrode interface resistance [Ohm.m2]": contacts + film,
            }
        )
        model.events.append(
            pybamm.Event(f"Filament through at the {self.side.lower()} electrode [damage 1]", 1 - self.damage)
        )

    def add_reservoir(self, model: Any, charge: Any) -> None:
        """Add the event of the last metal; `charge` [A.h] was stripped from this electrode."""
        stripped = 3600 * charge / self.value("area")
        model.events.append(
            pybamm.Event(
                f"Reservoir of the {self.side.lower()} electrode empty", 1 - stripped / self.value("reservoir")
            )
        )
