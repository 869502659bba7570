"""What a check-up finds at venues that can be asked: clocks, keys, rate limits, networks, addresses (D29, D31)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from trimtab.model.accounts import Access, Budget, Carried, Route
from trimtab.model.canonical import Noun
from trimtab.ports import Desk, EdgeError, Inspection, Unproven
from trimtab.units import plain

T = TypeVar("T")

MAX_SKEW_S: Final = Decimal(1)
"""A clock further off than this is mended, not corrected for: signatures and windows are judged by it."""

NEARLY: Final = Decimal("0.8")
"""The share of a rate limit beyond which a cycle may not get through."""

SHORT_S: Final = 10
"""A window shorter than this is free again before anyone has read how full it was."""

SILENT: Final = "the venue does not say"


class Check(Noun, frozen=True, kw_only=True):
    """One thing looked at: what was found, whether that is well, and if not, what to do about it."""

    subject: str
    finding: str
    well: bool
    fix: str = ""


async def venues(desk: Desk) -> tuple[Check, ...]:
    """Each venue that can be asked: its clock, its accounts' keys and rate limits, and the fund's routes."""
    asked = {name: venue for name, venue in sorted(desk.venues.items()) if isinstance(venue, Inspection)}
    found = [await _venue(desk, name, venue) for name, venue in asked.items()]
    routes = [await _route(desk, route) for route in desk.policy.routes]
    return tuple(check for group in (*found, *routes) for check in group)


async def _venue(desk: Desk, name: str, venue: Inspection) -> list[Check]:
    found = [proof(name, venue)] if isinstance(venue, Unproven) else []
    found += await _asked(desk, f"clock of {name}", venue.skew_s(), skew)
    for account in (a.id for a in desk.policy.accounts if a.venue == name):
        found += await _asked(desk, f"key of {account}", venue.access(account), key)
        found += await _asked(desk, f"rate limit of {account}", venue.budgets(account), rates)
    return found


async def _route(desk: Desk, route: Route) -> list[Check]:
    homes = {account.id: account.venue for account in desk.policy.accounts}
    source, target = desk.venues[homes[route.source]], desk.venues[homes[route.target]]
    told = target.address(route.target, route.asset, route.network)
    found = await _asked(desk, f"address of route {route.id}", told, partial(address, route))
    if isinstance(source, Inspection):
        carried = source.carried(route.source, [route.asset])
        found += await _asked(desk, f"network of route {route.id}", carried, partial(carriage, route))
    return found


async def _asked(
    desk: Desk, subject: str, asked: Awaitable[T], judge: Callable[[str, T], Iterable[Check]]
) -> list[Check]:
    """What is found in an answer; a failure to answer is a finding of its own."""
    try:
        return list(judge(subject, await asyncio.wait_for(asked, desk.policy.limits.read_timeout_s)))
    except (EdgeError, TimeoutError) as error:
        told = str(error) or f"no answer within {desk.policy.limits.read_timeout_s} s"
        return [
            Check(subject=subject, finding=told, well=False, fix="check its key, its rights and the venue's status")
        ]


def proof(name: str, venue: Unproven) -> Check:
    """A venue that nothing was ever run against is traded on by the fund's own word only."""
    fix = "" if venue.trades else f"trade elsewhere; or accept it by unproven = true under [venues.{name}]"
    return Check(subject=f"venue {name}", finding=venue.unproven, well=venue.trades, fix=fix)


def skew(subject: str, ahead_s: Decimal | None) -> Iterator[Check]:
    """How far a venue's clock is from ours."""
    if ahead_s is None:
        yield Check(subject=subject, finding=SILENT, well=True)
        return
    told = f"{plain(abs(ahead_s))} s {'ahead of' if ahead_s >= 0 else 'behind'} this machine's"
    if abs(ahead_s) <= MAX_SKEW_S:
        yield Check(subject=subject, finding=f"{told}, and corrected for", well=True)
    else:
        yield Check(subject=subject, finding=told, well=False, fix="let this machine follow a time server (NTP)")


def key(subject: str, access: Access) -> Iterator[Check]:
    """A key that trades must not be able to take money away (D29)."""
    if access.withdraw:
        account = subject.removeprefix("key of ")
        fix = f"make a key that may read and trade only; money leaves by a key under [accounts.{account}.withdraw]"
        yield Check(subject=subject, finding="it may withdraw", well=False, fix=fix)
    elif access.trade is False:
        yield Check(subject=subject, finding="it may not trade", well=False, fix="let the key trade, at the venue")
    else:
        told = ("may trade", access.trade), ("may not withdraw", access.withdraw is not None)
        yield Check(subject=subject, finding=", ".join(_told(words, known) for words, known in told), well=True)
    bound = {True: "works from listed addresses only", False: "works from any address", None: SILENT}
    yield Check(subject=f"{subject}, where from", finding=bound[access.listed], well=True)


def rates(subject: str, budgets: Sequence[Budget]) -> Iterator[Check]:
    """How much of each limit is used."""
    if not budgets:
        yield Check(subject=subject, finding=SILENT, well=True)
    for budget in budgets:
        told = f"{budget.used:,} of {budget.limit:,} {budget.name} used in {budget.window_s} s"
        well = budget.used < NEARLY * budget.limit or budget.window_s < SHORT_S
        fix = "" if well else "find what else uses this key or this network address"
        yield Check(subject=subject, finding=told, well=well, fix=fix)


def address(route: Route, subject: str, told: str) -> Iterator[Check]:
    """The address that the venue says now must be the one that people agreed on (D31)."""
    if told == route.address:
        yield Check(subject=subject, finding=f"{route.target} receives {route.asset} at it", well=True)
        return
    found = f"the venue of {route.target} says {told}, the file {route.address}"
    yield Check(subject=subject, finding=found, well=False, fix="send nothing; find out which of the two is true")


def carriage(route: Route, subject: str, networks: Sequence[Carried]) -> Iterator[Check]:
    """The network must carry the asset out of its source."""
    way = next((c for c in networks if (c.asset, c.network) == (route.asset, route.network)), None)
    if way is None:
        found = f"{route.source} sends no {route.asset} by {route.network}"
        yield Check(subject=subject, finding=found, well=False, fix="name a network that the venue carries")
    elif way.withdrawals is False:
        found = f"{route.network} is closed for {route.asset} now"
        yield Check(subject=subject, finding=found, well=False, fix="wait until the venue opens it")
    else:
        known = [f"{word} {plain(n)} {route.asset}" for word, n in (("fee", way.fee), ("least", way.minimum)) if n]
        yield Check(subject=subject, finding=", ".join(known) or f"fee: {SILENT}", well=True)


def _told(words: str, known: bool | None) -> str:
    return words if known else f"{SILENT} whether it {words}"
