"""12000 cycles of h-Na at 0.5 mA/cm2, 0.125 mAh/cm2: natrode against the same equations in PyBaMM's Experiment.

The peer runs a part of the cycles, and its time is scaled to 12000: it is linear in cycles from the second on.
"""

import time

from benchmarks.timing import best
from natrode.cell import EXAMPLE, Cell
from natrode.protocol import Protocol
from natrode.simulate import kernel, parameters, programme, symmetric

CYCLES = 12_000
PEER_CYCLES = 100


def cell() -> Cell:
    """h-Na 1:5, symmetric, with an area ratio at which it lives through all cycles."""
    import tomllib

    return Cell.read(tomllib.loads(EXAMPLE), "example").with_parameters({"area_ratio": 1.37})


def cycling(cycles: int, points: int = 3, kept: str = "all") -> Protocol:
    """Cycling at 0.5 mA/cm2 and 0.125 mAh/cm2."""
    return Protocol(
        name="cycling",
        sampling={"points_per_half_cycle": points, "cycles": kept},
        steps=[{"type": "cycling", "current_density": "0.5 mA/cm2", "capacity": "0.125 mAh/cm2", "cycles": cycles}],
    )


def peer(model: parameters.Model, cycles: int) -> tuple[float, float]:
    """The same equations in PyBaMM: seconds for `cycles` cycles, and the last voltage of a half cycle."""
    import pybamm

    row = model.electrodes[0]
    table = parameters.conditions(model)[0]
    area, capacity, shape = row[kernel.AREA], row[kernel.VOID_CAPACITY], row[kernel.CONTACT_SHAPE]
    contact = table[kernel.CONTACT_FRACTION_0]
    resistance = row[kernel.CONTACT_RESISTANCE] / (row[kernel.AREA_RATIO] * contact) / area
    replenishment = table[kernel.REPLENISHMENT_0] * row[kernel.AREA_RATIO] * contact
    current = pybamm.FunctionParameter("Current function [A]", {"Time [s]": pybamm.t})
    battery = pybamm.BaseModel("contact evolution")
    battery.summary_variables = []
    voltage = current * table[kernel.ELECTROLYTE_RESISTANCE]
    for name, sign in (("working", 1), ("counter", -1)):
        log_w = pybamm.Variable(f"ln w {name}")
        damage = pybamm.Variable(f"damage {name}")
        density = sign * current / area
        effective = pybamm.maximum(density, 0) + row[kernel.REFILL_EFFICIENCY] * pybamm.minimum(density, 0)
        growth = row[kernel.RECESSION] * (effective - replenishment * pybamm.exp(-log_w))
        rate = pybamm.exp(shape * log_w) / capacity * growth
        battery.rhs[log_w] = rate * (1 - (log_w <= 0) * (rate < 0))
        overpotential = pybamm.maximum(-density, 0) * resistance * area * pybamm.exp(log_w)
        battery.rhs[damage] = (overpotential / row[kernel.CRACK_OVERPOTENTIAL]) ** row[kernel.DAMAGE_EXPONENT] / row[
            kernel.DAMAGE_TIME
        ]
        battery.initial_conditions[log_w] = pybamm.Scalar(0)
        battery.initial_conditions[damage] = pybamm.Scalar(0)
        voltage = voltage + current * resistance * pybamm.exp(log_w)
    battery.variables = {
        "Voltage [V]": voltage,
        "Battery voltage [V]": voltage,
        "Current [A]": current,
        "Time [s]": pybamm.t,
    }
    amperes = 5.0 * area
    experiment = pybamm.Experiment(
        [(f"Discharge at {amperes:.8g} A for 900 seconds", f"Charge at {amperes:.8g} A for 900 seconds")] * cycles
    )
    values = pybamm.ParameterValues(
        {
            "Current function [A]": amperes,
            "Nominal cell capacity [A.h]": 1.0,
            "Ambient temperature [K]": 298.15,
            "Number of electrodes connected in parallel to make a cell": 1,
            "Number of cells connected in series to make a battery": 1,
        }
    )
    simulation = pybamm.Simulation(
        battery, experiment=experiment, parameter_values=values, solver=pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8)
    )
    simulation.solve()
    start = time.perf_counter()
    solution = simulation.solve()
    seconds = time.perf_counter() - start
    assert len(solution.cycles) == cycles, "PyBaMM truncated the run"
    return seconds, float(abs(solution["Voltage [V]"].entries[-1]))


def run() -> list[str]:
    """Rows of the table."""
    given = cell()
    model = parameters.assemble(given)
    table = parameters.conditions(model)
    whole = best(lambda: symmetric.simulate(given, cycling(CYCLES)))
    rows, _ = programme.blocks(cycling(CYCLES), given.working_area)
    core = best(lambda: symmetric.integrate(model, table, rows, 0.0))
    million_rows, _ = programme.blocks(cycling(1_000_000, kept="logarithmic"), given.working_area)
    million = best(lambda: symmetric.integrate(model, table, million_rows, 0.0))
    never_repeats = _without_shortcut(model)
    slow = best(lambda: symmetric.integrate(never_repeats, table, rows, 0.0), 3)
    out = [
        f"natrode, record of {CYCLES} cycles with 3 points per half cycle: {1e3 * whole:.1f} ms",
        f"natrode, integration alone: {1e3 * core:.2f} ms"
        f" (the cycle repeats; every cycle integrated: {1e3 * slow:.0f} ms)",
        f"natrode, 10^6 cycles, logarithmic record: {1e3 * million:.1f} ms",
    ]
    try:
        seconds, last = peer(model, PEER_CYCLES)
    except ImportError:
        return [*out, "PyBaMM is not installed: no peer"]
    scaled = seconds * CYCLES / PEER_CYCLES
    ours = abs(symmetric.simulate(given, cycling(PEER_CYCLES)).cycling.table["Voltage / V"].iloc[-1])
    return [
        *out,
        f"PyBaMM Experiment: {seconds:.2f} s for {PEER_CYCLES} cycles = {scaled:.0f} s for {CYCLES}: "
        f"{scaled / whole:.0f} times natrode's record, {scaled / slow:.0f} times every cycle integrated",
        f"last voltage: natrode {1e3 * ours:.5f} mV, PyBaMM {1e3 * last:.5f} mV",
    ]


def _without_shortcut(model: parameters.Model) -> parameters.Model:
    """The same cell with a film that does not grow, which makes the integrator take every cycle."""
    from dataclasses import replace

    rows = model.electrodes.copy()
    rows[:, kernel.FILM_LAW] = kernel.FILM_LAWS["linear"]
    return replace(model, electrodes=rows)
