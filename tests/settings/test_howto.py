"""The howto page says what the code does."""

import re
from pathlib import Path

import pytest

from tests.fundfile import load
from trimtab.settings import law
from trimtab.settings.schema import schema

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "fund-file.md").read_text(encoding="utf-8")
KEYS = sorted(
    {
        key
        for name, section in schema()["$defs"].items()
        if name.endswith("Section")
        for key in section.get("properties", {})
    }
)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_on_the_page(key: str) -> None:
    assert re.search(rf"\b{key}\b", PAGE)


@pytest.mark.parametrize("table", list(schema()["$defs"]["FundFile"]["properties"]))
def test_every_table_is_on_the_page(table: str) -> None:
    assert re.search(rf"`\[+{table}\b", PAGE)


def test_every_kind_of_clause_is_on_the_page() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE.partition("## Clauses")[2], re.MULTILINE)

    assert rows == sorted(law.RULES)


def test_the_shortest_fund_of_the_page_loads(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("")
    example = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert example is not None
    assert load(tmp_path, example[1]).policy.fund == "alpha"
