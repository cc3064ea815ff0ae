"""A server whose secrets are missing or known to everybody must not start in earnest. What a secret must be like, settings.py says."""

from server.broker.signing_key import known_to_everybody, signing_key
from server.opening import StartError
from server.settings import Settings


def require_secrets(settings: Settings) -> None:
    """Raises StartError, whose one line says which secret it is, and what to do."""
    if settings.broker_secret is None:
        raise StartError(
            "broker_secret is missing: `congtac admin broker-files FOLDER` makes one, and the settings to start with (--config)"
        )
    if settings.data_dir.is_dir() and known_to_everybody(signing_key(settings.data_dir)):
        raise StartError(
            f"{settings.data_dir / 'signing.key'} is an example: whoever read it could switch every relay. Delete it"
        )
