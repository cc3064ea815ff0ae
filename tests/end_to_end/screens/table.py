"""Every screen: what it is called, where it is, who gets it, and what its heading says. A new page needs a line."""

from dataclasses import dataclass
from typing import Final

WHO: Final = ("owner", "operator", "viewer", "guest", "newcomer", "stranger", "nobody")

TABLE: Final = """
200 200 200 200 200 200 303  home              /                                        home.title
200 200 200 303 200 200 303  activity          /activity                                activity.title
200 200 200 303 200 200 303  activity-narrowed /activity?kind=switching&result=refused  activity.title
200 200 200 303 200 200 303  activity-nothing  /activity?until=2001-01-01               activity.title
200 200 200 303 200 200 303  places            /sites                                   place.all
200 200 200 303 404 404 303  place             /sites/{slug}                            {site}
404 404 404 303 200 404 303  empty-place       /sites/{empty_slug}                      {empty_site}
200 200 200 200 404 404 303  channel           /devices/{device}/channels/{channel}     {channel_name}
200 200 200 200 404 404 303  channel-week      /devices/{device}/channels/{channel}?days=7 {channel_name}
200 200 200 200 404 404 303  channel-month     /devices/{device}/channels/{channel}?days=30 {channel_name}
200 200 200 404 404 404 303  channel-offline   /devices/{offline}/channels/{channel}    {channel_name}
200 200 200 303 200 200 303  schedules         /schedules                               plan.title
200 200 200 303 404 404 303  schedules-there   /sites/{slug}/schedules                  {site}
404 404 404 303 200 404 303  schedules-none    /sites/{empty_slug}/schedules            {empty_site}
200 200 403 303 404 404 303  schedule-new      /sites/{slug}/schedules/new              plan.form.new
200 200 403 303 404 404 303  schedule-sun      /sites/{slug}/schedules/new?go=sun&side=after plan.form.new
200 200 403 303 404 404 303  schedule-wrong    /sites/{slug}/schedules/new?sent=1&kind=loop&n=x plan.form.new
200 200 403 303 404 404 303  schedule-preview  /sites/{slug}/schedules/new?sent=1&thing={device}/may-bom&days=4&at=06:10 plan.form.new
200 200 403 303 404 404 303  schedule-change   /sites/{slug}/schedules/{schedule}       plan.form.change
200 200 200 303 200 200 303  account           /account                                 account.title
200 200 200 303 200 200 303  tokens            /account/tokens                          tokens.new
200 200 200 303 200 200 303  notify-address    /account/notifications/address           notify.add
200 200 200 200 200 200 200  offline           /offline                                 offline.title
200 200 200 303 200 200 303  data              /account/data                            data.title
200 200 200 303 200 200 303  prove             /prove                                   prove.title
200 200 200 200 200 200 200  sign-in           /sign-in                                 signin.title
200 200 200 200 200 200 200  sign-in-link      /sign-in/{link}                          link_page.title
410 410 410 410 410 410 410  link-used-twice   /sign-in/{spent_link}                    error.410.title
200 200 200 200 200 200 200  invitation        /invitations/{invitation}                invite.to
410 410 410 410 410 410 410  invitation-ended  /invitations/{spent_invitation}          error.410.title
200 200 200 200 200 200 200  guest-link        /guest/{guest}                           guest.at
404 404 404 303 404 404 303  no-such-place     /sites/nowhere                           error.404.title
404 404 404 404 404 404 404  no-such-page      /no-such-page                            error.404.title
"""
"""Columns as in WHO, then the name, the address with the world's places in it, and the heading: a key of the catalogue, or such a place."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One line of the table. `statuses`: by who."""

    name: str
    address: str
    heading: str
    statuses: dict[str, int]

    def heading_for(self, who: str) -> str:
        """What must stand there for them: who does not get the screen is told so."""
        status = self.statuses[who]
        return self.heading if status < 400 or self.heading.startswith("error.") else f"error.{status}.title"


def screens() -> list[Screen]:
    """The table."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return [Screen(row[7], row[8], row[9], dict(zip(WHO, map(int, row[:7]), strict=True))) for row in rows]


def named(name: str) -> Screen:
    """The screen of that name."""
    return next(screen for screen in screens() if screen.name == name)
