"""The words of the page are words of people, and all of them are in the catalogue."""

import json
import re
from pathlib import Path

import pytest

from handful.doors.studio.plain import FORBIDDEN, plain

ROOT = Path(__file__).parents[3] / "studio" / "src"
WORDS: dict[str, str] = json.loads((ROOT / "words" / "en.json").read_text(encoding="utf-8"))
SOURCES = sorted([*ROOT.rglob("*.svelte"), *ROOT.rglob("*.ts")])
USED = r'say\("([\w. -]+)"'


@pytest.mark.parametrize("key", WORDS)
def test_no_word_of_developers_is_shown(key: str) -> None:
    said = set(re.findall(r"[\w-]+", WORDS[key].casefold()))
    assert not said & set(FORBIDDEN)


def test_every_sentence_that_is_used_is_there() -> None:
    used = {key for path in SOURCES for key in re.findall(USED, path.read_text(encoding="utf-8"))}
    assert used
    assert used <= set(WORDS)


def test_no_sentence_stands_in_the_source() -> None:
    for path in ROOT.rglob("*.svelte"):
        text = path.read_text(encoding="utf-8").partition("</script>")[2]
        text = re.sub(r"<!--.*?-->|\{[^{}]*\}", "", text, flags=re.DOTALL)
        text = re.sub(r"\{[^{}]*\}", "", text)
        loose = re.findall(r">\s*([A-Z][a-z]+ [a-z]+[^<>{}]*)<", text)
        assert not loose, f"{path.name}: {loose}"


def test_sentences_of_other_rooms_are_put_in_words_of_people() -> None:
    assert plain("2 labels of this Class.") == "2 answers of this Group."
    for word in FORBIDDEN:
        assert word not in plain(f"a {word} here").split()
