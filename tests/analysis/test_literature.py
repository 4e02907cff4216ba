from dataclasses import replace

import pytest

from natrode.analysis import Published, Result, against_literature

RESISTANCE = Result(
    quantity="interface resistance",
    dimension="area-specific resistance",
    method="m",
    scope="cell",
    n_interfaces=2,
    settings={"temperature": 298.15, "pressure": 5e6},
).found(10e-4, 1e-4)


def figure(value, **changes):
    base = dict(
        name=f"fig {value}",
        dimension="area-specific resistance",
        value=value,
        kind="interface resistance",
        temperature=298.15,
        protocol_class="spectrum",
        n_interfaces=2,
        pressure=5e6,
    )
    return Published(**{**base, **changes})


def place(*figures, result=RESISTANCE, **changes):
    return against_literature(
        result, figures, **{"kind": "interface resistance", "protocol_class": "spectrum", **changes}
    )


def test_a_result_among_like_values():
    answer = place(figure(5e-4), figure(20e-4), figure(12e-4))
    assert answer.ratio.value == pytest.approx(10 / 12)
    assert answer.ratio.interval == (pytest.approx(0.5), pytest.approx(2.0))
    assert answer.statement.startswith("above 1 of 3 published values measured alike (5 Ohm cm2 to 20 Ohm cm2)")
    assert [f.value for f in answer.alike] == [5e-4, 12e-4, 20e-4]
    assert answer.alike[0].text == "5 Ohm cm2, 25 degC, 5 MPa, spectrum, 2 interfaces: fig 0.0005"
    assert (answer.ratio.scope, answer.ratio.n_interfaces) == ("cell", 2)
    assert answer.ratio.quality == "good"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"temperature": 333.15}, "measured at 60 degC, this one at 25 degC"),
        ({"temperature": None}, "does not say its temperature"),
        ({"n_interfaces": 1}, "counts 1 interface, this one 2"),
        ({"n_interfaces": None}, "factor of two"),
        ({"protocol_class": "one-sided"}, "another protocol"),
        ({"dimension": "resistance"}, "give the geometry"),
        ({"pressure": 20e6}, "at 20 MPa, this one at 5 MPa"),
    ],
)
def test_unlike_values_are_not_compared(changes, why):
    answer = place(figure(5e-4, **changes))
    assert answer.ratio.quality == "not computed"
    assert why in answer.statement
    assert answer.unlike[0][0] == "fig 0.0005"


def test_an_unknown_pressure_is_not_taken_as_alike():
    answer = place(figure(5e-4), figure(20e-4, pressure=None), figure(12e-4))
    assert answer.ratio.quality == "doubtful"
    assert answer.statement.endswith("pressure unknown in 1 of 3 papers' values")
    mute = place(
        figure(5e-4), figure(20e-4), figure(12e-4), result=replace(RESISTANCE, settings={"temperature": 298.15})
    )
    assert mute.ratio.reason == "pressure unknown of this cell"


def test_a_critical_current_needs_the_same_protocol():
    result = replace(RESISTANCE, quantity="critical current density", dimension="current density", value=31.0)
    theirs = figure(5.0, kind="ccd", dimension="current density", protocol={"charge_per_half_cycle": 7200.0})
    for charge, alike in ((7200.0, 1), (3600.0, 0)):
        answer = place(theirs, result=result, kind="ccd", protocol={"charge_per_half_cycle": charge})
        assert len(answer.alike) == alike
    one = place(theirs, result=result, kind="ccd", protocol={"charge_per_half_cycle": 7200.0})
    assert (one.ratio.quality, one.ratio.value) == ("doubtful", pytest.approx(6.2))


def test_nothing_to_compare():
    assert "no paper prints" in place().statement
    assert "has no value" in place(figure(1e-4), result=RESISTANCE.refused("no spectrum")).statement
