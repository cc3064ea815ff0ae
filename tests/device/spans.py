"""Times and spans in ms, each of which may not be there: no limit."""


def end_of(since: int | None, span_ms: int | None) -> int | None:
    """When it is over; None where it has not begun or never ends."""
    return None if since is None or span_ms is None else since + span_ms


def earliest(*times: int | None) -> int | None:
    """The first of those that are there."""
    return min((time for time in times if time is not None), default=None)
