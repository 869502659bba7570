"""Money that moves between two accounts of a venue while they are read is counted once: the readings see it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests import law
from tests.contracts.sites import D, Site
from tests.contracts.test_venue import OPENERS
from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.stores.memory import MemoryStore
from trimtab.adapters.stores.seals import SealFile
from trimtab.cycle import observe
from trimtab.model.accounts import Account
from trimtab.model.assets import Asset
from trimtab.model.holdings import AccountRead
from trimtab.ports import Desk


class Restless:
    """A venue in which somebody moves money by hand just after its nth reading."""

    def __init__(self, site: Site, nth: int) -> None:
        self.site, self.left = site, nth

    def __getattr__(self, name: str) -> Any:
        return getattr(self.site.here, name)

    async def read(self, account: str) -> AccountRead:
        told = await self.site.here.read(account)
        self.left -= 1
        if self.left == 0:
            self.site.truth.move("main", "main", "sub", "USDT", D(1000))
        return told


@pytest.mark.parametrize("opener", sorted(OPENERS))
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_move_within_the_family_is_never_counted_twice_or_lost(nth: int, opener: str, tmp_path: Path) -> None:
    opened: Callable[..., AbstractContextManager[Site]] = OPENERS[opener]
    with opened(tmp_path) as site:
        restless: Any = Restless(site, nth)
        policy = law.policy(
            assets=(Asset(id="USDT", decimals=8),),
            accounts=(Account(id="main", venue="here"), Account(id="sub", venue="here")),
        )
        desk = Desk(
            policy=policy,
            clock=SimulatedClock(site.clock),
            store=MemoryStore("small"),
            witness=SealFile(tmp_path / "seals"),
            venues={"here": restless},
        )
        seen = site.run(observe.accounts(desk))

        assert seen.unknown == ()
        held = {b.account: b.total for b in seen.balances if b.asset == "USDT"}
        before, after = {"main": D(2000000), "sub": D(500)}, {"main": D(1999000), "sub": D(1500)}
        assert held in ((after,) if nth <= 2 else (before, after))
