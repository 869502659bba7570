"""Killed while writing: whatever was acknowledged is there, the chain holds, and the next process goes on."""

import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.ledgers import faults
from trimtab.adapters.stores.holders import this_process
from trimtab.adapters.stores.sqlite import open_store

WRITING = """
import sys
from pathlib import Path
from trimtab.adapters.stores.holders import this_process
from trimtab.adapters.stores.sqlite import open_store
from tests.ledgers import tick

store = open_store(Path(sys.argv[1]), "alpha")
lease = store.acquire("cycle", this_process(), 3600)
for n in range(int(sys.argv[2]), 1_000_000):
    written = store.append([tick(n)] * (1 + n % 7), lease)
    print(written[-1].seq, written[-1].hash, flush=True)
"""

ROOT = Path(__file__).parents[3]


def write_until_killed(path: Path, acknowledgements: int) -> dict[int, str]:
    """Start a writer, let it acknowledge so many commits, kill it in the middle of whatever it does next."""
    command = [sys.executable, "-c", WRITING, str(path), str(acknowledgements)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(acknowledgements)]
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.read().splitlines(keepends=True)
    return {int(line.split()[0]): line.split()[1] for line in said if line.endswith("\n")}


@pytest.mark.parametrize("kill", range(8))
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path, kill: int) -> None:
    path = tmp_path / "alpha.db"
    chosen = random.Random(kill)
    acknowledged: dict[int, str] = {}
    for _ in range(2):
        acknowledged |= write_until_killed(path, chosen.randint(1, 200))

    with closing(open_store(path, "alpha")) as store:
        stored = {entry.seq: entry.hash for entry in store.entries()}
        assert faults(store) == []
        assert acknowledged
        assert acknowledged.items() <= stored.items()
        assert store.acquire("cycle", this_process(), 30).epoch == 3
