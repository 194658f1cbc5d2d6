import os
import shutil
import zipfile

import pytest

from handful.data.library.ingest import ingest
from handful.data.library.items import Rights
from handful.data.library.library import Library
from handful.data.library.splitting import assign_splits


@pytest.fixture
def pots(tmp_path, picture, note):
    """Four pots, each a picture and a note, in two folders."""
    for place, key in enumerate(("cup/a", "cup/b", "jug/c", "jug/d")):
        picture(tmp_path / "pots" / f"{key}.png", seed=place)
        note(tmp_path / "pots" / f"{key}.txt", f"the pot {key}")
    return tmp_path / "pots"


@pytest.fixture
def filled(library, pots):
    ingest(library, pots, labels_from_folders="kind", licence="CC0-1.0")
    return library


def move(folder, before, now):
    for end in (".png", ".txt"):
        if (folder / f"{before}{end}").exists():
            (folder / now).parent.mkdir(parents=True, exist_ok=True)
            (folder / f"{before}{end}").rename(folder / f"{now}{end}")


def known(library, with_quarantined=True):
    """Key to id, kind, and whether it is in use."""
    items = library.items(with_quarantined=with_quarantined)
    return {item.key: (item.id, item.label("kind"), item.usable) for item in items}


def test_a_renamed_file_keeps_its_id_and_its_labels(filled, pots):
    before = known(filled)
    identity = before["cup/a"][0]
    filled.label({identity: "mug"}, task="kind", annotator="ann")
    move(pots, "cup/a", "cup/other")
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert report.renamed == (("cup/a", "cup/other"),)
    assert (report.items_added, report.items_changed, report.gone) == (0, 1, ())
    after = known(filled)
    assert after["cup/other"] == (identity, "mug", True)
    assert {key: after[key] for key in ("cup/b", "jug/c", "jug/d")} == {
        key: before[key] for key in ("cup/b", "jug/c", "jug/d")
    }
    assert "cup/a" not in after
    assert filled.read_part(filled.item(identity), "image").shape == (12, 16, 3)
    again = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert (again.items_unchanged, again.items_changed, again.renamed) == (4, 0, ())


def test_a_whole_folder_renamed_inside_the_source(filled, pots):
    before = known(filled)
    (pots / "cup").rename(pots / "mug")
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert sorted(report.renamed) == [("cup/a", "mug/a"), ("cup/b", "mug/b")]
    after = known(filled)
    assert after["mug/a"] == (before["cup/a"][0], "mug", True)  # the folder says its new name
    assert len(after) == 4


def test_the_source_itself_renamed_keeps_labels_rights_and_splits(filled, pots):
    assign_splits(filled)
    before = {item.id: item for item in filled.items()}
    now = pots.rename(pots.with_name("pottery"))
    report = ingest(filled, now)
    assert (report.items_added, report.items_changed, len(report.renamed)) == (0, 4, 4)
    assert report.renamed[0] == (f"{pots}/cup/a", f"{now}/cup/a")
    after = {item.id: item for item in filled.items()}
    assert after.keys() == before.keys()
    for identity, item in after.items():
        assert item.source == str(now)
        assert item.rights == Rights(licence="CC0-1.0")
        assert item.split == before[identity].split
        assert item.labels == before[identity].labels
    # A later look at what changed there takes nothing back either.
    os.utime(now / "cup" / "a.png", (1, 1))
    ingest(filled, now)
    move(now, "cup/a", "cup/z")
    ingest(filled, now)
    assert known(filled)["cup/z"][1:] == ("cup", True)


def test_renamed_and_edited_beside_a_picture_that_is_the_same(filled, pots):
    identity = known(filled)["cup/a"][0]
    move(pots, "cup/a", "cup/new")
    (pots / "cup" / "new.txt").write_text("quite other words")
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert report.renamed == (("cup/a", "cup/new"),)
    item = filled.item(identity)
    assert item.words == {"und": "quite other words"}
    assert item.label("kind") == "cup"


def test_renamed_with_other_tags_in_the_file_is_known_by_its_pixels(library, tmp_path):
    from PIL import Image, PngImagePlugin

    source = tmp_path / "source"
    source.mkdir()
    Image.new("RGB", (9, 9), (1, 2, 3)).save(source / "a.png")
    ingest(library, source)
    facts = PngImagePlugin.PngInfo()
    facts.add_text("Title", "edited")
    Image.open(source / "a.png").save(source / "b.png", pnginfo=facts)
    (source / "a.png").unlink()
    assert ingest(library, source).renamed == (("a", "b"),)


def test_renamed_and_its_picture_edited_is_a_new_item_and_the_old_one_is_kept(
    filled, pots, picture
):
    before = known(filled)["cup/a"]
    move(pots, "cup/a", "cup/new")
    picture(pots / "cup" / "new.png", seed=99)
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert (report.renamed, report.gone, report.items_added) == ((), ("cup/a",), 1)
    assert known(filled)["cup/a"] == (before[0], "cup", False)


def test_of_two_identical_files_the_one_that_was_renamed_is_meant(library, picture, tmp_path):
    source = tmp_path / "source"
    picture(source / "cup" / "a.png")
    (source / "jug").mkdir()
    shutil.copy2(source / "cup" / "a.png", source / "jug" / "b.png")
    ingest(library, source, labels_from_folders="kind")
    before = known(library)
    for old, new in (("jug/b", "jug/z"), ("cup/a", "cup/0")):
        move(source, old, new)
        report = ingest(library, source, labels_from_folders="kind")
        assert report.renamed == ((old, new),)
        assert known(library)[new] == before[old]
    assert len(known(library)) == 2


def test_of_two_identical_files_that_both_moved_nobody_guesses(library, picture, tmp_path):
    source = tmp_path / "source"
    picture(source / "a.png")
    shutil.copy2(source / "a.png", source / "b.png")
    ingest(library, source)
    first, second = library.items()
    library.label({first.id: "cup", second.id: "jug"}, task="kind", annotator="ann")
    move(source, "a", "x")
    move(source, "b", "y")
    report = ingest(library, source)
    assert (report.renamed, report.items_added, report.gone) == ((), 2, ("a", "b"))
    assert known(library)["x"][1] is None
    # The same names in another folder tell which is which.
    for before, now in (("x", "a"), ("y", "b")):
        (source / "deep").mkdir(exist_ok=True)
        move(source, before, f"deep/{now}")
    report = ingest(library, source)
    assert ("a", "deep/a") in report.renamed
    assert known(library)["deep/a"] == (first.id, "cup", True)
    assert known(library)["deep/b"] == (second.id, "jug", True)


def test_a_copy_is_no_rename(filled, pots):
    before = known(filled)
    for end in (".png", ".txt"):
        shutil.copy2(pots / "cup" / f"a{end}", pots / "cup" / f"0 copy{end}")
        os.utime(pots / "cup" / f"a{end}", (1, 1))  # as it would look had it been replaced
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert (report.renamed, report.items_added) == ((), 1)
    assert known(filled)["cup/a"] == before["cup/a"]


def test_two_files_that_swapped_their_names_swap_their_items(library, picture, tmp_path):
    source = tmp_path / "source"
    for place, key in enumerate("ab"):
        picture(source / f"{key}.png", seed=place)
    ingest(library, source)
    first, second = library.items()
    library.label({first.id: "cup", second.id: "jug"}, task="kind", annotator="ann")
    (source / "a.png").rename(source / "c.png")
    (source / "b.png").rename(source / "a.png")
    (source / "c.png").rename(source / "b.png")
    report = ingest(library, source)
    assert sorted(report.renamed) == [("a", "b"), ("b", "a")]
    assert known(library) == {"a": (second.id, "jug", True), "b": (first.id, "cup", True)}
    assert report.gone == ()


def test_a_file_renamed_over_another_takes_its_own_labels_along(library, picture, tmp_path):
    source = tmp_path / "source"
    for place, key in enumerate("ab"):
        picture(source / f"{key}.png", seed=place)
    ingest(library, source)
    first, second = library.items()
    library.label({first.id: "cup", second.id: "jug"}, task="kind", annotator="ann")
    kept = (source / "b.png").read_bytes()
    (source / "a.png").rename(source / "b.png")
    report = ingest(library, source)
    assert (report.renamed, report.gone) == ((("a", "b"),), ("b",))
    assert known(library, with_quarantined=False) == {"b": (first.id, "cup", True)}
    assert ingest(library, source).items_changed == 0
    (source / "c.png").write_bytes(kept)
    assert ingest(library, source).renamed == (("b", "c"),)
    assert known(library) == {"b": (first.id, "cup", True), "c": (second.id, "jug", True)}


def test_a_vanished_file_is_marked_and_comes_back_with_its_file(filled, pots, tmp_path):
    before, digest = known(filled), filled.digest()
    shutil.move(pots / "jug", tmp_path / "elsewhere")
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert report.gone == ("jug/c", "jug/d")
    assert (report.items_added, report.seen) == (0, 4)
    assert known(filled, with_quarantined=False).keys() == {"cup/a", "cup/b"}
    assert known(filled)["jug/c"] == (*before["jug/c"][:2], False)
    assert {problem.part.reason for problem in filled.quarantined()} == {"file/gone"}
    again = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert (again.gone, again.version) == ((), report.version)
    shutil.move(tmp_path / "elsewhere", pots / "jug")
    back = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert (back.items_added, back.items_changed) == (0, 2)
    assert known(filled) == before
    assert filled.digest() == digest


def test_a_vanished_file_that_turns_up_in_another_folder_is_known_again(filled, pots, tmp_path):
    before = known(filled)
    shutil.move(pots / "jug", tmp_path / "elsewhere")
    ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    report = ingest(filled, tmp_path / "elsewhere")
    assert sorted(report.renamed) == [("jug/c", "c"), ("jug/d", "d")]
    assert known(filled)["c"] == before["jug/c"]


def test_files_that_are_there_and_read_otherwise_are_not_gone(filled, pots):
    """Another pairing gives other names; the files of the old ones are still there."""
    from handful.data.library.ingest import Config

    report = ingest(filled, pots, config=Config(pairing="off"))
    assert report.gone == ()
    assert all(usable for _, _, usable in known(filled).values())


def test_an_empty_folder_may_be_a_disk_that_is_not_there_and_marks_nothing(filled, pots):
    from handful.foundation.errors import InputError

    shutil.rmtree(pots)
    pots.mkdir()
    with pytest.raises(InputError, match="holds no files"):
        ingest(filled, pots)
    assert all(usable for _, _, usable in known(filled).values())


def test_a_folder_that_cannot_be_looked_into_marks_nothing(filled, pots):
    (pots / "jug").rename(pots.parent / "elsewhere")
    (pots / "jug").symlink_to(pots / "jug")  # every look ends in an error that is not "not found"
    assert ingest(filled, pots).gone == ()


def test_what_left_an_archive_is_kept_because_its_bytes_are(library, tmp_path):
    path = tmp_path / "pots.zip"
    for names in ("ab", "a"):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"{name}.txt", f"the note {name}")
        report = ingest(library, path)
    assert report.gone == ()
    assert len(library.items()) == 2


def test_a_stopped_ingest_marks_nothing_as_gone(filled, pots, note):
    shutil.rmtree(pots / "jug")
    note(pots / "cup" / "new.txt")

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(filled, pots, labels_from_folders="kind", on_progress=stop)
    assert all(usable for _, _, usable in known(Library.open(filled.folder)).values())


def test_what_was_set_aside_stays_so_under_another_name_and_when_it_is_gone(filled, pots):
    from handful.data.library.holding import held
    from handful.data.library.withdrawing import quarantine

    quarantine(filled, ["cup/a", "cup/b"], because="wrong", by="Ann")
    move(pots, "cup/a", "cup/z")
    move(pots, "cup/b", "../elsewhere")
    report = ingest(filled, pots, labels_from_folders="kind", licence="CC0-1.0")
    assert report.renamed == (("cup/a", "cup/z"),)
    why = [held(item) for item in filled.items(with_quarantined=True) if item.key < "d"]
    assert [each.because for each in why if each] == ["wrong", "wrong"]
