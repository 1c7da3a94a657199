"""The pages' shell and files: nothing runs but what the portal put there, and no name leads out of the built folder."""

import json
import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import Language
from portal.open_data.fragments import Fragment
from portal.resolvers.observing import Observing
from portal.resolvers.routing import READ_METHODS, route
from portal.resolvers.site import ASSET_PATH, ICON_PATH, PAGE_PATHS, Facts, Site, Told

SHELL = """<!doctype html><html lang="zh-CN"><head><title>portal</title><!--portal:head-->
<meta property="csp-nonce" nonce="portal-nonce">
<script type="module" nonce="portal-nonce" src="/assets/index-1.js"></script></head>
<body><div id="root"><!--portal:body--></div>
<script type="application/json" id="portal-facts" nonce="portal-nonce">{}</script></body></html>"""
FRAGMENT = Fragment("a <b> \\1", '<link rel="alternate" href="/dcat.ttl">', "<h1>content \\1</h1>")
HOSTILE = "</script><script>alert(1)</script><!--\\1\\g<2>&amp;"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built folder, and a secret beside it."""
    (tmp_path / "secret.js").write_text("secret", encoding="utf-8")
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(SHELL, encoding="utf-8")
    (folder / "favicon.svg").write_text("<svg/>", encoding="utf-8")
    for name in ("index-1.js", "index-1.js.br", "index-1.js.gz", "only.css", "notes.txt"):
        (folder / "assets" / name).write_text(name, encoding="utf-8")
    return folder


async def fetch(folder: Path, path: str, *, hosts: tuple[str, ...] = (), **headers: str) -> httpx2.Response:
    site = Site(folder, hosts)

    async def tell(language: Language) -> Told:
        facts = Facts(language, demonstration=True, accounts=({"id": "a", "name": HOSTILE, "roles": []},))
        return Told(facts, FRAGMENT)

    async def page(request: Request) -> Response:
        return await site.answer_page(request, tell)

    routes = [
        *(route(each, READ_METHODS, page) for each in PAGE_PATHS),
        route(ASSET_PATH, READ_METHODS, site.answer_asset),
        route(ICON_PATH, READ_METHODS, site.answer_icon),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Observing, conclude=lambda _: None)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://portal.test") as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


PLACES = ("/", "/catalog", "/catalog/1/2", "/explorer", "/console", "/console/audit/1-1")


@pytest.mark.parametrize("path", PLACES)
async def test_every_page_is_the_shell(built: Path, path: str) -> None:
    answer = await fetch(built, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert '<div id="root">' in answer.text


@pytest.mark.clause("threats.md T44")
async def test_policy_lets_in_what_has_the_answer_s_own_nonce_and_nothing_else(built: Path) -> None:
    answers = [await fetch(built, "/") for _ in range(3)]
    nonces = set()
    for answer in answers:
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        (nonce,) = set(re.findall(r'nonce="([^"]+)"', answer.text))
        assert policy["script-src"] == f"'nonce-{nonce}' 'strict-dynamic'"
        assert policy["style-src"] == f"'self' 'nonce-{nonce}'"
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert len(nonce) >= 22
        nonces.add(nonce)
    assert len(nonces) == 3
    assert "portal-nonce" not in answers[0].text


@pytest.mark.clause("threats.md T44")
async def test_facts_end_no_script_whatever_a_name_holds(built: Path) -> None:
    page = (await fetch(built, "/")).text
    (facts,) = re.findall(r'id="portal-facts"[^>]*>([^<]*)</script>', page)
    assert json.loads(facts)["accounts"] == [{"id": "a", "name": HOSTILE, "roles": []}]
    assert page.count("<script") == SHELL.count("<script")


async def test_content_is_there_without_scripts_and_the_title_is_text(built: Path) -> None:
    page = (await fetch(built, "/catalog")).text
    assert '<noscript><main class="page"><h1>content \\1</h1></main></noscript>' in page
    assert "<title>a &lt;b&gt; \\1</title>" in page
    assert FRAGMENT.head in page.partition("</head>")[0]


@pytest.mark.parametrize(
    ("wanted", "tag", "language"),
    [
        ("en", "en", "en"),
        ("zh", "zh-CN", "zh"),
        ("fr", "zh-CN", "zh"),
        ("en;q=0.5, zh", "zh-CN", "zh"),
        ("", "zh-CN", "zh"),
    ],
)
async def test_page_is_chinese_unless_another_language_is_wanted(
    built: Path, wanted: str, tag: str, language: str
) -> None:
    answer = await fetch(built, "/", accept_language=wanted)
    assert f'<html lang="{tag}">' in answer.text
    assert f'"language":"{language}"' in answer.text
    assert answer.headers["content-language"] == language


async def test_page_of_another_host_is_refused(built: Path) -> None:
    assert (await fetch(built, "/", hosts=("portal.test",))).status_code == 200
    answer = await fetch(built, "/", hosts=("elsewhere.test",))
    assert answer.status_code == 421
    assert '<div id="root">' not in answer.text
    assert "make web-build" not in answer.text
    assert "尚未构建" not in answer.text


async def test_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    answer = await fetch(tmp_path / "nothing", "/", accept_language="en")
    assert answer.status_code == 503
    assert "make web-build" in answer.text


@pytest.mark.parametrize(
    ("accepted", "packing", "content"),
    [("br, gzip", "br", "index-1.js.br"), ("gzip", "gzip", "index-1.js.gz"), ("identity", None, "index-1.js"),
     ("br;q=0", None, "index-1.js")],
)  # fmt: skip
async def test_file_is_packed_as_the_browser_takes_it(
    built: Path, accepted: str, packing: str | None, content: str
) -> None:
    site = Site(built, ())

    async def answer(request: Request) -> Response:
        return await site.answer_asset(request)

    app = Starlette(
        routes=[route(ASSET_PATH, READ_METHODS, answer)], middleware=[Middleware(Observing, conclude=lambda _: None)]
    )
    sent: list[dict[str, object]] = []
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": "/assets/index-1.js", "raw_path": b"",
        "root_path": "", "scheme": "http", "query_string": b"", "headers": [(b"accept-encoding", accepted.encode())],
        "client": ("127.0.0.1", 1), "server": ("portal.test", 80),
    }  # fmt: skip

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert headers.get(b"content-encoding") == (None if packing is None else packing.encode())
    assert sent[1]["body"] == content.encode()
    assert headers[b"cache-control"] == b"public, max-age=31536000, immutable"


async def test_file_without_packed_form_comes_as_it_is(built: Path) -> None:
    answer = await fetch(built, "/assets/only.css", accept_encoding="br")
    assert (answer.status_code, answer.text) == (200, "only.css")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/notes.txt", "/assets/..%2f..%2fsecret.js", "/assets/index.html",
     "/assets/%2e%2e%5csecret.js", "/assets/index-1.js%00", "/assets/index-1.js.br"],
)  # fmt: skip
async def test_name_that_is_no_file_of_the_folder_finds_nothing(built: Path, path: str) -> None:
    answer = await fetch(built, path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_sign_of_the_portal_is_a_picture(built: Path) -> None:
    answer = await fetch(built, "/favicon.svg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


@pytest.mark.clause("threats.md T77")
@pytest.mark.parametrize("name", ["../../secret.js", "../favicon.svg", "/etc/hosts.js", "..", ""])
async def test_name_is_looked_up_and_never_made_a_path_of(built: Path, name: str) -> None:
    scope = {"type": "http", "method": "GET", "path": "/assets/x", "headers": [], "path_params": {"name": name}}
    assert (await Site(built, ()).answer_asset(Request(scope))).status_code == 404
