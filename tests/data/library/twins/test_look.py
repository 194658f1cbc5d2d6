import os
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PIL import Image

from data.library.twins.things import RATE, jpeg, music, scene, story
from handful.data.library.ingest import ingest
from handful.data.library.items import Item, Part
from handful.data.library.library import Library
from handful.data.library.twins import look
from handful.data.library.twins.kept import Kept, Row
from handful.data.library.twins.look import counting_parts, find_twins
from handful.foundation.errors import StorageError


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for seed in range(4):
        Image.fromarray(scene(seed)).save(folder / f"photo{seed}.png")
        soundfile.write(folder / f"tune{seed}.wav", music(seed).samples, RATE)
    Image.fromarray(jpeg(scene(1), 50)).save(folder / "again.jpg", quality=70)
    soundfile.write(folder / "later.flac", music(2).samples[9000:] * 0.5, RATE)
    return folder


@pytest.fixture
def opened(monkeypatch):
    """The names of files that are opened."""
    names = []
    inner = look._print_of

    def noted(media, part):
        names.append(part.path.rpartition("/")[2])
        return inner(media, part)

    monkeypatch.setattr(look, "_print_of", noted)
    return names


def named(library, pairs):
    keys = {
        part.content_sha256: item.key
        for item in library.items(with_quarantined=True)
        for part in item.parts.values()
    }
    return sorted(tuple(sorted((keys[one], keys[other]))) for one, other in pairs)


def test_copies_of_every_kind_are_found(library, files, tmp_path):
    ingest(library, files)
    found = find_twins(library.media, library.items(), tmp_path / "cache")
    assert named(library, found.pairs) == [("again", "photo1"), ("later", "tune2")]
    assert found.unread == 0
    assert len(found.telling) == 10


def test_only_what_is_new_is_opened_again(library, files, tmp_path, opened):
    ingest(library, files)
    cache = tmp_path / "cache"
    first = find_twins(library.media, library.items(), cache)
    assert len(opened) == 10
    opened.clear()
    assert find_twins(library.media, library.items(), cache) == first
    assert opened == []
    Image.fromarray(jpeg(scene(3), 40)).save(files / "new.png")
    ingest(library, files)
    found = find_twins(library.media, library.items(), cache)
    assert opened == ["new.png"]
    assert named(library, found.pairs - first.pairs) == [("new", "photo3")]


def test_without_a_cache_the_same_is_found(library, files, tmp_path):
    ingest(library, files)
    items = library.items()
    assert find_twins(library.media, items, None) == find_twins(
        library.media, items, tmp_path / "c"
    )


def test_damaged_and_half_written_prints_are_made_again(library, files, tmp_path):
    ingest(library, files)
    cache = tmp_path / "cache"
    first = find_twins(library.media, library.items(), cache)
    (path,) = (cache / "twins").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:500])
    (path.parent / ".unfinished-1-x.parquet").write_bytes(b"half")
    assert find_twins(library.media, library.items(), cache) == first
    assert find_twins(library.media, library.items(), cache) == first


def test_files_that_vanished_are_counted_and_looked_for_again(library, files, tmp_path):
    ingest(library, files)
    cache = tmp_path / "cache"
    hidden = files / "photo1.png"
    hidden.rename(tmp_path / "hidden.png")
    assert find_twins(library.media, library.items(), cache).unread == 1
    (tmp_path / "hidden.png").rename(hidden)
    found = find_twins(library.media, library.items(), cache)
    assert found.unread == 0
    assert ("again", "photo1") in named(library, found.pairs)


def test_a_photo_that_lies_on_its_side_in_its_file_is_known_again(library, tmp_path):
    folder = tmp_path / "held"
    folder.mkdir()
    picture = Image.fromarray(scene(7))
    picture.save(folder / "upright.jpg", quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "held.jpg", exif=exif, quality=90)
    ingest(library, folder)
    found = find_twins(library.media, library.items(), None)
    assert named(library, found.pairs) == [("held", "upright")]


def test_a_text_counts_where_an_item_has_nothing_else_or_where_it_is_long():
    short = Part(modality="text", words={"en": story(1, 12)}, content_sha256="short")
    long = Part(modality="text", words={"en": story(1, 90)}, content_sha256="long")
    image = Part(modality="image", content_sha256="image")
    parts = [
        ({"text": short}, ["short"]),
        ({"text": short, "image": image}, ["image"]),
        ({"text": long, "image": image}, ["long", "image"]),
    ]
    for given, counting in parts:
        item = Item(id="1", key="1", parts=given)
        assert [part.content_sha256 for part in counting_parts(item)] == counting


def test_many_small_writes_become_one_file(tmp_path):
    for place in range(40):
        print_ = np.arange(place, place + 10, dtype=np.uint32).tobytes()
        Kept(tmp_path).add([Row(f"{place}", "text", print_)])
    assert len(list((tmp_path / "twins").rglob("*.parquet"))) <= 18
    kept = Kept(tmp_path)
    assert len(kept.rows) == 40
    assert kept.rows["20"].twins == ("19",)


def test_a_second_process_that_looks_does_not_wait(library, files, tmp_path):
    ingest(library, files)
    cache = tmp_path / "cache"
    cache.mkdir()
    with look.locked(cache / ".twins.lock", "look"):
        found = find_twins(library.media, library.items(), cache)
    assert len(found.pairs) == 2
    assert not list(cache.rglob("*.parquet"))


def test_a_cache_that_cannot_be_written_is_said(library, files, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o500)
    with pytest.raises(StorageError):
        find_twins(library.media, library.items(), cache)


def test_items_that_cannot_be_used_are_left_out(library, files):
    ingest(library, files)
    items = [replace(item, parts={}) for item in library.items()]
    assert find_twins(Library.open(library.folder).media, items, None).telling == frozenset()


def test_texts_that_follow_a_template_are_no_copies(library):
    def thing(key, text):
        part = Part(modality="text", words={"en": text}, content_sha256=f"hash of {text}")
        return Item(id="", key=key, parts={"text": part})

    template = "the patient with the number {} was seen in the ward on a Monday and sent home"
    library.add([thing(f"t{n}", template.format(1000 + n)) for n in range(40)])
    library.add([thing("a", story(1)), thing("b", story(1) + " and more")])
    found = find_twins(library.media, library.items(), None)
    assert named(library, found.pairs) == [("a", "b")]
    few = [item for item in library.items() if item.key in ("t1", "t2")]
    assert len(find_twins(library.media, few, None).pairs) == 1
