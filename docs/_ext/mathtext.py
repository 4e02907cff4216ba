"""Formulas drawn at build time with matplotlib's own TeX reader: the pages need no script from elsewhere."""

import html
from functools import cache
from typing import Any

import matplotlib as mpl
from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.path import Path
from matplotlib.textpath import TextPath

SIZE = 100.0
"""Font size in units of the drawing; 1 em."""
_COMMANDS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}


@cache
def drawing(formula: str) -> str:
    """SVG of a formula, in the colour and at the size of the text around it."""
    text = f"${formula}$".replace("\n", " ")
    with mpl.rc_context({"mathtext.fontset": "cm"}):
        font = FontProperties(size=SIZE)
        width, height, depth, *_ = MathTextParser("path").parse(text, dpi=72, prop=font)
        path = TextPath((0, 0), text, size=SIZE, prop=font)
    parts = []
    for points, code in path.iter_segments(curves=True, simplify=False):
        if code == Path.CLOSEPOLY:
            parts.append("Z")
            continue
        pairs = zip(points[::2], points[1::2], strict=True)
        parts.append(_COMMANDS[code] + " ".join(f"{x:.1f} {-y:.1f}" for x, y in pairs))
    return (
        f'<svg class="formula" role="img" aria-label="{html.escape(formula)}" xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="0 {-height + depth - 2:.1f} {width:.1f} {height + 4:.1f}" fill="currentColor" '
        f'style="width:{width / SIZE:.3f}em;height:{(height + 4) / SIZE:.3f}em;'
        f'vertical-align:{-(depth + 2) / SIZE:.3f}em"><path d="{"".join(parts)}"/></svg>'
    )


def inline(self: Any, node: nodes.Node) -> None:
    """Write a formula in a line."""
    self.body.append(f'<span class="math">{drawing(node.astext())}</span>')
    raise nodes.SkipNode


def block(self: Any, node: nodes.Node) -> None:
    """Write a formula on a line of its own."""
    self.body.append(f'<div class="math">{drawing(node.astext())}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_math_renderer("mathtext", (inline, None), (block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
