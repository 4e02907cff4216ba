"""Reads a page the way a strict reader would: balanced tags, unique ids, links that lead somewhere."""

import json
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "line", "circle", "rect", "use"}
NEVER = {"img", "link", "iframe", "object", "embed", "base"}


class Page(HTMLParser):
    """A parsed page; `errors` is empty when its structure holds."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.errors: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.text: list[str] = []
        self.tags: dict[str, int] = {}
        self.plots: dict[str, dict[str, Any]] = {}
        self._open: list[str] = []
        self._data_for: str | None = None
        self.feed(text)
        self.close()
        self.errors += [f"never closed: {tag}" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag in NEVER:
            self.errors.append(f"a {tag} element")
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag == "a":
            self.links.append(values.get("href") or "")
        elif tag != "use":
            self.loads += [values[key] or "" for key in ("src", "href", "srcset", "data", "action") if key in values]
        self.errors += [f"handler {key}" for key in values if key.startswith("on")]
        self._data_for = values.get("data-for") if tag == "script" else None
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._data_for = None
        if tag in VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self._open[-1:]} at {self.getpos()}")
            return
        self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._data_for is not None:
            self.plots[self._data_for] = json.loads(data)
        elif self._open and self._open[-1] not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self) -> str:
        """All text that a reader sees, with single spaces."""
        return " ".join(" ".join(self.text).split())
