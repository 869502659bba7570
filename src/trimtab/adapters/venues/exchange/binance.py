"""Binance Spot behind the ports, by its own REST answers.

Trades and withdrawals go by one line, readings by another, so that no order waits behind a history. Deposits are known
by their network transaction alone: who sent them only the sender's venue can say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from trimtab.adapters.venues.exchange import answers, spot
from trimtab.adapters.venues.exchange.answers import Garbled
from trimtab.adapters.venues.exchange.line import URGENT, Credentials, Denied, Line, Target
from trimtab.adapters.venues.exchange.lines import Lines
from trimtab.adapters.venues.exchange.table import BINANCE
from trimtab.model.accounts import Access, Carried, VenueTerms
from trimtab.model.accounts import Budget as Used
from trimtab.model.assets import FeeTerms, Instrument
from trimtab.model.holdings import AccountRead, Balance, OpenOrder, Stage, Transfer
from trimtab.model.orders import Order, OrderState, Side, Withdrawal
from trimtab.model.prices import Ladder, Quote
from trimtab.ports import Clock, Refused, Unavailable
from trimtab.quant import books
from trimtab.units import ZERO, canon

T = TypeVar("T")

DEPTHS: Final = (5, 10, 20, 50, 100, 500, 1000, 5000)
TOUCH_LEVELS: Final = 50
LOOKBACK: Final = timedelta(days=7)
"""How long a finished transfer is still told of: its other end may take so long."""


@dataclass
class BinanceVenue:
    """Binance Spot with all its ports. `known` are our accounts by (asset, network, address), for withdrawals.

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
    _symbols: dict[str, tuple[str, str]] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _held: set[str] = field(default_factory=set)
    _read_at: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is opened before it is needed."""
        self.lines = Lines(self.id, BINANCE, self.accounts, self.target, movers=self.movers)

    @property
    def terms(self) -> VenueTerms:
        """A request waits at most its window; an order without fills is archived after ninety days."""
        return VenueTerms(venue=self.id, accept_window_s=BINANCE.accept_s, retention_s=BINANCE.retention_s, skew_s=1)

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self.lines.close()

    async def instruments(self) -> tuple[Instrument, ...]:
        """Everything listed whose two assets are the fund's."""
        found = await self.lines.public().ask("public_get_exchangeinfo", {}, self._listed, weight=20)
        self._symbols = {spot.symbol_of(i): (i.base, i.quote) for i in found}
        return tuple(i for i in found if {i.base, i.quote} <= self.assets)

    async def quotes(self, instruments: Sequence[str]) -> tuple[Quote, ...]:
        """The touch of each instrument, and how much is near it."""
        return tuple(books.touch(book) for book in await self.ladders(instruments, TOUCH_LEVELS))

    async def ladders(self, instruments: Sequence[str], levels: int) -> tuple[Ladder, ...]:
        """The books; one that is not listed, or has only one side, is left out."""
        found = await asyncio.gather(*(self._ladder(name, levels) for name in instruments))
        return tuple(book for book in found if book is not None)

    async def fees(self, account: str) -> tuple[FeeTerms, ...]:
        """What the account pays, and whether from what it receives or in BNB, by the venue's own figures."""
        line = (await self.lines.of(account)).reading
        charged = await line.ask("sapi_get_asset_tradefee", {}, lambda a: answers.rows(a, "tradeFee"))
        await self._listing()
        third = await self._third(line, charged)
        pairs = {answers.text(row, "symbol"): row for row in charged}
        ours = {name: pair for name, pair in self._symbols.items() if name in pairs and set(pair) <= self.assets}
        try:
            found = [spot.terms(account, f"{self.id}:{b}/{q}", pairs[name], third) for name, (b, q) in ours.items()]
        except Garbled as error:
            raise Unavailable(f"{self.id}: {error}") from error
        return tuple(sorted(found, key=lambda terms: terms.instrument or ""))

    async def read(self, account: str) -> AccountRead:
        """All balances and open orders. `as_of` is when it was asked: two readings that agree hold for it.

        All open orders cost four times what the balances do: they are asked for where something is locked.
        """
        line, at = (await self.lines.of(account)).reading, self.clock.now()
        await self._listing()
        balances = await line.ask("private_get_account", {}, lambda a: self._balances(account, a, at), weight=20)
        orders: tuple[OpenOrder, ...] = ()
        if any(balance.total != balance.free for balance in balances):  # An order on the book locks something.
            orders = await line.ask("private_get_openorders", {}, lambda a: self._orders(account, a), weight=80)
        self._read_at[account] = at
        return AccountRead(account=account, as_of=at, balances=balances, orders=orders)

    async def transfers(self, account: str, since: datetime) -> tuple[Transfer, ...]:
        """Withdrawals and deposits not finished before `since`; some that were, so that their two ends can meet."""
        line = (await self.lines.of(account)).reading
        sent, came = await asyncio.gather(
            line.ask("sapi_get_capital_withdraw_history", {}, lambda a: self._sent(account, a, since), weight=18),
            line.ask("sapi_get_capital_deposit_hisrec", {}, lambda a: self._came(account, a, since)),
        )
        spot.require_sharp(self.id, account, sent, self._read_at.get(account))
        return tuple(sorted((*sent, *came), key=lambda t: (t.id, t.stage)))

    async def place(self, order: Order) -> OrderState:
        """Send an order; its window ends when the order's does, so that it cannot be accepted later."""
        line = (await self.lines.of(order.account)).acting
        left = int((order.valid_until - self.clock.now()) / timedelta(milliseconds=1))
        if left <= 0:
            raise Unavailable(
                f"{self.id}: order {order.id} was valid until {order.valid_until:%H:%M:%S} and is not sent"
            )
        params = {**spot.sent_as(order), "recvWindow": str(min(left, BINANCE.window_s * 1000))}
        return await line.act("private_post_order", params, lambda a: self._placed(order, a))

    async def query(self, order: Order) -> OrderState | None:
        """Where an order stands; None where the venue does not know it."""
        line = (await self.lines.of(order.account)).reading
        asked = {"symbol": spot.symbol(order.instrument), "origClientOrderId": order.id}
        try:
            told = await line.ask("private_get_order", asked, lambda a: self._told(order, a, "clientOrderId"), weight=4)
        except Denied as error:
            if error.code in BINANCE.unknown_order:
                return None
            raise
        return await self._whole(line, order, told)

    async def cancel(self, order: Order) -> OrderState | None:
        """Take an order off the book and say where it ended; it goes before everything else."""
        lines = await self.lines.of(order.account)
        asked = {"symbol": spot.symbol(order.instrument), "origClientOrderId": order.id}
        try:
            told = await lines.acting.act(
                "private_delete_order", asked, lambda a: self._told(order, a, "origClientOrderId"), share=URGENT
            )
        except Denied as error:
            if error.code in BINANCE.unknown_order:
                return await self.query(order)
            raise
        return await self._whole(lines.reading, order, told)

    async def address(self, account: str, asset: str, network: str) -> str:
        """Where the account receives an asset, as the venue says now."""
        line = (await self.lines.of(account)).reading
        asked = {"coin": asset, "network": network}
        return await line.ask(
            "sapi_get_capital_deposit_address",
            asked,
            lambda a: spot.address(answers.record(a, "address"), asset),
            weight=10,
        )

    async def withdraw(self, withdrawal: Withdrawal) -> Transfer:
        """Send money out. The network's fee is looked up first: a question that fails has sent nothing.

        One reference is one withdrawal: the venue does not promise that, so its history is asked for it before.
        """
        lines = await self.lines.of(withdrawal.account)
        made_before = await lines.reading.ask(
            "sapi_get_capital_withdraw_history",
            {"withdrawOrderId": withdrawal.id},
            lambda a: self._repeated(withdrawal, a),
            weight=18,
        )
        if made_before is not None:
            return made_before
        ways = await self.carried(withdrawal.account, [withdrawal.asset])
        way = next((w for w in ways if w.network == withdrawal.network), None)
        if way is None or way.fee is None:
            raise Refused(f"{self.id}: {withdrawal.asset} is not carried by {withdrawal.network}")
        params = {
            "coin": withdrawal.asset,
            "network": withdrawal.network,
            "address": withdrawal.address,
            "amount": f"{withdrawal.amount:f}",
            "withdrawOrderId": withdrawal.id,
        }
        made = await (await self.lines.mover(withdrawal.account)).act(
            "sapi_post_capital_withdraw_apply",
            params,
            lambda a: answers.text(answers.record(a, "withdrawal"), "id"),
            weight=0,
        )
        return Transfer(
            id=made,
            asset=withdrawal.asset,
            amount=withdrawal.amount,
            fee=way.fee,
            source=withdrawal.account,
            target=self._whose(withdrawal.asset, withdrawal.network, withdrawal.address),
            stage=Stage.REQUESTED,
            debited_at=self.clock.now(),
        )

    async def skew_s(self) -> Decimal | None:
        """How far the venue's clock is ahead of this machine's, measured now."""
        await self.lines.measure()
        return canon(Decimal(self.lines.ahead_ms) / 1000)

    async def access(self, account: str) -> Access:
        """What the account's key may do. The list of addresses is not told, only whether there is one."""
        line = (await self.lines.of(account)).reading

        def read(answer: Any) -> Access:
            row = answers.record(answer, "apiRestrictions")
            return Access(
                account=account,
                trade=answers.flag(row, "enableSpotAndMarginTrading"),
                transfer=answers.flag(row, "permitsUniversalTransfer"),
                withdraw=answers.flag(row, "enableWithdrawals"),
                listed=answers.flag(row, "ipRestrict"),
            )

        return await line.ask("sapi_get_account_apirestrictions", {}, read)

    async def budgets(self, account: str) -> tuple[Used, ...]:
        """How much of the weights of this network address is used: the exchange's own, and the wallet's."""
        line = (await self.lines.of(account)).reading
        told = [("weight", line.budget), *([("wallet weight", line.wallet)] if line.wallet else [])]
        return tuple(Used(name=name, used=b.used, limit=b.limit, window_s=b.window_s) for name, b in told)

    async def carried(self, account: str, assets: Sequence[str]) -> tuple[Carried, ...]:
        """The networks of each asset, with fees and whether they are open."""
        line = (await self.lines.of(account)).reading
        return await line.ask("sapi_get_capital_config_getall", {}, lambda a: tuple(spot.carried(a, assets)), weight=10)

    def _listed(self, answer: Any) -> tuple[Instrument, ...]:
        symbols = answers.rows(answers.within(answers.record(answer, "exchangeInfo"), "symbols"), "symbols")
        if not symbols:
            raise Garbled("the venue lists nothing")
        return tuple(sorted((spot.instrument(self.id, row) for row in symbols), key=lambda i: i.id))

    async def _listing(self) -> None:
        """The listings, asked for once by however many accounts wait for them."""
        async with self._turn:
            if not self._symbols:
                await self.instruments()

    async def _ladder(self, name: str, levels: int) -> Ladder | None:
        limit = next((depth for depth in DEPTHS if depth >= levels), DEPTHS[-1])
        at = self.clock.now()
        try:
            return await self.lines.public().ask(
                "public_get_depth",
                {"symbol": spot.symbol(name), "limit": limit},
                lambda a: spot.book(name, answers.record(a, "depth"), levels, at),
                weight=5 if limit <= 100 else 25,
            )
        except Denied as error:
            if error.code == "-1121":
                return None
            raise

    async def _third(self, line: Line, charged: Sequence[Mapping[str, Any]]) -> tuple[str, Decimal] | None:
        """The asset that fees are paid in and the discount for it, where the account has asked for that."""
        burns = await line.ask(
            "sapi_get_bnbburn", {}, lambda a: answers.flag(answers.record(a, "bnbBurn"), "spotBNBBurn")
        )
        if not burns or not charged:
            return None
        symbol = answers.text(charged[0], "symbol")
        return await line.ask("private_get_account_commission", {"symbol": symbol}, spot.discount, weight=20)

    def _balances(self, account: str, answer: Any, at: datetime) -> tuple[Balance, ...]:
        told = answers.rows(answers.within(answers.record(answer, "account"), "balances"), "balances")
        if not told and account in self._held:
            raise Garbled("no balance is told where there were some")
        self._held.update({account} if told else ())
        found = [spot.balance(account, row, at) for row in told]
        return tuple(sorted((b for b in found if b.asset in self.assets or b.total), key=lambda b: b.asset))

    def _orders(self, account: str, answer: Any) -> tuple[OpenOrder, ...]:
        found = (self._open(account, row) for row in answers.rows(answer, "openOrders"))
        return tuple(sorted(found, key=lambda order: (order.instrument, order.client_id)))

    def _open(self, account: str, row: Mapping[str, Any]) -> OpenOrder:
        symbol = answers.text(row, "symbol")
        pair = self._symbols.get(symbol)
        price = answers.number(row, "price")
        return OpenOrder(
            account=account,
            instrument=f"{self.id}:{'/'.join(pair) if pair else symbol}",
            client_id=answers.text(row, "clientOrderId"),
            side=Side(answers.text(row, "side").lower()),
            amount=answers.number(row, "origQty"),
            filled=answers.number(row, "executedQty"),
            price=price or None,
        )

    def _sent(self, account: str, answer: Any, since: datetime) -> tuple[Transfer, ...]:
        found = []
        for row in answers.rows(answer, "withdrawals"):
            transfer = self._withdrawn(account, row)
            ended = answers.written(row, "completeTime") if row.get("completeTime") else None
            until = ended + LOOKBACK if ended is not None and transfer.target in self.known.values() else ended
            if until is None or until >= since:
                found.append(transfer)
        return tuple(found)

    def _repeated(self, withdrawal: Withdrawal, answer: Any) -> Transfer | None:
        rows = answers.rows(answer, "withdrawals")
        mine = [row for row in rows if row.get("withdrawOrderId") == withdrawal.id]
        if len(mine) != len(rows) or len(mine) > 1:
            raise Garbled("the answer is about other withdrawals")
        return self._withdrawn(withdrawal.account, mine[0]) if mine else None

    def _withdrawn(self, account: str, row: Mapping[str, Any]) -> Transfer:
        stage, because = spot.stage_of(spot.SENT, answers.whole(row, "status"))
        fee = answers.number(row, "transactionFee")
        asset, network = answers.text(row, "coin"), answers.text(row, "network")
        began = answers.written(row, "applyTime")
        return Transfer(
            id=answers.text(row, "txId") or answers.text(row, "id"),
            asset=asset,
            amount=canon(answers.number(row, "amount") + fee),
            fee=fee if stage is not Stage.RETURNED else ZERO,
            source=account,
            target=self._whose(asset, network, answers.text(row, "address")),
            stage=stage,
            debited_at=began,
            credited_at=answers.written(row, "completeTime")
            if stage is Stage.RETURNED and row.get("completeTime")
            else None,
            because=because,
        )

    def _came(self, account: str, answer: Any, since: datetime) -> tuple[Transfer, ...]:
        found = [spot.deposited(account, row) for row in answers.rows(answer, "deposits")]
        return tuple(
            t for t in found if t.stage is not Stage.WITHDRAWABLE or (t.credited_at or since) + LOOKBACK >= since
        )

    def _whose(self, asset: str, network: str, address: str) -> str:
        """Our account at an address, else the address itself."""
        return self.known.get((asset, network, address), address)

    def _placed(self, order: Order, answer: Any) -> OrderState:
        told = self._told(order, answer, "clientOrderId")
        row = answers.record(answer, "order")
        at = answers.instant(row, "transactTime")
        fills = [spot.fill(order, part, "tradeId", at) for part in answers.rows(answers.within(row, "fills"), "fills")]
        return spot.with_fills(told, fills)

    def _told(self, order: Order, answer: Any, named: str) -> OrderState:
        """Where an order stands, without its fills. It must be the order that was asked about."""
        row = answers.record(answer, "order")
        if answers.text(row, named) != order.id or answers.text(row, "symbol") != spot.symbol(order.instrument):
            raise Garbled("the answer is about another order")
        status = answers.text(row, "status")
        if status not in spot.STATUSES:
            raise Garbled(f"status {status} is not known")
        answers.whole(row, "orderId")
        stamp = "transactTime" if "transactTime" in row else "updateTime"
        return OrderState(
            order_id=order.id,
            status=spot.STATUSES[status],
            filled=answers.number(row, "executedQty"),
            at=answers.instant(row, stamp),
        )

    async def _whole(self, line: Line, order: Order, told: OrderState) -> OrderState:
        """An order's state with its fills, which the venue lists elsewhere, and sometimes later."""
        if not told.filled:
            return told
        number = await line.ask(
            "private_get_order",
            {"symbol": spot.symbol(order.instrument), "origClientOrderId": order.id},
            lambda a: answers.whole(answers.record(a, "order"), "orderId"),
            weight=4,
        )
        trades = await line.ask(
            "private_get_mytrades",
            {"symbol": spot.symbol(order.instrument), "orderId": number},
            lambda a: [spot.fill(order, row, "id", answers.instant(row, "time")) for row in answers.rows(a, "trades")],
            weight=5,
        )
        try:
            return spot.with_fills(told, trades)
        except Garbled as error:
            raise Unavailable(f"{self.id}: {error}") from error
