import numpy as np
import pytest

from natrode.errors import CalibrationError
from natrode.reproduce.sampling import central_draw, condition, from_unit


def test_uniform_conditional_of_a_known_region():
    # u0 + u1 within 0.01 of 0.5: u0 is uniform on [0, 0.5], u2 stays uniform on [0, 1]
    result = condition(lambda u, _: abs(u[:, 0] + u[:, 1] - 0.5) / 0.01, 3, 400, seed=1)
    assert np.all(result.distances <= 1)
    assert result.distinct > 0.95
    assert np.all(abs(result.points[:, 0] + result.points[:, 1] - 0.5) <= 0.01)
    for values, top in ((result.points[:, 0], 0.5), (result.points[:, 2], 1.0)):
        assert values.mean() == pytest.approx(top / 2, abs=4 * top / np.sqrt(12 * 400))
        assert values.std() == pytest.approx(top / np.sqrt(12), rel=0.15)


def test_same_seed_same_sample_and_other_seed_another():
    def distance(u, _):
        return abs(u[:, 0] - 0.3) / 0.1

    first, second, third = (condition(distance, 2, 50, seed=s) for s in (4, 4, 5))
    assert np.array_equal(first.points, second.points)
    assert not np.array_equal(first.points, third.points)


def test_figures_that_no_draw_can_give_are_refused():
    with pytest.raises(CalibrationError, match="cannot give these figures together"):
        condition(lambda u, _: 2.0 + u[:, 0], 2, 50, seed=1)


def test_figures_that_do_not_exist_anywhere_are_refused():
    with pytest.raises(CalibrationError, match="widen the prior"):
        condition(lambda u, _: np.full(len(u), np.inf), 2, 50, seed=1)


def test_log_uniform_and_central_draw():
    assert from_unit(np.array([0.0, 0.5, 1.0]), 1.0, 100.0, "log-uniform") == pytest.approx([1, 10, 100])
    points = np.random.default_rng(0).random((101, 3))
    middle = points[central_draw(points)]
    assert np.all((middle > 0.15) & (middle < 0.85))
