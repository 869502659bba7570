"""Turns a reference (`env:NAME`, `file:PATH`) into the secret it names.

No secret is ever in a noun, a message or an exception; a reference that is not one may be a secret that was
pasted by mistake, so it is not repeated either.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SCHEMES: Final = ("env", "file")
MODE: Final = 0o600


def check(reference: str, folder: Path) -> None:
    """Refuse a reference that cannot be resolved now, without keeping what it names.

    Raises ValueError saying what would be right: an unset variable, a missing file, a file that others may read.
    """
    resolve(reference, folder)


def resolve(reference: str, folder: Path) -> str:
    """The secret that a reference names; a relative path is relative to `folder`.

    A file must be ours alone (mode 0600) and loses its trailing newline. Raises ValueError, which names the
    reference and never the secret.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env" and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", rest):
        return _from_environment(rest)
    if scheme == "file" and rest:
        return _from_file(folder / Path(rest).expanduser())
    raise ValueError('not a reference; write "env:NAME" or "file:PATH", never the secret itself')


def _from_environment(name: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise ValueError(f"the environment variable {name} is not set; export it before you start trimtab")
    return secret


def _from_file(path: Path) -> str:
    with _opened(path) as handle:
        _refuse_strangers(path, os.fstat(handle))
        raw = os.read(handle, 1 << 16)
    secret = raw.decode(errors="replace").removesuffix("\n").removesuffix("\r")
    if "\ufffd" in secret:  # A strict decoder's error would carry the bytes.
        raise ValueError(f"the key file {path} is not UTF-8 text")
    if not secret:
        raise ValueError(f"the key file {path} is empty")
    return secret


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ValueError(f"there is no key file {path}; create it with mode 0600") from None
    except OSError as error:
        raise ValueError(f"the key file {path} cannot be opened: {error.strerror}") from None
    try:
        yield handle
    finally:
        os.close(handle)


def _refuse_strangers(path: Path, found: os.stat_result) -> None:
    """Judged on the open file, so that nobody can swap it between the question and the reading."""
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"the key file {path} is not a regular file")
    mode = stat.S_IMODE(found.st_mode)
    if mode != MODE:
        raise ValueError(f"the key file {path} has mode {mode:04o}, must be 0600; run: chmod 600 {path}")
    if found.st_uid != os.geteuid():
        raise ValueError(f"the key file {path} belongs to user {found.st_uid}, must belong to {os.geteuid()}")
