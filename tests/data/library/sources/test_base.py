import hashlib
import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.library.sources.base import Candidate, FilePlace, Piece, is_printable, printable
from handful.data.modalities.reading import Unreadable


def reason_of(action):
    with pytest.raises(Unreadable) as caught:
        action()
    return caught.value.reason


def test_a_file_is_looked_at_and_fetched(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    place = FilePlace("a.txt", str(path))
    fetched = place.fetch(5)
    assert fetched.data == b"hello"
    assert fetched.look == place.look() == (5, str(path.stat().st_mtime_ns))


def test_what_cannot_be_fetched_is_named(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    assert reason_of(lambda: FilePlace("a", str(path)).fetch(4)) == "file/too_large"
    assert reason_of(FilePlace("b", str(tmp_path / "b")).look) == "file/missing"
    assert reason_of(lambda: FilePlace("b", str(tmp_path / "b")).fetch(9)) == "file/vanished"
    assert reason_of(FilePlace("c", str(tmp_path)).look) == "file/not_a_file"
    assert reason_of(lambda: FilePlace("c", str(path / "below")).fetch(9)) == "file/vanished"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    place = FilePlace("pipe", str(tmp_path / "pipe"))
    assert reason_of(lambda: place.fetch(10)) == "file/not_a_file"


def test_what_a_source_declares_is_hashed_without_opening_anything():
    piece = Piece(modality="image", name="a.png", place=FilePlace("a.png", "/nowhere/a.png"))
    plain = Candidate(key="a", pieces=(piece,))
    assert plain.declared_sha256 == Candidate(key="b", pieces=(piece,)).declared_sha256
    for changed in (
        replace(plain, labels={"kind": "cup"}),
        replace(plain, group="g"),
        replace(plain, pieces=(piece, piece)),
    ):
        assert changed.declared_sha256 != plain.declared_sha256


def test_broken_names_can_be_shown():
    broken = os.fsdecode(b"a\xff.png")
    assert not is_printable(broken)
    assert is_printable("é 🏺")
    assert printable(broken) == "a\\udcff.png"


@given(st.text(alphabet='ab"\\\n\t\x07é漢\u2028😀/ {}', max_size=8))
def test_what_a_bare_file_declares_is_the_same_json_written_faster(name):
    bare = Candidate(key="k", pieces=(Piece(modality="image", name=name),))
    declared = [[["image", name, {}, ""]], {}, "", None, ["", "", ""], ""]
    text = json.dumps(declared, sort_keys=True, ensure_ascii=False)
    assert bare.declared_sha256 == hashlib.sha256(text.encode()).hexdigest()
