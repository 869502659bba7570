"""What waits for what: every set of legs that is closed under its needs can be paid for, and keeps every ceiling.

Inventory comes first: a leg waits only where what is there does not reach for it, and then for all legs that bring it.
Fees in a third asset are set aside of what is there, so that none waits for its fee.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from trimtab.plan.ground import Ground, Place
from trimtab.plan.rounding import Sent
from trimtab.units import ZERO


def needs(ground: Ground, sents: Sequence[Sent]) -> dict[str, tuple[str, ...]]:
    """The legs that each leg waits for: what brings its money or makes room under a ceiling. Smaller first."""
    bringing = _bringing(sents)
    left = {place: ground.free(place) for place in ground.stocks}
    for one in sents:
        for place in one.aside:
            left[place] += one.changes[place]
    found: dict[str, set[str]] = {}
    for one in sorted(sents, key=lambda leg: (leg.amount * _worth(ground, leg), leg.leg)):
        found[one.leg] = set()
        for place in sorted({*one.spends} - one.aside):
            spent = -one.changes[place]
            if spent <= left.get(place, ZERO):
                left[place] -= spent
            else:
                left[place] = ZERO
                found[one.leg] |= set(bringing.get(place, ()))
    for leg, others in _roomy(ground, sents).items():
        found[leg] |= others
    return {leg: tuple(sorted(others)) for leg, others in found.items()}


def _bringing(sents: Sequence[Sent]) -> dict[Place, list[str]]:
    found: dict[Place, list[str]] = {}
    for one in sents:
        for place, amount in one.changes.items():
            if amount > 0:
                found.setdefault(place, []).append(one.leg)
    return found


def _worth(ground: Ground, one: Sent) -> Decimal:
    return ground.prices[one.parts[0][0].source[1]]


def _roomy(ground: Ground, sents: Sequence[Sent]) -> dict[str, set[str]]:
    """Transfers into an account under a ceiling wait for those out of it, unless all of them fit at once (D10)."""
    found: dict[str, set[str]] = {}
    for account in ground.problem.accounts:
        if account.max_value is None:
            continue
        coming = [one for one in sents if one.leg in ground.links and ground.links[one.leg].target == account.id]
        going = {one.leg for one in sents if one.leg in ground.links and ground.links[one.leg].source == account.id}
        most = sum((one.amount * _worth(ground, one) for one in coming), ground.within(account.id))
        if most > account.max_value:
            found |= {one.leg: found.get(one.leg, set()) | going for one in coming}
    return found


def circle(needed: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Legs that wait for each other; empty if there are none."""
    left = dict(needed)
    while ready := [leg for leg in left if not any(other in left for other in left[leg])]:
        for leg in ready:
            del left[leg]
    return tuple(sorted(left))
