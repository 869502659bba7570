"""From what the file says to the fund's law: what must agree between tables, and the Policy that follows."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import asdict

from trimtab import units
from trimtab.model.accounts import Account, Keep, Route
from trimtab.model.assets import Asset
from trimtab.model.mandate import Basis, Clause, Mandate, Moment
from trimtab.model.policy import (
    BenefitPolicy,
    CostPolicy,
    ExecutionPolicy,
    FixedPrice,
    Hybrid,
    LimitPolicy,
    Periodic,
    Policy,
    PricePolicy,
    Schedule,
    Target,
    TargetWeight,
    Threshold,
    Trigger,
    Volatility,
)
from trimtab.reading import meant
from trimtab.settings.shape import (
    LOOPBACK,
    UNPROVEN,
    AccountSection,
    BenefitSection,
    ClauseSection,
    ExecutionSection,
    FundFile,
    FundSection,
    HybridSection,
    MandateSection,
    PeriodicSection,
    PricesSection,
    RouteSection,
    TargetsSection,
    TriggerSection,
    VenueKind,
    VenueSection,
    WeightSection,
)


class Rule(NamedTuple):
    """What a kind of clause is about: what its scope names, and what it takes where the file does not say.

    A kind that has a `limit` of its own is about its scope alone, which is then needed.
    """

    names: str
    basis: Basis
    moment: Moment
    limit: Decimal | None = None


RULES: Final[dict[str, Rule]] = {
    "banned": Rule("assets", Basis.VALUE, Moment.AT_TRADE, units.ZERO),
    "max_turnover": Rule("", Basis.NAV, Moment.AT_TRADE),
    "max_venue_weight": Rule("venues", Basis.NAV, Moment.EVERY_STEP),
    "max_weight": Rule("assets", Basis.NAV, Moment.AT_TRADE),
    "min_trade": Rule("", Basis.VALUE, Moment.AT_TRADE),
}
"""The kinds of clause that a file may name: those that `check.limits` knows how to judge."""


class Known(NamedTuple):
    """The names that the file declares, whether or not what they name was well formed."""

    venues: Collection[str]
    assets: Collection[str]


def faults(found: Mapping[str, Any], raw: Mapping[str, Any]) -> Iterator[str]:
    """Every disagreement between tables. `found` holds the sections that could be read, `raw` the file."""
    known = Known(_keys(raw, "venues"), _keys(raw, "assets"))
    prices: PricesSection = found["prices"]
    yield from _present(raw)
    yield from _fund(found.get("fund"), prices, known)
    yield from _accounts(found.get("accounts", {}), known)
    yield from _proven(found.get("venues", {}))
    yield from _keys_of(found.get("accounts", {}), found.get("venues", {}))
    yield from _routes(found["routes"], found, known)
    yield from _assets(raw, known)
    yield from _prices(prices, found.get("fund"), known)
    yield from _targets(found.get("targets"), raw)
    yield from _triggers(found["triggers"])
    yield from _clauses(found["mandate"].clause, known)
    yield from _execution(found["execution"])
    yield from _benefits(found["costs"].benefit, found, known)


def policy(file: FundFile) -> Policy:
    """The law of a file without faults; every collection sorted by id."""
    return Policy(
        fund=file.fund.id,
        base=file.fund.base,
        assets=tuple(Asset(id=name, decimals=decimals) for name, decimals in sorted(file.assets.items())),
        accounts=tuple(_account(name, section) for name, section in sorted(file.accounts.items())),
        prices=_price_policy(file.prices, file.venues),
        target=_target(file.targets),
        triggers=tuple(_trigger(name, section) for name, section in sorted(file.triggers.items())),
        costs=CostPolicy(max_cost_bps=file.costs.max_cost_bps, benefit=_benefit(file.costs.benefit)),
        mandate=_mandate(file.mandate),
        execution=ExecutionPolicy(**{**asdict(file.execution), "order_kind": str(file.execution.order_kind)}),
        limits=LimitPolicy(**asdict(file.limits)),
        routes=tuple(Route(id=name, **asdict(route)) for name, route in sorted(file.routes.items())),
    )


def _benefit(section: BenefitSection | None) -> BenefitPolicy | None:
    if section is None:
        return None
    varying = tuple(Volatility(asset=asset, yearly=yearly) for asset, yearly in sorted(section.volatility.items()))
    return BenefitPolicy(
        risk_aversion=section.risk_aversion,
        horizon_days=section.horizon_days,
        correlation=section.correlation,
        volatility=varying,
    )


def _benefits(section: BenefitSection | None, found: Mapping[str, Any], known: Known) -> Iterator[str]:
    """Every target's volatility is needed: one that is missing would make its drift look harmless."""
    if section is None:
        return
    for asset in section.volatility:
        yield from _unknown(f"costs.benefit.volatility.{asset}", "asset", asset, known.assets)
    targets, fund = found.get("targets"), found.get("fund")
    for asset in sorted(targets.weights) if targets else ():
        if asset not in section.volatility and not (fund and asset == fund.base):
            yield f"costs.benefit.volatility.{asset}: missing; {asset} is a target, and drift in it is to be weighed"


def _keys(raw: Mapping[str, Any], *path: str) -> list[str]:
    value: Any = raw
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return list(value) if isinstance(value, Mapping) else []


def _unknown(path: str, what: str, name: str, known: Collection[str]) -> Iterator[str]:
    if name not in known:
        yield f'{path}: unknown {what} "{name}"{meant(name, known)}'


def _present(raw: Mapping[str, Any]) -> Iterator[str]:
    for table in ("venues", "accounts", "assets"):
        if raw.get(table) == {}:
            yield f"{table}: empty; a fund needs at least one"


def _fund(fund: FundSection | None, prices: PricesSection, known: Known) -> Iterator[str]:
    """A base currency that is no asset of the fund is reached through the fixed price of one that is."""
    if fund is not None and known.assets and fund.base not in known.assets and not prices.fixed:
        yield (
            f'fund.base: nothing prices "{fund.base}"{meant(fund.base, known.assets)}; list it under [assets], '
            "or fix the price of an asset in it under [prices.fixed]"
        )


def _accounts(accounts: Mapping[str, AccountSection], known: Known) -> Iterator[str]:
    for name, account in accounts.items():
        yield from _unknown(f"accounts.{name}.venue", "venue", account.venue, known.venues)


def _proven(venues: Mapping[str, VenueSection]) -> Iterator[str]:
    for name, venue in venues.items():
        if venue.unproven and venue.kind not in UNPROVEN:
            yield f"venues.{name}.unproven: {venue.kind} needs no such word; remove it"


def _keys_of(accounts: Mapping[str, AccountSection], venues: Mapping[str, VenueSection]) -> Iterator[str]:
    """An exchange's account has a key and its secret; a simulated one has neither secret nor wire."""
    for name, account in accounts.items():
        venue = venues.get(account.venue)
        if venue is None:
            continue
        if venue.kind is VenueKind.PAPER:
            strange = [key for key in ("secret", "wire", "withdraw") if getattr(account, key) is not None]
            yield from (
                f"accounts.{name}.{key}: {account.venue} is simulated and has none; remove it" for key in strange
            )
            continue
        if venue.kind in UNPROVEN and account.withdraw is not None:
            yield f"accounts.{name}.withdraw: no money is sent out of {venue.kind}; remove it"
        missing = [key for key in ("key", "secret") if getattr(account, key) is None]
        yield from (f"accounts.{name}.{key}: missing; write env:NAME or file:PATH, never the {key}" for key in missing)
        yield from _wire(name, account, accounts)


def _wire(name: str, account: AccountSection, accounts: Mapping[str, AccountSection]) -> Iterator[str]:
    if account.wire is not None and not re.match(LOOPBACK, account.wire.connect):
        right = "an address of this machine, such as 127.0.0.1:8443"
        yield f'accounts.{name}.wire.connect: must be {right}, got "{account.wire.connect}"'
    first = next(other for other, section in accounts.items() if section.venue == account.venue)
    if account.wire != accounts[first].wire:
        yield f"accounts.{name}.wire: must be that of {first}: both are at {account.venue}"


def _routes(routes: Mapping[str, RouteSection], found: Mapping[str, Any], known: Known) -> Iterator[str]:
    accounts: Mapping[str, AccountSection] = found.get("accounts", {})
    for name, route in routes.items():
        yield from _unknown(f"routes.{name}.asset", "asset", route.asset, known.assets)
        for end, account in (("from", route.source), ("to", route.target)):
            yield from _unknown(f"routes.{name}.{end}", "account", account, accounts)
        if route.source == route.target:
            yield f"routes.{name}.to: is where it comes from; name another account"


def _assets(raw: Mapping[str, Any], known: Known) -> Iterator[str]:
    """Tables whose keys are assets, by the file's own words: a wrong amount does not hide a wrong name."""
    kept = [("accounts", name, "keep") for name in _keys(raw, "accounts")]
    for path in (*kept, ("prices", "fixed"), ("targets", "weights")):
        for asset in _keys(raw, *path):
            yield from _unknown(f"{'.'.join(path)}.{asset}", "asset", asset, known.assets)


def _prices(prices: PricesSection, fund: FundSection | None, known: Known) -> Iterator[str]:
    for source in prices.sources:
        yield from _unknown("prices.sources", "venue", source, known.venues)
    for source in _twice(prices.sources):
        yield f'prices.sources: "{source}" is named twice'
    if fund is not None and fund.base in prices.fixed:
        yield f"prices.fixed.{fund.base}: is the base currency, whose price is 1; remove it"


def _targets(targets: TargetsSection | None, raw: Mapping[str, Any]) -> Iterator[str]:
    if targets is None or len(targets.weights) != len(_keys(raw, "targets", "weights")):
        return  # The sum of what could be read says nothing.
    total = sum((_weight(w) for w in targets.weights.values()), units.ZERO)
    if total != 1:
        apart = "over" if total > 1 else "short"
        yield f"targets.weights: sum to {total:f}, must sum to 1; they are {abs(1 - total):f} {apart}"


def _weight(weight: Decimal | WeightSection) -> Decimal:
    return weight.weight if isinstance(weight, WeightSection) else weight


def _triggers(triggers: Mapping[str, TriggerSection]) -> Iterator[str]:
    for name, trigger in triggers.items():
        if not isinstance(trigger, PeriodicSection):
            continue
        if (trigger.interval_s is None) == (trigger.calendar is None):
            yield f"triggers.{name}: give either interval_s or calendar"
        if not _is_zone(trigger.zone):
            yield f'triggers.{name}.zone: unknown zone "{trigger.zone}"; an IANA name such as "Europe/Zurich" is right'


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        return False
    except KeyError:  # ZoneInfoNotFoundError
        return False
    return True


def _clauses(clauses: Iterable[ClauseSection], known: Known) -> Iterator[str]:
    clauses = tuple(clauses)
    for name in _twice(clause.id for clause in clauses):
        yield f'mandate.clause.{name}: two clauses have the id "{name}"; give one of them another'
    for clause in clauses:
        path = f"mandate.clause.{clause.id}"
        yield from _unknown(f"{path}.kind", "kind of clause", clause.kind, RULES)
        if clause.kind in RULES:
            yield from _clause(clause, RULES[clause.kind], path, known)


def _clause(clause: ClauseSection, rule: Rule, path: str, known: Known) -> Iterator[str]:
    if rule.names == "" and clause.scope:
        yield f"{path}.scope: {clause.kind} binds the whole fund and takes no scope; remove it"
    if rule.limit is not None and not clause.scope:
        yield f"{path}.scope: missing; name the {rule.names} it is about"
    for name in clause.scope:
        if rule.names == "assets":
            yield from _unknown(f"{path}.scope", "asset", name, known.assets)
        if rule.names == "venues":
            yield from _unknown(f"{path}.scope", "venue", name, known.venues)
    limit = rule.limit if clause.limit is None else clause.limit
    if limit is None:
        yield f"{path}.limit: missing"
    elif (clause.basis or rule.basis) is Basis.NAV and limit > 1:
        yield f'{path}.limit: must be a share of NAV of at most 1, got {limit:f}; write 40 % as "0.4"'


def _execution(execution: ExecutionSection) -> Iterator[str]:
    if execution.schedule is Schedule.TWAP and execution.deadline_s < execution.duration_s:
        yield (
            f"execution.deadline_s: {execution.deadline_s} ends a leg before its last slice; "
            f"must be at least duration_s ({execution.duration_s})"
        )


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _account(name: str, section: AccountSection) -> Account:
    kept = tuple(Keep(asset=asset, amount=amount) for asset, amount in sorted(section.keep.items()))
    return Account(id=name, venue=section.venue, managed=section.managed, keep=kept)


def _price_policy(section: PricesSection, venues: Iterable[str]) -> PricePolicy:
    """Sources keep the file's order: it is an order of trust."""
    return PricePolicy(
        sources=section.sources or tuple(sorted(venues)),
        max_age_s=section.max_age_s,
        max_spread_bps=section.max_spread_bps,
        max_disagreement_bps=section.max_disagreement_bps,
        max_unpriced_weight=section.max_unpriced_weight,
        fixed=tuple(FixedPrice(asset=a, price=f.price, because=f.because) for a, f in sorted(section.fixed.items())),
    )


def _target(section: TargetsSection) -> Target:
    weights = tuple(_target_weight(asset, weight, section) for asset, weight in sorted(section.weights.items()))
    return Target(weights=weights, aim=section.aim)


def _target_weight(asset: str, weight: Decimal | WeightSection, section: TargetsSection) -> TargetWeight:
    """A weight that names a band of either kind has its own bands; the others have those of [targets]."""
    if isinstance(weight, WeightSection) and (weight.band, weight.relative_band) != (None, None):
        return TargetWeight(asset=asset, weight=weight.weight, band=weight.band, relative_band=weight.relative_band)
    return TargetWeight(asset=asset, weight=_weight(weight), band=section.band, relative_band=section.relative_band)


def _trigger(name: str, section: TriggerSection) -> Trigger:
    match section:
        case PeriodicSection():
            return Periodic(id=name, **asdict(section))
        case HybridSection():
            return Hybrid(id=name, spacing_s=section.spacing_s)
        case _:
            return Threshold(id=name)


def _mandate(section: MandateSection) -> Mandate:
    return Mandate(clauses=tuple(_promise(clause) for clause in sorted(section.clause, key=lambda c: c.id)))


def _promise(clause: ClauseSection) -> Clause:
    rule = RULES[clause.kind]
    limit = rule.limit if clause.limit is None else clause.limit
    assert limit is not None, "checked by faults"
    return Clause(
        id=clause.id,
        kind=clause.kind,
        words=clause.words,
        severity=clause.severity,
        basis=clause.basis or rule.basis,
        scope=tuple(sorted(clause.scope)),
        limit=limit,
        moment=clause.moment or rule.moment,
    )
