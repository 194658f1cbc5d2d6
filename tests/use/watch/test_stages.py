"""A challenger gets more and more, and in the end either everything or nothing."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.use.watch.guards import Config as Watching
from handful.use.watch.guards import Guard, Seen
from handful.use.watch.stages import Arm, Config, Stages, Step

QUICK = Config(shadow=20, each=20, horizon=1_000)


def drive(stages: Stages, agree: float, sure: tuple[float, float], seed: int = 0) -> list[Step]:
    """Answer items until something is decided; `sure` is the challenger's and the champion's."""
    dice, steps = np.random.default_rng(seed), []
    for row in range(60_000):
        arm = stages.arm_of(f"client {row}")
        is_shadow = stages.standing.stage == "shadow" if row % 50 == 0 else not stages.share
        if is_shadow or arm is Arm.CANDIDATE:
            stages.compare(bool(dice.random() < agree))
        if arm is not Arm.REST:
            rate = sure[0] if arm is Arm.CANDIDATE else sure[1]
            stages.see(Seen("a", bool(dice.random() < rate), 1.0, 1.0), arm)
        step = stages.step()
        if step is not Step.STAY:
            steps.append(step)
        if step in (Step.PROMOTE, Step.HOLD):
            return steps
    raise AssertionError("nothing was decided")


def test_an_equal_challenger_climbs_every_share_and_is_promoted() -> None:
    stages = Stages(QUICK, 0.25, "d" * 64)
    assert drive(stages, 0.98, (0.8, 0.8)) == [Step.NEXT] * 4 + [Step.PROMOTE]
    assert stages.standing.answers >= 4 * QUICK.each


@pytest.mark.parametrize(("agree", "sure"), [(0.75, (0.8, 0.8)), (0.99, (0.5, 0.8))])
def test_what_cannot_be_shown_is_held_and_gets_nothing(
    agree: float, sure: tuple[float, float]
) -> None:
    stages = Stages(QUICK, 0.25, "d" * 64)
    assert drive(stages, agree, sure)[-1] is Step.HOLD
    assert stages.share == 0
    assert stages.standing.stage == "held"
    assert all(stages.arm_of(str(row)) is Arm.REST for row in range(50))
    assert stages.step() is Step.STAY


def test_a_client_stays_where_it_is_and_the_control_is_as_large() -> None:
    stages = Stages(Config(shadow=1, each=1, horizon=100), 0.25, "e" * 64)
    names = [f"client {row}" for row in range(4_000)]
    before: set[str] = set()
    stages.compare(True)
    for share in stages.config.shares:
        stages.step()
        assert stages.share == share
        arms = {name: stages.arm_of(name) for name in names}
        tried = {name for name, arm in arms.items() if arm is Arm.CANDIDATE}
        control = {name for name, arm in arms.items() if arm is Arm.CONTROL}
        deviation = 4 * np.sqrt(share * (1 - share) * len(names))
        assert abs(len(tried) - share * len(names)) < deviation
        assert abs(len(control) - share * len(names)) < deviation
        assert before <= tried
        before = tried
        stages.see(Seen("a", True, 1.0, 1.0), Arm.CANDIDATE)


def test_another_challenger_meets_others_first() -> None:
    places = []
    for salt in ("a" * 64, "b" * 64):
        stages = Stages(Config(shadow=1, shares=(0.25,)), 0.25, salt)
        stages.compare(True)
        stages.step()
        places.append([stages.arm_of(str(row)) is Arm.CANDIDATE for row in range(400)])
    both = np.mean(np.all(places, axis=0))
    assert both == pytest.approx(0.25**2, abs=0.05)


def test_shares_that_make_no_sense_are_refused() -> None:
    for shares in ((), (0.5, 0.1), (0.9,), (0.0, 0.1)):
        with pytest.raises(ConfigError):
            Config(shares=shares)


@pytest.mark.parametrize(
    ("code", "new", "old"),
    [
        ("slower", Seen("ab", True, 3.0, 1.0), Seen("ab", True, 1.0, 1.0)),
        ("costlier", Seen("ab", True, 1.0, 3.0), Seen("ab", True, 1.0, 1.0)),
        ("less_sure", Seen("ab", False, 1.0, 1.0), Seen("ab", True, 1.0, 1.0)),
        ("collapsed", Seen("a", True, 1.0, 1.0), Seen("ab", True, 1.0, 1.0)),
    ],
)
def test_every_guard_finds_its_fault_and_is_silent_without(code: str, new: Seen, old: Seen) -> None:
    dice = np.random.default_rng(0)

    def one(seen: Seen) -> Seen:
        label, noise = str(dice.choice(list(seen.label))), dice.exponential()
        return seen._replace(label=label, seconds=seen.seconds + noise / 10)

    guard = Guard(Watching())
    for _ in range(200):
        guard.see(one(new), is_new=True)
        guard.see(one(old), is_new=False)
        finding = guard.look()
        if finding:
            break
    assert finding is not None
    assert finding.code == code
    calm = Guard(Watching())
    for _ in range(2_000):
        calm.see(one(old), is_new=True)
        calm.see(one(old), is_new=False)
        assert calm.look() is None


def test_feedback_takes_a_release_back_that_people_call_wrong() -> None:
    guard, dice = Guard(Watching()), np.random.default_rng(1)
    for _ in range(150):
        guard.judge(bool(dice.random() < 0.4), is_new=True)
        guard.judge(bool(dice.random() < 0.95), is_new=False)
        finding = guard.look()
        if finding:
            break
    assert finding is not None
    assert finding.code == "less_right"
