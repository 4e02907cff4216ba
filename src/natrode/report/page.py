"""What every page shares: the templates, Plotly's script bundled once, data that cannot break out of a page."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from natrode.report import wording
from natrode.report.palette import ROLE, STATUS
from natrode.report.plots import Figure

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": wording.number,
        "value": wording.value_text,
        "interval": wording.interval_text,
        "unit": wording.unit_text,
        "prose": wording.prose,
        "bound": lambda end: "any" if math.isinf(end) else wording.number(end, 5),
        "json": json_for_html,
    }
    environment.globals |= {"STATUS": STATUS, "ROLE": ROLE}
    return environment


@cache
def _asset(name: str) -> Markup:
    """A style sheet or script as it stands."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


@cache
def _plotly_script() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())


def json_for_html(value: Any) -> Markup:
    """Write JSON that stays inside its script element, whatever text it holds; NaN is refused."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def render(template: str, **content: Any) -> str:
    """Fill a page template; the page needs no file beside it and no network."""
    return (
        _environment()
        .get_template(template)
        .render(style=_asset("style.css"), script=_asset("page.js"), plotly=_plotly_script, **content)
    )


class Plots:
    """Gives each figure of one page an id of its own."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, figure: Figure, description: str) -> dict[str, Any]:
        """What the template's `plot` macro draws: an id, the figure, and words for who cannot see it."""
        self._count += 1
        return {
            "id": f"plot-{self._count}",
            "figure": figure,
            "description": description,
            "height": figure["layout"]["height"],
        }


def anchors(prefix: str, names: list[str]) -> dict[str, str]:
    """Give every name an id that HTML and URLs take as it stands, all different.

    >>> anchors("row", ["a b", "a-b"])
    {'a b': 'row-a-b', 'a-b': 'row-a-b-2'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in found:
            continue
        plain = prefix + "-" + "".join(c if c.isascii() and (c.isalnum() or c in "._") else "-" for c in name)
        candidate, number = plain, 1
        while candidate in taken:
            number += 1
            candidate = f"{plain}-{number}"
        taken.add(candidate)
        found[name] = candidate
    return found
