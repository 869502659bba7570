"""The simulator's certificates: private, kept, and made again when they no longer fit."""

import stat
from pathlib import Path

from cryptography import x509

from trimtab.sim.wire import certs


def test_private_keys_are_their_owners_alone(tmp_path: Path) -> None:
    made = certs.ready(tmp_path / "new")

    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600


def test_the_authoritys_own_key_is_nowhere(tmp_path: Path) -> None:
    certs.ready(tmp_path)

    assert sum(b"PRIVATE KEY" in file.read_bytes() for file in tmp_path.iterdir()) == 1


def test_what_fits_is_kept(tmp_path: Path) -> None:
    first = certs.ready(tmp_path).certificate.read_bytes()

    assert certs.ready(tmp_path).certificate.read_bytes() == first


def test_every_venues_host_is_named(tmp_path: Path) -> None:
    shown = x509.load_pem_x509_certificate(certs.ready(tmp_path).certificate.read_bytes())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert set(names.get_values_for_type(x509.DNSName)) == set(certs.HOSTS)
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_what_is_torn_or_of_another_authority_is_made_anew(tmp_path: Path) -> None:
    made, other = certs.ready(tmp_path / "one"), certs.ready(tmp_path / "other")
    for file, content in (
        (made.certificate, b""),
        (made.ca, other.ca.read_bytes()),
        (made.key, other.key.read_bytes()),
    ):
        before = made.certificate.read_bytes()
        file.write_bytes(content)
        again = certs.ready(tmp_path / "one")
        shown = x509.load_pem_x509_certificate(again.certificate.read_bytes())

        assert again.certificate.read_bytes() != before
        shown.verify_directly_issued_by(x509.load_pem_x509_certificate(again.ca.read_bytes()))
