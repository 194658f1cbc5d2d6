from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from handful.foundation.errors import InputError
from handful.foundation.hardware.records import from_fields


@dataclass(frozen=True, kw_only=True)
class Sample:
    name: str
    size: float
    count: int | None = None
    is_new: bool = False


def test_a_record_comes_back() -> None:
    assert from_fields(Sample, {"name": "a", "size": 1}) == Sample(name="a", size=1)
    whole = {"name": "a", "size": 1.5, "count": 3, "is_new": True}
    assert from_fields(Sample, whole) == Sample(name="a", size=1.5, count=3, is_new=True)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"name": "a"}, "lacks size"),
        ({"name": "a", "size": 1, "sise": 2}, "unknown sise"),
        ({"name": 3, "size": 1}, "`name` = 3"),
        ({"name": "a", "size": "1"}, "`size` = '1'"),
        ({"name": "a", "size": None}, "`size` = None"),
        ({"name": "a", "size": True}, "`size` = True"),
        ({"name": "a", "size": 1, "count": 1.5}, "`count` = 1.5"),
        ({"name": "a", "size": 1, "count": [1]}, "`count`"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, Any], word: str) -> None:
    with pytest.raises(InputError, match=word):
        from_fields(Sample, values)
