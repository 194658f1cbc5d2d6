import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import ConfigError, InputError, UsageError
from handful.numerics.linear import ridge
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.cca import WEIGHTS, Config, SharedSpace
from handful.numerics.linear.folds import split
from handful.numerics.linear.stack import Stack

FIXED = Config(penalty=0.01)


class World:
    """Items whose image and sound share one class, while the image alone shows another.

    `both` is a class of ten that pairs reveal, `alone` one of three that only the image holds;
    most of the variance in either modality is neither.
    """

    def __init__(self, items, seed, widths=(40, 30)):
        plan, rng = np.random.default_rng(99), np.random.default_rng(seed)
        self.both, self.alone = rng.integers(0, 10, items), rng.integers(0, 3, items)
        common = 1.3 * plan.normal(size=(10, 6))[self.both] + 0.7 * rng.normal(size=(items, 6))
        self.blocks = {}
        for name, width in zip(("image", "audio"), widths, strict=True):
            mixes = [plan.normal(size=(rank, width)) for rank in (6, 3, 12)]
            own = rng.normal(size=(items, 3))
            if name == "image":
                own += 3.0 * plan.normal(size=(3, 3))[self.alone]
            rows = 0.5 * common @ mixes[0] + 0.5 * own @ mixes[1]
            rows += 1.5 * rng.normal(size=(items, 12)) @ mixes[2]
            self.blocks[name] = Block.of(rows + rng.normal(size=(items, width)))


def parts_of(space, blocks):
    private = {f"private {name}": block for name, block in space.private(blocks).items()}
    return {"shared": space.shared(blocks), **private}


def probe(candidates, labels, tests, truth, classes):
    """Test accuracy of the candidate (and its penalty) that held-out folds prefer."""
    targets = ridge.indicator(labels, classes)
    dealt = split(labels, None, items=len(labels)).assignment
    best = (-1.0, 0.0)
    for rows, test in zip(candidates, tests, strict=True):
        spectrum = ridge.Spectrum.of_features(rows)
        chosen = ridge.choose(spectrum.out_of_fold(targets, dealt), targets)
        answers = spectrum.primal(targets, chosen.penalty).scores(test).argmax(axis=1)
        if max(chosen.quality) > best[0]:
            best = (max(chosen.quality), float(np.mean(answers == truth)))
    return best[1]


def planted(which, per_class, repeats=3):
    """Mean accuracy of raw features and of [shared | private], from few labels."""
    unlabelled, test = World(3000, 1), World(2000, 2)
    space = SharedSpace.fit(unlabelled.blocks, FIXED)
    raw = Stack.fit(unlabelled.blocks)
    stacks = [
        Stack.fit(parts_of(space, unlabelled.blocks), {"shared": weight}) for weight in WEIGHTS
    ]
    scores = []
    for repeat in range(repeats):
        world = World(1500, 10 + repeat)
        labels = getattr(world, which)
        rows = np.concatenate(
            [np.flatnonzero(labels == name)[:per_class] for name in range(labels.max() + 1)]
        )
        few = {name: block.take(rows) for name, block in world.blocks.items()}
        truth, classes = getattr(test, which), int(labels.max()) + 1
        ours = probe(
            [stack.features(parts_of(space, few)) for stack in stacks],
            labels[rows],
            [stack.features(parts_of(space, test.blocks)) for stack in stacks],
            truth,
            classes,
        )
        plain = probe(
            [raw.features(few)], labels[rows], [raw.features(test.blocks)], truth, classes
        )
        scores.append((plain, ours))
    return np.mean(scores, axis=0)


@pytest.mark.parametrize("per_class", [20, 60])
def test_a_class_in_one_modality_only_is_not_lost(per_class):
    plain, ours = planted("alone", per_class)
    assert plain > 0.6
    assert ours > plain - 0.02


def test_a_class_that_all_modalities_share_needs_far_fewer_labels():
    plain_many, _ = planted("both", 20)
    _, ours_few = planted("both", 4)
    assert ours_few > plain_many


def test_the_shared_part_alone_would_lose_the_private_class():
    world, test = World(3000, 1), World(1000, 2)
    space = SharedSpace.fit(world.blocks, FIXED)
    rows, new = space.shared(world.blocks).values, space.shared(test.blocks).values
    model = ridge.fit_features(rows, ridge.indicator(world.alone, 3), 0.01)
    assert np.mean(model.scores(new).argmax(axis=1) == test.alone) < 0.5


def test_two_views_give_canonical_correlation_analysis():
    world = World(4000, 3)
    space = SharedSpace.fit(world.blocks, Config(penalty=1e-6, dimensions=4))
    sides = [block.values - block.values.mean(axis=0) for block in world.blocks.values()]
    whites = [np.linalg.svd(side, full_matrices=False)[0] for side in sides]
    left, correlations, _ = np.linalg.svd(whites[0].T @ whites[1])
    np.testing.assert_allclose(space.strengths, correlations[:4], atol=0.02)
    mine = space.views["image"].coordinates(world.blocks["image"].values)
    theirs = whites[0] @ left[:, :4]
    agreement = np.linalg.svd(np.linalg.qr(mine)[0].T @ theirs, compute_uv=False)
    assert agreement.min() > 0.999


def test_coordinates_have_unit_variance_and_strengths_hold_on_new_pairs():
    space = SharedSpace.fit(World(3000, 1).blocks, FIXED)
    assert space.dimensions == 6
    assert [link.shared for link in space.links] == [6]
    new = World(3000, 5).blocks
    sides = [space.views[name].coordinates(new[name].values) for name in ("image", "audio")]
    for side in sides:
        np.testing.assert_allclose(side.std(axis=0), 1, atol=0.06)
    for place, strength in enumerate(space.strengths):
        found = np.corrcoef(sides[0][:, place], sides[1][:, place])[0, 1]
        assert found == pytest.approx(strength, abs=0.05)


def test_shared_and_private_together_determine_the_input():
    world = World(500, 1)
    space = SharedSpace.fit(world.blocks, FIXED)
    for name, block in world.blocks.items():
        view = space.views[name]
        private = space.private({name: block})[name].values
        back = private + view.coordinates(block.values) @ view.back + view.origin
        np.testing.assert_allclose(back, block.values, atol=1e-9)
        together = np.abs(view.coordinates(block.values).T @ private) / len(block)
        assert together.max() < 1e-9


def test_private_parts_cannot_be_predicted_from_the_other_modality():
    space = SharedSpace.fit(World(3000, 1).blocks, FIXED)
    new = World(3000, 6).blocks
    rest = space.private(new)["image"].values
    model = ridge.fit_features(new["audio"].values[:2000], rest[:2000], 0.1)
    assert ridge.closeness(model.scores(new["audio"].values[2000:]), rest[2000:]) < 0.01


def test_reported_shares_of_variance_are_those_of_a_regression():
    world = World(3000, 1)
    space = SharedSpace.fit(world.blocks, FIXED)
    inputs = space.views["audio"].coordinates(world.blocks["audio"].values)
    outputs = world.blocks["image"].values
    model = ridge.fit_features(inputs, outputs, 1e-9)
    explained = ridge.closeness(model.scores(inputs), outputs)
    assert space.views["image"].predicted == pytest.approx(explained, abs=0.005)
    own = space.views["image"].coordinates(outputs)
    spanned = ridge.closeness(ridge.fit_features(own, outputs, 1e-9).scores(own), outputs)
    assert space.views["image"].spanned == pytest.approx(spanned, abs=1e-6)
    assert space.views["image"].predicted <= space.views["image"].spanned


def test_more_modalities_present_put_an_item_nearer_to_its_place():
    space = SharedSpace.fit(World(3000, 1).blocks, FIXED)
    new = World(2000, 7)
    places = {
        names: space.shared({name: new.blocks[name] for name in names}).values
        for names in (("image",), ("audio",), ("image", "audio"))
    }
    centres = np.stack(
        [places["image", "audio"][new.both == name].mean(axis=0) for name in range(10)]
    )
    right = {
        names: np.mean(((found[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1) == new.both)
        for names, found in places.items()
    }
    assert right["image", "audio"] > max(right[("image",)], right[("audio",)])
    for name in ("image", "audio"):
        lengths = np.linalg.norm(places[(name,)], axis=1)
        assert lengths.mean() < np.linalg.norm(places["image", "audio"], axis=1).mean()


def three_views(items, seed, pairs_of_ends=True):
    """Text is the hub: image and audio each share with it; their own pairs may be missing."""
    plan, rng = np.random.default_rng(5), np.random.default_rng(seed)
    common = rng.normal(size=(items, 3))
    blocks = {}
    half = np.arange(items) < items // 2
    for name, width, present in (
        ("text", 10, np.ones(items, dtype=bool)),
        ("image", 8, half | pairs_of_ends),
        ("audio", 9, ~half | pairs_of_ends),
    ):
        rows = common @ plan.normal(size=(3, width)) + rng.normal(size=(items, width))
        blocks[name] = Block.of(rows, np.broadcast_to(present, items).copy())
    return blocks, common


@pytest.mark.parametrize("pairs_of_ends", [True, False])
def test_three_modalities_meet_in_the_same_dimensions(pairs_of_ends):
    blocks, _ = three_views(1200, 1, pairs_of_ends)
    space = SharedSpace.fit(blocks, FIXED)
    assert space.dimensions == 3
    directs = {frozenset(link[:2]): link.direct for link in space.links}
    assert directs[frozenset({"image", "audio"})] is pairs_of_ends
    new, _ = three_views(600, 2)
    seen, heard = (space.views[name].coordinates(new[name].values) for name in ("image", "audio"))
    for place in range(3):
        assert np.corrcoef(seen[:, place], heard[:, place])[0, 1] > 0.5


def test_one_more_modality_helps_to_find_the_common_cause():
    space = SharedSpace.fit(three_views(1200, 1)[0], FIXED)
    new, common = three_views(800, 3)
    quality = []
    for names in (("image",), ("image", "audio"), ("image", "audio", "text")):
        found = space.shared({name: new[name] for name in names}).values
        model = ridge.fit_features(found, common, 1e-6)
        quality.append(ridge.closeness(model.scores(found), common))
    assert quality[0] < quality[1] < quality[2]


def test_a_link_of_few_pairs_does_not_invent_dimensions():
    blocks, _ = three_views(1200, 1, pairs_of_ends=False)
    rng = np.random.default_rng(0)
    few = np.arange(1200) < 30
    noisy = blocks | {"audio": Block.of(rng.normal(size=(1200, 9)), few | (np.arange(1200) >= 600))}
    space = SharedSpace.fit(noisy, FIXED)
    counts = {frozenset(link[:2]): link.shared for link in space.links}
    assert counts[frozenset({"image", "audio"})] == 0
    assert counts[frozenset({"text", "audio"})] == 0
    assert space.dimensions == 3
    assert (space.views["audio"].trust == 0).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_absent_rows_hold_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    blocks, _ = three_views(150, seed)
    masked = {
        name: Block.of(block.values, (rng.random(150) < 0.7) | (np.arange(150) < 60))
        for name, block in blocks.items()
    }
    broken = {
        name: Block.of(np.where(block.present[:, None], block.values, np.nan), block.present)
        for name, block in masked.items()
    }
    one, two = SharedSpace.fit(masked, FIXED), SharedSpace.fit(broken, FIXED)
    assert (one.shared(masked).values == two.shared(broken).values).all()
    for name, block in one.private(masked).items():
        assert (block.values == two.private(broken)[name].values).all()


def test_nothing_shared_leaves_everything_private():
    rng = np.random.default_rng(0)
    blocks = {name: Block.of(rng.normal(size=(300, 5))) for name in ("image", "audio")}
    space = SharedSpace.fit(blocks, FIXED)
    assert space.dimensions == 0
    assert space.shared(blocks).values.shape == (300, 0)
    private = space.private(blocks)["image"].values
    np.testing.assert_allclose(private, blocks["image"].values - space.views["image"].origin)
    assert space.views["image"].predicted == 0


def test_the_penalty_is_chosen_on_left_out_pairs():
    blocks, _ = three_views(60, 4)
    space = SharedSpace.fit(blocks, Config(fewest_pairs=20))
    agreed = {}
    for penalty in (1.0, 0.1, 0.01, 0.001):
        links = SharedSpace.fit(blocks, Config(penalty=penalty)).links
        agreed[penalty] = sum((link.correlations[: link.shared] ** 2).sum() for link in links)
    assert agreed[space.penalty] == max(agreed.values())


def test_same_seed_same_space_and_arrays_bring_it_back():
    blocks, _ = three_views(200, 5)
    one, two = SharedSpace.fit(blocks, seed=3), SharedSpace.fit(blocks, seed=3)
    assert (one.shared(blocks).values == two.shared(blocks).values).all()
    back = SharedSpace.from_arrays(one.arrays())
    assert (back.shared(blocks).values == one.shared(blocks).values).all()
    assert back.penalty == one.penalty
    for mine, theirs in zip(back.links, one.links, strict=True):
        assert mine[:4] == theirs[:4]
        assert mine.shared == theirs.shared
    for name, view in back.views.items():
        assert view.predicted == one.views[name].predicted


def test_bad_input_is_named():
    blocks, _ = three_views(100, 6)
    with pytest.raises(UsageError, match="two or more"):
        SharedSpace.fit({"text": blocks["text"]})
    apart = {
        "text": Block.of(blocks["text"].values, np.arange(100) < 50),
        "image": Block.of(blocks["image"].values, np.arange(100) >= 50),
    }
    with pytest.raises(InputError, match=r"image together with text \(.*text \+ image: 0\)"):
        SharedSpace.fit(apart)
    with pytest.raises(InputError, match="99 groups for 100 items"):
        SharedSpace.fit(blocks, groups=np.arange(99))
    with pytest.raises(UsageError, match="did you mean `text`"):
        SharedSpace.fit(blocks, FIXED).shared({"texts": blocks["text"]})
    with pytest.raises(ConfigError, match="penalty"):
        Config(penalty=0)
    with pytest.raises(ConfigError, match="chance"):
        Config(chance=0.7)
