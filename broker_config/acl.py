"""Who may say what to whom, as mosquitto's access list, made from the protocol's topics and nothing else."""

from collections.abc import Iterable
from typing import Final

from protocol import topics

SERVER_USER: Final = "server"


def access_list(server_users: Iterable[str] = (SERVER_USER,)) -> str:
    """The text of mosquitto's `acl_file`: each server user has all of the protocol's topics, a device only its own.

    `%u` is the user name a device signs in with, which is its id. mosquitto cannot compute the partition from it, so that
    level is `+`: a device may write below its own id in a partition that is not its own, where `topics.parse` refuses it.
    What no line grants is denied, `$SYS` included.
    """
    everything = f"{topics.ROOT}/{topics.VERSION}"
    lines = ["# Made by broker_config.acl from protocol.topics: changes made here are lost."]
    for user in server_users:
        lines += ["", f"user {user}", f"topic readwrite {everything}/#"]
    lines += ["", "# Every device, by its user name."]
    lines += [f"pattern write {everything}/+/%u/up/#", f"pattern read {everything}/+/%u/down/#"]
    return "\n".join(lines) + "\n"
