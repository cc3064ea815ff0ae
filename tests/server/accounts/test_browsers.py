"""Plain words for browsers."""

import pytest

from server.accounts.browsers import browser_of

ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) {}Chrome/120.0.0.0 Mobile Safari/537.36{}"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) {} Mobile Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36{}"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (ANDROID.format("", ""), "Chrome, Android"),
        (ANDROID.format("SamsungBrowser/23.0 ", ""), "Samsung Internet, Android"),
        (ANDROID.format("", " Zalo android/1"), "Zalo, Android"),
        (IPHONE.format("Version/17.0"), "Safari, iPhone"),
        (IPHONE.format("CriOS/120"), "Chrome, iPhone"),
        (WINDOWS.format(" Edg/120.0"), "Edge, Windows"),
        (WINDOWS.format(" OPR/100"), "Opera, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox, Linux"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_a_browser_has_a_plain_word_and_nothing_of_its_own_text_comes_through(said: str, word: str) -> None:
    assert browser_of(said) == word
