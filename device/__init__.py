"""The Raspberry Pi agent: a pure core, and around it pins, journal and link. Needs `protocol` and nothing of the server."""
