"""What no plan may be, whatever the mandate: made on bad inputs, naming what does not exist, or against itself."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from trimtab.check.findings import fault, measured
from trimtab.check.scene import Scene, World, mark_price
from trimtab.model.assets import Listing
from trimtab.model.holdings import Balance
from trimtab.model.mandate import Finding
from trimtab.model.orders import Side
from trimtab.model.plans import OrderLeg, Plan, Status
from trimtab.model.prices import Marks
from trimtab.units import BPS, ZERO, plain


def inputs(plan: Plan, world: World, marks: Marks) -> Iterator[Finding]:
    """What the plan was made from: unknown accounts, stale or negative balances, stale marks, holdings unpriced."""
    now = max(plan.at, world.snapshot.at, marks.at)
    for item in world.snapshot.unknown:
        yield fault("unknown_input", item.account, 0, f"{item.account} is unknown: {item.because}")
    yield from _stale_accounts(world, world.snapshot.at)
    yield from _stale_marks(plan, world, marks, now)
    yield from _negative(world)
    yield from _unpriced(world)


def _stale_accounts(world: World, now: datetime) -> Iterator[Finding]:
    oldest: dict[str, datetime] = {}
    for balance in world.snapshot.balances:
        oldest[balance.account] = min(balance.as_of, oldest.get(balance.account, balance.as_of))
    for account, as_of in sorted(oldest.items()):
        told = f"the balances of {account}"
        yield from _aged(told, account, abs(now - as_of), world.terms.policy.limits.max_balance_age_s)


def _stale_marks(plan: Plan, world: World, marks: Marks, now: datetime) -> Iterator[Finding]:
    used = {asset for leg in plan.legs for asset in (leg.base, leg.quote)}
    used |= {balance.asset for balance in world.snapshot.balances}
    for mark in marks.marks:
        if mark.asset in used:
            told = f"the mark of {mark.asset}"
            yield from _aged(told, mark.asset, now - mark.as_of, world.terms.policy.prices.max_age_s)


def _aged(told: str, subject: str, age: timedelta, most_s: int) -> Iterator[Finding]:
    if age > timedelta(seconds=most_s):
        seconds = Decimal(age // timedelta(milliseconds=1)) / 1000
        because = (
            f"{told} would be traded on {plain(seconds)} s away from their instant, at most {most_s} s are allowed"
        )
        yield measured("stale_input", subject, 0, (seconds, Decimal(most_s)), because)


def _negative(world: World) -> Iterator[Finding]:
    def negative(balance: Balance) -> bool:
        return balance.free < 0 or balance.total < 0

    for balance in filter(negative, world.snapshot.balances):
        because = f"{balance.asset} in {balance.account} is negative ({plain(balance.free)} free)"
        yield fault("negative_balance", balance.account, 0, because)


def _unpriced(world: World) -> Iterator[Finding]:
    """A holding without a mark may be passed over only where the fund allows it, and never where it has a target."""
    allowed = world.terms.policy.prices.max_unpriced_weight > 0
    targeted = {target.asset for target in world.terms.policy.target.weights}
    held = {b.asset for b in world.snapshot.balances if b.total} | {t.asset for t in world.snapshot.transits}
    for asset in sorted(held - world.prices.keys()):
        if not allowed or asset in targeted:
            yield fault("unpriced_input", asset, 0, f"{asset} is held and has no mark")


def worth(scene: Scene) -> Iterator[Finding]:
    """A fund that is worth nothing has no shares to judge."""
    nav = scene.standings[0].nav
    if nav <= 0:
        yield fault("no_value", "fund", 0, f"the fund is worth {plain(nav, 2)} {scene.base}")


def plan_faults(plan: Plan, world: World) -> Iterator[Finding]:
    """What is wrong with the plan as a whole."""
    if plan.base != world.terms.policy.base:
        because = f"the plan counts in {plan.base}, the fund in {world.terms.policy.base}"
        yield fault("base_currency", plan.base, 0, because)
    if plan.status is Status.INFEASIBLE:
        yield fault("infeasible", "plan", 0, "; ".join(("the plan does not reach its goals", *plan.because)))
    for leg, count in sorted(Counter(leg.id for leg in plan.legs).items()):
        if count > 1:
            yield fault("duplicate_leg", leg, 0, f"{count} legs have the id {leg}")
    yield from _twins(plan)
    yield from _crossing(plan)


def _twins(plan: Plan) -> Iterator[Finding]:
    """Legs that say the same thing twice, ids aside."""
    said: dict[tuple[str, str, Side, Decimal, tuple[str, ...]], list[OrderLeg]] = defaultdict(list)
    for leg in plan.legs:
        said[leg.account, leg.instrument, leg.side, leg.amount, leg.needs].append(leg)
    for twins in said.values():
        ids = sorted(leg.id for leg in twins)
        if len(set(ids)) > 1:
            because = f"legs {' and '.join(ids)} say the same thing"
            yield fault("duplicate_leg", ids[0], min(leg.wave for leg in twins), because)


def _crossing(plan: Plan) -> Iterator[Finding]:
    """Own orders on both sides of one book would trade with each other (D1, T1)."""
    sides: dict[str, set[Side]] = defaultdict(set)
    for leg in plan.legs:
        sides[leg.instrument].add(leg.side)
    for instrument in sorted(sides):
        if len(sides[instrument]) > 1:
            because = f"the plan buys and sells on the same book, {instrument}"
            yield fault("self_trade", instrument, 0, because)


def leg_faults(leg: OrderLeg, world: World, waves: Mapping[str, int]) -> Iterator[Finding]:
    """What is wrong with one leg by itself. A leg without faults can be projected; `waves` are those of all legs."""
    for kind, because in _faults(leg, world, waves):
        yield fault(kind, leg.id, leg.wave, f"leg {leg.id}: {because}")


def _faults(leg: OrderLeg, world: World, waves: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    instrument = world.instruments.get(leg.instrument)
    if leg.account not in world.venues:
        yield "unknown_account", f"there is no account {leg.account}"
    if instrument is None:
        yield "unknown_instrument", f"no venue lists {leg.instrument}"
    elif (instrument.base, instrument.quote) != (leg.base, leg.quote):
        pair = f"{instrument.base} for {instrument.quote}"
        yield "wrong_pair", f"{leg.instrument} trades {pair}, not {leg.base} for {leg.quote}"
    elif instrument.venue != world.venues.get(leg.account, instrument.venue):
        yield "wrong_venue", f"{leg.account} is at {world.venues[leg.account]}, {leg.instrument} is not"
    elif instrument.listing is not Listing.TRADING:
        yield "not_trading", f"{leg.instrument} is {instrument.listing}"
    yield from _bad_numbers(leg)
    yield from _bad_assets(leg, world)
    yield from _bad_needs(leg, waves)
    if not _charged(leg, world):
        yield "unknown_fee", f"nobody said what {leg.account} pays on {leg.instrument}"


def _bad_numbers(leg: OrderLeg) -> Iterator[tuple[str, str]]:
    for name, number in (("amount", leg.amount), ("limit price", leg.limit_price)):
        if number <= 0:
            yield "not_positive", f"its {name} is {plain(number)}"
    if leg.costs.spread < 0 or leg.costs.impact < 0:
        yield "not_positive", "its spread or walk would earn money"


def _bad_assets(leg: OrderLeg, world: World) -> Iterator[tuple[str, str]]:
    for asset in (leg.base, leg.quote):
        if asset not in world.assets:
            yield "unknown_asset", f"{asset} is no asset of this fund"
        elif asset not in world.prices:
            yield "unpriced_input", f"{asset} has no mark"


def _bad_needs(leg: OrderLeg, waves: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if leg.wave < 1:
        yield "wrong_wave", f"its wave is {leg.wave}, the first is 1"
    for need in leg.needs:
        if waves.get(need, leg.wave) >= leg.wave:
            yield "wrong_wave", f"it is in wave {leg.wave} and needs {need}, which no earlier wave has"


def _charged(leg: OrderLeg, world: World) -> bool:
    return any(f.account == leg.account and f.instrument in (None, leg.instrument) for f in world.terms.fees)


def sanity(legs: tuple[OrderLeg, ...], world: World) -> Iterator[Finding]:
    """Limit prices, and the marks that legs say they were made at, against the marks there are; shares of the mark.

    Every leg past the tolerance, or else the one that comes closest to it.
    """
    most = world.terms.policy.execution.price_tolerance_bps / BPS
    found = [_sane(leg, most, world) for leg in legs]
    yield from [f for f in found if f.breached] or sorted(found, key=lambda f: (f.headroom, f.subject))[:1]


def _sane(leg: OrderLeg, most: Decimal, world: World) -> Finding:
    mark = mark_price(leg, world.prices)
    worse = leg.limit_price - mark if leg.side is Side.BUY else mark - leg.limit_price
    apart = max(worse, abs(leg.mark_price - mark), ZERO) / mark
    because = (
        f"leg {leg.id} may {leg.side} {leg.base} at {plain(leg.limit_price)} {leg.quote}, "
        f"{plain(apart * BPS, 2)} bps from its mark, at most {plain(most * BPS, 2)} bps allowed"
    )
    return measured("price_sanity", leg.id, leg.wave, (apart, most), because)
