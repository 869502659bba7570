"""Balances of a simulated venue: amounts in and out of raw units, credits, locks, and what may be withdrawn."""

from dataclasses import replace
from decimal import Decimal

from trimtab.model.holdings import Stage
from trimtab.sim.state import Direction, Exchange, State
from trimtab.units import from_raw, to_raw, under_context


def raw(venue: Exchange, asset: str, amount: Decimal) -> int:
    """An amount in the asset's smallest units at this venue. Raises ValueError where it is finer than that."""
    return to_raw(amount, venue.rules.asset[asset].decimals)


def amount(venue: Exchange, asset: str, units: int) -> Decimal:
    """Smallest units of an asset as an amount."""
    return from_raw(units, venue.rules.asset[asset].decimals)


def credit(state: State, account: str, asset: str, units: int) -> None:
    """Add to a balance; negative units take away what is free. Going below zero is a defect of the caller."""
    stock = state.stock(account, asset)
    state.keep_stock(replace(stock, total=stock.total + units))


def lock(state: State, account: str, asset: str, units: int) -> None:
    """Lock a part of what is free; negative units unlock."""
    stock = state.stock(account, asset)
    state.keep_stock(replace(stock, locked=stock.locked + units))


@under_context
def maturing(venue: Exchange, account: str, asset: str) -> int:
    """What was credited and cannot leave the account yet (D9): deposits that are tradable or held."""
    return sum(
        raw(venue, asset, movement.transfer.amount - movement.transfer.fee)
        for movement in venue.state.movements.values()
        if movement.direction is Direction.IN
        and (movement.transfer.target, movement.transfer.asset) == (account, asset)
        and movement.transfer.stage in (Stage.TRADABLE, Stage.HELD)
        and movement.transfer.credited_at is not None
    )


def withdrawable(venue: Exchange, account: str, asset: str) -> int:
    """What may leave the account now: free, less what has not matured, whatever was traded with it since."""
    return max(0, venue.state.stock(account, asset).free - maturing(venue, account, asset))
