"""One page per law module, written from the docstrings: formula, arguments, validity, source."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import natrode.physics

SECTIONS = ("Args", "Returns", "Raises", "Formula", "Validity", "Source")
_SECTION = re.compile(rf"^({'|'.join(SECTIONS)}):[ ]*(.*)$")
_NOTE = re.compile(
    r"(?:natrode model notes|physics\.md) ((?:[A-K][0-9]?b?|0)(?: \([iv]+\))?(?:, (?:[A-K][0-9]?b?|0)\b)*)"
)


@dataclass
class Law:
    """What a docstring says."""

    name: str
    title: str
    parts: dict[str, str] = field(default_factory=dict)


def modules() -> list[ModuleType]:
    """Law modules in alphabetical order."""
    names = [m.name for m in pkgutil.iter_modules(natrode.physics.__path__) if not m.name.startswith("_")]
    return [importlib.import_module(f"natrode.physics.{name}") for name in names]


def laws(module: ModuleType) -> list[Any]:
    """Public functions of a module in the order of its source."""
    found = [
        thing
        for name, thing in vars(module).items()
        if inspect.isfunction(inspect.unwrap(thing))
        and not name.startswith("_")
        and getattr(thing, "__module__", "") == module.__name__
    ]
    return sorted(found, key=lambda f: inspect.unwrap(f).__code__.co_firstlineno)


def read_docstring(text: str, name: str) -> Law:
    """Split a docstring into its title and its sections."""
    lines = inspect.cleandoc(text).split("\n")
    law, current = Law(name, ""), ""
    head: list[str] = []
    body: dict[str, list[str]] = {}
    for line in lines:
        match = _SECTION.match(line)
        if match:
            current = match.group(1)
            body[current] = [match.group(2)] if match.group(2) else []
        elif current:
            body[current].append(line)
        else:
            head.append(line)
    law.title = "\n".join(head).strip()
    law.parts = {name: inspect.cleandoc("\n".join(["", *part])).strip() for name, part in body.items()}
    return law


def escape(text: str) -> str:
    """Markdown that shows `text` as it stands; code spans stay code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([\\*_<>\[\]$~^#|])", r"\\\1", p) for p in parts)


def anchor(section: str) -> str:
    """Label of a section of the model notes."""
    return f"notes-{section.lower()}"


def linked(text: str) -> str:
    """Escape, link sections of the model notes, and mark what is unverified or assumed."""

    def link(match: re.Match[str]) -> str:
        sections = [s.split(" ")[0] for s in match.group(1).split(", ")]
        return ", ".join(f"[natrode model notes {s}](#{anchor(s)})" for s in sections)

    shown = escape(_join(text)).replace("natrode model notes \\", "natrode model notes ")
    shown = _NOTE.sub(link, shown)
    shown = re.sub(r"validation\.md (V\d+)", r"validation figure \1", shown)
    return re.sub(r"`(unverified|assumed)`", r"[\1]{.tag}", shown)


def _join(text: str) -> str:
    """Paragraphs whose broken lines are joined."""
    return "\n\n".join(" ".join(line.strip() for line in part.split("\n")) for part in text.split("\n\n"))


def _arguments(text: str) -> str:
    """Field list of the arguments."""
    items: list[list[str]] = []
    for line in text.split("\n"):
        if re.match(r"^\w+: ", line):
            items.append([line])
        elif items and line.strip():
            items[-1].append(line.strip())
    rows = []
    for item in items:
        name, _, rest = " ".join(item).partition(": ")
        rows.append(f"`{name}`\n: {linked(rest)}\n")
    return "\n".join(rows)


def page(module: ModuleType) -> tuple[str, list[str]]:
    """Text of the page of one module, and what its docstrings lack."""
    short = module.__name__.rpartition(".")[2]
    head = read_docstring(inspect.getdoc(module) or "", short)
    first, _, rest = head.title.partition("\n\n")
    text = [f"(law-{short})=\n# {escape(short.capitalize())}\n\n{escape(_join(first))}\n"]
    if rest:
        text.append(f"\n{escape(_join(rest))}\n")
    if "Source" in head.parts:
        text.append(f"\n**Source:** {linked(head.parts['Source'])}\n")
    text.append(f"\n```{{image}} {short}.svg\n:alt: laws of {short} drawn from the code\n:class: law-figure\n```\n")
    text.append(f"\nModule `{module.__name__}`; the figure calls its functions at each build.\n")
    problems = []
    for function in laws(module):
        plain = inspect.unwrap(function)
        law = read_docstring(inspect.getdoc(plain) or "", plain.__name__)
        for part in ("Formula", "Validity", "Source"):
            if not law.parts.get(part):
                problems.append(f"{module.__name__}.{law.name} states no {part.lower()}")
        text.append(_section(short, law, plain))
    return "".join(text), problems


def _section(short: str, law: Law, function: Any) -> str:
    title = law.name.replace("_", " ").capitalize()
    names = ", ".join(inspect.signature(function).parameters)
    lines = [f"\n(law-{short}-{law.name})=\n## {escape(title)}\n\n{escape(_join(law.title))}\n"]
    if "Formula" in law.parts:
        lines.append(f"\n```text\n{law.parts['Formula']}\n```\n")
    lines.append(f"\n```python\n{short}.{law.name}({names})\n```\n")
    if "Args" in law.parts:
        lines.append(f"\n{_arguments(law.parts['Args'])}\n")
    for part in ("Returns", "Raises", "Validity", "Source"):
        if part in law.parts:
            lines.append(f"\n**{part}:** {linked(law.parts[part])}\n")
    return "".join(lines)


def write_pages(folder: Path, write: Callable[[Path, str], None]) -> list[str]:
    """Write all pages; returns what is missing in docstrings."""
    problems: list[str] = []
    for module in modules():
        text, found = page(module)
        write(folder / f"{module.__name__.rpartition('.')[2]}.md", text)
        problems += found
    return problems
