"""Best of several runs, after one to warm up, and how a measured value stands to its limit."""

import time
from collections.abc import Callable


def best(function: Callable[[], object], repeats: int = 5) -> float:
    """Shortest time of `repeats` runs after a warm-up [s]."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def against(name: str, measured: float, limit: float, unit: str, *, least: bool = False) -> str:
    """Row that says what was measured, what is allowed and whether it is met."""
    met = measured >= limit if least else measured <= limit
    bound = "at least" if least else "at most"
    return f"  {'met   ' if met else 'MISSED'} {name}: {measured:.3g} {unit} ({bound} {limit:g})"
