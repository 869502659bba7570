"""Plans kept for later: what must still be true before a saved plan may be executed."""

from collections.abc import Iterator
from datetime import timedelta

from msgspec.structs import replace

from trimtab.check import verdict
from trimtab.cycle import observe
from trimtab.cycle.think import Note, frozen, past
from trimtab.model.canonical import digest
from trimtab.model.holdings import Balance, Snapshot
from trimtab.model.ledger import Quoted, Recalled, Terms
from trimtab.model.prices import Marks
from trimtab.model.thought import Thought
from trimtab.ports import Desk
from trimtab.units import BPS, plain
from trimtab.value import marks


class NoLongerHolds(ValueError):
    """A saved plan may not be executed any more; each argument is one reason."""


async def recall(desk: Desk, cycle: str, kept: Thought, note: Note) -> Thought:
    """Take up a saved thought under a new cycle id, if it still holds; note it, and the fresh look that says so.

    Raises NoLongerHolds with every reason why it does not.
    """
    known = await observe.terms(desk)
    snapshot = await observe.accounts(desk, frozen(desk.store))
    quoted = await observe.quotes(desk, known)
    chosen = marks.choose(snapshot.at, quoted.quotes, known)
    reasons = tuple(_reasons(desk, kept, known, snapshot, chosen))
    if reasons:
        raise NoLongerHolds(*reasons)
    thought = replace(kept, opened=replace(kept.opened, cycle=cycle))
    _note(note, thought, Recalled(saved_hash=digest(kept), at=snapshot.at, snapshot=snapshot, quoted=quoted))
    return thought


def _note(note: Note, thought: Thought, recalled: Recalled) -> None:
    note("terms", thought.terms)
    note("opened", thought.opened)
    note("observed", thought.snapshot)
    note("quoted", Quoted(quotes=thought.quoted.quotes))
    note("valued", thought.valuation)
    note("decided", thought.decision)
    note("looked", thought.liquidity)
    note("planned", thought.plan)
    note("judged", thought.judgement)
    note("checked", thought.verdict)
    note("recalled", recalled)


def _reasons(desk: Desk, kept: Thought, known: Terms, now: Snapshot, chosen: Marks) -> Iterator[str]:
    if kept.plan is None or kept.verdict is None:
        yield "it holds no plan that was checked"
        return
    if digest(kept.plan) != kept.plan_hash:
        yield "its plan does not have the hash that it says: the file was changed"
    if digest(known) != kept.opened.terms_hash:
        yield "the fund's file, the listings, filters or fees have changed since it was made"
    if kept.opened.past != past(desk.store):
        yield "another cycle has run since it was made"
    age = now.at - kept.snapshot.at
    limit = known.policy.limits.plan_max_age_s
    if age > timedelta(seconds=limit):
        yield f"it is {age.total_seconds():.0f} s old; plan_max_age_s is {limit}"
    if age < timedelta():
        yield f"it was made at {kept.snapshot.at:%Y-%m-%d %H:%M:%S} UTC, later than the clock says now"
    if verdict.check(kept.plan, kept.snapshot, kept.marks, kept.terms) != kept.verdict:
        yield "checking its plan again does not give its verdict: the file was changed"
    yield from _moved_balances(kept, now)
    yield from _moved_marks(kept, chosen)


def _moved_balances(kept: Thought, now: Snapshot) -> Iterator[str]:
    assert kept.plan is not None
    used = {leg.account for leg in kept.plan.legs}
    yield from (f"account {u.account} cannot be read: {u.because}" for u in now.unknown if u.account in used)
    before, after = _held(kept.snapshot, used), _held(now, used)
    for place in sorted(before.keys() | after.keys()):
        if before.get(place) != after.get(place):
            yield f"the balance of {place[1]} in {place[0]} has changed"


def _held(snapshot: Snapshot, used: set[str]) -> dict[tuple[str, str], tuple[object, object]]:
    def amounts(balance: Balance) -> tuple[object, object]:
        return balance.total, balance.free

    return {(b.account, b.asset): amounts(b) for b in snapshot.balances if b.account in used and b.total}


def _moved_marks(kept: Thought, chosen: Marks) -> Iterator[str]:
    assert kept.plan is not None
    tolerance = kept.terms.policy.execution.price_tolerance_bps
    fresh = {mark.asset: mark.price for mark in chosen.marks}
    traded = {asset for leg in kept.plan.legs for asset in (leg.base, leg.quote)}
    for mark in kept.marks.marks:
        if mark.asset not in traded:
            continue
        price = fresh.get(mark.asset)
        if price is None:
            yield f"{mark.asset} has no price now"
        elif abs(price - mark.price) * BPS > tolerance * mark.price:
            yield f"{mark.asset} moved from {plain(mark.price)} to {plain(price)}, more than {plain(tolerance)} bps"
