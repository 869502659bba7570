from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given
from msgspec.structs import replace

from tests.reconcile.books import FILLS, T0, T1, D, fill, look, terms, transfer, transit
from trimtab.model.breaks import Posting
from trimtab.model.holdings import Stage
from trimtab.model.orders import Fill, Side
from trimtab.reconcile import postings


def sums(lines: Iterable[Posting]) -> dict[tuple[str, str], Decimal]:
    """What each source leaves over, by asset."""
    total: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        total[line.source, line.asset] += line.amount
    return dict(total)


def entered(lines: Iterable[Posting], account: str) -> dict[str, Decimal]:
    """What an account gained, by asset."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.account == account:
            total[line.asset] += line.amount
    return {asset: amount for asset, amount in total.items() if amount}


def test_a_buy_moves_base_in_and_quote_out_and_its_fee_to_costs() -> None:
    lines = postings.of_fills([fill(fee="0.001", fee_asset="BTC")], terms())
    assert entered(lines, "main") == {"BTC": D("0.999"), "USDT": D(-60000)}
    assert entered(lines, "venue:north") == {"BTC": D(-1), "USDT": D(60000)}
    assert entered(lines, "cost:fee") == {"BTC": D("0.001")}


def test_a_sell_with_a_rebate_gains_by_its_fee() -> None:
    lines = postings.of_fills([fill(Side.SELL, "2", fee="-6")], terms())
    assert entered(lines, "main") == {"BTC": D(-2), "USDT": D(120006)}


def test_a_transfer_under_way_is_in_transit_less_its_fee() -> None:
    lines = postings.of_transfers([transfer()])
    assert entered(lines, "main") == {"USDT": D(-11)}
    assert entered(lines, "transit:t1") == {"USDT": D(10)}
    assert entered(lines, "cost:fee") == {"USDT": D(1)}


def test_a_credited_transfer_has_left_its_transit() -> None:
    lines = postings.of_transfers([transfer(credited=T1)])
    assert entered(lines, "transit:t1") == {}
    assert entered(lines, "side") == {"USDT": D(10)}


def test_a_returned_transfer_moved_nothing() -> None:
    assert postings.of_transfers([replace(transfer(), stage=Stage.RETURNED)]) == ()


def test_transits_that_appear_and_vanish_set_out_and_arrive() -> None:
    gone, there = look(T0), replace(look(T1), transits=(transit(),))
    assert entered(postings.of_transits(gone, there), "main") == {"USDT": D(-10)}
    assert entered(postings.of_transits(there, gone), "side") == {"USDT": D(10)}
    assert postings.of_transits(there, there) == ()


@given(fills=FILLS)
def test_postings_of_one_source_sum_to_zero_for_each_asset(fills: list[Fill]) -> None:
    lines = postings.of_fills(fills, terms())
    assert all(total == 0 for total in sums((*lines, *postings.of_transfers([transfer(credited=T1)]))).values())


@given(fills=FILLS)
def test_the_order_of_fills_does_not_matter(fills: list[Fill]) -> None:
    lines = postings.of_fills(fills, terms())
    assert lines == postings.of_fills(reversed(fills), terms())
