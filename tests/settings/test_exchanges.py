"""Exchanges in the fund's file: keys and secrets, a simulator in place of the real one, and ways between accounts."""

from pathlib import Path

import pytest

from tests.fundfile import GOOD, load, mistakes
from trimtab.model.accounts import Route
from trimtab.settings import KeyReference, Wire
from trimtab.settings.shape import VenueKind

EXCHANGE = (
    GOOD.replace('kind = "paper"', 'kind = "binance"')
    .replace('[accounts.main]\nvenue = "north"', '[accounts.main]\nvenue = "north"\nkey = "env:K"\nsecret = "env:S"')
    .replace("[assets]", '[accounts.far]\nvenue = "south"\nkey = "env:K"\nsecret = "env:S"\n\n[assets]')
    .replace("[accounts.main]", '[venues.south]\nkind = "coinbase"\n\n[accounts.main]')
)
WIRE = '\n[accounts.main.wire]\nconnect = "127.0.0.1:8443"\nca = "sim-ca.pem"\n'
ROUTE = '\n[routes.home]\nasset = "USDT"\nnetwork = "ETH"\nfrom = "main"\nto = "far"\naddress = "0xabc"\n'


@pytest.fixture(autouse=True)
def keys_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K", "a key")
    monkeypatch.setenv("S", "a secret")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sim-ca.pem").write_text("")
    return tmp_path


def test_an_exchange_is_named_by_its_kind_and_its_accounts_have_a_key_and_a_secret(folder: Path) -> None:
    found = load(folder, EXCHANGE)

    assert [(v.id, v.kind, v.wire, v.simulated) for v in found.venues] == [
        ("north", VenueKind.BINANCE, None, False),
        ("south", VenueKind.COINBASE, None, False),
    ]
    assert found.keys == (KeyReference("far", "env:K", "env:S"), KeyReference("main", "env:K", "env:S"))


def test_a_wire_puts_a_simulator_in_the_exchanges_place(folder: Path) -> None:
    north, south = load(folder, EXCHANGE + WIRE).venues

    assert (north.wire, north.simulated) == (Wire(8443, folder / "sim-ca.pem"), True)
    assert south.wire is None


def test_a_route_says_what_goes_from_where_to_where(folder: Path) -> None:
    assert load(folder, EXCHANGE + ROUTE).policy.routes == (
        Route(id="home", asset="USDT", network="ETH", source="main", target="far", address="0xabc"),
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('from = "main"', 'from = "mian"', 'routes.home.from: unknown account "mian"; did you mean "main"?'),
        ('to = "far"', 'to = "main"', "routes.home.to: is where it comes from; name another account"),
        ('asset = "USDT"', 'asset = "USDC"', 'routes.home.asset: unknown asset "USDC"; did you mean "USDT"?'),
        ('from = "main"\n', "", "routes.home.from: missing"),
        ('from = "main"', 'source = "main"', "routes.home.source: unknown key"),
        ("[accounts.main.wire]", "[accounts.man.wire]", "accounts.man.venue: missing"),
        ('"127.0.0.1:8443"', '"api.binance.com:443"', "accounts.main.wire.connect: must be an address of this machine"),
        ('ca = "sim-ca.pem"', 'ca = "none.pem"', "accounts.main.wire.ca: there is no file"),
        (
            'secret = "env:S"\n\n[assets]',
            "\n[assets]",
            "accounts.far.secret: missing; write env:NAME or file:PATH",
        ),
        (
            'kind = "coinbase"',
            'kind = "coinbsae"',
            'venues.south.kind: unknown value "coinbsae"; did you mean "coinbase"?',
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_path(old: str, new: str, said: str, folder: Path) -> None:
    text = EXCHANGE + WIRE + ROUTE
    assert old in text

    told = mistakes(folder, text.replace(old, new))
    assert any(one.startswith(said) for one in told), told


def test_before_its_simulator_ran_an_account_misses_one_thing_and_is_told_what_makes_it(folder: Path) -> None:
    text = (EXCHANGE + WIRE).replace('ca = "sim-ca.pem"', 'ca = "none.pem"').replace('"env:K"', '"file:sim-keys/k"', 1)
    (told,) = [line for line in mistakes(folder, text) if line.startswith("accounts.main")]
    assert told.endswith("none.pem; `trimtab sim` makes it, and the keys")


def test_one_key_for_two_accounts_of_a_venue_would_count_its_money_twice(folder: Path) -> None:
    twin = '[accounts.twin]\nvenue = "north"\nkey = "env:K"\nsecret = "env:S"\n\n[assets]'

    assert mistakes(folder, EXCHANGE.replace("[assets]", twin)) == (
        "accounts.twin.key: is that of main, whose money would count twice; give it a key of its own",
    )


@pytest.mark.parametrize("kind", ["kraken", "okx", "bybit"])
def test_an_exchange_that_nothing_was_run_against_is_traded_on_by_the_files_own_word(kind: str, folder: Path) -> None:
    text = EXCHANGE.replace('kind = "coinbase"', f'kind = "{kind}"')
    assert load(folder, text).venues[1].unproven is False

    accepted = text.replace(f'kind = "{kind}"', f'kind = "{kind}"\nunproven = true')
    assert load(folder, accepted).venues[1].unproven is True


def test_the_word_unproven_is_no_ornament(folder: Path) -> None:
    text = EXCHANGE.replace('kind = "coinbase"', 'kind = "coinbase"\nunproven = true')

    assert mistakes(folder, text) == ("venues.south.unproven: coinbase needs no such word; remove it",)


MOVER = '\n[accounts.main.withdraw]\nkey = "env:M"\nsecret = "env:S"\n'


def test_money_may_leave_by_a_key_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("M", "another key")

    assert load(folder, EXCHANGE + MOVER).keys[1] == KeyReference("main", "env:K", "env:S", ("env:M", "env:S"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("env:M", "env:NONE", "accounts.main.withdraw.key: "),
        ("env:M", "env:K", "accounts.main.withdraw.key: is the key that trades; make one that may only send money out"),
        ('key = "env:M"\n', "", "accounts.main.withdraw.key: missing"),
        ('kind = "binance"', 'kind = "okx"', "accounts.main.withdraw: no money is sent out of okx; remove it"),
    ],
)
def test_what_is_wrong_with_that_key_is_said(
    old: str, new: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("M", "another key")

    told = mistakes(folder, (EXCHANGE + MOVER).replace(old, new))
    assert any(one.startswith(said) for one in told), told
