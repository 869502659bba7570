"""The paper venue: a simulated exchange in this process, with the ports of `ports.Venue`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from msgspec import structs

from trimtab.model.accounts import VenueTerms
from trimtab.model.assets import FeeTerms, Instrument, Listing
from trimtab.model.holdings import AccountRead, Transfer
from trimtab.model.orders import Order, OrderState, Withdrawal
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Refused
from trimtab.quant import books
from trimtab.sim import exchange, world
from trimtab.sim.state import Placed
from trimtab.sim.venue import SimVenue, open_venue


def connect(path: Path, venue: str, secrets: Mapping[str, str] | None = None) -> "PaperVenue":
    """One venue of the world whose TOML file this is; its state is kept beside it and made on first use.

    `secrets` holds the keys of accounts that ask for one. Raises ValueError for a bad world, an unknown venue,
    and a world that has changed since its state was made.
    """
    return PaperVenue(open_venue(path, venue), secrets or {})


class PaperVenue:
    """A simulated venue behind its ports, and transfers for people and tests."""

    def __init__(self, venue: SimVenue, secrets: Mapping[str, str]) -> None:
        self._venue = venue
        self._secrets = dict(secrets)
        self._admitted: set[str] = set()

    @property
    def terms(self) -> VenueTerms:
        """What the world's file says about this venue's window, retention and clock."""
        return self._venue.terms

    def close(self) -> None:
        """Let go of the file."""
        self._venue.close()

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders of an account, as they are at this instant of the market."""
        self._admit(account)
        return self._venue.read(account)

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Movements in or out of the account that were not finished before `since`."""
        self._admit(account)
        return self._venue.transfers(account, since)

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed now; what is halted, or whose market is closed, says so."""
        listed = self._venue.rules().instruments
        return tuple(self._noticed(i) for i in listed if i.listing is not Listing.VANISHED)

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of the market outside; absent where it is closed. Orders that rest here are not in it."""
        return tuple(books.touch(ladder) for ladder in self._ladders(instruments))

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The books outside, less what was taken from them here."""
        return tuple(
            Ladder(instrument=seen.instrument, bids=seen.bids[:levels], asks=seen.asks[:levels], as_of=seen.as_of)
            for seen in self._ladders(instruments)
        )

    def closed(self) -> tuple[str, ...]:
        """For each listed pair whose market is closed now, the sentence that says why and until when its tape runs."""
        listed = (self._venue.closed(instrument.id) for instrument in self._venue.rules().instruments)
        return tuple(because for because in listed if because is not None)

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays to trade."""
        self._admit(account)
        return tuple(terms for terms in self._venue.rules().fees if terms.account == account)

    async def place(self, order: Order) -> OrderState:
        """Take an order, or say why not. Uncertain: it was taken and the reply is lost (`[venues.*.faults]`)."""
        self._admit(order.account)
        return self._answer(self._venue.place(order))

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where it is not known, or waits for its acceptance."""
        self._admit(order.account)
        placed = self._venue.query(order.account, order.id)
        return None if placed is None else self._answer(placed)

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book and say where it ended."""
        self._admit(order.account)
        placed = self._venue.cancel(order.account, order.id)
        return None if placed is None else self._answer(placed)

    async def transfer(self, key: str, source: str, target: str, asset: str, amount: Decimal) -> Transfer:
        """Move money between accounts of one family by the key of account `key`, as far as it may (D12)."""
        self._admit(key)
        return self._venue.move(key, source, target, asset, amount)

    async def withdraw(self, withdrawal: Withdrawal) -> Transfer:
        """Send money to an address of this world: it is debited now, and arrives less the network's fee.

        One reference is one withdrawal: asked for again, it is told again.
        """
        self._admit(withdrawal.account)
        for movement in self._venue.movements(withdrawal.account):
            if movement.reference == withdrawal.id:
                return movement.transfer
        return self._venue.withdraw(
            withdrawal.account,
            withdrawal.asset,
            withdrawal.amount,
            network=withdrawal.network,
            address=withdrawal.address,
            reference=withdrawal.id,
        )

    async def address(self, account: str, asset: str, network: str) -> str:
        """Where an account of this venue receives an asset on a network."""
        self._admit(account)
        return self._venue.address(account, asset, network)

    def log(self) -> tuple[Placed, ...]:
        """The venue's own record: every order it took with all its fills, as of now, in order of arrival."""
        return self._venue.log()

    def _answer(self, placed: Placed) -> OrderState:
        return exchange.answer(placed, self._venue.now())

    def _noticed(self, instrument: Instrument) -> Instrument:
        closed = self._venue.closed(instrument.id)
        return instrument if closed is None else structs.replace(instrument, notice=closed)

    def _ladders(self, instruments: Sequence[str]) -> list[Ladder]:
        seen = (self._venue.ladder(name) for name in instruments)
        return [ladder for ladder in seen if ladder is not None]

    def _admit(self, account: str) -> None:
        """Refuse an account that is not here, and a key that does not fit. The key is in no message."""
        if account in self._admitted:
            return
        home, known = self._venue.id, self._venue.accounts.get(account)
        if known is None:
            raise Refused(f"{home}: there is no account {account} here; known: {', '.join(self._venue.accounts)}")
        if known.key_hash and account not in self._secrets:
            raise Refused(f"{home}: account {account} asks for a key and none was given")
        if known.key_hash and not world.fits(self._secrets[account], known.key_hash):
            raise Refused(f"{home}: the key given for account {account} is wrong")
        self._admitted.add(account)
