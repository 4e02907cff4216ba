"""Stored studies of resolved electrodes belong to their inputs and come out again; what rows make of them."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
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


_KILLED = """
import sys, time
from pathlib import Path
from natrode.reproduce import electrodes, resolved

def wait(inputs, note):
    print("at work", flush=True)
    time.sleep(60)

electrodes.STUDIES = {
    "first": electrodes.Study(lambda: {"a": 1}, lambda inputs, note: {"b": 2}, "x", 1),
    "second": electrodes.Study(lambda: {"a": 1}, wait, "x", 1),
}
resolved.refresh(folder=Path(sys.argv[1]))
"""


def test_a_killed_run_leaves_what_was_stored_and_keeps_what_it_finished(tmp_path):
    before = {name: json.dumps({"digest": name, "results": "old"}) for name in ("first", "second")}
    for name, text in before.items():
        (tmp_path / f"{name}.json").write_text(text)
    run = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "at work\n"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert (tmp_path / "second.json").read_text() == before["second"]
    assert json.loads((tmp_path / "first.json").read_text())["results"] == {"b": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.json", "second.json"]


def test_fresh_computes_the_studies_of_the_papers_asked_for_only():
    assert set(resolved.studies_of(["hybrid-na-2022"])) == {"percolation", "ratio-series"}
    assert not resolved.studies_of(["or-na-2024"])
    assert set(resolved.studies_of(["hybrid-na-2022", "bh-na-2021"])) == set(electrodes.STUDIES)


def test_further_samples_stand_beside_the_first_one(stored):
    found = resolved.sampled("current")
    names, pairs = stored["bh-step-samples"]["inputs"]["samples"], stored["bh-step-samples"]["inputs"]["pairs"]
    assert len(found) == len(names) * len(pairs)
    assert all(one.seeds.size == 3 for one in found)
    assert all(one.larger is not None for one in found)
    own = stored["bh-step"]["results"]
    row = own["1:1 overlapping"]["rows"][4], own["bare"]["rows"][4]
    mine = next(one for one in found if one.sample == "1:1 overlapping")
    assert mine.seeds[0] == pytest.approx(row[0]["current"] / row[1]["current"], rel=1e-5)


def test_what_was_stripped_from_deep_inside_came_out_of_the_metal(stored):
    for name, found in stored["bh-deep"]["results"].items():
        assert abs(found["owed"]) < 20 * 20, name  # less than a layer of voxels
        assert abs(found["volume_error"]) < 1e-3, name
        assert found["deepest_layer_stripped"] < 1.0, name
        charge, depth = np.array(found["charge"]), np.array(found["mean_depth"])
        # at most 78 % of the volume is metal, and a front takes all that it meets or leaves some behind
        thickness = charge.max() * 2.375e-5 / 96485.0 / (1.0 - stored["bh-deep"]["inputs"]["volume_fraction"])
        assert depth[charge.argmax()] > 0.9 * thickness, name
