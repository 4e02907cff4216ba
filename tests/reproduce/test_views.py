import math

import numpy as np
import pytest

from natrode.reproduce import views


def test_the_empirical_curve_has_the_published_optimum_and_begins_at_wetted_sodium():
    (curve,) = views._empirical_optimum(1.05, 3.1)
    y = dict(zip(views._RAMPS, curve.y, strict=True))
    assert "empirical" in curve.name
    assert curve.low is curve.high is None, "no band: it predicts nothing"
    assert y["1-5"] == np.nanmax(curve.y) == pytest.approx(3.1)
    assert y["sno2"] == 1.05
    assert math.isnan(y["na"])
    assert math.isnan(y["zro2"])


def test_no_empirical_curve_without_a_gain():
    assert views._empirical_optimum(3.2, 3.1) == []
    assert views._empirical_optimum(math.nan, 3.1) == []
