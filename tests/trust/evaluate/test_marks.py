"""Answers beside the truth."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from handful.foundation.errors import UsageError
from handful.foundation.goal import NOT_SURE
from handful.foundation.predictor import Answer, Level
from handful.trust.evaluate.marks import check_answer, mark


def test_guess_and_spoken_are_kept_apart(answer: Callable[..., Answer]) -> None:
    answers = [
        answer("yes", 0.9),
        answer("no", 0.6, level=Level.NOT_SURE),
        answer("no", 0.8, level=Level.FAIRLY_SURE, error_rate=0.2),
    ]
    marks = mark(answers, ["yes", "no", "maybe"], ["no", "yes"])
    assert marks.classes == ("no", "yes", "maybe")
    assert marks.known == 2
    assert marks.truth.tolist() == [1, 0, 2]
    assert marks.guess.tolist() == [1, 0, 0]
    assert marks.spoken.tolist() == [1, NOT_SURE, 0]
    assert marks.right.tolist() == [True, True, False]
    assert marks.answered.tolist() == [True, False, True]
    assert marks.confidence == pytest.approx([0.9, 0.6, 0.8])
    assert marks.probabilities.sum(axis=1) == pytest.approx(np.ones(3))
    assert marks.probabilities[:, 2].tolist() == [0, 0, 0]
    assert marks.stated.tolist()[2] == 0.2
    assert np.isnan(marks.stated[:2]).all()


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        ({"yes": 0.5, "no": 0.4, "else": 0.1}, "speaks of"),
        ({"no": 1.0}, "no probability"),
        ({"yes": 0.7, "no": 0.7}, "sum to 1.4"),
        ({"yes": math.nan, "no": 0.5}, "between 0 and 1"),
        ({"yes": 1.5, "no": -0.5}, "between 0 and 1"),
    ],
)
def test_an_answer_that_breaks_the_promise_is_refused(
    probabilities: dict[str, float], message: str
) -> None:
    broken = Answer(label="yes", level=Level.SURE, probabilities=probabilities)
    with pytest.raises(UsageError, match=message) as caught:
        check_answer(broken, "case 7", "the model", ("no", "yes"))
    assert "case 7" in str(caught.value)


def test_rounding_is_forgiven(answer: Callable[..., Answer]) -> None:
    names = [str(number) for number in range(300)]
    share = round(1 / 300, 4)
    check_answer(
        Answer(label="0", level=Level.SURE, probabilities=dict.fromkeys(names, share)),
        "c",
        "m",
        names,
    )
