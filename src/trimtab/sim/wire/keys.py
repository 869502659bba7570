"""The keys that open simulated accounts, as `sim-keys.toml` tells them.

[keys.main]
account = "main"
kind = "hmac"                      # or "ed25519", "es256"
key = "..."                        # what a client sends
secret = "..."                     # the shared secret, or a private key in PEM; or `public`, its public half
permissions = ["read", "trade"]    # and "transfer", "withdraw"
ips = []                           # none: from anywhere
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from trimtab.reading import Mistakes, fields, shape_of
from trimtab.sim.world import World

Hidden = Annotated[str, msgspec.Meta(extra={"hidden": True})]


class Kind(StrEnum):
    """How a key signs."""

    HMAC = "hmac"
    ED25519 = "ed25519"
    ES256 = "es256"


class Permission(StrEnum):
    """What a key may do, within what its account may."""

    READ = "read"
    TRADE = "trade"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"


TRADING: Final = (Permission.READ, Permission.TRADE)
MOVING: Final = (Permission.READ, Permission.TRANSFER, Permission.WITHDRAW)
EVERYTHING: Final = tuple(Permission)
KINDS: Final = {"binance": Kind.HMAC, "coinbase": Kind.ES256}
"""What kind of key each protocol is usually given."""


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key. It is no noun: it holds a secret, which it does not print."""

    id: str
    account: str
    kind: Kind = Kind.HMAC
    key: str
    secret: Hidden = ""
    public: str = ""
    permissions: tuple[Permission, ...] = TRADING
    ips: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Key({self.id} of {self.account}, {self.kind}, {', '.join(self.permissions)})"


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: tuple[Key, ...]


def decode(table: dict[str, Any], file: str, accounts: Iterable[str]) -> tuple[Key, ...]:
    """The keys of a parsed file, for accounts that are there. Raises Mistakes with everything that is wrong in it."""
    mistakes: list[str] = []
    found: tuple[Any, ...] = fields(shape_of(_File), table, "", mistakes).get("keys", ())
    keys = tuple(key for key in found if isinstance(key, Key))
    mistakes.extend(_mistakes(keys, set(accounts)))
    if mistakes:
        raise Mistakes(file, mistakes)
    return keys


def encode(keys: Iterable[Key]) -> str:
    """The file's text: secrets included, so it is for its owner's eyes only."""
    return "\n".join(_table(key) for key in keys)


def made_for(world: World) -> tuple[Key, ...]:
    """Two keys for each account of the world that a protocol serves: one to trade, and one (`-money`) to move money."""
    return tuple(
        make(f"{account.id}{suffix}", account.id, KINDS[venue.wire], permissions)
        for venue in world.venues
        if venue.wire in KINDS
        for account in venue.accounts
        for suffix, permissions in (("", TRADING), ("-money", MOVING))
    )


def make(name: str, account: str, kind: Kind, permissions: tuple[Permission, ...] = EVERYTHING) -> Key:
    """A new key."""
    key, secret = secrets.token_hex(32), secrets.token_hex(32)
    if kind is Kind.ED25519:
        secret = _private(ed25519.Ed25519PrivateKey.generate())
    if kind is Kind.ES256:
        key = f"organizations/{secrets.token_hex(16)}/apiKeys/{secrets.token_hex(16)}"
        secret = _private(ec.generate_private_key(ec.SECP256R1()))
    return Key(id=name, account=account, kind=kind, key=key, secret=secret, permissions=permissions)


def public_half(key: Key) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
    """What an asymmetric key's signatures are verified with. Raises ValueError or TypeError where it is none."""
    if key.public:
        found = serialization.load_pem_public_key(key.public.encode())
    else:
        found = serialization.load_pem_private_key(key.secret.encode(), password=None).public_key()
    wanted = ed25519.Ed25519PublicKey if key.kind is Kind.ED25519 else ec.EllipticCurvePublicKey
    if not isinstance(found, wanted):
        raise TypeError(f"not a key of kind {key.kind}")
    return found


def _private(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _mistakes(keys: tuple[Key, ...], accounts: set[str]) -> Iterator[str]:
    times = Counter(key.key for key in keys)
    for key in keys:
        path = f"keys.{key.id}"
        if key.account not in accounts:
            yield f"{path}.account: the world serves no account {key.account}; it has {', '.join(sorted(accounts))}"
        if times[key.key] > 1:
            yield f"{path}.key: {times[key.key]} keys have this same key"
        if key.kind is Kind.HMAC and (not key.secret or key.public):
            yield f"{path}.secret: an hmac key has a secret and no public half"
        if key.kind is not Kind.HMAC:
            yield from _unreadable(key, path)


def _unreadable(key: Key, path: str) -> Iterator[str]:
    if bool(key.secret) == bool(key.public):
        yield f"{path}: give either secret (the private key) or public, in PEM"
        return
    try:
        public_half(key)
    except (ValueError, TypeError):
        yield f"{path}.{'public' if key.public else 'secret'}: must be a key of kind {key.kind} in PEM"


def _table(key: Key) -> str:
    told = msgspec.to_builtins(key)
    lines = [f"{name} = {_literal(told[name])}" for name in told if name != "id" and told[name] not in ("", [])]
    return "\n".join((f"[keys.{_quoted(key.id)}]", *lines, ""))


def _literal(value: str | list[str]) -> str:
    """TOML's strings are JSON's."""
    return msgspec.json.encode(value).decode()


def _quoted(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _literal(name)
