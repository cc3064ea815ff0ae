"""What the tests of the desk ask of it, and what is then on disk."""

from server.commands.record import CommandRecord
from server.commands.search import find_command
from server.commands.wish import Actor, Wish
from tests.server.board import Puppet, Stage

LAN = Actor("lan", "Lan")


def wish(puppet: Puppet, on: bool = True, **more) -> Wish:
    return Wish(puppet.id, "may-bom", on, **more)


async def kept(there: Stage, command_id: str):
    await there.settle()
    async with there.database.read() as session:
        return await find_command(session, command_id)


async def unanswered(there: Stage, puppet: Puppet) -> CommandRecord:
    """A command whose time, and some more for an answer, is over without a word."""
    command = await there.board.desk.issue(LAN, wish(puppet))
    there.clock.ms += 15_000
    there.board.desk._due(command.id)
    return command
