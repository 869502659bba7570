"""Builds the entries of one cycle in the domain's words, for tests of what is told about it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from tests import law
from trimtab.model.accounts import Account
from trimtab.model.assets import Asset
from trimtab.model.breaks import Break, BreakCause, Reconciled
from trimtab.model.canonical import digest, encode
from trimtab.model.decision import Cause, Decision, Drift, Goal, Hold, HoldKind, Past, Reason, Rebalance, Worth
from trimtab.model.ledger import Closed, CycleOutcome, Entry, Happened, Intended, Opened, Started, Terms
from trimtab.model.mandate import Basis, Clause, Finding, Mandate, Moment, Outcome, Severity, Verdict
from trimtab.model.orders import Answered, Fill, Order, OrderKind, OrderState, OrderStatus, Place, Side, TimeInForce
from trimtab.model.plans import Certificate, Costs, OrderLeg, Plan, PlannedWeight, Status
from trimtab.model.policy import Schedule, Target, TargetWeight, Threshold
from trimtab.model.runs import Ended, Residual, RunState
from trimtab.model.valuation import AccountValue, Doubt, Holding, Kind, Valuation

T0 = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
D = Decimal
MAX_BTC = Clause(
    id="max-btc",
    kind="max_weight",
    words="No asset is more than half of the fund.",
    severity=Severity.BLOCK,
    basis=Basis.NAV,
    scope=("BTC",),
    limit=D("0.5"),
    moment=Moment.AT_TRADE,
)
TARGETS = {"BTC": "0.4", "ETH": "0.3", "SOL": "0.1", "USDT": "0.2"}
BEFORE = {"BTC": "0.46", "ETH": "0.24", "SOL": "0.1", "USDT": "0.2"}
AFTER = {"BTC": "0.4003", "ETH": "0.2998", "SOL": "0.1", "USDT": "0.1999"}
PRICES = {"BTC": "60000", "ETH": "3000", "SOL": "150", "USDT": "1"}


def terms(*clauses: Clause, fund: str = "alpha") -> Terms:
    """The law of a small fund."""
    policy = law.policy(
        fund=fund,
        assets=tuple(Asset(id=a, decimals=8) for a in sorted(TARGETS)),
        accounts=(Account(id="main", venue="north"), Account(id="second", venue="south")),
        target=Target(weights=tuple(TargetWeight(asset=a, weight=D(w), band=D("0.04")) for a, w in TARGETS.items())),
        triggers=(Threshold(id="drift"),),
        mandate=Mandate(clauses=clauses or (MAX_BTC,)),
        execution=replace(
            law.EXECUTION,
            schedule=Schedule.TWAP,
            duration_s=600,
            slices=2,
            price_tolerance_bps=D(50),
            deadline_s=900,
        ),
    )
    return Terms(policy=policy, instruments=(), fees=(), venues=())


def valuation(weights: dict[str, str], at: datetime, nav: str = "1000000", doubts: tuple[Doubt, ...] = ()) -> Valuation:
    """A fund of two accounts at these weights."""
    worth = D(nav)
    holdings = tuple(
        Holding(
            asset=asset,
            amount=(worth * D(weight) / D(PRICES[asset])).quantize(D("1E-8")).normalize() + 0,
            price=D(PRICES[asset]),
            value=(worth * D(weight)).normalize() + 0,
            weight=D(weight),
            oldest=at,
        )
        for asset, weight in sorted(weights.items())
    )
    main, second = worth * D("0.7"), worth * D("0.3")
    accounts = (
        AccountValue(account="main", venue="north", value=canon(main), weight=D("0.7")),
        AccountValue(account="second", venue="south", value=canon(second), weight=D("0.3")),
    )
    return Valuation(
        at=at, base="USDT", nav=worth, holdings=tuple(canonical(h) for h in holdings), accounts=accounts, doubts=doubts
    )


def canon(value: Decimal) -> Decimal:
    """Plain and without trailing zeros."""
    return Decimal(f"{value.normalize():f}")


def canonical(holding: Holding) -> Holding:
    """The same holding with plain numbers."""
    assert holding.value is not None
    return Holding(
        asset=holding.asset,
        amount=canon(holding.amount),
        price=holding.price,
        value=canon(holding.value),
        weight=holding.weight,
        oldest=holding.oldest,
    )


def rebalance(at: datetime = T0) -> Rebalance:
    """BTC and ETH have left their bands."""
    drifts = tuple(
        Drift(
            asset=asset,
            actual=D(BEFORE[asset]),
            target=D(TARGETS[asset]),
            low=canon(D(TARGETS[asset]) - D("0.04")),
            high=canon(D(TARGETS[asset]) + D("0.04")),
            drift=canon(D(BEFORE[asset]) - D(TARGETS[asset])),
        )
        for asset in ("BTC", "ETH", "SOL", "USDT")
    )
    return Rebalance(
        at=at,
        reasons=(Reason(trigger="drift", because="BTC at 46.00%, target 40.00%, band 4.00%"),),
        drifts=drifts,
        goals=tuple(Goal(asset=a, low=D(w), high=D(w)) for a, w in TARGETS.items()),
    )


def legs() -> tuple[OrderLeg, ...]:
    """Sell one BTC in one account, buy ETH in two."""
    return (
        order_leg("l1", "main", "BTC", Side.SELL, "1"),
        replace(order_leg("l2", "main", "ETH", Side.BUY, "12"), wave=2, needs=("l1",)),
        replace(order_leg("l3", "second", "ETH", Side.BUY, "8"), wave=2),
    )


def order_leg(
    leg: str, account: str, asset: str, side: Side, amount: str, *, wave: int = 1, needs: tuple[str, ...] = ()
) -> OrderLeg:
    """A leg of the first wave against USDT, half a percent of tolerance."""
    price = D(PRICES[asset])
    venue = "north" if account == "main" else "south"
    return OrderLeg(
        id=leg,
        account=account,
        instrument=f"{venue}:{asset}/USDT",
        base=asset,
        quote="USDT",
        side=side,
        amount=D(amount),
        mark_price=price,
        limit_price=canon(price * (D("1.005") if side is Side.BUY else D("0.995"))),
        value=canon(price * D(amount)),
        costs=Costs(fee=canon(price * D(amount) / 1000), spread=D("3.5"), impact=D("1.25")),
        wave=1,
    )


def plan(at: datetime = T0) -> Plan:
    """What the planner made of it."""
    made = legs()
    return Plan(
        at=at,
        base="USDT",
        nav=D(1000000),
        status=Status.OPTIMAL,
        solver="HiGHS",
        solver_version="1.15.1",
        legs=made,
        changes=(),
        weights=tuple(
            PlannedWeight(asset=a, before=D(BEFORE[a]), low=D(w), high=D(w), after=D(AFTER[a]))
            for a, w in TARGETS.items()
        ),
        costs=Costs(fee=D(120), spread=D("10.5"), impact=D("3.75")),
        traded=D(120000),
        bound=D("134.1"),
        gap=D("0.15"),
        certificate=Certificate(duals=(), bound=D("134.1")),
    )


def finding(*, value: str = "0.4003", breached: bool = False, wave: int = 2, clause: Clause = MAX_BTC) -> Finding:
    """What the BTC clause says of a share."""
    return Finding(
        clause=clause.id,
        kind=clause.kind,
        subject="BTC",
        severity=clause.severity,
        wave=wave,
        value=D(value),
        limit=clause.limit,
        headroom=canon(clause.limit - D(value)),
        breached=breached,
        because=f"BTC is {D(value):.2%} of NAV, at most {clause.limit:.2%} allowed",
    )


def verdict(*findings: Finding, outcome: Outcome = Outcome.PASS) -> Verdict:
    """A verdict on the plan."""
    return Verdict(plan_hash=digest(plan()), outcome=outcome, findings=findings or (finding(),))


def order(leg: OrderLeg, n: int, amount: str) -> Order:
    """The n-th slice of a leg."""
    return Order(
        id=sha256(f"{leg.id}-{n}".encode()).hexdigest()[:32],
        leg=leg.id,
        slice=n,
        attempt=0,
        account=leg.account,
        instrument=leg.instrument,
        side=leg.side,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.GTC,
        amount=D(amount),
        limit_price=leg.limit_price,
        valid_until=T0 + timedelta(seconds=5),
    )


def fill(placed: Order, price: str, *, amount: str | None = None, at: datetime = T0) -> Fill:
    """All of an order at one price, a tenth of a percent in fees."""
    done = D(amount) if amount else placed.amount
    return Fill(
        id=f"f-{placed.leg}-{placed.slice}",
        order_id=placed.id,
        account=placed.account,
        instrument=placed.instrument,
        side=placed.side,
        amount=done,
        price=D(price),
        fee=canon(done * D(price) / 1000),
        fee_asset="USDT",
        at=at,
    )


def answer(placed: Order, *fills: Fill) -> Answered:
    """The venue's answer about an order."""
    filled = canon(sum((f.amount for f in fills), D(0)) or D(0))
    status = OrderStatus.FILLED if filled == placed.amount else OrderStatus.OPEN
    return Answered(state=OrderState(order_id=placed.id, status=status, filled=filled, fills=fills, at=T0))


def worked() -> tuple[list[Any], tuple[Fill, ...]]:
    """The working of the plan: two slices of BTC, one of each ETH leg, the last of them half filled."""
    sell, buy, other = legs()
    orders = [order(sell, 0, "0.5"), order(sell, 1, "0.5"), order(buy, 0, "12"), order(other, 0, "8")]
    fills = (
        fill(orders[0], "59990"),
        fill(orders[1], "59970", at=T0 + timedelta(minutes=10)),
        fill(orders[2], "3001.5"),
        fill(orders[3], "3002", amount="4"),
    )
    steps: list[Any] = []
    for placed, filled in zip(orders, fills, strict=True):
        steps += [("intended", Intended(commands=(Place(order=placed),))), ("happened", happened(placed, filled))]
    return steps, tuple(sorted(fills, key=lambda f: f.id))


def happened(placed: Order, filled: Fill) -> Happened:
    """An order was filled, and the venue said so twice."""
    return Happened(events=(answer(placed, filled), answer(placed, filled)))


def entries(facts: Sequence[tuple[str, Any]], *, cycle: str = "7", since: int = 41) -> tuple[Entry, ...]:
    """Facts as a store writes them, a second of wall time apart; the chain itself is not this test's business."""
    return tuple(
        Entry(
            seq=since + n,
            at=T0 + timedelta(seconds=n),
            cycle="" if kind in ("terms", "genesis", "halted") else cycle,
            kind=kind,
            version=1,
            epoch=3,
            body=encode(fact),
            prev="0" * 64,
            hash=sha256(f"{cycle}/{n}/{kind}".encode()).hexdigest(),
        )
        for n, (kind, fact) in enumerate(facts)
    )


def opened(rules: Terms, *, cycle: str = "7", cause: Cause | None = None, at: datetime = T0) -> tuple[str, Any]:
    """The head of a cycle."""
    return "opened", Opened(cycle=cycle, at=at, terms_hash=digest(rules), version="0.1.0", past=Past(), cause=cause)


def closed(outcome: CycleOutcome, because: str, *, cycle: str = "7", at: datetime = T0) -> tuple[str, Any]:
    """The end of a cycle."""
    return "closed", Closed(
        cycle=cycle, at=at + timedelta(minutes=11), outcome=outcome, because=because, consumed=Past()
    )


def thought(rules: Terms, decision: Decision, *, cause: Cause | None = None) -> list[tuple[str, Any]]:
    """Terms, opening, valuation and decision."""
    doubts = (Doubt(kind=Kind.STALE, subject="second", because="its balances are 75 s old", blocks=False),)
    return [
        ("terms", rules),
        opened(rules, cause=cause),
        ("valued", valuation(BEFORE, T0, doubts=doubts)),
        ("decided", decision),
    ]


def done(*breaks: Break) -> tuple[Entry, ...]:
    """A cycle that rebalanced, and left half of its last leg undone."""
    rules = terms()
    steps, fills = worked()
    ended = Ended(
        plan_hash=digest(plan()),
        state=RunState.ENDED,
        at=T0 + timedelta(minutes=10),
        fills=fills,
        residuals=(Residual(leg="l3", amount=D(4), because="the deadline passed"),),
        paid=Costs(fee=D("107.99"), spread=D("9.1"), impact=D("4.4")),
    )
    found = Reconciled(
        at=T0 + timedelta(minutes=11), postings=(), breaks=breaks, predicted_cost=D("134.25"), paid_cost=D("121.49")
    )
    return entries(
        [
            *thought(rules, rebalance()),
            ("planned", plan()),
            ("judged", Worth(cost=D("134.25"), traded=D(120000), cost_bps=D("11.1875"), max_cost_bps=D(50))),
            ("checked", verdict()),
            ("started", Started(plan_hash=digest(plan()), at=T0)),
            *steps,
            ("ended", ended),
            ("valued", valuation(AFTER, T0 + timedelta(minutes=11), nav="999878.51")),
            ("reconciled", found),
            closed(CycleOutcome.DONE, "4 fills, 1 leg left a residual, everything reconciles"),
        ]
    )


def held() -> tuple[Entry, ...]:
    """A cycle that a person asked for and that found nothing to do."""
    hold = Hold(at=T0, kind=HoldKind.WITHIN_BANDS, because="every asset is within its band", drifts=())
    ending = closed(CycleOutcome.HELD, "every asset is within its band")
    return entries([*thought(terms(), hold, cause=Cause(by="Ann", because="quarter end")), ending])


def blocked(clause: Clause = MAX_BTC) -> tuple[Entry, ...]:
    """A cycle whose plan broke a clause."""
    refused = finding(value="0.52", breached=True, wave=1, clause=clause)
    return entries(
        [
            *thought(terms(clause), rebalance()),
            ("planned", plan()),
            ("judged", Worth(cost=D("134.25"), traded=D(120000), cost_bps=D("11.1875"), max_cost_bps=D(50))),
            ("checked", verdict(refused, finding(clause=clause), outcome=Outcome.BLOCK)),
            closed(CycleOutcome.BLOCKED, refused.because),
        ]
    )


def unexplained() -> Break:
    """A satoshi too many."""
    return Break(
        account="main",
        asset="BTC",
        expected=D("6.66666667"),
        observed=D("6.66666668"),
        raw="1",
        cause=BreakCause.UNEXPLAINED,
        because="no fill, fee or transfer accounts for it",
        since=T0 + timedelta(minutes=11),
    )
