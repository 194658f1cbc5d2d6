"""Model folders in the real format, tiny and with weights by chance, made by the real libraries."""

from __future__ import annotations

import functools
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from handful.data.modalities.base import Sound

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "blue", "bowl", "mug")
WORDS += ("cracked", "clay", "pot", "the", "of", "glaze")
NEEDED = ("torch", "transformers", "sentence_transformers")


def need_libraries() -> None:
    """Leave a whole test file out where the extra is not installed."""
    for name in NEEDED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip(name)


@functools.cache
def folders(base: Path) -> Path:
    """A folder with one model folder per family, made once per process."""
    from handful.learn.towers.local.networks import offline

    root = base / "models"
    with offline():
        import torch

        torch.manual_seed(0)
        for name, make in _MAKERS.items():
            make(root / name)
    return root


def copy_of(folder: Path, target: Path) -> Path:
    """A folder to do harm to."""
    shutil.copytree(folder, target)
    return target


def change_json(path: Path, **changes: Any) -> None:
    """Overwrite some keys of a JSON file; `part__key` reaches one level down."""
    content = json.loads(path.read_text())
    for name, value in changes.items():
        part, _, key = name.rpartition("__")
        (content[part] if part else content)[key] = value
    path.write_text(json.dumps(content))


def change_weights(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Overwrite tensors of a safetensors file."""
    arrays = load_file(path)
    change(arrays)
    save_file(arrays, path, metadata={"format": "pt"})


def pictures(seed: int = 0) -> list[Any]:
    """Wide, square, tall, grey and tiny ones."""
    random = np.random.default_rng(seed)
    sizes = ((40, 61), (32, 32), (101, 30), (9, 7))
    made = [random.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    return [*made, np.full((50, 50, 3), 128, np.uint8)]


def sounds(seed: int = 0) -> list[Sound]:
    """Of several lengths and rates, one longer than a piece of the tiny CLAP."""
    random = np.random.default_rng(seed)
    kinds = ((8_000, 16_000), (66_150, 44_100), (500, 8_000), (48_000, 48_000))
    return [Sound(random.normal(0, 0.1, n).astype(np.float32), rate) for n, rate in kinds]


def texts() -> list[str]:
    """Short, long and with a word that no tokenizer here knows."""
    return ["a red bowl", "blue", "the mug of clay cracked " * 9, "a zebra", "a red bowl of glaze"]


def _tokenizer(longest: int) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = {word: place for place, word in enumerate(WORDS)}
    bare = Tokenizer(models.WordLevel(known, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    bare.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bare,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=longest,
    )


_SIZE: dict[str, Any] = {
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
}


def _clip(folder: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

    config = CLIPConfig(
        text_config={
            **_SIZE,
            "vocab_size": 16,
            "hidden_size": 16,
            "max_position_embeddings": 16,
            "eos_token_id": 3,
            "bos_token_id": 2,
            "pad_token_id": 0,
        },
        vision_config={**_SIZE, "hidden_size": 24, "image_size": 32, "patch_size": 8},
        projection_dim=20,
    )
    CLIPModel(config).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    size, crop = {"shortest_edge": 32}, {"height": 32, "width": 32}
    CLIPImageProcessorPil(size=size, crop_size=crop).save_pretrained(folder)
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: mit\n---\n# A tiny CLIP\n")


def _siglip(folder: Path) -> None:
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel

    config = SiglipConfig(
        text_config={
            **_SIZE,
            "vocab_size": 16,
            "hidden_size": 16,
            "max_position_embeddings": 16,
            "pad_token_id": 0,
            "projection_size": 16,
        },
        vision_config={**_SIZE, "hidden_size": 16, "image_size": 32, "patch_size": 8},
    )
    SiglipModel(config).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)


def _whisper(folder: Path) -> None:
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    config = WhisperConfig(
        d_model=16,
        encoder_layers=2,
        encoder_attention_heads=2,
        decoder_layers=1,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        vocab_size=50,
        num_mel_bins=80,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    WhisperForConditionalGeneration(config).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)


def _clap(folder: Path, *, fuses: bool = False) -> None:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    config = ClapConfig(
        text_config={
            **_SIZE,
            "vocab_size": 16,
            "hidden_size": 16,
            "max_position_embeddings": 32,
            "pad_token_id": 0,
            "projection_dim": 12,
        },
        audio_config={
            "spec_size": 128,
            "num_mel_bins": 64,
            "hidden_size": 16,
            "patch_embeds_hidden_size": 8,
            "depths": [1, 1],
            "num_attention_heads": [2, 2],
            "num_hidden_layers": 2,
            "window_size": 4,
            "patch_stride": [4, 4],
            "projection_dim": 12,
            "enable_fusion": fuses,
        },
        projection_dim=12,
    )
    ClapModel(config).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    way = "fusion" if fuses else "rand_trunc"
    ClapFeatureExtractor(max_length_s=1, truncation=way).save_pretrained(folder)


def _bert(folder: Path) -> str:
    from transformers import BertConfig, BertModel

    config = BertConfig(**_SIZE, vocab_size=16, hidden_size=16, max_position_embeddings=64)
    BertModel(config).save_pretrained(folder)
    _tokenizer(24).save_pretrained(folder)
    return str(folder)


def _sentences(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    first = Transformer(_bert(folder.parent / "bert"))
    modules: list[Any] = [first, Pooling(16), Dense(16, 10), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder))


def _routed(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Router, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    text: list[Any] = [Transformer(_bert(folder.parent / "bert")), Pooling(16), Dense(16, 10)]
    image: list[Any] = [Transformer(str(folder.parent / "siglip")), Dense(16, 10)]
    routes: dict[Any, str] = {(None, "text"): "text", (None, "image"): "image"}
    router = Router({"text": text, "image": image}, route_mappings=routes, default_route="text")
    SentenceTransformer(modules=[router], device="cpu").save(str(folder))


def _heard(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    first = Transformer(str(folder.parent / "whisper"))
    SentenceTransformer(modules=[first, Pooling(16)], device="cpu").save(str(folder))


def _fused(folder: Path) -> None:
    _clap(folder, fuses=True)


_MAKERS: dict[str, Callable[[Path], Any]] = {
    "clip": _clip,
    "siglip": _siglip,
    "whisper": _whisper,
    "clap": _clap,
    "clap-fused": _fused,
    "minilm": _sentences,
    "routed": _routed,
    "st-whisper": _heard,
}
