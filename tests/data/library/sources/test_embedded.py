import json
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from handful.data.library.ingest import ingest
from handful.data.library.items import Split
from handful.data.library.sources.columns import SPLITS
from handful.data.library.sources.embedded import (
    Embedded,
    class_names,
    file_of,
    is_file,
    named,
    split_of,
)
from handful.foundation.errors import UsageError
from hostile.cases import picture, sound

NAMES = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["cup", "bowl"]}}}}


def shard(path, rows, described=NAMES):
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows)
    metadata = {b"huggingface": json.dumps(described).encode()} if described else {}
    parquet.write_table(table.replace_schema_metadata(metadata), path)
    return path


def rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    from PIL import Image

    return [
        {
            "image": {
                "bytes": picture("PNG", Image.new("RGB", (8, 8), (number, 9, 9))),
                "path": f"{number}.png",
            },
            "caption": f"the piece number {number} of the shop",
            "label": number % 2,
        }
        for number in range(start, start + count)
    ]


def test_pictures_in_cells_are_taken_in_with_the_names_of_their_classes(library, tmp_path):
    path = shard(tmp_path / "train-00000-of-00001.parquet", rows(6))
    report = ingest(library, path)
    assert (report.seen, report.ok) == (12, 12)
    items = library.items()
    assert [item.modalities for item in items] == [("text", "image")] * 6
    assert [item.label("label") for item in items] == ["cup", "bowl"] * 3
    path.unlink()
    assert library.read_part(items[3], "image")[0, 0, 0] == 3
    assert items[3].parts["image"].origin == f"{path}!row 4 3.png"


def test_a_second_time_nothing_changes(library, tmp_path):
    path = shard(tmp_path / "a.parquet", rows(4))
    ingest(library, path)
    assert ingest(library, path).items_unchanged == 4


def test_a_folder_of_shards_is_one_dataset_with_its_splits(library, tmp_path):
    shard(tmp_path / "src" / "data" / "train-00000-of-00002.parquet", rows(4))
    shard(tmp_path / "src" / "data" / "train-00001-of-00002.parquet", rows(4, 4))
    shard(tmp_path / "src" / "data" / "test-00000-of-00001.parquet", rows(4, 8))
    (tmp_path / "src" / "README.md").write_text("about it")
    report = ingest(library, tmp_path / "src")
    assert report.items_added == 12
    assert report.reasons == {"file/about": 1}
    assert report.seen == report.ok + report.skipped == 25
    splits = [item.split for item in library.items()]
    assert (splits.count(Split.TRAIN), splits.count(Split.TEST)) == (8, 4)
    assert {item.label("label") for item in library.items()} == {"cup", "bowl"}
    with pytest.raises(UsageError):
        ingest(library, tmp_path / "src", labels_from_folders=True)


def test_sounds_in_cells_and_paths_beside_the_table_are_read(library, tmp_path):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "b.wav").write_bytes(sound())
    cells = [{"bytes": sound("FLAC"), "path": None}, {"bytes": None, "path": "clips/b.wav"}]
    path = shard(tmp_path / "a.parquet", [{"audio": cell} for cell in cells * 2])
    report = ingest(library, path)
    assert (report.ok, report.quarantined) == (4, 0)
    assert [item.parts["audio"].mime for item in library.items()][:2] == ["audio/flac", "audio/wav"]


def test_a_damaged_cell_and_a_path_that_leads_out_are_named(library, tmp_path):
    spoiled = rows(4)
    spoiled[1]["image"]["bytes"] = spoiled[1]["image"]["bytes"][:-9]
    spoiled[2]["image"] = {"bytes": None, "path": "../../etc/passwd.png"}
    report = ingest(library, shard(tmp_path / "a.parquet", spoiled))
    assert report.reasons == {"image/truncated": 1, "file/outside": 1}
    assert report.seen == report.ok + report.quarantined == 8


def test_cells_are_named_by_their_path_or_their_content():
    cell = file_of({"bytes": picture("JPEG"), "path": "a/b\\c.jpeg"}, "t!row 1")
    assert isinstance(cell, Embedded)
    assert (cell, cell.origin) == ("c.jpeg", "t!row 1 c.jpeg")
    assert file_of({"bytes": picture("JPEG"), "path": None}, "t") == "file.jpg"
    assert file_of({"bytes": sound(), "path": "x"}, "t") == "x.wav"
    assert file_of({"bytes": None, "path": "d/e.png"}, "t") == "d/e.png"
    assert file_of({"bytes": None, "path": None}, "t") is None
    assert not is_file({"bytes": "no", "path": "x"})
    assert not is_file({"bytes": b"", "path": "x", "more": 1})


@pytest.mark.parametrize("described", [b"[]", b"{}", b"{broken", b'{"info": 1}', b"\xff"])
def test_a_description_that_says_nothing_names_no_class(described):
    assert class_names({b"huggingface": described}) == {}
    assert class_names(None) == class_names({}) == {}


def test_numbers_become_names_and_unknown_ones_nothing():
    assert [named(value, ["a", "b"]) for value in (0, 1, 2, -1, True, "x")] == [
        "a",
        "b",
        None,
        None,
        True,
        "x",
    ]


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("data/train-00000-of-00004.parquet", Split.TRAIN),
        ("validation.parquet", Split.VALIDATION),
        ("test-00001-of-00002.parquet", Split.TEST),
        ("photos.parquet", None),
    ],
)
def test_a_shards_name_gives_its_split(name, split):
    assert split_of(name, SPLITS) == split
