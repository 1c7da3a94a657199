"""A real portal as processes: loads a bundle, serves it, makes tokens, is asked over HTTP."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.oracle.document import Document, render_body
from tests.oracle.expectation import Reply
from tests.oracle.world import Caller

PORTAL = Path(sys.executable).with_name("portal")
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
IDLE_SECONDS = 2.0
"""After so long without a request the server may have closed the connection."""


class Ask(Protocol):
    """Sends the JSON body of a request as a caller, and gives the reply."""

    def __call__(self, caller: Caller, body: bytes) -> Reply: ...


class LoadError(Exception):
    """The portal found faults in a bundle that has none."""


@dataclass(slots=True)
class PortalProcess:
    """A portal of its own under `home`; `load` before `start`, and `stop` at the end."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    tokens: dict[Caller, str | None] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    connection: http.client.HTTPConnection | None = None
    asked_at: float = 0.0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command line on this portal."""
        return subprocess.run(
            [str(PORTAL), *arguments], env=self._environ(), capture_output=True, text=True, check=False, timeout=120
        )

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        # A test asks as fast as it is answered, also as the public; those of bounds set their own.
        plenty = {"PORTAL_PUBLIC_REQUESTS_PER_SECOND": "100000"}
        return {**kept, "LANG": "en_US.UTF-8", "PORTAL_HOME": str(self.home), **plenty, **self.environment}

    def load(self, bundle: Path, *options: str) -> str:
        """Loads a bundle and gives what was printed; raises LoadError on faults."""
        done = self.run("load", str(bundle), *options)
        if done.returncode != 0:
            raise LoadError(f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self, *options: str) -> None:
        """Serves on a free port and waits until it is ready."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        arguments = [str(PORTAL), "serve", "--host", "127.0.0.1", "--port", str(self.port), *options]
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(arguments, env=self._environ(), stdout=log, stderr=log)
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise LoadError("the portal does not get ready: " + (self.home / "serve.log").read_text()[-2000:])
            time.sleep(0.1)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def _is_ready(self) -> bool:
        probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with suppress(OSError, http.client.HTTPException), closing(probe):
            probe.request("GET", "/healthz")
            with probe.getresponse() as response:
                return response.status == 200
        return False

    def stop(self) -> None:
        """Stops the server; raises if it does not stop gracefully."""
        if self.connection is not None:
            self.connection.close()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)

    def token(self, caller: Caller) -> str | None:
        """A token of the caller, None for the public."""
        if caller not in self.tokens:
            self.tokens[caller] = self._make_token(caller)
        return self.tokens[caller]

    def _make_token(self, caller: Caller) -> str | None:
        if caller.application is None and caller.user is None:
            return None
        who = ("--application", caller.application) if caller.application else ("--user", caller.user or "")
        level = () if caller.claimed_level is None else ("--auth-level", str(caller.claimed_level))
        zone = () if caller.claimed_zone is None else ("--network-zone", caller.claimed_zone)
        done = self.run("token", *who, *level, *zone)
        if done.returncode != 0:
            raise LoadError(done.stderr)
        return done.stdout.strip()

    def send(self, caller: Caller, document: Document) -> Reply:
        """The reply to a request."""
        return self.ask(caller, render_body(document))

    def ask(self, caller: Caller, body: bytes) -> Reply:
        """The reply to a JSON body sent to `/graphql`."""
        assert self.connection is not None
        headers = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
        token = self.token(caller)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if time.monotonic() - self.asked_at > IDLE_SECONDS:
            self.connection.close()
        self.connection.request("POST", "/graphql", body, headers)
        response = self.connection.getresponse()
        content = response.read()
        self.asked_at = time.monotonic()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def purpose_type(ask: Ask, caller: Caller) -> str | None:
    """The name of the enum of purposes, as introspection tells it of a field with that argument; or None."""
    query = """query { __schema { types { fields { args { name type { name ofType { name } } } } } } }"""
    reply = ask(caller, json.dumps({"query": query}).encode())
    schema = (json.loads(reply.body).get("data") or {}).get("__schema") or {"types": []}
    fields = [field for kind in schema["types"] for field in kind["fields"] or ()]
    types = [one["type"] for field in fields for one in field["args"] if one["name"] == "purpose"]
    names = [kind["name"] or kind["ofType"]["name"] for kind in types]
    return str(names[0]) if names else None
