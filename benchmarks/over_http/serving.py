"""`python -m benchmarks.over_http.serving APPLICATION PLACE PORT`: one worker of uvicorn, as the portal has it."""

import sys
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from benchmarks.over_http.applications import (
    hand_written_postgresql,
    hand_written_sqlite,
    plain_strawberry,
    strawberry_with_casbin,
)

APPLICATIONS: dict[str, Callable[[str], Starlette]] = {
    application.__name__: application
    for application in (hand_written_sqlite, hand_written_postgresql, plain_strawberry, strawberry_with_casbin)
}


def main(arguments: list[str]) -> int:
    """Serve until ended; return the exit code."""
    name, place, port = arguments
    # The event loop and the reader of HTTP are those that the portal's server chooses: the quickest installed.
    uvicorn.run(APPLICATIONS[name](place), host="127.0.0.1", port=int(port), access_log=False, log_level="error")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
