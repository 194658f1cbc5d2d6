"""Personal data in texts: what looks like it and passes its own checksum, and how it is masked.

A pattern alone takes order numbers for cards and dates for telephone numbers. Each kind here has a
pattern and a proof: a checksum, a length by country, a range. Nothing is asked on the network.

Sources: ISO 7064 (mod 97, mod 11-2, mod 11-10), ISO 13616 (IBAN), ISO/IEC 7812 (cards, Luhn),
ITU-T E.164 (telephone), RFC 5321 (mail), Verhoeff 1969 (Aadhaar), and the tax or population office
of each country for its numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple


class Personal(NamedTuple):
    """One piece of personal data in a text.

    Attributes:
        kind: What it is, such as `e-mail`.
        start: Place of its first letter.
        end: Place after its last.
    """

    kind: str
    start: int
    end: int


def personal_in(text: str) -> list[Personal]:
    """Find personal data in a text.

    Args:
        text: Any, in any language.

    Returns:
        In order, none overlapping; of two that overlap the more certain kind.
    """
    found: list[Personal] = []
    for kind, pattern, proves in _KINDS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < each.end and each.start < end for each in found):
                continue
            if proves(match, text):
                found.append(Personal(kind, start, end))
    return sorted(found, key=lambda each: each.start)


def redacted(text: str) -> str:
    """The text with each piece of personal data replaced by its kind, such as `[e-mail]`.

    Args:
        text: Any.
    """
    kept, done = [], 0
    for each in personal_in(text):
        kept += [text[done : each.start], f"[{each.kind}]"]
        done = each.end
    return "".join([*kept, text[done:]])


def masked(value: str) -> str:
    """Enough of a value to find it again, never the whole.

    Args:
        value: What was found.
    """
    keep = 2 if len(value) >= 8 else 1
    return f"{value[:keep]}…{value[-keep:]}" if len(value) > 3 else "…"


# --- proofs ---------------------------------------------------------------------------------------

_Proof = Callable[[re.Match[str], str], bool]

_FILE_ENDINGS = {"png", "jpg", "jpeg", "gif", "svg", "webp", "pdf", "js", "py", "css", "html"}
_EXAMPLE = re.compile(r"(^|\.)(example(\.(com|org|net))?|invalid|test|localhost)$")
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26, "IT": 27,
    "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24,
    "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19,
    "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
_CARDS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|6(011|5\d\d|4[4-9]\d)\d{12}|35(2[89]|[3-8]\d)\d{12}"
    r"|62\d{14,17}"
)
_VERHOEFF_TIMES = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_TURNS = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip
_FISCAL_ODD = (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8,
    12, 14, 16, 10, 22, 25, 24, 23,
)  # fmt: skip
"""What a digit or letter counts at an odd place of an Italian tax code."""


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


def luhn(digits: str) -> bool:
    """Whether the last digit fits the others, as on cards.

    Args:
        digits: Only digits.
    """
    total = 0
    for place, letter in enumerate(reversed(digits)):
        value = int(letter) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def mod_97(account: str) -> bool:
    """Whether an IBAN's two check digits fit the rest.

    Args:
        account: Without spaces, letters in capitals.
    """
    turned = account[4:] + account[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def _is_mail(match: re.Match[str], text: str) -> bool:
    domain = match["domain"].lower()
    return not (_EXAMPLE.search(domain) or domain.rpartition(".")[2] in _FILE_ENDINGS)


def _is_iban(match: re.Match[str], text: str) -> bool:
    return mod_97(re.sub(r"[ -]", "", match[0]).upper())


def _is_card(match: re.Match[str], text: str) -> bool:
    digits = _digits(match[0])
    return bool(_CARDS.fullmatch(digits)) and luhn(digits) and len(set(digits)) > 1


def _is_address(match: re.Match[str], text: str) -> bool:
    """An address on the internet that is somebody's; private and special ones are nobody's."""
    before = text[max(0, match.start() - 12) : match.start()].lower()
    if re.search(r"(version|release|firmware|\bv|§|section|chapter|kapitel)[ .:]*$", before):
        return False
    try:
        return ipaddress.ip_address(match[0]).is_global
    except ValueError:
        return False


_PHONE_WORDS = re.compile(
    r"(phone|call|mobile|cell|fax|tel|dial|ring|whatsapp|telefon|handy|rufnummer|mobil|anrufen|"
    r"t[eé]l[eé]phone|portable|tel[eé]fono|m[oó]vil|celular|cellulare|puh|numer)\W*"
    r"(\w+\W+){0,3}$",
    re.IGNORECASE,
)
_NO_PHONE_WORDS = re.compile(
    r"(isbn|issn|ean|order|invoice|serial|sku|part no|article|ref|bestell\w*|rechnung\w*|"
    r"artikel\w*|commande|pedido)\W*(\w+\W+){0,2}$",
    re.IGNORECASE,
)


def _is_phone(match: re.Match[str], text: str) -> bool:
    said, digits = match[0], _digits(match[0])
    before = text[max(0, match.start() - 40) : match.start()]
    if _NO_PHONE_WORDS.search(before) or len(set(digits)) < 3:
        return False
    if said.startswith(("+", "00")):
        return 8 <= len(digits.removeprefix("00")) <= 15
    if re.fullmatch(r"(\d{1,2}[./-]){2}\d{2,4}|\d{4}([./-]\d{1,2}){2}", said):
        return False  # a date
    is_american = re.fullmatch(r"(1[ .-])?\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}", said)
    is_trunk = said.lstrip("(").startswith("0") and 9 <= len(digits) <= 12
    if (is_american or is_trunk) and re.search(r"[ ()/.-]", said):
        return True
    return 7 <= len(digits) <= 13 and bool(_PHONE_WORDS.search(before))


def _is_social_security(match: re.Match[str], text: str) -> bool:
    area, group, serial = match[0].split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _is_spanish(match: re.Match[str], text: str) -> bool:
    said = match[0].upper().replace("-", "")
    number = said[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == said[-1]


def _is_fiscal(match: re.Match[str], text: str) -> bool:
    said = match[0].upper()
    total = sum(
        int(letter, 36) - 10 * letter.isalpha() if place % 2 else _FISCAL_ODD[int(letter, 36)]
        for place, letter in enumerate(said[:-1])
    )
    return chr(ord("A") + total % 26) == said[-1]


def _is_french(match: re.Match[str], text: str) -> bool:
    said = re.sub(r"[ .]", "", match[0].upper())
    number = said[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(said[13:])


def _is_pesel(match: re.Match[str], text: str) -> bool:
    digits = list(map(int, match[0]))
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    month = (10 * digits[2] + digits[3]) % 20
    day = 10 * digits[4] + digits[5]
    total = sum(one * two for one, two in zip(digits[:10], weights, strict=True))
    return 1 <= month <= 12 and 1 <= day <= 31 and -total % 10 == digits[10]


def _is_swedish(match: re.Match[str], text: str) -> bool:
    digits = _digits(match[0])[-10:]
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) % 60 <= 31 and luhn(digits)


def _is_finnish(match: re.Match[str], text: str) -> bool:
    said = match[0].upper()
    number = int(said[:6] + said[7:10])
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == said[-1] and int(said[2:4]) <= 12


def _is_cpf(match: re.Match[str], text: str) -> bool:
    digits = list(map(int, _digits(match[0])))
    for count in (9, 10):
        total = sum(digit * (count + 1 - place) for place, digit in enumerate(digits[:count]))
        if total * 10 % 11 % 10 != digits[count]:
            return False
    return len(set(digits)) > 1


def _is_aadhaar(match: re.Match[str], text: str) -> bool:
    total = 0
    for place, letter in enumerate(reversed(_digits(match[0]))):
        total = int(_VERHOEFF_TIMES[total][int(_VERHOEFF_TURNS[place % 8][int(letter)])])
    return total == 0


def _is_chinese(match: re.Match[str], text: str) -> bool:
    said = match[0].upper()
    total = sum(int(letter) * pow(2, 17 - place, 11) for place, letter in enumerate(said[:17]))
    is_date = 1 <= int(said[10:12]) <= 12 and 1 <= int(said[12:14]) <= 31
    return is_date and "10X98765432"[total % 11] == said[-1]


def _is_swiss(match: re.Match[str], text: str) -> bool:
    digits = list(map(int, _digits(match[0])))
    total = sum(digit * (1 + 2 * (place % 2)) for place, digit in enumerate(digits[:12]))
    return -total % 10 == digits[12]


def _is_belgian(match: re.Match[str], text: str) -> bool:
    digits = _digits(match[0])
    number, check = int(digits[:9]), int(digits[9:])
    return check in (97 - number % 97, 97 - (2_000_000_000 + number) % 97)


def _after(words: str, proves: Callable[[str], bool]) -> _Proof:
    """A number so short that a word before it must say what it is."""
    said = re.compile(rf"({words})\W*(\w+\W+){{0,2}}$", re.IGNORECASE)

    def is_it(match: re.Match[str], text: str) -> bool:
        before = text[max(0, match.start() - 50) : match.start()]
        return bool(said.search(before)) and proves(_digits(match[0]))

    return is_it


def _eleven_proof(digits: str) -> bool:
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(one) * two for one, two in zip(digits, weights, strict=True)) % 11 == 0


def _german_tax(digits: str) -> bool:
    product = 10
    for letter in digits[:10]:
        product = 2 * ((int(letter) + product) % 10 or 10) % 11
    return digits[0] != "0" and (11 - product) % 10 == int(digits[10])


def _is_place(match: re.Match[str], text: str) -> bool:
    return abs(float(match["lat"])) <= 90 and abs(float(match["long"])) <= 180


def _always(match: re.Match[str], text: str) -> bool:
    return True


def _kinds() -> Iterator[tuple[str, str, _Proof]]:
    """Kind, pattern and proof, the most certain first; no letter or digit stands on either side."""
    mail = r"[\w.+%'-]{1,64}@(?P<domain>(?:[\w-]{1,63}\.)+[^\W\d_]{2,24})"
    yield "e-mail", mail, _is_mail
    countries = (
        rf"{country}\d\d(?:[ -]?[A-Z0-9]){{{length - 4}}}"
        for country, length in _IBAN_LENGTHS.items()
    )
    yield "IBAN", f"(?i:{'|'.join(countries)})", _is_iban
    yield "card number", r"\d(?:[ -]?\d){12,18}", _is_card
    yield "identity number (FR)", r"[12] ?\d\d ?\d\d ?\d[\dABab] ?\d{3} ?\d{3} ?\d\d", _is_french
    yield "identity number (CN)", r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]", _is_chinese
    yield "identity number (CH)", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", _is_swiss
    yield "identity number (BE)", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", _is_belgian
    yield "identity number (BR)", r"\d{3}\.\d{3}\.\d{3}-\d\d", _is_cpf
    yield "identity number (IN)", r"[2-9]\d{3} \d{4} \d{4}", _is_aadhaar
    yield "identity number (PL)", r"\d{11}", _is_pesel
    yield "identity number (SE)", r"(?:19|20)?\d{6}[-+]\d{4}", _is_swedish
    yield "identity number (FI)", r"[0-3]\d[01]\d\d\d[-+A]\d{3}[0-9A-Ya-y]", _is_finnish
    yield "identity number (ES)", r"(?:\d{8}|[XYZxyz]-?\d{7})-?[A-Za-z]", _is_spanish
    fiscal = r"[A-Za-z]{6}\d\d[A-EHLMPRSTa-ehlmprst]\d\d[A-Za-z]\d{3}[A-Za-z]"
    yield "identity number (IT)", fiscal, _is_fiscal
    nino = r"(?!BG|GB|NK|KN|TN|NT|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"
    yield "identity number (GB)", nino, _always
    yield "identity number (US)", r"\d{3}-\d\d-\d{4}", _is_social_security
    tax = _after(r"steuer\w*|\bidnr|\btin|tax id\w*", _german_tax)
    yield "identity number (DE)", r"\d\d ?\d{3} ?\d{3} ?\d{3}", tax
    dutch = _after(r"bsn|burgerservice\w*|sofi\w*", _eleven_proof)
    yield "identity number (NL)", r"\d{3}[ .]?\d{3}[ .]?\d{3}|\d{4}[ .]\d\d[ .]\d{3}", dutch
    yield "identity number (CA)", r"\d{3}[ -]\d{3}[ -]\d{3}", _after(r"sin|social insurance", luhn)
    place = r"(?P<lat>[-+]?\d{1,2}\.\d{4,})°?[NS]?\s*[,;/ ]\s*(?P<long>[-+]?\d{1,3}\.\d{4,})"
    yield "place", place, _is_place
    yield "IP address", r"\d{1,3}(?:\.\d{1,3}){3}", _is_address
    yield "IP address", r"(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,6}", _is_address
    yield "hardware address", r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}", _always
    phone = r"(?:\+|00)?\(?\d{1,5}\)?(?:[ ./-]{0,2}\(?\d{1,8}\)?){1,7}"
    yield "telephone number", phone, _is_phone


_KINDS: list[tuple[str, re.Pattern[str], _Proof]] = [
    (kind, re.compile(rf"(?<![\w@.+-])(?:{pattern})(?![\w@]|[.-]\d)"), proves)
    for kind, pattern, proves in _kinds()
]


def counted(words: Mapping[str, str]) -> dict[str, list[str]]:
    """Personal data in a text in several languages: kind to masked values.

    Args:
        words: Language to text.
    """
    found: dict[str, list[str]] = {}
    for text in words.values():
        for each in personal_in(text):
            found.setdefault(each.kind, []).append(masked(text[each.start : each.end]))
    return found
