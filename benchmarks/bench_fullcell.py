"""7300 cycles of NVP | NZSP | h-Na at 5C: natrode's stepping of the PyBaMM model against PyBaMM's own Experiment."""

import time
import tomllib

from benchmarks.timing import best
from natrode.cell import FULL_EXAMPLE, FullCell
from natrode.protocol import Protocol

CYCLES = 7300
PEER_CYCLES = 10


def cycling(cycles: int) -> Protocol:
    """Charge and discharge at 5C between 2.5 and 3.8 V."""
    return Protocol(
        name="life",
        sampling={"points_per_half_cycle": 20, "cycles": "logarithmic"},
        steps=[
            {
                "type": "charge-discharge",
                "c_rate": 5.0,
                "lower_voltage": "2.5 V",
                "upper_voltage": "3.8 V",
                "cycles": cycles,
            }
        ],
    )


def run() -> list[str]:
    """Rows of the table."""
    try:
        import pybamm
    except ImportError:
        return ["PyBaMM is not installed: no full cells"]
    from natrode.simulate.fullcell.assemble import assemble, pybamm_model, pybamm_values
    from natrode.simulate.fullcell.run import course

    model = assemble(FullCell.read(tomllib.loads(FULL_EXAMPLE), "example"))
    course(model, cycling(2))
    whole = best(lambda: course(model, cycling(CYCLES)), 2)
    amperes = 5 * model.one_c
    experiment = pybamm.Experiment(
        [(f"Charge at {amperes!r} A until 3.8 V", f"Discharge at {amperes!r} A until 2.5 V")] * PEER_CYCLES
    )
    simulation = pybamm.Simulation(
        pybamm_model(model),
        experiment=experiment,
        parameter_values=pybamm.ParameterValues(pybamm_values(model, 2.5, 3.8)),
        solver=pybamm.IDAKLUSolver(rtol=1e-6, atol=1e-8),
    )
    simulation.solve()
    start = time.perf_counter()
    solution = simulation.solve()
    seconds = time.perf_counter() - start
    assert len(solution.cycles) == PEER_CYCLES, "PyBaMM truncated the run"
    return [
        f"natrode, {CYCLES} cycles at 5C: {whole:.2f} s = {1e3 * whole / CYCLES:.2f} ms a cycle",
        f"PyBaMM Experiment: {seconds:.2f} s for {PEER_CYCLES} cycles = {1e3 * seconds / PEER_CYCLES:.0f} ms a cycle: "
        f"{seconds / PEER_CYCLES / (whole / CYCLES):.0f} times as long",
    ]
