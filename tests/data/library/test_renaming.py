import pytest

from handful.data.library.library import Library
from handful.data.library.renaming import rename
from handful.foundation.errors import UsageError


@pytest.fixture
def library(tmp_path, item, label):
    made = Library.open_or_create(tmp_path / "library")
    made.add(
        [
            item("a", labels=(label("cup"),)),
            item("b", labels=(label("mug"),)),
            item("c", labels=(label("mug", "grade"),)),
        ]
    )
    return made


def answers(library, task="kind"):
    return {each.key: each.label(task) for each in library.items()}


def test_an_answer_gets_another_name_everywhere_in_one_version(library):
    before = library.version
    made = rename(library, "kind", "cup", "beaker")
    assert (made.items, made.joined, made.version) == (1, 0, before + 1)
    assert answers(library) == {"a": "beaker", "b": "mug", "c": None}
    assert answers(library, "grade")["c"] == "mug", "another task is another question"


def test_two_answers_become_one_and_undo_parts_them(library):
    digest = library.digest
    made = rename(library, "kind", "cup", "mug")
    assert (made.items, made.joined) == (1, 1)
    assert answers(library)["a"] == "mug"
    (named,) = [each for each in library.items() if each.key == "a"]
    assert [each.value for each in named.labels] == ["cup", "mug"]
    assert len({each.annotator for each in named.labels}) == 1, "who said it stays"
    library.undo()
    assert answers(library)["a"] == "cup"
    assert library.digest == digest


@pytest.mark.parametrize(
    ("task", "old", "new", "said"),
    [
        ("kind", "cap", "mug", 'has the answer "cap"'),
        ("kind", "cup", "cup", "cannot be renamed"),
        ("kind", "cup", " ", "cannot be renamed"),
        ("size", "cup", "mug", 'Nobody answered "size"'),
    ],
)
def test_what_cannot_be_renamed_is_said_and_nothing_changes(library, task, old, new, said):
    before = library.version
    with pytest.raises(UsageError, match=said):
        rename(library, task, old, new)
    assert library.version == before
