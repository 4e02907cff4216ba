"""Smooth random fields, and exact numbers of voxels from them."""

import numpy as np
import numpy.typing as npt

from natrode.microstructure.structure import VoxelSize

Floats = npt.NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int, int], voxel_size: VoxelSize, length: float) -> Floats:
    """White noise smoothed with a Gaussian kernel.

    Args:
        rng: random numbers.
        shape: voxels along the axes [-]; an axis of one voxel stays as it is.
        voxel_size: edges [m].
        length: standard deviation of the kernel [m].

    Returns:
        A field of Gaussian values, shape `shape`, periodic along axes of at least eight lengths, cut out of a
        longer field along shorter ones.

    Formula:
        multiplication by exp(-(k l)^2/2) in Fourier space; covariance exp(-r^2/(4 l^2)).

    Source: Torquato 2002, Random Heterogeneous Materials, section 8.3.
    """
    from scipy import fft

    enough = [n == 1 or n * edge >= 8.0 * length for n, edge in zip(shape, voxel_size, strict=True)]
    whole = [
        n if periodic else n + int(np.ceil(6.0 * length / edge))
        for n, edge, periodic in zip(shape, voxel_size, enough, strict=True)
    ]
    field = rng.standard_normal(tuple(whole), np.float32)
    spectrum = fft.rfftn(field, workers=-1, overwrite_x=True)
    del field
    for axis, (count, edge) in enumerate(zip(whole, voxel_size, strict=True)):
        wave = fft.rfftfreq(count, edge) if axis == 2 else fft.fftfreq(count, edge)
        damping = np.exp(-0.5 * (2.0 * np.pi * wave * length) ** 2).astype(np.float32)
        spectrum *= damping.reshape([-1 if axis == other else 1 for other in range(3)])
    smooth = fft.irfftn(spectrum, whole, workers=-1, overwrite_x=True)
    part: Floats = smooth[tuple(slice(n) for n in shape)]
    return part


def highest(values: Floats, wanted: int) -> npt.NDArray[np.bool_]:
    """Return where exactly the `wanted` highest values are; among equal ones the first in order of the image."""
    if wanted == 0:
        return np.zeros(values.shape, np.bool_)
    flat = np.ascontiguousarray(values).reshape(-1)
    level = np.partition(flat, flat.size - wanted)[flat.size - wanted]
    chosen: npt.NDArray[np.bool_] = flat > level
    missing = wanted - int(np.count_nonzero(chosen))
    chosen[np.flatnonzero(flat == level)[:missing]] = True
    return chosen.reshape(values.shape)
