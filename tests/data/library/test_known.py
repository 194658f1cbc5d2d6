import os

import pytest

from handful.data.library.ingest import ingest
from handful.data.library.known import Known
from handful.data.library.sources.folder import list_folder
from handful.data.library.sources.pairing import pair


@pytest.fixture
def shop(tmp_path, picture, note):
    for number in range(30):
        picture(tmp_path / "shop" / f"{number:02}.png", number)
        note(tmp_path / "shop" / f"{number:02}.txt", f"note {number}")
    return (tmp_path / "shop").resolve()


def listed(folder):
    return list(pair(list_folder(folder).leaves).candidates)


def test_nothing_is_known_of_a_new_source(library, shop):
    known = Known(library, str(shop))
    assert {(each.row, each.is_same) for each in known.find(listed(shop))} == {(-1, False)}
    assert known.items([]) == {}


def test_what_did_not_change_is_the_same_and_only_that(library, shop, note, tmp_path):
    note(tmp_path / "other" / "07.txt", "of another source, under the same name")
    ingest(library, tmp_path / "other")
    ingest(library, shop)
    known = Known(library, str(shop))
    assert all(each.is_same for each in known.find(listed(shop)))
    os.utime(shop / "03.png", ns=(1, 1))
    note(shop / "05.txt", "said anew, longer")
    (shop / "09.txt").unlink()
    note(shop / "new.txt")
    candidates = listed(shop)
    found = {c.key: each for c, each in zip(candidates, known.find(candidates), strict=True)}
    changed = {key for key, each in found.items() if not each.is_same}
    assert changed == {"03", "05", "09", "new"}
    assert found["new"].row == -1
    items = known.items([found[key].row for key in ("03", "05")])
    assert [items[found[key].row].key for key in ("03", "05")] == ["03", "05"]
    assert {item.source for item in items.values()} == {str(shop)}


def test_it_stays_at_its_version(library, shop):
    ingest(library, shop)
    known = Known(library, str(shop))
    row = known.find(listed(shop))[4].row
    with library.writing("clear") as writer:
        writer.commit(changed=library.items()[:10])
    assert known.items([row])[row].key == "04"


def test_files_that_cannot_be_looked_at_are_read_again(library, shop):
    ingest(library, shop)
    candidates = listed(shop)
    (shop / "02.png").unlink()
    assert not Known(library, str(shop)).find(candidates)[2].is_same
