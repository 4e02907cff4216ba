"""One virtual experiment at every point of a grid: on local processes or on Dask, resumable, one table."""

import hashlib
import io
import itertools
import json
import math
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natrode import __version__
from natrode.cell import FullCell, read_cell
from natrode.errors import NatrodeError, OutputError, SimulationError, SpecificationError
from natrode.protocol import Protocol
from natrode.workbench.sweep_axes import RATIO, Axis, applied, read_axes

Advance = Callable[[int, int, str], None]
Outcome = dict[str, Any]
"""What one point gave, plain data: outcome, end, cycles, N/P, warnings, results; or an error."""
MOST_POINTS = 10_000
FAILED = "failed"
"""Outcome of a point whose experiment could not be run."""
INSTALL_DASK = "--scheduler needs Dask, which is not installed; run: pip install 'dask[distributed]'"


@dataclass(frozen=True)
class Plan:
    """What is run."""

    cell: Mapping[str, Any]
    """Table of the cell's file."""
    protocol: Mapping[str, Any]
    axes: tuple[Axis, ...]
    seed: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def points(self) -> list[tuple[int, ...]]:
        """Index on each axis, of every point in order."""
        return list(itertools.product(*(range(count) for count in self.shape)))

    def at(self, point: tuple[int, ...]) -> dict[str, float | str]:
        """Values of a point by key."""
        return {axis.key: axis.values[n] for axis, n in zip(self.axes, point, strict=True)}

    def tables(self, point: tuple[int, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Cell and protocol of a point."""
        values = {axis.key: axis.written[n] for axis, n in zip(self.axes, point, strict=True)}
        return applied(self.cell, self.protocol, values)

    @property
    def digest(self) -> str:
        """Names what is run: equal for equal plans, interface files included."""
        given = {
            "natrode": __version__, "cell": self.cell, "protocol": self.protocol, "seed": self.seed,
            "axes": [[axis.key, *map(str, axis.written)] for axis in self.axes],
            "files": {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in self._interface_files()},
        }  # fmt: skip
        return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).hexdigest()

    def _interface_files(self) -> list[str]:
        text = json.dumps(self.cell, default=str) + " ".join(str(v) for axis in self.axes for v in axis.written)
        named = {word for word in text.replace('"', " ").split() if word.endswith(".toml")}
        return sorted(name for name in named if Path(name).is_file())


@dataclass(frozen=True)
class Sweep:
    """A plan and what every point of it gave."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    """In the order of `plan.points`."""

    @property
    def title(self) -> str:
        """Cell, protocol and what was varied."""
        varied = ", ".join(axis.key for axis in self.plan.axes)
        return f"{self.plan.cell['name']}: {self.plan.protocol['name']}, over {varied}"

    @property
    def failed(self) -> int:
        """Points whose experiment could not be run."""
        return sum("error" in outcome for outcome in self.outcomes)

    def quantities(self) -> dict[str, str]:
        """Unit by quantity, in the order in which they appear."""
        return {r["quantity"]: r["unit"] for outcome in self.outcomes for r in outcome.get("results", [])}

    def table(self) -> Any:
        """A pandas table with one row per point.

        Its columns: the varied keys with their units; outcome, end, cycles, warnings, error; for each quantity its
        value (empty where there is none), and `: uncertainty`, `: low`, `: high`, `: quality`, `: reason`.
        """
        import pandas as pd

        rows = []
        for number, (point, outcome) in enumerate(zip(self.plan.points, self.outcomes, strict=True), 1):
            row: dict[str, Any] = {"point": number}
            row.update({a.title: a.values[n] for a, n in zip(self.plan.axes, point, strict=True)})
            row.update({"origin": "simulated", "outcome": outcome["outcome"], "end": outcome.get("end")})
            row.update({"cycles": outcome.get("cycles"), "warnings": " | ".join(outcome.get("warnings", [])) or None})
            row["error"] = outcome.get("error")
            if any(RATIO in other for other in self.outcomes):
                row[f"{RATIO} computed"] = outcome.get(RATIO)
            for result in outcome.get("results", []):
                name = column(result["quantity"], result["unit"])
                low, high = result["interval"] or (None, None)
                row[name] = result["value"]
                for what, value in (
                    ("uncertainty", result["uncertainty"]), ("low", low), ("high", high),
                    ("quality", result["quality"]), ("reason", result["reason"] or None),
                ):  # fmt: skip
                    row[f"{result['quantity']}: {what}"] = value
            rows.append(row)
        return pd.DataFrame(rows).dropna(axis="columns", how="all")

    def to_parquet(self) -> bytes:
        """The table as Parquet, with the plan in its metadata (key `natrode sweep`)."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(self.table(), preserve_index=False)
        about = {
            "natrode": __version__, "simulated": True, "cell": self.plan.cell, "protocol": self.plan.protocol,
            "vary": [axis.to_json() for axis in self.plan.axes], "seed": self.plan.seed, "methods": self.methods(),
        }  # fmt: skip
        extra = {b"natrode sweep": json.dumps(about, default=str).encode()}
        stream = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), **extra}), stream)
        return stream.getvalue()

    def methods(self) -> dict[str, str]:
        """How each quantity was computed."""
        return {r["quantity"]: r["method"] for outcome in self.outcomes for r in outcome.get("results", [])}

    def to_json(self) -> dict[str, Any]:
        """Plain data; `results` holds every quantity of every point, with `at`, the values of the point."""
        points = list(zip(self.plan.points, self.outcomes, strict=True))
        return {
            "title": self.title,
            "simulated": True,
            "vary": [axis.to_json() for axis in self.plan.axes],
            "points": [
                {"at": self.plan.at(p), **{k: v for k, v in outcome.items() if k != "results"}} for p, outcome in points
            ],
            "results": [{"at": self.plan.at(p), **r} for p, outcome in points for r in outcome.get("results", [])],
        }


def column(quantity: str, unit: str) -> str:
    """Name of a quantity's column."""
    return f"{quantity} / {unit}" if unit not in ("", "1") else quantity


def plan_of(
    cell: Mapping[str, Any], protocol: Mapping[str, Any], vary: Sequence[str], *, seed: int | None = None,
    where: tuple[str, str] = ("cell", "protocol"),
) -> Plan:  # fmt: skip
    """Read what a sweep runs, and check every point before the first is run.

    Args:
        cell: table of the cell's file.
        protocol: table of the protocol's file.
        vary: one text per key, see `sweep_axes.read_axes`.
        seed: of the voltage noise; each point adds its number.
        where: names of the two files, for messages.

    Raises:
        SpecificationError: a mistake in a file or in `vary`, a point that is no cell, more points than 10 000.
    """
    read_cell(cell, where[0])
    Protocol.read(protocol, where[1])
    plan = Plan(cell, protocol, read_axes(vary, cell, protocol), seed)
    count = math.prod(plan.shape)
    if count > MOST_POINTS:
        raise SpecificationError(f"{count} points, at most {MOST_POINTS} are run; give fewer values")
    for point in plan.points:
        at = ", ".join(f"{key} = {value}" for key, value in plan.at(point).items())
        tables = plan.tables(point)
        read_cell(tables[0], f"{where[0]} at {at}")
        Protocol.read(tables[1], f"{where[1]} at {at}")
    return plan


def sweep(
    plan: Plan, *, jobs: int = 1, scheduler: str | None = None, journal: Path | None = None,
    advance: Advance | None = None,
) -> Sweep:  # fmt: skip
    """Run all points of a plan.

    Args:
        plan: see `plan_of`.
        jobs: processes on this machine; with 1 the points run in this one.
        scheduler: address of a Dask scheduler that runs the points instead, such as "tcp://host:8786".
        journal: file in which finished points are kept while the sweep runs; points that it holds are not run again.
        advance: called as `advance(done, total, text)`.

    Returns:
        A Sweep; a point whose experiment cannot be run is in it, with its error.

    Raises:
        OutputError: the journal is of another sweep. SimulationError: no point could be run, or a process died.
        SpecificationError: Dask is not installed or does not answer.
    """
    done = _kept(journal, plan)
    todo = [n for n in range(len(plan.points)) if n not in done]
    tell = advance or (lambda done, total, text: None)
    resumed = f", {len(done)} from before" if done else ""
    tell(len(done), len(plan.points), f"sweep{resumed}")
    try:
        for number, outcome in _run(plan, todo, jobs, scheduler):
            done[number] = outcome
            if journal is not None:
                _keep(journal, number, outcome)
            tell(len(done), len(plan.points), f"sweep{resumed}")
    except NatrodeError:
        if journal is not None and not done:  # nothing to go on from
            journal.unlink(missing_ok=True)
        raise
    outcomes = tuple(done[n] for n in range(len(plan.points)))
    if outcomes and all("error" in outcome for outcome in outcomes):
        raise SimulationError(f"none of the {len(outcomes)} points could be run; the first: {outcomes[0]['error']}")
    return Sweep(plan, outcomes)


def _run(plan: Plan, todo: list[int], jobs: int, scheduler: str | None) -> Iterator[tuple[int, Outcome]]:
    if scheduler is not None:
        yield from _on_dask(plan, todo, scheduler)
    elif jobs == 1 or len(todo) < 2:
        for number in todo:
            yield number, run_point(plan, number)
    else:
        yield from _on_processes(plan, todo, jobs)


def run_point(plan: Plan, number: int) -> Outcome:
    """Run and analyse one point, counted from 0; plain data."""
    from natrode.analysis import summarise
    from natrode.simulate.symmetric import electrolyte_resistance, simulate

    try:
        tables = plan.tables(plan.points[number])
        cell, protocol = read_cell(tables[0], "cell"), Protocol.read(tables[1], "protocol")
        experiment = simulate(cell, protocol, seed=None if plan.seed is None else plan.seed + number)
        found = [result.to_json() for result in summarise(experiment, electrolyte_resistance(cell, protocol))]
    except NatrodeError as error:
        return {"outcome": FAILED, "error": str(error)}
    except Exception as error:  # a failure of natrode's own must not take the other points with it
        return {"outcome": FAILED, "error": f"internal error: {type(error).__name__}: {error}"}
    record = experiment.cycling.metadata
    end = str(record.settings["end"])
    ran = "completed" if end.endswith("ran to its end") else end.rpartition(": ")[2]
    kept = ("quantity", "value", "uncertainty", "interval", "unit", "quality", "reason", "method")
    outcome: Outcome = {
        "outcome": record.settings.get("outcome", ran),
        "end": end,
        "cycles": record.settings["cycles"],
        "warnings": list(record.warnings),
        "results": [{key: result[key] for key in kept} for result in _distinct(found)],
    }
    if isinstance(cell, FullCell):
        from natrode.simulate.fullcell.assemble import assemble, capacity_ratio

        ratio = capacity_ratio(assemble(cell))
        outcome[RATIO] = ratio if math.isfinite(ratio) else None
    return outcome


def _distinct(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results with names of their own: the second "interface resistance" is "interface resistance (2)"."""
    seen: dict[str, int] = {}
    named = []
    for result in results:
        quantity = result["quantity"]
        seen[quantity] = count = seen.get(quantity, 0) + 1
        named.append(result if count == 1 else {**result, "quantity": f"{quantity} ({count})"})
    return named


# ---- processes --------------------------------------------------------------------------------------------------


def _on_processes(plan: Plan, todo: list[int], jobs: int) -> Iterator[tuple[int, Outcome]]:
    context = multiprocessing.get_context("spawn")
    count = min(jobs, len(todo))
    with ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent) as pool:
        try:
            futures = {pool.submit(run_point, plan, number): number for number in todo}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool:
            raise SimulationError(
                "a process of the sweep died (killed, or out of memory); points that were finished are kept: run the "
                "same command again, with fewer --jobs"
            ) from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _end_with_parent() -> None:
    """Let a process end when the one that started it was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _on_dask(plan: Plan, todo: list[int], address: str) -> Iterator[tuple[int, Outcome]]:
    try:
        import distributed
    except ImportError:
        raise SpecificationError(INSTALL_DASK) from None
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise SpecificationError(f"--scheduler {address}: no Dask scheduler answers there ({error})") from None
    with client:
        shared = client.scatter(plan, broadcast=True)
        futures = client.map(lambda number, whole: (number, run_point(whole, number)), todo, whole=shared, pure=False)
        for _, answer in distributed.as_completed(futures, with_results=True):
            yield answer


# ---- journal ----------------------------------------------------------------------------------------------------


def journal_of(out: Path) -> Path:
    """Where the finished points of an unfinished sweep lie: beside the folder of its results."""
    return out.with_name(f"{out.name}.unfinished")


def _kept(journal: Path | None, plan: Plan) -> dict[int, Outcome]:
    """Points that an earlier, killed run of the same plan finished; begins the journal where there is none."""
    if journal is None:
        return {}
    header = {"natrode sweep": plan.digest}
    try:
        if not journal.exists() or not journal.read_bytes():
            journal.parent.mkdir(parents=True, exist_ok=True)
            journal.write_text(json.dumps(header) + "\n")
            return {}
        first, *lines = journal.read_text().split("\n")
    except OSError as error:
        raise OutputError(f"{journal}: cannot be written ({error.strerror}); choose another folder for --out") from None
    if first != json.dumps(header):
        raise OutputError(
            f"{journal}: holds points of another sweep (other files, keys, values, seed or version of natrode) that "
            "was not finished; choose another folder for --out, or add --force to begin anew"
        )
    whole = lines[:-1]  # the last one is empty, or half of a point that was being written
    if lines[-1]:
        journal.write_text("".join(f"{line}\n" for line in (first, *whole)))
    return {int(point["point"]): point["outcome"] for point in map(json.loads, whole)}


def _keep(journal: Path, number: int, outcome: Outcome) -> None:
    with journal.open("a") as stream:
        stream.write(json.dumps({"point": number, "outcome": outcome}, allow_nan=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
