"""The figures' analyses by name: each takes a record as the laboratory would, and never looks into the simulator."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from natrode import analysis
from natrode.analysis.result import Result
from natrode.cell import Cell, FullCell
from natrode.errors import SpecificationError
from natrode.measurement import Column, Experiment, Measurement
from natrode.reproduce import full_quantities
from natrode.specification import suggest
from natrode.units import read_quantity


@dataclass(frozen=True)
class Context:
    """What the analyst knows beside the record: the cell, and the pellet's resistance from its own blocking cell."""

    cell: Cell | FullCell
    electrolyte_resistance: float
    """[Ohm] at the temperature of the experiment."""


Array = npt.NDArray[np.float64]
Answer = tuple[float, float]
"""Lower and upper end of what the record says, SI: equal for a number, apart for a limit, NaN for no answer."""
NO_ANSWER: Answer = (math.nan, math.nan)
Analysis = Callable[[Experiment, Mapping[str, Any], Context], Answer]


def answer(result: Result) -> Answer:
    """Ends of a result: its value twice, its limits, or no answer."""
    if result.value is not None:
        return result.value, result.value
    if result.interval is None:
        return NO_ANSWER
    low, high = result.interval
    return -math.inf if low is None else low, math.inf if high is None else high


def truth(value: bool) -> Answer:
    """A yes or no as 1 or 0."""
    return float(value), float(value)


def _time(arguments: Mapping[str, Any], key: str) -> float:
    return read_quantity(arguments[key], "time")


def _spectra(experiment: Experiment) -> list[Measurement]:
    """All spectra, in order; none when the cell had failed before the first."""
    return [spectrum for record in experiment.of_kind("impedance") for spectrum in record.spectra()]


def interface_resistance(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Resistance from the last spectrum, the pellet's own resistance removed."""
    spectra, index = _spectra(experiment), int(arguments.get("spectrum", 0)) - 1
    if not -len(spectra) <= index < len(spectra):
        return NO_ANSWER
    spectrum = spectra[index]
    return answer(
        analysis.interface_resistance(spectrum, context.electrolyte_resistance, per=arguments.get("per", "interface"))
    )


def resistance_at_time(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Resistance from the spectrum nearest in time."""
    wanted = _time(arguments, "time")
    spectra = _spectra(experiment)
    if not spectra:
        return NO_ANSWER
    times = [abs(float(s.array(Column.TIME)[0]) - wanted) for s in spectra]
    spectrum = spectra[int(np.argmin(times))]
    return answer(
        analysis.interface_resistance(spectrum, context.electrolyte_resistance, per=arguments.get("per", "interface"))
    )


def time_to_voltage(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Time until the voltage reaches a threshold in a one-sided test."""
    return answer(analysis.time_to_voltage(experiment.cycling, read_quantity(arguments["threshold"], "voltage")))


def voltage_at(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Voltage at a time; above the last voltage when the record ends before."""
    record = experiment.cycling
    wanted = _time(arguments, "time")
    time, voltage = record.array(Column.TIME), record.array(Column.VOLTAGE)
    if wanted > time[-1]:
        return float(voltage[-1]), math.inf
    value = float(np.interp(wanted, time, voltage))
    return value, value


def critical_current(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Critical current density in the paper's own convention."""
    found = analysis.critical_current_density(experiment, context.electrolyte_resistance)
    by_name = {
        "largest survived": found.largest_survived,
        "lowest failed": found.lowest_failed,
        "stripping": found.stripping,
        "plating": found.plating,
        "onset": found.non_ohmic_onset,
    }
    return answer(by_name[arguments.get("convention", "largest survived")])


def ramp_current(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Current density at which a linear ramp leaves the ohmic line."""
    return answer(analysis.critical_current_from_ramp(experiment.cycling))


def overpotential(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Overpotential of a cycle, or of the last one."""
    cycle = arguments.get("cycle", "last")
    number = None if cycle == "last" else int(cycle)
    record = experiment.cycling
    if number is None:
        number = int(record.array(Column.CYCLE).max())
    return answer(analysis.overpotential(record, arguments.get("which", "end"), number))


def hysteresis(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Distance between the stripping and the plating plateau."""
    cycle = arguments.get("cycle")
    return answer(analysis.hysteresis(experiment.cycling, None if cycle is None else int(cycle)))


def life(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Time to failure; a lower end only when the cell was alive at the end."""
    return answer(
        analysis.life(
            experiment.cycling,
            arguments.get("criterion", "any"),
            electrolyte_resistance=context.electrolyte_resistance,
        )
    )


def survives(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Whether no failure was found up to a time."""
    low, _ = life(experiment, arguments, context)
    return truth(low >= _time(arguments, "duration") * (1 - 1e-9))


def failure_kind(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Whether the failure found in the record is of the named kind (or one of a list)."""
    wanted = arguments["is"]
    kinds = [wanted] if isinstance(wanted, str) else list(wanted)
    return truth(analysis.failure(experiment.cycling, context.electrolyte_resistance).kind in kinds)


def first_cycle_above(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """First cycle whose voltage passes a threshold; a lower end when none does."""
    record = experiment.cycling
    above = abs(record.array(Column.VOLTAGE)) >= read_quantity(arguments["voltage"], "voltage")
    cycles = record.array(Column.CYCLE)
    if not above.any():
        return float(cycles.max()), math.inf
    first = float(cycles[int(np.argmax(above))])
    return first, first


def failure_cycle(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Cycle in which the cell fails; a lower end when it does not."""
    verdict = analysis.failure(experiment.cycling, context.electrolyte_resistance)
    half = analysis.half_cycles(experiment.cycling)
    if not verdict.failed or verdict.half_cycle is None:
        return float(half.cycle.max()), math.inf
    number = float(half.cycle[verdict.half_cycle])
    return number, number


def _cell_resistances(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> tuple[Array, Array]:
    """Test times [s] and resistances of a series of spectra; limits count with the end that is known."""
    per = arguments.get("per", "cell")
    times, values = [], []
    for spectrum in _spectra(experiment):
        low, high = answer(analysis.interface_resistance(spectrum, context.electrolyte_resistance, per=per))
        times.append(float(spectrum.array(Column.TIME)[0]))
        values.append(high if math.isfinite(high) else low)
    return np.array(times), np.array(values)


def resistance_ratio(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Resistance at one time over that at another, or whether it is above or below a bound."""
    now, _ = resistance_at_time(experiment, {"per": "cell", **arguments}, context)
    before = {"per": "cell", **arguments, "time": arguments["reference"]}
    then, _ = resistance_at_time(experiment, before, context)
    if not then > 0:
        return NO_ANSWER
    return _bounded(now / then, now / then, arguments)


def resistance_rise_time(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Test time at which a series of spectra reaches a share of its last resistance."""
    times, values = _cell_resistances(experiment, arguments, context)
    if not len(times):
        return NO_ANSWER
    wanted = read_quantity(arguments["share"], "fraction") * values[-1]
    reached = int(np.argmax(values >= wanted))
    if reached == 0:
        return float(times[0]), float(times[0])
    part = (wanted - values[reached - 1]) / (values[reached] - values[reached - 1])
    time = float(times[reached - 1] + part * (times[reached] - times[reached - 1]))
    return time, time


def voltage_ratio(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Voltage at one time over that at another, counted from the first current, or whether it is above or below."""
    record = experiment.cycling
    flowing = record.array(Column.CURRENT) != 0
    time, voltage = record.array(Column.TIME)[flowing], abs(record.array(Column.VOLTAGE)[flowing])
    time = time - time[0]
    then = float(np.interp(_time(arguments, "reference"), time, voltage))
    wanted = _time(arguments, "time")
    now = float(np.interp(wanted, time, voltage))
    high = math.inf if wanted > time[-1] * (1 + 1e-9) else now / then
    return _bounded(now / then, high, arguments)


def _bounded(low: float, high: float, arguments: Mapping[str, Any]) -> Answer:
    if "above" in arguments:
        return truth(low > float(arguments["above"]))
    if "below" in arguments:
        return truth(high < float(arguments["below"]))
    return low, high


def growing_relaxation_time(experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Relaxation time of the process that grows most between the first and the last spectrum under current.

    Of the peaks in the last spectrum's distribution of relaxation times, the one between whose valleys the integral
    rose most; no answer when that is under the share of the resistance that makes a peak, or outside of what was
    measured.
    """
    from natrode.analysis.distribution import SHARE, distribution, peaks_of

    spectra = [s for s in _spectra(experiment) if s.array(Column.DC_CURRENT)[0] != 0]
    if len(spectra) < 2:
        return NO_ANSWER
    frequency = spectra[0].array(Column.FREQUENCY)
    z = np.array([spectra[0].impedance, spectra[-1].impedance])
    time_constant, g, *_ = distribution(frequency, z)
    centres, _, _, valleys = peaks_of(time_constant, g[1])
    if not len(centres):
        return NO_ANSWER
    step = math.log(time_constant[1] / time_constant[0])
    growth = [float(part.sum()) * step for part in np.split(g[1] - g[0], valleys)]
    most = int(np.argmax(growth))
    time = float(centres[most])
    low, high = (1 / (2 * math.pi * float(f)) for f in (frequency.max(), frequency.min()))
    if growth[most] < SHARE * float(g[1].sum()) * step or not low < time < high:
        return NO_ANSWER
    return time, time


ANALYSES: dict[str, Analysis] = {
    "interface-resistance": interface_resistance,
    "resistance-at-time": resistance_at_time,
    "time-to-voltage": time_to_voltage,
    "voltage-at": voltage_at,
    "critical-current": critical_current,
    "ramp-current": ramp_current,
    "overpotential": overpotential,
    "hysteresis": hysteresis,
    "life": life,
    "survives": survives,
    "failure-kind": failure_kind,
    "first-cycle-above": first_cycle_above,
    "failure-cycle": failure_cycle,
    "resistance-ratio": resistance_ratio,
    "resistance-rise-time": resistance_rise_time,
    "voltage-ratio": voltage_ratio,
    "growing-relaxation-time": growing_relaxation_time,
    **full_quantities.ANALYSES,
}


def analyse(name: str, experiment: Experiment, arguments: Mapping[str, Any], context: Context) -> Answer:
    """Run an analysis by its name; raises SpecificationError for an unknown one."""
    if name not in ANALYSES:
        raise SpecificationError(f"unknown analysis '{name}'; {suggest(name, list(ANALYSES))}")
    return ANALYSES[name](experiment, arguments, context)
