import math

import pytest

from natrode.reproduce.table import FigureRow, Reproduction


def row(published, tolerance, interval, role="retrodicted", status="agrees"):
    return FigureRow(
        id="x", paper="p", quantity="", conditions="", where="", published=published, tolerance=tolerance,
        tolerance_reason="", computed=1.0, unit="h", interval=interval, prior_interval=None, baseline=None,
        baseline_method="", role=role, status=status, note="",
    )  # fmt: skip


def counts(*rows):
    table = Reproduction((), tuple(rows), (), (), "0", 1, 1, 0.0)
    return table.coverage(), table.tolerated(), table.bounds()


def test_a_number_is_covered_by_its_interval_and_not_by_its_tolerance():
    inside, beside, outside = row(5.0, (4.0, 6.0), (4.5, 5.5)), row(5.0, (4.0, 6.0), (5.1, 7)), row(5.0, (4, 6), (8, 9))
    assert counts(inside, beside, outside) == ((1, 3, pytest.approx(2.7)), 2, (0, 0))
    assert counts(row(5.0, (4.0, 6.0), (4.5, None)), row(5.0, (4.0, 6.0), (None, 4.0)))[0][0] == 1


def test_a_published_range_is_covered_where_the_interval_meets_it():
    assert counts(row([1.0, 2.0], (1.0, 2.0), (1.9, 3.0)), row([1.0, 2.0], (1.0, 2.0), (2.1, 3.0)))[0][:2] == (1, 2)


def test_a_bound_is_no_number_to_be_covered():
    """A cell that outlives "more than 600 h" by far keeps the bound: its interval need not hold the 600."""
    longer, shorter = row(600.0, (540.0, math.inf), (1000.0, None)), row(600.0, (540.0, math.inf), (1.0, 9.0))
    assert counts(longer, shorter) == ((0, 0, 0.0), 0, (1, 2))
    assert counts(row(20.0, (-math.inf, 20.0), (13.0, 90.0)))[2] == (1, 1)


def test_only_predictions_that_were_compared_count():
    others = (
        row(5.0, (4.0, 6.0), (4.5, 5.5), role="fitted"),
        row(None, None, (4.5, 5.5), role="blind", status="awaits comparison"),
        row(True, None, None, role="observation", status="observation holds"),
        row(5.0, (4.0, 6.0), None, role="validation"),
    )
    assert counts(*others) == ((0, 0, 0.0), 0, (0, 0))
