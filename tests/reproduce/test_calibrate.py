from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ks_2samp

from natrode.errors import CalibrationError, OutputError, SpecificationError
from natrode.reproduce import calibrate, library, trials, worth
from natrode.reproduce.full_cells import assembled
from natrode.reproduce.quick_full import quick_trial

CALIBRATIONS = [(key, name) for key in library.paper_names() for name in library.load_paper(key).calibrations]


@pytest.mark.parametrize(("key", "name"), CALIBRATIONS)
def test_every_stored_draw_gives_its_figures_within_their_tolerances(key, name):
    paper = library.load_paper(key)
    sample = calibrate.stored_sample(paper, name)
    assert len(sample.values) == sample.calibration.draws
    for figure in (paper.figure(f) for f in sample.calibration.figures):
        trial = paper.trial(figure.experiment)
        quick = quick_trial(paper.cell(trial.cell), paper.protocol(trial.protocol))
        for draw in range(0, len(sample.values), 20):
            value = quick.run(sample.overrides(draw)).value(figure.analysis, figure.arguments)
            assert calibrate.distance_of(figure, value) <= 1.001, (figure.id, draw, value)


@pytest.mark.parametrize(("key", "name"), CALIBRATIONS)
def test_stored_draws_lie_in_the_prior(key, name):
    sample = calibrate.stored_sample(library.load_paper(key), name)
    for n, parameter in enumerate(sample.calibration.parameters):
        values = sample.values[:, n]
        assert values.min() >= parameter.low * (1 - 1e-9)
        assert values.max() <= parameter.high * (1 + 1e-9)


@pytest.mark.parametrize(("key", "name"), CALIBRATIONS)
def test_the_quick_figures_are_those_of_the_full_analysis(key, name):
    paper = library.load_paper(key)
    sample = calibrate.stored_sample(paper, name)
    for figure in (paper.figure(f) for f in sample.calibration.figures):
        trial = paper.trial(figure.experiment)
        cell, protocol = paper.cell(trial.cell), paper.protocol(trial.protocol)
        quick = quick_trial(cell, protocol)
        question = trials.question(figure.analysis, figure.arguments)
        wanted = {question: (figure.analysis, figure.arguments)}
        for draw in (0, 100):
            overrides = sample.overrides(draw)
            _, found, _ = trials._one(assembled(cell), cell, protocol, trial, overrides, wanted)
            value = quick.run(overrides).value(figure.analysis, figure.arguments)
            assert value == pytest.approx(found[question][0], rel=0.03), figure.id


@pytest.mark.slow
@pytest.mark.parametrize("key", ["bh-na-2021"])
def test_the_sample_is_derived_again(key):
    paper = library.load_paper(key)
    stored = calibrate.stored_sample(paper, "default")
    again, result = calibrate.draw(paper, "default", particles=120, seed=7)
    assert result.distinct > 0.8
    for n, parameter in enumerate(stored.calibration.parameters):
        assert ks_2samp(stored.values[:, n], again.values[:, n]).pvalue > 1e-3, parameter.label


def test_a_sample_of_another_prior_is_refused(monkeypatch, tmp_path):
    """A sample that was drawn before its paper's prior changed must not be run on in silence."""
    paper = library.load_paper("ORNa")
    sample = calibrate.stored_sample(paper, "default")
    monkeypatch.setattr(calibrate, "FOLDER", tmp_path)
    path = calibrate.store(paper, sample)
    assert calibrate.stored_sample(paper, "default").values == pytest.approx(sample.values, rel=1e-8)
    path.write_text(path.read_text().replace("0.7 d to 7.2 d", "0.7 d to 7.1 d"))
    with pytest.raises(CalibrationError, match=r"another prior.*store it again"):
        calibrate.stored_sample(paper, "default")


def test_contacts_do_not_transfer_between_laboratories():
    """Depth and shape of the contacts get the whole prior back, everything else keeps its sample."""
    paper = library.load_paper("hNa")
    stored, moved = calibrate.stored_sample(paper, "default"), calibrate.transferred_sample(paper, "default")
    prior = calibrate.prior_sample(stored.calibration, 2000)
    for n, parameter in enumerate(stored.calibration.parameters):
        if parameter.transfers:
            assert np.array_equal(moved.values[:, n], stored.values[:, n])
        else:
            assert parameter.name in ("void_capacity", "contact_shape")
            assert ks_2samp(moved.values[:, n], prior.values[:, n]).pvalue > 1e-3
    assert sum(not parameter.transfers for parameter in stored.calibration.parameters) == 4


def test_what_no_figure_sees_keeps_its_prior():
    paper = library.load_paper("hNa")
    sample = calibrate.stored_sample(paper, "default")
    prior = calibrate.prior_sample(sample.calibration, 2000)
    inert = {parameter.label for parameter in paper.inert_parameters(sample.calibration)}
    assert inert
    for n, parameter in enumerate(sample.calibration.parameters):
        if parameter.label in inert:
            assert ks_2samp(sample.values[:, n], prior.values[:, n]).pvalue > 1e-3


def test_narrowing_and_degeneracies_of_a_known_sample():
    paper = library.load_paper("hNa")
    calibration = paper.calibrations["default"]
    prior = calibrate.prior_sample(calibration, 2000)
    same = calibrate.narrowing(prior, prior)
    assert all(row[5] == pytest.approx(1.0) for row in same)
    assert calibrate.degeneracies(prior) == []
    tied = calibrate.Sample(calibration, prior.values.copy())
    tied.values[:, 1] = tied.values[:, 0]
    first = calibrate.degeneracies(tied)[0]
    assert first[2] == pytest.approx(1.0)
    assert np.all(np.isfinite([row[4] for row in same]))


def test_a_sample_survives_its_file(tmp_path):
    paper = library.load_paper("BH")
    sample = calibrate.stored_sample(paper, "default")
    path = calibrate.store(paper, sample, tmp_path / "s.csv")
    again = np.loadtxt((line for line in path.read_text().splitlines() if line[0] not in '#"'), delimiter=",")
    assert again == pytest.approx(sample.values, rel=1e-8)


def test_mistakes_are_named():
    paper = library.load_paper("hNa")
    with pytest.raises(OutputError, match="there is no folder /nowhere"):  # before the draw, which takes minutes
        worth.report("hNa", out=Path("/nowhere/sample.csv"))
    with pytest.raises(SpecificationError, match="no published value"):
        worth.report("hNa", add="hna-r100-15")
    with pytest.raises(SpecificationError, match="did you mean"):
        worth.report("hybrid-na-2021")
    with pytest.raises(CalibrationError, match="cannot be calibrated on"):
        calibrate.distance_of(paper.figure("hna-r100-15"), 1.0)


def test_the_interfaces_of_the_first_paper_hold_the_central_draw():
    from natrode import materials

    sample = calibrate.stored_sample(library.load_paper("hNa"), "default")
    central = sample.overrides(sample.central)
    for name in ("pristine-na/nzsp-hna", "h-na-1-5/nzsp-hna"):
        for parameter, value in central[name].items():
            assert materials.load_interface(name).parameters[parameter].si == pytest.approx(value, rel=1e-4)
