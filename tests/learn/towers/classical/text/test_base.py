"""TF-IDF over the most common n-grams, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from handful.foundation.errors import InputError
from handful.learn.towers.classical.text import base
from handful.learn.towers.classical.text.characters import Characters
from handful.learn.towers.classical.text.characters import Config as CharacterConfig
from handful.learn.towers.classical.text.words import Config as WordConfig
from handful.learn.towers.classical.text.words import WordPairs

WORDS = [
    "blue",
    "green",
    "bowl",
    "mug",
    "plate",
    "cracked",
    "fired",
    "glaze",
    "kiln",
    "second",
    "first",
    "celadon",
    "rim",
    "foot",
]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(count)]


def fitted(block: base.TextBlock, some: list[str]) -> base.TextBlock:
    block.fit([{"en": text} for text in some], seed=0)
    return block


@pytest.mark.parametrize(
    ("block", "oracle"),
    [
        (
            Characters(CharacterConfig(width=100_000)),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        (
            WordPairs(WordConfig(width=100_000)),
            TfidfVectorizer(token_pattern=r"\b\w+\b", ngram_range=(1, 2), sublinear_tf=True),
        ),
    ],
)
def test_products_are_those_of_scikit_learn(block: base.TextBlock, oracle: TfidfVectorizer) -> None:
    known, new = texts(40), texts(20, seed=1)
    ours = fitted(block, known).encode([{"en": text} for text in new])
    theirs = csr_matrix(oracle.fit(known).transform(new)).toarray()
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)


def test_rows_have_length_one_or_are_empty() -> None:
    block = fitted(WordPairs(WordConfig()), texts(30))
    rows = block.encode([{"en": "blue mug"}, {"en": "xyzzy"}, {"en": ""}, {}])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 0, 0], atol=1e-6)


def test_the_most_common_grams_become_columns() -> None:
    some = ["mug", "mug", "mug", "bowl", "bowl", "jug"]
    block = fitted(WordPairs(WordConfig(width=2)), some)
    rows = block.encode([{"en": word} for word in ("mug", "bowl", "jug")])
    assert rows.shape == (3, 2)
    assert np.array_equal(np.abs(rows).sum(axis=1) > 0, [True, True, False])
    np.testing.assert_allclose(
        np.sort(block.state()["weights"]), np.log([7 / 4, 7 / 3]) + 1, rtol=1e-6
    )


def test_language_fields_share_one_space_and_their_order_does_not_matter() -> None:
    block = WordPairs(WordConfig())
    items = [{"en": "blue bowl", "de": "blaue Schale"}, {"en": "red mug", "de": "roter Becher"}]
    block.fit(items, seed=0)
    question = block.encode([{"und": "Schale"}, {"de": "Schale"}, {"en": "mug"}])
    rows = block.encode(items)
    assert np.array_equal(question[0], question[1])
    assert (question @ rows.T > 0).tolist() == [[True, False], [True, False], [False, True]]
    turned = block.encode([dict(reversed(item.items())) for item in items])
    assert np.array_equal(rows, turned)


def test_runs_of_words_do_not_cross_fields() -> None:
    block = WordPairs(WordConfig())
    block.fit([{"en": "blue", "de": "Schale"}], seed=0)
    assert block.state()["codes"].shape == (2,)


def test_parts_and_merges_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [{"en": text} for text in texts(50)]
    whole = Characters(CharacterConfig(width=300))
    whole.fit(some, seed=0)
    monkeypatch.setattr(base, "_CHARACTERS_AT_ONCE", 40)
    monkeypatch.setattr(base, "_MERGE", 30)
    parts = Characters(CharacterConfig(width=300))
    parts.fit(some, seed=0)
    assert parts.fingerprint() == whole.fingerprint()
    parted = parts.encode(some)
    monkeypatch.undo()
    assert np.array_equal(parted, whole.encode(some))


def test_a_fit_reads_a_sample_that_the_seed_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_SAMPLE", 4)
    some = [{"en": text} for text in texts(40)]
    marks = []
    for seed in (0, 0, 1):
        block = WordPairs(WordConfig())
        block.fit(some, seed=seed)
        marks.append(block.fingerprint())
    assert marks[0] == marks[1] != marks[2]


def test_only_the_beginning_of_a_book_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_LONGEST", 8)
    block = fitted(WordPairs(WordConfig()), ["blue mug and more"])
    assert block.state()["codes"].shape == (3,)


@pytest.mark.parametrize("values", [[], [{}], [{"en": ""}, {"de": "  "}]])
def test_texts_without_letters_are_refused(values: list[dict[str, str]]) -> None:
    with pytest.raises(InputError, match="found no letters"):
        Characters(CharacterConfig()).fit(values, seed=0)


def test_a_state_out_of_order_is_refused() -> None:
    block = fitted(WordPairs(WordConfig()), texts(10))
    state = block.state()
    for damaged in (
        state | {"codes": state["codes"][::-1].copy()},
        state | {"codes": state["codes"].astype(np.int64)},
        state | {"weights": state["weights"][1:]},
        {"codes": state["codes"][:0], "weights": state["weights"][:0]},
    ):
        with pytest.raises(InputError, match="ascending"):
            WordPairs(WordConfig()).load(damaged)
    with pytest.raises(InputError, match="ascending"):
        WordPairs(WordConfig(width=3)).load(state)
