"""A simulated world as its file tells it: assets, venues, accounts, fees, networks and the faults that tests need."""

import hmac
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from trimtab.model.assets import Asset, FeeTerms, Filters, Instrument, Listing, TakenFrom
from trimtab.model.canonical import Noun
from trimtab.reading import Mistakes, read, shape_of
from trimtab.sim import gates, rules
from trimtab.sim.gates import Limits
from trimtab.sim.rules import ALL_RIGHTS, Member, Network, Right, Rules

OWNER: Final = "fund"
"""Who owns the accounts that name no owner."""


class TapeKind(StrEnum):
    """Where prices come from."""

    GENERATOR = "generator"
    CANDLES = "candles"
    L2 = "l2"


class TapeSource(Noun, frozen=True, kw_only=True):
    """Where prices come from. `files` are relative to the world's file; `unit` is what everything is priced in.

    A generator lives for `days` from the world's start.
    """

    kind: TapeKind = TapeKind.GENERATOR
    seed: str = "1"
    files: tuple[str, ...] = ()
    unit: str = "USDT"
    days: int = 3650
    correlation: Decimal = Decimal("0.6")


class WorldAsset(Noun, frozen=True, kw_only=True):
    """An asset: its decimals, for the generator its price at the start and yearly volatility, and its books' shape.

    `depth` is a multiple of the calibrated book's.
    """

    id: str
    decimals: int
    price: Decimal = Decimal(1)
    volatility: Decimal = Decimal(0)
    half_spread_bps: Decimal = Decimal(1)
    depth: Decimal = Decimal("0.5")


class Listed(Noun, frozen=True, kw_only=True):
    """A pair (`BTC/USDT`) listed at a venue, with its filters; its book's shape where it differs from the assets'.

    It is halted from `halted_from` (for ever, or until `halted_until`), and not listed any more from `vanishes_at`.
    """

    id: str
    filters: Filters
    half_spread_bps: Decimal | None = None
    depth: Decimal | None = None
    halted_from: datetime | None = None
    halted_until: datetime | None = None
    vanishes_at: datetime | None = None


class Opening(Noun, frozen=True, kw_only=True):
    """What an account holds of an asset when the world begins."""

    asset: str
    amount: Decimal


class WorldAccount(Noun, frozen=True, kw_only=True):
    """An account with what it holds at first. Its id is unique in the whole world.

    `key_hash` (see `hash_key`) makes the venue refuse whoever does not know the account's key. From
    `unreadable_from` (until `unreadable_until`) nothing about it can be read.
    """

    id: str
    owner: str = OWNER
    parent: str | None = None
    rights: tuple[Right, ...] = ALL_RIGHTS
    balances: tuple[Opening, ...] = ()
    key_hash: str = ""
    unreadable_from: datetime | None = None
    unreadable_until: datetime | None = None


class Fee(Noun, frozen=True, kw_only=True):
    """What trading costs: for one account or (None) all of the venue, on one pair or (None) all."""

    account: str | None = None
    pair: str | None = None
    maker_bps: Decimal
    taker_bps: Decimal
    taken_from: TakenFrom = TakenFrom.RECEIVED
    third: str | None = None
    discount: Decimal | None = None


class Faults(Noun, frozen=True, kw_only=True):
    """What goes wrong on purpose, counted over the orders that the venue took (0: never).

    The reply to every `lose_reply_every`-th order is lost after it was taken; every `delay_every`-th is accepted
    `delay_s` late, and its reply is lost too.
    """

    lose_reply_every: int = 0
    delay_every: int = 0
    delay_s: Decimal = Decimal(0)


class WorldVenue(Noun, frozen=True, kw_only=True):
    """A venue. Its own clock is market time; its window, retention and skew are what it promises (D25).

    `wire` is the protocol that `trimtab sim` serves it in: the id of a real exchange, or nothing. `limits` are what it
    lets its clients ask there; they decide nothing that happens in the world.
    """

    id: str
    wire: str = ""
    accounts: tuple[WorldAccount, ...]
    instruments: tuple[Listed, ...]
    fees: tuple[Fee, ...]
    accept_window_s: int = 0
    retention_s: int = 86_400
    skew_s: int = 0
    faults: Faults = Faults()
    limits: Limits = gates.USUAL


class WorldNetwork(Noun, frozen=True, kw_only=True):
    """A way for assets between venues, the same at each of them: its fee is in units of the asset."""

    id: str
    asset: str
    fee: Decimal
    minimum: Decimal = Decimal(0)
    sent_s: int = 0
    tradable_s: int = 0
    withdrawable_s: int = 0


class World(Noun, frozen=True, kw_only=True):
    """A whole simulated world: market time is `start` when it is made, and runs `speed` times as fast as the wall.

    Speed 0 is stepped by hand. Half of what we took out of a book is back after `recovery_s`.
    """

    start: datetime
    speed: Decimal = Decimal(1)
    recovery_s: Decimal = Decimal(60)
    tape: TapeSource = TapeSource()
    assets: tuple[WorldAsset, ...]
    venues: tuple[WorldVenue, ...]
    networks: tuple[WorldNetwork, ...] = ()


def decode(table: dict[str, Any], file: str) -> World:
    """A world from its parsed TOML (literals with a point read as Decimal). Raises Mistakes with every one."""
    mistakes: list[str] = []
    world = read(shape_of(World), table, "", mistakes)
    if not mistakes:
        mistakes.extend(_mistakes(world))
    if mistakes:
        raise Mistakes(file, mistakes)
    assert isinstance(world, World), "a world without mistakes was read"
    return world


def venue(world: World, name: str) -> WorldVenue:
    """A venue by its name. Raises ValueError for an unknown one."""
    for found in world.venues:
        if found.id == name:
            return found
    known = ", ".join(found.id for found in world.venues)
    raise ValueError(f"venues.{name}: the world has no such venue; it has {known}")


def rules_of(world: World, name: str, at: datetime, delay_s: float = 0) -> Rules:
    """A venue's rules as they are at an instant: what has vanished is not listed, what is halted says so."""
    place = venue(world, name)
    listed = (_instrument(name, pair, at) for pair in place.instruments)
    return Rules(
        venue=name,
        assets=tuple(Asset(id=asset.id, decimals=asset.decimals) for asset in world.assets),
        instruments=tuple(instrument for instrument in listed),
        members=tuple(Member(a.id, a.owner, a.parent, a.rights) for a in place.accounts),
        fees=tuple(_fees(place)),
        networks=tuple(
            Network(n.id, n.asset, n.fee, n.minimum, n.sent_s, n.tradable_s, n.withdrawable_s) for n in world.networks
        ),
        delay_s=delay_s,
        retention_s=place.retention_s,
    )


def address(account: str, asset: str, network: str) -> str:
    """Where an account of a simulated world receives an asset on a network."""
    return f"paper-{sha256(f'{network}/{asset}/{account}'.encode()).hexdigest()[:20]}"


def hash_key(key: str, salt: str) -> str:
    """What a world's file may know of an account's key: the salt and a hash, never the key itself."""
    return f"{salt}:{sha256(f'{salt}:{key}'.encode()).hexdigest()}"


def fits(key: str, key_hash: str) -> bool:
    """Whether this is the key that was hashed."""
    return hmac.compare_digest(hash_key(key, key_hash.partition(":")[0]), key_hash)


def pair_of(listed_id: str) -> tuple[str, str]:
    """Base and quote of a pair's id."""
    base, _, quote = listed_id.partition("/")
    return base, quote


def _instrument(name: str, pair: Listed, at: datetime) -> Instrument:
    base, quote = pair_of(pair.id)
    return Instrument(
        id=f"{name}:{pair.id}", venue=name, base=base, quote=quote, listing=listing(pair, at), filters=pair.filters
    )


def listing(pair: Listed, at: datetime) -> Listing:
    """Whether a pair can be traded at an instant."""
    if pair.vanishes_at is not None and at >= pair.vanishes_at:
        return Listing.VANISHED
    halted = pair.halted_from is not None and at >= pair.halted_from
    over = pair.halted_until is not None and at >= pair.halted_until
    return Listing.HALTED if halted and not over else Listing.TRADING


def _fees(place: WorldVenue) -> Iterator[FeeTerms]:
    """One row for each account and pair that has terms; an account's own row beats the venue's."""
    for account in place.accounts:
        own = {
            fee.pair: fee
            for fee in sorted(place.fees, key=lambda f: f.account is not None)
            if fee.account in (None, account.id)
        }
        for pair, fee in sorted(own.items(), key=lambda item: item[0] or ""):
            yield FeeTerms(
                account=account.id,
                instrument=f"{place.id}:{pair}" if pair else None,
                maker_bps=fee.maker_bps,
                taker_bps=fee.taker_bps,
                taken_from=fee.taken_from,
                third=fee.third,
                discount=fee.discount,
            )


def _mistakes(world: World) -> Iterator[str]:
    yield from _tape_mistakes(world)
    yield from _numbers(world)
    homes: dict[str, str] = {}
    for place in world.venues:
        for account in place.accounts:
            path = f"venues.{place.id}.accounts.{account.id}"
            if account.id in homes:
                yield f"{path}: the id is taken by venue {homes[account.id]}; ids are unique in the world"
            homes[account.id] = place.id
            yield from _openings(world, account, path)
        yield from _venue_mistakes(world, place)


def _tape_mistakes(world: World) -> Iterator[str]:
    recorded = world.tape.kind is not TapeKind.GENERATOR
    if recorded != bool(world.tape.files):
        yield f"tape.files: {world.tape.kind} needs {'at least one file' if recorded else 'no files'}"
    if world.tape.unit not in {asset.id for asset in world.assets}:
        yield f"tape.unit: {world.tape.unit} is not one of the assets"
    if not 0 <= world.tape.correlation <= 1:
        yield f"tape.correlation: must be between 0 and 1, got {world.tape.correlation}"
    if not world.venues:
        yield "venues: missing; give at least one"


def _numbers(world: World) -> Iterator[str]:
    above = [("recovery_s", world.recovery_s), ("tape.days", Decimal(world.tape.days))]
    least = [("speed", world.speed)]
    for asset in world.assets:
        above += [(f"assets.{asset.id}.price", asset.price), (f"assets.{asset.id}.depth", asset.depth)]
        least += [
            (f"assets.{asset.id}.volatility", asset.volatility),
            (f"assets.{asset.id}.half_spread_bps", asset.half_spread_bps),
            (f"assets.{asset.id}.decimals", Decimal(asset.decimals)),
        ]
    for network in world.networks:
        path = f"networks.{network.id}/{network.asset}"
        least += [(f"{path}.fee", network.fee), (f"{path}.minimum", network.minimum)]
        least += [(f"{path}.sent_s", Decimal(network.sent_s)), (f"{path}.tradable_s", Decimal(network.tradable_s))]
    yield from (f"{path}: must be above 0, got {value}" for path, value in above if value <= 0)
    yield from (f"{path}: must be at least 0, got {value}" for path, value in least if value < 0)


def _openings(world: World, account: WorldAccount, path: str) -> Iterator[str]:
    decimals = {asset.id: asset.decimals for asset in world.assets}
    for opening in account.balances:
        if opening.asset not in decimals:
            yield f"{path}.balances.{opening.asset}: not one of the assets"
        elif opening.amount < 0 or opening.amount != round(opening.amount, decimals[opening.asset]):
            yield f"{path}.balances.{opening.asset}: must be at least 0 with {decimals[opening.asset]} decimals"


def _venue_mistakes(world: World, place: WorldVenue) -> Iterator[str]:
    path = f"venues.{place.id}"
    pairs = {pair.id for pair in place.instruments}
    for number, fee in enumerate(place.fees, start=1):
        if fee.account is not None and fee.account not in {account.id for account in place.accounts}:
            yield f"{path}.fees[{number}].account: {place.id} has no account {fee.account}"
        if fee.pair is not None and fee.pair not in pairs:
            yield f"{path}.fees[{number}].pair: {place.id} does not list {fee.pair}"
        if (fee.taken_from is TakenFrom.THIRD) != (fee.third is not None):
            yield f'{path}.fees[{number}].third: goes with taken_from = "third", and only with it'
    for pair in place.instruments:
        if pair.filters.step <= 0 or pair.filters.tick <= 0:
            yield f"{path}.instruments.{pair.id}: step and tick must be above 0"
            return
    if not any(fee.account is None and fee.pair is None for fee in place.fees):
        yield f"{path}.fees: give one row without account and pair, so that no account trades without terms"
    yield from (f"{path}.limits{mistake}" for mistake in gates.mistakes(place.wire, place.limits))
    try:
        rules.check(rules_of(world, place.id, world.start))
    except ValueError as error:
        yield from (f"venues.{mistake}" for mistake in str(error).split("; "))
