"""Signatures over requests, verified over the bytes as they came: what a client's library wrote is what it signed."""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from trimtab.sim.wire.keys import Key, Kind, public_half

_SIGNATURE: Final = re.compile(rb"^signature=([^&]*)&?|&signature=([^&]*)")


def split(query: bytes, body: bytes) -> tuple[bytes, bytes]:
    """What was signed, and the signature: query and body joined as they are, without the signature's own field."""
    found = [one.group(1) or one.group(2) or b"" for part in (query, body) if (one := _SIGNATURE.search(part))]
    signature = unquote_to_bytes(found[0]) if found else b""
    return b"".join(_SIGNATURE.sub(b"", part) for part in (query, body)), signature


def fits(key: Key, payload: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's over this payload: HMAC-SHA256 in hexadecimal, or Ed25519 in base64."""
    if key.kind is Kind.HMAC:
        expected = hmac.new(key.secret.encode(), payload, hashlib.sha256).hexdigest().encode()
        return hmac.compare_digest(expected, signature.lower())
    public = public_half(key)
    if not isinstance(public, ed25519.Ed25519PublicKey):
        return False
    try:
        public.verify(base64.b64decode(signature, validate=True), payload)
    except (binascii.Error, InvalidSignature):
        return False
    return True
