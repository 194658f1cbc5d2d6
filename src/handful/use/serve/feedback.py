"""What people say of an answer: right, wrong, or what it should have been."""

from __future__ import annotations

import re
from typing import Any

from handful.use.serve.journal import Journal
from handful.use.serve.refusals import Refusal

VERDICTS = ("right", "wrong")
_MOST = 500
_ANSWER = re.compile(r"a_[0-9a-f]{24}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def feedback_in(document: Any, journal: Journal, who: str) -> dict[str, Any]:
    """What a document says of an answer, checked.

    Args:
        document: From JSON: `answer`, `verdict`, and where wanted `label` and `comment`.
        journal: Knows which answers were given.
        who: The id of the key.

    Returns:
        The line that is kept.

    Raises:
        Refusal: 404 when no such answer was given lately, 422 when the form is another one.
    """
    if not isinstance(document, dict):
        raise Refusal(422, "form", "The body is no JSON object.", _EXAMPLE)
    unknown = set(document) - {"answer", "verdict", "label", "comment"}
    if unknown:
        shown = sorted(unknown)[0][:40]
        raise Refusal(422, "form", f'Feedback has no "{shown}".', _EXAMPLE)
    verdict = document.get("verdict")
    if verdict not in VERDICTS:
        raise Refusal(422, "form", "`verdict` must be `right` or `wrong`.", _EXAMPLE)
    answer = document.get("answer")
    if not isinstance(answer, str) or not _ANSWER.fullmatch(answer):
        raise Refusal(422, "form", "`answer` must be the `id` of an answer.", _EXAMPLE)
    use = journal.knows(answer)
    if use is None:
        what = f'No answer "{answer}" was given here lately.'
        raise Refusal(404, "answer_unknown", what, "give feedback within a day or two")
    label, comment = _text(document, "label"), _text(document, "comment")
    if verdict == "right" and label and label != use["label"]:
        what = f'The answer was "{use["label"]}", which cannot be right if "{label}" is.'
        raise Refusal(422, "contradiction", what, "say `wrong`, or leave out the label")
    return {
        "answer": answer,
        "release": use["release"],
        "said": use["label"],
        "verdict": verdict,
        "label": label or (use["label"] if verdict == "right" else ""),
        "comment": comment,
        "key": who,
    }


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MOST or _CONTROL.search(value):
        raise Refusal(422, "form", f"`{name}` must be text of at most {_MOST} characters.", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal(422, "form", f"`{name}` holds half of a character.", "") from None
    return value.strip()


_EXAMPLE = '{"answer": "a_…", "verdict": "wrong", "label": "cracked"}'
