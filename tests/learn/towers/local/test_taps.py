"""Places to listen at have names that can be read back."""

import pytest

from handful.foundation.errors import UsageError
from handful.learn.towers.local.taps import OUTPUT, Tap


@pytest.mark.parametrize(
    ("text", "tap"),
    [
        ("", OUTPUT),
        ("output", OUTPUT),
        ("6", Tap(6, "mean")),
        ("6:mean", Tap(6, "mean")),
        ("0", Tap(0, "mean")),
        ("12:first", Tap(12, "first")),
    ],
)
def test_a_tap_is_read_and_named(text: str, tap: Tap) -> None:
    assert Tap.parse(text) == tap
    assert Tap.parse(tap.name) == tap


@pytest.mark.parametrize("text", ["-1", "6:last", "six", "6:", "99999", "6 ", "output:first"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no place in a network"):
        Tap.parse(text)
