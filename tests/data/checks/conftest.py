"""A workbench and dice for the tests of checks."""

import numpy as np
import pytest

from handful.data.checks.base import View
from handful.data.checks.running import make_check
from handful.data.checks.workbench import Workbench


@pytest.fixture
def bench(tmp_path):
    return Workbench(tmp_path / "bench")


@pytest.fixture
def dice():
    return np.random.default_rng(7)


@pytest.fixture
def found(bench):
    """Findings of one check over what is on the bench: title to keys of the items named."""

    def run(name, **settings):
        view = View.of(bench.library())
        keys = {item.id: item.key for item in view.items}
        return {
            finding.title: sorted(keys[identity] for identity in finding.items)
            for finding in make_check(name, settings).run(view)
        }

    return run
