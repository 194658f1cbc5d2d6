"""How the studio starts."""

from pathlib import Path

from handful.doors.studio import serve


def test_it_listens_on_this_computer_only() -> None:
    assert serve.HOST == "127.0.0.1"


def test_nothing_of_the_page_is_loaded_before_it_is_needed() -> None:
    text = Path(serve.__file__).read_text(encoding="utf-8")
    assert "\nimport uvicorn" not in text
