"""The record: equal after every round trip, immutable, and honest about files that were changed."""

import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.errors import RecordError
from natrode.measurement import REQUIRED_COLUMNS, Column, Experiment, Geometry, Measurement, Metadata, Origin

SIMULATION = Origin(kind="simulation", model="test", seed=3)
FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=64)
WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
POSITIVE = st.floats(1e-12, 1e3)
KNOWN = st.just("unknown") | POSITIVE


@st.composite
def records(draw):
    kind = draw(st.sampled_from(sorted(REQUIRED_COLUMNS)))
    rows = draw(st.integers(1, 12))
    columns = {c.value: draw(st.lists(FLOATS, min_size=rows, max_size=rows)) for c in REQUIRED_COLUMNS[kind]}
    if draw(st.booleans()):
        whole = st.lists(st.integers(-(2**62), 2**62), min_size=rows, max_size=rows)
        columns[Column.STEP.value] = np.array(draw(whole), dtype=np.int64)
    if draw(st.booleans()):
        columns['a column, of the "user\'s" own / Ω'] = [f"word {n}" for n in range(rows)]
    if draw(st.booleans()):
        columns["Held"] = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    metadata = Metadata(
        kind=kind,
        origin=Origin(
            kind=draw(st.sampled_from(["instrument", "simulation"])),
            file=draw(WORDS),
            seed=draw(st.none() | st.integers(0, 2**63)),
            parameters=draw(st.dictionaries(WORDS, JSON, max_size=3)),
        ),
        title=draw(WORDS),
        geometry=Geometry(
            working_area=draw(KNOWN),
            electrolyte_thickness=draw(KNOWN),
            interfaces_in_series=draw(st.sampled_from([0, 1, 2, "unknown"])),
            declared=draw(st.dictionaries(WORDS, POSITIVE, max_size=2)),
        ),
        temperature=draw(KNOWN),
        pressure=draw(KNOWN),
        settings=draw(st.dictionaries(WORDS, JSON, max_size=3)),
        warnings=tuple(draw(st.lists(WORDS, max_size=3))),
        user=draw(st.dictionaries(WORDS, JSON, max_size=2)),
    )
    return Measurement(metadata, pd.DataFrame(columns))


def cycling(**columns):
    table = {Column.TIME.value: [0.0, 1.0, 2.0], Column.VOLTAGE.value: [0.1, 0.2, 0.3], **columns}
    return Measurement(Metadata(kind="cycling", origin=SIMULATION), pd.DataFrame(table))


def impedance(index):
    rows = len(index)
    table = {
        Column.FREQUENCY.value: np.linspace(10.0, 1.0, rows),
        Column.REAL_IMPEDANCE.value: np.arange(rows, dtype=float),
        Column.IMAGINARY_IMPEDANCE.value: -np.arange(rows, dtype=float),
        Column.SPECTRUM.value: index,
    }
    return Measurement(Metadata(kind="impedance", origin=SIMULATION), pd.DataFrame(table))


@settings(max_examples=60, deadline=None)
@given(record=records())
def test_parquet_gives_an_equal_record(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("p") / "a.parquet"
    record.to_parquet(path)
    back = Measurement.from_parquet(path)
    assert back == record
    assert back.digest == record.digest


@settings(max_examples=60, deadline=None)
@given(record=records())
def test_csv_gives_an_equal_record(record, tmp_path_factory):
    path = tmp_path_factory.mktemp("c") / "a.csv"
    record.to_csv(path)
    back = Measurement.from_csv(path)
    assert back == record
    assert back.digest == record.digest


def test_files_are_read_without_a_warning(tmp_path):
    record = cycling()
    record.to_csv(tmp_path / "a.csv")
    record.to_parquet(tmp_path / "a.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Measurement.from_csv(tmp_path / "a.csv") == Measurement.from_parquet(tmp_path / "a.parquet") == record


def test_equality_sees_a_last_bit_and_a_word():
    record = cycling()
    other = cycling(**{Column.VOLTAGE.value: [0.1, 0.2, np.nextafter(0.3, 1)]})
    assert record != other
    assert record.digest != other.digest
    assert record != record.with_metadata(title="other")
    assert record.digest != record.with_metadata(title="other").digest
    assert record == cycling()
    assert record != "a record"


def test_a_record_cannot_be_changed():
    values = np.array([0.1, 0.2, 0.3])
    frame = pd.DataFrame({Column.TIME.value: [0.0, 1.0, 2.0], Column.VOLTAGE.value: values})
    record = Measurement(Metadata(kind="cycling", origin=SIMULATION), frame)
    digest = record.digest
    values[0] = 9.0
    frame.loc[0, Column.VOLTAGE.value] = 9.0
    table = record.table
    table.loc[0, Column.VOLTAGE.value] = 9.0
    table["new"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        record.array(Column.VOLTAGE)[0] = 9.0
    for name in ("metadata", "table"):
        with pytest.raises(AttributeError):
            setattr(record, name, None)
    with pytest.raises(ValueError, match="frozen"):
        record.metadata.title = "x"
    assert record.array(Column.VOLTAGE).tolist() == [0.1, 0.2, 0.3]
    assert "new" not in record
    assert Measurement(record.metadata, record.table).digest == digest


def test_changed_metadata_is_checked_and_leaves_the_original():
    record = cycling()
    assert record.with_metadata(temperature=300.0).metadata.temperature == 300.0
    assert record.metadata.temperature == "unknown"
    with pytest.raises(ValueError, match="temprature"):
        record.with_metadata(temprature=300.0)


@pytest.mark.parametrize("kind", sorted(REQUIRED_COLUMNS))
def test_a_missing_column_is_named(kind):
    for column in REQUIRED_COLUMNS[kind]:
        given = {c.value: [1.0] for c in REQUIRED_COLUMNS[kind] if c != column}
        with pytest.raises(
            RecordError, match=f"{kind} record needs the columns {column}; this table has {min(given)}|{max(given)}"
        ):
            Measurement(Metadata(kind=kind, origin=SIMULATION), pd.DataFrame(given))
    with pytest.raises(RecordError, match="this table has none"):
        Measurement(Metadata(kind=kind, origin=SIMULATION), pd.DataFrame())


def test_columns_by_name_make_the_same_record_as_a_frame():
    metadata = Metadata(kind="cycling", origin=Origin(kind="instrument"))
    columns = {
        Column.TIME: np.arange(3.0),
        Column.VOLTAGE: [0.1, 0.2, 0.3],
        Column.STEP: (1, 1, 2),
        "Note / 1": ["a", "b", "long"],
    }
    record = Measurement(metadata, columns)
    assert record == Measurement(metadata, pd.DataFrame({str(k): v for k, v in columns.items()}))
    assert record.table["Note / 1"].tolist() == ["a", "b", "long"]
    columns[Column.TIME][0] = 7.0
    assert record.array(Column.TIME)[0] == 0.0, "a record holds a copy"


@pytest.mark.parametrize("voltage", [[0.1, 0.2], 0.1, [[0.1], [0.2], [0.3]]])
def test_columns_of_unequal_length_are_an_error(voltage):
    with pytest.raises(RecordError, match=r"equally long, one value a row.*Test Time / s"):
        Measurement(
            Metadata(kind="cycling", origin=Origin(kind="instrument")),
            {Column.TIME: np.arange(3.0), Column.VOLTAGE: voltage},
        )


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(RecordError, match="no column 'Current / A'; it has Test Time / s, Voltage / V"):
        cycling().array(Column.CURRENT)
    assert Column.CURRENT not in cycling()


def test_area_is_the_smaller_electrode_and_never_a_guess():
    assert Geometry(working_area=2e-4, counter_area=1e-4).area == 1e-4
    assert Geometry(working_area=2e-4).area == 2e-4
    with pytest.raises(RecordError, match="unknown"):
        _ = Geometry(electrolyte_area=1e-4, declared={"area": 1e-4}).area


# ---- damaged files ----------------------------------------------------------------------------------------------


def one_line(error):
    assert "\n" not in str(error.value)


def test_a_csv_without_metadata_or_with_damaged_metadata(tmp_path):
    path = tmp_path / "a.csv"
    cycling().to_csv(path)
    side = path.with_suffix(".json")
    text = side.read_text()
    for damaged in (
        text[:-20],
        "[]",
        text.replace('"kind": "cycling"', '"kind": "cyclign"'),
        text.replace("title", "titel"),
        "",
    ):
        assert damaged != text
        side.write_text(damaged)
        with pytest.raises(RecordError, match=r"a\.csv: cannot be read as natrode's CSV") as error:
            Measurement.from_csv(path)
        one_line(error)
    side.unlink()
    with pytest.raises(RecordError, match=r"a\.json with the metadata is not beside it"):
        Measurement.from_csv(path)


@pytest.mark.parametrize("text", ["", '"open'])
def test_a_csv_that_is_no_table(tmp_path, text):
    path = tmp_path / "a.csv"
    cycling().to_csv(path)
    path.write_text(text)
    with pytest.raises(RecordError) as error:
        Measurement.from_csv(path)
    one_line(error)


def test_a_csv_that_lost_a_column(tmp_path):
    path = tmp_path / "a.csv"
    cycling().to_csv(path)
    path.write_text("\n".join(line.split(",")[0] for line in path.read_text().splitlines()))
    with pytest.raises(RecordError, match="needs the columns Voltage / V"):
        Measurement.from_csv(path)


def test_a_parquet_file_that_is_not_ours_or_damaged(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    with pytest.raises(RecordError, match="cannot be read as Parquet"):
        Measurement.from_parquet(path)
    cycling().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RecordError, match="cannot be read as Parquet"):
        Measurement.from_parquet(path)
    table = pa.table({Column.TIME.value: [0.0], Column.VOLTAGE.value: [0.0]})
    pq.write_table(table, path)
    with pytest.raises(RecordError, match="without natrode's metadata"):
        Measurement.from_parquet(path)
    pq.write_table(table.replace_schema_metadata({b"natrode": b'{"kind": "cycling"}'}), path)
    with pytest.raises(RecordError, match=r"metadata in this file is damaged \(origin: Field required\)") as error:
        Measurement.from_parquet(path)
    one_line(error)


# ---- spectra and experiments ------------------------------------------------------------------------------------


def test_spectra_come_one_by_one_in_the_order_of_their_index():
    record = impedance([2, 2, 1, 1, 1, 10])
    parts = record.spectra()
    assert [part.array(Column.SPECTRUM)[0] for part in parts] == [1, 2, 10]
    assert [len(part.table) for part in parts] == [3, 2, 1]
    assert parts[0].impedance.tolist() == [2 - 2j, 3 - 3j, 4 - 4j]
    assert parts[0].table.index.tolist() == [0, 1, 2]
    alone = Measurement(record.metadata, record.table.drop(columns=Column.SPECTRUM.value))
    assert alone.spectra() == [alone]
    with pytest.raises(RecordError, match="cycling record has no spectra"):
        cycling().spectra()


@pytest.mark.parametrize("csv", [False, True])
def test_an_experiment_is_saved_and_loaded(tmp_path, csv):
    experiment = Experiment("both", (cycling(), impedance([1, 1]), cycling().with_metadata(title="again")))
    experiment.save(tmp_path, csv=csv)
    back = Experiment.load(tmp_path)
    assert back == experiment
    assert back.is_simulated
    assert back.impedance == experiment.measurements[1]
    assert back.of_kind("cycling") == [experiment.measurements[0], experiment.measurements[2]]
    names = {"experiment.json"} | {f"0{n}-{k}.parquet" for n, k in enumerate(("cycling", "impedance", "cycling"))}
    side = {f"0{n}-{k}.{e}" for n, k in enumerate(("cycling", "impedance", "cycling")) for e in ("csv", "json")}
    assert {p.name for p in tmp_path.iterdir()} == (names | side if csv else names)
    if csv:
        assert Measurement.from_csv(tmp_path / "01-impedance.csv") == experiment.impedance


@pytest.mark.parametrize(("kind", "count"), [("cycling", 2), ("sweep", 0)])
def test_the_only_record_of_a_kind_is_only_given_when_it_is_the_only_one(kind, count):
    experiment = Experiment("two", (cycling(), cycling()))
    with pytest.raises(RecordError, match=f"'two' holds {count} {kind} records"):
        getattr(experiment, kind)


def test_a_changed_record_is_noticed(tmp_path):
    experiment = Experiment("x", (cycling(),))
    experiment.save(tmp_path)
    cycling(**{Column.VOLTAGE.value: [0.1, 0.2, 0.30000000000000004]}).to_parquet(tmp_path / "00-cycling.parquet")
    with pytest.raises(RecordError, match=r"00-cycling\.parquet: differs from what the index says"):
        Experiment.load(tmp_path)
    cycling().with_metadata(temperature=300.0).to_parquet(tmp_path / "00-cycling.parquet")
    with pytest.raises(RecordError, match="it was changed"):
        Experiment.load(tmp_path)
    (tmp_path / "00-cycling.parquet").unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        Experiment.load(tmp_path)


@pytest.mark.parametrize(
    "index",
    [
        None,
        "",
        "[]",
        "{}",
        '{"title": "x"}',
        '{"title": "x", "measurements": [{"kind": "cycling"}]}',
        '{"title": "x", "measurements": 3}',
    ],
)
def test_an_index_that_natrode_did_not_write(tmp_path, index):
    if index is not None:
        (tmp_path / "experiment.json").write_text(index)
    with pytest.raises(RecordError, match="is not an experiment that natrode wrote"):
        Experiment.load(tmp_path)


def test_the_index_is_plain_json(tmp_path):
    Experiment("x", (cycling(),)).save(tmp_path)
    document = json.loads((tmp_path / "experiment.json").read_text())
    assert document["measurements"][0] == {"file": "00-cycling.parquet", "kind": "cycling", "sha256": cycling().digest}


def test_what_follows_from_a_record_is_worked_out_once_and_does_not_travel():
    record, calls = cycling(), []

    def largest(measurement, factor):
        calls.append(factor)
        return factor * measurement.array(Column.VOLTAGE).max()

    assert record.derived(largest, 2.0) == record.derived(largest, 2.0) == record.derived(largest, 1.0) * 2
    assert calls == [2.0, 1.0]
    copy = pickle.loads(pickle.dumps(record))
    assert copy == record
    assert "_derived" not in vars(copy)
