import numpy as np
import pytest

from data.library.twins.things import reworded, story
from handful.data.library.twins.words import print_of, shared, twins

COUNT = 60
STORIES = [story(seed) for seed in range(COUNT)]
PRINTS = [print_of({"und": text}) for text in STORIES]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: reworded(text, 0.05),
        lambda text: text.upper().replace(" ", "\n\n"),
        lambda text: f"- {text.replace(' ', ', ')}!",
        lambda text: " ".join(text.split()[5:]),
    ],
    ids=["some words replaced", "capitals and lines", "punctuation", "start cut off"],
)
def test_a_changed_text_is_known_again_and_taken_for_no_other(change):
    changed = [print_of({"en": change(text)}) for text in STORIES]
    pairs = set(twins([*PRINTS, *changed], COUNT))
    right = {(place, COUNT + place) for place in range(COUNT)}
    assert len(pairs & right) / COUNT >= 0.95
    assert pairs <= right


def test_texts_from_the_same_words_are_different():
    assert list(twins(PRINTS, 0)) == []


def test_a_few_words_are_no_evidence():
    assert print_of({"en": "a small blue cup"}) == b""
    assert print_of({}) == b""


def test_what_is_shared_is_the_share_of_all_runs():
    one, other = np.array([1, 2, 3, 4], np.uint32), np.array([3, 4, 5, 6, 0xFFFFFFFF], np.uint32)
    assert shared(one, other) == pytest.approx(2 / 7)
    assert shared(one, one) == 1
    assert shared(one, other[2:]) == 0


def test_what_long_texts_share_is_estimated_well():
    dice = np.random.default_rng(0)
    every = np.unique(dice.integers(0, 2**32, 6000, dtype=np.uint64).astype(np.uint32))
    one, other = np.sort(every[dice.permutation(len(every))[:4000]]), every
    assert shared(one[:512], other[:512]) == pytest.approx(4000 / len(every), abs=0.07)
