"""The JSON Schema of `fund.toml`, for editors that complete and check TOML."""

import json
from typing import Any

import msgspec

from trimtab.settings.shape import FundFile

NUMBER = {"type": ["string", "number"]}
"""A decimal: TOML's own numbers are read by their text, so both forms are exact."""


def schema() -> dict[str, Any]:
    """The schema of the whole file, derived from its shape (unknown keys refused, descriptions included)."""
    made = json.loads(json.dumps(msgspec.json.schema(FundFile), default=str))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "trimtab fund"}
    plain: dict[str, Any] = _as_toml(made)
    return {**head, **plain}


def text() -> str:
    """The schema as it is published: indented, keys sorted, one newline at the end."""
    return json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _as_toml(node: Any) -> Any:
    """TOML has no null, and its numbers are decimals."""
    if isinstance(node, list):
        return [_as_toml(item) for item in node if item != {"type": "null"}]
    if not isinstance(node, dict):
        return node
    kept = {key: _as_toml(item) for key, item in node.items() if item is not None}
    if kept.get("format") == "decimal":
        kept = {**{key: item for key, item in kept.items() if key != "format"}, **NUMBER}
    options = kept.get("anyOf", ())
    if len(options) == 1:
        kept = {**{key: item for key, item in kept.items() if key != "anyOf"}, **options[0], **_own_words(kept)}
    return kept


def _own_words(node: dict[str, Any]) -> dict[str, Any]:
    """A key's own description stands before that of the type it refers to."""
    return {key: node[key] for key in ("description",) if key in node}
