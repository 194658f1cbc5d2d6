import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handful.data.library.items import Item, LabelKind, Part, Rights, Split, Status
from handful.data.library.rows import (
    ITEMS,
    LABELS,
    Identities,
    LabelRow,
    items_to_rows,
    labels_to_rows,
    rows_to_answers,
    rows_to_items,
    rows_to_labels,
)

FULL = Item(
    id="018f0000-0000-7000-8000-000000000001",
    key="cups/07",
    source="/shop",
    parts={
        "text": Part(
            modality="text",
            status=Status.REPAIRED,
            reason="text/latin1",
            detail="it is not UTF-8",
            origin="note",
            content_sha256="c",
            mime="text/plain",
            meta={"encoding": "windows-1252"},
            words={"en": "it's a cup", "zh-CN": "杯子"},
        ),
        "audio": Part(
            modality="audio",
            notes=("audio/silent", "file/wrong_suffix"),
            path="/shop/07.wav",
            origin="/shop/07.wav",
            sha256="a",
            content_sha256="b",
            mime="audio/wav",
            size=1234,
            stamp="1700000000000000001",
            meta={"rate": 8000, "seconds": 0.05},
        ),
    },
    group="batch 3",
    split=Split.TEST,
    split_reason="given by the source",
    rights=Rights(licence="CC-BY-4.0", evidence="http://x", holder="Ann", attribution="Ann, 2026"),
    created=datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC),
    revision=2,
    declared_sha256="d",
)
BARE = Item(id="018f0000-0000-7000-8000-000000000000", key="b", parts={})


def test_items_come_back_as_they_were_sorted_by_id():
    table = items_to_rows([FULL, BARE])
    assert table.schema.equals(ITEMS)
    assert rows_to_items(table, {}) == [BARE, FULL]


def test_absent_is_null_and_not_empty():
    row = items_to_rows([FULL])
    assert row.column("image_status").null_count == 1
    assert row.column("image_path").null_count == 1
    assert row.column("audio_status").null_count == 0


def test_labels_come_back_oldest_first(label):
    given = [label("cup", confidence=0.25), label("bowl", annotator="bob"), label(None, "grade")]
    table = labels_to_rows([LabelRow("1", each) for each in given], 10)
    assert table.schema.equals(LABELS)
    assert table.column("place").to_pylist() == [10, 11, 12]
    turned = table.take([2, 0, 1])
    assert rows_to_labels(turned) == {"1": tuple(given)}


def test_a_later_statement_of_the_same_annotator_supersedes(label):
    given = [
        label("cup"),
        label("bowl", annotator="bob"),
        label("jug"),
        label("lid", kind=LabelKind.FEEDBACK),
    ]
    table = labels_to_rows([LabelRow("1", each) for each in given], 0)
    assert [each.superseded for each in rows_to_labels(table)["1"]] == [True, False, False, False]
    assert rows_to_answers(table) == {
        "1": sorted(
            [
                ["kind", "bowl", "bob", "human", None],
                ["kind", "jug", "ann", "human", None],
                ["kind", "lid", "ann", "feedback", None],
            ]
        )
    }


def test_statements_about_other_items_and_tasks_stand(label):
    rows = [
        LabelRow("1", label("cup")),
        LabelRow("2", label("jug")),
        LabelRow("1", label("a", "g")),
    ]
    found = rows_to_labels(labels_to_rows(rows, 0))
    assert not any(each.superseded for labels in found.values() for each in labels)


def test_a_taken_back_answer_is_no_answer(label):
    rows = [LabelRow("1", label("cup")), LabelRow("1", label(None))]
    assert rows_to_answers(labels_to_rows(rows, 0)) == {}


def test_ids_grow_even_when_the_clock_goes_back(monkeypatch):
    maker = Identities()
    now = time.time_ns()
    first = [maker.fresh() for _ in range(5000)]
    monkeypatch.setattr(time, "time_ns", lambda: now - 10**12)
    later = [maker.fresh() for _ in range(5000)]
    again = Identities(later[-1])
    last = [again.fresh() for _ in range(10)]
    every = first + later + last
    assert every == sorted(every)
    assert len(set(every)) == len(every)


def test_ids_are_version_seven():
    from uuid import UUID

    identity = UUID(Identities().fresh())
    assert identity.version == 7
    assert abs((identity.int >> 80) - time.time() * 1000) < 5000


@pytest.mark.parametrize("name", ["image", "text", "audio"])
def test_every_status_of_every_modality_comes_back(name):
    words = {"und": "x"} if name == "text" else None
    for status in Status:
        item = replace(BARE, parts={name: Part(modality=name, status=status, words=words)})
        assert rows_to_items(items_to_rows([item]), {}) == [item]
