"""A check-up: everything that would stop a cycle, one finding each, with the fix."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from trimtab.cycle import inspection, observe
from trimtab.cycle.cycle import changed, unsealed
from trimtab.cycle.inspection import Check
from trimtab.cycle.recover import unfinished
from trimtab.cycle.standing import halted
from trimtab.cycle.think import frozen
from trimtab.model.assets import Listing
from trimtab.model.holdings import Snapshot
from trimtab.model.ledger import Quoted, Terms
from trimtab.model.prices import Mark
from trimtab.ports import Desk
from trimtab.units import ZERO, money, plain, under_context
from trimtab.value import marks, valuation

PAPER = "paper"


async def examine(desk: Desk) -> tuple[Check, ...]:
    """Look at the ledger, every venue, account and price. Changes nothing."""
    known = await observe.terms(desk)
    snapshot = await observe.accounts(desk)
    quoted = await observe.quotes(desk, known)
    return (
        *_ledger(desk),
        *_venues(desk, known),
        *await inspection.venues(desk),
        *_accounts(desk, snapshot),
        *_prices(known, snapshot, quoted),
        *_minimums(known, snapshot, quoted),
    )


def clock(source: str, speed: Decimal, kinds: Sequence[str]) -> Check:
    """Whether the clock fits the venues: real venues live in real time, at speed 1, simulated ones in their own."""
    real = sorted({kind for kind in kinds if kind != PAPER})
    if not real and source == "wall":
        fix = 'write [clock] source = "sim"'
        return Check(subject="clock", finding="wall time with simulated venues", well=False, fix=fix)
    if real and source != "wall":
        fix = 'write [clock] source = "wall"'
        return Check(
            subject="clock", finding=f"simulated time with venues of kind {', '.join(real)}", well=False, fix=fix
        )
    if real and speed != 1:
        fix = "set the world's speed to 1"
        return Check(
            subject="clock", finding=f"speed {speed} with venues of kind {', '.join(real)}", well=False, fix=fix
        )
    pace = f"{speed:f} market second{'' if speed == 1 else 's'} a second"
    told = "wall time" if source == "wall" else f"simulated time, {pace}"
    return Check(subject="clock", finding=told if speed or source == "wall" else "simulated time, stepped", well=True)


def _ledger(desk: Desk) -> Iterator[Check]:
    head = desk.store.head()
    begun = head is not None and head.kind != "genesis"
    if not begun and unsealed(desk):
        fix = "bring it back, or, to begin anew, move the file of seals away with it"
        yield Check(subject="ledger", finding="a ledger was sealed, and there is none now", well=False, fix=fix)
    elif wrong := unsealed(desk) or changed(desk):
        yield Check(subject="ledger", finding=wrong, well=False, fix="`trimtab verify` says where it differs")
    else:
        yield Check(subject="ledger", finding=f"{head.seq:,} entries" if begun and head else "no cycle yet", well=True)
    if desk.store.halted():
        yield Check(
            subject="fund", finding=f"halted {halted(desk.store)}", well=False, fix="`trimtab resume --because WHY`"
        )
    open_cycle = unfinished(desk.store)
    if open_cycle:
        told = f"cycle {open_cycle[0].cycle} was cut off"
        yield Check(subject="fund", finding=told, well=False, fix="`trimtab run` finishes it")
    for item in frozen(desk.store):
        fix = f"explain the break, then `trimtab reconcile --accept {item.account} --because WHY`"
        yield Check(subject=f"account {item.account}", finding=item.because, well=False, fix=fix)


def _venues(desk: Desk, known: Terms) -> Iterator[Check]:
    for name in sorted(desk.venues):
        listed = [i for i in known.instruments if i.venue == name]
        trading = [i for i in listed if i.listing is Listing.TRADING]
        if trading:
            yield Check(
                subject=f"venue {name}", finding=f"{len(trading)} of {len(listed)} instruments trade", well=True
            )
        elif any(i.notice for i in listed):
            fix = "wait until it opens, or give the simulated world a longer tape"
            found = "; ".join(sorted({i.notice for i in listed if i.notice}))
            yield Check(subject=f"venue {name}", finding=found, well=False, fix=fix)
        else:
            fix = "check that the venue is reachable and lists the fund's assets against each other"
            yield Check(subject=f"venue {name}", finding="lists nothing that this fund can trade", well=False, fix=fix)


def _accounts(desk: Desk, snapshot: Snapshot) -> Iterator[Check]:
    unread = {u.account: u.because for u in snapshot.unknown}
    for account in desk.policy.accounts:
        subject = f"account {account.id}"
        if account.id in unread:
            fix = "check its key, its rights and the venue's status"
            yield Check(subject=subject, finding=f"cannot be read: {unread[account.id]}", well=False, fix=fix)
            continue
        held = [b for b in snapshot.balances if b.account == account.id and b.total]
        age = max((snapshot.at - b.as_of for b in held), default=timedelta(0))
        told = f"{len(held)} assets, {age.total_seconds():.0f} s old"
        well = abs(age) <= timedelta(seconds=desk.policy.limits.max_balance_age_s)
        yield Check(subject=subject, finding=told, well=well, fix="" if well else "compare the clock with the venue's")


def _prices(known: Terms, snapshot: Snapshot, quoted: Quoted) -> Iterator[Check]:
    chosen = marks.choose(snapshot.at, quoted.quotes, known)
    priced = {mark.asset: mark for mark in chosen.marks}
    why = {item.asset: item.because for item in chosen.unpriced}
    for weight in known.policy.target.weights:
        subject = f"price {weight.asset}"
        mark = priced.get(weight.asset)
        if mark is not None:
            yield Check(subject=subject, finding=_priced(mark, chosen.base), well=True)
            continue
        told = why.get(weight.asset, "nothing quotes it")
        yield Check(subject=subject, finding=told, well=False, fix=_mended(weight.asset, known))
    finding = f"{_many(len(priced), 'asset is', 'assets are')} priced" if priced else "no asset is priced"
    yield Check(subject="prices", finding=finding, well=bool(priced), fix="see above")


def _mended(asset: str, known: Terms) -> str:
    """What gives an asset a price again: venues that answer, fresh quotes where it is listed, or people."""
    silent = sorted(set(known.policy.prices.sources) - {i.venue for i in known.instruments})
    if silent:
        return f"wait until {' and '.join(silent)} can be read again"
    if any(asset in (i.base, i.quote) and i.listing is not Listing.VANISHED for i in known.instruments):
        return "see why its venues give no price that counts, by [prices] and by the clock"
    return "choose an asset that a venue lists, or say under [prices.fixed] what it is worth, and why"


@under_context
def _minimums(known: Terms, snapshot: Snapshot, quoted: Quoted) -> tuple[Check, ...]:
    """An asset whose whole target is below the least order can never be bought."""
    chosen = marks.choose(snapshot.at, quoted.quotes, known)
    nav = valuation.value(snapshot, chosen, known.policy).nav
    prices = {mark.asset: mark.price for mark in chosen.marks}
    found: list[Check] = []
    for weight in known.policy.target.weights:
        least = min(_least(known, weight.asset, prices), default=None)
        worth = weight.weight * nav
        if weight.asset != known.policy.base and least is not None and 0 < worth < least:
            told = f"its target is worth {plain(money(worth))} {chosen.base}, the least order {plain(money(least))}"
            fix = "give it a larger weight, or none"
            found.append(Check(subject=f"target {weight.asset}", finding=told, well=False, fix=fix))
    return tuple(found)


def _least(known: Terms, asset: str, prices: Mapping[str, Decimal]) -> Iterator[Decimal]:
    """The least order for an asset at each place that trades it, in the base currency."""
    for listed in known.instruments:
        if asset in (listed.base, listed.quote) and listed.quote in prices and listed.base in prices:
            notional = (listed.filters.min_notional or ZERO) * prices[listed.quote]
            yield max(notional, (listed.filters.min_amount or ZERO) * prices[listed.base])


def _many(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _priced(mark: Mark, base: str) -> str:
    if mark.asset == base:
        return "the base currency"
    return f"{plain(mark.price)} {base}, {mark.trust}{': ' if mark.sources else ''}{', '.join(mark.sources)}"
