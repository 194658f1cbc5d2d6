import json
from dataclasses import replace
from datetime import date

import lance
import pyarrow as pa
import pytest

from handful.data.library import rows
from handful.data.library.card import note_version, write_card
from handful.data.library.export.layout import digest_of, from_table, to_table
from handful.data.library.ingest import ingest
from handful.data.library.items import Consent, Lineage
from handful.data.library.library import Library
from handful.data.library.naming import named
from handful.data.library.store import Table
from handful.data.library.units import copies_of, units_of
from handful.data.library.withdrawing import would_forget
from handful.foundation.errors import UsageError

ANNA = Consent(subjects=("anna", "ben"), basis="consent", scope="training", expires="2027-01-31")


@pytest.fixture
def told(tmp_path):
    lines = [
        {
            "id": "talk",
            "note": "what anna said to ben",
            "consent_subjects": "anna; ben",
            "consent_basis": "consent",
            "consent_scope": "training",
            "consent_expires": "2027-01-31",
        },
        {"id": "cut", "note": "what anna said", "derived_from": "talk", "operation": "excerpt"},
        {"id": "cut of cut", "note": "what she said", "derived_from": "cut", "operation": "cut"},
        {"id": "free", "note": "nobody is in here", "consent_expires": "soon"},
        {"id": "plain", "note": "nobody is in here either"},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "t.jsonl"


def by_key(library):
    return {item.key: item for item in library.items()}


def test_a_table_says_who_is_in_an_item_and_what_it_was_made_from(library, told):
    report = ingest(library, told)
    items = by_key(library)
    assert items["talk"].consent == ANNA
    assert items["cut"].lineage == Lineage(parents=("talk",), operation="excerpt")
    assert items["plain"].consent == Consent()
    assert items["plain"].lineage == Lineage()
    (remark,) = report.remarks
    assert "is no day such as 2027-01-31" in remark.what
    assert "free" not in items
    assert ingest(library, told).items_unchanged == 4


def test_a_consent_holds_to_the_end_of_its_last_day():
    assert not ANNA.has_expired(date(2027, 1, 31))
    assert ANNA.has_expired(date(2027, 2, 1))
    assert not Consent().has_expired(date(9999, 1, 1))


def test_somebody_is_found_by_name(library, told):
    ingest(library, told)
    assert [item.key for item in named(library, ["person:ben"])] == ["talk"]
    with pytest.raises(UsageError, match="There is no item") as caught:
        named(library, ["person:bem"])
    assert "person:ben" in caught.value.hint


def test_what_was_made_from_an_item_is_named_when_it_is_forgotten(library, told):
    ingest(library, told)
    found = would_forget(library, ["person:anna"])
    assert [item.key for item in found.items] == ["talk"]
    assert {item.key for item in found.made} == {"cut", "cut of cut"}
    assert [each["key"] for each in found.as_dict()["made_from_them"]] == ["cut", "cut of cut"]


def test_what_was_made_from_an_item_stays_with_it_in_every_split(library, told):
    ingest(library, told)
    items = library.items()
    units = {item.key: units_of(items, copies_of(items))[item.id] for item in items}
    assert units["talk"] == units["cut"] == units["cut of cut"]
    assert units["plain"] != units["talk"]


def test_an_export_keeps_both_and_an_older_one_is_read(library, told):
    ingest(library, told)
    items = library.items()
    table = to_table(items, [{} for _ in items])
    assert from_table(table)[0] == items
    old = from_table(table.drop_columns(rows.SINCE.names))[0]
    blank = {"consent": Consent(), "lineage": Lineage()}
    assert old == [replace(item, **blank) for item in items]


def test_a_change_of_consent_is_seen_in_the_digest_and_in_a_diff(library, told):
    ingest(library, told)
    before = library.digest()
    told.write_text(told.read_text().replace("2027-01-31", "2026-01-31"))
    ingest(library, told)
    assert library.digest() != before
    (changed,) = library.diff().changed
    assert (changed.key, changed.what) == ("talk", ("consent",))


def of_former_times(library):
    """The library as a release wrote it that did not know the later columns."""
    folder = library.folder / "items.lance"
    old = Table(folder, pa.schema([f for f in rows.ITEMS if f.name not in rows.SINCE.names]))
    old.create()
    return library


def test_a_library_of_former_times_is_read_added_to_and_undone(library, item, told):
    of_former_times(library)
    folder = str(library.folder / "items.lance")
    table = rows.items_to_rows(
        [replace(item("old"), id="00000000-0000-7000-8000-000000000000")]
    ).drop_columns(rows.SINCE.names)
    version = lance.write_dataset(table, folder, mode="append").version
    card = replace(library.card, items_version=version)
    past = Library(library.folder, card)
    assert past.items()[0].consent == Consent()
    note_version(library.folder, card)
    write_card(library.folder, card)
    library = Library.open(library.folder)
    digest = digest_of(library.items())
    ingest(library, told)
    assert by_key(library)["old"].consent == Consent()
    assert by_key(library)["talk"].consent == ANNA
    library.undo()
    assert [each.key for each in library.items()] == ["old"]
    assert library.digest() == digest
    ingest(library, told)
    assert by_key(library)["talk"].consent == ANNA
    assert library.digest() != digest
