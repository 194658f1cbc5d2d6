import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.library.export.conftest import bytes_of, png, without_paths
from handful.data.library.export import layout, writing
from handful.data.library.export.reading import read_export
from handful.data.library.export.writing import export
from handful.data.library.ingest import ingest
from handful.data.library.items import Item, Label, LabelKind, Part, Rights, Split, Status
from handful.data.library.library import Library
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import InputError, NewerFormatError, ProjectError, UsageError


def everything(library):
    return library.items(with_quarantined=True)


def test_an_export_becomes_the_same_library_again(odd, empty, tmp_path):
    done = export(odd, tmp_path / "out")
    assert done.missing == ()
    assert (done.items, done.digest) == (len(odd), odd.digest())
    report = read_export(empty, tmp_path / "out")
    assert report.digest == empty.digest() == odd.digest()
    assert without_paths(everything(empty)) == without_paths(everything(odd))
    assert [item.labels for item in everything(empty)] == [item.labels for item in everything(odd)]
    assert bytes_of(empty) == bytes_of(odd)
    assert empty.counts() == odd.counts()
    assert empty.locked == odd.locked == (Split.TEST,)
    assert empty.card.rule == odd.card.rule
    assert empty.tags() == {"tested": empty.version}
    quarantined = [(each.item.key, each.part.reason) for each in odd.quarantined()]
    assert [(each.item.key, each.part.reason) for each in empty.quarantined()] == quarantined
    assert len(quarantined) == 3


def test_the_copy_reads_its_own_files_when_all_others_are_gone(odd, empty, tmp_path):
    export(odd, tmp_path / "out")
    read_export(empty, tmp_path / "out")
    for gone in ("out", "files", "shop"):
        shutil.rmtree(tmp_path / gone)
    for item in empty.items():
        for modality in item.modalities:
            assert empty.read_part(item, modality) is not None
            assert empty.media.fault(item.parts[modality], rehash=True) == ""


def test_there_and_back_twice_writes_the_same_table(odd, empty, tmp_path):
    export(odd, tmp_path / "one")
    read_export(empty, tmp_path / "one")
    export(empty, tmp_path / "two")
    one, two = (pq.read_table(tmp_path / name / layout.TABLE) for name in ("one", "two"))
    differing = [name for name in one.column_names if one[name] != two[name]]
    assert set(differing) <= {f"{modality}_path" for modality in MODALITIES}


def test_adding_the_source_again_finds_nothing_new(odd, empty, tmp_path):
    export(odd, tmp_path / "out")
    read_export(empty, tmp_path / "out")
    report = ingest(empty, tmp_path / "files", labels_from_folders="kind", licence="CC-BY-4.0")
    assert (report.items_added, report.items_changed) == (0, 0)


def test_every_file_is_listed_with_its_hash_and_every_column_explained(odd, tmp_path):
    folder = export(odd, tmp_path / "out").folder
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {*manifest["files"], "manifest.json"}
    for name, facts in manifest["files"].items():
        data = (folder / name).read_bytes()
        assert facts == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    page = (folder / layout.README).read_text("utf-8")
    for name in pq.read_schema(folder / layout.TABLE).names:
        assert f"`{name}`" in page
    assert not list(tmp_path.glob(".unfinished-*"))


def test_files_that_vanished_or_changed_are_named_and_the_rest_goes_on(odd, empty, tmp_path):
    (tmp_path / "files" / "twin.png").unlink()
    (tmp_path / "files" / "cup 0" / "cup.png").unlink()
    changed = tmp_path / "files" / "茶碗 2" / "茶碗.png"
    changed.write_bytes(png(77))
    done = export(odd, tmp_path / "out")
    assert sorted(Path(each.origin).name for each in done.missing) == [
        "cup.png",
        "twin.png",
        "茶碗.png",
    ]
    assert "茶碗.png" in (tmp_path / "out" / layout.README).read_text("utf-8")
    report = read_export(empty, tmp_path / "out")
    assert len(report.missing) == 3
    assert report.digest == odd.digest()
    lost = [item for item in empty.items() if item.key.endswith("茶碗")]
    with pytest.raises(InputError):
        empty.read_part(lost[0], "image")


def test_a_file_that_was_changed_behind_its_time_stamp_is_not_taken_along(odd, tmp_path):
    path = tmp_path / "files" / "cup 0" / "cup.png"
    facts, data = path.stat(), bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (tmp_path / "files" / "twin.png").unlink()
    assert "cup.png" in {Path(each.origin).name for each in export(odd, tmp_path / "out").missing}


def test_an_older_version_can_be_exported(odd, empty, tmp_path):
    past = Library.open(odd.folder, 2)
    export(past, tmp_path / "out")
    read_export(empty, tmp_path / "out")
    assert empty.digest() == past.digest() != odd.digest()
    assert empty.locked == ()


@pytest.mark.parametrize("place", ["taken", "file", "link", "inside", "project"])
def test_a_place_that_will_not_do_is_refused(odd, tmp_path, place):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "taken")
    (odd.folder.parent / "project.toml").write_text("")
    where = {"inside": odd.folder / "out", "project": odd.folder.parent / "out"}
    with pytest.raises(UsageError):
        export(odd, where.get(place, tmp_path / place))
    assert (tmp_path / "taken" / "mine.txt").read_text() == "mine"


def test_an_empty_folder_and_missing_parents_will_do(odd, tmp_path):
    (tmp_path / "void").mkdir()
    assert export(odd, tmp_path / "void").items == len(odd)
    assert export(odd, tmp_path / "a" / "b" / "c").items == len(odd)


def test_what_stops_an_export_leaves_nothing_there(odd, tmp_path, monkeypatch):
    def refuse(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "write_manifest", refuse)
    with pytest.raises(KeyboardInterrupt):
        export(odd, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".unfinished-*"))


def media_of(folder):
    return sorted(path for path in (folder / "media").rglob("*") if path.is_file())


def spoil_file(folder):
    path = media_of(folder)[0]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return path.name


def lose_file(folder):
    path = media_of(folder)[1]
    path.unlink()
    return path.name


def spoil_table(folder):
    path = folder / layout.TABLE
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return layout.TABLE


def link_file(folder):
    path = media_of(folder)[0]
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    return path.name


def spoil_page(folder):
    (folder / layout.README).write_text("something else")
    return layout.README


@pytest.mark.parametrize("spoil", [spoil_file, lose_file, spoil_table, link_file, spoil_page])
def test_an_altered_export_is_refused_by_name_and_nothing_is_taken_in(odd, empty, tmp_path, spoil):
    folder = export(odd, tmp_path / "out").folder
    name = spoil(folder)
    with pytest.raises(InputError, match=name):
        read_export(empty, folder)
    assert (len(empty), empty.version) == (0, 1)
    assert not list((empty.folder / "media").rglob("*.*"))


def alter(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), "utf-8")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda m: m.update(format=99), NewerFormatError),
        (lambda m: m.update(kind="run"), ProjectError),
        (lambda m: m.pop("files"), ProjectError),
        (lambda m: m["files"].update({"../../etc/passwd": m["files"][layout.TABLE]}), ProjectError),
        (lambda m: m["files"].update({"/etc/passwd": m["files"][layout.TABLE]}), ProjectError),
        (lambda m: m["files"].pop(layout.TABLE), ProjectError),
        (lambda m: m["files"].pop(next(n for n in m["files"] if "media" in n)), ProjectError),
        (lambda m: m["library"].update(digest="0" * 64), ProjectError),
        (lambda m: m["library"].update(locked=["nonsense"]), ProjectError),
        (lambda m: m["library"].update(rule={"test": 7}), ProjectError),
        (lambda m: m["library"].update(rule={"colour": "red"}), ProjectError),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(odd, empty, tmp_path, change, error):
    folder = export(odd, tmp_path / "out").folder
    alter(folder, change)
    with pytest.raises(error):
        read_export(empty, folder)
    assert len(empty) == 0
    assert not list((empty.folder / "media").rglob("*.*"))


def test_a_row_that_was_changed_does_not_add_up(odd, empty, tmp_path):
    folder = export(odd, tmp_path / "out").folder
    table = pq.read_table(folder / layout.TABLE)
    rows = table.to_pylist()
    rows[0]["group_id"] = "another"
    pq.write_table(type(table).from_pylist(rows, table.schema), folder / layout.TABLE)
    data = (folder / layout.TABLE).read_bytes()
    facts = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    alter(folder, lambda manifest: manifest["files"].update({layout.TABLE: facts}))
    with pytest.raises(ProjectError, match="digest"):
        read_export(empty, folder)


def test_a_folder_that_is_none_and_a_library_that_is_full_are_refused(odd, empty, tmp_path):
    with pytest.raises(ProjectError, match="no export"):
        read_export(empty, tmp_path / "files")
    with pytest.raises(UsageError, match="empty one"):
        read_export(odd, export(odd, tmp_path / "out").folder)


KILLED = """
import os, sys
from pathlib import Path
from handful.data.library.export.reading import read_export
from handful.data.library.export.writing import export
from handful.data.library.library import Library

act, library, folder, before = sys.argv[1:]
touched = 0

def dying(touch):
    def told(*args, **options):
        global touched
        touched += 1
        if touched == int(before):
            os._exit(9)
        return touch(*args, **options)
    return told

os.fsync, Path.replace, Path.rename = map(dying, (os.fsync, Path.replace, Path.rename))
act = export if act == "export" else read_export
act(Library.open(Path(library)), Path(folder))
print("done")
"""


def killed(act, library, folder, before):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, act, str(library.folder), str(folder), str(before)],
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 9), done.stderr
    return done.returncode == 9


@pytest.mark.parametrize(
    "before", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 8, 12, 14, 16, 18, 19))]
)
def test_a_killed_export_leaves_no_folder_that_looks_whole(odd, empty, tmp_path, before):
    if killed("export", odd, tmp_path / "out", before) and (tmp_path / "out").exists():
        assert (tmp_path / "out" / "manifest.json").exists()
    elif not (tmp_path / "out").exists():
        export(odd, tmp_path / "out")
    assert read_export(empty, tmp_path / "out").digest == odd.digest()


@pytest.mark.parametrize(
    "before", [6, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 10, 14, 16, 18, 20, 22))]
)
def test_a_killed_import_took_all_in_or_nothing(odd, empty, tmp_path, before):
    folder = export(odd, tmp_path / "out").folder
    killed("import", empty, folder, before)
    empty.refresh()
    assert len(empty) in (0, len(odd))
    if not len(empty):
        assert empty.version == 1
        read_export(empty, folder)
    assert empty.digest() == odd.digest()
    assert bytes_of(empty) == bytes_of(odd)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
NAMES = TEXTS.filter(str.strip)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))


@st.composite
def parts(draw):
    """Any parts whose bytes lie nowhere: texts from tables, and what could not be read."""
    made = {}
    if draw(st.booleans()):
        words = draw(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
        made["text"] = Part(
            modality="text", words=words, content_sha256=draw(TEXTS), origin=draw(TEXTS)
        )
    if draw(st.booleans()) or not made:
        made["image"] = Part(
            modality="image",
            status=Status.QUARANTINED,
            reason=draw(TEXTS),
            detail=draw(TEXTS),
            notes=tuple(draw(st.lists(TEXTS, max_size=2))),
            origin=draw(TEXTS),
            mime=draw(TEXTS),
            size=draw(st.integers(0, 2**60)),
            stamp=draw(TEXTS),
            meta=draw(st.dictionaries(TEXTS, st.integers() | TEXTS | st.booleans(), max_size=2)),
        )
    return made


LABELS = st.builds(
    Label,
    task=NAMES,
    value=st.none() | NAMES,
    annotator=NAMES,
    kind=st.sampled_from(LabelKind),
    time=TIMES,
    confidence=st.none() | st.floats(0, 1),
)
ITEMS = st.builds(
    Item,
    id=st.just(""),
    key=TEXTS,
    source=TEXTS,
    parts=parts(),
    group=TEXTS,
    split=st.none() | st.sampled_from(Split),
    split_reason=TEXTS,
    rights=st.builds(Rights, licence=TEXTS, evidence=TEXTS, holder=TEXTS, attribution=TEXTS),
    labels=st.lists(LABELS, max_size=4).map(tuple),
    created=TIMES,
    revision=st.integers(0, 2**31 - 1),
    declared_sha256=TEXTS,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ITEMS, min_size=1, max_size=6))
def test_any_item_comes_back_as_it_was(tmp_path_factory, items):
    folder = tmp_path_factory.mktemp("any")
    library = Library.create(folder / "library")
    library.add(items)
    export(library, folder / "out")
    other = Library.create(folder / "other")
    read_export(other, folder / "out")
    assert everything(other) == everything(library)
    assert other.digest() == library.digest()


def test_labels_keep_their_order_within_a_second(empty, tmp_path, item, label):
    library = Library.create(tmp_path / "first" / "library")
    said = tuple(replace(label(value=f"{n}"), annotator=f"a{n % 2}") for n in range(6))
    library.add([item("a", labels=said)])
    export(library, tmp_path / "out")
    read_export(empty, tmp_path / "out")
    assert [each.value for each in everything(empty)[0].labels] == ["0", "1", "2", "3", "4", "5"]
    assert [each.superseded for each in everything(empty)[0].labels] == [True] * 4 + [False] * 2
