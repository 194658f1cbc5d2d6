"""The loop: it learns, goes on to the bit, and several processes are as one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from handful.foundation.errors import InputError, UsageError
from handful.learn.model.sizes import Shape
from handful.learn.objectives import contrastive, latent_prediction
from handful.learn.train import checkpoint, distributed
from handful.learn.train.alarms import alarms, rank_of
from handful.learn.train.corpus import Corpus
from handful.learn.train.pretraining import BrokenLossError, Config, Pretraining
from tiny.corpora import corpus

SMALL = Config(
    steps=8,
    batch=8,
    shape=Shape(width=32, layers=2, heads=2),
    contrastive=contrastive.Config(width=16),
    latent=latent_prediction.Config(masks=2, top=2),
)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Corpus:
    return corpus(tmp_path_factory.mktemp("corpus"))


def losses(training: Pretraining, until: int | None = None) -> list[dict[str, float]]:
    said = []
    training.run(until, on_step=lambda step, figures: said.append(dict(figures)))
    return said


def test_losses_fall(found):
    config = Config(
        steps=24,
        batch=24,
        shape=SMALL.shape,
        contrastive=SMALL.contrastive,
        latent=SMALL.latent,
        learning_rate=3e-3,
    )
    said = losses(Pretraining(found, config))
    for name in ("contrastive.loss", "latent_prediction.loss"):
        before, after = (np.mean([each[name] for each in part]) for part in (said[:5], said[-5:]))
        assert after < 0.9 * before, name


def test_a_training_that_was_killed_goes_on_to_the_bit(found, tmp_path):
    whole = Pretraining(found, SMALL, tmp_path / "whole")
    wanted = losses(whole)
    first = Pretraining(found, SMALL, tmp_path / "parts")
    losses(first, 3)
    losses(first, 5)  # two checkpoints; then the process is gone
    second = Pretraining(found, SMALL, tmp_path / "parts")
    assert second.resume() == 5
    assert losses(second) == wanted[5:]
    for one, two in zip(whole.teacher.parameters(), second.teacher.parameters(), strict=True):
        assert torch.equal(one, two)


def test_pieces_do_not_change_a_training(found):
    wanted = losses(Pretraining(found, SMALL), 3)
    pieces = Pretraining(found, SMALL)
    pieces.most_tokens = 20
    for one, two in zip(wanted, losses(pieces, 3), strict=True):
        assert two == pytest.approx(one, abs=1e-4)


def test_other_settings_do_not_go_on(found, tmp_path):
    losses(Pretraining(found, SMALL, tmp_path), 2)
    other = Config(steps=9, batch=8, shape=SMALL.shape)
    with pytest.raises(UsageError, match=r"another .*steps"):
        Pretraining(found, other, tmp_path).resume()


def test_a_damaged_checkpoint_is_said_to_be(found, tmp_path):
    training = Pretraining(found, SMALL, tmp_path)
    losses(training, 1)
    (path,) = checkpoint.checkpoints(tmp_path / "checkpoints")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="damaged"):
        training.resume()


def test_the_last_two_checkpoints_are_kept(found, tmp_path):
    training = Pretraining(found, SMALL, tmp_path)
    for until in (1, 2, 3):
        losses(training, until)
    kept = checkpoint.checkpoints(tmp_path / "checkpoints")
    assert [path.stem for path in kept] == ["00000002", "00000003"]


def test_a_loss_that_is_no_number_stops_at_the_weights_before(found):
    training = Pretraining(found, SMALL)
    losses(training, 1)
    before = [p.clone() for p in training.objectives["contrastive"].parameters()]
    with torch.no_grad():
        training.student.kinds["image"].fill_(float("nan"))
    with pytest.raises(BrokenLossError, match="step 2"):
        training.learn(training.draw(1))
    after = training.objectives["contrastive"].parameters()
    assert all(torch.equal(one, two) for one, two in zip(before, after, strict=True))
    assert training.step == 1


def test_memory_that_runs_out_halves_a_pass_once(found, monkeypatch):
    training = Pretraining(found, SMALL)
    real, failing = training._gradients, [True]

    def scarce(prepared):
        if failing.pop():
            failing.append(False)
            raise torch.OutOfMemoryError("no memory")
        return real(prepared)

    monkeypatch.setattr(training, "_gradients", scarce)
    training.learn(training.draw(0))
    assert training.most_tokens == SMALL.most_tokens // 2
    failing.append(True)
    with pytest.raises(torch.OutOfMemoryError):
        training.learn(training.draw(1))


def test_ctrl_c_writes_a_checkpoint(found, tmp_path):
    def stop(step, said):
        if step == 3:
            raise KeyboardInterrupt

    training = Pretraining(found, SMALL, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        training.run(on_step=stop)
    assert Pretraining(found, SMALL, tmp_path).resume() == 3


def test_the_pace_rises_stays_and_falls():
    config = Config(steps=100)
    paces = [config.pace(step) for step in range(100)]
    assert paces[0] == pytest.approx(0.1)
    assert paces[9] == paces[50] == paces[70] == 1
    assert paces[-1] == pytest.approx(1 / 30)


def test_held_out_items_are_looked_at_and_never_learned(tmp_path):
    many = corpus(tmp_path / "corpus", 160, ("text", "image"))
    training = Pretraining(many, SMALL, tmp_path / "run")
    held = set(training.held_out.tolist())
    assert len(held) == 8
    drawn = {item for step in range(40) for item in training._items(step)}
    assert not drawn & held
    losses(training)
    last = training.curve()[-1]
    assert 1 <= last["rank"] <= 32
    assert 0 <= last["recall_text_image"] <= 1
    assert last["tokens_per_s"] > 0


def test_ranks_get_alike_loads_and_all_items():
    lengths = np.random.default_rng(0).integers(1, 100, 64).tolist()

    class Two(distributed.Alone):
        size = 2

    parts = []
    for rank in (0, 1):
        peers = Two()
        peers.rank = rank
        parts.append(distributed.share(lengths, peers))
    assert sorted(parts[0] + parts[1]) == list(range(64))
    loads = [sum(lengths[place] for place in part) for part in parts]
    assert abs(loads[0] - loads[1]) < 10


_WORKER = """
import json, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import torch
torch.set_num_threads(1)
from handful.learn.train.corpus import Corpus
from handful.learn.train.distributed import joined
from handful.learn.train.pretraining import Pretraining
from learn.train.test_pretraining import SMALL
with joined() as peers:
    training = Pretraining(Corpus(Path({corpus!r})), SMALL, None, peers)
    said = []
    training.run(4, on_step=lambda step, figures: said.append(dict(figures)))
    if peers.rank == 0:
        Path({out!r}).write_text(json.dumps(said))
"""


def test_two_processes_have_the_losses_of_one(found, tmp_path):
    pytest.importorskip("torch.distributed")
    folder = Path(found._bytes.filename).parent
    tests, out = Path(__file__).parents[2], tmp_path / "said.json"
    script = tmp_path / "worker.py"
    script.write_text(_WORKER.format(tests=str(tests), corpus=str(folder), out=str(out)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    workers = [
        subprocess.Popen([sys.executable, str(script)], env={**common, "RANK": rank})
        for rank in ("0", "1")
    ]
    assert [worker.wait(100) for worker in workers] == [0, 0]
    for one, two in zip(
        losses(Pretraining(found, SMALL), 4), json.loads(out.read_text()), strict=True
    ):
        assert two == pytest.approx(one, abs=1e-5, rel=1e-5)


def test_alarms_say_what_is_wrong():
    line = {"step": 50, "steps": 100}
    assert not alarms([], 64)
    assert not alarms([line], 64)
    assert "Collapse" in alarms([{**line, "latent_prediction.spread": 0.001}], 64)[0]
    assert "Low rank" in alarms([{**line, "rank": 1.2}], 64)[0]
    assert "temperature" in alarms([{**line, "contrastive.temperature": 0.01}], 64)[0]
    stuck = {**line, "contrastive.loss": 4.15, "contrastive.chance": 4.16}
    assert "Plateau" in alarms([stuck], 64)[0]
    assert not alarms([{**stuck, "step": 10}], 64)
    assert "waiting" in alarms([{**line, "waited": 0.5}], 64)[0]


def test_rank_counts_directions():
    dice = np.random.default_rng(0)
    assert rank_of(dice.normal(size=(4000, 8))) == pytest.approx(8, rel=0.01)
    line = dice.normal(size=(100, 1)) @ dice.normal(size=(1, 8))
    assert rank_of(line) == pytest.approx(1, abs=1e-4)
