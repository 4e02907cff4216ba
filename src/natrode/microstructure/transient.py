"""How a resolved electrode comes to its steady state after a step of the voltage: the double layer charges."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from natrode.errors import SimulationError, SpecificationError
from natrode.microstructure.coupled import Circuit, State, extrapolated, solve, start
from natrode.microstructure.operators import Doubles
from natrode.microstructure.react import (
    Kinetics,
    check_drive,
    check_settings,
    make_circuit,
    prepare,
    steady,
    thermal_voltage,
)
from natrode.microstructure.structure import Structure

_FIRST_STEP = 1e-4
_AT_ONCE = 1e12
"""Rate of charging that keeps overpotentials at zero while the current begins."""
_ORDER = 3
_LARGEST_GROWTH, _SMALLEST_GROWTH = 1.5, 0.4
_REJECT_ABOVE = 2.0
_SHARE = 0.2
"""Of the accuracy that one step may use up, as the errors of steps add up [-]."""
_MOST_STEPS = 2000
_RESIDUAL, _BALANCE = 1e-5, 1e-6

METHOD = (
    "the equations of the steady reaction with a double layer on the interface; backward differentiation of third "
    "order with variable steps, whose size keeps the error of overpotential and current below the accuracy"
)


@dataclass(frozen=True, eq=False)
class StepResponse:
    """Current after a step of the voltage from rest."""

    voltage: float
    """[V]"""
    times: Doubles = field(repr=False)
    """Ends of the steps [s]."""
    current_densities: Doubles = field(repr=False)
    """Through the electrolyte's plane, per cross-section [A/m2]."""
    steady_current_density: float
    """[A/m2]"""
    settled: float
    """Distance from the steady current that counts as settled [-]."""
    time_to_steady: float | None
    """After which the current stays that close [s]; None where no current flows."""
    steps: int
    rejected: int
    newton_steps: int
    iterations: int
    unknowns: int
    settings: Mapping[str, Any]
    reason: str = ""
    """Why no current flows; empty where it does."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        known = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        known.update(times=self.times.tolist(), current_densities=self.current_densities.tolist())
        return {**known, "settings": dict(self.settings), "method": METHOD}


def step_response(
    structure: Structure,
    kinetics: Kinetics | Mapping[str, Kinetics],
    *,
    voltage: float,
    accuracy: float = 1e-2,
    settled: float = 0.01,
    **options: Any,
) -> StepResponse:
    """Current of a resolved electrode after a step of the voltage from rest, until it is steady.

    Args:
        structure: the labelled image.
        kinetics: of all interfaces, or by ionic conductor, with the capacitance of their double layers.
        voltage: collector against the electrolyte's plane [V].
        accuracy: error of each step relative to the overpotential and to the current [-].
        settled: distance from the steady current that counts as settled [-].
        options: metal, conductivities, phase_resistance, series_resistance, area and temperature as for `react`.

    Returns:
        Times and currents, and the time to steady state.

    Raises:
        SpecificationError: as `react`, no capacitance, or values out of range.
        SimulationError: the currents do not balance or do not become steady.

    Formula:
        as `react`, with C d eta/dt + i(eta) as the current through the interface; metal pieces of one potential.

    Source: natrode model notes F; Hairer and Wanner 1996, Solving Ordinary Differential Equations II, section III.5
        (backward differentiation with variable steps).
    """
    shared = {name: options.pop(name) for name in ("area", "temperature") if name in options}
    settings = check_settings(**check_drive(voltage, None), **shared)
    if not 1e-5 <= accuracy <= 0.1 or not 1e-4 <= settled <= 0.5:
        raise SpecificationError(
            f"accuracy {accuracy!r} and settled {settled!r}: must lie between 1e-5 and 0.1, and 1e-4 and 0.5"
        )
    electrode, laws = prepare(structure, kinetics, settings, **options)
    settings.update(accuracy=accuracy, settled=settled)
    constants = np.array([law.resistance * law.capacitance for law in laws.values()])
    if not np.all(constants > 0):
        raise SpecificationError("a step response needs the capacitance of the double layer of every interface")
    if electrode.reason:
        nothing = (np.zeros(0), np.zeros(0), 0.0, settled, None, 0, 0, 0, 0, 0, settings, electrode.reason)
        return StepResponse(voltage, *nothing)
    _, rested, _ = steady(electrode, laws, settings)
    circuit = make_circuit(electrode, laws)
    final = circuit.entering_current(rested)
    march = _march(circuit, rested.plane, final, constants, accuracy, settled)
    ampere = electrode.unit * thermal_voltage(settings["temperature"]) / electrode.cross_section
    times, currents = np.array(march.times), np.array(march.currents)
    return StepResponse(
        float(voltage),
        times,
        currents * ampere,
        final * ampere,
        settled,
        time_to_steady(times, currents, final, settled),
        len(march.times),
        march.rejected,
        march.newton_steps,
        march.iterations,
        circuit.size + circuit.pieces - 1,
        settings,
    )


def time_to_steady(times: Doubles, currents: Doubles, final: float, settled: float) -> float:
    """Time after which a current stays close to its final value.

    Args:
        times: shape (N,) [s].
        currents: shape (N,), any unit.
        final: steady current, same unit.
        settled: what counts as close, relative [-].

    Returns:
        The time [s], interpolated in the logarithm of the distance; the first time if it is close from there on.
    """
    distance = np.abs(currents / final - 1.0)
    far = np.flatnonzero(distance > settled)
    if far.size == 0:
        return float(times[0])
    last = int(far[-1])
    if last + 1 == times.size:
        return math.inf
    here, there = math.log(distance[last]), math.log(max(float(distance[last + 1]), 1e-12))
    share = (here - math.log(settled)) / (here - there)
    return float(times[last] + share * (times[last + 1] - times[last]))


@dataclass(frozen=True, eq=False)
class _Point:
    time: float
    """[s]"""
    state: State
    drops: Doubles
    """Overpotentials of the contacts [RT/F]."""


@dataclass(eq=False)
class _March:
    times: list[float] = field(default_factory=list)
    currents: list[float] = field(default_factory=list)
    rejected: int = 0
    newton_steps: int = 0
    iterations: int = 0


def _march(circuit: Circuit, plane: float, final: float, constants: Doubles, accuracy: float, settled: float) -> _March:
    """Step until the current has been close to its final value for two steps."""
    exchange, march = circuit.exchange, _March()
    weights = exchange.weights
    nothing = np.zeros(exchange.contacts.size)
    exchange.former, exchange.charging = nothing, np.full(constants.size, _AT_ONCE)
    exchange.drops[:] = 0.0
    begun, _ = solve(circuit, start(circuit, plane), tolerance=_BALANCE, residual=_RESIDUAL, coarse=True)
    points = [_Point(0.0, begun, nothing)]
    step = _FIRST_STEP * float(constants.min())
    while len(march.times) < _MOST_STEPS:
        time = points[-1].time + step
        order = max(1, len(points) - 1)  # all points predict, all but the earliest belong to the scheme
        used, every = points[-order:], [point.time for point in points]
        rate = sum(1.0 / (time - point.time) for point in used)
        share = 1.0 / (1.0 + rate * (time - every[0])) if len(points) > 1 else 0.0
        guess, factors = extrapolated([point.state for point in points], every, time)
        predicted = _sum_of(points, factors)
        exchange.former = _sum_of(used, _former_weights([point.time for point in used], time, rate))
        exchange.charging = rate * constants
        exchange.drops[:] = predicted
        found, convergence = solve(circuit, guess, tolerance=_BALANCE, residual=_RESIDUAL)
        march.newton_steps += convergence.steps
        march.iterations += convergence.iterations
        drops, current = exchange.drops.copy(), circuit.entering_current(found)
        size = math.sqrt(float(weights @ drops**2))
        error = share * math.sqrt(float(weights @ (drops - predicted) ** 2)) / size
        left = max(abs(current - final), settled * abs(final))  # its decay is what the time to steady state needs
        error = max(error, share * abs(circuit.entering_current(guess) - current) / left) / (_SHARE * accuracy)
        growth = 1.0 if not share else 0.9 * max(error, 1e-9) ** (-1.0 / (order + 1))
        if error > _REJECT_ABOVE:
            march.rejected += 1
            step *= max(_SMALLEST_GROWTH, growth)
            continue
        points = [*points[-_ORDER:], _Point(time, found, drops)]
        march.times.append(time)
        march.currents.append(current)
        near = [abs(value / final - 1.0) < 0.3 * settled for value in march.currents[-2:]]
        if len(near) == 2 and all(near) and time > float(constants.min()) * _FIRST_STEP * 10.0:
            return march
        step *= min(_LARGEST_GROWTH, max(_SMALLEST_GROWTH, growth))
    raise SimulationError(f"the current is not steady after {_MOST_STEPS} steps; ask for a lower accuracy")


def _former_weights(times: list[float], time: float, rate: float) -> Doubles:
    """Weights of earlier values in the one from which `rate` times the distance is the derivative at a time.

    Formula:
        the polynomial through the earlier values at t_j and the new one has the derivative rate (y - y_former) at its
        end, rate = sum over j of 1/(t - t_j); weight of value j: l_j(t)/((t - t_j) rate), l_j its factor in the
        polynomial through the earlier values.

    Source: Hairer, Norsett and Wanner 1993, Solving Ordinary Differential Equations I, section III.5.
    """
    weights = [
        math.prod((time - other) / (here - other) for other in times if other != here) / ((time - here) * rate)
        for here in times
    ]
    return np.array(weights)


def _sum_of(points: list[_Point], factors: Doubles) -> Doubles:
    total = np.zeros_like(points[0].drops)
    for point, factor in zip(points, factors, strict=True):
        total += factor * point.drops
    return total
