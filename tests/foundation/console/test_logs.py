from __future__ import annotations

import io
import logging

from handful.foundation.console import Console
from handful.foundation.console.logs import listening


def test_log_records_become_talk_and_the_logger_is_left_as_it_was() -> None:
    err = io.StringIO()
    console = Console(out=io.StringIO(), err=err, environ={})
    logger = logging.getLogger("handful.test_logs")
    source = logging.getLogger("handful")
    before = source.level, list(source.handlers)
    with listening(console, level=logging.INFO):
        logger.info("read %d files", 3)
        logger.warning("one is odd")
        logger.debug("too much")
    assert (source.level, list(source.handlers)) == before
    assert err.getvalue() == "read 3 files\nwarning: one is odd\n"
