from pathlib import Path

import numpy as np
import pytest

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError
from handful.learn.routes.reading import decode, read_queries


def test_what_is_absent_is_none_row_by_row() -> None:
    picture = np.zeros((4, 5, 3), np.uint8)
    values = read_queries([{"text": "a"}, {"image": picture, "text": None}], ("text", "image"))
    assert values["text"] == [{"und": "a"}, None]
    assert values["image"][0] is None
    assert values["image"][1] is picture


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "holds nothing"),
        ({"text": None}, "holds nothing"),
        ({"audio": b""}, 'was not trained with "audio"'),
        ({"txt": "a"}, r'does not know "txt"(.|\n)*did you mean `text`'),
    ],
)
def test_queries_that_cannot_be_answered_are_refused(query: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_queries([query], ("text", "image"))


def test_text_is_itself_and_files_are_paths(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("a small bowl")
    assert decode("text", "note.txt") == {"und": "note.txt"}
    assert list(decode("text", note).values()) == ["a small bowl"]
    assert decode("text", {"de": "Schale"}) == {"de": "Schale"}


def test_arrays_pass_and_other_things_are_named() -> None:
    sound = decode("audio", (np.zeros(8), 8000))
    assert isinstance(sound, Sound)
    assert sound.samples.dtype == np.float32
    with pytest.raises(InputError, match="was given as float"):
        decode("audio", 3.0)
    with pytest.raises(InputError, match="was given as ndarray"):
        decode("image", np.zeros((4, 5)))
    with pytest.raises(InputError, match="A text was given as int"):
        decode("text", 3)


def test_a_damaged_file_is_named_with_its_reason(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"")
    with pytest.raises(InputError, match=r"Cannot use .*a\.jpg"):
        decode("image", photo)
    with pytest.raises(InputError, match="There is no file"):
        decode("image", str(tmp_path / "none.jpg"))
    with pytest.raises(InputError, match="the given bytes"):
        decode("image", b"not a picture")
