"""What the addresses below /api say and do."""

import hashlib
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import handful as hd


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def finished(asking: ModuleType, app: Any) -> dict[str, Any]:
    for _ in range(600):
        job = asking.ask(app, "/api/state").data["job"]
        if job["state"] != "running":
            return job
        time.sleep(0.02)
    raise AssertionError("the job never ended")


def test_the_state_counts_kinds_and_what_is_set_aside(app: Any, asking: ModuleType) -> None:
    state = asking.ask(app, "/api/state").data
    assert state["kinds"] == {"text": 3, "image": 6, "audio": 0}
    assert (state["items"], state["usable"], state["aside"]) == (10, 9, 1)


def test_a_window_holds_what_was_asked_for(app: Any, asking: ModuleType) -> None:
    whole = asking.ask(app, "/api/items?count=200").data
    assert whole["total"] == 9
    part = asking.ask(app, "/api/items?start=2&count=3").data
    assert [each["id"] for each in part["items"]] == [each["id"] for each in whole["items"][2:5]]
    texts = asking.ask(app, "/api/items?kind=text").data
    assert [each["kinds"] for each in texts["items"]] == [["text"]] * 3
    named = asking.ask(app, "/api/items?words=BOWLS_1").data
    assert [each["name"].endswith("bowls_1") for each in named["items"]] == [True]


def test_files_set_aside_have_a_reason(app: Any, asking: ModuleType) -> None:
    (aside,) = asking.ask(app, "/api/aside").data
    assert aside["name"] == "broken.png"
    assert "empty" in aside["reason"]


def test_adding_reads_a_folder_and_leaves_it_alone(
    tmp_path: Path, folder: Path, asking: ModuleType
) -> None:
    from handful.doors.studio.app import build

    before = hashes(folder)
    app = build(hd.Project.create(tmp_path / "new"), asking.KEY, asking.PORT)
    assert asking.act(app, "add", folder=str(folder)).status == 200
    job = finished(asking, app)
    assert job["state"] == "done"
    assert "10 items came in" in job["what"]
    assert hashes(folder) == before


def test_a_folder_that_is_gone_is_told(app: Any, asking: ModuleType, tmp_path: Path) -> None:
    asking.act(app, "add", folder=str(tmp_path / "gone"))
    job = finished(asking, app)
    assert job["state"] == "failed"
    assert "gone" in job["what"]
    assert asking.ask(app, f"/api/folders?at={tmp_path}/gone").status == 400


def test_pictures_are_small_and_files_are_as_they_are(
    app: Any, asking: ModuleType, folder: Path
) -> None:
    card = asking.ask(app, "/api/items?words=mugs_0").data["items"][0]
    small = asking.ask(app, f"/picture/{card['picture']}?item={card['id']}")
    assert small.body[:2] == b"\xff\xd8"
    whole = asking.ask(app, f"/media/{card['id']}/image")
    assert whole.body == (folder / "mugs" / "mugs_0.png").read_bytes()
    assert asking.ask(app, "/picture/..%2f..%2fetc").status == 400
    assert asking.ask(app, "/media/nobody/image").status == 400


def test_bad_requests_are_told_in_words(app: Any, asking: ModuleType) -> None:
    for said in (
        asking.ask(app, "/api/items?start=-1"),
        asking.ask(app, "/api/nothing"),
        asking.act(app, "nothing"),
        asking.ask(app, "/api/add", method="POST", body=b"{"),
        asking.ask(app, "/api/add", method="POST", body=b"[]"),
        asking.act(app, "add"),
        asking.act(app, "group", topic="kind", items=[], group="mugs"),
        asking.act(app, "go-back", version="3"),
    ):
        assert said.status == 400
        assert said.data["what"]


def test_groups_are_counted_anew_only_when_answers_change(
    shop: hd.Project, app: Any, asking: ModuleType
) -> None:
    cards = asking.ask(app, "/api/items?kind=image").data["items"]
    ids = [each["id"] for each in cards if "mugs" in each["name"]]
    assert asking.act(app, "group", topic="kind", items=ids, group="mugs").status == 200
    topics = asking.ask(app, "/api/state").data["topics"]
    assert topics == {"kind": [{"name": "mugs", "count": 3}]}
    left = asking.ask(app, "/api/items?topic=kind&group=-").data
    assert left["total"] == 6
    inside = asking.ask(app, "/api/items?topic=kind&group=mugs").data
    assert {each["group"] for each in inside["items"]} == {"mugs"}
    assert asking.act(app, "group", topic="kind", items=ids, group=None).status == 200
    assert asking.ask(app, "/api/state").data["topics"] == {}


def test_folder_names_become_groups(app: Any, asking: ModuleType) -> None:
    asking.act(app, "use-folders", topic="kind")
    assert finished(asking, app)["state"] == "done"
    topics = asking.ask(app, "/api/state").data["topics"]
    assert [each["name"] for each in topics["kind"]] == ["bowls", "mugs"]


def test_before_anything_was_learned_find_says_so(app: Any, asking: ModuleType) -> None:
    said = asking.ask(app, "/api/find?words=mug", method="POST")
    assert said.data == {"ready": False}


def test_trust_lists_versions_and_goes_back(shop: hd.Project, app: Any, asking: ModuleType) -> None:
    cards = asking.ask(app, "/api/items").data["items"]
    before = shop.items.version
    asking.act(app, "group", topic="kind", items=[cards[0]["id"]], group="mugs")
    versions = asking.ask(app, "/api/trust?topic=kind").data["versions"]
    assert versions[0]["is_now"]
    assert before in [each["version"] for each in versions]
    assert asking.act(app, "go-back", version=before).status == 200
    assert asking.ask(app, "/api/state").data["topics"] == {}


def test_a_card_is_answered_and_taken_back(shop: hd.Project, app: Any, asking: ModuleType) -> None:
    deck = asking.ask(app, "/api/deck?topic=kind").data
    card = deck["cards"][0]
    about = {"topic": "kind", "item": card["id"], "why": card["why"], "guess": card["guess"]}
    assert asking.act(app, "reply", answer="mugs", **about).status == 200
    assert shop.items.item(card["id"]).label("kind") == "mugs"
    assert asking.act(app, "take-back", **about).status == 200
    assert shop.items.item(card["id"]).label("kind") is None
    assert asking.act(app, "reply", answer="mugs", **(about | {"why": "whim"})).status == 400
