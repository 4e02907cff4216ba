"""Diffusion in a spherical particle as the fast kernel steps it: the finite volumes of PyBaMM, in modes."""

from functools import cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SHELLS = 30
"""Finite volumes in a particle."""


@cache
def particle_modes(shells: int = SHELLS) -> FloatArray:
    """Eigenmodes of the discretised diffusion in a sphere of unit radius and diffusivity.

    Returns:
        (4, shells): eigenvalues; push of a unit flux at the surface on each mode; reach of each mode to the surface;
        direct response of the surface to the flux, and, from its second element on, nothing. Modes of a uniform filling
        of 1 are the solution of `uniform_modes`.
    """
    a, b, c, d = operator(shells)
    values, vectors = np.linalg.eig(a)
    values, vectors = values.real, vectors.real
    values[np.argmax(values)] = 0.0  # sodium is conserved
    modes = np.zeros((4, shells))
    modes[0] = values
    modes[1] = np.linalg.solve(vectors, b)
    modes[2] = c @ vectors
    modes[3, 0] = d
    return modes


@cache
def uniform_modes(shells: int = SHELLS) -> FloatArray:
    """Amplitudes of the modes for a filling of 1 everywhere."""
    return np.linalg.solve(np.linalg.eig(operator(shells)[0])[1].real, np.ones(shells))


@cache
def operator(shells: int) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Matrices of x' = A x + b flux, x_surface = c x + d flux, on even shells of a sphere of unit radius.

    Formula: V_i x_i' = r_{i+1}^2 (x_{i+1} - x_i)/h - r_i^2 (x_i - x_{i-1})/h, V_i = (r_{i+1}^3 - r_i^3)/3, the flux in
    place of the last gradient; x_surface = x_N + (h/2) flux. A test holds it to PyBaMM's discretisation.
    """
    edges = np.linspace(0.0, 1.0, shells + 1)
    width = edges[1]
    volume = np.diff(edges**3) / 3.0
    through = edges[1:-1] ** 2 / width
    a = np.diag(through, 1) + np.diag(through, -1)
    a -= np.diag(a.sum(axis=1))
    push, reach = np.zeros(shells), np.zeros(shells)
    push[-1], reach[-1] = 1.0 / volume[-1], 1.0
    return a / volume[:, None], push, reach, 0.5 * width
