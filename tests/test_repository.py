"""What may stand in the repository, and what must."""

import ast
import re
import subprocess
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS_WITH_ADDRESSES = re.compile(r"(^|/)(uv\.lock|poetry\.lock|Pipfile\.lock|package-lock\.json|yarn\.lock|pnpm-lock\.yaml)$")
COPIED_CODE = re.compile(r"\.min\.(js|css)$|(^|/)(node_modules|vendor|third_party)/")
SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n|\$7\$\d+\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==|congtac_[0-9A-Za-z]{49}\b"
)
ADDRESS = re.compile(r"://|^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", re.MULTILINE)
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; .+)? \\$")
LOCKED = ("device", "demo", "dev")


def tracked() -> list[str]:
    """What git has; in a tree without git (a source archive), all files but those of environments and caches."""
    if (ROOT / ".git").exists():
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]
    files = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return [str(path) for path in files if not {".venv", "__pycache__", ".mypy_cache", ".ruff_cache"} & set(path.parts)]


def test_no_lock_file_with_addresses_and_no_copied_code_is_tracked():
    assert [name for name in tracked() if LOCKS_WITH_ADDRESSES.search(name) or COPIED_CODE.search(name)] == []


@pytest.mark.parametrize("name", ["uv.lock", "web/package-lock.json", "a/htmx.min.js", "node_modules/x/index.js"])
def test_what_must_not_be_tracked_is_recognised(name: str):
    assert LOCKS_WITH_ADDRESSES.search(name) or COPIED_CODE.search(name)


def test_no_private_key_no_password_entry_and_no_token_is_tracked():
    texts = {name: (ROOT / name).read_text("utf-8", errors="replace") for name in tracked()}
    assert [name for name, text in texts.items() if SECRETS.search(text)] == []


def test_a_private_key_a_password_entry_and_a_token_are_recognised():
    key = "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQ"
    entry = "bob:$7$1$" + "A" * 16 + "$" + "B" * 86 + "=="
    token = "congtac_" + "C" * 49
    assert all(SECRETS.search(text) for text in (key, entry, token))


@pytest.mark.parametrize("name", LOCKED)
def test_requirements_are_pinned_with_hashes_and_hold_no_address(name: str):
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert ADDRESS.search(text) is None
    first_lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert [line for line in first_lines if not PINNED.match(line)] == []
    assert len(first_lines) >= 10
    for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def extras_left_out(text: str) -> list[str]:
    """What a locked package asks of another with an extra that the other's own line does not name. Debian's pip does not take
    `b==1` for `b[x]>=1`, finds a newer b, and refuses it for want of a hash: an environment that could be made until b's next release.
    """
    locked = {Requirement(line.split(" ;")[0].rstrip("\\ ")) for line in re.findall(r"^\S+==.*$", text, flags=re.MULTILINE)}
    named = {canonicalize_name(it.name): it.extras for it in locked}
    asked = [
        (name, Requirement(line))
        for name, extras in named.items()
        for line in _requires(name)
        if _applies(Requirement(line), extras)
    ]
    return [f"{name} asks for {it}" for name, it in asked if it.extras - named.get(canonicalize_name(it.name), set())]


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # for another system than this one
        return []


def _applies(it: Requirement, extras: set[str]) -> bool:
    return it.marker is None or any(it.marker.evaluate({"extra": extra}) for extra in extras | {""})


@pytest.mark.parametrize("name", LOCKED)
def test_an_extra_that_a_locked_package_asks_for_is_locked_too(name: str):
    assert extras_left_out((ROOT / "requirements" / f"{name}.txt").read_text("utf-8")) == []


def test_an_extra_that_is_left_out_of_the_lock_is_recognised():
    (found,) = extras_left_out("coverage==7.17.3 \\\n    --hash=sha256:0\npytest-cov==7.1.0 \\\n")
    assert found.startswith("pytest-cov asks for coverage[toml]")


@pytest.mark.parametrize("line", ["--index-url x", "-f /opt/wheels", "--find-links=x", "foo @ https://example.org/foo.whl"])
def test_an_address_in_requirements_is_recognised(line: str):
    assert ADDRESS.search(f"a==1 \\\n{line}\n")


def test_the_devices_requirements_are_a_part_of_the_demos_and_those_of_the_developers():
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        return set(re.findall(r"^([a-z0-9._-]+==[^ ]+)", text, flags=re.MULTILINE))

    assert pins("device") < pins("demo") < pins("dev")


@pytest.mark.parametrize(
    "name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile", ".ci/run", ".editorconfig", "scripts/setup"]
)
def test_what_a_newcomer_looks_for_is_there(name: str):
    assert (ROOT / name).read_text("utf-8").strip()


def test_the_readme_is_short():
    readme = ROOT / "README.md"
    assert not readme.exists() or len(readme.read_text("utf-8").splitlines()) < 120


def test_the_licence_is_the_whole_of_apache_2():
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_package_says_what_it_is():
    packages = [Path(name) for name in tracked() if re.fullmatch(r"[a-z_]+/__init__\.py", name)]
    silent = [str(path) for path in packages if not ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))]
    assert len(packages) >= 6
    assert silent == ["tests/__init__.py"] or silent == []


@pytest.mark.parametrize("script", [".ci/run", "scripts/setup"])
def test_scripts_can_be_run_and_parse(script: str):
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    subprocess.run([path.read_text("utf-8").splitlines()[0].split("/")[-1].split()[-1], "-n", str(path)], check=True)


def test_every_target_of_the_makefile_is_in_its_help():
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE)
    assert phony
    shown = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [line.split()[1] for line in shown.splitlines()] == phony[1].split()
