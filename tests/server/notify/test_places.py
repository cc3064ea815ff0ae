"""The server goes only where its operator lets it, whatever addresses people give."""

import pytest

from server.notify.places import NotAllowed, Places, is_public

FCM = "https://fcm.googleapis.com/fcm/send/abc:def"


def reason(places: Places, endpoint: str) -> str | None:
    try:
        places.check_endpoint(endpoint)
    except NotAllowed as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        (FCM, None),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", None),
        ("https://web.push.apple.com/abc", None),
        ("https://wns2-by3p.notify.windows.com/w/?token=a%3d", None),
        (FCM.replace("https", "http"), "not_https"),
        ("ftp://fcm.googleapis.com/", "not_https"),
        ("https://fcm.googleapis.com:8443/", "port"),
        ("https://fcm.googleapis.com:bad/", "not_an_address"),
        ("https://lan:secret@fcm.googleapis.com/", "not_an_address"),
        ("https://fcm.googleapis.com/#x", "not_an_address"),
        ("https://fcm.googleapis.com/ x", "not_an_address"),
        ("https://fcm.googleapis.com/\r\nX: y", "not_an_address"),
        ("https:///x", "not_an_address"),
        ("https://fcm.googleapis.com/" + "x" * 1000, "not_an_address"),
        ("https://fcm.googleapis.com.evil.test/", "unknown_push_service"),
        ("https://evilpush.apple.com.test/", "unknown_push_service"),
        ("https://push.apple.com/", "unknown_push_service"),
        ("https://127.0.0.1/", "unknown_push_service"),
        ("https://[::1]/", "unknown_push_service"),
        ("https://localhost/", "unknown_push_service"),
    ],
)
def test_only_known_push_services_are_used_by_https(endpoint: str, why: str | None):
    assert reason(Places(), endpoint) == why


def test_the_operator_adds_services_by_name_or_lets_all_in():
    assert reason(Places(("push.example.org",)), "https://push.example.org/x") is None
    assert reason(Places(("*.example.org",)), "https://a.example.org/x") is None
    assert reason(Places(("*",)), "https://anything.test/x") is None
    assert reason(Places(("*",)), "http://anything.test/x") == "not_https"
    assert reason(Places(("127.0.0.1",), private=True), "http://127.0.0.1:9999/x") is None


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
    ],
)
def test_an_address_is_public_or_not_also_behind_another(address: str, public: bool):
    assert is_public(address) is public


def test_a_name_with_one_private_address_among_public_ones_is_refused():
    places = Places(lookup=lambda _host, _port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(NotAllowed, match="private_address"):
        places.addresses("mixed.example.org", 443)
    assert Places(private=True, lookup=lambda _host, _port: ["10.0.0.1"]).addresses("x", 1) == ["10.0.0.1"]
