import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.data.modalities.reading import Unreadable
from handful.data.modalities.text.read import Config, content_hash, decode, from_words, read
from handful.foundation.errors import ConfigError


def reason_for(data, config=None):
    with pytest.raises(Unreadable) as caught:
        read(data, config)
    return caught.value.reason


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_marked_encoding_is_read(encoding):
    text = "grün, 緑, зелёный 🏺"
    marks = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
    reading = read(marks.get(encoding, b"") + text.encode(encoding))
    assert reading.value == {"und": text}
    assert reading.repair == ""


def test_old_western_text_is_repaired_and_said():
    reading = read("Größe: “groß”, 5 €".encode("windows-1252"))
    assert reading.value == {"und": "Größe: “groß”, 5 €"}
    assert reading.repair == "text/latin1"


def test_undefined_western_bytes_do_not_stop_reading():
    assert decode(b"a\x81\xe9") == ("a\x81é", "windows-1252")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file/empty"),
        (b" \n\t ", "text/empty"),
        (b"\xef\xbb\xbf", "text/empty"),
        (b"abc\x00def", "text/nul_bytes"),
        ("no mark".encode("utf-16-le"), "text/nul_bytes"),
        ("a\x00b".encode("utf-16"), "text/nul_bytes"),
        (b"\xff\xfeabc", "text/broken_encoding"),
        (b"\xef\xbb\xbf\xff", "text/broken_encoding"),
        (b"PK\x03\x04rest", "text/damaged"),
        (b"{\\rtf1 a document}", "text/old_word"),
    ],
)
def test_what_is_no_text_is_named(data, reason):
    assert reason_for(data) == reason


def test_caps_hold():
    assert reason_for(b"a" * 11, Config(max_characters=10)) == "text/too_long"
    assert reason_for(b"a" * 11, Config(max_bytes=10)) == "file/too_large"


def test_line_ends_become_one_kind():
    assert read(b"a\r\nb\rc\nd").value == {"und": "a\nb\nc\nd"}


def test_blank_languages_are_left_out():
    reading = from_words({"en": "a cup", "fr": "  "})
    assert reading.value == {"en": "a cup"}
    assert reading.meta == {"characters": 5}


def test_half_a_character_pair_is_refused():
    with pytest.raises(Unreadable) as caught:
        from_words({"und": "broken \ud83d emoji"})
    assert caught.value.reason == "text/broken_encoding"


def test_unicode_forms_and_edges_do_not_change_the_hash():
    assert content_hash({"und": "é "}) == content_hash({"und": "e\u0301"})
    assert content_hash({"und": "e"}) != content_hash({"und": "é"})
    assert content_hash({"en": "a", "fr": "b"}) == content_hash({"fr": "b", "en": "a"})
    assert content_hash({"en": "a"}) != content_hash({"fr": "a"})


@given(st.binary(max_size=200))
def test_any_bytes_give_words_or_a_reason(data):
    try:
        words = read(data).value
    except Unreadable:
        return
    assert all(text.strip() for text in words.values())


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\x00" not in text))
def test_utf8_comes_back(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    decoded, _ = decode(b"\xef\xbb\xbf" + text.encode())
    assert decoded == text


def test_impossible_limits_are_refused():
    with pytest.raises(ConfigError, match="max_characters"):
        Config(max_characters=0)
