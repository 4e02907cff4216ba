"""What the laws share: values of an interface, and their two kinds of answer."""

from natrode import materials
from natrode.reproduce.arithmetic import Computed


def parameters_of(interface: str) -> dict[str, float]:
    """SI values of an interface by name."""
    known = materials.load_interface(interface).parameters
    return {name: value.si for name, value in known.items() if not isinstance(value, str)}


def truth(value: bool, sentence: str, numbers: dict[str, float]) -> Computed:
    """A fact: 1 where it holds, or 0."""
    return Computed(float(value), "1", "number", sentence, numbers)


def number(value: float, sentence: str, numbers: dict[str, float] | None = None) -> Computed:
    """A number without a unit."""
    return Computed(value, "1", "number", sentence, numbers or {"value": value})
