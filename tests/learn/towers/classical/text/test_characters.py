"""Character n-grams: robust to spelling and to languages without spaces."""

from __future__ import annotations

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.text.characters import Characters, Config


@pytest.mark.parametrize(
    ("known", "question", "nearest"),
    [
        (["cracked bowl", "chipped plate"], "craked bowls", 0),
        (["青いひび割れた鉢", "白い皿が欠けた"], "ひび割れた", 0),
        (["ชามสีฟ้าแตก", "จานขาวบิ่น"], "จานบิ่น", 1),
        (["une tasse fêlée", "un bol intact"], "TASSES", 0),
    ],
)
def test_a_question_in_other_words_finds_its_text(
    known: list[str], question: str, nearest: int
) -> None:
    block = Characters(Config())
    block.fit([{"und": text} for text in known], seed=0)
    likeness = block.encode([{"und": question}]) @ block.encode([{"und": t} for t in known]).T
    assert likeness.argmax() == nearest
    assert likeness.max() > 0.2


def test_lengths_decide_what_is_counted() -> None:
    block = Characters(Config(shortest=3, longest=3))
    block.fit([{"en": "mug"}], seed=0)
    assert block.encode([{"en": "mug"}]).shape == (1, 3)
    np.testing.assert_allclose(block.encode([{"en": "mu"}]), np.eye(3)[[_place(block, "mu")]])


def _place(block: Characters, text: str) -> int:
    return int(block.encode([{"en": text}]).argmax())


@pytest.mark.parametrize("wrong", [{"shortest": 0}, {"longest": 1}, {"longest": 9}, {"width": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
