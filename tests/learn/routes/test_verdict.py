import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from handful.foundation.goal import Goal
from handful.foundation.predictor import Level
from handful.learn.model.unlike import Look
from handful.learn.routes.adapt import Climb
from handful.learn.routes.verdict import Judge
from handful.numerics.decide.calibrate import subset_name

N = 400


def climbed(rng: np.random.Generator) -> tuple[Climb, np.ndarray, dict[str, np.ndarray]]:
    """The sound knows the answer in 98 % of cases, the photo knows nothing."""
    labels = rng.integers(0, 2, N)
    right = rng.random(N) < 0.98
    heard = np.where(right, labels, 1 - labels)
    audio = np.where(heard[:, None] == np.arange(2), 0.97, 0.03)
    image = np.full((N, 2), 0.5) + rng.uniform(-0.1, 0.1, N)[:, None] * [1, -1]
    subsets = {("image",): image, ("audio",): audio, ("image", "audio"): audio}
    present = {"image": np.ones(N, bool), "audio": np.ones(N, bool)}
    return cast(Any, SimpleNamespace(subsets=subsets)), labels, present


@pytest.fixture
def judge() -> Judge:
    ladder, labels, present = climbed(np.random.default_rng(0))
    asks = {"audio": "Tap it"}
    return Judge.fit(ladder, labels, np.arange(N), present, Goal(), asks)


def test_sure_is_promised_with_its_error_and_why(judge: Judge) -> None:
    said = np.array([0.03, 0.97])
    alone = {"image": np.array([0.5, 0.5]), "audio": said}
    verdict = judge.judge(said, alone, {"image": 0.05, "audio": 0.95})
    assert verdict.level == Level.SURE
    assert verdict.error_rate is not None
    assert verdict.error_rate <= 0.05
    assert verdict.reason == "I heard it, I did not see it."


def test_the_missing_modality_that_would_help_is_asked_for(judge: Judge) -> None:
    said = np.array([0.45, 0.55])
    verdict = judge.judge(said, {"image": said}, {"image": 1.0})
    assert verdict.level == Level.NOT_SURE
    assert verdict.reason == "Tap it and I can tell."
    assert verdict.error_rate is None


def test_disagreement_is_the_reason_where_nothing_is_missing(judge: Judge) -> None:
    alone = {"image": np.array([0.9, 0.1]), "audio": np.array([0.2, 0.8])}
    verdict = judge.judge(np.array([0.55, 0.45]), alone, {"image": 0.5, "audio": 0.5})
    assert verdict.level == Level.NOT_SURE
    assert verdict.reason == "What I saw and what I heard disagree."


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"image": 0.5, "audio": 0.5}, "I saw and heard it."),
        ({"image": 0.7, "audio": 0.3}, "I saw it."),
        ({"image": 0.95, "text": 0.05}, "I saw it, I did not read it."),
        ({"audio": 1.0}, "I heard it."),
    ],
)
def test_reasons_follow_the_parts(judge: Judge, parts: dict[str, float], expected: str) -> None:
    said = np.array([0.03, 0.97])
    name = "audio" if "text" not in parts else "image+audio"
    alone: dict[str, np.ndarray] = dict.fromkeys(str(name).split("+"), said)
    assert judge.judge(said, alone, parts).reason == expected


def test_a_choice_of_modalities_never_checked_is_never_sure(judge: Judge) -> None:
    said = np.array([0.001, 0.999])
    verdict = judge.judge(said, {"text": said}, {"text": 1.0})
    assert verdict.level == Level.NOT_SURE
    assert "Too few answers were checked" in verdict.reason


def test_a_judge_survives_json(judge: Judge) -> None:
    copy = Judge.from_dict(json.loads(json.dumps(judge.as_dict())))
    assert copy.as_dict() == judge.as_dict()
    said = np.array([0.45, 0.55])
    alone = {"image": said}
    assert copy.judge(said, alone, {"image": 1.0}) == judge.judge(said, alone, {"image": 1.0})


def test_few_checked_answers_promise_nothing() -> None:
    ladder, labels, present = climbed(np.random.default_rng(1))
    few = cast(Any, SimpleNamespace(subsets={k: v[:15] for k, v in ladder.subsets.items()}))
    held = {name: has[:15] for name, has in present.items()}
    judge = Judge.fit(few, labels[:15], np.arange(15), held, Goal(), {})
    assert all("cannot promise" in sentence for sentence in judge.sentences()[:1])


def test_what_is_like_nothing_is_not_sure_however_firm(judge: Judge) -> None:
    said = np.array([0.03, 0.97])
    alone = {"image": np.array([0.5, 0.5]), "audio": said}
    verdict = judge.judge(said, alone, {"image": 0.05, "audio": 0.95}, ["image"])
    assert verdict == (Level.NOT_SURE, "I have not seen anything like it.", None)


def test_items_that_are_unlike_promise_nothing() -> None:
    ladder, labels, present = climbed(np.random.default_rng(0))
    wrong = ladder.subsets["image", "audio"].argmax(axis=1) != labels
    look = Look({"audio": np.where(wrong, 0.0, 1.0)}, np.full(N, 0.05))
    groups = np.arange(N)
    judge = Judge.fit(ladder, labels, groups, present, Goal(), {}, look)
    (sure, _) = judge.selections[subset_name(["image", "audio"])].promises
    assert sure.errors == 0
    assert sure.answers == N - wrong.sum()


def unsure(seed: int, groups: int) -> tuple[Climb, np.ndarray, np.ndarray]:
    """Four classes that are hard to tell, answered with calibrated probabilities, three a group."""
    dice = np.random.default_rng(seed)
    said = dice.dirichlet(np.full(4, 0.8), 3 * groups)
    labels = (dice.random((3 * groups, 1)) > np.cumsum(said, axis=1)).sum(axis=1).clip(0, 3)
    climb = cast(Any, SimpleNamespace(subsets={("image",): said}))
    return climb, labels, np.repeat(np.arange(groups), 3)


def test_candidates_of_unsure_answers_hold_the_right_one_as_often_as_they_say() -> None:
    ladder, labels, groups = unsure(0, 400)
    judge = Judge.fit(ladder, labels, groups, {"image": np.ones(len(labels), bool)}, Goal(), {})
    ladder, labels, _ = unsure(1, 2000)
    among, shown = [], 0
    for said, truth in zip(ladder.subsets["image",], labels, strict=True):
        if judge.judge(said, {"image": said}, {"image": 1.0}).level == Level.NOT_SURE:
            found = judge.candidates(said, ("image",))
            among.append(found is None or truth in found.places)
            shown += found is not None
            if found:
                assert found.places[0] == said.argmax()
                assert found.coverage == pytest.approx(0.9)
    assert shown > 500
    assert np.mean(among) == pytest.approx(0.9, abs=0.04)


def test_too_few_groups_name_no_candidates() -> None:
    ladder, labels, groups = unsure(0, 8)
    judge = Judge.fit(ladder, labels, groups, {"image": np.ones(len(labels), bool)}, Goal(), {})
    assert judge.candidates(np.array([0.7, 0.1, 0.1, 0.1]), ("image",)) is None


def test_a_judge_from_before_there_were_candidates_still_loads() -> None:
    ladder, labels, groups = unsure(0, 400)
    judge = Judge.fit(ladder, labels, groups, {"image": np.ones(len(labels), bool)}, Goal(), {})
    saved = json.loads(json.dumps(judge.as_dict()))
    said = np.array([0.7, 0.15, 0.1, 0.05])
    assert Judge.from_dict(saved).candidates(said, ["image"]) == judge.candidates(said, ["image"])
    del saved["sets"]
    assert Judge.from_dict(saved).candidates(said, ("image",)) is None
