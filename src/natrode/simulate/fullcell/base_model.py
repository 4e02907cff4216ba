"""What the full-cell models in PyBaMM share: the currents, the anode, the electrolyte, a filament, the voltage."""

from typing import Any

import pybamm

from natrode.constants import BOLTZMANN_EV, FARADAY, GAS_CONSTANT, ROOM_TEMPERATURE
from natrode.physics import kinetics
from natrode.simulate.fullcell.anode import Anode, Options
from natrode.simulate.fullcell.symbolic import traced
from natrode.simulate.fullcell.symmetric_model import electrolyte_resistance, external_circuit


class FullCellModel(pybamm.BaseModel):  # type: ignore[misc]
    """A cathode (given by a subclass) against a sodium anode; PyBaMM's positive current discharges."""

    def __init__(self, anode: Options, soft_short: bool, name: str) -> None:
        super().__init__(name)
        self.summary_variables: list[str] = []
        self.param = external_circuit(pybamm.Parameter("Cathode area [m2]"))
        self.soft_short = soft_short
        self.current = pybamm.FunctionParameter("Current function [A]", {"Time [s]": pybamm.t})
        self.ionic = pybamm.Variable("Ionic current [A]") if soft_short else self.current
        self.charging = -self.ionic
        self.temperature = pybamm.Parameter("Ambient temperature [K]")
        self.thermal_voltage = GAS_CONSTANT * self.temperature / FARADAY
        energy = self.value("activation energy [eV]")
        self.thermal_scale = pybamm.exp(energy / BOLTZMANN_EV * (1 / self.temperature - 1 / ROOM_TEMPERATURE))
        self.cathode_density = self.charging / self.value("area [m2]")
        self.anode = Anode("Anode", anode)
        self.filling = pybamm.Variable("Cathode filling")
        self.rhs[self.filling] = -self.charging / self.value("charge [C]")
        self.initial_conditions[self.filling] = self.value("initial filling")

    def value(self, what: str) -> Any:
        """Parameter of the cathode."""
        return pybamm.Parameter(f"Cathode {what}")

    def close(self, open_circuit: Any, polarisation: Any) -> None:
        """Add anode, electrolyte and kinetics to the cathode's open-circuit voltage and own polarisation (charging)."""
        anode_density = self.ionic / self.anode.value("area")
        self.anode.add(self, anode_density)
        stripped = pybamm.Variable("Charge stripped from the anode [A.h]")
        self.rhs[stripped] = (
            self.ionic + (self.charging > 0) * self.charging * (1 - pybamm.Parameter("Plating efficiency"))
        ) / 3600
        self.initial_conditions[stripped] = pybamm.Scalar(0)
        self.anode.add_reservoir(self, stripped)
        transfer = self.value("charge-transfer resistance [Ohm.m2]") * self.thermal_scale
        exchange = self.thermal_voltage / transfer
        kinetic = traced(kinetics.butler_volmer_overpotential)(self.cathode_density, exchange, self.temperature)
        series = self.cathode_density * self.value("series resistance [Ohm.m2]")
        electrolyte = self.charging * electrolyte_resistance()
        anode = -self.anode.overpotential(anode_density)
        voltage = open_circuit + polarisation + kinetic + series + electrolyte + anode
        if self.soft_short:
            leak = pybamm.Variable("Leak conductance [S]")
            growth = 1 / (pybamm.Parameter("Soft short time [s]") * electrolyte_resistance())
            self.rhs[leak] = growth * (self.anode.damage >= 1)
            self.initial_conditions[leak] = pybamm.Scalar(0)
            self.algebraic[self.ionic] = self.ionic - self.current - leak * voltage
            self.initial_conditions[self.ionic] = self.current
            given: list[Any] = list(getattr(self, "events"))  # noqa: B009
            self.events: list[Any] = [event for event in given if "Filament" not in event.name]
            self.variables["Leak conductance [S]"] = leak
        charge = pybamm.Variable("Discharge capacity [A.h]")
        self.rhs[charge] = self.current / 3600
        self.initial_conditions[charge] = pybamm.Scalar(0)
        self.variables.update(
            {
                "Voltage [V]": voltage,
                "Battery voltage [V]": voltage,
                "Current [A]": self.current,
                "Current variable [A]": self.current,
                "Power [W]": voltage * self.current,
                "Ionic current [A]": self.ionic,
                "Time [s]": pybamm.t,
                "Discharge capacity [A.h]": charge,
                "Charge stripped from the anode [A.h]": stripped,
                "Cathode filling": self.filling,
                "Cathode open-circuit voltage [V]": open_circuit,
                "Cathode overpotential [V]": polarisation + kinetic + series,
                "Anode overpotential [V]": anode,
                "Electrolyte overpotential [V]": electrolyte,
            }
        )
        self.events += [
            pybamm.Event("Minimum voltage [V]", voltage - pybamm.Parameter("Lower voltage cut-off [V]")),
            pybamm.Event("Maximum voltage [V]", pybamm.Parameter("Upper voltage cut-off [V]") - voltage),
        ]
