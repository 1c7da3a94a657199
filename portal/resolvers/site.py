"""The pages that people use: one shell for every page's address, and the built files that it names.

The shell carries a nonce of its own, so scripts and style sheets count that the portal put there and no others (T44).
What a page shows it asks `/graphql` for, like any other client: nothing in a page is decided by the page.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from secrets import token_urlsafe

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portal.errors import Language, Text
from portal.open_data.fragments import Fragment
from portal.resolvers.hosts import check_host
from portal.resolvers.negotiation import parse_preferences, wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.over_http import NotAnOperation
from portal.resolvers.pages import paragraph, render_page

PUBLIC_PATHS = ("/", "/catalog", "/catalog/{base}/{number}")
"""The addresses of pages that are readable without scripts."""
TICKET_PATHS = ("/report/{base}/{number}", "/request", "/ticket", "/ticket/{ticket}")
"""The addresses of pages by which the public opens tickets and looks at them."""
PAGE_PATHS = (*PUBLIC_PATHS, *TICKET_PATHS, "/verify", "/explorer", "/console", "/console/{page:path}")
"""The addresses of pages; each answers with the shell."""
ASSET_PATH = "/assets/{name}"
ICON_PATH = "/favicon.svg"
_NONCE_IN_BUILD = "portal-nonce"
_FACTS_IN_BUILD = re.compile(r'(<script type="application/json" id="portal-facts"[^>]*>)[^<]*(</script>)')
_TITLE_IN_BUILD = re.compile(r"(<title>)[^<]*(</title>)")
_HEAD_IN_BUILD, _BODY_IN_BUILD = "<!--portal:head-->", "<!--portal:body-->"
_TAGS = {Language.ENGLISH: "en", Language.CHINESE: "zh-CN"}
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff2": "font/woff2",
}
_PACKED = {"br": ".br", "gzip": ".gz"}
_NOT_HERE = Text(en="No page is here", zh="此处没有页面")
_NOT_BUILT_TITLE = Text(en="The pages aren't built", zh="页面尚未构建")
_NOT_BUILT = Text(
    en="this checkout has no built pages; run `make web-build`, or install the portal's package",
    zh="此源码目录中没有构建好的页面；请运行 `make web-build`，或安装门户的软件包",
)
_COMMON_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def content_policy(nonce: str) -> str:
    """Return the content policy of a page: what it names by nonce, what that loads, and nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}' 'strict-dynamic'",
            f"style-src 'self' 'nonce-{nonce}'",
            "connect-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server tells a page: the language, and in a demonstration the accounts to enter as."""

    language: Language
    demonstration: bool = False
    accounts: tuple[Mapping[str, object], ...] = ()

    def render(self) -> str:
        """Return the facts as JSON that can stand within a script element."""
        members = {
            "language": self.language.value,
            "demonstration": self.demonstration,
            "accounts": list(self.accounts),
        }
        text = orjson.dumps(members).decode()
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@dataclass(frozen=True, slots=True)
class Told:
    """What a page is told, and what stands in it for who reads it without scripts; None where there is nothing.

    `status` is the answer's.
    """

    facts: Facts
    fragment: Fragment | None = None
    status: int = 200


@dataclass(frozen=True)
class Site:
    """The built pages of a folder; files are read when they are first asked for."""

    folder: Path
    allowed_hosts: tuple[str, ...]
    _kept: dict[str, bytes] = field(default_factory=dict)

    async def answer_page(self, request: Request, tell: Callable[[Language], Awaitable[Told]]) -> Response:
        """Answer an address of a page with the shell."""
        language = page_language(request.headers.getlist("accept-language"))
        try:
            check_host(request.headers.getlist("host"), self.allowed_hosts)
        except NotAnOperation as failure:
            observation_of(request).code = failure.code
            return render_page(_NOT_HERE, paragraph(failure.text, language), language, failure.status)
        shell = await self._read("index.html")
        if shell is None:
            return render_page(_NOT_BUILT_TITLE, paragraph(_NOT_BUILT, language), language, 503)
        nonce = token_urlsafe(16)
        told = await tell(language)
        page = shell.decode().replace(_NONCE_IN_BUILD, nonce)
        page = page.replace('lang="zh-CN"', f'lang="{escape(_TAGS[language])}"', 1)
        page = _FACTS_IN_BUILD.sub(_Written(told.facts.render()), page)
        page = page if told.fragment is None else _with_fragment(page, told.fragment)
        headers = {
            **_COMMON_HEADERS,
            "Cache-Control": "no-store",
            "Content-Language": language.value,
            "Content-Security-Policy": content_policy(nonce),
            "Content-Type": "text/html; charset=utf-8",
            "Vary": "Accept-Language",
        }
        return Response(page, told.status, headers=headers)

    async def answer_asset(self, request: Request) -> Response:
        """Answer with a built file; its name changes with its content, so it is kept for good."""
        return await self._answer_file(
            request, f"assets/{request.path_params['name']}", "public, max-age=31536000, immutable"
        )

    async def answer_icon(self, request: Request) -> Response:
        """Answer with the portal's sign."""
        return await self._answer_file(request, ICON_PATH[1:], "public, max-age=86400")

    async def _answer_file(self, request: Request, name: str, keeping: str) -> Response:
        media_type = _MEDIA_TYPES.get(Path(name).suffix)
        packing = _accepted_packing(request.headers.getlist("accept-encoding"))
        content = None if media_type is None else await self._read(name + _PACKED.get(packing or "", ""))
        if content is None and media_type is not None:
            packing, content = None, await self._read(name)
        if content is None or media_type is None:
            return Response(status_code=404, headers={**_COMMON_HEADERS, "Cache-Control": "no-store"})
        headers = {**_COMMON_HEADERS, "Cache-Control": keeping, "Content-Type": media_type, "Vary": "Accept-Encoding"}
        return Response(content, headers=headers if packing is None else {**headers, "Content-Encoding": packing})

    async def _read(self, name: str) -> bytes | None:
        kept = self._kept.get(name)
        if kept is None and name in self._names:
            kept = self._kept[name] = await asyncio.to_thread((self.folder / name).read_bytes)
        return kept

    @cached_property
    def _names(self) -> frozenset[str]:
        """Return the names of the built files: what is asked for is looked up here, and never made a path of."""
        return frozenset(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())


def _with_fragment(page: str, fragment: Fragment) -> str:
    """Return the page with a content that is there without scripts too; those show the same by themselves."""
    titled = _TITLE_IN_BUILD.sub(_Written(escape(fragment.title)), page)
    return titled.replace(_HEAD_IN_BUILD, fragment.head, 1).replace(
        _BODY_IN_BUILD, f'<noscript><main class="page">{fragment.body}</main></noscript>', 1
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """Puts a text between the two groups of a match, whatever stands in it."""

    text: str

    def __call__(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self.text}{found[2]}"


def page_language(accept_language: list[str]) -> Language:
    """Return the language of a page: the one that the browser wants, Chinese where it names neither."""
    names = {preference.name.partition("-")[0] for preference in parse_preferences(accept_language)}
    return wanted_language(accept_language) if names & {"en", "zh"} else Language.CHINESE


def _accepted_packing(accept_encoding: list[str]) -> str | None:
    accepted = {each.name for each in parse_preferences(accept_encoding) if each.quality > 0}
    return next((packing for packing in _PACKED if packing in accepted), None)
