"""S | solid electrolyte | Na as a PyBaMM model: two plateaus, and sulfur that is lost as polysulfide."""

from typing import Any

import pybamm

from natrode.physics import cathode
from natrode.simulate.fullcell.anode import Options
from natrode.simulate.fullcell.base_model import FullCellModel
from natrode.simulate.fullcell.symbolic import traced


class SodiumSulfur(FullCellModel):
    """Sulfur cathode against a sodium anode; active sulfur is lost at a first-order rate."""

    def __init__(
        self, anode: Options | None = None, soft_short: bool = False, name: str = "natrode sulfur cell"
    ) -> None:
        super().__init__(anode or Options(), soft_short, name)
        active = pybamm.Variable("Active sulfur")
        self.rhs[active] = -self.value("loss rate [s-1]") * active
        self.initial_conditions[active] = pybamm.Scalar(1)
        self.variables["Active sulfur"] = active
        open_circuit = traced(cathode.two_plateau_open_circuit_voltage)(
            self.filling / active,
            self.value("plateau voltage [V]"),
            self.value("lower plateau voltage [V]"),
            self.value("upper share"),
            self.value("solubility"),
            self.thermal_voltage,
        )
        self.close(open_circuit, pybamm.Scalar(0))

    @property
    def default_geometry(self) -> dict[str, Any]:
        """Nothing is resolved in space."""
        return {}

    @property
    def default_parameter_values(self) -> Any:
        """Sulfur against Pb/C-coated NZSP at 60 degC, after Chem. Sci. 2022 (d2sc05120f)."""
        from natrode.simulate.fullcell.parameter_sets import sulfur_lead_carbon

        return pybamm.ParameterValues(sulfur_lead_carbon())
