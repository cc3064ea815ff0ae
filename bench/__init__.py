"""How fast a command is, side by side with the raw broker in the same run. docs/performance.md says how to read it."""
