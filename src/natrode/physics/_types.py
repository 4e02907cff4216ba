"""The number types that the laws take and give back."""

from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
ComplexArray: TypeAlias = npt.NDArray[np.complex128]

FloatOrArray = TypeVar("FloatOrArray", float, FloatArray)
"""A float gives a float, an array gives an array of the same shape."""
