import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.fusion import multiply_probabilities, sum_kernels
from handful.numerics.linear.kernels import Config, KernelSum, Parts

ALL = np.ones(1, dtype=bool)


def test_the_product_is_bayes_rule_for_independent_modalities():
    rng = np.random.default_rng(0)
    prior = np.array([0.5, 0.3, 0.2])
    seen, heard = rng.dirichlet(np.ones(4), 3), rng.dirichlet(np.ones(5), 3)
    for image in range(4):
        for sound in range(5):
            from_image = prior * seen[:, image] / (prior @ seen[:, image])
            from_sound = prior * heard[:, sound] / (prior @ heard[:, sound])
            joint = prior * seen[:, image] * heard[:, sound]
            fused = multiply_probabilities(
                {"image": from_image[None], "audio": from_sound[None]},
                {"image": ALL, "audio": ALL},
                prior,
            )
            np.testing.assert_allclose(fused[0], joint / joint.sum(), rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_an_absent_factor_is_missing_whatever_it_holds(seed):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(4))
    tables = {name: rng.dirichlet(np.ones(4), 6) for name in ("image", "audio")}
    present = {name: rng.random(6) < 0.5 for name in tables}
    fused = multiply_probabilities(tables, present, prior)
    np.testing.assert_allclose(fused.sum(axis=1), 1)
    scrambled = {
        name: np.where(present[name][:, None], table, np.nan) for name, table in tables.items()
    }
    assert (multiply_probabilities(scrambled, present, prior) == fused).all()
    neither = ~(present["image"] | present["audio"])
    np.testing.assert_allclose(fused[neither], np.tile(prior, (neither.sum(), 1)))
    only = present["image"] & ~present["audio"]
    np.testing.assert_allclose(fused[only], tables["image"][only])


def test_zero_probability_does_not_break_the_product():
    table = np.array([[1.0, 0.0]])
    fused = multiply_probabilities(
        {"a": table, "b": table[:, ::-1]}, {"a": ALL, "b": ALL}, np.array([0.5, 0.5])
    )
    np.testing.assert_allclose(fused, [[0.5, 0.5]])


def test_the_product_names_bad_input():
    table = np.array([[0.5, 0.5]])
    with pytest.raises(InputError, match="not a distribution"):
        multiply_probabilities({"a": table}, {"a": ALL}, np.array([0.5, 0.6]))
    with pytest.raises(InputError, match="not a distribution"):
        multiply_probabilities({"a": table}, {"a": ALL}, np.array([0.0, 1.0]))
    with pytest.raises(InputError, match="shape"):
        multiply_probabilities({"a": table}, {"a": ALL}, np.full(3, 1 / 3))
    with pytest.raises(UsageError):
        multiply_probabilities({}, {}, np.array([0.5, 0.5]))


def parts():
    rng = np.random.default_rng(0)
    blocks = {
        "image": {"lab": Block.of(rng.normal(size=(20, 5)))},
        "audio": {"mel": Block.of(rng.normal(size=(20, 4)), np.arange(20) < 12)},
    }
    return KernelSum.fit(blocks, Config(), seed=0).train()


def test_the_sum_gives_each_modality_the_same_say():
    found = parts()
    both = np.arange(20) < 12
    wanted = (found.kernels["image"] + found.kernels["audio"])[np.ix_(both, both)] / 2
    np.testing.assert_allclose(sum_kernels(found)[np.ix_(both, both)], wanted, rtol=1e-5)
    alone = np.ix_(~both, ~both)
    np.testing.assert_allclose(sum_kernels(found)[alone], found.kernels["image"][alone], rtol=1e-5)


def test_one_modality_is_its_own_kernel_and_inputs_stay_untouched():
    found = parts()
    before = found.kernels["audio"].copy()
    np.testing.assert_allclose(sum_kernels(found, ["audio"]), before)
    sum_kernels(found)
    assert (found.kernels["audio"] == before).all()


def test_unknown_or_no_modalities_are_named():
    with pytest.raises(UsageError, match="did you mean `image`"):
        sum_kernels(parts(), ["imag"])
    with pytest.raises(UsageError):
        sum_kernels(parts(), [])
    with pytest.raises(UsageError):
        sum_kernels(Parts({}, {}, {}))
