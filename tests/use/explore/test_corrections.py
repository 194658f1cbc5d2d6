from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import handful as hd
from handful.data.library.items import Item, LabelKind
from handful.data.library.labels import Label
from handful.foundation.errors import UsageError
from handful.numerics.linear.blocks import Block
from handful.use.explore.corrections import correct
from handful.use.explore.likeness import Scale

CLASSES = ("cup", "jug")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def crowd(answers, count=60, lost=20) -> tuple[Any, Any, list[Item]]:
    """Three clusters; the run takes the third one for cups though they are jugs.

    Args:
        answers: Place of an item to what was said of it since the training.
    """
    dice = np.random.default_rng(0)
    cluster = np.arange(count) % 3
    rows = np.eye(3)[cluster] + 0.1 * dice.normal(size=(count, 3))
    said = np.where((cluster == 1)[:, None], [0.05, 0.95], [0.95, 0.05]).astype(np.float32)
    learned = [n for n in range(lost) if cluster[n] != 2]
    labels = {n: CLASSES[int(cluster[n] == 1)] for n in learned} | answers
    items = [
        Item(id=f"{n:02}", key=f"pot {n}", parts={}, labels=labelled(labels.get(n)))
        for n in range(count)
    ]
    block = Block.of(rows.astype(np.float32))
    seen = SimpleNamespace(
        items=items,
        latents={"image": {"plain": block}},
        scales={("image", "image"): Scale(0.5, 10.0, 4.0)},
        said={"": said},
    )
    held_out = [
        {
            "item": f"{n:02}",
            "truth": CLASSES[int(cluster[n] == 1)],
            "probabilities": said[n].tolist(),
        }
        for n in learned
    ]
    run = SimpleNamespace(
        task="kind", model=SimpleNamespace(classes=CLASSES), held_out=lambda: held_out
    )
    return seen, run, items


def labelled(value):
    return (
        (Label(task="kind", value=value, annotator="me", kind=LabelKind.HUMAN, time=NOW),)
        if value
        else ()
    )


def test_three_corrections_carry_over_to_what_is_like_them_and_nothing_else():
    seen, run, items = crowd({2: "jug", 5: "jug", 8: "jug"})
    found = correct(seen, run, items)
    assert found.answered == {"02", "05", "08"}
    changed = {int(each.item.id) for each in found.changed}
    assert changed == {n for n in range(60) if n % 3 == 2} - {2, 5, 8}
    assert all((each.before, each.after) == ("cup", "jug") for each in found.changed)
    assert "3 answers since" in found.sentence
    assert f"{len(changed)} other items" in found.sentence


def test_every_change_names_the_corrections_behind_it():
    seen, run, items = crowd({2: "jug", 5: "jug", 8: "jug"})
    for each in correct(seen, run, items).changed:
        assert each.because
        assert {reason.item.id for reason in each.because} <= {"02", "05", "08"}
        assert sum(reason.share for reason in each.because) == pytest.approx(1)
        assert f"{each.because[0].item.key} (jug)" in each.sentence


def test_what_a_person_said_counts_as_it_is():
    seen, run, items = crowd({2: "jug", 5: "jug", 8: "jug"})
    said = correct(seen, run, items).said
    np.testing.assert_array_equal(said[2], [0, 1])
    np.testing.assert_allclose(said.sum(axis=1), 1)


def test_taking_the_answers_back_takes_their_effect_back():
    seen, run, items = crowd({})
    found = correct(seen, run, items)
    assert not found.answered
    assert not found.changed
    assert found.sentence == "Nothing was answered since this run was trained."


def test_corrections_that_held_out_answers_do_not_bear_out_change_nothing_else():
    dice = np.random.default_rng(3)
    answers = {n: CLASSES[dice.integers(2)] for n in range(20, 50, 2)}
    seen, run, items = crowd(answers)
    seen.latents = {"image": {"plain": Block.of(dice.normal(size=(60, 30)).astype(np.float32))}}
    found = correct(seen, run, items)
    assert found.answered
    assert not found.changed


def test_an_answer_that_the_run_never_learned_waits_for_a_training():
    seen, run, items = crowd({2: "vase"})
    found = correct(seen, run, items)
    assert found.unknown == ("vase",)
    assert found.answered == {"02"}


def test_an_answer_changed_after_the_training_is_a_correction():
    seen, run, items = crowd({0: "jug"})
    assert correct(seen, run, items).answered == {"00"}


def test_absent_modalities_never_count():
    seen, run, items = crowd({2: "jug", 5: "jug", 8: "jug"})
    rows = np.full((60, 4), np.nan, dtype=np.float32)
    seen.latents["audio"] = {"plain": Block(values=rows, present=np.zeros(60, dtype=bool))}
    with_nothing = correct(seen, run, items).said
    del seen.latents["audio"]
    np.testing.assert_array_equal(with_nothing, correct(seen, run, items).said)


def test_a_project_tells_the_effect_and_undo_takes_it_back(shop: hd.Project):
    before = shop.effect("kind")
    assert not before.answered
    waiting = [item for item in shop.items.items() if item.label("kind") is None]
    shop.label(waiting[0].key, "vase" if int(waiting[0].key[1:]) % 2 else "bowl", task="kind")
    try:
        assert shop.effect("kind").answered == {waiting[0].id}
        files = sorted((shop.cache / "explore").iterdir())
        shop.effect("kind")
        assert sorted((shop.cache / "explore").iterdir()) == files, "answers need no new look"
    finally:
        shop.items.label({waiting[0].id: None}, task="kind", annotator="me")
    assert not shop.effect("kind").answered


def test_a_task_without_a_run_is_said(shop: hd.Project):
    with pytest.raises(UsageError, match="no finished run"):
        shop.effect("grade")
