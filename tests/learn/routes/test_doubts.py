from __future__ import annotations

import numpy as np

from handful.data.library.items import Item
from handful.learn.routes.doubts import doubts, sentence

CLASSES = ("bowl", "mug")


def items(count: int) -> list[Item]:
    return [Item(id=f"id{place}", key=f"piece {place}", parts={}) for place in range(count)]


def test_only_firm_disagreement_is_doubted_and_the_firmest_comes_first() -> None:
    said = np.array([[0.99, 0.01], [0.85, 0.15], [0.05, 0.95], [0.97, 0.03], [0.6, 0.4]])
    labels = np.array([1, 1, 1, 1, 1])
    found = doubts(said, labels, CLASSES, items(5))
    assert [each.key for each in found] == ["piece 0", "piece 3"]
    assert found[0] == ("id0", "piece 0", "mug", "bowl", 0.99)


def test_agreement_is_never_doubted() -> None:
    said = np.array([[0.99, 0.01], [0.01, 0.99]])
    assert doubts(said, np.array([0, 1]), CLASSES, items(2)) == []


def test_planted_wrong_labels_come_first() -> None:
    dice = np.random.default_rng(0)
    truth = dice.integers(0, 2, 200)
    sure = dice.uniform(0.9, 0.99, 200)
    said = np.where(np.arange(2) == truth[:, None], sure[:, None], 1 - sure[:, None])
    wrong = dice.choice(200, 10, replace=False)
    labels = truth.copy()
    labels[wrong] = 1 - labels[wrong]
    found = doubts(said, labels.astype(np.intp), CLASSES, items(200))
    assert {each.item for each in found} == {f"id{place}" for place in wrong}


def test_the_sentence_names_one_and_says_what_to_do() -> None:
    said = np.array([[0.99, 0.01]])
    found = doubts(said, np.array([1]), CLASSES, items(1))
    assert sentence(found, "kind") == (
        'One label looks wrong, "piece 0" above all: it is labelled mug and comes out as bowl. '
        "Look again, then `handful label piece 0 ANSWER --task kind`."
    )
    assert sentence([], "kind") == ""
