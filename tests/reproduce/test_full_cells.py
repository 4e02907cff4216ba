"""Full cells in reproduce: joint samples, analyses of records with a known truth, figures between experiments."""

import math

import numpy as np
import pandas as pd
import pytest

from natrode.errors import SpecificationError
from natrode.measurement import Column, Experiment, Measurement, Metadata, Origin
from natrode.protocol import Protocol
from natrode.reproduce import attribution, calibrate, full_cells, full_quantities, library, trials
from natrode.reproduce.full_quantities import ANALYSES
from natrode.reproduce.library import load_paper
from natrode.reproduce.paper import Loss
from natrode.reproduce.paper_file import read_paper

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
        return trials.Outcome("t", {key: answers}, {key: answers}, None, (), None)

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
        read_paper(path)


def test_shares_of_a_loss_sum_to_it_and_are_known_for_a_product():
    def loss(costly):
        return (3.0 if "a" in costly else 1.0) * (2.0 if "b" in costly else 1.0) + (1.0 if "c" in costly else 0.0)

    found = attribution.shares(loss, ("a", "b", "c"))
    assert sum(found.values()) == pytest.approx(loss({"a", "b", "c"}) - loss(set()), rel=1e-12)
    assert found["c"] == pytest.approx(1.0)
    assert found["a"] == pytest.approx((2.0 + 4.0) / 2)


LOSSES = [(key, n) for key in library.paper_names() for n in range(len(load_paper(key).losses))]


@pytest.mark.parametrize(("key", "number"), [one for one in LOSSES if one[1] in (0, 2)])
def test_losses_of_full_cells_are_taken_apart_without_a_rest(key, number):
    """Capacity, fade and gap: the shares sum to what the cell of the same draw loses in all."""
    paper = load_paper(key)
    sample = calibrate.stored_sample(paper, "full-cell")
    asked = paper.losses[number]
    trial = paper.trial(asked.experiment)
    model = full_cells.assembled(paper.cell(trial.cell))
    found = attribution.drawn(key, number, 2)
    assert found
    changed = attribution.assemble.override(model, trials.inherited(paper.cell(trial.cell), sample.overrides(0)))
    done = attribution.run.course(changed, attribution._until(paper.protocol(trial.protocol), asked.cycle))
    quick = attribution.QuickFullRun(done.samples, changed.cell.active_mass)
    name = "voltage-gap" if asked.quantity == "voltage-gap" else "discharge-capacity"
    values = [quick.value(name, {"cycle": cycle}) for cycle in (asked.cycle, asked.since or asked.cycle)]
    total = {
        "voltage-gap": values[0],
        "capacity": changed.properties["specific_charge"] - values[0],
        "fade": values[1] - values[0],
    }[asked.quantity]
    if math.isfinite(total):
        assert sum(found[0].values()) == pytest.approx(total, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("growth", "mass", "efficiency"), [("80 Ohm cm2/h", 1e-6, 1.0), ("1e-6 Ohm cm2/h", 1e-7, 0.9)])
def test_a_fade_that_the_anode_makes_is_the_anodes(growth, mass, efficiency):
    """A film that grows, or sodium that does not come back, ages the cell; without the anode nothing does."""
    paper = load_paper("hNa")
    cell = paper.cell("nvp-h")
    film = {"film_growth": "linear", "film_growth_rate": growth}
    anode = cell.anode.model_copy(update={"parameters": film, "mass": mass})
    model = full_cells.assembled(cell.model_copy(update={"anode": anode, "plating_efficiency": efficiency}))
    asked = Loss(experiment="x", name="x", quantity="fade", since=2, cycle=30)
    step = {"type": "charge-discharge", "c_rate": 5.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V", "cycles": 30}
    shares = attribution.taken_apart(model, Protocol(name="x", steps=[step]), asked)
    total = sum(shares.values())
    assert total > 0.02 * model.properties["specific_charge"]
    assert shares["anode"] > 0.5 * total
    assert shares["cut-offs"] == pytest.approx(0.0, abs=1e-6 * total)


def test_losses_and_the_cells_beside_those_of_others_stand_in_the_papers_files():
    figures = {figure.id for key in library.paper_names() for figure in load_paper(key).figures}
    compared = load_paper("PbC").comparison.cells
    assert {cell.figure for cell in compared if cell.figure} <= figures
    assert sum(cell.capacity is not None for cell in compared) == 9
    assert {loss.quantity for key, n in LOSSES for loss in [load_paper(key).losses[n]]} == {
        "capacity", "fade", "voltage-gap"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"quantity": "fade", "cycle": 9}, "counted from a cycle 'since'"),
        ({"cycle": 9, "since": 2}, "counted from a cycle 'since'"),
        ({"quantity": "fade", "cycle": 9, "since": 9}, "counted from a cycle 'since'"),
    ],
)
def test_a_fade_needs_two_cycles(table, message):
    with pytest.raises(SpecificationError, match=message):
        Loss.read({"experiment": "x", "name": "x", **table}, "paper.toml")


def test_every_full_cell_row_is_computed_and_blind_ones_wait():
    figures = [figure for key in library.paper_names() for figure in load_paper(key).figures]
    cells = ("hna-nvp", "hna-dapp", "bh-nvp", "pbc-nvp", "pbc-np", "pbc-s", "or-nvp", "naf-co2", "naf-nvp")
    rows = [figure for figure in figures if figure.id.startswith(cells)]
    assert len(rows) > 50
    assert not [figure.id for figure in rows if figure.not_computed]
    blind = {figure.id for figure in rows if figure.role == "blind"}
    assert blind == {"or-nvp-2c", "naf-co2-gap-400", "naf-co2-gap-500"}
