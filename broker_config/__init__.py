"""The broker: mosquitto's configuration and access list made from the protocol's topics, credentials, a private broker.

What others may use is named here. This package imports `protocol` and none of the others.
"""

from broker_config.acl import access_list
from broker_config.credentials import Credentials, new_secret
from broker_config.errors import (
    BrokerError,
    BrokerNotStarted,
    BrokerStopped,
    CredentialsError,
    FolderNotWritable,
    MosquittoMissing,
    PortInUse,
)
from broker_config.mosquitto import BrokerSettings, Listener, render
from broker_config.private import PrivateBroker

__all__ = [
    "BrokerError",
    "BrokerNotStarted",
    "BrokerSettings",
    "BrokerStopped",
    "Credentials",
    "CredentialsError",
    "FolderNotWritable",
    "Listener",
    "MosquittoMissing",
    "PortInUse",
    "PrivateBroker",
    "access_list",
    "new_secret",
    "render",
]
