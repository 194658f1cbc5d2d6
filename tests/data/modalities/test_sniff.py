import numpy as np
import pytest

from handful.data.modalities.sniff import kind_by_name, sniff


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"II*\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"FORM\x00\x00\x00\x10AIFFCOMM", "audio/aiff"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xfb\x90\x00", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "image/avif"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1", "image/heic"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "image/avif"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00", "audio/mp4"),
        (b"BM" + bytes(12) + b"\x28\x00\x00\x00", "image/bmp"),
        (b"PK\x03\x04", "application/zip"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x80\x04\x95", "application/x-pickle"),
        (b"  <!DOCTYPE html><p>404", "text/html"),
        (b"<body><p>a page without a head", "text/html"),
        (b'<?xml version="1.0"?><html xmlns="x">', "text/html"),
        (b"From: a@b\r\nTo: c@d\r\nDate: today\r\n\r\nwords", "message/rfc822"),
        (b"Received: x\n from y\nSubject: z\nFrom: a@b\n\nwords", "message/rfc822"),
        (b"From: a@b\nSubject: z\n\nwords", "text/plain"),
        (b"Subject: a\nTo: b\nFrom: c\n\na note", "text/plain"),
        (b"{\\rtf1 words}", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (b'<?xml version="1.0"?>\n<svg/>', "image/svg+xml"),
        (b"\xff\xfeH\x00i\x00", "text/plain"),
        ("grün, 緑\n".encode(), "text/plain"),
        (b"BMW is a car", "text/plain"),
        (b"", "application/octet-stream"),
        (b"abc\x00def", "application/octet-stream"),
    ],
)
def test_content_names_the_type(head, mime):
    assert sniff(head) == mime


def test_random_bytes_are_no_text():
    dice = np.random.default_rng(0)
    mimes = [sniff(bytes(dice.integers(1, 256, 4096, dtype=np.uint8))) for _ in range(50)]
    assert not any(mime.startswith("text/") for mime in mimes)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a/B.JPG", "image"),
        ("a.b/c.wav", "audio"),
        ("note.md", "text"),
        ("page.HTML", "text"),
        ("letter.eml", "text"),
        ("paper.pdf", "text"),
        ("report.docx", "text"),
        ("film.mov", "audio"),
        ("rows.jsonl", "table"),
        ("all.zip", "archive"),
        ("program.exe", ""),
        ("no_ending", ""),
        (".jpg", ""),
    ],
)
def test_names_say_what_a_file_is_meant_to_be(name, kind):
    assert kind_by_name(name) == kind
