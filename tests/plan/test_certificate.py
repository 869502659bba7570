"""The check of a stored plan: whatever is changed in it is named, and no solver is asked."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.plan.worlds import Case, case, goals, listed, proven
from tests.small import D, later, policy, read
from trimtab.model.orders import Side
from trimtab.model.plans import Certificate, Change, Costs, Dual, Plan, Status, Unmet

PROBLEM = case(
    goals(BTC="0.4", ETH="0.1", USDT="0.5"),
    read("a", BTC="1", ETH="60", USDT="100"),
    read("c", ETH="20"),
    pairs=listed("north:BTC/USDT", "north:ETH/USDT", step="0.0001"),
    fee_bps="10",
)
"""Two sales of ETH, and a purchase of BTC that waits for the one in its account."""

PLAN = proven(PROBLEM)


def test_the_plan_under_test_has_legs_that_wait() -> None:
    assert [(leg.side, leg.wave) for leg in PLAN.legs] == [(Side.SELL, 1), (Side.SELL, 1), (Side.BUY, 2)]
    assert PLAN.bound > 0


def test_a_plan_is_accepted_as_it_was_made() -> None:
    assert PROBLEM.faults(PLAN) == ()


def with_leg(place: int, **changed: Any) -> Plan:
    """The plan with something else in one leg."""
    legs = list(PLAN.legs)
    legs[place] = replace(legs[place], **changed)
    return replace(PLAN, legs=tuple(legs))


def proof() -> Certificate:
    """The plan's certificate."""
    assert PLAN.certificate is not None
    return PLAN.certificate


def with_duals(duals: tuple[Dual, ...]) -> Plan:
    """The plan with other duals."""
    return replace(PLAN, certificate=replace(proof(), duals=duals))


TAMPERED: dict[str, Callable[[], Plan]] = {
    "amount": lambda: with_leg(0, amount=PLAN.legs[0].amount - D("0.0001")),
    "amount of no lot": lambda: with_leg(0, amount=PLAN.legs[0].amount - D("0.00001")),
    "cost": lambda: with_leg(0, costs=replace(PLAN.legs[0].costs, fee=PLAN.legs[0].costs.fee + D("0.000000000001"))),
    "limit price": lambda: with_leg(0, limit_price=PLAN.legs[0].limit_price - D("0.01")),
    "mark price": lambda: with_leg(0, mark_price=PLAN.legs[0].mark_price + D("0.01")),
    "value": lambda: with_leg(0, value=PLAN.legs[0].value + D("0.01")),
    "side": lambda: with_leg(0, side=Side.BUY),
    "account": lambda: with_leg(2, account="c"),
    "id": lambda: with_leg(0, id="x"),
    "wave": lambda: with_leg(2, wave=3),
    "needs": lambda: with_leg(2, needs=()),
    "base": lambda: with_leg(0, base="BTC"),
    "a leg gone": lambda: replace(PLAN, legs=PLAN.legs[:-1]),
    "a leg twice": lambda: replace(PLAN, legs=(*PLAN.legs, PLAN.legs[-1])),
    "legs in another order": lambda: replace(PLAN, legs=PLAN.legs[::-1]),
    "costs": lambda: replace(PLAN, costs=Costs(fee=D(0), spread=D(0), impact=D(0))),
    "bound": lambda: replace(PLAN, bound=PLAN.bound + D("0.00000001")),
    "bound in the certificate": lambda: replace(PLAN, certificate=replace(proof(), bound=D(0))),
    "gap": lambda: replace(PLAN, gap=D(0)),
    "certificate": lambda: replace(PLAN, certificate=None),
    "change": lambda: replace(PLAN, changes=(replace(PLAN.changes[0], amount=D(1)), *PLAN.changes[1:])),
    "a change more": lambda: replace(
        PLAN, changes=(*PLAN.changes, Change(leg="l1", account="a", asset="BTC", amount=D(1)))
    ),
    "weight": lambda: replace(PLAN, weights=(replace(PLAN.weights[0], after=D("0.4")), *PLAN.weights[1:])),
    "goal": lambda: replace(PLAN, weights=(replace(PLAN.weights[0], low=D("0.3")), *PLAN.weights[1:])),
    "traded": lambda: replace(PLAN, traded=PLAN.traded + 1),
    "nav": lambda: replace(PLAN, nav=PLAN.nav + 1),
    "status": lambda: replace(PLAN, status=Status.FEASIBLE),
    "unmet": lambda: replace(PLAN, unmet=(Unmet(asset="BTC", because="so I say"),)),
    "because": lambda: replace(PLAN, because=("all is well",)),
    "at": lambda: replace(PLAN, at=later(1)),
    "currency": lambda: replace(PLAN, base="BTC"),
}


@pytest.mark.parametrize("what", sorted(TAMPERED))
def test_whatever_is_changed_in_a_plan_is_named(what: str) -> None:
    assert PROBLEM.faults(TAMPERED[what]()) != ()


def test_a_dual_that_proves_less_is_named() -> None:
    largest = max(proof().duals, key=lambda dual: abs(dual.value))
    rest = tuple(dual for dual in proof().duals if dual is not largest)
    assert PROBLEM.faults(with_duals(rest)) != ()


@given(st.integers(0, len(proof().duals) - 1), st.decimals(-3, 3, places=3))
def test_no_duals_at_all_prove_more_than_the_plan_costs(place: int, value: Decimal) -> None:
    """Whatever is written for a dual, the bound that comes of it is below the cost, or the plan is refused."""
    duals = list(proof().duals)
    duals[place] = replace(duals[place], value=D(f"{value.normalize():f}") if value else D(0))
    for bound in (PLAN.bound, PLAN.bound + 1, PLAN.costs.fee + PLAN.costs.spread + PLAN.costs.impact + 1):
        changed = replace(PLAN, bound=bound, certificate=Certificate(duals=tuple(duals), bound=bound))
        assert bound == PLAN.bound or PROBLEM.faults(changed) != ()


def other(**changed: Any) -> Case:
    """The same problem but for one of its parts."""
    parts = {name: getattr(PROBLEM, name) for name in ("decision", "snapshot", "marks", "terms", "liquidity")}
    return Case(**(parts | changed))


def test_a_plan_does_not_fit_other_inputs() -> None:
    dearer = tuple(replace(fee, taker_bps=D(11)) for fee in PROBLEM.terms.fees)
    poorer = replace(PROBLEM.snapshot, balances=tuple(b for b in PROBLEM.snapshot.balances if b.account != "c"))
    worlds = (
        other(decision=goals(BTC="0.5", ETH="0.1", USDT="0.4")),
        other(snapshot=poorer),
        other(terms=replace(PROBLEM.terms, fees=dearer)),
        other(terms=replace(PROBLEM.terms, policy=policy(accounts=()))),
        other(liquidity=replace(PROBLEM.liquidity, ladders=PROBLEM.liquidity.ladders[:1])),
    )
    assert all(world.faults(PLAN) for world in worlds)


def test_a_leg_on_a_market_that_does_not_exist_is_named() -> None:
    strange = with_leg(0, instrument="north:ETH/DOGE")
    assert "north:ETH/DOGE sell is not open to this plan" in PROBLEM.faults(strange)[0]


def test_an_overdraft_is_named() -> None:
    starved = with_leg(0, amount=PLAN.legs[0].amount - 42)
    (said,) = PROBLEM.faults(starved)
    assert said.startswith("a would spend ")


def test_a_dual_of_a_row_that_does_not_exist_is_named() -> None:
    assert PROBLEM.faults(with_duals((*proof().duals, Dual(row="zzz", value=D(1))))) != ()
