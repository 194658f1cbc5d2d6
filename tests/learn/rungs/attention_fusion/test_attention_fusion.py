"""The head answers in numpy what torch says, and an absent modality is not there for either."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.learn.rungs.attention_fusion import Config
from handful.learn.rungs.attention_fusion.answering import answer_scores
from handful.learn.rungs.attention_fusion.tokens import Inputs

torch = pytest.importorskip("torch")

WIDTHS = {"audio/plain": 5, "image/plain": 7, "image/predicted": 4, "text/plain": 6}


def network(layers: int = 2, seed: int = 0):
    from handful.learn.rungs.attention_fusion.network import Network

    torch.manual_seed(seed)
    made = Network(WIDTHS, 3, width=16, heads=4, layers=layers, tokens=2, bottlenecks=3)
    for weights in made.parameters():  # nothing may stay at zero, or half of it is not tested
        torch.nn.init.normal_(weights, std=0.4)
    return made.eval()


def items(count: int = 20, seed: int = 1) -> Inputs:
    dice = np.random.default_rng(seed)
    held = {name: dice.random(count) < 0.6 for name in ("audio", "image", "text")}
    held["text"] |= ~np.any(list(held.values()), axis=0)
    present = {name: held[name.split("/")[0]] for name in WIDTHS}
    rows = {
        name: np.where(present[name][:, None], dice.normal(size=(count, width)), 0)
        for name, width in WIDTHS.items()
    }
    return Inputs(rows={n: r.astype(np.float32) for n, r in rows.items()}, present=present)


def torch_scores(made, given: Inputs):
    rows = {name: torch.from_numpy(values) for name, values in given.rows.items()}
    present = {name: torch.from_numpy(values) for name, values in given.present.items()}
    return made(rows, present)


@pytest.mark.parametrize("layers", [1, 2])
def test_numpy_says_what_torch_says(layers: int) -> None:
    from handful.learn.rungs.attention_fusion.network import plain_weights

    made, given = network(layers), items()
    with torch.no_grad():
        wanted = torch_scores(made, given).numpy()
    assert np.abs(wanted).max() > 0.1
    np.testing.assert_allclose(answer_scores(plain_weights(made), given), wanted, atol=1e-5)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 7.0])
def test_what_is_absent_changes_neither_scores_nor_gradients(garbage: float) -> None:
    made, given = network(), items()
    found = []
    for filling in (0.0, garbage):
        rows = {
            name: np.where(given.present[name][:, None], values, np.float32(filling))
            for name, values in given.rows.items()
        }
        made.zero_grad()
        # The straight line multiplies, so what is not a number must have been put aside before.
        scores = torch_scores(made, Inputs(rows=rows, present=given.present))
        scores.square().sum().backward()
        grads = [weights.grad for weights in made.parameters()]
        assert all(grad is not None for grad in grads)
        gradients = [grad.clone().numpy() for grad in grads if grad is not None]
        found.append((scores.detach().numpy(), gradients))
    np.testing.assert_array_equal(found[0][0], found[1][0])
    for one, other in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "kept", [k for size in (1, 2) for k in combinations(("audio", "image", "text"), size)]
)
def test_absent_is_the_same_as_a_network_that_never_had_it(kept: tuple[str, ...]) -> None:
    made, given = network(), items()
    names = [name for name in WIDTHS if name.split("/")[0] in kept]
    hidden = Inputs(
        rows=given.rows,
        present={n: v & (n in names) for n, v in given.present.items()},
    )
    rows = np.flatnonzero(hidden.has_any)
    from handful.learn.rungs.attention_fusion.network import plain_weights

    weights = plain_weights(made)
    fewer = Inputs(
        rows={n: given.rows[n] for n in names}, present={n: given.present[n] for n in names}
    )
    np.testing.assert_allclose(
        answer_scores(weights, hidden.take(rows)),
        answer_scores(weights, fewer.take(rows)),
        atol=1e-5,
    )


def test_hiding_never_takes_all_of_an_item() -> None:
    from handful.learn.rungs.attention_fusion.training import _shown

    given, rows = items(200), np.arange(200)
    shown = _shown(given, rows, 0.9, np.random.default_rng(0))
    left = np.any([each.numpy() for each in shown.values()], axis=0)
    assert left.all()
    assert all(not (shown[n].numpy() & ~given.present[n]).any() for n in WIDTHS)
    hidden = sum(int(given.present[n].sum() - shown[n].numpy().sum()) for n in WIDTHS)
    assert hidden > 30


def test_a_smaller_budget_takes_fewer_steps_and_one_too_small_none() -> None:
    from handful.learn.rungs.attention_fusion.tokens import Scales
    from handful.learn.rungs.attention_fusion.training import looks_of

    scales = Scales({"text/plain": np.zeros(200, dtype=np.float32)}, {"text/plain": 1.0})
    few = looks_of(400, None, scales, Config(budget_s=3))[-1]
    many = looks_of(400, None, scales, Config(budget_s=60))[-1]
    assert 125 <= few < many <= 375  # 20 and 60 passes
    with pytest.raises(InputError, match=r"0\.5 s buy \d\.\d passes over 400 items"):
        looks_of(400, None, scales, Config(budget_s=0.5))
    with pytest.raises(Exception, match="width"):
        Config(width=30)
