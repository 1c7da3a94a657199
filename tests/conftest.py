"""What holds for every test: how cases are drawn, and how golden answers are written anew."""

import threading
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Literal

import greenlet
import hypothesis
import pytest

from tests.fixtures.postgres import Databases, fresh_databases

if TYPE_CHECKING:
    from _typeshed import TraceFunction

# A run draws the same cases as the run before, so a failure is there again when looked for; no deadline, because
# coverage and a busy machine slow a case by a factor that says nothing about the code.
hypothesis.settings.register_profile(
    "portal", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("portal")

_Event = Literal["call", "line", "return", "exception", "opcode"]
MAIN_GREENLETS: list[greenlet.greenlet] = []
"""Of the threads that coverage measured."""


def _keep_main_greenlets() -> None:
    """Keep what greenlet knows of each thread that coverage measures, also when the thread has ended.

    It is let go of in a pending call of the interpreter, where coverage's weak dictionary calls Python code. On
    Python 3.11 code that is traced there runs in circles for ever if a second thread ends meanwhile.
    """
    trace = threading.gettrace()
    if trace is None:
        return

    def trace_and_keep(frame: FrameType, event: _Event, argument: object) -> "TraceFunction | None":
        MAIN_GREENLETS.append(greenlet.getcurrent())
        return trace(frame, event, argument)

    # Else each thread's end searches the whole memory for who keeps its greenlet.
    greenlet._greenlet.enable_optional_cleanup(False)
    threading.settrace(trace_and_keep)


# Last, because in the processes of pytest-xdist coverage begins with the session.
@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    _keep_main_greenlets()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="write the golden answers anew, for a person to read the difference"
    )


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """True where golden answers are to be written anew instead of compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """Fresh PostgreSQL databases: on the server that `PORTAL_TEST_POSTGRES_URL` names, else on one of this process."""
    with fresh_databases() as databases:
        yield databases
