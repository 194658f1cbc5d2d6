"""Folders that cannot be used: every reason is a sentence, and nothing in a folder is ever run."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handful.foundation.errors import HandfulError, InputError
from handful.foundation.hardware import Memory
from handful.learn.towers.local import memory
from handful.learn.towers.local.opening import open_folder
from handful.learn.towers.local.taps import OUTPUT
from tiny import models

Harm = Callable[[Path], object]


def without(*names: str) -> Harm:
    return lambda folder: [(folder / name).unlink() for name in names]


def settings(name: str, **changes: Any) -> Harm:
    return lambda folder: models.change_json(folder / name, **changes)


def truncated(name: str = "model.safetensors", keep: float = 0.7) -> Harm:
    def harm(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * keep)])

    return harm


def written(name: str, text: str) -> Harm:
    return lambda folder: (folder / name).write_text(text)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.target, "boom")


def pickled(*gone: str, name: str = "pytorch_model.bin") -> Harm:
    def harm(folder: Path) -> None:
        for each in gone:
            (folder / each).unlink()
        (folder / name).write_bytes(pickle.dumps(Bomb(folder / "boom")))

    return harm


def of_another(folder: Path) -> None:
    """The weights of SigLIP under the config of CLIP."""
    other = folder.parent / "other"
    models.copy_of(folder.parent / "siglip-whole", other)
    (other / "model.safetensors").replace(folder / "model.safetensors")


MODEL = "model.safetensors"
CASES: list[tuple[str, Harm, str]] = [
    ("clip", without("config.json"), "is no model folder"),
    ("clip", without(MODEL), "is incomplete: it has no weights"),
    ("clip", without("tokenizer.json"), "is incomplete: it has no tokenizer"),
    ("clip", without("preprocessor_config.json"), "is incomplete: it has no image processor"),
    ("whisper", without("preprocessor_config.json"), "it has no feature extractor"),
    ("minilm", without("tokenizer.json"), "it has no tokenizer"),
    ("minilm", without("2_Dense/model.safetensors"), "it has no weights"),
    ("minilm", without("config.json"), "it has no config"),
    ("clip", truncated(), "is cut short or damaged"),
    ("clip", truncated(keep=0.0001), "is cut short or damaged"),
    ("minilm", truncated("2_Dense/model.safetensors"), "is cut short or damaged"),
    ("clip", written(MODEL, "not safetensors at all"), "is cut short or damaged"),
    ("clip", written("config.json", "{"), "cannot be read"),
    ("clip", written("config.json", "[" * 100_000), "cannot be read"),
    ("clip", written("config.json", "[]"), "is of no family that is known"),
    ("clip", pickled(MODEL), "holds its weights as a pickle"),
    ("clip", pickled(MODEL, name="model.ckpt"), "holds its weights as a pickle"),
    ("clip", pickled(MODEL, name="weights.pt"), "holds its weights as a pickle"),
    ("clip", pickled(MODEL, name="model.pkl"), "holds its weights as a pickle"),
    ("minilm", pickled("2_Dense/model.safetensors", name="2_Dense/pytorch_model.bin"), "pickle"),
    ("clip", settings("config.json", model_type="bert"), 'its config.json says "bert"'),
    ("clip", settings("config.json", model_type="siglip"), "weights of another"),
    ("clip", of_another, "weights of another"),
    ("clip", settings("config.json", projection_dim=24), "weights of another shape"),
    ("clip", settings("config.json", vision_config__image_size=64), "weights of another shape"),
    ("clip", settings("config.json", vision_config__patch_size=0), "no whole number above 0"),
    ("clip", settings("config.json", text_config__vocab_size="many"), "no whole number above 0"),
    ("clip", settings("config.json", vision_config__num_hidden_layers=10**6), "do not belong"),
    ("clip", settings("config.json", vision_config__num_hidden_layers=10**12), "no network needs"),
    ("minilm", settings("config.json", hidden_size=10**6), "do not belong together"),
    ("minilm", settings("config.json", vocab_size=10**13), "which no network needs"),
    ("minilm", settings("config.json", num_hidden_layers=-1), "which no network needs"),
    ("clip", settings("preprocessor_config.json", size={"height": 10**6}), "no network needs"),
    ("clap", settings("preprocessor_config.json", sampling_rate=10**9), "no network needs"),
    ("clip", settings("config.json", auto_map={"AutoModel": "evil.Model"}), "asks for code"),
    ("clip", settings("tokenizer_config.json", auto_map={"a": ["b.C", None]}), "asks for code"),
    ("clip", settings("preprocessor_config.json", auto_map={"a": "b.C"}), "asks for code"),
    ("minilm", settings("sentence_bert_config.json", model_args={"trust_remote_code": True}),
     "asks for code"),
    ("clip", settings("config.json", attn_implementation="kernels-community/fast"), "a kernel"),
    ("clip", settings("config.json", quantization_config={"bits": 4}), "quantised"),
    ("clip", written("adapter_config.json", "{}"), "holds an adapter"),
    ("minilm", written("modules.json", '[{"type": "evil.Module", "path": ""}]'), "evil.Module"),
    ("minilm", written("modules.json", '[{"type": "sentence_transformers.evil.X"}]'), "evil.X"),
    ("minilm", written("modules.json", "[]"), "lists no modules"),
    ("minilm", written("modules.json", '[3, "x"]'), "none that may be run here"),
    ("minilm", settings("2_Dense/config.json", activation_function="os.system"), "os.system"),
    ("routed", without("router_config.json"), "no router_config.json"),
    ("routed", without("image_0_Transformer/model.safetensors"), "it has no weights"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "harm", "said"), CASES)
def test_a_folder_that_cannot_be_used_is_refused_before_anything_is_loaded(
    shelf: Path, tmp_path: Path, name: str, harm: Harm, said: str
) -> None:
    models.copy_of(shelf / "siglip", tmp_path / "siglip-whole")
    folder = models.copy_of(shelf / name, tmp_path / name)
    assert open_folder(folder).about.widths
    harm(folder)
    with pytest.raises(InputError) as caught:
        open_folder(folder)
    assert said in caught.value.what
    assert name in caught.value.what
    assert caught.value.hint
    assert not (folder / "boom").exists()


@pytest.mark.parametrize(
    "path", ["../outside", "/etc", "a/../../b", "..", "C:\\x"], ids=lambda path: path[:9]
)
def test_a_module_outside_of_its_folder_is_refused(shelf: Path, tmp_path: Path, path: str) -> None:
    folder = models.copy_of(shelf / "minilm", tmp_path / "minilm")
    listed = json.loads((folder / "modules.json").read_text())
    listed[1]["path"] = path
    (folder / "modules.json").write_text(json.dumps(listed))
    with pytest.raises(InputError, match=r"outside of it|incomplete"):
        open_folder(folder)


def test_what_a_folder_holds_beside_safetensors_is_never_opened(
    shelf: Path, tmp_path: Path
) -> None:
    """A pickle and a program lie beside good weights: they are left alone, and the rest works."""
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")
    pickled()(folder)
    (folder / "modeling_clip.py").write_text(f"open({str(folder / 'boom')!r}, 'w')")
    opened = open_folder(folder)
    network = opened.family.load(opened.folder, "text", "float32")
    assert network.encode(["a bowl"], {OUTPUT})
    assert not (folder / "boom").exists()


def test_shards_are_read_together_and_a_missing_one_is_named(shelf: Path, tmp_path: Path) -> None:
    from handful.learn.towers.local.networks import offline

    with offline():
        from transformers import CLIPModel

        network = CLIPModel.from_pretrained(shelf / "clip")
        folder = models.copy_of(shelf / "clip", tmp_path / "clip")
        (folder / MODEL).unlink()
        network.save_pretrained(folder, max_shard_size="40KB")
    whole, sharded = open_folder(shelf / "clip").about, open_folder(folder).about
    assert len(sharded.weights.files) > 1
    assert sharded.weights.numbers == whole.weights.numbers
    index = folder / "model.safetensors.index.json"
    sharded.weights.files[0].unlink()
    with pytest.raises(InputError, match="shards are missing"):
        open_folder(folder)
    models.change_json(index, weight_map={"x": "../secret.safetensors"})
    with pytest.raises(InputError, match="no safetensors file beside it"):
        open_folder(folder)
    models.change_json(index, weight_map=3)
    with pytest.raises(InputError, match="cannot be read as a list of shards"):
        open_folder(folder)


def test_weights_that_are_no_numbers_are_refused_when_loaded(shelf: Path, tmp_path: Path) -> None:
    for name, tensor in {
        "clip": "vision_model.embeddings.class_embedding",
        "minilm": "embeddings.word_embeddings.weight",
        "whisper": "model.encoder.conv1.weight",
    }.items():
        folder = models.copy_of(shelf / name, tmp_path / name)

        def harm(arrays: dict[str, Any], tensor: str = tensor) -> None:
            arrays[tensor] = np.full_like(arrays[tensor], np.nan)

        models.change_weights(folder / MODEL, harm)
        opened = open_folder(folder)
        with pytest.raises(InputError, match="no numbers"):
            opened.family.load(opened.folder, next(iter(opened.about.widths)), "float32")


def test_missing_tensors_are_never_made_up(shelf: Path, tmp_path: Path) -> None:
    """The libraries would fill them by chance and say so in a warning."""
    for name, tensor in {
        "clip": "vision_model.post_layernorm.weight",
        "minilm": "encoder.layer.1.output.dense.weight",
    }.items():
        folder = models.copy_of(shelf / name, tmp_path / name)

        def harm(arrays: dict[str, Any], tensor: str = tensor) -> None:
            del arrays[tensor]

        models.change_weights(folder / MODEL, harm)
        opened = open_folder(folder)
        with pytest.raises(InputError, match=r"missing|not possible"):
            opened.family.load(opened.folder, next(iter(opened.about.widths)), "float32")


def test_a_network_that_does_not_fit_is_refused_before_it_is_loaded(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Memory(total_bytes=64 << 20, limit_bytes=None, available_bytes=64 << 20)
    monkeypatch.setattr(memory, "look_at_memory", lambda: small)
    with pytest.raises(InputError, match="would take about 300 MiB of memory, and this machine"):
        open_folder(shelf / "clip")


def test_quantised_weights_are_refused(shelf: Path, tmp_path: Path) -> None:
    folder = models.copy_of(shelf / "clip", tmp_path / "clip")

    def harm(arrays: dict[str, Any]) -> None:
        arrays["text_projection.weight"] = arrays["text_projection.weight"].astype(np.uint8)

    models.change_weights(folder / MODEL, harm)
    with pytest.raises(InputError, match="quantised numbers"):
        open_folder(folder)


def test_what_is_no_folder_at_all_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, said in (
        (tmp_path / "none", "There is no model folder"),
        (tmp_path / "file", "file"),
    ):
        with pytest.raises(HandfulError, match=said):
            open_folder(path)


ODD: list[Any] = [None, True, -1, 0, 10**30, 1.5, "", "x", "../x", [], [1], {}, {"a": {"b": []}}]


@pytest.mark.parametrize("name", ["clip", "siglip", "whisper", "clap", "minilm", "routed"])
def test_whatever_a_settings_file_says_the_answer_is_a_sentence(
    shelf: Path, tmp_path: Path, name: str
) -> None:
    """Every value of every JSON file, two levels deep, becomes something odd, one at a time."""
    folder = models.copy_of(shelf / name, tmp_path / name)
    refused = usable = 0
    dice = np.random.default_rng(0)
    for path in sorted(folder.rglob("*.json")):
        if path.name == "tokenizer.json":
            continue
        text = path.read_text()
        whole = json.loads(text)
        levels = whole if isinstance(whole, dict) else dict(enumerate(whole))
        places = [(key,) for key in levels]
        places += [(key, low) for key, value in levels.items() if isinstance(value, dict)
                   for low in value]  # fmt: skip
        for place in places:
            for odd in dice.choice(len(ODD), 3, replace=False):
                content = json.loads(text)
                part = content if len(place) == 1 else content[place[0]]
                part[place[-1]] = ODD[odd]
                path.write_text(json.dumps(content))
                try:
                    open_folder(folder)
                    usable += 1
                except HandfulError:
                    refused += 1
        path.write_text(text)
    assert refused > 3
    assert usable > 3
    assert open_folder(folder).about.widths
