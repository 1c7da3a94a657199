"""Clients that ask without end through the ledger's proxy, and count what they see."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

from tests.faults.world import ASKED

CLIENTS = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as a client saw it."""

    status: int
    codes: tuple[str, ...]
    rows: int
    seconds: float
    at: float
    message: str = ""


@dataclass(slots=True)
class Traffic:
    """Clients at a port; each asks again as soon as it is answered, and connects again where it is cut off."""

    port: int
    token: str
    body: bytes = ASKED
    seen: list[Seen] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        """Ask until stopped."""
        while not self.stopped.is_set():
            with suppress(OSError, http.client.HTTPException), closing(_connect(self.port)) as connection:
                while not self.stopped.is_set():
                    self.seen.append(ask(connection, self.token, self.body))
            self.stopped.wait(0.01)

    def since(self, moment: float) -> list[Seen]:
        """Return what was seen of requests that ended after that moment of the monotonic clock."""
        return [seen for seen in list(self.seen) if seen.at > moment]

    @property
    def answered(self) -> int:
        """How many answers had rows."""
        return sum(seen.rows > 0 for seen in list(self.seen))

    def wait_answered(self, count: int, seconds: float = 20.0) -> bool:
        """Return whether so many more answers with rows came within the time."""
        goal = self.answered + count
        return _wait(lambda: self.answered >= goal, seconds)

    def wait_seen(self, count: int, seconds: float = 20.0) -> bool:
        """Return whether so many more answers came within the time, of whatever kind."""
        goal = len(self.seen) + count
        return _wait(lambda: len(self.seen) >= goal, seconds)


def _wait(is_so: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=10)


def ask(connection: http.client.HTTPConnection, token: str, body: bytes = ASKED) -> Seen:
    """Return what one request is answered with. Raises: OSError, http.client.HTTPException."""
    started = time.monotonic()
    connection.request(
        "POST", "/graphql", body, {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    )
    with connection.getresponse() as response:
        content = response.read()
    return _seen(response.status, content, started)


def _seen(status: int, content: bytes, started: float) -> Seen:
    ended = time.monotonic()
    try:
        document = json.loads(content)
    except ValueError:
        return Seen(status, ("unreadable",), 0, ended - started, ended)
    codes = tuple(error.get("extensions", {}).get("code", "") for error in document.get("errors") or ())
    shared = (document.get("data") or {}).get("shared") or {}
    rows = sum(len(field["nodes"]) for field in shared.values() if field)
    message = "; ".join(error.get("message", "") for error in document.get("errors") or ())
    return Seen(status, codes, rows, ended - started, ended, message)


@contextmanager
def traffic(port: int, token: str, clients: int = CLIENTS) -> Iterator[Traffic]:
    """Keep clients asking during the block."""
    asking = Traffic(port, token)
    threads = [threading.Thread(target=asking.ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield asking
    finally:
        asking.stopped.set()
        for thread in threads:
            thread.join()


def codes_of(seen: list[Seen]) -> Counter[str]:
    """Return how often each error code was seen."""
    return Counter(code for one in seen for code in one.codes)
