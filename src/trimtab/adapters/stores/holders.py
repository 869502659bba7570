"""Who holds a lease: a process named so that neither a reused pid nor another machine is mistaken for it."""

import os
import socket
from functools import cache
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")


def this_process() -> str:
    """This process as a holder: `host:pid:start`, where start tells it from any other process with the same pid."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}"


def is_dead(holder: str) -> bool:
    """Whether the holder certainly lives no more: a process of this host that is gone, or another under its pid.

    Whoever cannot be looked at (another host or container, an earlier boot, a system without /proc) is not
    dead: its lease ends when it expires.
    """
    host, _, process = holder.partition(":")
    pid, _, start = process.partition(":")
    ticks, _, place = start.partition("@")
    if host != socket.gethostname() or not pid.isdigit() or not place or place != _place():
        return False
    return _ticks(int(pid)) != ticks


def _start(pid: int) -> str:
    return f"{_ticks(pid)}@{_place()}"


@cache
def _place() -> str:
    """Where pids mean what they mean here: one boot of one kernel, one pid namespace. Empty: cannot be known."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = str((PROC / "self/ns/pid").readlink()).strip("pid:[]")
    except OSError:
        return ""
    return f"{boot[:8]}.{namespace}"


def _ticks(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty if it is gone, or dead and not yet reaped."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # The name before it may hold spaces and brackets.
    return "" if fields[0] in "ZX" else fields[19]
