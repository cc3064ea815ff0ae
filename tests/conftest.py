"""For all tests: what lives on after a test fails it, and a missing component is a skip here and a failure in CI."""

from hypothesis import settings

from tests.components import pytest_make_collect_report, pytest_runtest_makereport, require
from tests.leaks import no_leaks, watched_event_loops

__all__ = ["no_leaks", "pytest_make_collect_report", "pytest_runtest_makereport", "require", "watched_event_loops"]

settings.register_profile("congtac", deadline=None)  # a time limit for each example fails on a busy machine, and proves nothing
settings.load_profile("congtac")
