"""The protocol that a record shows moves the charge that the record moved, at the times at which it moved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.errors import RecordError
from natrode.measurement import Column, Measurement
from natrode.protocol import Impedance, Protocol, Recorded
from natrode.recorded import RUN, protocol_of
from tests.analysis.records import AREA, HOUR, alternating, cycling_record, experiment, spectrum_record, zarc

F = np.logspace(5, 0, 26)


def stretches(protocol: Protocol) -> list[tuple[float, float]]:
    return [s for step in protocol.steps if isinstance(step, Recorded) for s in step.stretches]


def test_half_cycles_and_rests_become_stretches() -> None:
    record = cycling_record([(HOUR, 0.0), (HOUR, 1e-4), (0.5 * HOUR, 0.0), (HOUR, -2e-4)], samples=50)
    found = stretches(Protocol.from_measurement(record))
    assert [d for d, _ in found] == pytest.approx([HOUR, HOUR, 0.5 * HOUR, HOUR], rel=0.02)
    assert [j for _, j in found] == pytest.approx([0.0, 1.0, 0.0, -2.0], abs=0.02)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(10.0, 1e4), st.floats(-1e-2, 1e-2)), min_size=1, max_size=8),
    st.integers(2, 30),
    st.floats(0.0, 0.3),
)
def test_the_charge_is_the_record_s_whatever_the_current(segments, samples, noise) -> None:
    record = cycling_record(segments, samples=samples)
    current = record.array(Column.CURRENT)
    current = current * (1.0 + noise * np.random.default_rng(0).standard_normal(len(current)))
    record = Measurement(record.metadata, record.table.assign(**{str(Column.CURRENT): current}))
    time = record.array(Column.TIME)
    found = stretches(Protocol.from_measurement(record))
    scale = max(float(np.trapezoid(np.abs(current), time)), 1e-12)
    assert abs(sum(d * j for d, j in found) * AREA - np.trapezoid(current, time)) < 1e-9 * scale
    assert sum(d for d, _ in found) == pytest.approx(time[-1] - time[0])


def test_a_slow_ramp_is_followed_not_averaged() -> None:
    record = cycling_record([(HOUR, 1e-3)], samples=400)
    ramp = np.linspace(0.0, 1e-3, 400)
    record = Measurement(record.metadata, record.table.assign(**{str(Column.CURRENT): ramp}))
    found = stretches(Protocol.from_measurement(record))
    assert len(found) > 100
    assert max(abs(j) for _, j in found) == pytest.approx(10.0, rel=0.02)


def test_spectra_stand_where_they_were_taken() -> None:
    columns = {Column.TIME.value: [1800.0, 5400.0]}
    spectra = spectrum_record([40.0 + zarc(F, 10.0, 1e-3)] * 2, F, columns=columns)
    record = experiment(cycling_record([(2 * HOUR, 1e-4)], samples=100), spectra)
    steps = Protocol.from_measurement(record).steps
    assert [type(step) for step in steps] == [Recorded, Impedance, Recorded, Impedance, Recorded]
    assert sum(d for d, _ in steps[0].stretches) == pytest.approx(1800.0)
    assert steps[1].points_per_decade == 5
    assert steps[1].current_density == pytest.approx(1.0)


def test_temperature_and_pressure_profiles_are_taken_over() -> None:
    wave = cycling_record(alternating(4), temperature=lambda t: 25.0 + 5.0 * np.sin(t / 3000.0), samples=60)
    protocol = Protocol.from_measurement(wave)
    times, kelvin = np.array(protocol.temperature).T
    assert np.interp(5000.0, times, kelvin) == pytest.approx(298.15 + 5.0 * np.sin(5000.0 / 3000.0), abs=0.1)
    flat = cycling_record(alternating(4), temperature=lambda t: 25.0 + 0.0 * t)
    assert Protocol.from_measurement(flat).temperature == pytest.approx(298.15)
    assert Protocol.from_measurement(flat).pressure is None


def test_between_two_files_no_current_is_known_to_flow() -> None:
    record = cycling_record([(HOUR, 1e-4), (HOUR, 1e-4)], samples=10)
    time = record.array(Column.TIME).copy()
    time[10:] += 5 * HOUR
    columns = {str(Column.TIME): time, RUN: np.repeat([0, 1], 10)}
    found = stretches(Protocol.from_measurement(Measurement(record.metadata, record.table.assign(**columns))))
    assert [round(j, 3) for _, j in found] == [1.0, 0.0, 1.0]
    assert found[1][0] == pytest.approx(5 * HOUR)


def test_what_is_missing_is_said() -> None:
    record = cycling_record([(HOUR, 1e-4)])
    bare = Measurement(record.metadata, record.table.drop(columns=[str(Column.CURRENT)]))
    with pytest.raises(RecordError, match="no current; give it"):
        protocol_of(bare)
    current = record.array(Column.CURRENT).copy()
    current[5:8] = np.nan
    with pytest.raises(RecordError, match="not known for"):
        protocol_of(Measurement(record.metadata, record.table.assign(**{str(Column.CURRENT): current})))
    with pytest.raises(RecordError, match="area of the working electrode is unknown"):
        protocol_of(record.with_metadata(geometry={}))
    assert protocol_of(record.with_metadata(geometry={}), area=1e-4)
