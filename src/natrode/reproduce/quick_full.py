"""The calibration figures of full cells straight from the samples of a run, beside `quick` for symmetric cells."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from natrode.cell import Cell, FullCell
from natrode.errors import CalibrationError
from natrode.protocol import Protocol as CellProtocol
from natrode.reproduce.quick import QuickTrial
from natrode.simulate.fullcell import assemble, run
from natrode.simulate.parameters import Overrides

FloatArray = npt.NDArray[np.float64]


class QuickValues(Protocol):
    """A run whose figures can be asked."""

    def value(self, analysis: str, arguments: Mapping[str, Any]) -> float:
        """The figure in SI."""


class Quick(Protocol):
    """An experiment that runs with many parameter values."""

    def run(self, overrides: Overrides) -> QuickValues:
        """Run with SI values by name of the part and of the parameter."""


def quick_trial(cell: Cell | FullCell, protocol: CellProtocol) -> Quick:
    """The experiment of a calibration, of a symmetric or a full cell."""
    return QuickFullTrial(cell, protocol) if isinstance(cell, FullCell) else QuickTrial(cell, protocol)


class QuickFullTrial:
    """One experiment on a full cell, assembled once and run with many parameter values."""

    def __init__(self, cell: FullCell, protocol: CellProtocol) -> None:
        self.model, self.protocol = assemble.assemble(cell), protocol

    def run(self, overrides: Overrides) -> "QuickFullRun":
        """Run with SI values by name of the part and of the parameter."""
        model = assemble.override(self.model, overrides)
        return QuickFullRun(run.course(model, self.protocol).samples, model.cell.active_mass)


class QuickFullRun:
    """Samples of one run and the figures that they give."""

    def __init__(self, samples: FloatArray, active_mass: float) -> None:
        self.samples, self.active_mass = samples, active_mass

    def value(self, analysis: str, arguments: Mapping[str, Any]) -> float:
        """The figure in SI; NaN when the run did not come to it."""
        asked = {"discharge-capacity": self._capacity, "voltage-gap": self._gap}
        if analysis not in asked:
            raise CalibrationError(f"figures of the analysis '{analysis}' cannot be calibrated on")
        last = arguments.get("cycle", "last")
        return asked[analysis](float(self.samples[:, 3].max()) if last == "last" else float(last))

    def _half(self, cycle: float, sign: float) -> FloatArray:
        chosen: FloatArray = self.samples[(self.samples[:, 3] == cycle) & (np.sign(self.samples[:, 2]) == sign)]
        return chosen

    def _capacity(self, cycle: float) -> float:
        rows = self._half(cycle, -1.0)
        return float(-rows[0, 2] * np.ptp(rows[:, 0]) / self.active_mass) if len(rows) else math.nan

    def _gap(self, cycle: float) -> float:
        means = []
        for sign in (1.0, -1.0):
            rows = self._half(cycle, sign)
            lasted = float(np.ptp(rows[:, 0])) if len(rows) > 1 else 0.0
            if lasted == 0.0:
                return math.nan
            means.append(float(np.trapezoid(rows[:, 1], rows[:, 0])) / lasted)
        return means[0] - means[1]
