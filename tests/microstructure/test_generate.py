"""Generators: exact volume, reproducible, with the morphology that was asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natrode.errors import SpecificationError
from natrode.microstructure.connectivity import connectivity
from natrode.microstructure.generate import MORPHOLOGIES, generate
from natrode.microstructure.measure import volume_fractions
from natrode.microstructure.sample import Sample, mass_ratio_to_volume_fraction
from natrode.microstructure.stack import Layer, layer_stack
from tests.microstructure.shapes import CERAMIC, METAL, box, field

SHAPE = (30, 34, 38)
PARAMETERS = {
    "overlapping-spheres": {"volume_fraction": 0.2, "diameter": 8e-6},
    "hard-spheres": {"volume_fraction": 0.2, "diameter": 8e-6, "neck": 0.1},
    "gaussian-field": {"volume_fraction": 0.2, "correlation_length": 2e-6},
    "segregated-film": {"volume_fraction": 0.2, "globule_size": 15e-6},
    "segregated-spheres": {"volume_fraction": 0.1, "globule_size": 15e-6, "diameter": 4e-6},
    "planar": {"thickness": 10.1e-6, "roughness": 2e-6, "correlation_length": 4e-6},
}


def make(morphology, seed=1, **changes):
    return generate(morphology, box(SHAPE, seed), **{**PARAMETERS[morphology], **changes})


@pytest.mark.parametrize("morphology", MORPHOLOGIES)
def test_the_same_seed_gives_the_same_voxels(morphology):
    assert make(morphology).same_as(make(morphology))
    assert not make(morphology).same_as(make(morphology, seed=2))
    assert make(morphology).seed == 1


@pytest.mark.parametrize("morphology", MORPHOLOGIES)
def test_the_volume_fraction_is_exact_to_a_voxel(morphology):
    sample = make(morphology)
    wanted = PARAMETERS[morphology].get("volume_fraction", 10.1 / 30)
    assert abs(np.count_nonzero(sample.image == 1) - wanted * sample.image.size) <= 0.5


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["overlapping-spheres", "gaussian-field", "segregated-film"]), st.floats(0.0, 1.0))
def test_any_volume_fraction_is_reached(morphology, fraction):
    sample = make(morphology, volume_fraction=fraction)
    assert abs(np.count_nonzero(sample.image == 1) - fraction * sample.image.size) <= 0.5


@pytest.mark.parametrize("morphology", MORPHOLOGIES)
def test_every_structure_states_its_percolation(morphology):
    origin = make(morphology).origin
    assert origin["percolates"] == (connectivity(make(morphology), CERAMIC).percolating[0] > 0)
    assert "percolate" in origin["statement"]
    if origin["threshold"] is None:
        assert "no percolation threshold is known" in origin["statement"]
    else:
        assert 0 <= origin["threshold"][0] <= origin["threshold"][1] <= 1


def test_mass_ratios_of_the_papers_become_volume_fractions():
    assert mass_ratio_to_volume_fraction(0.2) == pytest.approx(0.0538, abs=5e-5)
    assert mass_ratio_to_volume_fraction(1.0) == pytest.approx(0.2213, abs=5e-5)
    assert mass_ratio_to_volume_fraction(0.0) == 0.0


def test_a_random_one_to_five_mixture_has_no_network():
    sample = Sample((48, 48, 48), (0.2e-6,) * 3, 1)
    mixture = generate("overlapping-spheres", sample, volume_fraction=mass_ratio_to_volume_fraction(0.2))
    assert mixture.origin["percolates"] is False
    assert "no network" in mixture.origin["statement"]
    assert "below the threshold" in mixture.origin["statement"]


def test_hard_spheres_keep_their_distance():
    sample = generate("hard-spheres", box((48, 48, 48)), volume_fraction=0.2, diameter=12e-6)
    whole = connectivity(sample, CERAMIC)
    spheres = 0.2 * 48**3 / (np.pi / 6 * 12**3)
    assert whole.clusters > 0.7 * spheres  # those cut by a face count, neighbours may share a voxel face
    joined = generate("hard-spheres", box((48, 48, 48)), volume_fraction=0.2, diameter=12e-6, neck=0.3)
    assert connectivity(joined, CERAMIC).clusters < whole.clusters


def test_a_distribution_of_diameters_is_followed():
    narrow = generate("hard-spheres", box((60, 60, 60)), volume_fraction=0.1, diameter=6e-6)
    wide = generate("hard-spheres", box((60, 60, 60)), volume_fraction=0.1, diameter=6e-6, variation=0.4)
    measured = generate("hard-spheres", box((60, 60, 60)), volume_fraction=0.1, diameter=[4e-6, 12e-6])
    counts = [connectivity(s, CERAMIC).clusters for s in (narrow, wide, measured)]
    assert counts[0] > counts[1] > counts[2]


def test_jammed_spheres_are_refused():
    with pytest.raises(SpecificationError, match="find no more place"):
        generate("hard-spheres", box((24, 24, 24)), volume_fraction=0.55, diameter=6e-6)


def test_patterns_repeat_themselves_across_the_depth():
    for morphology in ("overlapping-spheres", "hard-spheres", "gaussian-field", "segregated-film"):
        image = make(morphology).image == 1
        inner = np.mean(image[:, 1:] != image[:, :-1])
        seam = np.mean(image[:, 0] != image[:, -1])
        assert seam < 2 * inner


def test_a_film_around_globules_percolates_where_spheres_of_the_same_volume_do_not():
    film = make("segregated-film", volume_fraction=0.15)
    spheres = make("overlapping-spheres", volume_fraction=0.15)
    assert film.origin["percolates"]
    assert not spheres.origin["percolates"]


def test_a_rough_surface_has_the_roughness_that_was_asked_for():
    sample = generate("planar", box((60, 64, 64)), thickness=30e-6, roughness=4e-6, correlation_length=5e-6)
    height = (sample.image == 1).sum(axis=0)
    assert height.std() == pytest.approx(4.0, rel=0.05)
    assert height.mean() == pytest.approx(30.0, abs=1e-3)
    flat = generate("planar", box((60, 64, 64)), thickness=30e-6)
    assert np.all((flat.image == 1).sum(axis=0) == 30)


def test_voxels_may_be_flat_and_samples_thin():
    flat = Sample((20, 32, 32), (2e-6, 1e-6, 1e-6), 1, particle=CERAMIC)
    sample = generate("gaussian-field", flat, volume_fraction=0.3, correlation_length=4e-6)
    chords = [np.count_nonzero(np.diff((sample.image == 1).astype(int), axis=a)) for a in range(3)]
    assert chords[0] > 1.3 * chords[1]  # more boundaries per voxel along the coarse axis
    thin = generate("overlapping-spheres", box((40, 40, 1)), volume_fraction=0.3, diameter=8e-6)
    assert volume_fractions(thin)[CERAMIC] == pytest.approx(0.3, abs=1e-3)


def test_layers_are_stacked_with_one_label_per_material():
    hybrid = field(0.3, (16, 12, 12))
    stack = layer_stack([Layer(CERAMIC, 4e-6), hybrid, Layer("collector", 2e-6)])
    assert stack.shape == (22, 12, 12)
    assert stack.materials == (CERAMIC, METAL, "collector")
    assert np.all(stack.image[:4] == stack.labels_of(CERAMIC)[0])
    assert np.array_equal(stack.image[4:20] == stack.labels_of(METAL)[0], hybrid.image == 2)
    assert stack.origin["layers"][0] == {"material": CERAMIC, "thickness": 4e-6}


@pytest.mark.parametrize(
    ("morphology", "parameters", "message"),
    [
        ("gausian-field", {}, "did you mean 'gaussian-field'"),
        ("gaussian-field", {}, "needs volume_fraction"),
        ("gaussian-field", {"volume_fraction": 0.2, "diameter": 1e-6}, "no parameter 'diameter'"),
        ("gaussian-field", {"volume_fraction": 1.2}, "between 0 and 1"),
        ("gaussian-field", {"volume_fraction": 0.2, "correlation_length": -1.0}, "greater than zero"),
        ("overlapping-spheres", {"volume_fraction": 0.2}, "diameter"),
        ("overlapping-spheres", {"volume_fraction": 0.2, "diameter": 0.0}, "greater than zero"),
        ("overlapping-spheres", {"volume_fraction": 0.2, "diameter": 1e-6, "variation": 9.0}, "variation"),
        ("hard-spheres", {"volume_fraction": 0.2, "diameter": 1e-6, "neck": 1.0}, "neck"),
        ("segregated-film", {"volume_fraction": 0.2}, "needs globule_size"),
        ("segregated-film", {"volume_fraction": 0.2, "globule_size": 1.0}, "do not fit"),
        ("segregated-film", {"volume_fraction": 0.2, "globule_size": 9e-6, "jitter": 0.7}, "jitter"),
        ("planar", {"thickness": 1.0}, "thickness"),
        ("planar", {"thickness": 5e-6, "roughness": 1e-6}, "correlation_length"),
    ],
)
def test_impossible_parameters_get_one_clear_message(morphology, parameters, message):
    with pytest.raises(SpecificationError, match=message):
        generate(morphology, box(SHAPE), **parameters)


def test_impossible_samples_get_one_clear_message():
    with pytest.raises(SpecificationError, match="three whole numbers"):
        Sample((0, 4, 4), (1e-6,) * 3, 1)
    with pytest.raises(SpecificationError, match="voxel size"):
        Sample((4, 4, 4), (1e-6, -1.0, 1e-6), 1)
    with pytest.raises(SpecificationError, match="seed"):
        Sample((4, 4, 4), (1e-6,) * 3, -1)
    with pytest.raises(SpecificationError, match=r"GB are free.*voxels fit"):
        generate("gaussian-field", Sample((40000, 4000, 4000), (1e-6,) * 3, 1), volume_fraction=0.2)
    with pytest.raises(SpecificationError, match="density"):
        mass_ratio_to_volume_fraction(0.2, "sn-electrolyte")
    with pytest.raises(SpecificationError, match="cross-section"):
        layer_stack([field(0.3, (8, 8, 8)), field(0.3, (8, 8, 9))])
    with pytest.raises(SpecificationError, match="thinner than a voxel"):
        layer_stack([field(0.3, (8, 8, 8)), Layer(CERAMIC, 1e-8)])
