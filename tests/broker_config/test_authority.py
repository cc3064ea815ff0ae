"""The small CA: what it issues is believed by those who have it and by nobody else, and renewing changes nothing for them."""

import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from broker_config import Authority, CertificateError
from broker_config.authority import BROKER_DAYS

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NAMES = ("broker.example.org", "192.168.1.5", "fd00::5")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path, NOW)


def believed(authority: Path, certificate: Path, name: str, at: dt.datetime) -> bool:
    """What a strict verifier says, which is not the one that devices use."""
    store = Store([x509.load_pem_x509_certificate(authority.read_bytes())])
    verifier = PolicyBuilder().store(store).time(at).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(x509.load_pem_x509_certificate(certificate.read_bytes()), [])
    except VerificationError:
        return False
    return True


def test_a_certificate_is_for_its_names_from_now_on_for_about_a_year(authority: Authority):
    made = authority.issue(NAMES, NOW)
    assert (made.names, made.until) == (NAMES, NOW + BROKER_DAYS * DAY)
    name = "broker.example.org"
    assert believed(authority.file, made.certificate, name, NOW)
    assert believed(authority.file, made.certificate, name, NOW + BROKER_DAYS * DAY - dt.timedelta(seconds=1))
    assert not believed(authority.file, made.certificate, name, NOW + BROKER_DAYS * DAY + dt.timedelta(seconds=1))
    assert not believed(authority.file, made.certificate, "example.org", NOW)


def test_another_ca_of_the_same_make_is_not_believed(authority: Authority, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Authority.create(tmp_path / "other", NOW)
    assert not believed(other.file, authority.issue(NAMES, NOW).certificate, "broker.example.org", NOW)


def test_renewing_keeps_the_ca_and_the_names_and_takes_a_new_key(authority: Authority, tmp_path: Path):
    made = authority.issue(NAMES, NOW)
    before = authority.file.read_bytes(), made.key.read_bytes()
    later = NOW + 300 * DAY
    again = Authority.load(tmp_path)
    renewed = again.issue(again.names(), later)
    assert renewed.names == NAMES
    assert authority.file.read_bytes() == before[0]
    assert renewed.key.read_bytes() != before[1]
    assert believed(authority.file, renewed.certificate, "broker.example.org", later + 397 * DAY)


def test_no_certificate_outlives_its_ca(authority: Authority):
    end = NOW + 3_653 * DAY
    assert authority.issue(NAMES, end - 30 * DAY).until == end
    with pytest.raises(CertificateError, match="ended on 2036-11-22"):
        authority.issue(NAMES, end)


def test_only_the_user_can_read_the_keys(authority: Authority, tmp_path: Path):
    authority.issue(NAMES, NOW)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in tmp_path.iterdir()}
    assert modes == {"ca.key": 0, "broker.key": 0, "ca.pem": 0o044, "broker.pem": 0o044}


def test_a_ca_is_never_written_over(authority: Authority, tmp_path: Path):
    before = authority.file.read_bytes()
    with pytest.raises(CertificateError, match="is there already"):
        Authority.create(tmp_path, NOW)
    assert authority.file.read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "a..b", "máy.example", "x" * 254, "*.example.org", "a\nb", "-"])
def test_what_is_no_name_gets_no_certificate(authority: Authority, tmp_path: Path, name: str):
    with pytest.raises(CertificateError, match="neither a host's name nor an address"):
        authority.issue(["broker.example.org", name], NOW)
    assert not (tmp_path / "broker.pem").exists()


def test_without_a_name_there_is_no_certificate(authority: Authority):
    assert authority.names() == ()
    with pytest.raises(CertificateError, match="needs a name"):
        authority.issue([], NOW)


@pytest.mark.usefixtures("authority")
def test_a_ca_that_others_can_read_is_not_used(tmp_path: Path):
    (tmp_path / "ca.key").chmod(0o640)
    with pytest.raises(CertificateError, match=r"chmod 600"):
        Authority.load(tmp_path)


@pytest.mark.usefixtures("authority")
def test_a_ca_that_is_broken_or_mixed_up_is_told(tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Authority.create(tmp_path / "other", NOW)
    (tmp_path / "ca.pem").write_bytes(other.file.read_bytes())
    with pytest.raises(CertificateError, match="does not belong"):
        Authority.load(tmp_path)
    (tmp_path / "ca.key").write_bytes(b"nothing")
    with pytest.raises(CertificateError, match="no usable CA"):
        Authority.load(tmp_path)
