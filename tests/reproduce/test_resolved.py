"""Stored studies of resolved electrodes belong to their inputs and come out again; what rows make of them."""

import json

import pytest

from natrode.reproduce import electrodes, resolved
from natrode.reproduce.analyses import ANALYSES


@pytest.fixture(scope="module")
def stored():
    return {name: resolved.study_of(name) for name in electrodes.STUDIES}


def test_stored_studies_belong_to_the_inputs_of_today(stored):
    for name, document in stored.items():
        assert document["digest"] == resolved.digest_of(electrodes.STUDIES[name].inputs())
        # what is printed beside the results is what the digest was taken of
        assert document["digest"] == resolved.digest_of(document["inputs"])


def test_a_study_of_other_inputs_is_refused_and_the_row_says_so(tmp_path, monkeypatch):
    document = dict(resolved.study_of("percolation"))
    document["digest"] = "0" * 64
    (tmp_path / "percolation.json").write_text(json.dumps(document))
    with pytest.raises(resolved.StaleStudyError, match="other inputs; natrode reproduce --fresh"):
        resolved.study_of("percolation", tmp_path)
    with pytest.raises(resolved.StaleStudyError, match="not stored"):
        resolved.study_of("ratio-series", tmp_path)


def test_answers_are_those_that_data_files_may_name():
    assert set(resolved.ANSWERS) == set(ANALYSES["resolved"]["answer"])


def test_a_part_of_a_study_comes_out_again(stored):
    inputs = dict(stored["ratio-series"]["inputs"])
    inputs["morphologies"] = {"random, necks of 15 %": inputs["morphologies"]["random, necks of 15 %"]}
    inputs["volume_fractions"] = {"1:5": inputs["volume_fractions"]["1:5"]}
    inputs["seeds"], inputs["insulated"], inputs["contact_resistances"] = [2], [], [4e-4]
    again = electrodes.compute_ratios(inputs, lambda text: None)["random, necks of 15 %"]["1:5"]
    known = stored["ratio-series"]["results"]["random, necks of 15 %"]["1:5"]
    at = stored["ratio-series"]["inputs"]["contact_resistances"].index(4e-4)
    assert again["resistance"][0][0] == pytest.approx(known["resistance"][1][at], rel=1e-5)
    assert again["connected"][0] == pytest.approx(known["connected"][1], rel=1e-6)


def test_fresh_studies_are_stored_and_read_back(tmp_path, monkeypatch):
    small = {**electrodes.percolation_inputs(), "shape": [24, 24, 24], "seeds": [1]}
    small["scans"] = {"overlapping": {"morphology": {"generator": "overlapping-spheres"}, "volume_fractions": [0.5]}}
    study = electrodes.Study(lambda: small, electrodes.compute_percolation, "x", 0.1)
    monkeypatch.setattr(electrodes, "STUDIES", {"percolation": study})
    told = []
    resolved.refresh(advance=lambda done, total, text: told.append(text), folder=tmp_path)
    assert told == ["percolation (about 0.1 min): overlapping"]
    assert resolved.study_of("percolation", tmp_path)["results"] == {"overlapping": [1.0]}
