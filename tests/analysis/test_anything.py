"""Whatever an instrument writes, an analysis answers, refuses with a reason, or raises RecordError."""

import json
import math

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode import analysis
from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from tests.analysis.records import metadata

CURRENTS = st.sampled_from([0.0, 1e-4, -1e-4, 2e-4, -2e-4, 1e-7, math.nan])
VOLTAGES = st.one_of(st.sampled_from([0.0, 5e-3, -5e-3, 5.0, math.nan]), st.floats(-10, 10).map(lambda v: round(v, 9)))
OHM = st.floats(-1e3, 1e3).map(lambda v: round(v, 6))
VOLT = st.floats(-1, 1).map(lambda v: round(v, 9))
CYCLING = (
    analysis.overpotential,
    lambda r: analysis.overpotential(r, "peak", -1),
    analysis.hysteresis,
    analysis.polarisation_growth,
    analysis.polarisation_shape,
    lambda r: analysis.time_to_voltage(r, 0.1),
    lambda r: analysis.charge_to_voltage(r, 0.1),
    analysis.failure,
    lambda r: analysis.failure(r, 40.0, voltage_limit=5.0),
    analysis.life,
    lambda r: analysis.life(r, "overpotential", threshold=0.01),
    analysis.critical_current_density,
    lambda r: analysis.critical_current_density(r, 40.0),
    analysis.critical_current_from_ramp,
    analysis.summarise,
    analysis.summarise_series,
)
OTHERS = (analysis.summarise, analysis.summarise_series)


def check_answers(record, functions):
    for function in functions:
        try:
            found = function(record)
        except RecordError:
            continue
        for item in found if isinstance(found, list) else [found]:
            if hasattr(item, "to_json"):
                json.dumps(item.to_json(), allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(CURRENTS, VOLTAGES, st.integers(1, 12)), min_size=0, max_size=12),
    st.booleans(),
    st.booleans(),
)
def test_any_cycling_record(pieces, with_current, with_temperature):
    current = np.concatenate([np.full(n, i) for i, _, n in pieces] or [np.empty(0)])
    voltage = np.concatenate([np.full(n, v) for _, v, n in pieces] or [np.empty(0)])
    table = {Column.TIME.value: np.arange(len(current), dtype=float), Column.VOLTAGE.value: voltage}
    if with_current:
        table[Column.CURRENT.value] = current
    if with_temperature:
        table[Column.TEMPERATURE.value] = 25.0 + np.arange(len(current)) % 3
    check_answers(Measurement(metadata(), pd.DataFrame(table)), CYCLING)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(OHM, OHM), min_size=1, max_size=40),
    st.integers(1, 3),
    st.booleans(),
)
def test_any_impedance_record(points, spectra, with_charge):
    n = len(points)
    real, imaginary = np.array(points).T
    index = np.arange(n) * spectra // n
    table = {
        Column.FREQUENCY.value: np.logspace(6, -1, n),
        Column.REAL_IMPEDANCE.value: real,
        Column.IMAGINARY_IMPEDANCE.value: imaginary,
        Column.SPECTRUM.value: index,
    }
    if with_charge:
        table[Column.CHARGE.value] = 0.1 * index
        table[Column.TIME.value] = 10.0 * index
    check_answers(Measurement(metadata("impedance"), pd.DataFrame(table)), OTHERS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(VOLT, VOLT), min_size=1, max_size=40), st.floats(0, 100))
def test_any_sweep(points, ohm):
    voltage, current = np.array(points).T
    record = Measurement(
        metadata("sweep"), pd.DataFrame({Column.VOLTAGE.value: voltage, Column.CURRENT.value: current})
    )
    check_answers(record, [*OTHERS, lambda r: analysis.summarise(r, ohm)])
