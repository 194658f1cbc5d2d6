from dataclasses import replace

import pytest

from handful.data.library.card import read_card
from handful.data.library.library import Library
from handful.data.library.rows import LabelRow
from handful.data.library.writer import Writer, tables_in
from handful.foundation.errors import UsageError


@pytest.fixture
def writer(library):
    return Writer(library.folder, library.card, "test", lambda card: None)


def test_a_commit_is_one_version_with_all_of_it(library, writer, item, label):
    first = item("a", id=writer.fresh_id(), labels=(label("cup"),))
    card = writer.commit([first, item("b", id=writer.fresh_id())])
    assert (card.version, card.labels, card.doing) == (2, 1, "test")
    changed = replace(first, group="g")
    card = writer.commit(
        [item("c", id=writer.fresh_id())],
        changed=[changed],
        labels=[LabelRow(first.id, label("jug"))],
    )
    assert card.version == 3
    assert read_card(library.folder) == card
    items = Library.open(library.folder).items()
    assert [each.key for each in items] == ["a", "b", "c"]
    assert (items[0].group, items[0].label("kind")) == ("g", "jug")


def test_each_commit_is_told(library, item):
    told = []
    writer = Writer(library.folder, library.card, "test", told.append)
    writer.commit([item("a", id=writer.fresh_id())])
    writer.commit([item("b", id=writer.fresh_id())])
    assert [card.version for card in told] == [2, 3]


def test_nothing_is_no_version(library, writer):
    assert writer.commit() == library.card


def test_an_id_in_use_is_refused_before_anything_is_written(library, writer, item):
    one = item("a", id=writer.fresh_id())
    writer.commit([one])
    with pytest.raises(UsageError, match="already"):
        writer.commit([item("b", id=writer.fresh_id()), one])
    assert len(Library.open(library.folder).items()) == 1


def test_rows_that_no_manifest_names_are_dropped(library, writer, item, label):
    from handful.data.library.rows import items_to_rows, labels_to_rows

    writer.commit([item("a", id=writer.fresh_id(), labels=(label(),))])
    tables = tables_in(library.folder)
    tables.items.append(items_to_rows([item("ghost", id=writer.fresh_id())]))
    tables.labels.append(labels_to_rows([LabelRow("ghost", label())], 1))
    assert [each.key for each in Library.open(library.folder).items()] == ["a"]
    library.add([item("b")])
    assert [each.key for each in library.items()] == ["a", "b"]
    assert library.counts()["labels"] == 1
