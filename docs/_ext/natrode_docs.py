"""Writes the generated pages before Sphinx reads its sources: laws, API, map of the rooms, changelog.

A law without validity or source, a law module without a figure, a room without a description and a description without
a room are warnings, and `make docs` makes them errors.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import architecture
import law_figures
import law_pages
from sphinx.util import logging

ROOT = Path(__file__).resolve().parents[2]
API = (
    ("natrode.cell", "Cell: what a user writes"),
    ("natrode.protocol", "Protocol: what is done to it"),
    ("natrode.measurement", "The record"),
    ("natrode.simulate", "Simulation"),
    ("natrode.instruments", "Instrument files"),
    ("natrode.analysis", "Analyses"),
    ("natrode.materials", "Materials and interfaces"),
    ("natrode.reproduce", "Papers and their reproduction"),
    ("natrode.units", "Units"),
    ("natrode.errors", "Errors"),
)
MODULES = {
    "natrode.simulate": ("symmetric", "replicates"),
    "natrode.instruments": ("registry",),
    "natrode.analysis": None,
    "natrode.materials": ("loader",),
    "natrode.reproduce": ("run", "library", "paper", "analyses", "table"),
}
"""Modules of a package that the reference shows; None for all, absent for a module that is no package."""

log = logging.getLogger(__name__)


def write(path: Path, text: str) -> None:
    """Write a file only where it changed, so that Sphinx reads only what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def generate(app: Any) -> None:
    """Write all generated pages."""
    out = Path(app.srcdir) / "generated"
    for problem in law_pages.write_pages(out / "laws", write):
        log.warning(problem)
    for problem in law_figures.draw(out / "laws", law_pages.modules()):
        log.warning(problem)
    for problem in architecture.write_page(ROOT / "pyproject.toml", out / "rooms.md", write):
        log.warning(problem)
    write(out / "api.md", api_page())
    changelog = ROOT / "CHANGELOG.md"
    write(
        out / "changelog.md",
        changelog.read_text() if changelog.exists() else "# Changelog\n\nNothing has been released yet.\n",
    )


def api_page() -> str:
    """The reference of what other programs may use; the laws have pages of their own."""
    parts = ["# Reference\n\nThe names in `import natrode as na`, then the modules behind them.\n", public_names()]
    for package, title in API:
        parts.append(f"\n## {title}\n")
        for module in modules_of(package):
            parts.append(
                f"\n### {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n   :undoc-members:\n"
                "   :show-inheritance:\n   :exclude-members: model_config, model_post_init\n```\n"
            )
    return "".join(parts)


def modules_of(package: str) -> list[str]:
    """Modules of a package that the reference shows and that exist."""
    if package not in MODULES:
        return [package]
    chosen = MODULES[package]
    found = [m.name for m in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    names = [n for n in found if not n.startswith("_")] if chosen is None else [n for n in chosen if n in found]
    return [f"{package}.{name}" for name in names]


def public_names() -> str:
    """What `import natrode` offers."""
    import natrode

    rows = []
    for name in natrode.__all__:
        if name.startswith("__"):
            continue
        home, _, other = natrode._HOMES[name].partition(":")
        try:
            thing = getattr(importlib.import_module(home), other or name)
        except (ImportError, AttributeError) as error:
            log.warning(f"natrode.{name} cannot be imported: {error}")
            continue
        first = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
        rows.append(f"\n`na.{name}`\n: {law_pages.escape(first)} (`{home}.{other or name}`)\n")
    return "".join(rows)


def safe_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Keep bars and stars of formulas from being read as markup; set ASCII tables as they stand."""
    text = "\n".join(lines)
    if what == "module":
        first, _, rest = text.strip().partition("\n\n")
        lines[:] = [first, ""] + (["::", "", *("    " + line for line in rest.split("\n")), ""] if rest else [])
        return
    parts = re.split(r"(`[^`]*`)", text)
    lines[:] = "".join(p if p.startswith("`") else re.sub(r"([|*])|_(?=\W|$)", _escaped, p) for p in parts).split("\n")
    if lines and lines[-1]:
        lines.append("")


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match.group(0)


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    from natrode.specification import Quantity

    Quantity.__repr__ = lambda self: f"'{self.dimension}'"  # in signatures, instead of an address
    app.connect("builder-inited", generate)
    app.connect("autodoc-process-docstring", safe_docstring, priority=100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
