from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from handful.data.library.items import LabelKind
from handful.data.library.labels import statements, tasks
from handful.foundation.errors import UsageError


def test_one_statement_per_item():
    made = statements({"1": "cup", "2": None}, task="kind", annotator="ann", confidence=0.5)
    assert [row.item_id for row in made] == ["1", "2"]
    assert [row.label.value for row in made] == ["cup", None]
    assert {row.label.kind for row in made} == {LabelKind.HUMAN}
    assert abs(made[0].label.time - datetime.now(UTC)) < timedelta(minutes=1)


def test_times_are_brought_to_utc():
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=3)))
    made = statements({"1": "cup"}, task="kind", annotator="ann", time=east)
    assert made[0].label.time == datetime(2026, 1, 1, 9, tzinfo=UTC)


SAID: dict[str, Any] = {"task": "kind", "annotator": "ann"}


@pytest.mark.parametrize(
    ("answers", "options"),
    [
        ({"1": "cup"}, {"task": " "}),
        ({"1": "cup"}, {"annotator": ""}),
        ({"1": ""}, {}),
        ({"1": "cup"}, {"confidence": 1.5}),
        ({"1": "cup"}, {"time": datetime(2026, 1, 1)}),
    ],
)
def test_half_a_statement_is_refused(answers, options):
    with pytest.raises(UsageError):
        statements(answers, **{**SAID, **options})


def test_tasks_count_the_answers_that_count(item, label):
    items = [
        item("a", labels=(label("cup"),)),
        item("b", labels=(label("jug", kind=LabelKind.MODEL), label("cup"))),
        item("c", labels=(label(None), label("fine", "grade"))),
        item("d"),
    ]
    assert tasks(items) == {"grade": {"fine": 1}, "kind": {"cup": 2}}
