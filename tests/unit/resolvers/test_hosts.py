import pytest

from portal.resolvers.hosts import check_host
from portal.resolvers.over_http import NotAnOperation

ALLOWED = ("share.example", "10.0.0.5", "[fd00::1]")


@pytest.mark.parametrize("host", ["x", "a-b_c.example:80", "127.0.0.1", "[::1]:8000", "A.EXAMPLE", "example."])
@pytest.mark.parametrize("allowed", [(), ("*",), ("other.example", "*")])
def test_host_is_any_when_none_is_listed(host: str, allowed: tuple[str, ...]) -> None:
    check_host([host], allowed)


@pytest.mark.parametrize("host", ["share.example", "SHARE.example:8000", "share.example.", "10.0.0.5:1", "[FD00::1]:9"])
def test_host_is_taken_when_it_is_listed(host: str) -> None:
    check_host([host], ALLOWED)


@pytest.mark.clause("T8")
@pytest.mark.parametrize(
    "host", ["example", "evil.share.example", "share.example.evil", "share.example_", "10.0.0.50", "[::1]", "localhost"]
)
def test_host_is_refused_when_it_is_not_listed(host: str) -> None:
    with pytest.raises(NotAnOperation) as refused:
        check_host([host], ALLOWED)
    assert refused.value.status == 421


@pytest.mark.clause("T8")
@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["share.example", "share.example"],
        [""],
        ["share.example:"],
        ["share.example:x"],
        ["share.example:123456"],
        ["a b"],
        ["share.example/"],
        ["user@share.example"],
        ["share.example\n"],
        ["é.example"],
        ["[::1"],
        ["share.example, evil.example"],
    ],
)
@pytest.mark.parametrize("allowed", [(), ALLOWED, ("*",)])
def test_host_is_refused_when_it_is_no_single_name(hosts: list[str], allowed: tuple[str, ...]) -> None:
    with pytest.raises(NotAnOperation) as refused:
        check_host(hosts, allowed)
    assert refused.value.status == 400
