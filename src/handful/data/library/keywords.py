"""Make labels of the keywords that people gave a picture in their photo program.

`grade:first` and `grade|first` answer the task `grade`, however many keywords there are. A keyword
without a task answers the task that `add` was told, when it is the only one: of several, nobody
can tell which is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from handful.data.library.items import Part

_ANSWER = re.compile(r"([^:|=]{1,60}?)\s*[:|=]\s*([^:|=]+)")
NOTE = "image/several_keywords"


def answers(part: Part | None, task: str) -> dict[str, str]:
    """What a picture's keywords say.

    Args:
        part: The image of an item; None when it has none.
        task: What keywords without a task of their own answer; empty to ask none at all.

    Returns:
        Task to answer.
    """
    if not task or part is None or not part.usable:
        return {}
    found, plain = _sorted(part.meta)
    if len(plain) == 1 and task not in found:
        found[task] = plain[0]
    return found


def noted(part: Part, task: str) -> Part:
    """The same part, with a note when its keywords could not be told apart.

    Args:
        part: An image.
        task: As for `answers`.
    """
    if task and part.usable and task not in answers(part, task) and len(_sorted(part.meta)[1]) > 1:
        return replace(part, notes=tuple(sorted({*part.notes, NOTE})))
    return part


def _sorted(meta: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    """Keywords with a task of their own, and the others; a task answered twice is not answered."""
    words = meta.get("keywords")
    with_task: dict[str, set[str]] = {}
    plain: list[str] = []
    for word in words if isinstance(words, list) else []:
        split = _ANSWER.fullmatch(str(word))
        if split:
            with_task.setdefault(split[1].strip(), set()).add(split[2].strip())
        else:
            plain.append(str(word))
    return {task: min(given) for task, given in with_task.items() if len(given) == 1}, plain
