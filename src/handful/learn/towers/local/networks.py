"""Load networks from a folder, offline and quietly, and listen to their layers.

The libraries are asked for local files only, their hub is switched off for as long as they work,
and code from a folder is never run. What they say of a folder in twenty lines becomes a sentence.
"""
# B batch, T tokens, D numbers

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import HandfulError, InputError, MissingExtraError, UsageError
from handful.foundation.hardware import find_module
from handful.learn.towers.local.taps import Tap

if TYPE_CHECKING:
    import torch

Arithmetic = Literal["float32", "bfloat16"]
EXTRA = "towers"
_LIBRARIES = ("transformers", "sentence_transformers")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
}


def require_libraries(*names: str) -> None:
    """Say what to install when a library is missing.

    Args:
        names: Modules, such as `transformers`.

    Raises:
        MissingExtraError: With the install line.
    """
    for name in missing_libraries(names):
        raise MissingExtraError("Using a model folder", name, EXTRA)


def install_line() -> str:
    """The command that brings the libraries."""
    return f'pip install "handful[{EXTRA}]"'


def missing_libraries(names: Sequence[str] = _LIBRARIES) -> list[str]:
    """Those of some libraries, and torch, that are not installed.

    Args:
        names: Modules; all that any family needs when left out.
    """
    return [name for name in ("torch", *names) if not find_module(name).is_installed]


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Keep the libraries from the network, and from talking, while the block runs."""
    before = {name: os.environ.get(name) for name in _OFFLINE}
    os.environ.update(_OFFLINE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with _hub_off(), _silence():
                yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _hub_off() -> Iterator[None]:
    """The hub reads its switch when it is imported, which may have been before."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    from transformers.utils import logging

    level, has_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if has_bars:
            logging.enable_progress_bar()


@contextlib.contextmanager
def explained(folder: Path, doing: str) -> Iterator[None]:
    """Turn whatever a library raises about a folder into one sentence.

    Args:
        folder: The model folder.
        doing: What was tried, such as `load its tokenizer`.

    Raises:
        InputError: Naming the folder and the library's first line.
    """
    try:
        yield
    except HandfulError:
        raise
    except Exception as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        raise InputError(
            f'"{folder}" cannot be used: it was not possible to {doing} '
            f"({type(error).__name__}: {first[:200]}).",
            "copy the folder again, or take a model of a family that `handful towers` lists",
        ) from error


def load_network(kind: Any, folder: Path, arithmetic: Arithmetic) -> Any:
    """Load a network of one class, whole, and prove that every number is one.

    Args:
        kind: A class of transformers, such as `CLIPModel`.
        folder: Where its config and weights lie.
        arithmetic: The number format to compute in.

    Raises:
        InputError: When tensors are missing, of another shape, or not finite.
    """
    import torch

    with explained(folder, "load its weights"):
        network, report = kind.from_pretrained(
            folder,
            dtype=getattr(torch, arithmetic),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    require_whole(report, folder)
    require_finite(network, folder)
    return network.eval()


def require_whole(report: Mapping[str, Any], folder: Path, spare: str = "") -> None:
    """Refuse a network of which tensors were missing: the libraries fill them by chance.

    Args:
        report: What the library says of loading.
        folder: Where from.
        spare: Tensors with this in their name may be missing, as nothing asks for them.

    Raises:
        InputError: When tensors are missing or of another shape.
    """
    lacking = [*sorted(report["missing_keys"]), *(report.get("mismatched_keys") or ())]
    lacking = [name for name in map(str, lacking) if not spare or spare not in name]
    if lacking:
        raise InputError(
            f'"{folder}" does not hold the network that its config.json describes: {len(lacking)} '
            f"tensors are missing or of another shape, such as {lacking[0]}.",
            "copy the whole folder again, with the config.json that belongs to it",
        )


@contextlib.contextmanager
def reports() -> Iterator[list[Mapping[str, Any]]]:
    """What transformers says of every network that another library loads in the block.

    Yields:
        The list that fills, one report per network.
    """
    from transformers import PreTrainedModel

    found: list[Mapping[str, Any]] = []
    before = PreTrainedModel.__dict__["from_pretrained"]

    def watched(kind: Any, *args: Any, **given: Any) -> Any:
        network, report = before.__func__(kind, *args, **{**given, "output_loading_info": True})
        found.append(report)
        return network

    PreTrainedModel.from_pretrained = classmethod(watched)  # pyrefly: ignore
    try:
        yield found
    finally:
        PreTrainedModel.from_pretrained = before


def require_finite(network: Any, folder: Path) -> None:
    """Refuse weights that are not numbers.

    Args:
        network: Loaded.
        folder: Where from.

    Raises:
        InputError: Naming the first tensor with NaN or infinity.
    """
    import torch

    for name, tensor in network.named_parameters():
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(
                f'"{folder}" holds weights that are no numbers: "{name}" has NaN or infinity.',
                "the file is damaged: copy it again, or take another model",
            )


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder.

    Args:
        folder: Where its files lie.

    Raises:
        InputError: When they are missing or damaged.
    """
    from transformers import AutoTokenizer

    with explained(folder, "load its tokenizer"):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def by_length(
    lengths: Sequence[int],
    most: int,
    make: Callable[[list[int]], Mapping[Tap, torch.Tensor]],
    *,
    rows: int = 64,
) -> dict[Tap, NDArray[np.float32]]:
    """Run a network over values in batches of alike length, and put the rows back in order.

    Args:
        lengths: `N` lengths in tokens.
        most: Longest length times rows of a batch, at most; a single value may be longer.
        make: From places to `[B, D]` per tap.
        rows: Values per batch, at most.
    """
    import torch

    order = sorted(range(len(lengths)), key=lambda place: (lengths[place], place))
    parts: dict[Tap, list[NDArray[np.float32]]] = {}
    batch: list[int] = []
    batches = []
    for place in order:
        if batch and (len(batch) >= rows or (len(batch) + 1) * lengths[place] > most):
            batches.append(batch)
            batch = []
        batch.append(place)
    batches.append(batch)
    for batch in batches:
        with torch.inference_mode():
            made = make(batch)
        for tap, found in made.items():
            parts.setdefault(tap, []).append(found.float().cpu().numpy())
    back = np.argsort(np.concatenate([np.array(batch) for batch in batches]), kind="stable")
    return {tap: np.concatenate(found)[back] for tap, found in parts.items()}


def listen(
    hidden: Sequence[torch.Tensor], tap: Tap, keep_BT: torch.Tensor | None = None
) -> torch.Tensor:
    """One vector per value from the tokens of one layer.

    Args:
        hidden: What enters the first layer, then what leaves each, `[B, T, D]` or `[B, D, H, W]`.
        tap: Which layer, and how its tokens become one vector.
        keep_BT: 1 for tokens that count; all when None.

    Raises:
        UsageError: When there is no such layer.
    """
    assert tap.layer is not None
    if tap.layer >= len(hidden):
        raise UsageError(
            f"There is no layer {tap.layer}: this network has {len(hidden) - 1}.",
            f"a layer from 0 to {len(hidden) - 1}",
        )
    tokens_BTD = hidden[tap.layer]
    if tokens_BTD.ndim == 4:
        tokens_BTD = tokens_BTD.flatten(2).transpose(1, 2)
    if tap.pooling == "first":
        return tokens_BTD[:, 0]
    if keep_BT is None:
        return tokens_BTD.mean(dim=1)
    weight_BT1 = keep_BT.to(tokens_BTD.dtype)[:, :, None]
    return (tokens_BTD * weight_BT1).sum(dim=1) / weight_BT1.sum(dim=1).clamp(min=1)
