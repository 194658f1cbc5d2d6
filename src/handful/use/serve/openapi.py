"""The server's description for machines: OpenAPI 3.1, written from the release that answers."""

from __future__ import annotations

from typing import Any

from handful import __version__
from handful.foundation.predictor import Level
from handful.use.serve.feedback import VERDICTS
from handful.use.serve.replica import Replica

_STATUS = {
    "400": "The body is not what its type says.",
    "401": "No key, or one that does not count.",
    "403": "The key is for other things.",
    "404": "There is no such thing.",
    "408": "The body came too slowly.",
    "413": "Too many bytes, pixels, seconds, characters or items.",
    "415": "A type that is not read.",
    "421": "The server is not called so.",
    "422": "An item, or the form of the request, cannot be used.",
    "429": "Too much at once; come back after `Retry-After`.",
    "500": "A fault of the server or the release.",
    "503": "Going down, or not ready.",
    "504": "The answer would have come too late.",
    "507": "The disk is full.",
}


def document(replica: Replica) -> dict[str, Any]:
    """The whole description.

    Args:
        replica: The release that answers.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Handful",
            "version": __version__,
            "description": f"Release {replica.digest}.",
        },
        "paths": _paths(replica),
        "components": {"schemas": _schemas(replica), "securitySchemes": _KEYS},
        "security": [{}, {"bearer": []}, {"header": []}],
    }


_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def _paths(replica: Replica) -> dict[str, Any]:
    form = {
        "type": "object",
        "description": "Number the parts for several items: image[0], image[1].",
        "properties": {name: {"type": "string", "format": "binary"} for name in replica.modalities},
    }
    several = {
        "application/json": {"schema": _ref("Items")},
        "multipart/form-data": {"schema": form},
    }
    return {
        "/v1/predict": _post("Answer for items of any modalities.", several, "Answers"),
        "/v1/embeddings": _post("Embed items.", _json("EmbeddingsRequest"), "Embeddings"),
        "/v1/feedback": _post("Say that an answer was right or wrong.", _json("Feedback"), "Kept"),
        "/v1/live": _get("Whether the server turns.", "Live"),
        "/v1/ready": _get("Whether a canned query was answered.", "Ready"),
        "/metrics": {
            "get": {
                "summary": "Counts and times for Prometheus.",
                "responses": {
                    "200": {
                        "description": "Text.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **_faults(),
                },
            }
        },
    }


def _schemas(replica: Replica) -> dict[str, Any]:
    file = {"type": "string", "description": "The file as base64, or a data URI."}
    words = {
        "description": 'Words, {"en": "words"}, or {"base64": "…"} for a document.',
        "anyOf": [{"type": "string"}, {"type": "object"}],
    }
    parts = {name: words if name == "text" else file for name in replica.modalities}
    item = {
        "type": "object",
        "properties": {"id": {"type": "string"}, **parts},
        "minProperties": 1,
    }
    number = {"type": "number"}
    answered = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "Names this answer in feedback."},
            "item": {"type": "string"},
            "label": {"type": "string", "enum": list(replica.classes)},
            "level": {"type": "string", "enum": [str(level) for level in Level]},
            "confidence": number,
            "probabilities": {"type": "object", "additionalProperties": number},
            "shares": {"type": "object", "additionalProperties": number},
            "reason": {"type": "string"},
            "error_rate": {"type": ["number", "null"]},
            "candidates": {
                "type": "array",
                "items": {"type": "string", "enum": list(replica.classes)},
                "description": "What it may be, where the answer is not sure.",
            },
            "coverage": {
                "type": ["number", "null"],
                "description": "How often the right one is among the candidates, at least.",
            },
            "seconds": number,
            "kept": {"type": "boolean", "description": "Answered from memory."},
            "release": {
                "type": "string",
                "description": "Who answered, where it is not the one at the top.",
            },
            "error": _ref("Fault"),
        },
    }
    texts = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    return {
        "Item": item,
        "Items": {
            "anyOf": [
                {
                    "type": "object",
                    "required": ["items"],
                    "properties": {
                        "items": {"type": "array", "items": _ref("Item"), "minItems": 1}
                    },
                },
                _ref("Item"),
            ]
        },
        "Answers": {
            "type": "object",
            "required": ["release", "answers"],
            "properties": {
                "release": {"type": "string"},
                "answers": {"type": "array", "items": answered},
            },
        },
        "EmbeddingsRequest": {
            "type": "object",
            "properties": {
                "input": texts,
                "modality": {"type": "string", "enum": list(replica.modalities)},
                "messages": {"type": "array", "items": {"type": "object"}},
                "encoding_format": {"type": "string", "enum": ["float", "base64"]},
                "space": {"type": "string", "enum": ["shared", "plain"]},
                "model": {"type": "string"},
            },
        },
        "Embeddings": {
            "type": "object",
            "required": ["object", "data", "model", "usage"],
            "properties": {"data": {"type": "array", "items": {"type": "object"}}},
        },
        "Feedback": {
            "type": "object",
            "required": ["answer", "verdict"],
            "additionalProperties": False,
            "properties": {
                "answer": {"type": "string", "pattern": "^a_[0-9a-f]{24}$"},
                "verdict": {"type": "string", "enum": list(VERDICTS)},
                "label": {"type": "string", "maxLength": 500},
                "comment": {"type": "string", "maxLength": 500},
            },
        },
        "Kept": {"type": "object", "properties": {"kept": {"type": "boolean"}}},
        "Live": {"type": "object", "properties": {"live": {"type": "boolean"}}},
        "Ready": {"type": "object", "properties": {"ready": {"type": "boolean"}}},
        "Fault": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "properties": {
                name: {"type": "string"} for name in ("code", "message", "hint", "type")
            },
        },
        "Refused": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": _ref("Fault")},
        },
    }


def _post(summary: str, content: dict[str, Any], gives: str) -> dict[str, Any]:
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": content},
            "responses": _gives(gives),
        }
    }


def _get(summary: str, gives: str) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": _gives(gives)}}


def _gives(name: str) -> dict[str, Any]:
    return {"200": {"description": "Done.", "content": _json(name)}, **_faults()}


def _faults() -> dict[str, Any]:
    return {
        status: {"description": meaning, "content": _json("Refused")}
        for status, meaning in _STATUS.items()
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
