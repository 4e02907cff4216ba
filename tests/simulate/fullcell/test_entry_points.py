"""What PyBaMM finds by name, and PyBaMM's own checks of a model: parameters, discretisation, serialisation."""

import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pybamm = pytest.importorskip("pybamm", reason="PyBaMM (extra 'cell') is not installed")

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["entry-points"]

GENTLE = {"natrode-symmetric": 1e-6, "natrode-nvp": -1e-5, "natrode-sulfur": 1e-6, "natrode-co2": 1e-6}
"""Currents [A] that the fresh cells can take: NVP is put together discharged."""


def loaded(text: str):
    module, _, name = text.partition(":")
    return getattr(import_module(module), name)


@pytest.mark.parametrize("name", PROJECT["pybamm_models"])
def test_models_by_name_run_on_their_own_parameters(name):
    model = loaded(PROJECT["pybamm_models"][name])()
    assert model.__doc__
    values = model.default_parameter_values
    values["Current function [A]"] = GENTLE[name]
    solution = pybamm.Simulation(model, parameter_values=values).solve([0, 3.6])
    assert solution["Voltage [V]"].entries.size > 1


@pytest.mark.parametrize("name", PROJECT["pybamm_models"])
def test_models_are_well_posed_and_serialise(name, tmp_path):
    model = loaded(PROJECT["pybamm_models"][name])()
    values = model.default_parameter_values
    values["Current function [A]"] = GENTLE[name]
    geometry = model.default_geometry
    values.process_geometry(geometry)
    values.process_model(model)
    mesh = pybamm.Mesh(geometry, model.default_submesh_types, model.default_var_pts)
    pybamm.Discretisation(mesh, model.default_spatial_methods).process_model(model)
    model.check_well_posedness(post_discretisation=True)
    serialise = pybamm.expression_tree.operations.serialise.Serialise()
    serialise.save_model(model, filename=str(tmp_path / "model"))
    again = serialise.load_model(str(tmp_path / "model.json"))
    time = np.array([0.0, 60.0])
    solutions = [pybamm.IDAKLUSolver().solve(each, time) for each in (model, again)]
    assert np.allclose(solutions[0].y[:, -1], solutions[1].y[:, -1], rtol=1e-8)


@pytest.mark.parametrize("name", PROJECT["pybamm_parameter_sets"])
def test_parameter_sets_by_name(name):
    make = loaded(PROJECT["pybamm_parameter_sets"][name])
    assert make.__doc__
    values = pybamm.ParameterValues(make())
    assert values["Ambient temperature [K]"] > 290
