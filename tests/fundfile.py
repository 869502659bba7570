"""A fund's file for tests: the shortest good one, and what a changed one means."""

from pathlib import Path

import pytest

from trimtab import settings
from trimtab.reading import Mistakes

GOOD = """
[fund]
id = "alpha"

[venues.north]
kind = "paper"

[accounts.main]
venue = "north"

[assets]
BTC = 8
USDT = 6

[targets.weights]
BTC = "0.6"
USDT = 0.4
"""


def load(folder: Path, text: str) -> settings.Settings:
    """The settings of a file with this text."""
    (folder / "fund.toml").write_text(text)
    return settings.load(folder / "fund.toml")


def mistakes(folder: Path, text: str) -> tuple[str, ...]:
    """Everything that is wrong with a file."""
    with pytest.raises(Mistakes) as caught:
        load(folder, text)
    return caught.value.found
