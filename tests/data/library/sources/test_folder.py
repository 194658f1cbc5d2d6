import pytest

from handful.data.library.sources.base import FilePlace, Leaf
from handful.data.library.sources.folder import list_folder, modality_of, sort_out
from handful.foundation.errors import InputError


def test_everything_is_listed_once_and_sorted(tmp_path):
    for name in ("b/2.png", "b/1.wav", "a.txt", "c/d/e.jpg", "x.zip", "y.parquet", "z.exe"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x00")
    tree = list_folder(tmp_path)
    assert [(leaf.name, leaf.modality) for leaf in tree.leaves] == [
        ("a.txt", "text"),
        ("b/1.wav", "audio"),
        ("b/2.png", "image"),
        ("c/d/e.jpg", "image"),
    ]
    assert [(aside.name, aside.reason.reason) for aside in tree.asides] == [
        ("x.zip", "file/archive"),
        ("y.parquet", "file/table"),
        ("z.exe", "file/unknown_type"),
    ]


def test_excluded_and_hidden_folders_are_not_looked_into(tmp_path):
    for name in ("own/a.png", ".git/b.png", "__MACOSX/c.png", "d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    tree = list_folder(tmp_path, [tmp_path / "own"])
    assert [leaf.name for leaf in tree.leaves] == ["d.png"]
    assert {aside.name: aside.reason.reason for aside in tree.asides} == {
        ".git": "file/hidden",
        "__MACOSX": "file/hidden",
        "own": "file/own_project",
    }


def test_a_folder_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        list_folder(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["README.md", "LICENSE.txt", "readme-first.txt", "credits.txt"])
def test_files_about_the_folder_are_no_items(name):
    found = sort_out(name, FilePlace(name, f"/nowhere/{name}"))
    assert not isinstance(found, Leaf)
    assert found.reason.reason == "file/about"


def test_content_decides_where_the_name_says_nothing(tmp_path):
    for name, data in (("photo", b"\xff\xd8\xff\xe0"), ("clip", b"OggS"), ("words", b"hello")):
        (tmp_path / name).write_bytes(data)
    kinds = [
        modality_of(FilePlace(name, str(tmp_path / name))) for name in ("photo", "clip", "words")
    ]
    assert kinds == ["image", "audio", ""]
