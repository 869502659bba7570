"""What a token must be for the simulator to believe it."""

import base64
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.sim.wire.coinbase.coinbases import WALL, Client, encoded, signed_token
from trimtab.sim.wire import keys
from trimtab.sim.wire.coinbase import tokens
from trimtab.sim.wire.coinbase.tokens import BadToken
from trimtab.sim.wire.keys import Kind

LINE = "GET api.coinbase.com/api/v3/brokerage/accounts"
KEY = keys.make("k", "main", Kind.ES256)
KNOWN = {KEY.key: KEY}

# RFC 7515, appendix A.3.
X = 0x7FCDCE2770F6C45D4183CBEE6FDB4B7B580733357BE9EF13BACF6E3C7BD15445
Y = 0xC7F144CD1BBD9B7E872CDFEDB9EEB9F4B3695D6EA90B24AD8A4623288588E5AD
TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)


DEEP = f"{encoded(b'[' * 100_000)}.b.c"


def judged(token: str, leeway_s: float = 0) -> str:
    return tokens.verify(token, KNOWN, LINE, WALL, leeway_s).id


def test_the_example_of_the_standard_is_accepted_and_no_other_payload_with_its_signature() -> None:
    public = ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key()
    assert tokens.signature_fits(public, tokens.split(TOKEN))

    header, _, signature = TOKEN.split(".")
    other = f"{header}.{encoded(b'{}')}.{signature}"
    assert not tokens.signature_fits(public, tokens.split(other))


def test_a_signature_as_certificates_write_it_is_not_one_of_a_token() -> None:
    private = serialization.load_pem_private_key(KEY.secret.encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    from cryptography.hazmat.primitives.hashes import SHA256

    head = ".".join(signed_token(KEY, LINE, WALL).split(".")[:2])
    der = private.sign(head.encode(), ec.ECDSA(SHA256()))
    with pytest.raises(BadToken, match="signature is not of key"):
        judged(f"{head}.{encoded(der)}")


def test_a_good_token_names_its_key() -> None:
    assert judged(signed_token(KEY, LINE, WALL)) == "k"
    assert judged(signed_token(KEY, LINE, WALL, iss="coinbase-cloud", aud=["retail_rest_api_proxy"])) == "k"


@pytest.mark.parametrize(
    ("header", "claims", "because"),
    [
        ({"kid": "nobody"}, {}, "there is no key nobody"),
        ({"kid": None}, {}, "there is no key None"),
        ({"nonce": None}, {}, "no nonce"),
        ({"alg": "none"}, {}, "signature is not of key"),
        ({"alg": "EdDSA"}, {}, "signature is not of key"),
        ({}, {"sub": "somebody"}, "sub is somebody"),
        ({}, {"iss": "me"}, "iss me"),
        ({}, {"uri": LINE.replace("GET", "POST")}, "not for GET"),
        ({}, {"uri": LINE.replace("api.", "api-sandbox.")}, "not for GET"),
        ({}, {"uri": f"{LINE}?limit=1"}, "not for GET"),
        ({}, {"uri": None}, "not for GET"),
        ({}, {"nbf": int(WALL.timestamp()) + 1}, "it is good from"),
        ({}, {"exp": int(WALL.timestamp())}, "it is good from"),
        ({}, {"exp": None}, "whole seconds"),
        ({}, {"nbf": "now"}, "whole seconds"),
    ],
)
def test_a_token_with_one_thing_wrong_is_not_believed(
    header: dict[str, Any], claims: dict[str, Any], because: str
) -> None:
    with pytest.raises(BadToken, match=because):
        judged(signed_token(KEY, LINE, WALL, header, **claims))


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", f"{encoded(b'[]')}.{encoded(b'{}')}.", "é.b.c", DEEP])
def test_what_is_no_token_is_said_to_be_none(token: str) -> None:
    with pytest.raises(BadToken):
        judged(token)


def test_the_key_of_another_cannot_sign_for_this_one() -> None:
    other = keys.make("k", "main", Kind.ES256)
    with pytest.raises(BadToken, match="signature is not of key"):
        judged(signed_token(other, LINE, WALL, {"kid": KEY.key}, sub=KEY.key))


def test_a_clock_may_be_ahead_by_the_leeway_and_no_more() -> None:
    ahead = signed_token(KEY, LINE, WALL + timedelta(seconds=2))
    assert judged(ahead, leeway_s=2) == "k"
    with pytest.raises(BadToken, match="it is good from"):
        judged(ahead, leeway_s=1)


@pytest.mark.parametrize(("algorithm", "good"), [("EdDSA", True), ("ES256", False), ("none", False)])
def test_an_ed25519_key_signs_a_list_of_addresses(algorithm: str, good: bool) -> None:
    key = keys.make("e", "main", Kind.ED25519)
    private = serialization.load_pem_private_key(key.secret.encode(), password=None)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    now = int(WALL.timestamp())
    head = encoded({"alg": algorithm, "kid": key.key, "nonce": "1"})
    body = encoded({"sub": key.key, "iss": "cdp", "nbf": now, "exp": now + 120, "uris": [LINE]})
    token = f"{head}.{body}.{encoded(private.sign(f'{head}.{body}'.encode()))}"

    with nullcontext() if good else pytest.raises(BadToken, match="signature is not of key"):
        assert tokens.verify(token, {key.key: key}, LINE, WALL, 0).id == "e"


def test_a_signature_has_64_bytes_and_one_that_is_padded_is_none() -> None:
    head, claims, signature = signed_token(KEY, LINE, WALL).split(".")
    plain = base64.urlsafe_b64decode(signature + "==")
    with pytest.raises(BadToken, match="signature is not of key"):
        judged(f"{head}.{claims}.{encoded(plain[:32] + bytes(1) + plain[32:])}")


def test_the_wire_never_says_why_and_the_simulator_remembers(east: Client) -> None:
    late = signed_token(east.key, LINE, WALL - timedelta(minutes=5))
    v3 = east.reply("GET /api/v3/brokerage/accounts", token=late)
    v2 = east.reply("GET /v2/accounts", token="")

    assert (v3.status, v3.body, v3.content_type) == (401, b"Unauthorized\n", "text/plain")
    assert (v2.status, v2.body) == (401, b'{"errors":[{"id":"authentication_error","message":"invalid token"}]}')
    assert "it is good from" in east.speaker.memory.denials[0]


def test_a_key_with_a_list_of_addresses_opens_from_nowhere_else(east: Client) -> None:
    import msgspec

    listed = msgspec.structs.replace(east.key, ips=("127.0.0.7",))
    east.speaker.keys = {listed.key: listed}
    assert east.reply("GET /v2/accounts", peer="127.0.0.7").status == 200
    assert east.reply("GET /v2/accounts").status == 401
