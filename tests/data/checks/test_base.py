import pytest

from handful.data.checks.base import Finding, Severity, View, some


def finding(title="3 files are odd", items=("b", "a"), **facts):
    return Finding(
        check="odd",
        title=title,
        severity=facts.get("severity", Severity.NOTE),
        items=items,
        meaning="M.",
        fix="F.",
        not_covered="N.",
    )


def test_a_finding_keeps_its_id_while_only_numbers_change():
    assert finding("3 files are odd").id == finding("14 files are odd").id
    assert finding().id.startswith("odd-")


@pytest.mark.parametrize("other", [{"title": "3 files are gone"}, {"items": ("a",)}])
def test_another_finding_has_another_id(other):
    assert finding(**other).id != finding().id


def test_plain_data_has_every_field():
    plain = finding().as_dict()
    assert plain["id"] == finding().id
    assert plain["severity"] == "note"
    assert plain["items"] == ["b", "a"]


def test_a_view_shows_quarantined_items_as_well(bench, dice):
    bench.item("a", dice)
    bench.item("b", dice, audio="", note="")
    (bench.files / "b.png").write_bytes(b"no picture")
    view = View.of(bench.library())
    assert [item.key for item in view.items] == ["a", "b"]
    assert [item.key for item in view.usable] == ["a"]


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["a", "b"], "a, b"), (list("abcdefg"), "a, b, c, d, e and 2 more")],
)
def test_some_names(names, said):
    assert some(names) == said
