"""What can be set, with defaults and checks. Where the values come from is `settings_source`'s matter; docs/settings.md lists them."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from protocol.tls import is_loopback
from server.broker.address import BrokerAddress, parse_addresses
from server.names import Name
from server.zones import ZoneName

Port = Annotated[int, Field(ge=1, le=65_535)]
Seconds = Annotated[int, Field(ge=1)]

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

_EXAMPLES: Final = ("change", "example", "password", "placeholder", "insecure", "your-", "your_", "xxxx", "123456", "abcdef")


def _is_example(secret: str) -> bool:
    """Whether a secret was copied from somewhere or typed to get done: no random one has these words or so few characters."""
    return len(set(secret)) < 8 or any(word in secret.lower() for word in _EXAMPLES)


class Settings(BaseModel):
    """Everything that an operator may decide. Making one reads nothing but what it is given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(Path("data"), description="Folder of the database and the signing key. Made at the first start.")
    database_url: str = Field(
        "", description="`sqlite:///…` or `postgresql://…`. Empty: the file `congtac.db` in `data_dir`. May hold a password."
    )
    host: str = Field(
        "127.0.0.1", description="Address to listen on. The whole network: `0.0.0.0`, best behind a proxy with TLS."
    )
    port: Port = Field(8000, description="Port to listen on.")
    public_url: str = Field(
        "", description="Where browsers find this server, as `https://congtac.example.org`. Empty: `http://{host}:{port}`."
    )
    other_hosts: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._, -]*$",
        description="Further names of this server, with commas between. Bare addresses, `localhost` and `….local` always work.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1,::1",
        description="Addresses or networks of proxies, with commas between, that are believed about who asks (`X-Forwarded-For`) and "
        "whether by HTTPS (`X-Forwarded-Proto`). Empty: none.",
    )
    broker_host: str = Field("127.0.0.1", description="The MQTT broker's name or address.")
    broker_port: Port = Field(1883, description="The MQTT broker's port.")
    broker_user: str = Field("server", description="The server's own user name at the broker.")
    broker_tls: bool = Field(False, description="Whether the server itself reaches the broker over TLS; needed off this machine.")
    broker_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of who vouches for the broker: `congtac admin ca` makes one. Devices are given it. "
        "Unset: those that every machine trusts.",
    )
    device_brokers: str = Field(
        "",
        description="Where devices find the broker, best first, with commas in between: `mqtts://broker.example.org:8883`, "
        "`wss://example.org/mqtt`, with `#public` behind it where any machine trusts the certificate. Empty: where the server does.",
    )
    broker_secret: SecretStr | None = Field(None, description="The server's password at the broker.")
    broker_credentials_file: Path | None = Field(
        None, description="mosquitto's password file, which the server rewrites when devices come and go. Unset: it does not."
    )
    broker_pid_file: Path | None = Field(None, description="mosquitto's process id, to have it read the password file again.")
    site_name: Name = Field("Nhà", description="Name of the site that the first start makes.")
    timezone: ZoneName = Field("Asia/Ho_Chi_Minh", description="Time zone of that site, an IANA name.")
    owner_name: Name = Field("Chủ nhà", description="Name of the owner that the first start makes.")
    command_ttl_s: Seconds = Field(10, le=3600, description="How long a command may take to reach its device, in seconds.")
    unconfirmed_grace_s: Seconds = Field(
        5, le=600, description="How long after that to wait for word before a command counts as unconfirmed, in seconds."
    )
    session_idle_s: Seconds = Field(30 * 86_400, description="A sign-in that is not used for so long ends, in seconds.")
    session_absolute_s: Seconds = Field(180 * 86_400, description="A sign-in ends after so long in any case, in seconds.")
    proof_valid_s: Seconds = Field(
        900, le=86_400, description="How long after somebody proved who they are they may do what is dangerous, in seconds."
    )
    link_valid_s: Seconds = Field(86_400, le=7 * 86_400, description="How long a sign-in link works, in seconds.")
    history_days: int = Field(400, ge=1, le=36_500, description="How long events and settled commands are kept, in days.")
    readings_days: int = Field(62, ge=1, le=36_500, description="How long what sensors measured is kept, in days.")
    commands_per_minute: int = Field(
        600, ge=1, description="How many commands one person may give at once, and as many again in each minute. More is a 429."
    )
    guest_commands_per_minute: int = Field(120, ge=1, description="The same for a guest link, all who opened it together.")
    live_streams: int = Field(50, ge=1, description="How many live pages one person may have open at once.")
    guest_live_streams: int = Field(100, ge=1, description="The same for a guest link, all who opened it together.")
    body_limit_bytes: int = Field(65_536, ge=1024, le=16 * 2**20, description="The largest request body, in bytes.")

    notify_away_s: Seconds = Field(
        120,
        le=86_400,
        description="How long a device must be away, its short returns left out, before people are told, in seconds.",
    )
    notify_back_s: Seconds = Field(
        60, le=86_400, description="How long it must be back before they are told that it is, in seconds."
    )
    notify_contact: str = Field(
        "",
        pattern=r"^(|mailto:[^\s@<>]+@[^\s@<>]+\.[A-Za-z0-9-]+)$",
        max_length=200,
        description="Whom a push service may ask about this server: `mailto:you@example.org`. Empty: `public_url`.",
    )
    notify_push_hosts: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.*, -]*$",
        description="Further push services by name, with commas between; `*.example.org` for all below one, `*` for any. Those of the "
        "usual browsers always work.",
    )
    notify_services: str = Field(
        "",
        pattern=r"^[a-z0-9, ]*$",
        description="Further Apprise schemes that people may use, as `gotifys,matrixs`. They may name any host: only where all who "
        "have an account are trusted.",
    )
    notify_private: bool = Field(
        False, description="Whether messages may go to private addresses and without TLS, as to an own mail server in the house."
    )

    @property
    def database(self) -> URL:
        """The database's address with the driver that is used, and with its password."""
        if not self.database_url:
            return URL.create("sqlite+aiosqlite", database=str(self.data_dir / "congtac.db"))
        url = make_url(self.database_url)
        return url.set(drivername=_DRIVERS[url.get_backend_name()])

    @property
    def address(self) -> str:
        """Where browsers find this server, with no slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def further_hosts(self) -> list[str]:
        """The names in `other_hosts`."""
        return [name.strip() for name in self.other_hosts.split(",") if name.strip()]

    @property
    def ways_to_broker(self) -> tuple[BrokerAddress, ...]:
        """Where devices find the broker, best first; at least one."""
        own = BrokerAddress(self.broker_host, self.broker_port, tls=self.broker_tls)
        return parse_addresses(self.device_brokers) or (own,)

    @field_validator("device_brokers")
    @classmethod
    def _known_addresses(cls, text: str) -> str:
        parse_addresses(text)
        return text

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        try:
            backend = make_url(url).get_backend_name() if url else "sqlite"
        except ArgumentError:
            raise ValueError("is not a database address like sqlite:///… or postgresql://…") from None
        if backend not in _DRIVERS:
            raise ValueError(f"names the database {backend!r}; sqlite and postgresql are known")
        return url

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query):
            raise ValueError("must be http:// or https:// and a host, with nothing after it")
        return url

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, text: str) -> str:
        try:
            named = [str(ip_network(part.strip())) for part in text.split(",") if part.strip()]
        except ValueError as error:
            raise ValueError(f"must be addresses or networks, like 10.0.0.2,fd00::/64: {error}") from None
        return ",".join(name.removesuffix("/32").removesuffix("/128") for name in named)

    @field_validator("broker_secret")
    @classmethod
    def _real_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 16:
            raise ValueError("is too short for a secret: at least 16 characters")
        if secret is not None and _is_example(secret.get_secret_value()):
            raise ValueError("looks like an example: make one of your own, such as `openssl rand -hex 32` prints")
        return secret

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        if not self.broker_tls and not is_loopback(self.broker_host):
            raise ValueError(f"broker_tls must be true: {self.broker_host} is not this machine, and plaintext MQTT stays on it")
        if self.session_idle_s > self.session_absolute_s:
            raise ValueError("session_idle_s must not be longer than session_absolute_s")
        return self
