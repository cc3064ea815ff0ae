"""Devices without hardware: the same agent core on simulated pins, over real MQTT; and the demo."""
