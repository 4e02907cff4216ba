"""Parameter sets that PyBaMM finds by name (entry points `pybamm_parameter_sets`)."""

import tomllib
from typing import Any

from natrode.cell import CARBON_DIOXIDE_EXAMPLE, EXAMPLE, FULL_EXAMPLE, SULFUR_EXAMPLE, Cell, FullCell
from natrode.simulate import parameters


def hybrid_sodium() -> dict[str, Any]:
    """Symmetric cell of hybrid sodium (NZSP:Na 1:5 by mass) on NZSP, after Adv. Energy Mater. 2022, 12, 2102579.

    Contact parameters are natrode's calibrated medians where the interface file has them, see `natrode materials`.
    """
    from natrode.simulate.fullcell.symmetric_model import parameter_values

    model = parameters.assemble(Cell.read(tomllib.loads(EXAMPLE), "example"))
    return parameter_values(model, 1e-4)


def nvp_hybrid_sodium() -> dict[str, Any]:
    """Na3V2(PO4)3 | NZSP | hybrid sodium 1:5, after Adv. Energy Mater. 2022, 12, 2102579; cathode values assumed."""
    return _values(tomllib.loads(FULL_EXAMPLE), 2.5, 3.8)


def sulfur_lead_carbon() -> dict[str, Any]:
    """Sulfur | Pb/C-coated NZSP | Na at 60 degC, after Chem. Sci. 2022, d2sc05120f; cathode values assumed."""
    return _values(tomllib.loads(SULFUR_EXAMPLE), 1.2, 2.8)


def carbon_dioxide_coated_sodium() -> dict[str, Any]:
    """CO2 | succinonitrile electrolyte | NaF-coated Na, after Chem. Sci. 2019, 10, 4306; cathode values assumed."""
    return _values(tomllib.loads(CARBON_DIOXIDE_EXAMPLE), 2.0, 4.8)


def _values(cell: dict[str, Any], lower: float, upper: float) -> dict[str, Any]:
    from natrode.simulate.fullcell.assemble import assemble, pybamm_values

    return pybamm_values(assemble(FullCell.read(cell, "parameter set")), lower, upper)
