"""Schedules: kept, shown and previewed here; a device will run them by itself. Routes and pages are in `routes` and `pages`.

What happens next with a channel: `await next_of_channel(request.app.state.schedules, device_id, channel, now_ms, t)`. As long as no agent
runs schedules, whoever shows it must show the words of `plan.not_yet` with it.
"""

from server.schedules.models import Schedule
from server.schedules.schedules import ScheduleNow, Schedules, Where
from server.schedules.what_next import Next, next_of_channel, what_next
from server.schedules.words import sentence

__all__ = ["Next", "Schedule", "ScheduleNow", "Schedules", "Where", "next_of_channel", "sentence", "what_next"]
