"""The documents stay what they promise to be."""

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT

PAGES = [path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text())
    paths = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))]
    assert [link for link in paths if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_a_decision_is_one_short_page() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in decisions]
    assert len(set(numbers)) == len(numbers)
    assert [path.name for path in decisions if path.read_text().count("\n") > 40] == []
