import numpy as np
import pytest

from handful.data.checks.base import View
from handful.data.checks.mending import mend, preview
from handful.data.checks.running import make_check
from handful.data.checks.workbench import Workbench
from handful.data.library.library import Library
from handful.foundation.errors import UsageError


def found(name, folder):
    bench = Workbench(folder)
    make_check(name).plant(bench, np.random.default_rng(0))
    library = bench.library()
    findings = make_check(name).run(View.of(library))
    return library, next(each for each in findings if each.remedy)


@pytest.mark.parametrize("name", ["near_duplicates", "quality", "label_errors", "personal_data"])
def test_mending_mends_and_undo_reverts_to_the_byte(name, tmp_path):
    library, finding = found(name, tmp_path / "bench")
    before = library.digest()
    changes = preview(library, finding)
    assert finding.remedy is not None
    assert library.digest() == before
    assert [each.item for each in changes] == list(finding.remedy.items)
    mend(library, finding)
    assert library.digest() != before
    left = make_check(name).run(View.of(Library.open(library.folder)))
    assert finding.id not in {each.id for each in left}
    library.undo()
    assert library.digest() == before
    again = make_check(name).run(View.of(Library.open(library.folder)))
    assert finding.id in {each.id for each in again}


def test_redacted_words_are_gone_from_the_new_version(tmp_path):
    library, finding = found("personal_data", tmp_path / "bench")
    mend(library, finding)
    texts = [item.words["und"] for item in library.items(ids=list(finding.items))]
    assert any("[e-mail]" in text for text in texts)
    assert not any("@" in text or "DE89" in text for text in texts)


def test_a_finding_without_a_remedy_says_what_to_do_instead(tmp_path):
    bench = Workbench(tmp_path / "bench")
    make_check("shortcuts").plant(bench, np.random.default_rng(0))
    library = bench.library()
    finding = make_check("shortcuts").run(View.of(library))[0]
    with pytest.raises(UsageError, match="no remedy"):
        preview(library, finding)
