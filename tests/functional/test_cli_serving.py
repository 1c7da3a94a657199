"""`portal serve`, stopped as an operator stops it."""

import http.client
import io
import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from portal.errors import Language
from tests.fixtures.command_line import CommandLine
from tests.fixtures.small_bundle import small_bundle


class WatchedOutput(io.StringIO):
    """Asks the portal a question once its address is printed, then stops it; keeps the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[object] = []

    def flush(self) -> None:
        super().flush()
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/graphql", self.getvalue()):
            threading.Thread(target=self._ask_and_stop, args=(int(found[1]),)).start()

    def _ask_and_stop(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            for headers in (_JSON, _JSON_AS_JAVA_ASKS):
                connection.request("POST", "/graphql", b'{"query":"{me{isPublic: __typename}}"}', headers)
                self.answers.append(json.loads(connection.getresponse().read()))
        finally:
            connection.close()
            os.kill(os.getpid(), signal.SIGTERM)


_JSON = {"Content-Type": "application/json"}
_JSON_AS_JAVA_ASKS = {**_JSON, "Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}


def test_serve_prints_its_address_answers_and_stops_on_sigterm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", small_bundle().write(tmp_path / "bundle")).code == 0
    out = WatchedOutput()
    begun = time.monotonic()
    # Whatever goes wrong, the test ends.
    watchdog = threading.Timer(60, os.kill, (os.getpid(), signal.SIGTERM))
    watchdog.start()
    ended = portal("serve", "--port", "0", out=out)
    watchdog.cancel()
    assert ended.code == 0
    assert out.answers == [{"data": {"me": {"isPublic": "Me"}}}] * 2
    assert re.match(r"serving at http://127\.0\.0\.1:\d+/graphql; Ctrl-C stops it\n", ended.out)
    assert time.monotonic() - begun < 30
    assert portal("audit", "verify").code == 0


def test_serve_says_when_it_cannot_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    portal = CommandLine(tmp_path / "var")
    assert portal("load", small_bundle().write(tmp_path / "bundle")).code == 0
    ended = portal("serve", "--host", "192.0.2.1", language=Language.CHINESE)
    assert (ended.code, ended.out) == (2, "")
    assert "无法在 `192.0.2.1`" in ended.err
