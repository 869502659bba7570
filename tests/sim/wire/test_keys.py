"""The keys file: every mistake in it is named, and no secret is ever shown."""

import tomllib
from decimal import Decimal

import pytest

from tests.contracts.sites import WORLD
from trimtab.reading import Mistakes
from trimtab.sim import world
from trimtab.sim.wire import keys
from trimtab.sim.wire.keys import Key, Kind, Permission


def read(text: str) -> tuple[Key, ...]:
    return keys.decode(tomllib.loads(text), "sim-keys.toml", ("main", "sub"))


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(Mistakes) as error:
        read(text)
    return error.value.found


def test_what_was_made_for_a_world_is_read_back_as_it_was() -> None:
    whole = world.decode(tomllib.loads(WORLD, parse_float=Decimal), "paper.toml")
    made = keys.made_for(whole)

    assert keys.decode(tomllib.loads(keys.encode(made)), "f", ("main", "sub", "other")) == tuple(
        sorted(made, key=lambda key: key.id)
    )
    assert [key.id for key in made] == ["main", "main-money", "sub", "sub-money", "other", "other-money"]


def test_no_key_that_is_made_both_trades_and_moves_money() -> None:
    whole = world.decode(tomllib.loads(WORLD, parse_float=Decimal), "paper.toml")

    for key in keys.made_for(whole):
        assert not {Permission.TRADE, Permission.WITHDRAW} <= set(key.permissions)


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_is_read_back(kind: Kind) -> None:
    made = keys.make("main", "main", kind)

    assert read(keys.encode((made,))) == (made,)


def test_a_key_is_told_without_its_secret() -> None:
    made = keys.make("main", "main", Kind.HMAC)

    assert made.secret not in repr(made)
    assert made.secret not in str(made)


def test_every_mistake_is_named_at_once() -> None:
    found = mistakes("""
[keys.one]
account = "nobody"
kind = "hmac"
key = "k"
[keys.two]
account = "main"
kind = "ed25519"
key = "k"
secret = "no pem"
permissions = ["sell"]
[keys.three]
account = "main"
key = "k3"
secret = "s"
colour = "red"
[keys.four]
account = "sub"
kind = "es256"
key = "k4"
""")

    assert sorted(found) == [
        "keys.four: give either secret (the private key) or public, in PEM",
        "keys.one.account: the world serves no account nobody; it has main, sub",
        "keys.one.key: 2 keys have this same key",
        "keys.one.secret: an hmac key has a secret and no public half",
        "keys.three.colour: unknown key; known: account, id, ips, key, kind, permissions, public, secret",
        "keys.two.key: 2 keys have this same key",
        'keys.two.permissions[1]: unknown value "sell"; known: read, trade, transfer, withdraw',
        "keys.two.secret: must be a key of kind ed25519 in PEM",
    ]


def test_a_mistake_never_repeats_a_secret() -> None:
    found = mistakes('[keys.one]\naccount = "main"\nkind = "ed25519"\nkey = "k"\nsecret = "planted-secret"\n')

    assert "planted-secret" not in "\n".join(found)
