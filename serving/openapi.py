"""The API's own description: what BentoML says of it, put right."""

from collections.abc import Mapping
from typing import Any

from serving.answers import EXAMPLES
from serving.schemas import Problem
from serving.spoken import PARAMETERS

VERSION = "1"  # changes when a caller has to
WHAT = "How likely customers are to leave within the horizon, and what raises or lowers that."
JSON = "application/json"
READ = ("/features", "/model_card", "/health")
ERRORS = {
    "400": "The body is not what the operation takes.",
    "401": "No key is shown, or none of ours.",
    "403": "The key's role may not ask for this; or no key is configured, and this is no caller "
    "on the machine itself.",
    "404": "There is no such customer on the as-of date, or no such address.",
    "413": "The body is too large.",
    "422": "The data breaks the contract: which table, column or feature, and how.",
    "429": "The key has asked too often; Retry-After says for how many seconds to wait.",
    "503": "There is no model yet, it took too long, or this process is ending: ask again.",
}
OURS = {"InvalidArgument", "NotFound", "InternalServerError", "TaskStatusResponse"}


def described(spec: Mapping[str, Any]) -> dict[str, Any]:
    """BentoML's document in the version that its schemas are in, with our errors and examples."""
    spec = _nullable(spec)
    schemas = {n: s for n, s in spec["components"]["schemas"].items() if n not in OURS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Churn predictions with reasons",
            "description": WHAT,
            "version": VERSION,
        },
        "servers": spec["servers"],
        "paths": {p: _path(p, item) for p, item in spec["paths"].items() if p != "/metrics"},
        "components": {
            "schemas": schemas | {"Problem": Problem.model_json_schema()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}, {}],
    }


def _path(path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    if "post" not in item:
        return dict(item)
    post = {k: v for k, v in item["post"].items() if k != "x-bentoml-name"}
    kept = {str(k): v for k, v in post["responses"].items() if str(k) == "200"}
    post["responses"] = kept | {status: _problem(words) for status, words in ERRORS.items()}
    if path in EXAMPLES:
        post["parameters"] = [*post.get("parameters", ()), *PARAMETERS]
        post["requestBody"]["content"][JSON]["example"] = EXAMPLES[path]
    if path in READ:
        return {"get": {k: v for k, v in post.items() if k != "requestBody"}}
    return {"post": post}


def _problem(words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _nullable(said: Any) -> Any:
    """What is null by default may be null: BentoML leaves that out."""
    if isinstance(said, list):
        return [_nullable(part) for part in said]
    if not isinstance(said, dict):
        return said
    whole = {name: _nullable(part) for name, part in said.items()}
    if whole.get("default", ...) is None and isinstance(whole.get("type"), str):
        whole["type"] = [whole["type"], "null"]
    return whole
