"""A small certificate authority for one broker: EC P-256, a CA for ten years, and certificates that it issues for about one.

Devices trust the CA. So the broker's certificate can be renewed as often as one likes, and no device notices.
"""

import datetime as dt
import ipaddress
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker_config.errors import CertificateError

AUTHORITY_DAYS: Final = 3_653
BROKER_DAYS: Final = 398
_BACK: Final = dt.timedelta(hours=1)  # a device's clock may be behind


@dataclass(frozen=True, slots=True)
class Issued:
    """The broker's certificate and key, in PEM files, for these names and addresses, until then."""

    certificate: Path
    key: Path
    names: tuple[str, ...]
    until: dt.datetime


class Authority:
    """The CA in a folder: `ca.pem`, which everyone may have, and `ca.key`, which may be kept off the machine between renewals."""

    def __init__(self, folder: Path, key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.folder = folder
        self._key = key
        self._certificate = certificate

    @property
    def file(self) -> Path:
        """What devices are given."""
        return self.folder / "ca.pem"

    @classmethod
    def create(cls, folder: Path, now: dt.datetime) -> Self:
        """A new one. Raises CertificateError where the folder has one, or a part of one; OSError."""
        for path in (folder / "ca.pem", folder / "ca.key"):
            if path.exists():
                raise CertificateError(path, "is there already, and devices may trust it: choose another folder")
        key = generate_private_key(SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Congtac broker CA {x509.random_serial_number():x}"[:40])])
        builder = _builder(name, name, key, now, AUTHORITY_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        _keep(folder / "ca.key", _private(key), 0o600)
        _keep(folder / "ca.pem", certificate.public_bytes(Encoding.PEM), 0o644)
        return cls(folder, key, certificate)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The one that is there. Raises CertificateError: it is not whole, not private, or no CA at all; OSError."""
        path = folder / "ca.key"
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise CertificateError(path, f"can be read by others: chmod 600 {path}")
        try:
            key = load_pem_private_key(path.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        except (ValueError, TypeError) as error:
            raise CertificateError(folder, f"holds no usable CA ({error}): put ca.key and ca.pem back from a backup") from None
        if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise CertificateError(folder, "ca.key does not belong to ca.pem: put both back from a backup")
        return cls(folder, key, certificate)

    def issue(self, names: Sequence[str], now: dt.datetime, days: int = BROKER_DAYS) -> Issued:
        """A new key and certificate for the broker, in place of the one that is there. Raises CertificateError for a bad name; OSError.

        It ends with the CA at the latest.
        """
        made = Issued(self.folder / "broker.pem", self.folder / "broker.key", tuple(names), self._until(now, days))
        alternatives = x509.SubjectAlternativeName([self._alternative(name) for name in names])
        if not names:
            raise CertificateError(made.certificate, "needs a name or an address by which devices find the broker")
        key = generate_private_key(SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        builder = _builder(subject, self._certificate.subject, key, now, days, until=made.until)
        builder = builder.add_extension(alternatives, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = builder.add_extension(issuer, critical=False).sign(self._key, hashes.SHA256())
        # the broker reads both at once; should a crash come between, the pair does not fit, and the same command mends it
        _keep(made.key, _private(key), 0o600)
        _keep(made.certificate, certificate.public_bytes(Encoding.PEM), 0o644)
        return made

    def names(self) -> tuple[str, ...]:
        """The names in the certificate that is there; none where there is none. Raises CertificateError; OSError."""
        path = self.folder / "broker.pem"
        if not path.exists():
            return ()
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, x509.ExtensionNotFound):
            raise CertificateError(path, "is no certificate with names: name them") from None
        return tuple(str(name.value) for name in found)

    def _until(self, now: dt.datetime, days: int) -> dt.datetime:
        end = self._certificate.not_valid_after_utc
        if end <= now:
            raise CertificateError(
                self.file, f"ended on {end:%Y-%m-%d}: make a new CA in another folder and enroll the devices anew"
            )
        return min(now + dt.timedelta(days=days), end)

    def _alternative(self, name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            pass
        labels = name.split(".")
        if len(name) > 253 or not all(label and label.isascii() and label.replace("-", "").isalnum() for label in labels):
            raise CertificateError(self.folder, f"{name!r} is neither a host's name nor an address")
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    now: dt.datetime,
    days: int,
    *,
    until: dt.datetime | None = None,
) -> x509.CertificateBuilder:
    until = until or now + dt.timedelta(days=days)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number(), now - _BACK, until)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _keep(path: Path, content: bytes, mode: int) -> None:
    """Write the file whole, in place of one that may be there."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
