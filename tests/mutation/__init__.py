"""The device's pure core, broken on purpose."""
