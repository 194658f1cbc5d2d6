import pytest

from handful.foundation.budget import seconds
from handful.foundation.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("5min", 300),
        ("2h", 7200),
        ("1.5 h", 5400),
        ("1h 30min", 5400),
        ("3", 180),
        ("2 hours", 7200),
        ("1 day", 86400),
    ],
)
def test_lengths_of_time_as_people_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5 parsec", "-3min", "0s", "1.2.3s", "."])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no length of time"):
        seconds(text)
