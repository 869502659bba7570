"""The rules of the suite hold: no network beyond this machine, and nothing skipped in CI."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
SUITE = """
import pytest

def test_that_skips():
    pytest.skip("no database here")

@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_expected_to_fail():
    raise ValueError

def test_that_reads_vectors(shared):
    pass
"""


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("trimtab.invalid", 80)])
def test_a_connection_beyond_this_machine_fails_the_test(address: tuple[str, int]) -> None:
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        socket.create_connection(address, timeout=1)


def test_a_connection_on_this_machine_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(("ci", "closing"), [("true", "1 failed, 1 skipped, 1 xfailed"), ("", "2 skipped, 1 xfailed")])
def test_in_ci_only_missing_vectors_may_skip_a_test(tmp_path: Path, ci: str, closing: str) -> None:
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_suite.py").write_text(SUITE)
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=tmp_path,
        env=os.environ | {"CI": ci, "TRIMTAB_SHARED": "nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert closing in said.stdout
