import json

import numpy as np
import pytest
import tifffile

from natrode.cli import main
from natrode.cli.microstructure import fraction_of
from natrode.errors import SpecificationError


def call(*words):
    """Exit code of a command."""
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        return end.code or 0
    return 0


@pytest.fixture(scope="module")
def structure(tmp_path_factory):
    path = tmp_path_factory.mktemp("structure") / "s.tif"
    assert call(
            "microstructure", "generate", "--morphology", "gaussian-field", "--volume-fraction", "0.3", "--size", "24",
            "--voxel-size", "0.1 um", "--seed", "4", "--out", path,
    ) == 0  # fmt: skip
    return path


def answer(capsys, *words):
    capsys.readouterr()
    assert call("microstructure", *words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def values(document):
    return {item["quantity"]: item["value"] for item in document["results"]}


def test_a_written_file_needs_no_further_words(structure, capsys):
    found = answer(capsys, "measure", structure)
    assert found["structure"]["seed"] == 4
    assert values(found)["volume fraction of sno2-nzsp"] == pytest.approx(0.3, abs=1e-4)
    assert any(note.startswith("sno2-nzsp: this sample") for note in found["notes"])


def test_the_page_tells_the_structure_in_words(structure, tmp_path):
    assert call("microstructure", "measure", structure, "--out", tmp_path / "o") == 0
    page = (tmp_path / "o" / "index.html").read_text(encoding="utf-8")
    assert "volume fraction 0.3" in page
    assert "{&#39;" not in page
    assert "{'volume_fraction'" not in page


@pytest.mark.parametrize("ratio", ["0.2", "1:5"])
def test_mass_ratio_in_place_of_the_volume_fraction(ratio, tmp_path, capsys):
    found = answer(
        capsys, "generate", "--morphology", "overlapping-spheres", "--mass-ratio", ratio, "--size", "16x24x24",
        "--set", "diameter=0.5 um", "--out", tmp_path / "h.npy",
    )  # fmt: skip
    assert found["origin"]["parameters"]["volume_fraction"] == pytest.approx(0.0538, abs=2e-4)
    assert found["shape"] == [16, 24, 24]


@pytest.mark.parametrize("ratio", ["a:5", "1:0", "1:2:3", ""])
def test_a_mass_ratio_that_is_none(ratio):
    with pytest.raises(SpecificationError, match=r"such as 1:5 or 0\.2"):
        fraction_of(None, ratio, "sno2-nzsp", "sodium")


def test_conduct_names_the_axis(structure, capsys):
    found = answer(capsys, "conduct", structure, "--material", "sodium")
    assert 0.3 < values(found)["relative conductivity of sodium, axis 0"] < 0.7


def test_the_drawn_profile_sums_to_the_current_in_the_units_of_its_axis(structure, capsys):
    found = answer(capsys, "react", structure, "--resistance", "10 Ohm cm2", "--voltage", "50 mV", "--pellet", "0.2 um")
    (curve,) = found["curves"]
    assert curve["y"] == "reaction / (mA/cm2 per um)"
    depths, reaction = map(np.array, curve["curves"]["reaction"])
    assert (depths[1] - depths[0]) * reaction.sum() == pytest.approx(values(found)["current density of electrode"])


def test_the_page_gives_lengths_with_their_unit_and_says_a_thing_once(tmp_path):
    path, out = tmp_path / "h.tif", tmp_path / "o"
    assert call(
            "microstructure", "generate", "--morphology", "hard-spheres", "--volume-fraction", "0.1", "--size", "24",
            "--voxel-size", "0.1 um", "--set", "diameter=0.5 um", "--out", path,
    ) == 0  # fmt: skip
    assert call("microstructure", "measure", path, "--out", out) == 0
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "diameter 0.5 um" in page
    assert page.count("no percolation threshold is known for its morphology (hard spheres)") == 1
    assert "(unknown)" not in page


def test_react_strip_and_homogenise(structure, capsys, tmp_path):
    out = tmp_path / "react"
    found = answer(
        capsys,
        "react",
        structure,
        "--resistance",
        "10 Ohm cm2",
        "--voltage",
        "50 mV",
        "--pellet",
        "0.2 um",
        "--out",
        out,
    )
    assert values(found)["balance of currents of computation"] < 1e-8
    assert {"index.html", "react.json", "structure.vti"} <= {path.name for path in out.iterdir()}
    page = (out / "index.html").read_text()
    assert "generated structure" in page
    assert "gaussian field" in page
    found = answer(capsys, "homogenise", structure, "--resistance", "10 Ohm cm2", "--out", tmp_path / "hom")
    assert values(found)["A_eff/A_geo of the resolved electrode of interface"] > 1
    assert "area_ratio" in (tmp_path / "hom" / "interface.toml").read_text()
    found = answer(
        capsys, "strip", structure, "--resistance", "10 Ohm cm2", "--current-density", "1 mA/cm2", "--void-capacity",
        "0.3 um", "--pellet", "0.2 um",
    )  # fmt: skip
    shares = values(found)
    assert 0 < shares["stripped charge of electrode"] <= shares["metal at the start of electrode"]
    layer = 24 * 1e-7 * 0.7 / 2.375e-5 * 96485.0 / 36000.0  # mAh/cm2 of sodium
    assert shares["metal at the start of electrode"] == pytest.approx(layer, rel=0.02)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["react", "S", "--resistance", "10 Ohm cm2"], "voltage"),
        (["react", "S", "--resistance", "10 Ohm", "--voltage", "1 V"], "not a unit of"),
        (["measure", "nothing.tif"], "no such file"),
        (["measure", "S", "--labels", "1:sodium"], "expected name=value"),
        (["conduct", "S", "--material", "lead"], "the structure has no 'lead'"),
        (["homogenise", "S", "--resistance", "1 Ohm cm2", "--extends", "x/y", "--out", "O"], "x/y"),
        (["generate", "--morphology", "foam", "--out", "new.tif"], "no morphology 'foam'"),
        (["generate", "--morphology", "gaussian-field", "--size", "4x4", "--out", "new.tif"], "expected one or three"),
        (
            [
                "generate",
                "--morphology",
                "gaussian-field",
                "--volume-fraction",
                "0.3",
                "--size",
                "9999",
                "--out",
                "new.tif",
            ],
            "fit",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(structure, capsys, tmp_path, words, message):
    named = {"S": str(structure), "O": str(tmp_path / "o")}
    assert call("microstructure", *(named.get(word, word) for word in words)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.strip().count("\n") == 0
    assert not (tmp_path / "o").exists()


COLOUR, NUMBERS = np.zeros((5, 6, 6, 3), np.uint8), np.ones((8, 8, 8), np.float32)
HALF = np.repeat(np.array([1, 2], np.uint8), 4)[:, None, None] * np.ones((1, 8, 8), np.uint8)
INSIDE = np.full((8, 8, 8), 2, np.uint8)
INSIDE[3:5, 3:5, 3:5] = 1
REACT = ("react", "--resistance", "10 Ohm cm2")


@pytest.mark.parametrize(
    ("image", "words", "message"),
    [
        (np.where(INSIDE == 1, 7, HALF), ("measure",), "labels that name no material: 7"),
        (HALF, ("measure", "--labels", "1=unobtainium,2=sodium"), "no material 'unobtainium'"),
        (COLOUR, ("measure",), "colour TIFF"),
        (np.where(INSIDE == 1, np.nan, NUMBERS), ("measure",), "8 of 512 voxels are not a number"),
        (INSIDE, ("conduct", "--material", "nzsp-hna"), "touches none of the six faces"),
        (INSIDE, (*REACT, "--voltage", "0.1 V"), "no nzsp-hna touches the electrolyte"),
        (INSIDE, (*REACT, "--current-density", "0.2 mA/cm2"), "no nzsp-hna touches the electrolyte"),
        (HALF[::-1], (*REACT, "--voltage", "0.1 V"), "no nzsp-hna touches the electrolyte"),
        (
            INSIDE,
            ("strip", "--resistance", "1 Ohm cm2", "--current-density", "1 mA/cm2", "--void-capacity", "6 um"),
            "no nzsp-hna touches the electrolyte",
        ),
        (HALF, (*REACT, "--voltage", "0.1 V", "--current-density", "0.2 mA/cm2"), "give one of the two"),
        (HALF, REACT, "neither of voltage and current density"),
        (HALF, ("react", "--resistance", "10", "--voltage", "0.1 V"), "without a unit"),
        (HALF * 0 + 1, (*REACT, "--voltage", "0.1 V", "--labels", "1=nzsp-hna"), "no metal, only nzsp-hna"),
    ],
)
def test_a_bad_image_is_one_line_and_exit_code_2(image, words, message, capsys, tmp_path):
    path, out = tmp_path / "s.tif", tmp_path / "o"
    tifffile.imwrite(path, np.ascontiguousarray(image), photometric="rgb" if image.ndim == 4 else "minisblack")
    task, *rest = words
    named = () if "--labels" in rest else ("--labels", "1=nzsp-hna,2=sodium")
    assert call("microstructure", task, path, *rest, *named, "--voxel-size", "0.2 um", "--out", out) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert error.count("\n") == 0
    assert not out.exists()


def test_a_file_without_scale_asks_for_it(tmp_path, capsys):
    np.save(tmp_path / "plain.npy", np.ones((4, 4, 4), np.uint8))
    assert call("microstructure", "measure", tmp_path / "plain.npy") == 2
    assert "voxel" in capsys.readouterr().err
