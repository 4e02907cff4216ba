"""Which files belong to one cell: by the name in the file or of the file, by time, by instrument and channel."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from natrode.instruments.folder import Scanned

LONGEST_PAUSE = timedelta(days=60)
"""Files with the same name but more time than this between them are taken for different cells."""
_TECHNIQUES = (
    "ocv|socv|gcpl|cp|ca|cv|cva|lsv|lp|peis|geis|speis|sgeis|eis|mb|mp|zir|cov|coc|wait|loop|relaxis|tafel|ccd|run|prerun|"
    "part|restart|rest|cont|continued|copy|export|cycling|cycle|formation|before|after|initial|final|chronoa|chronop"
)
_WORD = re.compile(rf"(?:{_TECHNIQUES})\d{{0,3}}", re.IGNORECASE)
_CHANNEL = re.compile(r"C[AB]?\d{1,3}")
_NUMBER = re.compile(r"#?\d{1,2}")
_TEMPERATURE = re.compile(
    r"(?<![A-Za-z0-9.])(?:(?<=[_ ])-)?\d{1,4}(?:[.,]\d+)?\s?(?:deg(?:ree)?[CK]?|°C|[CK])(?![A-Za-z0-9])"
)


@dataclass
class Group:
    """Files of one cell."""

    name: str
    items: list[Scanned] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last moment of all records."""
        spans = [s for item in self.items for s in [_span(item)] if s is not None]
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


def cell_name(file: str) -> str:
    """Name of the cell in a file's name: the name without technique, number, channel, temperature.

    >>> cell_name("jr862_LiLi-1mA_02_GEIS_C05.mpr")
    'jr862_LiLi-1mA'
    """
    stem = PurePosixPath(file).name
    while (suffix := PurePosixPath(stem).suffix) and re.fullmatch(r"\.[A-Za-z]\w{0,6}", suffix):
        stem = PurePosixPath(stem).stem
    stem = _TEMPERATURE.sub("", stem)
    parts = re.split(r"([_\-\s.]+)", stem)
    words, marks = parts[::2], parts[1::2]
    drop = [bool(_WORD.fullmatch(w)) or not w for w in words]
    last = max((i for i in range(1, len(words)) if not drop[i]), default=0)
    ec_lab = last > 0 and _CHANNEL.fullmatch(words[last]) is not None
    drop[last] |= ec_lab
    for i, word in enumerate(words):  # "_02_" before a technique of EC-Lab, or a count behind a technique
        if _NUMBER.fullmatch(word):
            before = ec_lab and i + 1 < len(words) and bool(_WORD.fullmatch(words[i + 1]))
            drop[i] |= before or (i > 0 and bool(_WORD.fullmatch(words[i - 1])))
    kept = ""
    for i, word in enumerate(words):
        if drop[i] or not word:
            continue
        kept += (marks[i - 1] if kept and i else "") + word
    return kept.strip("_- .") or stem


def channel(item: Scanned) -> str:
    """Instrument and channel of a file, as far as name and settings tell them."""
    said = next((f.settings_channel for f in item.facts if f.settings_channel), "")
    if not said:
        match = re.search(r"_C([AB]?\d{1,3})(?=\.|_LOOP|$)", PurePosixPath(item.name).name)
        said = match.group(1).lstrip("0") if match else ""
    return said


def group(scanned: Sequence[Scanned], twins: dict[str, tuple[str, ...]]) -> list[Group]:
    """Groups of files, one a cell, in the order of their first files.

    Copies of one run belong together whatever their names, unless they name different cells. Files whose own headers
    name the cell go by that name.
    Else files with the same cell's name in one folder belong together (in several folders only when the name has a
    digit), unless they ran at the same time on different channels, or years apart.
    """
    readable = [item for item in scanned if item.facts]
    by_name = {item.name: item for item in readable}
    placed: dict[str, Group] = {}
    groups: list[Group] = []
    ordered = sorted(readable, key=_by_time)
    for item in ordered:
        copies = [_bare(name) for name in twins.get(item.name, ())]
        homes = [placed[name] for name in copies if name in placed and name in by_name]
        home = next((g for g in homes if _same_owner(item, g)), None)
        if home is None:
            fitting = [g for g in groups if _belongs(item, g)]
            home = next((g for g in fitting if channel(item) in map(channel, g.items)), next(iter(fitting), None))
        if home is None:
            home = Group(_own_name(item) or cell_name(item.name))
            apart = [g.name for g in groups if _key(g.name) == _key(home.name)]
            if apart:
                home.notes.append(f"same name as another cell ({apart[0]}): too far apart in time, or at the same time")
            groups.append(home)
        home.items.append(item)
        placed[item.name] = home
    order = {item.name: position for position, item in enumerate(scanned)}
    for found in groups:
        found.items.sort(key=lambda item: order[item.name])
        found.name = next((name for name in map(_own_name, found.items) if name), found.name)
        if found.name.isdigit():  # a spreadsheet would turn it into 1.23E+11
            found.name = f"cell {found.name}"
    groups.sort(key=lambda g: order[g.items[0].name])
    _make_names_unique(groups)
    return groups


def _bare(twin: str) -> str:
    return re.sub(r" \(which holds (?:more|less)\)$", "", twin)


def _own_name(item: Scanned) -> str:
    return next((f.cell for f in item.facts if f.cell != "unknown"), "")


def _key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _same_owner(item: Scanned, found: Group) -> bool:
    """Whether nothing in the files says that they are of different cells."""
    own, theirs = _own_name(item), next((n for n in map(_own_name, found.items) if n), "")
    return not (own and theirs and own != theirs)


def _belongs(item: Scanned, found: Group) -> bool:
    own, theirs = _own_name(item), next((n for n in map(_own_name, found.items) if n), "")
    if not _same_owner(item, found):
        return False
    if not (own and own == theirs):
        mine = _key(cell_name(item.name))
        if not any(_key(cell_name(other.name)) == mine for other in found.items) and mine != _key(theirs):
            return False
        folders = {PurePosixPath(other.name).parent for other in found.items}
        if PurePosixPath(item.name).parent not in folders and not (len(mine) >= 4 and re.search(r"\d", mine)):
            return False
    return all(_compatible(item, other) for other in found.items) and not _too_late(item, found)


def _compatible(one: Scanned, other: Scanned) -> bool:
    """Whether two files can be of one cell: not at the same time on two channels."""
    mine, theirs = channel(one), channel(other)
    if not mine or not theirs or mine == theirs:
        return True
    a, b = _span(one), _span(other)
    return a is None or b is None or min(a[1], b[1]) - max(a[0], b[0]) < timedelta(seconds=60)


def _too_late(item: Scanned, found: Group) -> bool:
    a, b = _span(item), found.span
    return a is not None and b is not None and (a[0] - b[1] > LONGEST_PAUSE or b[0] - a[1] > LONGEST_PAUSE)


def _span(item: Scanned) -> tuple[datetime, datetime] | None:
    spans = [f.span for f in item.facts if f.span is not None]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


def _by_time(item: Scanned) -> tuple[bool, str, str]:
    """Order of files: those with a known start first, by it."""
    span = _span(item)
    return span is None, "" if span is None else span[0].isoformat(), item.name


def _make_names_unique(groups: Sequence[Group]) -> None:
    seen: dict[str, int] = {}
    for found in groups:
        count = seen[found.name.lower()] = seen.get(found.name.lower(), 0) + 1
        if count > 1:
            found.name = f"{found.name} ({count})"
