"""The text of a PDF, page after page, in the process of its own.

Needs the extra `documents`: pypdf (BSD-3, pure Python, brings nothing else). No script, form action
or attachment in it is looked at; a page that only holds a picture of text has no words here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from handful.data.modalities import caps
from handful.data.modalities.apart import Answer
from handful.data.modalities.reading import Unreadable

_END = 2048
"""The end mark stands in the last bytes; some programs add a few behind it."""


def read_here(data: bytes, request: Mapping[str, Any]) -> Answer:
    """Read a PDF.

    Args:
        data: The whole file.
        request: Nothing more is needed.

    Raises:
        Unreadable: With the reason.
    """
    import pypdf
    from pypdf.errors import PyPdfError

    if b"%%EOF" not in data[-_END:]:
        raise Unreadable("text/damaged", error="it ends before its end mark")
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise Unreadable("text/encrypted")
        pages = len(reader.pages)
        if pages > caps.DOCUMENT_PAGES:
            raise Unreadable("text/too_many_pages", pages=pages, cap=caps.DOCUMENT_PAGES)
        words = [page.extract_text() for page in reader.pages]
    except (Unreadable, MemoryError, RecursionError):
        raise
    except PyPdfError as error:
        raise Unreadable("text/damaged", error=str(error).rstrip(".")) from error
    except Exception as error:  # hostile bytes make it raise nearly anything
        raise Unreadable("text/damaged", error=type(error).__name__) from error
    text = "\n".join(each.strip() for each in words)
    if not text.strip():
        raise Unreadable("text/no_text_layer", pages=pages)
    found = {"encoding": "pdf", "pages": pages, "notes": []}
    return Answer(found, text.encode("utf-8", "replace"))
