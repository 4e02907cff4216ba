import json
import math

import numpy as np
import pytest

from natrode.reproduce import calibrate, library, run, trials
from natrode.reproduce.library import load_paper
from natrode.reproduce.paper_tables import flag_rows


@pytest.fixture(scope="module")
def small():
    """Two papers on eight draws of the sample and four of the prior, in this process."""
    patch = pytest.MonkeyPatch()
    full, prior = calibrate.stored_sample, calibrate.prior_sample
    patch.setattr(trials, "stored_sample", lambda p, n: calibrate.Sample(p.calibrations[n], full(p, n).values[::25]))
    patch.setattr(trials, "prior_sample", lambda c, n: prior(c, 4))
    result = run.reproduce(["hNa", "NaF"], workers=1)
    patch.undo()
    return result


def rows(result):
    return {row.id: row for row in result.rows}


def test_every_figure_has_one_row(small):
    expected = [figure.id for key in ("hNa", "NaF") for figure in load_paper(key).figures]
    assert sorted(row.id for row in small.rows) == sorted(expected)


def test_published_values_are_the_papers_and_computed_ones_are_not(small):
    for row in small.rows:
        figure = load_paper(row.paper).figure(row.id)
        if isinstance(figure.value, float):
            assert row.published == figure.value
        if figure.value is None:
            assert row.published is None


def test_fitted_figures_agree_and_their_intervals_lie_within_the_tolerance(small):
    fitted = [row for row in small.rows if row.role == "fitted" and row.status != "not computed" and row.interval]
    assert len(fitted) >= 8
    for row in fitted:
        assert row.status == "agrees"
        low, high = row.tolerance
        assert low * 0.97 <= row.interval[0] <= row.interval[1] <= high * 1.03


def test_blind_rows_await_their_comparison(small):
    blind = [row for row in small.rows if row.role == "blind"]
    assert {"hna-ccd-sno2", "hna-r100-15", "hna-v05-15", "naf-sigma-50"} <= {row.id for row in blind}
    assert all(row.status == "awaits comparison" and row.computed is not None for row in blind)


def test_what_is_not_computed_says_why(small):
    for row in small.rows:
        if row.status == "not computed":
            assert row.note
            assert row.computed is None


def test_wide_intervals_are_not_informative_whatever_they_contain(small):
    for row in small.rows:
        width = row.width_factor
        closed = row.tolerance is not None and all(math.isfinite(end) for end in row.tolerance)
        if row.role == "retrodicted" and closed and width and width > run.INFORMATIVE:
            assert row.status == "not informative"


LAST = "pbc-nvp-life-na-last"  # published: 49.7 mAh/g


@pytest.mark.parametrize(
    ("name", "computed", "interval", "status", "why"),
    [
        (LAST, 0.0, (0.0, 0.0), "misses", ""),
        (LAST, 1.0, (0.0, 2.0), "not informative", "the interval reaches down to zero and does not reach the figure"),
        (LAST, 20.0, (10.0, 50.0), "not informative", "the interval is a factor 5.0 wide"),
        (LAST, 45.0, (40.0, 50.0), "agrees", ""),
        ("hna-v05-15", 24.0, (23.0, 243.0), "awaits comparison", "the interval is a factor 10.6 wide: not informative"),
        ("hna-v05-15", 24.0, (23.0, None), "awaits comparison", "the interval is open: not informative"),
        ("hna-v05-15", 24.0, (23.0, 25.0), "awaits comparison", ""),
    ],
)
def test_an_interval_is_judged_by_its_width_and_its_place(name, computed, interval, status, why):
    figure = next(f for key in ("pbc-2022", "hNa") for f in load_paper(key).figures if f.id == name)
    assert run._judged(figure, computed, interval) == (status, why)


def test_a_failed_law_row_says_why_and_later_sentences_begin_with_a_capital():
    validation = load_paper("validation")
    row = run._row(validation, validation.figure("v15-n-02"), {})
    assert row.status == "observation fails"
    assert ". A contact with three times the yield strength" in row.note


def test_intervals_of_resistance_follow_from_the_sample(small):
    row = rows(small)["hna-r0-11"]
    sample = calibrate.stored_sample(load_paper("hNa"), "default")
    draws = [sample.overrides(n)["h-na-1-1/nzsp-hna"] for n in range(len(sample.values))]
    resistance = np.array([draw["contact_resistance"] for draw in draws])
    ratio = np.array([draw["area_ratio"] for draw in draws])
    expected = (1e4 * resistance / ratio)[::25]
    assert row.computed == pytest.approx(np.median(expected), rel=0.03)


def test_views_carry_bands_points_and_rows(small):
    by_id = {view.id: view for view in small.views}
    operando = by_id["hna-operando-na"]
    curve = operando.curves[0]
    assert np.all(curve.low <= curve.high)
    assert any(point.x == pytest.approx(200 / 60) for point in operando.published)
    assert "hna-geis-na" in operando.figures
    assert {"hna-ratio-series", "contact-angles"} <= set(by_id)


def test_plots_data_are_written_as_numbers(small, tmp_path):
    run.save_records(small, tmp_path)
    documents = [json.loads(path.read_text()) for path in (tmp_path / "plots").glob("*.json")]
    assert len(documents) == len(small.views)
    assert all(document["simulated"] for document in documents)


def test_an_order_is_judged_draw_by_draw():
    figure = load_paper("hNa").figure("hna-ccd-order-zro2")
    key = trials.question("critical-current", {"convention": "largest survived"})

    def outcome(values):
        answers = np.column_stack([values, values])
        return trials.Outcome("t", {key: answers}, {}, None, (), None)

    given = {
        "hna-ramp-na": outcome([1.0, 1.0]),
        "hna-ramp-zro2": outcome([2.0, 0.5]),
        "hna-ramp-1-5": outcome([3.0, 3.0]),
    }
    assert list(run._ordered(figure, given)) == [1.0, 0.0]


def test_all_flags_are_there():
    flags = [flag for key in library.paper_names() for flag in flag_rows(load_paper(key))]
    assert len(flags) == 54
    assert all(flag.statement for flag in flags)


def test_every_trial_and_loss_is_run_once_the_longest_first():
    papers = [library.load_paper(name) for name in library.paper_names()]
    jobs = run._jobs(papers)
    losses = {(paper.key, number) for paper in papers for number in range(len(paper.losses))}
    asked = {(p.key, t.id) for p in papers for t in p.trials if trials.questions_of(p, t)}
    assert len(jobs) == len(set(jobs))
    assert set(jobs) == losses | asked
    replicates = [load_paper(key).trial(name).replicates > 1 for key, name in jobs if isinstance(name, str)]
    assert replicates == sorted(replicates, reverse=True)


def test_a_band_reaches_as_far_as_half_of_the_draws():
    from natrode.reproduce import views

    def trace(end, value, kind="peaks"):
        return trials.Trace(kind, np.arange(1.0, end + 1), np.full(end, value))

    curve = views._curve([trace(10, 5.0), trace(20, 6.0), trace(100, 1.0), trace(100, 2.0), trace(100, 3.0)], "cell")
    assert curve.x[-1] == pytest.approx(100)
    assert curve.name == "cell, median and 5-95 % of 5 draws, 2 end earlier"
    assert (curve.y[0], curve.y[-1]) == (3.0, 3.0)  # the two that failed stay above it
    assert (curve.low[-1], curve.high[0], curve.high[-1]) == (1.0, 5.0, 6.0)
    assert views._curve([trace(10, 5.0), trace(20, 6.0), trace(100, 1.0)], "cell").x[-1] == pytest.approx(20)
    assert views._curve([trace(100, 1.0), trace(100, 2.0)], "cell").name == "cell, median and 5-95 % of 2 draws"
    one = views._curve([trace(1, value, "capacity") for value in (90.0, 100.0, 110.0)], "cell")
    assert (one.x.tolist()[::159], one.low[0], one.y[0]) == (pytest.approx([0.8, 1.2]), 90.0, 100.0)
    at_once = views._curve([trace(1, 5.0), trace(1, 5.0), trace(1, 5.0), trace(9, 2.0), trace(9, 3.0)], "cell")
    assert all(np.isfinite(ends).all() for ends in (at_once.y, at_once.low, at_once.high))
    faded = views._curve(
        [trace(10, 90.0, "capacity"), trace(100, 100.0, "capacity"), trace(100, 110.0, "capacity")], "cell"
    )
    assert (faded.low[0], faded.low[-1], faded.y[-1]) == (90.0, 0.0, 100.0)


def test_cycling_is_drawn_against_the_cycle_and_lives_find_their_place(small):
    by_id = {view.id: view for view in small.views}
    long = by_id["hna-cycling-1-5"]
    assert long.x_title == "cycle"
    assert (long.curves[0].x[0], long.curves[0].x[-1]) == pytest.approx((1, 3000))
    assert {point.x for point in long.published} == {1, 3000}
    short = by_id["hna-cycling-na"]
    assert any(point.x == pytest.approx(41) for point in short.published)  # 82 h of 2 h each


def test_the_last_capacity_stands_at_the_last_cycle(small):
    view = next(view for view in small.views if view.id == "hna-nvp-life-h")
    assert [point.x for point in view.published] == [7300]


def test_spectra_are_drawn_with_the_published_resistance_on_the_real_axis(small):
    by_id = {view.id: view for view in small.views}
    fresh = by_id["hna-ramp-na-spectra"]
    assert fresh.kind == "nyquist"
    assert {"pristine Na", "h-Na 1:5", "h-Na 1:1"} <= {curve.name for curve in fresh.curves}
    pellet = 0.162 / 4.1e-3
    assert [point.x for point in fresh.published][:1] == pytest.approx([pellet + 2 * 12.0])
    for curve, point in zip(fresh.curves, fresh.published, strict=False):
        assert abs(curve.x[-1] - point.x) < 0.3 * point.x
    assert len(by_id["hna-operando-na-spectra"].curves) == 5


def test_a_title_says_the_temperature_once_and_an_axis_is_logarithmic_where_it_can_be():
    from natrode.reproduce import views
    from natrode.reproduce.table import Curve, PublishedPoint

    assert views._title("pristine Na, 70 degC", "70 degC, 0.14 eV; 0.1 mA/cm2 steps") == (
        "pristine Na, 70 degC: 0.14 eV; 0.1 mA/cm2 steps"
    )
    assert views._title("pristine Na", "25 degC, 2 h") == "pristine Na: 25 degC, 2 h"
    one = Curve("cell", np.arange(2.0), np.array([1.0, 2.0]), np.array([0.5, 1.0]), np.array([2.0, 500.0]))
    assert views._spans_decades([one], [])
    assert not views._spans_decades([one], [PublishedPoint(0.0, 0.0, "about 0", "Fig 1")])
