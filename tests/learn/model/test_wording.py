from pathlib import Path

import numpy as np
import pytest

from handful.foundation.errors import ProjectError
from handful.learn.model.wording import FILE, Config, Wording
from handful.numerics.linear.blocks import Block

GROUPS = np.arange(200).astype(str)


def world(shares: bool = True, seed: int = 0) -> dict[str, dict[str, Block]]:
    """Texts of a few words out of twelve; pictures in which these words can be seen, or others."""
    dice = np.random.default_rng(seed)
    words = (dice.random((200, 12)) < 0.25).astype("f4")
    words[words.sum(axis=1) == 0, 0] = 1
    shown = words if shares else words[dice.permutation(200)]
    seen = shown @ np.random.default_rng(9).standard_normal((12, 30))
    seen += 0.3 * dice.standard_normal(seen.shape)
    return {"text": {"words": Block.of(words)}, "image": {"look": Block.of(seen.astype("f4"))}}


def first_share(found: Wording, views: dict) -> float:
    placed = found.of(views)
    alike = placed["image"]["text"].values @ placed["text"]["image"].values.T
    return float((alike.argmax(axis=1) == np.arange(len(alike))).mean())


def test_pictures_that_nobody_described_lie_beside_their_words() -> None:
    found = Wording.fit(world(), Config(), groups=GROUPS)
    assert found
    assert found.modalities == ("text", "image")
    new = world(seed=5)
    texts = new["text"]["words"].values
    placed = found.of(new)
    alike = placed["image"]["text"].values @ placed["text"]["image"].values.T
    best = texts[alike.argmax(axis=1)]
    assert (best == texts).all(axis=1).mean() > 0.6
    crowds = found.crowds["image", "text"]
    assert crowds.together.mean() > crowds.apart.mean() + 0.3
    assert found.sentences() == [
        "image: 200 pairs with words teach what it would say, so words find images that nobody "
        "described."
    ]


def test_pairs_that_share_nothing_teach_nothing() -> None:
    believed = [Wording.fit(world(False, seed), Config(), groups=GROUPS) for seed in range(12)]
    assert sum(found is not None for found in believed) <= 1


def test_few_pairs_few_texts_and_no_text_teach_nothing() -> None:
    views = world()
    assert Wording.fit({"image": views["image"]}, Config(), groups=GROUPS) is None
    same = {**views, "text": {"words": Block.of(np.ones((200, 12), "f4"))}}
    assert Wording.fit(same, Config(), groups=GROUPS) is None
    few = Block.of(views["text"]["words"].values, np.arange(200) < 15)
    assert Wording.fit({**views, "text": {"words": few}}, Config(), groups=GROUPS) is None


def test_words_that_nobody_knows_say_nothing_and_absent_sides_stay_absent() -> None:
    views = world()
    present = np.arange(200) % 2 == 0
    values = views["text"]["words"].values.copy()
    values[4] = 0
    held = {**views, "text": {"words": Block.of(values, present)}}
    found = Wording.fit(held, Config(), groups=GROUPS)
    assert found
    placed = found.of(held)["text"]["image"]
    assert not placed.values[4].any()
    assert not placed.values[1].any()
    assert placed.present.tolist() == present.tolist()
    assert np.linalg.norm(placed.values[2]) == pytest.approx(1, abs=1e-5)


def test_it_is_read_as_it_was_written_and_damage_is_named(tmp_path: Path) -> None:
    views = world()
    found = Wording.fit(views, Config(), groups=GROUPS)
    assert found
    assert Wording.load(tmp_path) is None
    found.save(tmp_path)
    again = Wording.load(tmp_path)
    assert again
    assert again.pairs == found.pairs
    assert set(again.crowds) == set(found.crowds)
    assert first_share(again, views) == pytest.approx(first_share(found, views), abs=0.02)
    (tmp_path / FILE).write_bytes(b"half")
    with pytest.raises(ProjectError, match="delete this file") as told:
        Wording.load(tmp_path)
    assert FILE in str(told.value)
