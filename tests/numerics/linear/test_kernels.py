import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import ConfigError, InputError, UsageError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.kernels import (
    BlockKernel,
    Config,
    KernelSum,
    median_width,
    squared_distances,
)


def centred_by_hand(raw, among):
    """Naive double centring of `raw [M, N]` by the training kernel `among [N, N]`."""
    result = np.empty_like(raw)
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            result[i, j] = raw[i, j] - raw[i].mean() - among[:, j].mean() + among.mean()
    return result


def raw_by_hand(left, right, width):
    result = np.empty((len(left), len(right)))
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i, j] = a @ b if width == 0 else np.exp(-((a - b) ** 2).sum() / width)
    return result


@pytest.mark.parametrize("shape", ["linear", "rbf"])
def test_kernel_equals_the_naive_loop_in_and_out_of_sample(shape):
    rng = np.random.default_rng(0)
    train, new = rng.normal(size=(12, 4)) + 3, rng.normal(size=(5, 4)) + 3
    kernel = BlockKernel.fit(train, Config(shape=shape), rng)
    width = kernel.width
    assert (width == 0) == (shape == "linear")
    among = raw_by_hand(train, train, width)
    wanted = centred_by_hand(among, among)
    scale = 1 / np.trace(wanted) * len(train)
    np.testing.assert_allclose(kernel.train(), wanted * scale, atol=2e-5)
    crossed = centred_by_hand(raw_by_hand(new, train, width), among)
    np.testing.assert_allclose(kernel.cross(new), crossed * scale, atol=2e-5)


def test_training_kernel_is_exactly_symmetric_with_unit_mean_norm(monkeypatch):
    monkeypatch.setattr("handful.numerics.linear.kernels._CHUNK_BYTES", 4 * 70 * 16)
    rng = np.random.default_rng(1)
    kernel = BlockKernel.fit(rng.normal(size=(70, 9)), Config(), rng).train()
    assert (kernel == kernel.T).all()
    assert np.trace(kernel) / 70 == pytest.approx(1, abs=1e-5)
    assert abs(kernel.sum(axis=0)).max() < 1e-4


def test_chunks_do_not_change_the_numbers(monkeypatch):
    rng = np.random.default_rng(2)
    values, new = rng.normal(size=(50, 6)), rng.normal(size=(30, 6))
    whole = BlockKernel.fit(values, Config(), np.random.default_rng(0))
    monkeypatch.setattr("handful.numerics.linear.kernels._CHUNK_BYTES", 4 * 50 * 7)
    parts = BlockKernel.fit(values, Config(), np.random.default_rng(0))
    np.testing.assert_allclose(whole.train(), parts.train(), atol=1e-6)
    np.testing.assert_allclose(whole.cross(new), parts.cross(new), atol=1e-6)


def test_median_width_is_the_median_squared_distance():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)).astype(np.float32)
    pairs = [((rows[i] - rows[j]) ** 2).sum() for i in range(40) for j in range(i)]
    assert median_width(rows, 1000, rng) == pytest.approx(np.median(pairs), rel=1e-5)
    sampled = median_width(rows, 20, np.random.default_rng(5))
    assert sampled == median_width(rows, 20, np.random.default_rng(5))


def test_median_width_survives_copies():
    rng = np.random.default_rng(0)
    mostly_copies = np.vstack([np.ones((30, 2)), np.zeros((2, 2))]).astype(np.float32)
    assert median_width(mostly_copies, 100, rng) == pytest.approx(2)
    assert median_width(np.ones((9, 2), dtype=np.float32), 100, rng) == 1.0


def test_a_constant_block_says_nothing():
    rng = np.random.default_rng(0)
    kernel = BlockKernel.fit(np.full((8, 3), 0.1), Config(), rng)
    assert (kernel.train() == 0).all()
    assert (kernel.cross(rng.normal(size=(2, 3))) == 0).all()


def test_distances_far_from_the_origin_are_never_negative():
    rows = (np.random.default_rng(0).normal(size=(20, 5)) + 1000).astype(np.float32)
    assert squared_distances(rows, rows).min() >= 0


def library(rng, items=30):
    presence = {name: rng.random(items) < 0.7 for name in ("text", "image", "audio")}
    presence["text"] |= ~(presence["image"] | presence["audio"])

    def block(width, present):
        return Block.of(rng.normal(size=(items, width)), present)

    return {
        "text": {
            "en": block(5, presence["text"]),
            "de": block(4, presence["text"] & (rng.random(items) < 0.6)),
        },
        "image": {"lab": block(7, presence["image"]), "hog": block(3, presence["image"])},
        "audio": {"mel": block(6, presence["audio"])},
    }


def scrambled(blocks, rng):
    """The same library with other, even broken, numbers where a block is absent."""
    result = {}
    for modality, named in blocks.items():
        result[modality] = {}
        for name, block in named.items():
            values = block.values.copy()
            values[~block.present] = rng.permutation(values[~block.present]) * 1e3
            values[~block.present & (rng.random(len(block)) < 0.5)] = np.nan
            result[modality][name] = Block(values=values, present=block.present)
    return result


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.sampled_from(["linear", "rbf"]))
def test_what_absent_rows_hold_changes_nothing(seed, shape):
    rng = np.random.default_rng(seed)
    blocks, new = library(rng), library(rng, 9)
    kernels = KernelSum.fit(blocks, Config(shape=shape), seed=0)
    again = KernelSum.fit(scrambled(blocks, rng), Config(shape=shape), seed=0)
    assert (sum_kernels(kernels.train()) == sum_kernels(again.train())).all()
    before, after = kernels.cross(new), again.cross(scrambled(new, rng))
    assert (sum_kernels(before) == sum_kernels(after)).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_masked_sum_is_a_true_kernel(seed):
    kernels = KernelSum.fit(library(np.random.default_rng(seed)), Config(), seed=0)
    values = np.linalg.eigvalsh(sum_kernels(kernels.train()).astype(np.float64))
    assert values[0] > -1e-5


def test_an_item_without_a_modality_changes_nothing_for_the_others():
    rng = np.random.default_rng(3)
    blocks = library(rng)
    absent = ~blocks["audio"]["mel"].present
    one = int(np.flatnonzero(absent & blocks["text"]["en"].present)[0])
    others = np.arange(30) != one
    shorter = {
        modality: {name: block.take(others) for name, block in named.items()}
        for modality, named in blocks.items()
    }
    full = KernelSum.fit(blocks, Config(), seed=0).train().kernels["audio"]
    fewer = KernelSum.fit(shorter, Config(), seed=0).train().kernels["audio"]
    assert (full[np.ix_(others, others)] == fewer).all()
    assert (full[one] == 0).all()


def test_new_items_that_are_the_training_items_give_the_training_kernel():
    blocks = library(np.random.default_rng(4))
    kernels = KernelSum.fit(blocks, Config(), seed=0)
    np.testing.assert_allclose(
        sum_kernels(kernels.cross(blocks)), sum_kernels(kernels.train()), atol=1e-5
    )


def test_a_modality_left_out_equals_a_modality_marked_absent():
    rng = np.random.default_rng(5)
    blocks, new = library(rng), library(rng, 8)
    kernels = KernelSum.fit(blocks, Config(), seed=0)
    nobody = np.zeros(8, dtype=bool)
    marked = new | {"audio": {"mel": Block.of(new["audio"]["mel"].values, nobody)}}
    left_out = {"text": new["text"], "image": new["image"]}
    assert (sum_kernels(kernels.cross(marked)) == sum_kernels(kernels.cross(left_out))).all()


def test_items_with_few_blocks_keep_unit_norm():
    rng = np.random.default_rng(6)
    rows = rng.normal(size=(40, 5))
    lacking = np.arange(40) >= 20
    blocks = {"text": {"en": Block.of(rows), "copy": Block.of(rows, lacking)}}
    kernel = sum_kernels(KernelSum.fit(blocks, Config(shape="linear"), seed=0).train())
    assert np.diag(kernel)[:20].mean() == pytest.approx(np.diag(kernel)[20:].mean(), rel=0.5)
    complete = {"text": {"en": Block.of(rows), "copy": Block.of(rows)}}
    single = {"text": {"en": Block.of(rows)}}
    np.testing.assert_allclose(
        sum_kernels(KernelSum.fit(complete, Config(), seed=0).train()),
        sum_kernels(KernelSum.fit(single, Config(), seed=0).train()),
        atol=1e-6,
    )


def test_arrays_bring_the_same_kernel_back():
    rng = np.random.default_rng(7)
    kernels = KernelSum.fit(library(rng), {m: Config() for m in ("text", "image", "audio")}, 0)
    arrays = kernels.arrays()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    back = KernelSum.from_arrays(arrays)
    new = library(rng, 6)
    assert (sum_kernels(back.cross(new)) == sum_kernels(kernels.cross(new))).all()
    assert back.modalities == kernels.modalities


def test_configs_may_differ_by_modality_but_none_may_lack():
    rng = np.random.default_rng(8)
    mixed = {"text": Config(shape="linear"), "image": Config(), "audio": Config()}
    kernels = KernelSum.fit(library(rng), mixed, seed=0)
    assert kernels.kernels["text", "en"].width == 0
    assert kernels.kernels["image", "lab"].width > 0
    with pytest.raises(UsageError, match="audio has no kernel config"):
        KernelSum.fit(library(rng), {"text": Config(), "image": Config()}, seed=0)


def fewer(blocks, keys):
    """Some of the blocks, named `modality/block`."""
    found = {}
    for key in keys:
        modality, name = key.split("/")
        found.setdefault(modality, {})[name] = blocks[modality][name]
    return found


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        ({}, ["text/en", "text/de", "image/lab", "image/hog", "audio/mel"]),
        ({"image": ["hog"]}, ["text/en", "text/de", "image/hog", "audio/mel"]),
        ({"image": ["hog"], "text": ("de",)}, ["text/de", "image/hog", "audio/mel"]),
        ({"image": (), "audio": ()}, ["text/en", "text/de"]),
        ({"image": ["no such block", "lab"], "smell": ["x"]}, None),
    ],
)
def test_keeping_some_blocks_is_learning_from_only_these(keep, left) -> None:
    rng = np.random.default_rng(10)
    blocks, new = library(rng), library(rng, 9)
    left = left or ["text/en", "text/de", "image/lab", "audio/mel"]
    kept = KernelSum.fit(blocks, Config(), seed=0).keeping(keep)
    alone = KernelSum.fit(fewer(blocks, left), Config(), seed=0)
    assert kept.kernels.keys() == kept.present.keys() == alone.kernels.keys()
    assert (sum_kernels(kept.train()) == sum_kernels(alone.train())).all()
    asked = fewer(new, left)
    assert (sum_kernels(kept.cross(asked)) == sum_kernels(alone.cross(asked))).all()


def test_the_kernels_of_some_modalities_are_those_learned_from_them_alone() -> None:
    rng = np.random.default_rng(11)
    blocks = library(rng)
    whole = KernelSum.fit(blocks, Config(), seed=0)
    some = whole.of({"audio", "text"})
    assert some.modalities == ("text", "audio")  # in the order of training, whatever is asked
    alone = KernelSum.fit({n: blocks[n] for n in ("text", "audio")}, Config(), seed=0)
    assert (sum_kernels(some.train()) == sum_kernels(alone.train())).all()
    assert whole.of(()).modalities == ()
    assert whole.modalities == ("text", "image", "audio")  # and the whole is as it was


def test_known_blocks_can_be_asked_about_whatever_else_an_encoder_says() -> None:
    rng = np.random.default_rng(12)
    new = library(rng, 9)
    kernels = KernelSum.fit(library(rng), Config(), seed=0)
    lean = kernels.keeping({"image": ["hog"], "audio": ()})
    with pytest.raises(UsageError, match="was not there in training"):
        lean.cross(new)
    known = lean.known(new)
    assert {name: list(named) for name, named in known.items()} == {
        "text": ["en", "de"],
        "image": ["hog"],
    }
    assert known["image"]["hog"] is new["image"]["hog"]
    assert lean.cross(known).kernels.keys() == {"text", "image"}
    assert kernels.known({"smell": {"rose": new["image"]["hog"]}}) == {}


def test_the_config_of_a_block_wins_over_that_of_its_modality() -> None:
    rng = np.random.default_rng(13)
    linear = Config(shape="linear")
    configs = {"text": linear, "text/de": Config(), "image/lab": linear, "image": Config()}
    found = KernelSum.fit(library(rng), configs | {"audio/mel": linear}, seed=0)
    is_linear = {"/".join(key): kernel.width == 0 for key, kernel in found.kernels.items()}
    assert is_linear == {
        "text/en": True,
        "text/de": False,
        "image/lab": True,
        "image/hog": False,
        "audio/mel": True,
    }
    with pytest.raises(UsageError, match="image has no kernel config"):
        KernelSum.fit(library(rng), {"text": linear, "audio": linear, "image/lab": linear}, seed=0)


def test_bad_input_is_named():
    rng = np.random.default_rng(9)
    kernels = KernelSum.fit(library(rng), Config(), seed=0)
    with pytest.raises(UsageError, match="did you mean `lab`"):
        kernels.cross({"image": {"labb": Block.of(np.zeros((2, 7)))}})
    with pytest.raises(InputError, match="2 numbers per item"):
        kernels.cross({"image": {"lab": Block.of(np.zeros((2, 2)))}})
    one = Block.of(np.zeros((3, 2)), np.array([True, False, False]))
    with pytest.raises(InputError, match="two or more are needed"):
        KernelSum.fit({"image": {"lab": one}}, Config(), seed=0)
    with pytest.raises(UsageError, match="slash"):
        KernelSum.fit({"a/b": {"lab": Block.of(np.zeros((3, 2)))}}, Config(), seed=0)
    with pytest.raises(ConfigError, match="width_factor"):
        Config(width_factor=0)
    with pytest.raises(ConfigError, match="shape"):
        Config(shape="poly")  # pyrefly: ignore
