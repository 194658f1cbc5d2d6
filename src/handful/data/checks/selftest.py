"""Let every check prove itself: its planted fault must be found, its clean control stay silent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handful.data.checks.base import Check, View
from handful.data.checks.running import ROOM, make_check
from handful.data.checks.workbench import Workbench
from handful.foundation import components


class Proof(NamedTuple):
    """What became of one check's test of itself.

    Attributes:
        check: Its name.
        planted: How many items the fault is in.
        missed: Keys of items with the fault that no finding named.
        false_alarms: Titles of what it found in the clean control.
        error: What it stumbled over; empty when nothing.
    """

    check: str
    planted: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it found all of its fault and nothing in the clean control."""
        return self.planted > 0 and not (self.missed or self.false_alarms or self.error)


def selftest(
    names: Sequence[str] | None = None,
    seed: int = 0,
    on_progress: Callable[[Proof], None] | None = None,
) -> list[Proof]:
    """Let checks prove themselves on small made-up libraries.

    Args:
        names: Which checks; all that are found when left out.
        seed: What the made-up files look like.
        on_progress: Told each proof as it is done.

    Returns:
        One proof per check, sorted by name.

    Raises:
        UsageError: When there is no check of a given name.
    """
    proofs = []
    for name in names if names is not None else list(components.find(ROOM)):
        proof = prove(make_check(name), seed)
        proofs.append(proof)
        if on_progress:
            on_progress(proof)
    return proofs


def prove(check: Check, seed: int = 0) -> Proof:
    """Let one check prove itself; a check that fails is reported, not raised.

    Args:
        check: Any.
        seed: What the made-up files look like.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="handful-selftest-") as folder:
            planted, missed = _plant(check, Path(folder) / "fault", seed)
            alarms = _control(check, Path(folder) / "clean", seed)
    except Exception as error:
        return Proof(check.name, 0, (), (), f"{type(error).__name__}: {error}")
    return Proof(check.name, planted, missed, alarms)


def _plant(check: Check, folder: Path, seed: int) -> tuple[int, tuple[str, ...]]:
    bench = Workbench(folder)
    keys = check.plant(bench, np.random.default_rng(seed))
    view = View.of(bench.library())
    named = {identity for finding in check.run(view) for identity in finding.items}
    found = {item.key for item in view.items if item.id in named}
    return len(keys), tuple(key for key in keys if key not in found)


def _control(check: Check, folder: Path, seed: int) -> tuple[str, ...]:
    bench = Workbench(folder)
    check.control(bench, np.random.default_rng(seed))
    return tuple(finding.title for finding in check.run(View.of(bench.library())))
