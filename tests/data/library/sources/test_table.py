import json
from contextlib import ExitStack
from typing import cast

import pyarrow as pa
import pytest
from pyarrow import parquet

from handful.data.library.items import Rights, Split
from handful.data.library.sources.base import Aside, Candidate
from handful.data.library.sources.columns import Columns
from handful.data.library.sources.table import Line, lines, read_table
from handful.foundation.errors import InputError

ROWS = [{"note": "a small cup", "kind": "cup"}, {"note": 'it\'s, "odd"\nreally', "kind": "jug"}]


def rows_in(path):
    return [line.row for line in lines(path) if isinstance(line, Line)]


def faults_in(path):
    return [(a.name, a.reason.reason) for a in lines(path) if isinstance(a, Aside)]


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


CSV = 'note,kind\na small cup,cup\n"it\'s, ""odd""\nreally",jug\n'


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", CSV),
        ("t.csv", b"\xef\xbb\xbf" + CSV.encode()),
        ("t.csv", CSV.encode("utf-16")),
        ("t.csv", CSV.replace("cup,", "cup;").replace("note,", "note;").replace('",j', '";j')),
        ("t.tsv", CSV.replace("cup,", "cup\t").replace("note,", "note\t").replace('",j', '"\tj')),
        ("t.jsonl", "\n".join(map(json.dumps, ROWS))),
        ("t.ndjson", "\n\n".join(map(json.dumps, ROWS)) + "\n"),
    ],
)
def test_every_kind_gives_the_same_rows(tmp_path, name, data):
    assert rows_in(write(tmp_path / name, data)) == ROWS


def test_parquet_gives_the_same_rows(tmp_path):
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "t.parquet")
    assert rows_in(tmp_path / "t.parquet") == ROWS


def test_nested_values_get_dotted_names(tmp_path):
    entry = {"text": {"en": "a", "fr": "b"}, "images": ["1.jpg", "2.jpg"], "tags": [], "n": None}
    (row,) = rows_in(write(tmp_path / "t.jsonl", json.dumps(entry)))
    assert row == {"text.en": "a", "text.fr": "b", "images.0": "1.jpg", "tags": [], "n": None}


def test_bad_lines_are_named_and_the_others_go_on(tmp_path):
    path = write(tmp_path / "t.jsonl", '{"a": 1}\n{"a": \n[1]\n{"a": 2}\n' + "[" * 100_000 + "\n")
    assert rows_in(path) == [{"a": 1}, {"a": 2}]
    assert faults_in(path) == [
        ("line 2", "table/bad_row"),
        ("line 3", "table/bad_row"),
        ("line 5", "table/bad_row"),
    ]


def test_rows_of_another_length_are_named(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n1,2\n1,2,3\n\n4\n5,6\n")
    assert rows_in(path) == [{"a": "1", "b": "2"}, {"a": "5", "b": "6"}]
    assert faults_in(path) == [("line 3", "table/row_length"), ("line 5", "table/row_length")]


def test_an_open_quote_is_named(tmp_path):
    path = write(tmp_path / "t.csv", 'a,b\n1,2\n"never closed,3\n4,5\n')
    assert rows_in(path) == [{"a": "1", "b": "2"}]
    assert [reason for _, reason in faults_in(path)] == ["table/bad_row"]


def test_a_very_long_cell_is_read(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n" + "x" * 300_000 + ",2\n")
    assert len(rows_in(path)[0]["a"]) == 300_000


@pytest.mark.parametrize(
    ("name", "data", "match"),
    [
        ("t.csv", "a,b,a\n1,2,3\n", 'more than one column named "a"'),
        ("t.csv", b"a,b\n\x001,2\n", "NUL"),
        ("t.jsonl", b"\xff\xfe{", "utf-16"),
        ("t.parquet", b"PAR1 broken PAR1", "as Parquet"),
    ],
)
def test_a_table_that_is_none_is_said(tmp_path, name, data, match):
    with pytest.raises(InputError, match=match):
        list(lines(write(tmp_path / name, data)))


def plan_for(path, root=None, **columns):
    with ExitStack() as stack:
        plan = read_table(
            path,
            Columns(**columns),
            (root or path.parent).resolve(),
            stack,
            Rights(licence="MIT"),
            path.parent,
        )
        found = list(plan.candidates)
    assert not any(isinstance(each, Aside) for each in found)
    return cast(list[Candidate], found)


def path_of(candidate):
    place = candidate.pieces[0].place
    return place.path if place else None


def fault_of(candidate):
    fault = candidate.pieces[0].fault
    return fault.reason if fault else None


def test_a_row_becomes_a_candidate(tmp_path, picture):
    picture(tmp_path / "p" / "1.png")
    row = {"id": "x", "p": "p\\1.png", "note": "a b", "k": 3.0, "s": "DEV", "g": 7, "l": ""}
    (found,) = plan_for(
        write(tmp_path / "t.jsonl", json.dumps(row)),
        image=("p",), text=("note",), labels=("k",), split="s", group="g", licence="l", id="id",
    )  # fmt: skip
    assert (found.key, found.group, found.split) == ("x", "7", Split.VALIDATION)
    assert found.labels == {"k": "3"}
    assert found.rights == Rights(licence="MIT")
    assert [(piece.modality, piece.name) for piece in found.pieces] == [
        ("image", "p\\1.png"),
        ("text", "note"),
    ]
    assert path_of(found) == str(tmp_path / "p" / "1.png")
    assert found.pieces[1].words == {"und": "a b"}


def test_the_first_column_that_is_filled_counts(tmp_path):
    rows = [{"a": "1.wav", "b": "2.wav"}, {"a": None, "b": "2.wav"}]
    path = write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows)))
    names = [found.pieces[0].name for found in plan_for(path, audio=("a", "b"))]
    assert names == ["1.wav", "2.wav"]


def test_texts_of_several_columns_are_joined_by_language(tmp_path):
    row = {"t.en": "a cup", "t.fr": "une tasse", "more": "blue", "also": "old"}
    path = write(tmp_path / "t.jsonl", json.dumps(row))
    (found,) = plan_for(path, text=("t.en", "t.fr", "more", "also"))
    assert found.pieces[0].words == {"en": "a cup", "fr": "une tasse", "und": "blue\nold"}


def test_a_text_file_may_be_named_instead_of_written(tmp_path, note):
    note(tmp_path / "n" / "1.txt", "the words")
    path = write(tmp_path / "t.csv", "note\nn/1.txt\nn/gone.txt\n")
    found = plan_for(path, text=("note",))
    assert path_of(found[0]) == str(tmp_path / "n" / "1.txt")
    assert found[1].pieces[0].words == {"und": "n/gone.txt"}


@pytest.mark.parametrize("value", ["../out.png", "/etc/out.png", "p/../../out.png", "link/out.png"])
def test_paths_do_not_leave_the_folder(tmp_path, picture, value):
    picture(tmp_path / "out.png")
    folder = tmp_path / "t"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    path = write(folder / "t.jsonl", json.dumps({"p": value}))
    (found,) = plan_for(path, image=("p",))
    assert found.pieces[0].place is None
    assert fault_of(found) == "file/outside"


def test_another_folder_may_be_named_for_the_files(tmp_path, picture):
    picture(tmp_path / "media" / "1.png")
    (tmp_path / "t").mkdir()
    path = write(tmp_path / "t" / "t.jsonl", json.dumps({"p": "1.png"}))
    (found,) = plan_for(path, root=tmp_path / "media", image=("p",))
    assert found.pieces[0].place is not None


@pytest.mark.parametrize("value", ["gone.png", "a\x00b.png", "x" * 5000 + ".png"])
def test_files_that_are_not_there_are_named(tmp_path, value):
    path = write(tmp_path / "t.jsonl", json.dumps({"p": value}))
    (found,) = plan_for(path, image=("p",))
    assert fault_of(found) == "file/missing"


def test_names_used_twice_are_told_apart(tmp_path):
    path = write(tmp_path / "t.csv", "id,note\nx,one\nx,two\n")
    assert [found.key for found in plan_for(path, id="id", text=("note",))] == ["x", "x (line 3)"]


def test_a_table_without_anything_to_read_names_its_columns(tmp_path):
    with pytest.raises(InputError, match="its columns are a, b"):
        plan_for(write(tmp_path / "t.csv", "a,b\n1,2\n3,4\n"))
