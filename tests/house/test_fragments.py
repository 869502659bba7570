"""Each change leaves a fragment in changelog.d that the next release gathers into CHANGELOG.md."""

import re

from tests.house.source import ROOT


def test_every_fragment_is_named_plainly_and_holds_whole_sentences() -> None:
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [path.name for path in fragments if not re.fullmatch(r"[a-z0-9-]+\.md", path.name)] == []
    assert [path.name for path in fragments if not is_well_formed(path.read_text())] == []


def is_well_formed(text: str) -> bool:
    """Sentences, or a list of them, from a capital letter or a name of the code to a full stop."""
    return re.fullmatch(r"(- )?[A-Z`].*\.\n", text, re.DOTALL) is not None
