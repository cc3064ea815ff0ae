"""The broker: mosquitto's configuration and access list made from the protocol's topics, credentials, a private broker."""
