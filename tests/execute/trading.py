"""A fund with two assets, its plans, and a toy venue that loses, delays and repeats, for tests of execution."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from tests import law
from trimtab.execute import run as runs
from trimtab.model.accounts import Account, VenueTerms
from trimtab.model.assets import Asset, FeeTerms, Filters, Instrument, TakenFrom
from trimtab.model.canonical import digest
from trimtab.model.ledger import Started, Terms
from trimtab.model.mandate import Outcome, Verdict
from trimtab.model.orders import (
    Answered,
    Cancel,
    Command,
    Denied,
    Event,
    Fill,
    Lost,
    Order,
    OrderState,
    OrderStatus,
    Place,
    Query,
    Side,
    Silent,
    Tick,
    TimeInForce,
    Unheard,
    Unsent,
)
from trimtab.model.plans import Certificate, Cleared, Costs, OrderLeg, Plan, Status
from trimtab.model.policy import ExecutionPolicy, Schedule
from trimtab.model.prices import Mark, Marks, Trust
from trimtab.model.runs import Run, RunState, SliceState
from trimtab.units import canon

T0 = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
D = Decimal
GENESIS = "00112233445566778899aabbccddeeff"
ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED)
PRICES = {"BTC": "60000", "ETH": "3000"}
EXECUTION = replace(
    law.EXECUTION,
    schedule=Schedule.TWAP,
    order_kind="market",
    duration_s=60,
    slices=3,
    price_tolerance_bps=D(50),
    slice_rest_s=10,
    deadline_s=120,
)
VENUE = VenueTerms(venue="north", accept_window_s=5, retention_s=86_400, skew_s=1)


def after(seconds: float) -> datetime:
    """So many seconds into the story."""
    return T0 + timedelta(seconds=seconds)


def terms(
    execution: ExecutionPolicy = EXECUTION,
    venue: VenueTerms = VENUE,
    taken_from: TakenFrom = TakenFrom.RECEIVED,
    **filters: Decimal,
) -> Terms:
    """One account at one venue that trades BTC and ETH for USDT at 10 bps."""
    rules = replace(Filters(step=D("0.0001"), tick=D("0.01"), min_notional=D(10)), **filters)
    policy = law.policy(
        fund="alpha",
        assets=tuple(Asset(id=a, decimals=8) for a in ("BNB", "BTC", "ETH", "USDT")),
        accounts=(Account(id="main", venue="north"),),
        execution=execution,
    )
    listed = tuple(
        Instrument(id=f"north:{a}/USDT", venue="north", base=a, quote="USDT", filters=rules) for a in sorted(PRICES)
    )
    paid = FeeTerms(account="main", maker_bps=D(10), taker_bps=D(10), taken_from=taken_from)
    return Terms(policy=policy, instruments=listed, fees=(paid,), venues=(venue,))


def leg(name: str, side: Side, asset: str, amount: str, *needs: str) -> OrderLeg:
    """A leg against USDT with half a percent of tolerance; its predicted half spread is 2 USDT."""
    price = D(PRICES[asset])
    return OrderLeg(
        id=name,
        account="main",
        instrument=f"north:{asset}/USDT",
        base=asset,
        quote="USDT",
        side=side,
        amount=D(amount),
        mark_price=price,
        limit_price=canon(price * (D("1.005") if side is Side.BUY else D("0.995"))),
        value=canon(price * D(amount)),
        costs=Costs(fee=D(0), spread=D(2), impact=D(0)),
        wave=2 if needs else 1,
        needs=needs,
    )


def cleared(*legs: OrderLeg) -> Cleared:
    """A plan of these legs that passed its checks."""
    none = Costs(fee=D(0), spread=D(0), impact=D(0))
    plan = Plan(
        at=T0,
        base="USDT",
        nav=D(1_000_000),
        status=Status.OPTIMAL,
        solver="none",
        solver_version="0",
        legs=tuple(sorted(legs, key=lambda one: one.id)),
        changes=(),
        weights=(),
        costs=none,
        traded=D(0),
        bound=D(0),
        gap=D(0),
        certificate=Certificate(duals=(), bound=D(0)),
    )
    found = Verdict(plan_hash=digest(plan), outcome=Outcome.PASS, findings=())
    return Cleared(plan=plan, plan_hash=digest(plan), verdict=found)


def started(law: Terms, *legs: OrderLeg) -> Run:
    """A run of these legs before its first event."""
    plan = cleared(*legs)
    return runs.start(plan, law, Started(plan_hash=plan.plan_hash, at=T0), "7", GENESIS)


def marks(**more: str) -> Marks:
    """What everything costs in USDT."""
    prices = {**PRICES, "USDT": "1", **more}
    chosen = (Mark(asset=a, price=D(p), as_of=T0, sources=("north",), trust=Trust.SINGLE) for a, p in prices.items())
    return Marks(at=T0, base="USDT", marks=tuple(sorted(chosen, key=lambda m: m.asset)))


def fill(order: Order, amount: str, price: str, *, name: str = "f1", fee: str = "0", asset: str = "USDT") -> Fill:
    """A part of an order that was done."""
    return Fill(
        id=name,
        order_id=order.id,
        account=order.account,
        instrument=order.instrument,
        side=order.side,
        amount=D(amount),
        price=D(price),
        fee=D(fee),
        fee_asset=asset,
        at=T0,
    )


def answered(order: Order, status: OrderStatus, *fills: Fill, at: datetime = T0, because: str = "") -> Answered:
    """The venue says where an order stands."""
    done = canon(sum((f.amount for f in fills), D(0)))
    return Answered(
        state=OrderState(order_id=order.id, status=status, filled=done, fills=fills, at=at, because=because)
    )


def told(run: Run, law: Terms, *events: Event) -> tuple[Run, tuple[Command, ...]]:
    """A run after these events, and the commands of the last of them."""
    commands: tuple[Command, ...] = ()
    for event in events:
        run, commands = runs.step(run, event, law)
    return run, commands


def ticked(run: Run, law: Terms, at: datetime = T0) -> tuple[Run, tuple[Order, ...]]:
    """A run after a tick, and the orders it placed."""
    run, commands = runs.step(run, Tick(at=at), law)
    return run, tuple(c.order for c in commands if isinstance(c, Place))


def all_filled(orders: Sequence[Order], at: datetime = T0) -> tuple[Answered, ...]:
    """Every order done at its guard, without a fee."""
    return tuple(
        answered(o, OrderStatus.FILLED, fill(o, str(o.amount), str(o.limit_price), name=o.id[:8]), at=at)
        for o in orders
    )


def states(run: Run) -> list[SliceState]:
    """Where each slice stands."""
    return [piece.state for working in run.legs for piece in working.slices]


def done(run: Run, name: str) -> Decimal:
    """How much of a leg was filled."""
    fills = (f for w in run.legs if w.leg.id == name for s in w.slices for f in s.fills)
    return canon(sum((f.amount for f in fills), D(0)))


@dataclass
class Known:
    """One order at the toy venue: it arrives at `arrives`, or never."""

    order: Order
    arrives: datetime | None
    status: OrderStatus = OrderStatus.OPEN
    fills: tuple[Fill, ...] = ()
    ended: datetime | None = None

    @property
    def filled(self) -> Decimal:
        """How much was done."""
        return canon(sum((f.amount for f in self.fills), D(0)))


@dataclass
class Toy:
    """A venue that accepts each id at most as often as it is sent, and answers, loses and delays by chance."""

    random: Random
    law: Terms
    log: dict[str, Known] = field(default_factory=dict)
    calm: bool = False

    def perform(self, command: Command, now: datetime) -> tuple[Event, ...]:
        """What comes of one command; sometimes it is said twice."""
        self.pass_time(now)
        event = self._do(command, now)
        return (event, event) if self.random.random() < 0.1 else (event,)

    def pass_time(self, now: datetime) -> None:
        """Accept what has arrived, fill some of what rests, expire what is over."""
        for known in self.log.values():
            if known.arrives is None or known.arrives > now or known.ended is not None:
                continue
            self._trade(known, now)
            order = known.order
            if known.status is OrderStatus.OPEN and order.time_in_force is TimeInForce.IOC:
                self._finish(known, OrderStatus.CANCELLED, now)
            elif known.status is OrderStatus.OPEN and order.expires_at is not None and order.expires_at <= now:
                self._finish(known, OrderStatus.EXPIRED, now)

    def _do(self, command: Command, now: datetime) -> Event:
        order = command.order
        if isinstance(command, Place):
            return self._place(order, now)
        if not self.calm and self.random.random() < 0.15:
            return Silent(order_id=order.id, because="no answer", at=now)
        known = self.log.get(order.id)
        if known is None or known.arrives is None or known.arrives > now or self._dropped(known, now):
            return Unheard(order_id=order.id, at=now)
        if isinstance(command, Cancel) and known.ended is None:
            self._finish(known, OrderStatus.CANCELLED, now)
        assert isinstance(command, (Cancel, Query))
        return Answered(state=self._state(known, now))

    def _place(self, order: Order, now: datetime) -> Event:
        assert order.id not in self.log, "an id was sent twice"
        fate = "answer" if self.calm else self.random.choice(["answer"] * 5 + ["lost", "late", "gone", "unsent", "no"])
        if fate == "unsent":
            return Unsent(order_id=order.id, because="no connection", at=now)
        if fate == "no":
            return Denied(order_id=order.id, because="insufficient balance", at=now)
        late = timedelta(seconds=self.random.uniform(0, self.law.venues[0].accept_window_s))
        arrives = {"answer": now, "lost": now, "late": now + late}.get(fate)
        self.log[order.id] = Known(order, arrives)
        self.pass_time(now)
        return (
            Answered(state=self._state(self.log[order.id], now))
            if fate == "answer"
            else Lost(order_id=order.id, at=now)
        )

    def _trade(self, known: Known, now: datetime) -> None:
        order, step = known.order, self.law.instruments[0].filters.step
        rest = int((order.amount - known.filled) / step)
        lots = rest if self.calm else self.random.choice([0, rest // 2, rest])
        if not lots:
            return
        assert order.limit_price is not None
        amount = canon(lots * step)
        fee = canon(amount * order.limit_price / 1000) if order.side is Side.SELL else canon(amount / 1000)
        name = f"{order.id[:6]}-{len(known.fills)}"
        asset = "USDT" if order.side is Side.SELL else order.instrument[6:9]
        one = fill(order, str(amount), str(order.limit_price), name=name, fee=str(fee), asset=asset)
        known.fills = (*known.fills, replace(one, at=now))
        if known.filled == order.amount:
            self._finish(known, OrderStatus.FILLED, now)

    def _finish(self, known: Known, status: OrderStatus, now: datetime) -> None:
        known.status, known.ended = status, now

    def _dropped(self, known: Known, now: datetime) -> bool:
        memory = timedelta(seconds=self.law.venues[0].retention_s)
        return known.ended is not None and known.ended + memory < now

    def _state(self, known: Known, now: datetime) -> OrderState:
        return OrderState(order_id=known.order.id, status=known.status, filled=known.filled, fills=known.fills, at=now)


def over(run: Run) -> bool:
    """Whether a run has nothing more to do."""
    return run.state in (RunState.ENDED, RunState.STUCK)
