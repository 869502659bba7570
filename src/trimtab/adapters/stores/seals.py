"""Seals kept in a file beside the store, one a line, oldest first (D35)."""

import fcntl
import os
from pathlib import Path

from trimtab.ports import Unavailable
from trimtab.record import seal


class SealFile:
    """A witness that appends to one file. Copy the file elsewhere: beside the store it shares the store's fate."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, text: str) -> None:
        """Write one seal, unless a later one covers it, and wait until the disk has it.

        Raises ValueError for what is no seal, Unavailable.
        """
        seal.parse(text)
        try:
            _append(self.path, text.strip())
        except OSError as error:
            raise Unavailable(f"{self.path}: the seal {text.strip()} cannot be written: {error}") from error

    def kept(self) -> tuple[str, ...]:
        """The lines of the file, oldest first; none where there is no file. A line cut short by a crash is kept too."""
        try:
            return tuple(_lines(self.path.read_bytes()))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Unavailable(f"{self.path}: the seals cannot be read: {error}") from error


def _append(path: Path, line: str) -> None:
    new = not path.exists()
    with path.open("a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # A lever is sealed beside a cycle; the lines stay in the ledger's order.
        file.seek(0)
        before = file.read() or b""
        last = seal.newest(_lines(before))
        if last is not None and seal.parse(last)[0] >= seal.parse(line)[0]:
            return
        # A last line that a crash cut short is ended first, so that this one stands on its own.
        file.write((b"\n" if before and not before.endswith(b"\n") else b"") + line.encode() + b"\n")
        os.fsync(file.fileno())
    if new:
        _sync_folder(path.parent)


def _lines(raw: bytes) -> list[str]:
    return raw.decode(errors="replace").splitlines()


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
