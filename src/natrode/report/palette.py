"""Colours (Okabe and Ito's, distinct to colour-blind readers), letters and shapes of statuses and roles."""

from dataclasses import dataclass

from natrode.reproduce.table import Role, Status

INK = "@ink"
MUTED = "@muted"
SURFACE = "@surface"
"""Tokens that the page replaces by the colours of the reader's scheme (light or dark) when it draws."""

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#8A8F98")
DASHES = ("solid", "dash", "dashdot", "dot", "longdash", "longdashdot", "solid")
SEQUENCE = ("#3b528b", "#33638d", "#2c728e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b")
"""From dark to light (viridis without its ends): for series ordered in time or charge."""


@dataclass(frozen=True)
class StatusStyle:
    """How one status looks: `key` names its icon and its style in the page."""

    key: str
    colour: str
    meaning: str


@dataclass(frozen=True)
class RoleStyle:
    """How one role looks: a letter in the page, a symbol in the plots."""

    letter: str
    symbol: str
    meaning: str


STATUS: dict[Status, StatusStyle] = {
    "agrees": StatusStyle("agrees", "#009E73", "the computed value is in the range that counts as agreement"),
    "misses": StatusStyle("misses", "#D55E00", "it is out of that range; the note says what the model lacks"),
    "not informative": StatusStyle(
        "wide", "#E69F00", "the 5-95 % interval is wider than a factor 3: this figure cannot test it"
    ),
    "observation holds": StatusStyle("holds", "#009E73", "the simulation shows the published fact"),
    "observation fails": StatusStyle("fails", "#D55E00", "the simulation does not show the published fact"),
    "arithmetic agrees": StatusStyle("equal", "#0072B2", "the paper's own numbers give the paper's figure"),
    "arithmetic differs": StatusStyle("unequal", "#CC79A7", "the paper's own numbers give something else"),
    "awaits comparison": StatusStyle("awaits", "#56B4E9", "computed and stored before the published value is seen"),
    "not computed": StatusStyle("absent", "#8A8F98", "natrode did not compute it; the note says why"),
}

ROLE: dict[Role, RoleStyle] = {
    "input": RoleStyle("I", "square-open", "goes into the model as it stands; agreement says nothing"),
    "fitted": RoleStyle(
        "F", "square", "the posterior sample was conditioned on it; agreement shows that the law can hold it"
    ),
    "retrodicted": RoleStyle(
        "R", "circle", "known when the model was made, not fitted: the model must give it on its own"
    ),
    "blind": RoleStyle(
        "B", "star", "its value was not known when the computation was fixed: the only true predictions"
    ),
    "validation": RoleStyle(
        "V", "triangle-up", "from other papers, never calibrated on: tests whether the laws transfer"
    ),
    "arithmetic": RoleStyle("A", "diamond", "the paper's own numbers recomputed by a formula, no model"),
    "observation": RoleStyle("O", "cross", "a yes-or-no fact that the simulated record must show"),
}

PREDICTIVE: tuple[Role, ...] = ("blind", "retrodicted", "validation")
"""Roles whose figures the model was not conditioned on."""


def series_colour(index: int, count: int, *, ordered: bool = False) -> str:
    """Colour of curve `index` of `count`: distinct hues, or dark to light where order matters."""
    if not ordered and count <= len(SERIES):
        return SERIES[index]
    position = round(index * (len(SEQUENCE) - 1) / max(count - 1, 1))
    return SEQUENCE[position]


def with_opacity(colour: str, opacity: float) -> str:
    """Turn "#RRGGBB" into the rgba() that plotly reads.

    >>> with_opacity("#0072B2", 0.2)
    'rgba(0,114,178,0.2)'
    """
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
