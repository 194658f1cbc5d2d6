import json
import zipfile

import pytest

from handful.data.library.forgotten import FORGOTTEN, hash_of
from handful.data.library.holding import held
from handful.data.library.ingest import ingest
from handful.data.library.items import Status
from handful.data.library.library import Library
from handful.data.library.splitting import assign_splits
from handful.data.library.withdrawing import forget, quarantine, restore, would_forget
from handful.data.library.writer import tables_in
from handful.foundation.errors import UsageError


def keys(library):
    return [each.key for each in library.items()]


@pytest.fixture
def three(library, item, label):
    library.add(
        [item(key, labels=(label("cup"),), group="g" if key < "c" else "") for key in "abc"]
    )
    return library


def test_what_is_set_aside_is_in_no_list_of_usable_items(three):
    (found,) = quarantine(three, ["b"], because="blurred", by="Ann")
    assert keys(three) == ["a", "c"]
    assert three.counts()["usable"] == 2
    assert len(three) == 3
    (item,) = [each for each in three.items(with_quarantined=True) if each.key == "b"]
    why = held(item)
    assert why
    assert (why.because, why.by) == ("blurred", "Ann")
    assert why.at.startswith("20")
    assert item.label("kind") == "cup"
    assert found.id == item.id
    assert [problem.part.detail for problem in three.quarantined()] == [
        f"blurred (Ann, {why.at[:10]})"
    ]


def test_taking_back_and_undoing_leave_the_library_as_it_was(three):
    digest = three.digest()
    before = [each for each in three.items() if each.key == "a"]
    quarantine(three, ["group:g"], because="x", by="me")
    assert keys(three) == ["c"]
    assert three.digest() != digest
    three.undo()
    assert three.digest() == digest
    three.undo()
    assert [each.key for each in restore(three, ["a"])] == ["a"]
    assert keys(three) == ["a", "c"]
    assert [each for each in three.items() if each.key == "a"] == before
    restore(three, ["b"])
    assert three.digest() == digest


def test_setting_aside_twice_keeps_the_first_reason_and_makes_no_version(three):
    quarantine(three, ["a"], because="first", by="Ann")
    version = three.version
    assert quarantine(three, ["a"], because="second", by="Ben") == []
    assert three.version == version
    why = held(three.items(with_quarantined=True)[0])
    assert why
    assert why.because == "first"
    assert restore(three, ["b"]) == []


def test_a_damaged_part_is_damaged_again_when_its_item_comes_back(library, picture, tmp_path):
    source = tmp_path / "source"
    picture(source / "a.png")
    (source / "a.png").write_bytes((source / "a.png").read_bytes()[:60])
    (source / "a.txt").write_text("words")
    ingest(library, source)
    before = library.items()
    quarantine(library, ["a"], because="x", by="me")
    restore(library, ["a"])
    assert library.items() == before
    assert library.items()[0].parts["image"].status == Status.QUARANTINED


def test_reading_its_file_anew_is_no_pardon(library, note, tmp_path):
    source = tmp_path / "source"
    note(source / "a.txt")
    ingest(library, source)
    quarantine(library, ["a"], because="wrong", by="Ann")
    note(source / "a.txt", "other words")
    assert ingest(library, source).items_changed == 1
    (item,) = library.items(with_quarantined=True)
    assert held(item)
    assert not item.usable
    restore(library, ["a"])
    assert library.items()[0].words == {"und": "other words"}


@pytest.mark.parametrize(("because", "by"), [("", "me"), (" ", "me"), ("x", "")])
def test_a_reason_and_a_name_are_needed(three, because, by):
    with pytest.raises(UsageError, match="needs a reason"):
        quarantine(three, ["a"], because=because, by=by)


def test_the_reason_is_not_in_the_history_where_it_would_stay(three):
    quarantine(three, ["a"], because="Anna Blume asked for it", by="me")
    assert "Anna" not in (three.folder / "versions.jsonl").read_text()


def test_nothing_is_forgotten_by_asking(three):
    before = (three.version, three.digest())
    found = would_forget(three, ["a", "group:g"])
    assert [each.key for each in found.items] == ["a", "b"]
    assert found.labels == 2
    assert not found.is_done
    assert (three.version, three.digest()) == before
    assert not (three.folder / FORGOTTEN).exists()


def test_a_forgotten_item_is_gone_with_its_labels_and_no_file_read_now_holds_it(three):
    found = forget(three, ["b"])
    assert found.is_done
    assert keys(three) == ["a", "c"]
    assert three.counts()["labels"] == 2
    gone = found.items[0].id
    assert gone not in {row.item.id for row in three.quarantined()}
    items, labels = tables_in(three.folder)
    assert items.count(three.card.items_version, f"id = '{gone}'") == 0
    assert labels.count(three.card.labels_version, f"item_id = '{gone}'") == 0


def test_a_tombstone_holds_hashes_and_a_time_and_no_word(three):
    found = forget(three, ["b"])
    (line,) = map(json.loads, (three.folder / FORGOTTEN).read_text().splitlines())
    (stone,) = line["forget"]
    assert stone.pop("version") == found.version - 1
    values = [stone.pop("item"), stone.pop("name")]
    values += [each for some in stone.values() for each in some]
    assert values[0] == hash_of(found.items[0].id)
    assert len(values) >= 4
    # What this fixture calls a content is no hash yet; every other value is one.
    assert all(len(each) == 64 or each.startswith("hash of") for each in values)


def test_a_correction_after_a_forgetting_still_counts_as_the_later_one(three, item, label):
    """Places of statements go on counting, though there are fewer statements."""
    first, _, last = (each.id for each in three.items())
    three.label({last: "bowl"}, task="kind", annotator="ann")
    forget(three, [first])
    three.label({last: "jug"}, task="kind", annotator="ann")
    assert three.item(last).label("kind") == "jug"
    assert [each.value for each in three.item(last).labels] == ["cup", "bowl", "jug"]
    assert three.counts()["labels"] == 4


def test_an_undo_does_not_bring_back_what_was_forgotten(three, item):
    forget(three, ["b"])
    three.add([item("d")])
    three.undo(2)
    assert keys(three) == ["a", "c"]
    assert three.counts()["labels"] == 2
    three.undo()
    assert keys(three) == ["a", "c", "d"]


def test_until_a_trim_a_forgotten_item_can_be_taken_back_with_its_labels(three):
    digest, before = three.digest(), three.items()
    forget(three, ["b", "c"])
    assert [each.key for each in restore(three, ["b"])] == ["b"]
    assert restore(three, [before[2].id])[0].key == "c"
    assert three.digest() == digest
    assert three.items() == before
    with pytest.raises(UsageError, match='no item "zzz"'):
        restore(three, ["zzz"])


def test_after_a_trim_it_cannot_and_the_message_says_what_can_be_done(three):
    forget(three, ["b"])
    three.trim(keep=1)
    with pytest.raises(UsageError, match="the history no longer holds it") as error:
        restore(three, ["b"])
    assert "--again" in error.value.hint


def test_forgetting_twice_says_that_it_was_done(three):
    (gone,) = forget(three, ["b"]).items
    version = three.version
    found = forget(three, ["b"])
    assert found.items == ()
    assert [stone.item for stone in found.earlier] == [hash_of(gone.id)]
    assert three.version == version


def test_all_items_can_be_forgotten(three):
    forget(three, "abc")
    assert len(three) == 0
    assert three.counts()["labels"] == 0
    three.trim(keep=1)
    assert len(Library.open(three.folder)) == 0


def test_copies_that_stay_are_named(library, item):
    library.add([item(key, text="the same words") for key in "ab"])
    found = would_forget(library, ["a"])
    assert [each.key for each in found.copies] == ["b"]


def test_a_version_with_a_tag_goes_when_it_holds_what_was_forgotten(three, item):
    three.tag("before")
    three.add([item("d")])
    three.tag("kept")
    forget(three, ["d"])
    three.tag("now")
    three.add([item("e")])
    assert three.history_cost(keep=5).lost == {3: ("among the last 5", 'tag "kept"')}
    trimmed = three.trim(keep=1)
    assert trimmed.lost == {3: ('tag "kept"',)}
    assert trimmed.kept == {2: ('tag "before"',), 4: ('tag "now"',), 5: ("the newest",)}
    assert keys(Library.open(three.folder, "before")) == ["a", "b", "c"]
    assert keys(Library.open(three.folder, "now")) == ["a", "b", "c"]
    with pytest.raises(UsageError, match="trimmed"):
        Library.open(three.folder, "kept")


def test_its_folder_is_added_again_and_it_stays_out(library, note, picture, tmp_path):
    source = tmp_path / "source"
    for key in "ab":
        picture(source / f"{key}.png", seed=ord(key))
        note(source / f"{key}.txt", f"the note {key}")
    ingest(library, source, labels_from_folders="kind")
    forget(library, ["a"])
    library.trim(keep=1)
    report = ingest(library, source, labels_from_folders="kind")
    assert (report.seen, report.skipped, report.items_added) == (4, 4, 0)
    assert report.reasons["item/forgotten"] == 2
    assert keys(library) == ["b"]
    # Another name and another folder do not help: contents are compared.
    other = tmp_path / "other"
    other.mkdir()
    (source / "a.png").rename(other / "innocent.png")
    report = ingest(library, other)
    assert (report.skipped, report.items_added) == (1, 0)
    assert report.remarks[0].name == "innocent.png"
    assert ingest(library, other, again=True).items_added == 1
    assert keys(library) == ["b", "innocent"]
    assert ingest(library, other).items_unchanged == 1


def test_one_that_was_asked_for_again_can_be_forgotten_again(library, note, tmp_path):
    source = tmp_path / "source"
    note(source / "a.txt", "a")
    note(source / "b.txt", "b")
    ingest(library, source)
    for _ in range(2):
        forget(library, ["a"])
        assert ingest(library, source).items_added == 0
        assert ingest(library, source, again=True).items_added == 1
    assert keys(library) == ["b", "a"]


def test_items_are_named_by_file_folder_and_archive(library, note, tmp_path, monkeypatch):
    source = tmp_path / "source"
    for name in ("x/a.txt", "x/b.txt", "xy/c.txt"):
        note(source / name, name)
    ingest(library, source)
    monkeypatch.chdir(source)
    named = lambda *words: [each.key for each in would_forget(library, words).items]  # noqa: E731
    assert named("x") == ["x/a", "x/b"]
    assert named("x/a.txt", str(source / "xy")) == ["x/a", "xy/c"]
    assert named("../source") == ["x/a", "x/b", "xy/c"]
    with pytest.raises(UsageError, match="There is no item"):
        named("x/d.txt")


def test_a_name_of_several_items_is_refused(library, item):
    library.add([item("a"), item("a", text="other")])
    with pytest.raises(UsageError, match='2 items are called "a"') as error:
        forget(library, ["a"])
    assert library.items()[0].id in error.value.hint
    forget(library, [library.items()[0].id])
    assert keys(library) == ["a"]


def test_a_name_that_another_bears_now_means_that_one(library, item):
    first, second, third = library.add(
        [item("a", text=str(place), source=f"/{place}") for place in range(3)]
    )
    forget(library, [first])
    forget(library, [second])
    (gone,) = forget(library, ["a"]).items
    assert gone.id == third
    with pytest.raises(UsageError, match='3 forgotten items were called "a"'):
        restore(library, ["a"])
    restore(library, [second])
    assert [each.id for each in library.items()] == [second]
    with pytest.raises(UsageError, match='2 forgotten items were called "a"'):
        restore(library, ["a"])


def test_the_copy_of_what_is_set_aside_goes_to_the_same_split(library, item):
    """It waits for its place, and takes the one that its copies have when it comes back."""
    library.add([item(f"{place}", text=f"pot {place}") for place in range(20)])
    library.add([item(f"copy {place}", text=f"pot {place}") for place in range(20)])
    quarantine(library, [f"{place}" for place in range(20)], because="x", by="me")
    assign_splits(library)
    splits = {each.key: each.split for each in library.items(with_quarantined=True)}
    assert {splits[f"{place}"] for place in range(20)} == {None}
    restore(library, [f"{place}" for place in range(20)])
    splits = {each.key: each.split for each in library.items(with_quarantined=True)}
    assert len(set(splits.values())) == 2
    assert all(splits[f"{place}"] == splits[f"copy {place}"] for place in range(20))


def test_an_item_that_two_words_mean_is_one_item(three):
    first = three.items()[0].id
    assert len(quarantine(three, ["a", first, "group:g"], because="x", by="me")) == 2
    assert len(restore(three, ["a", first, "group:g"])) == 2
    assert len(three.items()) == 3
    assert len(forget(three, ["a", first]).items) == 1
    assert len(restore(three, ["a", first])) == 1
    assert len(three.items()) == 3


def test_no_copy_is_made_of_what_was_forgotten_whatever_its_archive_is_called(
    library, picture, tmp_path
):
    for place in range(2):
        picture(tmp_path / f"p{place}.png", seed=place)
    for name in ("one", "two"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            for place in range(2):
                archive.write(tmp_path / f"p{place}.png", f"{name} {place}.png")
    ingest(library, tmp_path / "one.zip")
    copies = lambda: sorted((library.folder / "media").rglob("*.png"))  # noqa: E731
    assert len(copies()) == 2
    forget(library, ["one 0"])
    assert ingest(library, tmp_path / "two.zip").reasons["item/forgotten"] == 1
    assert len(copies()) == 2, "the history still reads it"
    restore(library, ["one 0"])
    library.read_part(library.items()[0], "image")
    forget(library, ["one 0"])
    library.trim(keep=1)
    assert len(copies()) == 1
    ingest(library, tmp_path / "two.zip")
    (tmp_path / "two.zip").rename(tmp_path / "three.zip")
    assert ingest(library, tmp_path / "three.zip").reasons["item/forgotten"] == 1
    assert len(copies()) == 1
