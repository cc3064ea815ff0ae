"""What can be wrong with words on the wire."""


class ProtocolError(ValueError):
    """A message, a topic or a signature that is not of this protocol.

    `reason` is a short machine word (`too_large`, `not_json`, `not_valid`, `bad_topic`, `bad_signature`, `not_for_us`);
    `detail` says what and where, fit for a log line.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class LinkDown(ConnectionError):  # noqa: N818 (the field's word)
    """The link to the broker is not up, so nothing was sent: nothing is kept to be sent later."""
