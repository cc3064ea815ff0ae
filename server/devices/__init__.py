"""Devices: which there are, what they last said, and whether they can be heard."""
