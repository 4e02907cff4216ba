"""What to cite for an analysed folder, how it was done in a paragraph, and its table for a supporting information.

All of it is read from what `natrode analyse` wrote (`study.json`), so that it says what was done then.
"""

import csv
import io
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from natrode import __version__
from natrode.units import write_quantity

UNKNOWN = "not recorded"
SI_COLUMNS = (
    "cell", "group", "excluded", "of", "quantity", "value", "standard uncertainty", "low", "high", "unit", "quality",
    "reason", "side", "interfaces in series", "electrode area", "electrolyte thickness", "temperature",
    "stack pressure", "instrument", "started", "origin", "method", "references", "records (SHA-256)",
)  # fmt: skip


@dataclass(frozen=True)
class Work:
    """A work that can be cited."""

    key: str
    kind: str
    """article, book or software."""
    authors: tuple[str, ...]
    year: int
    title: str
    fields: Mapping[str, str]
    """journal, volume, pages, doi, publisher, url: those that are known."""
    words: tuple[str, ...]
    """What a method's text says when it cites this work."""
    calls: frozenset[str]
    """Analyses that rest on it without saying so in every result."""
    reader: str
    model: str
    """Word in a record's reader or model that says that the library was used."""
    software: str
    """Name of a library on which all of natrode's numbers rest, or ""."""
    checked: bool
    """Whether it was found elsewhere; else it stands as written from memory."""

    @property
    def text(self) -> str:
        """The work as a reference list prints it."""
        known = [a for a in self.authors if a != "others"]
        names = ", ".join(known).strip("{}")
        names = f"{names}, et al" if "others" in self.authors else names.removesuffix(".")
        f = self.fields
        where = [f.get("journal") or f.get("publisher") or f.get("url") or ""]
        where += [f"{f.get('volume', '')} ({self.year}) {f.get('pages', '')}".strip()]
        parts = [names, self.title, " ".join(w for w in where if w)]
        end = f". doi:{f['doi']}" if "doi" in f else ""
        return ". ".join(p for p in parts if p) + end + ("" if self.checked else " [unverified]")

    @property
    def bibtex(self) -> str:
        """A BibTeX entry."""
        kind = {"article": "article", "book": "book", "software": "misc"}[self.kind]
        entries = {
            "author": " and ".join(self.authors), "title": f"{{{self.title}}}", "year": str(self.year),
            **self.fields, "note": "" if self.checked else "unverified: check before citing",
        }  # fmt: skip
        lines = [f"  {name} = {{{_bibtex(text)}}}," for name, text in entries.items() if text]
        return "\n".join([f"@{kind}{{{self.key},", *lines, "}"])


def _bibtex(text: str) -> str:
    return text.replace("&", r"\&").replace("%", r"\%").replace("_", r"\_")


@cache
def library() -> tuple[Work, ...]:
    """Every work that natrode's analyses name."""
    document = tomllib.loads((Path(__file__).parent / "references.toml").read_text(encoding="utf-8"))
    own = {"authors", "year", "title", "kind", "words", "calls", "reader", "model", "software", "checked"}
    return tuple(
        Work(
            key, entry.get("kind", "article"), tuple(entry["authors"]), entry["year"], entry["title"],
            {k: v for k, v in entry.items() if k not in own}, tuple(entry.get("words", ())),
            frozenset(entry.get("calls", ())), entry.get("reader", ""), entry.get("model", ""),
            entry.get("software", ""), entry.get("checked", False),
        )
        for key, entry in document.items()
    )  # fmt: skip


def natrode_itself() -> Work:
    """Natrode in the version that runs."""
    title = f"natrode {__version__}: a virtual laboratory and data workbench for sodium-metal solid-state batteries"
    return Work(
        "natrode", "software", ("{The natrode developers}",), 2026, title, {}, (), frozenset(), "", "", "", True
    )


def works_of(document: Mapping[str, Any]) -> tuple[Work, ...]:
    """Works that the analyses of a folder rest on, natrode first, libraries last.

    Args:
        document: what `Study.to_json` gives.
    """
    computed = [r for r in document["results"] if r["quality"] != "not computed"]
    texts = [" ".join((r["method"], r["reason"], _flat(r["settings"]))) for r in computed]
    texts += [entry["method"] for entry in document["series"]]
    for group in document["groups"]:
        parts = [group["critical_current"], *group["budgets"], group["thickness"]]
        texts += [r["method"] for part in parts if part for r in part["results"]]
    calls = {call for cell in document["cells"] for call in cell["calls"]}
    records = [r for cell in document["cells"] for r in cell["records"]]
    readers = " ".join(str(r["reader"]) for r in records).lower()
    models = " ".join(str(r["model"]) for r in records).lower()
    text = "\n".join(texts)
    used = [w for w in library() if not w.software and (_named(w, text) or w.calls & calls)]
    used += [w for w in library() if (w.reader and w.reader in readers) or (w.model and w.model in models)]
    return (natrode_itself(), *{w.key: w for w in used}.values(), *(w for w in library() if w.software))


def _named(work: Work, text: str) -> bool:
    return any(words in text for words in work.words)


def _flat(settings: Any) -> str:
    if isinstance(settings, Mapping):
        return " ".join(_flat(v) for v in settings.values())
    if isinstance(settings, (list, tuple)):
        return " ".join(_flat(v) for v in settings)
    return settings if isinstance(settings, str) else ""


def reference_list(works: Iterable[Work]) -> str:
    """Numbered references as text."""
    return "".join(f"[{number}] {work.text}\n" for number, work in enumerate(works, 1))


def bibtex(works: Iterable[Work]) -> str:
    """A BibTeX file."""
    return "\n\n".join(work.bibtex for work in works) + "\n"


# ---- methods ---------------------------------------------------------------------------------------------
def methods(document: Mapping[str, Any]) -> str:
    """How the numbers of a folder were made: data, conditions, analyses with their references, what was left out.

    What nobody said is called "not recorded".
    """
    works = works_of(document)
    place = {work.key: number for number, work in enumerate(works, 1)}
    parts = [_data(document), _analyses(document, works, place), _counts(document), _software(works, place)]
    return "\n\n".join(p for p in parts if p) + "\n\n" + reference_list(works)


def _data(document: Mapping[str, Any]) -> str:
    sentences = []
    for cell in document["cells"]:
        records = cell["records"]
        kinds = ", ".join(dict.fromkeys(r["kind"] for r in records))
        sources = dict.fromkeys(
            f"{r['model']} ({_simulated(r)}, no measurement)" if r["simulated"] else f"{_said(r['instrument'])}"
            for r in records
        )
        conditions = _conditions(records[0])
        told = "; ".join(f"{name} {text}" for name, text in conditions.items())
        sentences.append(f"Cell {cell['cell']}: {kinds} by {' and '.join(sources)}; {told}.")
    return "Data. " + " ".join(sentences)


def _simulated(record: Mapping[str, Any]) -> str:
    seed = record.get("seed")
    return "SIMULATED" if seed is None else f"SIMULATED, seed {seed}"


def _said(text: Any) -> str:
    return UNKNOWN if text in (None, "", "unknown") else str(text)


def _conditions(record: Mapping[str, Any]) -> dict[str, str]:
    """Geometry and conditions of a record in the laboratory's units."""
    geometry = record["geometry"]

    def told(value: Any, dimension: str) -> str:
        return UNKNOWN if value in (None, "unknown") else write_quantity(float(value), dimension, 4)

    areas = [a for a in (geometry["working_area"], geometry["counter_area"]) if a not in (None, "unknown")]
    interfaces = geometry["interfaces_in_series"]
    return {
        "electrode area": told(min(areas) if areas else None, "area"),
        "electrolyte thickness": told(geometry["electrolyte_thickness"], "length"),
        "interfaces in series": UNKNOWN if interfaces in (None, "unknown") else str(interfaces),
        "temperature": told(record["temperature"], "temperature"),
        "stack pressure": told(record["pressure"], "pressure"),
        "started": _said(record["started"]),
    }


def _analyses(document: Mapping[str, Any], works: Sequence[Work], place: Mapping[str, int]) -> str:
    """One sentence a method, with the quantities that it gave and its references."""
    by_method: dict[str, list[str]] = {}
    circuits = {r["settings"].get("circuit") for r in document["results"]} - {None}
    for result in document["results"]:
        if result["quality"] == "not computed" or not result["method"]:
            continue
        names = by_method.setdefault(result["method"], [])
        name = re.sub(r"^(DRT peak) \d+: ", r"\1, ", result["quantity"])
        if result["quantity"].partition(": ")[0] in circuits:
            name = "parameters of the equivalent circuit"
        if name not in names:
            names.append(name)
    sentences = []
    for method, names in by_method.items():
        cited = [place[w.key] for w in works if w.words and _named(w, method)]
        marks = f" [{', '.join(map(str, cited))}]" if cited else ""
        listed = ", ".join(names[:6]) + (" and others" if len(names) > 6 else "")
        sentences.append(f"{listed[:1].upper()}{listed[1:]}: {method.rstrip('.')}{marks}.")
    for group in document["groups"]:
        for part in (group["critical_current"], group["thickness"]):
            known = [r for r in (part or {}).get("results", ()) if r["quality"] != "not computed"]
            if known:
                sentences.append(f"Group {group['group']}: {known[0]['method']}; {group['count']}.")
    return "Analysis. " + " ".join(dict.fromkeys(sentences)) if sentences else ""


def _counts(document: Mapping[str, Any]) -> str:
    out = [f"{c['cell']} ({c['excluded']})" for c in document["cells"] if c["excluded"]]
    refused = dict.fromkeys(
        f"{r['quantity']} of {r['cell']} ({r['reason']})" for r in document["results"] if r["quality"] == "not computed"
    )
    text = f"Cells: n = {len(document['cells']) - len(out)} of {len(document['cells'])}"
    text += f"; excluded {', '.join(out)}." if out else "."
    if document["unread"]:
        text += " Not read: " + ", ".join(f"{u['file']} ({u['reason']})" for u in document["unread"]) + "."
    if refused:
        text += " Not computed: " + "; ".join(refused) + "."
    return text + " Uncertainties are standard uncertainties (1 sigma) unless an interval is given."


def _software(works: Sequence[Work], place: Mapping[str, int]) -> str:
    libraries = [w for w in works if w.software or w.reader or w.model]
    named = ", ".join(f"{w.software or w.title.partition(':')[0]} [{place[w.key]}]" for w in libraries)
    return f"Software. natrode {__version__} [{place['natrode']}]" + (f" with {named}." if named else ".")


# ---- table -----------------------------------------------------------------------------------------------
def si_rows(document: Mapping[str, Any]) -> list[list[Any]]:
    """One row a result that was computed, in the order of SI_COLUMNS; what nobody said is "not recorded"."""
    works = works_of(document)
    cells = {c["cell"]: c for c in document["cells"]}
    rows = []
    for result in document["results"]:
        if result["quality"] == "not computed":
            continue
        cell = cells[result["cell"]]
        record = next((r for r in cell["records"] if r["sha256"] in result["source"]), cell["records"][0])
        conditions = _conditions(record)
        settings = result["settings"]
        for name, dimension in (("temperature", "temperature"), ("pressure", "pressure")):
            if isinstance(settings.get(name), (int, float)):
                key = "stack pressure" if name == "pressure" else name
                conditions[key] = write_quantity(float(settings[name]), dimension, 4)
        low, high = result["interval"] or (None, None)
        cited = " ".join(w.key for w in works if w.words and _named(w, result["method"]))
        rows.append([
            result["cell"], _said(cell["group"]), cell["excluded"] or "no", result["of"], result["quantity"],
            result["value"], result["uncertainty"], low, high, result["unit"], result["quality"], result["reason"],
            result["scope"], conditions["interfaces in series"], conditions["electrode area"],
            conditions["electrolyte thickness"], conditions["temperature"], conditions["stack pressure"],
            _said(record["model"] if record["simulated"] else record["instrument"]), conditions["started"],
            _simulated(record) if record["simulated"] else "measured", result["method"], cited,
            " | ".join(result["source"]),
        ])  # fmt: skip
    return rows


def si_table(document: Mapping[str, Any]) -> str:
    """The table for a supporting information as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(SI_COLUMNS)
    writer.writerows([["" if cell is None else cell for cell in row] for row in si_rows(document)])
    return stream.getvalue()


__all__ = [
    "SI_COLUMNS", "Work", "bibtex", "library", "methods", "natrode_itself", "reference_list", "si_rows", "si_table",
    "works_of",
]  # fmt: skip
