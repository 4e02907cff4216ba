"""The integrator against closed forms, against a plain reference scheme, and against itself."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.physics import voids
from natrode.simulate import kernel as K
from tests.simulate.cells import AREA, RECESSION, Run, block, conditions, current, cycling, electrode, hybrid


def strip(row, density, hours, table, limit=0.0, **columns):
    return Run([row, row], table, [block(K.CURRENT, hours * 3600, current(density), VOLTAGE_LIMIT=limit, **columns)])


@pytest.mark.parametrize("shape", [1.0, 0.5, 0.0, -0.9, -1.0])
def test_stripping_without_replenishment_is_the_power_law(shape):
    run = strip(hybrid(shape=shape), 0.2, 4.0, conditions(1.0, 0.0))
    stripped = RECESSION * 2.0 * 4 * 3600
    expected = 1 / voids.contact_loss_factor(stripped, 8.954e-6, shape)
    assert run.ratio[0] == pytest.approx(expected, rel=1e-8)


def test_uniform_contacts_follow_the_exponential_closed_form():
    run = strip(hybrid(), 0.2, 5.0, conditions(1.0, 0.05))
    replenished = 0.05 * 10 * 1.37
    over = 2.0 / replenished
    rate = RECESSION * replenished / 8.954e-6
    factor = over - (over - 1) * math.exp(rate * 5 * 3600)
    assert 1 / run.ratio[0] == pytest.approx(factor, rel=1e-8)


def test_exponential_contacts_strip_and_plate_as_the_closed_form():
    capacity, density, replenished = 8e-6, 5.0, 0.5
    row = hybrid(shape=0.0, capacity=8.0, area_ratio=1.0)
    run = Run([row, row], conditions(1.0, 0.05), [cycling(0.5, 0.25, 1)])
    growth = RECESSION * density * 1800 / capacity
    stripped = replenished / density + (1 - replenished / density) * math.exp(growth)
    plated = (stripped + replenished / (0.78 * density)) * math.exp(-0.78 * growth) - replenished / (0.78 * density)
    assert run.ratio[0] == pytest.approx(plated, rel=1e-8)
    assert run.ratio[1] == pytest.approx(stripped, rel=1e-8)


def test_linear_contacts_follow_the_implicit_closed_form():
    capacity, density, replenished = 2e-6, 5.0, 0.5 * 0.4
    run = strip(electrode(shape=-1.0, capacity=2.0), 0.5, 2.0, conditions(0.4, 0.05))
    y = run.ratio[0]
    left = y - 1 + replenished / density * math.log((density * y - replenished) / (density - replenished))
    assert left == pytest.approx(RECESSION * density * 7200 / capacity, rel=1e-8)


def test_time_to_a_voltage_of_both_reference_sets():
    # 200 and 370 min to 0.2 V at 0.2 mA/cm2: what the reference sets were calibrated on
    pristine = strip(electrode(), 0.2, 24, conditions(0.4), limit=0.2)
    hybrid_run = strip(hybrid(), 0.2, 24, conditions(1.0), limit=0.2)
    assert pristine.ended == hybrid_run.ended == K.AT_VOLTAGE_LIMIT
    assert pristine.time / 60 == pytest.approx(200, abs=1)
    assert hybrid_run.time / 60 == pytest.approx(370, abs=1)
    assert pristine.samples[-1, 1] == pytest.approx(0.2, rel=1e-10)


def reference_cycle(rows, contact, state, damage, density, seconds, steps=600):
    """Midpoint rule on the void thickness, the plain reference scheme; returns the largest voltage."""
    highest = 0.0
    for first in range(2):
        for _ in range(steps):
            dt = seconds / steps
            factor = [
                voids.contact_loss_factor(state[k], rows[k][K.VOID_CAPACITY], rows[k][K.CONTACT_SHAPE]) for k in (0, 1)
            ]
            resistance = [rows[k][K.CONTACT_RESISTANCE] / (rows[k][K.AREA_RATIO] * contact * factor[k]) for k in (0, 1)]
            highest = max(highest, density * (39e-4 + sum(resistance)))
            plated = 1 - first
            damage[plated] += (density * resistance[plated] / 0.2) ** 5 * dt / 3600
            for k in (0, 1):
                sign = 1 if k == first else -1

                def rate(v, k=k, sign=sign):
                    f = voids.contact_loss_factor(v, rows[k][K.VOID_CAPACITY], rows[k][K.CONTACT_SHAPE])
                    flux = voids.replenishment_flux(0.5, rows[k][K.AREA_RATIO], contact, f)
                    return voids.void_growth_rate(sign * density, flux, 0.78, RECESSION)

                middle = max(state[k] + dt / 2 * rate(state[k]), 0.0)
                state[k] = max(state[k] + dt * rate(middle), 0.0)
    return highest


def test_cycling_agrees_with_the_midpoint_rule():
    rows = [electrode(), electrode()]
    run = Run(rows, conditions(0.4), [cycling(0.1, 0.1, 10)])
    state, damage = [0.0, 0.0], [0.0, 0.0]
    peaks = [reference_cycle(rows, 0.4, state, damage, 1.0, 3600) for _ in range(10)]
    found = [abs(run.samples[run.samples[:, 3] == c, 1]).max() for c in range(1, 11)]
    assert found == pytest.approx(peaks, rel=3e-3)
    assert run.state[2:4] == pytest.approx(damage, rel=1e-2)
    w = [1 / voids.contact_loss_factor(v, 0.1055e-6, -0.9) for v in state]
    assert run.ratio == pytest.approx(w, rel=1e-3)


def test_midpoint_reference_converges_to_the_integrator_with_order_two():
    rows = [electrode(), electrode()]
    exact = Run(rows, conditions(0.4), [cycling(0.1, 0.1, 2)])
    truth = exact.ratio.sum()
    errors = []
    for steps in (200, 400):
        state, damage = [0.0, 0.0], [0.0, 0.0]
        for _ in range(2):
            reference_cycle(rows, 0.4, state, damage, 1.0, 3600, steps)
        errors.append(abs(sum(1 / voids.contact_loss_factor(v, 0.1055e-6, -0.9) for v in state) - truth))
    assert 1.7 < math.log2(errors[0] / errors[1]) < 2.3


def test_damage_at_a_constant_overpotential_pierces_on_time():
    # no voids (replenishment beats the current): eta = i R stays, D = (eta/eta_c)^n t/tau
    row = electrode(contact=20.0, crack=0.1, exponent=4.0, hours=2.0)
    run = Run([row, row], conditions(0.4, 50.0), [block(K.CURRENT, 1e7, current(1.0))])
    overpotential = 10 * 20e-4 / 0.4
    assert run.ended == K.SHORTED
    assert run.pierced_at == pytest.approx(2 * 3600 * (0.1 / overpotential) ** 4, rel=1e-9)


def test_protrusions_pierce_after_the_same_charge_at_any_current():
    times = []
    for density in (1.0, 3.0):
        row = electrode(protrusion=44.5 * 36000.0, crack=1e6)
        run = Run([row, row], conditions(0.4, 500.0), [block(K.CURRENT, 1e9, current(density))])
        times.append(run.pierced_at * density)
    assert times[0] == pytest.approx(times[1], rel=1e-9)
    assert times[0] * 10 == pytest.approx(44.5 * 36000, rel=1e-9)


def test_reservoir_ends_a_strip_when_the_metal_is_used_up():
    row = electrode(reservoir=5e-6, capacity=100.0)
    run = Run([row, row], conditions(0.4), [block(K.CURRENT, 1e7, current(0.5), VOLTAGE_LIMIT=5.0)])
    assert run.ended == K.RESERVOIR_EMPTY
    assert run.time * 5.0 * RECESSION == pytest.approx(5e-6, rel=1e-10)
    assert run.samples[-1, 1] == 5.0


def test_charge_is_conserved_over_cycles_and_counted_in_a_strip():
    run = Run([hybrid(), hybrid()], conditions(1.0), [cycling(0.5, 0.125, 500)])
    assert abs(run.state[4]) < 1e-9 * current(0.5) * 900
    run = strip(hybrid(), 0.2, 3.0, conditions(1.0))
    assert run.state[4] == pytest.approx(current(0.2) * 3 * 3600, rel=1e-12)


def test_what_is_recorded_never_changes_the_course():
    blocks = {
        name: [cycling(0.1, 0.1, 60, **given)]
        for name, given in {
            "many": dict(points=97),
            "few": dict(points=2),
            "none": dict(points=0),
            "some": dict(points=11, LOGARITHMIC=1),
        }.items()
    }
    runs = {name: Run([electrode(), electrode()], conditions(0.4), b) for name, b in blocks.items()}
    assert runs["many"].ended == K.SHORTED
    for run in runs.values():
        assert np.array_equal(run.state, runs["many"].state)
        assert run.clock[0] == runs["many"].clock[0]
        assert run.pierced_at == runs["many"].pierced_at
    # the cycle that failed is in the record although its number was not to be recorded
    assert runs["some"].samples[-1, 3] == runs["many"].samples[-1, 3]
    assert runs["some"].samples[-1, 1] == pytest.approx(runs["many"].samples[-1, 1])


def test_a_repeating_cycle_is_not_integrated_again_and_gives_the_same():
    run = Run([hybrid(), hybrid()], conditions(1.0), [cycling(0.5, 0.125, 400, points=5)])
    film = hybrid(film_law=K.FILM_LAWS["linear"])  # a film that does not grow only switches the shortcut off
    slow = Run([film, film], conditions(1.0), [cycling(0.5, 0.125, 400, points=5)])
    assert run.steps < 0.1 * slow.steps
    assert run.samples == pytest.approx(slow.samples, rel=1e-9, abs=1e-12)
    assert run.state[:2] == pytest.approx(slow.state[:2], abs=1e-15)
    assert run.state[2:4] == pytest.approx(slow.state[2:4], rel=1e-9)


def test_million_cycles_pierce_exactly_where_the_damage_says():
    row = hybrid(crack=0.05, exponent=3.0)
    short = Run([row, row], conditions(1.0), [cycling(0.5, 0.125, 50, points=0)])
    later = Run([row, row], conditions(1.0), [cycling(0.5, 0.125, 60, points=0)])
    per_cycle = (later.state[2] - short.state[2]) / 10
    run = Run([row, row], conditions(1.0), [cycling(0.5, 0.125, 1_000_000, points=4, LOGARITHMIC=1)])
    assert run.ended == K.SHORTED
    assert run.cycles == pytest.approx(50 + (1 - short.state[2]) / per_cycle, abs=2)


def test_rest_heals_by_replenishment_alone_and_stops_at_a_whole_contact():
    row = hybrid(shape=0.0, area_ratio=1.0)
    blocks = [block(K.CURRENT, 3600, current(0.5)), block(K.CURRENT, 600), block(K.CURRENT, 1e6)]
    run = Run([row, row], conditions(1.0, 0.05), blocks[:2])
    growth = RECESSION * 5 * 3600 / 8.954e-6
    w = 0.1 + 0.9 * math.exp(growth)
    w -= RECESSION * 0.5 * 600 / 8.954e-6  # at rest w' = -U J0/h for this shape
    assert run.ratio[0] == pytest.approx(w, rel=1e-8)
    run = Run([row, row], conditions(1.0, 0.05), blocks)
    assert run.state[0] == 0.0


def test_voltage_control_gives_back_the_current_that_gives_this_voltage():
    row = electrode()
    forward = Run([row, row], conditions(0.4), [block(K.CURRENT, 3600, current(0.1))])
    for volts in (0.01, -0.02):
        run = Run([row, row], conditions(0.4, 500.0), [block(K.POTENTIAL, 10, volts)])
        assert run.samples[0, 1] == pytest.approx(volts, rel=1e-12)
        assert run.samples[0, 2] == pytest.approx(volts / (39 + 2 * 12), rel=1e-9)
    assert forward.samples[0, 1] == pytest.approx(current(0.1) * (39 + 24), rel=1e-4)


def test_butler_volmer_is_solved_both_ways():
    row = electrode(contact=40.0)
    table = conditions(0.4, 5000.0)
    given = Run([row, row], table, [block(K.CURRENT, 10, current(2.0))], butler_volmer=True)
    back = Run([row, row], table, [block(K.POTENTIAL, 10, given.samples[0, 1])], butler_volmer=True)
    assert back.samples[0, 2] == pytest.approx(current(2.0), rel=1e-9)
    exchange = 8.314462618 * 298.15 / 96485.33212 / (40e-4 / 0.4)
    expected = current(2.0) * 39 + 2 * 2 * 0.025692579 * math.asinh(20 / (2 * exchange))
    assert given.samples[0, 1] == pytest.approx(expected, rel=1e-7)


def test_soft_short_leaks_more_and_more_and_does_not_stop():
    run = Run([electrode(), electrode()], conditions(0.4), [cycling(0.1, 0.1, 80)], soft=20 * 3600.0)
    assert run.ended == K.COMPLETED
    assert run.cycles == 80
    after = run.samples[run.samples[:, 0] > run.pierced_at + 36000]
    assert abs(after[-1, 1]) < abs(after[0, 1])
    hours = (after[-1, 0] - run.pierced_at) / 3600
    through_leak = abs(after[-1, 1]) * hours / 20 / 39.0
    assert 0 < through_leak < current(0.1)


def test_hard_short_collapses_the_voltage_and_ends_the_half_cycle():
    run = Run([electrode(), electrode()], conditions(0.4), [cycling(0.1, 0.1, 80)])
    assert run.ended == K.SHORTED
    assert run.pierced_at / 3600 == pytest.approx(86, abs=1)
    assert abs(run.samples[-1, 1]) < 0.05 * current(0.1) * 39


def test_current_ramp_leaves_the_ohmic_line_where_replenishment_is_overtaken():
    row = hybrid(area_ratio=1.0)
    ramp = block(K.CURRENT, 36000, 0.0, points=2000, SLOPE=current(0.2) / 36000)
    run = Run([row, row], conditions(1.0, 0.05), [ramp])
    line = (39 + 2 * 4.8) * run.samples[:, 2]
    excess = run.samples[:, 1] / np.maximum(line, 1e-30) - 1
    before = run.samples[:, 2] < current(0.05)
    assert np.all(abs(excess[before][5:]) < 1e-9)
    assert excess[-1] > 0.01
    assert excess[run.samples[:, 2] > current(0.06)][0] > 0


@settings(max_examples=40, deadline=None)
@given(
    shape=st.floats(-1.5, 1.0),
    capacity=st.floats(0.05, 20.0),
    density=st.floats(0.05, 4.0),
    refill=st.floats(0.5, 0.95),
    replenishment=st.floats(0.03, 0.15),
)
def test_any_cell_of_the_prior_runs_to_an_end(shape, capacity, density, refill, replenishment):
    row = electrode(shape=shape, capacity=capacity, refill=refill)
    run = Run([row, row], conditions(0.4, replenishment), [cycling(density, 0.2, 50)])
    assert run.ended in (K.COMPLETED, K.SHORTED, K.AT_VOLTAGE_LIMIT)
    assert np.all(np.isfinite(run.samples))
    assert np.all(np.diff(run.samples[:, 0]) >= 0)
    assert np.all(run.state[:2] >= 0)
    assert np.all(abs(run.samples[:, 1]) <= 5 * (1 + 1e-9))


def test_films_grow_as_their_closed_forms():
    start = dict(film=10.0, film_final=170.0, film_time=7.1 * 86400, film_rate=1e-9)
    for law, expected in {
        "none": lambda t: 10e-4,
        "saturating": lambda t: 10e-4 + 160e-4 * (1 - math.exp(-math.sqrt(t / (7.1 * 86400)))),
        "linear": lambda t: 10e-4 + 1e-9 * t,
        "exponential": lambda t: 10e-4 * math.exp(t / (7.1 * 86400)),
    }.items():
        row = electrode(film_law=K.FILM_LAWS[law], **start)
        for t in (0.0, 3600.0, 1e6):
            assert K.film_resistance(row, t) == pytest.approx(expected(t), rel=1e-12)
    for x, tolerance in ((1e-6, 1e-7), (0.01, 1e-12), (0.1, 1e-13), (0.3, 1e-13), (0.5, 1e-13), (0.9, 1e-14)):
        assert K.wagner_fraction(-x - math.log1p(-x)) == pytest.approx(x, rel=tolerance)
    left = 1e-9  # so close to its limit that the time says more of what is left than of x
    assert 1.0 - K.wagner_fraction(left - 1.0 - math.log(left)) == pytest.approx(left, rel=1e-6)
    for long in np.geomspace(1.0, 1e6, 200):
        assert 0.8 < K.wagner_fraction(long) <= 1.0


def test_area_is_the_electrodes_own():
    small = electrode()
    small[K.AREA] = AREA / 2
    run = Run([small, electrode()], conditions(0.4, 500.0), [block(K.CURRENT, 10, current(0.1))])
    assert run.samples[0, 1] / run.samples[0, 2] == pytest.approx(39 + 24 + 12, rel=1e-9)


def test_cells_of_a_sample_find_the_steps_that_their_cycles_repeat_with():
    # the first step of a half cycle is that of the last one: it must come to rest, or no cycle is like the one before
    from natrode.reproduce import library
    from natrode.reproduce.calibrate import stored_sample
    from natrode.reproduce.trials import inherited
    from natrode.simulate import parameters, programme

    paper = library.load_paper("hybrid-na-2022")
    trial = paper.trial("hna-cycling-1-5")
    cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
    sample, model = stored_sample(paper, "default"), parameters.assemble(cell)
    for draw in range(0, len(sample.values), 8):
        drawn = parameters.override(model, cell, inherited(cell, sample.overrides(draw)))
        table = parameters.conditions(drawn, protocol.temperature, protocol.pressure)
        rows, _ = programme.blocks(protocol, float(drawn.electrodes[0, K.AREA]))
        run = Run(drawn.electrodes, table, rows)
        assert run.cycles == 3000
        assert run.steps < 100
