"""Who is asking, and what exists for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.accounts.scopes import EVERY_SCOPE, Scope
from server.actors import guest_called
from server.sites.models import Role


@dataclass(frozen=True, slots=True)
class SessionNow:
    """The session behind a request: its public id, when its person last proved who they are, and whether its token is to change."""

    id: str
    proved_ms: int
    renew: bool


@dataclass(frozen=True, slots=True)
class Grants:
    """What a guest link lets do until `until_ms`: see and switch these channels of one site, each a device's id and a channel's.

    `longest_on_s`: no ON by a guest lasts longer.
    """

    link_id: str
    site_id: str
    channels: frozenset[tuple[str, str]]
    longest_on_s: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is signed in, a program with a person's API token, or a guest, as of at most two seconds ago.

    `roles`: by site id; a site that is missing does not exist for them. A guest has `guest` and no roles: whatever asks for a role
    refuses guests. `user_id` is the link's for a guest. `session`: None for who is asking without one. `token_id`: the API token
    that was shown instead; then `roles` are narrowed already, and `scopes` say what is left.
    """

    user_id: str
    name: str
    roles: Mapping[str, Role]
    session: SessionNow | None = field(default=None, compare=False)
    guest: Grants | None = None
    scopes: frozenset[Scope] = EVERY_SCOPE
    token_id: str | None = None

    @property
    def actor(self) -> str:
        """How commands and the log name them: `user:` or `guest:` and the id."""
        return f"user:{self.user_id}" if self.guest is None else f"guest:{self.guest.link_id}"

    @property
    def known_as(self) -> str:
        """How devices and the history name them."""
        return self.name if self.guest is None else guest_called(self.name)

    def may_see(self, site_id: str) -> bool:
        """Whether the whole site exists for this person."""
        return site_id in self.roles

    def may_see_device(self, site_id: str, device_id: str) -> bool:
        """Whether anything of the device exists for them."""
        if self.guest is not None:
            return any(device == device_id for device, _ in self.guest.channels)
        return self.may_see(site_id)

    def may_see_channel(self, site_id: str, device_id: str, channel: str) -> bool:
        """Whether the channel exists for them."""
        if self.guest is not None:
            return (device_id, channel) in self.guest.channels
        return self.may_see(site_id)

    def may_command(self, site_id: str) -> bool:
        """Whether this person may switch things at the site, whatever they are."""
        role = self.roles.get(site_id)
        return role is not None and role.may_command and Scope.COMMAND in self.scopes

    def may_manage(self, site_id: str) -> bool:
        """Whether this person decides about the site: its devices and members."""
        role = self.roles.get(site_id)
        return role is not None and role.may_manage and Scope.MANAGE in self.scopes

    def may_command_channel(self, site_id: str, device_id: str, channel: str) -> bool:
        """Whether they may switch this one."""
        if self.guest is not None:
            return self.may_see_channel(site_id, device_id, channel)
        return self.may_command(site_id)

    def role_at(self, site_id: str) -> str | None:
        """The role's value; `guest` for a guest at the link's site; None where the site does not exist for them."""
        if self.guest is not None:
            return "guest" if self.guest.site_id == site_id else None
        return self.roles.get(site_id)
