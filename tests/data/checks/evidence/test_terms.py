import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.checks.licence_cases import CASES
from handful.data.checks.evidence.terms import (
    DUTIES,
    USES,
    Terms,
    best_for,
    clashes,
    source_of,
    terms_of,
    together,
)

LETTERS = {"credit": "c", "text": "t", "changes": "h", "same_terms": "s", "source": "o"}
SIMPLE = ("CC0-1.0", "MIT", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "LicenseRef-asked")


def test_there_are_two_hundred_cases_and_none_twice():
    assert len(CASES) >= 200
    assert len({expression for expression, _, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(("expression", "uses", "duties"), CASES)
def test_the_truth_table(expression, uses, duties):
    choices = terms_of(expression)
    assert "".join(use[0] for use in USES if any(each.allows([use]) for each in choices)) == uses
    if uses:
        demanded = best_for(expression, ["publish"]).demands
        assert "".join(LETTERS[duty] for duty in DUTIES if duty in demanded) == duties


@st.composite
def expressions(draw, depth=3):
    """An expression and the sets of uses that one of its alternatives allows, worked out apart."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(SIMPLE))
        denied = {"CC-BY-NC-4.0": {"sell"}, "CC-BY-ND-4.0": {"change"}}.get(name, set())
        return name, [frozenset(USES if name == "LicenseRef-asked" else denied)]
    (one, left), (other, right) = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    if draw(st.booleans()):
        return f"({one}) OR ({other})", left + right
    return f"({one}) AND ({other})", [a | b for a in left for b in right]


@given(expressions())
@settings(max_examples=150, deadline=None)
def test_any_nesting_allows_what_its_parts_do(case):
    expression, denied = case
    for number in range(1, 8):
        uses = {use for place, use in enumerate(USES) if number >> place & 1}
        expected = any(uses.isdisjoint(each) for each in denied)
        assert any(each.allows(uses) for each in terms_of(expression)) == expected


def test_a_choice_serves_one_use_at_a_time():
    choices = terms_of("CC-BY-NC-4.0 OR CC-BY-ND-4.0")
    assert not any(each.allows(["sell", "change"]) for each in choices)
    assert best_for("CC-BY-NC-4.0 OR GPL-3.0-only", ["sell"]).licences == ("GPL-3.0-only",)


def test_the_whole_is_bound_by_the_strictest_part():
    whole = together(best_for(each, ["publish"]) for each in ("CC0-1.0", "MIT", "CC-BY-NC-ND-4.0"))
    assert whole.forbids == {"sell", "change"}
    assert whole.demands == {"credit", "text"}
    assert not together([whole, Terms(unknown=("x",))]).allows(["publish"])


def test_share_alike_families_that_cannot_be_one_whole():
    assert clashes(["CC-BY-SA", "ODbL"]) == [("CC-BY-SA", "ODbL")]
    assert clashes(["CC-BY-SA", "GPL-3"]) == []
    assert clashes(["GPL-2", "GPL-3"]) == [("GPL-2", "GPL-3")]


def test_every_known_licence_says_where_it_is_written():
    named = {
        name for expression, *_ in CASES for each in terms_of(expression) for name in each.licences
    }
    unknown = {
        name for expression, *_ in CASES for each in terms_of(expression) for name in each.unknown
    }
    assert len(named - unknown) > 60
    assert all(source_of(name) for name in named - unknown)
    assert source_of("LicenseRef-asked") == ""
