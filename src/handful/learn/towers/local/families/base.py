"""What a family of model folders is: it knows its folders, describes them, and asks their network.

One family is one file; the file name is the name of the family. Looking at a folder reads JSON and
headers only. Loading imports the heavy libraries; architectures, tokenizers and processors are
theirs, and what is ours is which layer is listened to, how tokens become one vector, and which
folders are refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError, UsageError
from handful.learn.towers.local.encoder import Encoder
from handful.learn.towers.local.folder import ModelFolder
from handful.learn.towers.local.networks import Arithmetic
from handful.learn.towers.local.weights import Weights


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a folder holds.

    Attributes:
        widths: Modality to the width of the network's output; its keys are what it can read.
        layers: Modality to the number of its layers; 0 where they cannot be listened to.
        weights: All its weights.
    """

    widths: Mapping[str, int]
    layers: Mapping[str, int]
    weights: Weights


class Family(ABC):
    """Folders of one kind."""

    version: ClassVar[int] = 1
    """Raised by one whenever the code changes what an encoder returns."""

    libraries: ClassVar[tuple[str, ...]] = ("transformers",)
    """What it needs beside torch."""

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """The name in tables and recipes: the file name."""
        return type(self).__module__.rpartition(".")[2]

    def knows(self, folder: ModelFolder) -> bool:
        """Whether its config names this family, and it is not wrapped by sentence-transformers."""
        return folder.kind == self.name and "modules.json" not in folder.settings

    @abstractmethod
    def look(self, folder: ModelFolder) -> About:
        """Describe a folder without loading it.

        Args:
            folder: One that this family knows.

        Raises:
            InputError: When it is incomplete, pickled, or of another shape than it says.
        """

    @abstractmethod
    def load(self, folder: ModelFolder, modality: str, arithmetic: Arithmetic) -> Encoder:
        """Load the part of a network that reads one modality.

        Args:
            folder: One that `look` found usable.
            modality: One that it reads.
            arithmetic: The number format to compute in.

        Raises:
            InputError: When the weights are not finite, or not those of the network described.
        """


def require_files(folder: ModelFolder, what: str, *choices: Sequence[str]) -> None:
    """Refuse a folder that lacks all of several ways to say something.

    Args:
        folder: Which.
        what: What is lacking then, such as `tokenizer`.
        choices: Files that are enough together.

    Raises:
        InputError: Naming what would do.
    """
    if any(folder.has(*names) for names in choices):
        return
    known = ", or ".join(" with ".join(names) for names in choices)
    raise InputError(
        f'"{folder.path}" is incomplete: it has no {what} ({known}).',
        "copy the whole folder again",
    )


def require_tokenizer(folder: ModelFolder, below: str = "") -> None:
    """Refuse a folder without a tokenizer.

    Args:
        folder: Which.
        below: A folder in it, ending in `/`.

    Raises:
        InputError: Naming what would do.
    """
    choices = (
        ("tokenizer.json",),
        ("vocab.json", "merges.txt"),
        ("vocab.txt",),
        ("spiece.model",),
        ("tokenizer.model",),
        ("sentencepiece.bpe.model",),
    )
    found = [[f"{below}{name}" for name in names] for names in choices]
    require_files(folder, "tokenizer", *found)


def require_processor(folder: ModelFolder, what: str) -> None:
    """Refuse a folder that does not say how pictures or sounds are prepared.

    Args:
        folder: Which.
        what: Such as `image processor`.

    Raises:
        InputError: Naming what would do.
    """
    require_files(folder, what, ("preprocessor_config.json",), ("processor_config.json",))


def require_shapes(
    folder: ModelFolder, weights: Weights, expected: Mapping[str, tuple[int, ...]]
) -> None:
    """Refuse weights whose landmarks are missing, or of another shape than the settings say.

    Args:
        folder: Which.
        weights: Its weights.
        expected: Tensor to shape.

    Raises:
        InputError: Naming the first that differs.
    """
    kind = folder.kind
    for name, shape in expected.items():
        if name not in weights.shapes:
            raise InputError(
                f'"{folder.path}" holds weights of another architecture: its config.json says '
                f'"{kind}", and the tensor "{name}" is not there.',
                "copy the folder again, with the config.json that belongs to it",
            )
        if weights.shapes[name] != shape:
            raise InputError(
                f'"{folder.path}" holds weights of another shape: by its config.json "{name}" is '
                f"{list(shape)}, and it is {list(weights.shapes[name])}.",
                "copy the folder again, with the config.json that belongs to it",
            )


def number(folder: ModelFolder, *keys: str, default: int | None = None) -> int:
    """A whole number of `config.json`.

    Args:
        folder: Which.
        keys: The way to it, such as `text_config`, `hidden_size`.
        default: Taken when it is not there; without one that is an error.

    Raises:
        InputError: When it is missing or no whole number above 0.
    """
    found: Any = folder.config
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    found = default if found is None else found
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise InputError(
            f'"{folder.path / "config.json"}" says nothing usable of {".".join(keys)}: '
            f"{found!r} is no whole number above 0.",
            "copy the folder again",
        )
    return found


def require_modality(known: Collection[str], modality: str, folder: ModelFolder) -> None:
    """Refuse to read a modality that a network does not know.

    Args:
        known: Modalities that it reads.
        modality: The one wanted.
        folder: Which.

    Raises:
        UsageError: Naming those that it reads.
    """
    if modality not in known:
        raise UsageError(
            f'"{folder.path}" does not read {modality}: it reads {" and ".join(known)}.',
            f"name it as {' or '.join(f'{name}={folder.path}' for name in known)}",
        )


def windows(sound: Sound, rate: int, most_s: float, count: int) -> list[NDArray[np.float32]]:
    """A sound at a network's own rate, in pieces that it can hold.

    A recording that is longer than the network listens is cut into pieces from its start on; of
    many pieces some are taken, evenly spread, so a long recording costs no more than so many.

    Args:
        sound: One channel.
        rate: Samples per second that the network expects.
        most_s: Seconds that it holds at once.
        count: Pieces at most.

    Returns:
        One to `count` pieces of `rate * most_s` samples or fewer.

    Raises:
        InputError: When the sound is empty.
    """
    import soxr

    samples = np.asarray(sound.samples, np.float32)
    if not len(samples):
        raise InputError("A sound holds no samples.", "leave it out")
    if sound.rate != rate:
        samples = soxr.resample(samples, sound.rate, rate, quality="HQ").astype(np.float32)
    most = int(most_s * rate)
    starts = np.arange(0, len(samples), most)
    if len(starts) > 1 and len(samples) - starts[-1] < most // 10:
        starts = starts[:-1]  # a rest of less than a tenth says nothing of its own
    if len(starts) > count:
        starts = starts[np.linspace(0, len(starts) - 1, count).round().astype(int)]
    return [samples[start : start + most] for start in starts]
