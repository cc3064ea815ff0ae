"""What the audit trail tells stands on its page in words, for every route that changes anything."""

import pytest

from server.app import create_app
from server.settings import Settings
from server.web import activity
from server.web.i18n import LANGUAGES, words_in
from tests.server.route_table import every_route

CHANGES = [f"{method} {path}" for method, path in every_route(create_app(Settings())) if method not in ("GET", "HEAD", "OPTIONS")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_change_has_its_words(language: str):
    t = words_in(language)
    assert [told for told in CHANGES if activity.key_of(told) is None] == []
    assert [told for told in (*CHANGES, *activity.WORDS) if activity.what(told, {}, t) == told] == []


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ("POST /api/v1/devices/{device_id}/channels/{channel}/commands", "activity.what.switch"),
        ("POST /sites/{slug}/members/{user_id}", "activity.what.members"),
        ("POST /account/sessions/{session_id}/end", "activity.what.session_ended"),
        ("POST /passkeys/sign-in", "activity.what.sign_in"),
        ("admin something-new", None),
    ],
)
def test_the_last_known_word_of_a_route_tells_what_it_is_about(told: str, key: str | None):
    assert activity.key_of(told) == key


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("POST /sites/{slug}/schedules", "make a schedule"),
        ("POST /api/v1/devices/{device_id}/schedules", "make a schedule"),
        ("PUT /api/v1/schedules/{schedule_id}", "change a schedule"),
        ("POST /sites/{slug}/schedules/{schedule_id}", "change a schedule"),
        ("POST /sites/{slug}/schedules/{schedule_id}/enabled", "pause or resume a schedule"),
        ("POST /sites/{slug}/schedules/{schedule_id}/delete", "delete a schedule"),
        ("DELETE /api/v1/schedules/{schedule_id}", "delete a schedule"),
        ("POST /sites/{slug}/devices", "add a device"),
        ("POST /api/v1/devices/{device_id}/enrolments", "replace a device's hardware"),
        ("POST /api/v1/enrol", "come in with a device's code"),
        ("POST /devices/{device_id}/rename", "change a device"),
        ("POST /devices/{device_id}/revoke", "revoke a device"),
        ("POST /invitations/{token}", "accept an invitation"),
        ("POST /sites/{slug}/members/{user_id}", "change a member"),
        ("DELETE /api/v1/schedules/of-an-older-version/{id}", "delete a schedule"),
        ("POST /sites/{slug}/schedules/{schedule_id}/of-an-older-version", "make, change or delete schedules"),
    ],
)
def test_what_was_made_changed_or_ended_is_told_apart(told: str, words: str):
    assert activity.what(told, {}, words_in("en")) == words


@pytest.mark.parametrize(("on", "words"), [(True, "switch on"), (False, "switch off")])
def test_a_switch_says_which_way(on: bool, words: str):
    assert activity.what("POST /devices/{device_id}/channels/{channel}", {"on": on}, words_in("en")) == words


@pytest.mark.parametrize(
    ("status", "result"), [(200, "done"), (303, "done"), (404, "refused"), (499, "refused"), (503, "failed")]
)
def test_a_status_is_told_as_done_refused_or_failed(status: int, result: str):
    assert activity.result(status) == result


@pytest.mark.parametrize(
    ("actor", "name", "told"),
    [
        ("user:1", "Lan", "Lan"),
        ("user:1", None, "Somebody who is no longer here"),
        ("elsewhere", None, "Somebody from elsewhere"),
        ("admin:cli", None, "The server's operator"),
        ("device:1", None, "A device"),
        ("anonymous", None, "Somebody not signed in"),
    ],
)
def test_who_did_it_is_told_by_name_or_by_what_they_are(actor: str, name: str | None, told: str):
    assert activity.who(actor, name, words_in("en")) == told


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("POST /devices/{device_id}/channels/{channel}", "switching"),
        ("POST /sites/{slug}/invitations", "people"),
        ("POST /sites/{slug}/devices/{device_id}/revoke", "devices"),
        ("POST /sites/{slug}", "places"),
        ("POST /account/tokens", "account"),
        ("POST /sign-in", "entering"),
        ("something new", "other"),
    ],
)
def test_everything_is_of_a_kind(told: str, kind: str):
    assert activity.kind_of(told) == kind
    assert kind in activity.KINDS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", [200, 401, 403, 404, 409, 410, 418, 422, 429, 499, 500, 503, 507])
@pytest.mark.parametrize("reason", [None, "may_only_look", "device_offline", "no_such_reason"])
def test_every_refusal_has_a_sentence_and_no_code(language: str, status: int, reason: str | None):
    told = activity.why(status, reason, words_in(language))
    assert told.endswith(".")
    assert "_" not in told
