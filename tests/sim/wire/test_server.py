"""The process: ports, hosts, trust, market time, and faults of the connection that any protocol has."""

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from tests.sim.wire.wired import ToPort, Wired, wired
from trimtab.sim.faults import Fault, Plan, Planned
from trimtab.sim.wire import certs
from trimtab.sim.wire.server import Told, serving


def meets(site: Wired, fault: Fault, call: str = "GET /api/v3/time", **more: object) -> None:
    site.here.plan = Plan(faults=(Planned(fault=fault, call=call, on=(1,), **more),))  # type: ignore[arg-type]


def test_each_venue_has_a_port_of_its_own_and_its_own_books(site: Wired) -> None:
    assert site.sim.ports["here"] != site.sim.ports["there"]
    pairs = {
        venue: [one["symbol"] for one in site.ask("GET /api/v3/exchangeInfo", venue=venue).json["symbols"]]
        for venue in ("here", "there")
    }

    assert pairs == {"here": ["BTCUSDT", "ETHUSDT"], "there": ["BTCUSDT"]}


def test_who_does_not_trust_the_simulators_authority_does_not_get_in(site: Wired) -> None:
    async def reach() -> None:
        connector = aiohttp.TCPConnector(resolver=ToPort(site.sim.ports["here"]))
        async with aiohttp.ClientSession(connector=connector) as session:
            await session.get("https://api.binance.com/api/v3/time")

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        site.run(reach())


@pytest.mark.parametrize(("host", "status"), [("api.binance.com", 200), ("api1.binance.com", 200), ("localhost", 200)])
def test_the_venues_host_names_lead_to_it(host: str, status: int, site: Wired) -> None:
    assert site.send("GET", "/api/v3/time", host=host).status == status


def test_another_venues_host_name_is_misdirected(site: Wired) -> None:
    assert site.send("GET", "/api/v3/time", host="api.coinbase.com").status == 421


def test_what_is_not_answered_is_not_found(site: Wired) -> None:
    assert site.send("GET", "/api/v9/time").status == 404
    assert site.send("PUT", "/api/v3/order").status == 404


def test_market_time_is_told_beside_the_walls(site: Wired) -> None:
    told = site.send("GET", "/sim/clock").json

    assert (told["market"], told["now"], told["speed"]) == ("2026-01-01T12:00:00Z", "2026-01-01T12:00:00Z", "0")
    assert told["wall"].endswith("Z")


def test_a_connection_may_drop_before_or_after(site: Wired) -> None:
    for fault in (Fault.RESET_BEFORE, Fault.RESET_AFTER):
        site.here.plan = Plan(faults=(Planned(fault=fault, on=(1, 2)),))  # aiohttp asks a second time by itself
        with pytest.raises(aiohttp.ServerDisconnectedError):
            site.ask("GET /api/v3/time")
        assert site.ask("GET /api/v3/time").status == 200


def test_an_answer_may_be_shorter_than_it_says(site: Wired) -> None:
    meets(site, Fault.SHORT)
    with pytest.raises(aiohttp.ClientPayloadError):
        site.ask("GET /api/v3/time")


def test_an_answer_may_be_a_page_half_or_of_another_kind(site: Wired) -> None:
    meets(site, Fault.HTML)
    page = site.ask("GET /api/v3/time")
    meets(site, Fault.TRUNCATED)
    half = site.ask("GET /api/v3/time")
    meets(site, Fault.WRONG)
    other = site.ask("GET /api/v3/time")
    meets(site, Fault.BROKEN)
    broken = site.ask("GET /api/v3/time")

    assert (page.status, page.content[:6]) == (200, b"<html>")
    assert (half.status, half.content[:6]) == (200, b'{"serv')
    assert not half.content.endswith(b"}")
    assert (other.status, other.content) == (200, b"[]")
    assert (broken.status, broken.content[:6]) == (502, b"<html>")


def test_a_closed_port_refuses_and_an_open_one_is_the_same_again(site: Wired) -> None:
    port = site.here.port
    site.run(site.here.refuse())
    with pytest.raises(aiohttp.ClientConnectorError):
        site.ask("GET /api/v3/time")
    site.run(site.here.listen())

    assert site.ask("GET /api/v3/time").status == 200
    assert site.here.port == port


def test_a_port_may_close_after_a_call(site: Wired) -> None:
    meets(site, Fault.REFUSED)
    assert site.ask("GET /api/v3/time").status == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        site.ask("GET /api/v3/time")
    assert site.ask("GET /api/v3/time", venue="there").status == 200


def test_what_comes_over_an_old_connection_is_dropped_when_the_port_is_closed(site: Wired) -> None:
    session = site.session(force_close=False)

    async def ask(times: int) -> list[int]:
        async def one() -> int:
            async with session.get("https://api.binance.com/api/v3/time") as reply:
                await reply.read()
                return reply.status

        return await asyncio.gather(*(one() for _ in range(times)))

    site.run(ask(2))
    meets(site, Fault.REFUSED)
    assert site.run(ask(1)) == [200]
    with pytest.raises(aiohttp.ClientConnectorError):
        site.run(ask(1))
    assert len(site.here.calls) == 3


def test_every_call_is_noted_by_name(site: Wired) -> None:
    site.ask("GET /api/v3/time")
    site.send("GET", "/nothing")

    assert list(site.here.calls) == ["GET /api/v3/time", "GET /nothing"]


def test_a_port_that_is_taken_is_not_shared(site: Wired, tmp_path: Path) -> None:
    async def again() -> None:
        told = Told(keys=(), certificates=certs.ready(tmp_path / "c"), ports={"here": site.sim.ports["here"]})
        async with serving(tmp_path / "paper.toml", told):
            pass

    with pytest.raises(OSError, match="address already in use"):
        site.run(again())


def test_a_protocol_that_is_not_spoken_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"venues\.here\.wire: mtgox is not spoken here"),
        wired(tmp_path, wire='wire = "binance" => wire = "mtgox"'),
    ):
        pass


def test_many_clients_are_served_at_once(site: Wired) -> None:
    session = site.session()

    async def ask() -> int:
        async with session.get("https://api.binance.com/api/v3/exchangeInfo") as reply:
            await reply.read()
            return reply.status

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(ask() for _ in range(50)))

    assert site.run(all_of_them()) == [200] * 50


def test_the_certificate_is_for_the_venues_and_not_for_anybody(site: Wired) -> None:
    async def reach() -> None:
        trusted = ssl.create_default_context(cafile=str(site.sim.told.certificates.ca))
        connector = aiohttp.TCPConnector(ssl=trusted, resolver=ToPort(site.sim.ports["here"]))
        async with aiohttp.ClientSession(connector=connector) as session:
            await session.get("https://example.com/")

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        site.run(reach())
