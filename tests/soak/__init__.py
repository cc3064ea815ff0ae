"""A device through days of bad weather, in minutes: nothing may grow that need not."""
