"""The simulator's own certificate authority and server certificate, kept in a folder and made again when they run out.

Whoever is given `sim-ca.pem`, and nobody else, takes this machine for the venues named in it.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOSTS: Final = (
    "api.binance.com",
    "api1.binance.com",
    "stream.binance.com",
    "ws-api.binance.com",
    "api.coinbase.com",
    "advanced-trade-ws.coinbase.com",
    "advanced-trade-ws-user.coinbase.com",
    "api.kraken.com",
    "www.okx.com",
    "api.bybit.com",
    "localhost",
)
ADDRESSES: Final = ("127.0.0.1",)
LASTS: Final = timedelta(days=365)
SPARE: Final = timedelta(days=7)
"""A certificate that has less than this left is made anew, so that none runs out under a running fund."""


@dataclass(frozen=True)
class Certificates:
    """Where the files are: the authority to trust, and what a server shows with its private key."""

    ca: Path
    certificate: Path
    key: Path


def ready(folder: Path) -> Certificates:
    """The certificates of a folder: those that are there and fit, else new ones. Private keys have mode 0600.

    The authority's own key is thrown away: nothing else can ever be signed with it.
    """
    found = Certificates(folder / "sim-ca.pem", folder / "sim-server.pem", folder / "sim-server.key")
    if not _fit(found):
        folder.mkdir(parents=True, exist_ok=True)
        _make(found)
    return found


def _fit(found: Certificates) -> bool:
    try:
        ca = x509.load_pem_x509_certificate(found.ca.read_bytes())
        shown = x509.load_pem_x509_certificate(found.certificate.read_bytes())
        key = serialization.load_pem_private_key(found.key.read_bytes(), password=None)
        shown.verify_directly_issued_by(ca)
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    named = set(HOSTS) <= set(names.get_values_for_type(x509.DNSName))
    return named and key.public_key() == shown.public_key() and shown.not_valid_after_utc > datetime.now(UTC) + SPARE


def _make(into: Certificates) -> None:
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name("trimtab simulator CA")
    signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    ca = (
        _draft(issuer, issuer, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    names = [*map(x509.DNSName, HOSTS), *(x509.IPAddress(ip_address(one)) for one in ADDRESSES)]
    shown = (
        _draft(_name("trimtab simulator"), issuer, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(into.key, _pem(key))
    into.certificate.write_bytes(shown.public_bytes(serialization.Encoding.PEM))
    into.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whatever the umask and whoever made it before."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _draft(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + LASTS)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
