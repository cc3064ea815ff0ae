"""How Chromium is started for tests and pictures, wherever that is."""

from typing import Final

OPTIONS: Final = (
    "--no-sandbox",  # tests run as root, in containers as well
    *("--disable-gpu", "--disable-software-rasterizer"),  # nor is one imitated, which costs a twelfth of all time
    # nothing that it does by itself may look like a request of the page
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
)
SOON_MS: Final = 15_000
"""What must come true on a page does so by then, whatever else the machine has to do."""
