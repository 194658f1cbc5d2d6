"""A modality goes lean where its other views mislead on unseen groups, and only there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from handful.learn.routes.ladder import leaner_modalities
from handful.learn.rungs.base import Evidence, Lesson
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.folds import split
from handful.numerics.linear.kernels import Config, KernelSum

Table = NDArray[np.float64]

GROUPS, EACH = 12, 8
GROUP_OF = np.repeat(np.arange(GROUPS), EACH)
LABELS = (GROUP_OF % 2).astype(np.intp)  # what is shot together is mostly of one kind
FOLDS = split(LABELS, GROUP_OF, items=len(LABELS), count=4)


def noise(seed: int, width: int = 6) -> Table:
    return np.random.default_rng(seed).normal(size=(len(LABELS), width))


def holding_the_class(seed: int) -> Table:
    found = noise(seed)
    found[:, 0] += 2.5 * LABELS
    return found


def walls(seed: int) -> Table:
    """A view of the background: it tells groups apart, and is noise across them."""
    own = np.random.default_rng(seed).normal(size=(GROUPS, 6))
    return 4 * own[GROUP_OF] + 0.1 * noise(seed + 1)


def lesson_of(
    views: Mapping[str, tuple[Table, Table]], absent: NDArray[np.bool_] | None = None
) -> Lesson:
    """A lesson on views that are kept when a modality goes lean, each beside one that is not."""
    present = np.ones(len(LABELS), dtype=bool) if absent is None else ~absent
    blocks = {
        modality: {
            "kept": Block.of(kept.astype(np.float32), present),
            "extra": Block.of(extra.astype(np.float32), present),
        }
        for modality, (kept, extra) in views.items()
    }
    kernels = KernelSum.fit(blocks, Config(), seed=0)
    evidence = Evidence(
        kernels=kernels.train(),
        latents={name: {"plain": named["kept"]} for name, named in blocks.items()},
        views=blocks,
        lean=kernels.keeping({name: ["kept"] for name in blocks}).train(),
    )
    return Lesson(evidence=evidence, labels=LABELS, classes=("cup", "jug"), folds=FOLDS)


def test_a_view_that_tells_groups_apart_is_left_out() -> None:
    lesson = lesson_of({"image": (holding_the_class(0), walls(1))})
    assert leaner_modalities(lesson) == ("image",)


def test_folds_that_split_groups_would_have_kept_it() -> None:
    lesson = lesson_of({"image": (holding_the_class(0), walls(1))})
    careless = split(LABELS, None, items=len(LABELS), count=4)
    assert leaner_modalities(replace(lesson, folds=careless)) == ()


def test_a_view_that_holds_the_class_stays() -> None:
    lesson = lesson_of({"image": (noise(2), holding_the_class(3))})
    assert leaner_modalities(lesson) == ()


def test_each_modality_is_asked_alone() -> None:
    misled, helped = (holding_the_class(4), walls(5)), (noise(6), holding_the_class(7))
    lesson = lesson_of({"text": misled, "image": helped, "audio": misled})
    assert leaner_modalities(lesson) == ("text", "audio")


def test_only_items_that_have_the_modality_are_asked() -> None:
    absent = GROUP_OF >= GROUPS - 2
    kept, extra = holding_the_class(0), walls(1)
    before = leaner_modalities(lesson_of({"image": (kept, extra)}, absent))
    kept[absent], extra[absent] = np.nan, np.nan
    assert before == leaner_modalities(lesson_of({"image": (kept, extra)}, absent)) == ("image",)


def test_nothing_goes_lean_without_folds() -> None:
    lesson = lesson_of({"image": (holding_the_class(0), walls(1))})
    assert leaner_modalities(replace(lesson, folds=None)) == ()


def test_nothing_goes_lean_where_one_class_is_left() -> None:
    lesson = lesson_of({"image": (holding_the_class(0), walls(1))}, absent=LABELS == 1)
    assert leaner_modalities(lesson) == ()


def test_nothing_goes_lean_where_nothing_is_lean() -> None:
    lesson = lesson_of({"image": (holding_the_class(0), walls(1))})
    evidence = replace(lesson.evidence, lean=type(lesson.evidence.lean)({}, {}, {}))
    assert leaner_modalities(replace(lesson, evidence=evidence)) == ()


@pytest.mark.parametrize("lean", [(), ("image",)])
def test_lean_evidence_has_the_kernels_that_were_asked_for(lean: tuple[str, ...]) -> None:
    lesson = lesson_of({"image": (noise(2), walls(3)), "text": (noise(4), walls(5))})
    found = lesson.evidence.leaner(lean)
    for modality in ("image", "text"):
        parts = lesson.evidence.lean if modality in lean else lesson.evidence.kernels
        np.testing.assert_array_equal(found.kernels.kernels[modality], parts.kernels[modality])
    assert found.lean.kernels == {}
