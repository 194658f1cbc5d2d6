"""Word n-grams: what exactly was said, in which order."""

from __future__ import annotations

import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.text.words import Config, WordPairs


def test_order_counts_only_with_pairs() -> None:
    texts = [{"en": "crack in glaze"}, {"en": "glaze in crack"}]
    for longest, alike in ((1, True), (2, False)):
        block = WordPairs(Config(longest=longest))
        block.fit(texts, seed=0)
        one, two = block.encode(texts)
        assert bool((one == two).all()) is alike


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    block = WordPairs(Config(longest=1))
    block.fit([{"en": "a mug"}, {"en": "a bowl"}, {"en": "a jug"}], seed=0)
    row = block.encode([{"en": "a mug"}])[0]
    assert sorted(row[row > 0])[1] / sorted(row[row > 0])[0] == pytest.approx(
        block.state()["weights"].max() / block.state()["weights"].min()
    )


@pytest.mark.parametrize("wrong", [{"longest": 0}, {"longest": 9}, {"width": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
