import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portal.audit.following import MAX_LINES, LogFollower
from portal.errors import AuditUnavailable
from tests.unit.audit.logs import Log, write_many


@contextmanager
def following(log: Log, lines: int) -> Iterator[LogFollower]:
    with closing(LogFollower(log.url, lines)) as follower:
        yield follower


def places(records: list[str]) -> list[tuple[int, int]]:
    return [(document["writer"], document["sequence"]) for document in map(json.loads, records)]


@pytest.mark.parametrize("lines", [0, 1, 3, 10])
def test_follower_begins_with_the_last_records_by_time(log: Log, lines: int) -> None:
    first, second = log.open(), log.open()
    write_many(first, 4)
    write_many(second, 2)
    first.close()
    second.close()
    by_time = [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3), (1, 4)]
    with following(log, lines) as follower:
        assert places(follower.first_records()) == by_time[max(0, 6 - lines) :]
        assert follower.new_records() == []


def test_follower_gives_each_new_record_once_those_of_new_writers_too(log: Log) -> None:
    first = log.open()
    write_many(first, 2)
    with following(log, 1) as follower:
        follower.first_records()
        write_many(first, 1)
        second = log.open()
        write_many(second, 2)
        assert places(follower.new_records()) == [(1, 3), (2, 1), (2, 2)]
        assert follower.new_records() == []
        second.close()
    first.close()


def test_follower_reads_much_in_bounded_steps(log: Log) -> None:
    ledger = log.open()
    with following(log, 0) as follower:
        write_many(ledger, MAX_LINES + 5)
        assert len(follower.new_records()) == MAX_LINES
        assert places(follower.new_records())[-1] == (1, MAX_LINES + 5)
    ledger.close()


def test_follower_needs_a_log(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(AuditUnavailable, match="there is no audit log"):
        LogFollower(f"sqlite:///{tmp_path}/empty.db", 10)
