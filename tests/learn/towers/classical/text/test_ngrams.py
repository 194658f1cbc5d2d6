"""N-grams as numbers, against naive loops over strings, in many scripts."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.learn.towers.classical.text.ngrams import Grams, character_grams, fold, word_grams


def per_text(grams: Grams, texts: int) -> list[Counter[int]]:
    found: list[Counter[int]] = [Counter() for _ in range(texts)]
    for code, owner in zip(grams.codes.tolist(), grams.owner.tolist(), strict=True):
        found[owner][code] += 1
    return found


def naive_characters(text: str, shortest: int, longest: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in fold(text).split():
        padded = f" {word} "
        for length in range(shortest, longest + 1):
            for start in range(len(padded) - length + 1):
                found[padded[start : start + length]] += 1
    return found


CHARACTERS = [10490681866231249940, 2123452976472480765]
WORDS = [14646135160055244846, 7381989718351985881, 8515063082324716000]

SENTENCES = [
    "A blue cracked bowl, fired twice.",
    "bowl",
    "",
    "   ",
    "Ein frühes Stück: bläulich & rissig!",
    "青いひび割れた鉢",
    "ชามสีฟ้าแตก",
    "وعاء أزرق متصدع",
    "नीला कटोरा",
    "🏺🏺 mug 👩‍🎨",
]


@pytest.mark.parametrize(("shortest", "longest"), [(2, 5), (1, 3), (3, 3)])
def test_characters_are_those_of_a_naive_loop(shortest: int, longest: int) -> None:
    texts = [text for text in SENTENCES if "‍" not in text]
    ours = per_text(character_grams(texts, shortest, longest), len(texts))
    naive = [naive_characters(text, shortest, longest) for text in texts]
    assert [sorted(found.values()) for found in ours] == [sorted(n.values()) for n in naive]
    for left in range(len(texts)):
        for right in range(left):
            shared = ours[left].keys() & ours[right].keys()
            assert len(shared) == len(naive[left].keys() & naive[right].keys())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=5))
def test_a_text_has_the_same_grams_whatever_stands_beside_it(texts: list[str]) -> None:
    for make in (lambda some: character_grams(some, 2, 5), lambda some: word_grams(some, 2)):
        together = per_text(make(texts), len(texts))
        assert together == [per_text(make([text]), 1)[0] for text in texts]


def test_words_and_pairs() -> None:
    texts = ["red mug red mug", "Red, MUG!", "red", "mug red"]
    found = per_text(word_grams(texts, 2), 4)
    assert sum(found[0].values()) == 4 + 3
    assert found[1].keys() < found[0].keys()
    red = next(iter(found[2]))
    assert found[0][red] == 2
    assert len(found[0].keys() & found[3].keys()) == 3  # red, mug, and "mug red"
    assert per_text(word_grams(texts, 1), 4)[0].keys() == found[0].keys() & {
        *per_text(word_grams(["red", "mug"], 1), 2)[0],
        *per_text(word_grams(["red", "mug"], 1), 2)[1],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("an old_mug, 2nd try", 4),
        ("青い鉢", 3),
        ("ชาม", 3),
        ("नीला कटोरा", 2),
        ("mug🏺🏺jug", 4),
        ("مِزْهَرِيَّة", 1),
        ("--- ... !!", 0),
        ("", 0),
        ("mug \U0001fffe\U000effff", 3),
    ],
)
def test_what_counts_as_a_word(text: str, words: int) -> None:
    assert len(word_grams([text], 1).codes) == words


def test_a_mark_belongs_to_the_letter_it_stands_on() -> None:
    plain, marked = word_grams(["鉢", "鉢\u3099"], 1).codes
    assert plain != marked
    assert len(word_grams(["鉢\u3099鉢"], 1).codes) == 2
    assert len(word_grams(["\u0301鉢"], 1).codes) == 2


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("STRASSE", "straße"),
        ("\ufb01ne \uff4d\uff55\uff47", "fine mug"),
        ("Cafe\u0301", "CAFÉ"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("co\u00adoperate", "cooperate"),
    ],
)
def test_the_same_text_in_another_dress(left: str, right: str) -> None:
    for grams in (character_grams([left, right], 2, 5), word_grams([left, right], 2)):
        first, second = per_text(grams, 2)
        assert first == second


def test_lone_surrogates_and_no_texts_do_not_break() -> None:
    assert len(character_grams(["\ud800 ab"], 2, 3).codes) == 3 + 2
    for grams in (character_grams([], 2, 5), word_grams([], 2)):
        assert grams.codes.shape == grams.owner.shape == (0,)


def test_codes_are_the_same_on_every_machine() -> None:
    assert character_grams(["ab"], 3, 3).codes.tolist() == CHARACTERS
    assert word_grams(["ab cd"], 2).codes.tolist() == WORDS


def test_codes_hardly_collide() -> None:
    numbers = [str(number) for number in range(30_000)]
    assert len(np.unique(word_grams(numbers, 1).codes)) == 30_000
