import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.analysis import weibull_from_brackets
from natrode.errors import RecordError

REPLICATES = [(4.0, 5.0), (5.0, 6.0), (5.0, 6.0), (3.0, 4.0), (6.0, 7.0), (6.0, None), (None, 1.0)]
"""Scenario 8 of the laboratory, in A/m2: five brackets, one alive at the end, one dead on the first step."""


def brackets_of(values, step=0.5, end=math.inf):
    found = []
    for value in values:
        low = step * math.floor(value / step)
        found.append((end, None) if low >= end else (low or None, low + step))
    return found


def test_scenario_8_with_and_without_the_early_failure():
    everything = weibull_from_brackets(REPLICATES, excluded=["C04: cracked pellet"])
    without = weibull_from_brackets(REPLICATES[:-1], excluded=["C04: cracked pellet"])
    assert everything.summary == "n = 7 of 8; excluded C04: cracked pellet"
    assert (everything.n_failed, everything.n_censored) == (6, 1)
    assert without.shape.value > 2 * everything.shape.value
    for fit in (everything, without):
        for result in (fit.shape, fit.scale, fit.median):
            assert result.interval[0] < result.value < result.interval[1]
        assert fit.survival(fit.median.value) == pytest.approx(0.5)
    assert everything.scale.to_json()["unit"] == "mA/cm2"
    json.dumps(everything.to_json(), allow_nan=False)


def test_fewer_than_five_failures_give_no_line():
    fit = weibull_from_brackets([*REPLICATES[:4], (6.0, None), (6.0, None)])
    assert fit.shape.quality == fit.median.quality == "not computed"
    assert "no Weibull line below 5" in fit.shape.reason
    assert fit.survival(1.0) is None


def test_brackets_that_one_value_satisfies_are_too_coarse():
    assert "too coarse" in weibull_from_brackets([(4.0, 5.0)] * 6).shape.reason


@pytest.mark.parametrize("wrong", [(None, None), (-1.0, 2.0), (3.0, 2.0), (None, 0.0), (math.nan, 1.0)])
def test_wrong_brackets(wrong):
    with pytest.raises(RecordError):
        weibull_from_brackets([*REPLICATES, wrong])


def test_exact_values_agree_with_the_likelihood_equation():
    values = 10.0 * np.random.default_rng(3).weibull(3.0, 30)
    fit = weibull_from_brackets([(v, v) for v in values])
    shape = fit.shape.value
    logs, powers = np.log(values), values**shape
    assert 1.0 / shape == pytest.approx(np.sum(powers * logs) / np.sum(powers) - logs.mean(), rel=1e-3)
    assert fit.scale.value == pytest.approx(np.mean(powers) ** (1.0 / shape), rel=1e-3)


def test_profile_intervals_cover_as_often_as_they_say():
    random = np.random.default_rng(0)
    hits = {"shape": 0, "scale": 0}
    for _ in range(40):
        fit = weibull_from_brackets(brackets_of(5.0 * random.weibull(3.0, 12), end=6.0))
        if fit.shape.value is None:
            continue
        for name, truth in (("shape", 3.0), ("scale", 5.0)):
            low, high = getattr(fit, name).interval
            hits[name] += (low or 0.0) <= truth <= (high or math.inf)
    assert all(0.75 <= count / 40 <= 1.0 for count in hits.values()), hits


@settings(max_examples=4, deadline=None)
@given(st.floats(1e-3, 1e3))
def test_the_unit_of_the_brackets_does_not_matter(factor):
    scaled = weibull_from_brackets(
        [(None if a is None else a * factor, None if b is None else b * factor) for a, b in REPLICATES]
    )
    plain = weibull_from_brackets(REPLICATES)
    assert scaled.shape.value == pytest.approx(plain.shape.value, rel=1e-3)
    assert scaled.median.value == pytest.approx(plain.median.value * factor, rel=1e-3)


def test_censoring_moves_the_scale_upwards():
    alive = [(6.0, None)] * 3
    assert weibull_from_brackets([*REPLICATES, *alive]).scale.value > weibull_from_brackets(REPLICATES).scale.value
