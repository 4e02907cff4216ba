"""Compilation of numerical kernels, cached in the user's cache directory.

The compiler's own cache does not notice when a function that a kernel calls changes in another file, so a kernel's
folder carries a digest of its module and of all modules of natrode that this one imports: an edited law compiles the
kernels again that rest on it, and no others.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, cast

import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.registry import CPUDispatcher
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent
_PIECES = 8
"""Pieces of the rows for each core: rows may take very different times."""
_IMPORTS = re.compile(r"^from (natrode[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


def _file_of(module: str) -> Path:
    return _PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")


def imported_modules(module: str) -> set[str]:
    """Return a module of natrode and all modules of natrode that it imports at its top, directly or not."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or not _file_of(name).exists():
            continue
        found.add(name)
        for package, names in _IMPORTS.findall(_file_of(name).read_text(encoding="utf-8")):
            waiting += [package, *(f"{package}.{word}" for word in re.findall(r"\w+", names))]
    return found


@cache
def _folder(module: str) -> str:
    """Where the compiler keeps the kernels of a module."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in sorted(imported_modules(module)):
        digest.update(_file_of(name).read_bytes())
    return str(user_cache_path("natrode", appauthor=False) / f"kernels-{digest.hexdigest()[:16]}")


class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Machine-independent code of a part: optimised by itself, then left to the kernel that it becomes part of."""

    def finalize(self) -> None:
        self._optimize_final_module()
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True


class _PartCompiler(CompilerBase):  # type: ignore[misc]
    def define_pipelines(self) -> list[Any]:
        self.state.library = _PartLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.flags.no_compile = True  # and so nothing that Python could call
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


class _Part(CPUDispatcher):  # type: ignore[misc]
    """A function as other kernels call it: part of their machine code, and one version for each type.

    Left alone, the compiler optimises and translates every function together with all that it calls, so that the
    innermost are done again for each of their callers; and it makes a version for every constant that an argument is at
    some call, and for the zero that a count begins with, of the function and of all that it passes the number on to.
    """

    def get_call_template(self, args: Sequence[Any], kws: Mapping[str, Any]) -> Any:
        named = {name: numba.types.unliteral(one) for name, one in kws.items()}
        return super().get_call_template(tuple(map(numba.types.unliteral, args)), named)

    def add_overload(self, cres: Any) -> None:
        name = object()  # the compiler knows functions by something that Python can call; a part has no such thing
        self.targetctx.insert_user_function(name, cres.fndesc, [cres.library])
        self.overloads[tuple(cres.signature.args)] = cres._replace(entry_point=name)


def _njit(function: Function, **options: Any) -> Function:
    numba.config.CACHE_DIR = _folder(function.__module__)
    options = {"error_model": "numpy", "no_cfunc_wrapper": True, **options}
    kernel = numba.njit(cache=True, **options)(function)
    if "parallel" not in options:
        part = _Part(function, None, {"nopython": True, "no_cpython_wrapper": True, **options}, _PartCompiler)
        kernel.get_call_template, kernel.get_overload = part.get_call_template, part.get_overload
    return cast("Function", kernel)


def compiled(function: Function) -> Function:
    """Compile a function of floats and arrays to machine code, without Python objects, cached between runs."""
    return _njit(function)


def compiled_in_place(function: Function) -> Function:
    """Compile a function that makes no array of its own, but works on those that it is given and on parts of them.

    Nothing then has to count who holds an array: in functions of a few operations the counting, which has to be safe
    between threads, takes longer than the operations. The compiler refuses a function that makes an array.
    """
    # numba uses this option for itself and does not document it; one that lacks it refuses the first compilation
    return _njit(function, _nrt=False)


def compiled_sums(function: Function) -> Function:
    """Compile a function whose sums may run in any order, several terms at a time; what is not a number stays one."""
    return _njit(function, fastmath={"reassoc", "contract", "nsz"})


def compiled_parallel(function: Function) -> Function:
    """Compile a function whose `prange` loops run on all cores; the order of floating-point sums is free."""
    return _njit(function, parallel=True, fastmath=True)


def compiled_rows(function: Function) -> Function:
    """Compile a function of many rows whose last two arguments are the first row and the one after the last.

    `on_all_cores` runs it. The compiler's own loops over all cores take several times as long to compile, and a long
    one that needs a core's whole attention for each row gains nothing by them.
    """
    return _njit(function, nogil=True)


def on_all_cores(rows: int, work: Callable[[int, int], None]) -> None:
    """Call `work(begin, end)` on pieces of `rows` rows until all are done, one at a time on every core."""
    threads = min(numba.config.NUMBA_NUM_THREADS, rows)
    if threads < 2:
        work(0, rows)
        return
    pieces = min(rows, _PIECES * threads)
    ends = [rows * piece // pieces for piece in range(pieces + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))


def compiled_twice(function: Function) -> tuple[Function, Function]:
    """Compile a function of `prange` loops for all cores and, for arrays too small for that, for one core.

    The compiler's cache knows a function by its name alone, so the second one gets a name of its own.
    """
    plain = cast("FunctionType", function)
    alone = FunctionType(plain.__code__, plain.__globals__, f"{plain.__name__}_alone", plain.__defaults__)
    alone.__qualname__ = f"{plain.__qualname__}_alone"
    alone.__module__ = plain.__module__
    return compiled_parallel(function), cast("Function", _njit(alone, fastmath=True))
