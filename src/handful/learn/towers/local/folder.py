"""A model folder on disk: what it says of itself, whether it may be used, and what identifies it.

Nothing in a folder is ever run. A folder whose settings ask for code of its own is refused, and so
are pickles and quantised weights; everything else is read from JSON and from the headers of
safetensors files, so looking at a folder costs milliseconds and no network library is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from handful.foundation.errors import InputError, storage
from handful.learn.towers.local.weights import Weights

_SETTINGS_BYTES = 8 * 2**20
_DEPTH = 3
_SETTINGS = re.compile(
    r"(config|tokenizer_config|preprocessor_config|processor_config|video_preprocessor_config"
    r"|modules|router_config|adapter_config|sentence_\w+_config|config_sentence_transformers)"
    r"\.json"
)
_IDENTITY = re.compile(
    rf"{_SETTINGS.pattern}|tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.json"
    r"|vocab\.txt|merges\.txt|[\w.-]+\.model|[\w.-]+\.jinja"
)
"""Files that decide, beside the weights, what comes out."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelFolder:
    """One folder whose settings were read and found harmless.

    Attributes:
        path: Where it lies.
        settings: Relative name to content of its small JSON files.
    """

    path: Path
    settings: Mapping[str, Any] = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> ModelFolder:
        """Read the settings of a folder.

        Args:
            path: The folder.

        Raises:
            InputError: When it is no model folder, damaged, or asks for something that is never
                done, such as running its code.
            StorageError: When it may not be read.
        """
        path = tidy(path)
        if path.is_file():
            raise InputError(f'"{path}" is a file, and a model is a folder.', "name the folder")
        if not path.is_dir():
            raise InputError(f'There is no model folder "{path}".', "check the path")
        settings = {name: _read(path / name) for name in _names(path, _SETTINGS)}
        if "config.json" not in settings and "modules.json" not in settings:
            raise InputError(
                f'"{path}" is no model folder: it has neither config.json nor modules.json.',
                "name the folder that holds the weights and their config.json",
            )
        for name, content in settings.items():
            _refuse(path, name, content)
        return cls(path=path, settings=settings)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def config(self) -> Mapping[str, Any]:
        """The content of `config.json`; empty when there is none."""
        found = self.settings.get("config.json")
        return found if isinstance(found, Mapping) else {}

    @property
    def kind(self) -> str:
        """What its network calls itself, such as `clip`; empty when it does not say."""
        return str(self.config.get("model_type") or "")

    def has(self, *names: str) -> bool:
        """Whether all of some files are there."""
        return all((self.path / name).is_file() for name in names)

    def size(self) -> int:
        """Bytes on disk, everything in it."""
        return sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file())

    def licence(self) -> str:
        """The licence that its model card states; empty when it states none."""
        card = self.path / "README.md"
        try:
            with card.open(encoding="utf-8", errors="replace") as file:
                head = file.read(8192)
        except OSError:
            return ""
        front = re.match(r"---\s*\n(.*?)\n---", head, re.DOTALL)
        stated = re.search(r"^license:[ \t]*(\S.*)$", front.group(1), re.M) if front else None
        return stated.group(1).strip().strip("\"'") if stated else ""

    def weights_digest(self, weights: Weights) -> str:
        """SHA-256 over the content of the weight files, by their names."""
        return _joined(
            {str(path.relative_to(self.path)): digest_of(path) for path in weights.files}
        )

    def settings_digest(self) -> str:
        """SHA-256 over all files that decide how values are prepared and what is computed."""
        found = {name: digest_of(self.path / name) for name in _names(self.path, _IDENTITY)}
        return _joined(found)


def tidy(path: Path) -> Path:
    """The whole path, without steps up; links stay, as their names are the ones people know.

    Args:
        path: As it was typed.
    """
    return Path(os.path.normpath(path.expanduser().absolute()))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, remembered for as long as its size and time stay.

    Args:
        path: The file.
    """
    about = path.stat()
    return _digest(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, size: int, changed_ns: int) -> str:
    _ = size, changed_ns
    with storage("read", path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _joined(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _names(folder: Path, wanted: re.Pattern[str]) -> list[str]:
    """Relative names of files that fit, no deeper than a model folder goes."""
    found = []
    pending = [(folder, 0)]
    while pending:
        here, depth = pending.pop()
        with storage("read", here):
            entries = sorted(here.iterdir())
        for path in entries:
            if path.is_dir():
                if depth + 1 < _DEPTH and not path.is_symlink() and path.name[0] != ".":
                    pending.append((path, depth + 1))
            elif wanted.fullmatch(path.name):
                found.append(path.relative_to(folder).as_posix())
    return sorted(found)


def _read(path: Path) -> Any:
    try:
        with storage("read", path):
            if path.stat().st_size > _SETTINGS_BYTES:
                raise ValueError("it is larger than any settings file")
            return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f'"{path}" cannot be read: {error}.', "copy the folder again") from None


def _refuse(folder: Path, name: str, content: Any) -> None:
    """Refuse settings that ask for code, foreign kernels, adapters or quantised arithmetic."""
    place = folder / name
    for key, value in _entries(content):
        if (key == "auto_map" and value) or (key == "trust_remote_code" and value):
            raise InputError(
                f'"{place}" asks for code from the folder to be run ("{key}"), and that is never '
                "done here.",
                "take a model of a family that transformers itself knows",
            )
        if key in ("attn_implementation", "_attn_implementation") and "/" in str(value):
            raise InputError(
                f'"{place}" asks for a kernel to be fetched and run ("{value}"), and that is never '
                "done here.",
                f'take the line "{key}" out of it',
            )
        if key == "quantization_config" and value:
            raise InputError(
                f'"{place}" is for quantised weights, which are not understood.',
                "take the version of the model that is not quantised",
            )
    if name.rpartition("/")[2] == "adapter_config.json":
        raise InputError(
            f'"{folder}" holds an adapter, and not the model that it belongs to.',
            "merge it into its model and save that as a folder",
        )


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    pending = [content]
    while pending:
        here = pending.pop()
        if isinstance(here, Mapping):
            yield from here.items()
            pending.extend(here.values())
        elif isinstance(here, list):
            pending.extend(here)
