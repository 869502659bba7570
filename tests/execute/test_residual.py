import pytest
from msgspec.structs import replace

from tests.execute.trading import EXECUTION, T0, D, answered, fill, leg, marks, started, terms, ticked, told
from trimtab.execute import residual
from trimtab.model.assets import FeeTerms, TakenFrom
from trimtab.model.ledger import Terms
from trimtab.model.orders import OrderStatus, Side
from trimtab.model.policy import Schedule
from trimtab.model.runs import Ended

LAW = terms(replace(EXECUTION, schedule=Schedule.IMMEDIATE))


def ended(price: str, *, side: Side = Side.BUY, fee: str = "0", asset: str = "USDT", law: Terms = LAW) -> Ended:
    """A leg of 0.1 BTC at a mark of 60000 with a predicted half spread of 2 USDT, filled at `price`."""
    run, (order,) = ticked(started(law, leg("l1", side, "BTC", "0.1")), law)
    one = fill(order, "0.1", price, fee=fee, asset=asset)
    run, _ = told(run, law, answered(order, OrderStatus.FILLED, one))
    return residual.finish(run, law, marks(BNB="600"))


@pytest.mark.parametrize(
    ("side", "price", "spread", "impact"),
    [
        (Side.BUY, "60010", "1", "0"),
        (Side.BUY, "60020", "2", "0"),
        (Side.BUY, "60050", "2", "3"),
        (Side.BUY, "59990", "0", "-1"),
        (Side.SELL, "59950", "2", "3"),
        (Side.SELL, "60010", "0", "-1"),
    ],
)
def test_slippage_is_half_spread_first_and_impact_beyond(side: Side, price: str, spread: str, impact: str) -> None:
    paid = ended(price, side=side).paid
    assert (paid.spread, paid.impact) == (D(spread), D(impact))


@pytest.mark.parametrize(
    ("fee", "asset", "worth"),
    [("6", "USDT", "6"), ("0.0001", "BTC", "6"), ("0.0075", "BNB", "4.5"), ("-1", "USDT", "-1")],
)
def test_a_fee_is_paid_at_the_mark_of_its_asset(fee: str, asset: str, worth: str) -> None:
    assert ended("60000", fee=fee, asset=asset).paid.fee == D(worth)


def test_a_fee_in_an_asset_without_a_mark_is_worth_what_the_terms_say() -> None:
    paid = FeeTerms(
        account="main",
        maker_bps=D(10),
        taker_bps=D(10),
        taken_from=TakenFrom.THIRD,
        third="DUST",
        discount=D("0.25"),
    )
    law = replace(LAW, fees=(paid,))
    assert ended("60000", fee="123", asset="DUST", law=law).paid.fee == D("4.5")


def test_a_leg_that_was_done_leaves_no_residual() -> None:
    assert ended("60000").residuals == ()


def test_only_what_was_filled_of_the_predicted_spread_is_spread() -> None:
    run, (order,) = ticked(started(LAW, leg("l1", Side.BUY, "BTC", "0.2")), LAW)
    run, _ = told(run, LAW, answered(order, OrderStatus.REJECTED, fill(order, "0.1", "60050"), because="closed"))
    end = residual.finish(run, LAW, marks())
    assert (end.paid.spread, end.paid.impact) == (D(1), D(4))
    assert [(r.leg, r.amount, r.because) for r in end.residuals] == [("l1", D("0.1"), "closed")]


def test_a_run_that_goes_on_has_no_end() -> None:
    run, _ = ticked(started(LAW, leg("l1", Side.BUY, "BTC", "0.2")), LAW)
    with pytest.raises(AssertionError, match="no end"):
        residual.finish(run, LAW, marks())


def test_fills_are_sorted_by_id() -> None:
    legs = [leg(f"l{n}", Side.BUY, "BTC", "0.1") for n in range(3)]
    run, orders = ticked(started(LAW, *legs), LAW)
    names = iter("cab")
    fills = [answered(o, OrderStatus.FILLED, fill(o, "0.1", "60000", name=next(names)), at=T0) for o in orders]
    run, _ = told(run, LAW, *fills)
    assert [f.id for f in residual.finish(run, LAW, marks()).fills] == ["a", "b", "c"]
