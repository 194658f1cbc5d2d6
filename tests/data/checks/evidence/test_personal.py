import time

import pytest

from handful.data.checks.evidence.personal import (
    counted,
    luhn,
    masked,
    mod_97,
    personal_in,
    redacted,
)

FOUND = [
    ("e-mail", "write to ann.lee+shop@mail.bowls.co.uk, please"),
    ("IBAN", "pay to DE89 3704 0044 0532 0130 00 today"),
    ("IBAN", "IBAN GB82WEST12345698765432."),
    ("card number", "card 4111 1111 1111 1111 exp 12/27"),
    ("card number", "Amex 378282246310005"),
    ("telephone number", "ring +49 30 901820 or come by"),
    ("telephone number", "call (415) 555-2671"),
    ("telephone number", "Tel. 030/901820-12"),
    ("telephone number", "mobile 07911 123456"),
    ("telephone number", "my phone is 5552671"),
    ("IP address", "logged in from 81.2.69.142 twice"),
    ("IP address", "from 2a00:1450:4001:81b::200e"),
    ("hardware address", "3c:22:fb:9a:01:d4"),
    ("place", "at 48.85837, 2.294481"),
    ("identity number (US)", "SSN 536-90-4399"),
    ("identity number (ES)", "DNI 12345678Z"),
    ("identity number (IT)", "CF RSSMRA85T10A562S"),
    ("identity number (FR)", "1 84 12 76 451 089 46"),
    ("identity number (PL)", "PESEL 44051401359"),
    ("identity number (SE)", "personnummer 811218-9876"),
    ("identity number (FI)", "131052-308T"),
    ("identity number (BR)", "CPF 529.982.247-25"),
    ("identity number (IN)", "Aadhaar 2341 2341 2346"),
    ("identity number (CN)", "11010519491231002X"),
    ("identity number (CH)", "AHV 756.9217.0769.85"),
    ("identity number (GB)", "NI AB 12 34 56 C"),
    ("identity number (DE)", "Steuer-ID 86 095 742 719"),
    ("identity number (NL)", "BSN 111222333"),
    ("identity number (CA)", "my SIN is 046 454 286"),
    ("identity number (BE)", "85.07.30-033.28"),
]

NOTHING = [
    "icon@2x.png and user@example.com",
    "DE89 3704 0044 0532 0130 01 has a wrong check digit",
    "order 4111 1111 1111 1112",
    "fired on 2024-05-17, glazed 17.05.2024, sold 05/17/2024",
    "version 1.2.3.4, and 192.168.0.1 and 127.0.0.1",
    "ISBN 978-3-16-148410-0",
    "12 cups of 250 ml at 1260 degrees, 30 x 40 x 20 cm",
    "invoice 2024 118 0042",
    "room 12-345, shelf 7, 3.14159, 1,234,567.89",
    "000-12-3456 and 666-12-3456",
    "12345678A 123.456.789-00 11010519491231002",
    "2341 2341 2347",
    "born in 1985, 10:45:30",
    "a blue mug with a thin rim",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_it_is_found_and_named(kind, text):
    assert [each.kind for each in personal_in(text)] == [kind]


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_alike_is_left(text):
    assert personal_in(text) == []


def test_redacting_leaves_the_rest_as_it_is():
    text = "Ann (ann@bowls.io) paid 30 with 4111 1111 1111 1111."
    assert redacted(text) == "Ann ([e-mail]) paid 30 with [card number]."
    assert redacted(redacted(text)) == redacted(text)
    assert redacted("a blue mug") == "a blue mug"


def test_no_value_is_shown_whole():
    value = "ann.lee@bowls.io"
    assert masked(value) == "an…io"
    assert counted({"en": f"write {value}"}) == {"e-mail": ["an…io"]}
    for length in range(1, 20):
        assert len(masked("x" * length).replace("…", "")) < length


def test_checksums():
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")
    assert mod_97("DE89370400440532013000")
    assert not mod_97("DE89370400440532013001")


@pytest.mark.parametrize(
    "text", ["1" * 20_000, "1 " * 10_000, "a@" * 10_000, "a." * 10_000 + "@", "+" * 9999]
)
def test_hostile_texts_take_no_time(text):
    started = time.process_time()
    personal_in(text)
    assert time.process_time() - started < 2
