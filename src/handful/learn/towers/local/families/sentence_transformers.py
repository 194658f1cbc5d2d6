"""Folders of sentence-transformers: text, or several modalities by routes, through that library.

The library puts the modules of `modules.json` together and runs them. Only its own modules are
allowed: a class of any other name would be code chosen by the folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import InputError, UsageError, require
from handful.learn.towers.local.encoder import Encoder, Rows
from handful.learn.towers.local.families.base import (
    About,
    Family,
    require_files,
    require_modality,
    require_tokenizer,
    windows,
)
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.networks import (
    Arithmetic,
    by_length,
    explained,
    listen,
    offline,
    reports,
    require_finite,
    require_whole,
)
from handful.learn.towers.local.pieces import by_pieces
from handful.learn.towers.local.taps import OUTPUT, Tap
from handful.learn.towers.local.weights import Weights, pickles_in, read_weights

_KNOWN = {
    "Transformer": True,
    "CLIPModel": True,
    "StaticEmbedding": True,
    "Dense": True,
    "LayerNorm": True,
    "WeightedLayerPooling": True,
    "Pooling": False,
    "Normalize": False,
    "Dropout": False,
    "Router": False,
    "Asym": False,
}
"""Modules that may be used, and whether they have weights."""
_READERS = ("Transformer", "CLIPModel", "StaticEmbedding")
_ROUTERS = ("Router", "Asym")
_OF_KIND = {
    "clip": ("text", "image"),
    "siglip": ("text", "image"),
    "clap": ("text", "audio"),
    "whisper": ("audio",),
}
"""Modalities of networks that read another than text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is read at once."""

    tokens: int = 4096
    """Text tokens per batch, at most, by four letters a token."""
    others: int = 16
    """Pictures or pieces of sound per batch, at most."""
    longest_s: float = 30.0
    """Seconds of a piece of sound."""
    pieces: int = 8
    """Pieces that a long recording is heard in, at most, evenly spread."""

    def __post_init__(self) -> None:
        for name in ("tokens", "others", "longest_s", "pieces"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")


@dataclass(frozen=True, slots=True)
class _Module:
    kind: str
    below: str
    """Its folder in the model's, ending in `/`; empty for the model's own."""


class SentenceTransformers(Family):
    """Folders with a `modules.json`."""

    libraries = ("transformers", "sentence_transformers")

    def knows(self, folder: ModelFolder) -> bool:
        """Whether it lists modules."""
        return "modules.json" in folder.settings

    def look(self, folder: ModelFolder) -> About:
        """Describe a folder; see `Family.look`."""
        modules = list(_modules(folder))
        weights = Weights(files=())
        for module in modules:
            where = folder.path / module.below
            if not where.is_dir() and _KNOWN[module.kind]:
                raise InputError(
                    f'"{folder.path}" is incomplete: it has no "{module.below}", which its '
                    "modules.json names.",
                    "copy the whole folder again",
                )
            if _KNOWN[module.kind]:
                weights += read_weights(where)
            elif where.is_dir() and module.below and pickles_in(where):
                raise InputError(
                    f'"{where}" holds a pickle ({pickles_in(where)[0]}), which is never opened.',
                    "take the safetensors version of the model",
                )
        found = _modalities(folder, modules)
        for module in modules:
            if module.kind in _READERS and "text" in _read_by(folder, module):
                require_tokenizer(folder, module.below)
            if module.kind in ("Transformer", "CLIPModel"):
                require_files(folder, "config", (f"{module.below}config.json",))
        is_plain = modules[0].kind == "Transformer" and "text" in found
        layers = _layers(folder, modules[0]) if is_plain else 0
        return About(
            widths=dict.fromkeys(found, _width(folder, modules, weights)),
            layers={name: layers if name == "text" else 0 for name in found},
            weights=weights,
        )

    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load the modules; see `Family.load`."""
        found = _modalities(folder, list(_modules(folder)))
        require_modality(found, modality, folder)
        with offline(), explained(folder.path, "load its modules"), reports() as loaded:
            import torch
            from sentence_transformers import SentenceTransformer

            network = SentenceTransformer(
                str(folder.path),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={
                    "dtype": getattr(torch, arithmetic),
                    "use_safetensors": True,
                    "local_files_only": True,
                },
            )
            network = network.to(getattr(torch, arithmetic)).eval()
            if modality not in network.modalities:
                raise InputError(
                    f'"{folder.path}" does not read {modality}: it reads '
                    f"{', '.join(map(str, network.modalities))}.",
                    "name it for what it reads",
                )
        for report in loaded:
            require_whole(report, folder.path, spare="pooler.")
        require_finite(network, folder.path)
        return _Sentences(network, modality, len(found) > 1, self.config)


class _Sentences(Encoder):
    def __init__(self, network: Any, modality: str, has_several: bool, config: Config) -> None:
        self._network, self._modality = network, modality
        self._has_several, self._config = has_several, config

    def encode(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        if self._modality == "audio":
            rate = self._rate()

            def cut(sound: Any) -> list[Any]:
                return windows(sound, rate, self._config.longest_s, self._config.pieces)

            return by_pieces(values, cut, lambda pieces: self._rows(pieces, taps))
        return self._rows(values, taps)

    def _rows(self, values: Sequence[Any], taps: Collection[Tap]) -> Rows:
        is_text = self._modality == "text"
        lengths = [len(value) // 4 + 4 if is_text else 1 for value in values]
        most = self._config.tokens if is_text else self._config.others
        rows = 64 if is_text else self._config.others

        def make(places: list[int]) -> dict[Tap, Any]:
            inputs = [self._given(values[place]) for place in places]
            with offline():
                found = {
                    tap: self._network.encode(
                        inputs,
                        batch_size=len(inputs),
                        show_progress_bar=False,
                        convert_to_tensor=True,
                    )
                    for tap in taps
                    if tap == OUTPUT
                }
                deeper = [tap for tap in taps if tap != OUTPUT]
                return found | (self._listen(inputs, deeper) if deeper else {})

        return by_length(lengths, most, make, rows=rows)

    def _given(self, value: Any) -> Any:
        if self._modality == "image":
            return Image.fromarray(np.asarray(value))
        if self._modality == "audio":
            return {"array": value, "sampling_rate": self._rate()}
        # Where pictures are read too, a bare string that looks like an address would be fetched.
        return {"text": value} if self._has_several else value

    def _listen(self, inputs: Sequence[Any], taps: Sequence[Tap]) -> dict[Tap, Any]:
        """Layers of the first module, before the library's own pooling."""
        first = self._network[0]
        network = getattr(first, "auto_model", None)
        if network is None or self._modality != "text" or self._has_several:
            raise UsageError(
                "The layers of this network cannot be listened to one by one.",
                "leave out the layer: its own output is used",
            )
        features = self._network.preprocess(list(inputs))
        wanted = ("input_ids", "attention_mask", "token_type_ids")
        given = {name: features[name] for name in wanted if name in features}
        out = network(**given, output_hidden_states=True)
        return {tap: listen(out.hidden_states, tap, given.get("attention_mask")) for tap in taps}

    def _rate(self) -> int:
        """Samples per second that its processor expects."""
        processor = self._network.processor
        found = getattr(processor, "feature_extractor", processor)
        return int(getattr(found, "sampling_rate", 16_000))


def _modules(folder: ModelFolder) -> Iterator[_Module]:
    """The modules in order, those of routes among them.

    Raises:
        InputError: When the list is damaged, or a module is not the library's own.
    """
    listed = folder.settings["modules.json"]
    if not isinstance(listed, list) or not listed:
        raise InputError(
            f'"{folder.path / "modules.json"}" lists no modules.', "copy the folder again"
        )
    for entry in listed:
        if not isinstance(entry, Mapping):
            entry = {}
        module = _module(folder, entry.get("type"), entry.get("path", ""))
        yield module
        if module.kind in _ROUTERS:
            yield from _routed(folder, module)


def _routed(folder: ModelFolder, router: _Module) -> Iterator[_Module]:
    types = _router(folder, router).get("types")
    if not isinstance(types, Mapping) or not types:
        raise InputError(
            f'"{folder.path}" is incomplete: its router names no modules.', "copy the folder again"
        )
    for name, kind in types.items():
        yield _module(folder, kind, f"{router.below}{name}")


def _router(folder: ModelFolder, router: _Module) -> Mapping[str, Any]:
    for name in (f"{router.below}router_config.json", f"{router.below}config.json"):
        found = folder.settings.get(name)
        if isinstance(found, Mapping):
            return found
    raise InputError(
        f'"{folder.path}" is incomplete: it has no router_config.json.', "copy the folder again"
    )


def _module(folder: ModelFolder, kind: Any, path: Any) -> _Module:
    start, _, last = str(kind).rpartition(".")
    if start.partition(".")[0] != "sentence_transformers" or last not in _KNOWN:
        raise InputError(
            f'"{folder.path}" asks for the module "{kind}", which is none that may be run here.',
            f"known: {', '.join(_KNOWN)}, each of sentence_transformers itself",
        )
    below = str(path or "").rstrip("/")
    if below.startswith((".", "/")) or "\\" in below or ".." in below.split("/") or ":" in below:
        raise InputError(
            f'"{folder.path}" names the module folder "{path}", which lies outside of it.',
            "copy the folder again from where you trust it",
        )
    module = _Module(last, f"{below}/" if below else "")
    _require_harmless(folder, module)
    return module


def _require_harmless(folder: ModelFolder, module: _Module) -> None:
    """Refuse an activation that is no part of torch."""
    settings = folder.settings.get(f"{module.below}config.json")
    if module.kind != "Dense" or not isinstance(settings, Mapping):
        return
    named = str(settings.get("activation_function", "torch.nn.modules.activation.Tanh"))
    if not named.startswith("torch.nn.modules."):
        raise InputError(
            f'"{folder.path / module.below}config.json" asks for "{named}" to be run, and only '
            "activations of torch.nn are.",
            "take another model",
        )


def _read_by(folder: ModelFolder, module: _Module) -> tuple[str, ...]:
    """Modalities that one reading module knows, by the network it wraps."""
    if module.kind == "CLIPModel":
        return ("text", "image")
    config = folder.settings.get(f"{module.below}config.json")
    kind = config.get("model_type") if isinstance(config, Mapping) else None
    return _OF_KIND.get(str(kind), ("text",))


def _modalities(folder: ModelFolder, modules: Sequence[_Module]) -> tuple[str, ...]:
    routers = [module for module in modules if module.kind in _ROUTERS]
    readers = [module for module in modules if module.kind in _READERS]
    if not readers:
        raise InputError(
            f'"{folder.path}" has no module that reads anything.',
            f"one of {', '.join(_READERS)} is needed",
        )
    read = {name for module in readers for name in _read_by(folder, module)}
    if routers:
        about = _router(folder, routers[0])
        structure = about.get("structure")
        routes = set(structure) if isinstance(structure, Mapping) else set()
        settings = about.get("parameters")
        mappings = settings.get("route_mappings") if isinstance(settings, Mapping) else None
        routed = {name for name in MODALITIES if name in routes}
        keys = list(mappings) if isinstance(mappings, Mapping) else []
        routed |= {name for name in MODALITIES for key in keys if f"'{name}'" in str(key)}
        read &= routed or {"text"}
    return tuple(name for name in MODALITIES if name in read)


def _layers(folder: ModelFolder, module: _Module) -> int:
    config = folder.settings.get(f"{module.below}config.json")
    found = config.get("num_hidden_layers", 0) if isinstance(config, Mapping) else 0
    return found if isinstance(found, int) else 0


def _width(folder: ModelFolder, modules: Sequence[_Module], weights: Weights) -> int:
    """Width of the output: of the last dense layer, or of what is pooled."""
    for module in reversed(modules):
        config = folder.settings.get(f"{module.below}config.json")
        config = config if isinstance(config, Mapping) else {}
        names = {
            "Dense": ("out_features",),
            "Pooling": ("embedding_dimension", "word_embedding_dimension"),
            "Transformer": ("projection_dim", "hidden_size", "d_model", "dim"),
            "CLIPModel": ("projection_dim",),
        }.get(module.kind, ())
        found = next((config[name] for name in names if isinstance(config.get(name), int)), 0)
        if found:
            return found
    table = weights.shapes.get("embedding.weight", ())
    return table[1] if len(table) == 2 else 0
