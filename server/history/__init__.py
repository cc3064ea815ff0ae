"""History: every event that a device ever journaled, once."""
