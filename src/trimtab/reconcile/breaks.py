"""Expected against observed after a cycle, per account and asset, and what explains a difference.

Expected is what was there before plus what our postings say; a difference of one smallest unit is a break.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from trimtab.model.accounts import Managed
from trimtab.model.breaks import Break, BreakCause, Posting, Reconciled
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Terms
from trimtab.model.orders import Side
from trimtab.model.plans import Costs, Plan
from trimtab.model.runs import Ended, RunState
from trimtab.reconcile import postings
from trimtab.units import ONE, ZERO, canon, money, plain, under_context

Amounts = dict[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Difference:
    """Expected and observed amounts of one asset in one account, which differ; None: it could not be read."""

    account: str
    asset: str
    expected: Decimal
    observed: Decimal | None

    @property
    def excess(self) -> Decimal:
        """How much more there is than expected; zero where nobody knows."""
        return ZERO if self.observed is None else self.observed - self.expected


@dataclass(frozen=True)
class Pending:
    """An order that may have been filled without our hearing of it, and by how much at most."""

    account: str
    base: str
    quote: str
    side: Side
    amount: Decimal


@dataclass(frozen=True)
class Scene:
    """What may explain a difference: the looks before and after, orders that were pending, and the fund's terms."""

    before: Snapshot
    after: Snapshot
    pending: tuple[Pending, ...]
    terms: Terms


@under_context
def reconcile(
    at: datetime, before: Snapshot, after: Snapshot, ended: Ended | None, plan: Plan | None, terms: Terms
) -> Reconciled:
    """Compare what a cycle should have left with what is there, and its predicted cost with the one it paid.

    An account that could not be read before has nothing to be compared with. One that cannot be read now is a
    break for each asset that should be in it, with no observed amount and an empty `raw`.
    """
    booked = (*postings.of_fills(ended.fills if ended else (), terms), *postings.of_transits(before, after))
    scene = Scene(before, after, (*_resting(before, terms), *_stuck(ended, plan)), terms)
    return Reconciled(
        at=at,
        postings=booked,
        breaks=tuple(_break(at, found, scene) for found in differences(expected(before, booked), before, after, terms)),
        predicted_cost=_total(plan.costs) if plan else ZERO,
        paid_cost=_total(ended.paid) if ended else ZERO,
    )


def totals(snapshot: Snapshot) -> Amounts:
    """All balances by account and asset, what open orders lock included."""
    return {(b.account, b.asset): b.total for b in snapshot.balances}


@under_context
def expected(before: Snapshot, booked: Iterable[Posting]) -> Amounts:
    """What should be there by account and asset; the other sides of postings (venues, costs) are in it too."""
    amounts = totals(before)
    for posting in booked:
        key = posting.account, posting.asset
        amounts[key] = amounts.get(key, ZERO) + posting.amount
    return amounts


def differences(wanted: Amounts, before: Snapshot, after: Snapshot, terms: Terms) -> Iterator[Difference]:
    """Where expected and observed differ by at least one smallest unit, sorted by account and asset.

    A balance that a venue does not mention is zero, unless its account is among what could not be read.
    """
    seen, unread = totals(after), {item.account for item in after.unknown}
    ours = {a.id for a in terms.policy.accounts} - {item.account for item in before.unknown}
    for account, asset in sorted({*wanted, *seen}):
        if account not in ours:
            continue
        amount = canon(wanted.get((account, asset), ZERO))
        if account in unread:
            if amount:
                yield Difference(account, asset, amount, None)
            continue
        found = Difference(account, asset, amount, seen.get((account, asset), ZERO))
        if raw(found, terms):
            yield found


@under_context
def raw(found: Difference, terms: Terms) -> int:
    """How many smallest units there are too many (negative: too few), nearest where a venue counts finer.

    For an asset that the fund does not name, the smallest unit is the last digit of the difference.
    """
    excess = canon(found.excess)
    own = (a.decimals for a in terms.policy.assets if a.id == found.asset)
    digits = next(own, -int(excess.as_tuple().exponent))
    return int(excess.scaleb(digits).quantize(ONE, rounding=ROUND_HALF_EVEN))


def _break(at: datetime, found: Difference, scene: Scene) -> Break:
    cause, because = _explained(found, scene)
    return Break(
        account=found.account,
        asset=found.asset,
        expected=found.expected,
        observed=found.observed,
        raw="" if found.observed is None else str(raw(found, scene.terms)),
        cause=cause,
        because=because,
        since=at,
    )


def _explained(found: Difference, scene: Scene) -> tuple[BreakCause, str]:
    """The first thing that explains a difference, the most certain asked first."""
    unread = next((item.because for item in scene.after.unknown if item.account == found.account), None)
    if unread is not None:
        return BreakCause.UNREAD, f"{found.account} could not be read: {unread}"
    late = next((order for order in scene.pending if _fits(found, order)), None)
    if late is not None:
        return BreakCause.LATE_FILL, (
            f"an order to {late.side} {plain(late.amount)} {late.base} for {late.quote} was open or in doubt "
            "and may have been filled"
        )
    transits = (*scene.before.transits, *scene.after.transits)
    moving = [t.id for t in transits if t.asset == found.asset and found.account in (t.source, t.target)]
    if moving:
        return BreakCause.TRANSIT, f"transfer {moving[0]} was on its way between the two looks"
    accounts = {a.id: a for a in scene.terms.policy.accounts}
    if accounts[found.account].managed is Managed.SHARED:
        return BreakCause.FOREIGN, f"others act in {found.account} too"
    return BreakCause.UNEXPLAINED, "no fill, fee or transfer accounts for it"


def _fits(found: Difference, order: Pending) -> bool:
    """Whether a pending order can have made a difference: the right way round, and in base no more than its amount."""
    if found.account != order.account:
        return False
    gained = found.excess if order.side is Side.BUY else -found.excess
    if found.asset == order.base:
        return ZERO < gained <= order.amount
    return found.asset == order.quote and gained < 0


def _resting(before: Snapshot, terms: Terms) -> Iterator[Pending]:
    """Orders that were open before the cycle."""
    listed = {i.id: i for i in terms.instruments}
    for order in before.orders:
        if (pair := listed.get(order.instrument)) is not None:
            left = canon(order.amount - order.filled)
            yield Pending(order.account, pair.base, pair.quote, order.side, left)


def _stuck(ended: Ended | None, plan: Plan | None) -> Iterator[Pending]:
    """What legs left undone in a run that waits for a person: one of their orders may have been filled."""
    if ended is None or plan is None or ended.state is not RunState.STUCK:
        return
    left = {residual.leg: residual.amount for residual in ended.residuals}
    for leg in plan.legs:
        if leg.id in left:
            yield Pending(leg.account, leg.base, leg.quote, leg.side, left[leg.id])


def _total(costs: Costs) -> Decimal:
    return money(costs.fee + costs.spread + costs.impact)
