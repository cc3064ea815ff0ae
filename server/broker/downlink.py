"""What the server says to devices: welcomes, calls of the roll, and signed commands."""

from collections.abc import Callable, Collection

from protocol.codec import encode
from protocol.link import Link
from protocol.messages import Call, Command, Keys, Renew, Signed, Welcome
from protocol.signing import SigningKey
from protocol.topics import Topic
from server.broker.key_ring import KeyRing
from server.commands.record import CommandRecord


class Letter:
    """A command as it is sent. Signed once, and anew only where another key has to."""

    def __init__(self, command: CommandRecord) -> None:
        self.device_id = command.device_id
        self._command = command
        self._signed: tuple[SigningKey, bytes] | None = None

    def signed_by(self, key: SigningKey) -> bytes:
        """The command as a JWS of this key's."""
        if self._signed is None or self._signed[0] is not key:
            self._signed = key, key.sign(self._message())
        return self._signed[1]

    def _message(self) -> Command:
        command = self._command
        return Command(
            aud=command.device_id,
            jti=command.id,
            iat_ms=command.created_ms,
            exp_ms=command.expires_ms,
            channel=command.channel,
            on=command.on,
            for_s=command.for_s,
            actor=command.actor,
        )


class Downlink:
    """Says things on a link. Every call raises LinkDown while there is none: nothing is kept to be said late."""

    def __init__(self, link: Link, ring: KeyRing, trusts: Callable[[str], Collection[str] | None]) -> None:
        self._link = link
        self.ring = ring
        self._trusts = trusts

    @property
    def public_key(self) -> str:
        """The newest of the keys that devices must be given to believe what is said here: 32 bytes in hex."""
        return self.ring.newest.public

    def _sign(self, message: Signed) -> bytes:
        return self._key_for(message.aud).sign(message)

    def _key_for(self, device_id: str) -> SigningKey:
        return self.ring.for_device(self._trusts(device_id))

    def keys(self, device_id: str) -> None:
        """Tell a device whom to trust from now on."""
        message = Keys(aud=device_id, version=max(self.ring.version, 1), keys=tuple(self.ring.publics))
        self._link.publish(Topic.KEYS.of(device_id), self._sign(message))

    def renew(self, device_id: str, session: str, renewal: str) -> None:
        """Ask a device, in this session of its, for the hash of a new secret."""
        self._link.publish(Topic.RENEW.of(device_id), self._sign(Renew(aud=device_id, session=session, renewal=renewal)))

    def prepare(self, letter: Letter) -> None:
        """Sign a command that is likely to be sent before long."""
        letter.signed_by(self._key_for(letter.device_id))

    def command(self, letter: Letter, on_ack: Callable[[bool], None]) -> None:
        """Sign a command and hand it to the broker; `on_ack` tells whether the broker took it."""
        device_id = letter.device_id
        self._link.publish(Topic.COMMAND.of(device_id), letter.signed_by(self._key_for(device_id)), on_ack=on_ack)

    def welcome(self, welcome: Welcome) -> None:
        """Answer a hello of the device that the welcome is for."""
        self._link.publish(Topic.WELCOME.of(welcome.aud), self._sign(welcome))

    def call_roll(self, device_id: str, within_ms: int) -> None:
        """Ask a device to say hello at a random moment within that time."""
        self._link.publish(Topic.CALL.of(device_id), encode(Call(within_ms=within_ms)))

    def forget_presence(self, device_id: str) -> None:
        """Take a revoked device's retained messages off the broker."""
        for topic in Topic:
            if topic.retained:
                self._link.publish(topic.of(device_id), b"", retain=True)
