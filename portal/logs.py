"""The process's log: a JSON object a line, in the portal's own words.

What a library logs may hold queries, parameters or cells, so of it only who spoke, how loud and where in the code is
written; of an exception its type and its place, never its message (T52).
"""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

OWN = "portal"
"""Loggers of this name, and below it, speak in the portal's own words."""
_FAILURE = ("exc_info", "stack_info")


def logger_of(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger below the portal's own that takes an event and its members."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(f"{OWN}.{name}"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return logger


def line_logger(name: str) -> Callable[[int, str, Mapping[str, object]], None]:
    """Return what writes lines below the portal's own logger, of a level, an event and members that JSON holds.

    For what is written at each request: it does without the steps of a logger that anything can be told.
    """
    logger = logging.getLogger(f"{OWN}.{name}")

    def write(level: int, event: str, members: Mapping[str, object]) -> None:
        if logger.isEnabledFor(level):
            logger.handle(_Line(logger.name, level, event, members))

    return write


class _Line(logging.LogRecord):
    """A record of an event with its members, as they are."""

    def __init__(self, name: str, level: int, event: str, members: Mapping[str, object]) -> None:
        super().__init__(name, level, "", 0, event, None, None)
        self.members = members


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Writes a line of members as it is, and everything else by its processors."""

    def format(self, record: logging.LogRecord) -> str:
        if not isinstance(record, _Line):
            return super().format(record)
        return _render(None, "", {**_beginning(record), "event": record.msg, **record.members})


def write_logs(stream: TextIO, *, requests: bool) -> Callable[[], None]:
    """Write what this process logs to the stream from now on; return what ends it. `requests`: each request too."""
    root, own, handler = logging.getLogger(), logging.getLogger(OWN), _Lines(stream)
    handler.setFormatter(_Formatter(processors=[_compose, _render]))
    former = root.level, own.level, threading.excepthook, sys.unraisablehook
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    own.setLevel(logging.INFO if requests else logging.WARNING)
    logging.captureWarnings(True)
    threading.excepthook = lambda fault: _log_lost("thread ended by a failure", fault.exc_type, fault.exc_traceback)
    sys.unraisablehook = lambda fault: _log_lost("failure that nobody met", fault.exc_type, fault.exc_traceback)

    def end() -> None:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        root.setLevel(former[0])
        own.setLevel(former[1])
        threading.excepthook, sys.unraisablehook = former[2:]

    return end


@contextmanager
def logging_to(stream: TextIO, *, requests: bool) -> Iterator[None]:
    """Write what this process logs to the stream until the block is left."""
    end = write_logs(stream, requests=requests)
    try:
        yield
    finally:
        end()


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the library's name
        """Lose the record: what is printed otherwise names its arguments."""


def _log_lost(event: str, kind: type[BaseException] | None, place: TracebackType | None) -> None:
    name = kind.__qualname__ if kind else None
    logger_of("process").error(event, failure=name, trace=traceback.format_tb(place))


def _compose(_logger: WrappedLogger, _name: str, members: EventDict) -> EventDict:
    """Return the members of a line in their order: when, how loud, what, and the rest."""
    record: logging.LogRecord = members["_record"]
    said = {name: value for name, value in members.items() if not name.startswith("_") and name not in _FAILURE}
    failure = members.get("exc_info") or (None, None, None)
    line = _beginning(record)
    if record.name.partition(".")[0] != OWN:
        line |= {"event": "said by a library", "library": record.name, "place": _place(record)}
    else:
        line |= {"event": said.pop("event"), **said}
    if failure[0]:
        line |= {"failure": failure[0].__qualname__, "trace": traceback.format_tb(failure[2])}
    return line


def _beginning(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower()}


def _place(record: logging.LogRecord) -> str:
    return f"{PurePath(record.pathname).name}:{record.lineno}"


def _render(_logger: WrappedLogger, _name: str, members: Mapping[str, Any]) -> str:
    """Return one line: whatever a terminal or a reader of lines would act on is written as an escape."""
    text = json.dumps(members, ensure_ascii=False)
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
