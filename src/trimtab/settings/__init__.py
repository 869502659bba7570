"""One fund's file, checked as a whole: TOML in, frozen Settings out, or every mistake at once.

The file holds no secret. Relative paths in it are relative to the file.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trimtab import reading, units
from trimtab.adapters.secrets import references
from trimtab.model.policy import Policy
from trimtab.settings import law, slips
from trimtab.settings.shape import (
    AccountSection,
    ClockSection,
    ClockSource,
    FundFile,
    FundSection,
    VenueKind,
    VenueSection,
)

SQLITE: Final = "sqlite:///"


@dataclass(frozen=True)
class Wire:
    """A simulator in place of a real exchange: its port on this machine, and whom to trust there."""

    port: int
    ca: Path


@dataclass(frozen=True)
class VenueSettings:
    """How one venue is reached: its kind, for a paper one the file of its world, for another a simulator's wire.

    `unproven`: it is traded on although nothing was ever run against it.
    """

    id: str
    kind: VenueKind
    world: Path
    wire: Wire | None = None
    unproven: bool = False

    @property
    def simulated(self) -> bool:
        """Whether no real money can be moved there."""
        return self.kind is VenueKind.PAPER or self.wire is not None


@dataclass(frozen=True)
class KeyReference:
    """Where an account's key is (`env:NAME`, `file:PATH`), never the key; and its secret, where it has one.

    `mover` is where the key and the secret are by which money leaves, if not by this key.
    """

    account: str
    reference: str
    secret: str | None = None
    mover: tuple[str, str] | None = None


@dataclass(frozen=True)
class Settings:
    """Everything a fund's file says: the law that cycles are judged by, and how the world is reached.

    `path` is the file; `folder` is what relative references are relative to; `world` is the one whose time a clock of
    source sim tells. Tuples are sorted by id.
    """

    path: Path
    policy: Policy
    store: Path
    seals: Path
    clock: ClockSource
    world: Path
    venues: tuple[VenueSettings, ...]
    keys: tuple[KeyReference, ...]

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent


def load(path: Path) -> Settings:
    """Read and check a fund's file.

    Raises reading.Mistakes, a ValueError that lists everything that is wrong, each with its path in the file
    and what would be right.
    """
    return _load(path, _places)


def load_record(path: Path) -> Settings:
    """The same for whoever only reads the ledger, as an auditor does: no key and no venue need be there."""
    return _load(path, _recorded)


@units.under_context
def _load(path: Path, places: Callable[[Mapping[str, Any], Path], Iterator[str]]) -> Settings:
    raw = _parsed(path)
    mistakes: list[str] = []
    found = reading.fields(reading.shape_of(FundFile), raw, "", mistakes)
    mistakes.extend(law.faults(found, raw))
    mistakes.extend(places(found, path.parent))
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
        world=folder / (_worlds(file.clock, file.venues) or [""])[0],
        venues=tuple(
            VenueSettings(name, venue.kind, folder / venue.world, _wire(name, file, folder), venue.unproven)
            for name, venue in sorted(file.venues.items())
        ),
        keys=tuple(
            KeyReference(name, account.key, account.secret, _mover(account))
            for name, account in sorted(file.accounts.items())
            if account.key is not None
        ),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin a file with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise reading.Mistakes(str(path), ["there is no such file; `trimtab init` writes one"]) from None
    except IsADirectoryError:
        raise reading.Mistakes(str(path), [f"is a folder; name the file in it: {path / 'fund.toml'}"]) from None
    except OSError as error:
        raise reading.Mistakes(str(path), [f"cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise reading.Mistakes(str(path), [f"somewhere: not TOML: {error}"]) from None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:  # Also integers that Python refuses to read.
        raise reading.Mistakes(str(path), [_plainly(str(error), text)]) from None


def _plainly(message: str, text: str) -> str:
    """A parser's complaint in the words of the file: its line first, what would be right, and no doubled names."""
    match = re.fullmatch(r"(.*) \((?:at (line \d+), column \d+|at end of document)\)", message, re.DOTALL)
    said, where = (match[1], match[2] or "end of the file") if match else (message, "somewhere")
    twice = re.match(r"Cannot (?:declare|overwrite|mutate).*?\((.*)\)|Cannot overwrite a value", said)
    if twice is None:
        return f"{where}: not TOML: {_meant(said, where, text) or said}"
    names = re.findall(r"'([^']*)'", twice[1] or "")
    name = ".".join(names) if names else "a key"
    return f"{where}: {name} is declared twice; give the second one its own name or remove it"


def _meant(said: str, where: str, text: str) -> str:
    """What would be right at a place in the file."""
    number = where.removeprefix("line ")
    lines = text.split("\n")
    line = lines[int(number) - 1] if number.isdecimal() and int(number) <= len(lines) else ""
    return slips.unclosed(said) or (slips.right(line) if line else "")


def _places(found: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """What the file points to must be there: worlds, key files, the ledger's folder."""
    yield from _stores(found.get("fund"), folder)
    venues: dict[str, VenueSection] = found.get("venues", {})
    worlds = {v.world: f"venues.{name}.world" for name, v in reversed(venues.items()) if v.kind is VenueKind.PAPER}
    for world, place in reversed(worlds.items()):
        yield from _world(place, folder / world)
    yield from _time(found["clock"], venues, folder)
    accounts: dict[str, AccountSection] = found.get("accounts", {})
    for name, account in accounts.items():
        if account.wire is not None and not (folder / account.wire.ca).is_file():
            made = "`trimtab sim` makes it, and the keys"
            yield f"accounts.{name}.wire.ca: there is no file {folder / account.wire.ca}; {made}"
            continue
        yield from _key(f"accounts.{name}.key", account.key, folder)
        yield from _key(f"accounts.{name}.secret", account.secret, folder)
        yield from _moving(name, account, folder)
        yield from _shared(name, accounts, folder)


def _world(place: str, path: Path) -> Iterator[str]:
    """A world that is no TOML is told here as the fund's own file is; what it means is the simulator's to read."""
    if not path.is_file():
        yield f"{place}: there is no file {path}"
        return
    try:
        _parsed(path)
    except reading.Mistakes as mistakes:
        yield from (f"{place}: {path.name}, {told}" for told in mistakes.found)


def _mover(account: AccountSection) -> tuple[str, str] | None:
    return None if account.withdraw is None else (account.withdraw.key, account.withdraw.secret)


def _moving(name: str, account: AccountSection, folder: Path) -> Iterator[str]:
    """A key for sending money out is another than the one that trades, or it would protect nothing."""
    if account.withdraw is None:
        return
    path = f"accounts.{name}.withdraw"
    yield from _key(f"{path}.key", account.withdraw.key, folder)
    yield from _key(f"{path}.secret", account.withdraw.secret, folder)
    key = _resolved(account.withdraw.key, folder)
    if key is not None and key == _resolved(account.key, folder):
        yield f"{path}.key: is the key that trades; make one that may only send money out"


def _shared(name: str, accounts: Mapping[str, AccountSection], folder: Path) -> Iterator[str]:
    """One key is one account at its venue: two of ours behind it would count the same money twice."""
    for other in sorted(accounts):
        if other == name:
            return
        mine, theirs = accounts[name], accounts[other]
        key = _resolved(mine.key, folder) if mine.secret and mine.venue == theirs.venue else None
        if key is not None and key == _resolved(theirs.key, folder):
            yield f"accounts.{name}.key: is that of {other}, whose money would count twice; give it a key of its own"


def _resolved(reference: str | None, folder: Path) -> str | None:
    try:
        return None if reference is None else references.resolve(reference, folder)
    except ValueError:
        return None


def _time(clock: ClockSection, venues: Mapping[str, VenueSection], folder: Path) -> Iterator[str]:
    if clock.source is not ClockSource.SIM:
        return
    worlds = _worlds(clock, venues)
    if len(worlds) > 1:
        yield f"clock.source: sim follows one world, but the venues live in {' and '.join(worlds)}; name one"
    elif not worlds:
        yield "clock.world: missing; with source sim and no paper venue, say whose time it is"
    elif not (folder / worlds[0]).is_file():
        yield f"clock.world: there is no file {folder / worlds[0]}"


def _worlds(clock: ClockSection, venues: Mapping[str, VenueSection]) -> list[str]:
    """The worlds whose time the fund may live by; of a fund without faults there is one at most."""
    papers = {venue.world for venue in venues.values() if venue.kind is VenueKind.PAPER}
    return [clock.world] if clock.world else sorted(papers)


def _wire(name: str, file: FundFile, folder: Path) -> Wire | None:
    told = next((a.wire for a in file.accounts.values() if a.venue == name), None)
    return None if told is None else Wire(int(told.connect.rpartition(":")[2]), folder / told.ca)


def _recorded(found: Mapping[str, Any], folder: Path) -> Iterator[str]:
    yield from _stores(found.get("fund"), folder)


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


def _key(place: str, reference: str | None, folder: Path) -> Iterator[str]:
    if reference is None:
        return
    try:
        references.check(reference, folder)
    except ValueError as error:
        yield f"{place}: {error}"
