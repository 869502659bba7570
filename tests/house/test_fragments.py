"""Each change leaves a fragment in changelog.d that the next release gathers into CHANGELOG.md."""

import re

from tests.house.source import ROOT

KINDS = ("added", "changed", "fixed", "removed", "security")


def test_every_fragment_has_a_kind_in_its_name_and_whole_sentences_in_it() -> None:
    fragments = sorted(path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md")
    named = re.compile(rf"[a-z0-9-]+\.({'|'.join(KINDS)})\.md")
    assert [path.name for path in fragments if not named.fullmatch(path.name)] == []
    assert [path.name for path in fragments if not re.fullmatch(r"[A-Z`].*[.]\n", path.read_text(), re.DOTALL)] == []
