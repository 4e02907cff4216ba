"""CO2 on carbon | electrolyte | Na as a PyBaMM model: a product film that grows, and a charge of its own slope."""

from typing import Any

import pybamm

from natrode.physics import cathode
from natrode.simulate.fullcell.anode import Options
from natrode.simulate.fullcell.base_model import FullCellModel
from natrode.simulate.fullcell.symbolic import traced


class SodiumCarbonDioxide(FullCellModel):
    """4 Na + 3 CO2 -> 2 Na2CO3 + C on carbon: the film of the product ends the discharge."""

    def __init__(
        self, anode: Options | None = None, soft_short: bool = False, name: str = "natrode Na-CO2 cell"
    ) -> None:
        super().__init__(anode or Options(), soft_short, name)
        end = traced(cathode.emptying_voltage)(self.filling, self.value("solubility"), self.thermal_voltage)
        specific = self.charging / self.value("mass [kg]")
        decomposition = traced(cathode.slope_overpotential)(
            specific,
            self.value("charging exchange current [A.kg-1]") / self.thermal_scale,
            self.value("charging slope [V]"),
        )
        ohmic = self.cathode_density * self.value("charging resistance [Ohm.m2]") * self.thermal_scale
        film = traced(cathode.product_film_resistance)(
            self.filling, self.value("product resistance [Ohm.m2]"), self.value("product scale")
        )
        charging = (decomposition + ohmic) * (self.charging > 0)
        discharging = self.cathode_density * film * self.thermal_scale * (self.charging <= 0)
        self.close(self.value("plateau voltage [V]") + end, charging + discharging)

    @property
    def default_geometry(self) -> dict[str, Any]:
        """Nothing is resolved in space."""
        return {}

    @property
    def default_parameter_values(self) -> Any:
        """NaF-coated sodium in the succinonitrile electrolyte, after Chem. Sci. 2019, 10, 4306."""
        from natrode.simulate.fullcell.parameter_sets import carbon_dioxide_coated_sodium

        return pybamm.ParameterValues(carbon_dioxide_coated_sodium())
