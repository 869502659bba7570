"""Books that are modelled: the slices that stand for a curve, and what is said of them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from trimtab import checker
from trimtab.model.canonical import encode
from trimtab.model.orders import Side
from trimtab.model.problems import Curve, Desired, Holder, PricedAsset, Problem, SharedBook, Stock, Way
from trimtab.plan.solve import solve

D = Decimal


def modelled(**more: object) -> Problem:
    """A hundred BTC at 60,000, of which six in ten are to be sold on a book that is known by its activity alone."""
    said: dict[str, Any] = {"most": D(6_000_000), "daily_volume": D(20_000), "daily_volatility": D("0.03")}
    curve = Curve(**{"model": "sqrt_final", **said, **more})
    book = SharedBook(id="BTC/USDT", base="BTC", quote="USDT", step=D("0.00001"), impact=curve)
    return Problem(
        version=1,
        base="USDT",
        assets=(PricedAsset(id="BTC", price=D(60_000), decimals=8), PricedAsset(id="USDT", price=D(1), decimals=6)),
        accounts=(Holder(id="a"),),
        balances=(Stock(account="a", asset="BTC", free=D(100)),),
        targets=(Desired(asset="BTC", weight=D("0.4")), Desired(asset="USDT", weight=D("0.6"))),
        books=(book,),
        markets=(Way(id="m", account="a", book="BTC/USDT", sides=(Side.SELL,)),),
    )


def test_a_modelled_book_costs_what_its_model_says_to_a_twentieth_of_a_basis_point() -> None:
    answer = solve(modelled())
    (leg,) = answer.legs
    exact = D(10_000) * D("0.03") * (leg.amount / 20_000).sqrt() * 2 / 3 * leg.value / 10_000

    assert 0 <= answer.cost - exact <= D(6_000_000) * D("0.05") / 10_000
    assert checker.check(json.loads(encode(answer))) == []


def test_half_the_spread_is_paid_beside_the_model() -> None:
    bare, wide = solve(modelled()), solve(modelled(half_spread_bps=D(2)))

    assert wide.costs.spread == pytest.approx(wide.legs[0].value * 2 / 10_000)
    assert wide.costs.impact == pytest.approx(bare.costs.impact, rel=D("0.001"))


def test_the_answer_says_which_model_it_is_and_whether_its_figure_is_an_average() -> None:
    (said,) = solve(modelled()).because
    assert said == (
        "BTC/USDT is modelled by sqrt_final (coefficient 1, daily_volatility 0.03, daily_volume 20000 BTC), whose "
        "figure is the final move: an order of 6,000,000 USDT pays 14.14 bps beside half the spread"
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"model": "walk"}, "books.BTC/USDT.impact.model: unknown walk; known: athl2005, sqrt_average, sqrt_final"),
        ({"daily_volume": D(0)}, "books.BTC/USDT.impact.daily_volume: must be above 0, got 0"),
        ({"model": "athl2005"}, "books.BTC/USDT.impact.outstanding: must be above 0 for athl2005, got 0"),
        ({"half_spread_bps": D(-1)}, "books.BTC/USDT.impact.half_spread_bps: must be at least 0, got -1"),
    ],
)
def test_what_a_model_cannot_work_with_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace(".", "[.]")):
        solve(modelled(**wrong))
