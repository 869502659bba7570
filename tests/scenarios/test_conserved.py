"""Random whole cycles: nothing appears or vanishes, the books reconcile, the proof holds."""

import asyncio
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.scenarios.funds import make_fund
from trimtab import api
from trimtab.adapters.venues import paper
from trimtab.model.ledger import CycleOutcome
from trimtab.model.orders import Side

Amounts = dict[tuple[str, str], Decimal]

worlds = st.fixed_dictionaries(
    {
        'seed = "trimtab"': st.integers(0, 999).map(lambda n: f'seed = "w{n}"'),
        'BTC = "2.1"': st.integers(0, 60).map(lambda n: f'BTC = "{Decimal(n) / 10}"'),
        'LTC = "520"': st.integers(0, 5000).map(lambda n: f'LTC = "{n}"'),
        'USDT = "35000"': st.integers(0, 400_000).map(lambda n: f'USDT = "{n}.12345678"'),
        'taken_from = "quote"': st.sampled_from(
            ['taken_from = "quote"', 'taken_from = "received"', 'taken_from = "third"\nthird = "LTC"\ndiscount = 0.25']
        ),
        "[venues.south]\n": st.integers(0, 3).map(lambda n: f"[venues.south]\nfaults = {{ lose_reply_every = {n} }}\n"),
    }
)
funds = st.fixed_dictionaries(
    {
        'order_kind = "limit"': st.sampled_from(['order_kind = "limit"', 'order_kind = "market"']),
        'schedule = "twap"': st.sampled_from(['schedule = "twap"', 'schedule = "immediate"']),
        'aim = "centre"': st.sampled_from(['aim = "centre"', 'aim = "edge"']),
        'trades no more than half of the fund."\nlimit = "0.5"': st.just('trades what it must."\nlimit = "1"'),
    }
)


def held(fund: Path) -> Amounts:
    """What the venues say is in every account."""
    with api.reading(api.load_settings(fund)) as desk:
        reads = [asyncio.run(desk.venues[a.venue].read(a.id)) for a in desk.policy.accounts]
    return {(b.account, b.asset): b.total for read in reads for b in read.balances if b.total}


def moved(fund: Path) -> Amounts:
    """What the venues' own order logs say has moved, fees included."""
    sums: Amounts = defaultdict(Decimal)
    for venue in ("north", "south"):
        connected = paper.connect(fund.with_name("paper.toml"), venue)
        for fill in (fill for placed in connected.log() for fill in placed.fills):
            base, quote = fill.instrument.partition(":")[2].split("/")
            sign = 1 if fill.side is Side.BUY else -1
            sums[fill.account, base] += sign * fill.amount
            sums[fill.account, quote] -= sign * fill.amount * fill.price
            sums[fill.account, fill.fee_asset] -= fill.fee
        connected.close()
    return sums


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(worlds, funds)
def test_a_random_cycle_conserves_every_asset_and_is_proved(world: dict[str, str], law: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as home:
        fund = make_fund(Path(home), world=world, fund=law)
        before = held(fund)
        with api.connect(api.load_settings(fund)) as desk:
            result = asyncio.run(api.run_cycle(desk, api.Wishes(holder="me")))
            assert result is not None
            facts = api.facts(desk.store, "last")
            assert api.replay(desk.store, "1").holds
        assert not api.verify(api.load_settings(fund), result.seal).faults

        changes = moved(fund)
        expected = {
            place: before.get(place, Decimal(0)) + changes.get(place, Decimal(0)) for place in {*before, *changes}
        }
        assert {place: amount for place, amount in expected.items() if amount} == held(fund)
        assert all(amount >= 0 for amount in expected.values())
        event(f"outcome {result.closed.outcome}")
        if result.closed.outcome is CycleOutcome.DONE:
            assert facts.reconciled is not None
            assert facts.reconciled.breaks == ()
            assert all(trade.done == trade.planned or trade.undone for trade in facts.trades)
        else:
            assert not changes


def test_the_check_itself_would_notice_a_missing_unit(tmp_path: Path) -> None:
    fund = make_fund(tmp_path)
    before = held(fund)
    place = ("main", "BTC")
    with pytest.raises(AssertionError):
        assert {**before, place: before[place] - Decimal("1E-8")} == held(fund)
