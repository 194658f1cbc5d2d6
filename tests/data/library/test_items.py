import hashlib
import json
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.library.items import Item, LabelKind, Part, Rights, Split, Status, truths

GOOD = {
    "image": Part(modality="image", content_sha256="i"),
    "text": Part(modality="text", content_sha256="t", words={"en": "a cup"}),
}
BAD = {"audio": Part(modality="audio", status=Status.QUARANTINED, sha256="bytes")}


def test_only_what_can_be_used_counts_as_a_modality():
    item = Item(id="1", key="a", parts={**GOOD, **BAD})
    assert item.modalities == ("text", "image")
    assert item.usable
    assert item.words == {"en": "a cup"}


def test_an_item_with_nothing_usable_is_not_usable():
    item = Item(id="1", key="a", parts=BAD)
    assert not item.usable
    assert item.modalities == ()
    assert item.words == {}


def test_a_repaired_part_is_usable():
    part = Part(modality="text", status=Status.REPAIRED, words={"und": "x"})
    assert Item(id="1", key="a", parts={"text": part}).usable


def test_quarantined_words_are_not_given_out():
    part = Part(modality="text", status=Status.QUARANTINED, words={"und": "x"})
    assert Item(id="1", key="a", parts={"text": part}).words == {}


def test_the_row_hash_is_about_content_and_nothing_else():
    item = Item(id="1", key="a", parts=GOOD, source="/here", revision=0)
    moved = replace(item, id="2", key="b", source="/there", revision=7)
    assert item.row_sha256 == moved.row_sha256


@pytest.mark.parametrize(
    "change",
    [
        {"group": "batch 1"},
        {"split": Split.TEST},
        {"rights": Rights(licence="MIT")},
        {"parts": {**GOOD, **BAD}},
        {"parts": {**GOOD, "image": Part(modality="image", content_sha256="other")}},
    ],
)
def test_the_row_hash_sees_what_training_depends_on(change):
    item = Item(id="1", key="a", parts=GOOD)
    assert replace(item, **change).row_sha256 != item.row_sha256


def test_the_order_of_parts_does_not_matter():
    turned = dict(reversed(GOOD.items()))
    one, other = Item(id="1", key="a", parts=GOOD), Item(id="1", key="a", parts=turned)
    assert one.row_sha256 == other.row_sha256
    assert one.content_sha256 == other.content_sha256


def test_the_most_trusted_statement_counts_in_any_order(label):
    given = [label(str(kind), kind=kind) for kind in LabelKind]
    for order in permutations(given):
        assert truths(order) == {"kind": "human"}


def test_among_equals_the_latest_counts(label):
    assert truths([label("cup"), label("bowl", annotator="bob")]) == {"kind": "bowl"}


def test_superseded_and_taken_back_statements_do_not_count(label):
    given = [label("cup", superseded=True), label(None), label("jug", kind=LabelKind.MODEL)]
    assert truths(given) == {"kind": "jug"}
    assert truths(given[:2]) == {}


ODD = st.text(alphabet='ab"\\\n\t\x07é漢\u2028😀/ ', max_size=6)


@given(
    st.dictionaries(st.sampled_from(["text", "image", "audio"]), st.tuples(ODD, ODD)),
    ODD,
    st.sampled_from([None, *Split]),
    ODD,
)
def test_the_hash_of_a_row_is_that_of_its_json(facts, group, split, licence):
    parts = {
        name: Part(modality=name, status=Status.REPAIRED, reason=reason, content_sha256=content)
        for name, (reason, content) in facts.items()
    }
    found = Item(
        id="x", key="k", parts=parts, group=group, split=split, rights=Rights(licence=licence)
    )
    plain = {name: ["repaired", reason, content] for name, (reason, content) in facts.items()}
    text = json.dumps(
        [plain, group, split, licence], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    assert found.row_sha256 == hashlib.sha256(text.encode()).hexdigest()
