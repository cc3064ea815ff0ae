"""The server: who may do what, commands and their fates, history, the live page. Never imports `device`."""
