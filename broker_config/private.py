"""A mosquitto of our own, as a child process: for the demo, the tests and a server on one machine."""

import asyncio
import logging
import os
import pwd
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from broker_config.acl import SERVER_USER, access_list
from broker_config.credentials import Credentials
from broker_config.errors import BrokerNotStarted, BrokerStopped, FolderNotWritable
from broker_config.mosquitto import BrokerSettings, Listener, render
from broker_config.ports import free_port, require_free
from broker_config.probe import speaks_mqtt
from broker_config.program import command_line

_log = logging.getLogger("congtac.broker")

START_WITHIN_S: Final = 10.0
STOP_WITHIN_S: Final = 5.0
RELOAD_WITHIN_S: Final = 10.0
_PORT_TRIES: Final = 5
_LOST_THE_PORT: Final = "Address already in use"
_ANSWER_WITHIN_S: Final = 0.5
_ASK_EVERY_S: Final = 0.02
_OLD_LOG_BYTES: Final = 1_000_000


class PrivateBroker:
    """mosquitto on a loopback port, with everything it needs in one folder; root is not needed.

    Its accounts are in `credentials` (change them, then `reload()`), what it says in `log_file`, its process id in `pid_file`. It
    keeps its port when it is started again. Where util-linux's `setpriv` is present it dies with the thread that started it, by
    SIGKILL too: start it from the main thread. All methods belong to one event loop.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        server_users: Iterable[str] = (SERVER_USER,),
        more_listeners: tuple[Listener, ...] = (),
    ) -> None:
        self.folder = folder.absolute()
        self.host = host
        self.credentials = Credentials(self.folder / "passwords")
        self.log_file = self.folder / "mosquitto.log"
        self.pid_file = self.folder / "mosquitto.pid"
        self._port = port
        self._server_users = tuple(server_users)
        self._more_listeners = more_listeners
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def port(self) -> int:
        """Where it listens. Before the first start: as asked for, 0 for any free one."""
        return self._port

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process id. Raises BrokerStopped when it does not run."""
        return self._living().pid

    async def start(self) -> None:
        """Return when it accepts MQTT. Does nothing when it runs.

        Raises MosquittoMissing, PortInUse, FolderNotWritable, BrokerNotStarted (within START_WITHIN_S), ValueError for a host
        that is not loopback, OSError for an address or a port that is not ours to use.
        """
        if self.running:
            return
        program = command_line()
        for tries_left in reversed(range(_PORT_TRIES)):
            port = self._port or free_port(self.host)
            require_free(self.host, port)
            configuration = self._write_files(port)
            try:
                await self._launch([*program, "-c", str(configuration)], port)
            except BrokerNotStarted as error:
                if not (_LOST_THE_PORT in error.last_words and tries_left):
                    raise
            else:
                self._port = port
                _log.info("mosquitto %d listens on %s port %d", self.pid, self.host, port)
                return

    async def reload(self) -> None:
        """Make it read the accounts again; on return they hold. Sessions of removed users have ended, others have not noticed.

        Raises BrokerStopped when it does not run, TimeoutError when it does not answer within RELOAD_WITHIN_S.
        """
        self._living().send_signal(signal.SIGHUP)
        # mosquitto has one thread and reloads at the end of the round in which the signal reaches it. A connection made after
        # the signal is accepted in that round at the earliest, so its CONNECT is answered by the accounts as they are now.
        if not await speaks_mqtt(self.host, self._port, RELOAD_WITHIN_S):
            self._living()
            raise TimeoutError(f"mosquitto did not answer within {RELOAD_WITHIN_S:.0f} s of a reload")

    async def stop(self) -> None:
        """End it politely, so that it saves what it retains; by force after STOP_WITHIN_S. Does nothing when it does not run."""
        if self._process is None or not self.running:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            _log.warning("mosquitto did not stop within %.0f s and was killed", STOP_WITHIN_S)
            await self.kill()

    async def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would: nothing is saved. Does nothing when it does not run."""
        if self._process is None or not self.running:
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def wait(self) -> int:
        """Return its exit code when it has ended. Raises BrokerStopped when it was never started."""
        if self._process is None:
            raise BrokerStopped(None)
        return await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    def _living(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            raise BrokerStopped(None if self._process is None else self._process.returncode)
        return self._process

    async def _launch(self, command: list[str], port: int) -> None:
        with self.log_file.open("ab") as log:
            self._log_start = log.tell()
            # A session of its own: Ctrl-C in the terminal is for the parent, which stops its broker last.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        try:
            await self._until_it_answers(port)
        except BaseException:
            await self.kill()
            raise

    async def _until_it_answers(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_WITHIN_S
        while not await speaks_mqtt(self.host, port, _ANSWER_WITHIN_S):
            if not self.running:
                raise BrokerNotStarted("it ended at once", self._last_words())
            if loop.time() > deadline:
                raise BrokerNotStarted(f"it did not answer within {START_WITHIN_S:.0f} s", self._last_words())
            await asyncio.sleep(_ASK_EVERY_S)

    def _last_words(self) -> str:
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return " | ".join(log.read().decode(errors="replace").splitlines()[-3:])

    def _write_files(self, port: int) -> Path:
        settings = BrokerSettings(
            host=self.host,
            port=port,
            data_dir=self.folder / "data",
            password_file=self.credentials.path,
            acl_file=self.folder / "acl",
            # Root stays root: a change of user would take away the signal at the parent's death, and the files.
            user=pwd.getpwuid(0).pw_name if os.geteuid() == 0 else None,
            more_listeners=self._more_listeners,
            pid_file=self.pid_file,
        )
        configuration = self.folder / "mosquitto.conf"
        text = render(settings)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            settings.data_dir.mkdir(mode=0o700, exist_ok=True)
            settings.acl_file.write_text(access_list(self._server_users), "utf-8")
            settings.password_file.touch(mode=0o600)
            configuration.write_text(text, "utf-8")
            self._set_old_log_aside()
        except OSError as error:
            raise FolderNotWritable(self.folder, error.strerror or str(error)) from error
        return configuration

    def _set_old_log_aside(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > _OLD_LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.old"))
        self.log_file.touch(mode=0o600)
