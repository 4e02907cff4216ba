"""Full cells and symmetric cells as PyBaMM models that share the laws of `natrode.physics` (extra `cell`)."""

from natrode.errors import SimulationError

INSTALL = "full cells are built on PyBaMM, which is not installed; run: pip install 'natrode[cell]'"
"""What a run or a row says where the extra is missing."""


def require_pybamm() -> None:
    """Raise SimulationError, with how to install it, when PyBaMM is missing (it is not imported)."""
    from importlib.util import find_spec

    if find_spec("pybamm") is None:
        raise SimulationError(INSTALL)
