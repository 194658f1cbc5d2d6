import hashlib
import json
import random
from dataclasses import replace

import numpy as np
import pytest

from handful.data.library.ingest import ingest
from handful.data.library.items import LabelKind, Part, Split, Status
from handful.data.library.library import Library
from handful.data.library.splits import Config
from handful.data.library.splitting import assign_splits
from handful.foundation.errors import (
    BusyError,
    InputError,
    NewerFormatError,
    ProjectError,
    UsageError,
)


def test_a_new_library_is_empty(library):
    assert library.version == 1
    assert len(library) == 0
    assert library.items() == []
    assert library.quarantined() == []
    assert [card.doing for card in library.history()] == ["create"]


def test_a_library_is_not_made_twice(library):
    with pytest.raises(ProjectError, match="a library already"):
        Library.create(library.folder)
    assert Library.open_or_create(library.folder).version == 1


def test_what_is_no_library_is_said(tmp_path):
    with pytest.raises(ProjectError, match="holds no library"):
        Library.open(tmp_path / "nothing")


def test_a_lost_manifest_is_not_papered_over(library, item):
    library.add([item("a")])
    (library.folder / "manifest.json").unlink()
    with pytest.raises(ProjectError, match="has lost its"):
        Library.open_or_create(library.folder)


def test_a_newer_library_is_refused(library):
    path = library.folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 999}))
    with pytest.raises(NewerFormatError):
        Library.open(library.folder)


def test_items_come_back_in_order(library, item, label):
    ids = library.add([item("b", labels=(label(),)), item("a", group="g", split=Split.TEST)])
    again = Library.open(library.folder)
    assert [each.key for each in again.items()] == ["b", "a"]
    assert [each.id for each in again.items()] == ids
    assert again.items()[0].labels == (label(),)
    assert again.item(ids[1]).group == "g"
    assert again.counts()["items"] == 2
    assert again.counts()["labels"] == 1


def test_items_can_be_chosen(library, item, label):
    bad = Part(modality="image", status=Status.QUARANTINED, reason="image/truncated")
    image = Part(modality="image", content_sha256="i", path="/x.png")
    ids = library.add(
        [
            item("a", split=Split.TRAIN, labels=(label("cup"),), source="/one"),
            item("b", split=Split.TEST, parts={"image": image}, source="/two"),
            item("c", parts={"image": bad}),
            item("d", parts={"image": bad, **item("d").parts}),
        ]
    )
    keys = lambda **options: [each.key for each in library.items(**options)]  # noqa: E731
    assert keys() == ["a", "b", "d"]
    assert keys(with_quarantined=True) == ["a", "b", "c", "d"]
    assert keys(having=["image"]) == ["b"]
    assert keys(having=["text"]) == ["a", "d"]
    assert keys(split="test") == ["b"]
    assert keys(labelled="kind") == ["a"]
    assert keys(source="/one") == ["a"]
    assert keys(ids=[ids[3], ids[0], "unknown"]) == ["a", "d"]
    assert keys(limit=2) == ["a", "b"]
    assert keys(labelled="kind", limit=5) == ["a"]
    assert [(each.item.key, each.part.reason) for each in library.quarantined()] == [
        ("c", "image/truncated"),
        ("d", "image/truncated"),
    ]


@pytest.mark.parametrize("options", [{"having": ["picture"]}, {"split": "exam"}])
def test_a_wrong_choice_is_said(library, options):
    with pytest.raises(UsageError, match="There is no"):
        library.items(**options)


def test_an_id_is_given_once(library, item):
    (identity,) = library.add([item("a")])
    with pytest.raises(UsageError, match="already"):
        library.add([item("b", id=identity)])
    with pytest.raises(UsageError, match="no item"):
        library.item("unknown")


def test_old_versions_stay_readable_and_cannot_be_changed(library, item):
    (first,) = library.add([item("a")])
    before = library.version
    library.add([item("b")])
    library.label({first: "cup"}, task="kind", annotator="ann")
    past = Library.open(library.folder, before)
    assert [each.key for each in past.items()] == ["a"]
    assert past.items()[0].labels == ()
    with pytest.raises(UsageError, match="is past"):
        past.add([item("c")])
    with pytest.raises(UsageError, match="no version"):
        Library.open(library.folder, 99)


def test_a_reader_keeps_its_version_until_it_refreshes(library, item):
    reader = Library.open(library.folder)
    library.add([item("a")])
    assert reader.items() == []
    reader.refresh()
    assert len(reader.items()) == 1


def test_labels_follow_each_other(library, item):
    (identity,) = library.add([item("a")])
    library.label({identity: "cup"}, task="kind", annotator="ann")
    library.label({identity: "jug"}, task="kind", annotator="guest", kind=LabelKind.FEEDBACK)
    assert library.item(identity).label("kind") == "cup"
    library.label({identity: None}, task="kind", annotator="ann")
    assert library.item(identity).label("kind") == "jug"
    assert len(library.item(identity).labels) == 3
    with pytest.raises(UsageError, match="no item"):
        library.label({"unknown": "cup"}, task="kind", annotator="ann")


def test_two_writers_do_not_meet(library, item):
    with library.writing("add"), pytest.raises(BusyError, match="add"):
        Library.open(library.folder).add([item("a")])
    library.add([item("a")])


def test_a_writer_starts_from_what_another_wrote(library, item):
    other = Library.open(library.folder)
    library.add([item("a")])
    other.add([item("b")])
    assert [each.key for each in other.items()] == ["a", "b"]


def test_nothing_to_write_makes_no_version(library):
    library.add([])
    assert library.version == 1


def test_splits_are_assigned_by_group_and_stay(library, item):
    library.add([item(f"{place}", group=f"g{place // 3}") for place in range(30)])
    counts = assign_splits(library, Config(test=0.5)).counts
    placed = {each.group: each.split for each in library.items()}
    assert counts.total() == 30
    assert all(each.split == placed[each.group] for each in library.items())
    assert assign_splits(library, Config(test=0.5)).placed == {}
    assert [each.key for each in library.items()] == [str(place) for place in range(30)]


def test_the_digest_forgets_order_paths_and_times(tmp_path, item, label):
    digests = set()
    for place in range(3):
        library = Library.create(tmp_path / f"library {place}")
        items = [item(key, source=f"/place {place}", labels=(label(),)) for key in "abcdef"]
        random.Random(place).shuffle(items)
        library.add(items)
        digests.add(library.digest())
    assert len(digests) == 1


def test_the_digest_sees_every_change_and_its_undoing(library, item):
    (identity,) = library.add([item("a")])
    seen = [library.digest()]
    library.label({identity: "cup"}, task="kind", annotator="ann")
    seen.append(library.digest())
    library.add([item("b")])
    seen.append(library.digest())
    assert len(set(seen)) == 3
    past = Library.open(library.folder, library.version - 1)
    assert past.digest() == seen[1]
    (first,) = library.items(limit=1)
    library.label({first.id: None}, task="kind", annotator="ann")
    library.label({first.id: "cup"}, task="kind", annotator="ann")
    assert library.digest() == seen[2]


def test_the_digest_is_what_the_manifest_says(library, item):
    library.add([item("a"), item("b")])
    content = json.loads((library.folder / "manifest.json").read_text())
    lines = sorted(
        hashlib.sha256(json.dumps([each.row_sha256, []], separators=(",", ":")).encode()).digest()
        for each in library.items()
    )
    assert content["digest"] == library.digest() == hashlib.sha256(b"".join(lines)).hexdigest()


def test_parts_are_decoded(library, tmp_path, picture, sound, note):
    files = tmp_path / "files"
    picture(files / "a.png"), sound(files / "a.wav"), note(files / "a.txt", "a cup")
    ingest(library, files)
    (item,) = library.items()
    assert library.read_part(item, "image").shape == (12, 16, 3)
    assert library.read_part(item, "audio").rate == 8000
    assert library.read_part(item, "text") == {"und": "a cup"}
    assert library.path_of(item.parts["image"]) == files / "a.png"


def test_what_is_not_there_cannot_be_read(library, item):
    library.add([item("a")])
    with pytest.raises(UsageError, match="no usable image; it has text"):
        library.read_part(library.items()[0], "image")


def test_a_changed_file_is_refused_and_a_touched_one_is_not(library, tmp_path, picture):
    path = picture(tmp_path / "files" / "a.png")
    ingest(library, path.parent)
    (item,) = library.items()
    path.write_bytes(path.read_bytes())
    assert np.array_equal(library.read_part(item, "image").shape, (12, 16, 3))
    picture(path, seed=1)
    with pytest.raises(InputError, match="changed after it was added"):
        library.read_part(item, "image")
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        library.read_part(item, "image")


def test_changing_an_item_keeps_its_place_and_its_labels(library, item, label):
    first, _ = library.add([item("a", labels=(label(),)), item("b")])
    with library.writing("mend") as writer:
        writer.commit(changed=[replace(library.item(first), group="new")])
    assert [each.key for each in library.items()] == ["a", "b"]
    assert library.item(first).group == "new"
    assert library.item(first).label("kind") == "cup"
    assert library.history()[-1].doing == "mend"
