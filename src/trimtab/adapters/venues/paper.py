"""The paper venue: a simulated exchange in this process, its whole world in one SQLite file beside the world's file.

Each effect is committed before its reply. What happens by itself (a resting order that the market came to, a
deposit that matured) is worked out by whoever looks and is written by whoever acts next: reading changes no row.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from msgspec import structs

from trimtab.adapters.venues import paper_file, paper_tape
from trimtab.adapters.venues.paper_file import Rows
from trimtab.model.accounts import VenueTerms
from trimtab.model.assets import FeeTerms, Instrument, Listing
from trimtab.model.holdings import AccountRead, Transfer
from trimtab.model.orders import Order, OrderState, OrderStatus
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim import clock, exchange, market, transfers, world
from trimtab.sim.clock import Pace
from trimtab.sim.market import Depth, Market
from trimtab.sim.rules import Rules
from trimtab.sim.state import Exchange, Placed, State
from trimtab.sim.world import World, WorldAccount

T = TypeVar("T")

SUFFIX: Final = ".sqlite"
"""The file of `paper.toml` is `paper.sqlite`."""


class SimClock:
    """Market time of a simulated world: runs with the wall, or stands until it is stepped (speed 0)."""

    def __init__(self, connection: sqlite3.Connection, speed: Decimal) -> None:
        self._connection = connection
        self._speed = speed
        self._running: Pace | None = paper_file.pace(connection, speed) if speed else None

    def now(self) -> datetime:
        """The present instant of the simulated market."""
        pace = self._running or paper_file.pace(self._connection, self._speed)
        return clock.now(pace, datetime.now(UTC))

    async def sleep_until(self, at: datetime) -> None:
        """Wait until the market has reached `at`; a stepped clock is moved there at once."""
        if self._running is None:
            self.step(at)
            return
        while (left := clock.wait_s(self._running, datetime.now(UTC), at)) > 0:  # noqa: ASYNC110  # a clock has no event
            await asyncio.sleep(left)

    def step(self, at: datetime) -> None:
        """Move a stepped clock to `at`, for every process that lives in this world. It never goes back."""
        if self._speed:
            raise ValueError(f"speed is {self._speed}: only a clock of speed 0 is stepped by hand")
        paper_file.step(self._connection, at)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def open_clock(path: Path) -> SimClock:
    """The clock of the world whose file this is."""
    whole, connection = _open(path)
    return SimClock(connection, whole.speed)


def connect(path: Path, venue: str, secrets: Mapping[str, str] | None = None) -> "PaperVenue":
    """One venue of the world whose TOML file this is; its state is kept beside it and made on first use.

    `secrets` holds the keys of accounts that ask for one. Raises ValueError for a bad world, an unknown venue,
    and a world that has changed since its state was made.
    """
    whole, connection = _open(path)
    try:
        world.venue(whole, venue)
        return PaperVenue(connection, Market(whole, venue, paper_tape.load_tape(whole, path.parent)), secrets or {})
    except BaseException:
        connection.close()
        raise


def _open(path: Path) -> tuple[World, sqlite3.Connection]:
    whole = paper_tape.load_world(path)
    marked = paper_tape.fingerprint(whole, path.parent)
    return whole, paper_file.open_file(path.with_suffix(SUFFIX), whole, marked)


class PaperVenue:
    """One simulated venue with all the ports of `ports.Venue`, and transfers for people and tests."""

    def __init__(self, connection: sqlite3.Connection, around: Market, secrets: Mapping[str, str]) -> None:
        self._connection = connection
        self._market = around
        self._secrets = dict(secrets)
        self._clock = SimClock(connection, around.world.speed)
        self._place = world.venue(around.world, around.venue)
        self._kept: tuple[int, Rows] | None = None
        self._seen: tuple[Rows, Rows] | None = None
        self._admitted: set[str] = set()

    @property
    def terms(self) -> VenueTerms:
        """What the world's file says about this venue's window, retention and clock."""
        return VenueTerms(
            venue=self._place.id,
            accept_window_s=self._place.accept_window_s,
            retention_s=self._place.retention_s,
            skew_s=self._place.skew_s,
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders of an account, as they are at this instant of the market."""
        self._readable(account)
        at = self._now()
        return exchange.read(self._view(at)[0], account, at)

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Movements in or out of the account that were not finished before `since`."""
        self._readable(account)
        return transfers.listed(self._view(self._now())[0], account, since)

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed now; what is halted, or whose market is closed, says so."""
        at = self._now()
        listed = self._rules(at).instruments
        return tuple(self._noticed(i, at) for i in listed if i.listing is not Listing.VANISHED)

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of the market outside; absent where it is closed. Orders that rest here are not in it."""
        return tuple(market.quote(ladder) for ladder in self._ladders(instruments))

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The books outside, less what was taken from them here."""
        return tuple(
            Ladder(instrument=seen.instrument, bids=seen.bids[:levels], asks=seen.asks[:levels], as_of=seen.as_of)
            for seen in self._ladders(instruments)
        )

    def closed(self) -> tuple[str, ...]:
        """For each listed pair whose market is closed now, the sentence that says why and until when its tape runs."""
        at = self._now()
        shut = (name for name in self._market.traded if not market.is_open(self._market, name, at))
        return tuple(market.closed(self._market, name, at) for name in shut)

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays to trade."""
        self._admit(account)
        return tuple(terms for terms in self._rules(self._now()).fees if terms.account == account)

    async def place(self, order: Order) -> OrderState:
        """Take an order, or say why not. Uncertain: it was taken and the reply is lost (`[venues.*.faults]`)."""
        self._admit(order.account)
        state, number = self._write(lambda venue, depth, at, taken: self._take(venue, depth, order, at, taken), takes=1)
        faults = self._place.faults
        if state is None or (faults.lose_reply_every and number % faults.lose_reply_every == 0):
            raise Uncertain(f"{self._place.id}: no answer to order {order.id}")
        return state

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where it is not known, or waits for its acceptance."""
        self._admit(order.account)
        at = self._now()
        return exchange.query(self._view(at, order)[0], order.account, order.id, at)

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book and say where it ended."""
        self._admit(order.account)
        return self._write(lambda venue, _, at, __: exchange.cancel(venue, order.account, order.id, at), order)[0]

    async def transfer(self, key: str, source: str, target: str, asset: str, amount: Decimal) -> Transfer:
        """Move money between accounts of one family by the key of account `key`, as far as it may (D12)."""
        self._admit(key)
        return self._write(lambda venue, _, at, __: transfers.move(venue, key, source, target, asset, amount, at=at))[0]

    async def withdraw(self, account: str, asset: str, amount: Decimal, network: str, address: str) -> Transfer:
        """Send money to an address of this world: `amount` is debited now, and arrives less the network's fee."""
        self._admit(account)
        home, target = self._resolve(asset, network, address)

        def send(venue: Exchange, _: Depth, at: datetime, __: int) -> Transfer:
            sent = transfers.withdraw(venue, account, asset, amount, network=network, target=target, at=at)
            seen_at = transfers.sent_at(venue, sent)
            if home == self._place.id:
                transfers.announce(venue, sent, network=network, seen_at=seen_at)
            else:
                self._announce(home, sent, network, seen_at)
            return sent

        return self._write(send)[0]

    def address(self, account: str, asset: str, network: str) -> str:
        """Where an account of this venue receives an asset on a network."""
        return world.address(account, asset, network)

    def log(self) -> tuple[Placed, ...]:
        """The venue's own record: every order it took with all its fills, as of now, in order of arrival."""
        lately = self._view(self._now())[0].state.orders
        return tuple(lately.get(placed.seq, placed) for placed in paper_file.log(self._connection, self._place.id))

    @cached_property
    def _accounts(self) -> dict[str, WorldAccount]:
        return {account.id: account for account in self._place.accounts}

    def _noticed(self, instrument: Instrument, at: datetime) -> Instrument:
        if market.is_open(self._market, instrument.id, at):
            return instrument
        return structs.replace(instrument, notice=market.closed(self._market, instrument.id, at))

    def _now(self) -> datetime:
        return self._clock.now()

    def _rules(self, at: datetime) -> Rules:
        return market.rules(self._market, at)

    def _admit(self, account: str) -> None:
        """Refuse an account that is not here, and a key that does not fit. The key is in no message."""
        if account in self._admitted:
            return
        known = self._accounts.get(account)
        if known is None:
            raise Refused(f"{self._place.id}: there is no account {account} here; known: {', '.join(self._accounts)}")
        if known.key_hash and account not in self._secrets:
            raise Refused(f"{self._place.id}: account {account} asks for a key and none was given")
        if known.key_hash and not world.fits(self._secrets[account], known.key_hash):
            raise Refused(f"{self._place.id}: the key given for account {account} is wrong")
        self._admitted.add(account)

    def _readable(self, account: str) -> None:
        self._admit(account)
        known, at = self._accounts[account], self._now()
        begun = known.unreadable_from is not None and at >= known.unreadable_from
        over = known.unreadable_until is not None and at >= known.unreadable_until
        if begun and not over:
            raise Unavailable(f"{self._place.id}: account {account} cannot be read now")

    def _ladders(self, instruments: Sequence[str]) -> list[Ladder]:
        at = self._now()
        listed, depth = self._rules(at).instrument, self._view(at)[1]
        known = (name for name in instruments if name in listed and listed[name].listing is not Listing.VANISHED)
        seen = (market.ladder(self._market, depth, name, at) for name in known)
        return [ladder for ladder in seen if ladder is not None]

    def _rows(self) -> Rows:
        """The venue's rows as the file has them, read again only after someone else has written."""
        version = paper_file.version(self._connection)
        if self._kept is None or self._kept[0] != version:
            self._kept = version, self._load()
        return self._kept[1]

    def _load(self) -> Rows:
        """One consistent reading. Inside a writing transaction it already is one."""
        if self._connection.in_transaction:
            return paper_file.load(self._connection, self._place.id)
        self._connection.execute("BEGIN")
        try:
            return paper_file.load(self._connection, self._place.id)
        finally:
            self._connection.execute("COMMIT")

    def _view(self, at: datetime, order: Order | None = None) -> tuple[Exchange, Depth]:
        """The venue at this instant, worked out in memory; nothing of it is written."""
        try:
            rows = self._rows()
            venue = Exchange(self._rules(at), rows.state)
            if order is None and not market.restless(venue, at):
                return venue, rows.depth
            return self._seen_at(rows, at) if order is None else self._settled(rows, at, order)
        except sqlite3.Error as error:
            raise Unavailable(f"{self._place.id}: the paper file cannot be read: {error}") from error

    def _seen_at(self, rows: Rows, at: datetime) -> tuple[Exchange, Depth]:
        """The rows at an instant, worked out onward from where an earlier look left off."""
        if self._seen is None or self._seen[0] is not rows or self._seen[1].settled_at > at:
            venue, depth = self._settled(rows, at, None)
        else:
            seen = self._seen[1]
            venue, depth = Exchange(self._rules(at), seen.state), seen.depth
            market.settle(self._market, venue, depth, seen.settled_at, at)
            venue.rules = self._rules(at)
        self._seen = rows, Rows(venue.state, depth, at, rows.requests)
        return venue, depth

    def _settled(self, rows: Rows, at: datetime, order: Order | None) -> tuple[Exchange, Depth]:
        """A copy of the rows, brought up to an instant; with the ended orders of the same id where one is named."""
        orders = dict(rows.state.orders)
        if order is not None:
            ended = paper_file.named(self._connection, self._place.id, order.account, order.id)
            orders = {**{placed.seq: placed for placed in ended}, **orders}
        state = State(
            balances=dict(rows.state.balances),
            orders=orders,
            movements=dict(rows.state.movements),
            next_order=rows.state.next_order,
            next_fill=rows.state.next_fill,
            next_transfer=rows.state.next_transfer,
        )
        depth = Depth(dict(rows.depth.taken))
        venue = Exchange(self._rules(at), state)
        market.settle(self._market, venue, depth, rows.settled_at, at)
        venue.rules = self._rules(at)
        return venue, depth

    def _write(
        self, act: Callable[[Exchange, Depth, datetime, int], T], order: Order | None = None, takes: int = 0
    ) -> tuple[T, int]:
        """Settle, act and keep all of it in one commit. What the venue refuses leaves nothing behind."""
        with paper_file.writing(self._connection):
            rows, self._kept = self._rows(), None
            at, requests = max(self._now(), rows.settled_at), rows.requests + takes
            venue, depth = self._settled(rows, at, order)
            try:
                answer = act(venue, depth, at, requests)
            except transfers.Refusal as error:
                raise Refused(f"{self._place.id}: {error}") from error
            market.note(self._market, venue, depth, at)
            kept = Rows(venue.state, depth, at, requests)
            paper_file.save(self._connection, self._place.id, kept, self._market.world.recovery_s)
        self._kept = paper_file.version(self._connection), kept
        return answer, requests

    def _take(self, venue: Exchange, depth: Depth, order: Order, at: datetime, number: int) -> OrderState | None:
        if order.instrument not in self._market.traded:
            raise Refused(f"{self._place.id}: {order.instrument} is not listed")
        around = market.outside(self._market, depth, order.instrument, at)
        listing = venue.rules.instrument[order.instrument].listing
        if around is None and listing is not Listing.VANISHED:
            raise Refused(f"{self._place.id}: {market.closed(self._market, order.instrument, at)}")
        if around is None:
            raise Refused(f"{self._place.id}: {order.instrument} is not listed any more")
        faults = self._place.faults
        if faults.delay_every and number % faults.delay_every == 0:
            venue.rules = replace(venue.rules, delay_s=float(faults.delay_s))
        state = exchange.place(venue, order, at, around)
        if state is not None and state.status is OrderStatus.REJECTED:
            raise Refused(f"{self._place.id}: {state.because}")
        return state

    def _resolve(self, asset: str, network: str, address: str) -> tuple[str, str]:
        for place in self._market.world.venues:
            for account in place.accounts:
                if world.address(account.id, asset, network) == address:
                    return place.id, account.id
        raise Refused(f"{self._place.id}: {address} is no address for {asset} on {network} in this world")

    def _announce(self, home: str, sent: Transfer, network: str, seen_at: datetime) -> None:
        rows = paper_file.load(self._connection, home)
        there = Exchange(world.rules_of(self._market.world, home, seen_at), rows.state)
        transfers.announce(there, sent, network=network, seen_at=seen_at)
        paper_file.save(self._connection, home, rows, self._market.world.recovery_s)
