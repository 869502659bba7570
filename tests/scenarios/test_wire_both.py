"""One fund on two exchanges that speak differently: a cycle on both at once, and money on its way between them."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.scenarios.funds import at_desk, change, on
from tests.scenarios.wired import connected, exchange_fund, simulator
from trimtab.adapters.clock import SimulatedClock
from trimtab.adapters.venues.exchange.binance import BinanceVenue
from trimtab.adapters.venues.exchange.line import Credentials, Target
from trimtab.cycle import observe
from trimtab.model.holdings import Snapshot, Stage
from trimtab.model.orders import Withdrawal
from trimtab.sim.clockwork import open_clock
from trimtab.sim.venue import open_venue

VAULT = """
[venues.coinbase]
kind = "coinbase"

[accounts.vault]
venue = "coinbase"
key = "file:sim-keys/vault.key"
secret = "file:sim-keys/vault.secret"

[accounts.vault.wire]
connect = "127.0.0.1:COINBASE"
ca = "sim-ca.pem"

[routes.home]
asset = "USDT"
network = "ETH"
from = "trading"
to = "vault"
address = "ADDRESS"

[assets]
"""


def fund_on_both(folder: Path) -> Path:
    """The exchange template with its second exchange, which prices USDT in dollars."""
    fund = exchange_fund(folder)
    fixed = re.search(r"(?s)\[prices\.fixed\.USDT\].*?\n\n", fund.read_text())
    assert fixed is not None
    change(fund, {fixed.group(): "", "[assets]\n": VAULT, "BNB = 8\n": "BNB = 8\n", "USD = 2\n": "USD = 8\n"})
    return fund


def reached(fund: Path, ports: dict[str, int]) -> None:
    """Point the fund at the two ports, and tell it the vault's address."""
    connected(fund, ports)
    venue = open_venue(fund.with_name("sim.toml"), "coinbase")
    address = venue.address("vault", "USDT", "ETH")
    venue.close()
    change(fund, {"127.0.0.1:COINBASE": f"127.0.0.1:{ports['coinbase']}", "ADDRESS": address})


def test_a_cycle_trades_on_both_at_once_reconciles_and_is_proved(tmp_path: Path) -> None:
    fund = fund_on_both(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        reached(fund, served["ports"])
        said = on(fund, "run", "--yes")
        assert said.code == 0, said.out + said.err
        assert on(fund, "reconcile").code == 0
    for command in (("verify",), ("replay", "last")):
        assert on(fund, *command).code == 0
    for name in ("binance", "coinbase"):
        venue = open_venue(tmp_path / "sim.toml", name)
        sent = [placed.order.id for placed in venue.log()]
        venue.close()
        assert sent
        assert len(set(sent)) == len(sent)


def test_the_check_up_asks_both_exchanges_and_the_way_between_them(tmp_path: Path) -> None:
    fund = fund_on_both(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        reached(fund, served["ports"])
        said = on(fund, "doctor", "-v")

    assert said.code == 0, said.out + said.err
    assert "vault receives USDT at it" in said.out


def test_a_withdrawal_from_one_arrives_at_the_other_and_is_one_movement_throughout(tmp_path: Path) -> None:
    fund = fund_on_both(tmp_path)
    with simulator(tmp_path / "sim.toml") as served:
        reached(fund, served["ports"])
        clock = open_clock(tmp_path / "sim.toml")
        began = clock.now()
        send(fund, served["ports"]["binance"])
        seen: list[tuple[list[Stage], Decimal]] = []
        for seconds in (0, 30, 90, 300):
            clock.step(began + timedelta(seconds=seconds))
            seen.append(told(looked(fund)))
        clock.close()

    assert [stages for stages, _ in seen] == [[Stage.REQUESTED], [Stage.SEEN], [], []]
    assert len({usdt for _, usdt in seen}) == 1


def send(fund: Path, port: int) -> None:
    """Move a thousand USDT from Binance to the vault, by the key that may."""
    folder = fund.parent
    key = Credentials(*((folder / "sim-keys" / f"trading-money.{part}").read_text().strip() for part in ("key", "secret")))
    address = re.search(r'address = "(.+)"', fund.read_text())
    assert address is not None
    with at_desk(fund) as desk:
        clock: Any = desk.clock
        assert isinstance(clock, SimulatedClock)
        venue = BinanceVenue("binance", {"trading": key}, frozenset({"USDT"}), clock, Target(port, folder / "sim-ca.pem"))
        away = Withdrawal(
            id="d" * 32, account="trading", asset="USDT", amount=Decimal(1000), network="ETH", address=address.group(1)
        )
        desk_run(venue, away)


def desk_run(venue: BinanceVenue, away: Withdrawal) -> None:
    import asyncio

    async def work() -> None:
        await venue.withdraw(away)
        await venue.aclose()

    asyncio.run(work())


def looked(fund: Path) -> Snapshot:
    """What the fund sees of all its accounts and of what is between them."""
    import asyncio

    from trimtab import api

    async def work() -> Snapshot:
        async with api.connect(api.load_settings(fund)) as desk:
            return await observe.accounts(desk)

    return asyncio.run(work())


def told(snapshot: Snapshot) -> tuple[list[Stage], Decimal]:
    """The stages of what is in transit, and all USDT wherever it is."""
    assert snapshot.unknown == ()
    held = sum(b.total for b in snapshot.balances if b.asset == "USDT")
    return [t.stage for t in snapshot.transits], held + sum(t.amount for t in snapshot.transits)
