"""What one simulated venue is: its accounts and their rights, what it lists, charges and carries.

All of it is given to the venue and never changed by it; a listing that halts or vanishes is a new Rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property

from trimtab.model.assets import Asset, FeeTerms, Instrument
from trimtab.model.prices import Ladder
from trimtab.units import EXACT, ONE, is_multiple, under_context


class Right(StrEnum):
    """What an account's own key may do (D12): trade, move money within its family of accounts, withdraw it."""

    TRADE = "trade"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


ALL_RIGHTS = (Right.TRADE, Right.TRANSFER, Right.WITHDRAW)


@dataclass(frozen=True)
class Member:
    """One account of the venue. `owner` names who it belongs to: orders of one owner never match each other."""

    id: str
    owner: str
    parent: str | None = None
    rights: tuple[Right, ...] = ALL_RIGHTS


@dataclass(frozen=True)
class Network:
    """One way for an asset in and out of the venue.

    `fee` is taken out of the amount withdrawn (which is gross) and `minimum` bounds that amount. A withdrawal
    is on chain `sent_s` after its request; a deposit can be traded `tradable_s` and withdrawn `withdrawable_s`
    after it was seen on chain.
    """

    id: str
    asset: str
    fee: Decimal
    minimum: Decimal
    sent_s: int
    tradable_s: int
    withdrawable_s: int


@dataclass(frozen=True)
class Rules:
    """Everything about a venue that its requests do not change. `check` says whether it makes sense.

    A request is accepted `delay_s` after it arrives, and an ended order can be asked about for `retention_s`.
    """

    venue: str
    assets: tuple[Asset, ...]
    instruments: tuple[Instrument, ...]
    members: tuple[Member, ...]
    fees: tuple[FeeTerms, ...]
    networks: tuple[Network, ...] = ()
    delay_s: float = 0
    retention_s: int = 86_400

    @cached_property
    def asset(self) -> Mapping[str, Asset]:
        """Assets by id."""
        return {asset.id: asset for asset in self.assets}

    @cached_property
    def instrument(self) -> Mapping[str, Instrument]:
        """Instruments by id."""
        return {instrument.id: instrument for instrument in self.instruments}

    @cached_property
    def member(self) -> Mapping[str, Member]:
        """Accounts by id."""
        return {member.id: member for member in self.members}

    @cached_property
    def network(self) -> Mapping[tuple[str, str], Network]:
        """Networks by asset and id."""
        return {(network.asset, network.id): network for network in self.networks}


@dataclass(frozen=True)
class Outside:
    """The rest of the market at one moment, for one instrument.

    `ladder` is what others offer, on the instrument's ticks and steps, not crossed, less what we took before.
    `average` is the venue's average price, by which D5's percent filter and market orders are judged (None:
    the middle of the ladder). `prices` gives the price of third fee assets in the instrument's quote.
    """

    ladder: Ladder
    average: Decimal | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Consumed:
    """Depth of the ladder that a request used up: `amount` (base units) of the bids or asks at `price`."""

    instrument: str
    side: str
    price: Decimal
    amount: Decimal


def check(rules: Rules) -> None:
    """Raise ValueError with every mistake in a venue's rules, each with its path.

    A tick times a step must be a whole number of the quote's smallest unit, and a step of the base's: then no
    trade ever has to be rounded, and books agree to the last unit.
    """
    mistakes = sorted([*_twice(rules), *_families(rules), *_grids(rules), *_strays(rules)])
    if mistakes:
        raise ValueError("; ".join(f"{rules.venue}.{mistake}" for mistake in mistakes))


def _twice(rules: Rules) -> Iterator[str]:
    lists: tuple[tuple[str, Iterable[str]], ...] = (
        ("assets", (asset.id for asset in rules.assets)),
        ("instruments", (instrument.id for instrument in rules.instruments)),
        ("accounts", (member.id for member in rules.members)),
        ("networks", (f"{network.id}/{network.asset}" for network in rules.networks)),
    )
    for name, ids in lists:
        yield from (f"{name}.{key}: it is there {count} times" for key, count in Counter(ids).items() if count > 1)


def _families(rules: Rules) -> Iterator[str]:
    for member in rules.members:
        if not member.owner:
            yield f"accounts.{member.id}: it has no owner"
        if member.parent is not None:
            parent = rules.member.get(member.parent)
            if parent is None or parent.parent is not None or parent.owner != member.owner:
                yield f"accounts.{member.id}: its parent {member.parent} is not a main account of the same owner"


@under_context
def _grids(rules: Rules) -> Iterator[str]:
    return iter([mistake for instrument in rules.instruments for mistake in _grid(rules, instrument)])


def _grid(rules: Rules, instrument: Instrument) -> Iterator[str]:
    base, quote = rules.asset.get(instrument.base), rules.asset.get(instrument.quote)
    filters, path = instrument.filters, f"instruments.{instrument.id}"
    if base is None or quote is None or base == quote:
        yield f"{path}: {instrument.base} and {instrument.quote} must be two assets of the venue"
        return
    if filters.market_step and not is_multiple(filters.market_step, filters.step):
        yield f"{path}: its market step {filters.market_step} is not a multiple of its step {filters.step}"
    if not is_multiple(filters.step, ONE.scaleb(-base.decimals)):
        yield f"{path}: its step {filters.step} is finer than {base.id} with {base.decimals} decimals"
    least = EXACT.multiply(filters.step, filters.tick)
    if not is_multiple(least, ONE.scaleb(-quote.decimals)):
        yield f"{path}: step times tick, {least}, is finer than {quote.id} with {quote.decimals} decimals"


def _strays(rules: Rules) -> Iterator[str]:
    for terms in rules.fees:
        if terms.account not in rules.member:
            yield f"fees.{terms.account}: there is no such account"
        if terms.third is not None and terms.third not in rules.asset:
            yield f"fees.{terms.account}: {terms.third} is no asset of the venue"
    for network in rules.networks:
        if network.asset not in rules.asset:
            yield f"networks.{network.id}/{network.asset}: there is no such asset"
        if network.withdrawable_s < network.tradable_s:
            yield f"networks.{network.id}/{network.asset}: it would be withdrawable before it is tradable"
