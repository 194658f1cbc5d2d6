from types import ModuleType

import handful as hd
from handful.data.library.items import Item, Part
from handful.use.explore.grouping import Group, groups_page
from handful.use.explore.naming import suggest


def item(key: str, text: str = "") -> Item:
    parts = {"text": Part(modality="text", words={"und": text})} if text else {}
    return Item(id=key, key=key, parts=parts)


def test_the_kinds_of_a_shop_are_its_groups_and_words_name_them(
    shop: hd.Project, things: ModuleType
) -> None:
    found = shop.groups()
    assert len(found.groups) >= 2
    for each in found.groups:
        kinds = {things.kind_of(int(one.key[1:])) for one in each.items}
        assert len(kinds) == 1
    names = " ".join(each.name for each in found.groups)
    assert "bowl" in names or "red" in names or "round" in names
    items = sum(len(each.items) for each in found.groups) + len(found.odd)
    assert items == len(shop.items)
    page = groups_page(shop.items, found, title="What is in it")
    assert page.count("<section>") == len(found.groups) + bool(found.odd)


def test_a_name_is_a_word_that_others_have_not() -> None:
    items = [item(f"IMG_{n}", "a red bowl" if n < 6 else "a blue vase") for n in range(12)]
    assert suggest(items, [range(6), range(6, 12)]) == ["bowl, red", "blue, vase"]
    named = [item(f"{'oak' if n < 5 else 'elm'}_{n}") for n in range(10)]
    assert suggest(named, [range(5), range(5, 10)]) == ["oak", "elm"]
    assert suggest([item(f"IMG_{n}") for n in range(10)], [range(5)]) == [""]


def test_a_group_says_how_alike_it_is_in_words() -> None:
    def group(closeness: float, name: str = "") -> Group:
        return Group(number=2, name=name, items=(), stability=1.0, closeness=closeness)

    assert [group(c).alike for c in (0.9, 0.4, 0.1)] == ["very alike", "alike", "loosely alike"]
    assert group(0.5).title == "group 2"
    assert group(0.5, "bowl").title == "bowl"
