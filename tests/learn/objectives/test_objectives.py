"""Objectives against naive loops; pieces and processes against the whole batch."""

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handful.learn.model.packed.segments import mean
from handful.learn.model.packed.transformer import PackedTransformer
from handful.learn.model.sizes import Shape
from handful.learn.objectives import contrastive, latent_prediction
from handful.learn.objectives.base import Draw, Step
from handful.learn.objectives.contrastive import Contrastive
from handful.learn.objectives.latent_prediction import LatentPrediction
from tiny.corpora import READING, corpus, wake


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    found = corpus(tmp_path_factory.mktemp("corpus"), 12)
    return Draw(entries=found.entries(range(12), range(12)), items=12, seed=0, step=0)


def network():
    torch.manual_seed(0)
    made = PackedTransformer(Shape(width=32, layers=3, heads=2), READING.windows, has_text=True)
    return wake(made, 0.1)


def made(kind, config, model):
    torch.manual_seed(1)
    return kind(READING, config, model)


def learned(objective, model, prepared, most_tokens):
    objective, model = copy.deepcopy(objective), copy.deepcopy(model)
    teacher = copy.deepcopy(model).requires_grad_(False)
    said = objective.accumulate(
        prepared, Step(student=model, teacher=teacher, most_tokens=most_tokens)
    )
    gradients = {
        name: parameter.grad
        for module in (model, objective)
        for name, parameter in module.named_parameters()
    }
    return said, gradients


def assert_alike(one, two):
    assert any(g is not None and g.abs().max() > 1e-4 for g in one.values())
    for name, gradient in one.items():
        other = two[name]
        if gradient is None:
            assert other is None or not other.any(), name
        else:
            assert torch.allclose(gradient, other, atol=1e-5), name


def test_contrast_is_what_a_loop_computes(draw):
    model = network()
    objective = made(Contrastive, contrastive.Config(width=16), model)
    prepared = objective.prepare(draw)
    said, _ = learned(objective, model, prepared, 10**6)
    by_kind = {}
    tokens = prepared.tokens
    pooled = mean(model(tokens).tokens_TD, tokens.segments)
    for place, (row, kind) in enumerate(zip(tokens.rows, tokens.kinds, strict=True)):
        vector = objective.heads[kind](pooled[place])
        by_kind.setdefault(kind, {})[row] = vector / vector.norm()
    losses = []
    for first, second in (("text", "image"), ("text", "audio"), ("image", "audio")):
        rows = sorted(set(by_kind[first]) & set(by_kind[second]))
        total = 0.0
        for row in rows:
            for a, b in ((first, second), (second, first)):
                scores = [(by_kind[a][row] @ by_kind[b][other]).item() / 0.07 for other in rows]
                right = (by_kind[a][row] @ by_kind[b][row]).item() / 0.07
                total += math.log(sum(map(math.exp, scores))) - right
        losses.append(total / (2 * len(rows)))
    assert said["loss"] == pytest.approx(np.mean(losses), abs=1e-4)


def test_contrast_in_pieces_has_the_gradients_of_the_whole_batch(draw):
    model = network()
    objective = made(Contrastive, contrastive.Config(width=16), model)
    prepared = objective.prepare(draw)
    said, whole = learned(objective, model, prepared, 10**6)
    again, pieces = learned(objective, model, prepared, 12)
    assert len(prepared.tokens.cut(12)) > 5
    assert again["loss"] == pytest.approx(said["loss"], abs=1e-5)
    assert_alike(whole, pieces)


def test_prediction_is_what_a_loop_computes(draw):
    model = network()
    config = latent_prediction.Config(masks=2, top=2)
    objective = made(LatentPrediction, config, model)
    prepared = objective.prepare(draw)
    said, _ = learned(objective, model, prepared, 10**6)
    tokens = prepared.tokens
    read = model(tokens)
    target = F.layer_norm(
        torch.stack([F.layer_norm(left, (32,)) for left in read.left[-2:]]).mean(0), (32,)
    ).detach()
    bounds = tokens.segments.bounds().tolist()
    errors = []
    with torch.no_grad():
        for start, stop in pairwise(bounds):
            for visible_T in prepared.visible_MT:
                visible = visible_T[start:stop]
                own = torch.zeros(len(tokens), dtype=torch.bool)
                own[start:stop] = True
                value, _ = tokens.choose(own.nonzero()[:, 0], [stop - start], [0])
                seen, at = value.keep(visible)
                x = objective.mask.repeat(len(value), 1)
                x[at] = objective.enter(model(seen).tokens_TD)
                turn = objective.decoder.turn(value)
                left = objective.decoder(x, turn, value.segments)[-1]
                guess = objective.leave(F.rms_norm(left, (left.shape[1],)))
                error = (guess - target[start:stop]) ** 2
                errors += error.mean(dim=1)[~visible].tolist()
    assert said["loss"] == pytest.approx(np.mean(errors), abs=1e-4)


def test_prediction_in_pieces_has_the_gradients_of_the_whole_batch(draw):
    model = network()
    objective = made(LatentPrediction, latent_prediction.Config(masks=3), model)
    prepared = objective.prepare(draw)
    said, whole = learned(objective, model, prepared, 10**6)
    again, pieces = learned(objective, model, prepared, 12)
    assert again["loss"] == pytest.approx(said["loss"], abs=1e-5)
    assert_alike(whole, pieces)


def test_masks_hide_the_share_asked_for_and_never_all(draw):
    objective = made(LatentPrediction, latent_prediction.Config(), network())
    prepared = objective.prepare(draw)
    bounds = prepared.tokens.segments.bounds().tolist()
    shares = {"text": 0.45, "image": 0.75, "audio": 0.6}
    for kind, start, stop in zip(prepared.tokens.kinds, bounds, bounds[1:], strict=False):
        seen = prepared.visible_MT[:, start:stop].sum(dim=1)
        wanted = min(stop - start - 1, max(1, round((1 - shares[kind]) * (stop - start))))
        assert seen.tolist() == [wanted] * 4
    assert not torch.equal(prepared.visible_MT[0], prepared.visible_MT[1])


def test_absent_values_change_nothing(draw):
    model = network()
    objective = made(LatentPrediction, latent_prediction.Config(), model)
    some = [entry for entry in draw.entries if entry.row in (0, 5)]
    alone = Draw(entries=some, items=2, seed=0, step=0)
    among = Draw(entries=some, items=12, seed=0, step=0)
    first, one = learned(objective, model, objective.prepare(alone), 10**6)
    second, two = learned(objective, model, objective.prepare(among), 10**6)
    assert first == second
    assert_alike(one, two)


def test_nothing_to_learn_is_said_with_nothing(draw):
    objective = made(Contrastive, contrastive.Config(width=16), network())
    texts = [entry for entry in draw.entries if entry.modality == "text"]
    prepared = objective.prepare(Draw(entries=texts, items=12, seed=0, step=0))
    assert learned(objective, network(), prepared, 10**6)[0] == {}
