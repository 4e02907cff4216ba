"""The calibration figures straight from the samples of a run, for the many thousand runs of a calibration.

They say what `quantities` says of the full record (a test holds the two together on every stored sample), without
building tables, metadata and failure verdicts.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode.cell import Cell
from natrode.errors import CalibrationError
from natrode.protocol import Protocol
from natrode.simulate import kernel, parameters, programme, symmetric
from natrode.simulate.spectrum import spectrum
from natrode.units import read_quantity

FloatArray = npt.NDArray[np.float64]


class QuickTrial:
    """One experiment of a calibration, assembled once and run with many parameter values."""

    def __init__(self, cell: Cell, protocol: Protocol) -> None:
        self.cell = cell
        self.protocol = protocol.model_copy(
            update={
                "sampling": protocol.sampling.model_copy(update={"points_per_half_cycle": 4, "cycles": "logarithmic"})
            }
        )
        self.model = parameters.assemble(cell)
        self.rows, self.spectra = programme.blocks(self.protocol, cell.working_area)

    def run(self, overrides: parameters.Overrides) -> "QuickRun":
        """Run with SI values by interface and parameter name."""
        model = parameters.override(self.model, self.cell, overrides)
        table = parameters.conditions(model, self.protocol.temperature, self.protocol.pressure)
        samples, snapshots, ended, _ = symmetric.integrate(model, table, self.rows, 0.0)
        return QuickRun(self, model, table, samples, snapshots, ended)


class QuickRun:
    """Samples of one run and the figures that they give."""

    def __init__(
        self,
        trial: QuickTrial,
        model: parameters.Model,
        table: FloatArray,
        samples: FloatArray,
        snapshots: FloatArray,
        ended: int,
    ) -> None:
        self.trial, self.model, self.table = trial, model, table
        self.samples, self.snapshots, self.ended = samples, snapshots, ended
        self.electrolyte_resistance = float(table[0, kernel.ELECTROLYTE_RESISTANCE])

    def value(self, analysis: str, arguments: Mapping[str, Any]) -> float:
        """The figure in SI; infinite when the run did not come to it, NaN when there is none."""
        try:
            compute = getattr(self, "_" + analysis.replace("-", "_"))
        except AttributeError:
            raise CalibrationError(f"figures of the analysis '{analysis}' cannot be calibrated on") from None
        return float(compute(arguments))

    def _interface_resistance(self, arguments: Mapping[str, Any]) -> float:
        return self._resistance(int(arguments.get("spectrum", 0)) - 1, arguments)

    def _resistance_at_time(self, arguments: Mapping[str, Any]) -> float:
        times = self.snapshots[:, 0] - read_quantity(arguments["time"], "time")
        return self._resistance(int(np.argmin(abs(times))), arguments)

    def _resistance(self, index: int, arguments: Mapping[str, Any]) -> float:
        if not -len(self.snapshots) <= index < len(self.snapshots):
            return math.nan
        snapshot = self.snapshots[index]
        lowest = np.array([self.trial.spectra[int(snapshot[6])].lowest_frequency])
        total = spectrum(self.model, self.table, snapshot, lowest).real[0] - self.electrolyte_resistance
        count = 2 if arguments.get("per", "interface") == "interface" else 1
        return float(total * min(self.trial.cell.working_area, self.trial.cell.counter_area) / count)

    def _time_to_voltage(self, arguments: Mapping[str, Any]) -> float:
        threshold = read_quantity(arguments["threshold"], "voltage")
        flowing = self.samples[self.samples[:, 2] != 0]
        above = flowing[:, 1] >= threshold * (1 - 1e-9)
        if not above.any():
            return math.inf
        n = int(np.argmax(above))
        start = flowing[0, 0]
        if n == 0:
            return 0.0
        (t0, v0), (t1, v1) = flowing[n - 1, :2], flowing[n, :2]
        return float(t0 + (threshold - v0) / (v1 - v0) * (t1 - t0) - start)

    def _critical_current(self, arguments: Mapping[str, Any]) -> float:
        if self.ended == kernel.COMPLETED:
            return math.inf
        density = abs(self.samples[:, 2]) / self.trial.cell.working_area
        failed = density[-1]
        if arguments.get("convention", "largest survived") == "lowest failed":
            return float(failed)
        survived = density[(density > 0) & (density < failed * (1 - 1e-9))]
        return float(survived.max()) if survived.size else 0.0

    def _life(self, arguments: Mapping[str, Any]) -> float:
        if self.ended == kernel.COMPLETED:
            return math.inf
        flowing = self.samples[self.samples[:, 2] != 0]
        if self.ended == kernel.SHORTED:
            collapsed = abs(flowing[:, 1]) < 0.5 * abs(flowing[:, 2]) * self.electrolyte_resistance
            return float(flowing[int(np.argmax(collapsed)), 0] - flowing[0, 0])
        return float(flowing[-1, 0] - flowing[0, 0])

    def _overpotential(self, arguments: Mapping[str, Any]) -> float:
        last = self.samples[:, 3].max()
        wanted = last if arguments.get("cycle", "last") == "last" else float(arguments["cycle"])
        part = abs(self.samples[(self.samples[:, 3] == wanted) & (self.samples[:, 2] > 0), 1])
        if not part.size:
            return math.nan
        by = {"end": part[-1], "peak": part.max(), "mean": part.mean()}
        return float(by[arguments.get("which", "end")])

    def _voltage_at(self, arguments: Mapping[str, Any]) -> float:
        wanted = read_quantity(arguments["time"], "time")
        if wanted > self.samples[-1, 0]:
            return math.inf
        return float(np.interp(wanted, self.samples[:, 0], self.samples[:, 1]))
