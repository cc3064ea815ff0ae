"""Threads for strangers' servers: few for one person, bounded for all, and never those of the rest of the server."""

import asyncio
import os
import threading
from contextlib import AsyncExitStack

import pytest

from server.notify.aside import AllBusy, Aside
from server.notify.messengers import Messengers
from server.notify.outcome import Outcome
from server.notify.places import Places
from tests.server.notify.services import endless_mail_server
from tests.server.notify.test_push import SAID
from tests.waiting import until


async def test_what_a_call_gives_or_raises_comes_back():
    def fails() -> None:
        raise ValueError("no")

    aside = Aside("of the test")
    assert await aside.call(lambda: 7, "lan") == 7
    with pytest.raises(ValueError, match="no"):
        await aside.call(fails, "lan")


@pytest.mark.parametrize(("whose", "free"), [(("lan", "lan"), "minh"), (("lan", "minh", "hoa"), None)])
async def test_one_person_holds_few_threads_and_all_together_no_more_than_the_bound(whose: tuple[str, ...], free: str | None):
    aside = Aside("of the test", most=3, most_for_one=2)
    go_on = threading.Event()
    held = [asyncio.ensure_future(aside.call(go_on.wait, each)) for each in whose]
    await asyncio.sleep(0)
    try:
        with pytest.raises(AllBusy):
            await aside.call(lambda: 7, "lan")
        if free is not None:
            assert await aside.call(lambda: 7, free) == 7
    finally:
        go_on.set()
    assert all(await asyncio.gather(*held))
    assert await aside.call(lambda: 7, "lan") == 7


async def test_a_call_that_nobody_waits_for_any_more_keeps_its_place_until_it_ends():
    aside = Aside("of the test", most=1)
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(aside.call(go_on.wait, "lan"), 0.01)
    with pytest.raises(AllBusy):
        await aside.call(lambda: 7, "lan")
    go_on.set()
    await until(lambda: not aside.busy)
    assert await aside.call(lambda: 7, "lan") == 7


async def test_mail_servers_that_never_end_their_answer_keep_nobody_from_signing_in():
    """Checking passwords and reaching the broker need threads of the loop's own."""
    address = "mailto://127.0.0.1:{}?to=lan@example.org&from=a@b.org&mode=insecure"
    messengers = Messengers(Places(private=True))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(endless_mail_server())
        sending = [
            asyncio.ensure_future(messengers.send(address.format(server.port), SAID, f"person {number}"))
            for number in range((os.cpu_count() or 1) + 4)
        ]
        await until(lambda: server.callers >= len(sending))
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "a password"), 5) == "a password"
    assert set(await asyncio.gather(*sending)) <= {Outcome.FAILED, Outcome.UNSURE}
