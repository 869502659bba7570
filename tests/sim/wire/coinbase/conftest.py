"""A simulated Coinbase that is asked directly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.wire.coinbase.coinbases import Client, write


@pytest.fixture
def east(tmp_path: Path) -> Iterator[Client]:
    client = Client(write(tmp_path))
    yield client
    client.close()
