"""What can go wrong on a device, in words that say what to do."""

from pathlib import Path


class DeviceError(Exception):
    """The root of the agent's errors."""


class WiringError(DeviceError, ValueError):
    """The wiring file is wrong; each of `faults` names one fault and where it is."""

    def __init__(self, path: Path, faults: tuple[str, ...]) -> None:
        super().__init__(f"{path}: " + "; ".join(faults))
        self.path = path
        self.faults = faults


class IdentityError(DeviceError, ValueError):
    """The identity file is missing, unreadable or wrong."""


class JournalError(DeviceError, OSError):
    """The journal could not be opened, read or written."""


class JournalInUse(JournalError):  # noqa: N818 (the field's word)
    """Another agent has the journal, and with it the pins."""


class PinError(DeviceError, OSError):
    """A pin could not be claimed."""


class EnrolmentError(DeviceError, RuntimeError):
    """The device got no identity; the text is one line that says what to do."""
