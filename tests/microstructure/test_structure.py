"""The labelled image: immutable, checked, cut."""

import json

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, field


def image(shape=(4, 5, 6)):
    return np.random.default_rng(0).integers(1, 4, shape).astype(np.uint8)


def test_a_structure_cannot_be_changed():
    given = image()
    sample = Structure(given, LABELS, "0.1 um")
    with pytest.raises(ValueError, match="read-only"):
        sample.image[0, 0, 0] = 2
    given[:] = 1
    assert not np.all(sample.image == 1)
    with pytest.raises(TypeError):
        sample.labels[4] = METAL  # type: ignore[index]


def test_scale_size_and_masks():
    sample = Structure(image(), LABELS, ("0.1 um", 2e-7, "300 nm"))
    assert sample.voxel_size == pytest.approx((1e-7, 2e-7, 3e-7))
    assert sample.size == pytest.approx((4e-7, 1e-6, 1.8e-6))
    assert sample.voxel_volume == pytest.approx(6e-21)
    assert np.array_equal(sample.mask(METAL), sample.image == 2)
    assert Structure(image(), {1: CERAMIC, 2: CERAMIC, 3: METAL}, 1e-7).labels_of(CERAMIC) == (1, 2)


def test_crop_and_equality():
    sample = field(0.3, (8, 9, 10))
    part = sample.crop((1, 2, 3), (5, 9, 10))
    assert np.array_equal(part.image, sample.image[1:5, 2:9, 3:10])
    assert part.origin["cropped"] == {"from": [1, 2, 3], "to": [5, 9, 10]}
    assert not part.same_as(sample)
    assert sample.digest != part.digest
    assert sample.digest == field(0.3, (8, 9, 10)).digest
    with pytest.raises(SpecificationError, match="no voxels from"):
        sample.crop((0, 0, 0), (9, 9, 10))


def test_plain_data():
    facts = json.loads(json.dumps(field(0.3, (8, 9, 10)).to_json()))
    assert facts["shape"] == [8, 9, 10]
    assert facts["labels"] == {"1": CERAMIC, "2": METAL}
    assert facts["origin"]["morphology"] == "gaussian field"


@pytest.mark.parametrize(
    ("given", "labels", "edge", "message"),
    [
        (image(), {1: CERAMIC, 2: METAL}, 1e-6, r"labels that name no material: 3 \(\d"),
        (image(), {**LABELS, 3: "natrium"}, 1e-6, "no material 'natrium'"),
        (image(), {**LABELS, 300: METAL}, 1e-6, "from 0 to 255"),
        (image(), LABELS, 0.0, "greater than zero"),
        (image(), LABELS, "5 kg", "not a unit of length"),
        (image(), LABELS, (1e-6, 1e-6), "one edge or three"),
        (image()[0], LABELS, 1e-6, "three axes"),
        (np.where(image() == 1, np.nan, 2.0), LABELS, 1e-6, "NaN"),
        (image() + 0.5, LABELS, 1e-6, "whole labels"),
        (image().astype(int) * 200, LABELS, 1e-6, "whole labels from 0 to 255"),
    ],
)
def test_impossible_images_get_one_clear_message(given, labels, edge, message):
    with pytest.raises(SpecificationError, match=message):
        Structure(given, labels, edge)


def test_an_unknown_material_is_refused():
    with pytest.raises(SpecificationError, match="the structure has no 'sodum'; did you mean 'sodium'"):
        field(0.3, (8, 8, 8)).mask("sodum")
