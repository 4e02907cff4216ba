"""How runs of full cells end, and how they go on."""

import re

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.simulate import integrator, parameters
from natrode.simulate import kernel as anode_kernel
from natrode.simulate.fullcell import layout, run
from natrode.simulate.fullcell.assemble import assemble
from natrode.simulate.fullcell.particle import particle_modes
from tests.simulate.fullcell.cells import cell, half_cycles, protocol


def test_a_soft_short_makes_the_charge_endless():
    given = cell({}, {"interface": "pristine-na/nzsp-hna", "mass": None}, soft_short_time="500 h")
    done = run.course(assemble(given), protocol(2.0, 400, 3))
    assert done.ended == layout.NEVER_CHARGED
    assert "soft short" in done.message
    halves = half_cycles(done.samples)
    efficiency = [b[1] / a[1] for a, b in zip(halves[::2], halves[1::2], strict=False)]
    assert efficiency[2] == pytest.approx(1.0, abs=1e-4)
    assert efficiency[-1] < 0.9


def test_a_hard_short_ends_the_run():
    given = cell(
        {"loading": "3 mg/cm2"},
        {"interface": "pristine-na/nzsp-hna", "mass": None, "parameters": {"crack_overpotential": "0.05 V"}},
        short="hard",
    )
    done = run.course(assemble(given), protocol(2.0, 400, 5, "logarithmic"))
    assert done.ended == layout.SHORTED
    assert "hard short" in done.message


def test_losses_at_the_anode_empty_the_reservoir():
    given = cell({}, {"mass": None, "thickness": "0.4 um"}, plating_efficiency=0.99)
    done = run.course(assemble(given), protocol(1.0, 3000, 3, "logarithmic"))
    assert done.ended == layout.POLARISED
    assert "reservoir empty" in done.message
    assert f"in cycle {done.cycles}" in done.message


def test_polarisation_takes_all_capacity():
    given = cell(
        {}, {"parameters": {"film_growth": "linear", "film_growth_rate": "200 Ohm cm2/h", "crack_overpotential": "9 V"}}
    )
    done = run.course(assemble(given), protocol(5.0, 5000, 3, "logarithmic"))
    assert done.ended == layout.POLARISED
    assert "polarisation hits the cut-off" in done.message


def test_a_run_goes_on_from_a_saved_state(tmp_path):
    model = assemble(cell())
    whole = run.course(model, protocol(2.0, 10, 3))
    first = run.course(model, protocol(2.0, 6, 3))
    first.state.save(tmp_path / "state.json")
    second = run.course(model, protocol(2.0, 4, 3), run.State.load(tmp_path / "state.json"))
    assert second.cycles == 10
    assert np.allclose(second.state.values, whole.state.values, rtol=1e-12, atol=1e-15)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(SpecificationError, match="not of a cell like 'another'"):
        run.course(assemble(cell(name="another")), protocol(2.0, 4, 3), first.state)
    shorted = run.State(first.state.values, 6, 12, first.state.title, run.SHORTED)
    with pytest.raises(SpecificationError, match="hard short; nothing can be run on it"):
        run.course(model, protocol(2.0, 4, 3), shorted)
    with pytest.raises(SpecificationError, match="is not a state"):
        run.State.load(tmp_path / "other.json")


def test_memory_does_not_grow_with_the_cycles():
    """What a run keeps of 7300 cycles is what the record asks for, not what was integrated."""
    import tracemalloc

    given = cell({}, {"parameters": {"film_growth": "linear", "film_growth_rate": "1e-4 Ohm cm2/h"}})
    model, peaks = assemble(given), []
    run.course(model, protocol(5.0, 2, 3, "logarithmic"))
    for cycles in (500, 2000):  # a film that grows: no cycle repeats, all are integrated
        tracemalloc.start()
        done = run.course(model, protocol(5.0, cycles, 3, "logarithmic"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert done.cycles == cycles
    assert peaks[1] < 1.5 * peaks[0] < 10e6


def test_logarithmic_record_is_bounded_and_complete():
    done = run.course(assemble(cell()), protocol(5.0, 2000, 3, "logarithmic"))
    assert done.cycles == 2000
    assert len(done.samples) < 1000
    assert done.samples[-1, 3] == 2000


def test_a_solver_that_fails_names_cycle_step_and_state_and_keeps_what_was_done(monkeypatch):
    """Conditions that are no numbers after two and a half hours, in the third cycle."""
    whole = parameters.conditions(assemble(cell()).anode)
    broken = np.repeat(whole, 3, axis=0)
    broken[:, anode_kernel.TIME] = [0.0, 9000.0, 9001.0]
    broken[2, anode_kernel.TEMPERATURE] = np.nan
    monkeypatch.setattr(run.parameters, "conditions", lambda *given: broken)
    done = run.course(assemble(cell()), protocol(2.0, 9))
    assert done.outcome == "solver failed"
    said = r"stopped in cycle 3, step 1, at 1\.\d+ h: the solver failed \(void .* um, filling .*\)"
    assert re.search(said, done.message)
    assert done.message.endswith("all cycles before are kept")
    assert np.isfinite(done.samples[:, :3]).all()
    assert {1, 2} <= set(done.samples[:, 3])


def test_contact_that_is_gone_is_named():
    model = assemble(cell())
    battery = layout.new_battery(
        integrator.Model(model.anode.electrodes, parameters.conditions(model.anode)), model.cathode_row(),
        particle_modes(), 0.0, np.zeros(3),
    )  # fmt: skip
    state = run.fresh_state(model, particle_modes())
    state[particle_modes().shape[1] + layout.ANODE + 1] = 1.0  # a metre of voids
    outcome, why = run._ending(battery, state, layout.POLARISED)
    assert outcome == "contact lost"
    assert "polarisation hits the cut-off at once" in why
    outcome, why = run._ending(battery, state, layout.NEVER_CHARGED)
    assert outcome == "never charged"
    assert "the voltage does not reach the upper cut-off" in why
