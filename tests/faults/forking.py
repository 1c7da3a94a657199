"""A process that has imported the portal and forks servers from itself: a start takes a third of a second, not three.

`python forking.py` reads a line of JSON for each server: `environment` (added to its own), `arguments` (of the command
`portal`), `log` (a file); it prints `ready` once, and each server's process id. Its servers end with its input.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import portal.commands.serving  # noqa: F401  what a server imports when it starts
from portal.cli import main as run_portal


def serve(order: dict[str, object]) -> NoReturn:
    """Become the server."""
    os.setsid()
    environment, arguments, log = order["environment"], order["arguments"], str(order["log"])
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.update(environment)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    files = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, files), (2, files)):
        os.dup2(source, target)
    os.chdir(Path(log).parent)
    sys.argv = ["portal", *arguments]
    try:
        run_portal()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 0)
    finally:
        os._exit(1)


def main() -> None:
    """Fork a server for each line; at the end of the input kill those that are left."""
    # Nobody waits for them by name: the system buries them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    servers = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        server = os.fork()
        if not server:
            serve(json.loads(line))
        servers.append(server)
        sys.stdout.write(f"{server}\n")
        sys.stdout.flush()
    for server in servers:
        with suppress(OSError):
            # The number may be another process's by now.
            if Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                os.killpg(server, signal.SIGKILL)


if __name__ == "__main__":
    main()
