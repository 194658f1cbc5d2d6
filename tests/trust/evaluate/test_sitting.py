"""A sitting asks each question once, and says which case a predictor cannot answer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from handful.foundation.errors import InputError, UsageError
from handful.foundation.goal import Goal
from handful.foundation.predictor import Answer, Query
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.sitting import Conditions, Sitting, side_by_side
from handful.trust.evaluate.timing import Plan

ONE_TURN = Plan(warm_up=0, turns=1, calls=1, limit_s=1.0)


def test_answers_come_in_batches_and_are_asked_once(
    sit: Callable[..., Sitting], answer: Callable[..., Answer]
) -> None:
    told: list[tuple[object, ...]] = []
    conditions = Conditions(batch=4, on_progress=lambda *each: told.append(each))
    sitting = sit(["yes"] * 10, [answer("yes")] * 10, conditions=conditions)
    for _ in range(3):
        assert len(sitting.asked.answers) == 10
        assert sitting.marks.right.all()
    predictor: Any = sitting.predictor
    assert predictor.calls == [1, 4, 4, 2], "one first call alone, then batches"
    assert told == [("answering", 4, 10), ("answering", 8, 10), ("answering", 10, 10)]
    assert sitting.asked.first_s > 0
    assert sitting.asked.cost.cpu_s >= 0


def test_what_was_answered_with_the_same_modalities_is_not_asked_again(voter: Any) -> None:
    cases = [
        Case("both", {"image": "yes", "text": "no"}, "yes"),
        Case("image", {"image": "yes"}, "yes"),
        Case("text", {"text": "no"}, "yes"),
    ]
    predictor = voter(("image", "text"))
    sitting = Sitting(predictor, cases, goal=Goal())
    assert sitting.present == [("image", "text"), ("image",), ("text",)]
    assert sitting.marks.right.tolist() == [True, True, False]
    predictor.asked.clear()
    found = sitting.only(np.array([0, 1]), ("image",))
    assert predictor.asked == [("image",)], "the second case held nothing else anyway"
    assert found.right.tolist() == [True, True]
    sitting.only(np.array([1, 0]), ("image",))
    assert len(predictor.asked) == 1


def test_a_predictor_sees_only_what_it_reads(voter: Any) -> None:
    cases = [Case("a", {"text": "no", "image": "yes"}, "yes")]
    predictor = voter(("image",))
    assert Sitting(predictor, cases, goal=Goal()).marks.right.all()
    assert set(predictor.asked) == {("image",)}
    with pytest.raises(InputError, match='reads audio, and 1 cases hold none of it: "a"'):
        Sitting(voter(("audio",)), cases, goal=Goal())


def test_the_case_that_cannot_be_answered_is_named(scripted: Any, answer: Any) -> None:
    class Choking(scripted):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            if any(query["text"] == "c3" for query in queries):
                raise InputError("it is broken.", "mend it")
            return super().predict(queries)

    ids = [f"c{number}" for number in range(6)]
    predictor = Choking({name: answer("yes") for name in ids})
    cases = [Case(name, {"text": name}, "yes") for name in ids]
    with pytest.raises(InputError, match='Case "c3" cannot be answered: it is broken') as caught:
        _ = Sitting(predictor, cases, goal=Goal()).asked
    assert caught.value.hint == "mend it"


def test_a_wrong_number_of_answers_is_refused(scripted: Any, answer: Any) -> None:
    class Forgetful(scripted):
        def predict(self, queries: Sequence[Query]) -> list[Answer]:
            return super().predict(queries)[:-1] if len(queries) > 1 else super().predict(queries)

    ids = ["a", "b", "c"]
    predictor = Forgetful({name: answer("yes") for name in ids})
    cases = [Case(name, {"text": name}, "yes") for name in ids]
    with pytest.raises(UsageError, match="asked 3 questions and gave 2"):
        _ = Sitting(predictor, cases, goal=Goal()).asked


def test_single_calls_come_in_an_order_drawn_from_the_seed(
    sit: Callable[..., Sitting], answer: Callable[..., Answer]
) -> None:
    orders = []
    for seed in (0, 0, 1):
        sitting = sit(["yes"] * 30, [answer("yes")] * 30, conditions=Conditions(seed=seed))
        orders.append([query["text"] for query in sitting.shuffled])
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])


def test_sittings_side_by_side_share_their_turns(
    sit: Callable[..., Sitting], answer: Callable[..., Answer]
) -> None:
    alone = [sit(["yes"] * 3, [answer("yes")] * 3) for _ in range(2)]
    assert alone[0].times(ONE_TURN).session != alone[1].times(ONE_TURN).session
    together = [sit(["yes"] * 3, [answer("yes")] * 3) for _ in range(2)]
    side_by_side(together)
    assert together[0].times(ONE_TURN).session == together[1].times(ONE_TURN).session
