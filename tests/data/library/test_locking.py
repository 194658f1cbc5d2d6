import json
from collections import Counter
from dataclasses import replace

import pytest

from handful.data.library.ingest import ingest
from handful.data.library.items import Split
from handful.data.library.library import Library
from handful.data.library.locking import lock, unlock
from handful.data.library.splits import Config
from handful.data.library.splitting import assign_splits, split_library
from handful.foundation.errors import UsageError


@pytest.fixture
def table(tmp_path):
    def write(rows):
        path = tmp_path / "table.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.fixture
def split(library, item):
    library.add([item(f"{place}", group=f"g{place}") for place in range(20)])
    assign_splits(library, Config(test=0.25))
    return library


def in_split(library, name):
    return {item.key for item in library.items(split=name)}


def test_nothing_goes_into_or_out_of_a_locked_split(split, item):
    assert lock(split, "test") == 5
    tested, trained = split.items(split="test")[0], split.items(split="train")[0]
    version = split.version
    for change in (
        {"added": [item("new", id="new", split=Split.TEST)]},
        {"changed": [replace(tested, split=Split.TRAIN)]},
        {"changed": [replace(tested, split=None)]},
        {"changed": [replace(trained, split=Split.TEST)]},
    ):
        with pytest.raises(UsageError, match="locked") as refused, split.writing("mend") as writer:
            writer.commit(**change)
        assert refused.value.hint == "if it must be, first: handful library unlock test"
    assert split.version == version
    with split.writing("mend") as writer:
        writer.commit(
            added=[item("other", id="other", split=Split.TRAIN)],
            changed=[replace(tested, group="corrected"), replace(trained, split=Split.VALIDATION)],
        )
    assert len(in_split(split, "test")) == 5


def test_a_lock_is_a_version_that_undo_takes_back(split):
    lock(split, "test")
    assert [each.made_by for each in split.history()][-1] == "lock test"
    assert Library.open(split.folder).locked == (Split.TEST,)
    assert Library.open(split.folder, split.version - 1).locked == ()
    split.undo()
    assert Library.open(split.folder).locked == ()
    split.undo()
    assert Library.open(split.folder).locked == (Split.TEST,)
    with pytest.raises(UsageError, match="locked"), split.writing("mend") as writer:
        writer.commit(changed=[replace(split.items(split="test")[0], split=Split.TRAIN)])


def test_unlocking_lets_items_go_again(split):
    lock(split, "test")
    unlock(split, "test")
    with split.writing("mend") as writer:
        writer.commit(changed=[replace(split.items(split="test")[0], split=Split.TRAIN)])
    assert len(in_split(split, "test")) == 4


def test_a_lock_that_makes_no_sense_is_refused(library, split):
    for name, what in (("tset", "no split"), ("holdout", "no items"), ("validation", "no items")):
        with pytest.raises(UsageError, match=what):
            lock(split, name)
    with pytest.raises(UsageError, match="not locked"):
        unlock(split, "test")
    lock(split, "test")
    with pytest.raises(UsageError, match="already"):
        lock(split, "test")


def test_new_items_are_placed_at_once_and_never_in_a_locked_test(library, table, tmp_path):
    rows = [
        {"id": f"n{place}", "text": f"text number {place} of many", "group": f"g{place // 2}"}
        for place in range(40)
    ]
    columns = {"id": "id", "text": ["text"], "group": "group", "labels": []}
    ingest(library, table(rows), columns=columns)
    split_library(library, Config(test=0.3), tmp_path / "cache")
    tested = {item.key for item in library.items(split="test")}
    assert len(tested) == 12
    more = [{**row, "id": f"m{row['id']}", "text": f"again {row['text']}"} for row in rows[:10]]
    other = [{"id": f"x{n}", "text": f"something else {n}", "group": f"h{n}"} for n in range(10)]
    report = ingest(library, table([*rows, *more, *other]), columns=columns)
    assert report.choices[-1].startswith("20 items got a split: ")
    assert report.version == library.version
    before = {item.key: item.split for item in library.items()}
    assert all(before[f"m{key}"] == before[key] for key in (row["id"] for row in rows[:10]))
    assert library.history()[-1].began == library.history()[-2].began
    lock(library, "test")
    last = [{"id": f"z{n}", "text": f"more of it {n}", "group": f"g{n}"} for n in range(20)]
    ingest(library, table([*rows, *more, *other, *last]), columns=columns)
    after = {item.key: item for item in library.items()}
    assert {key: after[key].split for key in before} == before
    assert Counter(after[f"z{n}"].split for n in range(20)) == {
        Split.TRAIN: 14,
        Split.OUT: 6,
    }
    assert {after[f"z{n}"].split_reason for n in range(20)} <= {
        *(f'with its group "g{n}" in test, which is locked' for n in range(20)),
        *(f'with its group "g{n}"' for n in range(20)),
    }


def test_a_source_cannot_move_what_is_locked(library, table):
    rows = [
        {"id": f"{n}", "text": f"text {n} of many", "split": "test" if n < 3 else "train"}
        for n in range(8)
    ]
    columns = {"id": "id", "text": ["text"], "split": "split", "labels": []}
    ingest(library, table(rows), columns=columns)
    lock(library, "test")
    rows[0]["split"], rows[5]["split"] = "train", "test"
    rows.append({"id": "new", "text": "text that is new", "split": "test"})
    rows.append({"id": "fine", "text": "text that may come", "split": "train"})
    report = ingest(library, table(rows), columns=columns)
    assert in_split(library, "test") == {"0", "1", "2"}
    assert in_split(library, "train") == {"3", "4", "5", "6", "7", "fine"}
    assert report.reasons["split/locked"] == 1
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped == 10
    assert report.items_added == 1


def test_what_is_wrong_with_a_tested_item_can_still_be_mended(library, table):
    rows = [{"id": f"{n}", "text": f"text {n} of many", "split": "test"} for n in range(4)]
    columns = {"id": "id", "text": ["text"], "split": "split", "labels": []}
    ingest(library, table(rows), columns=columns)
    lock(library, "test")
    rows[1]["text"] = "text 1 as it should be"
    assert ingest(library, table(rows), columns=columns).items_changed == 1
    assert in_split(library, "test") == {"0", "1", "2", "3"}
