"""Rules that hold for every test: no network beyond this machine, and in CI no test is skipped for want of a part."""

import ipaddress
import os
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"

settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("person", deadline=None)
settings.load_profile("ci" if IN_CI else "person")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference vectors and recorded data, which a stranger's clone does not have."""
    folder = ROOT / os.environ.get("TRIMTAB_SHARED", "../shared")
    if not folder.is_dir():
        pytest.skip(f"no reference vectors at {folder}; TRIMTAB_SHARED says where they are")
    return folder


@pytest.fixture(autouse=True, scope="session")
def stay_on_this_machine() -> Generator[None]:
    """Fail whatever connects or resolves beyond loopback. The failure is no Exception, so that no retry hides it."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        refuse_elsewhere(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        refuse_elsewhere(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        refuse_elsewhere(socket.AF_INET, (host,))
        return getaddrinfo(host, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def refuse_elsewhere(family: int, address: Any) -> None:
    """Fail the test unless the address is on this machine."""
    if family in (socket.AF_INET, socket.AF_INET6) and not is_here(address[0]):
        pytest.fail(f"a test reached for the network: {address}")


def is_here(host: str | bytes | None) -> bool:
    """Whether a host is this machine by its own name for itself."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one, but for want of the shared folder."""
    report = yield
    waits_for_shared = "shared" in getattr(item, "fixturenames", ()) and "TRIMTAB_SHARED" in str(report.longrepr)
    if IN_CI and report.skipped and not hasattr(report, "wasxfail") and not waits_for_shared:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where nothing may be missing: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a module that skips itself while it is collected is a failure too."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped in CI, where nothing may be missing: {report.longrepr}"
    return report
