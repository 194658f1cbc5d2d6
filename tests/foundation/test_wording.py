"""Lists as a person says them."""

from __future__ import annotations

import pytest

from handful.foundation.wording import listed


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_listed_as_one_says_them(names: list[str], said: str) -> None:
    assert listed(names) == said
    assert listed(iter(names)) == said
