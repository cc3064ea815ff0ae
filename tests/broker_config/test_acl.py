from broker_config import access_list
from protocol import topics


def rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_server_has_everything_and_a_device_writes_up_and_reads_down():
    base = f"{topics.ROOT}/{topics.VERSION}"
    assert rules(access_list()) == [
        "user server",
        f"topic readwrite {base}/#",
        f"pattern write {base}/+/%u/up/#",
        f"pattern read {base}/+/%u/down/#",
    ]


def test_every_server_user_has_the_same_rights():
    text = access_list(["server", "bench"])
    assert rules(text)[:4] == ["user server", "topic readwrite congtac/1/#", "user bench", "topic readwrite congtac/1/#"]


def test_every_topic_of_the_protocol_is_under_one_of_the_two_patterns():
    assert {topic.path.partition("/")[0] for topic in topics.Topic} == {"up", "down"}
