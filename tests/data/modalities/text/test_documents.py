"""Web pages, letters, PDF and Word: the words one sees, and nothing else."""

import pytest

from handful.data.modalities.reading import Unreadable
from handful.data.modalities.text import read as text
from handful.data.modalities.text.web import visible
from hostile.cases import docx, letter, paragraph, pdf, pdf_of


def words(data):
    return text.read(data).value["und"]


def reason_for(data):
    with pytest.raises(Unreadable) as caught:
        text.read(data)
    return caught.value.reason


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("<p>A <b>blue</b> mug</p><p>and a jug</p>", "A blue mug\nand a jug"),
        ("<html>caf&eacute; &amp; &#128512;", "café & 😀"),
        ("<head><title>T</title></head><body>mug", "mug"),
        ("a<script>b<p>c</script>d<style>e</style>f", "adf"),
        ("a<p hidden>b<p>c</p></p>d", "a\nd"),
        ("a<div style='color:red; DISPLAY : none'>b<div>c</div>d</div>e", "a\ne"),
        ("a<template>b</template><noscript>c</noscript><svg><text>d</text></svg>e", "ae"),
        ("one<br>two<br/>three<hr>four", "one\ntwo\nthree\nfour"),
        ("<ul><li>a<li>b</ul><table><tr><td>c<td>d</table>", "a\nb\nc\nd"),
        ("a <!-- b --> c", "a c"),
        ("a < b and c > d", "a < b and c > d"),
        ("a\xa0 \t b", "a b"),
        ("<script>never closed", ""),
    ],
)
def test_only_what_is_seen_on_a_page_is_read(page, seen):
    assert visible(page) == seen


def test_a_page_is_known_by_its_content_and_read_as_it_says():
    page = '<!DOCTYPE html><meta charset="iso-8859-2"><p>žluťoučký'.encode("iso-8859-2")
    reading = text.read(page)
    assert reading.value == {"und": "žluťoučký"}
    assert (reading.mime, reading.meta["encoding"]) == ("text/html", "iso-8859-2")
    assert words("<html><meta charset=klingon><p>Größe".encode()) == "Größe"


def test_a_letter_is_its_subject_and_its_words():
    reading = text.read(letter("A blue mug.\r\nChipped.", Subject="=?utf-8?q?Gr=C3=B6=C3=9Fe?="))
    assert reading.value == {"und": "Größe\n\nA blue mug.\nChipped."}
    assert reading.mime == "message/rfc822"
    assert "example.org" not in reading.value["und"]


def test_of_two_forms_of_a_letter_the_plain_one_is_read():
    body = (
        "--x\r\nContent-Type: text/html\r\n\r\n<p>fancy</p>\r\n"
        "--x\r\nContent-Type: text/plain; charset=latin-1\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=F6=DFe\r\n--x--\r\n"
    )
    data = letter(body, Content_Type="multipart/alternative; boundary=x")
    assert words(data).split("\n")[-1] == "Größe"
    assert text.read(data).notes == ()


def test_attachments_are_noted_and_left_alone():
    body = (
        "--x\r\nContent-Type: text/plain\r\n\r\nA mug.\r\n"
        '--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="a.txt"'
        "\r\n\r\nsecret\r\n--x--\r\n"
    )
    reading = text.read(letter(body, Content_Type="multipart/mixed; boundary=x"))
    assert reading.notes == ("text/attachments",)
    assert "secret" not in reading.value["und"]


def test_a_note_that_only_looks_like_a_letter_stays_a_note():
    assert words(b"Subject: lunch\nwe meet at noon\n") == "Subject: lunch\nwe meet at noon\n"
    assert words(b"From: me\nTo: you\nSubject: no\n\nprogram wrote this\n").startswith("From: me")


def test_a_word_document_is_its_paragraphs():
    inside = (
        paragraph("A blue")
        + "<w:p><w:r><w:t>mug</w:t><w:tab/><w:t>and</w:t><w:br/><w:t>a jug</w:t></w:r></w:p>"
        + "<w:p><w:r><w:instrText>PAGE</w:instrText><w:delText>gone</w:delText></w:r></w:p>"
    )
    reading = text.read(docx(inside))
    assert reading.value == {"und": "A blue\nmug\tand\na jug"}
    assert reading.mime == text.WORD


def test_entities_of_a_document_are_refused():
    assert reason_for(docx(paragraph("&a;"), before='<!DOCTYPE z [<!ENTITY a "b">]>')) == (
        "text/entities"
    )


def test_a_pdf_is_its_pages():
    pytest.importorskip("pypdf")
    reading = text.read(pdf("A blue mug.", count=2))
    assert reading.value == {"und": "A blue mug.\nA blue mug."}
    assert reading.meta["pages"] == 2


def test_a_pdf_without_words_or_with_a_password_says_so():
    pypdf = pytest.importorskip("pypdf")
    assert reason_for(pdf_of(b"<</Length 0>>stream\n\nendstream")) == "text/no_text_layer"
    import io

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    target = io.BytesIO()
    writer.write(target)
    assert reason_for(target.getvalue()) == "text/encrypted"


def test_a_missing_extra_is_named_with_the_command_that_adds_it(monkeypatch):
    from handful.foundation.hardware.extras import Module

    missing = lambda name: Module(name=name, is_installed=False)  # noqa: E731
    monkeypatch.setattr(text, "find_module", missing)
    with pytest.raises(Unreadable) as caught:
        text.read(pdf())
    assert caught.value.reason == "text/needs_documents"
    assert caught.value.hint == 'pip install "handful[documents]", then add again'
