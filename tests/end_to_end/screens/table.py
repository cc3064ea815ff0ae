"""Every screen: what it is called, where it is, who gets it, and what its heading says. A new page needs a line, in one of two tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

WHO: Final = ("owner", "operator", "viewer", "guest", "newcomer", "stranger", "nobody")

TABLE: Final = """
200 200 200 200 200 200 303  home              /                                        home.title
200 200 200 303 200 200 303  activity          /activity                                activity.title
200 200 200 303 200 200 303  activity-narrowed /activity?kind=switching&result=refused  activity.title
200 200 200 303 200 200 303  activity-nothing  /activity?until=2001-01-01               activity.title
200 200 403 303 404 404 303  all-off           /sites/{slug}/all-off                  all_off.question
200 200 200 303 200 200 303  places            /sites                                   place.all
200 200 200 303 404 404 303  place             /sites/{slug}                            {site}
404 404 404 303 200 404 303  empty-place       /sites/{empty_slug}                      {empty_site}
200 200 200 200 404 404 303  channel           /devices/{device}/channels/{channel}     {channel_name}
200 200 200 200 404 404 303  channel-week      /devices/{device}/channels/{channel}?days=7 {channel_name}
200 200 200 200 404 404 303  channel-month     /devices/{device}/channels/{channel}?days=30 {channel_name}
200 200 200 303 200 200 303  schedules         /schedules                               plan.title
200 200 200 303 404 404 303  schedules-there   /sites/{slug}/schedules                  {site}
404 404 404 303 200 404 303  schedules-none    /sites/{empty_slug}/schedules            {empty_site}
200 200 403 303 404 404 303  schedule-new      /sites/{slug}/schedules/new              plan.form.new
200 200 403 303 404 404 303  schedule-sun      /sites/{slug}/schedules/new?go=sun&side=after plan.form.new
200 200 403 303 404 404 303  schedule-wrong    /sites/{slug}/schedules/new?sent=1&kind=loop&n=x plan.form.new
200 200 403 303 404 404 303  schedule-preview  /sites/{slug}/schedules/new?sent=1&thing={device}/may-bom&days=4&at=06:10 plan.form.new
200 200 403 303 404 404 303  schedule-change   /sites/{slug}/schedules/{schedule}       plan.form.change
200 200 200 303 404 404 303  device            /devices/{device}                        {device_name}
200 200 200 303 404 404 303  device-offline    /devices/{offline}                       {offline_name}
200 200 200 303 404 404 303  device-revoked    /devices/{revoked}                       {revoked_name}
200 200 200 303 404 404 303  device-silent     /devices/{silent}                        {silent_name}
200 200 200 404 404 404 303  channel-off       /devices/{device}/channels/quat          {fan_name}
200 200 200 404 404 404 303  channel-offline   /devices/{offline}/channels/cong         {long_channel}
200 200 200 404 404 404 303  channel-input     /devices/{silent}/channels/cua           {door_name}
200 200 200 404 404 404 303  channel-sensor    /devices/{silent}/channels/do-am-dat     {sensor_name}
200 200 200 404 404 404 303  channel-silent    /devices/{silent}/channels/den           {lamp_name}
200 403 403 303 404 404 303  add-device        /sites/{slug}/devices/new                devices.add
200 403 403 303 404 404 303  device-expected   /sites/{slug}/devices/{unspoken}/arrival add.waiting_code
200 200 200 303 200 200 303  account           /account                                 account.title
200 200 200 303 200 200 303  tokens            /account/tokens                          tokens.new
200 200 200 303 200 200 303  notify-address    /account/notifications/address           notify.add
200 200 200 303 200 200 303  data              /account/data                            data.title
200 200 200 303 200 200 303  prove             /prove                                   prove.title
200 200 200 200 200 200 200  offline           /offline                                 offline.title
200 200 200 200 200 200 200  sign-in           /sign-in                                 signin.title
200 200 200 200 200 200 200  sign-in-link      /sign-in/{link}                          link_page.title
  0   0 410   0   0   0 410  link-used-twice   /sign-in/{spent_link}                    error.410.title
200 200 200 200 200 200 200  invitation        /invitations/{invitation}                invite.to
410   0   0   0   0   0   0  invitation-ended  /invitations/{spent_invitation}          error.410.title
200 200 200 200 200 200 200  guest-link        /guest/{guest}                           guest.at
404 404 404 303 404 404 303  no-such-place     /sites/nowhere                           error.404.title
404 404 404 404 404 404 404  no-such-page      /no-such-page                            error.404.title
"""
"""Columns as in WHO, then the name, the address with the world's places in it, and the heading: a key of the catalogue, or such a place.
0: not tried, since whoever tries used-up links again and again is made to wait."""

ONCE: Final = """
403 sign-in-wrong     nobody   POST /sign-in signin.title login=ai&password=sai
429 sign-in-slowed    guesser  POST /sign-in signin.title login=ai&password=sai
403 prove-wrong       stranger POST /prove prove.title password=sai
422 password-refused  stranger POST /account/password account.title login=sau.vuon&password=123456789012
422 erase-misspelt    stranger POST /account/erase data.title name=Lan
200 erased            leaver   POST /account/erase data.erased name={leaver}
409 too-many-open     sharer   POST /sites/{full_slug}/invitations error.too_many_open.title role=viewer&uses=once&days=7
403 may-only-look     viewer   POST /sites/{slug}/all-off error.403.title
200 switched          guest    POST /devices/{device}/channels/den home.title on=false
429 switched-too-fast guest    POST /devices/{device}/channels/den error.429.title on=false
422 minutes-wrong     guest    POST /devices/{device}/channels/may-bom {channel_name} on=true&typed=true&minutes=0
200 ask-first         operator POST /devices/{device}/channels/cong ask.on on=true&for_s=20
403 owners-only       operator POST /sites/{slug}/invitations error.owners_only.title role=viewer&uses=once&days=7
422 schedule-refused  operator POST /sites/{slug}/schedules plan.form.new thing={device}/den&at=06:00
200 schedule-unseen   operator POST /sites/{slug}/schedules plan.form.new thing={device}/den&days=1&at=06:00&do=on&name=&seen=other
422 address-refused   owner    POST /account/notifications/address notify.add address=http://localhost
200 password-done     owner    GET  /account?done=password_set account.title
200 sessions-done     owner    GET  /account?done=sessions_ended account.title
200 notify-done       owner    GET  /account?done=notices_added account.title
200 schedule-once     owner    GET  /sites/{slug}/schedules/new?go=once plan.form.new
200 token-made        owner    POST /account/tokens tokens.made name=Máy+tính+ở+trạm+bơm&scope=command
201 invited           owner    POST /sites/{slug}/invitations {site} role=viewer&uses=many&days=7&note={long}
201 guest-invited     owner    POST /sites/{slug}/guest-links {site} name=Tư&days=7&minutes=10&channels={device}/den
201 device-begun      owner    POST /sites/{slug}/devices add.title name={long}
201 device-again      owner    POST /devices/{device}/replace {device_name}
422 not-sure          owner    POST /devices/{device}/revoke error.other.title
409 device-away       owner    POST /devices/{offline}/channels/den error.409.title on=true
409 last-owner        owner    POST /sites/{slug}/leave error.last_owner.title
422 not-valid         owner    POST /sites/{slug} error.not_valid.title name=&timezone=UTC
200 all-off-done      owner    POST /sites/{slug}/all-off all_off.not_all
200 device-renewed    owner    POST /devices/{device}/renew {device_name}
500 broken            patient  GET  /schedules error.500.title
503 out-of-order      patient  POST /sites/{slug}/devices error.503.title name=x
"""
"""What comes of sending a form, or in a state that is made for it: looked at by one person, once, since it may not come a second time.

Columns: status, name, who, method, address, heading, and what the form holds. Beside WHO there are
who leaves for good, who has too many open links, a guesser whom the server has slowed down, and who meets a server that is out of order.
"""
ALONE: Final = ("leaver", "sharer", "guesser", "patient")


@dataclass(frozen=True, slots=True)
class Screen:
    """One line of a table. `statuses`: by who. `form`: what is sent, None where the page is only asked for."""

    name: str
    address: str
    heading: str
    statuses: dict[str, int]
    form: str | None = None

    @property
    def method(self) -> str:
        """How it is asked for."""
        return "GET" if self.form is None else "POST"

    def fields(self, places: Mapping[str, str]) -> list[tuple[str, str]]:
        """What the form holds, with the world's places in it."""
        return [(name, text.format_map(places)) for name, text in parse_qsl(self.form or "", keep_blank_values=True)]


def screens() -> list[Screen]:
    """The table."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return [Screen(row[7], row[8], row[9], dict(zip(WHO, map(int, row[:7]), strict=True))) for row in rows]


def once() -> list[Screen]:
    """The table of what is looked at once."""
    rows = [line.split() for line in ONCE.strip().splitlines()]
    return [
        Screen(name, address, heading, {who: int(status)}, "".join(form) if method == "POST" else None)
        for status, name, who, method, address, heading, *form in rows
    ]


def named(name: str) -> Screen:
    """The screen of that name."""
    return next(screen for screen in screens() if screen.name == name)
