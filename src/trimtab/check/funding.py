"""Whether every wave can be paid for: free balances and earlier proceeds against what legs take, at their worst prices.

A leg may count on the proceeds of the legs it needs and of no others: those may still be running.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from trimtab.check.findings import measured
from trimtab.check.scene import Place, World, changes
from trimtab.model.mandate import Finding
from trimtab.model.plans import OrderLeg
from trimtab.units import ZERO, canon, plain

Flows = dict[Place, Decimal]


def overdrafts(legs: tuple[OrderLeg, ...], world: World) -> Iterator[Finding]:
    """Every place that some wave would overdraw, or else the one that comes closest, as money at the marks.

    What `keep` leaves in an account is not free. Each leg is filled whole at its limit price, fees included.
    """
    found = list(_judged(legs, world))
    yield from [f for f in found if f.breached] or sorted(found, key=lambda f: (f.headroom, f.subject, f.wave))[:1]


def _judged(legs: tuple[OrderLeg, ...], world: World) -> Iterator[Finding]:
    free = _free(world)
    worst = _worst(legs, world, dict(free))
    for wave in sorted({leg.wave for leg in legs}):
        begun = [leg for leg in legs if leg.wave <= wave]
        ended = {need for leg in begun for need in leg.needs}  # What those needed began earlier, so it is in here too.
        taken, gained = _taken(begun, worst), _gained([leg for leg in begun if leg.id in ended], worst)
        for place in sorted(taken):
            there = free.get(place, ZERO) + gained.get(place, ZERO)
            yield _finding(place, wave, (taken[place], there), world)


def _finding(place: Place, wave: int, amounts: tuple[Decimal, Decimal], world: World) -> Finding:
    (account, asset), (taken, there) = place, amounts
    given = f"gives {plain(canon(taken))} {asset} at the worst, of {plain(canon(there))} free"
    because = f"up to wave {wave} {account} {given}"
    price = world.prices[asset]
    return measured("overdraft", f"{account} {asset}", wave, (taken * price, there * price), because)


def _free(world: World) -> Flows:
    kept = {(a.id, k.asset): k.amount for a in world.terms.policy.accounts for k in a.keep}
    return {
        (b.account, b.asset): max(ZERO, b.free - kept.get((b.account, b.asset), ZERO)) for b in world.snapshot.balances
    }


def _worst(legs: Iterable[OrderLeg], world: World, there: Flows) -> dict[str, Flows]:
    """What each leg changes at its limit price. Fees in a third asset use it up leg by leg."""
    worst: dict[str, Flows] = {}
    for leg in sorted(legs, key=lambda leg: (leg.wave, leg.id)):
        flows = {(leg.account, asset): n for asset, n in changes(world, leg, leg.limit_price, there)}
        for place, amount in flows.items():
            if place[1] not in (leg.base, leg.quote):
                there[place] = there.get(place, ZERO) + amount
        worst[leg.id] = flows
    return worst


def _taken(legs: Iterable[OrderLeg], worst: Mapping[str, Flows]) -> Flows:
    taken: Flows = defaultdict(Decimal)
    for leg in legs:
        for place, amount in worst[leg.id].items():
            if amount < 0:
                taken[place] -= amount
    return taken


def _gained(legs: Iterable[OrderLeg], worst: Mapping[str, Flows]) -> Flows:
    gained: Flows = defaultdict(Decimal)
    for leg in legs:
        for place, amount in worst[leg.id].items():
            if amount > 0:
                gained[place] += amount
    return gained
