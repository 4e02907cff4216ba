import json
import math

import numpy as np
import pytest

from natrode.analysis import Result, Series
from natrode.analysis.reading import resistance_of
from natrode.errors import RecordError

ASKED = Result(quantity="interface resistance", dimension="area-specific resistance", method="by hand")


def test_a_question_has_no_value():
    assert ASKED.value is None
    assert ASKED.quality == "not computed"
    assert ASKED.to_json()["value"] is None


def test_an_answer_is_written_in_the_units_of_the_laboratory():
    document = ASKED.found(3.5e-4, 1e-5, interval=(3e-4, 4e-4), area=1e-4).to_json()
    assert document["unit"] == "Ohm cm2"
    assert document["value"] == pytest.approx(3.5)
    assert document["uncertainty"] == pytest.approx(0.1)
    assert document["interval"] == pytest.approx([3.0, 4.0])
    assert document["settings"] == {"area": 1e-4}
    json.dumps(document, allow_nan=False)


def test_the_uncertainty_of_a_temperature_is_a_difference():
    asked = Result(quantity="temperature", dimension="temperature", method="thermometer")
    document = asked.found(298.15, 2.0).to_json()
    assert document["value"] == pytest.approx(25.0)
    assert document["uncertainty"] == pytest.approx(2.0)


def test_limits_have_an_interval_and_no_value():
    low, high = ASKED.at_least(1.0, "still running"), ASKED.at_most(2.0, "not distinguishable from zero")
    assert (low.value, low.interval, low.quality) == (None, (1.0, None), "lower limit")
    assert (high.value, high.interval, high.quality) == (None, (0.0, 2.0), "upper limit")
    assert low.reason == "still running"


def test_a_doubt_makes_it_doubtful_and_is_kept():
    assert ASKED.found(1.0, doubts=["short range", "no area"]).reason == "short range; no area"
    assert ASKED.found(1.0, doubts=["short range"]).quality == "doubtful"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_failed_fit_becomes_a_refusal(value):
    refused = ASKED.found(value)
    assert refused.value is None
    assert refused.quality == "not computed"
    assert "finite" in refused.reason


def test_an_uncertainty_that_is_not_finite_is_a_doubt():
    answer = ASKED.found(1.0, math.inf)
    assert answer.uncertainty is None
    assert answer.quality == "doubtful"


@pytest.mark.parametrize(
    "wrong",
    [
        {"dimension": "charm"},
        {"value": math.nan, "quality": "good"},
        {"value": 1.0},
        {"quality": "good"},
        {"quality": "not computed", "reason": ""},
    ],
)
def test_a_result_cannot_contradict_itself(wrong):
    with pytest.raises(ValueError):
        Result(**{"quantity": "q", "dimension": "voltage", "method": "m", **wrong})


def test_a_series_writes_gaps_as_null():
    series = Series.of(ASKED, np.array([1e-4, np.nan]), np.array([0.0, 3600.0]), "time", "test time")
    document = series.to_json()
    assert document["value"] == [pytest.approx(1.0), None]
    assert document["x"] == pytest.approx([0.0, 1.0])
    assert document["reason"] == "1 of 2 without a value"
    json.dumps(document, allow_nan=False)


def test_a_given_resistance_may_be_a_number_a_pair_or_a_result():
    per_area = ASKED.found(40e-4, 1e-4)
    cell = Result(**{**vars(per_area), "scope": "cell"})
    assert resistance_of(40.0, None) == (40.0, 0.0)
    assert resistance_of((40.0, 1.0), None) == (40.0, 1.0)
    assert resistance_of(cell, 1e-4) == pytest.approx((40.0, 1.0))


@pytest.mark.parametrize("given", [-1.0, math.nan, (40.0, -1.0), ASKED, ASKED.found(40e-4)])
def test_what_is_no_resistance_of_the_cell_is_refused(given):
    with pytest.raises(RecordError):
        resistance_of(given, 1e-4)


def test_a_resistance_per_area_needs_an_area():
    cell = Result(**{**vars(ASKED.found(40e-4)), "scope": "cell"})
    with pytest.raises(RecordError, match="area"):
        resistance_of(cell, None)
