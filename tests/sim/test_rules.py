"""A venue whose rules make no sense is refused, with every mistake at once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.sim.venue import BTC_USDT, CHAIN, FILTERS, lists, pays, venue
from trimtab.model.assets import Asset, Filters
from trimtab.sim import rules
from trimtab.sim.rules import Member

GOOD = venue().rules
FINE = Filters(step=Decimal("0.001"), tick=Decimal("0.000001"))
FINER = Filters(step=Decimal("1E-9"), tick=Decimal(10))
ODD = Filters(step=FILTERS.step, tick=FILTERS.tick, market_step=Decimal("0.0015"))


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"assets": (*GOOD.assets, Asset(id="BTC", decimals=2))}, "v.assets.BTC: it is there 2 times"),
        ({"members": (*GOOD.members, Member("main", "fund"))}, "v.accounts.main: it is there 2 times"),
        ({"members": (*GOOD.members, Member("x", ""))}, "v.accounts.x: it has no owner"),
        ({"members": (*GOOD.members, Member("x", "fund", parent="sub"))}, "its parent sub is not a main account"),
        ({"members": (*GOOD.members, Member("x", "stranger", parent="main"))}, "its parent main is not a main"),
        ({"instruments": (lists("v:BTC/EUR"),)}, "BTC and EUR must be two assets of the venue"),
        ({"instruments": (lists(BTC_USDT, FINE),)}, "step times tick, 1E-9, is finer than USDT with 8 decimals"),
        ({"instruments": (lists(BTC_USDT, FINER),)}, "its step 1E-9 is finer than BTC with 8 decimals"),
        ({"instruments": (lists(BTC_USDT, ODD),)}, "its market step 0.0015 is not a multiple of its step 0.001"),
        ({"fees": (pays("ghost"),)}, "v.fees.ghost: there is no such account"),
        ({"networks": (replace(CHAIN, asset="EUR"),)}, "v.networks.chain/EUR: there is no such asset"),
        ({"networks": (replace(CHAIN, withdrawable_s=359),)}, "it would be withdrawable before it is tradable"),
    ],
)
def test_a_mistake_is_named_with_its_path(more: dict[str, Any], because: str) -> None:
    with pytest.raises(ValueError, match=because):
        rules.check(replace(GOOD, **more))


def test_all_mistakes_are_named_at_once() -> None:
    both = replace(GOOD, fees=(pays("ghost"),), members=(*GOOD.members, Member("x", "")))
    with pytest.raises(ValueError, match=r"v\.accounts\.x: .*; v\.fees\.ghost: "):
        rules.check(both)
