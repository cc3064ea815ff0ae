"""Any weather: commands, crashes between any two effects, power cuts, bad links, cards and pins, jumping clocks. See checker.py.

`CONGTAC_MACHINE=40000` runs so many examples of 100 steps each instead of the few that every test run makes; a failure prints how to
make it happen again.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from device.rules import BootState, InputRule, LinkLoss, OutputRule
from device.words import CommandRefused
from protocol.messages import Call, ChannelKind, Command, Reason
from tests.device.checker import Checker
from tests.device.parts import CardFault, PinFault
from tests.device.world import LAN, MINH, World, wires

INPUTS = (
    InputRule("button", ChannelKind.BUTTON, "pump"),
    InputRule("knob", ChannelKind.BUTTON, "shut"),
    InputRule("door", ChannelKind.CONTACT),
)
FARM = wires(
    OutputRule("pump", max_on_ms=20_000, link_loss=LinkLoss.OFF),
    OutputRule("lamp", boot=BootState.RESTORE),
    OutputRule("open", interlock="gate", interlock_pause_ms=500, link_loss=LinkLoss.ON, link_loss_after_ms=30_000),
    OutputRule("shut", interlock="gate", interlock_pause_ms=2_000, max_on_ms=5_000, boot=BootState.RESTORE),
    OutputRule("fan", link_loss=LinkLoss.ON),
    *INPUTS,
)
SHED = wires(
    OutputRule("pump", link_loss=LinkLoss.ON, link_loss_after_ms=5_000, min_off_ms=3_000),
    OutputRule("lamp", interlock="light", max_on_ms=100_000),
    OutputRule("open", interlock="gate", boot=BootState.RESTORE),
    OutputRule("shut", interlock="gate", link_loss=LinkLoss.ON),
    OutputRule("fan", interlock="light", boot=BootState.RESTORE, link_loss=LinkLoss.OFF),
    *INPUTS,
)
LATER = wires(  # a wiring file that was edited while the agent was away: channels gone, added, limited
    OutputRule("pump", max_on_ms=8_000, interlock="water"),
    OutputRule("lamp", max_on_ms=10_000),
    OutputRule("shut", locked=True),
    OutputRule("fan", interlock="water"),
    OutputRule("siren", min_off_ms=1_000),
    *INPUTS,
)
WIRINGS = {"farm": FARM, "shed": SHED, "later": LATER, "same": None}
CHANNELS = st.sampled_from(["pump", "lamp", "open", "shut", "fan"])
SPANS = st.sampled_from([0, 1, 50, 99, 100, 500, 999, 1_000, 2_000, 4_999, 5_000, 20_000, 60_000, 61_000, 600_000])
LEASES = st.sampled_from([None, 1, 2, 5, 30, 3_600])
LONG = int(os.environ.get("CONGTAC_MACHINE", "0"))
ONLY_FIND = (
    "CONGTAC_MACHINE_ONLY_FIND" in os.environ
)  # do not look for the shortest way to a failure: tests/mutation has no use for it


class AnyWeather(RuleBasedStateMachine):
    """One device's life. After every step the checker reads on; at the end all is healed, and everything must have been told."""

    @initialize(wiring=st.sampled_from(["farm", "shed"]), rested=st.booleans())
    def begin(self, wiring, rested):
        self.world = World(WIRINGS[wiring])
        self.checker = Checker(self.world)
        self.sent: list[Command] = []
        if rested:
            self.world.link_up()
            self.world.advance(10_000)

    # ---- people

    @rule(channel=CHANNELS, on=st.booleans(), for_s=LEASES, actor=st.sampled_from([LAN, MINH]))
    def switch(self, channel, on, for_s, actor):
        self.sent.append(self.world.switch(channel, on, for_s=for_s, actor=actor))

    @rule(channel=CHANNELS, on=st.booleans(), lives_ms=st.sampled_from([-1, 0, 1, 2, 100, 1_000, 86_400_000]), wait_ms=SPANS)
    def switch_late(self, channel, on, lives_ms, wait_ms):
        command = self.world.command(channel, on, lives_ms=lives_ms)
        self.world.advance(wait_ms)
        self.sent.append(self.world.hear(command))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def replay(self, data):
        self.world.hear(data.draw(st.sampled_from(self.sent[-6:])))

    @rule(channel=st.sampled_from(["button", "knob", "door"]), on=st.booleans())
    def press(self, channel, on):
        self.world.press(channel, on)

    @rule(channel=st.sampled_from(["button", "knob"]))
    def push(self, channel):
        self.world.press(channel, False)
        self.world.press(channel, True)

    @rule(channel=st.sampled_from(["nowhere", "door"]))
    def ask_for_what_is_no_output(self, channel):
        self.world.switch(channel, True)

    @rule(
        reason=st.sampled_from([Reason.RETAINED, Reason.BAD_SIGNATURE]), claimed=st.sampled_from([None, "f" * 32, "<script>" * 4])
    )
    def knock(self, reason, claimed):
        self.world.feed(CommandRefused(reason, claimed))

    # ---- time

    @rule(ms=SPANS)
    def wait(self, ms):
        self.world.advance(ms)

    @rule(hours=st.sampled_from([-1, 1, 24 * 365 * -80, 0]))
    def the_devices_system_clock_jumps(self, hours):
        self.world.system_skew_ms = hours * 3_600_000

    @rule(ms=st.sampled_from([-3_600_000, -10_000, 10_000, 3_600_000]))
    def the_servers_clock_jumps(self, ms):
        self.world.server.ahead_ms += ms

    # ---- the link

    @rule()
    def link_up(self):
        self.world.link_up()

    @rule()
    def link_down(self):
        self.world.link_down()

    @rule(deaf=st.booleans())
    def the_uplink_swallows(self, deaf):
        self.world.deaf = deaf

    @rule(held=st.booleans())
    def welcomes_take_their_time(self, held):
        self.world.welcomes_held = held

    @rule(held=st.booleans())
    def hellos_take_their_time(self, held):
        self.world.answers_held = held

    @rule(within_ms=st.sampled_from([0, 1_000, 60_000]))
    def call_the_roll(self, within_ms):
        self.world.deliver(Call(within_ms=within_ms))

    @precondition(lambda self: self.world.server.hellos)
    @rule(data=st.data(), ago_ms=st.sampled_from([0, 3_600_000]))
    def a_welcome_comes_late_or_from_elsewhere(self, data, ago_ms):
        hello = data.draw(st.sampled_from(self.world.server.hellos[-5:]))
        if hello.session == self.world.session:
            hello = hello.model_copy(update={"session": "f" * 16})
        self.world.deliver(self.world.server.welcome(hello, self.world.true_ms - ago_ms))

    # ---- what breaks

    @rule(after=st.integers(0, 8))
    def soon_killed(self, after):
        self.world.dies_after = after

    @rule(ms=st.sampled_from([0, 700, 30_000]), wiring=st.sampled_from(["same", "same", "same", "shed", "later"]))
    def restart(self, ms, wiring):
        self.world.restart(WIRINGS[wiring], after_ms=ms)

    @rule(ms=st.sampled_from([0, 60_000]), wiring=st.sampled_from(["same", "same", "later"]))
    def power_cut(self, ms, wiring):
        self.world.reboot(WIRINGS[wiring], off_for_ms=ms)

    @rule(after=st.integers(0, 10))
    def killed_while_starting(self, after):
        self.world.kill()
        self.world.dies_after = after
        self.world.start()

    @rule(fault=st.sampled_from([None, None, CardFault.FULL, CardFault.UNSURE]))
    def card(self, fault):
        self.world.card.fault = fault

    @rule(channel=CHANNELS, fault=st.sampled_from(PinFault))
    def a_pin_fails(self, channel, fault):
        self.world.pins[channel].fault = fault

    @rule(channel=CHANNELS)
    def a_pin_is_mended(self, channel):
        if self.world.pins[channel].fault is not None:
            self.world.mend(channel)

    @rule(journal=st.sampled_from([0, 0, 3, 1_500]), drive=st.sampled_from([0, 0, 2]))
    def slow_parts(self, journal, drive):
        self.world.journal_takes_ms, self.world.drive_takes_ms = journal, drive

    # ---- what must hold

    @invariant()
    def nothing_that_must_never_be(self):
        if hasattr(self, "checker"):
            self.checker.look()

    def teardown(self):
        if not hasattr(self, "checker"):
            return
        world = self.world
        world.dies_after = None
        world.deaf = world.welcomes_held = world.answers_held = False
        world.card.fault = None
        world.journal_takes_ms = world.drive_takes_ms = 0
        for channel, pin in world.pins.items():
            if pin.fault is not None:
                world.mend(channel)
        if not world.alive:
            world.start()
        for _ in range(5):
            world.link_up()
            world.advance(61_000)
        self.checker.settle()


AnyWeather.TestCase.settings = settings(
    max_examples=LONG or (60 if ONLY_FIND else 200),
    stateful_step_count=100 if LONG else 40,
    deadline=None,
    derandomize=not LONG,
    phases=[Phase.generate] if ONLY_FIND else tuple(Phase),
    suppress_health_check=list(HealthCheck),
)
TestAnyWeather = AnyWeather.TestCase
