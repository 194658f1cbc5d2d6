"""`handful predict`."""

from __future__ import annotations

from pathlib import Path

from handful.data.modalities.sniff import kind_by_name
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import percent_text
from handful.foundation.errors import UsageError
from handful.foundation.predictor import Answer


def predict(*files: Path, text: str = "", run: str = "", project: Path | None = None) -> None:
    """Answer for one item: a photo, a sound, a text, or any mix.

    Args:
        files: Files of one item, at most one of each kind.
        text: Words about the item, instead of a text file.
        run: Which run answers; the newest when left out.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    query: dict[str, str | Path] = {"text": text} if text else {}
    for file in files:
        kind = kind_by_name(file.name)
        if kind not in ("text", "image", "audio"):
            raise UsageError(
                f'"{file.name}" is neither a text, an image nor a sound by its name.',
                "rename it, or give its words with --text",
            )
        if kind in query:
            raise UsageError(
                f"Two files of one kind were given for one item: {query[kind]} and {file}.",
                "ask for one item at a time",
            )
        query[kind] = file
    if not query:
        raise UsageError("There is nothing to answer for.", "handful predict photo.jpg tap.wav")
    answer = shop.run(run, task=None).model.predict([query])[0]
    console = speaker()
    console.sentence(sentence(answer), answer=answer.as_dict())
    for label, share in sorted(answer.probabilities.items(), key=lambda each: -each[1]):
        console.sentence(f"  {percent_text(share):>6}  {label}")


def sentence(answer: Answer) -> str:
    """An answer as people read it, with its level, its reason and what decided.

    Args:
        answer: Of any predictor.
    """
    level = str(answer.level).capitalize()
    if answer.error_rate is None:
        return f"{level}. {answer.reason} My best guess is {answer.label}.{_candidates(answer)}"
    name = max(answer.shares, key=lambda modality: answer.shares[modality], default="")
    noun = {"text": "words", "image": "photo", "audio": "sound"}.get(name, name)
    share = f" ({noun} {answer.shares[name]:.0%})" if name else ""
    return f"{answer.label.capitalize()}. {level}. {answer.reason.rstrip('.')}{share}."


def _candidates(answer: Answer) -> str:
    """What it may be instead, and how often that holds; nothing where nothing can be said."""
    if not answer.candidates or answer.coverage is None:
        return ""
    often = f"{answer.coverage * 10:.3g} in 10 times"
    if len(answer.candidates) == 1:
        return f" {often.capitalize()} that is right."
    named = ", ".join(answer.candidates)
    return f" It is one of: {named} ({often} the right one is among them)."
