"""Tiny model folders, made once."""

from pathlib import Path

import pytest

from tiny import models


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models.need_libraries()
    return models.folders(tmp_path_factory.getbasetemp())
