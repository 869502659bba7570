"""Coinbase Advanced behind the ports, by its own REST answers (v3, and v2 for money that comes and goes).

A taken order is told by its id alone, so a second question says where it stands; there is none by the client's id, so
an order whose answer was lost is looked for in the list. A request's token ends when the order's time does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from trimtab.adapters.venues.exchange import advanced, answers, spot
from trimtab.adapters.venues.exchange.advanced import Page
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.adapters.venues.exchange.line import URGENT, Credentials, Denied, Line, Target
from trimtab.adapters.venues.exchange.lines import Lines
from trimtab.adapters.venues.exchange.table import COINBASE
from trimtab.model.accounts import Access, Budget, Carried, VenueTerms
from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.holdings import AccountRead, Balance, OpenOrder, Stage, Transfer
from trimtab.model.orders import Order, OrderState, Withdrawal
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Clock, EdgeError, Refused, Unavailable, Uncertain
from trimtab.quant import books
from trimtab.units import canon

TOUCH_LEVELS: Final = 50
LOOKBACK: Final = timedelta(days=7)
"""How long a finished transfer is still told of: its other end may take so long."""

LISTED: Final = timedelta(days=1)
"""An order was made at most so long before the end of its time: the list is read no further back."""

MOST_PAGES: Final = 200
RESTING: Final = ("OPEN", "PENDING", "QUEUED", "CANCEL_QUEUED")
SHORTEST_S: Final = 2
"""Tokens have whole seconds; one for less than this may be over before it arrives."""


@dataclass
class CoinbaseVenue:
    """Coinbase Advanced with all its ports. `known` are our accounts by (asset, network, address), for withdrawals.

    `movers` are keys for withdrawals alone, by account; without one the account's key is used.
    """

    id: str
    accounts: Mapping[str, Credentials]
    assets: frozenset[str]
    clock: Clock
    target: Target | None = None
    known: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    movers: Mapping[str, Credentials] = field(default_factory=dict)
    lines: Lines = field(init=False)
    _wallets: dict[tuple[str, str], str] = field(default_factory=dict)
    _numbers: dict[str, str] = field(default_factory=dict)
    _read_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """A private key from a variable often has its line ends written out; ccxt cannot read it so."""
        told, movers = (
            {name: Credentials(k.key, k.secret.replace("\\n", "\n")) for name, k in keys.items()}
            for keys in (self.accounts, self.movers)
        )
        self.lines = Lines(self.id, COINBASE, told, self.target, movers=movers)

    @property
    def terms(self) -> VenueTerms:
        """A request waits at most as long as its token is good."""
        return VenueTerms(venue=self.id, accept_window_s=COINBASE.accept_s, retention_s=COINBASE.retention_s, skew_s=1)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self.lines.close()

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed whose two assets are the fund's."""

        def read(answer: Any) -> list[Instrument]:
            rows = answers.rows(answers.within(answers.record(answer, "products"), "products"), "products")
            if not rows:
                raise Garbled("the venue lists nothing")
            return [
                advanced.instrument(self.id, row)
                for row in rows
                if {row.get("base_currency_id"), row.get("quote_currency_id")} <= self.assets
            ]

        asked = {"product_type": "SPOT"}
        found = await self.lines.public().ask("v3_public_get_brokerage_market_products", asked, read)
        return tuple(sorted(found, key=lambda i: i.id))

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of each instrument, and how much is near it."""
        return tuple(books.touch(book) for book in await self.ladders(instruments, TOUCH_LEVELS))

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The books; one that is not listed, or has only one side, is left out."""
        found = await asyncio.gather(*(self._ladder(name, levels) for name in instruments))
        return tuple(book for book in found if book is not None)

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays, by its tier."""
        line = (await self.lines.of(account)).reading
        asked = {"product_type": "SPOT"}
        return await line.ask(
            "v3_private_get_brokerage_transaction_summary", asked, lambda a: advanced.terms(account, a)
        )

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders. `as_of` is when it was asked: two readings that agree hold for it."""
        line, at = (await self.lines.of(account)).reading, self.clock.now()
        balances, orders = await asyncio.gather(self._balances(line, account, at), self._resting(line, account))
        self._read_at[account] = at
        return AccountRead(account=account, as_of=at, balances=balances, orders=orders)

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Withdrawals and deposits not finished before `since`; some that were, so that their two ends can meet."""
        line = (await self.lines.of(account)).reading
        if not any(name == account for name, _ in self._wallets):
            await self._balances(line, account, self.clock.now())
        wallets = [
            number for (name, asset), number in self._wallets.items() if name == account and asset in self.assets
        ]
        told = await asyncio.gather(*(self._moved(line, account, wallet, since) for wallet in wallets))
        found = [transfer for wallet in told for transfer in wallet if self._recent(transfer, since)]
        spot.require_sharp(self.id, account, found, self._read_at.get(account))
        return tuple(sorted(found, key=lambda t: (t.id, t.asset, t.stage)))

    async def place(self, order: Order) -> OrderState:
        """Send an order and ask where it stands. A token that ends with the order's time keeps it from coming later."""
        lines = await self.lines.of(order.account)
        left = (order.valid_until - self.clock.now()).total_seconds()
        if left < SHORTEST_S:
            until = f"{order.valid_until:%H:%M:%S}"
            raise Unavailable(f"{self.id}: order {order.id} is valid until {until} and is not sent so shortly before")
        params = advanced.sent_as(order)
        method = "v3_private_post_brokerage_orders"
        number = await lines.acting.act(method, params, lambda a: advanced.taken(order, a), good_s=left)
        self._numbers[order.id] = number
        try:
            told = await self._state(lines.reading, order, number)
        except EdgeError as error:
            raise Uncertain(f"{self.id}: order {order.id} was taken, and then: {error}") from error
        if told is None:
            raise Uncertain(f"{self.id}: order {order.id} was taken and is not told of yet")
        return told

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where the venue does not know it."""
        line = (await self.lines.of(order.account)).reading
        number = await self._number(line, order)
        return None if number is None else await self._state(line, order, number)

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book and say where it ended; why a cancellation failed is asked of the order itself."""
        lines = await self.lines.of(order.account)
        number = await self._number(lines.acting, order)
        if number is None:
            return None
        asked = {"order_ids": [number]}
        method = "v3_private_post_brokerage_orders_batch_cancel"
        await lines.acting.act(method, asked, lambda a: self._cancelled(number, a), share=URGENT)
        return await self._state(lines.reading, order, number)

    async def address(self, account: str, asset: str, network: str) -> str:
        """Where the account receives an asset. Old addresses stay good: one that we know of comes before newer ones."""
        found = [told for by, told in await self._addresses(account, asset) if by == network]
        if not found:
            raise Refused(f"{self.id}: {account} has no address for {asset} on {network}")
        ours = (told for told in found if self.known.get((asset, network, told)) == account)
        return next(ours, found[0])

    async def withdraw(self, withdrawal: Withdrawal) -> Transfer:
        """Send money out: the amount leaves whole, the network's fee comes out of it."""
        lines = await self.lines.of(withdrawal.account)
        params = {
            "account_id": await self._wallet(lines.reading, withdrawal.account, withdrawal.asset),
            "type": "send",
            "to": withdrawal.address,
            "amount": f"{withdrawal.amount:f}",
            "currency": withdrawal.asset,
            "network": withdrawal.network,
            "idem": withdrawal.id,
        }
        method = "v2_private_post_accounts_account_id_transactions"
        mover = await self.lines.mover(withdrawal.account)
        return await mover.act(method, params, lambda a: self._sent(withdrawal, a))

    async def skew_s(self) -> Decimal | None:
        """How far the venue's clock is ahead of this machine's, measured now."""
        await self.lines.measure()
        return canon(Decimal(self.lines.ahead_ms) / 1000)

    async def access(self, account: str) -> Access:
        """What the account's key may do."""
        line = (await self.lines.of(account)).reading
        return await line.ask("v3_private_get_brokerage_key_permissions", {}, lambda a: advanced.access(account, a))

    async def budgets(self, account: str) -> tuple[Budget, ...]:
        """How many calls the account's key has made in this second."""
        used = (await self.lines.of(account)).reading.budget
        return (Budget(name="calls", used=used.used, limit=used.limit, window_s=used.window_s),)

    async def carried(self, account: str, assets: Sequence[str]) -> tuple[Carried, ...]:
        """The networks that have an address; fees and whether they are open, the venue does not say beforehand."""
        told = await asyncio.gather(*(self._addresses(account, asset) for asset in assets))
        ways = {(asset, network) for asset, found in zip(assets, told, strict=True) for network, _ in found}
        return tuple(Carried(asset=asset, network=network) for asset, network in sorted(ways))

    async def _ladder(self, name: str, levels: int) -> Ladder | None:
        at = self.clock.now()
        asked = {"product_id": advanced.product(name), "limit": levels}
        method = "v3_public_get_brokerage_market_product_book"
        try:
            return await self.lines.public().ask(method, asked, lambda a: advanced.book(name, a, levels, at))
        except Denied as error:
            if error.code in COINBASE.unknown_order:
                return None
            raise

    async def _balances(self, line: Line, account: str, at: datetime) -> tuple[Balance, ...]:
        reader = advanced.page("accounts", lambda row: advanced.wallet(account, row, at))
        wallets = await self._all(line, "v3_private_get_brokerage_accounts", {"limit": 250}, reader)
        if not wallets and any(name == account for name, _ in self._wallets):
            raise Unavailable(f"{self.id}: no balance is told where there were some")
        found: dict[str, Balance] = {}
        for number, balance in wallets:
            if balance.asset in found:
                raise Unavailable(f"{self.id}: {account} has two wallets of {balance.asset}")
            self._wallets[account, balance.asset] = number
            found[balance.asset] = balance
        return tuple(b for _, b in sorted(found.items()) if b.asset in self.assets or b.total)

    async def _resting(self, line: Line, account: str) -> tuple[OpenOrder, ...]:
        """What rests, or is on its way on or off the book: the venue lists one status at a time."""
        reader = advanced.page("orders", lambda row: advanced.resting(account, self.id, row))
        method = "v3_private_get_brokerage_orders_historical_batch"
        asked = ({"order_status": status, "limit": 100} for status in RESTING)
        groups = await asyncio.gather(*(self._all(line, method, one, reader) for one in asked))
        found: set[OpenOrder] = {order for group in groups for order in group}
        return tuple(sorted(found, key=lambda order: (order.instrument, order.client_id)))

    async def _moved(self, line: Line, account: str, wallet: str, since: datetime) -> list[Transfer]:
        def reader(answer: Any) -> Page:
            rows, more = advanced.old_page(answer)
            old = bool(rows) and answers.stamped(rows[-1], "created_at") < since - LOOKBACK
            told = [advanced.moved(account, row, self._whose) for row in rows]
            return Page([transfer for transfer in told if transfer is not None], {} if old else more)

        asked = {"account_id": wallet, "limit": 100}
        return await self._all(line, "v2_private_get_accounts_account_id_transactions", asked, reader)

    def _recent(self, transfer: Transfer, since: datetime) -> bool:
        """Whether a transfer is still to be told of. What went to others is over once it was sent."""
        if transfer.stage is Stage.SENT and transfer.target not in self.known.values():
            return transfer.debited_at >= since
        if transfer.stage in (Stage.WITHDRAWABLE, Stage.RETURNED, Stage.SENT):
            return (transfer.credited_at or transfer.debited_at) + LOOKBACK >= since
        return True

    def _whose(self, asset: str, network: str, address: str) -> str:
        """Our account at an address, else the address itself."""
        return self.known.get((asset, network, address), address)

    def _sent(self, withdrawal: Withdrawal, answer: Any) -> Transfer:
        row = answers.record(answers.within(answers.record(answer, "transaction"), "data"), "data")
        transfer = advanced.moved(withdrawal.account, row, self._whose)
        asked = withdrawal.account, withdrawal.asset, withdrawal.amount
        if transfer is None or (transfer.source, transfer.asset, transfer.amount) != asked:
            raise Garbled("the answer is about another withdrawal")
        return transfer

    async def _addresses(self, account: str, asset: str) -> list[tuple[str, str]]:
        """Networks and addresses, newest first."""
        line = (await self.lines.of(account)).reading
        wallet = await self._wallet(line, account, asset)

        def reader(answer: Any) -> Page:
            rows, more = advanced.old_page(answer)
            return Page([(answers.text(row, "network"), answers.text(row, "address")) for row in rows], more)

        asked = {"account_id": wallet, "limit": 100}
        return await self._all(line, "v2_private_get_accounts_account_id_addresses", asked, reader)

    async def _wallet(self, line: Line, account: str, asset: str) -> str:
        if (account, asset) not in self._wallets:
            await self._balances(line, account, self.clock.now())
        if (account, asset) not in self._wallets:
            raise Refused(f"{self.id}: {account} has no wallet of {asset}")
        return self._wallets[account, asset]

    async def _number(self, line: Line, order: Order) -> str | None:
        """The venue's id of an order: remembered, or found in the list; None where it is not there."""
        if order.id not in self._numbers:
            since = order.valid_until - LISTED
            asked = {
                "product_ids": [advanced.product(order.instrument)],
                "start_date": f"{since:%Y-%m-%dT%H:%M:%SZ}",
                "limit": 100,
            }
            reader = advanced.page(
                "orders", lambda row: (answers.text(row, "client_order_id"), answers.text(row, "order_id"))
            )
            listed = await self._all(line, "v3_private_get_brokerage_orders_historical_batch", asked, reader)
            found = [number for client_id, number in listed if client_id == order.id]
            if len(found) > 1:
                raise Unavailable(f"{self.id}: order {order.id} is listed {len(found)} times")
            self._numbers.update((order.id, number) for number in found)
        return self._numbers.get(order.id)

    async def _state(self, line: Line, order: Order, number: str) -> OrderState | None:
        """An order's state with its fills, which the venue lists elsewhere, and sometimes later."""
        at = self.clock.now()

        def read(answer: Any) -> OrderState:
            row = answers.record(answers.within(answers.record(answer, "order"), "order"), "order")
            return advanced.state(order, row, at)

        method = "v3_private_get_brokerage_orders_historical_order_id"
        try:
            told = await line.ask(method, {"order_id": number}, read)
        except Denied as error:
            if error.code in COINBASE.unknown_order:
                return None
            raise
        if not told.filled:
            return told
        reader = advanced.page("fills", lambda row: advanced.fill(order, row))
        asked = {"order_ids": [number], "limit": 100}
        fills = await self._all(line, "v3_private_get_brokerage_orders_historical_fills", asked, reader)
        try:
            return spot.with_fills(told, fills)
        except Garbled as error:
            raise Unavailable(f"{self.id}: {error}") from error

    def _cancelled(self, number: str, answer: Any) -> None:
        """Whatever the venue says of the cancellation: the order's own state is asked for afterwards."""
        results = answers.rows(answers.within(answers.record(answer, "cancel"), "results"), "results")
        if [answers.text(row, "order_id") for row in results] != [number]:
            raise Garbled("the answer is about another order")
        answers.flag(results[0], "success")

    async def _all(self, line: Line, method: str, params: Mapping[str, Any], read: Callable[[Any], Page]) -> list[Any]:
        """A whole list, page by page."""
        found: list[Any] = []
        more: Mapping[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await line.ask(method, {**params, **more}, read)
            found += page.rows
            if not page.more:
                return found
            if page.more == more:
                raise Unavailable(f"{self.id}: a list does not end")
            more = page.more
        raise Unavailable(f"{self.id}: a list has more than {MOST_PAGES} pages")
