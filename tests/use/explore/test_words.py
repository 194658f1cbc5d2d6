import numpy as np
import pytest

from handful.use.explore.words import WordIndex, alikeness, split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A Bowl, (red)!", ["a", "bowl", "red"]),
        ("Straße ﬁn", ["strasse", "fin"]),
        ("青い碗", ["青", "い", "碗"]),
        ("क्षत्रिय पदक", ["क्षत्रिय", "पदक"]),
        ("gold 🥇medal", ["gold", "🥇", "medal"]),
        ("  ...  ", []),
    ],
)
def test_texts_are_split_into_folded_words_in_any_script(text: str, words: list[str]) -> None:
    assert split(text) == words


def test_a_word_meets_itself_its_forms_and_its_slips_in_this_order() -> None:
    known = ["candle", "candles", "cadnle", "handles", "kettle"]
    same, form, slip, other, far = alikeness("candle", known)
    assert same == 1
    assert same > form > slip > 0
    assert other == 0
    assert far == 0


def test_short_words_are_taken_literally() -> None:
    assert alikeness("mug", ["mug", "jug", "mugs"]).tolist() == [1, 0, 0]


def test_a_word_is_found_inside_a_compound_but_a_compound_not_in_its_part() -> None:
    assert alikeness("schale", ["muslischale"])[0] == pytest.approx(0.8)
    assert alikeness("muslischale", ["schale"])[0] == 0


def test_an_index_ranks_exact_above_misspelt_above_nothing_and_short_above_long() -> None:
    texts = ["blue bowl", "blue bowl " + "and much more besides " * 9, "blue bwol", "", "vase"]
    said = WordIndex(texts).ask("bowl")
    assert said.strength[0] > said.strength[1] > said.strength[2] > 0
    assert said.strength[3] == said.strength[4] == 0
    assert said.words[4] == -1


def test_saying_a_word_twice_helps_a_little() -> None:
    index = WordIndex(["bowl bowl", "bowl vase"])
    twice, once = index.ask("bowl").strength
    assert once < twice < 1


def test_neighbours_are_found_when_they_are_written_apart() -> None:
    index = WordIndex(["a white tea pot", "a pot"])
    said = index.ask("teapot")
    assert said.strength[0] > 0.7
    assert index.shown(int(said.words[0])) == "tea pot"
    assert index.ask("apot").strength.tolist() == [0, pytest.approx(said.strength[0], abs=0.2)]


def test_an_empty_library_answers_nothing() -> None:
    assert WordIndex(["", ""]).ask("bowl").strength.tolist() == [0, 0]
    assert np.array_equal(alikeness("bowl", []), np.zeros(0))
