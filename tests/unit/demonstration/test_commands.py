"""Each command that `portal demo` prints is run as it stands, in another process, and answers as printed."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

PORTAL = Path(sys.executable).parent / "portal"
LAST_LINES = {"en_US.UTF-8": "Ctrl-C stops it.\n", "zh_CN.UTF-8": "按 Ctrl-C 停止。\n"}
NAMES = ["public", "pension-check", "district-relief", "tax-registration", "linked-places", "school-enrolment"]


@dataclass(frozen=True, slots=True)
class Printed:
    """A numbered part of what was printed: two commands and the answer to expect."""

    curl: str
    query: str
    answer: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A running `portal demo`: where, what it printed, and after how many seconds of its processor."""

    folder: Path
    text: str
    seconds: float

    @property
    def parts(self) -> dict[str, Printed]:
        numbered = re.split(r"^\d  ", self.text, flags=re.MULTILINE)[1:]
        return dict(zip(NAMES, map(read_part, numbered), strict=True))

    @property
    def explanations(self) -> list[str]:
        return commands(self.text, f"{PORTAL} explain")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a printed command after the printed preparation, in a shell that knows nothing else of the portal."""
        preparation = [line.strip() for line in self.text.splitlines() if re.match("   (cd|export) ", line)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        script = "\n".join([*preparation, command])
        return subprocess.run(
            ["bash", "-c", script], env=environment, cwd="/", capture_output=True, text=True, timeout=60, check=False
        )


def read_part(text: str) -> Printed:
    answer = re.split(r"^   (?:Answer|应答)[^\n]*\n", text, flags=re.MULTILINE)[1].split("\n\n")[0]
    (curl,) = commands(text, "curl")
    (query,) = commands(text, f"{PORTAL} query")
    return Printed(curl, query, json.loads(answer))


def commands(text: str, beginning: str) -> list[str]:
    """Return the commands that begin so, each with the lines that continue it."""
    return re.findall(rf"^   ({re.escape(beginning)} (?:.*\\\n)*.*)$", text, re.MULTILINE)


@contextmanager
def running(folder: Path, language: str = "en_US.UTF-8") -> Iterator[Demonstration]:
    """Run `portal demo` in a folder, its portal in `a home`; afterwards it has to have stopped as asked."""
    environment = {**os.environ, "LC_ALL": language, "PORTAL_HOME": "a home", "PYTHONUTF8": "1"}
    with subprocess.Popen(
        [PORTAL, "demo"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line == LAST_LINES[language]:
                break
        else:
            pytest.fail(process.stderr.read())
        try:
            yield Demonstration(folder, "".join(lines), processor_seconds(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            _, complaints = process.communicate(timeout=30)
        assert (process.returncode, complaints) == (0, "")


def processor_seconds(process_id: int) -> float:
    """Return the processor time of a process: unlike the clock's, it doesn't depend on what else runs (proc(5))."""
    after_name = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    with running(tmp_path_factory.mktemp("a demonstration")) as found:
        yield found


def assert_as_printed(answer: object, printed: Mapping[str, object]) -> None:
    assert isinstance(answer, dict)
    expected = dict(printed)
    errors = expected.pop("errors", [])
    assert {name: value for name, value in answer.items() if name != "errors"} == expected
    assert isinstance(errors, list)
    found = answer.get("errors", [])
    assert [{name: error[name] for name in ("path", "extensions")} for error in found] == errors
    assert all(error["message"] for error in found)


def test_demo_serves_within_half_a_minute_from_an_empty_folder(demonstration: Demonstration) -> None:
    assert demonstration.seconds < 30


@pytest.mark.parametrize("name", NAMES)
def test_printed_curl_answers_as_printed(demonstration: Demonstration, name: str) -> None:
    part = demonstration.parts[name]
    ran = demonstration.run(part.curl)
    assert ran.returncode == 0, ran.stderr
    assert_as_printed(json.loads(ran.stdout), part.answer)


@pytest.mark.parametrize("name", NAMES)
def test_printed_query_answers_as_printed(demonstration: Demonstration, name: str) -> None:
    part = demonstration.parts[name]
    ran = demonstration.run(part.query)
    assert ran.returncode == (1 if "errors" in part.answer else 0), ran.stderr
    assert_as_printed(json.loads(ran.stdout), part.answer)


def test_printed_explanations_tell_the_purpose_refused_from_the_one_agreed_on(demonstration: Demonstration) -> None:
    refused, agreed = map(demonstration.run, demonstration.explanations)
    assert (refused.returncode, agreed.returncode) == (0, 0)
    assert re.findall("name: .*|address: .*", refused.stdout) == [
        line for line in refused.stdout.splitlines() if "PURPOSE_DENIED" in line
    ]
    assert "name: permitted" in agreed.stdout
    assert "address: refused, EXPIRED" in agreed.stdout
    assert all("nt-demo-0005" in each.stdout for each in (refused, agreed))


def test_a_token_can_be_had_as_printed(demonstration: Demonstration) -> None:
    (command,) = commands(demonstration.text, f"{PORTAL} token --application")
    ran = demonstration.run(command.replace("ID", "cross-province"))
    assert ran.returncode == 0, ran.stderr
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", ran.stdout)


def test_demo_changes_nothing_when_run_again_beside_another_and_in_chinese(tmp_path: Path) -> None:
    with running(tmp_path):
        before = epoch(tmp_path)
    # The first one's port may be taken by any test that runs now: whatever the port, the commands name it.
    with running(tmp_path, "zh_CN.UTF-8") as first, running(tmp_path, "zh_CN.UTF-8") as second:
        assert epoch(tmp_path) == before
        addresses = [re.findall(r"http://127\.0\.0\.1:\d+", each.text) for each in (first, second)]
        assert len({*addresses[0]}) == len({*addresses[1]}) == 1
        assert {*addresses[0]}.isdisjoint(addresses[1])
        assert "已被占用" in second.text
        refused = second.run(second.parts["school-enrolment"].curl)
        assert re.search("[一-鿿]", json.loads(refused.stdout)["errors"][0]["message"])


def epoch(folder: Path) -> tuple[int, str]:
    connection = sqlite3.connect(folder / "a home" / "portal.db")
    try:
        (row,) = connection.execute("SELECT value, digest FROM epoch").fetchall()
        return row  # type: ignore[no-any-return]
    finally:
        connection.close()
