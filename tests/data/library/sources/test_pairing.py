from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from handful.data.library.sources.base import FilePlace, Leaf
from handful.data.library.sources.pairing import pair
from handful.data.modalities.sniff import kind_by_name


def leaves(*names):
    return [Leaf(name, FilePlace(name, f"/{name}"), kind_by_name(name)) for name in sorted(names)]


def made(*names, **options):
    paired = pair(leaves(*names), **options)
    return {
        candidate.key: sorted(piece.name for piece in candidate.pieces)
        for candidate in paired.candidates
    }


def test_files_of_one_name_side_by_side_are_one_item():
    assert made("a/1.jpg", "a/1.wav", "a/2.jpg", "b/1.txt") == {
        "a/1": ["a/1.jpg", "a/1.wav"],
        "a/2": ["a/2.jpg"],
        "b/1": ["b/1.txt"],
    }


def test_parallel_folders_pair_across():
    assert made("p/1.jpg", "p/2.jpg", "t/1.wav", "n/2.txt") == {
        "1": ["p/1.jpg", "t/1.wav"],
        "2": ["n/2.txt", "p/2.jpg"],
    }


def test_parallel_folders_may_lie_deeper_and_hold_folders():
    assert made("shop/p/cup/1.jpg", "shop/t/cup/1.wav", "other/x.txt") == {
        "shop/cup/1": ["shop/p/cup/1.jpg", "shop/t/cup/1.wav"],
        "other/x": ["other/x.txt"],
    }


def test_classes_are_not_taken_for_parallel_folders():
    names = ["cats/1.jpg", "dogs/1.jpg", "cats/2.jpg"]
    assert list(made(*names)) == ["cats/1", "cats/2", "dogs/1"]


def test_folders_that_share_no_names_are_not_parallel():
    assert len(made("songs/a.mp3", "songs/b.mp3", "photos/x.jpg", "photos/y.jpg")) == 4


def test_mixed_folders_are_not_parallel():
    assert len(made("a/1.jpg", "a/1.wav", "b/1.txt")) == 2


def test_pairing_can_be_narrowed_and_switched_off():
    names = ["p/1.jpg", "t/1.wav", "t/1.txt"]
    assert set(made(*names, how="same_folder")) == {"p/1", "t/1"}
    assert set(made(*names, how="off")) == set(names)


def test_several_files_of_one_kind_are_not_guessed_together():
    paired = pair(leaves("1.jpg", "1.png", "1.wav"))
    assert [candidate.key for candidate in paired.candidates] == ["1.jpg", "1.png", "1.wav"]
    notes = {piece.notes for candidate in paired.candidates for piece in candidate.pieces}
    assert notes == {("file/same_stem",)}


def test_the_folder_is_the_label():
    names = ["cup/1.jpg", "cup/1.wav", "deep/bowl/2.jpg", "3.jpg"]
    paired = pair(leaves(*names), label_task="kind")
    assert {candidate.key: candidate.labels for candidate in paired.candidates} == {
        "3": {},
        "cup/1": {"kind": "cup"},
        "deep/bowl/2": {"kind": "bowl"},
    }


def test_the_folder_of_a_modality_is_no_label():
    paired = pair(leaves("p/cup/1.jpg", "t/cup/1.wav", "p/2.jpg"), label_task="kind")
    assert [candidate.labels for candidate in paired.candidates] == [{}, {"kind": "cup"}]


STEPS = st.sampled_from(["a", "b", "c"])
ENDINGS = st.sampled_from([".jpg", ".png", ".wav", ".txt"])
NAMES = st.builds(lambda steps, end: "/".join(steps) + end, st.lists(STEPS, min_size=1), ENDINGS)


@given(st.sets(NAMES, max_size=25), st.sampled_from(["auto", "same_folder", "off"]))
def test_every_file_ends_in_exactly_one_item(names, how):
    paired = pair(leaves(*names), how)
    used = [piece.name for candidate in paired.candidates for piece in candidate.pieces]
    assert sorted(used) == sorted(names)
    keys = [candidate.key for candidate in paired.candidates]
    assert len(set(keys)) == len(keys)
    for candidate in paired.candidates:
        kinds = [piece.modality for piece in candidate.pieces]
        assert len(set(kinds)) == len(kinds)


@given(st.text("ab./ ", min_size=1, max_size=12).filter(lambda name: name.strip("./")))
def test_a_name_without_its_ending_is_what_pathlib_says(name):
    name = name.rstrip("/.") + ".txt"
    assert list(made(name, how="same_folder")) == [str(PurePosixPath(name).with_suffix(""))]
    assert kind_by_name(name) == "text"


@given(st.text("aT.tx/ ", max_size=8))
def test_the_kind_of_a_file_follows_the_ending_that_pathlib_sees(name):
    ending = PurePosixPath(f"x/{name}").suffix.lower()
    last = not name.endswith(("/", "/."))
    assert kind_by_name(name) == ("text" if ending == ".txt" and last else "")
