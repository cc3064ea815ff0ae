"""Who knocks too often is counted: the trail's size has a bound, and its truth too."""

from server.audit import Entry, entry
from server.audit.flood import Flood


def knock(address: str = "192.0.2.1", actor: str = "anonymous") -> Entry:
    return entry(5_000, actor, "POST /login", address=address, status=401)


def counted(flood: Flood, now_ms: int = 60_000) -> dict[tuple[str, str | None], str]:
    return {(told.actor, told.address): told.facts for told in flood.counted(now_ms)}


def test_each_actor_at_each_address_is_let_through_so_often_a_minute():
    flood = Flood(each=2, most=100)
    admitted = [flood.admit(knock(address)) for address in ("a", "b") for _ in range(3)]
    assert admitted == [True, True, False] * 2
    assert flood.counted(5_001) == []
    assert counted(flood) == {("anonymous", "a"): '{"requests":1}', ("anonymous", "b"): '{"requests":1}'}
    assert flood.admit(knock("a"))
    assert counted(flood, 120_000) == {}


def test_a_thousand_addresses_are_let_through_no_more_often_than_all_may():
    flood = Flood(each=5, most=20)
    admitted = sum(flood.admit(knock(f"10.0.0.{number}")) for number in range(1000))
    told = counted(flood)
    assert admitted == 20
    assert len(told) == 6
    assert told["many", None] == '{"requests":975}'
