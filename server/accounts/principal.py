"""Who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from server.sites.models import Role


@dataclass(frozen=True, slots=True)
class SessionNow:
    """The session behind a request: its public id, when its person last proved who they are, and whether its token is to change."""

    id: str
    proved_ms: int
    renew: bool


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is signed in, as of at most two seconds ago.

    `roles`: by site id; a site that is missing does not exist for them. `session`: None for who is asking without one.
    """

    user_id: str
    name: str
    roles: Mapping[str, Role]
    session: SessionNow | None = field(default=None, compare=False)

    @property
    def actor(self) -> str:
        """How commands and the log name this person: `user:` and the id."""
        return f"user:{self.user_id}"

    def may_see(self, site_id: str) -> bool:
        """Whether the site exists for this person."""
        return site_id in self.roles

    def may_command(self, site_id: str) -> bool:
        """Whether this person may switch things at the site."""
        role = self.roles.get(site_id)
        return role is not None and role.may_command
