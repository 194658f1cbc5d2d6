"""How long one answer takes, from the files to the probabilities, for every way to learn.

Ways share their encoders, so reading and encoding are timed once per item and modality, and a
way pays for the modalities it looks at; what it does with them was timed when it was measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.errors import HandfulError
from handful.learn.routes.arms import Arm
from handful.learn.routes.ladder import rungs
from handful.learn.routes.model import Model
from handful.learn.routes.viewing import encode_values
from handful.learn.rungs.base import Rung


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
        needs = _Needs.of(traits.get(arm.rung or model.rung))
        found[arm.name] = [
            seconds + fronts[row].seconds(arm.modalities, needs)
            for row, seconds in arm.answer_s.items()
        ]
    return found


class _Needs(NamedTuple):
    """What a way looks at."""

    views: bool
    latents: bool
    kernels: bool
    files: bool

    @classmethod
    def of(cls, rung: Rung | None) -> _Needs:
        """What a rung looks at; everything where none is known."""
        if rung is None:
            return cls(views=True, latents=True, kernels=True, files=False)
        views = rung.needs_evidence
        return cls(views, views and rung.needs_latents, rung.needs_kernels, rung.needs_inputs)


class _Front(NamedTuple):
    """Seconds of what has to be done with an item before any way can answer.

    Attributes:
        read: Modality to reading its file.
        encode: Modality to encoding it in all views.
        encode_few: Modality to encoding it in the views that kernels need.
        project: From views to latents.
        compare: From views to kernels.
    """

    read: dict[str, float]
    encode: dict[str, float]
    encode_few: dict[str, float]
    project: float
    compare: float

    @classmethod
    def of(cls, library: Library, item: Item, model: Model) -> _Front:
        """Time one item, after one round that does not count."""
        read: dict[str, float] = {}
        encode: dict[str, float] = {}
        few: dict[str, float] = {}
        views: dict[str, Any] = {}
        needed = model.kernels.blocks if model.kernels else {}
        for name in item.modalities:
            if name not in model.towers:
                continue
            try:
                value, read[name] = _timed(partial(library.read_part, item, name))
            except HandfulError:
                continue
            run = partial(encode_values, model.towers[name], [value])
            views[name], encode[name] = _timed(run)
            _, few[name] = _timed(partial(run, needed.get(name)))
        bare = model.without_kernels()
        _, project = _timed(partial(bare.evidence_of, views, 1))
        _, compare = _timed(partial(model.evidence_of, views, 1, with_latents=False))
        return cls(read, encode, few, project, compare)

    def seconds(self, modalities: Sequence[str], needs: _Needs) -> float:
        """The part of it that a way needs."""
        total = 0.0
        if needs.views or needs.files:
            total += sum(self.read.get(name, 0.0) for name in modalities)
        if needs.views:
            encode = self.encode if needs.latents else self.encode_few
            total += sum(encode.get(name, 0.0) for name in modalities)
        return total + self.project * needs.latents + self.compare * needs.kernels


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What some work gives, and the seconds of the second time it is done."""
    work()
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start
