"""The simulated venues at their ports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.wire.wired import Wired, wired


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Wired]:
    with wired(tmp_path) as one:
        yield one
