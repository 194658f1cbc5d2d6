"""A release answers its golden set as it did, and one that does not is refused."""

import dataclasses

import numpy as np
import pytest

from handful.foundation.errors import ProjectError
from handful.foundation.predictor import Answer, Level
from handful.use.release.golden import compare_golden, item_of, specs_of


def answer(p: float) -> Answer:
    return Answer(label="a", level=Level.SURE, probabilities={"a": p, "b": 1 - p})


GOLDEN = {"items": [{"modalities": ["text"], "seed": 0, "probabilities": {"a": 0.9, "b": 0.1}}]}


def test_items_are_the_same_every_time_and_differ_from_each_other() -> None:
    specs = specs_of(("text", "image", "audio"))
    assert [spec["modalities"] for spec in specs[::4]] == [
        ["text"], ["image"], ["audio"], ["text", "image", "audio"],
    ]  # fmt: skip
    texts = {item_of(spec)["text"]["und"] for spec in specs[:4]}
    assert len(texts) == 4
    first, again = (item_of(specs[-1]) for _ in range(2))
    assert first["text"] == again["text"]
    np.testing.assert_array_equal(first["image"], again["image"])
    np.testing.assert_array_equal(first["audio"].samples, again["audio"].samples)


def test_other_answers_are_refused() -> None:
    compare_golden(GOLDEN, [answer(0.9)], "r")
    compare_golden(GOLDEN, [answer(0.905)], "r")
    other = dataclasses.replace(answer(0.9), probabilities={"a": 0.9, "c": 0.1})
    for said in (answer(0.8), answer(float("nan")), other, None):
        with pytest.raises(ProjectError, match="golden item 0"):
            compare_golden(GOLDEN, [said], "r")
