"""One simulated venue at work: its rules, its market, and its state in the world's SQLite file.

Each effect is committed before its answer. What happens by itself (a resting order that the market came to, a
deposit that matured) is worked out by whoever looks and is written by whoever acts next: looking changes no row.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from trimtab.model.accounts import VenueTerms
from trimtab.model.assets import Listing
from trimtab.model.holdings import AccountRead, Transfer
from trimtab.model.orders import Order
from trimtab.model.prices import Ladder
from trimtab.ports import Refused, Unavailable, Uncertain
from trimtab.sim import exchange, files, kept, market, state, tape, transfers, world
from trimtab.sim.clock import second
from trimtab.sim.clockwork import SimClock
from trimtab.sim.kept import Rows
from trimtab.sim.market import Depth, Market
from trimtab.sim.refusals import Ground, Refusal
from trimtab.sim.rules import Consumed, Rules
from trimtab.sim.state import Exchange, Movement, Placed, State
from trimtab.sim.world import WorldAccount
from trimtab.units import floor_to

T = TypeVar("T")


def open_venue(path: Path, name: str) -> "SimVenue":
    """One venue of the world whose TOML file this is; its state is kept beside it and made on first use.

    Raises ValueError for a bad world, an unknown venue, and a world that has changed since its state was made.
    """
    whole, connection = files.open_world(path)
    try:
        world.venue(whole, name)
        return SimVenue(connection, Market(whole, name, files.load_tape(whole, path.parent)))
    except BaseException:
        connection.close()
        raise


class SimVenue:
    """A simulated venue. Whoever calls has been admitted: keys and permissions are the caller's to judge.

    Every method may raise Unavailable where the file cannot be read or written.
    """

    def __init__(self, connection: sqlite3.Connection, around: Market) -> None:
        self._connection = connection
        self._market = around
        self.clock = SimClock(connection, around.world.speed)
        self.told = world.venue(around.world, around.venue)
        self._kept: tuple[int, Rows] | None = None
        self._seen: tuple[Rows, Rows] | None = None

    @property
    def id(self) -> str:
        """The venue's name in its world."""
        return self.told.id

    @property
    def terms(self) -> VenueTerms:
        """What the world's file says about this venue's window, retention and clock."""
        place = self.told
        return VenueTerms(
            venue=place.id,
            accept_window_s=place.accept_window_s,
            retention_s=place.retention_s,
            skew_s=place.skew_s,
        )

    @cached_property
    def accounts(self) -> dict[str, WorldAccount]:
        """The venue's accounts by id."""
        return {account.id: account for account in self.told.accounts}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def now(self) -> datetime:
        """The present instant of market time."""
        return self.clock.now()

    def rules(self) -> Rules:
        """What the venue lists, charges and carries now; what is halted, or whose market is closed, says so."""
        return self._rules(self.now())

    def closed(self, instrument: str) -> str | None:
        """Why an instrument's market is closed now; None while it is open."""
        at = self.now()
        return None if market.is_open(self._market, instrument, at) else market.closed(self._market, instrument, at)

    def ladder(self, instrument: str) -> Ladder | None:
        """The book outside, less what was taken from it here; None where it is closed or not listed.

        Orders that rest here are not in it.
        """
        at = self.now()
        listed = self._rules(at).instrument.get(instrument)
        if listed is None or listed.listing is Listing.VANISHED:
            return None
        return market.ladder(self._market, self._view(at)[1], instrument, at)

    def average(self, instrument: str) -> Decimal | None:
        """The venue's average price, by which percent filters and market orders are judged; None: the middle."""
        return tape.average(self._market.tape, self._market.traded[instrument].pair, second(self.now()))

    def read(self, account: str) -> AccountRead:
        """All balances and open orders of an account, as they are at this instant of the market."""
        at = self._readable(account)
        return exchange.read(self._view(at)[0], account, at)

    def orders(self, account: str) -> tuple[Placed, ...]:
        """Every order of an account that the venue took, with all its fills, as of now, in order of arrival."""
        return self._lately(kept.log(self._connection, self.id, account))

    def living(self, account: str) -> tuple[Placed, ...]:
        """The orders of an account that rest at the venue or wait for acceptance, in order of arrival."""
        return tuple(p for p in self._view(self.now())[0].state.live() if p.order.account == account)

    def log(self) -> tuple[Placed, ...]:
        """The venue's own record: every order it took with all its fills, as of now, in order of arrival."""
        return self._lately(kept.log(self._connection, self.id))

    def numbered(self, seq: int) -> Placed | None:
        """The order with a number, as of now; None where there is none."""
        found = kept.numbered(self._connection, self.id, seq)
        return None if found is None else self._lately((found,))[0]

    def query(self, account: str, client_id: str) -> Placed | None:
        """Where an order stands; None where it is not known, waits for its acceptance, or is retained no more."""
        at = self.now()
        return exchange.found(self._view(at, (account, client_id))[0], account, client_id, at)

    def place(self, order: Order, delay_s: float = 0) -> Placed:
        """Take an order. Refused: it was not taken. Uncertain: it was, or will be, and the reply is lost.

        Both kinds of lost reply are faults that the world's file asks for, or a server by `delay_s`.
        """

        def take(venue: Exchange, depth: Depth, at: datetime, taken: int) -> Placed:
            return self._take(venue, depth, order, at, self._delay_s(taken) or delay_s)

        placed, number = self._write(take, takes=1)
        faults = self.told.faults
        if placed.status is None or (faults.lose_reply_every and number % faults.lose_reply_every == 0):
            raise Uncertain(f"{self.id}: no answer to order {order.id}")
        return placed

    def thin(self, instrument: str, share: Decimal) -> None:
        """Let others take a share of the whole book outside, which comes back in its time."""

        def take(venue: Exchange, depth: Depth, at: datetime, _: int) -> None:
            around = market.outside(self._market, depth, instrument, at)
            step = venue.rules.instrument[instrument].filters.step
            for side in ("bids", "asks"):
                for level in () if around is None else getattr(around.ladder, side):
                    taken = floor_to(level.amount * share, step)
                    venue.state.consumed.append(Consumed(instrument, side, level.price, taken))

        self._write(take)

    def cancel(self, account: str, client_id: str) -> Placed | None:
        """Take an order off the book and say where it ended."""

        def ended(venue: Exchange, _: Depth, at: datetime, __: int) -> Placed | None:
            exchange.cancel(venue, account, client_id, at)
            return exchange.found(venue, account, client_id, at)

        return self._write(ended, (account, client_id))[0]

    def movements(self, account: str) -> tuple[Movement, ...]:
        """Every movement in or out of an account that the venue knows of by now, in order of time."""
        self._readable(account)
        known = self._view(self.now())[0].state.movements.values()
        mine = (m for m in known if account in transfers.ends(m) and transfers.visible(m))
        return tuple(sorted(mine, key=lambda m: (m.transfer.debited_at, m.key)))

    def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Movements in or out of the account that were not finished before `since`."""
        return transfers.listed(self._view(self._readable(account))[0], account, since)

    def move(self, key: str, source: str, target: str, asset: str, amount: Decimal) -> Transfer:
        """Move money between accounts of one family by the key of account `key`, as far as it may (D12)."""
        return self._write(lambda venue, _, at, __: transfers.move(venue, key, source, target, asset, amount, at=at))[0]

    def withdraw(
        self, account: str, asset: str, amount: Decimal, *, network: str, address: str, reference: str = ""
    ) -> Transfer:
        """Send money to an address of this world: `amount` is debited now, and arrives less the network's fee."""

        def send(venue: Exchange, _: Depth, at: datetime, __: int) -> Transfer:
            home, target = self._resolve(asset, network, address)
            sent = transfers.withdraw(
                venue, account, asset, amount, network=network, target=target, at=at, reference=reference
            )
            seen_at = transfers.sent_at(venue, sent)
            if home == self.id:
                transfers.announce(venue, sent, network=network, seen_at=seen_at)
            else:
                self._announce(home, sent, network, seen_at)
            return sent

        return self._write(send)[0]

    def hold(self, transfer_id: str, because: str) -> None:
        """Stop a deposit (travel rule, review, wrong network) until it is released."""
        self._write(lambda venue, _, __, ___: transfers.hold(venue, transfer_id, because))

    def release(self, transfer_id: str) -> None:
        """Let a held deposit go on."""
        self._write(lambda venue, _, at, __: transfers.release(venue, transfer_id, at))

    def address(self, account: str, asset: str, network: str) -> str:
        """Where an account of this venue receives an asset on a network."""
        return world.address(account, asset, network)

    def _rules(self, at: datetime) -> Rules:
        return market.rules(self._market, at)

    def _readable(self, account: str) -> datetime:
        """The present, unless the account cannot be read now."""
        known, at = self.accounts[account], self.now()
        begun = known.unreadable_from is not None and at >= known.unreadable_from
        over = known.unreadable_until is not None and at >= known.unreadable_until
        if begun and not over:
            raise Unavailable(f"{self.id}: account {account} cannot be read now")
        return at

    def _lately(self, log: tuple[Placed, ...]) -> tuple[Placed, ...]:
        """Orders as of now: what the log has of the living is as old as the last write."""
        orders = self._view(self.now())[0].state.orders
        return tuple(orders.get(placed.seq, placed) for placed in log)

    def _rows(self) -> Rows:
        """The venue's rows as the file has them, read again only after someone else has written."""
        version = kept.version(self._connection)
        if self._kept is None or self._kept[0] != version:
            self._kept = version, self._load()
        return self._kept[1]

    def _load(self) -> Rows:
        """One consistent reading. Inside a writing transaction it already is one."""
        if self._connection.in_transaction:
            return kept.load(self._connection, self.id)
        self._connection.execute("BEGIN")
        try:
            return kept.load(self._connection, self.id)
        finally:
            self._connection.execute("COMMIT")

    def _view(self, at: datetime, named: tuple[str, str] | None = None) -> tuple[Exchange, Depth]:
        """The venue at this instant, worked out in memory; nothing of it is written."""
        try:
            rows = self._rows()
            venue = Exchange(self._rules(at), rows.state)
            if named is None and not market.restless(venue, at):
                return venue, rows.depth
            return self._seen_at(rows, at) if named is None else self._settled(rows, at, named)
        except sqlite3.Error as error:
            raise Unavailable(f"{self.id}: the paper file cannot be read: {error}") from error

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

    def _settled(self, rows: Rows, at: datetime, named: tuple[str, str] | None) -> tuple[Exchange, Depth]:
        """A copy of the rows, brought up to an instant; with the ended orders of one account's id where it is named."""
        orders = dict(rows.state.orders)
        if named is not None:
            ended = kept.named(self._connection, self.id, *named)
            orders = {**{placed.seq: placed for placed in ended}, **orders}
        copied = State(
            balances=dict(rows.state.balances),
            orders=orders,
            movements=dict(rows.state.movements),
            next_order=rows.state.next_order,
            next_fill=rows.state.next_fill,
            next_transfer=rows.state.next_transfer,
        )
        depth = Depth(dict(rows.depth.taken))
        venue = Exchange(self._rules(at), copied)
        market.settle(self._market, venue, depth, rows.settled_at, at)
        venue.rules = self._rules(at)
        return venue, depth

    def _write(
        self,
        act: Callable[[Exchange, Depth, datetime, int], T],
        named: tuple[str, str] | None = None,
        takes: int = 0,
    ) -> tuple[T, int]:
        """Settle, act and keep all of it in one commit. What the venue refuses leaves nothing behind."""
        with kept.writing(self._connection):
            rows, self._kept = self._rows(), None
            at, requests = max(self.now(), rows.settled_at), rows.requests + takes
            venue, depth = self._settled(rows, at, named)
            try:
                answer = act(venue, depth, at, requests)
            except Refusal as error:
                raise Refused(f"{self.id}: {error}") from error
            market.note(self._market, venue, depth, at)
            saved = Rows(venue.state, depth, at, requests)
            kept.save(self._connection, self.id, saved, self._market.world.recovery_s)
        self._kept = kept.version(self._connection), replace(saved, state=state.living(saved.state))
        return answer, requests

    def _delay_s(self, number: int) -> float:
        """How late the world's file wants the order with this number to be accepted."""
        faults = self.told.faults
        return float(faults.delay_s) if faults.delay_every and number % faults.delay_every == 0 else 0

    def _take(self, venue: Exchange, depth: Depth, order: Order, at: datetime, delay_s: float) -> Placed:
        if order.instrument not in self._market.traded:
            raise Refusal(Ground.LISTING, f"{order.instrument} is not listed")
        around = market.outside(self._market, depth, order.instrument, at)
        listing = venue.rules.instrument[order.instrument].listing
        if around is None and listing is not Listing.VANISHED:
            raise Refusal(Ground.CLOSED, market.closed(self._market, order.instrument, at))
        if around is None:
            raise Refusal(Ground.LISTING, f"{order.instrument} is not listed any more")
        if delay_s:
            venue.rules = replace(venue.rules, delay_s=delay_s)
        return exchange.take(venue, order, at, around)

    def _resolve(self, asset: str, network: str, address: str) -> tuple[str, str]:
        for place in self._market.world.venues:
            for account in place.accounts:
                if world.address(account.id, asset, network) == address:
                    return place.id, account.id
        raise Refusal(Ground.ADDRESS, f"{address} is no address for {asset} on {network} in this world")

    def _announce(self, home: str, sent: Transfer, network: str, seen_at: datetime) -> None:
        rows = kept.load(self._connection, home)
        there = Exchange(world.rules_of(self._market.world, home, seen_at), rows.state)
        transfers.announce(there, sent, network=network, seen_at=seen_at)
        kept.save(self._connection, home, rows, self._market.world.recovery_s)
