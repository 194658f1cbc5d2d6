"""How long one answer takes, from the files to the probabilities, for every way to learn.

Ways share their encoders, so reading and encoding are timed once per item and modality, and a
way pays for the modalities it looks at; what it does with them was timed when it was measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from threadpoolctl import threadpool_limits

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.errors import HandfulError
from handful.learn.routes.arms import Arm
from handful.learn.routes.encode import encode_values
from handful.learn.routes.ladder import rungs
from handful.learn.routes.model import Model


def answer_times(
    arms: Sequence[Arm], library: Library, items: Sequence[Item], model: Model
) -> dict[str, list[float]]:
    """Seconds of whole answers, one item at a time on one thread.

    Args:
        arms: With what their answers took once the item was encoded.
        library: Where the items are.
        items: The labelled items, in the order of the arms' answers.
        model: Whose towers, latents and kernels the arms share.

    Returns:
        Name of the arm to one time per item that was asked about; empty where none could be.
    """
    traits = {rung.name: rung for rung in [*rungs(baselines=False), *rungs(baselines=True)]}
    asked = sorted({row for arm in arms for row in arm.answer_s})
    with threadpool_limits(1):
        fronts = {row: _Front.of(library, items[row], model) for row in asked}
    found = {}
    for arm in arms:
        rung = traits.get(arm.rung)
        kernels = rung is None or rung.needs_kernels
        files = rung is not None and rung.needs_inputs
        views = rung is None or rung.needs_evidence
        found[arm.name] = [
            seconds + fronts[row].seconds(arm.modalities, views, kernels, files)
            for row, seconds in arm.answer_s.items()
        ]
    return found


class _Front:
    """What has to be done with an item before any way can answer."""

    def __init__(
        self, read: Mapping[str, float], encode: Mapping[str, float], project: float, compare: float
    ) -> None:
        self._read = read
        self._encode = encode
        self._project = project
        self._compare = compare

    @classmethod
    def of(cls, library: Library, item: Item, model: Model) -> _Front:
        """Time one item, after one round that does not count."""
        read: dict[str, float] = {}
        encode: dict[str, float] = {}
        views: dict[str, Any] = {}
        for modality in item.modalities:
            if modality not in model.towers:
                continue
            try:
                value, read[modality] = _timed(
                    lambda modality=modality: library.read_part(item, modality)
                )
            except HandfulError:
                continue
            views[modality], encode[modality] = _timed(
                lambda modality=modality, value=value: encode_values(
                    model.towers[modality], [value]
                )
            )
        bare = model.without_kernels()
        _, project = _timed(lambda: bare.evidence_of(views, 1))
        _, whole = _timed(lambda: model.evidence_of(views, 1))
        return cls(read, encode, project, max(0.0, whole - project))

    def seconds(self, modalities: Sequence[str], views: bool, kernels: bool, files: bool) -> float:
        """The part of it that a way needs."""
        total = 0.0
        if views or files:
            total += sum(self._read.get(name, 0.0) for name in modalities)
        if views:
            total += sum(self._encode.get(name, 0.0) for name in modalities) + self._project
        if kernels:
            total += self._compare
        return total


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What some work gives, and the seconds of the second time it is done."""
    work()
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start
