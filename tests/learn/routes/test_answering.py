"""How long one answer takes: each way pays for what it looks at, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.data.library.items import Item, Part
from handful.data.library.library import Library
from handful.foundation.errors import InputError
from handful.learn.model.latents import Config, Latents
from handful.learn.routes import answering
from handful.learn.routes.answering import answer_times
from handful.learn.routes.arms import Arm
from handful.learn.routes.ladder import rungs
from handful.learn.routes.model import Model
from handful.learn.routes.towers import Recipe
from handful.learn.rungs.base import Evidence, Rung
from handful.learn.towers.base import Kernel, Tower, Views
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Config as KernelConfig
from handful.numerics.linear.kernels import KernelSum

BOTH = ("text", "image")
TRAINED_ON = 10
Spend = Callable[[str, str], None]
"""Called with what is done and with what: `read` and `encode` with a modality."""


@cache
def found_once(baselines: bool) -> list[Rung]:
    return rungs(baselines=baselines)


@pytest.fixture(autouse=True)
def _same_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding the rungs reads every file of their room, which takes longer than these tests."""
    monkeypatch.setattr(answering, "rungs", found_once)


def nothing_spent(work: str, about: str) -> None:
    """Work takes the time it takes."""


class Toy(Tower[int]):
    """A tower over numbers, with one view."""

    def __init__(self, modality: str, spend: Spend) -> None:
        self.modality = modality
        self._spend = spend

    def fit(self, values: Sequence[int], *, seed: int) -> None:
        """Nothing to learn."""

    def encode(self, values: Sequence[int], *, only: Collection[str] | None = None) -> Views:
        self._spend("encode", self.modality)
        return {"only": rows(values)}

    def fingerprints(self) -> dict[str, str]:
        return {"only": self.modality}

    def kernels(self) -> dict[str, Kernel]:
        return {"only": "rbf"}

    def state(self) -> dict[str, NDArray[Any]]:
        return {}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Nothing was learned."""


def rows(values: Sequence[int]) -> NDArray[np.float32]:
    table = [np.random.default_rng(value).normal(size=4) for value in values]
    return np.array(table, dtype=np.float32)


class Shelf:
    """Stands for a library: every part reads as a number, and some have vanished."""

    def __init__(self, spend: Spend) -> None:
        self._spend = spend

    def read_part(self, item: Item, modality: str) -> int:
        self._spend("read", modality)
        if item.parts[modality].path == "vanished":
            raise InputError("The file is gone.")
        return int(item.key)


def item(key: int, modalities: Sequence[str] = BOTH, vanished: Sequence[str] = ()) -> Item:
    parts = {
        name: Part(modality=name, path="vanished" if name in vanished else "there")
        for name in modalities
    }
    return Item(id=str(key), key=str(key), parts=parts)


@cache
def learned() -> tuple[Latents, KernelSum]:
    views = {name: {"only": Block.of(rows(range(TRAINED_ON)))} for name in BOTH}
    return Latents.fit(views, Config(width=4)), KernelSum.fit(views, KernelConfig(), seed=0)


def model_of(spend: Spend, kind: type[Model] = Model) -> Model:
    towers = {name: Toy(name, spend) for name in BOTH}
    latents, kernels = learned()
    return kind(
        name="",
        task="",
        classes=("a", "b"),
        recipe=Recipe(blocks={}),
        towers=towers,
        latents=latents,
        kernels=kernels,
        rung="",
        head=None,
        judge=None,
    )


def arm(rung: str, modalities: Sequence[str] = BOTH, asked: Sequence[int] = (0,)) -> Arm:
    """A way whose answers take half a second each once the item is encoded."""
    return Arm(
        name=f"{rung} of {' and '.join(modalities)}",
        held_out=np.zeros((1, 2)),
        cpu_s=0.0,
        answer_s=dict.fromkeys(asked, 0.5),
        rung=rung,
        modalities=tuple(modalities),
    )


def timed(arms: Sequence[Arm], items: Sequence[Item], spend: Spend = nothing_spent) -> list[Any]:
    """Times of every way, in order, on the clock on the wall."""
    library = cast(Library, Shelf(spend))
    found = answer_times(arms, library, items, model_of(spend))
    assert list(found) == [each.name for each in arms]
    return list(found.values())


# --- on the clock on the wall --------------------------------------------------------------


def test_every_asked_item_has_a_time_and_others_have_none() -> None:
    items = [item(key) for key in range(5)]
    some, one, none = timed(
        [
            arm("kernel_sum", asked=(4, 1, 2)),
            arm("kernel_sum", ["text"], asked=(3,)),
            arm("boosting", asked=()),
        ],
        items,
    )
    assert (len(some), len(one), len(none)) == (3, 1, 0)
    assert all(seconds > 0.5 for seconds in (*some, *one))


def test_looking_at_more_never_costs_less() -> None:
    ways = [arm("majority"), arm("conv_scratch"), arm("boosting"), arm("kernel_sum")]
    nothing, files, views, kernels = timed(ways, [item(0)])
    assert nothing == [0.5]
    assert nothing < files < views <= kernels


def test_one_modality_costs_no_more_than_all() -> None:
    alone = [arm("kernel_sum", [name]) for name in BOTH]
    for text, image, both in zip(*timed([*alone, arm("kernel_sum")], [item(0)]), strict=True):
        assert max(text, image) < both


# --- on a clock that only moves when something is done --------------------------------------

COSTS = {
    ("read", "text"): 1,
    ("read", "image"): 10,
    ("encode", "text"): 2,
    ("encode", "image"): 20,
    ("project", ""): 100,
    ("compare", ""): 1000,
}


class Clock:
    """Tells how much was spent; what is done for the first time takes a while longer."""

    def __init__(self) -> None:
        self.now = 0.0
        self.done: list[tuple[str, str]] = []

    def spend(self, work: str, about: str = "") -> None:
        is_first = (work, about) not in self.done
        self.done.append((work, about))
        self.now += COSTS[work, about] * (7 if is_first else 1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(answering, "time", SimpleNamespace(perf_counter=lambda: made.now))
    return made


def on_the(clock: Clock, arms: Sequence[Arm], items: Sequence[Item]) -> list[list[float]]:
    class Slow(Model):
        def evidence_of(
            self,
            views: Mapping[str, Mapping[str, Block]],
            items: int,
            *,
            with_latents: bool = True,
        ) -> Evidence:
            if with_latents:
                clock.spend("project")
            if self.kernels is not None:
                clock.spend("compare")
            return super().evidence_of(views, items, with_latents=with_latents)

    library = cast(Library, Shelf(clock.spend))
    return list(answer_times(arms, library, items, model_of(clock.spend, Slow)).values())


@pytest.mark.parametrize(
    ("rung", "modalities", "seconds"),
    [
        ("majority", BOTH, 0.5),
        ("conv_scratch", BOTH, 11.5),
        ("boosting", BOTH, 133.5),
        ("logistic_joint", BOTH, 133.5),
        ("kernel_sum", BOTH, 1033.5),
        ("kernel_sum", ("text",), 1003.5),
        ("kernel_sum", ("image",), 1030.5),
        ("", BOTH, 1133.5),  # several rungs, so whatever any of them may need
    ],
)
def test_a_way_pays_for_what_it_looks_at(
    clock: Clock, rung: str, modalities: Sequence[str], seconds: float
) -> None:
    assert on_the(clock, [arm(rung, modalities)], [item(0)]) == [[pytest.approx(seconds)]]


def test_what_an_item_lacks_or_lost_costs_nothing(clock: Clock) -> None:
    items = [item(0), item(1, ["text"]), item(2, vanished=["image"]), item(3, ["image"])]
    found = on_the(clock, [arm("boosting", asked=range(4))], items)
    assert found == [pytest.approx([133.5, 103.5, 103.5, 130.5])]


def test_an_item_of_which_nothing_is_left_costs_no_reading(clock: Clock) -> None:
    gone = item(0, vanished=BOTH)
    assert on_the(clock, [arm("conv_scratch")], [gone]) == [[0.5]]


def test_modalities_without_an_encoder_are_not_even_read(clock: Clock) -> None:
    hummed = item(0, [*BOTH, "audio"])
    found = on_the(clock, [arm("boosting", [*BOTH, "audio"])], [hummed])
    assert found == [[pytest.approx(133.5)]]
    assert ("read", "audio") not in clock.done


def test_ways_share_one_timing_per_item(clock: Clock) -> None:
    ways = [arm("kernel_sum", asked=(0, 2)), arm("boosting", asked=(2,)), arm("majority")]
    on_the(clock, ways, [item(key) for key in range(3)])
    assert clock.done.count(("encode", "image")) == 8  # 2 items, 2 sets of views, twice


def test_nobody_asked_takes_no_time(clock: Clock) -> None:
    assert on_the(clock, [], []) == []
    assert on_the(clock, [arm("kernel_sum", asked=())], [item(0)]) == [[]]
    assert clock.now == 0
