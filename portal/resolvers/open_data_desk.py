"""Where open data are described, over HTTP: DCAT, sitemap, feed, and the pages' content for who has no JavaScript.

Every answer shows what the public may read at this moment, whoever asks; a token counts for turns and rates alone. Like
`catalog` at `/graphql` it reads no shared data, so nothing of it is in the audit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from portal.access.asker import Asker
from portal.catalog.search import parse_words
from portal.conditions.values import check_text
from portal.errors import BadInput, ErrorCode, Language, PortalError, Text
from portal.open_data.addresses import CATALOG_PATH, JSON_LD_PATH, TURTLE_PATH, Site
from portal.open_data.dcat import PAGE_SIZE, describe_catalog, describe_data_sets
from portal.open_data.feeds import render_feed, render_robots, render_sitemap, render_sitemap_part
from portal.open_data.fragments import LISTED, Fragment, render_data_set, render_list, render_nothing, render_start
from portal.open_data.paging import page_of
from portal.open_data.rdf import Statement, render_json_ld, render_turtle
from portal.open_data.reading import DataSet, OpenCatalog, OpenDataReader
from portal.resolvers.desk import Desk
from portal.resolvers.hosts import check_host, site_of
from portal.resolvers.negotiation import JSON_TYPE, wanted_language
from portal.resolvers.observing import observation_of
from portal.resolvers.operation import check_contact, refuse_request
from portal.resolvers.over_http import NotAnOperation, client_address, render_response
from portal.resolvers.validators import render_validated
from portal.vocabulary import PUBLIC, EntryCode

SITEMAP_PART_PATH = "/sitemap-{number}.xml"
DATA_SET_JSON_LD_PATH, DATA_SET_TURTLE_PATH = "/catalog/{base}/{number}.jsonld", "/catalog/{base}/{number}.ttl"
_PAGE_DIGITS = 9
_TURTLE_TYPE, _JSON_LD_TYPE = "text/turtle; charset=utf-8", "application/ld+json"
_XML_TYPE, _ATOM_TYPE = "application/xml; charset=utf-8", "application/atom+xml; charset=utf-8"
_TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Opened:
    """A request's open data: what there is, the site as the client reaches it, and what is asked by the address."""

    catalog: OpenCatalog
    site: Site
    asked: dict[str, str]

    @property
    def page_number(self) -> int:
        """The page that is asked for, counted from 1. Raises: NotAnOperation for what is no number."""
        text = self.asked.get("page", "1")
        if not (text.isascii() and text.isdigit() and len(text) <= _PAGE_DIGITS):
            raise NotAnOperation(400, Text(en="`page` is a number from 1 on", zh="`page` 应为从 1 开始的整数"))
        return int(text)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is answered with, and when what it tells of was updated; None where nothing tells."""

    content: bytes
    updated_at: datetime | None = None


_Render = Callable[[Request, Opened], Rendered | None]
"""Makes an answer, None where nothing is at the address."""


@dataclass(frozen=True, slots=True)
class OpenDataDesk:
    """What answers for open data; made once a process."""

    desk: Desk
    reader: OpenDataReader = field(default_factory=OpenDataReader)

    async def answer_json_ld(self, request: Request) -> Response:
        """Answer with a page of the catalog as JSON-LD."""
        return await self._answer(request, _catalog_as(render_json_ld, JSON_LD_PATH), _JSON_LD_TYPE)

    async def answer_turtle(self, request: Request) -> Response:
        """Answer with a page of the catalog as Turtle."""
        return await self._answer(request, _catalog_as(render_turtle, TURTLE_PATH), _TURTLE_TYPE)

    async def answer_data_set_json_ld(self, request: Request) -> Response:
        """Answer with the description of a data set as JSON-LD."""
        return await self._answer(request, _data_set_as(render_json_ld), _JSON_LD_TYPE)

    async def answer_data_set_turtle(self, request: Request) -> Response:
        """Answer with the description of a data set as Turtle."""
        return await self._answer(request, _data_set_as(render_turtle), _TURTLE_TYPE)

    async def answer_sitemap(self, request: Request) -> Response:
        """Answer with the sitemap, or the index of several."""
        return await self._answer(request, _whole(render_sitemap), _XML_TYPE)

    async def answer_sitemap_part(self, request: Request) -> Response:
        """Answer with one of several sitemaps."""
        return await self._answer(request, _sitemap_part, _XML_TYPE)

    async def answer_feed(self, request: Request) -> Response:
        """Answer with the Atom feed of what was updated last."""
        return await self._answer(request, _whole(render_feed), _ATOM_TYPE)

    async def answer_robots(self, request: Request) -> Response:
        """Answer with what crawlers are asked for."""
        return await self._answer(request, lambda _, opened: Rendered(render_robots(opened.site)), _TEXT_TYPE)

    async def page_fragment(self, request: Request, language: Language) -> Fragment:
        """Return the content of the page at the request's address: `/`, `/catalog`, or `/catalog/CODE`.

        Raises: NotAnOperation, PortalError, as a request for a description is refused.
        """
        async with self._opened(request) as opened:
            path, licence = str(request.scope["path"]), opened.site.licence
            if path == "/":
                return render_start(opened.catalog, language)
            if path == CATALOG_PATH:
                return await self._list_fragment(opened, language)
            code = EntryCode(path.removeprefix(f"{CATALOG_PATH}/"))
            data_set = opened.catalog.data_set_by_code.get(code)
            if data_set is None:
                return render_nothing(opened.catalog, language)
            return render_data_set(opened.catalog, data_set, licence, language)

    async def _list_fragment(self, opened: Opened, language: Language) -> Fragment:
        """Return a page of the list. Raises: NotAnOperation for another page, BadInput."""
        search = check_text(opened.asked.get("q", "")).strip()
        page = page_of(await self._found(opened.catalog, search), opened.page_number, LISTED)
        if page is None:
            raise _nothing_here()
        return render_list(opened.catalog, page, search, language)

    async def _found(self, catalog: OpenCatalog, search: str) -> tuple[DataSet, ...]:
        """Return the data sets that a search finds, as the catalog's own does; all of them without one."""
        words = parse_words(search)
        if not search:
            return catalog.data_sets
        endpoint = self.desk.endpoint
        shelf = await endpoint.shelves.shelf((await endpoint.road.keeper.current()).snapshot, PUBLIC)
        hits = (await shelf.index()).find(words) if words else {}
        return catalog.found({shelf.entries[place].code: weight for place, weight in hits.items()})

    async def _answer(self, request: Request, render: _Render, media_type: str) -> Response:
        language = wanted_language(request.headers.getlist("accept-language"))
        try:
            async with self._opened(request) as opened:
                rendered = await asyncio.to_thread(render, request, opened)
        except NotAnOperation as failure:
            outcome = failure.outcome(language)
        except PortalError as failure:
            outcome = refuse_request(failure, language)
        else:
            if rendered is not None:
                return render_validated(request, rendered.content, media_type, rendered.updated_at)
            outcome = _nothing_here().outcome(language)
        if outcome.status == 401:
            self._count_refused_token(request)
        observation_of(request).code = outcome.code
        headers = {"Content-Language": language.value, **self.desk.nonce_for(request)}
        return render_response(replace(outcome, malformed=True), JSON_TYPE, headers)

    def _count_refused_token(self, request: Request) -> None:
        address = client_address(request, self.desk.settings.trusted_proxies)
        self.desk.endpoint.road.recorder.count_refused_token(str(address))

    @asynccontextmanager
    async def _opened(self, request: Request) -> AsyncIterator[Opened]:
        """Hold a place for the request, and give it the open data. Raises: NotAnOperation, PortalError."""
        settings, road = self.desk.settings, self.desk.endpoint.road
        check_host(request.headers.getlist("host"), settings.allowed_hosts)
        address = client_address(request, settings.trusted_proxies)
        claims = await self.desk.authenticate(request, address)
        share = await self.desk.share_of(Asker(claims, address, observation_of(request).request_id))
        site = Site(site_of(request, settings), settings.open_data_licence)
        asked = _parse_asked(request)
        async with self.desk.gate.admit(share):
            begun = monotonic()
            point = await road.keeper.current()
            road.check_token(claims)
            now = road.now()
            view = self.desk.endpoint.view_of(PUBLIC, point, now)
            yield Opened(await self.reader.read(point, view, now), site, asked)
            await check_contact(road, begun)


def _catalog_as(render: Callable[[list[Statement]], bytes], path: str) -> _Render:
    def answer(_: Request, opened: Opened) -> Rendered | None:
        page = page_of(opened.catalog.data_sets, opened.page_number, PAGE_SIZE)
        if page is None:
            return None
        statements = [*describe_catalog(opened.catalog, page, opened.site, path)]
        return Rendered(render(statements), opened.catalog.updated_at)

    return answer


def _data_set_as(render: Callable[[list[Statement]], bytes]) -> _Render:
    def answer(request: Request, opened: Opened) -> Rendered | None:
        code = EntryCode(f"{request.path_params['base']}/{request.path_params['number']}")
        data_set = opened.catalog.data_set_by_code.get(code)
        if data_set is None:
            return None
        statements = [*describe_data_sets(opened.catalog, (data_set,), opened.site)]
        return Rendered(render(statements), data_set.updated_at)

    return answer


def _whole(render: Callable[[OpenCatalog, Site], bytes]) -> _Render:
    return lambda _, opened: Rendered(render(opened.catalog, opened.site), opened.catalog.updated_at)


def _sitemap_part(request: Request, opened: Opened) -> Rendered | None:
    number = request.path_params["number"]
    is_number = number.isascii() and number.isdigit() and len(number) <= _PAGE_DIGITS and number[0] != "0"
    part = render_sitemap_part(opened.catalog, opened.site, int(number)) if is_number else None
    return None if part is None else Rendered(part, opened.catalog.updated_at)


def _parse_asked(request: Request) -> dict[str, str]:
    """Return what the address asks for beside its path. Raises: NotAnOperation, BadInput."""
    try:
        pairs = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadInput(Text(en="the address isn't UTF-8; send UTF-8", zh="地址不是 UTF-8 编码；请使用 UTF-8")) from None
    asked = [(name, value) for name, value in pairs if name in ("page", "q")]
    if len(dict(asked)) < len(asked):
        raise BadInput(Text(en="`page` or `q` is there twice; send it once", zh="`page` 或 `q` 重复；请只发送一次"))
    return dict(asked)


def _nothing_here() -> NotAnOperation:
    text = Text(
        en="no open data set or page of them is here; `/catalog` lists what there is",
        zh="此处没有开放数据集或其列表页；请从 `/catalog` 查看目录",
    )
    return NotAnOperation(404, text, ErrorCode.NOT_VALID)
