"""What `natrode reproduce` returns: one frozen table of figures, the curves behind them, and the flags."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natrode.measurement import Experiment

Role = Literal["input", "fitted", "retrodicted", "blind", "validation", "arithmetic", "observation"]
Status = Literal[
    "agrees",
    "misses",
    "not informative",
    "observation holds",
    "observation fails",
    "arithmetic agrees",
    "arithmetic differs",
    "awaits comparison",
    "not computed",
]
Number = float | list[float] | bool | None


@dataclass(frozen=True)
class Driver:
    """How strongly one parameter moves one figure: Spearman rank correlation over the posterior sample."""

    parameter: str
    rank_correlation: float


@dataclass(frozen=True)
class FigureRow:
    """One published (or blind) figure beside what was computed for it; values in `unit`."""

    id: str
    paper: str
    quantity: str
    conditions: str
    where: str
    published: Number
    tolerance: tuple[float, float] | None
    """Range that counts as agreement."""
    tolerance_reason: str
    computed: Number
    """Median over the sample, a single number, a list, or the truth of an observation."""
    unit: str
    interval: tuple[float | None, float | None] | None
    """5-95 % over the posterior sample; None at an end that the runs did not reach."""
    prior_interval: tuple[float | None, float | None] | None
    baseline: float | None
    baseline_method: str
    role: Role
    status: Status
    note: str
    """Why it misses, why it was not computed, what was assumed."""
    experiment: str | None = None
    method: str = ""
    drivers: tuple[Driver, ...] = ()

    @property
    def width_factor(self) -> float | None:
        """Upper over lower end of the interval; None without two positive ends."""
        if self.interval is None or None in self.interval:
            return None
        low, high = self.interval
        return high / low if low and high and low > 0 else None

    def to_json(self) -> dict[str, Any]:
        """Plain data with numbers as numbers and unknown as null."""
        return {**asdict(self), "width_factor": self.width_factor}


@dataclass(frozen=True)
class Curve:
    """A simulated trace: the median run and, where a sample was run, its 5-95 % band."""

    name: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64] | None = None
    high: npt.NDArray[np.float64] | None = None
    frequency: npt.NDArray[np.float64] | None = None
    """Of each point of a Nyquist plot [Hz]."""


@dataclass(frozen=True)
class PublishedPoint:
    """A published number with its place in the paper."""

    x: float
    y: float
    label: str
    where: str


@dataclass(frozen=True)
class View:
    """One plot of one experiment; axis titles carry their units."""

    id: str
    paper: str
    title: str
    kind: Literal["line", "nyquist", "staircase", "bars", "categories"]
    """In a `nyquist` plot y is minus the imaginary part."""
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    published: tuple[PublishedPoint, ...] = ()
    figures: tuple[str, ...] = ()
    """Ids of the rows that rest on this experiment."""
    note: str = ""
    x_log: bool = False
    y_log: bool = False
    x_names: tuple[str, ...] = ()
    """Names of the categories at x = 0, 1, 2, ... (kinds `bars` and `categories`)."""


@dataclass(frozen=True)
class FlagRow:
    """Numbers in one paper that contradict each other, recomputed where it is arithmetic."""

    id: str
    paper: str
    statement: str
    recomputed: str
    """What the recomputation gives, in words with numbers; empty where there is nothing to compute."""
    verdict: Literal["contradiction", "consistent", "ambiguous", "statement"]


@dataclass(frozen=True)
class PaperSummary:
    """Bibliographic data and systems of one paper."""

    key: str
    short: str
    title: str
    reference: str
    doi: str
    systems: tuple[str, ...]


@dataclass(frozen=True)
class Reproduction:
    """Everything that the report shows."""

    papers: tuple[PaperSummary, ...]
    rows: tuple[FigureRow, ...]
    views: tuple[View, ...]
    flags: tuple[FlagRow, ...]
    version: str
    seed: int
    draws: int
    seconds: float
    records: Mapping[str, Experiment] = field(default_factory=dict)
    """Records of the central draw by experiment."""

    def coverage(self) -> tuple[int, int, float]:
        """Intervals that cover the published number, intervals compared, and how many of them should (90 %).

        A published bound ("at least 600 h") is no number to be covered: see `bounds`.
        """
        compared = self._compared(bounds=False)
        return sum(_covers(row) for row in compared), len(compared), 0.9 * len(compared)

    def tolerated(self) -> int:
        """Of the intervals compared, those that reach into the stated tolerance of the published number."""
        return sum(reaches(row) for row in self._compared(bounds=False))

    def bounds(self) -> tuple[int, int]:
        """Intervals that reach the allowed side of a published bound, and how many bounds were compared."""
        compared = self._compared(bounds=True)
        return sum(reaches(row) for row in compared), len(compared)

    def beside(self) -> list[FigureRow]:
        """Rows too wide to be a test whose interval still leaves out the tolerated range."""
        compared = [*self._compared(bounds=False), *self._compared(bounds=True)]
        return [row for row in compared if row.status == "not informative" and not reaches(row)]

    def _compared(self, *, bounds: bool) -> list[FigureRow]:
        return [
            row
            for row in self.rows
            if row.role in ("retrodicted", "validation")
            and row.interval is not None
            and row.tolerance is not None
            and row.status in ("agrees", "misses", "not informative")
            and not isinstance(row.published, bool)
            and row.published is not None
            and bounds == any(map(math.isinf, row.tolerance))
        ]


def _covers(row: FigureRow) -> bool:
    low, high = _ends(row)
    published = row.published if isinstance(row.published, list) else [row.published]
    numbers = [value for value in published if isinstance(value, (int, float))]
    return low <= max(numbers) and min(numbers) <= high


def reaches(row: FigureRow) -> bool:
    """Whether the interval of a compared row reaches into the tolerated range."""
    low, high = _ends(row)
    assert row.tolerance is not None
    return low <= row.tolerance[1] and row.tolerance[0] <= high


def _ends(row: FigureRow) -> tuple[float, float]:
    assert row.interval is not None
    low, high = row.interval
    return -math.inf if low is None else low, math.inf if high is None else high
