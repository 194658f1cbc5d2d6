import numpy as np
import pytest

from handful.learn.model.latents import Config, Latents
from handful.numerics.linear.blocks import Block
from handful.use.explore.likeness import Scale, scales, strength


def test_evidence_is_zero_in_the_middle_and_the_log_ratio_of_the_two_bells_elsewhere() -> None:
    dice = np.random.default_rng(0)
    together, apart = 0.6 + 0.1 * dice.standard_normal(9000), 0.1 * dice.standard_normal(9000)
    scale = Scale.between(together, apart)
    assert scale.middle == pytest.approx(0.3, abs=0.01)

    def bell(value: float, mean: float) -> float:
        return -((value - mean) ** 2) / (2 * 0.1**2)

    for value in (0.2, 0.35, 0.5):
        expected = bell(value, 0.6) - bell(value, 0.0)
        assert scale.evidence(np.array([value]))[0] == pytest.approx(expected, rel=0.1, abs=0.6)


def test_a_link_that_tells_nothing_gives_no_evidence() -> None:
    values = np.random.default_rng(0).standard_normal(100)
    assert Scale.between(values, values + 0.1).slope == 0
    assert Scale.between(values[:3], values).slope == 0
    assert strength(Scale(0.0, 0.0).evidence(values)).tolist() == [0.0] * 100


def test_strength_is_what_a_probability_lies_above_one_half_doubled() -> None:
    evidence = np.array([-2.0, 0.0, 1.0, 3.0])
    probability = 1 / (1 + np.exp(-evidence))
    assert strength(evidence) == pytest.approx(np.maximum(0, 2 * probability - 1))


def pair_world(shares: bool) -> tuple[dict, Latents]:
    dice = np.random.default_rng(1)
    common = dice.standard_normal((300, 4))
    other = common if shares else dice.standard_normal((300, 4))
    noise = dice.standard_normal((2, 300, 12))
    views = {
        "text": {"a": Block.of(np.hstack([common, 0.7 * noise[0]]).astype("f4"))},
        "image": {"a": Block.of(np.hstack([other, 0.7 * noise[1]]).astype("f4"))},
    }
    space = Latents.fit(views, Config(width=16))
    return {name: dict(found) for name, found in space.of(views).items()}, space


def test_modalities_that_share_something_can_be_compared_and_others_cannot() -> None:
    groups = np.array([str(row) for row in range(300)])
    latents, space = pair_world(shares=True)
    found = scales(latents, space.space, groups)
    assert found["text", "image"].slope > 1
    assert found["text", "image"] == found["image", "text"]
    assert set(found) == {(a, b) for a in ("text", "image") for b in ("text", "image")}
    latents, space = pair_world(shares=False)
    found = scales(latents, space.space, groups)
    assert found.get(("text", "image"), Scale(0, 0)).slope == pytest.approx(0, abs=0.5)
