"""A challenger is tried beside the champion, and clients never notice that it was bad."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handful.foundation.errors import ProjectError
from handful.use.release.golden import golden_of
from handful.use.release.shelf import CHALLENGER, CHAMPION, Shelf
from handful.use.serve.replica import Replica
from handful.use.serve.versions import Place
from handful.use.watch.guards import Config as Watching
from handful.use.watch.stages import Config as Canary
from use.serve.conftest import Client, Shop
from use.serve.test_guarding import crash, moved, swap, turn

__all__ = ["moved"]
QUICK = Canary(shadow=4, shares=(0.25, 0.5), each=8, horizon=200)
# Times of a busy machine are no part of these tests.
CALM = Watching(slower=1000, costlier=1000)


@pytest.fixture
def trying(serving: Callable[..., Client], moved: Shop) -> Client:
    """A server that has taken the other release for its challenger."""
    client = serving(canary=QUICK, watch=CALM, cache_bytes=0)
    versions = client.server.versions
    versions.place = Place(moved.project.releases, moved.project.shelf)
    shelf = Shelf(moved.project.shelf)
    shelf.add(moved.other, "for this test")
    shelf.put(moved.other, CHALLENGER, "for this test")
    versions.look()
    client.run(turn())
    assert client.server.answering.trial
    assert client.server.answering.trial.stages
    return client


def ask(client: Client, until: Callable[[], bool], most: int = 400) -> list[Any]:
    said = []
    for row in range(most):
        reply = client.post("/v1/predict", {"text": f"a round bowl {row}"})
        assert reply.status == 200
        said.append(reply.json["answers"][0])
        client.run(turn())
        if until():
            return said
    raise AssertionError("it never happened")


def is_back(client: Client) -> bool:
    """Whether everything that follows a finding was done, the incident included."""
    count = client.server.metrics.get
    return any(count("rollbacks_total", reason=why) for why in ("differs", "fails"))


def challenger(client: Client) -> Any:
    return client.server.versions.challenger


def test_a_good_challenger_becomes_champion(trying: Client, moved: Shop, tmp_path: Path) -> None:
    versions = trying.server.versions
    said = ask(trying, lambda: versions.current.digest == moved.other)
    by_it = [each for each in said if each.get("release") == moved.other]
    assert 0 < len(by_it) < len(said)
    assert all("release" not in each for each in said[: QUICK.shadow])
    entry = Shelf(moved.project.shelf).history()[-1]
    assert (entry.alias, entry.digest, entry.who) == (CHAMPION, moved.other, "handful serve")
    assert "canary" in entry.evidence
    trying.run(turn())
    assert trying.server.answering.trial is None
    assert not (tmp_path / "incidents").exists()


@pytest.mark.parametrize(("spoil", "code"), [(swap, "differs"), (crash, "fails")])
def test_a_bad_challenger_is_taken_back_and_nobody_notices(
    trying: Client, moved: Shop, tmp_path: Path, spoil: Callable[[Any], None], code: str
) -> None:
    spoil(challenger(trying))
    said = ask(trying, lambda: is_back(trying))
    assert {each["label"] for each in said if "release" not in each} == {"bowl"}
    assert Shelf(moved.project.shelf).aliases()[CHALLENGER] == moved.champion
    (path,) = (tmp_path / "incidents").glob("*.json")
    incident = json.loads(path.read_text())
    assert incident["code"] == code
    assert incident["rolled_back"] is True
    assert any("golden set" in each for each in incident["done"])
    assert trying.server.metrics.get("rollbacks_total", reason=code) == 1
    assert trying.server.metrics.get("canary_weight") == 0


def test_one_that_fails_only_once_clients_see_it_is_answered_by_the_champion(
    trying: Client,
) -> None:
    trial = trying.server.answering.trial
    assert trial
    assert trial.stages
    ask(trying, lambda: trial.stages is not None and trial.stages.share > 0)
    crash(challenger(trying))
    said = ask(trying, lambda: is_back(trying))
    assert {each["label"] for each in said} == {"bowl"}


def test_a_client_is_answered_by_the_same_release(trying: Client) -> None:
    trial = trying.server.answering.trial
    assert trial
    stages = trial.stages
    assert stages
    ask(trying, lambda: stages.share == 0.25)
    for name in ("first", "second", "third"):
        headers = {"content-type": "application/json", "x-client-id": name}
        releases = set()
        for row in range(3):
            reply = trying.post("/v1/predict", {"text": f"vase {name} {row}"}, headers)
            releases.add(reply.json["answers"][0].get("release", "champion"))
        assert len(releases) == 1


def test_after_two_nothing_is_tried_by_itself(
    serving: Callable[..., Client], moved: Shop, tmp_path: Path
) -> None:
    client = serving(canary=QUICK, watch=CALM)
    for _ in range(2):
        client.server.incidents.write("differs", "handled", {"rolled_back": True})
    versions = client.server.versions
    versions.place = Place(moved.project.releases, moved.project.shelf)
    shelf = Shelf(moved.project.shelf)
    shelf.add(moved.other, "for this test")
    shelf.put(moved.other, CHALLENGER, "for this test")
    versions.look()
    client.run(turn())
    trial = client.server.answering.trial
    assert trial
    assert trial.stages
    assert trial.stages.standing.stage == "held"
    assert "a person is needed" in client.get("/v1/ready").json["note"]
    assert client.server.metrics.get("incident_open") == 1


def test_a_release_that_no_longer_answers_its_golden_set_is_not_served(released: Shop) -> None:
    folder = released.project.releases / released.champion
    replica = Replica.open(folder)
    assert replica.check_golden() == 4 * (len(replica.modalities) + 1)
    assert golden_of(replica.model)["items"] == replica.golden["items"]
    swap_probabilities(replica)
    with pytest.raises(ProjectError, match="golden item 0"):
        replica.check_golden()


def swap_probabilities(replica: Any) -> None:
    import dataclasses

    real = replica.predict

    def wrong(values: Any) -> Any:
        said = []
        for each in real(values):
            names = list(each.probabilities)
            turned = dict(zip(names, reversed(each.probabilities.values()), strict=True))
            said.append(dataclasses.replace(each, probabilities=turned))
        return said

    replica.predict = wrong
