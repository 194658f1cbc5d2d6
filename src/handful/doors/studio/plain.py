"""Words of developers in words of people, for sentences that come from other rooms."""

from __future__ import annotations

import re

FORBIDDEN = (
    "class",
    "classes",
    "label",
    "labels",
    "labelled",
    "embedding",
    "embeddings",
    "epoch",
    "inference",
    "confidence",
    "logits",
    "fine-tune",
    "checkpoint",
    "vector",
    "vectors",
    "model",
    "models",
    "latents",
    "classifier",
)
"""Never shown outside Details."""

_INSTEAD = {
    "classes": "groups",
    "class": "group",
    "labels": "answers",
    "label": "answer",
    "labelled": "answered",
    "models": "results",
    "model": "result",
    "embeddings": "likeness",
    "embedding": "likeness",
    "confidence": "sureness",
    "inference": "answering",
    "checkpoint": "saved state",
    "vectors": "figures",
    "vector": "figure",
    "latents": "likeness",
    "classifier": "result",
    "epoch": "round",
    "logits": "figures",
    "fine-tune": "teach further",
}
_WORD = re.compile(rf"(?<![\w`-])({'|'.join(_INSTEAD)})(?![\w-])", re.IGNORECASE)


def plain(sentence: str) -> str:
    """A sentence without words that only developers use.

    >>> plain("The label of 2 classes.")
    'The answer of 2 groups.'

    Args:
        sentence: From any room.
    """

    def instead(found: re.Match[str]) -> str:
        word = found.group(1)
        new = _INSTEAD[word.lower()]
        return new.capitalize() if word[0].isupper() else new

    return _WORD.sub(instead, sentence)
