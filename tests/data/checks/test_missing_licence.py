import pytest

from handful.data.checks.missing_licence import is_expression, suggestions

NAME = "missing_licence"


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "mit",
        "CC-BY-SA-4.0",
        "GPL-2.0-or-later WITH Classpath-exception-2.0",
        "(MIT OR Apache-2.0) AND CC0-1.0",
        "LicenseRef-our-own",
    ],
)
def test_spdx_is_understood(licence):
    assert is_expression(licence)


@pytest.mark.parametrize(
    "licence", ["CC-BY", "CC0", "public domain", "MIT AND", "free", "CC-BY-NC-5.0", "(MIT"]
)
def test_anything_else_is_not(licence):
    assert not is_expression(licence)


@pytest.mark.parametrize(
    ("licence", "first"),
    [
        ("CC-BY", "CC-BY-4.0"),
        ("CC0", "CC0-1.0"),
        ("cc by-sa", "CC-BY-SA-4.0"),
        ("Apache 2", "Apache-2.0"),
        ("BSD", "BSD-3-Clause"),
    ],
)
def test_near_ids_are_offered(licence, first):
    offered = suggestions(licence)
    assert offered[0] == first
    assert all(map(is_expression, offered))


def test_nothing_is_offered_for_nonsense():
    assert suggestions("ask my cousin") == []


@pytest.mark.parametrize("licence", ["", "  ", "NOASSERTION", "none", "Unknown", "n/a"])
def test_words_that_say_nothing_count_as_missing(bench, dice, found, licence):
    bench.item("a", dice, licence=licence)
    bench.item("b", dice, licence="MIT")
    title = "1 of 2 items do not say under which terms they may be used"
    assert found(NAME) == {title: ["a"]}


def test_unknown_words_are_gathered(bench, dice, found):
    bench.item("a", dice, licence="CC-BY")
    bench.item("b", dice, licence="CC-BY")
    bench.item("c", dice, licence="ask me")
    assert found(NAME) == {
        "3 items name a licence that is not in the SPDX list: CC-BY, ask me": ["a", "b", "c"]
    }
    assert found(NAME, accept=["ask me", "CC-BY"]) == {}
