"""Where a training stands, in one file that is whole or not there: tensors and plain JSON.

Everything random follows from the seed and the step, so the network, its slow copy and the
optimiser's sums are all that a training needs to go on to the bit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from handful.foundation.errors import InputError, UsageError, storage
from handful.foundation.project.atomic import replacing

_KEPT = 2
_ENDING = ".safetensors"


class State(NamedTuple):
    """What is written down.

    Attributes:
        modules: Name to module.
        optimizer: With its sums.
        names: Names of the parameters, in the optimiser's order.
    """

    modules: Mapping[str, nn.Module]
    optimizer: Optimizer
    names: list[str]


def write(folder: Path, step: int, state: State, facts: Mapping[str, Any]) -> Path:
    """Write down where a training stands; the last two are kept.

    Args:
        folder: For checkpoints.
        step: Steps done.
        state: Of the training.
        facts: Plain data, such as the settings.

    Raises:
        StorageError: When the disk refuses; the checkpoints before stay.
    """
    tensors = {
        f"{name}.{key}": tensor.detach().contiguous()
        for name, module in state.modules.items()
        for key, tensor in module.state_dict().items()
    }
    sums = state.optimizer.state_dict()["state"]
    for number, held in sums.items():
        for key, value in held.items():
            tensors[f"optimizer.{state.names[number]}#{key}"] = value.contiguous()
    path = folder / f"{step:08d}{_ENDING}"
    with storage("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        save_file(tensors, temporary, {"step": str(step), "facts": json.dumps(dict(facts))})
    for old in checkpoints(folder)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """Those that are there, oldest first.

    Args:
        folder: For checkpoints.
    """
    return sorted(folder.glob(f"[0-9]*{_ENDING}")) if folder.is_dir() else []


def read(path: Path, state: State, facts: Mapping[str, Any]) -> int:
    """Go on from a checkpoint.

    Args:
        path: What `write` returned.
        state: Filled.
        facts: Must be those that were written.

    Returns:
        Steps done.

    Raises:
        InputError: When it is damaged.
        UsageError: When it belongs to other settings.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        step, written = int(about["step"]), json.loads(about["facts"])
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'The checkpoint "{path}" is damaged: {error}.', "delete it; the one before is used"
        ) from None
    differ = sorted(k for k in {*written, *facts} if written.get(k) != facts.get(k))
    if differ:
        raise UsageError(
            f'The checkpoint "{path}" was written with another {", ".join(differ)}.',
            "give the same settings again, or another name for a new training",
        )
    _fill(tensors, state)
    return step


def _fill(tensors: Mapping[str, Tensor], state: State) -> None:
    for name, module in state.modules.items():
        start = f"{name}."
        module.load_state_dict(
            {key.removeprefix(start): t for key, t in tensors.items() if key.startswith(start)}
        )
    sums: dict[int, dict[str, Tensor]] = {}
    for number, name in enumerate(state.names):
        start = f"optimizer.{name}#"
        held = {key.removeprefix(start): t for key, t in tensors.items() if key.startswith(start)}
        if held:
            sums[number] = held
    whole = state.optimizer.state_dict()
    state.optimizer.load_state_dict({"state": sums, "param_groups": whole["param_groups"]})
