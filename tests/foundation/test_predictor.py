from collections.abc import Sequence

import pytest

from handful.foundation.predictor import Answer, Level, Predictor, Query


class Coin:
    name = "coin"
    classes = ("heads", "tails")
    modalities = ("text",)

    def predict(self, queries: Sequence[Query]) -> list[Answer]:
        even = {"heads": 0.5, "tails": 0.5}
        return [Answer(label="heads", level=Level.NOT_SURE, probabilities=even) for _ in queries]


def test_anything_with_the_right_shape_is_a_predictor() -> None:
    assert isinstance(Coin(), Predictor)
    assert not isinstance(object(), Predictor)


def test_an_answer_is_plain_data_in_the_words_shown_to_people() -> None:
    answer = Coin().predict([{"text": "which?"}])[0]
    assert answer.confidence == 0.5
    plain = answer.as_dict()
    assert plain["level"] == "not sure"
    assert plain["error_rate"] is None


def test_confidence_needs_the_label_among_the_probabilities() -> None:
    with pytest.raises(KeyError):
        _ = Answer(label="edge", level=Level.SURE, probabilities={"heads": 1.0}).confidence
