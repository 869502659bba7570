import tomllib
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trimtab.model.assets import Listing, TakenFrom
from trimtab.sim import world
from trimtab.sim.rules import Right
from trimtab.sim.world import World

D = Decimal
FILE = """
start = 2026-01-01T00:00:00Z
speed = 0
[assets]
BTC = { decimals = 8, price = 60000.50, volatility = 0.6 }
BNB = { decimals = 8, price = 600 }
USDT = { decimals = 8 }
[venues.north.accounts]
main = { balances = { BTC = "1.50", USDT = 10000 } }
sub = { parent = "main", rights = ["trade"] }
[venues.north.instruments]
"BTC/USDT" = { filters = { step = 0.00001, tick = 0.01 }, vanishes_at = 2026-01-02T00:00:00Z }
[venues.north.instruments."BNB/USDT"]
filters = { step = 0.001, tick = 0.01 }
halted_from = 2026-01-02T00:00:00Z
halted_until = 2026-01-03T00:00:00Z
[[venues.north.fees]]
maker_bps = 8
taker_bps = 10
[[venues.north.fees]]
account = "sub"
maker_bps = 1
taker_bps = 2
taken_from = "third"
third = "BNB"
[[networks]]
id = "chain"
asset = "USDT"
fee = 1
"""


def read(text: str = FILE) -> World:
    return world.decode(tomllib.loads(text, parse_float=Decimal), "paper.toml")


def mistakes(**changed: str) -> list[str]:
    text = FILE
    for old, new in (change.split(" => ") for change in changed.values()):
        assert old in text, f"{old} is not in the file"
        text = text.replace(old, new, 1)
    with pytest.raises(ValueError, match="mistake") as caught:
        read(text)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_numbers_are_read_by_their_text_and_made_canonical() -> None:
    found = read()
    assert [asset.price for asset in found.assets] == [D(600), D("60000.5"), D(1)]
    assert found.venues[0].accounts[0].balances[0].amount == D("1.5")


def test_the_order_of_tables_changes_nothing() -> None:
    turned = FILE.replace("BTC = { decimals = 8, price = 60000.50, volatility = 0.6 }\n", "").replace(
        "USDT = { decimals = 8 }\n",
        "USDT = { decimals = 8 }\nBTC = { price = 60000.5, volatility = 0.6, decimals = 8 }\n",
    )
    assert read(turned) == read()


def test_every_mistake_is_told_at_once_with_its_path() -> None:
    found = mistakes(
        a="volatility = 0.6 => volatilty = 0.6",
        b="speed = 0 => speed = true",
        c='rights = ["trade"] => rights = ["trad"]',
        d="start = 2026-01-01T00:00:00Z => start = 2026-01-01T00:00:00",
        e="maker_bps = 1\n => ",
    )
    assert found == [
        "start: must be an instant with its zone, such as 2026-01-01T00:00:00Z, got 2026-01-01 00:00:00",
        'speed: must be a number such as "0.4", got true',
        'assets.BTC.volatilty: unknown key; did you mean "volatility"?',
        'venues.north.accounts.sub.rights[1]: unknown value "trad"; did you mean "trade"?',
        "venues.north.fees[2].maker_bps: missing",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ('BTC = "1.50" => DOGE = 1', "venues.north.accounts.main.balances.DOGE: not one of the assets"),
        ('BTC = "1.50" => BTC = -1', "venues.north.accounts.main.balances.BTC: must be at least 0 with 8 decimals"),
        ("price = 600 } => price = 0 }", "assets.BNB.price: must be above 0, got 0"),
        ('account = "sub" => account = "sup"', "venues.north.fees[2].account: north has no account sup"),
        ('third = "BNB"\n => ', 'venues.north.fees[2].third: goes with taken_from = "third", and only with it'),
        ('[assets] => [tape]\nkind = "candles"\n[assets]', "tape.files: candles needs at least one file"),
        ('parent = "main" => parent = "man"', "accounts.sub: its parent man is not a main account of the same owner"),
        ('asset = "USDT"\nfee = 1 => asset = "USDT"\nfee = -1', "networks.chain/USDT.fee: must be at least 0, got -1"),
        ("tick = 0.01 }\nhalted_from => tick = 0 }\nhalted_from", "BNB/USDT: step and tick must be above 0"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_told_with_its_path(change: str, told: str) -> None:
    assert any(mistake.endswith(told) for mistake in mistakes(change=change))


def test_an_account_lives_at_one_venue_only() -> None:
    twin = FILE + FILE[FILE.index("[venues.north.accounts]") : FILE.index("[[networks]]")].replace("north", "south")
    with pytest.raises(ValueError, match=r"venues.south.accounts.main: the id is taken by venue north"):
        read(twin)


@pytest.mark.parametrize(
    ("day", "btc", "bnb"), [(1, "trading", "trading"), (2, "vanished", "halted"), (3, "vanished", "trading")]
)
def test_listings_halt_and_vanish_at_their_instants(day: int, btc: str, bnb: str) -> None:
    listed = world.rules_of(read(), "north", datetime(2026, 1, day, tzinfo=UTC)).instrument
    assert (listed["north:BTC/USDT"].listing, listed["north:BNB/USDT"].listing) == (Listing(btc), Listing(bnb))


def test_an_account_of_its_own_terms_does_not_pay_the_venues() -> None:
    terms = world.rules_of(read(), "north", read().start).fees
    assert [(t.account, t.taker_bps, t.taken_from) for t in terms] == [
        ("main", D(10), TakenFrom.RECEIVED),
        ("sub", D(2), TakenFrom.THIRD),
    ]


def test_rights_and_parents_become_members() -> None:
    member = world.rules_of(read(), "north", read().start).member["sub"]
    assert (member.parent, member.rights, member.owner) == ("main", (Right.TRADE,), world.OWNER)


def test_a_key_fits_its_hash_and_no_other() -> None:
    hashed = world.hash_key("s3cret", "salt")
    assert "s3cret" not in hashed
    assert world.fits("s3cret", hashed)
    assert not world.fits("s3cret ", hashed)


def test_addresses_differ_by_account_asset_and_network() -> None:
    asked = [("a", "BTC", "x"), ("b", "BTC", "x"), ("a", "ETH", "x"), ("a", "BTC", "y")]
    assert len({world.address(*one) for one in asked}) == 4
