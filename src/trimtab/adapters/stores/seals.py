"""Seals kept in a file beside the store, one a line, oldest first (D35)."""

import os
from pathlib import Path

from trimtab.ports import Unavailable
from trimtab.record import seal


class SealFile:
    """A witness that appends to one file. Copy the file elsewhere: beside the store it shares the store's fate."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, text: str) -> None:
        """Write one seal and wait until the disk has it. Raises ValueError for what is no seal, Unavailable."""
        seal.parse(text)
        try:
            _append(self.path, text.strip())
        except OSError as error:
            raise Unavailable(f"{self.path}: the seal {text.strip()} cannot be written: {error}") from error

    def kept(self) -> tuple[str, ...]:
        """The lines of the file, oldest first; none where there is no file. A line cut short by a crash is kept too."""
        try:
            return tuple(line for line in self.path.read_text().splitlines() if line)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Unavailable(f"{self.path}: the seals cannot be read: {error}") from error


def _append(path: Path, line: str) -> None:
    new = not path.exists()
    with path.open("a+b", buffering=0) as file:
        file.write(_end_of_line(file.seek(0, os.SEEK_END), path) + line.encode() + b"\n")
        os.fsync(file.fileno())
    if new:
        _sync_folder(path.parent)


def _end_of_line(size: int, path: Path) -> bytes:
    """What ends a last line that a crash cut short, so that the next seal stands on its own line."""
    if not size:
        return b""
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"" if file.read(1) == b"\n" else b"\n"


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
