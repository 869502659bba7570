"""One fund's file, checked as a whole: TOML in, frozen Settings out, or every mistake at once.

The file holds no secret. Relative paths in it are relative to the file.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trimtab import reading, units
from trimtab.adapters.secrets import references
from trimtab.model.policy import Policy
from trimtab.settings import law
from trimtab.settings.shape import AccountSection, ClockSource, FundFile, FundSection, VenueKind, VenueSection

SQLITE: Final = "sqlite:///"


@dataclass(frozen=True)
class VenueSettings:
    """How one venue is reached: its kind, and for a simulated one the file of its world."""

    id: str
    kind: VenueKind
    world: Path


@dataclass(frozen=True)
class KeyReference:
    """Where an account's key is (`env:NAME`, `file:PATH`), never the key."""

    account: str
    reference: str


@dataclass(frozen=True)
class Settings:
    """Everything a fund's file says: the law that cycles are judged by, and how the world is reached.

    `path` is the file; `folder` is what relative references are relative to. Tuples are sorted by id.
    """

    path: Path
    policy: Policy
    store: Path
    seals: Path
    clock: ClockSource
    venues: tuple[VenueSettings, ...]
    keys: tuple[KeyReference, ...]

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent


@units.under_context
def load(path: Path) -> Settings:
    """Read and check a fund's file.

    Raises reading.Mistakes, a ValueError that lists everything that is wrong, each with its path in the file
    and what would be right.
    """
    raw = _parsed(path)
    mistakes: list[str] = []
    found = reading.fields(reading.shape_of(FundFile), raw, "", mistakes)
    mistakes.extend(law.faults(found, raw))
    mistakes.extend(_places(found, path.parent))
    if mistakes:
        raise reading.Mistakes(str(path), mistakes)
    return _settings(path, FundFile(**found))


def _settings(path: Path, file: FundFile) -> Settings:
    folder = path.parent
    return Settings(
        path=path,
        policy=law.policy(file),
        store=_store(file.fund, folder),
        seals=folder / file.fund.seals,
        clock=file.clock.source,
        venues=tuple(
            VenueSettings(id=name, kind=venue.kind, world=folder / venue.world)
            for name, venue in sorted(file.venues.items())
        ),
        keys=tuple(
            KeyReference(account=name, reference=account.key)
            for name, account in sorted(file.accounts.items())
            if account.key is not None
        ),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin a file with a byte order mark.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        raise reading.Mistakes(str(path), ["there is no such file; `trimtab init` writes one"]) from None
    except OSError as error:
        raise reading.Mistakes(str(path), [f"cannot be read: {error.strerror}"]) from None
    except ValueError as error:  # Also what is not UTF-8, and integers that Python refuses to read.
        raise reading.Mistakes(str(path), [_plainly(str(error))]) from None


def _plainly(message: str) -> str:
    """A parser's complaint in the words of the file: its line first, and a table named twice as `accounts.main`."""
    match = re.fullmatch(r"(.*) \((?:at (line \d+), column \d+|at end of document)\)", message, re.DOTALL)
    said, where = (match[1], match[2] or "end of the file") if match else (message, "somewhere")
    twice = re.match(r"Cannot (?:declare|overwrite|mutate).*?\((.*)\)|Cannot overwrite a value", said)
    if twice is None:
        return f"{where}: not TOML: {said}"
    names = re.findall(r"'([^']*)'", twice[1] or "")
    name = ".".join(names) if names else "a key"
    return f"{where}: {name} is declared twice; give the second one its own name or remove it"


def _places(found: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What the file points to must be there: worlds, key files, the ledger's folder."""
    yield from _stores(found.get("fund"), folder)
    venues: dict[str, VenueSection] = found.get("venues", {})
    for name, venue in venues.items():
        if not (folder / venue.world).is_file():
            yield f"venues.{name}.world: there is no file {folder / venue.world}"
    worlds = sorted({venue.world for venue in venues.values()})
    if found["clock"].source is ClockSource.SIM and len(worlds) > 1:
        yield f"clock.source: sim follows one world, but the venues live in {' and '.join(worlds)}; name one"
    accounts: dict[str, AccountSection] = found.get("accounts", {})
    for name, account in accounts.items():
        yield from _key(name, account, folder)


def _stores(fund: FundSection | None, folder: Path) -> Iterator[str]:
    if fund is None:
        return
    if fund.store and not (fund.store.startswith(SQLITE) and len(fund.store) > len(SQLITE)):
        yield 'fund.store: must be a file such as "sqlite:///fund.db"'
    elif not _store(fund, folder).parent.is_dir():
        yield f"fund.store: there is no folder {_store(fund, folder).parent}"


def _store(fund: FundSection, folder: Path) -> Path:
    """As in SQLAlchemy's URLs, three slashes are a relative path and four an absolute one."""
    return folder / (fund.store.removeprefix(SQLITE) or f"{fund.id}.db")


def _key(name: str, account: AccountSection, folder: Path) -> Iterator[str]:
    if account.key is None:
        return
    try:
        references.check(account.key, folder)
    except ValueError as error:
        yield f"accounts.{name}.key: {error}"
