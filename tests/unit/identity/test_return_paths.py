"""Where a browser goes after signing in: the form that is allowed, and what a reader could take otherwise."""

from urllib.parse import urljoin, urlsplit

import pytest

from portal.identity.return_paths import DEFAULT_PATH, parse_return_path
from portal.identity.sign_in_faults import SignInReason, SignInRefused

pytestmark = pytest.mark.clause("threats.md T83")

ALLOWED = [
    "/",
    "/console",
    "/console/",
    "/console/changes/17",
    "/console/changes?state=draft&page=2",
    "/console?",
    "/graphiql",
    "/a_b-c.d/1.2",
    "/sign-in-help",
    "/console?return_to=evil.example",
]
HOSTILE = [
    "",
    " ",
    "//evil.example",
    "///evil.example",
    "////evil.example/",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/ /evil.example",
    " //evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    "\n//evil.example",
    "/\x00/evil.example",
    "/\x01//evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "http:evil.example",
    "http:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "hTtP://evil.example/console",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "/javascript:alert(1)",
    "data:text/html,x",
    "data:,//evil.example",
    "vbscript:x",
    "file:///etc/passwd",
    "mailto:a@evil.example",
    "ftp://evil.example",
    "evil.example",
    "evil.example/console",
    "www.evil.example",
    "@evil.example",
    "/@evil.example",
    "/console@evil.example",
    "//portal.test@evil.example",
    "https://portal.test@evil.example",
    "https://portal.test.evil.example",
    "//evil.example/https://portal.test",
    "/.evil.example",
    "/..",
    "/../",
    "/../evil",
    "/console/../..//evil.example",
    "/./",
    "/.//evil.example",
    "/console//evil.example",
    "/console/..//evil.example",
    "/%2f%2fevil.example",
    "/%2F/evil.example",
    "%2f%2fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:evil.example",
    "/%00",
    "/%2e%2e/evil",
    "/\r\nLocation: https://evil.example",
    "/console\r\nSet-Cookie: a=b",
    "/console#evil",
    "/#//evil.example",
    "/console?x=//evil.example",
    "/console?x=https://evil.example",
    "/console?x=%0d%0a",
    "/console?x=<script>",
    '/console"onload="x',
    "/console'",
    "/<script>",
    "/console;//evil.example",
    "/;@evil.example",
    "/\u2215evil.example",
    "/\uff0fevil.example",
    "\uff0f\uff0fevil.example",
    "/\u3002evil",
    "/\u200b/evil.example",
    "/\ud800",
    "/控制台",
    "?return_to=/console",
    "#console",
    "console",
    "./console",
    "../console",
    "/console/.hidden",
    "/sign-in",
    "/sign-in/callback",
    "/sign-in?return_to=x",
    "/sign-out",
    "/" + "a" * 512,
    "*",
    "/console*",
    "/~root",
    "/console|x",
    "/con sole",
    "/console?a b",
]


@pytest.mark.parametrize("path", ALLOWED)
def test_path_of_the_portal_is_taken(path: str) -> None:
    assert parse_return_path(path) == path
    assert urlsplit(urljoin("https://portal.test/sign-in/callback", path)).netloc == "portal.test"


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_anything_else_is_refused(path: str) -> None:
    with pytest.raises(SignInRefused) as refused:
        parse_return_path(path)
    assert refused.value.reason is SignInReason.RETURN_PATH
    assert "evil" not in refused.value.text.en


def test_nothing_asked_for_leads_to_the_session() -> None:
    assert parse_return_path(None) == DEFAULT_PATH


def test_forms_are_as_many_as_the_threat_asks_for() -> None:
    assert len(set(HOSTILE)) >= 80
