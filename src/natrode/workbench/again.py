"""Folders that `natrode analyse` wrote: recognised, and analysed again from the raw files that they name."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from natrode.errors import RecordError
from natrode.workbench.study import Study, analyse

FILE = "study.json"


def is_analysed(folder: Path) -> bool:
    """Whether `natrode analyse` wrote this folder."""
    return (folder / FILE).is_file() and (folder / "again.py").is_file()


def again(folder: Path, *, only: Collection[str] | None = None) -> Study:
    """Repeat the analysis of an analysed folder.

    Args:
        folder: that `natrode analyse` wrote.
        only: as for `analyse`.

    Returns:
        The study of the same request.

    Raises:
        RecordError: when the raw files are gone or are no longer those that were analysed.
    """
    document = document_of(folder)
    request = document["request"]
    lost = [path for path in request["paths"] if not Path(path).exists()]
    if lost:
        raise RecordError(
            f"{folder}: was computed from {lost[0]}, which is gone; put it back, or analyse it where it is now"
        )
    study = analyse(request["paths"], only=only, **request["options"], **request["hints"])
    then = {r["sha256"] for cell in document["cells"] for r in cell["records"]}
    now = {m.digest for cell in study.cells for m in cell.experiment.measurements}
    if then != now:
        raise RecordError(
            f"{folder}: the files, the table of cells or natrode's readers have changed since it was computed; "
            "run natrode analyse again"
        )
    return study


def document_of(folder: Path) -> dict[str, Any]:
    """What `natrode analyse` wrote into a folder as JSON; raises RecordError where it is not whole."""
    try:
        document = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if not {"request", "results", "cells"} <= set(document):
            raise ValueError("parts are missing")
    except (OSError, ValueError) as error:
        raise RecordError(f"{folder / FILE}: is not what natrode analyse writes ({error}); analyse again") from None
    found: dict[str, Any] = document
    return found


__all__ = ["FILE", "again", "document_of", "is_analysed"]
