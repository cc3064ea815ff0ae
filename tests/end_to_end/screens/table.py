"""Every screen: what it is called, where it is, who gets it, and what its heading says. A new page needs a line."""

from dataclasses import dataclass
from typing import Final

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


@dataclass(frozen=True, slots=True)
class Screen:
    """One line of the table. `statuses`: by who."""

    name: str
    address: str
    heading: str
    statuses: dict[str, int]


def screens() -> list[Screen]:
    """The table."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return [Screen(row[7], row[8], row[9], dict(zip(WHO, map(int, row[:7]), strict=True))) for row in rows]


def named(name: str) -> Screen:
    """The screen of that name."""
    return next(screen for screen in screens() if screen.name == name)
