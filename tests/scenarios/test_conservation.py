"""Whole cycles on random funds and faults: nothing is made or lost, and what the ledger says is what the venues say."""

import asyncio
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.scenarios.funds import at_desk
from trimtab import api
from trimtab.ports import Desk

ACCOUNTS = {"alpha": "north", "beta": "north", "gamma": "south"}
ASSETS = {"AAA": 8, "BBB": 6, "CCC": 2, "FEE": 8, "USDT": 6}
PRICES = {"AAA": "96000", "BBB": "3300", "CCC": "0.32", "FEE": "600"}
PAIRS = {
    "north": ("AAA/USDT", "BBB/USDT", "BBB/AAA", "FEE/USDT"),
    "south": ("AAA/USDT", "BBB/USDT", "CCC/USDT"),
}
FILTERS = {
    "AAA/USDT": "step = 0.00001, tick = 0.1, min_notional = 5",
    "BBB/USDT": "step = 0.0001, tick = 0.01, min_notional = 5",
    "BBB/AAA": "step = 0.001, tick = 0.00001, min_notional = 0.0001",
    "CCC/USDT": "step = 1, tick = 0.0001, min_notional = 5",
    "FEE/USDT": "step = 0.001, tick = 0.1, min_notional = 5",
}
FEES = {
    "received": 'taken_from = "received"',
    "quote": 'taken_from = "quote"',
    "third": 'taken_from = "third"\nthird = "FEE"\ndiscount = 0.25',
}

CRUMB = Decimal(12)
"""What is worth less cannot be traded on these venues: two of their smallest orders, and a step."""

Holdings = dict[tuple[str, str], Decimal]


@dataclass(frozen=True)
class Case:
    """The two files of a fund, and how many cycles it goes through."""

    fund: str
    world: str
    cycles: int


@st.composite
def cases(draw: DrawFn) -> Case:
    """Any fund on the two venues: holdings, targets, fees, orders, schedule and faults."""
    return Case(draw(fund_files()), draw(world_files()), draw(st.integers(1, 2)))


@st.composite
def world_files(draw: DrawFn) -> str:
    """A world with random balances, fees, moods of the market and faults."""
    lines = [
        "start = 2026-01-05T07:30:00Z",
        "speed = 0",
        f'tape = {{ kind = "generator", seed = "{draw(st.integers(0, 999))}", unit = "USDT" }}',
        "[assets]",
        *(f"{name} = {_asset(draw, name)}" for name in ASSETS),
    ]
    for venue, pairs in PAIRS.items():
        window = draw(st.sampled_from([0, 5]))
        lines += [f"[venues.{venue}]", f"accept_window_s = {window}", "skew_s = 1"]
        faults = f"lose_reply_every = {draw(st.integers(0, 3))}"
        if window and draw(st.booleans()):
            faults += f", delay_every = {draw(st.integers(1, 3))}, delay_s = {draw(st.sampled_from(['0.5', '2', '4']))}"
        lines += [f"faults = {{ {faults} }}", f"[[venues.{venue}.fees]]"]
        lines += [f"maker_bps = {draw(st.integers(-1, 8))}", f"taker_bps = {draw(st.integers(0, 60))}"]
        lines += [FEES[draw(st.sampled_from(sorted(FEES)))]]
        for account in (a for a, home in ACCOUNTS.items() if home == venue):
            lines += [f"[venues.{venue}.accounts.{account}.balances]", *_balances(draw)]
        lines += [f"[venues.{venue}.instruments]", *(f'"{p}" = {{ filters = {{ {FILTERS[p]} }} }}' for p in pairs)]
    return "\n".join(lines)


def _asset(draw: DrawFn, name: str) -> str:
    shape = f"decimals = {ASSETS[name]}"
    if name in PRICES:
        volatility = draw(st.sampled_from(["0", "0.5", "2"]))
        shape += f", price = {PRICES[name]}, volatility = {volatility}, depth = {draw(st.sampled_from(['0.02', '1']))}"
    return f"{{ {shape} }}"


def _balances(draw: DrawFn) -> list[str]:
    """A few thousand USDT of each asset, in raw units; sometimes nothing, sometimes dust."""
    lines = []
    for name, decimals in ASSETS.items():
        worth = draw(st.sampled_from([0, 1, 40, 5000, 30000])) + draw(st.integers(0, 999)) / 1000
        raw = int(Decimal(worth) / Decimal(PRICES.get(name, "1")) * 10**decimals)
        if draw(st.integers(0, 3)) or name == "USDT":
            lines.append(f'{name} = "{Decimal(raw).scaleb(-decimals):f}"')
    return lines


@st.composite
def fund_files(draw: DrawFn) -> str:
    """A fund with random targets, bands and ways to execute."""
    parts = [draw(st.integers(0, 20)) for _ in range(4)]
    cash = 100 - sum(parts)
    weights = dict(zip(ASSETS, (*parts, cash), strict=True))
    rows = [f'{name} = "{Decimal(part) / 100}"' for name, part in weights.items() if part]
    schedule = draw(st.sampled_from(["immediate", "twap"]))
    kind = draw(st.sampled_from(["limit", "market"]))
    return "\n".join(
        [
            '[fund]\nid = "random"\n[clock]\nsource = "sim"',
            *(f'[venues.{venue}]\nkind = "paper"' for venue in PAIRS),
            *(f'[accounts.{account}]\nvenue = "{venue}"' for account, venue in ACCOUNTS.items()),
            "[assets]",
            *(f"{name} = {decimals}" for name, decimals in ASSETS.items()),
            "[prices]\nmax_age_s = 900",
            f'[targets]\naim = "{draw(st.sampled_from(["centre", "edge"]))}"\nband = "0.03"\n[targets.weights]',
            *rows,
            '[triggers.drift]\nkind = "threshold"',
            '[costs]\nmax_cost_bps = "1000"',
            f'[execution]\nschedule = "{schedule}"\norder_kind = "{kind}"\nduration_s = 120\nslices = 3',
            f'price_tolerance_bps = "{draw(st.sampled_from([5, 100, 300]))}"\nslice_rest_s = 20\ndeadline_s = 300',
            "[limits]\nmax_balance_age_s = 900\nplan_max_age_s = 7200",
        ]
    )


@given(cases())
@settings(max_examples=150)
def test_nothing_is_made_or_lost_and_everything_is_proved(case: Case) -> None:
    prove(case)


@pytest.mark.soak
@given(cases())
@settings(max_examples=5000)
def test_nothing_is_made_or_lost_in_many_worlds(case: Case) -> None:
    prove(case)


def prove(case: Case) -> None:
    """Take a fund through its cycles, and compare what every side says about them."""
    with tempfile.TemporaryDirectory() as folder:
        fund = Path(folder) / "fund.toml"
        fund.write_text(case.fund)
        (Path(folder) / "paper.toml").write_text(case.world)
        loaded = api.load_settings(fund)
        with at_desk(fund) as desk:
            before = holdings(desk)
            for _ in range(case.cycles):
                asyncio.run(api.run_cycle(desk, api.Wishes(holder=api.holder())))
            assert_kept(desk, before)
            for facts in api.history(desk.store, 9):
                assert api.replay(desk.store, facts.cycle).holds
                assert_told(desk, facts)
        assert not api.verify(loaded, None).faults


def holdings(desk: Desk) -> Holdings:
    """What the venues say that every account holds."""
    reads = [asyncio.run(desk.venues[account.venue].read(account.id)) for account in desk.policy.accounts]
    return {(b.account, b.asset): b.total for read in reads for b in read.balances}


def assert_kept(desk: Desk, before: Holdings) -> None:
    """Every balance moved by exactly what the venues' own logs say was traded and charged, and none is negative."""
    moved: dict[tuple[str, str], Decimal] = defaultdict(Decimal, before)
    venues: Any = desk.venues.values()
    logged = [placed for venue in venues for placed in venue.log()]
    for fill in (fill for placed in logged for fill in placed.fills):
        base, _, quote = fill.instrument.partition(":")[2].partition("/")
        sign = 1 if fill.side == "buy" else -1
        moved[fill.account, base] += sign * fill.amount
        moved[fill.account, quote] -= sign * fill.amount * fill.price
        moved[fill.account, fill.fee_asset] -= fill.fee
    after = holdings(desk)
    for (account, asset), amount in after.items():
        assert amount >= 0, (account, asset, amount)
        assert abs(amount - moved[account, asset]) < Decimal(1).scaleb(-ASSETS[asset]), (account, asset)
    assert len({(p.order.account, p.order.id) for p in logged}) == len(logged), "an id was taken twice"


def assert_told(desk: Desk, facts: api.Facts) -> None:
    """The cycle says where it ended: no breaks, every fill known to a venue, and on plan or why not."""
    assert facts.closed is not None
    assert facts.closed.because
    if facts.reconciled is None or facts.ended is None or facts.plan is None or facts.after is None:
        return
    assert facts.reconciled.breaks == ()
    logged = {f.id for venue in desk.venues.values() for p in venue.log() for f in p.fills}  # type: ignore[attr-defined]
    assert {fill.id for fill in facts.fills} <= logged
    assert all(residual.because for residual in facts.ended.residuals)
    assert all(goal.because for goal in facts.plan.unmet)
    if facts.ended.residuals:
        return
    unmet = {goal.asset for goal in facts.plan.unmet}
    for story in facts.weights:
        assert story.after is not None
        assert story.planned is None or abs(story.after - story.planned) < Decimal("0.02"), story
        if story.low is not None and story.high is not None and story.asset not in unmet:
            beyond = max(story.low - story.after, story.after - story.high)
            assert beyond * facts.after.nav < CRUMB or beyond < Decimal("0.005"), story
