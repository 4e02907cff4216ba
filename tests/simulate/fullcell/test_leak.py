"""A filament that leaks: equations that become stiff, a charge that never ends, the charge that is kept."""

import numpy as np
import pytest

from natrode.simulate import integrator, parameters
from natrode.simulate.fullcell import kernel, layout, run, stepping
from natrode.simulate.fullcell.assemble import FullModel, assemble
from natrode.simulate.fullcell.particle import particle_modes
from tests.simulate.fullcell.cells import cell, protocol

N = particle_modes().shape[1]


def leaking(hours: float, cathode=None, **changes):
    """A bare anode that is pierced within some cycles."""
    return cell(
        {"loading": "2 mg/cm2", **(cathode or {})},
        {"interface": "pristine-na/nzsp-hna", "mass": None},
        soft_short_time=f"{hours} h",
        **changes,
    )


def pierced(model: FullModel, filling: float, age: float, voids: float = 0.0):
    """Battery and state of a cell through which a filament has grown for some time [s]."""
    table = parameters.conditions(model.anode)
    battery = layout.new_battery(
        integrator.Model(model.anode.electrodes, table), model.cathode_row(), particle_modes(),
        model.anode.soft_short_time, np.zeros(3),
    )  # fmt: skip
    state = run.fresh_state(model, particle_modes())
    state[:N] *= filling
    state[N + layout.FILLING], state[N + layout.NOW], state[N + layout.PIERCED] = filling, age, 0.0
    return battery, state


@pytest.mark.parametrize("hours", [0.5, 5.0, 50.0, 500.0])
@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_a_charge_ends_where_the_leak_takes_the_whole_current(hours, rate):
    model = assemble(leaking(hours))
    done = run.course(model, protocol(rate, 40, 9))
    assert done.outcome == "soft short"
    voltage, current = done.samples[:, 1], done.samples[:, 2]
    assert voltage.min() > 2.5 - 1e-6
    assert voltage.max() < 3.8 + 1e-6
    leak = (done.samples[-1, 0] - done.state.values[N + layout.PIERCED]) / (
        model.anode.soft_short_time * model.anode.electrolyte["resistance"]
    )
    assert leak * voltage[-1] == pytest.approx(current[-1], rel=1e-7)
    assert current[-1] == rate * model.one_c
    filling = done.state.values[N + layout.FILLING]
    assert 0.0 < filling < 1.0


@pytest.mark.parametrize("hours", [0.5, 50.0, 500.0])
def test_what_leaves_the_cathode_arrives_at_the_anode(hours):
    """To 1e-8 through all cycles of a leak; the leak's charge is what the terminals gave and the ions did not carry."""
    model = assemble(leaking(hours))
    done = run.course(model, protocol(2.0, 40, 400))
    charge = model.cathode_row()[layout.CHARGE]
    state = done.state.values
    plated = state[N + layout.ANODE + 4]
    assert plated == pytest.approx((1.0 - state[N + layout.FILLING]) * charge, abs=1e-8 * charge)
    time, voltage, current = done.samples[:, 0], done.samples[:, 1], done.samples[:, 2]
    age = np.maximum(time - state[N + layout.PIERCED], 0.0)
    leak = age / (model.anode.soft_short_time * model.anode.electrolyte["resistance"])
    same = np.diff(done.samples[:, 5]) == 0
    terminal = np.sum((0.5 * (current[1:] + current[:-1]) * np.diff(time))[same])
    lost = np.sum((0.5 * ((leak * voltage)[1:] + (leak * voltage)[:-1]) * np.diff(time))[same])
    assert lost > 1e-3 * charge
    assert terminal - lost == pytest.approx(plated, abs=1e-5 * charge)  # trapezoids between samples


def test_an_emptied_cell_is_stiff_and_stays_within_its_equations():
    """A full cathode at rest behind a leak of siemens: voltage and current die away, no step overshoots."""
    model = assemble(leaking(0.05))
    battery, state = pierced(model, 0.9999, 3600.0)
    samples = np.empty((200, layout.N_SAMPLE))
    count, ended = kernel.rest(battery, state, 50 * 3600.0, 100, samples, 0)
    assert (count, ended) == (100, layout.COMPLETED)
    voltage = samples[:count, 1]
    assert (np.diff(voltage) <= 1e-9).all()
    assert abs(voltage[-1]) < 1e-9
    assert state[N + layout.FILLING] == pytest.approx(1.0, abs=5e-3)
    assert state[N + layout.NOW] == pytest.approx(51 * 3600.0, rel=1e-12)


def test_a_current_that_goes_on_against_a_larger_leak_finds_its_voltage():
    """A spectrum under direct current does not stop at the event: V = I/G, and nothing flows through the ions."""
    model = assemble(leaking(0.5))
    battery, state = pierced(model, 0.95, 3 * 3600.0)
    samples, block = np.empty((50, layout.N_SAMPLE)), np.zeros(layout.N_BLOCK)
    block[layout.CURRENT], block[layout.DURATION] = model.one_c, 1800.0
    _, ended = kernel.stay(battery, state, block, 20, samples, 0)
    assert ended == layout.COMPLETED
    leak = stepping.leak_of(battery, state)
    assert samples[19, 1] == pytest.approx(model.one_c / leak, rel=1e-3)
    assert abs(stepping.ionic_current(battery, state, model.one_c)) < 1e-3 * model.one_c


def test_steps_with_a_leak_are_of_order_two():
    model = assemble(leaking(20.0))
    battery, begin = pierced(model, 0.3, 3600.0)
    fillings = []
    for steps in (16, 32, 64, 128):
        state, new = begin.copy(), np.empty_like(begin)
        for _ in range(steps):
            stepping.leaking_step(battery, state, model.one_c, model.one_c, 1800.0 / steps, new)
            state[:] = new
        fillings.append(state[N + layout.FILLING])
    errors = np.abs(np.diff(fillings))
    assert 3.3 < errors[0] / errors[1] < 4.5
    assert 3.3 < errors[1] / errors[2] < 4.5


def test_a_leak_while_resting_empties_the_cell():
    """Rests between the half cycles: what is charged leaks away before it can be discharged."""
    model = assemble(leaking(5000.0))
    _, state = pierced(model, 1.0, 8 * 3600.0)
    start = run.State(state, 0, 0, model.cell.name)
    done = run.course(model, protocol(2.0, 40, 5, rest="20 h"), start)
    assert done.outcome == "soft short"
    assert "in cycle 1," in done.message
    assert "has emptied the cell" in done.message
    assert done.samples[:, 1].max() < 3.8 + 1e-6


def test_a_hard_short_ends_where_the_filament_is_through():
    given = leaking(1.0).model_copy(update={"short": "hard"})
    done = run.course(assemble(given), protocol(2.0, 40, 9))
    assert done.outcome == run.SHORTED
    state = done.state.values
    assert state[N + layout.NOW] == state[N + layout.PIERCED] == done.samples[-1, 0]
    assert done.samples[-1, 1] < 0.5  # the voltage has collapsed
    assert done.samples[-2, 1] > 2.5
