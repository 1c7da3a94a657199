import io
import json
import logging
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from portal.errors import report_failure
from portal.logs import logger_of, logging_to

CANARY = "canary-5d20"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged during the test."""
    with io.StringIO() as stream, logging_to(stream, requests=True):
        yield stream


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    text = log.getvalue()
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.split("\n")[:-1]]


def fail() -> None:
    raise ValueError(CANARY)


def test_line_has_time_level_event_and_members(log: io.StringIO) -> None:
    logger_of("requests").info("request", status=200, route=None, title="社区")
    (line,) = lines(log)
    assert list(line) == ["time", "level", "event", "status", "route", "title"]
    assert (line["level"], line["event"], line["status"], line["title"]) == ("info", "request", 200, "社区")
    assert line["time"].endswith("Z")
    assert "社区" in log.getvalue()


@pytest.mark.clause("T52")
@pytest.mark.parametrize(
    "hostile", ["\r\n", "\x1b[31m", "\u2028", "\x85", "\x9b", "\x7f", "\u202e", "\ud800", "\x00", '"', "\U000e0041"]
)
def test_line_stays_one_line_of_plain_text_when_members_are_hostile(log: io.StringIO, hostile: str) -> None:
    logger_of("requests").info("request", code=f"a{hostile}b")
    assert len(log.getvalue().splitlines()) == 1
    assert log.getvalue()[:-1].isprintable()
    assert lines(log)[0]["code"] == f"a{hostile}b"


@pytest.mark.clause("T52")
@pytest.mark.parametrize(
    "name", ["strawberry.execution", "graphql", "aiosqlite", "sqlalchemy.engine", "uvicorn.error", "", "portals"]
)
def test_library_is_quoted_by_place_alone(log: io.StringIO, name: str) -> None:
    logger = logging.getLogger(name)
    former = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        logger.debug("%s", CANARY)
        logger.error(CANARY, extra={"value": CANARY}, stack_info=True)
        try:
            fail()
        except ValueError:
            logger.exception(CANARY)
    finally:
        logger.setLevel(former)
    assert CANARY not in log.getvalue()
    assert [line["level"] for line in lines(log)] == ["debug", "error", "error"]
    assert {line["place"].partition(":")[0] for line in lines(log)} == {"test_logs.py"}
    assert lines(log)[-1]["failure"] == "ValueError"
    assert "fail()" in "".join(lines(log)[-1]["trace"])


@pytest.mark.clause("T52")
def test_library_whose_words_cannot_be_put_together_is_passed_over(
    log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("graphql", logging.ERROR, "x.py", 1, "%d", (CANARY,), None)
    # The log's own handler alone: the test runner's raise.
    (handler,) = [one for one in logging.getLogger().handlers if getattr(one, "stream", None) is log]
    handler.handle(record)
    assert log.getvalue() == capsys.readouterr().err == ""


@pytest.mark.clause("T52")
def test_own_failure_is_logged_with_number_and_type_but_not_its_message(log: io.StringIO) -> None:
    with pytest.raises(ValueError, match=CANARY) as failed:
        fail()
    text = report_failure(failed.value)
    (line,) = lines(log)
    assert line["level"] == "error"
    assert text.en.split()[-1] in line["event"]
    assert "ValueError" in line["event"]
    assert CANARY not in log.getvalue()


@pytest.mark.clause("T52")
def test_failure_of_a_thread_is_logged_without_its_message(log: io.StringIO) -> None:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines(log)
    assert (line["event"], line["failure"]) == ("thread ended by a failure", "ValueError")
    assert CANARY not in log.getvalue()


@pytest.mark.clause("T52")
def test_failure_while_something_is_thrown_away_is_logged_without_its_message(log: io.StringIO) -> None:
    class Failing:
        def __del__(self) -> None:
            fail()

    Failing()
    (line,) = lines(log)
    assert (line["event"], line["failure"]) == ("failure that nobody met", "ValueError")
    assert CANARY not in log.getvalue()


@pytest.mark.clause("T52")
def test_warning_is_logged_without_its_message(log: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(CANARY, stacklevel=1)
    (line,) = lines(log)
    assert (line["level"], line["library"]) == ("warning", "py.warnings")
    assert CANARY not in log.getvalue()


def test_requests_are_left_out_when_they_are_not_asked_for() -> None:
    with io.StringIO() as stream:
        with logging_to(stream, requests=False):
            logger_of("requests").info("request")
            logger_of("requests").error("request")
        logger_of("requests").error("after")
        assert [line["level"] for line in lines(stream)] == ["error"]
