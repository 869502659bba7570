"""Signatures over the bytes as received: published examples, and every way to spoil one."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trimtab.sim.wire import signatures
from trimtab.sim.wire.keys import Key, Kind, make

RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
)
"""Section 7.1, tests 1 to 3: secret, public key, message, signature."""


def ed25519(secret: str) -> Key:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(id="k", account="main", kind=Kind.ED25519, key="k", public=pem.decode())


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_the_examples_of_rfc_8032_verify_and_nothing_near_them_does(
    secret: str, public: str, message: str, signature: str
) -> None:
    key, said = ed25519(secret), bytes.fromhex(message)
    sent = base64.b64encode(bytes.fromhex(signature))
    spoilt = base64.b64encode(bytes([bytes.fromhex(signature)[0] ^ 1]) + bytes.fromhex(signature)[1:])

    assert signatures.fits(key, said, sent)
    assert not signatures.fits(key, said + b"x", sent)
    assert not signatures.fits(key, said, spoilt)


def test_the_exchanges_own_hmac_examples_verify(shared: Path) -> None:
    told = json.loads((shared / "vectors" / "03_signatures_and_hashes.json").read_text())
    cases: list[dict[str, Any]] = [case for case in told["cases"] if case["kind"] == "binance_hmac"]
    for case in cases:
        given, right = case["inputs"], case["expected"]
        key = Key(id="k", account="main", key=given["api_key"], secret=given["secret"])
        params = urlencode([(name, value) for name, value in given["params_in_order"]])
        query = f"{params}&signature={right['signature']}".encode()
        payload, signature = signatures.split(query, b"")

        assert payload.decode() == right["payload"]
        assert signatures.fits(key, payload, signature)
        assert not signatures.fits(key, payload.replace(b"quantity=1", b"quantity=2"), signature)
    assert cases


@pytest.mark.parametrize(
    ("query", "body", "payload"),
    [
        (b"a=1&signature=s", b"", b"a=1"),
        (b"", b"a=1&signature=s", b"a=1"),
        (b"a=1", b"b=2&signature=s", b"a=1b=2"),
        (b"a=1&signature=s&b=2", b"", b"a=1&b=2"),
        (b"signature=s&a=1", b"", b"a=1"),
        (b"a=%7e&b=+&signature=s", b"", b"a=%7e&b=+"),
    ],
)
def test_what_is_signed_is_every_byte_but_the_signatures_field(query: bytes, body: bytes, payload: bytes) -> None:
    assert signatures.split(query, body) == (payload, b"s")


def test_what_is_no_signature_at_all_does_not_fit() -> None:
    for kind in Kind:
        key = make("k", "main", kind)
        for signature in (b"", b"zz", b"=", b"\xff\xfe"):
            assert not signatures.fits(key, b"a=1", signature)
