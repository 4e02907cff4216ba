"""The papers as tables for printing and for JSON: all of them, one, its flags recomputed."""

import math
from dataclasses import asdict
from typing import Any

from natrode.reproduce import arithmetic
from natrode.reproduce.library import flags_of, load_paper, paper_names
from natrode.reproduce.paper import Calibration, Figure, Paper
from natrode.reproduce.table import FlagRow


def papers_table(key: str | None = None, *, flags: bool = False) -> dict[str, Any]:
    """Describe all papers in one line each, or one of them; plain data for JSON.

    Args:
        key: as in `load_paper`.
        flags: only the flags, recomputed; of all papers without a key.

    Returns:
        `title`, `columns`, `rows` and `notes` (or several of these under `tables`), and `results`: one dictionary
        for each row with what the data say about it.

    Raises:
        SpecificationError: as `load_paper`.
    """
    if flags:
        return _flags_table(paper_names() if key is None else (load_paper(key).key,))
    if key is None:
        return _overview()
    return _paper_table(load_paper(key))


def _overview() -> dict[str, Any]:
    papers = [load_paper(name) for name in paper_names()]
    rows = [[p.key, p.short, p.title, p.reference, len(p.figures), len(p.trials), len(p.flags)] for p in papers]
    results = [{**asdict(p.summary), "systems": list(p.systems), "figures": len(p.figures)} for p in papers]
    return {
        "title": "papers",
        "columns": ["key", "short", "title", "reference", "figures", "experiments", "flags"],
        "rows": rows,
        "notes": ["natrode papers KEY shows one; natrode papers KEY --flags what contradicts itself in it"],
        "results": results,
    }


def _paper_table(paper: Paper) -> dict[str, Any]:
    figures = [
        [f.id, f.role, f.quantity, published_text(f), f.unit.removesuffix("1") if f.unit == "1" else f.unit, f.where]
        for f in paper.figures
    ]
    trials = [[t.id, t.cell, t.protocol, t.conditions] for t in paper.trials]
    flags = [[f.id, f.verdict, f.statement] for f in paper.flags]
    heading = {
        "title": f"{paper.short}: {paper.title}",
        "columns": ["system"],
        "rows": [[text] for text in paper.systems],
        "notes": [text for text in (paper.reference, paper.doi and f"doi {paper.doi}", paper.notes) if text],
    }
    return {
        **asdict(paper.summary),
        "systems": list(paper.systems),
        "tables": [
            heading,
            _table("figures", ["id", "role", "quantity", "published", "unit", "where"], figures),
            _table("experiments", ["id", "cell", "protocol", "conditions"], trials),
            _table("flags", ["id", "verdict", "statement"], flags),
        ],
        "results": [_figure_row(figure) for figure in paper.figures],
        "experiments": [{**asdict(trial), "alternatives": list(trial.alternatives)} for trial in paper.trials],
        "calibrations": [_calibration_row(calibration) for calibration in paper.calibrations.values()],
    }


def _flags_table(keys: tuple[str, ...]) -> dict[str, Any]:
    rows = [row for key in keys for row in flag_rows(load_paper(key))]
    if len(keys) == 1:
        named = {flag.id for flag in flags_of(keys[0])} - {row.id for row in rows}
        others = (row for name in paper_names() if name != keys[0] for row in flag_rows(load_paper(name)))
        rows += [row for row in others if row.id in named]
    return {
        "title": "numbers that contradict each other, or say less than they seem to",
        "columns": ["id", "verdict", "statement", "recomputed"],
        "rows": [[row.id, row.verdict, row.statement, row.recomputed] for row in rows],
        "notes": [],
        "results": [asdict(row) for row in rows],
    }


def flag_rows(paper: Paper) -> tuple[FlagRow, ...]:
    """Recompute the flags that stand in a paper's file, for the report."""
    return tuple(
        FlagRow(
            flag.id,
            flag.paper,
            flag.statement,
            arithmetic.compute(flag.check, flag.arguments).sentence if flag.check else "",
            flag.verdict,
        )
        for flag in paper.flags
    )


def _table(title: str, columns: list[str], rows: list[list[str]]) -> dict[str, Any]:
    return {"title": title, "columns": columns, "rows": rows, "notes": []}


def published_text(figure: Figure) -> str:
    """Write the published value as people read it: a number, a bound, a range, or that it is not known here."""
    bound = {"equal": "", "at least": ">= ", "at most": "<= "}[figure.comparison]
    bound = "" if figure.role == "arithmetic" else bound  # there the computed number is the bound
    match figure.value:
        case None:
            return "not in the data" if figure.unread else "blind"
        case bool():
            return "observed"
        case (low, high):
            return f"{low:g} to {high:g}"
        case number:
            return f"{bound}{number:g}"


def _figure_row(figure: Figure) -> dict[str, Any]:
    value = list(figure.value) if isinstance(figure.value, tuple) else figure.value
    tolerated = figure.tolerated
    return {
        "id": figure.id,
        "quantity": figure.quantity,
        "value": value,
        "uncertainty": None,
        "unit": figure.unit,
        "quality": "published" if figure.value is not None else "blind" if figure.role == "blind" else "unread",
        "reason": figure.unread or ("kept out of the data until computed" if figure.role == "blind" else ""),
        "method": f"{figure.reference or figure.paper}, {figure.where}" if figure.where else figure.paper,
        "role": figure.role,
        "conditions": figure.conditions,
        "comparison": figure.comparison,
        "tolerance": None if tolerated is None else [end if math.isfinite(end) else None for end in tolerated],
        "tolerance_reason": figure.tolerance_reason,
        "experiment": figure.experiment,
        "analysis": figure.analysis,
        "not_computed": figure.not_computed,
    }


def _calibration_row(calibration: Calibration) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "interfaces": list(parameter.interfaces),
            "electrolytes": list(parameter.electrolytes),
            "cathodes": list(parameter.cathodes),
            "distribution": parameter.distribution,
            "low": parameter.text[0],
            "high": parameter.text[1],
            "reason": parameter.reason,
        }
        for parameter in calibration.parameters
    ]
    return {
        "name": calibration.name,
        "seed": calibration.seed,
        "draws": calibration.draws,
        "figures": list(calibration.figures),
        "parameters": parameters,
    }
