from handful.data.library.items import Part, Status
from handful.data.library.report import UNCHANGED, Tally
from handful.data.library.sources.base import Aside
from handful.data.modalities.reading import Unreadable


def test_every_file_has_one_verdict():
    tally = Tally()
    tally.part("a.png", Part(modality="image", notes=("image/gps", "image/first_frame")))
    tally.part("b.txt", Part(modality="text", status=Status.REPAIRED, reason="text/latin1"))
    bad = Part(
        modality="image", status=Status.QUARANTINED, reason="image/truncated", detail="it ends"
    )
    tally.part("c.png", bad)
    tally.aside(Aside("d.exe", Unreadable("file/unknown_type")))
    tally.aside(Aside("line 3", Unreadable("table/bad_row", line=3, error="odd")))
    tally.unchanged(4)
    assert tally.verdicts == {"ok": 1, "repaired": 1, "quarantine": 2, "skipped": 5}
    assert tally.seen == 9
    assert tally.reasons == {
        "image/gps": 1,
        "image/first_frame": 1,
        "text/latin1": 1,
        "image/truncated": 1,
        "file/unknown_type": 1,
        "table/bad_row": 1,
        UNCHANGED: 4,
    }


def test_remarks_name_file_verdict_and_sentence():
    tally = Tally()
    tally.aside(Aside("line 3", Unreadable("table/bad_row", line=3, error="odd")))
    tally.unchanged(2)
    (remark,) = tally.remarks
    assert remark.name == "line 3"
    assert remark.verdict == "quarantine"
    assert remark.what == "line 3 cannot be read (odd)"
    assert remark.hint
