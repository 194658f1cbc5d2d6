"""Why a request was refused: the status, a stable code, and a body that says what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import HandfulError

_TOO_LARGE = ("too_large", "too_many_pixels", "too_long", "reader_memory", "too_many_scans")
_OTHER_TYPE = ("not_recognised", "svg", "needs_media", "needs_documents", "old_word", "not_text")


class Refusal(Exception):
    """A request, or one item of it, that is not answered.

    Args:
        status: Of HTTP.
        code: Stable, such as `queue_full`.
        what: One sentence: what happened, with the value, and what is allowed.
        hint: What to do now.
        retry_s: Seconds after which it may work; None when it never will.
    """

    def __init__(
        self, status: int, code: str, what: str, hint: str = "", retry_s: float | None = None
    ) -> None:
        super().__init__(what)
        self.status = status
        self.code = code
        self.what = what
        self.hint = hint
        self.retry_s = retry_s

    @property
    def body(self) -> dict[str, Any]:
        """What the client reads; `message`, `type` and `code` are where OpenAI clients look."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"code": self.code, "message": self.what, "hint": self.hint, "type": kind}

    @property
    def headers(self) -> Mapping[str, str]:
        """`Retry-After` and `WWW-Authenticate` where they belong."""
        found = {}
        if self.retry_s is not None:
            found["retry-after"] = str(max(1, math.ceil(self.retry_s)))
        if self.status == 401:
            found["www-authenticate"] = "Bearer"
        return found


def of_fault(fault: HandfulError, modality: str = "") -> Refusal:
    """The refusal for what a reader or a model said of an item.

    Args:
        fault: What was raised.
        modality: Of the part that it is about.
    """
    where = f"The {modality} cannot be used: " if modality else ""
    if not isinstance(fault, Unreadable):
        return Refusal(422, "bad_item", f"{where}{fault.what}", fault.hint)
    ending = fault.reason.rpartition("/")[2]
    status = 413 if ending in _TOO_LARGE else 415 if ending in _OTHER_TYPE else 422
    return Refusal(status, fault.reason, f"{where}{fault.what}.", fault.hint)
