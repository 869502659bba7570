"""The howto page says what the code does."""

import re
from pathlib import Path

import pytest

from tests.scenarios.funds import change, on
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


def test_the_shortest_fund_of_the_page_plans_and_runs_as_it_is_written(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    for name, text in zip(("fund.toml", "paper.toml"), examples[:2], strict=True):
        (tmp_path / name).write_text(text)
    planned = on(tmp_path / "fund.toml", "plan")
    assert planned.code == 0, planned.err
    assert "Rebalance (drift)" in planned.out
    change(tmp_path / "paper.toml", {"speed = 30": "speed = 0"})
    (tmp_path / "paper.sqlite").unlink()
    assert on(tmp_path / "fund.toml", "run", "--yes").code == 0
