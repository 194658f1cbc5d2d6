import hashlib

import pytest

from handful.data.library.items import Part
from handful.data.library.media import Media
from handful.data.modalities.reading import Unreadable


@pytest.fixture
def media(tmp_path):
    return Media(tmp_path)


def original(path):
    data = path.read_bytes()
    return Part(
        modality="image",
        path=str(path),
        origin=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        stamp=str(path.stat().st_mtime_ns),
    )


def copy_of(media, data):
    sha256 = hashlib.sha256(data).hexdigest()
    path = media.keep(data, sha256, "image/png")
    return Part(modality="image", path=path, sha256=sha256, size=len(data), stamp="crc32:0")


def test_a_copy_is_named_by_its_hash_and_kept_once(media, tmp_path):
    part = copy_of(media, b"bytes")
    again = copy_of(media, b"bytes")
    assert part.path == again.path == f"media/sha256/{part.sha256[:2]}/{part.sha256}.png"
    assert [path.name for path in (tmp_path / part.path).parent.iterdir()] == [f"{part.sha256}.png"]
    assert media.bytes_of(part) == b"bytes"
    assert media.fault(part) == ""


def test_a_spoiled_copy_is_noticed(media, tmp_path):
    part = copy_of(media, b"bytes")
    (tmp_path / part.path).write_bytes(b"byteX")
    assert media.fault(part) == ""
    assert media.fault(part, rehash=True) == "file/changed"
    (tmp_path / part.path).write_bytes(b"byt")
    assert media.fault(part) == "file/changed"


def test_faults_of_originals_are_named(media, tmp_path, picture):
    path = picture(tmp_path / "a.png")
    part = original(path)
    assert media.fault(part) == ""
    path.write_bytes(path.read_bytes())
    assert media.fault(part) == ""
    picture(path, seed=5)
    assert media.fault(part) == "file/changed"
    path.unlink()
    assert media.fault(part) == "file/missing"
    with pytest.raises(Unreadable):
        media.bytes_of(part)


def test_a_folder_in_place_of_a_file_is_a_fault(media, tmp_path, picture):
    path = picture(tmp_path / "a.png")
    part = original(path)
    path.unlink()
    path.mkdir()
    assert media.fault(part) == "file/not_readable"


def test_written_words_have_no_file(media):
    part = Part(modality="text", words={"und": "x"})
    assert media.path_of(part) is None
    assert media.fault(part) == ""
    assert media.read(part) == {"und": "x"}
