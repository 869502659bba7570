"""Tokens as Coinbase's keys sign them: a JWT for one method and path, good for two minutes, by ES256 or EdDSA.

Every reason for a refusal is a sentence for the simulator's log; the wire says no more than "Unauthorized".
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from trimtab.sim.wire.keys import Key, public_half

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey

ISSUERS: Final = frozenset({"cdp", "coinbase-cloud"})
HALF: Final = 32
"""Bytes of each of the two numbers in an ES256 signature."""


class Parts(NamedTuple):
    """A token taken apart, nothing of it verified yet."""

    header: dict[str, Any]
    claims: bytes
    signed: bytes
    signature: bytes


class BadToken(ValueError):
    """The token is not good, and why."""


def verify(token: str, keys: Mapping[str, Key], line: str, at: datetime, leeway_s: float) -> Key:
    """The key that signed a token for `line` (METHOD host/path). Raises BadToken.

    `leeway_s` is how far the caller's clock may be ahead; nothing is forgiven to one that lags beyond `exp`.
    """
    parts = split(token)
    claims = _table(parts.claims)
    name = parts.header.get("kid")
    key = keys.get(name) if isinstance(name, str) else None
    if key is None:
        raise BadToken(f"there is no key {name}")
    if not signature_fits(_public(key), parts):
        raise BadToken(f"the signature is not of key {name}")
    if not parts.header.get("nonce"):
        raise BadToken("the header has no nonce")
    if claims.get("sub") != name or claims.get("iss") not in ISSUERS:
        raise BadToken(f"sub is {claims.get('sub')} and iss {claims.get('iss')}; kid is {name}")
    uris = claims.get("uris", [claims.get("uri")])
    if not isinstance(uris, list) or line not in uris:
        raise BadToken(f"it is for {uris}, not for {line}")
    _timely(claims, at, leeway_s)
    return key


def split(token: str) -> Parts:
    """The parts of a token in compact form (RFC 7515, 3.1). Raises BadToken where it has not three of them."""
    try:
        header, claims, signature = token.split(".")
        signed = f"{header}.{claims}".encode("ascii")
        return Parts(_table(_bytes(header)), _bytes(claims), signed, _bytes(signature))
    except (ValueError, binascii.Error) as error:
        raise BadToken(f"not a token: {error}") from error


def signature_fits(public: PublicKey, parts: Parts) -> bool:
    """Whether the signature is the key's. The header's algorithm must be the key's own: it is never believed."""
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(parts.signature, parts.signed)
            return parts.header.get("alg") == "EdDSA"
        halves = (parts.signature[:HALF], parts.signature[HALF:])
        if len(parts.signature) != 2 * HALF or not isinstance(public.curve, SECP256R1):
            return False
        dss = encode_dss_signature(*(int.from_bytes(half) for half in halves))
        public.verify(dss, parts.signed, ECDSA(SHA256()))
        return parts.header.get("alg") == "ES256"
    except InvalidSignature:
        return False


@lru_cache(maxsize=256)
def _public(key: Key) -> PublicKey:
    """Reading PEM costs more than checking a signature."""
    return public_half(key)


def _timely(claims: Mapping[str, Any], at: datetime, leeway_s: float) -> None:
    begins, ends, now = claims.get("nbf"), claims.get("exp"), at.timestamp()
    if not isinstance(begins, int) or not isinstance(ends, int):
        raise BadToken("nbf and exp must be whole seconds")
    if not begins - leeway_s <= now < ends:
        raise BadToken(f"it is good from {begins} until {ends}, and it is {now:.3f}")


def _table(written: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(written)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadToken(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadToken("not a JSON object")
    return found


def _bytes(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
