import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natrode.analysis.circuit import ELEMENTS, parse_circuit
from natrode.errors import SpecificationError
from natrode.physics import impedance as laws

F = np.geomspace(1e-2, 1e6, 41)
W = 2 * np.pi * F
CIRCUITS = [
    "R0-L0-p(R1,CPE1)-p(R2,C2)-W3",
    "R0-p(R1-Ws1,CPE1)-ZARC2",
    "R0-T1-G2",
    "p(C0,R0-p(R1,CPE1-Wo2))-K3",
]


def some_values(circuit, random):
    centre = {"resistance": 20.0, "time": 1e-3, "exponent": 0.8, "prefactor": 1e-5, "elastance": 1e-6}
    return np.array(
        [
            centre.get(p.start, 1e-6 if p.start == "inductance" else 3.0) * (1 + 0.2 * random.uniform(-1, 1))
            for _, p in circuit.parameters
        ]
    )


@pytest.mark.parametrize("text", CIRCUITS)
def test_derivatives_are_those_of_the_impedance(text):
    circuit = parse_circuit(text)
    values = some_values(circuit, np.random.default_rng(1))
    _, slopes = circuit.with_derivatives(W, values[None])
    for n, (name, parameter) in enumerate(circuit.parameters):
        up, down = values.copy(), values.copy()
        step = 1e-6
        if parameter.scale == "logarithmic":
            up[n] *= np.exp(step)
            down[n] *= np.exp(-step)
        else:
            up[n] += step
            down[n] -= step
        numeric = (circuit.impedance(F, up) - circuit.impedance(F, down)) / (2 * step)
        assert slopes[0, n] == pytest.approx(numeric, rel=1e-5, abs=1e-7 * abs(numeric).max()), name


@pytest.mark.parametrize("symbol", sorted(ELEMENTS))
def test_elements_are_passive(symbol):
    circuit = parse_circuit(symbol)
    z = circuit.impedance(F, some_values(circuit, np.random.default_rng(2)))
    assert (z.real >= -1e-12).all()
    assert np.isfinite(z).all()


def test_arcs_are_those_of_the_laws():
    r, q, n = 30.0, 2e-6, 0.85
    assert parse_circuit("p(R1,CPE1)").impedance(F, [r, q, n]) == pytest.approx(laws.zarc(W, r, q, n))
    tau = laws.zarc_time_constant(r, q, n)
    assert parse_circuit("ZARC1").impedance(F, [r, tau, n]) == pytest.approx(laws.zarc(W, r, q, n))
    assert parse_circuit("CPE1").impedance(F, [q, n]) == pytest.approx(laws.constant_phase_element(W, q, n))


def test_limits_of_diffusion():
    slow, fast = np.array([1e-6]), np.array([1e6])
    assert parse_circuit("Ws1").impedance(slow, [10.0, 1.0])[0] == pytest.approx(10.0, rel=1e-4)
    assert parse_circuit("Wo1").impedance(slow, [10.0, 1.0])[0].real == pytest.approx(10.0 / 3, rel=1e-4)
    semi = parse_circuit("W1").impedance(fast, [10.0 / np.sqrt(2)])
    for symbol in ("Ws1", "Wo1"):
        assert parse_circuit(symbol).impedance(fast, [10.0, 1.0]) == pytest.approx(semi, rel=1e-6)
    assert parse_circuit("G1").impedance(slow, [10.0, 1.0])[0] == pytest.approx(10.0, rel=1e-4)


def test_limits_of_the_transmission_line():
    line = parse_circuit("T1")
    direct = line.impedance(np.array([1e-9]), [100.0, 25.0, 1e-3, 0.9])[0]
    assert direct == pytest.approx(np.sqrt(100 * 25) / np.tanh(np.sqrt(100 / 25)), rel=1e-4)
    short = line.impedance(F, [1e-6, 25.0, 1e-3, 0.9])  # no ionic resistance: the interface alone
    assert short == pytest.approx(parse_circuit("ZARC1").impedance(F, [25.0, 1e-3, 0.9]), abs=1e-6)


@given(st.lists(st.sampled_from(sorted(ELEMENTS)), min_size=1, max_size=6), st.booleans())
def test_text_round_trip(symbols, parallel):
    labels = [f"{symbol}{n}" for n, symbol in enumerate(symbols)]
    text = "-".join(labels)
    if parallel and len(labels) > 1:
        text = f"p({','.join(labels)})-R99"
    circuit = parse_circuit(text)
    assert circuit.text == text
    assert [label for label in circuit.elements if label != "R99"] == labels
    assert parse_circuit(circuit.text).root == circuit.root


def test_labels_without_number_get_one():
    assert list(parse_circuit("R-p(R,CPE)").elements) == ["R0", "R1", "CPE0"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty circuit"),
        ("R0-", "an element expected, read 'the end'"),
        ("R0-p(R1)", "needs two parts"),
        ("R0-p(R1,CPE1", r"'\)' expected"),
        ("R0-Q1", "no element 'Q'"),
        ("R0-Wz1", "did you mean W"),
        ("R0-R0", "appears twice"),
        ("R0)", "does not fit here"),
        ("R0+C1", "does not fit here"),
    ],
)
def test_mistakes_name_their_place(text, message):
    with pytest.raises(SpecificationError, match=message):
        parse_circuit(text)


def test_a_wrong_number_of_values_names_the_parameters():
    with pytest.raises(SpecificationError, match=r"3 parameters \(R1, CPE1.Q, CPE1.n\), got 2"):
        parse_circuit("p(R1,CPE1)").impedance(F, [1.0, 2.0])
