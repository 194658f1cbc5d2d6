"""A new champion that fails, or answers wrong, harms nobody and is taken back."""

import asyncio
import dataclasses
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.project import Project
from handful.use.release.shelf import CHAMPION, Shelf
from handful.use.serve.replica import one_by_one
from handful.use.serve.versions import Place
from use.serve.conftest import Client, Shop


@pytest.fixture
def moved(released: Shop, tmp_path: Path) -> Shop:
    """A copy, whose shelf may change."""
    folder = tmp_path / "shop"
    shutil.copytree(released.project.folder, folder, ignore=shutil.ignore_patterns("library"))
    return dataclasses.replace(released, project=Project.open(folder))


def change(client: Client, moved: Shop, spoil: Callable[[Any], None]) -> Shelf:
    """Make the other release champion, and spoil it as it answers."""
    versions = client.server.versions
    versions.place = Place(moved.project.releases, moved.project.shelf)
    shelf = Shelf(moved.project.shelf)
    shelf.add(moved.other, "for this test")
    shelf.put(moved.other, CHAMPION, "for this test")
    versions.look()
    client.run(turn())
    assert client.server.answering.trial
    spoil(versions.current)
    return shelf


async def turn() -> None:
    await asyncio.sleep(0.02)


def until_back(client: Client, moved: Shop) -> None:
    until, count = time.monotonic() + 10, client.server.metrics.get
    while not any(count("rollbacks_total", reason=why) for why in ("differs", "fails")):
        assert time.monotonic() < until
        client.run(turn())
    assert client.server.versions.current.digest == moved.champion
    assert Shelf(moved.project.shelf).aliases()[CHAMPION] == moved.champion


def swap(replica: Any) -> None:
    """The labels permuted: quick, sure of itself, and wrong."""
    real = replica.predict

    def wrong(values: Any) -> Any:
        other = dict(zip(replica.classes, reversed(replica.classes), strict=True))
        return [dataclasses.replace(each, label=other[each.label]) for each in real(values)]

    replica.predict = wrong


def crash(replica: Any) -> None:
    def fails(values: Any) -> Any:
        raise RuntimeError("out of order")

    replica.predict = lambda values: one_by_one(fails, values)


def test_a_release_that_answers_wrong_is_taken_back_within_fifty_answers(
    client: Client, moved: Shop, tmp_path: Path
) -> None:
    change(client, moved, swap)
    for row in range(50):
        assert client.post("/v1/predict", {"text": f"a round bowl {row}"}).status == 200
        if client.server.versions.current.digest == moved.champion:
            break
    assert row < 49
    until_back(client, moved)
    (path,) = (tmp_path / "incidents").glob("*.json")
    incident = json.loads(path.read_text())
    assert incident["code"] == "differs"
    assert incident["candidate"] == moved.other
    assert "it answered a canned query" in incident["done"]
    assert client.post("/v1/predict", {"text": "a round bowl"}).json["release"] == moved.champion


def test_a_release_that_fails_harms_nobody(client: Client, moved: Shop) -> None:
    change(client, moved, crash)
    for row in range(20):
        reply = client.post("/v1/predict", {"text": f"a round bowl {row}"})
        assert reply.status == 200
        assert reply.json["answers"][0]["label"] == "bowl"
    until_back(client, moved)


def test_an_equal_release_stays(client: Client, moved: Shop, tmp_path: Path) -> None:
    change(client, moved, lambda replica: None)
    for row in range(30):
        client.post("/v1/predict", {"text": f"a round bowl {row}"})
    client.run(turn())
    assert client.server.versions.current.digest == moved.other
    trial = client.server.answering.trial
    assert trial
    assert trial.guard.compared >= 25
    assert trial.guard.differing == 0
    assert not (tmp_path / "incidents").exists()


def test_after_two_a_person_is_asked_and_still_nobody_is_harmed(
    client: Client, moved: Shop
) -> None:
    incidents = client.server.incidents
    for _ in range(2):
        incidents.write("differs", "handled", {"rolled_back": True})
    change(client, moved, crash)
    for row in range(8):
        assert client.post("/v1/predict", {"text": f"a round bowl {row}"}).status == 200
        client.run(turn())
    assert client.server.versions.current.digest == moved.other
    assert client.server.metrics.get("incident_open") == 1
