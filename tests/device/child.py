"""Doing something in a process that may be killed, limited or without rights."""

import os
import signal
import sys
import traceback
from collections.abc import Callable


def in_child(act: Callable[[], object]) -> int:
    """Do it in a forked process: 0 when it returned, 1 when it raised (its traceback is on stderr), -9 when it was killed."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            act()
            code = 0
        except BaseException:  # noqa: BLE001 (whatever it is, this process must end here and not go on as a second pytest)
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def die() -> None:
    """As kill -9 would have it: nothing is flushed, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)
