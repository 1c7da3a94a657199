from collections.abc import Iterator
from socket import socket

import pytest

from portal.errors import ConfigurationError
from portal.serving import listen

HOST, PORTS_TRIED = "127.0.0.1", 100


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_listen_takes_the_next_port_when_one_is_taken(taken: int) -> None:
    with listen(HOST, taken, PORTS_TRIED) as listening:
        assert taken < listening.getsockname()[1] < taken + PORTS_TRIED


def test_listen_takes_the_port_when_it_is_free(taken: int) -> None:
    with listen(HOST, taken, PORTS_TRIED) as first:
        port = first.getsockname()[1]
    with listen(HOST, port) as again:
        assert again.getsockname()[1] == port


def test_listen_is_refused_when_no_port_can_be_had() -> None:
    # An address of the documentation's network (RFC 5737), which no machine has.
    with pytest.raises(ConfigurationError, match=r"at port 8000 to 8099"):
        listen("192.0.2.1", 8000, PORTS_TRIED)
