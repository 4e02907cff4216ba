"""What a build of the documentation stops at, seen without one: formulas, figures of laws, the map of the rooms."""

import re
import sys
from pathlib import Path

import pytest
from matplotlib.mathtext import MathTextParser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


@pytest.fixture
def extensions(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    yield
    for name in ("law_figures", "law_pages", "architecture"):
        sys.modules.pop(name, None)


def formulas():
    for page in sorted(DOCS.rglob("*.md")):
        if "generated" in page.parts:
            continue
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for block, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", text, re.DOTALL):
            yield page.name, (block or inline).strip()


def test_every_formula_is_one_that_the_renderer_reads():
    parser = MathTextParser("path")
    found = list(formulas())
    assert found
    for _, formula in found:
        parser.parse(f"${formula}$".replace("\n", " "))


def test_every_law_has_a_figure(extensions):
    import law_figures
    import law_pages

    assert {module.__name__.rpartition(".")[2] for module in law_pages.modules()} == set(law_figures.DRAW)


def test_every_room_of_the_contract_is_described(extensions):
    import architecture

    assert architecture.disagreements(ROOT / "pyproject.toml", ROOT / "src" / "natrode") == []


def test_the_smallest_paper_of_the_documentation_runs(tmp_path, monkeypatch):
    from natrode.reproduce import library, run

    for path in (*library._PAPERS.glob("*.toml"), DOCS / "extend" / "mine-2025.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    caches = (library.paper_names, library._load, library._all_figures)
    monkeypatch.setattr(library, "_PAPERS", tmp_path)
    try:
        for cache in caches:
            cache.cache_clear()
        assert library.paper_names()[-1] == "mine-2025"
        (row,) = run.reproduce(["mine"], workers=1).rows
    finally:
        monkeypatch.undo()
        for cache in caches:
            cache.cache_clear()
    assert row.status == "agrees"
    assert row.baseline == pytest.approx(12.0)
