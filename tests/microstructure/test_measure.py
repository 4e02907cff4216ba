"""Fractions, correlations, chords, sizes, areas, clusters and representative volumes on known shapes."""

import json

import numpy as np
import pytest
from scipy import ndimage

from natrode.errors import SpecificationError
from natrode.microstructure.clusters import find_clusters
from natrode.microstructure.connectivity import connectivity, passage, percolation
from natrode.microstructure.distance import distance_to
from natrode.microstructure.interfaces import interface_area, triple_line
from natrode.microstructure.measure import chord_lengths, particle_sizes, two_point_correlation, volume_fractions
from natrode.microstructure.representative import representative_volume
from natrode.microstructure.structure import Structure
from tests.microstructure.shapes import CERAMIC, LABELS, METAL, PORE, ball, field, structure


def noise(shape=(11, 12, 13), share=0.35, seed=0):
    return np.random.default_rng(seed).random(shape) < share


@pytest.mark.parametrize("neighbours", [6, 26])
@pytest.mark.parametrize("share", [0.1, 0.35, 0.6])
def test_clusters_are_those_of_an_independent_labelling(neighbours, share):
    mask = noise(share=share)
    expected, count = ndimage.label(mask, np.ones((3, 3, 3)) if neighbours == 26 else None)
    found = find_clusters(mask.view(np.uint8), 1, neighbours)
    numbers = found.number(np.arange(1, found.sizes.size + 1))
    assert found.sizes.size == count
    pairs = np.unique(np.stack([expected[mask], numbers[mask]]), axis=1)
    assert pairs.shape[1] == count  # a one-to-one renumbering
    assert np.array_equal(found.sizes, np.bincount(numbers[mask])[1:])
    for axis in range(3):
        for plane, bit in ((0, 4**axis), (-1, 2 * 4**axis)):
            touching = np.isin(np.arange(1, count + 1), np.take(numbers, plane, axis))
            assert np.array_equal(found.touching(bit), touching)


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (0.5, 1.0, 2.0)])
def test_distances_are_exact(edges):
    mask = noise(share=0.02)
    expected = ndimage.distance_transform_edt(~mask, sampling=edges)
    assert distance_to(mask, edges) == pytest.approx(expected, rel=1e-6)
    assert np.all(np.isinf(distance_to(np.zeros((2, 3, 4), bool), edges)))
    lonely = np.zeros((9, 10, 11), bool)
    lonely[8, 0, 10] = True
    assert distance_to(lonely, edges) == pytest.approx(ndimage.distance_transform_edt(~lonely, sampling=edges))


def test_volume_fractions_are_counts():
    image = np.array([1, 1, 2, 3, 3, 3], np.uint8).reshape(1, 2, 3)
    assert volume_fractions(Structure(image, LABELS, 1e-6)) == {CERAMIC: 2 / 6, METAL: 1 / 6, PORE: 3 / 6}


def test_correlation_counts_pairs():
    mask = noise((16, 17, 18), 0.4)
    found = two_point_correlation(structure(mask, 1.0), CERAMIC, 4.0)
    for lag in range(5):
        pairs = [
            np.mean(np.take(mask, range(lag, n), a) & np.take(mask, range(n - lag), a)) for a, n in ((0, 16), (2, 18))
        ]
        assert (found.axes[0][lag], found.axes[2][lag]) == pytest.approx(pairs, abs=1e-6)
    assert found.radial[0] == pytest.approx(mask.mean(), abs=1e-6)
    assert found.distances[0] == 0.0
    slope = (found.radial[1] - found.radial[0]) / found.distances[1]
    assert slope < 0
    assert found.correlation_length < 2.0
    json.dumps(found.to_json())


def test_correlation_of_flat_samples_and_its_limits():
    found = two_point_correlation(structure(noise((20, 20, 1)), 1.0), CERAMIC)
    assert found.axes[2].size == 1
    with pytest.raises(SpecificationError, match="must lie between"):
        two_point_correlation(field(), CERAMIC, 1.0)
    with pytest.raises(SpecificationError, match="more than one voxel"):
        two_point_correlation(structure(np.ones((1, 1, 1), bool)), CERAMIC)


def test_chords_of_stripes():
    stripes = np.zeros((12, 20, 6), bool)
    stripes[:, 2:5] = stripes[:, 8:11] = stripes[:, 16:] = True
    found = chord_lengths(structure(stripes, 1e-6), CERAMIC)
    assert found.mean[1] == pytest.approx(2 * 10 / 5 * 1e-6)  # ten voxels, five ends
    assert found.mean[0] is None
    assert found.complete == (0, 2 * 12 * 6, 0)
    assert found.counts[1][3] == 144
    json.dumps(found.to_json())


def test_sizes_of_a_sphere():
    found = particle_sizes(ball(10.0, 0.5), CERAMIC)
    assert 18.5 <= found.median <= 20.0  # up to two voxels too small
    assert found.sauter_mean == pytest.approx(20.0, rel=0.02)
    assert found.cluster_median == pytest.approx(20.0, rel=0.02)
    assert np.all(np.diff(found.opening_fractions) <= 0)
    assert min(found.opening_fractions) > 0.95
    json.dumps(found.to_json())


def test_sizes_of_a_slab_and_of_nothing():
    slab = np.zeros((20, 20, 20), bool)
    slab[5:12] = True
    found = particle_sizes(structure(slab, 1.0), CERAMIC, [3.0, 7.0, 7.5])
    assert found.opening_fractions == pytest.approx((1.0, 1.0, 0.0))
    empty = particle_sizes(Structure(np.full((4, 4, 4), 2, np.uint8), LABELS, 1.0), CERAMIC)
    assert (empty.median, empty.sauter_mean, empty.cluster_median, empty.clusters) == (None, None, None, 0)
    full = particle_sizes(structure(np.ones((4, 4, 4), bool), 1.0), CERAMIC)
    assert full.sauter_mean is None
    with pytest.raises(SpecificationError, match="greater than zero"):
        particle_sizes(structure(slab, 1.0), CERAMIC, [0.0])


def test_shares_of_connected_clusters():
    mask = np.zeros((6, 10, 10), bool)
    mask[:, 0, 0] = True  # through: 6
    mask[:2, 5, 5] = True  # dead end at the first face: 2
    mask[4:, 8, 8] = True  # dead end at the last face: 2
    mask[3, 5, 5] = True  # isolated: 1
    found = connectivity(structure(mask), CERAMIC)
    assert found.clusters == 4
    assert found.percolating[0] == pytest.approx(6 / 11)
    assert found.dead_end[0] == pytest.approx(4 / 11)
    assert found.isolated[0] == pytest.approx(1 / 11)
    assert found.faces[:2] == pytest.approx((8 / 11, 8 / 11))
    assert found.enclosed == pytest.approx(1 / 11)
    assert found.largest == pytest.approx(6 / 11)
    for axis in range(3):
        assert found.percolating[axis] + found.dead_end[axis] + found.isolated[axis] == pytest.approx(1.0)
    diagonal = np.zeros((3, 3, 3), bool)
    diagonal[[0, 1, 2], [0, 1, 2], [0, 1, 2]] = True
    assert connectivity(structure(diagonal), CERAMIC, 6).percolating[0] == 0.0
    assert connectivity(structure(diagonal), CERAMIC, 26).percolating[0] == 1.0
    with pytest.raises(SpecificationError, match="6 or 26"):
        connectivity(structure(diagonal), CERAMIC, 18)


def test_percolation_is_stated_with_its_threshold():
    below = percolation(field(0.05), CERAMIC)
    assert not below.percolates
    assert below.distance[1] == pytest.approx(0.05 - 0.13, abs=1e-4)
    assert "does not percolate" in below.statement
    above = percolation(field(0.4), CERAMIC)
    assert above.percolates
    assert "above the threshold 0.13 to 0.16" in above.statement
    unknown = percolation(structure(noise()), CERAMIC)
    assert unknown.threshold is None
    assert "no percolation threshold is known" in unknown.statement
    with pytest.raises(SpecificationError, match="axis"):
        percolation(field(0.4), CERAMIC, 3)


def test_necks_and_gaps():
    rod = np.zeros((20, 15, 15), bool)
    rod[:, 3:12, 3:12] = True
    rod[8:11] = False
    rod[8:11, 6:9, 6:9] = True
    found = passage(structure(rod, 1.0), CERAMIC)
    assert found.neck == pytest.approx(3.0, abs=found.resolution)
    assert found.gap == 0.0
    rod[8:13] = False
    found = passage(structure(rod, 1.0), CERAMIC)
    assert found.gap == pytest.approx(5.0, abs=found.resolution)
    assert found.neck == 0.0
    assert passage(structure(np.ones((3, 3, 3), bool)), CERAMIC).neck is None
    assert passage(Structure(np.full((3, 3, 3), 2, np.uint8), LABELS, 1.0), CERAMIC).gap is None


def test_areas_need_two_materials_and_lines_three():
    sample = field()
    with pytest.raises(SpecificationError, match="two materials"):
        interface_area(sample, CERAMIC, CERAMIC)
    with pytest.raises(SpecificationError, match="three materials"):
        triple_line(sample, CERAMIC, METAL, METAL)
    with pytest.raises(SpecificationError, match="has no 'void'"):
        interface_area(sample, CERAMIC, PORE)
    found = interface_area(sample, CERAMIC, METAL)
    assert found.area == pytest.approx(found.profile.sum())
    assert found.area == pytest.approx(interface_area(sample, METAL, CERAMIC).area, rel=0.03)
    json.dumps(found.to_json())


def test_a_straight_triple_line_has_its_length():
    image = np.full((9, 8, 7), 1, np.uint8)
    image[4:] = 2
    image[4:, 4:] = 3
    found = triple_line(Structure(image, LABELS, (1.0, 1.0, 2.0)), CERAMIC, METAL, PORE)
    assert found.length == pytest.approx(7 * 2.0)
    assert found.voxel_edges == pytest.approx(14.0)


def share(sample):
    return volume_fractions(sample)[CERAMIC]


def test_samples_scatter_as_their_size_says():
    small = [field(0.3, (32, 32, 32), seed).crop((0, 0, 0), (16, 16, 16)) for seed in range(12)]
    found = representative_volume(small, share, name="volume fraction", tolerance=0.05)
    assert not found.representative
    assert found.interval[0] < 0.3 < found.interval[1]
    assert found.needed_volume > found.volume
    exact = representative_volume([field(0.3, seed=seed) for seed in range(3)], share, tolerance=0.05)
    assert exact.representative
    assert exact.mean == pytest.approx(0.3, abs=1e-4)
    json.dumps(found.to_json())


def test_parts_of_a_sample_are_compared_with_the_whole():
    found = representative_volume(field(0.3, (40, 40, 40)), share, parts=2, tolerance=0.2)
    assert len(found.values) == 8
    assert found.whole == pytest.approx(0.3, abs=1e-4)
    assert found.bias == pytest.approx(0.0, abs=1e-4)
    assert found.volume == pytest.approx((20e-6) ** 3)


@pytest.mark.parametrize(
    ("samples", "settings", "message"),
    [
        ([field(0.3, (8, 8, 8))], {}, "two samples"),
        ([field(0.3, (8, 8, 8)), field(0.3, (8, 8, 9))], {}, "differ in size"),
        (field(0.3, (8, 8, 8)), {"parts": 1}, "two or more"),
        (field(0.3, (8, 8, 8)), {"parts": 5}, "two voxels each"),
        (field(0.3, (8, 8, 8)), {"confidence": 1.5}, "between 0 and 1"),
    ],
)
def test_impossible_checks_get_one_clear_message(samples, settings, message):
    with pytest.raises(SpecificationError, match=message):
        representative_volume(samples, share, **settings)
