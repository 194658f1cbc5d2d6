import io
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from handful.data.library import small
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.withdrawing import forget
from handful.foundation.errors import StorageError

COPY = Config(copy=True)


def large(path):
    """A picture that is no small one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(9).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    assert path.stat().st_size > small.MOST_BYTES
    return path


@pytest.fixture
def shop(tmp_path, picture, sound, note):
    picture(tmp_path / "shop" / "a.png", seed=1)
    sound(tmp_path / "shop" / "a.wav", seed=1)
    note(tmp_path / "shop" / "a.txt", "a cup with a red rim")
    large(tmp_path / "shop" / "b.png")
    return tmp_path / "shop"


def names(library):
    return [item.key for item in library.items()]


def test_the_library_can_do_without_the_source(library, shop):
    bytes_of = {path.name: path.read_bytes() for path in shop.iterdir()}
    report = ingest(library, shop, config=COPY)
    assert report.quarantined == 0
    shutil.rmtree(shop)
    again = Library.open(library.folder)
    a, b = again.items()
    assert {name: again.read_part(a, name) is not None for name in a.modalities} == {
        "text": True,
        "image": True,
        "audio": True,
    }
    assert again.media.bytes_of(a.parts["audio"]) == bytes_of["a.wav"]
    assert again.media.bytes_of(a.parts["text"]) == bytes_of["a.txt"]
    assert again.media.bytes_of(b.parts["image"]) == bytes_of["b.png"]
    assert again.media.fault(a.parts["audio"], rehash=True) == ""


def test_small_files_share_one_file_and_large_ones_have_their_own(library, shop, tmp_path):
    ingest(library, shop, config=COPY)
    a, b = library.items()
    sha256 = a.parts["image"].sha256
    assert a.parts["image"].path == f"media/small.sqlite!{sha256}"
    assert library.path_of(a.parts["image"]) is None
    assert library.value_of(a.parts["image"]) == (shop / "a.png").read_bytes()
    assert library.path_of(b.parts["image"]) == library.folder / b.parts["image"].path
    made = library.media.file_of(a.parts["image"], tmp_path)
    assert made == tmp_path / f"{sha256}.png"
    assert made.read_bytes() == (shop / "a.png").read_bytes()
    assert library.media.file_of(b.parts["image"], tmp_path) == library.path_of(b.parts["image"])


def test_adding_again_looks_at_nothing_and_marks_nothing_as_gone(library, shop):
    ingest(library, shop, config=COPY)
    report = ingest(library, shop, config=COPY)
    assert (report.items_unchanged, report.items_changed) == (2, 0)
    (shop / "b.png").unlink()
    report = ingest(library, shop)
    assert report.gone == ()
    assert names(library) == ["a", "b"]


def test_what_was_only_looked_at_is_copied_when_that_is_asked_for(library, shop):
    ingest(library, shop)
    assert not any("small.sqlite" in part.path for part in library.items()[0].parts.values())
    report = ingest(library, shop, config=COPY)
    assert (report.items_changed, report.items_unchanged) == (2, 0)
    shutil.rmtree(shop)
    assert all(not library.media.fault(part) for each in library.items() for part in
               each.parts.values())  # fmt: skip


def test_what_was_copied_once_stays_a_copy_when_it_changes(library, shop, picture):
    ingest(library, shop, config=COPY)
    picture(shop / "a.png", seed=77)
    report = ingest(library, shop)
    assert report.items_changed == 1
    (item,) = [each for each in library.items() if each.key == "a"]
    assert item.parts["image"].path.startswith("media/small.sqlite!")
    assert library.media.bytes_of(item.parts["image"]) == (shop / "a.png").read_bytes()


def test_a_renamed_file_is_known_although_its_copy_is_still_there(library, shop):
    ingest(library, shop, config=COPY)
    before = {item.key: item.id for item in library.items()}
    (shop / "b.png").rename(shop / "c.png")
    report = ingest(library, shop)
    assert report.renamed == (("b", "c"),)
    assert {item.key: item.id for item in library.items()} == {
        "a": before["a"],
        "c": before["b"],
    }


def test_the_same_content_twice_is_two_items(library, shop):
    ingest(library, shop, config=COPY)
    shutil.copy(shop / "b.png", shop / "twin.png")
    report = ingest(library, shop, config=COPY)
    assert report.renamed == ()
    assert names(library) == ["a", "b", "twin"]


def test_after_forgetting_and_a_trim_no_file_holds_the_bytes(library, shop):
    ingest(library, shop, config=COPY)
    data = {path.name: path.read_bytes() for path in shop.iterdir()}

    def holding(name):
        files = [path for path in library.folder.rglob("*") if path.is_file()]
        return [path.name for path in files if data[name][-200:] in path.read_bytes()]

    assert holding("a.wav") == ["small.sqlite"]
    assert len(holding("b.png")) == 1
    forget(library, ["a"])
    freed = library.trim(keep=1)
    assert freed.media_files == 3
    assert freed.media_bytes == sum(len(data[name]) for name in ("a.png", "a.wav", "a.txt"))
    assert holding("a.wav") == holding("a.png") == []
    assert len(holding("b.png")) == 1


def test_small_members_of_an_archive_go_inside_when_asked(library, tmp_path):
    data = io.BytesIO()
    Image.fromarray(np.full((9, 9, 3), 7, np.uint8)).save(data, "PNG")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in.png", data.getvalue())
        archive.writestr("in.txt", "a small word")
    ingest(library, tmp_path / "a.zip", config=COPY)
    (item,) = library.items()
    assert {part.path.partition("!")[0] for part in item.parts.values()} == {small.PLACE}
    (tmp_path / "a.zip").unlink()
    assert library.media.bytes_of(item.parts["image"]) == data.getvalue()


def test_nothing_is_committed_that_could_not_be_copied(library, shop, monkeypatch):
    def full(self, copies):
        raise StorageError("The disk is full.")

    monkeypatch.setattr(small.Small, "put", full)
    with pytest.raises(StorageError):
        ingest(library, shop, config=COPY)
    assert Library.open(library.folder).items() == []


def test_many_waiting_copies_are_written_in_between(library, shop, monkeypatch):
    from handful.data.library import media

    monkeypatch.setattr(media, "_MOST_WAITING", 500)
    calls = []
    real = small.Small.put
    monkeypatch.setattr(
        small.Small, "put", lambda self, copies: (calls.append(len(copies)), real(self, copies))
    )
    ingest(library, shop, config=COPY)
    assert len([count for count in calls if count]) > 1
    assert all(not library.media.fault(p) for each in library.items() for p in each.parts.values())
