"""The JSON Schema for editors is the shape of the file, and the published copy is current.

To publish a new one: TRIMTAB_GOLDEN=write pytest tests/settings/test_schema.py.
"""

import json
import os
from pathlib import Path

from trimtab.settings.schema import schema, text

PUBLISHED = Path(__file__).parents[2] / "docs" / "fund.schema.json"


def test_the_published_schema_is_current() -> None:
    if os.environ.get("TRIMTAB_GOLDEN") == "write":
        PUBLISHED.write_text(text())

    assert PUBLISHED.read_text() == text()


def test_unknown_keys_are_refused_in_every_section() -> None:
    sections = [d for d in schema()["$defs"].values() if d.get("type") == "object"]

    assert sections
    assert all(section["additionalProperties"] is False for section in sections)


def test_numbers_may_be_strings_or_literals() -> None:
    weight = schema()["$defs"]["WeightSection"]["properties"]["weight"]

    assert weight == {"description": "Share of NAV.", "type": ["string", "number"]}


def test_there_is_no_null_because_toml_has_none() -> None:
    assert "null" not in json.dumps(schema())


def test_every_key_is_described() -> None:
    undescribed = {
        (name, key)
        for name, section in schema()["$defs"].items()
        for key, value in section.get("properties", {}).items()
        if name.endswith("Section") and "description" not in value and "$ref" not in value
    }

    assert undescribed <= {("AccountSection", "keep"), ("MandateSection", "clause"), ("TargetsSection", "weights")} | {
        (name, "kind") for name in ("ThresholdSection", "PeriodicSection", "HybridSection")
    }
