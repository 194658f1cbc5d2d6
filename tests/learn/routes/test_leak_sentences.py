import numpy as np

from handful.learn.routes.train import Config, _leak_sentences
from handful.learn.rungs.base import Evidence, Lesson
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Parts


def lesson(group_says, label_says):
    dice = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 5)
    label = (np.arange(40) % 2)[group]
    looks = dice.normal(0, group_says, (40, 80))[group] + dice.normal(0, 0.3, (200, 80))
    looks += label_says * np.where(label, 1, -1)[:, None]
    blocks = {"plain": Block.of(looks[:, :50]), "shared": Block.of(looks[:, 50:])}
    made = Lesson(
        evidence=Evidence(kernels=Parts({}, {}, {}), latents={"image": blocks}, views={}),
        labels=label.astype(np.intp),
        classes=("bowl", "cup"),
        folds=None,
    )
    return made, group


def test_training_says_how_many_points_a_random_split_would_add():
    (sentence,) = _leak_sentences(*lesson(1.0, 0.0), Config(labels="kind"))
    assert sentence.startswith("Split at random, `kind` would score about ")
    assert sentence.endswith("200 of 200 items share a group with another, or are copies of one.")


def test_training_says_nothing_where_a_random_split_adds_nothing():
    assert _leak_sentences(*lesson(0.0, 0.2), Config(labels="kind")) == []
