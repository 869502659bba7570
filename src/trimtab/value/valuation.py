"""A snapshot and its marks become the fund's net asset value, its weights, and what they cannot be trusted for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from trimtab.model.holdings import Snapshot
from trimtab.model.policy import Policy
from trimtab.model.prices import Marks, Unpriced
from trimtab.model.valuation import AccountValue, Doubt, Holding, Kind, Valuation
from trimtab.units import ONE, ZERO, canon, money, plain, under_context
from trimtab.value import freshness


@under_context
def value(snapshot: Snapshot, marks: Marks, policy: Policy) -> Valuation:
    """What the fund is worth. Only what has a mark is in the net asset value; the rest is a doubt.

    Weights are rounded, and the largest holding carries what the rounding leaves, so that they sum to one
    exactly. An account's value is the number for ceilings: what it holds and what is on its way to it. Money in
    flight is therefore the receiver's here from the first moment, although until it is broadcast it is still the
    sender's to lose (D10).
    """
    prices = {mark.asset: mark.price for mark in marks.marks}
    amounts = _amounts(snapshot)
    worth = {asset: money(amount * prices[asset]) for asset, amount in amounts.items() if asset in prices}
    nav = canon(sum(worth.values(), ZERO))
    return Valuation(
        at=snapshot.at,
        base=marks.base,
        nav=nav,
        holdings=_holdings(snapshot, amounts, prices, worth),
        accounts=_accounts(snapshot, prices, policy, nav),
        doubts=tuple(sorted(_doubts(snapshot, marks, policy, amounts, nav), key=lambda d: (d.kind, d.subject))),
    )


def _amounts(snapshot: Snapshot) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for balance in snapshot.balances:
        amounts[balance.asset] += balance.total
    for transit in snapshot.transits:
        amounts[transit.asset] += transit.amount
    return {asset: canon(amounts[asset]) for asset in sorted(amounts) if amounts[asset]}


def _holdings(
    snapshot: Snapshot, amounts: Mapping[str, Decimal], prices: Mapping[str, Decimal], worth: Mapping[str, Decimal]
) -> tuple[Holding, ...]:
    oldest, weights = _oldest(snapshot), shares(worth)
    return tuple(
        Holding(
            asset=asset,
            amount=amount,
            price=prices.get(asset),
            value=worth.get(asset),
            weight=weights.get(asset),
            oldest=oldest.get(asset, snapshot.at),
        )
        for asset, amount in amounts.items()
    )


def _oldest(snapshot: Snapshot) -> dict[str, datetime]:
    oldest: dict[str, datetime] = {}
    for balance in snapshot.balances:
        oldest[balance.asset] = min(balance.as_of, oldest.get(balance.asset, balance.as_of))
    return oldest


@under_context
def shares(worth: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Each value as a share of their sum; all zero where the sum is. The largest (by id, if equal) takes the rest."""
    total = sum(worth.values(), ZERO)
    if not total:
        return dict.fromkeys(worth, ZERO)
    rounded = {name: money(amount / total) for name, amount in worth.items()}
    largest = min(worth, key=lambda name: (-abs(worth[name]), name))
    rounded[largest] = canon(rounded[largest] + ONE - sum(rounded.values(), ZERO))
    return rounded


def _accounts(
    snapshot: Snapshot, prices: Mapping[str, Decimal], policy: Policy, nav: Decimal
) -> tuple[AccountValue, ...]:
    held: dict[str, Decimal] = defaultdict(Decimal)
    for balance in snapshot.balances:
        held[balance.account] += balance.total * prices.get(balance.asset, ZERO)
    for transit in snapshot.transits:
        held[transit.target] += transit.amount * prices.get(transit.asset, ZERO)
    lost = {item.account for item in snapshot.unknown}
    return tuple(
        AccountValue(
            account=account.id,
            venue=account.venue,
            value=money(held[account.id]),
            weight=money(held[account.id] / nav) if nav else ZERO,
        )
        for account in sorted(policy.accounts, key=lambda account: account.id)
        if account.id not in lost
    )


def _doubts(
    snapshot: Snapshot, marks: Marks, policy: Policy, amounts: Mapping[str, Decimal], nav: Decimal
) -> Iterator[Doubt]:
    yield from freshness.doubts(snapshot, policy.limits.max_balance_age_s)
    yield from _unpriced(marks, policy, amounts, nav)
    if nav < 0:
        because = f"the fund would be worth {plain(nav, 2)} {marks.base}"
        yield Doubt(kind=Kind.NEGATIVE, subject="net asset value", because=because, blocks=True)


def _unpriced(marks: Marks, policy: Policy, amounts: Mapping[str, Decimal], nav: Decimal) -> Iterator[Doubt]:
    """What is held and has no mark. It blocks where it has a target, and where too much of the fund may be in it."""
    priced = {mark.asset for mark in marks.marks}
    known = {item.asset: item for item in marks.unpriced}
    held = {
        asset: known.get(asset) or Unpriced(asset=asset, because="no venue of this fund trades it", listed=False)
        for asset in amounts
        if asset not in priced
    }
    targeted = {target.asset for target in policy.target.weights}
    much = _too_much(held, amounts, nav, policy.prices.max_unpriced_weight)
    for asset, item in held.items():
        blocks = asset in targeted or much
        kind = Kind.UNPRICED if item.listed else Kind.UNLISTED
        yield Doubt(kind=kind, subject=asset, because=item.because, blocks=blocks)


def _too_much(held: Mapping[str, Unpriced], amounts: Mapping[str, Decimal], nav: Decimal, most: Decimal) -> bool:
    """Whether the unpriced may be more than their share, at the last prices seen; a price never seen has no bound."""
    if any(item.last is None for item in held.values()):
        return True
    worth = sum((abs(amounts[asset]) * (item.last or ZERO) for asset, item in held.items()), ZERO)
    return worth > most * (nav + worth)
