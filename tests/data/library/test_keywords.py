import io

import numpy as np
import pytest
from PIL import Image

from handful.data.library import keywords
from handful.data.library.ingest import ingest
from handful.data.library.items import Part, Status


def part(*words):
    return Part(modality="image", meta={"keywords": list(words)})


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ((), {}),
        (("cup",), {"kind": "cup"}),
        (("cup", "blue"), {}),
        (("grade:first",), {"grade": "first"}),
        (("grade|first", "cup"), {"grade": "first", "kind": "cup"}),
        (("grade = first", "kind: jug", "blue", "old"), {"grade": "first", "kind": "jug"}),
        (("grade:first", "grade:second"), {}),
        (("a:b:c",), {"kind": "a:b:c"}),
    ],
)
def test_keywords_answer_what_they_name(words, answers):
    assert keywords.answers(part(*words), "kind") == answers


def test_without_a_task_or_a_picture_nothing_is_asked():
    assert keywords.answers(part("cup"), "") == {}
    assert keywords.answers(None, "kind") == {}
    bad = Part(modality="image", status=Status.QUARANTINED, meta={"keywords": ["cup"]})
    assert keywords.answers(bad, "kind") == {}


def test_several_that_could_be_the_answer_are_noted():
    assert keywords.noted(part("cup", "blue"), "kind").notes == (keywords.NOTE,)
    assert keywords.noted(part("cup", "kind:jug", "blue"), "kind").notes == ()
    assert keywords.noted(part("cup"), "kind").notes == ()
    assert keywords.noted(part("cup", "blue"), "").notes == ()


def tagged(path, *words, seed=0):
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in words)
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:rdf="r" xmlns:dc="d"><dc:subject>{items}'
    pixels = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    target = io.BytesIO()
    whole = xmp + "</dc:subject></x:xmpmeta>"
    Image.fromarray(pixels).save(target, "JPEG", xmp=whole.encode())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(target.getvalue())


def test_keywords_become_labels_when_asked_and_leave_when_not(library, tmp_path):
    folder = tmp_path / "src"
    tagged(folder / "1.jpg", "cup", seed=1)
    tagged(folder / "2.jpg", "kind:jug", "blue", seed=2)
    tagged(folder / "3.jpg", "cup", "blue", seed=3)

    def kinds():
        return [item.label("kind") for item in library.items()]

    ingest(library, folder)
    assert kinds() == [None, None, None]
    report = ingest(library, folder, labels_from_keywords="kind")
    assert (report.labels, report.items_changed) == (2, 3)
    assert kinds() == ["cup", "jug", None]
    assert report.reasons == {"image/several_keywords": 1}
    assert ingest(library, folder, labels_from_keywords="kind").items_unchanged == 3
    ingest(library, folder)
    assert kinds() == [None, None, None]


def test_a_folder_says_it_before_a_keyword(library, tmp_path):
    tagged(tmp_path / "bowl" / "1.jpg", "cup")
    ingest(library, tmp_path, labels_from_folders="kind", labels_from_keywords="kind")
    assert library.items()[0].label("kind") == "bowl"
