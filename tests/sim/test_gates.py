"""The limits that a world's file may give its served venues."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.contracts.sites import write
from tests.sim.wire.wired import wired
from trimtab import reading
from trimtab.sim import files, gates
from trimtab.sim.wire.coinbase.asked import habits

FOLLOWS = 'wire = "binance"\n => wire = "binance"\n'


def limits(**said: str) -> str:
    """A change of the world's file: limits of the first venue."""
    inside = ", ".join(f"{name} = {value}" for name, value in said.items())
    return f"{FOLLOWS}limits = {{ {inside} }}\n"


def test_a_venue_is_served_with_the_limits_that_its_world_says(tmp_path: Path) -> None:
    few = limits(weight="{ most = 45, window_s = 3600 }", strikes="1", ban_s="100")
    with wired(tmp_path, few=few) as site:
        told = site.ask("GET /api/v3/exchangeInfo").json["rateLimits"][0]
        answers = [site.ask("GET /api/v3/account", "main") for _ in range(4)]

        assert (told["limit"], told["interval"], told["intervalNum"]) == (45, "MINUTE", 60)
        assert [one.status for one in answers] == [200, 429, 418, 418]
        assert 0 < int(answers[3].headers["Retry-After"]) <= 100


def test_a_window_of_milliseconds_is_over_at_once(tmp_path: Path) -> None:
    with wired(tmp_path, few=limits(orders='[{ name = "10S", most = 1, window_s = 0.001 }]')) as site:
        asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "50000"}
        answers = [site.ask("POST /api/v3/order", "main", quantity="0.001", **asked) for _ in range(3)]

        assert [one.status for one in answers] == [200, 200, 200]


def test_signature_windows_are_the_worlds(tmp_path: Path) -> None:
    with wired(tmp_path, few=limits(receive_ms="1000", longest_receive_ms="2000")) as site:
        assert site.ask("GET /api/v3/account", "main", recvWindow=2000).status == 200
        assert site.ask("GET /api/v3/account", "main", recvWindow=2001).code == -1131


def test_coinbase_takes_its_limits_from_the_world_too(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        wire='wire = "binance" => wire = "coinbase"',
        few='"coinbase"\n => "coinbase"\nlimits = { private = { most = 3, window_s = 0.5 }, ahead_ms = 50 }\n',
    )
    told = habits(files.load_world(path).venues[0].limits)

    assert (told.private.most, str(told.private.window_s), told.leeway_s) == (3, "0.5", 0.05)
    assert told.public.most == 10


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"wieght": "{ most = 1, window_s = 1 }"}, r'limits\.wieght: unknown key; did you mean "weight"'),
        ({"weight": "{ most = 0, window_s = 1 }"}, r"limits\.weight\.most: must be above 0, got 0"),
        ({"weight": "{ most = 10 }"}, r"limits\.weight\.window_s: missing"),
        ({"orders": '[{ name = "1D", most = 5, window_s = 0 }]'}, r"limits\.orders\[1\]\.window_s: must be above 0"),
        ({"ban_s": "-1"}, r"limits\.ban_s: must be above 0, got -1"),
        ({"receive_ms": "90000"}, r"limits\.receive_ms: must be at most longest_receive_ms \(60000\), got 90000"),
        (
            {"private": "{ most = 1, window_s = 1 }"},
            r"limits\.private: binance has no such limit; it has ahead_ms",
        ),
    ],
)
def test_what_is_wrong_with_them_is_told_with_its_path(said: dict[str, str], wrong: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"venues\.here\.{wrong}"):
        files.load_world(write(tmp_path, wrong=limits(**said)))


def test_limits_of_a_venue_that_nobody_serves_are_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path, alone='wire = "binance"\n => limits = { strikes = 3 }\n')
    with pytest.raises(ValueError, match=r"limits\.strikes: goes with a protocol"):
        files.load_world(path)


def test_a_world_keeps_its_state_when_its_limits_change(tmp_path: Path) -> None:
    files.open_world(write(tmp_path))[1].close()
    path = write(tmp_path, few=limits(strikes="3"))

    world, state = files.open_world(path)
    state.close()
    assert world.venues[0].limits.strikes == 3


def test_the_limits_on_the_page_are_the_ones_that_hold_where_a_file_is_silent() -> None:
    page = (ROOT / "docs/wire.md").read_text()
    block = page.partition("## Limits, windows and bans")[2].partition("```toml\n")[2].partition("```")[0]
    said = tomllib.loads(block, parse_float=Decimal)["venues"]
    mistakes: list[str] = []
    whole = {**said["here"]["limits"], **said["there"]["limits"]}
    told = reading.read(reading.shape_of(gates.Limits), whole, "", mistakes)

    assert mistakes == []
    assert {name: getattr(told, name) for name in ("weight", "wallet", "orders")} == {
        name: getattr(gates.USUAL, name) for name in ("weight", "wallet", "orders")
    }
    for name in ("private", "public"):
        mine, usual = getattr(told, name), getattr(gates.USUAL, name)
        assert (mine.most, mine.window_s) == (usual.most, usual.window_s)
    for name in (*gates.BANS, *gates.WINDOWS, "ahead_ms"):
        assert getattr(told, name) == getattr(gates.USUAL, name), name
    assert set().union(*gates.KNOWN.values()) == whole.keys()
