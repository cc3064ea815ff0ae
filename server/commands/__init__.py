"""Commands: each with one fate, from the tap to the device's own word."""
