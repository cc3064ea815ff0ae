"""Commands over HTTP: asking, looking, taking back."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic_core import to_json

from server.accounts import Principal, Visiting, require_visitor
from server.audit import note
from server.commands.issuing import issue as issue_command
from server.commands.reading import DOCUMENTED, Asked, read_request
from server.commands.record import CommandRecord, Fate
from server.commands.schemas import LONGEST_NOW_S, CommandOut, CommandPage
from server.commands.search import Search, find_command, find_commands
from server.commands.wish import Wish
from server.devices.access import device_to_command, visible_device_ids
from server.errors import Problem
from server.limits import limits_of
from server.live.views import command_view
from server.switchboard import Switchboard, switchboard

router = APIRouter()

ISSUE: Final = "/api/v1/devices/{device_id}/channels/{channel}/commands"
ID_PATTERN: Final = r"^[0-9a-f]{1,32}$"

Millis = Annotated[int | None, Query(ge=0, lt=2**53)]


@router.post(
    ISSUE,
    responses={
        200: {"model": CommandOut, "description": "Settled"},
        202: {"model": CommandOut, "description": "Accepted and not yet settled: see `Location`"},
    },
    openapi_extra=DOCUMENTED,
    tags=["commands"],
)
async def issue(request: Request) -> Response:
    """Switch a channel. 200 with the settled command if it settles within `Prefer: wait=N` seconds, else 202 and where to look."""
    principal = await require_visitor(request)
    asked = await read_request(request)
    device_id, channel = request.path_params["device_id"], request.path_params["channel"]
    board = switchboard(request)
    device_to_command(board.registry, principal, device_id, channel)
    limits_of(request).command(principal.actor, guest=principal.guest is not None)
    command = await issue_command(board, principal, _wish(device_id, channel, asked))
    note(request, command=command.id, on=command.on)
    if asked.wait_s:
        command = await board.desk.settled(command, asked.wait_s)
    headers = {"Location": f"/api/v1/commands/{command.id}"} if command.is_under_way else {}
    return Response(to_json(command_view(command)), 202 if headers else 200, headers, "application/json")


def _wish(device_id: str, channel: str, asked: Asked) -> Wish:
    wish = asked.wish
    when_online = wish.deliver == "when_online"
    if not when_online and (wish.expires_in_s or 0) > LONGEST_NOW_S:
        raise Problem(422, "not_valid", "Not valid", f"expires_in_s: at most {LONGEST_NOW_S} unless deliver is when_online")
    return Wish(
        device_id=device_id,
        channel=channel,
        on=wish.on,
        for_s=wish.for_s,
        expires_in_s=wish.expires_in_s,
        when_online=when_online,
        idempotency_key=asked.idempotency_key,
    )


@router.get("/api/v1/commands/{command_id}", response_model=CommandOut, tags=["commands"])
async def show(command_id: str, principal: Visiting, request: Request) -> Any:
    """One command with its steps."""
    return command_view(await _visible(switchboard(request), principal, command_id))


@router.post("/api/v1/commands/{command_id}/cancel", response_model=CommandOut, tags=["commands"])
async def cancel(command_id: str, principal: Visiting, request: Request) -> Any:
    """Take back a command that still waits for its device. One that has left the server is answered with 409."""
    board = switchboard(request)
    command = await _visible(board, principal, command_id)
    device_to_command(board.registry, principal, command.device_id, command.channel)
    after = await board.desk.cancel(command_id) or command
    if after.fate is not Fate.CANCELLED:
        raise Problem(409, "too_late", "Too late to take back", f"The command is {after.fate} by now.")
    return command_view(after)


@router.get("/api/v1/commands", response_model=CommandPage, tags=["commands"])
async def listing(
    principal: Visiting,
    request: Request,
    device: Annotated[str | None, Query(max_length=16)] = None,
    channel: Annotated[str | None, Query(max_length=32)] = None,
    fate: Fate | None = None,
    actor_id: Annotated[str | None, Query(max_length=40)] = None,
    since_ms: Millis = None,
    until_ms: Millis = None,
    before: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """Commands, newest first, of all devices that the caller may see; a guest sees those of the own link."""
    board = switchboard(request)
    devices = visible_device_ids(board.registry, principal, device)
    if principal.guest is not None:
        devices = devices if actor_id in (None, principal.actor) else []
        actor_id = principal.actor
    search = Search(devices, channel, fate, actor_id, since_ms, until_ms, before)
    async with board.database.read() as session:
        found = await find_commands(session, search, limit + 1)
    page = found[:limit]
    return {
        # what is still open is shown as it stands in memory, a moment ahead of the disk
        "commands": [command_view(board.desk.get(command.id) or command) for command in page],
        "before": page[-1].id if len(found) > limit else None,
    }


async def _visible(board: Switchboard, principal: Principal, command_id: str) -> CommandRecord:
    command = board.desk.get(command_id)
    if command is None:
        async with board.database.read() as session:
            command = await find_command(session, command_id)
    device = board.registry.get(command.device_id) if command else None
    if command is None or device is None or not _sees(principal, device.site_id, command):
        raise Problem(404, "unknown_command", "There is no such command", None)
    return command


def _sees(principal: Principal, site_id: str, command: CommandRecord) -> bool:
    """Members see every command of the site, guests their own."""
    return command.actor_id == principal.actor if principal.guest is not None else principal.may_see(site_id)
