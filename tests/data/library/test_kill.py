import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from handful.data.library.ingest import ingest
from handful.data.library.library import Library


@pytest.fixture
def killer():
    """A process that starts ingests and kills them."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(Path(__file__).with_name("killed.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    orders, answers = process.stdin, process.stdout

    def kill(library, source, **how):
        order = {"library": str(library), "source": str(source), **how}
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        return json.loads(answers.readline())

    yield kill
    orders.close()
    process.wait(timeout=20)
    answers.close()


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
        told = killer(folder, source, delay_s=dice.uniform(0, 0.05), after_commit=kill % 4 > 0)
        assert told["killed"]
        inside += told["inside"]
        items = Library.open(folder).items() if (folder / "manifest.json").exists() else []
        ids, keys = {item.id for item in items}, [item.key for item in items]
        assert known <= ids, "an item that was there is gone"
        assert len(ids) >= len(known) + told["committed"], "an acknowledged item is gone"
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
def test_three_hundred_kills_lose_nothing(tmp_path, killer):
    source, folder, inside = survive(tmp_path, killer, 300)
    assert inside >= 75
    same_as_unharmed(tmp_path, source, folder)
