"""Conduction: units, defaults, fields, and what is refused."""

import json

import numpy as np
import pytest

from natrode.errors import SpecificationError
from natrode.materials import load_material
from natrode.microstructure.conduct import conduct, conduct_field, conductivity_field, voxel_error
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, PORE, field, structure


def test_the_conductivity_of_the_materials_data_is_the_default():
    local = load_material(CERAMIC).properties["conductivity"].si
    found = conduct(field(0.4), CERAMIC)
    assert found.conductivity == pytest.approx(local * found.relative_conductivity)
    assert conduct(field(0.4), CERAMIC, conductivity=2.0).conductivity == pytest.approx(2 * found.relative_conductivity)
    pores = Structure(np.full((4, 4, 4), 3, np.uint8), LABELS, 1e-6)
    assert conduct(pores, PORE).conductivity is None
    assert conduct(pores, PORE).relative_conductivity == pytest.approx(1.0)


def test_the_tortuosity_factor_belongs_to_the_whole_phase():
    found = conduct(field(0.4), CERAMIC)
    assert found.tortuosity_factor == pytest.approx(found.volume_fraction / found.relative_conductivity)
    assert found.tortuosity_factor > 1.0
    assert 0.9 < found.connected_fraction <= 1.0


def test_fields_stay_where_current_flows():
    sample = field(0.3)
    for axis in range(3):
        found = conduct(sample, CERAMIC, axis, fields=True)
        assert found.potential.shape == sample.shape
        assert found.current_density.shape == (3, *sample.shape)
        alive = np.isfinite(found.potential)
        assert np.all(sample.image[alive] == 1)
        assert np.all(found.current_density[:, ~alive] == 0)
        assert np.all((found.potential[alive] > -1e-6) & (found.potential[alive] < 1 + 1e-6))
        along = found.current_density[axis]
        assert along.mean() > 3 * np.abs(np.delete(found.current_density, axis, 0).mean(axis=(1, 2, 3))).max()
        falls = np.nanmean(np.moveaxis(found.potential, axis, 0), axis=(1, 2))
        assert falls[0] > 0.8
        assert falls[-1] < 0.2


def test_a_graded_field_of_one_value_is_that_phase():
    sample = field(0.4)
    local = conductivity_field(sample, {CERAMIC: 0.41})
    one, other = conduct(sample, CERAMIC, conductivity=0.41, tolerance=1e-8), conduct_field(local, 1e-6, tolerance=1e-8)
    assert one.conductivity == pytest.approx(other.conductivity, rel=1e-6)
    assert other.material == "graded"
    assert other.tortuosity_factor is None


def test_a_second_phase_adds_conduction():
    sample = field(0.4)
    alone = conduct_field(conductivity_field(sample, {CERAMIC: 0.4}), 1e-6)
    both = conduct_field(conductivity_field(sample, {CERAMIC: 0.4, METAL: 0.01}), 1e-6)
    assert both.conductivity > alone.conductivity + 0.6 * 0.4 * 0.01


def test_nothing_conducts_in_an_empty_field():
    found = conduct_field(np.zeros((4, 4, 4)), 1e-6)
    assert found.conductivity == 0.0
    assert not found.percolates


def test_plain_data():
    found = conduct(field(0.4), CERAMIC, fields=True)
    facts = json.loads(json.dumps(found.to_json()))
    assert facts["percolates"] is True
    assert "potential" not in facts
    assert "potential" not in repr(found)


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_iterations_and_tolerance(fraction):
    loose, tight = (conduct(field(fraction), CERAMIC, tolerance=t) for t in (1e-3, 1e-8))
    assert loose.iterations < tight.iterations <= 25
    assert loose.relative_conductivity == pytest.approx(tight.relative_conductivity, rel=2e-3)
    assert tight.error_estimate <= 1e-8


def test_the_error_of_the_voxels_is_estimated_or_refused():
    smooth = field(0.4, (32, 32, 32), length=4e-6)
    assert 0.0 < abs(voxel_error(smooth, CERAMIC)) < 0.3
    thread = np.zeros((8, 8, 8), bool)
    thread[:, 3, 3] = True
    assert voxel_error(structure(thread), CERAMIC) is None  # lost on voxels twice as wide
    assert voxel_error(Structure(np.full((8, 8, 8), 2, np.uint8), LABELS, 1.0), CERAMIC) == 0.0
    with pytest.raises(SpecificationError, match="too few"):
        voxel_error(structure(np.ones((3, 8, 8), bool)), CERAMIC)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("void",), {}, "the structure has no 'void'"),
        ((CERAMIC, 3), {}, "axis 3"),
        ((CERAMIC,), {"tolerance": 0.0}, "tolerance"),
        ((CERAMIC,), {"imbalance": -1.0}, "imbalance"),
        ((CERAMIC,), {"conductivity": 0.0}, "greater than zero"),
    ],
)
def test_impossible_settings_get_one_clear_message(arguments, settings, message):
    with pytest.raises(SpecificationError, match=message):
        conduct(field(0.4, (8, 8, 8)), *arguments, **settings)


@pytest.mark.parametrize(
    ("local", "message"),
    [
        (np.ones((4, 4)), "three axes"),
        (np.full((4, 4, 4), np.nan), "not a number"),
        (np.full((4, 4, 4), -1.0), "negative"),
    ],
)
def test_impossible_fields_get_one_clear_message(local, message):
    with pytest.raises(SpecificationError, match=message):
        conduct_field(local, 1e-6)


def test_an_image_too_large_for_the_memory_is_refused_before_it_starts(monkeypatch):
    sample = field(0.4, (20, 20, 20))
    monkeypatch.setattr("natrode.microstructure.memory.available_memory", lambda: 100_000)
    with pytest.raises(SpecificationError, match=r"conduction on an image of 20 x 20 x 20 voxels .* voxels fit"):
        conduct(sample, CERAMIC)
