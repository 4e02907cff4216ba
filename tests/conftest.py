from pathlib import Path

import pytest
from hypothesis import settings

# a loaded machine must not fail a property
settings.register_profile("natrode", deadline=None)
settings.load_profile("natrode")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of `natrode demo`; treat it as read-only."""
    from natrode.workbench.demo import demo

    folder = tmp_path_factory.mktemp("demo")
    demo(folder)
    return folder
