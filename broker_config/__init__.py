"""The broker: mosquitto's configuration and access list made from the protocol's topics, credentials, a private broker.

What others may use is named here. This package imports `protocol` and none of the others.
"""

from broker_config.acl import access_list
from broker_config.authority import Authority, Issued
from broker_config.credentials import Credentials, new_secret
from broker_config.errors import (
    BrokerError,
    BrokerNotStarted,
    BrokerStopped,
    CertificateError,
    CredentialsError,
    FolderNotWritable,
    MosquittoMissing,
    PortInUse,
)
from broker_config.mosquitto import BrokerSettings, Listener, Tls, render
from broker_config.private import PrivateBroker

__all__ = [
    "Authority",
    "BrokerError",
    "BrokerNotStarted",
    "BrokerSettings",
    "BrokerStopped",
    "CertificateError",
    "Credentials",
    "CredentialsError",
    "FolderNotWritable",
    "Issued",
    "Listener",
    "MosquittoMissing",
    "PortInUse",
    "PrivateBroker",
    "Tls",
    "access_list",
    "new_secret",
    "render",
]
