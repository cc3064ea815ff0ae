"""Who asked, as it is kept, told over the API, and said to people."""

import pytest

from server.actors import actor_of, guest_called
from server.web.actors import who
from server.web.i18n import words_in


@pytest.mark.parametrize("stored", [guest_called("Tư"), "khách: Tư"])
def test_a_guest_is_told_of_in_no_language_also_where_older_rows_and_devices_have_a_word_of_one(stored: str):
    assert actor_of(stored) == "guest:Tư"


@pytest.mark.parametrize(("stored", "told"), [("Lan", "Lan"), ("", None), (None, None), ("Chị khách: Tư", "Chị khách: Tư")])
def test_a_person_is_told_of_by_the_name_and_nobody_is_nobody(stored: str | None, told: str | None):
    assert actor_of(stored) == told


def test_people_read_of_a_guest_in_their_own_language():
    assert [who("guest:Tư", words_in(language)) for language in ("vi", "en")] == ["khách Tư", "guest Tư"]
    assert who("Lan", words_in("en")) == "Lan"
