"""Sweeps: every point is the experiment that the values describe; killed ones go on; one table."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from natrode.analysis import summarise
from natrode.cell import EXAMPLE, FULL_EXAMPLE, Cell
from natrode.cli import main
from natrode.errors import OutputError, SimulationError, SpecificationError
from natrode.protocol import Protocol
from natrode.report import sweep as report
from natrode.report.sweep import sweep_page
from natrode.simulate.symmetric import electrolyte_resistance, simulate
from natrode.workbench import sweep as module
from natrode.workbench.sweep import FAILED, Plan, journal_of, plan_of, run_point, sweep

SYMMETRIC = tomllib.loads(EXAMPLE)
CYCLES = {
    "name": "cycles",
    "sampling": {"points_per_half_cycle": 5},
    "steps": [{"type": "cycling", "current_density": "0.1 mA/cm2", "capacity": "0.1 mAh/cm2", "cycles": 4}],
}


def plan(*vary: str, cell=SYMMETRIC, protocol=CYCLES, **more) -> Plan:
    return plan_of(cell, protocol, vary, **more)


def test_a_point_is_the_experiment_of_its_values():
    done = sweep(plan("current_density=0.1:0.3 mA/cm2:3", "temperature=25,60 degC"))
    assert len(done.outcomes) == 6
    steps = [{**CYCLES["steps"][0], "current_density": "0.2 mA/cm2"}]
    alone = simulate(
        Cell.read({**SYMMETRIC, "temperature": "60 degC"}, "cell"),
        Protocol.read({**CYCLES, "steps": steps}, "protocol"),
    )

    cell = Cell.read({**SYMMETRIC, "temperature": "60 degC"}, "cell")
    protocol = Protocol.read({**CYCLES, "steps": steps}, "protocol")
    expected = summarise(alone, electrolyte_resistance(cell, protocol))[0].to_json()
    point = done.plan.points.index((1, 1))
    assert done.outcomes[point]["results"][0]["value"] == expected["value"]
    assert done.plan.at((1, 1)) == {"current_density": 0.2, "temperature": 60.0}
    assert {o["outcome"] for o in done.outcomes} == {"completed"}


@pytest.mark.slow
def test_processes_give_what_one_gives():
    given = plan("current_density=0.1:0.5 mA/cm2:5")
    assert sweep(given, jobs=2).outcomes == sweep(given).outcomes


def test_the_table_is_one_row_a_point_and_carries_its_plan():
    done = sweep(plan("current_density=0.1:0.3 mA/cm2:3", seed=None))
    table = pq.read_table(io.BytesIO(done.to_parquet()))
    frame = table.to_pandas()
    assert list(frame["current_density / mA/cm2"]) == [0.1, 0.2, 0.3]
    assert set(frame["origin"]) == {"simulated"}
    about = json.loads(table.schema.metadata[b"natrode sweep"])
    assert about["vary"][0]["key"] == "current_density"
    assert about["cell"] == SYMMETRIC
    quantity, unit = next(iter(done.quantities().items()))
    assert frame[f"{quantity} / {unit}"].notna().all()
    assert frame[f"{quantity}: quality"].notna().all()
    assert about["methods"][quantity]


FULL = tomllib.loads(FULL_EXAMPLE)
RATE = {"type": "charge-discharge", "c_rate": 2.0, "lower_voltage": "2.5 V", "upper_voltage": "3.8 V", "cycles": 2}
FEW = {"name": "few", "sampling": {"points_per_half_cycle": 4}, "steps": [RATE]}


def test_a_point_that_cannot_be_run_is_in_the_table_with_its_reason():
    pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
    done = sweep(plan("lower_voltage=2.5,3.5 V", cell=FULL, protocol=FEW))
    assert [o["outcome"] for o in done.outcomes] == ["completed", FAILED]
    assert done.failed == 1
    assert "lies inside or above the plateau" in done.table()["error"].iloc[1]
    assert "1 of 2 points could not be run" in sweep_page(done)


def test_no_point_that_can_be_run_is_an_error():
    pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
    given = plan("lower_voltage=3.4,3.5 V", cell=FULL, protocol=FEW)
    with pytest.raises(SimulationError, match=r"none of the 2 points could be run; the first: .*plateau"):
        sweep(given)


def test_a_failure_of_natrodes_own_keeps_the_other_points(monkeypatch):
    def broken(*arguments, **named):
        raise ZeroDivisionError("x")

    given = plan("current_density=0.1,0.2 mA/cm2")
    monkeypatch.setattr("natrode.simulate.symmetric.simulate", broken)
    assert run_point(given, 0) == {"outcome": FAILED, "error": "internal error: ZeroDivisionError: x"}


def test_every_point_is_checked_before_the_first_runs():
    with pytest.raises(SpecificationError, match=r"cell at temperature = 120.0: .*melting point"):
        plan("temperature=25:120 degC:3")
    with pytest.raises(SpecificationError, match=r"at electrode.interface = h-na-1-6/nzsp: .*did you mean"):
        plan("electrode.interface=h-na-1-5/nzsp-hna,h-na-1-6/nzsp")
    with pytest.raises(SpecificationError, match="1000000 points, at most 10000"):
        plan("current_density=0.1:1 mA/cm2:1000", "temperature=25:60 degC:1000")


def test_noise_has_a_seed_of_its_own_at_every_point():
    noisy = {**CYCLES, "sampling": {"points_per_half_cycle": 5, "noise": 0.01}}
    done = sweep(plan("cycles=4,5", protocol=noisy, seed=3))
    again = sweep(plan("cycles=4,5", protocol=noisy, seed=3))
    assert done.outcomes == again.outcomes
    values = [o["results"][0]["value"] for o in done.outcomes]
    assert values[0] != values[1]


# ---- journal ----------------------------------------------------------------------------------------------------


def test_finished_points_are_not_run_again(tmp_path, monkeypatch):
    journal = journal_of(tmp_path / "out")
    given = plan("current_density=0.1:0.5 mA/cm2:5")
    whole = sweep(given, journal=journal)
    lines = journal.read_text().splitlines()
    assert len(lines) == 6
    journal.write_text("\n".join(lines[:4]) + "\n" + lines[4][:20])  # killed while it wrote the fourth point
    ran = []
    monkeypatch.setattr(module, "run_point", lambda p, n: ran.append(n) or run_point(p, n))
    assert sweep(given, journal=journal).outcomes == whole.outcomes
    assert ran == [3, 4]
    assert sweep(given, journal=journal).outcomes == whole.outcomes
    assert ran == [3, 4]


def test_a_journal_of_another_sweep_is_refused(tmp_path):
    journal = journal_of(tmp_path / "out")
    sweep(plan("current_density=0.1,0.2 mA/cm2"), journal=journal)
    with pytest.raises(OutputError, match="holds points of another sweep"):
        sweep(plan("current_density=0.1,0.3 mA/cm2"), journal=journal)
    with pytest.raises(OutputError, match="holds points of another sweep"):
        sweep(plan("current_density=0.1,0.2 mA/cm2", seed=1), journal=journal)


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_was(tmp_path, capsys):
    out = tmp_path / "out"
    (tmp_path / "cell.toml").write_text(EXAMPLE)
    (tmp_path / "protocol.toml").write_text(Protocol.read(CYCLES, "x").to_toml())
    command = [
        "sweep", str(tmp_path / "cell.toml"), str(tmp_path / "protocol.toml"),
        "--vary", "current_density=0.01:0.5 mA/cm2:80", "--out", str(out), "--json", "--jobs", "1",
    ]  # fmt: skip
    script = "from natrode.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(
        [sys.executable, "-c", script, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    journal = journal_of(out)
    for _ in range(6000):
        if journal.exists() and journal.read_text().count("\n") > 5:
            break
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    before = journal.read_text().count("\n") - 1
    assert 5 <= before < 80
    assert not out.exists()
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert not ended.value.code
    assert len(json.loads(capsys.readouterr().out)["points"]) == 80
    assert not journal.exists()
    assert pq.read_table(out / "sweep.parquet").num_rows == 80


# ---- processes and Dask ------------------------------------------------------------------------------------------


def test_a_scheduler_that_is_not_there_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(Client=_Client, as_completed=None))
    with pytest.raises(SpecificationError, match="no Dask scheduler answers there"):
        sweep(plan("current_density=0.1:0.3 mA/cm2:3"), scheduler="tcp://nowhere:1", journal=tmp_path / "journal")
    assert not list(tmp_path.iterdir())


def test_a_process_that_dies_is_one_sentence(monkeypatch):
    def broken(*arguments):
        raise module.BrokenProcessPool("gone")

    monkeypatch.setattr(module, "as_completed", broken)
    with pytest.raises(SimulationError, match="a process of the sweep died"):
        sweep(plan("current_density=0.1,0.2 mA/cm2"), jobs=2)


def test_dask_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SpecificationError, match=r"pip install 'dask\[distributed\]'"):
        sweep(plan("current_density=0.1,0.2 mA/cm2"), scheduler="tcp://nowhere:1")


class _Client:
    """The part of Dask's client that a sweep uses, run in this process."""

    def __init__(self, address, timeout):
        if "nowhere" in address:
            raise OSError("timed out")

    def __enter__(self):
        return self

    def __exit__(self, *why):
        return None

    def scatter(self, value, broadcast):
        return value

    def map(self, function, numbers, whole, pure):
        return [(None, function(number, whole)) for number in numbers]


def test_dask_gives_what_this_process_gives(monkeypatch):
    monkeypatch.setitem(
        sys.modules, "distributed",
        SimpleNamespace(Client=_Client, as_completed=lambda futures, with_results: reversed(futures)),
    )  # fmt: skip
    given = plan("current_density=0.1:0.3 mA/cm2:3")
    assert sweep(given, scheduler="tcp://host:8786").outcomes == sweep(given).outcomes
    with pytest.raises(SpecificationError, match="no Dask scheduler answers there"):
        sweep(given, scheduler="tcp://nowhere:1")


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dask_scheduler_and_worker_give_what_this_process_gives(tmp_path):
    """Processes of their own, as on a cluster; natrode carries no Dask, so this runs where it is installed."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    found = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(found), "--no-dashboard", "--host", "127.0.0.1"]
    programs = {"dask_scheduler": ["--port", "0"], "dask_worker": ["--nworkers", "1", "--nthreads", "1"]}
    given, running = plan("current_density=0.1:0.3 mA/cm2:3"), []
    try:
        for name, own in programs.items():
            command = [sys.executable, "-m", f"distributed.cli.{name}", *common, *own]
            running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            until = time.monotonic() + 60
            while not found.exists() and time.monotonic() < until:
                time.sleep(0.1)
        address = json.loads(found.read_text())["address"]
        assert sweep(given, scheduler=address).outcomes == sweep(given).outcomes
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(30)


# ---- full cells and the page -------------------------------------------------------------------------------------


def test_more_sodium_lives_longer_when_some_is_lost():
    pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")
    cell = {**FULL, "plating_efficiency": 0.99}
    protocol = {**FEW, "steps": [{**RATE, "cycles": 60}]}
    done = sweep(plan("N/P=0.3,3", "cathode.loading=0.5,1 mg/cm2", cell=cell, protocol=protocol))
    kept = {
        point: next(r["value"] for r in outcome["results"] if r["quantity"] == "capacity retention")
        for point, outcome in zip(done.plan.points, done.outcomes, strict=True)
    }
    assert kept[0, 0] < kept[1, 0]
    assert kept[0, 1] < kept[1, 1]
    assert [o["N/P"] for o in done.outcomes] == pytest.approx([0.3, 0.3, 3.0, 3.0])
    assert any("below 1" in w for w in done.outcomes[0]["warnings"])
    page = sweep_page(done)
    assert '"type":"heatmap"' in page
    assert "SIMULATED" in page
    assert "capacity retention" in page


def test_colours_of_a_map_go_by_the_logarithm_where_one_value_would_take_them_all():
    done = sweep(plan("current_density=0.1,0.2 mA/cm2", "temperature=25,60 degC"))
    _, figure = next(report._figures(done, "x", "x / Ohm", [1.0, 3.0, None, 1e4]))
    (trace,) = figure["data"]
    assert (trace["zmin"], trace["zmax"]) == pytest.approx((0.0, 4.0))
    assert trace["customdata"][1] == [3.0, 1e4]
    assert trace["colorbar"]["title"]["text"] == "Ohm"
    assert next(report._figures(done, "x", "x", [1.0, 3.0, None, 50.0]))[1]["data"][0]["zmax"] == 50.0


@pytest.mark.parametrize(
    "vary",
    [
        ["current_density=0.1:0.3 mA/cm2:3"],
        ["electrode.interface=h-na-1-5/nzsp-hna,pristine-na/nzsp-hna"],
        ["current_density=0.1:5 mA/cm2:3:log", "electrode.interface=h-na-1-5/nzsp-hna,pristine-na/nzsp-hna"],
        ["current_density=0.1,5 mA/cm2", "temperature=25,60 degC", "cycles=2,4",
         "kinetics=ohmic,butler-volmer"],
    ],
)  # fmt: skip
def test_pages_of_one_to_four_keys(vary):
    page = sweep_page(sweep(plan(*vary)))
    assert page.startswith("<!doctype html>")
    assert "http" not in page.split("plotly-bundle")[0].replace("http-equiv", "")
