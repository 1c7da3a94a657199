"""How a checkout gets its environment, and what is said where it can't."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

NEEDED = ("Makefile", "pyproject.toml", "requirements-tool.lock", "requirements.lock", "scripts/environment.sh")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout without an environment, holding what making one needs."""
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def make_commands(checkout: Path, recipe: str) -> str:
    """The commands that make would run."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", "--dry-run", recipe]
    return subprocess.run(command, cwd=checkout, env=clean, capture_output=True, text=True, check=True).stdout


def make_environment(checkout: Path, commands: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run environment.sh where each of `commands` is a shell script of the test's own."""
    folder = checkout / "commands"
    folder.mkdir()
    for name, script in commands.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHON": str(folder / "python3")}
    command = ["sh", "scripts/environment.sh", "runtime"]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_demo_installs_no_development_tools_when_the_checkout_is_fresh(checkout: Path) -> None:
    commands = make_commands(checkout, "demo")
    assert "scripts/environment.sh runtime" in commands
    assert "development" not in commands


def test_demo_keeps_development_tools_when_they_are_there(checkout: Path) -> None:
    (checkout / "requirements-dev.lock").touch()
    (checkout / ".venv").mkdir()
    (checkout / ".venv/.development").touch()
    os.utime(checkout / ".venv/.development", (0, 0))
    commands = make_commands(checkout, "demo")
    assert "scripts/environment.sh development" in commands


def test_environment_names_the_package_when_python_has_no_venv(checkout: Path) -> None:
    python = 'case "$2" in *ensurepip*) exit 1;; esac'
    answer = make_environment(checkout, {"id": "echo 1000", "python3": python})
    assert answer.returncode == 2
    assert "system packages `python3-venv`" in answer.stderr


def test_environment_names_the_package_when_apt_fails(checkout: Path) -> None:
    python = 'case "$2" in *ensurepip*) exit 1;; esac'
    answer = make_environment(checkout, {"id": "echo 0", "python3": python, "apt-get": "exit 100"})
    assert answer.returncode == 2
    assert "system packages `python3-venv`" in answer.stderr


def test_environment_names_the_version_when_python_is_too_old(checkout: Path) -> None:
    answer = make_environment(checkout, {"python3": 'case "$2" in *version_info*) exit 1;; esac'})
    assert answer.returncode == 2
    assert "Python 3.11" in answer.stderr


@pytest.mark.parametrize(
    ("there", "named"),
    [
        ((), "strace curl wrk default-jdk-headless chromium fuse"),
        (("curl", "strace", "wrk", "chromium", "fusermount"), "default-jdk-headless"),
        (("curl", "strace", "wrk", "java", "fusermount"), "chromium"),
        (("curl", "strace", "wrk", "java", "chromium"), "fuse"),
    ],
)
def test_environment_names_the_packages_when_programs_of_tests_are_missing(
    checkout: Path, there: tuple[str, ...], named: str
) -> None:
    folder = checkout / "commands"
    folder.mkdir()
    for name in ("dirname", *there):
        (folder / name).symlink_to(shutil.which("dirname") or "")
    (folder / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (folder / "id").chmod(0o755)
    command = ["/bin/sh", "scripts/environment.sh", "development"]
    environment = {"PATH": str(folder), "PYTHON": "python3"}
    answer = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert f"system packages `{named}`:" in answer.stderr
