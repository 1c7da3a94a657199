"""One of several workers, started anew by the supervisor: so it runs the code and the settings that lie there now.

`python -m portal.worker LISTENING READY SUPERVISOR [again]`: numbers of inherited descriptors. It listens on the first,
writes a byte to the second once it answers, and stops when the third ends, because nobody would replace it. `again`: a
worker before it couldn't start and has said why.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from socket import socket

from portal.app import create_app
from portal.errors import PortalError
from portal.logs import logger_of, write_logs
from portal.serving import serve, service_of
from portal.settings import load_settings, process_environment
from portal.supervising import AGAIN, SIGNALS

_START_LOGGERS = ("portal.start", "uvicorn.error")


def main(arguments: Sequence[str]) -> int:
    """Serve until told to stop; return the exit code."""
    # The supervisor waits for its signals with these held back, and a child inherits that.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    listening, ready, supervisor = map(int, arguments[:3])
    threading.Thread(target=_stop_without, args=(supervisor,), daemon=True).start()
    end_logs = write_logs(sys.stderr, requests=True)
    _say_why(is_said=AGAIN not in arguments)
    try:
        settings = load_settings(process_environment())
        application, service = create_app(settings), service_of(settings)
    except PortalError as failure:
        logger_of("start").error("can't serve", code=failure.code.value, why=failure.text.en)
        return 1
    finally:
        end_logs()
    return serve(application, socket(fileno=listening), lambda: _tell(ready), service)


def _say_why(*, is_said: bool) -> None:
    for name in _START_LOGGERS:
        logging.getLogger(name).disabled = not is_said


def _tell(ready: int) -> None:
    _say_why(is_said=True)
    os.write(ready, b"1")
    os.close(ready)


def _stop_without(supervisor: int) -> None:
    """Stop in good order once the supervisor is gone."""
    os.read(supervisor, 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
