import pytest

NAME = "exact_duplicates"


def only(found, words):
    """The items of the one finding whose title has these words."""
    (keys,) = [keys for title, keys in found.items() if words in title]
    return keys


def test_copies_across_splits_are_serious(bench, dice, found):
    bench.item("a", dice, split="train")
    bench.item("b", dice, split="test", image="a.png")
    bench.item("c", dice, split="test")
    assert found(NAME) == {"1 sets of identical content straddle the splits (2 items)": ["a", "b"]}


def test_copies_of_sounds_count_as_well(bench, dice, found):
    bench.item("a", dice, split="train")
    bench.item("b", dice, split="test", audio="a.wav")
    assert only(found(NAME), "straddle") == ["a", "b"]


def test_a_copy_in_another_packing_is_a_copy(bench, dice, found):
    from PIL import Image

    bench.item("a", dice, split="train")
    bench.item("b", dice, split="test", image="b.bmp")
    Image.open(bench.files / "a.png").save(bench.files / "b.bmp")
    assert only(found(NAME), "straddle") == ["a", "b"]


def test_conflicting_labels_are_serious(bench, dice, found):
    bench.item("a", dice, kind="cup", grade="first")
    bench.item("b", dice, kind="jug", grade="first", image="a.png")
    found = found(NAME)
    assert found == {"1 sets of identical content have conflicting labels (kind)": ["a", "b"]}


def test_copies_in_different_groups_are_told(bench, dice, found):
    bench.item("a", dice, batch="x")
    bench.item("b", dice, batch="y", image="a.png")
    assert only(found(NAME), "lie in different groups") == ["a", "b"]


def test_copies_under_different_licences_are_told(bench, dice, found):
    bench.item("a", dice, licence="MIT")
    bench.item("b", dice, licence="CC-BY-4.0", image="a.png")
    assert only(found(NAME), "different licences") == ["a", "b"]


def test_unknown_contradicts_nothing(bench, dice, found):
    bench.item("a", dice, kind="cup", split="train", batch="x")
    bench.item("b", dice, kind="", split="", batch="", licence="", image="a.png")
    assert list(found(NAME)) == ["1 sets of identical content (2 items)"]


def test_harmless_copies_are_only_noted(bench, dice, found):
    bench.item("a", dice, kind="cup", split="train")
    for key in "bc":
        bench.item(key, dice, kind="cup", split="train", image="a.png", audio="a.wav")
    assert found(NAME) == {"1 sets of identical content (3 items)": ["a", "b", "c"]}


@pytest.mark.parametrize("share", ["words", "silence"])
def test_equal_words_and_equal_silence_are_no_copies(bench, dice, found, share):
    import numpy as np
    import soundfile

    for key, split in (("a", "train"), ("b", "test")):
        bench.item(key, dice, split=split, note="a blue cup" if share == "words" else key * 9)
        if share == "silence":
            soundfile.write(bench.files / f"{key}.wav", np.zeros(800), 8000)
    assert found(NAME) == {}


def test_items_of_words_alone_are_compared_by_their_words(bench, dice, found):
    for key, split in (("a", "train"), ("b", "test")):
        bench.item(key, dice, split=split, image="", audio="", note="a blue cup ")
    assert only(found(NAME), "straddle") == ["a", "b"]
