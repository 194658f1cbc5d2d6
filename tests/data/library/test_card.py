import json
from dataclasses import replace

import pytest

from handful.data.library.card import (
    SCHEMA,
    Card,
    note_version,
    past_cards,
    read_card,
    write_card,
)
from handful.foundation.errors import NewerFormatError, ProjectError

CARD = Card(version=3, items_version=5, labels_version=2, labels=7, counts={"items": 4}, digest="d")


def test_a_card_comes_back(tmp_path):
    write_card(tmp_path, CARD)
    assert read_card(tmp_path) == CARD


def test_people_can_read_it(tmp_path):
    write_card(tmp_path, CARD)
    content = json.loads((tmp_path / "manifest.json").read_text())
    assert content["kind"] == "library"
    assert content["counts"] == {"items": 4}
    assert content["version"] == 3


@pytest.mark.parametrize("change", [{"schema": SCHEMA + 1}, {"format": 99}])
def test_a_newer_library_is_refused(tmp_path, change):
    write_card(tmp_path, CARD)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(NewerFormatError, match="upgrade"):
        read_card(tmp_path)


@pytest.mark.parametrize("name", ["version", "items_version", "labels"])
def test_a_damaged_card_is_said(tmp_path, name):
    write_card(tmp_path, CARD)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in content.items() if key != name}))
    with pytest.raises(ProjectError, match=name):
        read_card(tmp_path)
    path.write_text(json.dumps({**content, name: "three"}))
    with pytest.raises(ProjectError, match="whole number"):
        read_card(tmp_path)


def test_the_next_card_is_not_counted_yet():
    following = CARD.next(doing="add", items_version=6, labels_version=3, labels=9, places=11)
    assert following.version == 4
    assert (following.counts, following.digest) == ({}, "")
    assert following.created == CARD.created


def test_a_version_that_never_counted_is_not_history(tmp_path):
    cards = [replace(CARD, version=version, items_version=version) for version in (1, 2, 3)]
    for card in cards:
        note_version(tmp_path, card)
    write_card(tmp_path, cards[1])
    assert [card.version for card in past_cards(tmp_path)] == [1, 2]


def test_of_a_version_noted_twice_the_later_note_counts(tmp_path):
    note_version(tmp_path, replace(CARD, version=1, items_version=10))
    note_version(tmp_path, replace(CARD, version=1, items_version=11))
    write_card(tmp_path, replace(CARD, version=2))
    assert past_cards(tmp_path)[0].items_version == 11


def test_a_card_from_before_changes_were_kept_is_a_change_of_its_own(tmp_path):
    write_card(tmp_path, CARD)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    for name in ("about", "began", "moved"):
        del content[name]
    path.write_text(json.dumps(content))
    card = read_card(tmp_path)
    assert (card.began, card.about, card.moved) == (2, "", {})
