"""Where a database is, by its URL: one host, or several of which one takes writes."""

import pytest

from portal.errors import ConfigurationError
from portal.storage.addresses import DatabaseKind, must_take_writes, parse_address, shown_address, single_hosts
from portal.storage.postgresql import driver_address

ONE = "postgresql://someone:secret@db1:5433/portal"
SEVERAL = "postgresql://someone:secret@db1:5433,db2/portal"


def test_several_hosts_are_read_each_with_its_port() -> None:
    kind, parsed = parse_address(SEVERAL)
    assert kind is DatabaseKind.POSTGRESQL
    assert parsed.database == "portal"
    hosts = single_hosts(parsed)
    assert [(host.host, host.port, host.username, host.database) for host in hosts] == [
        ("db1", 5433, "someone", "portal"),
        ("db2", 5432, "someone", "portal"),
    ]
    assert [dict(host.query) for host in hosts] == [{}, {}]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (ONE, False),
        (f"{ONE}?target_session_attrs=read-write", True),
        (SEVERAL, True),
        (f"{SEVERAL}?target_session_attrs=primary", True),
        (f"{SEVERAL}?target_session_attrs=any", False),
        ("postgres://someone:secret@db1,db2/portal", True),
        ("postgresql://someone:secret@/portal?host=db1,db2", True),
    ],
)
def test_of_several_hosts_one_that_takes_writes_is_meant_when_nothing_else_is_said(url: str, *, expected: bool) -> None:
    _, parsed = parse_address(url)
    assert must_take_writes(parsed) is expected


def test_options_stay_when_several_hosts_are_named() -> None:
    _, parsed = parse_address(f"{SEVERAL}?sslmode=verify-full")
    assert dict(parsed.query) == {
        "host": "db1,db2",
        "port": "5433,5432",
        "sslmode": "verify-full",
        "target_session_attrs": "read-write",
    }
    assert all(dict(host.query) == {"sslmode": "verify-full"} for host in single_hosts(parsed))


def test_one_host_is_itself() -> None:
    _, parsed = parse_address(ONE)
    assert single_hosts(parsed) == [parsed]
    assert driver_address(ONE) == ONE


def test_password_is_hidden_when_several_hosts_are_shown() -> None:
    assert "secret" not in shown_address(SEVERAL)
    assert "db2" in shown_address(SEVERAL)


def test_password_is_hidden_when_an_address_can_not_be_read() -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_address("postgresql://someone:secret@db1:x/portal")
    assert "secret" not in str(raised.value)
    assert "db1:x" in str(raised.value)


@pytest.mark.parametrize("url", ["postgresql://db1,db2/", "postgresql://db1:x/portal", "mysql://db1,db2/portal"])
def test_address_that_can_not_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_address(url)
