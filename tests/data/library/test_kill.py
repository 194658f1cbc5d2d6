import random
import shutil
from typing import Any

import pytest

from handful.data.library.ingest import ingest
from handful.data.library.library import Library


@pytest.fixture
def killer(killing):
    """A process that starts changes and kills them."""
    with killing.killing() as kill:
        yield kill


def survive(tmp_path, killer, kills):
    source = tmp_path / "source"
    for place in range(40 * kills):
        path = source / ("cup" if place % 2 else "bowl") / f"{place:04}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"the note number {place}")
    folder, dice = tmp_path / "library", random.Random(0)
    known: set[str] = set()
    inside = 0
    for kill in range(kills):
        # Every fourth is killed as soon as it begins to write, the others after a commit.
        after = "=[1-9]" if kill % 4 else r"\("
        told = killer(folder, source=str(source), delay_s=dice.uniform(0, 0.05), after=after)
        assert told["killed"]
        inside += told["inside"]
        items = Library.open(folder).items() if (folder / "manifest.json").exists() else []
        ids, keys = {item.id for item in items}, [item.key for item in items]
        assert known <= ids, "an item that was there is gone"
        assert len(ids) >= len(known) + told["acknowledged"], "an acknowledged item is gone"
        assert len(set(keys)) == len(keys), "an item came in twice"
        assert all(item.label("kind") in ("cup", "bowl") for item in items), "a label is gone"
        known = ids
    assert 0 < len(known) < 40 * kills
    return source, folder, inside


def same_as_unharmed(tmp_path, source, folder):
    library, unharmed = Library.open(folder), Library.create(tmp_path / "unharmed")
    ingest(library, source, labels_from_folders="kind")
    ingest(unharmed, source, labels_from_folders="kind")
    assert library.digest() == unharmed.digest()
    assert [item.key for item in library.items()] == [item.key for item in unharmed.items()]
    versions = [card.version for card in library.history()]
    assert versions == list(range(1, library.version + 1))
    for version in versions[:: max(1, len(versions) // 5)]:
        past = Library.open(folder, version)
        assert len(past.items()) == len(past)


def test_twenty_kills_lose_nothing(tmp_path, killer):
    source, folder, inside = survive(tmp_path, killer, 20)
    assert inside >= 5, "too few kills fell inside a write to say anything"
    same_as_unharmed(tmp_path, source, folder)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_three_hundred_kills_of_an_ingest_lose_nothing(tmp_path, killer):
    source, folder, inside = survive(tmp_path, killer, 300)
    assert inside >= 75
    same_as_unharmed(tmp_path, source, folder)


@pytest.fixture
def lived_in(tmp_path, killing, killer):
    """A library with some history, a tag, an undo, and copies of media that nobody reads."""
    watched = killing.Watched(tmp_path / "library", killer)
    for name in "ab":
        copy = watched.folder / "media" / "sha256" / "aa" / f"{name}.jpg"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(b"a picture that an undone change brought")
    for act, how in [
        ("add", "a"),
        ("label", "jug"),
        ("tag", "first"),
        ("add", "h"),
        ("add", "b"),
        ("undo", ""),
    ]:
        assert watched.order(act, name=how)["acknowledged"]
    held = ids_of(watched, "h")
    assert watched.order("quarantine", name="dark", ids=held)["acknowledged"]
    return watched


@pytest.fixture
def placed(lived_in):
    """The same, of which what is in use was split."""
    assert lived_in.order("split", seed=1)["acknowledged"]
    return lived_in


def ids_of(watched, name):
    """The three items that came under a name."""
    items = Library.open(watched.folder).items(with_quarantined=True)
    return [item.id for item in items if item.key.startswith(f"{name} ")]


def finish(watched, ids):
    """A forgetting that was killed is said again, and a trim later no byte is left."""
    words = b"the note a 0"
    files = [path for path in watched.folder.rglob("*.lance") if path.is_file()]
    if ids_of(watched, "a"):
        assert any(words in path.read_bytes() for path in files)
    assert watched.order("forget", ids=ids)["acknowledged"]
    assert watched.order("trim", keep=1)["acknowledged"]
    files = [path for path in watched.folder.rglob("*") if path.is_file()]
    assert not any(words in path.read_bytes() for path in files)


CHANGES: dict[str, dict[str, Any]] = {
    "add": {"name": "c"},
    "change": {"name": "g"},
    "label": {"name": "bowl"},
    "undo": {"to": 2},
    "tag": {"name": "second"},
    "untag": {"name": "first"},
    "trim": {"keep": 1},
    "quarantine": {"name": "wrong", "ids": "a"},
    "restore": {"ids": "h"},
    "forget": {"ids": "a"},
    "split": {"seed": 0},
}


@pytest.mark.parametrize("act", CHANGES)
def test_a_kill_before_any_touch_of_the_disk_leaves_the_old_state_or_the_new(
    lived_in, tmp_path, act
):
    """Each touch in turn, on a fresh copy, until the change comes through."""
    how = CHANGES[act] | {"ids": ids_of(lived_in, str(CHANGES[act].get("ids", "")))}
    kill_before_each_touch(lived_in, tmp_path, act, how)


@pytest.mark.parametrize("act", ["lock", "restore", "forget"])
def test_so_it_does_in_a_library_that_was_split(placed, tmp_path, act):
    """What comes back gets its place in the same step."""
    if act != "lock":
        assert placed.order("lock")["acknowledged"]
    how = {"ids": ids_of(placed, {"restore": "h", "forget": "a"}.get(act, ""))}
    kill_before_each_touch(placed, tmp_path, act, how)


def kill_before_each_touch(lived_in, tmp_path, act, how):
    start = lived_in.folder
    touches = None
    for before in range(40):
        copy = tmp_path / f"copy {before}"
        shutil.copytree(start, copy)
        watched = lived_in.copied(copy)
        told = watched.order(act, **how, before=before)
        if not told["killed"]:
            touches = told["touches"]
            break
        assert told["inside"]
        # Work goes on from there, and a trim clears away whatever the killed one left.
        assert watched.order("add", name="more")["acknowledged"]
        assert watched.order("trim", keep=1)["acknowledged"]
        assert Library.open(copy).history_cost().bytes == 0
        if act == "forget":
            finish(watched, how["ids"])
    assert touches
    assert len(touches) == before
    expected = {"tag": 1, "untag": 1, "trim": 5, "lock": 6}.get(act, 9)
    assert before >= expected, touches


def test_a_kill_while_files_are_being_deleted_costs_only_the_rest_of_the_work(lived_in):
    for turn in range(4):
        for name in "xyz":
            lived_in.order("add", name=f"{name}{turn}")
        told = lived_in.order("trim", keep=2, slowly=True, after="cleanup", delay_s=0.1 * turn)
        assert told["inside"]
    assert lived_in.order("trim", keep=1)["acknowledged"]
    assert Library.open(lived_in.folder).history_cost().bytes == 0


def test_thirty_kills_of_every_kind_lose_nothing(lived_in, killing):
    killing.kill_many(lived_in, 30, seed=0)
    assert lived_in.inside.total() >= 20


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_three_hundred_kills_of_every_kind_lose_nothing(lived_in, killing):
    killing.kill_many(lived_in, 300, seed=1)
    assert lived_in.inside.total() >= 200
    assert min(lived_in.inside[act] for act in killing.ACTS) >= 10, lived_in.inside
