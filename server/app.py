"""The application, put together: importing does nothing, `create_app` builds routes, the lifespan opens and owns everything else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

import server.web
from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.accounts.passkeys.passkeys import Passkeys
from server.accounts.passkeys.place import Place, place_of
from server.accounts.passwords import Passwords
from server.accounts.throttle import Throttle
from server.audit import SERVER, Trail, entry
from server.audit.key import Head, audit_key
from server.broker.key_ring import key_ring
from server.broker.key_watch import KeyWatch
from server.clock import now_ms
from server.db import Database
from server.devices.management import Management
from server.devices.papers import own_tls
from server.doors import SECTIONS, open_doors
from server.first_start import first_start
from server.front import Front
from server.health import Checks, database_check, schema_check
from server.history.retention import Retention
from server.http import install_problems, surround
from server.limits import Limits as CallerLimits
from server.notify.opening import opened_notices
from server.notify.routes import shown as shown_notices
from server.opening import opened_database
from server.personal.erasure import Erasure
from server.routes import routes
from server.schedules import Schedules
from server.settings import Settings
from server.sites import Sites
from server.switchboard import Switchboard, link_settings


def create_app(settings: Settings) -> FastAPI:
    """The server's ASGI application. Its state, while its lifespan lasts:

    `settings`, `database`, `accounts`, `passwords`, `passkeys`, `throttle`, `sites`,
    `invitations`, `guests`, `schedules`, `checks`, `pages`; `stopping`, an Event that open streams watch;
    `first_link`, the token of the owner's first sign-in link, on the first start only.
    """
    app = FastAPI(
        title="Congtac",
        version=version("congtac"),
        description="Switch real things, and be told the truth about what happened.",
        docs_url=None,
        redoc_url=None,
        lifespan=_life,
        routes=list(routes()),
    )
    app.state.settings = settings
    app.state.pages = server.web
    app.state.limits = CallerLimits(
        commands=settings.commands_per_minute,
        guest_commands=settings.guest_commands_per_minute,
        streams=settings.live_streams,
        guest_streams=settings.guest_live_streams,
    )
    app.state.site_sections = SECTIONS
    app.state.notices_shown = shown_notices
    app.state.stopping = asyncio.Event()
    install_problems(app)
    surround(app, address=settings.address, body_limit_bytes=settings.body_limit_bytes, other_hosts=settings.further_hosts)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """One group owns every task: when one of them fails, the server ends, loudly."""
    settings: Settings = app.state.settings
    server.web.prepare()
    async with opened_database(settings) as database, asyncio.TaskGroup() as tasks:
        tasks.create_task(database.writer.serve(), name="database writer")
        try:
            board = await _open_parts(app, settings, database)
            running = (
                tasks.create_task(board.run(), name="switchboard"),
                tasks.create_task(
                    Retention(database, now_ms, settings.history_days, settings.readings_days).run(), name="retention"
                ),
                tasks.create_task(KeyWatch(settings.data_dir, board.keys_changed).run(), name="key watch"),
                tasks.create_task(app.state.trail.run(), name="audit trail"),
                tasks.create_task(app.state.notices.run(), name="notices"),
            )
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
        finally:
            app.state.stopping.set()
            database.writer.stop()


async def _open_parts(app: FastAPI, settings: Settings, database: Database) -> Switchboard:
    """Where the parts meet. What needs a task of its own is started in `_life`."""
    state = app.state
    limits = Limits(settings.link_valid_s, settings.session_idle_s, settings.session_absolute_s, settings.proof_valid_s)
    state.database = database
    state.accounts = Accounts(database, limits)
    state.throttle = Throttle(database, now_ms)
    state.passwords = Passwords(database, state.accounts, state.throttle)
    place = place_of(settings)
    state.passkeys = Passkeys(database, state.accounts, place) if isinstance(place, Place) else None
    state.passkeys_at = place.origin if isinstance(place, Place) else ""
    state.sites = Sites(database)
    state.sites.on_member_change.append(state.accounts.forget)
    state.trail = Trail(database, audit_key(settings.data_dir), Head(settings.data_dir), now_ms, settings.history_days)
    await state.trail.open()
    state.trail.record(entry(now_ms(), SERVER, "start", facts={"version": app.version}))
    state.checks = Checks(now_ms)
    state.checks.add("database", database_check(database, now_ms))
    state.checks.add("schema", schema_check(database))
    state.first_link = await first_start(settings, database, state.accounts, state.sites)
    state.switchboard = board = await _open_switchboard(settings, database)
    state.erasure = Erasure(database, state.accounts, state.sites, board)
    state.checks.add("broker", board.check_link)
    board.ingest.on_refused.append(partial(_record_refused, state.trail, board))
    state.notices = await opened_notices(settings, database, board, now_ms)
    state.devices = Management(database, settings, board)
    state.schedules = Schedules(database)
    state.web = Front(board)
    await open_doors(state, database, board)
    return board


def _record_refused(trail: Trail, board: Switchboard, device_id: str | None, reason: str) -> None:
    """A device said what cannot be: those who own its site read of it, each time or, where it is often, how often."""
    device = board.registry.get(device_id) if device_id else None
    who, site_id = f"device:{device_id or 'unknown'}", device.site_id if device else None
    facts = {"device_id": device_id} if device else {}
    trail.record(entry(now_ms(), who, "message", status=400, reason=reason, site_id=site_id, facts=facts), soon=False)


async def _open_switchboard(settings: Settings, database: Database) -> Switchboard:
    secret = settings.broker_secret.get_secret_value() if settings.broker_secret else ""
    board = Switchboard(
        database,
        key_ring(settings.data_dir),
        link_settings(settings.broker_host, settings.broker_port, settings.broker_user, secret, own_tls(settings)),
        now_ms,
        ttl_s=settings.command_ttl_s,
        grace_s=settings.unconfirmed_grace_s,
    )
    await board.load()
    return board
