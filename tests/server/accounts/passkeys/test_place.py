"""Where passkeys can work, as browsers see it."""

import pytest

from server.accounts.passkeys.place import NoPasskeys, Place, place_of
from server.settings import Settings


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"public_url": "https://congtac.example.org"}, Place("congtac.example.org", "https://congtac.example.org")),
        ({"public_url": "https://Congtac.Example.org:443/"}, Place("congtac.example.org", "https://congtac.example.org")),
        ({"public_url": "https://congtac.example.org:8443"}, Place("congtac.example.org", "https://congtac.example.org:8443")),
        ({"public_url": "http://localhost:9000"}, Place("localhost", "http://localhost:9000")),
        ({"public_url": "http://vuon.localhost"}, Place("vuon.localhost", "http://vuon.localhost")),
        ({}, Place("localhost", "http://localhost:8000")),
        ({"host": "::1", "port": 9000}, Place("localhost", "http://localhost:9000")),
        ({"host": "localhost", "port": 9000}, Place("localhost", "http://localhost:9000")),
        ({"public_url": "http://congtac.example.org"}, NoPasskeys.NO_HTTPS),
        ({"public_url": "http://192.168.1.5:8000"}, NoPasskeys.NO_HTTPS),
        ({"public_url": "http://127.0.0.1:8000"}, NoPasskeys.NO_HTTPS),
        ({"host": "192.0.2.1"}, NoPasskeys.NO_HTTPS),
        ({"public_url": "https://192.168.1.5"}, NoPasskeys.NO_NAME),
        ({"public_url": "https://[2001:db8::1]:8443"}, NoPasskeys.NO_NAME),
    ],
)
def test_passkeys_need_https_and_a_name_or_localhost(settings: dict[str, object], place: Place | NoPasskeys) -> None:
    assert place_of(Settings.model_validate(settings)) == place
