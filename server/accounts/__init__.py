"""People: the links that let them in, their sessions, and who is asking (`Principal`)."""
