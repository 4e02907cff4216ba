"""The library of papers: their names, and a paper or a published figure by its name.

One TOML file per paper in `papers/`, and `validation-*.toml` for figures of other papers; each is read once
(`paper_file`).
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from natrode.errors import SpecificationError
from natrode.reproduce.paper import VALIDATION, Figure, Flag, Paper, named
from natrode.reproduce.paper_file import is_validation, read_paper, read_papers
from natrode.specification import read_toml, suggest

_PAPERS = Path(__file__).parent / "papers"


@cache
def paper_names() -> tuple[str, ...]:
    """Keys of the papers, in the order in which they are shown."""
    files = {path.stem: read_toml(path) for path in _files() if not is_validation(path)}
    return tuple(sorted(files, key=lambda name: (files[name].get("order", 99), name)))


def load_paper(key: str) -> Paper:
    """Load a paper once.

    Args:
        key: one of `paper_names()`, its short name in any case (hNa, BH, PbC, ORNa, NaF), or "validation" for all
            validation files as one.

    Returns:
        The paper, immutable.

    Raises:
        SpecificationError: an unknown key, with the nearest one; a file that does not say what it must, names what
            does not exist, or has a unit of another dimension.
    """
    return _load(_key(key))


def find_figure(name: str) -> Figure:
    """Return a figure of any paper by its id; raises SpecificationError with the nearest id."""
    return named(name, _all_figures(), "figure")


def flags_of(key: str) -> tuple[Flag, ...]:
    """Flags that concern a paper: its own, and those of other papers that name it."""
    paper = load_paper(key)
    others = (load_paper(name) for name in paper_names() if name != paper.key)
    return paper.flags + tuple(flag for other in others for flag in other.flags if paper.key in flag.papers)


def _files() -> list[Path]:
    return sorted(_PAPERS.glob("*.toml"))


@cache
def _all_figures() -> Mapping[str, Figure]:
    return {figure.id: figure for key in paper_names() for figure in _load(key).figures}


def _key(name: str) -> str:
    """Key of a paper from its key or its short name."""
    if name == VALIDATION or name in paper_names():
        return name
    shorts = {_load(key).short: key for key in paper_names()}
    found = next((key for short, key in shorts.items() if short.lower() == name.lower()), None)
    if found is None:
        raise SpecificationError(f"unknown paper '{name}'; {suggest(name, [*paper_names(), *shorts, VALIDATION])}")
    return found


@cache
def _load(key: str) -> Paper:
    if key != VALIDATION:
        return read_paper(_PAPERS / f"{key}.toml")
    paths = [path for path in _files() if is_validation(path)]
    if not paths:
        raise SpecificationError(f"{_PAPERS}: there is no file {VALIDATION}-*.toml")
    return read_papers(paths)
