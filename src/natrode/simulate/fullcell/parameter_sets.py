"""Parameter sets that PyBaMM finds by name (entry points `pybamm_parameter_sets`)."""

import tomllib
from typing import Any

from natrode.cell import EXAMPLE, Cell
from natrode.simulate import parameters


def hybrid_sodium() -> dict[str, Any]:
    """Symmetric cell of hybrid sodium (NZSP:Na 1:5 by mass) on NZSP, after Adv. Energy Mater. 2022, 12, 2102579.

    Contact parameters are natrode's calibrated medians where the interface file has them, see `natrode materials`.
    """
    from natrode.simulate.fullcell.symmetric_model import parameter_values

    model = parameters.assemble(Cell.read(tomllib.loads(EXAMPLE), "example"))
    return parameter_values(model, 1e-4)
