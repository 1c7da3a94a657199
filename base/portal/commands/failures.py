"""What is said of a bug: one line with a number, and the trace in a file."""

import logging
from pathlib import Path

from portal.commands.terminal import Session
from portal.errors import PortalError, Text, report_failure

LOG_NAME = "portal.log"


def report_bug(bug: BaseException, session: Session) -> Text:
    """Log the bug in `portal.log` under the portal's home and return the sentence with its number."""
    path = _log_file(session)
    logger = logging.getLogger("portal")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    try:
        text = report_failure(bug)
    finally:
        logger.removeHandler(handler)
        handler.close()
    return Text(en=f"{text.en}; the trace is in `{path}`", zh=f"{text.zh}；详细信息见 `{path}`")


def _log_file(session: Session) -> Path:
    """Return the log's path; the folder is the working folder where there is no home, or none can be made."""
    try:
        home = session.settings().home
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (PortalError, OSError):
        home = Path()
    return home / LOG_NAME
