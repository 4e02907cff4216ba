from pathlib import Path

import pytest

from natrode.workbench.demo import demo


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of `natrode demo`; treat it as read-only."""
    folder = tmp_path_factory.mktemp("demo")
    demo(folder)
    return folder
