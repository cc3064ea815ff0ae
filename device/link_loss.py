"""What becomes of the outputs when the link stays lost: since when it is, and what is still due for which output. Pure."""

from collections.abc import Mapping

from device.rules import LinkLoss, OutputRule


class LostLink:
    """Each loss has its consequence once for each output. It lasts until a server has answered, not only until a broker has."""

    def __init__(self, rules: Mapping[str, OutputRule], since: int | None) -> None:
        self.since = since
        self._rules = {channel: rule for channel, rule in rules.items() if rule.link_loss is not LinkLoss.KEEP}
        self._done: set[str] = set()
        self._not_before: dict[str, int] = {}

    @property
    def matters(self) -> bool:
        """Whether it has a consequence for any output: else it is not worth writing down, since that wears out a card."""
        return bool(self._rules)

    def lost(self, now: int) -> bool:
        """The link is lost now; whether that is news."""
        news, self.since = self.since is None, now if self.since is None else self.since
        return news

    def back(self) -> bool:
        """The link carries both ways again; whether that is news."""
        news, self.since = self.since is not None, None
        self._done.clear()
        self._not_before.clear()
        return news

    def due(self, channel: str) -> int | None:
        """When this output is to be driven (monotonic ms); None: never, or that is done."""
        if self.since is None or channel not in self._rules or channel in self._done:
            return None
        return max(self.since + self._rules[channel].link_loss_after_ms, self._not_before.get(channel, 0))

    def wants_on(self, channel: str) -> bool:
        """What a lost link wants of this output."""
        return self._rules[channel].link_loss is LinkLoss.ON

    def done(self, channel: str) -> None:
        """The consequence for this output is had."""
        self._done.add(channel)

    def postpone(self, channel: str, until: int) -> None:
        """The consequence for this output must wait."""
        self._not_before[channel] = until
