import re

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from portal.demonstration.page import FOLDER, PAGE_PATH, page_routes
from portal.resolvers.observing import Observing

# Nothing is written into the page: neither script nor style, nor an attribute that is one.
WRITTEN_IN = re.compile(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|javascript:|https?:|//", re.IGNORECASE)


async def fetch(path: str, method: str = "GET") -> httpx2.Response:
    app = Starlette(routes=page_routes(), middleware=[Middleware(Observing, conclude=lambda _: None)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://portal") as client:
        return await client.request(method, path)


async def test_page_asks_for_files_that_are_there() -> None:
    page = await fetch(PAGE_PATH)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    files = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
    assert {path: (await fetch(path)).headers["content-type"] for path in files} == {
        "/graphiql/graphiql.css": "text/css; charset=utf-8",
        "/graphiql/graphiql.js": "text/javascript; charset=utf-8",
    }


async def test_page_has_neither_script_nor_style_written_in() -> None:
    assert WRITTEN_IN.findall((await fetch(PAGE_PATH)).text) == []


@pytest.mark.parametrize("planted", ["<style>", '<p style="a">', '<p onclick="a()">', "<script>", "https://cdn"])
def test_rule_notices_what_is_planted(planted: str) -> None:
    assert WRITTEN_IN.search(planted)


async def test_page_is_read_alone() -> None:
    assert (await fetch(PAGE_PATH, "POST")).headers["allow"] == "GET, HEAD, OPTIONS"


def test_licences_name_what_is_in_the_page() -> None:
    named = re.findall(r"^(\S+) [\d.]+\S*: (.+)$", (FOLDER / "LICENCES.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"graphiql", "graphql", "react", "codemirror"} <= {name for name, _ in named}
    assert {licence for _, licence in named} == {"MIT", "0BSD", "BSD-2-Clause"}
