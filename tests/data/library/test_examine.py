import zipfile

import pytest

from handful.data.library.examine import Limits, examine
from handful.data.library.items import Status
from handful.data.library.media import Media
from handful.data.library.sources.archive import list_archive
from handful.data.library.sources.base import FilePlace, Piece
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Unreadable


@pytest.fixture
def media(tmp_path):
    return Media(tmp_path / "library")


def piece_of(path, modality="image", **facts):
    return Piece(modality=modality, name=path.name, place=FilePlace(path.name, str(path)), **facts)


def test_a_whole_file_is_ok_with_everything_known(media, tmp_path, picture):
    path = picture(tmp_path / "a.png")
    part = examine(piece_of(path), Limits(), media).part
    assert part.status == Status.OK
    assert part.path == part.origin == str(path)
    assert part.size == path.stat().st_size
    assert part.stamp == str(path.stat().st_mtime_ns)
    assert part.mime == "image/png"
    assert len(part.sha256) == len(part.content_sha256) == 64
    assert part.meta["width"] == 16


def test_a_bad_file_is_quarantined_with_its_reason(media, tmp_path, picture):
    path = picture(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:-10])
    part = examine(piece_of(path), Limits(), media).part
    assert (part.status, part.reason) == (Status.QUARANTINED, "image/truncated")
    assert part.detail == "the file ends before the picture does"
    assert part.sha256
    assert part.content_sha256 == ""


def test_a_repair_is_a_reason_and_no_note(media, tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Größe".encode("latin-1"))
    part = examine(piece_of(path, "text"), Limits(), media).part
    assert (part.status, part.reason, part.notes) == (Status.REPAIRED, "text/latin1", ())
    assert part.words == {"und": "Größe"}


def test_limits_hold(media, tmp_path, picture):
    path = picture(tmp_path / "a.png")
    part = examine(piece_of(path), Limits(image=image.Config(max_bytes=100)), media).part
    assert part.reason == "file/too_large"


def test_written_words_need_no_file(media):
    part = examine(Piece(modality="text", name="note", words={"en": "a cup"}), Limits(), media).part
    assert (part.status, part.path, part.words) == (Status.OK, "", {"en": "a cup"})


def test_a_fault_seen_before_is_the_verdict(media):
    fault = Unreadable("file/missing")
    part = examine(Piece(modality="image", name="x.png", fault=fault), Limits(), media).part
    assert (part.status, part.reason, part.origin) == (Status.QUARANTINED, "file/missing", "x.png")


def test_only_good_members_of_an_archive_are_copied(media, tmp_path, picture):
    data = picture(tmp_path / "a.png").read_bytes()
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.png", data)
        archive.writestr("cut.png", data[:-10])
    with zipfile.ZipFile(path) as archive:
        leaves = list_archive(archive, str(path)).leaves
        parts = {
            leaf.name: examine(
                Piece(modality="image", name=leaf.name, place=leaf.place), Limits(), media
            ).part
            for leaf in leaves
        }
    assert media.bytes_of(parts["good.png"]) == data
    assert parts["good.png"].origin == f"{path}!good.png"
    assert parts["cut.png"].path == ""
    kept = [path for path in media.folder.rglob("*") if path.is_file()]
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("name", "fits"), [("a.png", True), ("a.PNG", True), ("a.jpg", False), ("a", True)]
)
def test_a_wrong_ending_is_noted(media, tmp_path, picture, name, fits):
    path = tmp_path / name
    path.write_bytes(picture(tmp_path / "original.png").read_bytes())
    part = examine(piece_of(path), Limits(), media).part
    assert part.notes == (() if fits else ("file/wrong_suffix",))
