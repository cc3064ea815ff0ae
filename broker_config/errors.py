"""What can be wrong with the broker, each in one line that says what to do next."""

from pathlib import Path


class BrokerError(RuntimeError):
    """The root of all errors of this package. `reason` is a short machine word; the text is one line for a person."""

    reason = "broker"


class MosquittoMissing(BrokerError, FileNotFoundError):  # noqa: N818 (what is wrong, in the field's words)
    """There is no mosquitto on this machine. `looked_in` names the places."""

    reason = "mosquitto_missing"

    def __init__(self, looked_in: tuple[str, ...]) -> None:
        super().__init__(f"mosquitto was not found in {', '.join(looked_in)}: install it with `sudo apt install mosquitto`")
        self.looked_in = looked_in


class PortInUse(BrokerError, OSError):  # noqa: N818
    """Another program listens where the broker should. `host` and `port` say where."""

    reason = "port_in_use"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is in use by another program: stop that program or choose another port")
        self.host = host
        self.port = port


class FolderNotWritable(BrokerError, OSError):  # noqa: N818
    """The broker's folder cannot be made or written. `folder` names it, `cause` is the system's word."""

    reason = "folder_not_writable"

    def __init__(self, folder: Path, cause: str) -> None:
        super().__init__(f"cannot write in the broker's folder {folder} ({cause}): choose another or mend its permissions")
        self.folder = folder
        self.cause = cause


class BrokerNotStarted(BrokerError):  # noqa: N818
    """mosquitto ended, or said nothing within the deadline. `last_words` is the end of its log."""

    reason = "not_started"

    def __init__(self, why: str, last_words: str) -> None:
        super().__init__(f"mosquitto did not start: {why}. Its last words: {last_words or 'none'}")
        self.why = why
        self.last_words = last_words


class BrokerStopped(BrokerError):  # noqa: N818
    """Something was asked of a broker that does not run. `returncode` is how it ended, None if it never ran."""

    reason = "stopped"

    def __init__(self, returncode: int | None) -> None:
        how = "it was never started" if returncode is None else f"it ended with {returncode}"
        super().__init__(f"the broker does not run ({how}): start it first")
        self.returncode = returncode


class CertificateError(BrokerError, ValueError):
    """A certificate, a key or a name for one that cannot be right. `path` is the file or folder, `detail` what to do."""

    reason = "certificate"

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class CredentialsError(BrokerError, ValueError):
    """A user name, a secret or a line of the password file that cannot be right.

    `reason` is `bad_user`, `weak_secret`, `bad_line` or `unknown_user`; `path` is the file. No secret is in the text.
    """

    def __init__(self, reason: str, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.reason = reason
        self.path = path
        self.detail = detail
