"""What a saved e-mail says: its subject and its words. Attachments are left alone, unopened.

Who wrote it, and to whom, is left out: it is no part of what is said, and people did not agree to
be learned from by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from handful.data.modalities.apart import Answer
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.text.plain import decode
from handful.data.modalities.text.web import visible


def read_here(data: bytes, request: Mapping[str, Any]) -> Answer:
    """Read an e-mail in the process of its own.

    Args:
        data: The whole file.
        request: Nothing more is needed.

    Raises:
        Unreadable: When it cannot be taken apart.
    """
    try:
        letter = BytesParser(policy=policy.default).parsebytes(data)
        assert isinstance(letter, EmailMessage)
        subject = " ".join(str(letter.get("subject", "")).split())
        body = letter.get_body(("plain", "html"))
        words = _words(body) if isinstance(body, EmailMessage) else ""
        has_more = any(part.is_attachment() for part in letter.walk() if part is not letter)
    except RecursionError:
        raise
    except Exception as error:  # the parser's own faults: bad headers make it raise nearly anything
        raise Unreadable("text/damaged", error=type(error).__name__) from error
    text = f"{subject}\n\n{words}".strip()
    notes = ["text/attachments"] if has_more else []
    return Answer({"encoding": "e-mail", "notes": notes}, text.encode("utf-8", "replace"))


def _words(body: EmailMessage) -> str:
    payload = body.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    name = str(body.get_content_charset() or "")
    try:
        text = payload.decode(name) if name else decode(payload)[0]
    except (LookupError, UnicodeDecodeError):
        text = decode(payload)[0]
    return visible(text) if body.get_content_subtype() == "html" else text
