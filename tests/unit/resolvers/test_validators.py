"""Answers that are asked about again each time: 304 for the very same content alone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from starlette.requests import Request

from portal.resolvers.validators import render_validated

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def asked(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": raw})


TAG = render_validated(asked(), b"content", "text/plain", AT).headers["etag"]


def test_answer_says_that_copies_are_asked_about_each_time() -> None:
    answer = render_validated(asked(), b"content", "text/plain", AT.astimezone(timezone(timedelta(hours=8))))
    assert (answer.status_code, answer.body) == (200, b"content")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["last-modified"] == "Sun, 01 Mar 2026 08:00:00 GMT"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "last-modified" not in render_validated(asked(), b"content", "text/plain", None).headers


@pytest.mark.parametrize("named", [TAG, f"W/{TAG}", f'"other", {TAG}', "*", f'"a,b",{TAG},"c"'])
def test_client_that_has_the_content_is_told_so(named: str) -> None:
    answer = render_validated(asked(if_none_match=named), b"content", "text/plain", AT)
    assert (answer.status_code, answer.body, answer.headers["etag"]) == (304, b"", TAG)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("named", ['"other"', TAG.strip('"'), "", f'"x{TAG[1:]}', f"{TAG[:-1]}", f'"*", W/{TAG[1:]}'])
def test_client_that_has_another_content_is_given_this_one(named: str) -> None:
    assert render_validated(asked(if_none_match=named), b"content", "text/plain", AT).status_code == 200


def test_other_content_has_another_tag() -> None:
    assert render_validated(asked(if_none_match=TAG), b"contents", "text/plain", AT).status_code == 200


def test_date_alone_makes_no_copy_good() -> None:
    later = asked(if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT")
    assert render_validated(later, b"content", "text/plain", AT).status_code == 200
