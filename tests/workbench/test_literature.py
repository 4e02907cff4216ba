"""Results among the figures of the papers: like with like only, and each printed number once."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from natrode.analysis.result import Result
from natrode.workbench.literature import STEPPED, places, published


def resistance(**changes: object) -> Result:
    question = Result(
        quantity="interface resistance", dimension="area-specific resistance", method="", n_interfaces=1,
        scope="per interface (assumed equal)", settings={"temperature": 298.15},
    )  # fmt: skip
    return replace(question.found(4e-4, 1e-5), **changes)


def test_printed_numbers_come_once_with_what_is_printed_only() -> None:
    found = published()
    assert len({(p.name, p.kind) for p in found}) == len(found)
    ramps = [p for p in found if p.protocol_class == STEPPED]
    hybrid = next(p for p in ramps if "2102579" in p.name and "h-Na 1:5" in p.name)
    assert hybrid.value == pytest.approx(31.0)
    assert hybrid.protocol == {"step": 1.0, "charge_per_half_cycle": 7200.0}
    lead = next(p for p in ramps if "d2sc05120f" in p.name)
    assert "charge_per_half_cycle" not in lead.protocol  # the paper does not say it
    assert lead.temperature == pytest.approx(343.15)


def test_a_resistance_is_placed_among_those_measured_alike() -> None:
    (place,) = places([resistance()], None)
    assert place.ratio.value == pytest.approx(4e-4 / 7.75e-4)  # the middle two of six are 3.5 and 12 Ohm cm2
    assert all("interface resistance" in p.name for p in place.alike)
    (whole,) = places([resistance(scope="cell", n_interfaces=2)], None)
    assert whole.ratio.value is None
    assert "counts 1 interface, this one 2" in whole.statement
    (cold,) = places([resistance(settings={"temperature": 250.0})], None)
    assert cold.ratio.value is None
    assert "measured at 25 degC, this one at -23 degC" in cold.statement
    (unknown,) = places([resistance(settings={})], None)
    assert "temperature of the result is not known" in unknown.statement


def test_quantities_that_no_paper_has_are_passed_over() -> None:
    assert places([resistance(quantity="overpotential (mean)")], None) == ()


def test_a_critical_current_is_placed_by_the_conditions_of_its_protocol() -> None:
    """The first published number with a charge, in a cell tested as its paper did, and ten degrees warmer."""
    theirs = next(p for p in published() if p.protocol_class == STEPPED and "h-Na 1:5" in p.name)
    question = Result(
        quantity="critical current density (largest survived)", dimension="current density", method="", scope="cell"
    )
    for kelvin, alike in ((298.15, True), (308.15, False)):
        critical = SimpleNamespace(protocol={**theirs.protocol, "temperature": kelvin, "pressure": None})
        (place,) = places([question.found(20.0, 0.3)], critical)
        assert (theirs in place.alike) is alike
        if alike:
            assert place.statement.startswith("above 1 of 2 published values measured alike (0.5 mA/cm2 to 3.1 mA/cm2)")
        else:
            assert "measured at 25 degC, this one at 35 degC" in place.statement


def test_a_resistance_that_a_paper_could_not_tell_from_zero_is_no_value_to_lie_among() -> None:
    assert all(p.value > 0 for p in published())
