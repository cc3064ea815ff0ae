"""The demo's device: a board with four relays in a nursery garden."""

from pathlib import Path
from typing import Final

from device.wiring import Wiring, parse_wiring

FOUR_RELAYS: Final = """
[device]
model = "Congtac SIM-4R"

[[channel]]
kind = "output"
id = "may-bom"
name = "Máy bơm"
icon = "pump"
pin = 17
active_high = false
max_on_s = 1800

[[channel]]
kind = "output"
id = "den"
name = "Đèn"
icon = "lamp"
pin = 27
active_high = false
boot = "restore"

[[channel]]
kind = "output"
id = "quat"
name = "Quạt"
icon = "fan"
pin = 22
active_high = false

[[channel]]
kind = "output"
id = "cong"
name = "Cổng"
icon = "gate"
pin = 23
active_high = false
max_on_s = 30
link_loss = "off"
link_loss_after_s = 60
"""


def four_relays() -> Wiring:
    """Máy bơm, đèn, quạt, cổng, on an active-low board."""
    return parse_wiring(FOUR_RELAYS, Path("the simulated wiring"))
