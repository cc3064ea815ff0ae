"""The server's side of the broker: its link, and the accounts that devices have there."""
