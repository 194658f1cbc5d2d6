import pyarrow as pa
import pytest

from handful.data.library.store import Table, column_lists, is_one_of
from handful.foundation.errors import ProjectError, StorageError

SCHEMA = pa.schema([("name", pa.string()), ("notes", pa.list_(pa.string()))])


def rows(*names):
    return pa.table({"name": list(names), "notes": [None] * len(names)}, schema=SCHEMA)


def names(table, version, **options):
    return sorted(column_lists(table.read(version, **options))["name"])


@pytest.fixture
def table(tmp_path):
    table = Table(tmp_path / "things.lance", SCHEMA)
    table.create()
    return table


def test_every_version_stays_readable(table):
    first = table.append(rows("a"))
    second = table.append(rows("b", "c"))
    third = table.delete("name", ["a"])
    assert [names(table, version) for version in (first, second, third)] == [
        ["a"],
        ["a", "b", "c"],
        ["b", "c"],
    ]


def test_a_new_table_is_empty_and_has_its_columns(table):
    assert table.read(1).schema.equals(SCHEMA)
    assert len(table.read(1)) == 0


def test_rewinding_drops_what_came_later(table):
    good = table.append(rows("a"))
    table.append(rows("b"))
    table.append(rows("c"))
    version = table.rewind(good)
    assert names(table, version) == ["a"]
    assert names(table, table.append(rows("d"))) == ["a", "d"]


def test_rewinding_to_the_newest_changes_nothing(table):
    newest = table.append(rows("a"))
    assert table.rewind(newest) == newest


def test_only_wanted_rows_and_columns_are_read(table):
    version = table.append(rows("a", "b'c", "d"))
    found = table.read(version, ["name"], is_one_of("name", ["b'c", "d"]), 5)
    assert found.column_names == ["name"]
    assert sorted(found.column("name").to_pylist()) == ["b'c", "d"]
    assert len(table.read(version, limit=2)) == 2


def test_a_quote_does_not_end_the_condition(table):
    version = table.append(rows("a", "b"))
    assert names(table, version, where=is_one_of("name", ["x') OR ('' = '"])) == []


def test_one_of_nothing_is_nothing(table):
    version = table.append(rows("a"))
    assert names(table, version, where=is_one_of("name", [])) == []


def test_ten_thousand_rows_can_be_taken_out_at_once(table):
    every = [f"n{place}" for place in range(10_001)]
    table.append(rows(*every))
    version = table.delete("name", every[1:])
    assert names(table, version) == ["n0"]


@pytest.mark.parametrize("version", [99])
def test_a_missing_version_is_said(table, version):
    with pytest.raises(ProjectError, match="restore the folder"):
        table.read(version)


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(ProjectError, match=r"nothing\.lance"):
        Table(tmp_path / "nothing.lance", SCHEMA).read(1)


def test_a_table_left_by_a_killed_process_is_made_anew(table):
    table.append(rows("left over"))
    assert names(table, table.create()) == []


def test_the_disk_gets_its_number_back(table, monkeypatch):
    import lance

    def full(*_args, **_options):
        raise OSError("LanceError(IO): No space left on device (os error 28), /rust/x.rs:1")

    monkeypatch.setattr(lance, "write_dataset", full)
    with pytest.raises(StorageError, match="the disk is full"):
        table.append(rows("a"))


def test_another_error_passes_unchanged(table, monkeypatch):
    import lance

    def odd(*_args, **_options):
        raise OSError("LanceError(IO): something else")

    monkeypatch.setattr(lance, "write_dataset", odd)
    with pytest.raises(OSError, match="something else"):
        table.append(rows("a"))
