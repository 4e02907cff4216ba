"""Virtual cells: the laboratory's protocol run from physical laws; the result is an Experiment of Measurements."""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """`natrode.simulate` is a function for people and a package for the import system."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from natrode.simulate.symmetric import simulate

        return simulate(*arguments, **named)


sys.modules[__name__].__class__ = _Callable
