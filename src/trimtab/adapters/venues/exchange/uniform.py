"""A venue behind the ports by ccxt's uniform methods: listings, books, fees, balances, orders, fills, money that moved.

Its answers have been compared with documentation only, so that it reads, and trades only where the fund's file says
`unproven = true`. Money never leaves by it. ccxt drops what it does not understand; so every raw answer is looked at
first (`others`), and whatever of its parsed form is missing is a failure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from trimtab.adapters.venues.exchange import answers, parsed
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.adapters.venues.exchange.line import URGENT, Credentials, Denied, Line, Target
from trimtab.adapters.venues.exchange.lines import Lines
from trimtab.adapters.venues.exchange.others import Manner
from trimtab.model.accounts import Access, Budget, Carried, VenueTerms
from trimtab.model.assets import FeeTerms, Instrument, Listing
from trimtab.model.holdings import AccountRead, Stage, Transfer
from trimtab.model.orders import Fill, Order, OrderKind, OrderState, TimeInForce, Withdrawal
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Clock, EdgeError, Refused, Unavailable, Uncertain
from trimtab.quant import books
from trimtab.units import ZERO, canon

TOUCH_LEVELS: Final = 50
LOOKBACK: Final = timedelta(days=7)
"""How long a finished transfer is still told of: its other end may take so long."""

SHORTEST: Final = timedelta(seconds=2)
LONGEST: Final = timedelta(seconds=60)
"""How soon, and how late, the end of an order's time may be told to a venue."""

IN_FORCE: Final[Mapping[TimeInForce, dict[str, Any]]] = {
    TimeInForce.GTC: {},
    TimeInForce.IOC: {"timeInForce": "IOC"},
    TimeInForce.FOK: {"timeInForce": "FOK"},
    TimeInForce.POST_ONLY: {"postOnly": True},
}


@dataclass
class UniformVenue:
    """A venue by ccxt's uniform methods. `trades`: whether the fund's file accepts that nothing here was proven."""

    id: str
    accounts: Mapping[str, Credentials]
    assets: frozenset[str]
    clock: Clock
    manner: Manner
    trades: bool = False
    target: Target | None = None
    known: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    lines: Lines = field(init=False)
    _source: Any = None
    _listed: dict[str, Instrument] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _held: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nothing is opened before it is needed. Raises ValueError for a secret without its pass phrase."""
        told = {name: self._complete(name, keys) for name, keys in self.accounts.items()}
        self.lines = Lines(self.id, self.manner.row, told, self.target)

    @property
    def terms(self) -> VenueTerms:
        """How long a request may wait, and how long an order is known, by the venue's documentation."""
        row = self.manner.row
        return VenueTerms(venue=self.id, accept_window_s=row.accept_s, retention_s=row.retention_s, skew_s=1)

    @property
    def unproven(self) -> str:
        """What a check-up has to say of this venue."""
        told = f"{self.manner.row.id} is known from its documentation only: nothing here was ever run against it"
        return told if self.trades else f"{told}, so it is read and not traded on"

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self.lines.close()

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed whose two assets are the fund's; halted, unless trading without proof is accepted."""
        found = await self.lines.public().ask(self._asked_for_listings, {}, self._listing)
        self._listed = {i.id: i for i in found}
        return tuple(i for i in found if {i.base, i.quote} <= self.assets)

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of each instrument, and how much is near it."""
        return tuple(books.touch(book) for book in await self.ladders(instruments, TOUCH_LEVELS))

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The books of what is listed. An empty one cannot be told from no answer, and is a failure."""
        await self._markets_known()
        found = (self._ladder(name, levels) for name in instruments if name in self._listed)
        return tuple(await asyncio.gather(*found))

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays on each instrument; asked one by one."""
        await self._markets_known()
        line = (await self.lines.of(account)).reading
        ours = [name for name, one in sorted(self._listed.items()) if {one.base, one.quote} <= self.assets]
        return tuple([await self._fee(line, account, name) for name in ours])

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders. `as_of` is when it was asked: two readings that agree hold for it."""
        await self._markets_known()
        line, at = (await self.lines.of(account)).reading, self.clock.now()

        def balances(answer: Any) -> Any:
            told = self.manner.balances(answers.within(answers.record(answer, "balance"), "info"))
            found = parsed.balances(account, answer, at)
            if (told and not found) or (not told and account in self._held):
                raise Garbled("no balance is told where there are some")
            self._held.update({account} if found else ())
            return tuple(b for b in found if b.asset in self.assets or b.total)

        held = await line.ask(self._by("fetch_balance"), {}, balances)
        orders = await line.ask(
            self._by("fetch_open_orders"), {}, lambda a: parsed.resting(account, self.id, self.manner.named, a)
        )
        return AccountRead(account=account, as_of=at, balances=held, orders=orders)

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Withdrawals and deposits not finished before `since`; some that were, so that their two ends can meet."""
        await self._markets_known()
        line = (await self.lines.of(account)).reading
        start = parsed.millis(since - LOOKBACK)
        told: list[Transfer] = []
        for name, read in (("fetch_withdrawals", self._left(account)), ("fetch_deposits", parsed.arrived(account))):
            told += await line.ask(self._by(name, None, start), {}, parsed.each(read), weight=2)
        return tuple(sorted((t for t in told if self._recent(t, since)), key=lambda t: (t.id, t.asset, t.stage)))

    async def place(self, order: Order) -> OrderState:
        """Send an order and ask where it stands. Only what the venue takes digit by digit is sent."""
        await self._markets_known()
        self._require(order)
        lines = await self.lines.of(order.account)
        price = f"{order.limit_price:f}"
        asked = (parsed.symbol(order.instrument), "limit", order.side.value, f"{order.amount:f}", price)
        params = {**self.manner.order, **IN_FORCE[order.time_in_force], **self._until(order)}
        call = self._by("create_order", *asked, {**params, "clientOrderId": order.id})
        await lines.acting.act(call, {}, lambda a: parsed.taken(order, a), weight=0)
        try:
            told = await self.query(order)
        except EdgeError as error:
            raise Uncertain(f"{self.id}: order {order.id} was taken, and then: {error}") from error
        if told is None:
            raise Uncertain(f"{self.id}: order {order.id} was taken and is not told of yet")
        return told

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where none of the venue's lists knows it."""
        await self._markets_known()
        line = (await self.lines.of(order.account)).reading
        for name in self.manner.finds:
            told = await self._found(line, order, name)
            if told is not None:
                return await self._whole(line, order, told)
        return None

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book and say where it ended; it goes before everything else."""
        await self._markets_known()
        lines = await self.lines.of(order.account)
        call = self._by("cancel_order", None, parsed.symbol(order.instrument), {self.manner.asked_by: order.id})
        try:
            await lines.acting.act(call, {}, lambda _: None, weight=0, share=URGENT)
        except Denied as error:
            if error.code not in self.manner.row.unknown_order:
                raise
        return await self.query(order)

    async def address(self, account: str, asset: str, network: str) -> str:  # noqa: ARG002  # refused whatever is asked
        """Refused: no money is sent to a venue whose addresses nobody has compared."""
        raise Refused(f"{self.id}: addresses of {self.manner.row.id} are not read; use binance or coinbase")

    async def withdraw(self, withdrawal: Withdrawal) -> Transfer:
        """Refused: money does not leave by what was never proven."""
        raise Refused(f"{self.id}: withdrawal {withdrawal.id}: trimtab sends no money out of {self.manner.row.id}")

    async def skew_s(self) -> Decimal | None:
        """How far the venue's clock is ahead of this machine's, measured now."""
        await self.lines.measure()
        return canon(Decimal(self.lines.ahead_ms) / 1000)

    async def access(self, account: str) -> Access:
        """What the account's key may do."""
        line = (await self.lines.of(account)).reading
        return await line.ask(self.manner.access, {}, lambda a: self.manner.reads(account, a))

    async def budgets(self, account: str) -> tuple[Budget, ...]:
        """How many calls we have made; the venue does not say what it counts."""
        used = (await self.lines.of(account)).reading.budget
        return (Budget(name="calls", used=used.used, limit=used.limit, window_s=used.window_s),)

    async def carried(self, account: str, assets: Sequence[str]) -> tuple[Carried, ...]:  # noqa: ARG002
        """Nothing: money does not leave by it."""
        return ()

    def _complete(self, account: str, keys: Credentials) -> Credentials:
        if not self.manner.phrase:
            return keys
        secret, _, phrase = keys.secret.replace("\\n", "\n").strip().partition("\n")
        if not phrase.strip():
            name = self.manner.row.id
            raise ValueError(f"accounts.{account}.secret: {name} has a pass phrase too; write it on a second line")
        return Credentials(keys.key, secret.strip(), phrase.strip())

    def _by(self, name: str, *asked: Any) -> Callable[[Any], Awaitable[Any]]:
        """A uniform method with its arguments, on a client that knows the listings: it asks for nothing else then."""

        def call(client: Any) -> Awaitable[Any]:
            if client.markets is None:
                client.set_markets_from_exchange(self._source)
            made: Awaitable[Any] = getattr(client, name)(*asked)
            return made

        return call

    async def _markets_known(self) -> None:
        async with self._turn:
            if not self._listed:
                await self.instruments()

    async def _asked_for_listings(self, client: Any) -> Any:
        self._source = client
        return await client.fetch_markets()

    def _listing(self, answer: Any) -> tuple[Instrument, ...]:
        rows = [row for row in answers.rows(answer, "markets") if row.get("spot") is True]
        if not rows:
            raise Garbled("the venue lists nothing")
        self._source.set_markets(rows)
        found = (parsed.instrument(self.id, row, "" if self.trades else self.unproven) for row in rows)
        return tuple(sorted((one for one in found if one is not None), key=lambda i: i.id))

    async def _ladder(self, name: str, levels: int) -> Ladder:
        at = self.clock.now()
        call = self._by("fetch_order_book", parsed.symbol(name))
        return await self.lines.public().ask(call, {}, lambda a: parsed.book(name, a, levels, at))

    async def _fee(self, line: Line, account: str, name: str) -> FeeTerms:
        call = self._by("fetch_trading_fee", parsed.symbol(name))
        return await line.ask(call, {}, lambda a: parsed.terms(account, name, a, self.manner.taken_from))

    def _left(self, account: str) -> Callable[[Mapping[str, Any]], Transfer]:
        return lambda row: parsed.left(account, row, self._whose)

    def _whose(self, asset: str, network: str, address: str) -> str:
        return self.known.get((asset, network, address), address)

    def _recent(self, transfer: Transfer, since: datetime) -> bool:
        """Whether a transfer is still to be told of. What went to others is over once it was sent."""
        if transfer.stage is Stage.SENT and transfer.target not in self.known.values():
            return transfer.debited_at >= since
        if transfer.stage in (Stage.WITHDRAWABLE, Stage.RETURNED, Stage.SENT):
            return (transfer.credited_at or transfer.debited_at) + LOOKBACK >= since
        return True

    def _require(self, order: Order) -> None:
        """Refuse what is not to be sent at all; ccxt would round it, or send it in another meaning."""
        listed = self._listed.get(order.instrument)
        why = "" if self.trades else self.unproven
        if order.kind is OrderKind.MARKET or order.limit_price is None:
            why = why or "market orders mean different things at different venues; give it a limit"
        elif listed is None or listed.listing is not Listing.TRADING:
            why = why or f"{order.instrument} is not listed for trading"
        elif order.amount % listed.filters.step or order.limit_price % listed.filters.tick or not order.amount:
            why = why or f"step {listed.filters.step:f} and tick {listed.filters.tick:f} are not kept"
        if why:
            raise Refused(f"{self.id}: order {order.id} is not sent: {why}")

    def _until(self, order: Order) -> dict[str, str]:
        """The end of the order's time, where the venue takes one."""
        left = order.valid_until - self.clock.now()
        if left <= (SHORTEST if self.manner.dated else timedelta()):
            raise Unavailable(f"{self.id}: order {order.id} is valid until {order.valid_until:%H:%M:%S}: not sent")
        if not self.manner.dated:
            return {}
        return {self.manner.dated: f"{self.clock.now() + min(left, LONGEST):%Y-%m-%dT%H:%M:%SZ}"}

    async def _found(self, line: Line, order: Order, name: str) -> parsed.Told | None:
        where, params = parsed.symbol(order.instrument), {self.manner.asked_by: order.id}
        asked = (None, where, params) if name == "fetch_order" else (where, None, None, params)

        def read(answer: Any) -> parsed.Told | None:
            rows = answers.rows([answer] if name == "fetch_order" else answer, "orders")
            mine = [row for row in rows if row.get("info", {}).get(self.manner.named) == order.id]
            if rows and not mine:
                raise Garbled("the answer is about other orders")
            return parsed.state(order, mine[0], self.clock.now()) if mine else None

        try:
            return await line.ask(self._by(name, *asked), {}, read)
        except Denied as error:
            if error.code in self.manner.row.unknown_order:
                return None
            raise

    async def _whole(self, line: Line, order: Order, told: parsed.Told) -> OrderState:
        """An order's state with its fills, which the venue lists elsewhere, and sometimes later."""
        if not told.state.filled:
            return told.state
        call = self._by("fetch_my_trades", parsed.symbol(order.instrument), told.since_ms)

        def read(answer: Any) -> list[Fill]:
            rows: Iterable[Mapping[str, Any]] = answers.rows(answer, "trades")
            return [parsed.fill(order, row) for row in rows if row.get("order") == told.number]

        fills = await line.ask(call, {}, read, weight=2)
        if sum((fill.amount for fill in fills), ZERO) != told.state.filled:
            raise Unavailable(f"{self.id}: its fills are not all told yet")
        return parsed.with_fills(told.state, fills)
