import pytest

from handful.data.library.sources.columns import (
    Columns,
    as_text,
    find_roles,
    given,
    is_blank,
    language_of,
)
from handful.foundation.errors import ConfigError, UsageError


def rows_of(**columns):
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def found(rows, is_there=lambda path: True, **decided):
    return find_roles(rows, Columns(**decided), is_there, "table.csv")


KILN = rows_of(
    id=[f"kiln-{place}" for place in range(40)],
    photo=[f"photos/{place}.jpg" for place in range(40)],
    tap=[f"taps/{place}.wav" if place % 2 else "" for place in range(40)],
    note=[f"a cup with a blue rim, number {place}" for place in range(40)],
    kind=["cup", "bowl"] * 20,
    grade=["first", "second", "cracked", "first"] * 10,
    batch=[f"batch {place // 4}" for place in range(40)],
    licence=["CC0-1.0"] * 40,
    split=["train", "train", "val", "test"] * 10,
    weight=[place * 1.25 for place in range(40)],
)


def test_a_typical_table_needs_no_help():
    assert found(KILN) == Columns(
        image=("photo",),
        audio=("tap",),
        text=("note",),
        labels=("kind", "grade"),
        group="batch",
        licence="licence",
        id="id",
        split="split",
        attribution="",
        holder="",
        evidence="",
        person="",
        consent_basis="",
        consent_scope="",
        consent_expires="",
        parents="",
        operation="",
    )


def test_what_the_caller_says_is_kept():
    roles = found(KILN, labels=("batch",), text=(), group="kind")
    assert (roles.labels, roles.text, roles.group) == (("batch",), (), "kind")


def test_names_do_not_matter_where_content_speaks():
    rows = rows_of(
        x=[f"{place}.JPG" for place in range(20)],
        y=[f"sentence number {place} about something" for place in range(20)],
        z=["a", "b"] * 10,
    )
    roles = found(rows)
    assert (roles.image, roles.text, roles.labels) == (("x",), ("y",), ("z",))


def test_files_that_are_there_beat_files_that_are_not():
    rows = rows_of(
        title=[f"song {place}.wav" for place in range(20)],
        file=[f"a/{place}.ogg" for place in range(20)],
    )
    roles = found(rows, is_there=lambda path: path.startswith("a/"))
    assert roles.audio == ("file",)
    assert roles.text == ()


def test_a_table_whose_files_are_all_missing_still_has_its_column():
    rows = rows_of(file=[f"{place}.png" for place in range(5)], n=[1, 2, 3, 4, 5])
    assert found(rows, is_there=lambda path: False).image == ("file",)


def test_addresses_on_the_web_are_no_paths():
    rows = rows_of(url=[f"https://x.org/{place}.png" for place in range(5)])
    assert found(rows).image == ()


def test_languages_of_one_text_come_together():
    rows = [
        {"text.en": f"a cup {n}", "text.zh_CN": f"杯子 {n}", "name": f"cup {n}"} for n in range(9)
    ]
    roles = found(rows)
    assert roles.text == ("text.en", "text.zh_CN")
    assert language_of("text.zh_CN", ["text.en", "text.zh_CN"]) == "zh-CN"
    assert language_of("note", ["note"]) == "und"
    assert language_of("meta.en", ["meta.en"]) == "und"


def test_few_large_groups_are_rather_a_class():
    rows = rows_of(group=["fruit", "drink"] * 30, note=[f"number {n} of many" for n in range(60)])
    assert found(rows).labels == ("group",)
    assert found(rows).group == ""


def test_a_few_speakers_are_a_group_all_the_same():
    rows = rows_of(speaker=["ann", "bob"] * 30, file=[f"{n}.wav" for n in range(60)])
    assert found(rows).group == "speaker"


def test_too_many_classes_and_measures_are_no_labels():
    rows = rows_of(
        note=[f"number {n} of many" for n in range(60)],
        code=[f"c{n}" for n in range(60)],
        size=[n / 3 for n in range(60)],
        only=["x"] * 60,
        day=["2026-03-01", "2026-04-01"] * 30,
    )
    assert found(rows).labels == ()


def test_an_unknown_column_is_said():
    with pytest.raises(UsageError, match="did you mean `photo`"):
        found(KILN, image=("foto",))


def test_roles_are_checked_all_at_once():
    with pytest.raises(ConfigError) as caught:
        given({"image": "photo", "pictures": "x", "group": 3})
    assert len(caught.value.mistakes) == 2


def test_one_name_and_several_are_the_same():
    assert given({"image": "a", "labels": ["b", "c"], "text": []}) == Columns(
        image=("a",), labels=("b", "c"), text=()
    )
    assert given(None) == Columns()


def test_the_decisions_can_be_read():
    said = found(KILN).sentences(list(KILN[0]))
    assert "image from `photo`" in said
    assert "labels from `kind`, `grade`" in said
    assert said[-1] == "not used: `weight`"


@pytest.mark.parametrize("value", [None, "", "  ", float("nan"), [], {}])
def test_blank_cells(value):
    assert is_blank(value)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (3, "3"), (3.0, "3"), (2.5, "2.5"), (" cup ", "cup")]
)
def test_cells_as_answers(value, text):
    assert not is_blank(value)
    assert as_text(value) == text
