"""Kills writers of a library again and again, and looks each time at what is left.

Used by test_kill.py, and by benchmarks/library.py for its figures.
"""

import json
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handful.data.library.forgotten import hash_of, read_forgotten
from handful.data.library.history import read_history
from handful.data.library.library import Library

ACTS = (
    "add",
    "change",
    "label",
    "undo",
    "tag",
    "untag",
    "trim",
    "quarantine",
    "restore",
    "forget",
    "split",
    "lock",
)
TOUCHES = {"tag": 1, "untag": 1, "trim": 2}
"""How often these touch the disk at the least; the others do so seven times and more."""


@contextmanager
def killing():
    """A process that starts changes and kills them: yields the function that orders one."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("killed.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    orders, answers = process.stdin, process.stdout

    def kill(library, **how):
        orders.write(json.dumps({"library": str(library), **how}) + "\n")
        orders.flush()
        return json.loads(answers.readline())

    yield kill
    orders.close()
    process.wait(timeout=20)
    answers.close()


class Watched:
    """A library that is killed, with what its writers had acknowledged.

    Attributes:
        digests: Version to digest, of every version that was ever seen to count.
        held: Version to the ids that it holds.
        tags: Those that were acknowledged.
        kills: How many writers were killed.
        inside: Of these, how many inside a change: after its first touch of the disk and before
            it was acknowledged. By act.
    """

    def __init__(self, folder, kill):
        self.folder, self.kill = folder, kill
        self.digests = {1: Library.open_or_create(folder).digest()}
        self.held = {1: frozenset()}
        self.tags = {}
        self.splits = {}
        self.locked = ()
        self.kills = Counter()
        self.inside = Counter()

    def copied(self, folder):
        """The same, of a copy of the library."""
        copy = Watched(folder, self.kill)
        copy.digests, copy.held, copy.tags = dict(self.digests), dict(self.held), dict(self.tags)
        copy.splits, copy.locked = dict(self.splits), self.locked
        return copy

    @property
    def newest(self):
        return max(self.digests)

    def forgotten(self):
        """The ids of what was forgotten and is not there again."""
        buried = read_forgotten(self.folder).without(self.held[self.newest])
        return set(buried.among(set().union(*self.held.values())))

    def order(self, act, **how):
        """Let one change happen, or be killed, and look at what is left."""
        target = None
        if act == "undo":
            past = read_history(self.folder)
            target = past.to_go_back_to(how.get("to")).version
        told = self.kill(self.folder, act=act, **how)
        self.kills[act] += told["killed"]
        self.inside[act] += told["inside"]
        self.look(act, how, told, target)
        return told

    def look(self, act, how, told, target):
        library = Library.open(self.folder)
        moved = library.version - self.newest
        assert moved in ((0,) if act in ("tag", "untag", "trim") else (0, 1)), act
        if told["acknowledged"]:
            assert library.version == told["acknowledged"], f"an acknowledged {act} is gone"
        digest = self.digests.setdefault(library.version, library.digest())
        items = library.items(with_quarantined=True)
        ids = self.held.setdefault(library.version, frozenset(item.id for item in items))
        if act == "undo" and moved:
            gone = self.held[target] & self.forgotten()
            assert ids == self.held[target] - gone, "undone to other items"
            assert gone or digest == self.digests[target], "undone to another state"
        usable = [item for item in items if item.usable]
        assert len(items) % 3 == len(usable) % 3 == 0, "a part of a change counts"
        assert all(item.label("kind") for item in items), "a label is gone"
        assert len(ids) == len(items) == library.counts()["items"]
        assert sum(len(item.labels) for item in items) == library.counts()["labels"]
        self.look_at_splits(act, library, items, moved)
        if how.get("ids") and (told["acknowledged"] or moved):
            self.look_at_named(act, how["ids"], items)
        self.look_at_tags(act, how, told, library)
        self.look_back(library)

    def look_at_splits(self, act, library, items, moved):
        """Who has a split keeps it, and which splits are locked changes by a lock or an undo."""
        splits = {item.id: item.split for item in items if item.split}
        if act != "undo":
            for identity in splits.keys() & self.splits.keys():
                assert splits[identity] == self.splits[identity], "an item left its split"
            assert act == "lock" or library.locked == self.locked, act
        if act == "lock" and moved:
            assert bool(library.locked) != bool(self.locked)
        if act == "split" and moved:
            assert all(item.split for item in items if item.usable), "a part of a split counts"
            assert library.card.rule, "new items are not placed"
        self.splits, self.locked = splits, library.locked

    @staticmethod
    def look_at_named(act, ids, items):
        named = [item for item in items if item.id in ids]
        assert len(named) == (0 if act == "forget" else 3), act
        assert all(item.usable == (act == "restore") for item in named), act

    def look_at_tags(self, act, how, told, library):
        found = library.tags()
        if act == "tag" and (told["acknowledged"] or how["name"] in found):
            self.tags[how["name"]] = library.version
        if act == "untag" and (told["acknowledged"] or how["name"] not in found):
            self.tags.pop(how["name"])
        assert found == self.tags, "a tag is gone"

    def look_back(self, library):
        """Every version that was not trimmed holds to the byte what it held."""
        past = read_history(self.folder)
        assert [card.version for card in past.cards] == list(range(1, library.version + 1))
        gone = {each for each, ids in self.held.items() if ids & self.forgotten()}
        kept = {library.version, *(set(self.tags.values()) - gone)}
        assert kept <= set(past.left), "a kept version is gone"
        assert [each.version for each in library.history()] == list(range(1, library.version + 1))
        for version in past.left:
            held = Library.open(self.folder, version)
            assert held._hash() == held.digest() == self.digests[version], f"{version} differs"


def kill_many(watched, kills, seed):
    """Kill writers of every kind, until so many were killed; most of them inside for certain."""
    dice = random.Random(seed)
    turn = 0
    while watched.kills.total() < kills:
        turn += 1
        act = dice.choice(ACTS)
        how = what_for(watched, act, dice) | {"name": f"n{turn}"} | tag_for(watched, act, dice)
        # Three of four just before a touch of the disk, one of those that every such change has.
        if dice.random() < 0.75:
            how["before"] = dice.randrange(TOUCHES.get(act, 7))
        elif act == "trim":
            how |= {"after": "cleanup", "slowly": True, "delay_s": dice.uniform(0, 0.3)}
        else:
            how |= {"after": r"\(", "delay_s": dice.uniform(0, 0.01)}
        watched.order(act, **how)


def what_for(watched: Watched, act: str, dice: random.Random) -> dict[str, Any]:
    """Where an undo goes, what a trim keeps, and which three items are meant."""
    if act == "trim":
        return {"keep": dice.choice((1, 3, 6))}
    if act in ("quarantine", "restore", "forget"):
        return {"ids": three_for(watched, act, dice)}
    if act == "split":
        watched.order("add", name=f"to split {watched.newest}")
        return {"seed": dice.randrange(9)}
    if act == "lock" and not any(item.split for item in Library.open(watched.folder).items()):
        watched.order("add", name=f"to lock {watched.newest}")
        watched.order("split", seed=0)
    if act != "undo":
        return {}
    if len(read_history(watched.folder).left) < 2:
        watched.order("add", name="something to undo")
    return {"to": dice.choice(read_history(watched.folder).left[:-1])}


def three_for(watched: Watched, act: str, dice: random.Random) -> list[str]:
    """The ids of three items that came together, and that this can be done to."""
    fitting = threes(watched, act)
    if not fitting:
        if act == "restore":
            watched.order("quarantine", name="x", ids=three_for(watched, "quarantine", dice))
        else:
            watched.order("add", name=f"to {act} {watched.newest}")
        fitting = threes(watched, act)
    return dice.choice(fitting)


def threes(watched: Watched, act: str) -> list[list[str]]:
    """Every three that can be set aside, taken back, or forgotten."""
    library = Library.open(watched.folder)
    items = library.items(with_quarantined=True)
    if act == "restore":
        items = [item for item in items if not item.usable]
        left = read_history(watched.folder).left
        buried = [
            stone
            for stone in read_forgotten(watched.folder).without(watched.held[watched.newest])
            if stone.version in left
        ]
        for stone in buried:
            items += [
                item
                for item in Library.open(watched.folder, stone.version).items(with_quarantined=True)
                if hash_of(item.id) == stone.item
            ]
    elif act == "quarantine":
        items = [item for item in items if item.usable]
    by_name: dict[str, list[str]] = {}
    for item in items:
        by_name.setdefault(item.key.rpartition(" ")[0], []).append(item.id)
    return [ids for ids in by_name.values() if len(ids) == 3]


def tag_for(watched: Watched, act: str, dice: random.Random) -> dict[str, Any]:
    """Which name an untag takes away; there are always one to three."""
    if act == "tag" and len(watched.tags) >= 3:
        watched.order("untag", name=min(watched.tags))
    if act != "untag":
        return {}
    if not watched.tags:
        watched.order("tag", name="something-to-take-away")
    return {"name": dice.choice(sorted(watched.tags))}
