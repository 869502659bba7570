"""Nothing appears and nothing is lost: any requests, and every raw unit is accounted for after each."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.sim.venue import BNB_USDT, BTC_USDT, DECIMALS, after, order, outside, pays, venue
from trimtab.model.assets import TakenFrom
from trimtab.model.orders import Fill, OrderStatus, Side, TimeInForce
from trimtab.sim import exchange, fills, transfers
from trimtab.sim.refusals import Refusal
from trimtab.sim.rules import Consumed, Outside
from trimtab.sim.state import Direction, Exchange, State
from trimtab.units import from_raw, to_raw

ACCOUNTS = some.sampled_from(["main", "sub", "other"])
ASSETS = some.sampled_from(sorted(DECIMALS))
TAKEN = some.sampled_from(list(TakenFrom))
RATES = some.sampled_from(["-1", "0", "0.37", "10", "60"])
AMOUNTS = some.integers(1, 3_000).map(lambda lots: f"{lots * Decimal('0.001'):f}")
PRICES = some.integers(59_900, 60_100).map(str)
LADDERS = some.lists(some.tuples(PRICES, AMOUNTS), max_size=4, unique_by=lambda level: level[0])
MIDDLES = some.integers(59_920, 60_080)


@dataclass
class Sum:
    """What has left or entered the accounts by each asset, in raw units, as the answers tell it."""

    out: Counter[str] = field(default_factory=Counter)

    def leave(self, asset: str, amount: Decimal) -> None:
        self.out[asset] += to_raw(amount, DECIMALS[asset])


class Venue(RuleBasedStateMachine):
    """A venue that is asked anything at all, with its clock going forward."""

    def __init__(self) -> None:
        super().__init__()
        self.of: Exchange = venue()
        self.now, self.count, self.start = 0.0, 0, Counter[str]()
        self.consumed: list[Consumed] = []

    @initialize(taken=some.tuples(TAKEN, TAKEN, TAKEN), maker=RATES, taker=RATES, delay=some.sampled_from([0, 3]))
    def opened(self, taken: tuple[TakenFrom, ...], maker: str, taker: str, delay: float) -> None:
        terms = [pays(a, t, maker, taker) for a, t in zip(("main", "sub", "other"), taken, strict=True)]
        held = {"BTC": "2", "USDT": "90000.00000007", "BNB": "0.07"}
        self.of = venue(*terms, delay_s=delay, main=held, sub=held, other=held)
        self.start = totals(self.of.state)

    @rule(
        account=ACCOUNTS,
        side=some.sampled_from(list(Side)),
        amount=AMOUNTS,
        price=some.one_of(some.none(), PRICES),
        force=some.sampled_from(list(TimeInForce)),
        instrument=some.sampled_from([BTC_USDT, BNB_USDT]),
        middle=MIDDLES,
        ladder=LADDERS,
        expires=some.one_of(some.none(), some.integers(1, 20)),
    )
    def place(
        self,
        account: str,
        side: Side,
        amount: str,
        price: str | None,
        force: TimeInForce,
        instrument: str,
        middle: int,
        ladder: list[tuple[str, str]],
        expires: int | None,
    ) -> None:
        self.count += 1
        sent = order(
            side,
            amount,
            price,
            order_id=str(self.count),
            account=account,
            force=force,
            valid_s=self.now + 5,
            expires_s=None if expires is None else self.now + expires,
            instrument=instrument,
        )
        self.settle(middle, ladder)
        exchange.place(self.of, sent, after(self.now), book(instrument, middle, ladder))

    @rule(seconds=some.floats(0.1, 400), middle=MIDDLES, ladder=LADDERS)
    def wait(self, seconds: float, middle: int, ladder: list[tuple[str, str]]) -> None:
        self.now += seconds
        self.settle(middle, ladder)
        exchange.cross(self.of, BTC_USDT, after(self.now), book(BTC_USDT, middle, ladder))

    @rule(account=ACCOUNTS, ago=some.integers(0, 6))
    def cancel(self, account: str, ago: int) -> None:
        exchange.cancel(self.of, account, str(self.count - ago), after(self.now))

    @rule(account=ACCOUNTS, asset=some.sampled_from(["BTC", "USDT"]), amount=some.integers(1, 10**13))
    def withdraw(self, account: str, asset: str, amount: int) -> None:
        network = {"BTC": "bitcoin", "USDT": "chain"}[asset]
        asked = from_raw(amount, DECIMALS[asset])
        try:
            transfer = transfers.withdraw(
                self.of, account, asset, asked, network=network, target="other", at=after(self.now)
            )
        except Refusal:
            return
        seen_at = transfers.sent_at(self.of, transfer)
        transfers.announce(self.of, transfer, network=network, seen_at=seen_at)

    @rule(key=ACCOUNTS, source=ACCOUNTS, receiver=ACCOUNTS, asset=ASSETS, amount=some.integers(1, 10**9))
    def move(self, key: str, source: str, receiver: str, asset: str, amount: int) -> None:
        asked = from_raw(amount, DECIMALS[asset])
        try:
            transfers.move(self.of, key, source, receiver, asset, asked, at=after(self.now))
        except Refusal:
            return

    @rule()
    def carried_on_by_another_process_that_knows_the_live_rows_only(self) -> None:
        """Old orders and finished movements stay in the store; they are put back here only to be counted."""
        state, forgotten = self.of.state, dict(self.of.state.orders)
        live = {seq: placed for seq, placed in state.orders.items() if placed.live}
        of = Exchange(self.of.rules, State(dict(state.balances), live, dict(state.movements)))
        of.state.next_order, of.state.next_fill = state.next_order, state.next_fill
        of.state.next_transfer = state.next_transfer
        self.consumed += state.take_changes().consumed
        self.of = of
        for seq in sorted(forgotten.keys() - live.keys()):
            of.state.keep_order(forgotten[seq])

    def settle(self, middle: int, ladder: list[tuple[str, str]]) -> None:
        while (moment := exchange.due(self.of, after(self.now))) is not None:
            market = book(moment.instrument, middle, ladder) if moment.instrument else None
            exchange.settle(self.of, moment, market)

    @invariant()
    def nothing_is_below_zero(self) -> None:
        for stock in self.of.state.balances.values():
            assert 0 <= stock.locked <= stock.total

    @invariant()
    def locks_are_what_open_orders_need(self) -> None:
        needed: Counter[tuple[str, str]] = Counter()
        for placed in self.of.state.orders.values():
            asked, left = placed.order, placed.order.amount - placed.filled
            if placed.status is OrderStatus.OPEN and asked.limit_price is not None:
                asset = fills.pays(self.of.rules.instrument[asked.instrument], asked.side)
                needed[asked.account, asset] += fills.need(self.of, asked, left, asked.limit_price)
        locked = {key: stock.locked for key, stock in self.of.state.balances.items() if stock.locked}
        assert locked == {key: units for key, units in needed.items() if units}

    @invariant()
    def every_unit_is_in_an_account_or_left_it_by_a_trade_a_fee_or_a_transfer(self) -> None:
        left = Sum()
        for placed in self.of.state.orders.values():
            for fill in placed.fills:
                traded(left, fill)
        for movement in self.of.state.movements.values():
            transfer = movement.transfer
            if movement.direction is Direction.OUT:
                left.leave(transfer.asset, transfer.amount)
            if movement.direction is Direction.IN and transfer.credited_at is not None:
                left.leave(transfer.asset, transfer.fee - transfer.amount)
        now = totals(self.of.state)
        assert {a: self.start[a] - now[a] for a in DECIMALS} == {a: left.out[a] for a in DECIMALS}

    @invariant()
    def what_was_bought_beyond_what_was_sold_was_consumed_from_the_market(self) -> None:
        self.consumed += self.of.state.take_changes().consumed
        bought: Counter[str] = Counter()
        for fill in (fill for placed in self.of.state.orders.values() for fill in placed.fills):
            bought[fill.instrument] += to_raw(fill.amount, 3) * (1 if fill.side is Side.BUY else -1)
        for used in self.consumed:
            bought[used.instrument] -= to_raw(used.amount, 3) * (1 if used.side == "asks" else -1)
        assert set(bought.values()) <= {0}

    @invariant()
    def orders_end_for_a_reason_and_fill_at_most_once(self) -> None:
        for placed in self.of.state.orders.values():
            assert placed.filled == sum((fill.amount for fill in placed.fills), Decimal(0)) <= placed.order.amount
            if placed.status not in (None, OrderStatus.OPEN, OrderStatus.FILLED):
                assert placed.because
            if placed.status is OrderStatus.FILLED:
                assert placed.filled == placed.order.amount

    @invariant()
    def what_is_withdrawable_is_free_and_has_matured(self) -> None:
        for account in ("main", "sub", "other"):
            for balance in exchange.read(self.of, account, after(self.now)).balances:
                assert balance.withdrawable is not None
                assert 0 <= balance.withdrawable <= balance.free <= balance.total


def traded(left: Sum, fill: Fill) -> None:
    base, quote = fill.instrument.removeprefix("v:").split("/")
    sign = 1 if fill.side is Side.BUY else -1
    left.leave(base, -sign * fill.amount)
    left.leave(quote, sign * fill.amount * fill.price)
    left.leave(fill.fee_asset, fill.fee)


def totals(state: State) -> Counter[str]:
    units: Counter[str] = Counter()
    for stock in state.balances.values():
        units[stock.asset] += stock.total
    return units


def book(instrument: str | None, middle: int, ladder: list[tuple[str, str]]) -> Outside:
    """A ladder around `middle` that is not crossed, best level first; BNB is a hundredth of bitcoin here."""
    scale = 100 if instrument == BNB_USDT else 1
    ordered = sorted((Decimal(price), amount) for price, amount in ladder)
    prices = [(price, f"{price / scale:f}", amount) for price, amount in ordered]
    bids = tuple((shown, amount) for price, shown, amount in reversed(prices) if price < middle)
    asks = tuple((shown, amount) for price, shown, amount in prices if price >= middle)
    return outside(bids, asks, instrument or BTC_USDT)


Venue.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyRequestsConserveEveryUnit = Venue.TestCase
