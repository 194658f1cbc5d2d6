"""What clients ask of a server, and what they get."""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from use.serve.conftest import JSON, Client, Shop, form


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def lines(folder: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in folder.glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]


def test_any_subset_of_modalities_is_answered_as_the_model_answers(
    client: Client, released: Shop
) -> None:
    photo, tap = released.photo, released.tap
    items = [
        {"id": "words", "text": "a round bowl, red glaze"},
        {"image": b64(photo)},
        {"audio": {"base64": b64(tap)}},
        {"text": {"en": "a bowl"}, "image": "data:image/png;base64," + b64(photo)},
    ]
    reply = client.post("/v1/predict", {"items": items})
    assert reply.status == 200
    assert reply.json["release"] == released.champion
    queries = [
        {"text": "a round bowl, red glaze"},
        {"image": photo},
        {"audio": tap},
        {"text": {"en": "a bowl"}, "image": photo},
    ]
    model = client.server.versions.current.model
    for said, wanted in zip(reply.json["answers"], model.predict(queries), strict=True):
        assert said["label"] == wanted.label
        assert said["level"] == wanted.level
        for name, each in wanted.probabilities.items():
            assert said["probabilities"][name] == pytest.approx(each, rel=1e-4)
    assert reply.json["answers"][0]["item"] == "words"


def test_a_form_is_answered_as_json_is(client: Client, released: Shop) -> None:
    body, kind = form([("image", released.photo), ("text", b"a bowl")])
    single = client.post("/v1/predict", body, kind).json["answers"]
    plain = client.post("/v1/predict", {"text": "a bowl", "image": b64(released.photo)})
    assert single[0]["label"] == plain.json["answers"][0]["label"]
    body, kind = form([("image[0]", released.photo), ("audio[1]", released.tap)])
    assert len(client.post("/v1/predict", body, kind).json["answers"]) == 2


def test_one_bad_item_fails_alone(client: Client) -> None:
    items = [{"text": "a bowl"}, {"image": b64(b"no picture")}, {"text": "tall vase"}]
    reply = client.post("/v1/predict", {"items": items})
    first, bad, last = reply.json["answers"]
    assert reply.status == 200
    assert {first["label"], last["label"]} == {"bowl", "vase"}
    assert bad["error"]["code"] == "image/not_recognised"
    assert bad["error"]["status"] == 415
    assert bad["error"]["message"].startswith("The image cannot be used: ")


def test_the_same_content_is_answered_from_memory_and_only_by_the_same_release(
    client: Client, released: Shop
) -> None:
    ask = {"image": b64(released.photo)}
    first = client.post("/v1/predict", ask).json["answers"][0]
    again = client.post("/v1/predict", ask).json["answers"][0]
    assert (first["kept"], again["kept"]) == (False, True)
    assert first["id"] != again["id"]
    assert first["probabilities"] == again["probabilities"]
    versions = client.server.versions
    versions.name = released.other
    versions.look()
    other = client.post("/v1/predict", ask).json
    assert other["release"] == released.other
    assert other["answers"][0]["kept"] is False


def test_uses_are_written_down_without_their_content(client: Client, tmp_path: Path) -> None:
    reply = client.post("/v1/predict", {"text": "a secret bowl"})
    name = reply.json["answers"][0]["id"]
    client.server.journal.close()
    (line,) = lines(tmp_path / "events")
    assert line["id"] == name
    assert line["label"] == reply.json["answers"][0]["label"]
    assert "secret" not in json.dumps(line)


def test_feedback_is_on_disk_when_it_is_acknowledged(client: Client, tmp_path: Path) -> None:
    name = client.post("/v1/predict", {"text": "a bowl"}).json["answers"][0]["id"]
    said = {"answer": name, "verdict": "wrong", "label": "jug", "comment": "it has a spout"}
    assert client.post("/v1/feedback", said).json == {"kept": True, "answer": name}
    (line,) = lines(tmp_path / "feedback")
    assert (line["answer"], line["label"], line["said"]) == (name, "jug", "bowl")
    assert [each["id"] for each in lines(tmp_path / "events")] == [name]


def test_feedback_that_makes_no_sense_is_refused(client: Client, tmp_path: Path) -> None:
    name = client.post("/v1/predict", {"text": "a bowl"}).json["answers"][0]["id"]
    for said, status in [
        ({"answer": "a_" + "0" * 24, "verdict": "right"}, 404),
        ({"answer": name, "verdict": "maybe"}, 422),
        ({"answer": name, "verdict": "right", "label": "vase"}, 422),
        ({"answer": name, "verdict": "wrong", "comment": "x" * 501}, 422),
        ({"answer": name, "verdict": "wrong", "labels": "jug"}, 422),
        ([name], 422),
    ]:
        assert client.post("/v1/feedback", said).status == status
    assert not lines(tmp_path / "feedback")


def test_embeddings_in_every_form_are_the_same_numbers(client: Client, released: Shop) -> None:
    plain = client.post("/v1/embeddings", {"input": ["a bowl", "a vase"], "space": "plain"})
    assert [each["index"] for each in plain.json["data"]] == [0, 1]
    vector = np.array(plain.json["data"][0]["embedding"])
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    packed = {"input": "a bowl", "encoding_format": "base64", "space": "plain"}
    data = client.post("/v1/embeddings", packed).json["data"][0]["embedding"]
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(data), "<f4"), vector, atol=1e-6)
    picture = "data:image/png;base64," + b64(released.photo)
    parts = [{"type": "image_url", "image_url": {"url": picture}}]
    ask = {"messages": [{"role": "user", "content": parts}], "space": "plain"}
    one = client.post("/v1/embeddings", ask).json["data"]
    same = {"input": picture, "modality": "image", "space": "plain"}
    assert one == client.post("/v1/embeddings", same).json["data"]


def test_live_ready_metrics_and_the_description(client: Client, released: Shop) -> None:
    assert client.get("/v1/live").json == {"live": True}
    assert client.get("/v1/ready").json["release"] == released.champion
    client.post("/v1/predict", {"text": "a bowl"})
    text = client.get("/metrics").content.decode()
    assert 'handful_requests_total{route="/v1/predict",code="200"} 1' in text
    assert f'handful_model_info{{digest="{released.champion}"}} 1' in text
    assert 'handful_request_duration_seconds_bucket{route="/v1/predict",le="+Inf"} 1' in text
    found = client.get("/openapi.json").json
    assert found["openapi"].startswith("3.1")
    assert set(found["paths"]) >= {"/v1/predict", "/v1/embeddings", "/v1/feedback", "/metrics"}


def test_the_open_inference_protocol(client: Client, released: Shop) -> None:
    assert client.get("/v2").json["extensions"] == ["binary_tensor_data"]
    about = client.get("/v2/models/handful").json
    assert about["versions"] == [released.champion]
    assert client.get("/v2/models/handful/ready").status == 200
    assert client.get("/v2/models/other").code == "model"
    inputs = [{"name": "text", "datatype": "BYTES", "shape": [2, 1], "data": ["a bowl", "vase"]}]
    reply = client.post("/v2/models/handful/infer", {"id": "7", "inputs": inputs}).json
    assert reply["id"] == "7"
    assert reply["outputs"][0]["data"] == ["bowl", "vase"]
    assert reply["outputs"][3]["shape"] == [2, 2]
    version = f"/v2/models/handful/versions/{released.champion[:12]}/infer"
    assert client.post(version, {"inputs": inputs}).status == 200
    assert client.post("/v2/models/handful/versions/0123456789ab/infer", {}).code == "version"


def test_the_binary_extension_of_the_protocol(client: Client, released: Shop) -> None:
    raw = struct.pack("<I", len(released.photo)) + released.photo
    size_of = {"binary_data_size": len(raw)}
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "parameters": size_of}
    head = json.dumps({"inputs": [tensor], "outputs": [{"name": "label"}]}).encode()
    size = {"inference-header-content-length": str(len(head))}
    reply = client.post("/v2/models/handful/infer", head + raw, size)
    assert [each["name"] for each in reply.json["outputs"]] == ["label"]
    cut = client.post("/v2/models/handful/infer", head + raw[:-1], size)
    assert (cut.status, cut.code) == (400, "form")


def test_a_release_without_labels_embeds_and_says_that_it_does_not_answer(
    serving: Callable[..., Client], released: Shop
) -> None:
    client = serving()
    replica = client.server.versions.current
    client.server.versions.current = type(replica)(replica.model.without_kernels(), "0" * 64)
    assert client.post("/v1/predict", {"text": "a bowl"}).code == "no_answers"
    assert client.post("/v1/embeddings", {"input": "a bowl"}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("GET", "/v1/predict", 405)]
)
def test_wrong_addresses_get_a_body_too(
    client: Client, method: str, path: str, status: int
) -> None:
    reply = client.run(client.call(method, path, b"", JSON))
    assert reply.status == status
    assert reply.json["error"]["hint"]
