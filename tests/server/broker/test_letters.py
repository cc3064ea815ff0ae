"""A command is signed while the disk is waited for, and with the key that its device trusts when it is sent."""

import pytest

from protocol.messages import Command
from protocol.signing import SigningKey, Verifier
from server.broker.downlink import Letter
from server.broker.key_ring import KeyRing
from server.commands.desk import Desk
from tests.server.board import KEY, stage
from tests.server.commands.asking import LAN, kept, wish

NEW = SigningKey.generate()


async def test_a_command_is_signed_before_it_is_on_disk_and_once(tmp_path, monkeypatch: pytest.MonkeyPatch):
    steps = []
    sign, accepted = SigningKey.sign, Desk._accepted

    def noted_sign(key, message):
        if isinstance(message, Command):
            steps.append("signed")
        return sign(key, message)

    def noted_accepted(desk, command, letter):
        steps.append("on disk")
        accepted(desk, command, letter)

    monkeypatch.setattr(SigningKey, "sign", noted_sign)
    monkeypatch.setattr(Desk, "_accepted", noted_accepted)
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await there.board.desk.issue(LAN, wish(puppet))
        assert steps == ["signed", "on disk"]
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_a_command_that_waits_for_its_device_is_signed_when_it_comes(tmp_path, monkeypatch: pytest.MonkeyPatch):
    signed = []
    sign = SigningKey.sign
    monkeypatch.setattr(SigningKey, "sign", lambda key, message: (signed.append(message.TOPIC), sign(key, message))[1])
    async with stage(tmp_path) as there:
        puppet = await there.device(online=False)
        puppet.about()
        command = await there.board.desk.issue(LAN, wish(puppet, when_online=True))
        await there.settle()
        assert Command.TOPIC not in signed
        puppet.hello()
        assert [sent.jti for sent in there.link.commands(puppet.id)] == [command.id]


async def test_a_key_that_is_replaced_while_the_disk_is_waited_for_signs_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch):
    accepted = Desk._accepted
    async with stage(tmp_path) as there:
        puppet = await there.device()

        def replaced_meanwhile(desk, command, letter):
            there.board.downlink.ring = KeyRing((NEW,), 1)
            accepted(desk, command, letter)

        monkeypatch.setattr(Desk, "_accepted", replaced_meanwhile)
        command = await there.board.desk.issue(LAN, wish(puppet))
        (sent,) = [said.payload for said in there.link.said if said.topic is Command.TOPIC]
        assert Verifier((NEW.public,), puppet.id).read(Command, sent).jti == command.id


async def test_a_letter_is_the_command_whoever_signs_it(tmp_path):
    async with stage(tmp_path) as there:
        puppet = await there.device()
        command = await kept(there, (await there.board.desk.issue(LAN, wish(puppet, for_s=600))).id)
        letter = Letter(command)
        read = [Verifier((key.public,), puppet.id).read(Command, letter.signed_by(key)) for key in (KEY, NEW, KEY)]
        assert read[0] == read[1] == read[2]
        assert (read[0].iat_ms, read[0].exp_ms, read[0].for_s) == (command.created_ms, command.expires_ms, 600)
