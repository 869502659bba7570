"""Holders: a process is told from its pid's next owner, and nobody is called dead who cannot be looked at."""

import os
import subprocess
import sys

from tests.ledgers import dead_process
from trimtab.adapters.stores.holders import is_dead, this_process


def altered(part: int, text: str) -> str:
    """This process's holder with one of its parts (host, pid, start) replaced."""
    parts = this_process().split(":")
    parts[part] = text
    return ":".join(parts)


def test_this_process_lives_and_is_always_named_alike() -> None:
    assert not is_dead(this_process())
    assert this_process() == this_process()
    assert this_process().split(":")[1] == str(os.getpid())


def test_a_process_that_ended_is_dead() -> None:
    assert is_dead(dead_process())


def test_a_killed_process_is_dead_before_its_parent_has_noticed() -> None:
    said = "from trimtab.adapters.stores.holders import this_process; print(this_process(), flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    holder = child.stdout.readline().strip()
    alive = is_dead(holder)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert (alive, is_dead(holder)) == (False, True)
    child.communicate()


def test_another_process_under_the_same_pid_does_not_keep_the_lease() -> None:
    start = this_process().split(":")[2]
    ticks, place = start.split("@")

    assert is_dead(altered(2, f"{int(ticks) - 1}@{place}"))


def test_a_process_of_another_host_is_not_called_dead() -> None:
    assert not is_dead(altered(0, "elsewhere").replace(f":{os.getpid()}:", ":999999999:"))


def test_a_process_of_another_boot_or_container_is_not_called_dead() -> None:
    assert not is_dead(altered(2, "1@00000000.1"))


def test_a_holder_in_other_words_is_not_called_dead() -> None:
    assert not any(
        is_dead(holder) for holder in ("", "Ann", "vm:12", altered(1, "x"), altered(2, "1@"), altered(2, "1"))
    )
