"""Modalities: shares against a naive Shapley, and the plant: one that does harm."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from handful.foundation.goal import Goal
from handful.trust.evaluate.cases import Case
from handful.trust.evaluate.measures.modalities import Config, Modalities, subsets
from handful.trust.evaluate.sitting import Conditions, Sitting

NAMES = ("image", "audio", "text")


def votes(rng: np.random.Generator, n: int, skill: dict[str, float]) -> list[Case]:
    """Each modality votes for the truth with its own skill, and for the other class else."""
    cases = []
    for row in range(n):
        truth = "yes" if rng.random() < 0.5 else "no"
        other = "no" if truth == "yes" else "yes"
        query = {name: truth if rng.random() < share else other for name, share in skill.items()}
        cases.append(Case(f"c{row}", query, truth, None))
    return cases


def right_with(case: Case, subset: tuple[str, ...]) -> bool:
    said = [case.query[name] for name in subset]
    return max(dict.fromkeys(said), key=said.count) == case.truth


def naive_shapley(cases: list[Case], names: tuple[str, ...]) -> dict[str, float]:
    truths = [case.truth for case in cases]
    without = max(truths.count(name) for name in set(truths)) / len(truths)

    def worth(chosen: set[str]) -> float:
        subset = tuple(name for name in names if name in chosen)
        return float(np.mean([right_with(case, subset) for case in cases])) if subset else without

    gains: dict[str, list[float]] = {name: [] for name in names}
    for order in permutations(names):
        seen: set[str] = set()
        for name in order:
            before = worth(seen)
            seen.add(name)
            gains[name].append(worth(seen) - before)
    return {name: float(np.mean(each)) for name, each in gains.items()}


def test_subsets_come_small_ones_first() -> None:
    assert subsets(("a", "b", "c")) == [
        ("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")
    ]  # fmt: skip


def test_every_subset_is_counted_and_the_parts_are_shapleys(voter: Any) -> None:
    rng = np.random.default_rng(0)
    cases = votes(rng, 150, {"image": 0.9, "audio": 0.7, "text": 0.6})
    found = Modalities(Config()).measure(Sitting(voter(NAMES), cases, goal=Goal()))
    rows = {row["modalities"]: row for row in found.sheets[0].rows}
    assert len(rows) == 7
    for subset in subsets(NAMES):
        wanted = np.mean([right_with(case, subset) for case in cases])
        assert rows[" + ".join(subset)]["right"] == pytest.approx(wanted)
    parts = {each.name.removeprefix("part_"): each.value for each in found.figures}
    assert parts == pytest.approx(naive_shapley(cases, NAMES))


def test_a_modality_that_does_harm_is_proven(voter: Any) -> None:
    """The first modality breaks ties, and it is the one that is mostly wrong."""
    rng = np.random.default_rng(1)
    cases = votes(rng, 300, {"image": 0.2, "text": 0.9})
    found = Modalities(Config()).measure(Sitting(voter(("image", "text")), cases, goal=Goal()))
    harms = found.data["harms"]
    assert [(harm["part"], harm["whole"]) for harm in harms] == [(("text",), ("image", "text"))]
    assert harms[0]["p_value"] < 1e-6
    assert any("With image added to text it is right less often" in s for s in found.meaning)


def test_a_harmless_model_is_hardly_ever_blamed(voter: Any) -> None:
    blamed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cases = votes(rng, 120, {"image": 0.8, "text": 0.8})
        found = Modalities(Config()).measure(Sitting(voter(("image", "text")), cases, goal=Goal()))
        blamed += any(harm["p_value"] <= 0.05 for harm in found.data["harms"])
    assert blamed <= 5


def test_groups_are_the_witnesses_of_harm(voter: Any) -> None:
    """All the harm sits in two of thirty groups: that proves nothing."""
    cases = []
    for row in range(300):
        group = row // 10
        query = {"image": "no" if group < 2 else "yes", "text": "yes"}
        cases.append(Case(f"c{row}", query, "yes", f"g{group}"))
    predictor = voter(("image", "text"))
    grouped = Modalities(Config()).measure(Sitting(predictor, cases, goal=Goal()))
    assert grouped.data["harms"][0]["p_value"] > 0.05
    assert any("that may be chance" in sentence for sentence in grouped.meaning)
    loose = [Case(case.id, case.query, case.truth) for case in cases]
    alone = Modalities(Config()).measure(Sitting(predictor, loose, goal=Goal()))
    assert alone.data["harms"][0]["p_value"] < 0.05


def test_items_that_lack_modalities_count_where_they_can(voter: Any) -> None:
    rng = np.random.default_rng(2)
    cases = votes(rng, 60, {"image": 0.8, "text": 0.8})
    cases += [Case(f"i{row}", {"image": "yes"}, "yes") for row in range(20)]
    found = Modalities(Config()).measure(Sitting(voter(("image", "text")), cases, goal=Goal()))
    rows = {row["modalities"]: row for row in found.sheets[0].rows}
    assert rows["image"]["n_holding"] == 80
    assert rows["text"]["n_holding"] == 60
    assert found.data["complete"] == 60
    right = sum(right_with(case, ("image",)) for case in cases)
    assert rows["image"]["right_holding"] == pytest.approx(right / 80)


def test_no_complete_case_is_said(voter: Any) -> None:
    cases = [Case("a", {"image": "yes"}, "yes"), Case("b", {"text": "yes"}, "yes")]
    found = Modalities(Config()).measure(Sitting(voter(("image", "text")), cases, goal=Goal()))
    assert found.figures == ()
    assert "No case holds every modality" in found.meaning[0]
    assert [row["right"] for row in found.sheets[0].rows] == [None, None]


def test_one_modality_cannot_be_taken_away(voter: Any) -> None:
    found = Modalities(Config()).measure(
        Sitting(voter(("image",)), [Case("a", {"image": "yes"}, "yes")], goal=Goal())
    )
    assert "one modality only" in found.missing


def test_no_more_cases_are_asked_than_allowed(voter: Any) -> None:
    rng = np.random.default_rng(3)
    predictor = voter(("image", "text"))
    cases = votes(rng, 100, {"image": 0.8, "text": 0.8})
    sitting = Sitting(predictor, cases, goal=Goal(), conditions=Conditions(seed=4))
    assert sitting.asked.answers
    predictor.asked.clear()
    found = Modalities(Config(most_cases=25)).measure(sitting)
    assert len(predictor.asked) == 50
    assert found.data["complete"] == 25
