"""Cases: what can be asked, and how cases are named in hashes and messages."""

import random

import pytest

from handful.foundation.errors import UsageError
from handful.trust.evaluate.cases import Case, check_cases, digest_of, group_labels, listed


def case(name: str, truth: str = "yes", group: str | None = None) -> Case:
    return Case(name, {"text": name}, truth, group)


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ([], "no cases"),
        ([case("a"), case("b"), case("a")], '1 ids stand more than once: "a"'),
        ([case("a"), Case("b", {}, "yes")], '1 hold none: "b"'),
        ([case("a", truth="")], '1 have none: "a"'),
    ],
)
def test_cases_that_cannot_be_used_are_named(cases: list[Case], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_cases(cases)


def test_the_digest_knows_ids_truths_and_groups_but_not_the_order() -> None:
    cases = [case(str(number), group="g") for number in range(20)]
    shuffled = random.Random(0).sample(cases, 20)
    assert digest_of(cases) == digest_of(shuffled)
    assert digest_of(cases) != digest_of([*cases[:-1], case("19", "no", "g")])
    assert digest_of(cases) != digest_of([*cases[:-1], case("19", "yes", "h")])
    assert digest_of(cases) != digest_of(cases[:-1])


def test_a_case_without_a_group_stands_alone() -> None:
    assert group_labels(["a", "b"], [None, None]) is None
    labels = group_labels(["a", "b", "c", "d"], ["d", None, "d", None])
    assert labels is not None
    assert labels[0] == labels[2]
    assert len(set(labels)) == 3, 'the case "d" is not taken for the group "d"'


def test_long_lists_are_cut() -> None:
    assert listed("abc") == '"a", "b", "c"'
    assert listed("abcdefg") == '"a", "b", "c", "d", "e" and 2 more'
