"""Is a sample large enough? The same quantity on several samples or parts of one, with a confidence interval."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from natrode.errors import SpecificationError
from natrode.microstructure.structure import Structure


@dataclass(frozen=True)
class Representativeness:
    """Scatter of a quantity over samples of one size, and what it says about a larger one."""

    quantity: str
    values: tuple[float, ...]
    """Of each sample, in the quantity's SI unit."""
    mean: float
    standard_deviation: float
    interval: tuple[float, float]
    """Confidence interval of the mean."""
    confidence: float
    whole: float | None
    """Of the whole sample where the samples are its parts; None where they are seeds."""
    bias: float | None
    """Mean of the parts minus whole: what the size of a part does beyond scatter."""
    tolerance: float
    """Relative half width that was asked for [-]."""
    representative: bool
    """Whether the half width, and the bias, stay within the tolerance."""
    volume: float
    """Of one sample [m3]."""
    needed_volume: float | None
    """Of one sample whose own value would lie within the tolerance at this confidence [m3]; None where the
    values do not scatter or have the mean 0."""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dataclasses.asdict(self)


def representative_volume(
    samples: Structure | Sequence[Structure],
    quantity: Callable[[Structure], float],
    *,
    name: str = "quantity",
    parts: int = 2,
    tolerance: float = 0.05,
    confidence: float = 0.95,
) -> Representativeness:
    """Check with several seeds, or the parts of one sample, whether a quantity is representative.

    Args:
        samples: structures of one size from several seeds, or one structure that is cut into parts.
        quantity: what is computed of each.
        name: what it is called in the answer.
        parts: into how many a single structure is cut along each axis of more than one voxel [-].
        tolerance: relative half width of the interval that is good enough [-].
        confidence: of the interval [-].

    Returns:
        Mean, scatter, interval, and the volume that would do.

    Raises:
        SpecificationError: fewer than two samples, parts of less than two voxels, or a setting out of range.

    Formula:
        mean +- t s/sqrt(n) with Student's t; variance of one sample proportional to 1/V beyond the
        correlation length, so V_needed = V (t s/(tolerance mean))^2.

    Source: Kanit et al. 2003, Int. J. Solids Struct. 40, 3647.
    """
    from scipy.stats import t as student

    if not 0.0 < tolerance < 1.0 or not 0.0 < confidence < 1.0:
        raise SpecificationError(f"tolerance {tolerance!r} and confidence {confidence!r} must lie between 0 and 1")
    whole = None
    if isinstance(samples, Structure):
        whole = float(quantity(samples))
        samples = _parts(samples, parts)
    if len(samples) < 2:
        raise SpecificationError("a confidence interval needs two samples or more: give more seeds or parts")
    if len({sample.shape for sample in samples}) > 1:
        raise SpecificationError("the samples differ in size; a scatter belongs to samples of one size")
    values = np.array([float(quantity(sample)) for sample in samples])
    if not np.all(np.isfinite(values)):
        raise SpecificationError(f"{name} is not a finite number on {np.sum(~np.isfinite(values))} of the samples")
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    factor = float(student.ppf(0.5 + 0.5 * confidence, values.size - 1))
    half = factor * deviation / values.size**0.5
    bias = None if whole is None else mean - whole
    allowed = tolerance * abs(mean)
    volume = samples[0].image.size * samples[0].voxel_volume
    scatters = deviation > 0.0 and allowed > 0.0
    return Representativeness(
        name,
        tuple(values.tolist()),
        mean,
        deviation,
        (mean - half, mean + half),
        confidence,
        whole,
        bias,
        tolerance,
        half <= allowed and (bias is None or abs(bias) <= allowed + half),
        volume,
        volume * (factor * deviation / allowed) ** 2 if scatters else None,
    )


def _parts(structure: Structure, parts: int) -> list[Structure]:
    cuts = [parts if count > 1 else 1 for count in structure.shape]
    widths = [count // cut for count, cut in zip(structure.shape, cuts, strict=True)]
    if parts < 2 or any(width < 2 for width, cut in zip(widths, cuts, strict=True) if cut > 1):
        raise SpecificationError(f"{parts} parts along each axis: must be two or more, of at least two voxels each")
    corners = itertools.product(*(range(cut) for cut in cuts))
    lows = [tuple(c * w for c, w in zip(corner, widths, strict=True)) for corner in corners]
    return [structure.crop((a, b, c), (a + widths[0], b + widths[1], c + widths[2])) for a, b, c in lows]
