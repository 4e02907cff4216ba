"""Full cells in reproduce: joint samples, analyses of records with a known truth, figures between experiments."""

import math

import numpy as np
import pandas as pd
import pytest

from natrode.errors import SpecificationError
from natrode.measurement import Column, Experiment, Measurement, Metadata, Origin
from natrode.reproduce import attribution, calibrate, full_cells, full_quantities, library, trials
from natrode.reproduce.full_quantities import ANALYSES
from natrode.reproduce.library import load_paper

JOINT = [key for key in library.paper_names() if "full-cell" in load_paper(key).calibrations]


def record(cycles, mass=1e-6, theoretical=0.4, end="the protocol ran to its end"):
    """Cycles of (charge [C], mean charge V, discharge [C], mean discharge V) at 1 mA."""
    rows, now = [], 0.0
    for number, (charge, high, discharge, low) in enumerate(cycles, 1):
        for current, passed, voltage in ((1e-3, charge, high), (-1e-3, discharge, low)):
            for part in (0.0, 0.5, 1.0):
                rows.append(
                    (now + part * passed / 1e-3, voltage + 0.1 * np.sign(current) * (part - 0.5), current, number)
                )
            now += passed / 1e-3
    names = (Column.TIME, Column.VOLTAGE, Column.CURRENT, Column.CYCLE)
    table = pd.DataFrame({name.value: column for name, column in zip(names, np.array(rows).T, strict=True)})
    settings = {"active mass / kg": mass, "theoretical charge / C": theoretical, "end": end}
    metadata = Metadata(kind="cycling", origin=Origin(kind="simulation"), settings=settings)
    return Experiment("made", (Measurement(metadata, table),))


def asked(name, experiment, **arguments):
    return ANALYSES[name](experiment, arguments, None)[0]


def test_analyses_give_the_truth_of_a_made_record():
    made = record([(0.41, 3.5, 0.4, 3.3), (0.4, 3.5, 0.39, 3.25), (0.39, 3.5, 0.36, 3.2)])
    assert asked("discharge-capacity", made, cycle=1) == pytest.approx(0.4e6)
    assert asked("discharge-capacity", made) == pytest.approx(0.36e6)
    assert asked("capacity-ratio", made, cycle=3) == pytest.approx(0.9)
    assert asked("capacity-loss", made, cycle=3) == pytest.approx(0.05)
    assert asked("voltage-gap", made, cycle=2) == pytest.approx(0.25)
    assert asked("discharge-end-voltage", made, cycle=3) == pytest.approx(3.2 - 0.05)
    assert asked("coulombic-efficiency", made) == pytest.approx((0.39 / 0.4 + 0.36 / 0.39) / 2)
    assert asked("cycles-at-capacity", made, capacity="105 mAh/g") == 2
    assert ANALYSES["endless-charge"](made, {}, None) == (3, math.inf)
    assert asked("efficiency-falls", made, below="95 %", after=2) == 1
    assert asked("efficiency-falls", made, below="95 %", after=3) == 0
    assert asked("fades", made, cycle=3, below="95 %") == 1
    assert math.isnan(asked("discharge-capacity", made, cycle=7))


def test_a_cell_that_failed_has_no_capacity_and_says_how():
    soft = record([(0.4, 3.5, 0.4, 3.3), (1.2, 3.5, 0.0, 3.3)], end="stopped in cycle 2")
    assert ANALYSES["endless-charge"](soft, {}, None) == (2, 2)
    assert asked("fails-softly", soft) == 1
    assert asked("discharge-capacity", soft, cycle=50) == 0
    lost = record([(0.4, 3.5, 0.4, 3.3), (0.1, 3.5, 0.0, 3.3)], end="stopped in cycle 2")
    assert asked("fails-softly", lost) == 0
    assert ANALYSES["endless-charge"](lost, {}, None) == (2, 2)


def test_resistance_ends_where_the_diffusion_begins():
    frequency = np.geomspace(1e6, 1e-3, 91)
    omega = 2j * np.pi * frequency
    z = 40 + 100 / (1 + omega * 100 * 1e-6) + 5 / np.sqrt(omega)
    names = (Column.FREQUENCY, Column.REAL_IMPEDANCE, Column.IMAGINARY_IMPEDANCE)
    table = pd.DataFrame({n.value: c for n, c in zip(names, (frequency, z.real, z.imag), strict=True)})
    spectrum = Measurement(Metadata(kind="impedance", origin=Origin(kind="simulation")), table)
    assert full_quantities.resistance_of(spectrum) == pytest.approx(140, rel=0.02)


@pytest.mark.parametrize("key", JOINT)
def test_a_joint_sample_holds_draws_of_the_anodes_sample(key):
    """Store again after the interfaces' sample was drawn anew: natrode calibrate PAPER --store."""
    paper = load_paper(key)
    joint, anodes = calibrate.stored_sample(paper, "full-cell"), calibrate.stored_sample(paper, "default")
    count = len(anodes.calibration.parameters)
    for row in joint.values[:, :count]:
        assert np.isclose(row, anodes.values, rtol=1e-7).all(axis=1).any()
    assert len(np.unique(joint.values, axis=0)) == len(joint.values)


def test_a_joint_sample_without_figures_is_every_draw_once():
    paper = load_paper("hNa")
    calibration = paper.calibrations["full-cell"]
    sample, _ = calibrate.draw(paper, "full-cell", figures=())
    anodes = calibrate.stored_sample(paper, "default").values
    assert np.array_equal(sample.values[:, : anodes.shape[1]], anodes)
    assert [p.cathodes for p in calibration.added] == [("nvp",)] * len(calibration.added)


def test_figures_between_experiments_are_drawn_together():
    figure = load_paper("hNa").figure("hna-dapp-swap")
    key = trials.question("apparent-diffusivity", {"line": "forced"})

    def outcome(values):
        answers = np.column_stack([values, values])
        return trials.Outcome("t", {key: answers}, {key: answers}, None, (), np.arange(len(values)))

    given = dict(zip(figure.arguments["order"], (outcome([4.0, 3.0, 1.0]), outcome([2.0, 6.0, math.nan])), strict=True))
    found = full_cells.between(figure, given).sample[figure.id]
    assert found[:2, 0] == pytest.approx([2.0, 0.5])
    assert np.isnan(found[2]).all()


def test_cathodes_need_a_calibration_of_the_interfaces(tmp_path):
    text = """
key = "x"
short = "X"
title = "x"
[full_cells]
seed = 1
[[full_cells.parameters]]
name = "active_fraction"
cathodes = ["nvp"]
distribution = "uniform"
low = "0.5"
high = "1"
reason = "r"
"""
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(SpecificationError, match="needs a calibration of the interfaces"):
        library.read_paper(path)


def test_shares_of_a_loss_sum_to_it_and_are_known_for_a_product():
    def loss(costly):
        return (3.0 if "a" in costly else 1.0) * (2.0 if "b" in costly else 1.0) + (1.0 if "c" in costly else 0.0)

    found = attribution.shares(loss, ("a", "b", "c"))
    assert sum(found.values()) == pytest.approx(loss({"a", "b", "c"}) - loss(set()), rel=1e-12)
    assert found["c"] == pytest.approx(1.0)
    assert found["a"] == pytest.approx((2.0 + 4.0) / 2)


@pytest.mark.parametrize("key", sorted(attribution.LOSSES))
def test_losses_of_full_cells_are_taken_apart_without_a_rest(key):
    paper = load_paper(key)
    sample = calibrate.stored_sample(paper, "full-cell")
    asked = attribution.LOSSES[key][0]
    trial = paper.trial(asked.trial)
    model = full_cells.assembled(paper.cell(trial.cell))
    found = attribution.drawn(paper, asked, sample, 2)
    assert found
    changed = attribution.assemble.override(model, trials.inherited(paper.cell(trial.cell), sample.overrides(0)))
    done = attribution.run.course(changed, attribution._until(paper.protocol(trial.protocol), asked.cycle))
    quick = attribution.QuickFullRun(done.samples, changed.cell.active_mass)
    value = quick.value(asked.analysis, {"cycle": asked.cycle})
    total = value if asked.analysis == "voltage-gap" else changed.properties["specific_charge"] - value
    if math.isfinite(value):
        assert sum(found[0].values()) == pytest.approx(total, rel=1e-9, abs=1e-9)


def test_every_full_cell_row_is_computed_and_blind_ones_wait():
    figures = [figure for key in library.paper_names() for figure in load_paper(key).figures]
    cells = ("hna-nvp", "hna-dapp", "bh-nvp", "pbc-nvp", "pbc-np", "pbc-s", "or-nvp", "naf-co2", "naf-nvp")
    rows = [figure for figure in figures if figure.id.startswith(cells)]
    assert len(rows) > 50
    assert not [figure.id for figure in rows if figure.not_computed]
    blind = {figure.id for figure in rows if figure.role == "blind"}
    assert blind == {"or-nvp-2c", "naf-co2-gap-400", "naf-co2-gap-500"}
