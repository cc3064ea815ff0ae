"""The tests that tell the core's rules one by one reach every line and every branch of it; what Hypothesis finds is not counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.device.core_modules import PURE, ROOT, STORIES, UNITS, files_of_tests, source_of


def test_every_branch_of_the_core_is_taken_by_a_test_that_names_its_rule(tmp_path: Path):
    report = tmp_path / "coverage.json"
    options = ("-q", "-p", "no:cacheprovider", "--cov=device", "--cov-branch", f"--cov-report=json:{report}")
    measured = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files_of_tests(*UNITS, *STORIES)],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert measured.returncode == 0, measured.stdout[-4000:] + measured.stderr[-2000:]
    files = json.loads(report.read_text("utf-8"))["files"]
    missed = {
        module: (found["missing_lines"], found["missing_branches"])
        for module in PURE
        if (found := files[str(source_of(module).relative_to(ROOT))])["missing_lines"] or found["missing_branches"]
    }
    assert missed == {}
    assert sum(files[f"device/{module}.py"]["summary"]["num_branches"] for module in PURE) > 100  # it did measure branches
