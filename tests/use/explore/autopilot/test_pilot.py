import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from handful.data.library.sources.base import Candidate
from handful.foundation.errors import ConfigError, UsageError
from handful.foundation.predictor import Level
from handful.use.explore.autopilot.pilot import Autopilot
from handful.use.explore.autopilot.rules import DOES, Rule
from handful.use.explore.sort import File, Left, Row


def answer(topic: str, candidates: Sequence[Candidate], left: list[Left]) -> Iterable[Row]:
    """Sure of what is called mug, not of the rest."""
    for each in candidates:
        files = []
        for piece in each.pieces:
            assert piece.place
            data = Path(piece.place.path).read_bytes()
            files.append(File(piece.name, piece.place.path, hashlib.sha256(data).hexdigest()))
        level = Level.SURE if "mug" in each.key else Level.NOT_SURE
        yield Row(
            key=each.key, files=tuple(files), label="Mugs", level=level, confidence=0.9, reason=""
        )


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    things = tmp_path / "things"
    (things / "Inbox").mkdir(parents=True)
    for name in ("mug_a.png", "mug_a.wav", "mug_a.txt", "mug_b.png", "bowl.png"):
        (things / "Inbox" / name).write_text(f"this is {name}")
    (things / "Shop").mkdir()
    (things / "Shop" / "mugs-001.png").write_text("somebody else's")
    return things


def pilot(place: Path) -> Autopilot:
    return Autopilot(place.parent / "project", answer)


def rule(place: Path, do: str) -> Rule:
    to = {"row": "Shop/list.csv", "rename": ""}.get(do, "Shop")
    named = "" if do == "row" else "mugs-001"
    inbox = str(place / "Inbox")
    return Rule(folder=inbox, topic="kind", answer="Mugs", do=do, to=to, named=named)


def test_a_dry_run_writes_nothing_and_shows_what_is_not_sure(place: Path) -> None:
    ours = pilot(place)
    kept = ours.add(rule(place, "move"))
    assert kept.sentence == (
        "When a new file appears in things/Inbox and I am sure it is Mugs, move it to things/Shop "
        "and name it mugs-001; else leave it and show me."
    )
    before = tree(place.parent)
    found = ours.plan()
    assert tree(place.parent) == before
    said = [[Path(move.target).name for move in step.moves] for step in found.steps]
    assert sorted(said[0]) == ["mugs-002.png", "mugs-002.txt", "mugs-002.wav"]
    assert said[1] == ["mugs-003.png"]
    assert [row.key for row in found.shown] == ["bowl"]


@pytest.mark.parametrize("do", DOES)
def test_undo_restores_every_byte_and_replaces_nothing(place: Path, do: str) -> None:
    ours = pilot(place)
    ours.add(rule(place, do))
    before = tree(place)
    acts = ours.run()
    assert [act.state for act in acts] == ["done", "done"]
    after = tree(place)
    assert {k: v for k, v in after.items() if k in before} == {
        k: v for k, v in before.items() if k in after and v == before[k]
    }
    assert ("Inbox/mug_a.png" in after) == (do in ("copy", "row"))
    assert (place / "Shop" / "mugs-001.png").read_text() == "somebody else's"
    assert ours.run() == []  # what was acted on is not acted on again
    ours.undo(acts[0].id)
    for act in reversed(ours.journal.acts()):
        if act.state == "done":
            ours.undo(run=act.run)
    assert tree(place) == before


def test_a_copy_that_was_changed_since_is_left(place: Path) -> None:
    ours = pilot(place)
    ours.add(rule(place, "copy"))
    acts = ours.run()
    copy = place / "Shop" / "mugs-003.png"
    copy.write_text("a person drew on it")
    undone = ours.undo(run=acts[0].run)
    assert "was changed since" in undone[0].remarks[0]
    assert copy.read_text() == "a person drew on it"
    assert sorted(tree(place / "Shop")) == ["mugs-001.png", "mugs-003.png"]


def test_undone_is_not_done_again_and_a_wrong_rule_is_refused(place: Path) -> None:
    ours = pilot(place)
    ours.add(rule(place, "copy"))
    ours.undo(run=ours.run()[0].run)
    assert ours.run() == []
    with pytest.raises(UsageError, match="nothing called"):
        ours.undo("no such act")
    with pytest.raises(UsageError, match="lies inside"):
        ours.add(Rule(folder=str(place), topic="kind", answer="Mugs", to="things/out"))
    to = str(place.parent / "project" / "library")
    with pytest.raises(UsageError, match="belongs to the project"):
        ours.add(Rule(folder=str(place), topic="kind", answer="Mugs", to=to))
    with pytest.raises(ConfigError, match="named"):
        Rule(folder="x", topic="kind", answer="Mugs", to="y", named="../up")


def test_watching_acts_once_a_file_is_whole(place: Path) -> None:
    ours = pilot(place)
    ours.turn(ours.add(rule(place, "copy")).name, True)
    stop, told = threading.Event(), []
    thread = threading.Thread(
        target=ours.watch, args=(stop,), kwargs={"poll_s": 0.02, "on_acts": told.extend}
    )
    thread.start()
    end = time.monotonic() + 20
    while len(told) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    (place / "Inbox" / "mug_new.png").write_text("new")
    while len(told) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert [act.item for act in told] == ["mug_a", "mug_b", "mug_new"]


_KILLED = """
import os, signal, sys, pathlib
sys.path.insert(0, sys.argv[1])
from test_pilot import pilot, tree
place, what = pathlib.Path(sys.argv[2]), sys.argv[3]
journal = place.parent / "project" / "autopilot" / "journal.jsonl"
ours, before = pilot(place), tree(place)

def dying(real, count, at):
    def call(*given, **more):
        count[0] += 1
        if count[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)
    return call

def work(at):
    count = [0]
    for name in ("link", "unlink", "fsync", "mkdir", "rmdir", "replace", "rename"):
        setattr(os, name, dying(getattr(os, name), count, at))
    ours.undo(run=ours.journal.acts()[-1].run) if what == "undo" else ours.run()
    os._exit(0)

for at in range(1, 200):
    journal.unlink(missing_ok=True)
    if what == "undo":
        ours.run()
    child = os.fork()
    if not child:
        work(at)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if what == "again":  # the next run goes on by itself
        ours.run()
    for run in {act.run for act in ours.journal.acts()}:
        ours.undo(run=run)
    assert tree(place) == before, f"killed before call {at}"
    if ended == 0:
        break
    assert ended == -signal.SIGKILL, ended
print(at - 1)
"""


@pytest.mark.parametrize("do", ["move", "copy", "row"])
@pytest.mark.parametrize("what", ["run", "again", "undo"])
def test_killed_at_any_step_undo_still_restores_everything(place: Path, do: str, what: str) -> None:
    ours = pilot(place)
    ours.add(rule(place, do))
    order = [sys.executable, "-c", _KILLED, str(Path(__file__).parent), str(place), what]
    ended = subprocess.run(order, capture_output=True, check=False, timeout=110)
    assert ended.returncode == 0, ended.stderr.decode()
    assert int(ended.stdout) >= 5


def test_the_rules_are_readable(place: Path) -> None:
    ours = pilot(place)
    name = ours.add(rule(place, "copy")).name
    kept = json.loads((place.parent / "project" / "autopilot" / "rules.json").read_text())
    assert kept["rules"][0]["sentence"] == ours.rules()[0].sentence
    ours.remove(name)
    assert ours.rules() == []
