"""Places with devices, and the roles of people there."""
