"""The addresses of open data for machines."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.open_data.addresses import ATOM_PATH, JSON_LD_PATH, ROBOTS_PATH, SITEMAP_PATH, TURTLE_PATH
from portal.resolvers.open_data_desk import (
    DATA_SET_JSON_LD_PATH,
    DATA_SET_TURTLE_PATH,
    SITEMAP_PART_PATH,
    OpenDataDesk,
)
from portal.resolvers.routing import READ_METHODS, route

_ANSWERS: Mapping[str, Callable[[OpenDataDesk, Request], Awaitable[Response]]] = {
    JSON_LD_PATH: OpenDataDesk.answer_json_ld,
    TURTLE_PATH: OpenDataDesk.answer_turtle,
    DATA_SET_JSON_LD_PATH: OpenDataDesk.answer_data_set_json_ld,
    DATA_SET_TURTLE_PATH: OpenDataDesk.answer_data_set_turtle,
    SITEMAP_PATH: OpenDataDesk.answer_sitemap,
    SITEMAP_PART_PATH: OpenDataDesk.answer_sitemap_part,
    ROBOTS_PATH: OpenDataDesk.answer_robots,
    ATOM_PATH: OpenDataDesk.answer_feed,
}


def open_data_routes(desk_of: Callable[[Request], OpenDataDesk]) -> Iterator[Route]:
    """Yield the routes; they stand before those of pages, whose patterns take names with endings too."""

    def answer_at(
        answer: Callable[[OpenDataDesk, Request], Awaitable[Response]], request: Request
    ) -> Awaitable[Response]:
        return answer(desk_of(request), request)

    for path, answer in _ANSWERS.items():
        yield route(path, READ_METHODS, partial(answer_at, answer))
