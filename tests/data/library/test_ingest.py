import json
import os
import socket
import tarfile
import threading
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from handful.data.library import ingest as ingest_module
from handful.data.library import taking
from handful.data.library.ingest import Config, ingest
from handful.data.library.items import LabelKind, Split
from handful.data.library.library import Library
from handful.foundation.errors import BusyError, InputError, UsageError


def adds_up(report):
    return report.seen == report.ok + report.repaired + report.quarantined + report.skipped


def snapshot(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def shop(tmp_path, picture, sound, note):
    """Three whole items, one lonely picture, and one of every kind of trouble."""
    folder = tmp_path / "shop"
    for place, kind in enumerate(("cup", "cup", "bowl")):
        picture(folder / kind / f"{place}.png", seed=place)
        sound(folder / kind / f"{place}.wav", seed=place)
        note(folder / kind / f"{place}.txt")
    picture(folder / "lonely.jpg", seed=9)
    cut = picture(folder / "cut.png", seed=10)
    cut.write_bytes(cut.read_bytes()[:-20])
    (folder / "page.jpg").write_text("<!DOCTYPE html><p>404")
    (folder / "old.txt").write_bytes("Größe".encode("latin-1"))
    (folder / "empty.wav").write_bytes(b"")
    (folder / "README.md").write_text("about this shop")
    (folder / "prices.csv").write_text("a,b\n")
    (folder / ".hidden").write_text("x")
    (folder / "program.bin").write_bytes(bytes(100))
    return folder


def test_a_folder_is_taken_in_and_every_file_has_its_verdict(library, shop):
    before = snapshot(shop)
    report = ingest(library, shop, labels_from_folders="kind", licence="CC0-1.0")
    assert (report.ok, report.repaired, report.quarantined, report.skipped) == (10, 1, 3, 4)
    assert adds_up(report)
    assert report.items_added == 8
    assert {(remark.name, remark.reason) for remark in report.remarks} == {
        ("cut.png", "image/truncated"),
        ("page.jpg", "image/not_recognised"),
        ("empty.wav", "file/empty"),
        ("old.txt", "text/latin1"),
        ("README.md", "file/about"),
        ("prices.csv", "file/table"),
        (".hidden", "file/hidden"),
        ("program.bin", "file/unknown_type"),
    }
    assert snapshot(shop) == before
    whole = library.items(having=["text", "image", "audio"])
    assert [(item.key, item.label("kind")) for item in whole] == [
        ("bowl/2", "bowl"),
        ("cup/0", "cup"),
        ("cup/1", "cup"),
    ]
    assert {item.rights.licence for item in library.items()} == {"CC0-1.0"}
    assert {problem.part.reason for problem in library.quarantined()} == {
        "image/truncated",
        "image/not_recognised",
        "file/empty",
    }


def test_labels_say_who_gave_them(library, shop):
    ingest(library, shop, labels_from_folders=True, annotator="the folders")
    (label,) = library.items(having=["audio"])[0].labels
    assert (label.task, label.annotator, label.kind) == ("folder", "the folders", LabelKind.IMPORT)


def test_a_second_time_reads_nothing_and_changes_nothing(library, shop, monkeypatch):
    first = ingest(library, shop)
    version, digest = library.version, library.digest()
    monkeypatch.setattr(taking, "examine", None)  # reading anything would fail
    again = ingest(library, shop)
    assert (again.items_added, again.items_changed, again.items_unchanged) == (0, 0, 8)
    assert again.reasons["file/unchanged"] == first.ok + first.repaired + first.quarantined
    assert adds_up(again)
    assert (library.version, library.digest()) == (version, digest)


def test_only_what_changed_is_read_again(library, shop, picture, note):
    ingest(library, shop, labels_from_folders="kind")
    ids = {item.key: item.id for item in library.items(with_quarantined=True)}
    picture(shop / "cut.png", seed=10)
    note(shop / "lonely.txt", "now with a note")
    report = ingest(library, shop, labels_from_folders="kind")
    assert (report.items_added, report.items_changed, report.items_unchanged) == (0, 2, 6)
    assert {item.key: item.id for item in library.items(with_quarantined=True)} == ids
    changed = {item.key: item for item in library.items() if item.revision == 1}
    assert set(changed) == {"cut", "lonely"}
    assert changed["lonely"].modalities == ("text", "image")


def test_a_table_that_says_something_else_changes_its_items(library, tmp_path, note):
    table = tmp_path / "table.csv"
    note(
        table,
        "id,note,kind\n1,a small cup,cup\n2,a large jug,jug\n3,a blue jug,jug\n4,a bowl,cup\n",
    )
    ingest(library, table)
    library.label({library.items()[0].id: "bowl"}, task="kind", annotator="ann")
    note(table, table.read_text().replace("jug,jug\n3", "jug,jar\n3").replace("4,a bowl,cup\n", ""))
    report = ingest(library, table, columns={"labels": ["kind"], "text": "note", "id": "id"})
    assert (report.items_changed, report.items_unchanged, report.labels) == (1, 2, 1)
    assert [item.label("kind") for item in library.items()] == ["bowl", "jar", "jug", "cup"]


def test_what_a_source_no_longer_says_is_taken_back(library, tmp_path, note):
    table = tmp_path / "table.csv"
    columns = {"text": "note", "labels": ["kind"]}
    note(table, "note,kind\na small cup,cup\na jug,jug\n")
    ingest(library, table, columns=columns)
    note(table, "note,kind\na small cup,\na jug,jug\n")
    ingest(library, table, columns=columns)
    assert [item.label("kind") for item in library.items()] == [None, "jug"]


def test_parallel_folders_are_one_item_each(library, tmp_path, picture, sound, note):
    for place in range(4):
        picture(tmp_path / "src" / "photos" / f"{place}.jpg", seed=place)
        sound(tmp_path / "src" / "taps" / f"{place}.wav", seed=place)
    note(tmp_path / "src" / "notes" / "2.txt")
    report = ingest(library, tmp_path / "src")
    assert report.items_added == 4
    assert "photos/" in report.choices[0]
    assert [item.modalities for item in library.items()] == [
        ("image", "audio"),
        ("image", "audio"),
        ("text", "image", "audio"),
        ("image", "audio"),
    ]


def test_a_table_names_files_beside_it(library, tmp_path, picture, sound, note):
    picture(tmp_path / "t" / "p" / "1.png", seed=1)
    picture(tmp_path / "t" / "p" / "2.png", seed=2)
    sound(tmp_path / "t" / "s" / "1.wav")
    rows = [
        {"id": "one", "photo": "p/1.png", "tap": "s/1.wav", "note": "a blue cup", "grade": "first"},
        {"id": "two", "photo": "p/2.png", "tap": None, "note": "", "grade": "second"},
        {"id": "three", "photo": "p/gone.png", "tap": "", "note": "it was red", "grade": "first"},
        {"id": "four", "photo": "../../etc/x.png", "note": "out of here", "grade": "second"},
        {"id": "five", "photo": "", "note": "", "grade": "first"},
    ]
    table = note(tmp_path / "t" / "all.jsonl", "\n".join(map(json.dumps, rows)) + "\nnot json\n")
    report = ingest(library, table)
    assert adds_up(report)
    assert report.reasons == {
        "file/missing": 1,
        "file/outside": 1,
        "table/bad_row": 1,
        "table/empty_row": 1,
    }
    assert [(item.key, item.modalities) for item in library.items()] == [
        ("one", ("text", "image", "audio")),
        ("two", ("image",)),
        ("three", ("text",)),
        ("four", ("text",)),
    ]
    assert [item.label("grade") for item in library.items()] == ["first", "second"] * 2


def test_an_archive_is_copied_by_content(library, tmp_path, picture, sound):
    one, two = picture(tmp_path / "1.png", 1), sound(tmp_path / "2.wav", 2)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(one, "cup/1.png")
        archive.write(one, "again/1.png")
        archive.write(two, "cup/1.wav")
        archive.writestr("../outside.png", one.read_bytes())
        archive.writestr("cup/cut.png", one.read_bytes()[:-9])
    report = ingest(library, path, labels_from_folders="kind")
    assert adds_up(report)
    assert report.reasons == {"archive/unsafe_name": 1, "image/truncated": 1}
    path.unlink()
    items = library.items()
    assert [(item.key, item.modalities) for item in items] == [
        ("again/1", ("image",)),
        ("cup/1", ("image", "audio")),
    ]
    assert library.read_part(items[1], "image").shape == (12, 16, 3)
    assert len([path for path in (library.folder / "media").rglob("*") if path.is_file()]) == 2
    assert not (tmp_path.parent / "outside.png").exists()


@pytest.mark.parametrize("archive", ["media.zip", "media.tar", "media.tar.gz"])
@pytest.mark.parametrize("table", ["all.csv", "all.jsonl", "all.parquet"])
def test_a_table_finds_its_files_in_an_archive_beside_it(
    library, tmp_path, picture, archive, table
):
    made = picture(tmp_path / "elsewhere" / "1.png")
    folder = tmp_path / "t"
    folder.mkdir()
    if archive.endswith(".zip"):
        with zipfile.ZipFile(folder / archive, "w") as file:
            file.write(made, "photos/1.png")
    else:
        with tarfile.open(folder / archive, "w:gz" if archive.endswith("gz") else "w") as file:
            file.add(made, "./photos/1.png")
    rows = [
        {"image": "photos/1.png", "note": "a blue cup"},
        {"image": "photos/2.png", "note": "a green one"},
    ]
    if table.endswith(".csv"):
        lines = ["image,note", *(",".join(row.values()) for row in rows)]
        (folder / table).write_text("\n".join(lines) + "\n")
    elif table.endswith(".jsonl"):
        (folder / table).write_text("\n".join(map(json.dumps, rows)) + "\n")
    else:
        parquet.write_table(pa.Table.from_pylist(rows), folder / table)
    report = ingest(library, folder / table)
    assert report.reasons == {"file/missing": 1}
    one, other = library.items()
    assert one.parts["image"].origin.startswith(f"{folder / archive}!")
    assert library.media.bytes_of(one.parts["image"]) == made.read_bytes()
    assert other.parts["image"].reason == "file/missing"
    assert ingest(library, folder / table).items_unchanged == 2


def test_a_single_file_is_an_item(library, tmp_path, picture):
    report = ingest(library, picture(tmp_path / "mug.png"))
    assert (report.seen, report.items_added) == (1, 1)
    assert library.items()[0].key == "mug"


def test_the_projects_own_folder_is_left_alone(tmp_path, picture):
    project = tmp_path / "shop"
    picture(project / "mug.png")
    (project / "project.toml").write_text("format = 1\n")
    library = Library.create(project / "library")
    report = ingest(library, project)
    assert report.items_added == 1
    assert report.reasons == {"file/own_project": 2}
    assert ingest(library, project).items_unchanged == 1


@pytest.mark.parametrize("name", ["nowhere", "empty", "rowless.csv", "wordless.csv", "broken.zip"])
def test_nothing_to_take_in_is_said(library, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "rowless.csv").write_text("note,kind\n")
    (tmp_path / "wordless.csv").write_text("x,y\n1,2\n3,4\n")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(InputError):
        ingest(library, tmp_path / name)
    assert library.version == 1


def test_options_that_do_not_fit_are_said(library, tmp_path, shop, note):
    table = note(tmp_path / "t.csv", "note,kind\na cup,cup\na jug,jug\n")
    with pytest.raises(UsageError, match="is no table"):
        ingest(library, shop, columns={"text": "note"})
    with pytest.raises(UsageError, match="labels come from its columns"):
        ingest(library, table, labels_from_folders=True)
    with pytest.raises(UsageError, match="did you mean `note`"):
        ingest(library, table, columns={"text": "nota"})


def test_a_given_split_and_group_are_kept(library, tmp_path, note):
    rows = "".join(
        f"the note {place},b{place // 2},{s}\n"
        for place, s in enumerate(["train", "val", "test"] * 4)
    )
    ingest(library, note(tmp_path / "t.csv", "note,batch,split\n" + rows))
    items = library.items()
    assert [item.split for item in items[:3]] == [Split.TRAIN, Split.VALIDATION, Split.TEST]
    assert [item.group for item in items[:3]] == ["b0", "b0", "b1"]
    assert {item.split_reason for item in items} == {"given by the source"}


def test_progress_tells_what_is_safe(library, shop):
    told = []
    ingest(library, shop, config=Config(batch_items=2), on_progress=told.append)
    assert [each.seen for each in told] == sorted(each.seen for each in told)
    assert told[-1].seen == told[-1].total == 18
    assert told[-1].committed == 8
    for each in told[:4]:
        assert each.committed <= each.seen


def test_what_is_told_to_be_committed_can_be_read(library, shop):
    counts = []

    def look(progress):
        reader = Library.open(library.folder)
        counts.append(len(reader.items(with_quarantined=True)) - progress.committed)

    ingest(library, shop, config=Config(batch_items=3), on_progress=look)
    assert set(counts) == {0}


def test_an_interrupted_ingest_keeps_what_it_reached_and_resumes(library, shop):
    def stop(progress):
        if progress.seen > 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, shop, on_progress=stop)
    kept = len(library.items(with_quarantined=True))
    assert 0 < kept < 8
    report = ingest(library, shop)
    assert (report.items_unchanged, report.items_added) == (kept, 8 - kept)
    assert library.digest() == Library.open(library.folder).digest()


def test_an_interrupted_ingest_ends_like_an_uninterrupted_one(library, tmp_path, shop):
    other = Library.create(tmp_path / "other")
    ingest(other, shop, config=Config(batch_items=1, threads=1))

    def stop(progress):
        if progress.seen >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(library, shop, config=Config(batch_items=3), on_progress=stop)
    ingest(library, shop)
    assert library.digest() == other.digest()


def test_a_second_writer_waits_outside(library, shop):
    with library.writing("label"), pytest.raises(BusyError, match="label"):
        ingest(Library.open(library.folder), shop)


def test_a_file_that_vanishes_is_named(library, shop, monkeypatch):
    listed = ingest_module.list_folder

    def list_then_lose(*args):
        tree = listed(*args)
        (shop / "lonely.jpg").unlink()
        return tree

    monkeypatch.setattr(ingest_module, "list_folder", list_then_lose)
    report = ingest(library, shop)
    assert report.reasons["file/vanished"] == 1
    assert adds_up(report)
    monkeypatch.undo()
    assert "file/vanished" not in ingest(library, shop).reasons


def test_a_file_that_grows_while_being_read_is_named(library, shop, monkeypatch):
    state = os.fstat
    calls = []

    def growing(descriptor):
        calls.append(descriptor)
        if len(calls) % 2 == 0:
            with open(shop / "lonely.jpg", "ab") as file:
                file.write(b"more")
        return state(descriptor)

    for path in shop.iterdir():
        if path.name != "lonely.jpg" and path.is_file():
            path.unlink()
    monkeypatch.setattr(os, "fstat", growing)
    report = ingest(library, shop / "lonely.jpg")
    assert report.reasons == {"file/changed_while_reading": 1}


def test_links_lead_neither_out_nor_round(library, tmp_path, picture):
    folder = tmp_path / "src"
    picture(folder / "a.png")
    picture(tmp_path / "secret.png", seed=1)
    (folder / "round").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "again.png").symlink_to(folder / "a.png")
    report = ingest(library, folder)
    assert adds_up(report)
    assert report.reasons == {"file/link_outside": 2, "file/linked_folder": 1}
    assert sorted(item.key for item in library.items()) == ["a", "again"]


def test_pipes_and_sockets_are_not_waited_for(library, tmp_path, picture):
    folder = tmp_path / "src"
    picture(folder / "a.png")
    os.mkfifo(folder / "pipe.png")
    address = folder / "s.wav"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        report = ingest(library, folder)
    assert report.reasons == {"file/not_a_file": 2}
    assert report.ok == 1


def test_odd_names_are_named_and_do_not_stop_anything(library, tmp_path, picture):
    folder = tmp_path / "src"
    for name in ("a b", "line\nbreak", "quote's", "🏺", "é", "e\u0301"):
        picture(folder / f"{name}.png")
    os.rename(picture(folder / "x.png"), os.fsencode(folder) + b"/bad\xff.png")
    report = ingest(library, folder)
    assert adds_up(report)
    assert report.reasons == {"file/odd_name": 1}
    assert report.items_added == 6
    assert ingest(library, folder).items_unchanged == 6


def test_a_file_nobody_may_read_is_named(library, tmp_path, picture, monkeypatch):
    picture(tmp_path / "src" / "a.png")
    opened = os.open

    def refuse(path, *args, **options):
        if str(path).endswith("a.png"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    assert ingest(library, tmp_path / "src").reasons == {"file/no_permission": 1}
    again = ingest(library, tmp_path / "src")
    assert (again.items_unchanged, again.reasons) == (1, {"file/no_permission": 1})
    monkeypatch.undo()
    assert ingest(library, tmp_path / "src").items_changed == 1


def test_files_of_one_name_and_kind_are_not_guessed_together(library, tmp_path, picture, sound):
    folder = tmp_path / "src"
    picture(folder / "a.png"), picture(folder / "a.jpg", seed=1), sound(folder / "a.wav")
    report = ingest(library, folder)
    assert report.items_added == 3
    assert report.reasons == {"file/same_stem": 3}


def test_the_content_counts_and_not_the_name(library, tmp_path, picture):
    path = picture(tmp_path / "src" / "a.png")
    path.rename(path.with_suffix(".jpg"))
    picture(tmp_path / "src" / "b.png", seed=1).rename(tmp_path / "src" / "b")
    report = ingest(library, tmp_path / "src")
    assert report.ok == 2
    assert report.reasons == {"file/wrong_suffix": 1}
    assert {item.parts["image"].mime for item in library.items()} == {"image/png"}


def test_files_of_any_kind_may_be_many_at_once(library, tmp_path, picture):
    for place in range(60):
        picture(tmp_path / "src" / f"{place:02}.png", seed=place)
    before = threading.active_count()
    report = ingest(library, tmp_path / "src", config=Config(threads=8, batch_items=7))
    assert report.items_added == 60
    assert [item.key for item in library.items()] == [f"{place:02}" for place in range(60)]
    assert threading.active_count() <= before + 1


WHATS = st.sampled_from(["good", "cut", "empty", "html", "hidden", "unknown", "latin", "words"])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(WHATS, min_size=1, max_size=12), st.integers(1, 5), st.booleans())
def test_the_counts_add_up_whatever_comes(tmp_path_factory, picture, whats, batch, in_archive):
    folder = tmp_path_factory.mktemp("any")
    source = folder / "src"
    source.mkdir()
    for place, what in enumerate(whats):
        if what in ("good", "cut", "empty", "html"):
            path = picture(source / f"{place}.png", seed=place)
            data = path.read_bytes()
            spoiled = {"cut": data[:-15], "empty": b"", "html": b"<html>"}
            path.write_bytes(spoiled.get(what, data))
        else:
            name = {"hidden": f".{place}", "unknown": f"{place}.xyz"}.get(what, f"{place}.txt")
            content = "Größe".encode("latin-1") if what == "latin" else f"note {place}".encode()
            (source / name).write_bytes(content)
    target = source
    if in_archive:
        target = folder / "all.zip"
        with zipfile.ZipFile(target, "w") as archive:
            for path in source.iterdir():
                archive.write(path, path.name)
    library = Library.create(folder / "library")
    report = ingest(library, target, config=Config(batch_items=batch))
    counts = {what: whats.count(what) for what in whats}
    get = lambda *names: sum(counts.get(name, 0) for name in names)  # noqa: E731
    assert report.seen == len(whats)
    assert report.ok == get("good", "words")
    assert report.repaired == get("latin")
    assert report.quarantined == get("cut", "empty", "html")
    assert report.skipped == get("hidden", "unknown")
    bad = [remark for remark in report.remarks if remark.verdict == "quarantine"]
    assert len(bad) == report.quarantined == len(library.quarantined())
    assert library.counts()["items"] == len(whats) - report.skipped


def test_pictures_of_an_ingest_come_back_bit_for_bit(library, tmp_path):
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    (tmp_path / "src").mkdir()
    Image.fromarray(pixels).save(tmp_path / "src" / "a.png")
    ingest(library, tmp_path / "src")
    assert np.array_equal(library.read_part(library.items()[0], "image"), pixels)


def test_what_only_an_extra_was_missing_for_is_read_once_it_is_there(
    library, tmp_path, monkeypatch
):
    pytest.importorskip("pypdf")
    from handful.data.modalities.text import read as text
    from handful.foundation.hardware.extras import Module
    from hostile.cases import pdf

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.pdf").write_bytes(pdf())
    with monkeypatch.context() as patch:
        patch.setattr(text, "find_module", lambda name: Module(name=name, is_installed=False))
        (remark,) = ingest(library, tmp_path / "src").remarks
        assert remark.reason == "text/needs_documents"
        assert remark.hint == 'pip install "handful[documents]", then add again'
    report = ingest(library, tmp_path / "src")
    assert (report.ok, report.items_changed) == (1, 1)
    assert library.items()[0].words == {"und": "A blue mug."}
    assert ingest(library, tmp_path / "src").items_unchanged == 1


def test_a_csv_is_a_text_where_a_row_says_so(library, tmp_path, note, picture):
    for place in range(3):
        picture(tmp_path / "t" / f"{place}.png", seed=place)
        note(tmp_path / "t" / f"{place}.csv", f"force,{place}\nheight,2\n")
    rows = "".join(f"{place}.png,{place}.csv\n" for place in range(3))
    table = note(tmp_path / "t" / "all.csv", "photo,measured\n" + rows)
    report = ingest(library, table, columns={"image": "photo", "text": "measured"})
    assert (report.ok, report.quarantined) == (6, 0)
    assert library.items()[1].words == {"und": "force,1\nheight,2\n"}


def test_a_shard_of_a_webdataset_is_taken_in_with_its_answers(library, tmp_path, picture, note):
    import tarfile

    with tarfile.open(tmp_path / "shard-000.tar.gz", "w:gz") as archive:
        for place, kind in enumerate(("7", "9")):
            archive.add(picture(tmp_path / "a.png", seed=place), f"{place:03}.png")
            archive.add(note(tmp_path / "a.txt", f"number {place}"), f"{place:03}.txt")
            archive.add(note(tmp_path / "a.cls", kind), f"{place:03}.cls")
    report = ingest(library, tmp_path / "shard-000.tar.gz")
    assert adds_up(report)
    assert report.reasons == {"file/answer": 2}
    items = library.items()
    assert [item.modalities for item in items] == [("text", "image")] * 2
    assert [item.label("cls") for item in items] == ["7", "9"]
    (tmp_path / "shard-000.tar.gz").unlink()
    assert library.read_part(items[0], "image").shape == (12, 16, 3)
