"""Compilation of numerical kernels, cached in the user's cache directory.

The compiler's own cache does not notice when a function that a kernel calls changes in another file, so the folder
carries a digest of all the sources that kernels are made of: an edited law or a new version compiles again.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent


def _sources_digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for room in ("physics", "simulate", "analysis", "microstructure"):
        for path in sorted((_PACKAGE / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


numba.config.CACHE_DIR = str(user_cache_path("natrode", appauthor=False) / f"kernels-{_sources_digest()}")


def compiled(function: Function) -> Function:
    """Compile a function of floats and arrays to machine code, without Python objects, cached between runs."""
    return cast("Function", numba.njit(cache=True, error_model="numpy")(function))


def compiled_parallel(function: Function) -> Function:
    """Compile a function whose `prange` loops run on all cores; the order of floating-point sums is free."""
    return cast("Function", numba.njit(cache=True, parallel=True, fastmath=True, error_model="numpy")(function))


def compiled_twice(function: Function) -> tuple[Function, Function]:
    """Compile a function of `prange` loops for all cores and, for arrays too small for that, for one core.

    The compiler's cache knows a function by its name alone, so the second one gets a name of its own.
    """
    plain = cast("FunctionType", function)
    alone = FunctionType(plain.__code__, plain.__globals__, f"{plain.__name__}_alone", plain.__defaults__)
    alone.__qualname__ = f"{plain.__qualname__}_alone"
    alone.__module__ = plain.__module__
    serial = numba.njit(cache=True, fastmath=True, error_model="numpy")(alone)
    return compiled_parallel(function), cast("Function", serial)
