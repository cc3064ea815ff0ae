"""Imports run one way only, and the device's core touches nothing of the world."""

import ast
from pathlib import Path

import pytest

from tests.device.core_modules import PURE, source_of
from tests.imports import imports

ROOT = Path(__file__).parents[1]
PARTS = {"protocol", "broker_config", "device", "server", "firmware_sim", "congtac"}
MAY_IMPORT = {
    "protocol": set(),
    "broker_config": {"protocol"},
    "device": {"protocol"},
    "server": {"protocol", "broker_config"},
    "firmware_sim": PARTS - {"congtac"},
    "congtac": PARTS,
}
ONLY_LAZILY = {"congtac"}

IMPURE_MODULES = {
    *("paho", "gpiozero", "lgpio", "sqlite3", "asyncio", "threading", "subprocess", "socket", "selectors"),
    *("time", "random", "secrets", "os", "pathlib", "logging", "server", "firmware_sim"),
}
IMPURE_CALLS = {"now", "utcnow", "today", "monotonic", "perf_counter", "sleep", "open", "print", "input", "uuid4", "uuid1"}


def wrong_imports(source: str, module: str) -> list[str]:
    """What this module must not import, one line each."""
    part = module.partition(".")[0]
    found = []
    for each in imports(source, module):
        if each.top not in PARTS or each.top == part:
            continue
        if each.top not in MAY_IMPORT[part]:
            found.append(f"{module}:{each.line} imports {each.name}, and {part} may not import {each.top}")
        elif part in ONLY_LAZILY and not each.lazy:
            found.append(f"{module}:{each.line} imports {each.name} outside a function")
    return found


def impurities(source: str, module: str) -> list[str]:
    """What a pure module must not import or call, one line each."""
    found = [f"{module}:{each.line} imports {each.name}" for each in imports(source, module) if each.top in IMPURE_MODULES]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in IMPURE_CALLS:
                found.append(f"{module}:{node.lineno} calls {called}")
    return found


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("part", sorted(PARTS))
def test_imports_run_one_way_only(part: str):
    sources = sorted((ROOT / part).rglob("*.py"))
    assert sources, f"{part} has no source: the rule would hold for nothing"
    assert [line for path in sources for line in wrong_imports(path.read_text("utf-8"), module_name(path))] == []


def test_the_devices_core_knows_nothing_of_the_world():
    sources = [source_of(module) for module in PURE]
    assert [line for path in sources for line in impurities(path.read_text("utf-8"), module_name(path))] == []


def test_no_module_stands_outside_the_parts():
    assert [path.name for path in ROOT.glob("*.py")] == []


BROKEN = [
    ("protocol.topics", "import server"),
    ("protocol.topics", "from device.core import Core"),
    ("protocol.topics", "def f():\n    import broker_config"),
    ("broker_config.acl", "from server import app"),
    ("device.core", "import broker_config.acl"),
    ("device.agent", "if True:\n    from server.db import engine"),
    ("server.app", "from device import core"),
    ("server.web.pages", "from ...device import core"),
    ("server.app", "import importlib\nimportlib.import_module('firmware_sim.demo')"),
    ("server.app", "try:\n    import device\nexcept ImportError:\n    device = None"),
    ("firmware_sim.demo", "import congtac"),
    ("congtac.cli", "import server"),
    ("congtac.cli", "class Cli:\n    from device import cli"),
]
SOUND = [
    ("protocol.topics", "import json\nfrom protocol.errors import ProtocolError\nfrom . import ids"),
    ("broker_config.acl", "from protocol import topics"),
    ("server.app", "import broker_config\nfrom protocol import topics\nimport devices"),
    ("server.devices.routes", "from ..devices import models"),
    ("firmware_sim.demo", "import server, device, broker_config, protocol"),
    ("congtac.cli", "def demo():\n    from firmware_sim import demo\nasync def serve():\n    import server"),
]


@pytest.mark.parametrize(("module", "source"), BROKEN)
def test_an_import_the_wrong_way_is_seen(module: str, source: str):
    assert len(wrong_imports(source, module)) == 1


@pytest.mark.parametrize(("module", "source"), SOUND)
def test_an_import_the_right_way_is_let_be(module: str, source: str):
    assert wrong_imports(source, module) == []


@pytest.mark.parametrize(
    "source",
    [
        *(
            "import paho.mqtt.client",
            "from gpiozero import LED",
            "import sqlite3",
            "import asyncio",
            "import time",
            "import random",
        ),
        *(
            "from datetime import datetime\ndatetime.now()",
            "import datetime as d\nd.datetime.utcnow()",
            "def f():\n    import time",
        ),
        *("from datetime import date\ndate.today()", "open('journal')", "import logging"),
    ],
)
def test_a_core_that_touches_the_world_is_seen(source: str):
    assert len(impurities(source, "device.core")) == 1


def test_a_pure_core_is_let_be():
    source = "from dataclasses import dataclass\nfrom datetime import timedelta\nfrom protocol import messages\nx = timedelta(seconds=1)"
    assert impurities(source, "device.core") == []
