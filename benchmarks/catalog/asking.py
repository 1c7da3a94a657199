"""A served portal that is asked one request after the other, each timed from sending to the last octet."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.over_http.machine import Cores
from benchmarks.over_http.processes import Program, Served, served
from portal.identity.claims import SubjectKind
from portal.identity.keys import load_keys
from portal.identity.tokens import TokenAuthority, TokenGrant, issue_token
from portal.settings import Settings

_MEBIBYTE = 1 << 20
_TOKEN_SECONDS = 43_200


@dataclass(slots=True)
class Timed:
    """An answer, and the milliseconds that it took."""

    payload: Mapping[str, object]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A portal that answers an application."""

    served: Served
    connection: http.client.HTTPConnection
    token: str = field(repr=False)
    seconds_to_start: float

    def ask(
        self, document: str, variables: Mapping[str, object] | None = None, *, may_be_refused: bool = False
    ) -> Timed:
        """Return the answer of a document. Raises: ValueError for one with errors, unless it may be refused."""
        body = json.dumps({"query": document, "variables": variables or {}}).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        begun = perf_counter()
        self.connection.request("POST", "/graphql", body, headers)
        content = self.connection.getresponse().read()
        milliseconds = 1000 * (perf_counter() - begun)
        payload = json.loads(content)
        codes = {error["extensions"]["code"] for error in payload.get("errors", ())}
        if codes and not (may_be_refused and "NOT_VALID" not in codes):
            raise ValueError(content[:500])
        return Timed(payload, milliseconds)

    @property
    def mebibytes(self) -> float:
        """The memory that the process has in use."""
        pages = int(Path(f"/proc/{self.served.process}/statm").read_text(encoding="ascii").split()[1])
        return pages * 4096 / _MEBIBYTE


@contextmanager
def asked(settings: Settings, command: list[str], application: str, folder: Path) -> Iterator[Asked]:
    """Serve the portal by one worker, and yield what asks it for the application."""
    program = Program("portal", command, {"PORTAL_HOME": str(settings.home)})
    begun = perf_counter()
    with served(program, Cores(), folder) as running:
        started = perf_counter() - begun
        with closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=120)) as connection:
            yield Asked(running, connection, _token(settings, application), started)


def _token(settings: Settings, application: str) -> str:
    authority = TokenAuthority(settings.issuer, settings.audience, load_keys(settings.key_file).signing)
    grant = TokenGrant(SubjectKind.APPLICATION, application, _TOKEN_SECONDS)
    return issue_token(grant, authority, datetime.now(UTC))
