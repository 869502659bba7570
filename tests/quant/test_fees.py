"""Fees by what they are taken from (D2): the figures of trap T2, and the rounding at their edges."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from trimtab.model.assets import Asset, FeeTerms, TakenFrom
from trimtab.model.orders import Side
from trimtab.quant import fees

BTC = Asset(id="BTC", decimals=8)
USDT = Asset(id="USDT", decimals=6)
USD = Asset(id="USD", decimals=2)
BNB = Asset(id="BNB", decimals=8)
ONE_BITCOIN = fees.Trade(Side.BUY, Decimal(1), Decimal(60_000), BTC, USDT)


def pays(taken_from: TakenFrom, bps: str = "10", instrument: str | None = None) -> FeeTerms:
    by_third, rate = taken_from is TakenFrom.THIRD, Decimal(bps)
    return FeeTerms(
        account="main",
        instrument=instrument,
        maker_bps=rate,
        taker_bps=rate,
        taken_from=taken_from,
        third="BNB" if by_third else None,
        discount=Decimal("0.25") if by_third else None,
    )


def bnb(free: str) -> fees.Third:
    return fees.Third(BNB, Decimal(600), Decimal(free))


def changed(terms: FeeTerms, trade: fees.Trade, third: fees.Third | None = None) -> dict[str, Decimal]:
    paid, asset = fees.fee(terms, trade, third=third)
    return dict(fees.changes(trade, paid, asset))


def test_a_buy_that_pays_in_what_it_receives_gets_less_of_it() -> None:
    changes = changed(pays(TakenFrom.RECEIVED), ONE_BITCOIN)
    assert changes == {"BTC": Decimal("0.999"), "USDT": Decimal(-60_000)}


def test_a_buy_that_pays_in_quote_costs_more_of_it() -> None:
    assert changed(pays(TakenFrom.QUOTE), ONE_BITCOIN) == {"BTC": Decimal(1), "USDT": Decimal(-60_060)}


def test_a_third_asset_pays_at_its_price_with_the_discount() -> None:
    changes = changed(pays(TakenFrom.THIRD), ONE_BITCOIN, bnb("0.075"))
    assert changes == {"BTC": Decimal(1), "USDT": Decimal(-60_000), "BNB": Decimal("-0.075")}


def test_a_third_asset_that_is_one_unit_short_pays_nothing_and_the_received_one_pays_in_full() -> None:
    changes = changed(pays(TakenFrom.THIRD), ONE_BITCOIN, bnb("0.07499999"))
    assert changes == {"BTC": Decimal("0.999"), "USDT": Decimal(-60_000)}


def test_a_third_asset_without_a_price_pays_nothing() -> None:
    assert changed(pays(TakenFrom.THIRD), ONE_BITCOIN)["BTC"] == Decimal("0.999")


def test_the_fee_changes_its_asset_in_the_middle_of_a_parent_that_outlasts_the_third() -> None:
    half = fees.Trade(Side.BUY, Decimal("0.5"), Decimal(60_000), BTC, USDT)
    assert fees.fee(pays(TakenFrom.THIRD), half, third=bnb("0.05")) == (Decimal("0.0375"), "BNB")
    assert fees.fee(pays(TakenFrom.THIRD), half, third=bnb("0.0125")) == (Decimal("0.0005"), "BTC")


@pytest.mark.parametrize("taken_from", [TakenFrom.RECEIVED, TakenFrom.QUOTE])
def test_a_sale_pays_out_of_its_proceeds(taken_from: TakenFrom) -> None:
    sale = fees.Trade(Side.SELL, Decimal(1), Decimal(60_000), BTC, USDT)
    assert changed(pays(taken_from), sale) == {"BTC": Decimal(-1), "USDT": Decimal(59_940)}


def test_a_fee_in_the_asset_that_is_bought_is_taken_from_it_once() -> None:
    trade = fees.Trade(Side.BUY, Decimal(10), Decimal(600), BNB, USDT)
    assert changed(pays(TakenFrom.THIRD), trade, bnb("10")) == {"BNB": Decimal("9.9925"), "USDT": Decimal(-6_000)}


def test_a_fee_is_rounded_up_to_the_smallest_unit() -> None:
    dust = fees.Trade(Side.BUY, Decimal("0.00000001"), Decimal(60_000), BTC, USDT)
    assert fees.fee(pays(TakenFrom.RECEIVED), dust) == (Decimal("0.00000001"), "BTC")


def test_a_rebate_is_rounded_down() -> None:
    trade = fees.Trade(Side.SELL, Decimal(1), Decimal("1.55"), BTC, USD)
    assert fees.fee(pays(TakenFrom.QUOTE), trade, bps=Decimal(-100)) == (Decimal("-0.01"), "USD")


def test_ten_thousand_at_sixty_basis_points_on_top_buy_9940_35() -> None:
    terms, at_par = pays(TakenFrom.QUOTE, "60"), fees.Trade(Side.BUY, Decimal(0), Decimal(1), BTC, USD)
    bought = fees.spendable(terms, Decimal(10_000), at_par, Decimal("0.01"))
    assert bought == Decimal("9940.35")
    dearer = fees.Trade(Side.BUY, bought + Decimal("0.01"), Decimal(1), BTC, USD)
    assert fees.cost_in_quote(terms, dearer) > 10_000


def test_a_budget_buys_its_whole_worth_where_the_fee_is_taken_elsewhere() -> None:
    at_par = fees.Trade(Side.BUY, Decimal(0), Decimal(1), BTC, USD)
    assert fees.spendable(pays(TakenFrom.RECEIVED, "60"), Decimal(10_000), at_par, Decimal("0.01")) == 10_000


def test_no_budget_buys_nothing() -> None:
    assert fees.spendable(pays(TakenFrom.QUOTE), Decimal(-1), ONE_BITCOIN, Decimal("0.01")) == 0


@given(
    budget=some.integers(1, 10**9).map(lambda cents: Decimal(cents) / 100),
    price=some.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100),
    bps=some.integers(0, 500).map(str),
    step=some.sampled_from([Decimal("0.00001"), Decimal("0.01"), Decimal(1)]),
)
def test_what_a_budget_buys_is_affordable_and_one_step_more_is_not(
    budget: Decimal, price: Decimal, bps: str, step: Decimal
) -> None:
    terms = pays(TakenFrom.QUOTE, bps)
    bought = fees.spendable(terms, budget, fees.Trade(Side.BUY, Decimal(0), price, BTC, USD), step)
    within, beyond = (fees.Trade(Side.BUY, amount, price, BTC, USD) for amount in (bought, bought + step))
    assert fees.cost_in_quote(terms, within) <= budget < fees.cost_in_quote(terms, beyond)


def test_terms_for_one_instrument_go_before_those_for_all() -> None:
    general, own = pays(TakenFrom.QUOTE), pays(TakenFrom.QUOTE, "5", instrument="v:BTC/USDT")
    assert fees.terms_for((general, own), "main", "v:BTC/USDT") == own
    assert fees.terms_for((own, general), "main", "v:ETH/USDT") == general


def test_a_missing_fee_is_not_a_fee_of_zero() -> None:
    with pytest.raises(ValueError, match="account sub has no terms for v:BTC/USDT"):
        fees.terms_for((pays(TakenFrom.QUOTE),), "sub", "v:BTC/USDT")
