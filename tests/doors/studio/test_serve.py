"""How the studio starts."""

import socket
from pathlib import Path

import pytest

from handful.doors.studio import serve
from handful.foundation.errors import UsageError


def test_it_listens_on_this_computer_only() -> None:
    with serve.listening(0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="cannot be used"):
            serve.listening(other.getsockname()[1])


def test_nothing_of_the_page_is_loaded_before_it_is_needed() -> None:
    text = Path(serve.__file__).read_text(encoding="utf-8")
    assert "\nimport uvicorn" not in text
