"""Memory: a planted block must be seen."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Query
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.measures.memory import Config, Memory
from handful.trust.evaluate.sitting import Sitting

BLOCK = 96 * 2**20


def test_a_block_held_while_answering_is_seen(scripted: Any, answer: Any) -> None:
    class Greedy(scripted):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            block = bytearray(BLOCK)
            block[::4096] = b"x" * len(block[::4096])
            if len(queries) > 1:
                time.sleep(0.25)  # the meter looks ten times a second
            return super().predict(queries)

    ids = ["a", "b"]
    cases = [Case(name, {"text": name}, "yes") for name in ids]
    predictor = Greedy({name: answer("yes") for name in ids})
    found = Memory(Config(limit_mib=64)).measure(Sitting(predictor, cases, goal=Goal()))
    peak, added = found.figures
    assert peak.value is not None
    assert added.value is not None
    assert added.value >= 0.95 * BLOCK
    assert peak.value > added.value
    assert any("more than the 64 MiB" in sentence for sentence in found.meaning)


def test_a_system_that_does_not_tell_is_said_so(
    sit: Callable[..., Sitting], answer: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("tree_resident_bytes", "peak_bytes"):
        monkeypatch.setattr(f"handful.foundation.hardware.meter.{name}", lambda *args: None)
    monkeypatch.setattr("handful.trust.evaluate.sitting.tree_resident_bytes", lambda *args: None)
    found = Memory(Config()).measure(sit(["yes"], [answer("yes")]))
    assert "does not tell" in found.missing
    assert found.figures == ()
