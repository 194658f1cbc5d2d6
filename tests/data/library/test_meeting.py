"""Where splits, locks and copies meet what is set aside, forgotten, renamed and taken back."""

import io
import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.data.library.export.reading import read_export
from handful.data.library.export.writing import export
from handful.data.library.forgotten import read_forgotten
from handful.data.library.holding import held
from handful.data.library.ingest import ingest
from handful.data.library.items import Split
from handful.data.library.library import Library
from handful.data.library.locking import lock
from handful.data.library.splits import Config
from handful.data.library.splitting import assign_splits, split_library
from handful.data.library.thumbnails import Thumbnails
from handful.data.library.twins.kept import Kept, Row, forget_prints
from handful.data.library.withdrawing import forget, quarantine, restore
from handful.foundation.errors import BusyError, UsageError
from handful.foundation.project.lock import locked
from handful.learn.routes.gathering import gather

TEXT = "a pot of stoneware that Ann threw on the old wheel in the spring, number {}"


def splits_of(library):
    return {item.key: item.split for item in library.items(with_quarantined=True)}


@pytest.fixture
def split(library, item, label):
    library.add([item(f"{n}", text=f"pot {n}", labels=(label("cup"),)) for n in range(20)])
    assign_splits(library, Config(test=0.25))
    return library


def test_what_is_set_aside_waits_and_is_placed_when_it_comes_back(library, item):
    library.add([item(f"{n}") for n in range(20)])
    quarantine(library, ["3", "4"], because="x", by="me")
    found = assign_splits(library, Config(test=0.25))
    assert len(found.placed) == 18
    before = splits_of(library)
    assert before["3"] is before["4"] is None
    version = library.version
    (back,) = restore(library, ["3"])
    assert library.version == version + 1, "an item that came back was without a place for a while"
    assert back.split
    assert back.split_reason.startswith("drawn")
    after = splits_of(library)
    assert after == before | {"3": back.split}


def test_what_is_restored_has_its_place_back_whatever_came_meanwhile(split, item):
    before = splits_of(split)
    tested = [key for key, where in before.items() if where == "test"]
    quarantine(split, tested[:1], because="x", by="me")
    forget(split, tested[1:2])
    split.add([item(f"new {n}") for n in range(10)])
    assign_splits(split)
    restore(split, tested[:2])
    after = splits_of(split)
    assert {key: after[key] for key in before} == before


def test_a_copy_of_what_is_set_aside_goes_where_that_will_be_again(split, item):
    first = next(key for key, where in splits_of(split).items() if where == "test")
    quarantine(split, [first], because="x", by="me")
    split.add([item("copy", text=f"pot {first}")])
    assign_splits(split)
    assert splits_of(split)["copy"] == "test"
    lock(split, "test")
    split.add([item("later", text=f"pot {first}")])
    assign_splits(split)
    assert splits_of(split)["later"] == "out"


def test_training_leaves_out_copies_of_what_is_set_aside_in_the_test(library, item, label):
    places = [Split.TEST] * 2 + [Split.TRAIN] * 8
    library.add(
        [
            item(f"{n}", text=f"pot {n}", split=where, labels=(label("cup" if n % 2 else "jug"),))
            for n, where in enumerate(places)
        ]
    )
    library.add([item("copy", text="pot 0", split=Split.TRAIN, labels=(label("jug"),))])
    quarantine(library, ["0", "9"], because="x", by="me")
    learned = gather(library, "kind")
    assert {each.key for each in learned.items} == {f"{n}" for n in range(2, 9)}
    assert learned.left_out.held_back == 1


def test_what_is_locked_may_be_forgotten_and_goes_back_where_it_was(split):
    lock(split, "test")
    tested = [key for key, where in splits_of(split).items() if where == "test"]
    found = forget(split, tested[:2])
    assert found.locked == {"test": 2}
    assert found.as_dict()["locked"] == {"test": 2}
    assert len(split.items(split="test")) == 3
    back = restore(split, tested[:2])
    assert {each.split for each in back} == {"test"}
    assert {each.key for each in split.items(split="test")} == set(tested)


def test_what_was_gone_when_its_split_was_locked_stays_out_of_it(split):
    tested = [key for key, where in splits_of(split).items() if where == "test"]
    assert forget(split, tested[:1]).locked == {}
    lock(split, "test")
    (back,) = restore(split, tested[:1])
    assert (back.split, back.split_reason) == (Split.OUT, "it was gone when test was locked")
    assert len(split.items(split="test")) == 4


def test_nothing_else_goes_into_a_locked_split_with_what_comes_back(split, item):
    lock(split, "test")
    with pytest.raises(UsageError, match="locked"), split.writing("mend") as writer:
        writer.commit([item("new", id="new", split=Split.TEST)], back=[])


@pytest.fixture
def table(tmp_path, picture):
    """Six pictures and a table that names them, two of them for the test."""
    for place in range(6):
        picture(tmp_path / "photos" / f"p{place}.png", seed=place)

    def write(names, tested):
        path = tmp_path / "table.jsonl"
        rows = [
            {
                "id": name,
                "image": f"photos/{name}.png",
                "split": "test" if name in tested else "train",
            }
            for name in names
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


COLUMNS = {"id": "id", "image": ["image"], "split": "split", "labels": []}


def test_a_tested_file_that_was_renamed_stays_in_the_locked_test(library, table, tmp_path):
    names = [f"p{place}" for place in range(6)]
    ingest(library, table(names, {"p0", "p1"}), columns=COLUMNS)
    lock(library, "test")
    before = {item.id for item in library.items(split="test")}
    (tmp_path / "photos" / "p0.png").rename(tmp_path / "photos" / "q0.png")
    (tmp_path / "photos" / "p1.png").rename(tmp_path / "photos" / "q1.png")
    # One is said to be for the test as it was, the other is said to be for training now.
    source = table(["q0", "q1", *names[2:]], {"q0"})
    report = ingest(library, source, columns=COLUMNS)
    assert sorted(report.renamed) == [("p0", "q0"), ("p1", "q1")]
    assert (report.items_added, report.gone, report.reasons.get("split/locked")) == (0, (), None)
    assert {item.id for item in library.items(split="test")} == before
    again = ingest(library, source, columns=COLUMNS)
    assert (again.items_changed, again.items_unchanged) == (0, 6)


def test_what_a_lock_keeps_out_leaves_no_copy_and_no_thumbnail(library, table, picture, tmp_path):
    names = [f"p{place}" for place in range(6)]
    ingest(library, table(names, {"p0"}), columns=COLUMNS)
    lock(library, "test")
    picture(tmp_path / "new.png", seed=99)
    path = tmp_path / "more.parquet"
    write_cells(path, (tmp_path / "new.png").read_bytes())
    report = ingest(library, path, columns={"image": ["image"], "split": "split", "labels": []})
    assert report.reasons["split/locked"] == 1
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped == 1
    assert not list((library.folder / "media").rglob("*.png"))
    assert len(Thumbnails(library.folder).names()) == 6


def write_cells(path, data):
    rows = [{"image": {"bytes": data, "path": "new.png"}, "split": "test"}]
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_what_is_in_use_is_meant_by_a_name_that_a_vanished_item_had_too(library, picture, tmp_path):
    source = tmp_path / "source"
    for place, name in enumerate("abc"):
        picture(source / f"{name}.png", seed=place)
    ingest(library, source)
    (source / "a.png").unlink()
    ingest(library, source)
    (source / "b.png").rename(source / "a.png")  # the name of what is gone, the content of b
    report = ingest(library, source)
    assert report.renamed == (("b", "a"),)
    (there,) = [item for item in library.items() if item.key == "a"]
    os.utime(source / "a.png", (1, 1))
    report = ingest(library, source)
    assert (report.items_added, report.items_changed, report.gone) == (0, 1, ())
    assert [item.id for item in library.items() if item.key == "a"] == [there.id]
    assert ingest(library, source).items_unchanged == 2


@pytest.fixture
def empty(tmp_path):
    return Library.create(tmp_path / "other" / "library")


def test_an_export_carries_what_is_set_aside_and_leaves_what_is_forgotten(
    library, empty, picture, tmp_path
):
    source = tmp_path / "files"
    for place in range(8):
        picture(source / f"p{place}.png", seed=place)
    ingest(library, source)
    split_library(library, Config(test=0.25))
    lock(library, "test")
    quarantine(library, ["p1"], because="blurred", by="Ann")
    full = library.version
    digest = library.digest()
    library.tag("before")
    forget(library, ["p2"])
    for version, out in (("now", "now"), (full, "past")):
        past = library if version == "now" else Library.open(library.folder, version)
        done = export(past, tmp_path / out)
        assert (done.items, done.forgotten) == (7, 0 if version == "now" else 1)
        assert not any("p2" in str(row["key"]) for row in rows_of(tmp_path / out))
        assert done.digest != digest
    fresh = Library.create(tmp_path / "third" / "library")
    for target, out in ((empty, "now"), (fresh, "past")):
        read_export(target, tmp_path / out)
        assert target.digest() == library.digest()
        assert target.locked == library.locked == (Split.TEST,)
        assert target.card.rule == library.card.rule
        items = target.items(with_quarantined=True)
        assert [held(item) for item in items] == [
            held(item) for item in library.items(with_quarantined=True)
        ]
        stones = list(read_forgotten(target.folder))
        times = [stone.time for stone in read_forgotten(library.folder)]
        assert [(stone.version, stone.time) for stone in stones] == [(0, time) for time in times]
        # What was forgotten stays out there too, and nobody can take it back.
        assert ingest(target, source).reasons["item/forgotten"] == 1
        with pytest.raises(UsageError, match="no longer holds it"):
            restore(target, ["p2"])
        assert [each.key for each in restore(target, ["p1"])] == ["p1"]


def test_an_export_whose_tombstones_were_taken_out_is_whole(library, empty, picture, tmp_path):
    for place in range(3):
        picture(tmp_path / "files" / f"p{place}.png", seed=place)
    ingest(library, tmp_path / "files")
    forget(library, ["p2"])
    export(library, tmp_path / "out")
    path = tmp_path / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert len(manifest["library"].pop("forgotten")) == 1
    path.write_text(json.dumps(manifest))
    read_export(empty, tmp_path / "out")
    assert empty.digest() == library.digest()
    assert ingest(empty, tmp_path / "files").items_added == 1


def rows_of(folder):
    return pq.read_table(folder / "items.parquet").to_pylist()


def test_prints_are_deleted_in_every_file_that_may_hold_them(tmp_path):
    kept = Kept(tmp_path)
    kept.add([Row(name, "image", name.encode() * 1536) for name in ("aa", "bb", "cc")])
    folder = kept.folder
    assert folder
    whole = next(folder.glob("*.parquet")).read_bytes()
    (folder / ".unfinished-1-x.parquet").write_bytes(whole)
    (folder / "broken.parquet").write_bytes(whole[:-8])
    (folder.parent / "0").mkdir()
    (folder.parent / "0" / "old.parquet").write_bytes(whole)
    shutil.copy(next(folder.glob("[0-9a-f]*.parquet")), folder / "twice.parquet")
    with locked(tmp_path / ".twins.lock", "look for copies"), pytest.raises(BusyError):
        forget_prints(tmp_path, {"aa"})
    assert forget_prints(tmp_path, {"aa", "unknown"}) == 1
    files = [path for path in (tmp_path / "twins").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert Kept(tmp_path).rows.keys() == {"bb", "cc"}
    stream = io.BytesIO(files[0].read_bytes())
    assert "aa" not in str(pq.read_table(stream).to_pylist())
    assert forget_prints(tmp_path, {"aa"}) == 0
    assert forget_prints(tmp_path / "nowhere", {"aa"}) == 0


def test_a_forgotten_print_is_no_twin_of_the_others_any_more(tmp_path):
    kept = Kept(tmp_path)
    words = TEXT.format(1).encode()
    kept.rows = {"aa": Row("aa", "text", words), "bb": Row("bb", "text", words, ("aa",))}
    kept.add([Row("cc", "text", b"")])
    assert kept.folder
    for path in kept.folder.iterdir():
        path.unlink()
    kept._write(list(kept.rows.values()), drop_others=True)
    forget_prints(tmp_path, {"aa"})
    assert Kept(tmp_path).rows["bb"].twins == ()


def test_a_trim_keeps_the_thumbnail_of_a_copy_that_stays(library, picture, tmp_path):
    picture(tmp_path / "one" / "a.png")
    picture(tmp_path / "two" / "b.png")
    picture(tmp_path / "two" / "c.png", seed=1)
    for name in ("one", "two"):
        ingest(library, tmp_path / name)
    content = library.items()[0].parts["image"].content_sha256
    forget(library, ["a"])
    thumbnails = Thumbnails(library.folder)
    assert content not in thumbnails.names()
    assert len(thumbnails.names()) == 1
    thumbnails.put({content: b"made again for b"})
    library.trim(keep=1)
    assert thumbnails.get(content) == b"made again for b"
    forget(library, ["b"])
    thumbnails.put({content: b"by somebody who looked before"})
    library.trim(keep=1)
    assert content not in thumbnails.names()
