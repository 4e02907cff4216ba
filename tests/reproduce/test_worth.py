import math

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.reproduce import calibrate, library, trials, worth
from natrode.reproduce.worth import Prediction

PAPER = library.load_paper("BH")


def made(values, name="bh-11-bare"):
    return Prediction(PAPER.figure(name), np.asarray(values, float))


def test_the_range_and_what_is_left_of_it():
    broad, narrow = made(np.geomspace(1, 100, 61)), made(np.geomspace(5, 20, 61))
    (row,) = worth.narrowed([broad], [narrow])
    assert row[-1] == pytest.approx(math.log(4) / math.log(100), rel=1e-3)
    assert worth.narrowed([broad], [broad])[0][-1] == pytest.approx(1.0)
    assert worth.narrowed([broad], [made([math.inf] * 61)])[0][-2:] == ["no answer", None]


def test_a_figure_that_follows_another_is_worth_its_whole_width():
    """Of three figures one repeats the first and one is independent: half of the width is taken away on average."""
    generator = np.random.default_rng(3)
    first, other = generator.random(worth.DRAWS), generator.random(worth.DRAWS)
    rows = worth.told([made(first), made(2 * first, "bh-15-bare"), made(other, "bh-33-bare")])
    assert rows[1][-1] == pytest.approx(0.5, abs=0.05)
    assert rows[2][-1] < 0.1
    assert rows[0][-1] is None  # conditioned on already


def test_the_parameter_that_drives_a_figure_is_named():
    sample = calibrate.stored_sample(PAPER, "default")
    draws = np.unique(np.linspace(0, len(sample.values) - 1, worth.DRAWS).astype(int))
    first = worth.driven([made(sample.values[draws, 1])], sample)[0]
    assert first == ["bh-11-bare", sample.calibration.names[1], pytest.approx(1.0)]


def test_a_parameter_is_named_with_its_interfaces_only_where_others_have_its_name():
    calibration = library.load_paper("hNa").calibrations["default"]
    assert "crack_overpotential" in calibration.names
    assert "void_capacity (h-na-*)" in calibration.names
    assert len(set(calibration.names)) == len(calibration.parameters)


def test_answers_on_given_parameters_are_those_of_the_main_job():
    sample = calibrate.stored_sample(PAPER, "default")
    trial = PAPER.trial(PAPER.figure("bh-15-bare").experiment)
    found = trials.answers_of("BH", trial.id, [sample.overrides(3)])
    cell, protocol = PAPER.cell(trial.cell), PAPER.protocol(trial.protocol)
    model = trials.parameters.assemble(cell)
    _, again, _ = trials._one(model, cell, protocol, trial, sample.overrides(3), trials.questions_of(PAPER, trial))
    assert set(found) == set(again)
    for name, value in again.items():
        assert found[name][0] == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("add", "says"),
    [
        ("bh-11-bare", "conditioned on it already"),
        ("bh-rate-5-bh", "no published value"),
        ("bh-11-bar", "did you mean"),
    ],
)
def test_a_figure_that_cannot_be_added_is_refused(add, says):
    with pytest.raises(SpecificationError, match=says):
        worth.report("BH", add=add)


@pytest.mark.slow
def test_one_more_figure_narrows_the_others():
    document = worth.report("BH", add="bh-33-bare")
    parameters, figures = document["tables"]
    charge = next(row for row in parameters["rows"] if row[0].startswith("protrusion_charge"))
    assert charge[-1] < 1.0
    kept = {row[0]: row[-1] for row in figures["rows"]}
    assert kept["bh-15-bare"] is not None
    assert "bh-33-bare" in kept
