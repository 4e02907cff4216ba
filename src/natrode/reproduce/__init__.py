"""The five papers: experiments run on virtual cells, analysed like measurements, set beside what was published."""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """`natrode.reproduce` is a function for people and a package for the import system."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from natrode.reproduce.run import reproduce

        return reproduce(*arguments, **named)


sys.modules[__name__].__class__ = _Callable
