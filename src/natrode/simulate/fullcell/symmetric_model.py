"""Na | solid electrolyte | Na as a PyBaMM model: the equations of `natrode.simulate.kernel`, from the same laws."""

import math
from types import SimpleNamespace
from typing import Any

import pybamm

from natrode.constants import BOLTZMANN_EV, ROOM_TEMPERATURE
from natrode.errors import SimulationError
from natrode.simulate import kernel, parameters
from natrode.simulate.fullcell.anode import NAMES, Anode, Options, parameter_name
from natrode.simulate.parameters import Model

SIDES = ("Working", "Counter")
UNLIMITED = 1e300


class SymmetricSodium(pybamm.BaseModel):  # type: ignore[misc]
    """Symmetric cell of two sodium electrodes on a solid electrolyte: voids, interphase, damage, finite reservoirs.

    Positive current ("discharge" in a PyBaMM experiment) strips the working electrode. The run ends at an event: a
    filament is through, or a reservoir is empty.

    Args:
        working: options of the working electrode's interface.
        counter: options of the counter electrode's interface.
        name: of the model.
    """

    def __init__(
        self, working: Options | None = None, counter: Options | None = None, name: str = "natrode symmetric cell"
    ) -> None:
        super().__init__(name)
        self.summary_variables: list[str] = []
        self.param = external_circuit(pybamm.Parameter(parameter_name(SIDES[0], "area")))
        current = pybamm.FunctionParameter("Current function [A]", {"Time [s]": pybamm.t})
        charge = pybamm.Variable("Discharge capacity [A.h]")
        self.rhs[charge] = current / 3600
        self.initial_conditions[charge] = pybamm.Scalar(0)
        voltage = current * electrolyte_resistance()
        for side, options, sign in zip(SIDES, (working, counter), (1, -1), strict=True):
            electrode = Anode(side, options or Options())
            density = sign * current / electrode.value("area")
            electrode.add(self, density)
            electrode.add_reservoir(self, sign * charge)
            voltage = voltage + sign * electrode.overpotential(density)
        self.variables.update(
            {
                "Voltage [V]": voltage,
                "Battery voltage [V]": voltage,
                "Current [A]": current,
                "Current variable [A]": current,
                "Power [W]": voltage * current,
                "Time [s]": pybamm.t,
                "Discharge capacity [A.h]": charge,
            }
        )

    @property
    def default_parameter_values(self) -> Any:
        """h-Na 1:5 on its own electrolyte."""
        from natrode.simulate.fullcell.parameter_sets import hybrid_sodium

        return pybamm.ParameterValues(hybrid_sodium())

    @property
    def default_geometry(self) -> dict[str, Any]:
        """Nothing is resolved in space."""
        return {}


def external_circuit(area: Any) -> SimpleNamespace:
    """What PyBaMM's steps at a voltage or a power ask of a model: a charge that scales the current [A.h], an area."""
    return SimpleNamespace(Q=pybamm.Parameter("Nominal cell capacity [A.h]"), A_cc=area)


def electrolyte_resistance() -> Any:
    """Resistance of the electrolyte at the cell's temperature [Ohm]."""
    energy = pybamm.Parameter("Electrolyte activation energy [eV]")
    temperature = pybamm.Parameter("Ambient temperature [K]")
    thermal = pybamm.exp(energy / BOLTZMANN_EV * (1 / temperature - 1 / ROOM_TEMPERATURE))
    return pybamm.Parameter("Electrolyte resistance [Ohm]") * thermal


def options_of(model: Model, side: int) -> Options:
    """Options of one side of an assembled cell."""
    row = model.electrodes[side]
    films = {number: name for name, number in kernel.FILM_LAWS.items()}
    return Options(
        film=films[int(row[kernel.FILM_LAW])],  # type: ignore[arg-type]
        film_under_contacts=bool(row[kernel.FILM_UNDER_CONTACTS]),
        butler_volmer=model.butler_volmer,
    )


def interface_values(model: Model, side: int, name: str) -> dict[str, float]:
    """PyBaMM parameter values of one interface of an assembled cell."""
    given, row = model.interfaces[side], model.electrodes[side]
    slowing = 1.0 if model.laws["coupling"] == "interface" else parameters.creep_slowing(given)
    own = {
        "replenishment_current_density": slowing * float(given["replenishment_current_density"]),
        "replenishment_pressure_slope": slowing * float(given["replenishment_pressure_slope"]),
        "replenishment_activation_energy": given[f"replenishment_activation_energy_{model.laws['replenishment']}"],
        "hardness": given.get("hardness", UNLIMITED),
        "recession": row[kernel.RECESSION],
        "reservoir": row[kernel.RESERVOIR],
        "area": row[kernel.AREA],
    }
    values = {key: float(own.get(key, given.get(key, 0.0))) for key in NAMES}
    return {parameter_name(name, key): value if math.isfinite(value) else UNLIMITED for key, value in values.items()}


def parameter_values(model: Model, current: float) -> dict[str, Any]:
    """PyBaMM parameter values of a symmetric cell at constant temperature and pressure; `current` [A]."""
    temperature, pressure = model.temperature, model.pressure or 0.0
    if isinstance(temperature, tuple) or isinstance(pressure, tuple):
        raise SimulationError(
            "the PyBaMM models take one temperature and one stack pressure; this cell has a profile: give a "
            "constant, or run the profile with natrode.simulate"
        )
    return {
        "Current function [A]": current,
        "Ambient temperature [K]": temperature,
        "Stack pressure [Pa]": pressure,
        "Electrolyte resistance [Ohm]": model.electrolyte["resistance"],
        "Electrolyte activation energy [eV]": model.electrolyte["activation_energy"],
        "Nominal cell capacity [A.h]": 1e-3,
        "Number of electrodes connected in parallel to make a cell": 1,
        "Number of cells connected in series to make a battery": 1,
        **interface_values(model, 0, SIDES[0]),
        **interface_values(model, 1, SIDES[1]),
    }
