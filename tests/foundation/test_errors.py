import errno
from pathlib import Path

import pytest

from handful.foundation import errors
from handful.foundation.errors import (
    ConfigError,
    FindingError,
    HandfulError,
    MissingExtraError,
    StorageError,
    UsageError,
    collect_mistakes,
    did_you_mean,
    require,
    storage,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, HandfulError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_names_every_class_with_its_exit_code(kind: type) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if f" {kind.__name__} " in line]
    if kind is HandfulError:
        assert (errors.__doc__ or "").count("HandfulError ") == 1
        return
    assert len(lines) == 1
    assert lines[0].endswith(f"exit {kind.exit_code}")  # pyrefly: ignore


def test_a_hint_follows_on_its_own_line() -> None:
    assert str(HandfulError("It broke.", "mend it")) == "It broke.\nhint: mend it"
    assert str(HandfulError("It broke.")) == "It broke."


def test_findings_and_wrong_use_leave_different_codes() -> None:
    assert FindingError("A gate failed.").exit_code == 1
    assert UsageError("No such verb.").exit_code == 2


def test_a_missing_extra_names_the_command_that_adds_it() -> None:
    error = MissingExtraError("Training adapters", "torch", "train")
    assert error.hint == 'pip install "handful[train]"'
    assert "torch" in error.what


def test_require_speaks_of_name_value_and_rule() -> None:
    require(True, "lr", 0.1, "above 0")
    with pytest.raises(ConfigError) as caught:
        require(False, "lr", -1, "above 0")
    assert "`lr` must be above 0, and it is -1." in str(caught.value)


def test_collected_mistakes_do_not_raise_and_do_not_leak() -> None:
    with collect_mistakes() as mistakes:
        require(False, "a", 1, "0")
        require(False, "b", 2, "0")
    assert len(mistakes) == 2
    with pytest.raises(ConfigError):
        require(False, "c", 3, "0")


def test_several_mistakes_are_listed_together() -> None:
    text = str(ConfigError(["first.", "second."], "shop.toml"))
    assert "2 settings are wrong in shop.toml" in text
    assert "\n  - first.\n  - second." in text


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("trian", ["train", "plan"], "did you mean `train`?"),
        ("Grade", ["grade"], "did you mean `grade`?"),
        ("xyz", ["a", "b"], "known: `a`, `b`."),
        ("xyz", [], "none are known here."),
    ],
)
def test_did_you_mean(word: str, known: list[str], expected: str) -> None:
    assert did_you_mean(word, known) == expected


def test_did_you_mean_shortens_a_long_list() -> None:
    assert did_you_mean("zzz", [f"name{n:02}" for n in range(30)]).endswith("and 18 more.")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_the_disks_refusals_become_sentences(code: int) -> None:
    with pytest.raises(StorageError) as caught, storage("write", Path("x")):
        raise OSError(code, "refused")
    assert 'Cannot write "x"' in caught.value.what
    assert caught.value.hint


def test_other_system_errors_pass_unchanged() -> None:
    with pytest.raises(IsADirectoryError), storage("write", Path("x")):
        raise IsADirectoryError(errno.EISDIR, "a folder")
