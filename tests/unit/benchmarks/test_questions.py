"""What contenders are asked, and where in an answer the rows are looked for."""

import json

import pytest

from benchmarks.over_http.questions import LISTED, SHARED, get_request, graphql_request, nodes_of, shared_document


def test_request_holds_its_headers_and_the_length_of_its_body() -> None:
    head, _, body = graphql_request(shared_document(7), {"X-Synthetic": "値"}).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /graphql HTTP/1.1"
    assert "X-Synthetic: 値".encode() in lines
    assert f"Content-Length: {len(body)}".encode() in lines
    assert "first: 7" in json.loads(body)["query"]


def test_request_by_get_has_no_body() -> None:
    assert get_request("/people?first=1").endswith(b"\r\n\r\n")


def test_nodes_are_found_in_their_place_alone() -> None:
    body = b'{"data":{"shared":{"people":{"nodes":[{"code":"P1"}]}}}}'
    assert nodes_of(body, SHARED) == [{"code": "P1"}]
    with pytest.raises(ValueError, match=r"no rows at data\.allPeople\.nodes"):
        nodes_of(body, LISTED)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errors":[]}', b'{"data":null}'])
def test_an_answer_without_rows_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match="no rows"):
        nodes_of(body, SHARED)
